//! Declared authorisations (TD0.3): one per record and holder, each renewal a new version.

use uuid::Uuid;

use super::conn::{Conn, DbError};
use super::records::{insert_locators, unmoved};
use super::schema::{Kind, stamp};
use super::statement::Statement;
use super::writer::{Act, Done, Failure};
use crate::audit;
use crate::dmp::actor::ActorId;
use crate::dmp::authorisation::{Authorisation, Declaration};
use crate::dmp::time::Instant;
use crate::dmp::trace::Trace;
use crate::error::Code;
use crate::policy::Permit;

/// The holder in the table: persons and structures are told apart.
pub(super) fn holder_key(holder: &ActorId) -> String {
    match holder {
        ActorId::Person(id) => format!("P:{id}"),
        ActorId::Structure(id) => format!("S:{id}"),
    }
}

/// A declaration, a renewal or a withdrawal.
pub(super) struct Declare {
    pub(super) permit: Permit,
    pub(super) ins: String,
    pub(super) declaration: Declaration,
    pub(super) end: Instant,
    pub(super) if_match: Option<u32>,
    pub(super) trace: Trace,
}

impl Act for Declare {
    type Output = (Authorisation, bool);

    fn record(&self) -> Option<&str> {
        Some(&self.ins)
    }

    fn trace(&self) -> Option<&Trace> {
        Some(&self.trace)
    }

    async fn run(&self, conn: &mut Conn<'_>) -> Result<Done<Self::Output>, Failure> {
        unmoved(conn, &self.ins, &self.permit).await?;
        let holder = holder_key(&self.declaration.holder);
        let sql = "SELECT id, version FROM authorisation WHERE ins = $1 AND holder = $2";
        let rows = conn
            .query(sql, &[(&self.ins).into(), (&holder).into()])
            .await?;
        let now = match rows.first() {
            Some(row) => Some((row.uuid(0)?, row.version(1)?)),
            None => None,
        };
        if self.if_match.is_some() && self.if_match != now.map(|(_, version)| version) {
            return Err(Code::VersionConflict.into());
        }
        let authorisation = Authorisation {
            id: now.map_or_else(Uuid::new_v4, |(id, _)| id),
            version: now.map_or(1, |(_, version)| version + 1),
            updated: stamp(self.trace.at),
            declared_by: self.permit.actor().as_str().to_owned(),
            start: stamp(self.trace.at),
            end: stamp(self.end),
            declaration: self.declaration.clone(),
        };
        self.write(conn, &holder, &authorisation, now.is_none())
            .await?;
        let mut trace = self.trace.clone();
        trace.entities = vec![(audit::AUTHORISATION.to_owned(), authorisation.id)];
        Ok(Done {
            output: (authorisation, now.is_none()),
            line: Some(audit::line(&trace)),
        })
    }
}

impl Declare {
    async fn write(
        &self,
        conn: &mut Conn<'_>,
        holder: &str,
        authorisation: &Authorisation,
        new: bool,
    ) -> Result<(), DbError> {
        let body = serde_json::to_string(authorisation).map_err(|_| DbError::Shape)?;
        let values = [
            (&self.ins).into(),
            holder.into(),
            (&authorisation.id).into(),
            authorisation.version.into(),
            (&authorisation.declared_by).into(),
            (&body).into(),
        ];
        let into = "INSERT INTO authorisation (ins, holder, id, version, declared_by, body)";
        let renew = "ON CONFLICT (ins, holder) DO UPDATE SET version = excluded.version, \
                     declared_by = excluded.declared_by, body = excluded.body";
        conn.insert(into, values.len(), &values, renew).await?;
        let version = [
            (&self.ins).into(),
            (&authorisation.id).into(),
            authorisation.version.into(),
            (&body).into(),
        ];
        let into = "INSERT INTO authorisation_history (ins, id, version, body)";
        conn.insert(into, version.len(), &version, "").await?;
        if new {
            let locator = [
                (&authorisation.id).into(),
                Kind::Consent.number().into(),
                (&self.ins).into(),
                (&authorisation.id).into(),
            ];
            insert_locators(conn, &locator).await?;
        }
        Ok(())
    }
}

/// The holder of one authorisation.
pub(super) async fn holder(
    conn: &mut Conn<'_>,
    ins: &str,
    id: Uuid,
) -> Result<Option<ActorId>, DbError> {
    let sql = "SELECT body FROM authorisation WHERE ins = $1 AND id = $2";
    let rows = conn.query(sql, &[ins.into(), (&id).into()]).await?;
    let held: Option<Authorisation> = rows.first().map(|row| row.json(0)).transpose()?;
    Ok(held.map(|held| held.declaration.holder))
}

/// The authorisations that the caller holds (an employee's structure included) or declared, oldest first.
pub(super) async fn find(
    conn: &mut Conn<'_>,
    ins: &str,
    permit: &Permit,
    id: Option<Uuid>,
) -> Result<Vec<Authorisation>, DbError> {
    let mut holders = vec![holder_key(permit.actor())];
    if let Some(structure) = permit.depositor_structure() {
        holders.push(holder_key(&ActorId::Structure(structure.clone())));
    }
    let mut statement = Statement::new("SELECT body FROM authorisation WHERE ins = ");
    statement.bind(ins).push(" AND (holder IN ").list(holders);
    statement
        .push(" OR declared_by = ")
        .bind(permit.actor().as_str())
        .push(")");
    if let Some(id) = id {
        statement.push(" AND id = ").bind(id);
    }
    let rows = conn.query(&statement.text, &statement.values).await?;
    let mut found = rows
        .iter()
        .map(|row| row.json(0))
        .collect::<Result<Vec<Authorisation>, _>>()?;
    found.sort_by_key(|authorisation| (authorisation.start, authorisation.id));
    Ok(found)
}
