//! What the server sends, read by an independent typed model of FHIR (R4B has the same elements as R4 for these resources): nothing is
//! missing, nothing is unknown to it, and it writes the same resource again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use fhir_sdk::r4b::resources::Resource;
use serde_json::Value;
use support::Server;

const INS: &str = "urn:oid:1.2.250.1.213.1.4.10|279036990100166";

/// The typed model writes `.57` for `.570`: zeros that end a fraction are left out on both sides.
fn without_zeros(value: &mut Value) {
    match value {
        Value::String(text) => {
            let Some((head, rest)) = text.split_once('.').filter(|(head, _)| head.contains('T'))
            else {
                return;
            };
            let Some(end) = rest.find(['+', '-', 'Z']) else {
                return;
            };
            let fraction = rest[..end].trim_end_matches('0');
            if fraction.bytes().all(|b| b.is_ascii_digit()) {
                let dot = if fraction.is_empty() { "" } else { "." };
                *text = format!("{head}{dot}{fraction}{}", &rest[end..]);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(without_zeros),
        Value::Object(members) => members.values_mut().for_each(without_zeros),
        _ => {}
    }
}

/// The typed model drops what it doesn't know: equal after a round trip means that it knew everything.
fn assert_known(value: &Value, whence: &str) {
    let typed: Resource = serde_json::from_value(value.clone())
        .unwrap_or_else(|error| panic!("{whence}: {error}\n{value:#}"));
    let mut back = serde_json::to_value(&typed).expect("written");
    let mut sent = value.clone();
    without_zeros(&mut back);
    without_zeros(&mut sent);
    assert_eq!(back, sent, "{whence}");
}

#[tokio::test]
async fn every_resource_that_is_sent_is_a_resource_to_others_too() {
    let server = Server::demo();
    let mut medecin = server.client("medecin");
    let mut exploitant = server.client("exploitant");
    let by_patient = [
        ("patient.identifier", INS),
        ("status", "current,superseded"),
    ];
    let lists = [
        ("patient.identifier", INS),
        ("status", "current"),
        (
            "code",
            "https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes|submissionset",
        ),
    ];

    let documents = medecin
        .search("DocumentReference", &by_patient)
        .await
        .assert_status(200)
        .json();
    assert!(documents["total"].as_u64().unwrap() > 10);
    assert_known(&documents, "searchset of documents");
    let sets = medecin
        .search("List", &lists)
        .await
        .assert_status(200)
        .json();
    assert!(sets["total"].as_u64().unwrap() > 10);
    assert_known(&sets, "searchset of lists");
    let consents = medecin
        .search(
            "Consent",
            &[("patient.identifier", INS), ("status", "active")],
        )
        .await
        .json();
    assert_eq!(consents["total"], 1);
    assert_known(&consents, "searchset of consents");
    for client in [&mut medecin, &mut exploitant] {
        let patients = client
            .search("Patient", &[("identifier", INS)])
            .await
            .assert_status(200)
            .json();
        assert_known(&patients, "searchset of patients");
    }
    let refused = server
        .client("secretaire")
        .search("DocumentReference", &by_patient)
        .await
        .assert_status(403)
        .json();
    assert_known(&refused, "outcome");
    let capability = medecin.get("/metadata").await.assert_status(200).json();
    assert_known(&capability, "capability statement");
}
