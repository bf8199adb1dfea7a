//! What a resource is held against: the profile that is asked for, or what it is by itself.

use serde_json::Value;

use super::super::datatype::urls::KNOWN_PROFILES;
use super::super::list::is_folder;
use super::super::wire::Node;
use crate::dmp::right::Category;

/// The checks that a resource gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// ITI-65.
    Bundle,
    /// A DocumentReference with its bytes inside (ITI-105).
    Simplified,
    /// A DocumentReference of a bundle.
    Comprehensive,
    /// A List that is a submission set.
    SubmissionSet,
    /// A List that is a folder.
    Folder,
    /// A right, of one category where its profile says so.
    Consent(Option<Category>),
    /// A vaccination.
    Immunization,
    /// A record.
    Patient,
}

/// Profiles by the end of their URL, PDSm's, FR Core's and ours.
const PROFILES: [(&str, &str, Shape); 13] = [
    (
        "Bundle",
        "pdsm-comprehensive-provide-document-bundle",
        Shape::Bundle,
    ),
    ("Bundle", "provide-bundle", Shape::Bundle),
    (
        "DocumentReference",
        "pdsm-comprehensive-document-reference",
        Shape::Comprehensive,
    ),
    (
        "DocumentReference",
        "document-comprehensive",
        Shape::Comprehensive,
    ),
    (
        "DocumentReference",
        "pdsm-simplified-publish",
        Shape::Simplified,
    ),
    (
        "DocumentReference",
        "document-simplified",
        Shape::Simplified,
    ),
    (
        "List",
        "pdsm-submissionset-comprehensive",
        Shape::SubmissionSet,
    ),
    ("List", "submissionset", Shape::SubmissionSet),
    ("List", "pdsm-folder-comprehensive", Shape::Folder),
    ("List", "folder", Shape::Folder),
    ("Patient", "fr-core-patient-ins", Shape::Patient),
    ("Patient", "patient-record", Shape::Patient),
    ("Consent", "consent-right", Shape::Consent(None)),
];

/// Where R4's own types are defined: what a resource is by itself is asked of it then.
const BASE: &str = "http://hl7.org/fhir/StructureDefinition/";

/// The checks of a profile; None for one that is unknown for this type.
pub(super) fn named(kind: &str, url: &str, resource: &Value) -> Option<Shape> {
    let url = url.split('|').next().unwrap_or_default();
    if url.strip_prefix(BASE) == Some(kind) {
        return shape(kind, resource);
    }
    let name = url.rsplit('/').next().unwrap_or_default();
    if !KNOWN_PROFILES.iter().any(|known| url.starts_with(known)) {
        return None;
    }
    let category = || Category::from_code(name.strip_prefix("consent-")?);
    match (
        PROFILES.iter().find(|row| (row.0, row.1) == (kind, name)),
        kind,
    ) {
        (Some((_, _, shape)), _) => Some(*shape),
        (None, "Consent") => category().map(|category| Shape::Consent(Some(category))),
        (None, _) => None,
    }
}

/// What a resource is by what is in it.
pub(super) fn shape(kind: &str, resource: &Value) -> Option<Shape> {
    let node = Node::root(resource);
    let has_data = |content: Node| {
        let attachment = content.get("attachment");
        attachment.is_some_and(|attachment| attachment.get("data").is_some())
    };
    match kind {
        "Bundle" => Some(Shape::Bundle),
        "Consent" => Some(Shape::Consent(None)),
        "Immunization" => Some(Shape::Immunization),
        "List" if is_folder(node) => Some(Shape::Folder),
        "List" => Some(Shape::SubmissionSet),
        "Patient" => Some(Shape::Patient),
        "DocumentReference" if node.items("content").any(has_data) => Some(Shape::Simplified),
        "DocumentReference" => Some(Shape::Comprehensive),
        _ => None,
    }
}
