//! Conditional creation: what is there already is answered as it is, and a deposit that is sent again makes nothing.

use super::{Deposit, Draft, Round};
use crate::audit::{self, Line};
use crate::dmp::document::{DocumentEntry, RelationKind};
use crate::dmp::id::UniqueId;
use crate::dmp::query::DocumentKey;
use crate::dmp::submission::SubmissionSet;
use crate::error::{Code, Error, Issue};
use crate::store::conn::{Conn, DbError};
use crate::store::known::known;
use crate::store::writer::{Done, Failure};
use crate::store::{Deposited, folders};

impl Deposit {
    /// For each draft the document that its condition finds. Another one than the depositor may know of is not there.
    pub(super) async fn existing(
        &self,
        conn: &mut Conn<'_>,
    ) -> Result<Vec<Option<DocumentEntry>>, Failure> {
        let mut found = Vec::with_capacity(self.drafts.len());
        for draft in &self.drafts {
            found.push(self.met(conn, draft).await?);
        }
        Ok(found)
    }

    async fn met(
        &self,
        conn: &mut Conn<'_>,
        draft: &Draft,
    ) -> Result<Option<DocumentEntry>, Failure> {
        let mut found: Option<DocumentEntry> = None;
        for key in &draft.unless {
            let Some(entry) = self.at(conn, key).await? else {
                continue;
            };
            if found.as_ref().is_some_and(|other| other.id != entry.id) {
                return Err(Code::MultipleMatches.into());
            }
            found = Some(entry);
        }
        Ok(found)
    }

    /// The answer to a deposit whose every document is there: the submission of the first, and nothing is written but the trace.
    pub(super) async fn repeated(
        &self,
        conn: &mut Conn<'_>,
        documents: Vec<DocumentEntry>,
    ) -> Result<Done<Deposited>, Failure> {
        let first = documents.first().ok_or(DbError::Shape)?;
        let rows = conn
            .query(
                "SELECT entry FROM submission WHERE ins = $1 AND id = $2",
                &[(&self.ins).into(), (&first.submission_id).into()],
            )
            .await?;
        let set: SubmissionSet = rows.first().ok_or(DbError::Shape)?.json(0)?;
        let mut sets = [set];
        folders::fill_submissions(conn, &self.ins, &self.permit, &mut sets).await?;
        let [submission] = sets;
        let folders = self.folders_before(conn, &submission.id).await?;
        let superseded = self.superseded_before(conn, &documents).await?;
        let line = self.line_of(&submission, &documents);
        Ok(Done {
            output: Deposited {
                submission,
                existing: documents.iter().map(|entry| entry.id).collect(),
                documents,
                superseded,
                folders,
                warnings: Vec::new(),
            },
            line: Some(line),
        })
    }

    /// What the first sending of the deposit made obsolete, for its PATCH entries.
    async fn superseded_before(
        &self,
        conn: &mut Conn<'_>,
        documents: &[DocumentEntry],
    ) -> Result<Vec<DocumentEntry>, Failure> {
        let replaced = replaced_by(documents);
        let mut old = Vec::new();
        for told in &self.superseded {
            let mut found = self.at(conn, &told.target).await?;
            if found.is_none()
                && let [only] = replaced.as_slice()
            {
                // Its entryUUID is another since it was replaced.
                let key = DocumentKey::Unique(UniqueId::clone(only));
                found = self.at(conn, &key).await?;
            }
            let entry = found.ok_or_else(|| unknown(&told.told_at))?;
            if !replaced.contains(&&entry.metadata.unique_id) {
                return Err(not_replaced(&told.told_at).into());
            }
            old.push(entry);
        }
        Ok(old)
    }

    /// What this submission made obsolete, for its PATCH entries: each must be something that one of its documents replaces.
    pub(super) async fn superseded(
        &self,
        conn: &mut Conn<'_>,
        round: &Round,
    ) -> Result<Vec<DocumentEntry>, Failure> {
        let before = replaced_by(round.existing.iter().flatten());
        let mut old = Vec::new();
        for told in &self.superseded {
            let mut replaced = round.replaced.iter();
            if let Some(one) = replaced.find(|one| one.is_named(&told.target)) {
                // The replacement itself made one version more.
                if told
                    .version
                    .is_some_and(|version| version.saturating_add(1) != one.entry.version)
                {
                    return Err(Code::VersionConflict.into());
                }
                old.push(one.entry.clone());
                continue;
            }
            let entry = self.at(conn, &told.target).await?;
            let entry = entry.ok_or_else(|| unknown(&told.told_at))?;
            if !before.contains(&&entry.metadata.unique_id) {
                return Err(not_replaced(&told.told_at).into());
            }
            old.push(entry);
        }
        Ok(old)
    }

    /// A document of the record that the depositor may know of.
    pub(super) async fn at(
        &self,
        conn: &mut Conn<'_>,
        key: &DocumentKey,
    ) -> Result<Option<DocumentEntry>, DbError> {
        let (ownership, visibility) = (self.permit.ownership(), self.permit.visibility());
        let found = known(conn, &self.ins, ownership, visibility, key).await?;
        Ok(found.map(|(entry, _)| entry))
    }

    /// The line of a deposit of which something was there before.
    pub(super) fn line_of(&self, set: &SubmissionSet, documents: &[DocumentEntry]) -> Line {
        let mut trace = self.trace.clone();
        trace.entities = vec![(audit::SUBMISSION.to_owned(), set.id)];
        let documents = documents.iter();
        trace
            .entities
            .extend(documents.map(|entry| (audit::DOCUMENT.to_owned(), entry.id)));
        let folders = set.folders.iter();
        trace
            .entities
            .extend(folders.map(|id| (audit::SUBMISSION.to_owned(), *id)));
        audit::line(&trace)
    }
}

/// What these documents replace.
fn replaced_by<'d>(documents: impl IntoIterator<Item = &'d DocumentEntry>) -> Vec<&'d UniqueId> {
    let relations = documents
        .into_iter()
        .flat_map(|entry| &entry.metadata.relations);
    relations
        .filter(|relation| relation.kind == RelationKind::Replaces)
        .map(|relation| &relation.target)
        .collect()
}

fn unknown(path: &str) -> Error {
    Issue::new(Code::ReplaceTargetUnknown).at(path).into()
}

fn not_replaced(path: &str) -> Error {
    Issue::new(Code::PatchWithoutReplacement).at(path).into()
}
