//! Rights (TD0.3 and the patient's own decisions): one per record, category, actor and switch, each renewal a new version.

use uuid::Uuid;

use super::conn::{Conn, DbError};
use super::records::{insert_locators, unmoved};
use super::schema::{Kind, micros, stamp};
use super::statement::Statement;
use super::writer::{Act, Done, Failure};
use crate::audit;
use crate::dmp::actor::ActorId;
use crate::dmp::right::{Category, Declaration, Grant, Right};
use crate::dmp::time::Instant;
use crate::dmp::trace::Trace;
use crate::error::Code;
use crate::policy::{Permit, RightScope};

/// The actor of a right that concerns everyone.
pub(super) const EVERYONE: &str = "*";

/// Where a right is kept: its actor, category and switch.
fn place(grant: &Grant) -> (String, &'static str, &'static str) {
    let actor = grant
        .actor()
        .map_or_else(|| EVERYONE.to_owned(), ActorId::key);
    let switch = grant.switch().map_or("", |switch| switch.code());
    (actor, grant.category().code(), switch)
}

/// A declaration, a renewal or a withdrawal.
pub(super) struct Declare {
    pub(super) permit: Permit,
    pub(super) ins: String,
    pub(super) declaration: Declaration,
    pub(super) end: Option<Instant>,
    pub(super) if_match: Option<u32>,
    pub(super) trace: Trace,
}

impl Act for Declare {
    type Output = (Right, bool);

    fn record(&self) -> Option<&str> {
        Some(&self.ins)
    }

    fn trace(&self) -> Option<&Trace> {
        Some(&self.trace)
    }

    async fn run(&self, conn: &mut Conn<'_>) -> Result<Done<Self::Output>, Failure> {
        unmoved(conn, &self.ins, &self.permit).await?;
        let now = held(conn, &self.ins, &self.declaration.grant).await?;
        if self.if_match.is_some() && self.if_match != now.map(|(_, version)| version) {
            return Err(Code::VersionConflict.into());
        }
        let right = self.renewed(now, self.declaration.clone());
        let of_age = self.permit.of_age();
        write(conn, &self.ins, &right, of_age, now.is_none()).await?;
        let mut trace = self.trace.clone();
        trace.entities = vec![(audit::AUTHORISATION.to_owned(), right.id)];
        Ok(Done {
            output: (right, now.is_none()),
            line: Some(audit::line(&trace)),
        })
    }
}

impl Declare {
    /// The next version of a right.
    fn renewed(&self, now: Option<(Uuid, u32)>, declaration: Declaration) -> Right {
        Right {
            id: now.map_or_else(Uuid::new_v4, |(id, _)| id),
            version: now.map_or(1, |(_, version)| version + 1),
            updated: stamp(self.trace.at),
            declared_by: self.permit.actor().as_str().to_owned(),
            start: stamp(self.trace.at),
            end: self.end.map(stamp),
            declaration,
        }
    }
}

/// Id and version of the right that is kept at this place.
async fn held(
    conn: &mut Conn<'_>,
    ins: &str,
    grant: &Grant,
) -> Result<Option<(Uuid, u32)>, DbError> {
    let (actor, category, switch) = place(grant);
    let sql = "SELECT id, version FROM consent WHERE ins = $1 AND actor = $2 AND category = $3 AND switch = $4";
    let values = [ins.into(), (&actor).into(), category.into(), switch.into()];
    match conn.query(sql, &values).await?.first() {
        Some(row) => Ok(Some((row.uuid(0)?, row.version(1)?))),
        None => Ok(None),
    }
}

/// Writes a version of a right. An authorisation given for a minor is to be renewed when he is `of_age` (MIN-10).
async fn write(
    conn: &mut Conn<'_>,
    ins: &str,
    right: &Right,
    of_age: Option<Instant>,
    new: bool,
) -> Result<(), DbError> {
    let access = right.declaration.grant.category() == Category::Access;
    let renewal =
        of_age.filter(|of_age| access && right.declaration.active && right.start < *of_age);
    let body = serde_json::to_string(right).map_err(|_| DbError::Shape)?;
    let (actor, category, switch) = place(&right.declaration.grant);
    let values = [
        ins.into(),
        (&actor).into(),
        category.into(),
        switch.into(),
        (&right.id).into(),
        right.version.into(),
        (&right.declared_by).into(),
        (&body).into(),
        renewal.map(micros).into(),
    ];
    let into = "INSERT INTO consent (ins, actor, category, switch, id, version, declared_by, body, renewal)";
    let renew = "ON CONFLICT (ins, actor, category, switch) DO UPDATE SET version = excluded.version, \
                 declared_by = excluded.declared_by, body = excluded.body, \
                 renewal = excluded.renewal";
    conn.insert(into, values.len(), &values, renew).await?;
    let version = [
        ins.into(),
        (&right.id).into(),
        right.version.into(),
        (&body).into(),
    ];
    let into = "INSERT INTO consent_history (ins, id, version, body)";
    conn.insert(into, version.len(), &version, "").await?;
    if new {
        let locator = [
            (&right.id).into(),
            Kind::Consent.number().into(),
            ins.into(),
            (&right.id).into(),
        ];
        insert_locators(conn, &locator).await?;
    }
    Ok(())
}

/// One right by its id, whoever may know of it: only to compare it with what a write says.
pub(super) async fn by_id(
    conn: &mut Conn<'_>,
    ins: &str,
    id: Uuid,
) -> Result<Option<Right>, DbError> {
    let sql = "SELECT body FROM consent WHERE ins = $1 AND id = $2";
    let rows = conn.query(sql, &[ins.into(), (&id).into()]).await?;
    rows.first().map(|row| row.json(0)).transpose()
}

/// The rights that the permit shows, oldest first.
pub(super) async fn find(
    conn: &mut Conn<'_>,
    ins: &str,
    permit: &Permit,
    id: Option<Uuid>,
) -> Result<Vec<Right>, DbError> {
    let mut statement = Statement::new("SELECT body FROM consent WHERE ins = ");
    statement.bind(ins);
    if permit.right_scope() == RightScope::Concerning {
        let mut actors = vec![permit.actor().key()];
        if let Some(structure) = permit.depositor_structure() {
            actors.push(ActorId::Structure(structure.clone()).key());
        }
        statement.push(" AND (actor IN ").list(actors);
        statement
            .push(" OR declared_by = ")
            .bind(permit.actor().as_str())
            .push(" OR category = ")
            .bind(Category::Emergency.code())
            .push(")");
    }
    if let Some(id) = id {
        statement.push(" AND id = ").bind(id);
    }
    let rows = conn.query(&statement.text, &statement.values).await?;
    let mut found = rows
        .iter()
        .map(|row| row.json(0))
        .collect::<Result<Vec<Right>, _>>()?;
    found.sort_by_key(|right| (right.start, right.id));
    Ok(found)
}
