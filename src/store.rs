//! The two homes of the record behind one interface. Nothing is done without a [`Permit`](crate::policy::Permit), but for reading what the decision
//! itself needs ([`Store::standing`], [`Store::locate`]). An act and its trace are one transaction: no trace, no act.

mod authorisations;
mod condition;
mod conn;
mod deposit;
mod find;
mod fold;
mod journal;
mod migrate;
mod postgres;
mod read;
mod reader;
mod records;
mod row;
mod rows;
mod schema;
mod sqlite;
mod statement;
mod verification;
mod visible;
mod writer;

use std::path::Path;
use std::sync::Arc;

use tokio::sync::mpsc;
use uuid::Uuid;

use crate::audit;
use crate::dmp::actor::Actor;
use crate::dmp::authorisation::{Authorisation, Declaration};
use crate::dmp::document::DocumentEntry;
use crate::dmp::ins::Ins;
use crate::dmp::query::{DocumentQuery, Page};
use crate::dmp::record::{Record, RecordData, Standing};
use crate::dmp::submission::{Submission, SubmissionSet};
use crate::dmp::time::Instant;
use crate::dmp::trace::Trace;
use crate::error::{Code, Error, Issue};
use crate::policy::Permit;

use conn::DbError;
use find::Answer;
use reader::Reader;
use writer::{Act, Job};

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

/// A home for records. One per database and process; shared by reference.
pub struct Store {
    home: Home,
    queue: mpsc::Sender<Box<dyn Job>>,
    render: Arc<dyn Render>,
}

enum Home {
    Sqlite(sqlite::Home),
    Postgres(postgres::Home),
}

/// Where a home is.
enum Address<'u> {
    Sqlite(&'u Path),
    Postgres(&'u str),
}

fn address(url: &str) -> Result<Address<'_>, OpenError> {
    match url.split_once(':') {
        Some(("sqlite", file)) => {
            let file = file.strip_prefix("//").unwrap_or(file);
            if file.is_empty() {
                return Err(OpenError::Url);
            }
            Ok(Address::Sqlite(Path::new(file)))
        }
        Some(("postgres" | "postgresql", _)) => Ok(Address::Postgres(url)),
        _ => Err(OpenError::Url),
    }
}

/// True for the answer to a write whose permit was decided on an older state of the record (`version-conflict`): nothing was
/// done and nothing traced, the caller reads the standing, decides and writes again. An `If-Match` that fails is not stale.
pub fn is_stale(error: &Error) -> bool {
    writer::is_stale(error)
}

/// Walks the journal of a database that need not be served, changing nothing (see [`Store::verify_journal`]).
///
/// # Errors
/// The database can't be opened or read.
pub async fn verify_journal(url: &str) -> Result<Verification, OpenError> {
    match address(url)? {
        Address::Sqlite(path) => {
            let mut db = sqlite::read_only(path)?;
            let mut conn = conn::Conn::Sqlite(&mut db);
            conn.begin_read().await?;
            Ok(verification::run(&mut conn).await?)
        }
        Address::Postgres(url) => {
            let mut db = postgres::connect_to(url).await?;
            let mut conn = conn::Conn::Postgres(&mut db);
            conn.begin_read().await?;
            Ok(verification::run(&mut conn).await?)
        }
    }
}

impl Store {
    /// Says whether a database can be reached, and changes nothing: an SQLite file need not be there yet, its folder must.
    ///
    /// # Errors
    /// The URL or the database.
    pub async fn check(url: &str) -> Result<(), OpenError> {
        match address(url)? {
            Address::Sqlite(path) if path.exists() => Ok(sqlite::read_only(path).map(drop)?),
            Address::Sqlite(path) => {
                let folder = path
                    .parent()
                    .filter(|folder| !folder.as_os_str().is_empty());
                if folder.is_none_or(Path::is_dir) {
                    Ok(())
                } else {
                    Err(OpenError::Database("its folder does not exist".to_owned()))
                }
            }
            Address::Postgres(url) => Ok(postgres::connect_to(url).await.map(drop)?),
        }
    }

    /// Acts that wait for the writer.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Opens a home: `sqlite:FILE` (made, mode 0600, when it is not there) or `postgres://…`. Brings its schema up to date.
    ///
    /// # Errors
    /// The URL, the database, or a schema that is newer than this program.
    pub async fn open(url: &str, render: Arc<dyn Render>) -> Result<Self, OpenError> {
        let (home, queue) = match address(url)? {
            Address::Sqlite(path) => {
                let (home, queue) = sqlite::Home::open(path)?;
                (Home::Sqlite(home), queue)
            }
            Address::Postgres(url) => {
                let (home, queue) = postgres::Home::open(url).await?;
                (Home::Postgres(home), queue)
            }
        };
        Ok(Self {
            home,
            queue,
            render,
        })
    }

    /// Where a caller stands in a record; None without record. Not traced: the decision that it serves is.
    ///
    /// # Errors
    /// `busy`, `internal`.
    pub async fn standing(&self, ins: &Ins, actor: &Actor) -> Result<Option<Standing>, Error> {
        let mut reader = self.reader().await?;
        Ok(records::standing(&mut reader.conn()?, ins, actor).await?)
    }

    /// Where a caller stands in the record that an id belongs to, in one read; None for an unknown id. Not traced: the decision
    /// that it serves is.
    ///
    /// # Errors
    /// `busy`, `internal`.
    pub async fn standing_by_id(
        &self,
        what: Locator,
        actor: &Actor,
    ) -> Result<Option<Standing>, Error> {
        let mut reader = self.reader().await?;
        Ok(records::standing_by_id(&mut reader.conn()?, what, actor).await?)
    }

    /// The record that an id belongs to; None for an unknown id. Not traced: the act that follows is.
    ///
    /// # Errors
    /// `busy`, `internal`.
    pub async fn locate(&self, what: Locator) -> Result<Option<Ins>, Error> {
        let mut reader = self.reader().await?;
        Ok(records::locate(&mut reader.conn()?, what).await?)
    }

    /// Opens a record or changes it; true when it is new.
    ///
    /// # Errors
    /// `version-conflict` when `if_match` is not its version; `busy`, `internal`.
    pub async fn put_record(
        &self,
        permit: &Permit,
        data: RecordData,
        if_match: Option<u32>,
        trace: Trace,
    ) -> Result<(Record, bool), Error> {
        // Only an operator's permit is made without record.
        if permit.record_version().is_some() {
            return Err(Code::Internal.into());
        }
        self.write(records::PutRecord {
            ins: data.ins.key(),
            data,
            if_match,
            trace,
        })
        .await
    }

    /// Registers a submission with its documents, all or nothing (TD2).
    ///
    /// # Errors
    /// `duplicate-document`, `replace-target-unknown`, `not-author`, `already-replaced`: refused and traced.
    /// `version-conflict` when the record moved since the decision ([`is_stale`]): not traced. `busy`, `internal`.
    pub async fn deposit(
        &self,
        permit: &Permit,
        submission: Submission,
        trace: Trace,
    ) -> Result<Deposited, Error> {
        let render = Arc::clone(&self.render);
        self.write(deposit::Deposit::new(permit, submission, trace, render)?)
            .await
    }

    /// Searches documents (TD3.1). The total counts what the permit shows, in the same snapshot as the page.
    ///
    /// # Errors
    /// `busy`, `internal`.
    pub async fn find_documents(
        &self,
        permit: &Permit,
        query: &DocumentQuery,
        trace: Trace,
    ) -> Result<Page<StoredDocument>, Error> {
        let ins = record_of(permit)?;
        let mut reader = self.reader().await?;
        let first = find::documents(&mut reader.conn()?, &ins, permit, query, false).await?;
        let page = match first {
            Answer::Whole(page) => page,
            Answer::Counted => {
                reader.begin().await?;
                let again = find::documents(&mut reader.conn()?, &ins, permit, query, true).await?;
                reader.end().await?;
                match again {
                    Answer::Whole(page) => page,
                    Answer::Counted => return Err(Code::Internal.into()),
                }
            }
        };
        drop(reader);
        self.trace(trace).await?;
        Ok(page)
    }

    /// Searches submissions (ITI-66): those that the caller deposited or of which he may know a document, with the documents
    /// that he may know of.
    ///
    /// # Errors
    /// `busy`, `internal`.
    pub async fn find_submissions(
        &self,
        permit: &Permit,
        query: &DocumentQuery,
        trace: Trace,
    ) -> Result<Page<SubmissionSet>, Error> {
        let ins = record_of(permit)?;
        let mut reader = self.reader().await?;
        reader.begin().await?;
        let page = find::submissions(&mut reader.conn()?, &ins, permit, query).await?;
        reader.end().await?;
        drop(reader);
        self.trace(trace).await?;
        Ok(page)
    }

    /// Reads one entry.
    ///
    /// # Errors
    /// [`Permit::not_visible`] when it is hidden or not there; `busy`, `internal`.
    pub async fn read_document(
        &self,
        permit: &Permit,
        id: Uuid,
        trace: Trace,
    ) -> Result<StoredDocument, Error> {
        let ins = record_of(permit)?;
        let mut reader = self.reader().await?;
        let found = read::document(&mut reader.conn()?, &ins, permit, id).await?;
        drop(reader);
        self.shown(permit, found, (audit::DOCUMENT, id), trace)
            .await
    }

    /// Reads one submission, with the documents that the caller may know of.
    ///
    /// # Errors
    /// [`Permit::not_visible`] when it is hidden or not there; `busy`, `internal`.
    pub async fn read_submission(
        &self,
        permit: &Permit,
        id: Uuid,
        trace: Trace,
    ) -> Result<SubmissionSet, Error> {
        let ins = record_of(permit)?;
        let mut reader = self.reader().await?;
        reader.begin().await?;
        let found = read::submission(&mut reader.conn()?, &ins, permit, id).await?;
        reader.end().await?;
        drop(reader);
        self.shown(permit, found, (audit::SUBMISSION, id), trace)
            .await
    }

    /// Reads the bytes of a document by the id of its content (TD3.2).
    ///
    /// # Errors
    /// [`Permit::not_visible`] when its document is hidden or not there; `busy`, `internal`.
    pub async fn read_content(
        &self,
        permit: &Permit,
        id: Uuid,
        trace: Trace,
    ) -> Result<Content, Error> {
        let ins = record_of(permit)?;
        let mut reader = self.reader().await?;
        let found = read::content(&mut reader.conn()?, &ins, permit, id).await?;
        drop(reader);
        // The journal names the document: the content's id is random so that it tells nothing.
        let entity = match &found {
            Some(content) => (audit::DOCUMENT, content.document),
            None => (audit::CONTENT, id),
        };
        self.shown(permit, found, entity, trace).await
    }

    /// Declares, renews or withdraws an authorisation (TD0.3); true when it is new. `end` is the caller's, within what the
    /// configuration allows.
    ///
    /// # Errors
    /// `version-conflict` when `if_match` is not its version, or the record moved since the decision ([`is_stale`]);
    /// `busy`, `internal`.
    pub async fn declare(
        &self,
        permit: &Permit,
        declaration: Declaration,
        end: Instant,
        if_match: Option<u32>,
        trace: Trace,
    ) -> Result<(Authorisation, bool), Error> {
        let ins = record_of(permit)?;
        if declaration.patient.key() != ins {
            return Err(Code::Internal.into());
        }
        self.write(authorisations::Declare {
            permit: permit.clone(),
            ins,
            declaration,
            end,
            if_match,
            trace,
        })
        .await
    }

    /// The authorisations that the caller holds (an employee's structure included) or declared, oldest first.
    ///
    /// # Errors
    /// `busy`, `internal`.
    pub async fn find_authorisations(
        &self,
        permit: &Permit,
        trace: Trace,
    ) -> Result<Vec<Authorisation>, Error> {
        let ins = record_of(permit)?;
        let mut reader = self.reader().await?;
        let found = authorisations::find(&mut reader.conn()?, &ins, permit, None).await?;
        drop(reader);
        self.trace(trace).await?;
        Ok(found)
    }

    /// Reads one of the authorisations that [`Store::find_authorisations`] would find.
    ///
    /// # Errors
    /// [`Permit::not_visible`] when it is somebody else's or not there; `busy`, `internal`.
    pub async fn read_authorisation(
        &self,
        permit: &Permit,
        id: Uuid,
        trace: Trace,
    ) -> Result<Authorisation, Error> {
        let ins = record_of(permit)?;
        let mut reader = self.reader().await?;
        let found = authorisations::find(&mut reader.conn()?, &ins, permit, Some(id)).await?;
        drop(reader);
        let found = found.into_iter().next();
        self.shown(permit, found, (audit::AUTHORISATION, id), trace)
            .await
    }

    /// Appends a trace, durably: that of a refusal, or of an act that reads nothing here.
    ///
    /// # Errors
    /// `busy`, `internal`: the act must then not be answered.
    pub async fn trace(&self, trace: Trace) -> Result<(), Error> {
        self.write(journal::Append(audit::line(&trace))).await
    }

    /// Walks every chain of the journal, in one snapshot, and checks that every record and document left its line.
    ///
    /// # Errors
    /// `busy`, `internal`.
    pub async fn verify_journal(&self) -> Result<Verification, Error> {
        let mut reader = self.reader().await?;
        reader.begin().await?;
        let found = verification::run(&mut reader.conn()?).await?;
        reader.end().await?;
        Ok(found)
    }

    /// True when a read is answered and the writer lives.
    pub async fn ready(&self) -> bool {
        let writes = match &self.home {
            Home::Sqlite(home) => home.writes(),
            Home::Postgres(home) => home.writes(),
        };
        writes && !self.queue.is_closed() && self.answers().await.is_ok()
    }

    /// Finishes what waits to be written, then closes.
    pub async fn close(self) {
        drop(self.queue);
        match self.home {
            // The writer ends by itself even if nobody waits for it.
            Home::Sqlite(home) => drop(tokio::task::spawn_blocking(|| home.join()).await),
            Home::Postgres(home) => home.join().await,
        }
    }

    async fn answers(&self) -> Result<(), Error> {
        let mut reader = self.reader().await?;
        reader.conn()?.query("SELECT 1", &[]).await?;
        Ok(())
    }

    async fn reader(&self) -> Result<Reader<'_>, DbError> {
        match &self.home {
            Home::Sqlite(home) => home.reader().map(Reader::Sqlite),
            Home::Postgres(home) => home.reader().await.map(Reader::Postgres),
        }
    }

    /// Hands an act to the writer and waits until it is committed.
    async fn write<A: Act>(&self, act: A) -> Result<A::Output, Error> {
        let (job, answer) = writer::job(act);
        self.queue.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Code::Busy,
            mpsc::error::TrySendError::Closed(_) => Code::Internal,
        })?;
        answer.await.map_err(|_| Code::Internal)?
    }

    /// Traces a read of one thing, found or not, then answers.
    async fn shown<T>(
        &self,
        permit: &Permit,
        found: Option<T>,
        (kind, id): (&str, Uuid),
        mut trace: Trace,
    ) -> Result<T, Error> {
        trace.entities.push((kind.to_owned(), id));
        match found {
            Some(found) => {
                self.trace(trace).await?;
                Ok(found)
            }
            None => {
                let refusal = permit.not_visible();
                audit::refuse(&mut trace, &refusal);
                self.trace(trace).await?;
                Err(refusal)
            }
        }
    }
}

/// The key of the permit's record.
fn record_of(permit: &Permit) -> Result<String, Error> {
    Ok(permit.patient().ok_or(Code::Internal)?.key())
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

impl From<DbError> for OpenError {
    fn from(error: DbError) -> Self {
        Self::Database(error.to_string())
    }
}
