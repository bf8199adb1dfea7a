//! A FHIR document → the DocumentReference that it would be published with: what its Composition says, and what the resources that
//! this leads to say. What the model has no place for stays in the document, so nothing of it is told as lost.

mod parties;

use serde_json::{Map, Value, json};

use super::super::Reading;
use super::super::datatype::coding;
use super::super::findings::{Findings, Weight};
use super::super::wire::Node;
use crate::tables::terminology::List;
use parties::Making;

const CONFIDENTIALITY: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";

/// Writes it, with the media type that the document is kept under. `document` is a Bundle whose first entry is a Composition.
pub(super) fn reference(document: &Value, media_type: &str, reading: &Reading) -> Value {
    let nothing = Value::Null;
    let own = document.pointer("/entry/0/resource").unwrap_or(&nothing);
    let mut made = Making::of(document, own);
    let encounter = own.get("encounter").and_then(|to| made.resolve(to));
    let authors: Vec<_> = items(own, "author")
        .filter_map(|to| made.party(to))
        .collect();
    let mut attesters = items(own, "attester");
    let legal = attesters.find(|attester| text(attester, "mode") == Some("legal"));
    let authenticator = legal.and_then(|attester| made.person(attester.get("party")?));
    let custodian = own.get("custodian").and_then(|to| made.party(to));
    let patient = own.get("subject").and_then(|to| made.resolve(to));
    let source = patient.map(|patient| json!({"reference": made.source_patient(patient)}));
    let places = made.places(encounter);
    let identifier = document.get("identifier").or(own.get("identifier"));
    let confidentiality = text(own, "confidentiality")
        .map(|code| json!([{"coding": [{"system": CONFIDENTIALITY, "code": code}]}]));
    let mut events = items(own, "event");
    let period = events.find_map(|event| event.get("period"));
    let period = period.or(encounter.and_then(|encounter| encounter.get("period")));
    let codes = items(own, "event").flat_map(|event| items(event, "code"));
    let codes: Vec<_> = codes.filter_map(first_coding).collect();
    let tags = [own, document]
        .into_iter()
        .filter_map(|one| one.get("meta"));
    let tags = tags.flat_map(|meta| items(meta, "tag"));
    let language = text(own, "language").or(text(document, "language"));
    let context = object([
        ("event", list(codes)),
        (
            "period",
            period.map(|period| only(period, &["start", "end"])),
        ),
        (
            "facilityType",
            bound(places.iter().copied(), List::FacilityType, reading),
        ),
        (
            "practiceSetting",
            bound(places.iter().copied(), List::PracticeSetting, reading),
        ),
        ("sourcePatientInfo", source),
    ]);
    let attachment = object([
        ("contentType", Some(json!(media_type))),
        ("language", language.map(Value::from)),
        ("title", own.get("title").cloned()),
        ("creation", own.get("date").cloned()),
    ]);
    let content = object([
        ("attachment", attachment),
        (
            "format",
            bound(tags, List::Format, reading)
                .and_then(|format| format.pointer("/coding/0").cloned()),
        ),
    ]);
    object([
        ("resourceType", Some(json!("DocumentReference"))),
        ("contained", list(std::mem::take(&mut made.contained))),
        ("masterIdentifier", identifier.map(unique)),
        ("status", Some(json!("current"))),
        (
            "type",
            own.get("type").map(|kind| of_the_matrix(kind, reading)),
        ),
        ("subject", made.subject(patient)),
        ("author", list(authors)),
        ("authenticator", authenticator),
        ("custodian", custodian),
        (
            "relatesTo",
            list(items(own, "relatesTo").map(relation).collect()),
        ),
        ("securityLabel", confidentiality),
        ("content", content.map(|content| json!([content]))),
        ("context", context),
    ])
    .unwrap_or_default()
}

/// The first coding of a list of the DMP, as a concept.
fn bound<'v>(
    codings: impl Iterator<Item = &'v Value>,
    of: List,
    reading: &Reading,
) -> Option<Value> {
    let known = reading.tables.terminology.list(of);
    let mut codings = codings.map(|coding| only(coding, &["system", "code", "display"]));
    let is_known = |coding: &Value| {
        let mut aside = Findings::new(reading);
        let code = coding::read(Node::root(coding), Weight::Detail, &mut aside, reading);
        code.is_some_and(|code| known.contains(&code))
    };
    let found = codings.find(is_known)?;
    Some(json!({"coding": [found]}))
}

/// A type under the one of its codings that the matrix knows.
fn of_the_matrix(kind: &Value, reading: &Reading) -> Value {
    bound(items(kind, "coding"), List::Type, reading)
        .or_else(|| first_coding(kind))
        .unwrap_or_else(|| kind.clone())
}

/// A concept with one coding, or its text.
fn first_coding(concept: &Value) -> Option<Value> {
    match items(concept, "coding").next() {
        Some(first) => Some(json!({"coding": [only(first, &["system", "code", "display"])]})),
        None => concept.get("text").map(|text| json!({"text": text})),
    }
}

fn unique(identifier: &Value) -> Value {
    let mut id = only(identifier, &["system", "value"]);
    if let Value::Object(members) = &mut id {
        members.insert("use".into(), json!("usual"));
    }
    id
}

fn relation(told: &Value) -> Value {
    let by_id = told
        .get("targetIdentifier")
        .map(|id| only(id, &["system", "value"]));
    let target = match (by_id, told.get("targetReference")) {
        (Some(id), _) => Some(json!({"identifier": id})),
        (None, target) => target.map(|to| only(to, &["reference", "identifier"])),
    };
    object([("code", told.get("code").cloned()), ("target", target)]).unwrap_or_default()
}

fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name)?.as_str()
}

fn items<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn list(items: Vec<Value>) -> Option<Value> {
    (!items.is_empty()).then_some(Value::Array(items))
}

/// These members of an object.
fn only(value: &Value, names: &[&str]) -> Value {
    let kept = names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), value.get(*name)?.clone())));
    Value::Object(kept.collect())
}

/// An object of what there is; None of nothing.
fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Option<Value> {
    let there = members
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let there: Map<_, _> = there.collect();
    (!there.is_empty()).then_some(Value::Object(there))
}
