//! The permit's scope as part of a query: what it does not show is never read, counted nor paged over.

use super::super::conn::{Conn, DbError};
use super::super::schema::micros;
use super::super::statement::Statement;
use super::condition::{PATIENT_SIDE, PERSONS, PROFESSIONALS, Words, kind, of_structure};
use super::entities::leads_to;
use crate::dmp::actor::ActorKind;
use crate::dmp::time::Instant;
use crate::policy::{Ownership, Permit, TraceScope};

/// True when some document of the record is, or was, hidden from the patient's side: only then lines need to be looked at for it.
pub(super) async fn hides_any(conn: &mut Conn<'_>, ins: &str) -> Result<bool, DbError> {
    let sql = "SELECT 1 FROM document d WHERE d.ins = $1 \
               AND (d.hidden_until IS NOT NULL OR d.invisible_representatives = 1) LIMIT 1";
    Ok(!conn.query(sql, &[ins.into()]).await?.is_empty())
}

/// Adds the condition that the permit shows line `j`.
pub(super) fn within<'a>(
    statement: &mut Statement<'a>,
    words: &Words,
    ins: &'a str,
    permit: &'a Permit,
    hides: bool,
    now: Instant,
) {
    match permit.trace_scope() {
        TraceScope::All => {
            statement.push("1 = 1");
        }
        TraceScope::Holder => {
            statement.push("1 = 1");
            if hides {
                statement.push(" AND NOT ");
                concerns_hidden(statement, words, ins, false, now);
            }
            not_missed(statement, words, &PATIENT_SIDE);
        }
        TraceScope::Representative => {
            statement.push(words.open);
            if hides {
                statement.push(" AND NOT ");
                concerns_hidden(statement, words, ins, true, now);
            }
            not_missed(statement, words, &PATIENT_SIDE);
        }
        TraceScope::Own => {
            own(statement, words, permit);
            not_missed(statement, words, &PROFESSIONALS);
        }
    }
}

/// Leaves out what these actors asked for and were told is not there: such a line stands in a record's journal only when it is there
/// and hidden from them, and would tell so.
fn not_missed(statement: &mut Statement<'_>, words: &Words, kinds: &[ActorKind]) {
    statement
        .push(" AND NOT (")
        .push(words.missed)
        .push(" AND ");
    kind(statement, words, kinds);
    statement.push(")");
}

/// Adds the condition that line `j` concerns a document that the patient does not see yet.
pub(super) fn unannounced<'a>(
    statement: &mut Statement<'a>,
    words: &Words,
    ins: &'a str,
    now: Instant,
) {
    concerns_hidden(statement, words, ins, false, now);
}

/// One's own acts: a professional's by his number, an establishment's and its employees' by the structure of the certificate.
fn own<'a>(statement: &mut Statement<'a>, words: &Words, permit: &'a Permit) {
    match permit.ownership() {
        Ownership::Person(id) => {
            kind(statement, words, &PERSONS);
            statement.push(" AND ").push(words.actor);
            statement.push(" = ").bind(id.as_str());
        }
        Ownership::Structure(id) => {
            // A structure that a CPS holder declared gives it no right on his acts.
            kind(
                statement,
                words,
                &[ActorKind::Cpe, ActorKind::Establishment],
            );
            statement.push(" AND ");
            of_structure(statement, words, id.as_str());
        }
        Ownership::Nothing => {
            kind(statement, words, &[ActorKind::Cpe]);
            statement.push(" AND ").push(words.actor);
            statement.push(" = ").bind(permit.actor().as_str());
        }
        // The patient's side reads in other scopes.
        Ownership::PatientSide | Ownership::User(_) => {
            statement.push("1 = 0");
        }
    }
}

/// Adds the condition that an entity of line `j` is a hidden document, its content, or the submission that it came with: whatever
/// names it, by the locator of its id.
fn concerns_hidden<'a>(
    statement: &mut Statement<'a>,
    words: &Words,
    ins: &'a str,
    from_representatives: bool,
    now: Instant,
) {
    leads_to(statement, words);
    for (rank, column) in ["d.id", "d.submission"].into_iter().enumerate() {
        statement.push(if rank == 0 {
            "SELECT "
        } else {
            " UNION ALL SELECT "
        });
        statement
            .push(column)
            .push(" FROM document d WHERE d.ins = ")
            .bind(ins);
        statement.push(" AND (d.hidden_until > ").bind(micros(now));
        if from_representatives {
            statement.push(" OR d.invisible_representatives = 1");
        }
        statement.push(")");
    }
    statement.push("))");
}
