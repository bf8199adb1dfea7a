//! What the server sends, read by an independent typed model of FHIR (R4B has the same elements as R4 for these resources): nothing is
//! missing, nothing is unknown to it, and it writes the same resource again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use passerelle::dmp::actor::ActorKind;
use passerelle::dmp::context::{AccessMode, Environment, Validation};
use passerelle::dmp::ins::{Ins, InsRoot};
use passerelle::dmp::trace::{Outcome, Trace, TracedAct, TracedActor};
use passerelle::tables::Tables;
use passerelle::translate::audit_event::{self, View};
use passerelle::translate::{Reading, wire};
use uuid::Uuid;

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
    let traces = medecin
        .search("AuditEvent", &[("patient.identifier", INS)])
        .await
        .assert_status(200)
        .json();
    assert!(traces["total"].as_u64().unwrap() >= 2);
    assert_known(&traces, "searchset of traces");
    let capability = medecin.get("/metadata").await.assert_status(200).json();
    assert_known(&capability, "capability statement");
}

/// Every act, by every kind of actor, with every outcome.
#[test]
fn every_trace_is_an_audit_event_to_others_too() {
    let tables = Tables::built_in();
    let reading = Reading {
        tables: &tables,
        environment: Environment::Test,
        validation: Validation::Strict,
        base_url: "https://127.0.0.1:8443/fhir",
    };
    let patient = Ins::parse(InsRoot::NirTest, "279036990100166").unwrap();
    for (rank, act) in TracedAct::ALL.into_iter().enumerate() {
        for kind in ActorKind::ALL {
            let trace = Trace {
                id: Uuid::from_u128(7),
                at: "2026-11-24T09:30:00.25Z".parse().unwrap(),
                patient: Some(patient.clone()),
                actor: Some(TracedActor {
                    kind,
                    id: "https://portail.example|1".to_owned(),
                    name: "DESCHAMPS CLAIRE".to_owned(),
                    profession: Some("10".to_owned()),
                    structure: Some("10B0000014".to_owned()),
                }),
                act,
                outcome: Outcome::ALL[rank % 4],
                refusal: Some("consent-required".to_owned()),
                rule: Some("CONS-05".to_owned()),
                matrix: Some("2024".to_owned()),
                mode: AccessMode::Centre15,
                reason: Some("coma".to_owned()),
                secret: rank % 2 == 0,
                entities: vec![("DocumentReference".to_owned(), Uuid::from_u128(9))],
                query: Some("status=current".to_owned()),
                request_id: "demande-1".to_owned(),
                traceparent: Some(
                    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned(),
                ),
            };
            let view = View {
                record: Uuid::from_u128(8),
                unannounced: rank % 2 == 1,
                patient_side: kind.is_patient_side(),
            };
            let written = audit_event::write(&trace, &view, &reading);
            let problems = wire::check(&written, "AuditEvent", "AuditEvent");
            assert!(problems.is_empty(), "{problems:?}\n{written:#}");
            assert_known(&written, &format!("{act:?} by {kind:?}"));
            let claims = written["meta"].get("profile").is_some();
            assert!(!claims || written["outcome"] == "0", "{act:?}");
        }
    }
}
