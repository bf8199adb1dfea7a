//! Records: where a caller stands, what an id points to, opening and changing one.

use uuid::Uuid;

use super::Locator;
use super::conn::{Conn, DbError};
use super::consents::EVERYONE;
use super::outbox;
use super::row::Row;
use super::schema::{Kind, micros, stamp};
use super::statement::{Statement, Value};
use super::writer::{Act, Done, Failure};
use crate::audit;
use crate::dmp::actor::{Actor, ActorId};
use crate::dmp::ins::Ins;
use crate::dmp::record::{Consulted, Record, RecordData, Standing};
use crate::dmp::trace::Trace;
use crate::error::Code;
use crate::policy::Permit;

/// Reads all that a decision needs, in one query.
pub(super) async fn standing(
    conn: &mut Conn<'_>,
    ins: &Ins,
    actor: &Actor,
) -> Result<Option<Standing>, DbError> {
    let ins = ins.key();
    let mut statement = standing_of(actor);
    statement.bind(&ins);
    stands(conn, &statement).await
}

/// The same in the record that an id belongs to.
pub(super) async fn standing_by_id(
    conn: &mut Conn<'_>,
    what: Locator,
    actor: &Actor,
) -> Result<Option<Standing>, DbError> {
    let (kind, id) = key(what);
    let mut statement = standing_of(actor);
    statement.push("(SELECT l.ins FROM locator l WHERE l.id = ");
    statement.bind(id).push(" AND l.kind = ");
    statement.bind(kind.number()).push(")");
    stands(conn, &statement).await
}

/// The query of a standing, up to the INS key: a row for each right that concerns the caller or everyone.
fn standing_of<'a>(actor: &Actor) -> Statement<'a> {
    let mut statement = Statement::new(
        "SELECT r.id, r.version, r.updated, r.data, k.first, k.openly, c.body FROM record r \
         LEFT JOIN consultation k ON k.ins = r.ins AND k.actor = ",
    );
    statement.bind(actor.id.key());
    statement.push(" LEFT JOIN consent c ON c.ins = r.ins AND c.actor IN ");
    statement.list(concerning(actor));
    statement.push(" WHERE r.ins = ");
    statement
}

async fn stands(
    conn: &mut Conn<'_>,
    statement: &Statement<'_>,
) -> Result<Option<Standing>, DbError> {
    let rows = conn.query(&statement.text, &statement.values).await?;
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let consulted = match (first.optional_int(4)?, first.optional_int(5)?) {
        (None, _) => Consulted::Never,
        (Some(_), None) => Consulted::InSecret,
        (Some(_), Some(_)) => Consulted::Openly,
    };
    let mut rights = Vec::with_capacity(rows.len());
    for row in &rows {
        if row.optional_text(6)?.is_some() {
            rights.push(row.json(6)?);
        }
    }
    Ok(Some(Standing {
        record: record(first)?,
        rights,
        consulted,
    }))
}

/// The actors whose rights concern the caller: himself, an employee's or an establishment's structure, everyone.
fn concerning(actor: &Actor) -> Vec<String> {
    let mut keys = vec![actor.id.key(), EVERYONE.to_owned()];
    if let (false, Some(structure)) = (actor.kind.is_patient_side(), &actor.structure) {
        keys.push(ActorId::Structure(structure.id.clone()).key());
    }
    keys
}

fn record(row: &Row) -> Result<Record, DbError> {
    Ok(Record {
        id: row.uuid(0)?,
        version: row.version(1)?,
        updated: row.instant(2)?,
        data: row.json(3)?,
    })
}

fn key(what: Locator) -> (Kind, Uuid) {
    match what {
        Locator::Document(id) => (Kind::Document, id),
        Locator::Submission(id) => (Kind::Submission, id),
        Locator::Content(id) => (Kind::Content, id),
        Locator::Consent(id) => (Kind::Consent, id),
        Locator::Record(id) => (Kind::Record, id),
    }
}

/// The record that an id belongs to.
pub(super) async fn locate(conn: &mut Conn<'_>, what: Locator) -> Result<Option<Ins>, DbError> {
    let (kind, id) = key(what);
    let sql = "SELECT ins FROM locator WHERE id = $1 AND kind = $2";
    let rows = conn
        .query(sql, &[(&id).into(), kind.number().into()])
        .await?;
    match rows.first() {
        Some(row) => Ins::from_key(row.text(0)?)
            .map(Some)
            .map_err(|_| DbError::Shape),
        None => Ok(None),
    }
}

/// Adds rows of id, kind, INS key and target.
pub(super) async fn insert_locators(
    conn: &mut Conn<'_>,
    values: &[Value<'_>],
) -> Result<(), DbError> {
    let into = "INSERT INTO locator (id, kind, ins, target)";
    conn.insert(into, 4, values, "").await.map(drop)
}

/// A record as it stands, whoever asks.
pub(super) async fn held(conn: &mut Conn<'_>, ins: &str) -> Result<Option<Record>, DbError> {
    let sql = "SELECT id, version, updated, data FROM record WHERE ins = $1";
    let rows = conn.query(sql, &[ins.into()]).await?;
    rows.first().map(record).transpose()
}

/// The record is still what the permit was decided on.
pub(super) async fn unmoved(
    conn: &mut Conn<'_>,
    ins: &str,
    permit: &Permit,
) -> Result<(), Failure> {
    current(conn, ins, permit).await.map(drop)
}

/// The record that the permit was decided on, when it is still that one.
pub(super) async fn current(
    conn: &mut Conn<'_>,
    ins: &str,
    permit: &Permit,
) -> Result<Record, Failure> {
    let unmoved = |record: &Record| Some((record.id, record.version)) == permit.record_version();
    held(conn, ins).await?.filter(unmoved).ok_or(Failure::Stale)
}

/// An operator opens a record or changes it; a patient changes his own.
pub(super) struct PutRecord {
    pub(super) ins: String,
    pub(super) data: RecordData,
    pub(super) if_match: Option<u32>,
    /// The record that the change was decided on, when it was.
    pub(super) expected: Option<(Uuid, u32)>,
    pub(super) trace: Trace,
}

impl Act for PutRecord {
    type Output = (Record, bool);

    fn record(&self) -> Option<&str> {
        Some(&self.ins)
    }

    fn trace(&self) -> Option<&Trace> {
        Some(&self.trace)
    }

    async fn run(&self, conn: &mut Conn<'_>) -> Result<Done<Self::Output>, Failure> {
        let rows = conn
            .query(
                "SELECT id, version FROM record WHERE ins = $1",
                &[(&self.ins).into()],
            )
            .await?;
        let now = match rows.first() {
            Some(row) => Some((row.uuid(0)?, row.version(1)?)),
            None => None,
        };
        if self.if_match.is_some() && self.if_match != now.map(|(_, version)| version) {
            return Err(Code::VersionConflict.into());
        }
        if self.expected.is_some() && self.expected != now {
            return Err(Failure::Stale);
        }
        let record = Record {
            id: now.map_or_else(Uuid::new_v4, |(id, _)| id),
            version: now.map_or(1, |(_, version)| version + 1),
            updated: stamp(self.trace.at),
            data: self.data.clone(),
        };
        let data = serde_json::to_string(&record.data).map_err(|_| DbError::Shape)?;
        let values = [
            (&self.ins).into(),
            (&record.id).into(),
            record.version.into(),
            micros(record.updated).into(),
            data.into(),
            record.data.purged_from(record.updated).map(micros).into(),
        ];
        let into = "INSERT INTO record (ins, id, version, updated, data, purge_at)";
        match now {
            Some(_) => {
                let change = "ON CONFLICT (ins) DO UPDATE SET version = excluded.version, updated = excluded.updated, \
                    data = excluded.data, purge_at = excluded.purge_at";
                conn.insert(into, values.len(), &values, change).await?;
            }
            None => {
                // Another server may have opened it meanwhile: then it is there to be changed.
                let fresh = conn
                    .insert(into, values.len(), &values, "ON CONFLICT DO NOTHING")
                    .await?;
                if fresh == 0 {
                    return Err(DbError::Conflict.into());
                }
                let locator = [
                    (&record.id).into(),
                    Kind::Record.number().into(),
                    (&self.ins).into(),
                    (&record.id).into(),
                ];
                insert_locators(conn, &locator).await?;
            }
        }
        if !record.data.state.is_open() {
            outbox::drop_untold(conn, &self.ins).await?;
        }
        let mut trace = self.trace.clone();
        trace.entities = vec![(audit::RECORD.to_owned(), record.id)];
        Ok(Done {
            output: (record, now.is_none()),
            line: Some(audit::line(&trace)),
        })
    }
}
