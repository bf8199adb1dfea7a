//! TD2: a submission with its documents, all or nothing.

mod existing;
mod folders;
mod ids;
mod relate;

use std::borrow::Cow;
use std::sync::Arc;

use uuid::Uuid;

use folders::FolderDraft;

use super::conn::{Conn, DbError};
use super::outbox::{self, News};
use super::rows::{Attributes, Written, insert_submission};
use super::schema::stamp;
use super::state::State;
use super::writer::{Act, Done, Failure};
use super::{Deposited, Render, record_of, records, state, vaccinations};
use crate::audit::{self, Line};
use crate::dmp::actor::ActorId;
use crate::dmp::document::{Availability, DocumentEntry, RelationKind};
use crate::dmp::id::UniqueId;
use crate::dmp::notice::NoticeKind;
use crate::dmp::query::DocumentKey;
use crate::dmp::record::Record;
use crate::dmp::submission::{Submission, SubmissionSet, Superseded};
use crate::dmp::time::Instant;
use crate::dmp::trace::Trace;
use crate::dmp::vaccination::Entry;
use crate::error::{Code, Error, Issue};
use crate::policy::Permit;

/// A deposit, prepared on the caller's side as far as it can be, so that the writer does little.
pub(super) struct Deposit {
    permit: Permit,
    ins: String,
    set: SubmissionSet,
    drafts: Vec<Draft>,
    superseded: Vec<Superseded>,
    told_at: String,
    folders: Vec<FolderDraft>,
    render: Arc<dyn Render>,
    now: Instant,
    trace: Trace,
    line: Line,
}

struct Draft {
    written: Written,
    targets: Vec<(RelationKind, DocumentKey)>,
    aliases: Vec<(DocumentKey, DocumentKey)>,
    header_replaces: Option<UniqueId>,
    unless: Vec<DocumentKey>,
    told_at: String,
    content: Vec<u8>,
    sha256: [u8; 32],
    /// What it adds to the register of vaccinations.
    vaccinations: Vec<(Entry, i64)>,
}

/// For each draft what its condition found.
type Existing = [Option<DocumentEntry>];

/// One try of the writer.
struct Round {
    existing: Vec<Option<DocumentEntry>>,
    state: State,
    replaced: Vec<Replaced>,
    warnings: Vec<Issue>,
}

/// A document that was made the old one.
struct Replaced {
    /// Its entryUUID before that.
    uuid: Uuid,
    entry: DocumentEntry,
}

impl Replaced {
    fn is_named(&self, key: &DocumentKey) -> bool {
        match key {
            DocumentKey::Id(id) => self.entry.id == *id,
            DocumentKey::Unique(id) => self.entry.metadata.unique_id == *id,
            DocumentKey::Uuid(uuid) => {
                self.uuid == *uuid || self.entry.metadata.unique_id.is_uuid(*uuid)
            }
        }
    }
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
        let ins = record_of(permit)?;
        // Each keeps the number that it was deposited by.
        let mut documents = submission.documents.iter();
        let mut folders = submission.folders.iter();
        let his = permit.is_of(&submission.metadata.patient)
            && folders.all(|folder| permit.is_of(&folder.metadata.patient))
            && documents.all(|document| permit.is_of(&document.metadata.patient));
        if !his || submission.documents.is_empty() {
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
            folders: Vec::new(),
        };
        let mut drafts = Vec::with_capacity(submission.documents.len());
        for mut document in submission.documents {
            document.metadata.labels.masked |= permit.masks_new_documents();
            let entry = DocumentEntry {
                id: Uuid::now_v7(),
                entry_uuid: Uuid::new_v4(),
                former_uuids: Vec::new(),
                version: 1,
                availability: Availability::Approved,
                content_id: Uuid::new_v4(),
                submission_id: set.id,
                updated: now,
                deposited: now,
                depositor: set.depositor.clone(),
                depositor_structure: set.depositor_structure.clone(),
                declared_structure: declared.clone(),
                from_patient: permit.actor_kind().is_patient_side(),
                metadata: document.metadata,
            };
            set.documents.push(entry.id);
            let vaccinations =
                vaccinations::told(&ins, &entry, &document.content, render.as_ref())?;
            drafts.push(Draft {
                written: Written::new(entry, render.as_ref())?,
                targets: document.targets,
                aliases: document.aliases,
                header_replaces: document.header_replaces,
                unless: document.unless,
                told_at: document.told_at,
                sha256: openssl::sha::sha256(&document.content),
                content: document.content,
                vaccinations,
            });
        }
        let folders = submission.folders.into_iter();
        let folders: Vec<_> = folders
            .map(|folder| FolderDraft::new(folder, &set, now))
            .collect();
        set.folders = folders.iter().map(|draft| draft.folder.id).collect();
        let line = {
            trace.entities = vec![(audit::SUBMISSION.to_owned(), set.id)];
            let documents = set.documents.iter();
            trace
                .entities
                .extend(documents.map(|id| (audit::DOCUMENT.to_owned(), *id)));
            let folders = set.folders.iter();
            trace
                .entities
                .extend(folders.map(|id| (audit::SUBMISSION.to_owned(), *id)));
            let line = audit::line(&trace);
            // A refusal names nothing: nothing was made.
            trace.entities.clear();
            line
        };
        Ok(Self {
            permit: permit.clone(),
            ins,
            set,
            drafts,
            superseded: submission.superseded,
            told_at: submission.told_at,
            folders,
            render,
            now,
            trace,
            line,
        })
    }

    /// The drafts whose documents are made, with their positions.
    fn made(&self, existing: &Existing) -> impl Iterator<Item = (usize, &Draft)> {
        let drafts = self.drafts.iter().zip(existing).enumerate();
        drafts.filter_map(|(position, (draft, existing))| {
            existing.is_none().then_some((position, draft))
        })
    }

    /// The entries of a draft for the register of vaccinations, as of the state that they come in.
    fn told<'d>(&self, draft: &'d Draft, state: State) -> Cow<'d, [(Entry, i64)]> {
        let mut told = Cow::Borrowed(draft.vaccinations.as_slice());
        if state.at != self.now && !told.is_empty() {
            for (entry, _) in told.to_mut() {
                entry.updated = state.at;
            }
        }
        told
    }

    /// Tells the holder of each document that somebody else added and that he may see (NOT-02, ANN-04); nothing of a secret
    /// connection (MIN-06).
    async fn tell(
        &self,
        conn: &mut Conn<'_>,
        record: &Record,
        entries: &[DocumentEntry],
    ) -> Result<(), DbError> {
        let own = self.permit.actor_kind().is_patient_side();
        if own || self.trace.secret || !record.data.notices.documents {
            return Ok(());
        }
        let minor = self.permit.of_age().is_some_and(|of_age| self.now < of_age);
        for entry in entries {
            if outbox::is_hidden(entry.metadata.labels, minor) {
                continue;
            }
            let news = News {
                actor: outbox::actor(&self.permit, &self.trace),
                ..News::of_document(NoticeKind::DocumentAdded, self.now, entry.id)
            };
            outbox::tell_holder(conn, record, &news).await?;
        }
        Ok(())
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

    fn undoes(&self) -> bool {
        let related = |draft: &Draft| !draft.targets.is_empty() || draft.header_replaces.is_some();
        let folders = !self.folders.is_empty();
        folders || !self.superseded.is_empty() || self.drafts.iter().any(related)
    }

    async fn run(&self, conn: &mut Conn<'_>) -> Result<Done<Deposited>, Failure> {
        let record = records::current(conn, &self.ins, &self.permit).await?;
        let existing = self.existing(conn).await?;
        if existing.iter().all(Option::is_some) {
            let documents = existing.into_iter().flatten().collect();
            return self.repeated(conn, documents).await;
        }
        self.claim_unique_ids(conn, &existing).await?;
        let state = state::next(conn, &self.ins, self.now).await?;
        let mut round = Round {
            existing,
            state,
            replaced: Vec::new(),
            warnings: Vec::new(),
        };
        let mut entries = Vec::with_capacity(self.drafts.len());
        for (position, draft) in self.made(&round.existing).collect::<Vec<_>>() {
            let mut entry = self.relate(conn, draft, &mut round).await?;
            if entry.updated != state.at {
                entry.to_mut().updated = state.at;
            }
            let entry = match entry {
                Cow::Borrowed(entry) => {
                    let written = &draft.written;
                    written
                        .insert(conn, &self.ins, position, &draft.sha256, state)
                        .await?;
                    entry.clone()
                }
                Cow::Owned(entry) => {
                    let written = Written::new(entry, self.render.as_ref())?;
                    written
                        .insert(conn, &self.ins, position, &draft.sha256, state)
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
            let told = self.told(draft, state);
            vaccinations::register(conn, &self.ins, told.iter()).await?;
        }
        let superseded = self.superseded(conn, &round).await?;
        self.locate(conn, &round.existing).await?;
        let mut set = Cow::Borrowed(&self.set);
        if set.updated != state.at {
            set.to_mut().updated = state.at;
        }
        if entries.len() < self.drafts.len() {
            set.to_mut().documents = entries.iter().map(|entry| entry.id).collect();
        }
        insert_submission(conn, &self.ins, &set, state.number).await?;
        let mut attributes = Attributes::new(&self.ins);
        attributes.submission(&set);
        for entry in &entries {
            attributes.document(entry);
        }
        attributes.insert(conn).await?;
        self.tell(conn, &record, &entries).await?;
        let mut made = entries.into_iter();
        let existing = round.existing.iter().flatten().map(|entry| entry.id);
        let existing: Vec<Uuid> = existing.collect();
        let documents: Vec<_> = round
            .existing
            .into_iter()
            .filter_map(|found| found.or_else(|| made.next()))
            .collect();
        let folders = self.make_folders(conn, &documents, state).await?;
        let line = match existing.is_empty() {
            true => self.line.clone(),
            false => self.line_of(&set, &documents),
        };
        Ok(Done {
            output: Deposited {
                submission: set.into_owned(),
                documents,
                existing,
                superseded,
                folders,
                warnings: round.warnings,
            },
            line: Some(line),
        })
    }
}

/// Who deposits, the structure that his certificate carries, and the one that he declares.
fn depositor(permit: &Permit, trace: &Trace) -> (String, Option<String>, Option<String>) {
    let carried = match (permit.depositor_structure(), permit.actor()) {
        (Some(structure), _) => Some(structure.to_string()),
        (None, ActorId::Structure(id)) => Some(id.to_string()),
        (None, ActorId::Person(_) | ActorId::User(_)) => None,
    };
    let acting = trace
        .actor
        .as_ref()
        .and_then(|actor| actor.structure.clone());
    let declared = acting.filter(|_| carried.is_none());
    (permit.actor().as_str().to_owned(), carried, declared)
}

/// A refusal of an element of what is declared there; of what the server declares by itself no place is told.
fn refused(code: Code, told_at: &str, element: &str) -> Issue {
    let issue = Issue::new(code);
    match told_at {
        "" => issue,
        _ => issue.at(format!("{told_at}.{element}")),
    }
}
