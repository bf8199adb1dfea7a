//! The permit's visibility as part of a query: what is hidden is never read, counted nor paged over.

use super::schema::{micros, status};
use super::statement::Statement;
use super::types::set_id;
use crate::dmp::code::system;
use crate::dmp::document::Availability;
use crate::policy::{Ownership, Visibility};

/// Adds the condition that document `d` may be known. `$1` is the INS key; the set of types is there ([`super::types`]).
pub(super) fn documents<'a>(statement: &mut Statement<'a>, visibility: &'a Visibility) {
    statement
        .push("d.availability <> ")
        .bind(status(Availability::Deleted))
        .push(" AND ");
    known(statement, visibility);
}

/// The same whether it is deleted or not: who could have read a deleted document is told that it is gone (decision X13).
pub(super) fn known<'a>(statement: &mut Statement<'a>, visibility: &'a Visibility) {
    match visibility {
        Visibility::Nothing => {
            statement.push("1 = 0");
        }
        Visibility::Own(ownership) => own(statement, ownership),
        Visibility::Professional {
            ownership,
            types,
            masked,
        } => {
            statement.push("((");
            statement.push(if *masked { "1 = 1" } else { "d.masked = 0" });
            if !types.all {
                statement
                    .push(" AND (")
                    .bind(set_id(types))
                    // A whole table on the right: SQLite seeks in its key, and copies nothing.
                    .push(", d.type_code) IN (SELECT y.id, y.code FROM type_set y)");
            }
            statement.push(") OR ");
            own(statement, ownership);
            statement.push(")");
        }
        Visibility::Patient {
            representative,
            now,
            ..
        } => {
            statement
                .push("(d.hidden_until IS NULL OR d.hidden_until <= ")
                .bind(micros(*now))
                .push(")");
            if *representative {
                statement.push(" AND d.invisible_representatives = 0");
            }
        }
        Visibility::All => {
            statement.push("1 = 1");
        }
    }
}

/// Adds the condition that document `d` is the caller's own.
pub(super) fn own<'a>(statement: &mut Statement<'a>, ownership: &'a Ownership) {
    match ownership {
        Ownership::Person(id) => {
            statement
                .push("(d.depositor = ")
                .bind(id.as_str())
                // Found once for the record, by an index of authors: asked of each document, it would cost more than the search.
                .push(" OR d.id IN (SELECT x.entry FROM attribute x WHERE x.ins = $1 AND x.name = 1 AND x.code = ")
                .bind(id.as_str())
                .push(" AND x.system = ")
                .bind(system::PS_ID_NAT)
                .push("))");
        }
        Ownership::Structure(id) => {
            statement.push("d.depositor_structure = ").bind(id.as_str());
        }
        Ownership::PatientSide => {
            statement.push("d.from_patient = 1");
        }
        Ownership::User(id) => {
            statement.push("d.depositor = ").bind(id.as_str());
        }
        Ownership::Nothing => {
            statement.push("1 = 0");
        }
    }
}

/// Adds the condition that submission or folder `s` may be known: one of its documents may, or it is a submission that the caller
/// deposited.
pub(super) fn submissions<'a>(statement: &mut Statement<'a>, visibility: &'a Visibility) {
    statement.push("(s.id IN (SELECT d.submission FROM document d WHERE d.ins = $1 AND ");
    documents(statement, visibility);
    statement.push(
        ") OR s.id IN (SELECT m.folder FROM folder_member m JOIN document d ON d.ins = m.ins AND d.id = m.document \
         WHERE m.ins = $1 AND ",
    );
    documents(statement, visibility);
    statement.push(") OR s.sent_with IS NULL AND ");
    match visibility {
        Visibility::Own(ownership) | Visibility::Professional { ownership, .. } => {
            deposited_by(statement, ownership);
        }
        Visibility::All => {
            statement.push("1 = 1");
        }
        // The patient's side knows of a submission by its documents.
        Visibility::Nothing | Visibility::Patient { .. } => {
            statement.push("1 = 0");
        }
    }
    statement.push(")");
}

fn deposited_by<'a>(statement: &mut Statement<'a>, ownership: &'a Ownership) {
    match ownership {
        Ownership::Person(id) => statement.push("s.depositor = ").bind(id.as_str()),
        Ownership::Structure(id) => statement.push("s.depositor_structure = ").bind(id.as_str()),
        Ownership::User(id) => statement.push("s.depositor = ").bind(id.as_str()),
        Ownership::PatientSide | Ownership::Nothing => statement.push("1 = 0"),
    };
}
