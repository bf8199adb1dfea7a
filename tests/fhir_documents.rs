//! FHIR documents over HTTP, on both databases: a Bundle of type document as content, deposited, held against its Composition, read back.
#![allow(missing_docs, unreachable_pub, dead_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "store/home.rs"]
mod home;
mod support;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use hyper::Method;
use passerelle::translate::wire;
use serde_json::{Value, json};
use support::client::encode;
use support::document::{OTHER, PATIENT};
use support::{Client, Document, Options, Reply, Server, consent_for};
use uuid::Uuid;

const FHIR: &str = "application/fhir+json";

/// The same on SQLite and, where it is installed, on PostgreSQL.
async fn on_both(check: impl AsyncFn(&Server)) {
    check(&opened(Options::default()).await).await;
    if let Some(home) = home::Home::postgres().await {
        let options = Options {
            database: home.url.clone(),
            ..Options::default()
        };
        check(&opened(options).await).await;
    }
}

async fn opened(options: Options) -> Server {
    let server = Server::with(options);
    let mut operator = server.client("exploitant");
    for patient in [PATIENT, OTHER] {
        let (_, resource) = Document::for_patient(patient).record();
        let path = format!("/Patient?identifier={}", encode(patient));
        operator.put(&path, &resource).await.assert_status(201);
    }
    server
}

async fn doctor(server: &Server) -> Client {
    let mut doctor = server.client("medecin2");
    let consent = consent_for(PATIENT, "899900000029");
    doctor.post("/Consent", &consent).await.assert_status(201);
    doctor
}

/// A document Bundle that fits a DocumentReference.
fn document(reference: &Value, patient: &str) -> Value {
    let (system, value) = patient.split_once('|').unwrap();
    json!({
        "resourceType": "Bundle",
        "identifier": {
            "system": reference["masterIdentifier"]["system"],
            "value": reference["masterIdentifier"]["value"]
        },
        "type": "document",
        "timestamp": "2026-06-01T10:00:00+02:00",
        "entry": [
            {
                "fullUrl": "urn:uuid:bbbbbbbb-0000-0000-0000-000000000001",
                "resource": {
                    "resourceType": "Composition",
                    "status": "final",
                    "type": reference["type"],
                    "subject": {"reference": "urn:uuid:bbbbbbbb-0000-0000-0000-000000000002"},
                    "date": "2026-06-01T10:00:00+02:00",
                    "author": [{"display": "Service"}],
                    "title": "Synthèse",
                    "section": [{"title": "Synthèse", "extension": [{"url": "urn:x", "valueDecimal": 1.50}]}]
                }
            },
            {
                "fullUrl": "urn:uuid:bbbbbbbb-0000-0000-0000-000000000002",
                "resource": {
                    "resourceType": "Patient",
                    "identifier": [{"system": system, "value": value}]
                }
            }
        ]
    })
}

/// A transaction that deposits one.
fn bundle(change: impl FnOnce(&mut Value, &mut Value)) -> (Value, Value) {
    let mut bundle = Document::new().bundle();
    let reference = &mut bundle["entry"][1]["resource"];
    let attachment = reference["content"][0]["attachment"]
        .as_object_mut()
        .unwrap();
    attachment.remove("size");
    attachment.remove("hash");
    attachment.insert("contentType".into(), json!(FHIR));
    let mut document = document(reference, PATIENT);
    change(reference, &mut document);
    let entry = &mut bundle["entry"][2];
    entry["resource"] = document.clone();
    entry["request"]["url"] = json!("Bundle");
    (bundle, document)
}

/// The DocumentReference that deposits it alone, as this text.
fn simplified(text: impl FnOnce(&Value) -> String) -> (Value, Vec<u8>) {
    let mut reference = Document::new().simplified();
    let attachment = reference["content"][0]["attachment"]
        .as_object_mut()
        .unwrap();
    attachment.remove("size");
    attachment.remove("hash");
    attachment.insert("contentType".into(), json!(FHIR));
    let bytes = text(&document(&reference, PATIENT)).into_bytes();
    let data = BASE64_STANDARD.encode(&bytes);
    reference["content"][0]["attachment"]["data"] = json!(data);
    (reference, bytes)
}

fn location(reply: &Value, entry: usize) -> String {
    let location = reply["entry"][entry]["response"]["location"].as_str();
    let location = location.unwrap_or_else(|| panic!("{reply:#}"));
    format!("/{}", location.split("/_history").next().unwrap())
}

async fn accepting(client: &mut Client, path: &str, media_type: &str) -> Reply {
    let headers = [("Accept", media_type)];
    client.send(Method::GET, path, &headers, Vec::new()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_is_a_document() {
    on_both(async |server| {
        let mut hospital = server.client("hopital");
        let (sent, document) = bundle(|_, _| {});
        let reply = hospital.post("", &sent).await.assert_status(200).json();
        let at = location(&reply, 2);
        assert!(at.starts_with("/Bundle/"), "{at}");
        assert_eq!(reply["entry"][2]["response"]["status"], "201 Created");

        let mut doctor = doctor(server).await;
        let reference = doctor.get(&location(&reply, 1)).await.assert_status(200);
        let content = reference.json()["content"][0].clone();
        let attachment = &content["attachment"];
        assert_eq!(attachment["contentType"], FHIR);
        assert!(
            attachment["url"]
                .as_str()
                .unwrap()
                .ends_with(&format!("/fhir{at}"))
        );
        let declared = &sent["entry"][1]["resource"]["content"][0];
        assert_eq!(content["format"]["code"], declared["format"]["code"]);
        assert_eq!(attachment["title"], declared["attachment"]["title"]);

        // Members in their order, numbers as written, no white space.
        let text = document.to_string();
        let read = doctor.get(&at).await.assert_status(200);
        assert_eq!(read.header("content-type"), FHIR);
        assert_eq!(read.header("content-disposition"), "attachment");
        assert_eq!(read.bytes, text.as_bytes());
        assert!(text.contains("1.5"), "{text}");
        assert_eq!(attachment["size"], text.len());
        let sha1 = openssl::sha::sha1(text.as_bytes());
        assert_eq!(attachment["hash"], BASE64_STANDARD.encode(sha1));

        let tag = read.header("etag").to_owned();
        let headers = [("If-None-Match", tag.as_str())];
        let again = doctor.send(Method::GET, &at, &headers, Vec::new()).await;
        assert_eq!(again.status, 304);
        let turtle = accepting(&mut doctor, &at, "text/turtle").await;
        assert_eq!(turtle.status, 406);

        // By ITI-68's other road.
        let binary = at.replace("/Bundle/", "/Binary/");
        let raw = accepting(&mut doctor, &binary, FHIR)
            .await
            .assert_status(200);
        assert_eq!(raw.bytes, text.as_bytes());
        let inside = accepting(&mut doctor, &binary, "application/json").await;
        let inside = inside.assert_status(200).json();
        assert_eq!(inside["contentType"], FHIR);
        assert_eq!(inside["data"], BASE64_STANDARD.encode(&text));

        // A card that may not consult, and no card.
        let refused = server.client("secretaire").get(&at).await;
        refused.assert_refused(403, "card-cannot-consult");
        // Another document is none.
        let cda = hospital.post("", &Document::new().bundle()).await.json();
        let cda = location(&cda, 2).replace("/Binary/", "/Bundle/");
        let unknown = doctor.get(&format!("/Bundle/{}", Uuid::new_v4())).await;
        unknown.assert_refused(404, "not-found");
        let other = doctor.get(&cda).await;
        assert_eq!((other.status, other.json()), (404, unknown.json()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_inline_is_kept_to_the_byte() {
    on_both(async |server| {
        let mut hospital = server.client("hopital");
        let (sent, bytes) = simplified(|document| format!("{document:#}\n"));
        let made = hospital.post("/DocumentReference", &sent).await;
        let made = made.assert_status(201).json();
        let attachment = &made["content"][0]["attachment"];
        assert!(attachment.get("data").is_none());
        let url = attachment["url"].as_str().unwrap();
        let at = format!("/Bundle/{}", url.rsplit('/').next().unwrap());
        assert!(url.ends_with(&at), "{url}");
        let mut doctor = doctor(server).await;
        let read = doctor.get(&at).await.assert_status(200);
        assert_eq!(read.bytes, bytes.as_slice());

        // Size and hash may be told, of these bytes.
        let (mut sent, bytes) = simplified(|document| format!("{document:#}"));
        let attachment = &mut sent["content"][0]["attachment"];
        attachment["size"] = json!(bytes.len() + 1);
        let wrong = hospital.post("/DocumentReference", &sent).await;
        wrong.assert_refused(422, "hash-mismatch");
        let attachment = &mut sent["content"][0]["attachment"];
        attachment["size"] = json!(bytes.len());
        attachment["hash"] = json!(BASE64_STANDARD.encode(openssl::sha::sha1(&bytes)));
        let right = hospital.post("/DocumentReference", &sent).await;
        right.assert_status(201);
        // What the declaration leaves open, the Composition tells.
        let (mut sent, _) = simplified(|document| document.to_string());
        let declared = sent.as_object_mut().unwrap();
        let told = declared.remove("type").unwrap();
        declared.remove("masterIdentifier");
        declared.remove("identifier");
        sent["content"][0]["attachment"]
            .as_object_mut()
            .unwrap()
            .remove("title");
        let made = hospital.post("/DocumentReference", &sent).await;
        let made = made.assert_status(201).json();
        assert_eq!(made["type"]["coding"][0]["code"], told["coding"][0]["code"]);
        assert_eq!(made["content"][0]["attachment"]["title"], "Synthèse");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_document_is_absent() {
    on_both(async |server| {
        let mut hospital = server.client("hopital");
        let (sent, _) = bundle(|reference, _| {
            let labels = reference["securityLabel"].as_array_mut().unwrap();
            labels.push(json!({"coding": [{
                "system": "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument",
                "code": "MASQUE_PS"
            }]}));
        });
        let reply = hospital.post("", &sent).await.assert_status(200).json();
        let at = location(&reply, 2);
        let mut doctor = doctor(server).await;
        let hidden = doctor.get(&at).await;
        let unknown = doctor.get(&format!("/Bundle/{}", Uuid::new_v4())).await;
        assert_eq!((hidden.status, hidden.json()), (404, unknown.json()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_document_is_refused() {
    on_both(async |server| {
        let mut hospital = server.client("hopital");
        let at = "Bundle.entry[1].resource";
        type Change = fn(&mut Value, &mut Value);
        let cases: [(Change, &str, &str); 8] = [
            (
                |_, document| document["type"] = json!("collection"),
                "element-invalid",
                ".content[0].attachment",
            ),
            (
                |_, document| {
                    document["entry"].as_array_mut().unwrap().reverse();
                },
                "element-invalid",
                ".content[0].attachment",
            ),
            (
                |_, document| {
                    let kind = &mut document["entry"][0]["resource"]["type"];
                    *kind = json!({"coding": [{"system": "http://loinc.org", "code": "60591-5"}]});
                },
                "metadata-mismatch",
                ".type",
            ),
            (
                |_, document| document["identifier"]["value"] = json!("urn:oid:1.2.3"),
                "metadata-mismatch",
                ".masterIdentifier",
            ),
            (
                |_, document| {
                    let (system, value) = OTHER.split_once('|').unwrap();
                    let patient = &mut document["entry"][1]["resource"]["identifier"][0];
                    *patient = json!({"system": system, "value": value});
                },
                "metadata-mismatch",
                ".subject",
            ),
            (
                |reference, document| {
                    let unknown =
                        json!({"coding": [{"system": "http://loinc.org", "code": "0-0"}]});
                    reference["type"] = unknown.clone();
                    document["entry"][0]["resource"]["type"] = unknown;
                },
                "type-not-in-matrix",
                ".type",
            ),
            (
                |reference, _| {
                    let content = reference["content"][0].as_object_mut().unwrap();
                    content.remove("format");
                },
                "element-required",
                ".content[0].format",
            ),
            (
                |reference, _| reference["content"][0]["attachment"]["size"] = json!(3),
                "hash-mismatch",
                ".content[0].attachment.size",
            ),
        ];
        for (change, code, element) in cases {
            let (sent, _) = bundle(change);
            let reply = hospital.post("", &sent).await;
            let outcome = reply.json();
            assert_eq!(reply.status, 422, "{element} {outcome:#}");
            let told = outcome["issue"].as_array().unwrap().iter().any(|issue| {
                issue["severity"] == "error"
                    && issue["details"]["coding"][0]["code"] == code
                    && issue["expression"][0] == format!("{at}{element}")
            });
            assert!(told, "{code} {element} {outcome:#}");
            let number = OTHER.split_once('|').unwrap().1;
            assert!(!outcome.to_string().contains(number));
        }
        let (sent, _) = simplified(|_| "{".to_owned());
        let reply = hospital.post("/DocumentReference", &sent).await;
        reply.assert_refused(422, "element-invalid");
        // No Composition tells all that a document needs.
        let (_, document) = bundle(|_, _| {});
        let parameters = json!({
            "resourceType": "Parameters",
            "parameter": [{"name": "document", "resource": document}]
        });
        let reply = hospital
            .post("/DocumentReference/$generate-metadata", &parameters)
            .await;
        reply.assert_refused(422, "fhir-document-not-supported");

        let mut doctor = doctor(server).await;
        let asked = [("patient.identifier", PATIENT), ("status", "current")];
        let found = doctor.search("DocumentReference", &asked).await.json();
        assert_eq!(found["total"], 0, "nothing was made");
    })
    .await;
}

const XML: &str = "application/fhir+xml";

/// A document in XML, as an author would write it: indented, with an older resource that the façade itself does not serve.
fn in_xml(document: &Value) -> String {
    let mut document = document.clone();
    document["entry"].as_array_mut().unwrap().push(json!({
        "fullUrl": "urn:uuid:bbbbbbbb-0000-0000-0000-000000000003",
        "resource": {
            "resourceType": "AllergyIntolerance",
            "patient": {"reference": "urn:uuid:bbbbbbbb-0000-0000-0000-000000000002"},
            "reaction": [{"manifestation": [{"text": "Urticaire"}], "severity": "mild"}]
        }
    }));
    let xml = wire::write_xml_document(&document).expect("R4");
    wire::indent_xml(&xml)
}

/// The tree of an XML answer.
fn tree(bytes: &[u8]) -> Value {
    let (tree, issues) = wire::read_document(wire::Format::Xml, bytes).expect("XML");
    assert_eq!(issues, []);
    tree
}

/// The text without its declaration.
fn bare(xml: &str) -> &str {
    xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>")
        .expect("declared")
        .trim()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_in_xml_is_kept_to_the_byte_and_read_in_both_forms() {
    on_both(async |server| {
        let mut hospital = server.client("hopital");
        let mut doctor = doctor(server).await;
        let (mut sent, bytes) = simplified(in_xml);
        sent["content"][0]["attachment"]["contentType"] = json!(XML);
        let made = hospital.post("/DocumentReference", &sent).await;
        let made = made.assert_status(201).json();
        let attachment = &made["content"][0]["attachment"];
        assert_eq!(attachment["contentType"], XML);
        // Of the bytes as they came.
        assert_eq!(attachment["size"], bytes.len());
        let sha1 = openssl::sha::sha1(&bytes);
        assert_eq!(attachment["hash"], BASE64_STANDARD.encode(sha1));
        let url = attachment["url"].as_str().unwrap();
        let at = format!("/Bundle/{}", url.rsplit('/').next().unwrap());
        assert!(url.ends_with(&at), "{url}");

        for accept in [XML, "*/*"] {
            let read = accepting(&mut doctor, &at, accept).await.assert_status(200);
            assert_eq!(read.header("content-type"), XML);
            assert_eq!(read.bytes, bytes.as_slice(), "{accept}");
            let hex: String = sha1.iter().map(|b| format!("{b:02x}")).collect();
            assert_eq!(read.header("etag"), format!("\"{hex}\""));
        }
        let read = accepting(&mut doctor, &at, FHIR).await.assert_status(200);
        assert_eq!(
            read.header("content-type"),
            "application/fhir+json; charset=utf-8"
        );
        assert_eq!(read.json(), tree(&bytes));
        assert!(read.header("etag").starts_with("W/"));
        let text = String::from_utf8(read.bytes.to_vec()).unwrap();
        assert!(text.contains("\"valueDecimal\":1.5"), "{text}");
        let tag = read.header("etag").to_owned();
        let headers = [("Accept", FHIR), ("If-None-Match", tag.as_str())];
        let again = doctor.send(Method::GET, &at, &headers, Vec::new()).await;
        assert_eq!(again.status, 304);
        let by_format = doctor.get(&format!("{at}?_format=json")).await;
        assert_eq!(by_format.assert_status(200).json(), tree(&bytes));

        let binary = at.replace("/Bundle/", "/Binary/");
        let raw = accepting(&mut doctor, &binary, XML)
            .await
            .assert_status(200);
        assert_eq!(
            (raw.header("content-type"), &raw.bytes[..]),
            (XML, &bytes[..])
        );
        let inside = accepting(&mut doctor, &binary, FHIR).await.json();
        assert_eq!(inside["contentType"], XML);
        assert_eq!(inside["data"], BASE64_STANDARD.encode(&bytes));

        // One in JSON is read in XML too.
        let (sent, document) = bundle(|_, _| {});
        let reply = hospital.post("", &sent).await.assert_status(200).json();
        let at = location(&reply, 2);
        let read = accepting(&mut doctor, &at, XML).await.assert_status(200);
        assert_eq!(
            read.header("content-type"),
            "application/fhir+xml; charset=utf-8"
        );
        assert_eq!(tree(&read.bytes), document);
        assert!(read.header("etag").starts_with("W/"));
        // One that is not R4 has no XML form; it is still given as it came.
        let (sent, _) = bundle(|_, document| {
            document["entry"][0]["resource"]["mood"] = json!("good");
        });
        let reply = hospital.post("", &sent).await.assert_status(200).json();
        let at = location(&reply, 2);
        let refused = accepting(&mut doctor, &at, XML).await;
        assert_eq!(refused.status, 406);
        doctor.get(&at).await.assert_status(200);
    })
    .await;
}

/// The transaction of a document in XML: `around` makes the inner text, which stands where the Bundle is.
fn transaction_in_xml(around: impl FnOnce(&str) -> String) -> (Vec<u8>, Value) {
    let (mut sent, document) = bundle(|reference, _| {
        reference["content"][0]["attachment"]["contentType"] = json!(XML);
    });
    let inner = wire::write_xml_document(&document).expect("R4");
    let stand_in = json!({"resourceType": "Binary", "contentType": "a/b"});
    sent["entry"][2]["resource"] = stand_in.clone();
    let outer = wire::write_xml(&sent).expect("served");
    let hole = "<Binary><contentType value=\"a/b\"/></Binary>";
    assert!(outer.contains(hole), "{outer}");
    (
        outer.replace(hole, &around(bare(&inner))).into_bytes(),
        document,
    )
}

async fn posting(client: &mut Client, path: &str, body: Vec<u8>) -> Reply {
    let headers = [("Content-Type", XML), ("Accept", "application/fhir+json")];
    client.send(Method::POST, path, &headers, body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_in_xml_holds_its_document_inline() {
    on_both(async |server| {
        let mut hospital = server.client("hopital");
        let mut doctor = doctor(server).await;
        type Around = fn(&str) -> String;
        let declared = " xmlns=\"http://hl7.org/fhir\"";
        let cases: [(Around, Option<Around>); 3] = [
            // As its author wrote it: the same text.
            (str::to_owned, Some(str::to_owned)),
            // Its namespace stands on what is around it: the text as written, with the namespace.
            (
                |inner| inner.replacen(" xmlns=\"http://hl7.org/fhir\"", "", 1),
                Some(str::to_owned),
            ),
            // A prefix of its own: written anew.
            (
                |inner| {
                    let prefixed = inner
                        .replace("</", "</f:")
                        .replace("<", "<f:")
                        .replace("<f:/", "</");
                    let narrative = prefixed.contains("f:div");
                    assert!(!narrative);
                    prefixed.replacen("xmlns=", "xmlns:f=", 1)
                },
                None,
            ),
        ];
        for (around, kept) in cases {
            let (body, document) = transaction_in_xml(around);
            let told = posting(&mut hospital, "/Bundle/$validate", body.clone()).await;
            let told = told.assert_status(200).json();
            let errors = told["issue"].as_array().unwrap().iter();
            let mut errors = errors.filter(|issue| issue["severity"] == "error");
            assert!(errors.next().is_none(), "{told:#}");
            let reply = posting(&mut hospital, "", body)
                .await
                .assert_status(200)
                .json();
            let at = location(&reply, 2);
            assert!(at.starts_with("/Bundle/"), "{at}");
            let read = accepting(&mut doctor, &at, XML).await.assert_status(200);
            assert_eq!(tree(&read.bytes), document);
            let text = std::str::from_utf8(&read.bytes).unwrap();
            if let Some(kept) = kept {
                let inner = wire::write_xml_document(&document).unwrap();
                assert_eq!(text, kept(bare(&inner)));
            }
            assert!(text.contains(declared), "{text}");
            let reference = doctor.get(&location(&reply, 1)).await.json();
            let attachment = &reference["content"][0]["attachment"];
            assert_eq!(attachment["contentType"], XML);
            assert_eq!(attachment["size"], read.bytes.len());
            let json = accepting(&mut doctor, &at, FHIR).await.assert_status(200);
            assert_eq!(json.json(), document);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_document_in_xml_is_refused_with_its_place() {
    let server = opened(Options::default()).await;
    let mut hospital = server.client("hopital");
    let (body, _) = transaction_in_xml(|inner| {
        inner.replacen("<Composition>", "<Composition>\n<mood value=\"good\"/>", 1)
    });
    let reply = posting(&mut hospital, "", body).await;
    assert_eq!(reply.status, 422);
    let issue = &reply.json()["issue"][0];
    assert_eq!(
        issue["expression"][0],
        "Bundle.entry[2].resource.entry[0].resource.mood"
    );
    let place = issue["diagnostics"].as_str().unwrap();
    assert!(place.starts_with("2:1 "), "{place}");
    // In a Binary or inline the place is one of the document's own text.
    for (text, code, told) in [
        (
            "<Bundle xmlns=\"http://hl7.org/fhir\">\n<type",
            "element-invalid",
            "2:1",
        ),
        (
            "<Bundle xmlns=\"http://hl7.org/fhir\">\n<mood value=\"a\"/></Bundle>",
            "element-invalid",
            "Bundle.mood 2:1",
        ),
        (
            "<Patient xmlns=\"http://hl7.org/fhir\"/>",
            "element-invalid",
            "1:1",
        ),
        ("{}", "element-invalid", "1:1"),
    ] {
        let (mut sent, _) = simplified(|_| text.to_owned());
        sent["content"][0]["attachment"]["contentType"] = json!(XML);
        let reply = hospital.post("/DocumentReference", &sent).await;
        reply.assert_refused(422, code);
        let outcome = reply.json();
        let issue = &outcome["issue"][0];
        assert_eq!(
            issue["expression"][0],
            "DocumentReference.content[0].attachment"
        );
        assert!(
            issue["diagnostics"].as_str().unwrap().contains(told),
            "{issue:#}"
        );
    }
    // A document says the same in either form.
    let (body, _) = transaction_in_xml(|inner| {
        inner.replacen(
            PATIENT.split_once('|').unwrap().1,
            OTHER.split_once('|').unwrap().1,
            1,
        )
    });
    posting(&mut hospital, "", body)
        .await
        .assert_refused(422, "metadata-mismatch");
}
