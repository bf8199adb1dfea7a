//! Changes of a document as the guides print them, and what they are taken for.

use std::path::Path;

use hyper::Method;
use serde_json::{Value, json};

use crate::support::client::encode;
use crate::support::document::PATIENT;
use crate::support::{Document, Options, Reply};
use crate::world::*;

const VISIBILITY: &str = "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument";
const ARCHIVED: &str =
    "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-archived";
const MASK: &str = "MASQUE_PS";
const PATIENT_FLAG: &str = "INVISIBLE_PATIENT";
const REPRESENTATIVES: &str = "INVISIBLE_REPRESENTANTS_LEGAUX";

/// A document's flags and state, or a refusal.
#[derive(Debug, PartialEq)]
enum Found {
    Is(Vec<String>, String, bool),
    Refused(u16, String),
}

fn is(flags: &[&str], status: &str, archived: bool) -> Found {
    let flags = flags.iter().map(|flag| (*flag).to_owned());
    Found::Is(flags.collect(), status.to_owned(), archived)
}

fn current(flags: &[&str]) -> Found {
    is(flags, "current", false)
}

fn archived() -> Found {
    is(&[], "current", true)
}

fn deleted() -> Found {
    is(&[], "entered-in-error", false)
}

fn refused(status: u16, code: &str) -> Found {
    Found::Refused(status, code.to_owned())
}

fn found(reply: &Reply) -> Found {
    if reply.status != 200 {
        return Found::Refused(reply.status, reply.refusal());
    }
    let resource = reply.json();
    let labels = resource["securityLabel"].as_array().unwrap().iter();
    let codes = labels.map(|label| label["coding"][0]["code"].as_str().unwrap().to_owned());
    let mut codes: Vec<String> = codes.collect();
    assert_eq!(codes.pop().as_deref(), Some("N"), "always there, and last");
    let extensions = resource["extension"].as_array();
    let archived = extensions
        .into_iter()
        .flatten()
        .find(|extension| extension["url"] == ARCHIVED);
    let archived = archived.is_some_and(|extension| extension["valueBoolean"] == true);
    Found::Is(
        codes,
        resource["status"].as_str().unwrap().to_owned(),
        archived,
    )
}

/// What is patched: the flags of its deposit, and a patch before.
struct Before(&'static [&'static str], Option<Value>);

fn flag(code: &str) -> Value {
    json!({"coding": [{"system": VISIBILITY, "code": code}]})
}

fn normal() -> Value {
    json!({"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "N"}]})
}

fn one(op: &str, path: &str, value: impl Into<Value>) -> Value {
    json!([{"op": op, "path": path, "value": value.into()}])
}

fn archive(archived: bool) -> Value {
    one(
        "replace",
        &format!("/extension[url:'{ARCHIVED}']/valueBoolean"),
        archived,
    )
}

/// A body of the guide, as it is printed.
fn printed(name: &str) -> Option<Value> {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../shared/data/fhir/pdsm4dmp-inline"
    );
    let bytes = std::fs::read(Path::new(folder).join(format!("{name}.json-patch.json"))).ok()?;
    Some(serde_json::from_slice(&bytes).unwrap())
}

/// The bodies that the guide prints, each with what it is printed for. Every file is here.
fn bodies() -> Vec<(&'static str, Before, Found)> {
    let plain = || Before(&[], None);
    vec![
        ("td3.3a-masquer-ps", plain(), current(&[MASK])),
        ("td3.3a-demasquer", Before(&[MASK], None), current(&[])),
        (
            "td3.3b-rendre-invisible-patient",
            plain(),
            current(&[PATIENT_FLAG]),
        ),
        (
            "td3.3b-rendre-visible-patient",
            Before(&[PATIENT_FLAG], None),
            current(&[]),
        ),
        ("td3.3c-supprimer", plain(), deleted()),
        ("td3.3d-archiver", plain(), archived()),
        (
            "td3.3d-desarchiver",
            Before(&[], Some(archive(true))),
            current(&[]),
        ),
        // Nothing to do is no mistake.
        ("td3.3a-demasquer", plain(), current(&[])),
        ("td3.3d-desarchiver", plain(), current(&[])),
        // The other flags stay.
        (
            "td3.3a-masquer-ps",
            Before(&[REPRESENTATIVES], None),
            current(&[MASK, REPRESENTATIVES]),
        ),
        (
            "td3.3a-demasquer",
            Before(&[MASK, REPRESENTATIVES], None),
            current(&[REPRESENTATIVES]),
        ),
        (
            "td3.3b-rendre-visible-patient",
            Before(&[REPRESENTATIVES], None),
            current(&[]),
        ),
    ]
}

/// What else is printed here and there, and the exact ways.
fn tolerated() -> Vec<(Value, Before, Found)> {
    let plain = || Before(&[], None);
    let mut rows = vec![
        (archive(true), plain(), archived()),
        (
            one(
                "replace",
                &format!("/extension[url:'{ARCHIVED}']/valueBoolean"),
                "true",
            ),
            plain(),
            archived(),
        ),
        (
            one(
                "replace",
                &format!("/extension[url:'{ARCHIVED}']/valueBoolean"),
                "false",
            ),
            Before(&[], Some(archive(true))),
            current(&[]),
        ),
        (
            one(
                "replace",
                &format!("/extension[url:'{ARCHIVED}']/valueBoolean"),
                "yes",
            ),
            plain(),
            refused(422, "element-invalid"),
        ),
        (
            one("replace", "/securityLabel", "restricted"),
            plain(),
            refused(422, "element-invalid"),
        ),
        (one("replace", "/status", "current "), plain(), current(&[])),
        (
            one("replace", "/status", " entered-in-error"),
            plain(),
            deleted(),
        ),
        (one("replace", "/status", "superseded"), plain(), deleted()),
        // A position says what goes; without one there must be no doubt.
        (
            one("replace", "/securityLabel/1", normal()),
            Before(&[MASK], None),
            current(&[]),
        ),
        (
            one("replace", "/securityLabel/1", normal()),
            Before(&[MASK, REPRESENTATIVES], None),
            current(&[MASK]),
        ),
        (
            one("replace", "/securityLabel/2", normal()),
            Before(&[MASK, REPRESENTATIVES], None),
            refused(409, "label-ambiguous"),
        ),
        // The exact ways.
        (
            one("add", "/securityLabel/-", flag(MASK)),
            Before(&[REPRESENTATIVES], None),
            current(&[MASK, REPRESENTATIVES]),
        ),
        (
            json!([{"op": "remove", "path": "/securityLabel/0"}]),
            Before(&[MASK, REPRESENTATIVES], None),
            current(&[REPRESENTATIVES]),
        ),
        (
            json!([{"op": "remove", "path": "/securityLabel/1"}]),
            Before(&[MASK], None),
            refused(422, "element-invalid"),
        ),
        (
            json!([{"op": "test", "path": "/securityLabel/0", "value": flag(MASK)}, {"op": "remove", "path": "/securityLabel/0"}]),
            Before(&[MASK], None),
            current(&[]),
        ),
        (
            json!([{"op": "test", "path": "/securityLabel/0", "value": flag(MASK)}, {"op": "remove", "path": "/securityLabel/0"}]),
            Before(&[REPRESENTATIVES], None),
            refused(412, "version-conflict"),
        ),
        (
            one("replace", "/securityLabel", vec![flag(MASK), normal()]),
            plain(),
            current(&[MASK]),
        ),
        (
            json!([{"op": "replace", "path": "/securityLabel/0", "value": flag(MASK)}, {"op": "replace", "path": "/status", "value": "draft"}]),
            plain(),
            refused(422, "code-invalid"),
        ),
        (
            one("replace", "/description", "x"),
            plain(),
            refused(405, "not-mutable"),
        ),
    ];
    let alias = "https://interop.esante.gouv.fr/ig/fhir/pdsm/SearchParameter/PDSm-isArchived";
    for path in [
        format!("/extension[url:‘{ARCHIVED}’]/valueBoolean"),
        format!("/extension[url=\"{ARCHIVED}\"]/valueBoolean"),
        format!("/extension[url='{ARCHIVED}']/valueBoolean"),
        format!("/extension[url:'{alias}']/valueBoolean"),
    ] {
        rows.push((one("replace", &path, true), plain(), archived()));
        rows.push((one("add", &path, true), plain(), archived()));
    }
    let fhirpath = |kind: &str, path: &str, value: Option<(&str, Value)>| {
        let mut parts = vec![
            json!({"name": "type", "valueCode": kind}),
            json!({"name": "path", "valueString": path}),
        ];
        parts.extend(value.map(|(name, value)| json!({"name": "value", name: value})));
        json!({"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]})
    };
    let label = "DocumentReference.securityLabel[0]";
    let extension = format!("DocumentReference.extension('{ARCHIVED}').value");
    rows.extend([
        (
            fhirpath(
                "replace",
                "DocumentReference.status",
                Some(("valueCode", json!("superseded"))),
            ),
            plain(),
            deleted(),
        ),
        (
            fhirpath(
                "replace",
                "DocumentReference.status",
                Some(("valueCode", json!("entered-in-error"))),
            ),
            plain(),
            deleted(),
        ),
        (
            fhirpath("replace", label, Some(("valueCodeableConcept", flag(MASK)))),
            plain(),
            current(&[MASK]),
        ),
        (
            fhirpath("delete", label, None),
            Before(&[MASK], None),
            current(&[]),
        ),
        (
            fhirpath("replace", &extension, Some(("valueBoolean", json!(true)))),
            plain(),
            archived(),
        ),
        (
            fhirpath(
                "replace",
                "DocumentReference.type",
                Some(("valueCode", json!("x"))),
            ),
            plain(),
            refused(405, "not-mutable"),
        ),
    ]);
    rows
}

/// A document before a patch, and the two ways that lead to it.
async fn deposited(world: &mut World, before: &Before) -> (Value, [String; 3]) {
    let document = Document::new();
    let mut sent = document.simplified();
    let labels = sent["securityLabel"].as_array_mut().unwrap();
    labels.extend(before.0.iter().map(|code| flag(code)));
    let made = world.doctor.post("/DocumentReference", &sent).await;
    let mut made = made.assert_status(201).json();
    let by_id = format!("/DocumentReference/{}", id(&made));
    if let Some(patch) = &before.1 {
        made = patched(world, &by_id, patch)
            .await
            .assert_status(200)
            .json();
    }
    let unique = encode(&format!(
        "urn:ietf:rfc:3986|urn:oid:{}",
        document.unique_id()
    ));
    let entry = encode(&format!("urn:ietf:rfc:3986|{}", entry_uuid(&made)));
    let patient = encode(PATIENT);
    let ways = [
        by_id,
        format!("/DocumentReference?identifier={unique}"),
        format!("/DocumentReference?identifier={entry}&patient.identifier={patient}"),
    ];
    (made, ways)
}

fn entry_uuid(resource: &Value) -> String {
    resource["identifier"][1]["value"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn patched(world: &mut World, path: &str, patch: &Value) -> Reply {
    let media_type = match patch {
        Value::Array(_) => "application/json-patch+json",
        _ => FHIR.1,
    };
    let headers = [("Content-Type", media_type)];
    world
        .doctor
        .send(
            Method::PATCH,
            path,
            &headers,
            patch.to_string().into_bytes(),
        )
        .await
}

async fn holds(world: &mut World, what: &str, patch: &Value, before: &Before, expected: &Found) {
    for way in 0..3 {
        let (made, ways) = deposited(world, before).await;
        let reply = patched(world, &ways[way], patch).await;
        assert_eq!(found(&reply), *expected, "{what} {}", ways[way]);
        let version: u32 = made["meta"]["versionId"].as_str().unwrap().parse().unwrap();
        let after = match expected {
            Found::Is(..) => reply.json(),
            Found::Refused(..) => world.get(&ways[0], &[]).await.assert_status(200).json(),
        };
        assert_eq!(after["id"], made["id"], "{what}");
        // What changes has a new version and a new entryUUID; what stays as it was keeps both.
        let same = ["status", "securityLabel", "extension"]
            .iter()
            .all(|name| after[name] == made[name]);
        let expected = if same { version } else { version + 1 };
        assert_eq!(after["meta"]["versionId"], expected.to_string(), "{what}");
        assert_eq!(entry_uuid(&after) == entry_uuid(&made), same, "{what}");
        if reply.status == 200 {
            assert_eq!(reply.header("etag"), format!("W/\"{expected}\""), "{what}");
        } else {
            assert_eq!(after, made, "{what}");
        }
        if after["status"] == "entered-in-error" {
            world
                .get(&ways[0], &[])
                .await
                .assert_refused(410, "document-deleted");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_guide_prints_does_what_it_is_printed_for() {
    let late = Options::default().set("PASSERELLE_DMP__ALLOW_LATE_INVISIBILITY", "true");
    let mut world = World::new(late).await;
    for (name, before, expected) in bodies() {
        let Some(patch) = printed(name) else {
            eprintln!("skipped: no shared data");
            return;
        };
        holds(&mut world, name, &patch, &before, &expected).await;
    }
    // Without that setting, a document is hidden from its patient at the deposit or never.
    let mut usual = World::new(Options::default()).await;
    let patch = printed("td3.3b-rendre-invisible-patient").unwrap();
    let expected = refused(422, "label-conflict");
    holds(&mut usual, "late", &patch, &Before(&[], None), &expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_spellings_are_taken_for_what_they_mean() {
    let mut world = World::new(Options::default()).await;
    for (patch, before, expected) in tolerated() {
        holds(&mut world, &patch.to_string(), &patch, &before, &expected).await;
    }
}

/// What was replaced is current again only once nothing replaces it.
#[tokio::test(flavor = "multi_thread")]
async fn what_nothing_replaces_any_more_is_restored() {
    on_both(async |world| {
        let restore = one("replace", "/status", "current");
        let (made, ways) = deposited(world, &Before(&[], None)).await;
        let unique = made["masterIdentifier"]["value"]
            .as_str()
            .unwrap()
            .trim_start_matches("urn:oid:")
            .to_owned();
        let newer = Document::replacing(&unique);
        let newer = world
            .doctor
            .post("/DocumentReference", &newer.simplified())
            .await
            .assert_status(201)
            .json();
        let reply = patched(world, &ways[0], &restore).await;
        reply.assert_refused(409, "still-replaced");
        let newer = format!("/DocumentReference/{}", id(&newer));
        let gone = world
            .doctor
            .send(Method::DELETE, &newer, &[], Vec::new())
            .await;
        gone.assert_status(204);
        let reply = patched(world, &ways[1], &restore).await;
        assert_eq!(found(&reply), current(&[]));
        assert_eq!(reply.header("etag"), "W/\"3\"");
        // What is deleted stays so.
        let reply = patched(world, &newer, &restore).await;
        reply.assert_refused(410, "document-deleted");
    })
    .await;
}
