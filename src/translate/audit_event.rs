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
