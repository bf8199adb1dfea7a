//! Rights (TD0.3 and the patient's own decisions): one per record, category, actor and switch, each renewal a new version. A right
//! and what follows from it are one act.

mod effects;
pub(super) mod history;
mod limits;

use std::sync::Arc;

use uuid::Uuid;

use super::Render;
use super::conn::{Conn, DbError};
use super::records::{current_but, insert_locators};
use super::schema::{Kind, micros, stamp};
use super::state::{self, State};
use super::statement::Statement;
use super::writer::{Act, Done, Failure};
use crate::audit;
use crate::dmp::actor::ActorId;
use crate::dmp::change::Expected;
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
    pub(super) if_match: Option<Expected>,
    pub(super) render: Arc<dyn Render>,
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
        let declaration = &self.declaration;
        let now = held(conn, &self.ins, &declaration.grant).await?;
        // One declares again what he declared a moment ago: that is no reason to decide anew.
        let access = match self.implied() {
            Some(access) => held(conn, &self.ins, &access.grant).await?,
            None => None,
        };
        let written: Vec<Uuid> = now.iter().chain(&access).map(|right| right.id).collect();
        current_but(conn, &self.ins, &self.permit, &written).await?;
        let version = now.as_ref().map(|right| right.version);
        if let Some(expected) = &self.if_match
            && !expected.is_met_by(version)
        {
            return Err(Code::VersionConflict.into());
        }
        if now.is_none() && !declaration.active {
            return Err(Code::NotFound.into());
        }
        limits::check(conn, &self.ins, declaration, self.trace.at).await?;
        let end = match declaration.grant {
            Grant::TreatingPhysician { .. } => declaration.until,
            _ => self.end,
        };
        let state = state::next(conn, &self.ins, self.trace.at).await?;
        let right = self.renewed(now.as_ref(), declaration.clone(), end, state);
        self.keep(conn, &right).await?;
        let mut written = vec![right.id];
        written.extend(self.follow(conn, access, state).await?);
        let mut trace = self.trace.clone();
        let named = written
            .into_iter()
            .map(|id| (audit::AUTHORISATION.to_owned(), id));
        trace.entities = named.collect();
        Ok(Done {
            output: (right, now.is_none()),
            line: Some(audit::line(&trace)),
        })
    }
}

impl Declare {
    async fn keep(&self, conn: &mut Conn<'_>, right: &Right) -> Result<(), DbError> {
        write(conn, &self.ins, right, self.permit.of_age()).await
    }

    /// The next version of a right. A withdrawal leaves its period as it was.
    fn renewed(
        &self,
        now: Option<&Right>,
        declaration: Declaration,
        end: Option<Instant>,
        state: State,
    ) -> Right {
        let at = stamp(self.trace.at);
        let kept = now.filter(|_| !declaration.active);
        Right {
            id: now.map_or_else(Uuid::new_v4, |right| right.id),
            version: now.map_or(1, |right| right.version + 1),
            updated: state.at,
            declared_by: self.permit.actor().as_str().to_owned(),
            start: kept.map_or(at, |right| right.start),
            end: kept.map_or(end.map(stamp), |right| right.end),
            declaration,
        }
    }
}

/// The right that is kept at the place of this one.
async fn held(conn: &mut Conn<'_>, ins: &str, grant: &Grant) -> Result<Option<Right>, DbError> {
    let (actor, category, switch) = place(grant);
    let sql =
        "SELECT body FROM consent WHERE ins = $1 AND actor = $2 AND category = $3 AND switch = $4";
    let values = [ins.into(), (&actor).into(), category.into(), switch.into()];
    let rows = conn.query(sql, &values).await?;
    rows.first().map(|row| row.json(0)).transpose()
}

/// Writes a version of a right. An authorisation given for a minor is to be renewed when he is `of_age` (MIN-10).
async fn write(
    conn: &mut Conn<'_>,
    ins: &str,
    right: &Right,
    of_age: Option<Instant>,
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
    if right.version == 1 {
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

/// An earlier version of a right.
pub(super) async fn version(
    conn: &mut Conn<'_>,
    ins: &str,
    id: Uuid,
    version: u32,
) -> Result<Option<Right>, DbError> {
    let sql = "SELECT body FROM consent_history WHERE ins = $1 AND id = $2 AND version = $3";
    let values = [ins.into(), (&id).into(), version.into()];
    let rows = conn.query(sql, &values).await?;
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
