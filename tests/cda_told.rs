//! What a deposit is told of its CDA document: the check that found it by its name, the place, the sentence; the same by both ways of
//! depositing and by `$validate`, and each name in the code system that is served.
#![allow(missing_docs, unreachable_pub, dead_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};
use support::client::encode;
use support::document::PATIENT;
use support::sample::Sample;
use support::{Client, Document, Server};

const CHECKS: &str = "https://passerelle.dev/fhir/CodeSystem/cda-check";
const REFUSALS: &str = "https://passerelle.dev/fhir/CodeSystem/refusal";

async fn opened() -> Server {
    let server = Server::start();
    let (_, record) = Document::new().record();
    let path = format!("/Patient?identifier={}", encode(PATIENT));
    let mut operator = server.client("exploitant");
    operator.put(&path, &record).await.assert_status(201);
    server
}

/// The check that an issue names.
fn check_of(issue: &Value) -> Option<&str> {
    let codings = issue["details"]["coding"].as_array()?;
    assert_eq!(codings.first()?["system"], REFUSALS);
    let mut named = codings.iter().filter(|coding| coding["system"] == CHECKS);
    let name = named.next()?["code"].as_str();
    assert!(named.next().is_none());
    name
}

/// The issues of an outcome that name a check.
fn named(outcome: &Value) -> Vec<Value> {
    assert_eq!(outcome["resourceType"], "OperationOutcome");
    let issues = outcome["issue"].as_array().unwrap().iter();
    issues
        .filter(|issue| check_of(issue).is_some())
        .cloned()
        .collect()
}

/// Line and column, as they stand before the English sentence.
fn place(issue: &Value) -> (u32, u32) {
    let (place, _) = issue["diagnostics"]
        .as_str()
        .unwrap()
        .split_once(' ')
        .unwrap();
    let (line, column) = place.split_once(':').unwrap();
    (line.parse().unwrap(), column.parse().unwrap())
}

/// Where a text begins in a document.
fn position(document: &Document, text: &str) -> (u32, u32) {
    let xml = std::str::from_utf8(&document.bytes).unwrap();
    let before = &xml[..xml.find(text).unwrap()];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
    (line as u32, column as u32)
}

/// The author comes after who signed.
fn reversed(sample: &mut Sample) {
    let signed = "<time value=\"20240301\"/>";
    assert!(sample.authors.contains(signed));
    sample.authors = sample.authors.replace(signed, "<time value=\"20240305\"/>");
}

async fn validated(client: &mut Client, kind: &str, resource: &Value) -> Vec<Value> {
    let reply = client.post(&format!("/{kind}/$validate"), resource).await;
    named(&reply.assert_status(200).json())
}

#[tokio::test]
async fn a_deviation_is_told_with_its_check_and_its_place() {
    let server = opened().await;
    let mut hopital = server
        .client("hopital")
        .with("Prefer", "return=OperationOutcome");
    let document = || Document::with(reversed);
    let at = |document: &Document| position(document, "<time value=\"20240305\"");
    let mut told = Vec::new();
    let simplified = document();
    told.extend(validated(&mut hopital, "DocumentReference", &simplified.simplified()).await);
    let reply = hopital
        .post("/DocumentReference", &simplified.simplified())
        .await;
    told.extend(named(&reply.assert_status(201).json()));
    assert!(
        told.iter().all(|issue| place(issue) == at(&simplified)),
        "{told:?}"
    );
    assert_eq!(told.len(), 2);
    // Without being asked for, they are counted.
    let again = document().simplified();
    let reply = server
        .client("hopital")
        .post("/DocumentReference", &again)
        .await;
    let counted: u32 = reply
        .assert_status(201)
        .header("dmp-warnings")
        .parse()
        .unwrap();
    assert!(counted >= 1);
    let bundled = document();
    told.extend(validated(&mut hopital, "Bundle", &bundled.bundle()).await);
    let reply = hopital
        .post("", &bundled.bundle())
        .await
        .assert_status(200)
        .json();
    let outcomes = reply["entry"].as_array().unwrap().iter();
    let outcomes: Vec<_> = outcomes
        .map(|entry| &entry["response"]["outcome"])
        .filter(|outcome| outcome.is_object())
        .collect();
    told.extend(outcomes.into_iter().flat_map(named));
    assert!(told.len() >= 4, "{told:?}");
    for issue in &told {
        assert_eq!(check_of(issue), Some("author-before-signature"));
        assert_eq!(issue["severity"], "warning");
        assert_eq!(issue["details"]["coding"][0]["code"], "cda-deviation");
        assert_eq!(
            issue["details"]["text"],
            "Le document CDA s'écarte des règles : l'auteur intervient après la prise de responsabilité."
        );
        assert_eq!(issue["location"][0], "/ClinicalDocument/author/time/@value");
        let at = issue["expression"][0].as_str().unwrap();
        assert!(at.ends_with("content[0].attachment"), "{at}");
        assert!(place(issue).0 > 10);
    }
}

#[tokio::test]
async fn a_refusal_bears_the_name_that_the_command_gives_it() {
    let server = opened().await;
    let mut hopital = server.client("hopital");
    type Change = fn(&mut Sample);
    let cases: [(&str, &str, Change); 6] = [
        ("doctype", "cda-invalid", |s| {
            s.declaration.push_str("<!DOCTYPE a>\n")
        }),
        ("end-tag", "cda-invalid", |s| {
            s.title = "<title>T</titre>".to_owned()
        }),
        ("base64", "cda-invalid", |s| {
            s.body = "<component><nonXMLBody><text mediaType=\"application/pdf\" representation=\"B64\">!!</text></nonXMLBody></component>".to_owned();
        }),
        ("custodian", "cda-invalid", |s| s.custodian.clear()),
        ("patient-ins", "cda-invalid", |s| {
            s.patient_ids = "<id root=\"1.2.3.4\" extension=\"1\"/>".to_owned()
        }),
        ("relation-type", "unsupported-element", |s| {
            s.related = "<relatedDocument typeCode=\"APND\"><parentDocument><id root=\"1.2.3\"/></parentDocument></relatedDocument>".to_owned();
        }),
    ];
    for (check, code, change) in cases {
        let good = Document::new();
        let mut sample = Sample::default();
        change(&mut sample);
        let bytes = sample.xml().into_bytes();
        let file = server.folder().join("document.xml");
        std::fs::write(&file, &bytes).unwrap();
        let output = server.run(&["cda", "check", "--json", file.to_str().unwrap()]);
        let judged: Value = serde_json::from_slice(&output.stdout).unwrap();
        let judged = judged[0]["issues"].as_array().unwrap();
        let judged = judged
            .iter()
            .find(|issue| issue["severity"] == "error")
            .unwrap();
        assert_eq!(judged["check"], check);
        let (line, column) = (
            judged["line"].as_u64().unwrap(),
            judged["column"].as_u64().unwrap(),
        );
        let with_bytes = |resource: Value| -> Value {
            let text = resource.to_string();
            let (old, new) = (
                BASE64_STANDARD.encode(&good.bytes),
                BASE64_STANDARD.encode(&bytes),
            );
            assert!(text.contains(&old));
            serde_json::from_str(&text.replace(&old, &new)).unwrap()
        };
        let simplified = with_bytes(good.simplified());
        let bundle = with_bytes(good.bundle());
        let binary = json!({"resourceType": "Binary", "contentType": "text/xml", "data": BASE64_STANDARD.encode(&bytes)});
        let parameter = json!({"name": "document", "resource": binary});
        let alone = json!({"resourceType": "Parameters", "parameter": [parameter]});
        for (path, body) in [
            ("/DocumentReference/$generate-metadata", &alone),
            ("/DocumentReference", &simplified),
            ("", &bundle),
            ("/DocumentReference/$validate", &simplified),
            ("/Bundle/$validate", &bundle),
        ] {
            let outcome = hopital.post(path, body).await.json();
            let told = named(&outcome);
            let issue = told.iter().find(|issue| check_of(issue) == Some(check));
            let issue = issue.unwrap_or_else(|| panic!("{check} at {path}: {outcome}"));
            assert_eq!(issue["severity"], "error", "{check}");
            assert_eq!(issue["details"]["coding"][0]["code"], code, "{check}");
            let (told_line, told_column) = place(issue);
            assert_eq!(
                (told_line.into(), told_column.into()),
                (line, column),
                "{check}"
            );
        }
    }
}

#[tokio::test]
async fn every_name_is_in_the_code_system() {
    let server = Server::start();
    let mut hopital = server.client("hopital");
    let system = hopital
        .get("/CodeSystem/cda-check")
        .await
        .assert_status(200)
        .json();
    assert_eq!(system["url"], CHECKS);
    let concepts = system["concept"].as_array().unwrap();
    assert_eq!(system["count"], concepts.len());
    let of = |name: &str| concepts.iter().find(|concept| concept["code"] == name);
    for (name, display) in [
        ("act-reversed", json!("la fin précède le début")),
        ("doctype", json!("DOCTYPE refusé")),
        (
            "patient-ins",
            json!("aucun identifiant du patient n'est un INS"),
        ),
        ("practice-setting-list", Value::Null),
    ] {
        let concept = of(name).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(concept["display"], display, "{name}");
    }
    let set = hopital
        .get("/ValueSet/cda-check")
        .await
        .assert_status(200)
        .json();
    assert_eq!(set["compose"]["include"][0]["system"], CHECKS);
}
