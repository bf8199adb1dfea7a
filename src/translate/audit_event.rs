//! A trace → AuditEvent, by the patterns of IHE BALP and of MHD's audit profiles.

mod agents;
mod entities;
mod pattern;

use serde_json::Value;
use uuid::Uuid;

use super::Reading;
use super::datatype::object::Object;
use super::datatype::urls::ours;
use crate::dmp::code::system;
use crate::dmp::context::AccessMode;
use crate::dmp::time::Timestamp;
use crate::dmp::trace::{Outcome, Trace, TraceKey, TracedAct};

pub(in crate::translate) use entities::Shape;
pub(in crate::translate) use pattern::{Coded, Pattern, transaction};

const TRE_R248: &str = "https://mos.esante.gouv.fr/NOS/TRE_R248-ModeAcces/FHIR/TRE-R248-ModeAcces";
const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";

/// How a trace is to be shown.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// Resource id of the record.
    pub record: Uuid,
    /// It concerns a document that the patient does not see yet (ANN-04).
    pub unannounced: bool,
    /// The patient, or who acts for him, reads: what a trace says of things that he may not know of is left out.
    pub patient_side: bool,
}

/// Every code that a trace's subtype may have in the system of the DMP's transactions, once, sorted.
pub fn transactions() -> Vec<&'static str> {
    let mut codes: Vec<_> = TracedAct::ALL.into_iter().map(transaction).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// Writes a trace.
pub fn write(trace: &Trace, view: &View, reading: &Reading) -> Value {
    let pattern = Pattern::of(trace.act);
    let mut subtype: Vec<Value> = pattern.subtypes.iter().map(Coded::write).collect();
    let transaction = Object::new()
        .put("system", ours::DMP_TRANSACTION)
        .put("code", transaction(trace.act));
    subtype.push(transaction.build());
    Object::resource("AuditEvent")
        .put("id", key(trace, view).to_string())
        .put("meta", meta(trace, view, &pattern, reading))
        .put("type", pattern.kind.write())
        .put("subtype", subtype)
        .put("action", pattern.action)
        .put("recorded", Timestamp::from_instant(trace.at).to_fhir())
        .put("outcome", trace.outcome.code())
        .maybe("outcomeDesc", described(trace))
        .put(
            "purposeOfEvent",
            vec![purpose(trace.mode, trace.reason.as_deref())],
        )
        .put("agent", agents::write(trace, view, &pattern, reading))
        .put("source", agents::source(reading))
        .put("entity", entities::write(trace, view, &pattern))
        .build()
}

/// The id of a trace outside.
fn key(trace: &Trace, view: &View) -> TraceKey {
    TraceKey {
        trace: trace.id,
        record: view.record,
    }
}

fn meta(trace: &Trace, view: &View, pattern: &Pattern, reading: &Reading) -> Value {
    // The profiles of BALP fix the outcome to success, and want a user and what he read.
    let whole = trace.outcome == Outcome::Success
        && trace.actor.is_some()
        && !(view.patient_side && trace.act == TracedAct::ReadTrace);
    let labels = [
        (trace.secret, "INVISIBLE_REPRESENTANTS_LEGAUX"),
        (view.unannounced, "INVISIBLE_PATIENT"),
    ];
    let visibility = reading.tables.systems.url_of(system::VISIBILITY);
    let security = labels
        .iter()
        .filter(|(applies, _)| *applies)
        .map(|(_, code)| {
            Object::new()
                .put("system", visibility.as_str())
                .put("code", *code)
                .build()
        });
    let profile = pattern.profile.filter(|_| whole);
    Object::new()
        .put("versionId", "1")
        .put("lastUpdated", Timestamp::from_instant(trace.at).to_fhir())
        .maybe("profile", profile.map(|profile| vec![Value::from(profile)]))
        .put("security", security.collect::<Vec<_>>())
        .build()
}

/// The refusal by its stable code, and the rule and matrix that decided.
fn described(trace: &Trace) -> Option<String> {
    let rule = trace.rule.as_ref().map(|rule| match &trace.matrix {
        Some(matrix) => format!("{rule}, matrix {matrix}"),
        None => rule.clone(),
    });
    match (&trace.refusal, rule) {
        (Some(refusal), Some(rule)) => Some(format!("{refusal} ({rule})")),
        (Some(refusal), None) => Some(refusal.clone()),
        (None, rule) => rule,
    }
}

/// An access mode, in the words of the DMP and of HL7.
pub(in crate::translate) fn purposes(mode: AccessMode) -> [Coded; 2] {
    let reason = match mode {
        AccessMode::Normal => "TREAT",
        AccessMode::BrisDeGlace => "BTG",
        AccessMode::Centre15 => "ETREAT",
    };
    [
        Coded::bare(TRE_R248, mode.code()),
        Coded::bare(ACT_REASON, reason),
    ]
}

/// An access mode, with the reason that was given.
fn purpose(mode: AccessMode, reason: Option<&str>) -> Value {
    let coding: Vec<Value> = purposes(mode).iter().map(Coded::write).collect();
    Object::new()
        .put("coding", coding)
        .maybe("text", reason)
        .build()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use crate::dmp::actor::ActorKind;
    use crate::dmp::context::{Environment, Validation};
    use crate::dmp::ins::Ins;
    use crate::dmp::trace::TracedActor;
    use crate::tables::Tables;

    fn trace(act: TracedAct, kind: ActorKind) -> Trace {
        Trace {
            id: Uuid::from_u128(7),
            at: "2026-11-24T09:30:00Z".parse().expect("instant"),
            patient: Some(Ins::from_key("10-279035121518989").expect("INS")),
            actor: Some(TracedActor {
                kind,
                id: "https://portail.example|sub-1".to_owned(),
                name: "Zoé Martin".to_owned(),
                profession: None,
                structure: Some("10B0000003".to_owned()),
            }),
            act,
            outcome: Outcome::Success,
            refusal: None,
            rule: None,
            matrix: None,
            mode: AccessMode::Normal,
            reason: None,
            secret: false,
            entities: Vec::new(),
            query: None,
            request_id: String::new(),
            traceparent: None,
        }
    }

    fn shown(trace: &Trace, patient_side: bool) -> Value {
        let tables = Tables::built_in();
        let reading = Reading {
            tables: &tables,
            environment: Environment::Test,
            validation: Validation::Guide,
            base_url: "https://h/fhir",
        };
        let view = View {
            record: Uuid::from_u128(8),
            unannounced: false,
            patient_side,
        };
        write(trace, &view, &reading)
    }

    fn user(resource: &Value) -> &Value {
        let agents = resource["agent"].as_array().expect("agents");
        let user = agents.iter().find(|agent| agent["requestor"] == true);
        &user.expect("a user")["who"]
    }

    #[test]
    fn the_side_of_the_patient_acts_under_its_own_names() {
        let by = |kind| shown(&trace(TracedAct::ReadDocument, kind), true);
        let holder = by(ActorKind::Holder);
        let patient = "Patient/00000000-0000-0000-0000-000000000008";
        assert_eq!(user(&holder)["reference"], patient);
        assert_eq!(
            holder["agent"][0]["who"]["identifier"]["value"], "10B0000003",
            "the portal"
        );
        for kind in [ActorKind::Representative, ActorKind::Caregiver] {
            let written = by(kind);
            assert_eq!(user(&written)["type"], "RelatedPerson");
            assert_eq!(
                user(&written)["identifier"]["system"],
                "https://portail.example"
            );
            assert_eq!(user(&written)["identifier"]["value"], "sub-1");
            assert_eq!(written["entity"][0]["what"]["reference"], patient);
        }
        let system = by(ActorKind::System);
        assert_eq!(user(&system)["type"], "Device");
        assert_eq!(user(&system), &system["source"]["observer"]);
    }

    /// What names a trace or a document that the patient may not know of: left out for him, there for a médecin traitant.
    #[test]
    fn the_side_of_the_patient_is_not_told_what_others_named() {
        let search = Trace {
            query: Some(
                "identifier=urn:oid:1.2.3&_id:not=x&entity=DocumentReference/1&status=current"
                    .to_owned(),
            ),
            ..trace(TracedAct::SearchDocuments, ActorKind::Cps)
        };
        let line = |patient_side| shown(&search, patient_side)["entity"][1]["description"].clone();
        assert_eq!(line(true), "DocumentReference?status=current");
        assert!(line(false).as_str().unwrap().contains("1.2.3"));

        let read = Trace {
            entities: vec![("AuditEvent".to_owned(), Uuid::from_u128(5))],
            ..trace(TracedAct::ReadTrace, ActorKind::Cps)
        };
        let named = "AuditEvent/0000000000000000000000000000000500000000000000000000000000000008";
        assert_eq!(shown(&read, false)["entity"][1]["what"]["reference"], named);
        let to_patient = shown(&read, true);
        assert!(!to_patient.to_string().contains("AuditEvent/"));
        assert!(to_patient["meta"].get("profile").is_none());
    }
}
