use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use hyper::Method;
use serde_json::json;

use crate::support::client::encode;
use crate::support::document::PATIENT;
use crate::support::{Document, Options, Reply};
use crate::world::*;

const GZIP: (&str, &str) = ("Accept-Encoding", "gzip, deflate, br");
const PACKED: (&str, &str) = ("Content-Encoding", "gzip");

fn unpacked(reply: &Reply) -> Vec<u8> {
    assert_eq!(reply.header("content-encoding"), "gzip");
    let mut whole = Vec::new();
    GzDecoder::new(&reply.bytes[..])
        .read_to_end(&mut whole)
        .unwrap();
    whole
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_compressed_for_who_takes_it() {
    let mut world = World::new(Options::default()).await;
    let search = format!(
        "/DocumentReference?patient.identifier={}&status=current",
        encode(PATIENT)
    );
    for path in [
        world.path.clone(),
        search,
        world.content.clone(),
        "/metadata".to_owned(),
    ] {
        let whole = world.get(&path, &[]).await.assert_status(200);
        assert_eq!(whole.header("content-encoding"), "");
        assert!(whole.bytes.len() > 1_024, "{path}");
        let small = world.get(&path, &[GZIP]).await.assert_status(200);
        assert_eq!(unpacked(&small), whole.bytes, "{path}");
        assert!(small.bytes.len() < whole.bytes.len(), "{path}");
        assert_eq!(
            small.header("content-length"),
            small.bytes.len().to_string()
        );
        for reply in [&whole, &small] {
            assert!(reply.header("vary").ends_with("Accept-Encoding"), "{path}");
        }
        assert_eq!(small.header("content-type"), whole.header("content-type"));
        // Other bytes: no strong tag, no parts. The tag still tells that nothing changed.
        let tag = small.header("etag").to_owned();
        assert_eq!(
            tag.trim_start_matches("W/"),
            whole.header("etag").trim_start_matches("W/")
        );
        assert!(
            !tag.starts_with('"') && small.header("accept-ranges").is_empty(),
            "{path}"
        );
        if !tag.is_empty() {
            let again = world.get(&path, &[GZIP, ("If-None-Match", &tag)]).await;
            assert_eq!((again.status, again.bytes.len()), (304, 0), "{path}");
        }
        // A page of another origin could learn from sizes.
        let origin = ("Origin", "https://elsewhere.example");
        let open = world.get(&path, &[GZIP, origin]).await.assert_status(200);
        assert_eq!(
            (open.header("content-encoding"), &open.bytes),
            ("", &whole.bytes)
        );
        let refused = world.get(&path, &[("Accept-Encoding", "gzip;q=0")]).await;
        assert_eq!(refused.bytes, whole.bytes);
    }
    // Small answers and parts are sent as they are.
    let small = world.get("/DocumentReference/1", &[GZIP]).await;
    small.assert_refused(404, "not-found");
    let part = world
        .get(&world.content.clone(), &[GZIP, ("Range", "bytes=0-2000")])
        .await;
    assert_eq!((part.status, part.header("content-encoding")), (206, ""));
    // So is what is compressed already: here a picture, inside the document that was made around it.
    let mut picture = vec![0xff, 0xd8, 0xff, 0xe0];
    picture.resize(5_000, 7);
    let mut sent = Document::new().simplified();
    let attachment = &mut sent["content"][0]["attachment"];
    attachment["contentType"] = json!("image/jpeg");
    attachment["data"] = json!(base64::Engine::encode(
        &base64::prelude::BASE64_STANDARD,
        &picture
    ));
    for gone in ["hash", "size"] {
        attachment.as_object_mut().unwrap().remove(gone);
    }
    sent["content"][0].as_object_mut().unwrap().remove("format");
    let made = world
        .doctor
        .post("/DocumentReference", &sent)
        .await
        .assert_status(201)
        .json();
    let url = made["content"][0]["attachment"]["url"].as_str().unwrap();
    let inside = world
        .get(url, &[GZIP, ("Accept", "image/jpeg")])
        .await
        .assert_status(200);
    assert_eq!(
        (inside.header("content-encoding"), inside.bytes.len()),
        ("", 5_000)
    );
    assert!(inside.header("etag").starts_with('"'));
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_come_compressed_within_the_same_bounds() {
    let options = Options::default().set("PASSERELLE_SERVER__MAX_BODY_BYTES", "100000");
    let mut world = World::new(options).await;
    let document = Document::new().simplified();
    let body = packed(document.to_string().as_bytes());
    let made = world
        .doctor
        .send(Method::POST, "/DocumentReference", &[FHIR, PACKED], body)
        .await;
    let made = made.assert_status(201).json();
    assert_eq!(
        made["masterIdentifier"]["value"],
        document["masterIdentifier"]["value"]
    );
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let query = format!("patient.identifier={}&status=current", encode(PATIENT));
    let body = packed(query.as_bytes());
    let found = world
        .doctor
        .send(
            Method::POST,
            "/DocumentReference/_search",
            &[form, PACKED],
            body,
        )
        .await;
    assert_eq!(found.assert_status(200).json()["total"], 2);
    let patch = json!([{"op": "replace", "path": "/status", "value": "entered-in-error"}]);
    let json = ("Content-Type", "application/json-patch+json");
    let body = packed(patch.to_string().as_bytes());
    let path = world.path.clone();
    world
        .doctor
        .send(Method::PATCH, &path, &[json, PACKED], body)
        .await
        .assert_status(200);

    // A few bytes that would fill the memory.
    let bomb = packed(&vec![b' '; 5_000_000]);
    assert!(bomb.len() < 100_000, "{}", bomb.len());
    let just_more = packed(&vec![b' '; 100_001]);
    for body in [bomb, just_more] {
        // The server closes the connection with such an answer.
        let mut doctor = world
            .server
            .client("medecin")
            .with(STRUCTURE.0, STRUCTURE.1);
        let refused = doctor
            .send(Method::POST, "/DocumentReference", &[FHIR, PACKED], body)
            .await;
        refused.assert_refused(413, "too-large");
    }
    let as_much = packed(&vec![b' '; 100_000]);
    let read = world
        .doctor
        .send(Method::POST, "/DocumentReference", &[FHIR, PACKED], as_much)
        .await;
    read.assert_refused(400, "malformed");
    let plain = document.to_string().into_bytes();
    let mut cut = packed(&plain);
    cut.truncate(cut.len() - 4);
    for body in [plain.clone(), cut] {
        let refused = world
            .doctor
            .send(Method::POST, "/DocumentReference", &[FHIR, PACKED], body)
            .await;
        refused.assert_refused(400, "malformed");
    }
    for other in ["br", "deflate", "gzip, gzip"] {
        let coding = ("Content-Encoding", other);
        let refused = world
            .doctor
            .send(
                Method::POST,
                "/DocumentReference",
                &[FHIR, coding],
                plain.clone(),
            )
            .await;
        refused.assert_refused(415, "unsupported-media-type");
        assert_eq!(refused.header("accept-encoding"), "gzip");
    }
    let text = [("Content-Type", "text/plain")];
    let refused = world
        .doctor
        .send(Method::POST, "/DocumentReference", &text, plain)
        .await;
    refused.assert_refused(415, "unsupported-media-type");
    assert_eq!(refused.header("accept-encoding"), "");
}
