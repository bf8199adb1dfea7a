//! A line of the journal, read back into the trace that it was made of.

use serde::Deserialize;
use uuid::Uuid;

use super::kind_name;
use crate::dmp::actor::ActorKind;
use crate::dmp::context::AccessMode;
use crate::dmp::ins::Ins;
use crate::dmp::time::Instant;
use crate::dmp::trace::{Outcome, Trace, TracedAct, TracedActor};

#[derive(Deserialize)]
struct Body {
    id: Uuid,
    at: Instant,
    act: String,
    outcome: String,
    refusal: Option<String>,
    rule: Option<String>,
    matrix: Option<String>,
    actor: Option<BodyActor>,
    mode: String,
    reason: Option<String>,
    #[serde(default)]
    secret: bool,
    #[serde(default)]
    entities: Vec<(String, Uuid)>,
    query: Option<String>,
    request: String,
    traceparent: Option<String>,
}

#[derive(Deserialize)]
struct BodyActor {
    kind: String,
    id: String,
    name: String,
    profession: Option<String>,
    structure: Option<String>,
}

/// Reads a line's body; `patient` is the record of its chain. None for what [`super::line`] never writes.
pub fn read(body: &str, patient: Option<Ins>) -> Option<Trace> {
    let body: Body = serde_json::from_str(body).ok()?;
    let actor = match body.actor {
        None => None,
        Some(actor) => Some(TracedActor {
            kind: ActorKind::ALL
                .into_iter()
                .find(|kind| kind_name(*kind) == actor.kind)?,
            id: actor.id,
            name: actor.name,
            profession: actor.profession,
            structure: actor.structure,
        }),
    };
    Some(Trace {
        id: body.id,
        at: body.at,
        patient,
        actor,
        act: TracedAct::ALL
            .into_iter()
            .find(|act| act.name() == body.act)?,
        outcome: Outcome::ALL
            .into_iter()
            .find(|outcome| outcome.code() == body.outcome)?,
        refusal: body.refusal,
        rule: body.rule,
        matrix: body.matrix,
        mode: AccessMode::from_code(&body.mode)?,
        reason: body.reason,
        secret: body.secret,
        entities: body.entities,
        query: body.query,
        request_id: body.request,
        traceparent: body.traceparent,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]

    use super::*;
    use crate::audit;

    #[test]
    fn every_trace_comes_back_from_its_line() {
        let ins = Ins::from_key("10-279035121518989").expect("INS");
        let least = Trace {
            id: Uuid::from_u128(7),
            at: "2026-11-24T09:30:00.123456789Z".parse().expect("instant"),
            patient: Some(ins.clone()),
            actor: None,
            act: TracedAct::Other,
            outcome: Outcome::Failure,
            refusal: None,
            rule: None,
            matrix: None,
            mode: AccessMode::Normal,
            reason: None,
            secret: false,
            entities: Vec::new(),
            query: None,
            request_id: "r".to_owned(),
            traceparent: None,
        };
        let again = |trace: &Trace| audit::read(&audit::line(trace).body, trace.patient.clone());
        assert_eq!(again(&least), Some(least.clone()));
        for (rank, act) in TracedAct::ALL.into_iter().enumerate() {
            let kind = ActorKind::ALL[rank % ActorKind::ALL.len()];
            let full = Trace {
                actor: Some(TracedActor {
                    kind,
                    id: "899900000001".to_owned(),
                    name: "MARTIN \"Zoé\"".to_owned(),
                    profession: Some("10".to_owned()),
                    structure: Some("10B0000001".to_owned()),
                }),
                act,
                outcome: Outcome::ALL[rank % 4],
                refusal: Some("consent-required".to_owned()),
                rule: Some("CONS-05".to_owned()),
                matrix: Some("2024".to_owned()),
                mode: AccessMode::BrisDeGlace,
                reason: Some("coma".to_owned()),
                secret: true,
                entities: vec![(audit::DOCUMENT.to_owned(), Uuid::from_u128(9))],
                query: Some("status=current".to_owned()),
                traceparent: Some(
                    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned(),
                ),
                ..least.clone()
            };
            assert_eq!(again(&full), Some(full));
        }
        assert_eq!(audit::read("{}", Some(ins)), None);
    }
}
