//! The store's acts on documents, submissions and contents.

use std::future::ready;
use std::sync::Arc;

use uuid::Uuid;

use super::find::Answer;
use super::interface::{Content, Deposited, StoredDocument};
use super::{Home, Store, deposit, find, read};
use crate::audit;
use crate::dmp::folder::Listed;
use crate::dmp::query::{DocumentQuery, Page};
use crate::dmp::submission::Submission;
use crate::dmp::trace::Trace;
use crate::error::{Code, Error};
use crate::policy::Permit;

impl Store {
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
        let page = self.more_documents(permit, query).await?;
        self.consulted(permit, trace).await?;
        Ok(page)
    }

    /// Documents that come with the answer to a search (`_include`). Not traced: the search is.
    ///
    /// # Errors
    /// `busy`, `internal`.
    pub async fn more_documents(
        &self,
        permit: &Permit,
        query: &DocumentQuery,
    ) -> Result<Page<StoredDocument>, Error> {
        let ins = self.entered(permit).await?;
        let mut reader = self.reader().await?;
        let texts = match &self.home {
            Home::Sqlite(home) => Some(home.texts()),
            Home::Postgres(_) => None,
        };
        // A snapshot costs SQLite nothing, and PostgreSQL a round trip that a short answer does without.
        let at_once = texts.is_some();
        if at_once {
            reader.begin().await?;
        }
        let mut answer =
            find::documents(&mut reader.conn()?, texts, &ins, permit, query, at_once).await?;
        if let Answer::Again = answer {
            reader.begin().await?;
            answer = find::documents(&mut reader.conn()?, texts, &ins, permit, query, true).await?;
            reader.end().await?;
        } else if at_once {
            reader.end().await?;
        }
        let Answer::Page(page) = answer else {
            return Err(Code::Internal.into());
        };
        Ok(page)
    }

    /// Searches Lists (ITI-66): submissions that the caller deposited or of which he may know a document, and folders of which he
    /// may know a document, with the documents that he may know of.
    ///
    /// # Errors
    /// `busy`, `internal`.
    pub async fn find_lists(
        &self,
        permit: &Permit,
        query: &DocumentQuery,
        trace: Trace,
    ) -> Result<Page<Listed>, Error> {
        let page = self.more_lists(permit, query).await?;
        self.consulted(permit, trace).await?;
        Ok(page)
    }

    /// Lists that come with the answer to a search (`_revinclude`). Not traced: the search is.
    ///
    /// # Errors
    /// `busy`, `internal`.
    pub async fn more_lists(
        &self,
        permit: &Permit,
        query: &DocumentQuery,
    ) -> Result<Page<Listed>, Error> {
        let ins = self.entered(permit).await?;
        let mut reader = self.reader().await?;
        reader.begin().await?;
        let page = find::lists(&mut reader.conn()?, &ins, permit, query).await?;
        reader.end().await?;
        Ok(page)
    }

    /// Reads one entry.
    ///
    /// # Errors
    /// [`Permit::not_visible`] when it is hidden or not there, `document-deleted` when that is why; `busy`, `internal`.
    pub async fn read_document(
        &self,
        permit: &Permit,
        id: Uuid,
        trace: Trace,
    ) -> Result<StoredDocument, Error> {
        let ins = self.entered(permit).await?;
        let mut reader = self.reader().await?;
        let conn = &mut reader.conn()?;
        let found = read::document(conn, &ins, permit, id).await?;
        let gone = found.is_none() && read::is_deleted(conn, &ins, permit, id).await?;
        drop(reader);
        self.shown(permit, (found, gone), (audit::DOCUMENT, id), trace)
            .await
    }

    /// Reads, for an id that nobody has, as much as a hidden document would cost: the time of an answer must not tell what its
    /// words do not.
    ///
    /// # Errors
    /// `busy`, `internal`.
    pub async fn read_nothing(&self) -> Result<(), Error> {
        let mut reader = self.reader().await?;
        Ok(read::nothing(&mut reader.conn()?).await?)
    }

    /// Reads one submission or folder, with the documents that the caller may know of.
    ///
    /// # Errors
    /// [`Permit::not_visible`] when it is hidden or not there; `busy`, `internal`.
    pub async fn read_list(
        &self,
        permit: &Permit,
        id: Uuid,
        trace: Trace,
    ) -> Result<Listed, Error> {
        let ins = self.entered(permit).await?;
        let mut reader = self.reader().await?;
        reader.begin().await?;
        let found = read::list(&mut reader.conn()?, &ins, permit, id).await?;
        reader.end().await?;
        drop(reader);
        self.shown(permit, (found, false), (audit::SUBMISSION, id), trace)
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
        self.give_content(permit, id, trace, |content| ready(Ok(content)))
            .await
    }

    /// The same for who decides by what he finds there what he answers: `give` makes the answer or refuses it, and the trace is of
    /// what it did. What the permit does not show never comes to it.
    ///
    /// # Errors
    /// Those of [`Store::read_content`], and the refusal; a failure of `give` (status 500 and above) is not traced.
    pub async fn give_content<T, F: Future<Output = Result<T, Error>>>(
        &self,
        permit: &Permit,
        id: Uuid,
        mut trace: Trace,
        give: impl FnOnce(Content) -> F,
    ) -> Result<T, Error> {
        let ins = self.entered(permit).await?;
        let mut reader = self.reader().await?;
        let kept = match &self.home {
            Home::Sqlite(home) => Some(home.contents()),
            Home::Postgres(_) => None,
        };
        let conn = &mut reader.conn()?;
        let found = read::content(conn, kept, &ins, permit, id).await?;
        let gone = found.is_none() && read::is_deleted(conn, &ins, permit, id).await?;
        drop(reader);
        let Some(content) = found else {
            let entity = (audit::CONTENT, id);
            return self.shown(permit, (None, gone), entity, trace).await;
        };
        // The journal names the document: the content's id is random so that it tells nothing.
        let entity = (audit::DOCUMENT, content.document);
        match give(content).await {
            Ok(given) => {
                let found = (Some(given), false);
                self.shown(permit, found, entity, trace).await
            }
            Err(failure) if failure.status() >= 500 => Err(failure),
            Err(refusal) => {
                trace.entities.push((entity.0.to_owned(), entity.1));
                audit::refuse(&mut trace, &refusal);
                self.trace(trace).await?;
                Err(refusal)
            }
        }
    }
}
