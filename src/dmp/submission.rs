//! The submission set: one deposit, one or several documents (XDS SubmissionSet, FHIR List `submissionset`).

use uuid::Uuid;

use super::code::Code;
use super::document::{DocumentMetadata, RelationKind};
use super::folder::NewFolder;
use super::id::UniqueId;
use super::ins::Ins;
use super::person::Author;
use super::query::DocumentKey;
use super::time::{Instant, Timestamp};

/// What a depositor says of a submission.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SubmissionMetadata {
    /// `uniqueId`.
    pub unique_id: UniqueId,
    /// `patientId`.
    pub patient: Ins,
    /// `sourceId`, OID of the depositing software.
    pub source_id: String,
    /// `contentTypeCode`.
    pub content_type: Code,
    /// `submissionTime`.
    pub submission_time: Timestamp,
    /// `author`.
    pub author: Option<Author>,
    /// `title`.
    pub title: Option<String>,
    /// `comments`.
    pub comments: Option<String>,
}

/// A registered submission.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SubmissionSet {
    /// Our resource id; time-ordered.
    pub id: Uuid,
    /// `entryUUID`.
    pub entry_uuid: Uuid,
    /// When it was registered.
    pub updated: Instant,
    /// Who deposited it: PS_IdNat, or Struct_IdNat of an establishment.
    pub depositor: String,
    /// Structure that the depositor's certificate carries, if any.
    pub depositor_structure: Option<String>,
    /// What the depositor said.
    pub metadata: SubmissionMetadata,
    /// The documents that the caller may know of, in the order of the deposit.
    pub documents: Vec<Uuid>,
    /// The folders that came with it and that the caller may know of.
    #[serde(default)]
    pub folders: Vec<Uuid>,
}

/// One document on its way in.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct NewDocument {
    /// Metadata after every check.
    pub metadata: DocumentMetadata,
    /// The bytes, as they came.
    pub content: Vec<u8>,
    /// What the depositor relates it to, as named by him; the store resolves these in its transaction and keeps them as
    /// `metadata.relations`, which is empty here. A document replaces one document: targets of `Replaces` that turn out to be
    /// several are a `metadata-mismatch` (one came from the resource, the other from the CDA header).
    pub targets: Vec<(RelationKind, DocumentKey)>,
    /// Pairs of names that were given for one target each: two names of two documents are a `metadata-mismatch`.
    #[serde(default)]
    pub aliases: Vec<(DocumentKey, DocumentKey)>,
    /// A relation that only the CDA header told (`RPLC` without `relatesTo`): applied when its target may be known, else dropped with a warning.
    pub header_replaces: Option<UniqueId>,
    /// A conditional creation: when the depositor may know of one document under one of these names, that one is the answer and
    /// nothing is made; when he may know of several, the deposit is refused.
    pub unless: Vec<DocumentKey>,
    /// Where it is declared, for a refusal; empty for what the server declares by itself.
    pub told_at: String,
}

/// A document that the depositor says is superseded by this submission.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Superseded {
    /// As he names it.
    pub target: DocumentKey,
    /// The version that he means; any when he says nothing.
    pub version: Option<u32>,
    /// Where he says so, for a refusal.
    pub told_at: String,
}

/// One deposit, atomic.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Submission {
    /// The set.
    pub metadata: SubmissionMetadata,
    /// Its documents, at least one.
    pub documents: Vec<NewDocument>,
    /// Each must be one that a document of the submission replaces.
    pub superseded: Vec<Superseded>,
    /// The folders that it makes.
    pub folders: Vec<NewFolder>,
    /// Where the set is declared, for a refusal; empty for one that the server makes.
    pub told_at: String,
}
