//! The elements that PDSm's profiles require: an error in strict mode; in guide mode a warning, for the CDA header completes them.

use super::super::fhir_document;
use super::super::findings::{Findings, invalid};
use super::super::wire::Node;
use super::identifiers::check_unique;
use crate::error::{Code, Issue};

/// PDSm Comprehensive DocumentReference (ITI-65).
const COMPREHENSIVE: [&str; 18] = [
    "contained",
    "category",
    "date",
    "author",
    "custodian",
    "securityLabel",
    "content[0].attachment.contentType",
    "content[0].attachment.language",
    "content[0].attachment.size",
    "content[0].attachment.hash",
    "content[0].attachment.title",
    "content[0].attachment.creation",
    "content[0].format",
    "context",
    "context.period.start",
    "context.facilityType",
    "context.practiceSetting",
    "context.sourcePatientInfo",
];

/// PDSm Simplified Publish (ITI-105).
pub(in crate::translate) const SIMPLIFIED: [&str; 5] = [
    "date",
    "author",
    "custodian",
    "content[0].attachment.contentType",
    "content[0].attachment.title",
];

/// What a patient tells of his own document; the server knows the rest.
pub(in crate::translate) const FROM_PATIENT: [&str; 2] = [
    "content[0].attachment.contentType",
    "content[0].attachment.title",
];

/// Whom a document of a bundle may have as author.
const AUTHORS: [&str; 4] = ["Practitioner", "PractitionerRole", "Device", "Patient"];

/// What PDSm asks of a document of a bundle beyond what its reading tells.
pub(in crate::translate) fn check_comprehensive(resource: Node, found: &mut Findings) {
    require(resource, &COMPREHENSIVE, found);
    if let Some(master) = resource.get("masterIdentifier") {
        check_unique(master, found);
    }
    for author in resource
        .items("author")
        .chain(resource.get("authenticator"))
    {
        check_contained(author, found);
    }
    for author in resource.items("author") {
        let id = author
            .str("reference")
            .and_then(|target| target.strip_prefix('#'));
        let mut contained = resource.items("contained");
        let kind = contained
            .find(|contained| id.is_some() && contained.str("id") == id)
            .and_then(Node::resource_type);
        if kind.is_some_and(|kind| !AUTHORS.contains(&kind)) {
            let kinds = AUTHORS.join(" | ");
            found.tolerate(invalid(
                author.path(),
                &format!("{kinds} est attendu"),
                &format!("{kinds} is expected"),
            ));
        }
    }
}

/// PDSm contains its people; a reference that leads elsewhere is told where it is followed.
pub(in crate::translate) fn check_contained(reference: Node, found: &mut Findings) {
    if reference.get("reference").is_none() {
        found.tolerate(invalid(
            reference.path(),
            "une ressource contenue est attendue",
            "a contained resource is expected",
        ));
    }
}

/// The same of a document that is published alone, which has the elements `required`.
pub(in crate::translate) fn check_simplified(
    resource: Node,
    required: &[&str],
    found: &mut Findings,
) {
    require(resource, required, found);
    let context = resource.get("context");
    let events = context
        .into_iter()
        .flat_map(|context| context.items("event"));
    for other in events.skip(1) {
        found.tolerate(invalid(
            other.path(),
            "un seul événement est attendu",
            "one event is expected",
        ));
    }
}

/// Tells which of the required elements are missing.
fn require(resource: Node, elements: &[&str], found: &mut Findings) {
    for path in elements {
        // MHD: a FHIR document has neither size nor hash, for its bytes are the recipient's to write.
        let of_bytes = path.ends_with(".size") || path.ends_with(".hash");
        if of_bytes && is_fhir(resource) {
            continue;
        }
        if !present(resource, path) {
            found.tolerate(Issue::new(Code::ElementRequired).at(resource.path_of(path)));
        }
    }
    // The matrix decides by type. Alone in ITI-105 it may be left to the document's header.
    if resource.get("type").is_none() && elements != SIMPLIFIED {
        found.refuse(Issue::new(Code::ElementRequired).at(resource.path_of("type")));
    }
}

fn is_fhir(resource: Node) -> bool {
    let content = resource.items("content").next();
    let attachment = content.and_then(|content| content.get("attachment"));
    attachment
        .and_then(|attachment| attachment.str("contentType"))
        .is_some_and(|told| fhir_document::format(told).is_some())
}

fn present(resource: Node, path: &str) -> bool {
    let mut at = Some(resource);
    for step in path.split('.') {
        let name = step.trim_end_matches("[0]");
        at = at.and_then(|node| match name == step {
            true => node.get(name),
            false => node.items(name).next(),
        });
    }
    at.is_some()
}
