//! TD2: a submission with its documents, all or nothing.

use std::borrow::Cow;
use std::sync::Arc;

use uuid::Uuid;

use super::conn::{Conn, DbError};
use super::rows::{Attributes, Written, insert_submission};
use super::schema::{Kind, stamp};
use super::statement::{Statement, Value};
use super::writer::{Act, Done, Failure};
use super::{Deposited, Render, records, visible};
use crate::audit::{self, Line};
use crate::dmp::actor::ActorId;
use crate::dmp::document::{Availability, DocumentEntry, Relation, RelationKind};
use crate::dmp::id::{Root, UniqueId};
use crate::dmp::query::DocumentKey;
use crate::dmp::submission::{Submission, SubmissionSet};
use crate::dmp::time::Instant;
use crate::dmp::trace::Trace;
use crate::error::{Code, Error, Issue};
use crate::policy::Permit;

/// Where a unique id of the record leads.
const BY_UNIQUE_ID: &str = "SELECT entry FROM unique_id WHERE value = $1 AND ins = $2";

/// A deposit, prepared on the caller's side as far as it can be, so that the writer does little.
pub(super) struct Deposit {
    permit: Permit,
    ins: String,
    set: SubmissionSet,
    drafts: Vec<Draft>,
    render: Arc<dyn Render>,
    now: Instant,
    trace: Trace,
    line: Line,
}

struct Draft {
    written: Written,
    targets: Vec<(RelationKind, DocumentKey)>,
    header_replaces: Option<UniqueId>,
    content: Vec<u8>,
    sha256: [u8; 32],
}

impl Deposit {
    /// Gives ids, hashes and renders.
    ///
    /// # Errors
    /// `internal` when the permit is not one for this submission's record, or there is no document.
    pub(super) fn new(
        permit: &Permit,
        submission: Submission,
        mut trace: Trace,
        render: Arc<dyn Render>,
    ) -> Result<Self, Error> {
        let patient = permit.patient().ok_or(Code::Internal)?;
        let same = submission.metadata.patient == *patient
            && submission
                .documents
                .iter()
                .all(|document| document.metadata.patient == *patient);
        if !same || submission.documents.is_empty() {
            return Err(Code::Internal.into());
        }
        let (depositor, structure, declared) = depositor(permit, &trace);
        let now = stamp(trace.at);
        let mut set = SubmissionSet {
            id: Uuid::now_v7(),
            entry_uuid: Uuid::new_v4(),
            updated: now,
            depositor,
            depositor_structure: structure,
            metadata: submission.metadata,
            documents: Vec::with_capacity(submission.documents.len()),
        };
        let mut drafts = Vec::with_capacity(submission.documents.len());
        for document in submission.documents {
            let entry = DocumentEntry {
                id: Uuid::now_v7(),
                entry_uuid: Uuid::new_v4(),
                version: 1,
                availability: Availability::Approved,
                content_id: Uuid::new_v4(),
                submission_id: set.id,
                updated: now,
                deposited: now,
                depositor: set.depositor.clone(),
                depositor_structure: set.depositor_structure.clone(),
                declared_structure: declared.clone(),
                metadata: document.metadata,
            };
            set.documents.push(entry.id);
            drafts.push(Draft {
                written: Written::new(entry, render.as_ref())?,
                targets: document.targets,
                header_replaces: document.header_replaces,
                sha256: openssl::sha::sha256(&document.content),
                content: document.content,
            });
        }
        let line = {
            trace.entities = vec![(audit::SUBMISSION.to_owned(), set.id)];
            let documents = set.documents.iter();
            trace
                .entities
                .extend(documents.map(|id| (audit::DOCUMENT.to_owned(), *id)));
            let line = audit::line(&trace);
            // A refusal names nothing: nothing was made.
            trace.entities.clear();
            line
        };
        Ok(Self {
            permit: permit.clone(),
            ins: patient.key(),
            set,
            drafts,
            render,
            now,
            trace,
            line,
        })
    }

    /// Takes every unique id of the submission.
    async fn claim_unique_ids(&self, conn: &mut Conn<'_>) -> Result<(), Failure> {
        let mut values = Vec::with_capacity(3 * (self.drafts.len() + 1));
        let mut claim = |id: &UniqueId, entry| {
            values.extend([Value::from(id.to_string()), (&self.ins).into(), entry]);
        };
        claim(&self.set.metadata.unique_id, (&self.set.id).into());
        for draft in &self.drafts {
            let entry = &draft.written.entry;
            claim(&entry.metadata.unique_id, (&entry.id).into());
        }
        let into = "INSERT INTO unique_id (value, ins, entry)";
        let taken = conn
            .insert(into, 3, &values, "ON CONFLICT DO NOTHING")
            .await?;
        if taken == self.drafts.len() as u64 + 1 {
            Ok(())
        } else {
            Err(Code::DuplicateDocument.into())
        }
    }

    /// Applies the relations of one draft. Gives its entry back, changed, when the relations change it.
    async fn relate<'d>(
        &self,
        conn: &mut Conn<'_>,
        draft: &'d Draft,
        warnings: &mut Vec<Issue>,
    ) -> Result<Cow<'d, DocumentEntry>, Failure> {
        let mut entry = Cow::Borrowed(&draft.written.entry);
        for (kind, key) in &draft.targets {
            let replaces = *kind == RelationKind::Replaces;
            // A signature may come with what it signs; nothing replaces what comes with it.
            let target = match self.brings(key) {
                Some(brought) if !replaces => brought.clone(),
                _ => {
                    let known = self.known(conn, key).await?;
                    let known = known.ok_or(Code::ReplaceTargetUnknown)?;
                    let target = known.0.metadata.unique_id.clone();
                    if replaces && !matches!(key, DocumentKey::Unique(_)) {
                        as_the_header_says(draft.header_replaces.as_ref(), &target)?;
                    }
                    if replaces && self.replace(conn, known).await? {
                        entry.to_mut().metadata.labels.masked = true;
                    }
                    target
                }
            };
            let relation = Relation {
                kind: *kind,
                target,
            };
            entry.to_mut().metadata.relations.push(relation);
        }
        let mut kinds = draft.targets.iter().map(|(kind, _)| *kind);
        let told = kinds.any(|kind| kind == RelationKind::Replaces);
        if let Some(target) = draft.header_replaces.as_ref().filter(|_| !told) {
            warnings.push(Issue::new(Code::RelationOnlyInHeader).warning());
            let key = DocumentKey::Unique(target.clone());
            if let Some(known) = self.known(conn, &key).await? {
                let masked = self.replace(conn, known).await?;
                let metadata = &mut entry.to_mut().metadata;
                metadata.labels.masked |= masked;
                metadata.relations.push(Relation {
                    kind: RelationKind::Replaces,
                    target: target.clone(),
                });
            }
        }
        Ok(entry)
    }

    /// The unique id of a document of this very submission.
    fn brings(&self, key: &DocumentKey) -> Option<&UniqueId> {
        let mut brought = self
            .drafts
            .iter()
            .map(|draft| &draft.written.entry.metadata.unique_id);
        match key {
            DocumentKey::Unique(target) => brought.find(|id| *id == target),
            DocumentKey::Uuid(target) => {
                brought.find(|id| id.root == Root::Uuid(*target) && id.extension.is_none())
            }
            DocumentKey::Id(_) => None,
        }
    }

    /// An earlier document of the record that the depositor may know of, and whether it is his own.
    async fn known(
        &self,
        conn: &mut Conn<'_>,
        key: &DocumentKey,
    ) -> Result<Option<(DocumentEntry, bool)>, DbError> {
        if self.brings(key).is_some() {
            return Ok(None);
        }
        let (sql, value) = match key {
            DocumentKey::Id(id) => (
                "SELECT id FROM document WHERE id = $1 AND ins = $2",
                id.into(),
            ),
            DocumentKey::Unique(id) => (BY_UNIQUE_ID, id.to_string().into()),
            DocumentKey::Uuid(id) => {
                let by_uuid = "SELECT id FROM document WHERE entry_uuid = $1 AND ins = $2";
                let found = conn
                    .query(by_uuid, &[id.into(), (&self.ins).into()])
                    .await?;
                match found.first() {
                    Some(row) => (
                        "SELECT id FROM document WHERE id = $1 AND ins = $2",
                        row.uuid(0)?.into(),
                    ),
                    None => (BY_UNIQUE_ID, id.to_string().into()),
                }
            }
        };
        let located = conn.query(sql, &[value, (&self.ins).into()]).await?;
        let Some(located) = located.first() else {
            return Ok(None);
        };
        let mut statement = Statement::new("SELECT d.entry, CASE WHEN d.ins = ");
        statement.bind(&self.ins).push(" AND ");
        visible::own(&mut statement, self.permit.ownership());
        statement
            .push(" THEN 1 ELSE 0 END FROM document d WHERE d.ins = $1 AND d.id = ")
            .bind(located.uuid(0)?)
            .push(" AND ");
        visible::documents(&mut statement, self.permit.visibility());
        let rows = conn.query(&statement.text, &statement.values).await?;
        match rows.first() {
            Some(row) => Ok(Some((row.json(0)?, row.int(1)? == 1))),
            None => Ok(None),
        }
    }

    /// Makes a document the old one. Tells whether it was masked: a mask outlives a replacement.
    async fn replace(
        &self,
        conn: &mut Conn<'_>,
        (mut target, own): (DocumentEntry, bool),
    ) -> Result<bool, Failure> {
        if !own {
            return Err(Code::NotAuthor.into());
        }
        if target.availability == Availability::Deprecated {
            return Err(Code::AlreadyReplaced.into());
        }
        let masked = target.metadata.labels.masked;
        target.availability = Availability::Deprecated;
        target.version += 1;
        target.entry_uuid = Uuid::new_v4();
        target.updated = self.now;
        Written::new(target, self.render.as_ref())?
            .update(conn, &self.ins)
            .await?;
        Ok(masked)
    }

    async fn locate(&self, conn: &mut Conn<'_>) -> Result<(), DbError> {
        let mut values = Vec::with_capacity(4 * (2 * self.drafts.len() + 1));
        let mut row = |id, kind: Kind, target| {
            values.extend([
                Value::from(id),
                kind.number().into(),
                (&self.ins).into(),
                Value::from(target),
            ]);
        };
        row(&self.set.id, Kind::Submission, &self.set.id);
        for draft in &self.drafts {
            let entry = &draft.written.entry;
            row(&entry.id, Kind::Document, &entry.id);
            row(&entry.content_id, Kind::Content, &entry.id);
        }
        records::insert_locators(conn, &values).await
    }
}

impl Act for Deposit {
    type Output = Deposited;

    fn record(&self) -> Option<&str> {
        Some(&self.ins)
    }

    fn trace(&self) -> Option<&Trace> {
        Some(&self.trace)
    }

    async fn run(&self, conn: &mut Conn<'_>) -> Result<Done<Deposited>, Failure> {
        records::unmoved(conn, &self.ins, &self.permit).await?;
        self.claim_unique_ids(conn).await?;
        let mut warnings = Vec::new();
        let mut entries = Vec::with_capacity(self.drafts.len());
        for (position, draft) in self.drafts.iter().enumerate() {
            let entry = match self.relate(conn, draft, &mut warnings).await? {
                Cow::Borrowed(entry) => {
                    let written = &draft.written;
                    written
                        .insert(conn, &self.ins, position, &draft.sha256)
                        .await?;
                    entry.clone()
                }
                Cow::Owned(entry) => {
                    let written = Written::new(entry, self.render.as_ref())?;
                    written
                        .insert(conn, &self.ins, position, &draft.sha256)
                        .await?;
                    written.entry
                }
            };
            entries.push(entry);
            conn.execute(
                "INSERT INTO content (ins, sha256, bytes) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                &[
                    (&self.ins).into(),
                    draft.sha256.as_slice().into(),
                    draft.content.as_slice().into(),
                ],
            )
            .await?;
        }
        self.locate(conn).await?;
        insert_submission(conn, &self.ins, &self.set).await?;
        let mut attributes = Attributes::new(&self.ins);
        attributes.submission(&self.set);
        for entry in &entries {
            attributes.document(entry);
        }
        attributes.insert(conn).await?;
        Ok(Done {
            output: Deposited {
                submission: self.set.clone(),
                documents: entries,
                warnings,
            },
            line: self.line.clone(),
        })
    }
}

/// A target named otherwise than by unique id is held against the header once it is found.
fn as_the_header_says(header: Option<&UniqueId>, target: &UniqueId) -> Result<(), Failure> {
    match header {
        Some(header) if header != target => {
            let issue = Issue::new(Code::MetadataMismatch)
                .at("DocumentReference.relatesTo.target")
                .with("declared", target.to_string())
                .with("found", header.to_string());
            Err(crate::error::Error::from(issue).into())
        }
        _ => Ok(()),
    }
}

/// Who deposits, the structure that his certificate carries, and the one that he declares.
fn depositor(permit: &Permit, trace: &Trace) -> (String, Option<String>, Option<String>) {
    let carried = match (permit.depositor_structure(), permit.actor()) {
        (Some(structure), _) => Some(structure.to_string()),
        (None, ActorId::Structure(id)) => Some(id.to_string()),
        (None, ActorId::Person(_)) => None,
    };
    let acting = trace
        .actor
        .as_ref()
        .and_then(|actor| actor.structure.clone());
    let declared = acting.filter(|_| carried.is_none());
    (permit.actor().as_str().to_owned(), carried, declared)
}
