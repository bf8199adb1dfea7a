//! A FHIR document → the DocumentReference that it would be published with: what its Composition says, and what the resources that
//! this leads to say. What the model has no place for stays in the document, so nothing of it is told as lost.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::super::Reading;
use super::super::datatype::coding;
use super::super::datatype::ins::is_ins_system;
use super::super::findings::{Findings, Weight};
use super::super::wire::Node;
use crate::tables::terminology::List;

const CONFIDENTIALITY: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";

/// What of a person or an organisation the model carries; the elements that stand once there, whatever R4 says.
const CARRIED: [(&str, &[&str], &[&str]); 6] = [
    ("Practitioner", &["identifier"], &["name"]),
    ("PractitionerRole", &["identifier"], &["code", "specialty"]),
    ("Organization", &["identifier", "name"], &[]),
    ("Device", &["identifier", "type"], &["deviceName"]),
    ("Patient", &["identifier", "gender", "birthDate"], &["name"]),
    ("RelatedPerson", &["identifier"], &["name"]),
];

/// References from one of them to another.
const LINKS: [&str; 4] = [
    "practitioner",
    "organization",
    "owner",
    "managingOrganization",
];

/// Writes it, with the media type that the document is kept under. `document` is a Bundle whose first entry is a Composition.
pub(super) fn reference(document: &Value, media_type: &str, reading: &Reading) -> Value {
    let nothing = Value::Null;
    let own = document.pointer("/entry/0/resource").unwrap_or(&nothing);
    let mut made = Making {
        resources: by_url(document),
        composition: own,
        contained: Vec::new(),
        ids: HashMap::new(),
    };
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

struct Making<'a> {
    /// By their URLs, as written and below any base.
    resources: HashMap<&'a str, &'a Value>,
    composition: &'a Value,
    contained: Vec<Value>,
    /// Where in the document a contained resource comes from → its id.
    ids: HashMap<*const Value, String>,
}

impl<'a> Making<'a> {
    /// The resource of the document that a reference leads to.
    fn resolve(&self, to: &Value) -> Option<&'a Value> {
        let reference = text(to, "reference")?;
        if let Some(id) = reference.strip_prefix('#') {
            let mut contained = items(self.composition, "contained");
            return contained.find(|one| text(one, "id") == Some(id));
        }
        self.resources.get(reference).copied()
    }

    /// A reference to a party as a DocumentReference has it: to a contained resource, or by identifier and label.
    fn party(&mut self, to: &Value) -> Option<Value> {
        self.linked(to, true)
    }

    /// The same; what it leads to is followed once more, and no further.
    fn linked(&mut self, to: &Value, further: bool) -> Option<Value> {
        if let Some(resource) = self.resolve(to) {
            let id = self.contain(resource, further)?;
            return Some(json!({"reference": format!("#{id}")}));
        }
        let logical = to.get("identifier").is_some() || to.get("display").is_some();
        let kept: &[&str] = match logical {
            true => &["type", "identifier", "display"],
            // It can't be followed, and that is told where it is read.
            false => &["reference"],
        };
        Some(only(to, kept))
    }

    /// The same for who signs, of whom the model keeps the person alone.
    fn person(&mut self, to: &Value) -> Option<Value> {
        let role = self.resolve(to);
        let role =
            role.filter(|resource| text(resource, "resourceType") == Some("PractitionerRole"));
        match role.and_then(|role| role.get("practitioner")) {
            Some(practitioner) => self.party(practitioner),
            None => self.party(to),
        }
    }

    /// The id of a contained resource with what the model carries of it.
    fn contain(&mut self, resource: &'a Value, further: bool) -> Option<String> {
        if let Some(id) = self.ids.get(&std::ptr::from_ref(resource)) {
            return Some(id.clone());
        }
        let kind = text(resource, "resourceType")?;
        let (_, all, once) = CARRIED.iter().find(|(known, ..)| *known == kind)?;
        let id = format!("p{}", self.ids.len() + 1);
        self.ids.insert(std::ptr::from_ref(resource), id.clone());
        let mut kept = Map::new();
        kept.insert("resourceType".into(), kind.into());
        kept.insert("id".into(), id.clone().into());
        for name in *all {
            kept.extend(
                resource
                    .get(name)
                    .map(|value| ((*name).to_owned(), value.clone())),
            );
        }
        for name in *once {
            let first = items(resource, name).next().map(|one| match *name {
                "name" => only(one, &["use", "text", "family", "given"]),
                "deviceName" => only(one, &["name", "type"]),
                _ => first_coding(one).unwrap_or_else(|| one.clone()),
            });
            kept.extend(first.map(|first| ((*name).to_owned(), json!([first]))));
        }
        for name in LINKS.into_iter().filter(|_| further) {
            let linked = resource.get(name).and_then(|to| self.linked(to, false));
            kept.extend(linked.map(|to| (name.to_owned(), to)));
        }
        self.contained.push(Value::Object(kept));
        Some(id)
    }

    /// The patient as the document knows him, with all his names.
    fn source_patient(&mut self, patient: &'a Value) -> String {
        let mut kept = only(patient, &["identifier", "gender", "birthDate"]);
        let names = items(patient, "name")
            .filter(|name| matches!(text(name, "use"), None | Some("official" | "usual")))
            .map(|name| only(name, &["use", "text", "family", "given"]));
        let names: Vec<_> = names.collect();
        if let Value::Object(members) = &mut kept {
            members.insert("resourceType".into(), json!("Patient"));
            members.insert("id".into(), json!("source"));
            members.extend(list(names).map(|names| ("name".to_owned(), names)));
        }
        self.contained.push(kept);
        "#source".to_owned()
    }

    /// By the INS of the reference, else of the Patient that it leads to.
    fn subject(&self, patient: Option<&Value>) -> Option<Value> {
        let direct = self.composition.get("subject")?.get("identifier");
        let of_patient = patient.into_iter().flat_map(|one| items(one, "identifier"));
        let mut all = direct.into_iter().chain(of_patient);
        let ins = all.find(|id| is_ins_system(text(id, "system").unwrap_or_default()))?;
        Some(json!({"identifier": only(ins, &["system", "value"])}))
    }

    /// Codings that may tell where the act took place: of the encounter, its place and its establishment, of the authors' roles and
    /// organisations, and of the custodian.
    fn places(&self, encounter: Option<&'a Value>) -> Vec<&'a Value> {
        let mut concepts = Vec::new();
        let mut organizations = Vec::new();
        if let Some(encounter) = encounter {
            concepts.extend(encounter.get("serviceType"));
            let places =
                items(encounter, "location").filter_map(|at| self.resolve(at.get("location")?));
            concepts.extend(places.flat_map(|place| items(place, "type")));
            organizations.extend(
                encounter
                    .get("serviceProvider")
                    .and_then(|to| self.resolve(to)),
            );
        }
        for author in items(self.composition, "author").filter_map(|to| self.resolve(to)) {
            concepts.extend(items(author, "specialty"));
            organizations.push(author);
            let linked = LINKS
                .iter()
                .filter_map(|name| self.resolve(author.get(*name)?));
            organizations.extend(linked);
        }
        let custodian = self.composition.get("custodian");
        organizations.extend(custodian.and_then(|to| self.resolve(to)));
        let organizations = organizations
            .into_iter()
            .filter(|one| text(one, "resourceType") == Some("Organization"));
        concepts.extend(organizations.flat_map(|one| items(one, "type")));
        let codings = concepts
            .into_iter()
            .flat_map(|concept| items(concept, "coding"));
        codings.collect()
    }
}

/// The resources of the document by `fullUrl`, and by `Type/id` where that ends so.
fn by_url(document: &Value) -> HashMap<&str, &Value> {
    let mut found = HashMap::new();
    for entry in items(document, "entry") {
        let (Some(url), Some(resource)) = (text(entry, "fullUrl"), entry.get("resource")) else {
            continue;
        };
        found.entry(url).or_insert(resource);
        let id = url.rfind('/').and_then(|end| url.get(..end));
        let kind = id.and_then(|above| above.rfind('/'));
        if let Some(below) = kind.and_then(|start| url.get(start + 1..)) {
            found.entry(below).or_insert(resource);
        }
    }
    found
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
