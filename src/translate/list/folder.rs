//! A client's List of kind `folder` → what it declares of the folder (PDSm_FolderComprehensive).

use super::super::Reading;
use super::super::datatype::coding;
use super::super::datatype::contained::{Contained, only_extensions, single_extensions};
use super::super::datatype::reference::{check_type, names_another_type, no_document};
use super::super::datatype::urls::{DESIGNATION_TYPE, IS_ARCHIVED};
use super::super::document_reference::{declared_unique_id, server_assigned};
use super::super::findings::{Findings, Weight};
use super::super::subject;
use super::super::wire::Node;
use super::read::{beside_the_kind, fixed, missing, read_note};
use crate::dmp::code::Code as Coded;
use crate::dmp::id::UniqueId;
use crate::dmp::ins::Ins;
use crate::dmp::time::Timestamp;
use crate::error::Code;
use crate::tables::terminology::List;

/// A declared folder.
pub struct DeclaredFolder<'a> {
    /// FHIRPath of the List.
    pub path: String,
    /// `identifier`.
    pub unique_id: Option<UniqueId>,
    /// `subject`.
    pub patient: Option<Ins>,
    /// `title`.
    pub title: Option<String>,
    /// Extension `ihe-designationType`.
    pub content_type: Option<Coded>,
    /// `date`.
    pub changed: Option<Timestamp>,
    /// `note`.
    pub comments: Option<String>,
    /// `entry.item`, in order.
    pub(in crate::translate) items: Vec<Node<'a>>,
}

/// What a folder holds.
const DOCUMENT: &str = "DocumentReference";

/// `source` is not among them: a folder has none.
const ELEMENTS: [&str; 14] = [
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
    "note",
    "entry",
];

/// Reads as far as it can; what is wrong goes into the findings.
pub(in crate::translate) fn read_folder<'a>(
    resource: Node<'a>,
    found: &mut Findings,
    reading: &Reading,
) -> DeclaredFolder<'a> {
    found.weigh_all(Weight::Key, resource.only(&ELEMENTS));
    server_assigned(resource, found);
    fixed(resource, "status", "current", found);
    fixed(resource, "mode", "working", found);
    if let Some(code) = resource.get("code") {
        beside_the_kind(code, "folder", found);
    }
    let mut contained = Contained::of(resource);
    let title = resource.str("title").map(str::trim);
    let title = title.filter(|title| !title.is_empty());
    if title.is_none() {
        // Nothing else says what it is.
        found.refuse(missing(resource, "title"));
    }
    let date = resource.str("date");
    if date.is_none() {
        found.tolerate(missing(resource, "date"));
    }
    let folder = DeclaredFolder {
        path: resource.path(),
        unique_id: declared_unique_id(resource, found),
        patient: subject::read(resource, "subject", &mut contained, found, reading),
        title: title.map(str::to_owned),
        content_type: content_type(resource, found, reading),
        changed: date.and_then(|text| Timestamp::from_fhir(text).ok()),
        comments: read_note(resource, found),
        items: items(resource, found),
    };
    contained.tell_unused(found);
    folder
}

fn content_type(resource: Node, found: &mut Findings, reading: &Reading) -> Option<Coded> {
    let known = [DESIGNATION_TYPE, IS_ARCHIVED];
    only_extensions(resource, &known, Weight::Key, found);
    single_extensions(resource, &known, found);
    for extension in resource.extensions(IS_ARCHIVED) {
        if extension.bool("valueBoolean") != Some(false) {
            found.refuse(extension.issue(Code::UnsupportedElement));
        }
    }
    let designation = resource.extensions(DESIGNATION_TYPE).next();
    let Some(node) = designation.and_then(|extension| extension.get("valueCodeableConcept")) else {
        let path = format!("extension('{DESIGNATION_TYPE}')");
        found.tolerate(missing(resource, &path));
        return None;
    };
    let code = coding::read_concept(node, Weight::Detail, found, reading)?;
    let path = node.path();
    coding::bind(
        &code,
        List::ContentType,
        path,
        Weight::Detail,
        found,
        reading,
    );
    coding::listed_label(node, &code, List::ContentType, found, reading);
    Some(code)
}

fn items<'a>(resource: Node<'a>, found: &mut Findings) -> Vec<Node<'a>> {
    let mut items = Vec::new();
    for entry in resource.items("entry") {
        found.weigh_all(Weight::Key, entry.only(&["item"]));
        match entry.required("item") {
            Ok(item) => {
                let known = ["reference", "type", "identifier", "display"];
                found.weigh_all(Weight::Key, item.only(&known));
                found.labels(item, &["display"]);
                check_type(item, &[DOCUMENT], Weight::Key, found);
                let reference = item.str("reference");
                if reference.is_some_and(|reference| names_another_type(reference, DOCUMENT)) {
                    found.refuse(no_document(item.path()));
                }
                items.push(item);
            }
            Err(issue) => found.refuse(issue),
        }
    }
    if resource.items("entry").next().is_none() {
        // Who may know of a folder is told by what is in it.
        found.refuse(missing(resource, "entry"));
    }
    items
}
