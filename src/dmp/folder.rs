//! The folder: documents that somebody put together (XDS Folder, FHIR List `folder`), and what a List may be.

use uuid::Uuid;

use super::code::Code;
use super::id::UniqueId;
use super::ins::Ins;
use super::query::DocumentKey;
use super::submission::SubmissionSet;
use super::time::{Instant, Timestamp};

/// What a depositor says of a folder.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FolderMetadata {
    /// `uniqueId`.
    pub unique_id: UniqueId,
    /// `patientId`.
    pub patient: Ins,
    /// `title`.
    pub title: String,
    /// `codeList`.
    pub content_type: Option<Code>,
    /// `lastUpdateTime`.
    pub changed: Timestamp,
    /// `comments`.
    pub comments: Option<String>,
}

/// A registered folder. It never changes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Folder {
    /// Our resource id; time-ordered.
    pub id: Uuid,
    /// `entryUUID`.
    pub entry_uuid: Uuid,
    /// The submission that it came with.
    pub submission: Uuid,
    /// When it was registered.
    pub updated: Instant,
    /// Who deposited it: PS_IdNat, or Struct_IdNat of an establishment.
    pub depositor: String,
    /// Structure that the depositor's certificate carries, if any.
    pub depositor_structure: Option<String>,
    /// What the depositor said.
    pub metadata: FolderMetadata,
    /// The documents in it that the caller may know of, in the order of the folder.
    pub documents: Vec<Uuid>,
}

/// A document that is put into a new folder.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Member {
    /// The nth document of the same submission, from 0.
    Brought(usize),
    /// One that is in the record, if the depositor may know of it.
    There(DocumentKey),
    /// The same by two names, which must lead to one document.
    NamedTwice(DocumentKey, DocumentKey),
}

/// A folder on its way in.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct NewFolder {
    /// Metadata after every check.
    pub metadata: FolderMetadata,
    /// Its documents, each with where the depositor names it, for a refusal.
    pub members: Vec<(Member, String)>,
    /// Where the depositor tells of the folder, for a refusal.
    pub told_at: String,
}

/// A submission or a folder: what a search of Lists finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    /// A submission.
    Submission(Box<SubmissionSet>),
    /// A folder.
    Folder(Box<Folder>),
}

impl Listed {
    /// Resource id.
    pub fn id(&self) -> Uuid {
        match self {
            Self::Submission(set) => set.id,
            Self::Folder(folder) => folder.id,
        }
    }

    /// When it was registered.
    pub fn updated(&self) -> Instant {
        match self {
            Self::Submission(set) => set.updated,
            Self::Folder(folder) => folder.updated,
        }
    }

    /// The submission, if it is one.
    pub fn submission(self) -> Option<SubmissionSet> {
        match self {
            Self::Submission(set) => Some(*set),
            Self::Folder(_) => None,
        }
    }

    /// The folder, if it is one.
    pub fn folder(self) -> Option<Folder> {
        match self {
            Self::Folder(folder) => Some(*folder),
            Self::Submission(_) => None,
        }
    }
}
