//! What an act concerned: the patient, documents, rights, the search, the request.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::super::datatype::ins;
use super::super::datatype::object::Object;
use super::View;
use super::pattern::{Coded, Pattern};
use crate::dmp::trace::{Trace, TraceKey, TracedAct};

const ENTITY_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
const OBJECT_ROLE: &str = "http://terminology.hl7.org/CodeSystem/object-role";

const PERSON: Coded = Coded::new(ENTITY_TYPE, "1", "Person");
const OBJECT: Coded = Coded::new(ENTITY_TYPE, "2", "System Object");
const OTHER: Coded = Coded::new(ENTITY_TYPE, "4", "Other");
const PATIENT: Coded = Coded::new(OBJECT_ROLE, "1", "Patient");
const REPORT: Coded = Coded::new(OBJECT_ROLE, "3", "Report");
const RESOURCE: Coded = Coded::new(OBJECT_ROLE, "4", "Domain Resource");
const JOB: Coded = Coded::new(OBJECT_ROLE, "20", "Job");
const QUERY: Coded = Coded::new(OBJECT_ROLE, "24", "Query");
const PROCESSING: Coded = Coded::new(OBJECT_ROLE, "26", "Processing Element");

/// Parameters by which a search names single things: the patient's side may not know of all of them.
const NAMING: [&str; 5] = ["_id", "identifier", "related", "relatesto", "entity"];

/// Every entity of a trace.
pub(super) fn write(trace: &Trace, view: &View, pattern: &Pattern) -> Vec<Value> {
    let person = Object::new()
        .put("what", patient(trace, view))
        .put("type", PERSON.write())
        .put("role", PATIENT.write());
    let mut entities = vec![person.build()];
    let named = trace
        .entities
        .iter()
        .filter(|(kind, _)| match kind.as_str() {
            "Patient" => false,
            // A trace that one may not read would be told by the trace of its reading.
            "AuditEvent" => !view.patient_side,
            _ => true,
        });
    entities.extend(named.map(|(kind, id)| concerned(trace.act, view, kind, *id)));
    if let Some(resource) = pattern.searches {
        entities.push(search(trace, view, resource));
    }
    let request = Object::new().put("value", trace.request_id.as_str());
    let request_id = Coded::bare(
        "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType",
        "XrequestId",
    );
    if !trace.request_id.is_empty() {
        let request = Object::new()
            .put("what", Object::new().put("identifier", request))
            .put("type", request_id.write());
        entities.push(request.build());
    }
    if let Some(traceparent) = &trace.traceparent {
        let place = Object::new().put("value", traceparent.as_str());
        let place = Object::new()
            .put("what", Object::new().put("identifier", place))
            .put("type", OTHER.write())
            .put("role", PROCESSING.write());
        entities.push(place.build());
    }
    entities
}

/// A reference to the patient.
pub(super) fn patient(trace: &Trace, view: &View) -> Value {
    Object::new()
        .put("reference", format!("Patient/{}", view.record))
        .put("type", "Patient")
        .maybe("identifier", trace.patient.as_ref().map(ins::write))
        .build()
}

fn concerned(act: TracedAct, view: &View, kind: &str, id: uuid::Uuid) -> Value {
    let target = match kind {
        "AuditEvent" => {
            let record = view.record;
            format!("{kind}/{}", TraceKey { trace: id, record })
        }
        _ => format!("{kind}/{id}"),
    };
    let what = Object::new().put("reference", target).put("type", kind);
    let entity = Object::new().put("what", what);
    if act == TracedAct::DeclareConsent {
        let consent = Coded::bare("http://hl7.org/fhir/resource-types", "Consent");
        return entity.put("type", consent.write()).build();
    }
    let role = match (act, kind) {
        (TracedAct::ProvideBundle, "List") => JOB,
        (TracedAct::RetrieveDocument, _) => REPORT,
        _ => RESOURCE,
    };
    entity
        .put("type", OBJECT.write())
        .put("role", role.write())
        .build()
}

/// The search, without who it is about.
fn search(trace: &Trace, view: &View, resource: &str) -> Value {
    let shown = |parameter: &&str| {
        let name = parameter.split(['=', ':']).next().unwrap_or_default();
        !(view.patient_side && NAMING.contains(&name))
    };
    let parameters: Vec<&str> = trace
        .query
        .iter()
        .flat_map(|query| query.split('&'))
        .filter(shown)
        .collect();
    let line = format!("{resource}?{}", parameters.join("&"));
    Object::new()
        .put("type", OBJECT.write())
        .put("role", QUERY.write())
        .put("description", line.as_str())
        .put("query", STANDARD.encode(&line))
        .build()
}
