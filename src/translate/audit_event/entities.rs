//! What an act concerned: the patient, documents, rights, the search, the request.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::super::datatype::ins;
use super::super::datatype::object::Object;
use super::View;
use super::pattern::{Coded, Pattern};
use crate::dmp::trace::{Part, Trace, TraceKey, TracedAct};

const ENTITY_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
const OBJECT_ROLE: &str = "http://terminology.hl7.org/CodeSystem/object-role";

const PERSON: Coded = Coded::new(ENTITY_TYPE, "1", "Person");
const OBJECT: Coded = Coded::new(ENTITY_TYPE, "2", "System Object");
const OTHER: Coded = Coded::new(ENTITY_TYPE, "4", "Other");
const CONSENT: Coded = Coded::bare("http://hl7.org/fhir/resource-types", "Consent");
const REQUEST: Coded = Coded::bare(
    "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType",
    "XrequestId",
);
const PATIENT: Coded = Coded::new(OBJECT_ROLE, "1", "Patient");
const REPORT: Coded = Coded::new(OBJECT_ROLE, "3", "Report");
const RESOURCE: Coded = Coded::new(OBJECT_ROLE, "4", "Domain Resource");
const JOB: Coded = Coded::new(OBJECT_ROLE, "20", "Job");
const QUERY: Coded = Coded::new(OBJECT_ROLE, "24", "Query");
const PROCESSING: Coded = Coded::new(OBJECT_ROLE, "26", "Processing Element");

/// Parameters by which a search names single things: the patient's side may not know of all of them.
const NAMING: [&str; 7] = [
    "_id",
    "identifier",
    "related",
    "relatesto",
    "relationship",
    "entity",
    "entity.identifier",
];

/// Type and role of an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::translate) struct Shape {
    /// `entity.type`
    pub(in crate::translate) kind: Coded,
    /// `entity.role`
    pub(in crate::translate) role: Option<Coded>,
}

impl Shape {
    /// What the traces of an act say of that part; None when they have none.
    pub(in crate::translate) fn of(act: TracedAct, part: Part<'_>) -> Option<Self> {
        let shape = |kind, role| Some(Self { kind, role });
        match part {
            Part::Holder => shape(PERSON, Some(PATIENT)),
            // The profile of an authorisation wants its type, and has no role.
            Part::Thing(_) if act == TracedAct::DeclareConsent => shape(CONSENT, None),
            Part::Thing("List") if act == TracedAct::ProvideBundle => shape(OBJECT, Some(JOB)),
            Part::Thing(_) if act == TracedAct::RetrieveDocument => shape(OBJECT, Some(REPORT)),
            Part::Thing(_) => shape(OBJECT, Some(RESOURCE)),
            Part::Search if Pattern::of(act).searches.is_some() => shape(OBJECT, Some(QUERY)),
            Part::Search => None,
            Part::Request => shape(REQUEST, None),
            Part::Place => shape(OTHER, Some(PROCESSING)),
        }
    }

    /// Gives an entity its type and role.
    fn give(entity: Object, act: TracedAct, part: Part<'_>) -> Object {
        let Some(Self { kind, role }) = Self::of(act, part) else {
            return entity;
        };
        let role = role.as_ref().map(Coded::write);
        entity.put("type", kind.write()).maybe("role", role)
    }
}

/// Every entity of a trace.
pub(super) fn write(trace: &Trace, view: &View, pattern: &Pattern) -> Vec<Value> {
    let act = trace.act;
    let told = |part, what: Value| Shape::give(Object::new().put("what", what), act, part).build();
    let mut entities = vec![told(Part::Holder, patient(trace, view))];
    let named = trace
        .entities
        .iter()
        .filter(|(kind, _)| match kind.as_str() {
            "Patient" => false,
            // A trace that one may not read would be told by the trace of its reading.
            "AuditEvent" => !view.patient_side,
            _ => true,
        });
    entities.extend(named.map(|(kind, id)| concerned(act, view, kind, *id)));
    if let Some(resource) = pattern.searches {
        entities.push(search(trace, view, resource));
    }
    let identified = |part, value: &str| {
        let identifier = Object::new().put("value", value);
        told(part, Object::new().put("identifier", identifier).build())
    };
    if !trace.request_id.is_empty() {
        entities.push(identified(Part::Request, &trace.request_id));
    }
    let place = trace.traceparent.as_deref();
    entities.extend(place.map(|place| identified(Part::Place, place)));
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
    Shape::give(Object::new().put("what", what), act, Part::Thing(kind)).build()
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
    Shape::give(Object::new(), trace.act, Part::Search)
        .put("description", line.as_str())
        .put("query", STANDARD.encode(&line))
        .build()
}
