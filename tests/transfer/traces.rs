use hyper::Method;
use serde_json::{Value, json};

use crate::support::Options;
use crate::support::document::PATIENT;
use crate::support::portal::Portal;
use crate::world::*;

const PLACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// The places in distributed traces that the patient reads in her journal, newest first.
async fn places(world: &World, portal: &Portal) -> Vec<Value> {
    let mut patient = portal.holder(PATIENT).on(&world.server);
    let found = patient
        .search("AuditEvent", &[("patient.identifier", PATIENT)])
        .await;
    let found = found.assert_status(200).json();
    let entries = found["entry"].as_array().unwrap().iter();
    let entities =
        entries.flat_map(|entry| entry["resource"]["entity"].as_array().unwrap().clone());
    entities
        .filter(|entity| entity["role"]["code"] == "26")
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_tells_where_a_request_stood_in_a_distributed_trace() {
    let portal = Portal::new();
    let mut world = World::new(Options::default().portal(&portal)).await;
    let path = world.path.clone();
    assert!(places(&world, &portal).await.is_empty());
    world
        .get(&path, &[("traceparent", PLACE)])
        .await
        .assert_status(200);
    let expected = json!({
        "what": {"identifier": {"value": PLACE}},
        "type": {"system": "http://terminology.hl7.org/CodeSystem/audit-entity-type", "code": "4", "display": "Other"},
        "role": {"system": "http://terminology.hl7.org/CodeSystem/object-role", "code": "26", "display": "Processing Element"},
    });
    assert_eq!(
        places(&world, &portal).await,
        std::slice::from_ref(&expected)
    );
    // A refusal too; what is no place is left out and stops nothing.
    let other = [
        ("traceparent", PLACE),
        ("If-Match", "\"9\""),
        ("Content-Type", "application/json-patch+json"),
    ];
    let patch = br#"[{"op": "replace", "path": "/status", "value": "current"}]"#.to_vec();
    let refused = world.doctor.send(Method::PATCH, &path, &other, patch).await;
    refused.assert_refused(412, "version-conflict");
    for wrong in ["279035121518989", &PLACE[1..], &PLACE.to_uppercase()] {
        world
            .get(&path, &[("traceparent", wrong)])
            .await
            .assert_status(200);
    }
    assert_eq!(places(&world, &portal).await, [expected.clone(), expected]);
}
