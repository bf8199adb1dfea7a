//! The states of a record: each act that brings or changes something that is found by `_lastUpdated` makes one, in the order of the
//! commits. The pages of a search are all of the state that the first one showed.

use super::conn::{Conn, DbError};
use super::schema::micros;
use super::statement::Statement;
use super::visible;
use crate::dmp::time::Instant;
use crate::policy::Visibility;

/// What an act makes of its record.
#[derive(Debug, Clone, Copy)]
pub(super) struct State {
    pub(super) number: i64,
    /// The `updated` of whatever the act changes: when it was asked for, but always in a later millisecond than what was committed
    /// before it. FHIR tells times to the millisecond.
    pub(super) at: Instant,
}

/// Makes the next state, for an act asked for at `at`; the acts on a record come one after the other, and its row is locked.
pub(super) async fn next(conn: &mut Conn<'_>, ins: &str, at: Instant) -> Result<State, DbError> {
    let sql = "UPDATE record SET state = state + 1, changed = CASE WHEN $1 / 1000 > changed / 1000 THEN $1 \
               ELSE (changed / 1000 + 1) * 1000 END WHERE ins = $2 RETURNING state, changed";
    let rows = conn.query(sql, &[micros(at).into(), ins.into()]).await?;
    let row = rows.first().ok_or(DbError::Shape)?;
    Ok(State {
        number: row.int(0)?,
        at: row.instant(1)?,
    })
}

/// The present state, in the snapshot of the caller.
pub(super) async fn present(conn: &mut Conn<'_>, ins: &str) -> Result<i64, DbError> {
    let sql = "SELECT state FROM record WHERE ins = $1";
    let rows = conn.query(sql, &[ins.into()]).await?;
    rows.first().ok_or(DbError::Shape)?.int(0)
}

/// What a document is found by, and never changes.
const KEPT: &str = "d.ins, d.id, d.submission, d.position, d.deposited, d.created_start, d.created_end, d.began_start, d.began_end, \
    d.ended_start, d.ended_end, d.unique_id, d.depositor, d.depositor_structure, d.type_code, d.type_system, d.class_code, \
    d.class_system, d.format_code, d.format_system, d.facility_code, d.facility_system, d.practice_code, d.practice_system, \
    d.from_patient, ";

/// Adds the documents of a record, as `d`: as they are, or as they were in that state. A version that was replaced
/// since is there when its document may still be known; what else may be known is asked of its own labels. `$1` is the INS key.
pub(super) fn documents<'a>(
    statement: &mut Statement<'a>,
    ins: &'a str,
    state: Option<i64>,
    visibility: &'a Visibility,
) {
    let Some(state) = state else {
        statement.push("document d WHERE d.ins = ").bind(ins);
        return;
    };
    let changing = "version, updated, availability, masked, hidden_until, invisible_representatives, entry_uuid";
    let of = |alias: &str| format!("{alias}.{}", changing.replace(", ", &format!(", {alias}.")));
    statement.push("(SELECT ").push(KEPT).push(&of("d"));
    statement.push(" FROM document d WHERE d.ins = ").bind(ins);
    statement.push(" AND d.since <= ").bind(state);
    statement
        .push(" UNION ALL SELECT ")
        .push(KEPT)
        .push(&of("v"));
    statement.push(" FROM document_version v JOIN document d ON d.ins = v.ins AND d.id = v.id");
    statement
        .push(" WHERE v.ins = $1 AND v.since <= ")
        .bind(state);
    statement.push(" AND v.until > ").bind(state).push(" AND ");
    visible::documents(statement, visibility);
    statement.push(") d WHERE d.ins = $1");
}
