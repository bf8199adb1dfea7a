//! FHIR documents over HTTP, on both databases: a Bundle of type document as content, deposited, held against its Composition, read back.
#![allow(missing_docs, unreachable_pub, dead_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use hyper::Method;
use passerelle::translate::wire;
use serde_json::{Value, json};
use support::document::{OTHER, PATIENT};
use support::{Client, Document, Options, Reply, Server, consent_for};
use uuid::Uuid;

const FHIR: &str = "application/fhir+json";

/// The same on both databases, with two records.
async fn on_both(check: impl AsyncFn(&Server)) {
    support::on_both(Options::default(), async |options| {
        check(&opened(options).await).await;
    })
    .await;
}

async fn opened(options: Options) -> Server {
    support::opened(options, &[PATIENT, OTHER]).await
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
        // Who holds one form does not hold the other.
        let strong = format!(
            "\"{}\"",
            tag.trim_start_matches("W/\"").split('-').next().unwrap()
        );
        let headers = [("Accept", FHIR), ("If-None-Match", strong.as_str())];
        let other = doctor.send(Method::GET, &at, &headers, Vec::new()).await;
        assert_eq!(other.status, 200);
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
        // Alone, without its body, and as an entry of a batch.
        let headers = [("Accept", XML)];
        let head = doctor.send(Method::HEAD, &at, &headers, Vec::new()).await;
        assert_eq!(head.status, 200);
        assert_eq!(head.header("etag"), read.header("etag"));
        assert!(head.bytes.is_empty());
        let batch = json!({
            "resourceType": "Bundle",
            "type": "batch",
            "entry": [{"request": {"method": "GET", "url": at.trim_start_matches('/')}}]
        });
        let batch = wire::write_xml(&batch).unwrap().into_bytes();
        let headers = [("Content-Type", XML), ("Accept", XML)];
        let reply = doctor.send(Method::POST, "", &headers, batch).await;
        let answer = tree(&reply.assert_status(200).bytes);
        assert_eq!(answer["entry"][0]["resource"], document);
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
        (
            "<!DOCTYPE a [<!ENTITY b \"c\">]><Bundle xmlns=\"http://hl7.org/fhir\"/>",
            "element-invalid",
            "1:1",
        ),
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

const GENERATE: &str = "/DocumentReference/$generate-metadata";

/// What a DocumentReference of ours says, as a FHIR document: its contained resources are entries of the Bundle.
fn composed(reference: &Value) -> Value {
    let mut text = reference.to_string();
    let mut entries = Vec::new();
    for resource in reference["contained"].as_array().unwrap() {
        let id = resource["id"].as_str().unwrap();
        let kind = resource["resourceType"].as_str().unwrap();
        text = text.replace(&format!("\"#{id}\""), &format!("\"{kind}/{id}\""));
    }
    let reference: Value = serde_json::from_str(&text).unwrap();
    let (system, value) = PATIENT.split_once('|').unwrap();
    for resource in reference["contained"].as_array().unwrap() {
        let mut resource = resource.clone();
        let id = resource["id"].as_str().unwrap().to_owned();
        let kind = resource["resourceType"].as_str().unwrap().to_owned();
        // What a directory tells beside, and the model has no place for.
        resource["telecom"] = json!([{"system": "phone", "value": "0102030405"}]);
        if kind == "Patient" {
            let ins = json!({"system": system, "value": value});
            let identifiers = resource["identifier"].as_array_mut();
            identifiers.unwrap().retain(|id| id["system"] != system);
            resource["identifier"].as_array_mut().unwrap().push(ins);
            resource["address"] = json!([{"city": "Lyon"}]);
        }
        entries.push(json!({
            "fullUrl": format!("https://source.example/fhir/{kind}/{id}"),
            "resource": resource
        }));
    }
    let context = &reference["context"];
    entries.push(json!({
        "fullUrl": "https://source.example/fhir/Encounter/e",
        "resource": {
            "resourceType": "Encounter",
            "status": "finished",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
            "serviceType": context["practiceSetting"],
            "serviceProvider": {"reference": "Organization/site"}
        }
    }));
    entries.push(json!({
        "fullUrl": "https://source.example/fhir/Organization/site",
        "resource": {
            "resourceType": "Organization",
            "type": [{"text": "Site"}, context["facilityType"]],
            "name": "Site"
        }
    }));
    let attachment = &reference["content"][0]["attachment"];
    let mut kind = reference["type"]["coding"].as_array().unwrap().clone();
    kind.insert(
        0,
        json!({"system": "https://source.example/types", "code": "CR"}),
    );
    let composition = json!({
        "resourceType": "Composition",
        "meta": {"tag": [{"system": "urn:x", "code": "x"}, reference["content"][0]["format"]]},
        "language": attachment["language"],
        "status": "final",
        "type": {"coding": kind, "text": "Compte rendu"},
        "subject": reference["context"]["sourcePatientInfo"],
        "encounter": {"reference": "Encounter/e"},
        "date": attachment["creation"],
        "author": reference["author"],
        "title": "Synthèse",
        "confidentiality": "R",
        "attester": [
            {"mode": "personal", "party": {"display": "Patient"}},
            {"mode": "legal", "time": "2026-06-01", "party": reference["author"][0]}
        ],
        "custodian": reference["custodian"],
        "event": [{"code": context["event"], "period": context["period"]}],
        "section": [{"title": "Synthèse"}]
    });
    let mut composition = composition;
    if composition["event"][0]["code"].is_null() {
        composition["event"][0]
            .as_object_mut()
            .unwrap()
            .remove("code");
    }
    let first =
        json!({"fullUrl": "https://source.example/fhir/Composition/c", "resource": composition});
    entries.insert(0, first);
    json!({
        "resourceType": "Bundle",
        "identifier": {
            "system": reference["masterIdentifier"]["system"],
            "value": reference["masterIdentifier"]["value"]
        },
        "type": "document",
        "timestamp": "2026-06-01T10:00:00+02:00",
        "entry": entries
    })
}

fn parameters(document: &Value) -> Value {
    json!({
        "resourceType": "Parameters",
        "parameter": [{"name": "document", "resource": document}]
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_are_made_of_the_composition() {
    on_both(async |server| {
        let mut hospital = server.client("hopital");
        let mut doctor = doctor(server).await;
        let sent = Document::new().bundle()["entry"][1]["resource"].clone();
        let document = composed(&sent);
        let reply = hospital.post(GENERATE, &parameters(&document)).await;
        let warnings = reply.header("dmp-warnings").to_owned();
        let reply = reply.assert_status(200).json();
        assert_eq!(warnings, "0");
        let at = reply["parameter"][0]["valueReference"]["reference"].as_str().unwrap();
        let made = doctor.get(&format!("/{at}")).await.assert_status(200).json();
        let coded = |value: &Value| value["coding"][0]["code"].clone();
        assert_eq!(coded(&made["type"]), coded(&sent["type"]));
        assert_eq!(made["masterIdentifier"]["value"], sent["masterIdentifier"]["value"]);
        for name in ["facilityType", "practiceSetting"] {
            assert_eq!(coded(&made["context"][name]), coded(&sent["context"][name]), "{name}");
        }
        assert_eq!(made["context"]["period"], sent["context"]["period"]);
        let content = |resource: &Value| resource["content"][0].clone();
        assert_eq!(content(&made)["format"]["code"], content(&sent)["format"]["code"]);
        let attachment = &content(&made)["attachment"];
        assert_eq!(attachment["title"], "Synthèse");
        assert_eq!(attachment["contentType"], FHIR);
        for name in ["creation", "language"] {
            assert_eq!(attachment[name], content(&sent)["attachment"][name], "{name}");
        }
        let labels: Vec<_> = made["securityLabel"].as_array().unwrap().iter().map(|l| l["coding"][0]["code"].clone()).collect();
        assert_eq!(labels, ["R"]);
        // The author with his role and his structure, who signs, the custodian: as a DocumentReference with the same people has them.
        let people = |resource: &Value, kind: &str| -> Vec<Value> {
            let all = resource["contained"].as_array().unwrap().iter();
            let of_kind = all.filter(|one| one["resourceType"] == kind);
            let told = of_kind.map(|one| json!([one["identifier"][0]["value"], one["name"]]));
            told.collect()
        };
        for kind in ["Practitioner", "Organization"] {
            let told = people(&sent, kind);
            assert!(!told.is_empty());
            for one in told {
                assert!(people(&made, kind).contains(&one), "{one} {made:#}");
            }
        }
        assert_eq!(made["author"].as_array().map(Vec::len), sent["author"].as_array().map(Vec::len));
        assert!(made["authenticator"]["reference"].is_string(), "{made:#}");
        let custodian = &made["custodian"]["identifier"]["value"];
        let known = people(&sent, "Organization");
        assert!(known.iter().any(|one| one[0] == *custodian), "{custodian}");
        let source = made["context"]["sourcePatientInfo"]["reference"].as_str().unwrap();
        let source = made["contained"].as_array().unwrap().iter().find(|one| format!("#{}", one["id"].as_str().unwrap()) == source);
        assert_eq!(source.unwrap()["birthDate"], people_birth(&sent));

        // It is kept as it came, and replaces the one that it names.
        let read = doctor.get(attachment["url"].as_str().unwrap().split("/fhir").nth(1).unwrap()).await;
        assert_eq!(read.bytes, document.to_string().as_bytes());
        let mut newer = composed(&sent);
        newer["identifier"]["value"] = json!("urn:oid:1.2.250.1.999.1.7.990001");
        newer["entry"][0]["resource"]["relatesTo"] = json!([{
            "code": "replaces",
            "targetIdentifier": document["identifier"]
        }]);
        // In XML, as the resource of the parameter.
        let inner = wire::write_xml_document(&newer).expect("R4");
        let body = format!(
            "<Parameters xmlns=\"http://hl7.org/fhir\"><parameter><name value=\"document\"/><resource>{}</resource></parameter></Parameters>",
            bare(&inner)
        );
        let reply = posting(&mut hospital, GENERATE, body.into_bytes()).await;
        let reply = reply.assert_status(200).json();
        let newer = reply["parameter"][0]["valueReference"]["reference"].as_str().unwrap();
        let newer = doctor.get(&format!("/{newer}")).await.json();
        assert_eq!(newer["relatesTo"][0]["code"], "replaces");
        assert_eq!(newer["content"][0]["attachment"]["contentType"], XML);
        assert_eq!(doctor.get(&format!("/{at}")).await.json()["status"], "superseded");
    })
    .await;
}

fn people_birth(reference: &Value) -> Value {
    let all = reference["contained"].as_array().unwrap().iter();
    let mut patients = all.filter(|one| one["resourceType"] == "Patient");
    patients
        .find_map(|one| one.get("birthDate").cloned())
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_composition_lacks_is_asked_for_by_name() {
    let server = opened(Options::default()).await;
    let mut hospital = server.client("hopital");
    let sent = Document::new().bundle()["entry"][1]["resource"].clone();
    let mut document = composed(&sent);
    let composition = document["entry"][0]["resource"].as_object_mut().unwrap();
    for name in [
        "meta",
        "author",
        "attester",
        "custodian",
        "encounter",
        "title",
    ] {
        composition.remove(name);
    }
    let reply = hospital.post(GENERATE, &parameters(&document)).await;
    let outcome = reply.json();
    assert_eq!(reply.status, 422, "{outcome:#}");
    let asked: Vec<_> = outcome["issue"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|issue| issue["details"]["coding"][0]["code"] == "element-required")
        .map(|issue| issue["expression"][0].as_str().unwrap().to_owned())
        .collect();
    for name in [
        "author",
        "authenticator",
        "content[0].format",
        "content[0].attachment.title",
        "context.facilityType",
        "context.practiceSetting",
    ] {
        let name = format!("DocumentReference.{name}");
        assert!(asked.contains(&name), "{name} {asked:?}");
    }
    // Nobody is named: that alone is told.
    let mut document = composed(&sent);
    document["entry"][0]["resource"]
        .as_object_mut()
        .unwrap()
        .remove("subject");
    let reply = hospital.post(GENERATE, &parameters(&document)).await;
    reply.assert_refused(422, "element-required");
    assert_eq!(
        reply.json()["issue"][0]["expression"][0],
        "DocumentReference.subject"
    );
    // One that is withdrawn, and what is no document.
    let mut document = composed(&sent);
    document["entry"][0]["resource"]["status"] = json!("entered-in-error");
    hospital
        .post(GENERATE, &parameters(&document))
        .await
        .assert_refused(422, "element-invalid");
    let mut document = composed(&sent);
    document["type"] = json!("collection");
    hospital
        .post(GENERATE, &parameters(&document))
        .await
        .assert_refused(422, "element-invalid");
    // A long chain of roles is followed one step.
    let mut document = composed(&sent);
    let entries = document["entry"].as_array_mut().unwrap();
    for rank in 0..9_000 {
        let next = format!("PractitionerRole/r{}", rank + 1);
        entries.push(json!({
            "fullUrl": format!("https://source.example/fhir/PractitionerRole/r{rank}"),
            "resource": {"resourceType": "PractitionerRole", "practitioner": {"reference": next}}
        }));
    }
    document["entry"][0]["resource"]["author"] = json!([{"reference": "PractitionerRole/r0"}]);
    let reply = hospital.post(GENERATE, &parameters(&document)).await;
    assert!([200, 422].contains(&reply.status), "{}", reply.status);
}
