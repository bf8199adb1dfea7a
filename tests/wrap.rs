//! Files that become CDA documents of level 1: at a deposit over HTTP on both databases, and by `cda wrap`.
#![allow(missing_docs, unreachable_pub, dead_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use hyper::Method;
use passerelle::dmp::context::{Environment, Validation};
use passerelle::translate::Reading;
use passerelle::translate::cda::{check, metadata_json, read_header};
use serde_json::{Value, json};
use support::document::{PATIENT, TABLES};
use support::{Client, Document, Options, Server, consent_for};

const MEDECIN: &str = "899900000011";
/// Struct_IdNat of the certificate `hopital`.
const HOSPITAL: &str = "10B0000014";

const PDF: &[u8] = b"%PDF-1.4\n<x:xmpmeta><pdfaid:part>1</pdfaid:part></x:xmpmeta>\n%%EOF\n";

async fn on_both(options: Options, test: impl AsyncFn(&Server)) {
    support::on_both(options, async |options| {
        test(&support::opened(options, &[PATIENT]).await).await;
    })
    .await;
}

/// A DocumentReference that deposits these bytes; without what only a CDA header would tell.
fn published(media_type: &str, bytes: &[u8]) -> Value {
    let mut document = Document::new().simplified();
    let attachment = &mut document["content"][0]["attachment"];
    attachment["contentType"] = json!(media_type);
    attachment["data"] = json!(BASE64_STANDARD.encode(bytes));
    attachment["size"] = json!(bytes.len());
    attachment["hash"] = json!(BASE64_STANDARD.encode(openssl::sha::sha1(bytes)));
    let content = document["content"][0].as_object_mut().unwrap();
    content.remove("format");
    document.as_object_mut().unwrap().remove("relatesTo");
    document
}

async fn bytes_of(client: &mut Client, url: &str, accept: &str) -> (u16, String, Vec<u8>) {
    let headers = [("Accept", accept)];
    let reply = client.send(Method::GET, url, &headers, Vec::new()).await;
    let media_type = reply.header("content-type").to_owned();
    (reply.status, media_type, reply.bytes.to_vec())
}

#[tokio::test]
async fn a_file_is_deposited_as_a_document_and_read_back_as_it_was() {
    on_both(Options::strict(), async |server| {
        let mut doctor = server.client("medecin").with("DMP-Structure", "10B0000002");
        doctor
            .post("/Consent", &consent_for(PATIENT, MEDECIN))
            .await;
        let files: [(&str, &[u8]); 4] = [
            ("application/pdf", PDF),
            ("text/plain", "Tout va bien, même l’été.".as_bytes()),
            ("text/rtf", b"{\\rtf1 a}"),
            ("image/jpeg", &[0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]),
        ];
        for (media_type, bytes) in files {
            let sent = published(media_type, bytes);
            let reply = doctor
                .post("/DocumentReference", &sent)
                .await
                .assert_status(201);
            // That it was wrapped, and that `date` is the server's.
            assert_eq!(reply.header("dmp-warnings"), "2", "{media_type}");
            let made = reply.json();
            let attachment = &made["content"][0]["attachment"];
            assert_eq!(attachment["contentType"], "text/xml");
            assert_eq!(
                made["masterIdentifier"]["value"],
                sent["masterIdentifier"]["value"]
            );
            let url = attachment["url"].as_str().unwrap();

            let (status, kind, document) = bytes_of(&mut doctor, url, "*/*").await;
            assert_eq!((status, kind.as_str()), (200, "text/xml"));
            assert_eq!(attachment["size"], document.len());
            let reading = Reading {
                tables: &TABLES,
                environment: Environment::Test,
                validation: Validation::Strict,
                base_url: "",
            };
            assert_eq!(check(&document, &reading), [], "{media_type}");
            let header = metadata_json(&read_header(&document).unwrap(), &document, &TABLES);
            assert_eq!(header["media_type"], media_type);

            let (status, kind, inside) = bytes_of(&mut doctor, url, media_type).await;
            assert_eq!((status, kind.as_str()), (200, media_type));
            assert_eq!(inside, bytes);
            let other = if media_type == "image/jpeg" {
                "image/tiff"
            } else {
                "image/jpeg"
            };
            assert_eq!(
                bytes_of(&mut doctor, url, other).await.0,
                406,
                "{media_type}"
            );

            doctor
                .post("/DocumentReference", &sent)
                .await
                .assert_refused(409, "duplicate-document");
        }
    })
    .await;
}

#[tokio::test]
async fn what_the_card_tells_need_not_be_said() {
    on_both(Options::default(), async |server| {
        let mut doctor = server.client("medecin").with("DMP-Structure", "10B0000002");
        let mut sent = published("application/pdf", PDF);
        let object = sent.as_object_mut().unwrap();
        for name in [
            "author",
            "authenticator",
            "custodian",
            "masterIdentifier",
            "contained",
        ] {
            object.remove(name);
        }
        sent["context"]
            .as_object_mut()
            .unwrap()
            .remove("sourcePatientInfo");
        let first = doctor
            .post("/DocumentReference", &sent)
            .await
            .assert_status(201);
        let author = first.json()["contained"].clone();
        assert!(author.to_string().contains(MEDECIN), "{author}");
        // The same file again is the same document.
        doctor
            .post("/DocumentReference", &sent)
            .await
            .assert_refused(409, "duplicate-document");
    })
    .await;
}

#[tokio::test]
async fn who_deposits_keeps_what_nobody_else_keeps() {
    on_both(Options::default(), async |server| {
        let mut hospital = server.client("hopital");
        let mut sent = published("application/pdf", PDF);
        let object = sent.as_object_mut().unwrap();
        object.remove("custodian");
        object["author"] = json!([{"type": "Practitioner", "display": "ZZSECRET",
            "identifier": {"system": "urn:oid:1.2.250.1.71.4.2.1", "value": MEDECIN}}]);
        let reply = hospital.post("/DocumentReference", &sent).await;
        let made = reply.assert_status(201).json();
        let custodian = &made["custodian"];
        assert_eq!(custodian["identifier"]["value"], HOSPITAL, "{custodian}");
    })
    .await;
}

#[tokio::test]
async fn what_nobody_tells_is_asked_for_by_name_and_nothing_is_stored() {
    on_both(Options::default(), async |server| {
        let mut laboratory = server.client("laboratoire");
        let mut sent = published("application/pdf", PDF);
        let object = sent.as_object_mut().unwrap();
        for name in [
            "author",
            "authenticator",
            "custodian",
            "context",
            "type",
            "category",
        ] {
            object.remove(name);
        }
        sent["content"][0]["attachment"]
            .as_object_mut()
            .unwrap()
            .remove("title");
        let reply = laboratory
            .post("/DocumentReference", &sent)
            .await
            .assert_status(422);
        let issues = reply.json()["issue"].as_array().unwrap().clone();
        let errors: Vec<&str> = issues
            .iter()
            .filter(|issue| issue["severity"] == "error")
            .map(|issue| issue["expression"][0].as_str().unwrap())
            .collect();
        for element in [
            "author",
            "authenticator",
            "context.facilityType",
            "context.practiceSetting",
            "type",
            "content[0].attachment.title",
        ] {
            let path = format!("DocumentReference.{element}");
            assert!(errors.contains(&path.as_str()), "{path}: {errors:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_file_is_what_it_says_it_is() {
    on_both(Options::strict(), async |server| {
        let mut doctor = server.client("medecin").with("DMP-Structure", "10B0000002");
        for (media_type, bytes, element) in [
            ("application/pdf", &b"GIF89a"[..], "contentType"),
            ("image/jpeg", PDF, "contentType"),
            ("application/pdf", b"%PDF-1.4 without XMP", ""),
        ] {
            let sent = published(media_type, bytes);
            let reply = doctor.post("/DocumentReference", &sent).await;
            reply.assert_refused(422, "element-invalid");
            let path = "DocumentReference.content[0].attachment";
            let at = reply.json()["issue"][0]["expression"][0].clone();
            assert_eq!(at, format!("{path}.{element}").trim_end_matches('.'));
        }
        let mut sent = published("application/pdf", PDF);
        sent["content"][0]["attachment"]["size"] = json!(3);
        doctor
            .post("/DocumentReference", &sent)
            .await
            .assert_refused(422, "hash-mismatch");
    })
    .await;
}

#[tokio::test]
async fn hostile_metadata_stay_text_or_are_refused() {
    on_both(Options::default(), async |server| {
        let mut doctor = server.client("medecin").with("DMP-Structure", "10B0000002");
        doctor
            .post("/Consent", &consent_for(PATIENT, MEDECIN))
            .await;
        const TITLE: &str = "@title@";
        let sent = |title: &str| {
            let mut sent = published("text/plain", b"Tout va bien.");
            sent["content"][0]["attachment"]["title"] = json!(TITLE);
            sent.to_string().replace(TITLE, title).into_bytes()
        };
        let json = [("Content-Type", "application/fhir+json")];
        for (title, status) in [
            (r"half \ud800", 400),
            (r"\udc00\ud800", 400),
            (r"zero \u0000", 422),
            (r"bell \u0007", 422),
            ("raw bell \u{7}", 400),
        ] {
            let reply = doctor
                .send(Method::POST, "/DocumentReference", &json, sent(title))
                .await;
            assert_eq!(reply.status, status, "{title:?}");
            assert_eq!(reply.json()["resourceType"], "OperationOutcome");
        }
        let hostile = "</title></text><script>alert(1)</script> & ]]> -->";
        let reply = doctor
            .send(Method::POST, "/DocumentReference", &json, sent(hostile))
            .await;
        let made = reply.assert_status(201).json();
        let attachment = &made["content"][0]["attachment"];
        assert_eq!(attachment["title"], hostile);
        let url = attachment["url"].as_str().unwrap();
        let (_, _, document) = bytes_of(&mut doctor, url, "*/*").await;
        let header = read_header(&document).unwrap();
        assert_eq!(header.title.as_deref(), Some(hostile));
        let (status, kind, page) = bytes_of(&mut doctor, url, "text/html").await;
        assert!(status == 200 && kind.starts_with("text/html"), "{kind}");
        let page = String::from_utf8(page).unwrap();
        assert!(!page.contains("<script") && page.contains("&lt;script"));
        // Empty, and too long for a header: refused by name.
        let mut empty = published("text/plain", b"");
        doctor
            .post("/DocumentReference", &empty)
            .await
            .assert_refused(422, "element-invalid");
        empty = published("text/plain", b"x");
        empty["content"][0]["attachment"]["title"] = json!("x".repeat(70_000));
        doctor
            .post("/DocumentReference", &empty)
            .await
            .assert_refused(422, "element-invalid");
    })
    .await;
}

#[test]
fn the_command_wraps_what_the_server_would() {
    let folder = tempfile::tempdir().unwrap();
    let mut meta = published("application/pdf", PDF);
    meta["content"][0]["attachment"]
        .as_object_mut()
        .unwrap()
        .remove("data");
    std::fs::write(folder.path().join("result.pdf"), PDF).unwrap();
    std::fs::write(folder.path().join("meta.json"), meta.to_string()).unwrap();
    let arguments = ["cda", "wrap", "result.pdf", "--metadata", "meta.json"];
    let output = support::server::run_in(folder.path(), &arguments);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{told}");
    let again = support::server::run_in(folder.path(), &arguments);
    assert_eq!(output.stdout, again.stdout);
    let header = read_header(&output.stdout).unwrap();
    let header = metadata_json(&header, &output.stdout, &TABLES);
    let id = meta["masterIdentifier"]["value"].as_str().unwrap();
    assert_eq!(
        id,
        format!("urn:oid:{}", header["unique_id"].as_str().unwrap())
    );
    assert_eq!(header["type"]["code"], meta["type"]["coding"][0]["code"]);

    meta.as_object_mut().unwrap().remove("type");
    std::fs::write(folder.path().join("meta.json"), meta.to_string()).unwrap();
    let output = support::server::run_in(folder.path(), &arguments);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        told.contains("element-required DocumentReference.type"),
        "{told}"
    );
}
