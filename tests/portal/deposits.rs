//! What patients deposit themselves.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use crate::support::{Client, Options, Portal, Reply, Server, consent_for};
use crate::{open, served};

/// An image of the patient's, of type DOCPAT05.
pub(crate) fn own_document(patient: &str) -> Value {
    let (system, value) = patient.split_once('|').unwrap();
    json!({
        "resourceType": "DocumentReference",
        "masterIdentifier": {
            "system": "urn:ietf:rfc:3986",
            "value": format!("urn:oid:2.25.{}", uuid::Uuid::new_v4().as_u128())
        },
        "status": "current",
        "type": {"coding": [{"system": "urn:oid:1.2.250.1.213.1.1.4.12", "code": "DOCPAT05"}]},
        "subject": {"identifier": {"system": system, "value": value}},
        "content": [{"attachment": {
            "contentType": "image/jpeg",
            "title": "Analyse d'août",
            "data": BASE64_STANDARD.encode([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3])
        }}]
    })
}

fn attachment(document: &mut Value) -> &mut Value {
    &mut document["content"][0]["attachment"]
}

async fn deposit(client: &mut Client, document: &Value) -> Reply {
    let headers = [
        ("Content-Type", "application/fhir+json"),
        ("Prefer", "return=representation"),
    ];
    let body = document.to_string().into_bytes();
    client
        .send(hyper::Method::POST, "/DocumentReference", &headers, body)
        .await
}

#[tokio::test]
async fn a_deposit_is_completed_by_the_record_and_read_back() {
    let (portal, server) = served();
    let patient = open(&server, 1).await;
    let mut client = portal.holder(&patient).on(&server);
    let made = deposit(&mut client, &own_document(&patient))
        .await
        .assert_status(201)
        .json();
    let coded = |path: &str| {
        made.pointer(path)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    assert_eq!(coded("/category/0/coding/0/code"), "10");
    assert_eq!(coded("/context/facilityType/coding/0/code"), "EXP_PATIENT");
    assert_eq!(
        coded("/content/0/format/code"),
        "urn:ihe:iti-fr:xds-sd:jpeg:2010"
    );
    let author = made["author"][0]["reference"]
        .as_str()
        .unwrap()
        .trim_start_matches('#');
    let contained = made["contained"].as_array().unwrap();
    let author = contained.iter().find(|one| one["id"] == author).unwrap();
    assert_eq!(author["resourceType"], "Patient");
    let binary = coded("/content/0/attachment/url")
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();
    let content = client
        .get(&format!("/Binary/{binary}"))
        .await
        .assert_status(200);
    assert_eq!(&content.bytes[..], [0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]);
    assert_eq!(content.header("content-type"), "image/jpeg");
    // Only a CDA document has a page.
    let html = [("Accept", "text/html")];
    let path = format!("/Binary/{binary}");
    let page = client
        .send(hyper::Method::GET, &path, &html, Vec::new())
        .await;
    page.assert_refused(406, "not-acceptable");

    // A professional with a consent sees it, as the matrix has it.
    let mut physician = server.client("medecin");
    physician
        .post("/Consent", &consent_for(&patient, "899900000011"))
        .await;
    let path = format!("/DocumentReference/{}", made["id"].as_str().unwrap());
    physician.get(&path).await.assert_status(200);
    // The portal's establishment itself has no part in it.
    let found = server
        .client("hopital")
        .search(
            "DocumentReference",
            &[("patient.identifier", &patient), ("status", "current")],
        )
        .await;
    assert_ne!(found.status, 200);
}

#[tokio::test]
async fn who_acts_for_the_patient_is_the_author_and_masks_at_will() {
    let (portal, server) = served();
    let patient = open(&server, 1).await;
    let mut client = portal
        .representative(&patient)
        .claim("protection", "person")
        .on(&server);
    let mut document = own_document(&patient);
    document["securityLabel"] = json!([{"coding": [
        {"system": "urn:oid:1.2.250.1.213.1.1.4.13", "code": "MASQUE_PS"}
    ]}]);
    let made = deposit(&mut client, &document)
        .await
        .assert_status(201)
        .json();
    assert!(made.to_string().contains("Jeanne Martin"));
    let mut physician = server.client("medecin");
    physician
        .post("/Consent", &consent_for(&patient, "899900000011"))
        .await;
    let path = format!("/DocumentReference/{}", made["id"].as_str().unwrap());
    physician.get(&path).await.assert_refused(404, "not-found");
    client.get(&path).await.assert_status(200);
}

#[tokio::test]
async fn every_accepted_kind_is_kept() {
    let (portal, server) = served();
    let patient = open(&server, 1).await;
    let mut client = portal.holder(&patient).on(&server);
    let kinds: [(&str, &[u8], &str); 8] = [
        ("application/pdf", b"%PDF-1.7 ...", "application/pdf"),
        ("text/plain; charset=utf-8", "été".as_bytes(), "text/plain"),
        ("text/rtf", b"{\\rtf1 x}", "text/rtf"),
        ("application/rtf", b"{\\rtf1 x}", "text/rtf"),
        ("image/jpeg", &[0xff, 0xd8, 0xff, 0xdb], "image/jpeg"),
        ("image/jpg", &[0xff, 0xd8, 0xff, 0xdb], "image/jpeg"),
        ("image/tiff", b"II*\0....", "image/tiff"),
        ("IMAGE/TIFF", b"MM\0*....", "image/tiff"),
    ];
    for (told, bytes, kept) in kinds {
        let mut document = own_document(&patient);
        attachment(&mut document)["contentType"] = json!(told);
        attachment(&mut document)["data"] = json!(BASE64_STANDARD.encode(bytes));
        let made = deposit(&mut client, &document).await.assert_status(201);
        assert_eq!(
            made.json()["content"][0]["attachment"]["contentType"],
            kept,
            "{told}"
        );
        assert_eq!(made.header("dmp-warnings"), "0", "{told}");
    }
    for code in ["DOCPAT01", "DOCPAT07", "DOCPAT09", "EXPPAT_2"] {
        let mut document = own_document(&patient);
        document["type"]["coding"][0]["code"] = json!(code);
        deposit(&mut client, &document).await.assert_status(201);
    }
}

#[tokio::test]
async fn what_is_not_a_patients_is_refused() {
    let (portal, server) = served();
    let patient = open(&server, 1).await;
    let mut client = portal.holder(&patient).on(&server);
    let with_type = |system: &str, code: &str| {
        let mut document = own_document(&patient);
        document["type"]["coding"][0] = json!({"system": system, "code": code});
        document
    };
    let with = |name: &str, value: Value| {
        let mut document = own_document(&patient);
        attachment(&mut document)[name] = value;
        document
    };
    let dmp = "urn:oid:1.2.250.1.213.1.1.4.12";
    let mut table = vec![
        (with_type(dmp, "DOCPAT08"), 422, "type-not-allowed"),
        (with_type(dmp, "EXPPAT_1"), 422, "type-not-allowed"),
        (with_type(dmp, "EXPPAT_3"), 422, "type-not-allowed"),
        (with_type(dmp, "REMB"), 422, "type-not-allowed"),
        (
            with_type("http://loinc.org", "11488-4"),
            422,
            "type-not-allowed",
        ),
        (with_type(dmp, "DOCPAT99"), 422, "type-not-in-matrix"),
        (
            with("contentType", json!("image/png")),
            422,
            "element-invalid",
        ),
        (
            with("contentType", json!("text/xml")),
            422,
            "element-invalid",
        ),
        (with("title", json!("x".repeat(51))), 422, "element-invalid"),
        (with("size", json!(8)), 422, "hash-mismatch"),
    ];
    let big = BASE64_STANDARD.encode(vec![0xff; 5 * 1024 * 1024 + 1]);
    table.push((with("data", json!(big)), 413, "too-large"));
    let mut untitled = own_document(&patient);
    attachment(&mut untitled)
        .as_object_mut()
        .unwrap()
        .remove("title");
    table.push((untitled, 422, "element-required"));
    for label in ["INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX"] {
        let mut document = own_document(&patient);
        document["securityLabel"] = json!([{"coding": [
            {"system": "urn:oid:1.2.250.1.213.1.1.4.13", "code": label}
        ]}]);
        table.push((document, 422, "label-conflict"));
    }
    let mut usurped = own_document(&patient);
    usurped["author"] = json!([{
        "type": "Practitioner",
        "identifier": {"system": "urn:oid:1.2.250.1.71.4.2.1", "value": "899900000011"}
    }]);
    table.push((usurped, 422, "element-invalid"));
    for (document, status, code) in table {
        deposit(&mut client, &document)
            .await
            .assert_refused(status, code);
    }
    // At the limits it passes.
    let mut document = with("title", json!("é".repeat(50)));
    let most = [vec![0xff, 0xd8, 0xff], vec![0; 5 * 1024 * 1024 - 3]].concat();
    attachment(&mut document)["data"] = json!(BASE64_STANDARD.encode(most));
    deposit(&mut client, &document).await.assert_status(201);
    // And none of it did before.
    let found = client
        .search(
            "DocumentReference",
            &[("patient.identifier", &patient), ("status", "current")],
        )
        .await;
    assert_eq!(found.json()["total"], json!(1));
}

#[tokio::test]
async fn a_patient_replaces_his_own_and_no_one_elses() {
    let (portal, server) = served();
    let patient = open(&server, 1).await;
    let mut client = portal.holder(&patient).on(&server);
    let replacing = |master: &Value| {
        let mut document = own_document(&patient);
        document["relatesTo"] = json!([{"code": "replaces", "target": {"identifier": master}}]);
        document
    };
    let first = own_document(&patient);
    deposit(&mut client, &first).await.assert_status(201);
    let again = replacing(&first["masterIdentifier"]);
    deposit(&mut client, &again).await.assert_status(201);

    let theirs = crate::support::Document::for_patient(&patient);
    server
        .client("laboratoire")
        .post("", &theirs.bundle())
        .await
        .assert_status(200);
    let master =
        json!({"system": "urn:ietf:rfc:3986", "value": format!("urn:oid:{}", theirs.unique_id())});
    deposit(&mut client, &replacing(&master))
        .await
        .assert_refused(403, "not-author");
}

#[tokio::test]
async fn bytes_that_look_like_something_else_are_told_and_strictly_refused() {
    for (options, status) in [(Options::default(), 201), (Options::strict(), 422)] {
        let portal = Portal::new();
        let server = Server::with(options.portal(&portal));
        let patient = crate::ins(1);
        crate::open_with(&server, &patient, |_| {}).await;
        let mut client = portal.holder(&patient).on(&server);
        let mut document = own_document(&patient);
        deposit(&mut client, &document).await.assert_status(201);
        document["masterIdentifier"]["value"] = json!("urn:oid:2.25.77");
        attachment(&mut document)["contentType"] = json!("application/pdf");
        let reply = deposit(&mut client, &document).await.assert_status(status);
        if status == 201 {
            assert_eq!(reply.header("dmp-warnings"), "1");
        }
    }
}
