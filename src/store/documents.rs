//! The store's acts on documents, submissions and contents.

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

    /// Reads the bytes of a document by the id of its content (TD3.2), once `give` has decided what is made of them. What it refuses
    /// was not read: that is the inner error, of which nothing is traced here.
    ///
    /// # Errors
    /// [`Permit::not_visible`] when its document is hidden or not there; `busy`, `internal`.
    pub async fn read_content<T>(
        &self,
        permit: &Permit,
        id: Uuid,
        trace: Trace,
        give: impl FnOnce(&Content) -> Result<T, Error>,
    ) -> Result<Result<(Content, T), Error>, Error> {
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
        // The journal names the document: the content's id is random so that it tells nothing.
        let entity = match &found {
            Some(content) => (audit::DOCUMENT, content.document),
            None => (audit::CONTENT, id),
        };
        let given = match found.as_ref().map(give) {
            Some(Err(refusal)) => return Ok(Err(refusal)),
            given => given.and_then(Result::ok),
        };
        let found = found.zip(given);
        self.shown(permit, (found, gone), entity, trace)
            .await
            .map(Ok)
    }
}
