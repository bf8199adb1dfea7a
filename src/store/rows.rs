//! A document entry and a submission as rows.

use super::conn::{Conn, DbError};
use super::fold::fold;
use super::schema::{Attribute, micros, status};
use super::state::State;
use super::statement::Value;
use super::{Render, versions};
use crate::dmp::document::DocumentEntry;
use crate::dmp::person::{Author, AuthorKind};
use crate::dmp::submission::SubmissionSet;
use crate::dmp::time::after;
use jiff::ToSpan;

/// An entry with its two written forms.
pub(super) struct Written {
    pub(super) entry: DocumentEntry,
    resource: String,
    json: String,
}

impl Written {
    /// Writes both forms.
    pub(super) fn new(entry: DocumentEntry, render: &dyn Render) -> Result<Self, DbError> {
        Ok(Self {
            resource: render.document(&entry),
            json: serde_json::to_string(&entry).map_err(|_| DbError::Shape)?,
            entry,
        })
    }

    /// The entry's row, as it is first registered.
    pub(super) async fn insert(
        &self,
        conn: &mut Conn<'_>,
        ins: &str,
        position: usize,
        sha256: &[u8],
        state: State,
    ) -> Result<(), DbError> {
        let (entry, metadata) = (&self.entry, &self.entry.metadata);
        let created = metadata.creation_time.shown_span();
        let began = metadata.service_start.shown_span();
        let ended = metadata.service_stop.as_ref().map(|stop| stop.shown_span());
        let unique_id = metadata.unique_id.to_string();
        let values = [
            ins.into(),
            (&entry.id).into(),
            (&entry.entry_uuid).into(),
            (&entry.submission_id).into(),
            i64::try_from(position).unwrap_or(i64::MAX).into(),
            entry.version.into(),
            status(entry.availability).into(),
            metadata.labels.masked.into(),
            micros(entry.deposited).into(),
            micros(entry.updated).into(),
            micros(created.0).into(),
            micros(created.1).into(),
            micros(began.0).into(),
            micros(began.1).into(),
            ended.map(|ended| micros(ended.0)).into(),
            ended.map(|ended| micros(ended.1)).into(),
            (&unique_id).into(),
            (&entry.depositor).into(),
            entry.depositor_structure.as_deref().into(),
            (&metadata.type_code.code).into(),
            (&metadata.type_code.system).into(),
            (&metadata.class.code).into(),
            (&metadata.class.system).into(),
            (&metadata.format.code).into(),
            (&metadata.format.system).into(),
            (&metadata.facility_type.code).into(),
            (&metadata.facility_type.system).into(),
            (&metadata.practice_setting.code).into(),
            (&metadata.practice_setting.system).into(),
            (&metadata.mime_type).into(),
            metadata.hash.0.as_slice().into(),
            sha256.into(),
            self.hidden_until().into(),
            self.announce_by().into(),
            metadata.labels.invisible_representatives.into(),
            entry.from_patient.into(),
            state.number.into(),
        ];
        let columns = "INSERT INTO document (ins, id, entry_uuid, submission, position, version, availability, masked, \
            deposited, updated, created_start, created_end, began_start, began_end, ended_start, ended_end, unique_id, \
            depositor, depositor_structure, type_code, type_system, class_code, class_system, format_code, format_system, \
            facility_code, facility_system, practice_code, practice_system, mime_type, sha1, sha256, \
            hidden_until, announce_by, invisible_representatives, from_patient, since)";
        conn.insert(columns, values.len(), &values, "").await?;
        let texts = [
            ins.into(),
            (&entry.id).into(),
            (&self.resource).into(),
            (&self.json).into(),
        ];
        let columns = "INSERT INTO document_text (ins, id, resource, entry)";
        conn.insert(columns, texts.len(), &texts, "").await?;
        Ok(())
    }

    /// Until when the patient does not see it: a month after its deposit, by calendar (ANN-03).
    fn hidden_until(&self) -> Option<i64> {
        self.entry
            .metadata
            .labels
            .invisible_patient
            .then(|| micros(after(self.entry.deposited, 1.month())))
    }

    /// Until when its announcement may wait before the patient is invited to ask: two weeks (ANN-03).
    fn announce_by(&self) -> Option<i64> {
        self.entry
            .metadata
            .labels
            .invisible_patient
            .then(|| micros(after(self.entry.deposited, 14.days())))
    }

    /// The entry's row after a change of status or labels: what else a depositor said stays. The version before is kept.
    pub(super) async fn update(
        &self,
        conn: &mut Conn<'_>,
        ins: &str,
        state: State,
    ) -> Result<(), DbError> {
        versions::keep(conn, ins, &self.entry.id, state.number).await?;
        let labels = &self.entry.metadata.labels;
        let sql = "UPDATE document SET entry_uuid = $1, version = $2, availability = $3, updated = $4, masked = $5, \
                   hidden_until = $6, announce_by = $7, invisible_representatives = $8, since = $9 WHERE ins = $10 AND id = $11";
        let values = [
            (&self.entry.entry_uuid).into(),
            self.entry.version.into(),
            status(self.entry.availability).into(),
            micros(self.entry.updated).into(),
            labels.masked.into(),
            self.hidden_until().into(),
            self.announce_by().into(),
            labels.invisible_representatives.into(),
            state.number.into(),
            ins.into(),
            (&self.entry.id).into(),
        ];
        let changed = conn.execute(sql, &values).await?;
        let sql = "UPDATE document_text SET resource = $1, entry = $2 WHERE ins = $3 AND id = $4";
        let values = [
            (&self.resource).into(),
            (&self.json).into(),
            ins.into(),
            (&self.entry.id).into(),
        ];
        match (changed, conn.execute(sql, &values).await?) {
            (1, 1) => Ok(()),
            _ => Err(DbError::Shape),
        }
    }

    /// The labels among the repeated attributes, after a change of them.
    pub(super) async fn relabel(&self, conn: &mut Conn<'_>, ins: &str) -> Result<(), DbError> {
        let sql = "DELETE FROM attribute WHERE ins = $1 AND entry = $2 AND name = $3";
        let values = [
            ins.into(),
            (&self.entry.id).into(),
            Attribute::Confidentiality.number().into(),
        ];
        conn.execute(sql, &values).await?;
        let mut attributes = Attributes::new(ins);
        attributes.labels(&self.entry);
        attributes.insert(conn).await
    }
}

/// A submission's row.
pub(super) async fn insert_submission(
    conn: &mut Conn<'_>,
    ins: &str,
    set: &SubmissionSet,
    since: i64,
) -> Result<(), DbError> {
    let metadata = &set.metadata;
    let sent = metadata.submission_time.shown_span();
    let unique_id = metadata.unique_id.to_string();
    let title = metadata.title.as_deref().unwrap_or_default();
    // The documents are those of its entries' rows: who may know of them differs.
    let bare = SubmissionSet {
        documents: Vec::new(),
        folders: Vec::new(),
        ..set.clone()
    };
    let values = [
        ins.into(),
        (&set.id).into(),
        (&set.entry_uuid).into(),
        micros(set.updated).into(),
        micros(sent.0).into(),
        micros(sent.1).into(),
        (&unique_id).into(),
        (&set.depositor).into(),
        set.depositor_structure.as_deref().into(),
        (&metadata.source_id).into(),
        (&metadata.content_type.code).into(),
        (&metadata.content_type.system).into(),
        title.into(),
        fold(title).into(),
        serde_json::to_string(&bare)
            .map_err(|_| DbError::Shape)?
            .into(),
        since.into(),
    ];
    let columns = "INSERT INTO submission (ins, id, entry_uuid, updated, sent_start, sent_end, unique_id, depositor, \
        depositor_structure, source_id, content_type_code, content_type_system, title, title_folded, entry, since)";
    conn.insert(columns, values.len(), &values, "").await?;
    Ok(())
}

/// Bytes of a value that a key of PostgreSQL has room for.
const LONGEST: usize = 1024;

/// Letters of a name that are compared: nobody asks for more.
const LETTERS: usize = LONGEST / 4;

fn beginning(name: &str) -> &str {
    let end = name.char_indices().map(|(at, _)| at).nth(LETTERS);
    end.map_or(name, |end| name.get(..end).unwrap_or(name))
}

/// The rows of `attribute` being gathered for one deposit.
pub(super) struct Attributes<'a> {
    ins: &'a str,
    values: Vec<Value<'a>>,
}

impl<'a> Attributes<'a> {
    pub(super) fn new(ins: &'a str) -> Self {
        Self {
            ins,
            values: Vec::with_capacity(5 * 16),
        }
    }

    /// Those of a document.
    pub(super) fn document(&mut self, entry: &'a DocumentEntry) {
        let metadata = &entry.metadata;
        for author in &metadata.authors {
            self.author(&entry.id, author);
        }
        for event in &metadata.events {
            self.add(&entry.id, Attribute::Event, &event.code, &event.system);
        }
        self.labels(entry);
        for reference in &metadata.references {
            let id = &reference.id;
            self.add(&entry.id, Attribute::Reference, &id.extension, &id.root);
        }
        for relation in &metadata.relations {
            let target = relation.target.to_string();
            self.add(
                &entry.id,
                Attribute::RelatesTo,
                target,
                relation.kind.fhir(),
            );
        }
    }

    /// The labels of a document.
    fn labels(&mut self, entry: &'a DocumentEntry) {
        for code in entry.metadata.labels.codes() {
            self.add(
                &entry.id,
                Attribute::Confidentiality,
                code.code,
                code.system,
            );
        }
    }

    /// Those of a submission.
    pub(super) fn submission(&mut self, set: &'a SubmissionSet) {
        if let Some(author) = &set.metadata.author {
            self.author(&set.id, author);
        }
    }

    fn author(&mut self, entry: &'a uuid::Uuid, author: &'a Author) {
        if let Some(id) = &author.id {
            self.add(entry, Attribute::AuthorId, &id.extension, &id.root);
        }
        if let Some(family) = &author.name.family {
            let family = beginning(family);
            self.add(entry, Attribute::AuthorFamily, fold(family), family);
        }
        if let Some(given) = &author.name.given {
            let given = beginning(given);
            self.add(entry, Attribute::AuthorGiven, fold(given), given);
            // Given names come joined by a blank; each is one to FHIR.
            if given.contains(' ') {
                for one in given.split_whitespace() {
                    self.add(entry, Attribute::AuthorGiven, fold(one), one);
                }
            }
        }
        self.institution(entry, author);
    }

    /// Where an author works; an organisation that is the author is found as one too.
    pub(super) fn institution(&mut self, entry: &'a uuid::Uuid, author: &'a Author) {
        let Some(institution) = &author.institution else {
            return;
        };
        let alone = author.kind == AuthorKind::Organization;
        if let Some(id) = &institution.id {
            self.add(entry, Attribute::InstitutionId, &id.extension, &id.root);
            if alone {
                self.add(entry, Attribute::OrganizationId, &id.extension, &id.root);
            }
        }
        if let Some(name) = &institution.name {
            let name = beginning(name);
            self.add(entry, Attribute::InstitutionName, fold(name), name);
            if alone {
                self.add(entry, Attribute::OrganizationName, fold(name), name);
            }
        }
    }

    fn add(
        &mut self,
        entry: &'a uuid::Uuid,
        name: Attribute,
        code: impl Into<Value<'a>>,
        system: impl Into<Value<'a>>,
    ) {
        let (code, system) = (code.into(), system.into());
        let fits =
            |value: &Value<'_>| !matches!(value, Value::Text(Some(text)) if text.len() > LONGEST);
        // Kept in the entry, and never searched.
        if !fits(&code) || !fits(&system) {
            return;
        }
        self.values.extend([
            self.ins.into(),
            entry.into(),
            name.number().into(),
            code,
            system,
        ]);
    }

    /// Writes them; one that is told twice is kept once.
    pub(super) async fn insert(&self, conn: &mut Conn<'_>) -> Result<(), DbError> {
        let into = "INSERT INTO attribute (ins, entry, name, code, system)";
        conn.insert(into, 5, &self.values, "ON CONFLICT DO NOTHING")
            .await?;
        Ok(())
    }
}
