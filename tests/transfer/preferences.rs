use hyper::Method;
use serde_json::{Value, json};

use crate::support::document::PATIENT;
use crate::support::{Document, Options, Reply, consent_for};
use crate::world::*;

/// What an answer holds.
fn kind(reply: &Reply) -> String {
    match reply.bytes.is_empty() {
        true => "nothing".to_owned(),
        false => reply.json()["resourceType"].as_str().unwrap().to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_write_returns_what_is_preferred() {
    let mut world = World::new(Options::default()).await;
    for (prefer, wanted) in [
        ("", "resource"),
        ("return=representation", "resource"),
        ("return=minimal", "nothing"),
        ("return=OperationOutcome", "OperationOutcome"),
    ] {
        let archive = json!([{"op": "test", "path": "/status", "value": "current"}]);
        let made = world
            .doctor
            .post("/DocumentReference", &Document::new().simplified())
            .await;
        let own = format!("/DocumentReference/{}", id(&made.assert_status(201).json()));
        for (method, path, body, status, resource) in [
            (
                Method::POST,
                "/DocumentReference".to_owned(),
                Document::new().simplified(),
                201,
                "DocumentReference",
            ),
            (
                Method::POST,
                "/Consent".to_owned(),
                consent_for(PATIENT, "899900000011"),
                200,
                "Consent",
            ),
            (
                Method::PUT,
                world.consent.clone(),
                consent_for(PATIENT, "899900000011"),
                200,
                "Consent",
            ),
            (
                Method::PUT,
                world.patient.clone(),
                world.record.clone(),
                200,
                "Patient",
            ),
            (
                Method::PATCH,
                own.clone(),
                archive,
                200,
                "DocumentReference",
            ),
            (Method::DELETE, own, Value::Null, 200, "DocumentReference"),
        ] {
            let media_type = match method {
                Method::PATCH => "application/json-patch+json",
                _ => FHIR.1,
            };
            let headers = [("Prefer", prefer), ("Content-Type", media_type)];
            let body = body.to_string().into_bytes();
            let reply = match resource {
                "Patient" => {
                    world
                        .server
                        .client("exploitant")
                        .send(method.clone(), &path, &headers, body)
                        .await
                }
                _ => {
                    world
                        .doctor
                        .send(method.clone(), &path, &headers, body)
                        .await
                }
            };
            // A deletion leaves nothing to show, unless something is asked for.
            let (status, wanted) = match (&method, prefer) {
                (&Method::DELETE, "" | "return=minimal") => (204, "nothing"),
                _ => (status, wanted),
            };
            let wanted = if wanted == "resource" {
                resource
            } else {
                wanted
            };
            assert_eq!(
                (reply.status, kind(&reply).as_str()),
                (status, wanted),
                "{method} {path} {prefer}"
            );
            match status {
                204 => assert_eq!(reply.header("etag"), ""),
                _ => assert!(reply.header("etag").starts_with("W/"), "{method} {path}"),
            }
            if method == Method::DELETE && wanted == resource {
                assert_eq!(reply.json()["status"], "entered-in-error");
            }
        }
    }
    let wrong = [("Prefer", "return=all")];
    let path = world.path.clone();
    let reply = world
        .doctor
        .send(Method::DELETE, &path, &wrong, Vec::new())
        .await;
    reply.assert_refused(400, "header-invalid");
    world.get(&path, &[]).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_entry_of_a_transaction_returns_what_is_preferred() {
    let mut world = World::new(Options::default()).await;
    for (prefer, resources, outcomes) in [
        ("", 0, 1),
        ("return=minimal", 0, 0),
        ("return=representation", 2, 1),
        ("return=OperationOutcome", 0, 3),
    ] {
        // One warning, in the document's entry: a relation that the header does not know.
        let mut bundle = Document::new().bundle();
        let old = Document::new();
        world
            .doctor
            .post("/DocumentReference", &old.simplified())
            .await
            .assert_status(201);
        bundle["entry"][1]["resource"]["relatesTo"] = json!([{"code": "replaces", "target": {"identifier":
            {"system": "urn:ietf:rfc:3986", "value": format!("urn:oid:{}", old.unique_id())}}}]);
        let headers = [FHIR, ("Prefer", prefer)];
        let reply = world
            .doctor
            .send(Method::POST, "", &headers, bundle.to_string().into_bytes())
            .await;
        let reply = reply.assert_status(200);
        let warnings: usize = reply.header("dmp-warnings").parse().unwrap();
        assert!(warnings > 0, "{prefer}");
        let response = reply.json();
        let entries = response["entry"].as_array().unwrap();
        assert_eq!(entries.len(), 3, "{prefer}");
        let held = |name: &str| {
            entries
                .iter()
                .filter(|entry| {
                    !entry["resource"].is_null() && name == "resource"
                        || !entry["response"]["outcome"].is_null() && name == "outcome"
                })
                .count()
        };
        assert_eq!(held("resource"), resources, "{prefer}");
        assert_eq!(held("outcome"), outcomes, "{prefer} {response:#}");
    }
}
