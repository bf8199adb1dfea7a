//! What a line of the journal tells of, as part of a query.

use uuid::Uuid;

use super::super::statement::Statement;
use super::condition::Words;
use crate::audit;
use crate::dmp::query::DocumentKey;
use crate::dmp::trace::{EntityKey, Part, TracedAct};
use crate::policy::Permit;

/// Adds the condition that line `j` concerns that thing.
pub(super) fn is<'a>(
    statement: &mut Statement<'a>,
    words: &Words,
    record: Option<Uuid>,
    of: &'a str,
    id: Uuid,
) {
    if of == audit::RECORD {
        // Every trace here concerns the record.
        statement.push(if Some(id) == record { "1 = 1" } else { "1 = 0" });
        return;
    }
    named(statement, words, of);
    statement.push(" AND ").push(words.entity);
    statement.push(" = ").bind(id.to_string()).push(")");
}

/// Adds the condition that something of line `j` has that identifier.
pub(super) fn has<'a>(
    statement: &mut Statement<'a>,
    words: &Words,
    (permit, ins): (&Permit, &'a str),
    key: &'a EntityKey,
) {
    let mut equals = |part: &str, value: &'a str| {
        statement.push(part).push(" = ").bind(value);
    };
    match key {
        EntityKey::Request(id) => equals(words.request, id),
        EntityKey::Place(place) => equals(words.place, place),
        EntityKey::Holder(holder) => {
            let is = permit.patient() == Some(holder);
            statement.push(if is { "1 = 1" } else { "1 = 0" });
        }
        EntityKey::Thing(key) => thing(statement, words, ins, key),
    }
}

/// Begins the condition that an entity of line `j` leads to one of these, by the locator of its id.
pub(super) fn leads_to(statement: &mut Statement<'_>, words: &Words) {
    statement
        .push("EXISTS (SELECT 1 FROM ")
        .push(words.entities);
    statement
        .push(" JOIN locator l ON l.id = ")
        .push(words.entity_bytes);
    statement.push(" WHERE l.target IN (");
}

/// A document, submission or folder of that identifier, by the locator of whatever names it.
fn thing<'a>(statement: &mut Statement<'a>, words: &Words, ins: &'a str, key: &'a DocumentKey) {
    statement
        .push("EXISTS (SELECT 1 FROM ")
        .push(words.entities);
    statement
        .push(" JOIN locator l ON l.id = ")
        .push(words.entity_bytes);
    statement.push(" WHERE l.target IN (");
    for (rank, table) in ["document", "submission"].into_iter().enumerate() {
        statement.push(if rank == 0 { "" } else { " UNION ALL " });
        statement.push("SELECT t.id FROM ").push(table);
        statement.push(" t WHERE t.ins = ").bind(ins).push(" AND ");
        match key {
            DocumentKey::Unique(id) => statement.push("t.unique_id = ").bind(id.to_string()),
            DocumentKey::Id(id) => statement.push("t.id = ").bind(id),
            DocumentKey::Uuid(id) => statement
                .push("(t.entry_uuid = ")
                .bind(id)
                .push(" OR t.unique_id = ")
                .bind(id.to_string())
                .push(")"),
        };
    }
    // An entryUUID that a document had before stays among its identifiers.
    if let DocumentKey::Uuid(id) = key {
        statement.push(" UNION ALL SELECT v.id FROM document_version v WHERE v.ins = ");
        statement.bind(ins).push(" AND v.entry_uuid = ").bind(id);
    }
    statement.push("))");
}

/// Adds the condition that line `j` is of one of these acts and tells of that part.
pub(super) fn are_told<'a>(
    statement: &mut Statement<'a>,
    words: &Words,
    permit: &Permit,
    told: &'a [(TracedAct, Part<'static>)],
) {
    let mut parts: Vec<Part<'static>> = Vec::new();
    for (_, part) in told {
        if !parts.contains(part) {
            parts.push(*part);
        }
    }
    let patient_side = permit.actor_kind().is_patient_side();
    statement.push("(1 = 0");
    for part in parts {
        let acts = told.iter().filter(|(_, other)| *other == part);
        let acts: Vec<_> = acts.map(|(act, _)| act.name()).collect();
        statement.push(" OR (");
        if acts.len() < TracedAct::ALL.len() {
            statement.push(words.act).push(" IN ").list(acts);
            statement.push(" AND ");
        }
        match part {
            Part::Holder | Part::Search => statement.push("1 = 1"),
            // A trace that one may not read would be told by the trace of its reading.
            Part::Thing(audit::TRACE) if patient_side => statement.push("1 = 0"),
            Part::Thing(of) => {
                named(statement, words, of);
                statement.push(")")
            }
            Part::Request => statement.push(words.request).push(" <> ''"),
            Part::Place => statement.push(words.place).push(" IS NOT NULL"),
        };
        statement.push(")");
    }
    statement.push(")");
}

/// Begins the condition that an entity of line `j` is of that type.
fn named<'a>(statement: &mut Statement<'a>, words: &Words, of: &'a str) {
    statement
        .push("EXISTS (SELECT 1 FROM ")
        .push(words.entities);
    statement.push(" WHERE ").push(words.entity_type);
    statement.push(" = ").bind(of);
}
