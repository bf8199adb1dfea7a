//! The two homes of the record behind one interface. Nothing is done without a [`Permit`](crate::policy::Permit), but for reading what the decision
//! itself needs ([`Store::standing`], [`Store::locate`]), and what falls due by itself (`due.rs`, `purge.rs`). An act and its trace are one transaction: no trace, no act.

mod change;
mod condition;
mod conn;
mod consents;
mod consultation;
mod delivery;
mod deposit;
mod documents;
mod due;
mod explained;
mod find;
mod fold;
mod folders;
mod interface;
mod journal;
mod known;
mod log;
mod masking;
mod memory;
mod migrate;
mod open;
mod order;
mod outbox;
mod postgres;
mod purge;
mod put_record;
mod read;
mod reader;
mod records;
mod rights;
mod row;
mod rows;
mod running;
mod schema;
mod sqlite;
mod state;
mod statement;
mod traces;
mod types;
mod vaccinations;
mod verification;
mod versions;
mod visible;
mod writer;

use std::sync::Arc;

use tokio::sync::mpsc;
use uuid::Uuid;

use crate::audit;
use crate::dmp::actor::Actor;
use crate::dmp::change::Expected;
use crate::dmp::ins::Ins;
use crate::dmp::record::{Record, RecordData, Standing};
use crate::dmp::trace::Trace;
use crate::error::{Code, Error};
use crate::policy::Permit;

use conn::DbError;
use reader::Reader;
use types::KnownSets;
use writer::{Act, Job};

pub use delivery::{Claimed, Delivery};
pub use interface::{Content, Deposited, Hidden, Locator, Render, StoredDocument, Verification};
pub use open::{OpenError, verify_journal};
pub use traces::KeptTrace;
pub use vaccinations::{Declaration as VaccinationDeclaration, vaccination_id};

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

    /// Opens a record or changes the one that any of its numbers leads to; true when it is new. A trace that names the number that
    /// the record was opened under spares a wait.
    ///
    /// # Errors
    /// `version-conflict` when `if_match` does not expect its version; `ins-taken` when its numbers lead to two records; stale when a number
    /// that leads to the record is not among them; `busy`, `internal`.
    pub async fn put_record(
        &self,
        permit: &Permit,
        data: RecordData,
        if_match: Option<Expected>,
        trace: Trace,
    ) -> Result<(Record, bool), Error> {
        // Only an operator's permit is made without record.
        if permit.record_version().is_some() {
            return Err(Code::Internal.into());
        }
        self.write(put_record::PutRecord {
            ins: trace.patient.as_ref().unwrap_or(&data.ins).key(),
            data,
            if_match,
            expected: None,
            trace,
        })
        .await
    }

    /// Changes the state or the settings of the record that the permit is for.
    ///
    /// # Errors
    /// `version-conflict` when `if_match` does not expect its version; stale when it moved since the decision; `busy`, `internal`.
    pub async fn change_record(
        &self,
        permit: &Permit,
        data: RecordData,
        if_match: Option<Expected>,
        trace: Trace,
    ) -> Result<Record, Error> {
        let his = permit.patient() == Some(&data.ins) && permit.actor_kind().is_patient_side();
        if !his || permit.record_version().is_none() {
            return Err(Code::Internal.into());
        }
        let change = put_record::PutRecord {
            ins: record_of(permit)?,
            data,
            if_match,
            expected: permit.record_version(),
            trace,
        };
        let (record, _) = self.write(change).await?;
        Ok(record)
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

    /// Traces a read that went through, with what the patient has to be told of it.
    async fn consulted(&self, permit: &Permit, trace: Trace) -> Result<(), Error> {
        match permit.notice() {
            None => self.trace(trace).await,
            Some(notice) => {
                let told = consultation::Consultation::new(permit, notice, &trace)?;
                self.write(told).await
            }
        }
    }

    /// Traces a read of one thing, found, deleted or not there, then answers.
    async fn shown<T>(
        &self,
        permit: &Permit,
        (found, gone): (Option<T>, bool),
        (kind, id): (&str, Uuid),
        mut trace: Trace,
    ) -> Result<T, Error> {
        trace.entities.push((kind.to_owned(), id));
        match found {
            Some(found) => {
                self.consulted(permit, trace).await?;
                Ok(found)
            }
            None => {
                let refusal = if gone {
                    Code::DocumentDeleted.into()
                } else {
                    permit.not_visible()
                };
                audit::refuse(&mut trace, &refusal);
                self.trace(trace).await?;
                Err(refusal)
            }
        }
    }
}

/// The key of the permit's record.
fn record_of(permit: &Permit) -> Result<String, Error> {
    Ok(permit.opened_as().ok_or(Code::Internal)?.key())
}
