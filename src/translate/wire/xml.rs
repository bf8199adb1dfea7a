//! The XML form (R4 §2.1.16): text to the tree that JSON gives, and back, both driven by the element table.

mod diff;
mod indent;
mod read;
mod write;
mod xhtml;

pub(super) use diff::read as read_diff;
pub use diff::{Operation, Where};
pub(super) use indent::indent;
pub(super) use read::{read, read_document, read_unchecked};
pub(super) use write::write;

/// The namespace of resources.
const FHIR: &str = "http://hl7.org/fhir";
/// The namespace of narratives.
const XHTML: &str = "http://www.w3.org/1999/xhtml";
