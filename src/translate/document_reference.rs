//! DocumentReference ↔ document entry (PDSm Comprehensive on the way out; Comprehensive and Simplified on the way in).

mod attachment;
mod context;
mod declared;
mod identifiers;
mod profile;
mod read;
mod relation;
mod source_patient;
mod write;

use super::Reading;
use super::bundle::DeclaredSubmission;
use super::findings::Findings;
use super::wire::Node;
use crate::dmp::query::DocumentKey;
use crate::error::{Code, Error, Issue};

pub use declared::{Attachment, DeclaredDocument};
pub use read::read;
pub use write::{content_path, write};

pub(super) use attachment::decode_base64;
pub(super) use identifiers::{check_set_identifiers, declared_unique_id, slice};
pub(super) use profile::{
    FROM_PATIENT, SIMPLIFIED, check_comprehensive, check_contained, check_simplified,
};
pub(super) use read::{labels_of, read_into, server_assigned};
pub(super) use relation::{Siblings, changed, condition, key, named, normal};
pub(super) use source_patient::another_patient;
pub(super) use write::status;

/// Reads a DocumentReference of ITI-105: the bytes are inline, the submission is the server's to make.
///
/// # Errors
/// When it names no patient, or one whose INS is refused; then everything that was found.
pub fn read_simplified(
    resource: &serde_json::Value,
    reading: &Reading,
) -> Result<DeclaredSubmission, Error> {
    super::bundle::read_simplified(resource, &SIMPLIFIED, reading)
}

/// Reads `If-None-Exist` of ITI-105: the document is made when none of these is there.
///
/// # Errors
/// `header-invalid`.
pub fn read_if_none_exist(query: &str) -> Result<Vec<DocumentKey>, Error> {
    condition(query).ok_or_else(|| {
        Issue::new(Code::HeaderInvalid)
            .with("header", "If-None-Exist")
            .into()
    })
}

/// Judges a DocumentReference by itself as one of a bundle, whose bytes stand elsewhere: every issue, none when all is well.
pub fn judge(resource: &serde_json::Value, reading: &Reading) -> Vec<Issue> {
    let resource = Node::root(resource);
    let mut found = Findings::new(reading);
    check_comprehensive(resource, &mut found);
    let document = read_into(resource, &Siblings::new(), &mut found, reading);
    let attachment = format!("{}.content[0].attachment", document.path);
    let (code, name) = match document.attachment {
        Attachment::Url(_) => return found.into_issues(),
        Attachment::Inline(_) => (Code::UnsupportedElement, "data"),
        Attachment::None => (Code::ElementRequired, "url"),
    };
    found.refuse(Issue::new(code).at(format!("{attachment}.{name}")));
    found.into_issues()
}

/// The same from a patient, or who acts for one: he tells less.
///
/// # Errors
/// As [`read_simplified`].
pub fn read_from_patient(
    resource: &serde_json::Value,
    reading: &Reading,
) -> Result<DeclaredSubmission, Error> {
    super::bundle::read_simplified(resource, &FROM_PATIENT, reading)
}
