//! The register of vaccinations. An entry of a document is shown to whom the document is; of entries of different documents that
//! tell one act the caller gets the first that he may know of, a note's before a history's.

mod declare;
mod fill;

use std::collections::HashMap;

use openssl::sha::Sha256;
use uuid::Uuid;

use super::conn::{Conn, DbError};
use super::records::insert_locators;
use super::row::Row;
use super::schema::{Kind, micros, status};
use super::statement::Statement;
use super::{Render, Store, visible};
use crate::audit;
use crate::dmp::change::Expected;
use crate::dmp::document::{Availability, DocumentEntry};
use crate::dmp::id::UniqueId;
use crate::dmp::ins::Ins;
use crate::dmp::trace::Trace;
use crate::dmp::vaccination::{Entry, HISTORY, NOTE, Origin, Vaccination, Validation};
use crate::error::Error;
use crate::policy::{Permit, Visibility};

pub use declare::Declaration;

/// What of an entry is kept as one text.
#[derive(serde::Serialize, serde::Deserialize)]
struct Body {
    vaccination: Vaccination,
    origin: Origin,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    validation: Option<Validation>,
}

/// What a new document adds to the register of the record of that key.
pub(super) fn told(
    ins: &str,
    entry: &DocumentEntry,
    content: &[u8],
    render: &dyn Render,
) -> Result<Vec<(Entry, i64)>, DbError> {
    let source = match entry.metadata.type_code.code.as_str() {
        NOTE => 0,
        HISTORY => 1,
        _ => return Ok(Vec::new()),
    };
    let patient = Ins::from_key(ins).map_err(|_| DbError::Shape)?;
    let told = render.vaccinations(content).into_iter().enumerate();
    let entries = told.map(|(rank, vaccination)| {
        let registered = Entry {
            id: vaccination_id(&entry.metadata.unique_id, rank),
            version: 1,
            updated: entry.deposited,
            patient: patient.clone(),
            vaccination,
            origin: Origin::Document(entry.id),
            validation: None,
        };
        (registered, source)
    });
    Ok(entries.collect())
}

/// The Immunization id of a document's entry of that rank, from 0: always the same for the same document.
pub fn vaccination_id(document: &UniqueId, rank: usize) -> Uuid {
    let mut hasher = Sha256::new();
    hasher.update(b"vaccination\n");
    hasher.update(document.to_string().as_bytes());
    hasher.update(format!("\n{rank}").as_bytes());
    let mut half = [0; 16];
    let bytes = half.iter_mut().zip(hasher.finish());
    bytes.for_each(|(to, from)| *to = from);
    uuid::Builder::from_custom_bytes(half).into_uuid()
}

/// Writes new entries, each with its source.
pub(super) async fn register<'a>(
    conn: &mut Conn<'_>,
    ins: &str,
    entries: impl Iterator<Item = &'a (Entry, i64)>,
) -> Result<(), DbError> {
    let mut seen: Vec<String> = Vec::new();
    for (entry, source) in entries {
        let (document, target) = match &entry.origin {
            Origin::Document(id) => (Some(id), *id),
            Origin::Declared(_) => (None, entry.id),
        };
        // Entries of one document are never one act: the second that looks like another is told from it by its number.
        let act = entry.vaccination.act().map(|act| {
            let act = short(act);
            let before = seen.iter().filter(|one| **one == act).count();
            seen.push(act.clone());
            format!("{act}\n{before}")
        });
        let body = body_of(entry)?;
        let document = match document {
            Some(id) => id.into(),
            None => super::statement::Value::Bytes(None),
        };
        let values = [
            ins.into(),
            (&entry.id).into(),
            document,
            (*source).into(),
            act.as_deref().into(),
            entry.version.into(),
            micros(entry.updated).into(),
            (&body).into(),
        ];
        let into =
            "INSERT INTO vaccination (ins, id, document, source, act, version, updated, body)";
        conn.insert(into, values.len(), &values, "").await?;
        let locator = [
            (&entry.id).into(),
            Kind::Vaccination.number().into(),
            ins.into(),
            target.into(),
        ];
        insert_locators(conn, &locator).await?;
    }
    Ok(())
}

/// Longest key of an act that is kept as it is, in bytes.
const MAX_KEY: usize = 512;

/// A key of bounded length.
fn short(act: String) -> String {
    if act.len() <= MAX_KEY {
        return act;
    }
    let digest = openssl::sha::sha256(act.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn body_of(entry: &Entry) -> Result<String, DbError> {
    let body = Body {
        vaccination: entry.vaccination.clone(),
        origin: entry.origin.clone(),
        validation: entry.validation.clone(),
    };
    serde_json::to_string(&body).map_err(|_| DbError::Shape)
}

/// Adds the condition that document `d` is there, not replaced, and may be known.
fn current<'a>(statement: &mut Statement<'a>, visibility: &'a Visibility) {
    let there = [Availability::Approved, Availability::Archived];
    statement.push("d.availability IN ");
    statement.list(there.map(status));
    statement.push(" AND ");
    visible::documents(statement, visibility);
}

/// What the patient declares is shown to whom a note would be.
fn shows_declared(visibility: &Visibility) -> bool {
    match visibility {
        Visibility::Nothing | Visibility::Own(_) => false,
        Visibility::Professional { types, .. } => {
            types.all || types.codes.iter().any(|code| code == NOTE)
        }
        Visibility::Patient { .. } | Visibility::All => true,
    }
}

/// The entries that the permit shows: one of each act, or the one of an id.
async fn find(
    conn: &mut Conn<'_>,
    ins: &str,
    permit: &Permit,
    id: Option<Uuid>,
) -> Result<Vec<Entry>, DbError> {
    let visibility = permit.visibility();
    let mut statement = Statement::new(
        "SELECT v.id, v.version, v.updated, v.body, v.act FROM vaccination v WHERE v.ins = ",
    );
    statement
        .bind(ins)
        .push(" AND ((v.document IS NULL AND ")
        .push(match shows_declared(visibility) {
            true => "1 = 1",
            false => "1 = 0",
        })
        .push(
            ") OR EXISTS (SELECT 1 FROM document d WHERE d.ins = v.ins AND d.id = v.document AND ",
        );
    current(&mut statement, visibility);
    statement.push("))");
    if let Some(id) = id {
        statement.push(" AND v.id = ").bind(id);
    }
    statement.push(" ORDER BY v.source, v.document, v.id");
    let patient = Ins::from_key(ins).map_err(|_| DbError::Shape)?;
    let rows = conn.query(&statement.text, &statement.values).await?;
    // Each act once: in the order of the rows, the first document that tells it.
    let mut told: HashMap<&str, Uuid> = HashMap::new();
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let entry = entry(row, &patient)?;
        let is_first = match (&entry.origin, row.optional_text(4)?) {
            (Origin::Document(id), Some(act)) => told.entry(act).or_insert(*id) == id,
            _ => true,
        };
        if is_first {
            found.push(entry);
        }
    }
    Ok(found)
}

fn entry(row: &Row, patient: &Ins) -> Result<Entry, DbError> {
    let Body {
        vaccination,
        origin,
        validation,
    } = row.json(3)?;
    Ok(Entry {
        id: row.uuid(0)?,
        version: row.version(1)?,
        updated: row.instant(2)?,
        patient: patient.clone(),
        vaccination,
        origin,
        validation,
    })
}

impl Store {
    /// The register, as far as the permit shows it: each act once.
    ///
    /// # Errors
    /// `busy`, `internal`.
    pub async fn find_vaccinations(
        &self,
        permit: &Permit,
        trace: Trace,
    ) -> Result<Vec<Entry>, Error> {
        let ins = self.entered(permit).await?;
        let mut reader = self.reader().await?;
        let found = find(&mut reader.conn()?, &ins, permit, None).await?;
        drop(reader);
        self.consulted(permit, trace).await?;
        Ok(found)
    }

    /// Reads one entry, be it one that another document's stands for in the register.
    ///
    /// # Errors
    /// [`Permit::not_visible`] when it is hidden or not there; `busy`, `internal`.
    pub async fn read_vaccination(
        &self,
        permit: &Permit,
        id: Uuid,
        trace: Trace,
    ) -> Result<Entry, Error> {
        let ins = self.entered(permit).await?;
        let mut reader = self.reader().await?;
        let found = find(&mut reader.conn()?, &ins, permit, Some(id)).await?;
        drop(reader);
        let found = (found.into_iter().next(), false);
        self.shown(permit, found, (audit::VACCINATION, id), trace)
            .await
    }

    /// The entry of an id, if the caller may know of it. Not traced: the write that it serves is.
    ///
    /// # Errors
    /// [`Permit::not_visible`] when it is hidden or not there; `busy`, `internal`.
    pub async fn known_vaccination(&self, permit: &Permit, id: Uuid) -> Result<Entry, Error> {
        let ins = self.entered(permit).await?;
        let mut reader = self.reader().await?;
        let found = find(&mut reader.conn()?, &ins, permit, Some(id)).await?;
        found.into_iter().next().ok_or_else(|| permit.not_visible())
    }

    /// Declares a vaccination, changes, withdraws or validates one that was declared; gives it as it then is, or was.
    ///
    /// # Errors
    /// `validated-vaccination`, `not-yours`, `not-found`, `element-invalid`, `version-conflict` when `if_match` is not its
    /// version: refused and traced. Stale when the record moved since the decision: not traced. `busy`, `internal`.
    pub async fn declare_vaccination(
        &self,
        permit: &Permit,
        declaration: Declaration,
        if_match: Option<Expected>,
        trace: Trace,
    ) -> Result<Entry, Error> {
        let ins = self.entered(permit).await?;
        let permit = permit.clone();
        self.write(declare::Declare {
            permit,
            ins,
            declaration,
            if_match,
            trace,
        })
        .await
    }
}
