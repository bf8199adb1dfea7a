//! TD3.3a to TD3.3d: labels, deletion, archiving of one document, with a new entryUUID and version (MSK-08).

use std::sync::Arc;

use uuid::Uuid;

use super::conn::{Conn, DbError};
use super::known::known_or_deleted;
use super::outbox::{self, News};
use super::records::current;
use super::rows::Written;
use super::schema::{Attribute, stamp, status};
use super::writer::{Act, Done, Failure};
use super::{Render, Store, record_of, state};
use crate::audit;
use crate::dmp::change::{DocumentChange, DocumentFacts};
use crate::dmp::document::{Availability, DocumentEntry, Labels, RelationKind};
use crate::dmp::ins::Ins;
use crate::dmp::notice::NoticeKind;
use crate::dmp::query::DocumentKey;
use crate::dmp::record::Record;
use crate::dmp::trace::Trace;
use crate::error::{Code, Error};
use crate::policy::Permit;

impl Store {
    /// The record of the document that has this unique id; None for an unknown one. Not traced: the act that follows is.
    ///
    /// # Errors
    /// `busy`, `internal`.
    pub async fn locate_unique(&self, unique_id: &str) -> Result<Option<Ins>, Error> {
        let mut reader = self.reader().await?;
        let sql = "SELECT ins FROM unique_id WHERE value = $1";
        let rows = reader.conn()?.query(sql, &[unique_id.into()]).await?;
        match rows.first() {
            Some(row) => Ok(Ins::from_key(row.text(0)?).ok()),
            None => Ok(None),
        }
    }

    /// The entry that a change is about. Not traced: the change is.
    ///
    /// # Errors
    /// [`Permit::not_visible`]; `document-deleted` for who could have read it; `busy`, `internal`.
    pub async fn entry(&self, permit: &Permit, key: &DocumentKey) -> Result<DocumentEntry, Error> {
        let ins = self.entered(permit).await?;
        let mut reader = self.reader().await?;
        let (ownership, visibility) = (permit.ownership(), permit.visibility());
        let conn = &mut reader.conn()?;
        let found = known_or_deleted(conn, &ins, ownership, visibility, key).await?;
        match found {
            None => Err(permit.not_visible()),
            Some((entry, _)) if entry.availability == Availability::Deleted => {
                Err(Code::DocumentDeleted.into())
            }
            Some((entry, _)) => Ok(entry),
        }
    }

    /// Changes one document, which must still be at the version that the change was made for.
    ///
    /// # Errors
    /// [`Permit::not_visible`], `document-deleted`; what [`Permit::may_change`] refuses; `still-replaced`: refused and traced.
    /// `version-conflict` when the document or the record moved since ([`super::is_stale`]): not traced. `busy`, `internal`.
    pub async fn change_document(
        &self,
        permit: &Permit,
        id: Uuid,
        version: u32,
        change: DocumentChange,
        trace: Trace,
    ) -> Result<DocumentEntry, Error> {
        self.entered(permit).await?;
        self.write(ChangeDocument {
            ins: record_of(permit)?,
            permit: permit.clone(),
            id,
            version,
            change,
            render: Arc::clone(&self.render),
            trace,
        })
        .await
    }
}

struct ChangeDocument {
    permit: Permit,
    ins: String,
    id: Uuid,
    version: u32,
    change: DocumentChange,
    render: Arc<dyn Render>,
    trace: Trace,
}

impl Act for ChangeDocument {
    type Output = DocumentEntry;

    fn record(&self) -> Option<&str> {
        Some(&self.ins)
    }

    fn trace(&self) -> Option<&Trace> {
        Some(&self.trace)
    }

    async fn run(&self, conn: &mut Conn<'_>) -> Result<Done<DocumentEntry>, Failure> {
        let record = current(conn, &self.ins, &self.permit).await?;
        let key = DocumentKey::Id(self.id);
        let (ownership, visibility) = (self.permit.ownership(), self.permit.visibility());
        let found = known_or_deleted(conn, &self.ins, ownership, visibility, &key).await?;
        let Some((mut entry, own)) = found else {
            return Err(self.permit.not_visible().into());
        };
        if entry.availability == Availability::Deleted {
            return Err(Code::DocumentDeleted.into());
        }
        if entry.version != self.version {
            return Err(Failure::Stale);
        }
        let facts = DocumentFacts::of(&entry, own);
        let rule = self.permit.may_change(&facts, &self.change)?;
        let before = (entry.availability, entry.metadata.labels);
        self.apply(conn, &mut entry).await?;
        if before != (entry.availability, entry.metadata.labels) {
            let state = state::next(conn, &self.ins, self.trace.at).await?;
            entry.renew(Uuid::new_v4(), state.at);
            let written = Written::new(entry, self.render.as_ref())?;
            written.update(conn, &self.ins, state).await?;
            if before.1 != written.entry.metadata.labels {
                written.relabel(conn, &self.ins).await?;
            }
            entry = written.entry;
            self.tell(conn, &record, before.1, &entry).await?;
        }
        let mut trace = self.trace.clone();
        trace.rule = Some(rule.to_owned());
        trace.entities = vec![(audit::DOCUMENT.to_owned(), entry.id)];
        Ok(Done {
            output: entry,
            line: Some(audit::line(&trace)),
        })
    }
}

impl ChangeDocument {
    /// Tells the holder of a document that was hidden from the patient's side so far (ANN-03).
    async fn tell(
        &self,
        conn: &mut Conn<'_>,
        record: &Record,
        before: Labels,
        entry: &DocumentEntry,
    ) -> Result<(), DbError> {
        let of_age = self.permit.of_age();
        let minor = of_age.is_some_and(|of_age| self.trace.at < of_age);
        let shown = outbox::is_hidden(before, minor)
            && !outbox::is_hidden(entry.metadata.labels, minor)
            && outbox::is_current(entry);
        if !shown || self.trace.secret {
            return Ok(());
        }
        let kind = NoticeKind::VisibilityRestored;
        let news = News {
            actor: outbox::actor(&self.permit, &self.trace),
            ..News::of_document(kind, stamp(self.trace.at), entry.id)
        };
        outbox::tell_holder(conn, record, &news).await
    }

    async fn apply(&self, conn: &mut Conn<'_>, entry: &mut DocumentEntry) -> Result<(), Failure> {
        if let Some(labels) = self.change.labels {
            entry.metadata.labels = labels;
        }
        if self.change.restore {
            self.is_free(conn, entry).await?;
            entry.availability = Availability::Approved;
        }
        match (self.change.archived, entry.availability) {
            (Some(true), Availability::Approved) => entry.availability = Availability::Archived,
            (Some(true), Availability::Deprecated) => {
                self.is_free(conn, entry).await?;
                entry.availability = Availability::Archived;
            }
            (Some(false), Availability::Archived) => entry.availability = Availability::Approved,
            _ => {}
        }
        if self.change.delete {
            entry.availability = Availability::Deleted;
        }
        Ok(())
    }

    /// # Errors
    /// `still-replaced` when a document that is not deleted replaces this one.
    async fn is_free(&self, conn: &mut Conn<'_>, entry: &DocumentEntry) -> Result<(), Failure> {
        let sql = "SELECT d.id FROM attribute a JOIN document d ON d.ins = a.ins AND d.id = a.entry \
                   WHERE a.ins = $1 AND a.name = $2 AND a.code = $3 AND a.system = $4 AND d.availability <> $5";
        let unique_id = entry.metadata.unique_id.to_string();
        let values = [
            (&self.ins).into(),
            Attribute::RelatesTo.number().into(),
            (&unique_id).into(),
            RelationKind::Replaces.fhir().into(),
            status(Availability::Deleted).into(),
        ];
        match conn.query(sql, &values).await?.is_empty() {
            true => Ok(()),
            false => Err(Code::StillReplaced.into()),
        }
    }
}
