//! The journal's own words: the canonical line of a trace, and the hash that chains it to the line before (rules TRC-01, TRC-05).
//!
//! `hash(n) = SHA-256(hash(n-1) ‖ n ‖ body(n))`, with `hash(0) = SHA-256(key of the chain)`. A line's place is part of its
//! hash, so the body is written before its place is known, outside of the writer.

mod read;
mod verify;

use openssl::sha::Sha256;
use serde::Serialize;

use crate::dmp::actor::ActorKind;
use crate::dmp::trace::{Outcome, Trace, TracedAct};
use crate::error::Error;

pub use read::read;
pub use verify::{Chain, Head, Kept, Verdict};

/// A link of the chain.
pub type Hash = [u8; 32];

/// The chain of acts that name no record.
pub const NO_RECORD: &str = "-";

/// Type of a document among the entities of a trace.
pub const DOCUMENT: &str = "DocumentReference";
/// Type of a submission.
pub const SUBMISSION: &str = "List";
/// Type of a content, named only when it is not there.
pub const CONTENT: &str = "Binary";
/// Type of an authorisation.
pub const AUTHORISATION: &str = "Consent";
/// Type of a vaccination.
pub const VACCINATION: &str = "Immunization";
/// Type of a record.
pub const RECORD: &str = "Patient";

/// Type of a trace, when traces are read.
pub const TRACE: &str = "AuditEvent";

/// A line on its way into the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its chain: the INS key, or [`NO_RECORD`].
    pub chain: String,
    /// Canonical JSON of the trace, without the INS.
    pub body: String,
}

#[derive(Serialize)]
struct Body<'a> {
    id: uuid::Uuid,
    at: crate::dmp::time::Instant,
    act: &'static str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    matrix: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<BodyActor<'a>>,
    mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "is_false")]
    secret: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    entities: &'a [(String, uuid::Uuid)],
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<&'a str>,
    request: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<&'a str>,
}

#[derive(Serialize)]
struct BodyActor<'a> {
    kind: &'static str,
    id: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    profession: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    structure: Option<&'a str>,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// The canonical line of a trace: keys in a fixed order, absent ones left out, no blank, no INS.
pub fn line(trace: &Trace) -> Line {
    let body = Body {
        id: trace.id,
        at: trace.at,
        act: trace.act.name(),
        outcome: trace.outcome.code(),
        refusal: trace.refusal.as_deref(),
        rule: trace.rule.as_deref(),
        matrix: trace.matrix.as_deref(),
        actor: trace.actor.as_ref().map(|actor| BodyActor {
            kind: kind_name(actor.kind),
            id: &actor.id,
            name: &actor.name,
            profession: actor.profession.as_deref(),
            structure: actor.structure.as_deref(),
        }),
        mode: trace.mode.code(),
        reason: trace.reason.as_deref(),
        secret: trace.secret,
        entities: &trace.entities,
        query: trace.query.as_deref(),
        request: &trace.request_id,
        traceparent: trace.traceparent.as_deref(),
    };
    Line {
        chain: trace
            .patient
            .as_ref()
            .map_or_else(|| NO_RECORD.to_owned(), crate::dmp::ins::Ins::key),
        // Strings, ids and booleans: nothing in there can fail to be written.
        body: serde_json::to_string(&body).unwrap_or_default(),
    }
}

/// Turns a prepared trace into that of a refusal.
pub fn refuse(trace: &mut Trace, error: &Error) {
    trace.outcome = match error.status() {
        401 | 403 | 404 => Outcome::Refused,
        500.. => Outcome::Failure,
        _ => Outcome::ClientError,
    };
    trace.refusal = Some(error.code().as_str().to_owned());
    trace.rule = error.rule().map(str::to_owned).or(trace.rule.take());
}

/// Where a chain starts: bound to its record, so that a whole chain can't be given to another one.
pub fn genesis(chain: &str) -> Hash {
    openssl::sha::sha256(chain.as_bytes())
}

/// The hash of a line at its place.
pub fn link(previous: &Hash, seq: i64, body: &str) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(previous);
    hasher.update(&seq.to_be_bytes());
    hasher.update(body.as_bytes());
    hasher.finish()
}

/// The name of a kind of actor in the journal.
pub fn kind_name(kind: ActorKind) -> &'static str {
    match kind {
        ActorKind::Cps => "cps",
        ActorKind::Cpf => "cpf",
        ActorKind::Cpe => "cpe",
        ActorKind::Establishment => "establishment",
        ActorKind::Holder => "holder",
        ActorKind::Representative => "representative",
        ActorKind::Caregiver => "caregiver",
        ActorKind::System => "system",
    }
}

/// The documents that a line says were deposited.
pub fn deposited(body: &str) -> Vec<uuid::Uuid> {
    #[derive(serde::Deserialize)]
    struct Seen {
        outcome: String,
        #[serde(default)]
        entities: Vec<(String, uuid::Uuid)>,
    }
    let deposits = [TracedAct::ProvideBundle, TracedAct::SimplifiedPublish];
    // Most lines are reads: a look at the text spares them the parsing.
    if !deposits
        .iter()
        .any(|act| body.contains(&format!("\"act\":\"{}\"", act.name())))
    {
        return Vec::new();
    }
    match serde_json::from_str::<Seen>(body) {
        Ok(seen) if seen.outcome == Outcome::Success.code() => seen
            .entities
            .into_iter()
            .filter(|(kind, _)| kind == DOCUMENT)
            .map(|(_, id)| id)
            .collect(),
        _ => Vec::new(),
    }
}
