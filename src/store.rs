//! The two homes of the record behind one interface. Nothing is done without a [`Permit`](crate::policy::Permit), but for reading what the decision
//! itself needs ([`Store::standing`], [`Store::locate`]). An act and its trace are one transaction: no trace, no act.

mod authorisations;
mod condition;
mod conn;
mod deposit;
mod find;
mod fold;
mod interface;
mod journal;
mod log;
mod memory;
mod migrate;
mod open;
mod postgres;
mod read;
mod reader;
mod records;
mod row;
mod rows;
mod running;
mod schema;
mod sqlite;
mod statement;
mod types;
mod verification;
mod visible;
mod writer;

use std::sync::Arc;

use tokio::sync::mpsc;
use uuid::Uuid;

use crate::audit;
use crate::dmp::actor::{Actor, ActorId};
use crate::dmp::authorisation::{Authorisation, Declaration};
use crate::dmp::ins::Ins;
use crate::dmp::query::{DocumentQuery, Page};
use crate::dmp::record::{Record, RecordData, Standing};
use crate::dmp::submission::{Submission, SubmissionSet};
use crate::dmp::time::Instant;
use crate::dmp::trace::Trace;
use crate::error::{Code, Error};
use crate::policy::Permit;

use conn::DbError;
use find::Answer;
use reader::Reader;
use types::KnownSets;
use writer::{Act, Job};

pub use interface::{Content, Deposited, Locator, Render, StoredDocument, Verification};
pub use open::{OpenError, verify_journal};

/// A home for records. One per database and process; shared by reference.
pub struct Store {
    home: Home,
    queue: mpsc::Sender<Box<dyn Job>>,
    render: Arc<dyn Render>,
    known_sets: KnownSets,
}

enum Home {
    Sqlite(Box<sqlite::Home>),
    Postgres(postgres::Home),
}

/// True for the answer to a write whose permit was decided on an older state of the record (`version-conflict`): nothing was
/// done and nothing traced, the caller reads the standing, decides and writes again. An `If-Match` that fails is not stale.
pub fn is_stale(error: &Error) -> bool {
    writer::is_stale(error)
}

impl Store {
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

    /// The holder of the authorisation of this id in a record; None when there is none. Not traced: the write that it serves is.
    ///
    /// # Errors
    /// `busy`, `internal`.
    pub async fn holder(&self, ins: &Ins, id: Uuid) -> Result<Option<ActorId>, Error> {
        let mut reader = self.reader().await?;
        Ok(authorisations::holder(&mut reader.conn()?, &ins.key(), id).await?)
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
        self.entered(permit).await?;
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
        let ins = self.entered(permit).await?;
        let mut reader = self.reader().await?;
        let texts = match &self.home {
            Home::Sqlite(home) => Some(home.texts()),
            Home::Postgres(_) => None,
        };
        let mut answer =
            find::documents(&mut reader.conn()?, texts, &ins, permit, query, false).await?;
        if let Answer::Again = answer {
            reader.begin().await?;
            answer = find::documents(&mut reader.conn()?, texts, &ins, permit, query, true).await?;
            reader.end().await?;
        }
        let Answer::Page(page) = answer else {
            return Err(Code::Internal.into());
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
        let ins = self.entered(permit).await?;
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
        let ins = self.entered(permit).await?;
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
        let ins = self.entered(permit).await?;
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
        let ins = self.entered(permit).await?;
        let mut reader = self.reader().await?;
        let kept = match &self.home {
            Home::Sqlite(home) => Some(home.contents()),
            Home::Postgres(_) => None,
        };
        let found = read::content(&mut reader.conn()?, kept, &ins, permit, id).await?;
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

    /// The key of the permit's record, once all that its visibility needs in a query is there.
    async fn entered(&self, permit: &Permit) -> Result<String, Error> {
        if let Some(set) = self.known_sets.missing(permit.visibility()) {
            self.known_sets.know(self.write(set).await?);
        }
        record_of(permit)
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
