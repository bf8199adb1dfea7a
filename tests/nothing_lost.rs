//! Whatever R4 lets a client send is kept or named, and there is no third case: each resource that is written, with one more element
//! at each of its places and one other value for each of its values.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(missing_docs, unreachable_pub, dead_code)]

#[path = "nothing_lost/elements.rs"]
mod elements;
#[path = "deposit/fixture.rs"]
mod fixture;
#[path = "roundtrip/generate.rs"]
mod generate;

use elements::changes;
use fixture::{DOCUMENT, cda, deposit, physician, reading, set, traits};
use passerelle::dmp::actor::{Actor, ActorId, ActorKind, Mandate, PortalUser};
use passerelle::dmp::context::Validation::Guide;
use passerelle::dmp::document::Availability;
use passerelle::dmp::ins::{Ins, InsRoot};
use passerelle::dmp::record::{Closure, IdentityStatus, Notices, Record, RecordData, RecordState};
use passerelle::dmp::right::{Basis, Declaration, Grant, Right, Switch};
use passerelle::error::{Error, Issue};
use passerelle::translate::bundle::DeclaredSubmission;
use passerelle::translate::deposit::{Depositor, prepare, prepare_from_patient};
use passerelle::translate::patient::View;
use passerelle::translate::{
    bundle, consent, document_reference, immunization, patch, patient, wire,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// What a write makes of a resource: what is kept, as text, and what is told.
type Made = Result<(String, Vec<Issue>), Error>;

fn is_in(inner: &str, outer: &str) -> bool {
    let rest = inner.strip_prefix(outer);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// An extension is told by its URL where its absence would be told so: by its position then.
fn placed(path: &str, resource: &Value) -> String {
    let Some((before, rest)) = path.split_once(".extension('") else {
        return plain(path);
    };
    let (url, after) = rest.split_once("')").unwrap();
    let mut all = resource["extension"].as_array().into_iter().flatten();
    let rank = all.position(|extension| extension["url"] == url);
    match rank {
        Some(rank) if !before.contains('.') => format!("{before}.extension[{rank}]{after}"),
        _ => path.to_owned(),
    }
}

/// A choice of names is told as one: `name.where(use='official')`.
fn plain(path: &str) -> String {
    path.replace(".name.where(use='official')", ".name[0].use")
}

/// A place is named by an issue of its own, of what is inside it, or of what it is in; the whole resource is no place.
fn names(issue: &Issue, resource: &Value, path: &str, told_before: bool) -> bool {
    let told = placed(issue.expression.as_deref().unwrap_or_default(), resource);
    let told = told.as_str();
    (told.contains('.') && is_in(path, told)) || (!told_before && is_in(told, path))
}

/// What R4 leaves to the server when it makes a resource (R4 §3.1.0.8), and what names an entry inside its Bundle only.
fn is_assigned(path: &str) -> bool {
    let resource = path.strip_suffix(".id").unwrap_or_default();
    let of_a_resource = !resource.contains('.') || resource.ends_with(".resource");
    (path.ends_with(".id") && of_a_resource) || path.ends_with(".fullUrl")
}

/// The places of a resource where something was neither kept nor named.
fn lost(name: &str, resource: &Value, make: impl Fn(&Value) -> Made) -> Vec<String> {
    let kind = resource["resourceType"].as_str().unwrap();
    assert_eq!(wire::check(resource, kind, kind), [], "{name}");
    let (kept, told) = make(resource).unwrap_or_else(|error| panic!("{name}: {:?}", error.issues));
    let (again, _) = make(resource).unwrap();
    assert!(kept == again, "{name}");
    let mut places = Vec::new();
    for changed in changes(resource) {
        let form = wire::check(&changed.resource, kind, kind);
        if !form.is_empty() {
            continue;
        }
        let (now, issues) = match make(&changed.resource) {
            Ok((now, issues)) => (Some(now), issues),
            Err(error) => (None, error.issues),
        };
        // What a document's own header says otherwise is told where the reference stands, or the bytes; what another method does not
        // take is told where it stands.
        let is_told_elsewhere = changed.path.contains(".contained[")
            || [".data", ".request.method"]
                .iter()
                .any(|end| changed.path.ends_with(end));
        let is_named = issues.iter().any(|issue| {
            let told_before = told.contains(issue);
            names(issue, &changed.resource, &changed.path, told_before)
                || (is_told_elsewhere && !told_before)
        });
        let is_kept = now.is_some_and(|now| now != kept);
        if !is_named && !is_kept && !is_assigned(&changed.path) {
            places.push(format!("{name}: {}", changed.path));
        }
    }
    places
}

fn prepared(declared: DeclaredSubmission) -> Made {
    let structure = "10B0000002".parse().unwrap();
    let actor = physician(false);
    let depositor = Depositor {
        actor: &actor,
        structure: Some(&structure),
        traits: &traits(),
    };
    let now = "2024-06-12T08:30:00Z".parse().unwrap();
    let (submission, told) = prepare(declared, &depositor, false, now, &reading(Guide))?;
    Ok((serde_json::to_string(&submission).unwrap(), told))
}

fn bundled(resource: &Value) -> Made {
    prepared(bundle::read(resource, &reading(Guide))?)
}

fn simplified(resource: &Value) -> Made {
    let (kept, told) = prepared(document_reference::read_simplified(
        resource,
        &reading(Guide),
    )?)?;
    // The submission is the server's, with ids of its own each time.
    let mut kept: Value = serde_json::from_str(&kept).unwrap();
    Ok((kept["documents"].take().to_string(), told))
}

fn entry(n: u8, resource: Value) -> Value {
    json!({"fullUrl": format!("urn:uuid:00000000-0000-4000-8000-00000000000{n}"),
        "request": {"method": "POST", "url": resource["resourceType"]}, "resource": resource})
}

/// With the identifiers that the server would make.
fn identified(mut bundle: Value) -> Value {
    let id = |last: u8| json!([{"use": "usual", "system": "urn:ietf:rfc:3986", "value": format!("urn:oid:1.2.250.1.999.8.{last}")}]);
    set(&mut bundle, "/entry/0/resource/identifier", id(1));
    set(
        &mut bundle,
        "/entry/0/resource/title",
        json!("Consultation"),
    );
    set(
        &mut bundle,
        "/entry/0/resource/note",
        json!([{"text": "Une note"}]),
    );
    let subject = bundle["entry"][0]["resource"]["subject"].clone();
    let folder = json!({
        "resourceType": "List",
        "extension": [{"url": "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-designationType",
            "valueCodeableConcept": {"coding": [{"system": "urn:oid:1.2.250.1.213.2.2", "code": "04"}]}}],
        "identifier": id(2),
        "status": "current", "mode": "working", "title": "Suivi",
        "code": {"coding": [{"system": "https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes", "code": "folder"}]},
        "subject": subject,
        "date": "2026-06-01T10:00:00+02:00",
        "note": [{"text": "Trois mois"}],
        "entry": [
            {"item": {"reference": "urn:uuid:00000000-0000-4000-8000-000000000002"}},
            {"item": {"type": "DocumentReference", "identifier": {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.250.1.999.1.9"}}},
        ],
    });
    bundle["entry"]
        .as_array_mut()
        .unwrap()
        .push(entry(4, folder));
    bundle
}

/// A file that the server wraps: everything is declared.
fn file() -> Value {
    let bytes = b"%PDF-1.4\n%%EOF\n";
    let mut bundle = deposit(bytes);
    let document = bundle.pointer_mut(DOCUMENT).unwrap();
    document["content"][0]["attachment"]["contentType"] = json!("application/pdf");
    document["content"][0]["format"]["code"] = json!("urn:ihe:iti:xds-sd:pdf:2008");
    document["description"] = json!("Un commentaire");
    document["context"]["event"] =
        json!([{"coding": [{"system": "urn:oid:1.2.3", "code": "E1", "display": "Acte"}]}]);
    document["context"]["related"] = json!([{"identifier": {
        "type": {"coding": [{"system": "urn:ietf:rfc:3986", "code": "urn:ihe:iti:xds:2013:accession"}]},
        "system": "urn:oid:1.2.250.1.999.7", "value": "A42"}}]);
    document["relatesTo"] = json!([{"code": "transforms", "target": {"type": "DocumentReference",
        "identifier": {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.250.1.999.1.8"}}}]);
    document["contained"][2]["code"] =
        json!([{"coding": [{"system": "urn:oid:1.2.250.1.213.1.1.4.2.280", "code": "PRELV"}]}]);
    document["contained"][2]["specialty"] =
        json!([{"coding": [{"system": "urn:oid:1.2.250.1.213.1.1.4.5", "code": "G15_10/SM26"}]}]);
    document["contained"][3]["name"][0]["family"] = json!("PAT-AUTRE");
    document["contained"][3]["identifier"] =
        json!([{"system": "urn:oid:1.2.250.1.999.2", "value": "IPP42"}]);
    set(
        &mut bundle,
        "/entry/2/resource/contentType",
        json!("application/pdf"),
    );
    let entries = bundle["entry"].as_array_mut().unwrap();
    let token = format!("urn:oid:1.2.250.1.213.1.4.10|{}", fixture::INS);
    entries.push(json!({
        "resource": {"resourceType": "Patient", "identifier": [{"system": "urn:oid:1.2.250.1.213.1.4.10", "value": fixture::INS}],
            "name": [{"family": "PAT-TROIS"}]},
        "request": {"method": "PUT", "url": format!("Patient?identifier={token}")},
    }));
    entries.push(json!({
        "resource": {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
            {"name": "type", "valueCode": "replace"},
            {"name": "path", "valueString": "DocumentReference.status"},
            {"name": "value", "valueCode": "superseded"},
        ]}]},
        "request": {"method": "PATCH", "url": "DocumentReference/00000000-0000-4000-8000-000000000099", "ifMatch": "W/\"1\""},
    }));
    identified(bundle)
}

fn published(bundle: &Value) -> Value {
    let mut document = bundle.pointer(DOCUMENT).unwrap().clone();
    let attachment = &mut document["content"][0]["attachment"];
    attachment["data"] = bundle["entry"][2]["resource"]["data"].clone();
    attachment.as_object_mut().unwrap().remove("url");
    document
}

#[test]
fn of_a_deposit() {
    let of_a_cda = identified(deposit(cda("").as_bytes()));
    let mut places = lost("bundle of a CDA document", &of_a_cda, bundled);
    places.extend(lost("bundle of a file", &file(), bundled));
    for (name, bundle) in [("CDA document", of_a_cda), ("file", file())] {
        places.extend(lost(name, &published(&bundle), simplified));
    }
    assert!(places.is_empty(), "{}\n{}", places.len(), places.join("\n"));
}

fn ins() -> Ins {
    Ins::parse(InsRoot::NirTest, "279035121518989").unwrap()
}

#[test]
fn of_a_right() {
    let person = ActorId::Person("899900000001".parse().unwrap());
    let structure = ActorId::Structure("10B0000002".parse().unwrap());
    let user = ActorId::User(PortalUser::new("https://portail.example", "compte-7").unwrap());
    let basis = Basis::Explicit;
    let grants = [
        Grant::Access {
            holder: person.clone(),
            basis,
        },
        Grant::Access {
            holder: structure.clone(),
            basis: Basis::Team,
        },
        Grant::TreatingPhysician {
            holder: person.clone(),
            basis,
        },
        Grant::Administrator {
            holder: person.clone(),
        },
        Grant::Block { of: person },
        Grant::FeedingOpposition {
            of: structure,
            reason: "Sans raison".to_owned(),
        },
        Grant::Emergency {
            switch: Switch::Masked,
            permit: false,
        },
        Grant::DefaultMasking,
        Grant::Delegation { to: user },
    ];
    let now = "2026-01-02T03:04:05Z".parse().unwrap();
    let mut places = Vec::new();
    for grant in grants {
        let name = format!("{:?}", grant.category());
        let held = Right {
            id: Uuid::from_u128(5),
            version: 1,
            updated: now,
            declared_by: "899900000001".to_owned(),
            start: now,
            end: None,
            declaration: Declaration {
                patient: ins(),
                name: grant.actor().map(|_| "Docteur MARTIN".to_owned()),
                grant,
                active: true,
                until: None,
            },
        };
        let resource = consent::write(&held, now, &reading(Guide));
        places.extend(lost(&name, &resource, |resource| {
            let (declaration, told) = consent::read(resource, &reading(Guide))?;
            Ok((format!("{declaration:?}"), told))
        }));
    }
    assert!(places.is_empty(), "{}\n{}", places.len(), places.join("\n"));
}

fn record(state: RecordState) -> Record {
    let closed = state == RecordState::Closed;
    Record {
        id: Uuid::from_u128(7),
        version: 1,
        updated: "2026-01-02T03:04:05Z".parse().unwrap(),
        opened_as: ins(),
        data: RecordData {
            ins: ins(),
            former: Vec::new(),
            state,
            identity: IdentityStatus::Qualified,
            traits: traits(),
            closure: closed.then(|| Closure {
                date: "2025-01-02".parse().unwrap(),
                motive: "patient-demande".to_owned(),
                reason: Some("Parti".to_owned()),
            }),
            opposition_date: None,
            attached_to_mes: true,
            deletion_asked: false,
            notices: Notices {
                email: Some("patient@example.fr".to_owned()),
                documents: true,
            },
        },
    }
}

#[test]
fn of_a_record() {
    let view = View {
        operator: true,
        medecin_traitant: false,
        authorisation: None,
    };
    let mut places = Vec::new();
    let today = "2026-01-02".parse().unwrap();
    for (name, state) in [
        ("open", RecordState::Activated),
        ("closed", RecordState::Closed),
    ] {
        let record = record(state);
        let resource = patient::write(&record, &view, &reading(Guide));
        places.extend(lost(name, &resource, |resource| {
            let (data, told) = patient::read(resource, &ins(), &reading(Guide))?;
            Ok((format!("{data:?}"), told))
        }));
        if state == RecordState::Activated {
            places.extend(lost("the holder's change", &resource, |resource| {
                let change = patient::asked(resource, record.data.state);
                let read = patient::read_change(resource, &record, change, today, &reading(Guide));
                let (data, told) = read?;
                Ok((format!("{data:?}"), told))
            }));
        }
    }
    assert!(places.is_empty(), "{}\n{}", places.len(), places.join("\n"));
}

#[test]
fn of_what_a_patient_deposits() {
    let user = PortalUser::new("https://portail.example", "compte-7").unwrap();
    let actor = Actor {
        kind: ActorKind::Holder,
        id: ActorId::User(user),
        profession: None,
        mandate: Some(Mandate {
            patient: ins(),
            protects_person: false,
        }),
        ..physician(false)
    };
    let resource = json!({
        "resourceType": "DocumentReference",
        "masterIdentifier": {"use": "usual", "system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.250.1.999.1.3"},
        "status": "current",
        "type": {"coding": [{"system": "urn:oid:1.2.250.1.213.1.1.4.12", "code": "DOCPAT05"}]},
        "subject": {"identifier": {"system": "urn:oid:1.2.250.1.213.1.4.10", "value": "279035121518989"}},
        "description": "Sur la plage",
        "content": [{"attachment": {
            "contentType": "image/jpeg", "title": "Analyse", "data": "/9j/4AECAw==", "creation": "2024-06-12T10:15:00+02:00",
        }}],
    });
    let record = record(RecordState::Activated);
    let places = lost("the patient's document", &resource, |resource| {
        let now = "2024-06-12T08:30:00Z".parse().unwrap();
        let declared = document_reference::read_from_patient(resource, &reading(Guide))?;
        let (submission, told) =
            prepare_from_patient(declared, &actor, &record.data, now, &reading(Guide))?;
        let kept = serde_json::to_value(submission).unwrap();
        Ok((kept["documents"].to_string(), told))
    });
    assert!(places.is_empty(), "{}\n{}", places.len(), places.join("\n"));
}

#[test]
fn of_a_vaccination() {
    let concept = |system: &str, code: &str| json!({"coding": [{"system": system, "code": code, "display": "Mot"}], "text": "Texte"});
    let resource = json!({
        "resourceType": "Immunization",
        "identifier": [{"system": "urn:oid:1.2.250.1.999.3", "value": "V1"}],
        "status": "completed",
        "vaccineCode": concept("http://www.whocc.no/atc", "J07BC20"),
        "patient": {"identifier": {"system": "urn:oid:1.2.250.1.213.1.4.10", "value": "279035121518989"}},
        "occurrenceDateTime": "2024-05-06",
        "primarySource": true,
        "lotNumber": "LOT1",
        "site": concept("urn:oid:1.2.3", "LA"),
        "route": concept("urn:oid:1.2.3", "IM"),
        "doseQuantity": {"value": 0.5, "unit": "mL", "system": "http://unitsofmeasure.org", "code": "mL"},
        "performer": [{
            "function": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0443", "code": "AP"}]},
            "actor": {"type": "Practitioner", "identifier": {"system": "urn:oid:1.2.250.1.71.4.2.1", "value": "899900000001"}, "display": "Ada SERRE"},
        }],
        "note": [{"text": "Rien à dire"}],
        "reaction": [{"date": "2024-05-07", "detail": {"reference": "#r"}}],
        "contained": [{"resourceType": "Observation", "id": "r", "status": "final", "code": {"coding": [{"system": "urn:oid:1.2.3", "code": "R"}]}, "valueCodeableConcept": concept("urn:oid:1.2.3", "V")}],
        "protocolApplied": [{"series": "BOOSTER", "doseNumberPositiveInt": 2}],
    });
    let places = lost("vaccination", &resource, |resource| {
        let declared = immunization::read(resource, &reading(Guide))?;
        let told = declared.warnings.clone();
        Ok((format!("{declared:?}"), told))
    });
    assert!(places.is_empty(), "{}\n{}", places.len(), places.join("\n"));
}

/// A document as it is read, and sent back by PUT with one difference.
#[test]
fn of_an_update() {
    use proptest::strategy::{Strategy, ValueTree};
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut places = Vec::new();
    for _ in 0..8 {
        let mut entry = generate::entry().new_tree(&mut runner).unwrap().current();
        entry.availability = Availability::Approved;
        let held = document_reference::write(&entry, &reading(Guide));
        places.extend(lost("update", &held, |resource| {
            let patch = patch::read_update(resource, &held, &reading(Guide))?;
            let told = patch.told();
            Ok((format!("{:?}", patch.change(&entry)?), told))
        }));
    }
    assert!(places.is_empty(), "{}\n{}", places.len(), places.join("\n"));
}
