//! A condition on a line of the journal as part of a query, and the words that each database has for its parts.

use super::super::conn::Conn;
use super::super::statement::Statement;
use super::entities;
use crate::audit::kind_name;
use crate::dmp::actor::ActorKind;
use crate::dmp::query::{Comparison, TimeBound};
use crate::dmp::time::Instant;
use crate::dmp::trace::{AgentKey, TraceCondition};
use crate::policy::Permit;

/// Where the parts of a line `j` are. What is not there is null.
pub(super) struct Words {
    /// `FROM` and the beginning of `WHERE`, up to the INS key.
    pub(super) from: &'static str,
    /// When: texts of one form, which compare as the times do. A line's head has one form too, so that no JSON is read for it.
    pub(super) at: &'static str,
    pub(super) id: &'static str,
    pub(super) act: &'static str,
    pub(super) outcome: &'static str,
    pub(super) mode: &'static str,
    pub(super) kind: &'static str,
    pub(super) actor: &'static str,
    pub(super) structure: &'static str,
    /// True but for secret connections: within a text the quotes would be escaped.
    pub(super) open: &'static str,
    /// True for what was asked for and not found; the same holds of the quotes.
    pub(super) missed: &'static str,
    /// The entities `e`, and of one of them its type and its id as text and as bytes.
    pub(super) entities: &'static str,
    pub(super) entity_type: &'static str,
    pub(super) entity: &'static str,
    pub(super) entity_bytes: &'static str,
    pub(super) request: &'static str,
    pub(super) place: &'static str,
}

static SQLITE: Words = Words {
    from: " FROM journal j WHERE j.ins = ",
    at: "substr(j.body, 52, instr(substr(j.body, 52, 31), 'Z') - 1)",
    id: "json_extract(j.body, '$.id')",
    act: "json_extract(j.body, '$.act')",
    outcome: "json_extract(j.body, '$.outcome')",
    mode: "json_extract(j.body, '$.mode')",
    kind: "json_extract(j.body, '$.actor.kind')",
    actor: "json_extract(j.body, '$.actor.id')",
    structure: "json_extract(j.body, '$.actor.structure')",
    open: "instr(j.body, '\"secret\":true') = 0",
    missed: "instr(j.body, '\"refusal\":\"not-found\"') > 0",
    entities: "json_each(j.body, '$.entities') e",
    entity_type: "json_extract(e.value, '$[0]')",
    entity: "json_extract(e.value, '$[1]')",
    entity_bytes: "unhex(replace(json_extract(e.value, '$[1]'), '-', ''))",
    request: "json_extract(j.body, '$.request')",
    place: "json_extract(j.body, '$.traceparent')",
};

static POSTGRES: Words = Words {
    // The offset has the text parsed once for each line.
    from: " FROM journal j CROSS JOIN LATERAL (SELECT j.body::jsonb AS b OFFSET 0) x WHERE j.ins = ",
    at: "split_part(substr(j.body, 52, 31), 'Z', 1) COLLATE \"C\"",
    id: "(x.b ->> 'id')",
    act: "(x.b ->> 'act')",
    outcome: "(x.b ->> 'outcome')",
    mode: "(x.b ->> 'mode')",
    kind: "(x.b -> 'actor' ->> 'kind')",
    actor: "(x.b -> 'actor' ->> 'id')",
    structure: "(x.b -> 'actor' ->> 'structure')",
    open: "strpos(j.body, '\"secret\":true') = 0",
    missed: "strpos(j.body, '\"refusal\":\"not-found\"') > 0",
    entities: "jsonb_array_elements(x.b -> 'entities') AS e(v)",
    entity_type: "(e.v ->> 0)",
    entity: "(e.v ->> 1)",
    entity_bytes: "decode(replace(e.v ->> 1, '-', ''), 'hex')",
    request: "(x.b ->> 'request')",
    place: "(x.b ->> 'traceparent')",
};

impl Words {
    pub(super) fn of(conn: &Conn<'_>) -> &'static Self {
        match conn {
            Conn::Sqlite(_) => &SQLITE,
            Conn::Postgres(_) => &POSTGRES,
        }
    }
}

/// A time as [`Words::at`] has it.
pub(super) fn text(at: Instant) -> String {
    let mut text = at.to_string();
    text.truncate(text.trim_end_matches('Z').len());
    text
}

/// Adds a condition on the lines of a permit's record, whose INS key comes with it.
pub(super) fn on<'a>(
    statement: &mut Statement<'a>,
    words: &Words,
    (permit, ins): (&'a Permit, &'a str),
    condition: &'a TraceCondition,
) {
    let record = permit.record_version().map(|(record, _)| record);
    let mut among = |part: &str, values: Vec<String>| {
        statement.push(part).push(" IN ").list(values);
    };
    match condition {
        TraceCondition::Key(keys) => {
            let ours = keys.iter().filter(|key| Some(key.record) == record);
            among(words.id, ours.map(|key| key.trace.to_string()).collect());
        }
        TraceCondition::Act(acts) => {
            let names = acts.iter().map(|act| act.name().to_owned());
            among(words.act, names.collect());
        }
        TraceCondition::Outcome(outcomes) => {
            let codes = outcomes.iter().map(|outcome| outcome.code().to_owned());
            among(words.outcome, codes.collect());
        }
        TraceCondition::Mode(modes) => {
            let codes = modes.iter().map(|mode| mode.code().to_owned());
            among(words.mode, codes.collect());
        }
        TraceCondition::At(bounds) => any(statement, bounds, |statement, bound| {
            time(statement, words, bound);
        }),
        TraceCondition::Agent(agents) => any(statement, agents, |statement, agent| {
            acted(statement, words, permit, agent);
        }),
        TraceCondition::Entity(entities) => any(statement, entities, |statement, (kind, id)| {
            entities::is(statement, words, record, kind, *id);
        }),
        TraceCondition::Identifier(keys) => any(statement, keys, |statement, key| {
            entities::has(statement, words, (permit, ins), key);
        }),
        TraceCondition::Tells(told) => entities::are_told(statement, words, permit, told),
    }
}

/// Alternatives in brackets; none of them is a condition that nothing meets.
pub(super) fn any<'a, T>(
    statement: &mut Statement<'a>,
    alternatives: &'a [T],
    mut each: impl FnMut(&mut Statement<'a>, &'a T),
) {
    statement.push("(1 = 0");
    for alternative in alternatives {
        statement.push(" OR ");
        each(statement, alternative);
    }
    statement.push(")");
}

/// FHIR comparison of an instant with a span.
fn time(statement: &mut Statement<'_>, words: &Words, bound: &TimeBound) {
    let (from, to) = (text(bound.start), text(bound.end));
    let mut side = |operator: &str, value: String| {
        statement.push(words.at).push(operator).bind(value);
    };
    match bound.comparison {
        Comparison::Less | Comparison::EndsBefore => side(" < ", from),
        Comparison::Greater | Comparison::StartsAfter => side(" >= ", to),
        Comparison::LessOrEqual => side(" < ", to),
        Comparison::GreaterOrEqual => side(" >= ", from),
        Comparison::Equal | Comparison::Approximately => {
            statement.push("(").push(words.at).push(" >= ").bind(from);
            statement.push(" AND ").push(words.at).push(" < ").bind(to);
            statement.push(")");
        }
        Comparison::NotEqual => {
            statement.push("(").push(words.at).push(" < ").bind(from);
            statement.push(" OR ").push(words.at).push(" >= ").bind(to);
            statement.push(")");
        }
    }
}

/// Adds the condition that the actor is of one of these kinds.
pub(super) fn kind(statement: &mut Statement<'_>, words: &Words, kinds: &[ActorKind]) {
    statement.push(words.kind).push(" IN ");
    statement.list(kinds.iter().map(|kind| kind_name(*kind)));
}

pub(super) const PERSONS: [ActorKind; 3] = [ActorKind::Cps, ActorKind::Cpf, ActorKind::Cpe];
pub(super) const PROFESSIONALS: [ActorKind; 4] = [
    ActorKind::Cps,
    ActorKind::Cpf,
    ActorKind::Cpe,
    ActorKind::Establishment,
];
pub(super) const PATIENT_SIDE: [ActorKind; 3] = [
    ActorKind::Holder,
    ActorKind::Representative,
    ActorKind::Caregiver,
];

fn acted<'a>(statement: &mut Statement<'a>, words: &Words, permit: &Permit, agent: &'a AgentKey) {
    let holder = |statement: &mut Statement<'a>, is: bool| {
        statement.push(if is { "" } else { "1 = 0 AND " });
        kind(statement, words, &[ActorKind::Holder]);
    };
    statement.push("(");
    match agent {
        AgentKey::Person(id) => {
            kind(statement, words, &PERSONS);
            statement
                .push(" AND ")
                .push(words.actor)
                .push(" = ")
                .bind(id);
        }
        AgentKey::Structure(id) => {
            // That of the portal too, when somebody acts through one.
            statement.push(words.structure).push(" = ").bind(id);
            statement.push(" OR (");
            kind(statement, words, &PROFESSIONALS);
            statement.push(" AND ").push(words.actor);
            statement.push(" = ").bind(id).push(")");
        }
        AgentKey::User(issuer, subject) => {
            kind(statement, words, &PATIENT_SIDE);
            statement.push(" AND ").push(words.actor);
            statement.push(" = ").bind(format!("{issuer}|{subject}"));
        }
        AgentKey::Any(id) => {
            statement.push(words.actor).push(" = ").bind(id);
            statement.push(" OR ").push(words.structure);
            statement.push(" = ").bind(id).push(" OR ");
            holder(
                statement,
                permit.patient().is_some_and(|ins| ins.value() == id),
            );
        }
        AgentKey::Holder(id) => {
            let record = permit.record_version().map(|(record, _)| record);
            holder(statement, record == Some(*id));
        }
        AgentKey::Ins(ins) => holder(statement, permit.patient() == Some(ins)),
        AgentKey::Ours => {
            statement.push("1 = 1");
        }
    }
    statement.push(")");
}

/// Adds the condition that a structure acted: an establishment, or who holds its card.
pub(super) fn of_structure<'a>(statement: &mut Statement<'a>, words: &Words, id: &'a str) {
    statement
        .push("(")
        .push(words.structure)
        .push(" = ")
        .bind(id);
    statement
        .push(" OR ")
        .push(words.actor)
        .push(" = ")
        .bind(id);
    statement.push(")");
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]
    use uuid::Uuid;

    use super::*;
    use crate::audit;
    use crate::dmp::context::AccessMode;
    use crate::dmp::trace::{Outcome, Trace, TracedAct};

    #[test]
    fn times_compare_as_their_texts() {
        let texts = [
            "2026-11-24T09:30:00Z",
            "2026-11-24T09:30:00.000000001Z",
            "2026-11-24T09:30:00.1Z",
            "2026-11-24T09:30:00.10005Z",
            "2026-11-24T09:30:01Z",
            "2026-11-25T00:00:00Z",
        ]
        .map(|at| text(at.parse().expect("instant")));
        assert!(texts.is_sorted(), "{texts:?}");
        assert_eq!(texts[0], "2026-11-24T09:30:00");
    }

    #[test]
    fn the_time_of_a_line_stands_at_one_place() {
        let at: Instant = "2026-11-24T09:30:00.123456789Z".parse().expect("instant");
        let trace = Trace {
            id: Uuid::from_u128(7),
            at,
            patient: None,
            actor: None,
            act: TracedAct::Other,
            outcome: Outcome::Refused,
            refusal: None,
            rule: None,
            matrix: None,
            mode: AccessMode::Normal,
            reason: None,
            secret: true,
            entities: Vec::new(),
            query: Some("\"secret\":true".to_owned()),
            request_id: String::new(),
            traceparent: None,
        };
        let secret = audit::line(&trace).body;
        assert_eq!(secret.get(51..80), Some(text(at).as_str()));
        assert!(secret.contains("\"secret\":true"));
        let open = audit::line(&Trace {
            secret: false,
            ..trace
        });
        assert!(!open.body.contains("\"secret\":true"));
    }
}
