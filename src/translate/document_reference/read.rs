//! A client's DocumentReference → what it declares.

use serde_json::Value;

use super::super::Reading;
use super::super::datatype::contained::{Contained, only_extensions, single_extensions};
use super::super::datatype::urls::{IS_ARCHIVED, KNOWN_PROFILES};
use super::super::datatype::{author, coding};
use super::super::findings::{Findings, Weight, invalid};
use super::super::wire::Node;
use super::declared::DeclaredDocument;
use super::relation::Siblings;
use super::{attachment, context, identifiers, relation};
use crate::dmp::code::{Code as Coded, system};
use crate::dmp::document::{Labels, Restriction};
use crate::error::{Code, Error, Issue};
use crate::tables::terminology::List;

const ELEMENTS: [&str; 19] = [
    "id",
    "meta",
    "text",
    "contained",
    "extension",
    "masterIdentifier",
    "identifier",
    "status",
    "type",
    "category",
    "subject",
    "date",
    "author",
    "authenticator",
    "custodian",
    "relatesTo",
    "description",
    "securityLabel",
    "content",
];

/// Reads a DocumentReference. `siblings` are the other ones of the bundle.
///
/// # Errors
/// Every issue, warnings included, when one of them is an error.
pub fn read(
    resource: Node,
    siblings: &Siblings,
    reading: &Reading,
) -> Result<(DeclaredDocument, Vec<Issue>), Vec<Issue>> {
    let mut found = Findings::new(reading);
    let document = read_into(resource, siblings, &mut found, reading);
    found.finish().map(|warnings| (document, warnings))
}

/// Reads as far as it can; what is wrong goes into the findings.
pub(in crate::translate) fn read_into(
    resource: Node,
    siblings: &Siblings,
    found: &mut Findings,
    reading: &Reading,
) -> DeclaredDocument {
    let mut known = ELEMENTS.to_vec();
    known.push("context");
    found.weigh_all(Weight::Key, resource.only(&known));
    server_assigned(resource, found);
    read_extensions(resource, found);
    read_status(resource, found);

    let mut contained = Contained::of(resource);
    let mut document = DeclaredDocument::empty(resource.path());
    document.unique_id = identifiers::declared_unique_id(resource, found);
    document.patient =
        super::super::subject::read(resource, "subject", &mut contained, found, reading);
    document.type_code = read_type(resource, found, reading);
    document.class = read_class(resource, found, reading);
    document.comments = resource.str("description").map(str::to_owned);
    document.labels = read_labels(resource, found, reading);
    for reference in resource.items("author") {
        let author = author::author(reference, &mut contained, found, reading);
        document.authors.extend(author);
    }
    document.legal_authenticator = resource.get("authenticator").and_then(|reference| {
        author::authenticator(reference, &document.authors, &mut contained, found, reading)
    });
    document.custodian = resource
        .get("custodian")
        .and_then(|reference| author::organization(reference, &mut contained, found, reading));
    relation::read_all(resource, siblings, &mut document, found, reading);
    attachment::read(resource, &mut document, found, reading);
    context::read(resource, &mut document, &mut contained, found, reading);
    contained.tell_unused(found);
    document
}

/// What the server assigns itself: told as ignored where a client might have counted on it.
pub(in crate::translate) fn server_assigned(resource: Node, found: &mut Findings) {
    if let Some(meta) = resource.get("meta") {
        let assigned = ["versionId", "lastUpdated", "profile"];
        found.weigh_all(Weight::Key, meta.only(&assigned));
        for name in ["versionId", "lastUpdated"] {
            if meta.get(name).is_some() {
                found.ignored(meta.path_of(name));
            }
        }
        for profile in meta.items("profile") {
            let url = profile.as_str().unwrap_or_default();
            if !KNOWN_PROFILES.iter().any(|known| url.starts_with(known)) {
                found.ignored(profile.path());
            }
        }
    }
    if resource.get("text").is_some() {
        found.ignored(resource.path_of("text"));
    }
    if resource.resource_type() == Some("DocumentReference") && resource.get("date").is_some() {
        found.ignored(resource.path_of("date"));
    }
}

fn read_extensions(resource: Node, found: &mut Findings) {
    only_extensions(resource, &[IS_ARCHIVED], Weight::Key, found);
    single_extensions(resource, &[IS_ARCHIVED], found);
    for extension in resource.extensions(IS_ARCHIVED) {
        // A document is archived by an update, never deposited so.
        if extension.bool("valueBoolean") != Some(false) {
            found.refuse(extension.issue(Code::UnsupportedElement));
        }
    }
}

fn read_status(resource: Node, found: &mut Findings) {
    match resource.required("status") {
        Ok(status) if status.as_str() == Some("current") => {}
        Ok(status) => found.refuse(invalid(
            status.path(),
            "un document déposé est current",
            "a deposited document is current",
        )),
        Err(issue) => found.refuse(issue),
    }
}

fn read_type(resource: Node, found: &mut Findings, reading: &Reading) -> Option<Coded> {
    let node = resource.get("type")?;
    let code = coding::read_concept(node, Weight::Key, found, reading)?;
    coding::listed_label(node, &code, List::Type, found, reading);
    Some(code)
}

fn read_class(resource: Node, found: &mut Findings, reading: &Reading) -> Option<Coded> {
    let mut categories = resource.items("category");
    let first = categories.next()?;
    let class = coding::read_concept(first, Weight::Key, found, reading);
    if let Some(code) = &class {
        coding::listed_label(first, code, List::Class, found, reading);
    }
    for other in categories {
        found.refuse(other.issue(Code::UnsupportedElement));
    }
    class
}

/// The union of all labels, however they are spread over concepts and codings.
fn read_labels(resource: Node, found: &mut Findings, reading: &Reading) -> Option<Labels> {
    let mut labels = Labels::default();
    let mut declared = false;
    for concept in resource.items("securityLabel") {
        read_label(concept, &mut labels, found, reading);
        declared = true;
    }
    declared.then_some(labels)
}

fn read_label(concept: Node, labels: &mut Labels, found: &mut Findings, reading: &Reading) {
    found.weigh_all(Weight::Key, concept.only(&["coding", "text"]));
    if let Some(text) = concept.get("text") {
        found.tolerate(text.issue(Code::UnsupportedElement));
    }
    for node in concept.items("coding") {
        if let Some(code) = coding::read(node, Weight::Key, found, reading) {
            add_label(labels, node, code, found, reading);
        }
    }
}

/// The labels of these concepts, as a patch carries them, and what of them is not kept.
///
/// # Errors
/// Those of `securityLabel` in a resource.
pub(in crate::translate) fn labels_of(
    concepts: &[&Value],
    reading: &Reading,
) -> Result<(Labels, Vec<Issue>), Error> {
    let mut found = Findings::new(reading);
    let mut labels = Labels::default();
    for (rank, concept) in concepts.iter().enumerate() {
        let path = match concepts.len() {
            1 => "DocumentReference.securityLabel".to_owned(),
            _ => format!("DocumentReference.securityLabel[{rank}]"),
        };
        read_label(Node::at(concept, &path), &mut labels, &mut found, reading);
    }
    let told = found.finish().map_err(Error::many)?;
    Ok((labels, told))
}

fn add_label(
    labels: &mut Labels,
    node: Node,
    mut code: Coded,
    found: &mut Findings,
    reading: &Reading,
) {
    // PDSm's own example writes N in the system of the visibility flags.
    let misplaced =
        code.system == system::VISIBILITY && matches!(code.code.as_str(), "N" | "R" | "V");
    let issue = node
        .issue(Code::CodeInvalid)
        .with("value", coding::shown(&code, reading))
        .with(
            "list",
            reading
                .tables
                .terminology
                .list(List::Confidentiality)
                .name
                .clone(),
        );
    if misplaced {
        found.tolerate(issue.clone());
        code.system = system::CONFIDENTIALITY.to_owned();
    }
    coding::listed_label(node, &code, List::Confidentiality, found, reading);
    let before = labels.restricted;
    if !labels.add(&code) {
        found.refuse(issue);
    } else if before != Restriction::Normal && before != labels.restricted {
        found.refuse(node.issue(Code::LabelConflict));
    }
}
