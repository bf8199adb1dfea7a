//! What a store takes and gives, whichever home it is.

use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use crate::dmp::document::DocumentEntry;
use crate::dmp::folder::Folder;
use crate::dmp::submission::SubmissionSet;
use crate::dmp::time::Instant;
use crate::dmp::vaccination::Vaccination;
use crate::error::Issue;

/// Writes the ready-to-send form of an entry, kept beside its metadata. Given by who opens the store: the store knows no FHIR.
pub trait Render: Send + Sync {
    /// The resource of a document entry, as text.
    fn document(&self, entry: &DocumentEntry) -> String;

    /// The vaccinations that a note or a history tells, for the register.
    fn vaccinations(&self, _content: &[u8]) -> Vec<Vaccination> {
        Vec::new()
    }
}

/// A document as a search or a read returns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDocument {
    /// Resource id.
    pub id: Uuid,
    /// Metadata version.
    pub version: u32,
    /// Last change.
    pub updated: Instant,
    /// From whom it is hidden.
    pub hidden: Hidden,
    /// The rendered resource ([`Render::document`]).
    pub resource: Arc<str>,
}

/// From whom on the patient's side a document is hidden: professionals who see it are told (ANN-02, MIN-03).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hidden {
    /// From the patient, until then.
    pub from_patient_until: Option<Instant>,
    /// From a minor's legal representatives.
    pub from_representatives: bool,
}

/// The bytes of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Content id (FHIR Binary).
    pub id: Uuid,
    /// The entry that it belongs to.
    pub document: Uuid,
    /// MIME type.
    pub mime_type: String,
    /// SHA-1, hex.
    pub sha1: String,
    /// When it was deposited.
    pub deposited: Instant,
    /// From whom it is hidden.
    pub hidden: Hidden,
    /// The bytes, as they came.
    pub bytes: Bytes,
}

/// What a deposit made.
#[derive(Debug, Clone)]
pub struct Deposited {
    /// The submission.
    pub submission: SubmissionSet,
    /// Its entries, in the order of the deposit; one whose condition found a document is that document.
    pub documents: Vec<DocumentEntry>,
    /// Which of them were there before. When all were, so was the submission: nothing was made.
    pub existing: Vec<Uuid>,
    /// The documents that it declares superseded, as they are now, in the order of the deposit.
    pub superseded: Vec<DocumentEntry>,
    /// Its folders, in the order of the deposit.
    pub folders: Vec<Folder>,
    /// What should be known.
    pub warnings: Vec<Issue>,
}

/// What an id without patient points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locator {
    /// A DocumentReference id.
    Document(Uuid),
    /// A List id, of a submission or a folder.
    List(Uuid),
    /// A Binary id.
    Content(Uuid),
    /// A Consent id.
    Consent(Uuid),
    /// A Patient id.
    Record(Uuid),
    /// An Immunization id.
    Vaccination(Uuid),
}

/// What `audit verify` found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification {
    /// Every chain is whole.
    Whole {
        /// Chains (one per record, one for acts without record).
        chains: u64,
        /// Lines.
        lines: u64,
    },
    /// The first broken line.
    Broken {
        /// Resource id of the record (never its INS), or `-` for the chain without record.
        record: String,
        /// Sequence number in the chain, from 1.
        sequence: u64,
        /// `changed`, `removed`, `reordered` or `added`.
        what: &'static str,
    },
}
