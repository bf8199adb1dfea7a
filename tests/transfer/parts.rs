use hyper::Method;
use serde_json::json;

use crate::support::Document;
use crate::world::*;
use base64::prelude::{BASE64_STANDARD, Engine as _};

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_a_document_is_read() {
    on_both(async |world| {
        let pdf = published();
        let made = world.doctor.post("/DocumentReference", &pdf).await;
        let made = made.assert_status(201).json();
        let wrapped = made["content"][0]["attachment"]["url"]
            .as_str()
            .unwrap()
            .to_owned();
        // As it is kept, and the file inside a document that was made around it.
        for (url, accept) in [(world.content.clone(), "*/*"), (wrapped, "application/pdf")] {
            let whole = world
                .get(&url, &[("Accept", accept)])
                .await
                .assert_status(200);
            assert_eq!(whole.header("accept-ranges"), "bytes");
            let (tag, date) = (
                whole.header("etag").to_owned(),
                whole.header("last-modified").to_owned(),
            );
            let size = whole.bytes.len();
            assert!(size > 20 && tag.starts_with('"'));
            for (range, first, last) in [
                ("bytes=0-0", 0, 0),
                ("bytes=5-11", 5, 11),
                ("bytes=10-", 10, size - 1),
                ("bytes=-4", size - 4, size - 1),
                ("bytes=3-99999999", 3, size - 1),
            ] {
                for condition in ["", tag.as_str(), date.as_str()] {
                    let mut headers = vec![("Accept", accept), ("Range", range)];
                    if !condition.is_empty() {
                        headers.push(("If-Range", condition));
                    }
                    let part = world.get(&url, &headers).await.assert_status(206);
                    assert_eq!(
                        part.header("content-range"),
                        format!("bytes {first}-{last}/{size}")
                    );
                    assert_eq!(part.header("content-type"), whole.header("content-type"));
                    assert_eq!(part.header("etag"), tag);
                    assert_eq!(part.bytes, whole.bytes[first..=last], "{range} {condition}");
                }
            }
            // Other bytes since, several parts, other units: the whole.
            for (range, condition) in [
                ("bytes=0-1", "\"other\""),
                ("bytes=0-1", "Thu, 01 Jan 1970 00:00:00 GMT"),
                ("bytes=0-1", &format!("W/{tag}")),
                ("bytes=0-1,4-5", &tag),
                ("lines=0-1", &tag),
                ("bytes=7-3", &tag),
            ] {
                let headers = [
                    ("Accept", accept),
                    ("Range", range),
                    ("If-Range", condition),
                ];
                let reply = world.get(&url, &headers).await.assert_status(200);
                assert_eq!(reply.bytes, whole.bytes, "{range} {condition}");
            }
            for range in [format!("bytes={size}-"), "bytes=-0".to_owned()] {
                let headers = [("Accept", accept), ("Range", range.as_str())];
                let reply = world.get(&url, &headers).await;
                reply.assert_refused(416, "range-not-satisfiable");
                assert_eq!(reply.header("content-range"), format!("bytes */{size}"));
            }
            let headers = [("Accept", accept), ("Range", "bytes=0-1")];
            let head = world
                .doctor
                .send(Method::HEAD, &url, &headers, Vec::new())
                .await;
            assert_eq!((head.status, head.header("accept-ranges")), (200, "bytes"));
            assert_eq!(head.header("content-length"), size.to_string());
            let held = [
                ("Accept", accept),
                ("Range", "bytes=0-1"),
                ("If-None-Match", tag.as_str()),
            ];
            assert_eq!(world.get(&url, &held).await.status, 304);
        }
        // A resource has no parts.
        let headers = [("Accept", FHIR.1), ("Range", "bytes=0-1")];
        let resource = world
            .get(&world.content.clone(), &headers)
            .await
            .assert_status(200);
        assert_eq!(resource.json()["resourceType"], "Binary");
        assert_eq!(resource.header("accept-ranges"), "");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_head_of_every_answer_can_be_had_alone() {
    let mut world = World::new(Default::default()).await;
    let query = crate::support::client::encode(crate::support::document::PATIENT);
    for path in [
        world.path.clone(),
        world.consent.clone(),
        world.content.clone(),
        world.patient.clone(),
        "/metadata".to_owned(),
        format!("/DocumentReference?patient.identifier={query}&status=current"),
        format!("/AuditEvent/{}", "0".repeat(64)),
    ] {
        let get = world.get(&path, &[]).await;
        let head = world
            .doctor
            .send(Method::HEAD, &path, &[], Vec::new())
            .await;
        assert_eq!((head.status, head.bytes.len()), (get.status, 0), "{path}");
        for name in ["content-type", "etag", "last-modified", "vary"] {
            assert_eq!(head.header(name), get.header(name), "{path} {name}");
        }
    }
}

/// A DocumentReference that deposits a PDF.
fn published() -> serde_json::Value {
    let bytes = b"%PDF-1.4\n<x:xmpmeta><pdfaid:part>1</pdfaid:part></x:xmpmeta>\n%%EOF\n";
    let mut document = Document::new().simplified();
    let attachment = &mut document["content"][0]["attachment"];
    attachment["contentType"] = json!("application/pdf");
    attachment["data"] = json!(BASE64_STANDARD.encode(bytes));
    attachment["size"] = json!(bytes.len());
    attachment["hash"] = json!(BASE64_STANDARD.encode(openssl::sha::sha1(bytes)));
    let content = document["content"][0].as_object_mut().unwrap();
    content.remove("format");
    document.as_object_mut().unwrap().remove("relatesTo");
    document
}
