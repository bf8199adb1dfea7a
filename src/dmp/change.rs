//! What may be changed in a record after a deposit: labels, status and archiving of a document (TD3.3a to TD3.3d), and the state of
//! the record itself (LC-12 to LC-16).

use super::document::{DocumentEntry, Labels};

/// A change of one document. Each part is None when it is not asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DocumentChange {
    /// The labels that it is to carry (TD3.3a, TD3.3b).
    pub labels: Option<Labels>,
    /// Logical deletion (TD3.3c).
    pub delete: bool,
    /// Current again, when nothing replaces it any more.
    pub restore: bool,
    /// Archived or not (TD3.3d).
    pub archived: Option<bool>,
}

/// The version that a write expects to find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// Any, but one.
    Any,
    /// One of these.
    OneOf(Vec<u32>),
}

impl Expected {
    /// True when what is there, if something is, is what was expected.
    pub fn is_met_by(&self, version: Option<u32>) -> bool {
        match (self, version) {
            (_, None) => false,
            (Self::Any, Some(_)) => true,
            (Self::OneOf(versions), Some(version)) => versions.contains(&version),
        }
    }
}

/// What a decision on a change reads of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentFacts {
    /// The labels that it carries.
    pub labels: Labels,
    /// It is the caller's own (contract: "author").
    pub own: bool,
    /// The patient, or who acts for him, deposited it.
    pub from_patient: bool,
}

impl DocumentFacts {
    /// The facts of an entry.
    pub fn of(entry: &DocumentEntry, own: bool) -> Self {
        Self {
            labels: entry.metadata.labels,
            own,
            from_patient: entry.from_patient,
        }
    }
}

/// What the patient, or who acts for him, does to the state of his record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordChange {
    /// First connection (LC-06).
    Activate,
    /// Closing; `deletion` asks for everything to be deleted (LC-12, LC-14).
    Close {
        /// Everything is to be deleted.
        deletion: bool,
    },
    /// Opening again, which cancels a deletion asked for (LC-15, LC-16).
    Reopen,
    /// Address and preferences of notifications.
    Settings,
}
