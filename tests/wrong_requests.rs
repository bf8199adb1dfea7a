//! Wrong requests and the exact answer to each: status, FHIR issue code, expression and stable code of the first error. The rows are
//! `wrong_requests/*.tsv`; `bodies` changes one place of a good resource, in guide and in strict mode, `plain` are whole requests.
#![allow(missing_docs, unreachable_pub, dead_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use hyper::Method;
use serde_json::Value;
use support::client::encode;
use support::document::PATIENT;
use support::{Client, Document, Options, Reply, Server, consent_for};

const BODIES: &str = include_str!("wrong_requests/bodies.tsv");
const PLAIN: &str = include_str!("wrong_requests/plain.tsv");
/// The PS_IdNat of the card `medecin`.
const PHYSICIAN: &str = "899900000011";

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("runtime")
        .block_on(future)
}

/// `422 value element-invalid Path`, or `201` for what is accepted.
fn shown(reply: &Reply) -> String {
    if reply.status < 300 {
        return reply.status.to_string();
    }
    let outcome = reply.json();
    assert_eq!(outcome["resourceType"], "OperationOutcome");
    let issues = outcome["issue"].as_array().expect("issues");
    let error = issues.iter().find(|issue| issue["severity"] == "error");
    let error = error.expect("an error");
    let details = &error["details"];
    assert!(details["text"].is_string() && error["diagnostics"].is_string());
    let code = details["coding"][0]["code"].as_str().expect("code");
    let path = error["expression"][0].as_str().unwrap_or("-");
    let issue = error["code"].as_str().expect("issue code");
    format!("{} {issue} {code} {path}", reply.status)
}

fn prepared(options: Options) -> Server {
    let server = Server::with(options);
    let (_, record) = Document::new().record();
    let path = format!("/Patient?identifier={}", encode(PATIENT));
    let put = async { server.client("exploitant").put(&path, &record).await };
    block_on(put).assert_status(201);
    server
}

/// The good request that a row changes: card, method, path, body.
fn good(base: &str) -> (&'static str, Method, String, Value) {
    let document = Document::new();
    let patient = format!("/Patient?identifier={}", encode(PATIENT));
    match base {
        "bundle" => ("hopital", Method::POST, String::new(), document.bundle()),
        "simplified" => (
            "hopital",
            Method::POST,
            "/DocumentReference".to_owned(),
            document.simplified(),
        ),
        "consent" => (
            "medecin",
            Method::POST,
            "/Consent".to_owned(),
            consent_for(PATIENT, PHYSICIAN),
        ),
        "patient" => ("exploitant", Method::PUT, patient, document.record().1),
        other => panic!("{other}"),
    }
}

/// Sets or removes (`-`) what a pointer names; a list takes one more item at its end.
fn change(body: &mut Value, pointer: &str, value: &str) {
    let (above, name) = pointer.rsplit_once('/').expect("pointer");
    let parent = body
        .pointer_mut(above)
        .unwrap_or_else(|| panic!("{pointer}"));
    let value = (value != "-").then(|| serde_json::from_str(value).expect("JSON"));
    match (parent, value) {
        (Value::Object(members), Some(value)) => drop(members.insert(name.to_owned(), value)),
        (Value::Object(members), None) => {
            members
                .remove(name)
                .unwrap_or_else(|| panic!("{pointer} is not there"));
        }
        (Value::Array(items), value) => {
            let at: usize = name.parse().expect("index");
            match value {
                Some(value) if at < items.len() => items[at] = value,
                Some(value) => items.push(value),
                None => drop(items.remove(at)),
            }
        }
        _ => panic!("{pointer}"),
    }
}

async fn send(client: &mut Client, method: Method, path: &str, body: &Value) -> Reply {
    let headers = [("Content-Type", "application/fhir+json")];
    let body = body.to_string().into_bytes();
    client.send(method, path, &headers, body).await
}

/// Runs the rows in one mode; gives those that differ, with the answer.
fn bodies(options: Options, column: usize) {
    let server = prepared(options);
    let mut wrong = Vec::new();
    let (mut refused, mut deposited) = (0, 2);
    block_on(async {
        for base in ["bundle", "simplified", "consent", "patient"] {
            let (card, method, path, body) = good(base);
            let reply = send(&mut server.client(card), method, &path, &body).await;
            assert!(reply.status < 300, "{base}: {}", shown(&reply));
        }
        let mut clients =
            ["hopital", "medecin", "exploitant"].map(|card| (card, server.client(card)));
        for line in BODIES.lines() {
            let row: Vec<&str> = line.split('\t').collect();
            let (card, method, path, mut body) = good(row[0]);
            change(&mut body, row[1], row[2]);
            let client = clients.iter_mut().find(|(name, _)| *name == card);
            let client = &mut client.expect("card").1;
            let got = shown(&send(client, method, &path, &body).await);
            let accepted = got.len() == 3;
            refused += usize::from(!accepted);
            deposited += u64::from(accepted && ["bundle", "simplified"].contains(&row[0]));
            if got != row[column] {
                wrong.push(format!("{}\t{}\t{}\t{got}", row[0], row[1], row[2]));
            }
        }
        // What was refused left nothing.
        let (card, method, path, body) = good("patient");
        send(&mut server.client(card), method, &path, &body).await;
        let asked = [
            ("patient.identifier", PATIENT),
            ("status", "current"),
            ("_count", "1"),
        ];
        let mut reader = server.client("medecin");
        let found = reader.search("DocumentReference", &asked).await;
        let found = found.assert_status(200).json();
        assert_eq!(found["total"], deposited);
    });
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(refused > 100, "{refused} were refused");
}

#[test]
fn a_good_resource_changed_in_one_place_in_guide_mode() {
    bodies(Options::default(), 3);
}

#[test]
fn a_good_resource_changed_in_one_place_in_strict_mode() {
    bodies(Options::strict(), 4);
}

#[test]
fn whole_requests() {
    let server = prepared(Options::default());
    let mut wrong = Vec::new();
    block_on(async {
        let document = Document::new().simplified();
        let made = server
            .client("hopital")
            .post("/DocumentReference", &document)
            .await;
        let made = made.assert_status(201).json();
        let id = made["id"].as_str().expect("id");
        for line in PLAIN.lines() {
            let row: Vec<&str> = line.split('\t').collect();
            let mut client = match row[0] {
                "" => server.anonymous(),
                card => server.client(card),
            };
            let headers: Vec<(&str, &str)> = row[3]
                .split('|')
                .filter_map(|header| header.split_once(": "))
                .collect();
            let method = Method::from_bytes(row[1].as_bytes()).expect("method");
            let body = row[4].as_bytes().to_vec();
            // A document that was deposited before.
            let path = row[2].replace("{document}", id);
            let got = shown(&client.send(method, &path, &headers, body).await);
            if got != row[5] {
                wrong.push(format!("{}\t{got}", row[..5].join("\t")));
            }
        }
    });
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
