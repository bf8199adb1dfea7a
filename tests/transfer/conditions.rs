use hyper::Method;
use serde_json::{Value, json};

use crate::support::Reply;
use crate::support::consent_for;
use crate::support::document::PATIENT;
use crate::world::*;

/// Sends a write that goes through when its condition holds.
async fn write(world: &mut World, method: Method, path: &str, tag: &str, body: &Value) -> Reply {
    let media_type = match method {
        Method::PATCH => "application/json-patch+json",
        _ => FHIR.1,
    };
    let headers = [("If-Match", tag), ("Content-Type", media_type)];
    let body = body.to_string().into_bytes();
    match path.starts_with("/Patient") {
        true => {
            let mut operator = world.server.client("exploitant");
            operator.send(method, path, &headers, body).await
        }
        false => world.doctor.send(method, path, &headers, body).await,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_write_takes_a_list_of_versions() {
    on_both(async |world| {
        let archived =
            "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-archived";
        let pointer = format!("/extension[url:'{archived}']/valueBoolean");
        let (path, consent, patient) = (
            world.path.clone(),
            world.consent.clone(),
            world.patient.clone(),
        );
        let right = consent_for(PATIENT, "899900000011");
        let record = world.record.clone();
        for (method, path, body) in [
            (Method::PATCH, path.clone(), Value::Null),
            (Method::PUT, consent, right),
            (Method::PUT, patient, record),
        ] {
            // A document gets a new version only when something changes.
            let body = |archive: bool| match &body {
                Value::Null => json!([{"op": "replace", "path": pointer, "value": archive}]),
                same => same.clone(),
            };
            for stale in ["W/\"2\"", "\"2\", \"3\"", "W/\"x\"", "nonsense"] {
                let refused = write(world, method.clone(), &path, stale, &body(true)).await;
                refused.assert_refused(412, "version-conflict");
            }
            for (tag, version) in [("\"1\"", 2), ("W/\"7\", W/\"2\"", 3), ("*", 4)] {
                let done = write(world, method.clone(), &path, tag, &body(version % 2 == 0)).await;
                let tag = format!("W/\"{version}\"");
                assert_eq!(done.assert_status(200).header("etag"), tag, "{path}");
            }
        }
        for (tag, status) in [("\"1\",\"3\"", 412), ("\"3\", \"4\"", 204)] {
            let done = write(world, Method::DELETE, &path, tag, &Value::Null).await;
            assert_eq!(done.status, status, "{tag}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_be_there_is_not_made() {
    let mut world = World::new(Default::default()).await;
    let (other, mut record) = (
        world.patient.replace("279035121518989", "277076322082910"),
        world.record.clone(),
    );
    assert_ne!(other, world.patient);
    let text = record
        .to_string()
        .replace("279035121518989", "277076322082910");
    record = serde_json::from_str(&text).unwrap();
    let refused = write(&mut world, Method::PUT, &other, "*", &record).await;
    refused.assert_refused(412, "version-conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_client_holds_is_not_sent_again() {
    on_both(async |world| {
        let list = world
            .doctor
            .get(&format!(
                "/List?patient.identifier={}&code=submissionset&status=current",
                crate::support::client::encode(PATIENT)
            ))
            .await;
        let list = format!(
            "/List/{}",
            id(&list.assert_status(200).json()["entry"][0]["resource"])
        );
        for path in [
            world.path.clone(),
            format!("{}/_history/1", world.path),
            world.consent.clone(),
            list,
            world.content.clone(),
        ] {
            let whole = world.get(&path, &[]).await.assert_status(200);
            let (tag, date) = (
                whole.header("etag").to_owned(),
                whole.header("last-modified").to_owned(),
            );
            let bare = tag.trim_start_matches("W/").to_owned();
            for held in [
                vec![("If-None-Match", tag.as_str())],
                vec![("If-None-Match", bare.as_str())],
                vec![("If-None-Match", "\"other\", *")],
                vec![("If-Modified-Since", date.as_str())],
                // The date says nothing beside the tag.
                vec![
                    ("If-None-Match", tag.as_str()),
                    ("If-Modified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"),
                ],
            ] {
                let reply = world.get(&path, &held).await;
                assert_eq!(
                    (reply.status, reply.bytes.len()),
                    (304, 0),
                    "{path} {held:?}"
                );
                assert_eq!(reply.header("etag"), tag, "{path}");
                assert_eq!(reply.header("last-modified"), date, "{path}");
            }
            for changed in [
                vec![("If-None-Match", "W/\"99\"")],
                vec![
                    ("If-None-Match", "W/\"99\""),
                    ("If-Modified-Since", date.as_str()),
                ],
                vec![("If-Modified-Since", "Thu, 01 Jan 1970 00:00:00 GMT")],
                vec![("If-Modified-Since", "now")],
            ] {
                let reply = world.get(&path, &changed).await.assert_status(200);
                assert_eq!(reply.bytes, whole.bytes, "{path} {changed:?}");
            }
        }
    })
    .await;
}

/// A record looks the same to an operator while its version stays; to a professional it also tells his own authorisation.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_held_by_who_sees_nothing_of_his_own_in_it() {
    let mut world = World::new(Default::default()).await;
    let mut operator = world.server.client("exploitant");
    let found = operator.get(&world.patient).await.assert_status(200).json();
    let path = format!("/Patient/{}", id(&found["entry"][0]["resource"]));
    let tag = operator.get(&path).await.header("etag").to_owned();
    let held = [("If-None-Match", tag.as_str())];
    let reply = operator.send(Method::GET, &path, &held, Vec::new()).await;
    assert_eq!((reply.status, reply.header("etag")), (304, tag.as_str()));
    world.get(&path, &held).await.assert_status(200);
}
