//! What is told first of a body that is wrong in itself: the INS, the record and who asks, then the body.
#![allow(missing_docs, unreachable_pub, dead_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use hyper::Method;
use serde_json::{Value, json};
use support::client::encode;
use support::document::{PATIENT, ins};
use support::{Client, Document, Options, Reply, Server, consent_for};
use uuid::Uuid;

const MEDECIN2: &str = "899900000029";

/// Records: open, opposed, and none.
struct World {
    server: Server,
    opposed: String,
    unknown: String,
}

async fn world(options: Options) -> World {
    let opposed = ins(1);
    let server = support::opened(options, &[PATIENT]).await;
    let (_, mut resource) = Document::for_patient(&opposed).record();
    resource["extension"][0]["valueCode"] = json!("opposed");
    resource["active"] = json!(false);
    resource["extension"].as_array_mut().unwrap().push(json!({
        "url": "https://passerelle.dev/fhir/StructureDefinition/opposition-date",
        "valueDate": "2026-01-02"
    }));
    let path = format!("/Patient?identifier={}", encode(&opposed));
    let put = server.client("exploitant").put(&path, &resource).await;
    put.assert_status(201);
    World {
        server,
        opposed,
        unknown: ins(4),
    }
}

async fn send(client: &mut Client, method: Method, path: &str, body: &str) -> Reply {
    let form = match method {
        Method::PATCH => "application/json-patch+json",
        _ => "application/fhir+json",
    };
    let headers = [("Content-Type", form)];
    client
        .send(method, path, &headers, body.as_bytes().to_vec())
        .await
}

/// Each resource that a patient's record is written with, with an element that R4 does not know.
fn wrong_bodies(patient: &str) -> Vec<(&'static str, &'static str, Value)> {
    let document = Document::for_patient(patient);
    let (system, value) = patient.split_once('|').unwrap();
    let mut bundle = document.bundle();
    bundle["entry"][1]["resource"]["nonsense"] = json!(1);
    let mut simplified = document.simplified();
    simplified["nonsense"] = json!(1);
    let mut consent = consent_for(patient, MEDECIN2);
    consent["nonsense"] = json!(1);
    let immunization = json!({
        "resourceType": "Immunization",
        "nonsense": 1,
        "status": "completed",
        "patient": {"identifier": {"system": system, "value": value}},
    });
    vec![
        ("hopital", "", bundle),
        ("hopital", "/DocumentReference", simplified),
        ("medecin2", "/Consent", consent),
        ("medecin", "/Immunization", immunization),
    ]
}

/// The code that decides.
fn told(reply: &Reply) -> String {
    reply.refusal()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_told_before_a_body() {
    support::on_both(Options::default(), async |options| {
        let world = world(options).await;
        for (patient, expected) in [
            (PATIENT, "unsupported-element"),
            (&world.opposed, "record-closed"),
            (&world.unknown, "record-unknown"),
        ] {
            for (card, path, body) in wrong_bodies(patient) {
                let mut client = world.server.client(card);
                if path == "/Immunization" {
                    client = client.with("DMP-Structure", "10B0000002");
                }
                let reply = send(&mut client, Method::POST, path, &body.to_string()).await;
                assert_eq!(told(&reply), expected, "{path} {}", reply.json());
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ins_is_told_before_the_rest_of_a_body_and_the_rest_with_it() {
    let world = world(Options::strict()).await;
    for (card, path, mut body) in wrong_bodies(PATIENT) {
        let at = match path {
            "" => "/entry/1/resource/subject",
            "/DocumentReference" => "/subject",
            _ => "/patient",
        };
        body.pointer_mut(at).unwrap()["identifier"]["value"] = json!("279035121518900");
        if path.is_empty() {
            body["entry"][0]["resource"]["subject"]["identifier"]["value"] =
                json!("279035121518900");
        }
        let mut client = world.server.client(card);
        if path == "/Immunization" {
            client = client.with("DMP-Structure", "10B0000002");
        }
        let client = &mut client;
        let reply = send(client, Method::POST, path, &body.to_string()).await;
        let outcome = reply.json();
        let issues = outcome["issue"].as_array().unwrap().iter();
        let codes: Vec<_> = issues
            .map(|issue| issue["details"]["coding"][0]["code"].as_str().unwrap())
            .collect();
        assert_eq!((reply.status, codes[0]), (400, "ins-invalid"), "{path}");
        assert!(codes.contains(&"unsupported-element"), "{path} {codes:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_is_not_there_is_told_before_a_change_that_cannot_be_read() {
    support::on_both(Options::default(), async |options| {
        let world = world(options).await;
        let mut doctor = world.server.client("medecin2");
        let consent = consent_for(PATIENT, MEDECIN2);
        doctor.post("/Consent", &consent).await.assert_status(201);
        let mut hospital = world.server.client("hopital");
        let document = Document::new();
        let made = hospital
            .post("/DocumentReference", &document.simplified())
            .await;
        let there = made.assert_status(201).json()["id"].clone();
        let nowhere = Uuid::new_v4().to_string();
        let patches = [
            (
                r#"[{"op":"replace","path":"/title","value":"x"}]"#,
                "not-mutable",
            ),
            (
                r#"[{"op":"replace","path":"/status","value":"x"}]"#,
                "code-invalid",
            ),
            ("{", "malformed"),
        ];
        for (patch, wrong) in patches {
            for (id, expected) in [(there.as_str().unwrap(), wrong), (&nowhere, "not-found")] {
                let path = format!("/DocumentReference/{id}");
                let reply = send(&mut doctor, Method::PATCH, &path, patch).await;
                assert_eq!(told(&reply), expected, "{patch}");
            }
        }
        let update = json!({"resourceType": "DocumentReference", "nonsense": 1}).to_string();
        for (id, expected) in [
            (there.as_str().unwrap(), "unsupported-element"),
            (&nowhere, "not-found"),
        ] {
            let path = format!("/DocumentReference/{id}");
            let reply = send(&mut doctor, Method::PUT, &path, &update).await;
            assert_eq!(told(&reply), expected);
        }
        // Without the patient's consent nobody learns whether there is a document of that id, or of that unique id.
        let mut other = world.server.client("medecin");
        let path = format!("/DocumentReference/{}", there.as_str().unwrap());
        let (system, value) = support::bundle::unique_id(document.unique_id());
        let named = format!(
            "/DocumentReference?identifier={}",
            encode(&format!("{system}|{value}"))
        );
        for (patch, _) in patches {
            for path in [&path, &named] {
                let reply = send(&mut other, Method::PATCH, path, patch).await;
                assert_eq!(told(&reply), "not-found", "{path} {patch}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_open_records_is_not_told_of_their_form() {
    let world = world(Options::default()).await;
    let (_, mut resource) = Document::for_patient(PATIENT).record();
    resource["nonsense"] = json!(1);
    let path = format!("/Patient?identifier={}", encode(PATIENT));
    for (card, expected) in [
        ("exploitant", "unsupported-element"),
        ("medecin2", "not-allowed"),
    ] {
        let mut client = world.server.client(card);
        let reply = send(&mut client, Method::PUT, &path, &resource.to_string()).await;
        assert_eq!(told(&reply), expected, "{card}");
    }
}
