//! Records: where a caller stands, what an id points to, as one is held.

use uuid::Uuid;

use super::Locator;
use super::conn::{Conn, DbError};
use super::consents::EVERYONE;
use super::row::Row;
use super::schema::Kind;
use super::statement::{Statement, Value};
use super::writer::Failure;
use crate::dmp::actor::{Actor, ActorId};
use crate::dmp::ins::Ins;
use crate::dmp::national_id::StructIdNat;
use crate::dmp::record::{Consulted, Record, Standing};
use crate::policy::Permit;

/// Reads all that a decision needs, in one query.
pub(super) async fn standing(
    conn: &mut Conn<'_>,
    ins: &Ins,
    actor: &Actor,
) -> Result<Option<Standing>, DbError> {
    let number = ins.key();
    let mut statement = standing_of(actor);
    statement.push("(SELECT n.ins FROM ins_number n WHERE n.number = ");
    statement.bind(&number).push(")");
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
        "SELECT r.ins, r.id, r.version, r.updated, r.data, k.first, k.openly, c.body FROM record r \
         LEFT JOIN consultation k ON k.ins = r.ins AND k.actor = ",
    );
    statement.bind(actor.id.key());
    statement.push(" LEFT JOIN consent c ON c.ins = r.ins AND c.actor IN ");
    let structure = actor.structure.as_ref().map(|structure| &structure.id);
    let structure = structure.filter(|_| !actor.kind.is_patient_side());
    statement.list(concerning(&actor.id, structure));
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
    let consulted = match (first.optional_int(5)?, first.optional_int(6)?) {
        (None, _) => Consulted::Never,
        (Some(_), None) => Consulted::InSecret,
        (Some(_), Some(_)) => Consulted::Openly,
    };
    let mut rights = Vec::with_capacity(rows.len());
    for row in &rows {
        if row.optional_text(7)?.is_some() {
            rights.push(row.json(7)?);
        }
    }
    Ok(Some(Standing {
        record: record(first)?,
        rights,
        consulted,
    }))
}

/// The actors whose rights concern the caller: himself, an employee's or an establishment's structure, everyone.
fn concerning(id: &ActorId, structure: Option<&StructIdNat>) -> Vec<String> {
    let mut keys = vec![id.key(), EVERYONE.to_owned()];
    keys.extend(structure.map(|structure| ActorId::Structure(structure.clone()).key()));
    keys
}

fn record(row: &Row) -> Result<Record, DbError> {
    Ok(Record {
        opened_as: Ins::from_key(row.text(0)?).map_err(|_| DbError::Shape)?,
        id: row.uuid(1)?,
        version: row.version(2)?,
        updated: row.instant(3)?,
        data: row.json(4)?,
    })
}

fn key(what: Locator) -> (Kind, Uuid) {
    match what {
        Locator::Document(id) => (Kind::Document, id),
        Locator::List(id) => (Kind::List, id),
        Locator::Content(id) => (Kind::Content, id),
        Locator::Consent(id) => (Kind::Consent, id),
        Locator::Record(id) => (Kind::Record, id),
        Locator::Vaccination(id) => (Kind::Vaccination, id),
    }
}

/// The record that an id belongs to, by the number that it was opened under.
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
    let sql = "SELECT ins, id, version, updated, data FROM record WHERE ins = $1";
    let rows = conn.query(sql, &[ins.into()]).await?;
    rows.first().map(record).transpose()
}

/// The record that the permit was decided on, when neither it nor the rights that concern the caller have moved.
pub(super) async fn current(
    conn: &mut Conn<'_>,
    ins: &str,
    permit: &Permit,
) -> Result<Record, Failure> {
    current_but(conn, ins, permit, &[]).await
}

/// The same, whatever became of some rights: those that the act itself writes anew.
pub(super) async fn current_but(
    conn: &mut Conn<'_>,
    ins: &str,
    permit: &Permit,
    written: &[Uuid],
) -> Result<Record, Failure> {
    let mut statement = Statement::new(
        "SELECT r.ins, r.id, r.version, r.updated, r.data, c.id, c.version FROM record r \
         LEFT JOIN consent c ON c.ins = r.ins AND c.actor IN ",
    );
    statement.list(concerning(permit.actor(), permit.depositor_structure()));
    statement.push(" WHERE r.ins = ").bind(ins);
    let rows = conn.query(&statement.text, &statement.values).await?;
    let first = rows.first().ok_or(Failure::Stale)?;
    let mut rights = Vec::with_capacity(rows.len());
    for row in &rows {
        if row.optional_int(6)?.is_some() {
            rights.push((row.uuid(5)?, row.version(6)?));
        }
    }
    let others = |rights: &[(Uuid, u32)]| {
        let mut others = rights.to_vec();
        others.retain(|(id, _)| !written.contains(id));
        others.sort_unstable();
        others
    };
    let record = record(first)?;
    let same = Some((record.id, record.version)) == permit.record_version()
        && others(&rights) == others(permit.rights_stood());
    if same {
        Ok(record)
    } else {
        Err(Failure::Stale)
    }
}
