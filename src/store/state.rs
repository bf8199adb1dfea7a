//! The states of a record: each act that brings or changes documents makes one, in the order of the commits. The pages of a search are
//! all of the state that the first one showed.

use super::conn::{Conn, DbError};
use super::statement::Statement;
use super::visible;
use crate::policy::Visibility;

/// Makes the next state; the acts on a record come one after the other, and its row is locked.
pub(super) async fn next(conn: &mut Conn<'_>, ins: &str) -> Result<i64, DbError> {
    let sql = "UPDATE record SET state = state + 1 WHERE ins = $1 RETURNING state";
    first(conn, sql, ins).await
}

/// The present state, in the snapshot of the caller.
pub(super) async fn present(conn: &mut Conn<'_>, ins: &str) -> Result<i64, DbError> {
    first(conn, "SELECT state FROM record WHERE ins = $1", ins).await
}

async fn first(conn: &mut Conn<'_>, sql: &str, ins: &str) -> Result<i64, DbError> {
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
