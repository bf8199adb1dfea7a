//! A client's List → what it declares of the submission.

use super::super::Reading;
use super::super::datatype::contained::{Contained, only_extensions, single_extensions};
use super::super::datatype::reference::{check_type, expect_kind};
use super::super::datatype::urls::{
    AUTHOR_ORG, DESIGNATION_TYPE, INTENDED_RECIPIENT, IS_ARCHIVED, LIST_TYPES,
    PDSM_INTENDED_RECIPIENT, SOURCE_ID, SOURCE_PATIENT_ID,
};
use super::super::datatype::{author, coding, identifier};
use super::super::document_reference::{
    check_contained, check_set_identifiers, declared_unique_id, server_assigned,
};
use super::super::findings::{Findings, Weight, invalid};
use super::super::wire::Node;
use crate::dmp::code::Code as Coded;
use crate::dmp::id::UniqueId;
use crate::dmp::ins::Ins;
use crate::dmp::person::Author;
use crate::dmp::time::Timestamp;
use crate::error::{Code, Issue};
use crate::tables::terminology::List;

/// A declared submission. What is absent is completed at the deposit.
#[derive(Clone, Default)]
pub struct DeclaredSet {
    /// FHIRPath of the List; empty when the server makes the set.
    pub path: String,
    /// `identifier`.
    pub unique_id: Option<UniqueId>,
    /// `subject`.
    pub patient: Option<Ins>,
    /// Extension `ihe-sourceId`.
    pub source_id: Option<String>,
    /// Extension `ihe-designationType`.
    pub content_type: Option<Coded>,
    /// `date`.
    pub submission_time: Option<Timestamp>,
    /// `source`.
    pub author: Option<Author>,
    /// `title`.
    pub title: Option<String>,
    /// `note`.
    pub comments: Option<String>,
    /// `entry.item.reference`, in order.
    pub items: Vec<String>,
}

const ELEMENTS: [&str; 15] = [
    "id",
    "meta",
    "text",
    "contained",
    "extension",
    "identifier",
    "status",
    "mode",
    "title",
    "code",
    "subject",
    "date",
    "source",
    "note",
    "entry",
];

/// Reads as far as it can; what is wrong goes into the findings.
pub(in crate::translate) fn read_into(
    resource: Node,
    found: &mut Findings,
    reading: &Reading,
) -> DeclaredSet {
    found.weigh_all(Weight::Key, resource.only(&ELEMENTS));
    server_assigned(resource, found);
    fixed(resource, "status", "current", found);
    fixed(resource, "mode", "working", found);
    check_kind(resource, found);
    check_set_identifiers(resource, found);
    if resource.get("contained").is_none() {
        found.tolerate(missing(resource, "contained"));
    }

    let mut contained = Contained::of(resource);
    let mut set = DeclaredSet {
        path: resource.path(),
        unique_id: declared_unique_id(resource, found),
        patient: super::super::subject::read(resource, "subject", &mut contained, found, reading),
        title: resource.str("title").map(str::to_owned),
        submission_time: resource
            .str("date")
            .and_then(|text| Timestamp::from_fhir(text).ok()),
        ..DeclaredSet::default()
    };
    if set.submission_time.is_none() {
        found.tolerate(missing(resource, "date"));
    }
    read_extensions(resource, &mut set, &mut contained, found, reading);
    match resource.get("source") {
        Some(source) => {
            check_contained(source, found);
            set.author = read_source(source, &mut contained, found, reading);
        }
        None => found.tolerate(missing(resource, "source")),
    }
    set.comments = read_note(resource, found);
    read_entries(resource, &mut set, found);
    contained.tell_unused(found);
    set
}

pub(super) fn missing(resource: Node, name: &str) -> Issue {
    Issue::new(Code::ElementRequired).at(resource.path_of(name))
}

fn no_extension(resource: Node, url: &str) -> Issue {
    missing(resource, &format!("extension('{url}')"))
}

/// An element with one value only.
pub(super) fn fixed(resource: Node, name: &str, value: &str, found: &mut Findings) {
    match resource.get(name) {
        Some(node) if node.as_str() == Some(value) => {}
        Some(node) => {
            let reason = format!("{value} est attendu");
            found.refuse(invalid(
                node.path(),
                &reason,
                &format!("{value} is expected"),
            ));
        }
        None => found.refuse(missing(resource, name)),
    }
}

/// `code` says submission set; the draft guide prints its system with `http:`.
fn check_kind(resource: Node, found: &mut Findings) {
    let code = match resource.required("code") {
        Ok(code) => code,
        Err(issue) => return found.refuse(issue),
    };
    if !is_kind(code, "submissionset") {
        // A folder, or a List of another kind: nothing of the DMP.
        return found.refuse(code.issue(Code::UnsupportedElement));
    }
    beside_the_kind(code, "submissionset", found);
}

fn is_kind(code: Node, kind: &str) -> bool {
    code.items("coding").any(|coding| names_kind(coding, kind))
}

fn names_kind(coding: Node, kind: &str) -> bool {
    coding.str("system").is_some_and(is_list_type) && coding.str("code") == Some(kind)
}

/// The kind of a List is all that its `code` keeps: its labels are told as left out, and so is another coding.
pub(super) fn beside_the_kind(code: Node, kind: &str, found: &mut Findings) {
    found.weigh_all(Weight::Key, code.only(&["coding", "text"]));
    for coding in code.items("coding") {
        if !names_kind(coding, kind) {
            found.tolerate(coding.issue(Code::UnsupportedElement));
            continue;
        }
        found.weigh_all(Weight::Detail, coding.only(&["system", "code", "display"]));
        found.labels(coding, &["display"]);
    }
    found.labels(code, &["text"]);
}

/// True for a List that says it is a folder.
pub(in crate::translate) fn is_folder(resource: Node) -> bool {
    let code = resource.get("code");
    code.is_some_and(|code| is_kind(code, "folder"))
}

/// True for the code system of List kinds, whichever its scheme.
pub(in crate::translate) fn is_list_type(system: &str) -> bool {
    let bare = |url: &str| url.split_once("://").map(|(_, rest)| rest.to_owned());
    bare(system) == bare(LIST_TYPES)
}

fn read_extensions<'a>(
    resource: Node<'a>,
    set: &mut DeclaredSet,
    contained: &mut Contained<'a>,
    found: &mut Findings,
    reading: &Reading,
) {
    let once = [DESIGNATION_TYPE, SOURCE_ID, IS_ARCHIVED, SOURCE_PATIENT_ID];
    let recipients = [PDSM_INTENDED_RECIPIENT, INTENDED_RECIPIENT];
    let known: Vec<&str> = once.into_iter().chain(recipients).collect();
    only_extensions(resource, &known, Weight::Key, found);
    single_extensions(resource, &once, found);
    let value = |url: &str, name: &str| {
        let extension = resource.extensions(url).next()?;
        extension.get(name)
    };
    match value(DESIGNATION_TYPE, "valueCodeableConcept") {
        Some(node) => {
            set.content_type = coding::read_concept(node, Weight::Detail, found, reading);
            if let Some(code) = &set.content_type {
                let path = node.path();
                coding::bind(
                    code,
                    List::ContentType,
                    path,
                    Weight::Detail,
                    found,
                    reading,
                );
                coding::listed_label(node, code, List::ContentType, found, reading);
            }
        }
        None => found.tolerate(no_extension(resource, DESIGNATION_TYPE)),
    }
    match value(SOURCE_ID, "valueIdentifier") {
        Some(node) => set.source_id = read_source_id(node, found),
        None => found.tolerate(no_extension(resource, SOURCE_ID)),
    }
    for extension in resource.extensions(IS_ARCHIVED) {
        if extension.bool("valueBoolean") != Some(false) {
            found.refuse(extension.issue(Code::UnsupportedElement));
        }
    }
    for extension in recipients.iter().flat_map(|url| resource.extensions(url)) {
        read_recipient(extension, contained, found);
    }
    for extension in resource.extensions(SOURCE_PATIENT_ID) {
        // No guide defines it; the patient stands in `subject`.
        found.tolerate(extension.issue(Code::UnsupportedElement));
        let target = extension.get("valueReference");
        if let Some(reference) = target.and_then(|node| node.str("reference")) {
            contained.find(reference);
        }
    }
}

/// The DMP hands a submission on to nobody, which MHD lets a recipient tell.
fn read_recipient(extension: Node, contained: &mut Contained, found: &mut Findings) {
    found.note(extension.issue(Code::RecipientUnavailable));
    let Some(reference) = extension.get("valueReference") else {
        return found.tolerate(missing(extension, "value"));
    };
    let target = reference.str("reference").unwrap_or_default();
    let is_contained = contained.find_all(target);
    if !is_contained && extension.str("url") == Some(PDSM_INTENDED_RECIPIENT) {
        found.tolerate(invalid(
            reference.path(),
            "une ressource contenue est attendue",
            "a contained resource is expected",
        ));
    }
}

/// An OID; PDSm's own example has an OID with an extension, kept as `root^extension` in guide mode.
fn read_source_id(node: Node, found: &mut Findings) -> Option<String> {
    found.labels(node, &["use", "type"]);
    let id = identifier::read_unique(node, found)?;
    let is_oid = id.extension.is_none() && crate::dmp::id::is_oid(&id.root.to_string());
    if !is_oid {
        found.tolerate(invalid(
            node.path(),
            "un OID est attendu",
            "an OID is expected",
        ));
    }
    Some(id.to_string())
}

/// `source`, and the organisation that MHD hangs on it.
fn read_source<'a>(
    source: Node<'a>,
    contained: &mut Contained<'a>,
    found: &mut Findings,
    reading: &Reading,
) -> Option<Author> {
    only_extensions(source, &[AUTHOR_ORG], Weight::Key, found);
    single_extensions(source, &[AUTHOR_ORG], found);
    if let Some(resource) = source
        .str("reference")
        .and_then(|target| contained.find(target))
    {
        expect_kind(
            source,
            resource,
            &["PractitionerRole", "Device", "Patient"],
            found,
        );
    }
    for extension in source.extensions(AUTHOR_ORG) {
        if extension.get("valueReference").is_none() {
            found.tolerate(missing(extension, "value"));
        }
    }
    let mut author = author::source(source, contained, found, reading);
    let organization = source
        .extensions(AUTHOR_ORG)
        .find_map(|extension| extension.get("valueReference"))
        .and_then(|reference| author::organization(reference, contained, found, reading));
    if let (Some(author), Some(organization)) = (&mut author, organization) {
        match &author.institution {
            None => author.institution = Some(organization),
            Some(known) if *known != organization => found.tolerate(invalid(
                source.path(),
                "deux organisations y sont nommées",
                "it names two organisations",
            )),
            Some(_) => {}
        }
    }
    author
}

/// The one note that a List may have.
pub(super) fn read_note(resource: Node, found: &mut Findings) -> Option<String> {
    let mut notes = resource.items("note");
    let note = notes.next();
    if let Some(note) = note {
        found.weigh_all(Weight::Key, note.only(&["text"]));
    }
    for other in notes {
        found.refuse(other.issue(Code::UnsupportedElement));
    }
    note.and_then(|note| note.str("text")).map(str::to_owned)
}

fn read_entries(resource: Node, set: &mut DeclaredSet, found: &mut Findings) {
    for entry in resource.items("entry") {
        found.weigh_all(Weight::Key, entry.only(&["item"]));
        match entry.required("item") {
            Ok(item) => {
                found.weigh_all(Weight::Key, item.only(&["reference", "type"]));
                check_type(item, &["DocumentReference", "List"], Weight::Detail, found);
                match item.str("reference") {
                    Some(reference) => set.items.push(reference.to_owned()),
                    None => found.refuse(missing(item, "reference")),
                }
            }
            Err(issue) => found.refuse(issue),
        }
    }
}
