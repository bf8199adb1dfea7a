//! The two homes of the record behind one interface. Nothing is done without a [`Permit`](crate::policy::Permit), but for reading what the decision
//! itself needs ([`Store::standing`], [`Store::locate`]). An act and its trace are one transaction: no trace, no act.

use std::path::Path;
use std::sync::Arc;

use uuid::Uuid;

use crate::dmp::actor::Actor;
use crate::dmp::authorisation::{Authorisation, Declaration};
use crate::dmp::document::DocumentEntry;
use crate::dmp::ins::Ins;
use crate::dmp::query::{DocumentQuery, Page};
use crate::dmp::record::{Record, RecordData, Standing};
use crate::dmp::submission::{Submission, SubmissionSet};
use crate::dmp::time::Instant;
use crate::dmp::trace::Trace;
use crate::error::{Error, Issue};
use crate::policy::Permit;

/// Writes the ready-to-send form of an entry, kept beside its metadata. Given by who opens the store: the store knows no FHIR.
pub trait Render: Send + Sync {
    /// The resource of a document entry, as text.
    fn document(&self, entry: &DocumentEntry) -> String;
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
    /// The rendered resource ([`Render::document`]).
    pub resource: String,
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
    /// The bytes, as they came.
    pub bytes: Vec<u8>,
}

/// What a deposit made.
#[derive(Debug, Clone)]
pub struct Deposited {
    /// The submission.
    pub submission: SubmissionSet,
    /// Its entries, in the order of the deposit.
    pub documents: Vec<DocumentEntry>,
    /// What should be known.
    pub warnings: Vec<Issue>,
}

/// What an id without patient points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locator {
    /// A DocumentReference id.
    Document(Uuid),
    /// A List id.
    Submission(Uuid),
    /// A Binary id.
    Content(Uuid),
    /// A Consent id.
    Consent(Uuid),
    /// A Patient id.
    Record(Uuid),
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

/// A home for records.
pub struct Store {}

#[allow(missing_docs, clippy::unused_async)]
impl Store {
    pub async fn open(url: &str, render: Arc<dyn Render>) -> Result<Self, OpenError> {
        let _ = (url, render);
        Err(OpenError::Url)
    }
    pub async fn standing(&self, ins: &Ins, actor: &Actor) -> Result<Option<Standing>, Error> {
        let _ = (ins, actor);
        Ok(None)
    }
    pub async fn locate(&self, what: Locator) -> Result<Option<Ins>, Error> {
        let _ = what;
        Ok(None)
    }
    pub async fn put_record(
        &self,
        permit: &Permit,
        data: RecordData,
        if_match: Option<u32>,
        trace: Trace,
    ) -> Result<(Record, bool), Error> {
        let _ = (permit, data, if_match, trace);
        Err(crate::error::Code::Internal.into())
    }
    pub async fn deposit(
        &self,
        permit: &Permit,
        submission: Submission,
        trace: Trace,
    ) -> Result<Deposited, Error> {
        let _ = (permit, submission, trace);
        Err(crate::error::Code::Internal.into())
    }
    pub async fn find_documents(
        &self,
        permit: &Permit,
        query: &DocumentQuery,
        trace: Trace,
    ) -> Result<Page<StoredDocument>, Error> {
        let _ = (permit, query, trace);
        Err(crate::error::Code::Internal.into())
    }
    pub async fn find_submissions(
        &self,
        permit: &Permit,
        query: &DocumentQuery,
        trace: Trace,
    ) -> Result<Page<SubmissionSet>, Error> {
        let _ = (permit, query, trace);
        Err(crate::error::Code::Internal.into())
    }
    pub async fn read_document(
        &self,
        permit: &Permit,
        id: Uuid,
        trace: Trace,
    ) -> Result<StoredDocument, Error> {
        let _ = (permit, id, trace);
        Err(crate::error::Code::Internal.into())
    }
    pub async fn read_submission(
        &self,
        permit: &Permit,
        id: Uuid,
        trace: Trace,
    ) -> Result<SubmissionSet, Error> {
        let _ = (permit, id, trace);
        Err(crate::error::Code::Internal.into())
    }
    pub async fn read_content(
        &self,
        permit: &Permit,
        id: Uuid,
        trace: Trace,
    ) -> Result<Content, Error> {
        let _ = (permit, id, trace);
        Err(crate::error::Code::Internal.into())
    }
    pub async fn declare(
        &self,
        permit: &Permit,
        declaration: Declaration,
        end: Instant,
        if_match: Option<u32>,
        trace: Trace,
    ) -> Result<(Authorisation, bool), Error> {
        let _ = (permit, declaration, end, if_match, trace);
        Err(crate::error::Code::Internal.into())
    }
    pub async fn find_authorisations(
        &self,
        permit: &Permit,
        trace: Trace,
    ) -> Result<Vec<Authorisation>, Error> {
        let _ = (permit, trace);
        Err(crate::error::Code::Internal.into())
    }
    pub async fn read_authorisation(
        &self,
        permit: &Permit,
        id: Uuid,
        trace: Trace,
    ) -> Result<Authorisation, Error> {
        let _ = (permit, id, trace);
        Err(crate::error::Code::Internal.into())
    }
    pub async fn trace(&self, trace: Trace) -> Result<(), Error> {
        let _ = trace;
        Ok(())
    }
    pub async fn verify_journal(&self) -> Result<Verification, Error> {
        Err(crate::error::Code::Internal.into())
    }
    pub async fn ready(&self) -> bool {
        false
    }
    pub async fn close(self) {}
}

/// Why a store did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is neither `sqlite:` nor `postgres:`.
    #[error("database.url is neither sqlite:FILE nor postgres://…")]
    Url,
    /// The database answered with an error; the text never holds the password.
    #[error("{0}")]
    Database(String),
}

/// Unused until the embedded store comes.
#[allow(dead_code)]
fn _path(_: &Path) {}
