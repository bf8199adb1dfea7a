//! Every interaction in XML over HTTP: the same acts, the same answers, the same refusals as in JSON.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use hyper::Method;
use passerelle::translate::wire;
use serde_json::{Value, json};
use support::document::PATIENT;
use support::{Client, Document, Reply, Server, consent_for};

const XML: &str = "application/fhir+xml";
const ACCEPT: (&str, &str) = ("Accept", XML);
const PATCH: (&str, &str) = ("Content-Type", "application/xml-patch+xml");
const VISIBILITY: &str = "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument";
const ARCHIVED: &str =
    "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-archived";

/// The tree of an answer in XML.
fn tree(reply: &Reply, kind: &str) -> Value {
    let media = reply.header("content-type");
    assert_eq!(media, "application/fhir+xml; charset=utf-8");
    wire::read_xml(&reply.bytes, kind).unwrap_or_else(|error| {
        let text = String::from_utf8_lossy(&reply.bytes);
        panic!("{:?}: {text}", error.issues)
    })
}

fn refused(reply: &Reply, status: u16, code: &str) -> Value {
    let outcome = tree(reply, "OperationOutcome");
    let found = &outcome["issue"][0]["details"]["coding"][0]["code"];
    assert_eq!((reply.status, found), (status, &json!(code)), "{outcome:#}");
    outcome
}

async fn send(client: &mut Client, method: Method, path: &str, resource: &Value) -> Reply {
    let body = wire::write_xml(resource).expect("XML").into_bytes();
    let headers = [ACCEPT, ("Content-Type", XML)];
    client.send(method, path, &headers, body).await
}

async fn get(client: &mut Client, path: &str) -> Reply {
    client.send(Method::GET, path, &[ACCEPT], Vec::new()).await
}

/// A record whose physician may consult it, all opened in XML.
async fn opened(server: &Server, document: &Document) -> Client {
    let (identifier, record) = document.record();
    let path = format!(
        "/Patient?identifier={}",
        support::client::encode(&identifier)
    );
    let made = send(
        &mut server.client("exploitant"),
        Method::PUT,
        &path,
        &record,
    )
    .await;
    let made = made.assert_status(201);
    assert_eq!(tree(&made, "Patient")["resourceType"], "Patient");
    let mut physician = server
        .client("medecin2")
        .with("DMP-Structure", "499900000029010");
    let consent = consent_for(PATIENT, "899900000029");
    let made = send(&mut physician, Method::POST, "/Consent", &consent).await;
    assert_eq!(
        tree(&made.assert_status(201), "Consent")["status"],
        "active"
    );
    physician
}

/// Searches, and reads the first that is found.
async fn in_both_forms(client: &mut Client, path: &str, kind: &str) {
    let found = get(client, path).await.assert_status(200);
    let found = tree(&found, "Bundle");
    let resource = &found["entry"][0]["resource"];
    assert_eq!(resource["resourceType"], kind, "{found:#}");
    let path = format!("/{kind}/{}", resource["id"].as_str().unwrap());
    let one = get(client, &path).await.assert_status(200);
    assert_eq!(tree(&one, kind), client.get(&path).await.json());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_and_all_reads_are_the_same_in_both_forms() {
    let server = Server::start();
    let document = Document::new();
    let mut physician = opened(&server, &document).await;
    let mut hospital = server.client("hopital");
    let reply = send(&mut hospital, Method::POST, "", &document.bundle()).await;
    let made = tree(&reply.assert_status(200), "Bundle");
    assert_eq!(made["type"], "transaction-response", "{made:#}");

    let patient = support::client::encode(PATIENT);
    let find = format!("/DocumentReference?patient.identifier={patient}&status=current");
    let found = get(&mut physician, &find).await.assert_status(200);
    let found = tree(&found, "Bundle");
    assert_eq!(found["total"], 1);
    assert_eq!(found, physician.get(&find).await.json());
    let resource = &found["entry"][0]["resource"];
    let id = resource["id"].as_str().unwrap();
    let path = format!("/DocumentReference/{id}");
    let one = get(&mut physician, &path).await.assert_status(200);
    assert_eq!(one.header("etag"), "W/\"1\"");
    assert_eq!(tree(&one, "DocumentReference"), *resource);

    let events = format!("/AuditEvent?patient.identifier={patient}");
    let lists = format!("/List?patient.identifier={patient}&code=submissionset&status=current");
    let consents = format!("/Consent?patient.identifier={patient}&status=active");
    for (path, kind) in [
        (&events, "AuditEvent"),
        (&lists, "List"),
        (&consents, "Consent"),
    ] {
        in_both_forms(&mut physician, path, kind).await;
    }

    let url = resource["content"][0]["attachment"]["url"]
        .as_str()
        .unwrap();
    let url = &url[url.find("/Binary").unwrap()..];
    let binary = tree(&get(&mut physician, url).await.assert_status(200), "Binary");
    let json = [("Accept", "application/fhir+json")];
    let same = physician.send(Method::GET, url, &json, Vec::new()).await;
    assert_eq!(binary, same.json());
    let raw = [("Accept", "text/xml")];
    let raw = physician.send(Method::GET, url, &raw, Vec::new()).await;
    assert_eq!(raw.bytes, document.bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_published_and_patched_in_xml() {
    let server = Server::start();
    let document = Document::new();
    let mut physician = opened(&server, &document).await;
    let path = "/DocumentReference";
    let made = send(&mut physician, Method::POST, path, &document.simplified()).await;
    let made = tree(&made.assert_status(201), "DocumentReference");
    let path = format!("/DocumentReference/{}", made["id"].as_str().unwrap());
    let label = format!(
        "<f:securityLabel><f:coding><f:system value='{VISIBILITY}'/><f:code value='MASQUE_PS'/></f:coding></f:securityLabel>"
    );
    let value = format!("f:DocumentReference/f:extension[@url='{ARCHIVED}']/f:valueBoolean/@value");
    let archive =
        format!("<f:extension url='{ARCHIVED}'><f:valueBoolean value='false'/></f:extension>");
    let first = "/DocumentReference/securityLabel[1]";
    for (operation, labels, archived, status) in [
        (
            format!("<add sel='/f:DocumentReference'>{label}</add>"),
            2,
            false,
            "current",
        ),
        (format!("<remove sel='{first}'/>"), 1, false, "current"),
        (
            format!("<add sel='{first}' pos='before'>{label}</add>"),
            2,
            false,
            "current",
        ),
        (
            format!("<replace sel=\"{value}\">true</replace>"),
            2,
            true,
            "current",
        ),
        (
            format!("<add sel='/f:DocumentReference'>{archive}</add>"),
            2,
            false,
            "current",
        ),
        (
            "<replace sel='/f:DocumentReference/f:status'><f:status value='current'/></replace>"
                .into(),
            2,
            false,
            "current",
        ),
    ] {
        let diff = format!("<diff xmlns:f='http://hl7.org/fhir'>{operation}</diff>");
        let headers = [ACCEPT, PATCH];
        let reply = physician.send(Method::PATCH, &path, &headers, diff.into_bytes());
        let now = tree(&reply.await.assert_status(200), "DocumentReference");
        assert_eq!(
            now["securityLabel"].as_array().unwrap().len(),
            labels,
            "{operation}: {now:#}"
        );
        assert_eq!(now["status"], status, "{operation}");
        let found = now["extension"].as_array().into_iter().flatten();
        let found = found
            .into_iter()
            .any(|e| e["url"] == ARCHIVED && e["valueBoolean"] == true);
        assert_eq!(found, archived, "{operation}: {now:#}");
    }
    for (operation, status, code) in [
        (
            "<replace sel='/DocumentReference/type'><f:type/></replace>",
            405,
            "not-mutable",
        ),
        (
            "<replace sel='/DocumentReference/type/coding/code/@value'>a</replace>",
            405,
            "not-mutable",
        ),
        (
            "<add sel='/DocumentReference'><f:description value='a'/></add>",
            405,
            "not-mutable",
        ),
        (
            "<remove sel='/DocumentReference/status'/>",
            405,
            "not-mutable",
        ),
        (
            "<replace sel='/DocumentReference/status/@value'>final</replace>",
            422,
            "code-invalid",
        ),
        (
            "<replace sel='/DocumentReference/status/@value'/>",
            422,
            "element-required",
        ),
        (
            "<add sel='/DocumentReference'><f:securityLabel><f:code value='a'/></f:securityLabel></add>",
            422,
            "unsupported-element",
        ),
        (
            "<remove sel='/DocumentReference/securityLabel[9]'/>",
            422,
            "element-invalid",
        ),
        ("<move sel='/DocumentReference/status'/>", 400, "malformed"),
        ("<remove/>", 400, "malformed"),
        ("<remove sel='/DocumentReference/status'>", 400, "malformed"),
        ("", 400, "malformed"),
    ] {
        let diff = format!("<diff xmlns:f='http://hl7.org/fhir'>{operation}</diff>");
        let headers = [ACCEPT, PATCH];
        let reply = physician.send(Method::PATCH, &path, &headers, diff.into_bytes());
        refused(&reply.await, status, code);
    }
    // FHIRPath Patch in XML, and a deletion.
    let patch = json!({"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
        {"name": "type", "valueCode": "replace"},
        {"name": "path", "valueString": "DocumentReference.status"},
        {"name": "value", "valueCode": "superseded"}
    ]}]});
    let delete =
        b"<diff><replace sel='DocumentReference/status/@value'> superseded </replace></diff>";
    let unmoved = [ACCEPT, PATCH, ("If-Match", "W/\"1\"")];
    let reply = physician.send(Method::PATCH, &path, &unmoved, delete.to_vec());
    refused(&reply.await, 412, "version-conflict");
    let reply = send(&mut physician, Method::PATCH, &path, &patch).await;
    let now = tree(&reply.assert_status(200), "DocumentReference");
    assert_eq!(now["status"], "entered-in-error");
    let reply = physician.send(Method::PATCH, &path, &[ACCEPT, PATCH], delete.to_vec());
    refused(&reply.await, 410, "document-deleted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_deleted_by_xml_patch_under_its_identifier() {
    let server = Server::start();
    let document = Document::new();
    let mut physician = opened(&server, &document).await;
    let path = "/DocumentReference";
    let made = send(&mut physician, Method::POST, path, &document.simplified()).await;
    made.assert_status(201);
    let identifier =
        support::client::encode(&format!("urn:ietf:rfc:3986|{}", document.unique_id()));
    let path = format!("/DocumentReference?identifier={identifier}");
    let delete =
        b"<diff><replace sel='DocumentReference/status/@value'> superseded </replace></diff>";
    let reply = physician.send(Method::PATCH, &path, &[ACCEPT, PATCH], delete.to_vec());
    let now = tree(&reply.await.assert_status(200), "DocumentReference");
    assert_eq!(now["status"], "entered-in-error");
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_and_the_statement_come_in_xml() {
    let server = Server::start();
    let mut nobody = server.anonymous();
    refused(&get(&mut nobody, "/Patient/1").await, 401, "login-required");
    let statement = get(&mut nobody, "/metadata").await.assert_status(200);
    let statement = tree(&statement, "CapabilityStatement");
    assert_eq!(statement, nobody.get("/metadata").await.json());
    assert_eq!(statement["format"], json!(["json", "xml"]));
    let patch = statement["patchFormat"].to_string();
    assert!(patch.contains("application/xml-patch+xml"), "{patch}");
    let by_parameter = nobody.get("/metadata?_format=xml").await;
    tree(&by_parameter, "CapabilityStatement");

    let mut physician = server.client("medecin2");
    refused(&get(&mut physician, "/Nothing").await, 404, "not-supported");
    refused(
        &get(&mut physician, "/DocumentReference").await,
        400,
        "parameter-required",
    );
    let headers = [ACCEPT, ("Content-Type", XML)];
    let body = b"<Consent xmlns='http://hl7.org/fhir'>\n<etat value='a'/></Consent>".to_vec();
    let reply = physician
        .send(Method::POST, "/Consent", &headers, body)
        .await;
    let outcome = refused(&reply, 422, "unsupported-element");
    let issue = &outcome["issue"][0];
    assert_eq!(issue["expression"], json!(["Consent.etat"]));
    assert!(
        issue["diagnostics"].as_str().unwrap().starts_with("2:1 "),
        "{issue:#}"
    );
    let body =
        b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><Consent>&b;</Consent>".to_vec();
    let reply = physician
        .send(Method::POST, "/Consent", &headers, body)
        .await;
    refused(&reply, 400, "malformed");
    // JSON where negotiation fails.
    let turtle = [("Accept", "text/turtle")];
    let reply = physician.send(Method::GET, "/Patient/1", &turtle, Vec::new());
    reply.await.assert_refused(406, "not-acceptable");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_and_posted_searches_keep_the_form_asked_for() {
    let server = Server::start();
    let document = Document::new();
    let mut physician = opened(&server, &document).await;
    let mut hospital = server.client("hopital");
    for document in [&document, &Document::new()] {
        let made = hospital.post("", &document.bundle()).await;
        made.assert_status(200);
    }
    let patient = support::client::encode(PATIENT);
    let form = format!("patient.identifier={patient}&status=current&_count=1&_format=xml");
    let first = physician.get(&format!("/DocumentReference?{form}")).await;
    let first = tree(&first.assert_status(200), "Bundle");
    let next = first["link"].as_array().unwrap().iter();
    let next = next.filter(|link| link["relation"] == "next");
    let next = next
        .map(|link| link["url"].as_str().unwrap())
        .next()
        .unwrap();
    let path = &next[next.find("/DocumentReference").unwrap()..];
    let second = tree(&physician.get(path).await.assert_status(200), "Bundle");
    assert_eq!(second["total"], 2, "{second:#}");
    let json = physician.get(&format!("{path}&_format=json")).await;
    assert_eq!(json.assert_status(200).json()["total"], 2);
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    let path = "/DocumentReference/_search";
    let posted = physician.send(Method::POST, path, &headers, form.into_bytes());
    let posted = tree(&posted.await.assert_status(200), "Bundle");
    assert_eq!(posted["total"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_in_xml_is_judged_whole() {
    let server = Server::start();
    let mut physician = server.client("medecin2");
    let path = "/Consent/$validate";
    let good = consent_for(PATIENT, "899900000029");
    let told = send(&mut physician, Method::POST, path, &good).await;
    let told = tree(&told.assert_status(200), "OperationOutcome");
    assert_ne!(told["issue"][0]["severity"], "error", "{told:#}");
    let text = wire::write_xml(&good).unwrap();
    let bad = text.replacen(
        "<status value=\"active\"/>",
        "<status value=\"a\"/><etat/>",
        1,
    );
    let wrapped = format!(
        "<Parameters xmlns='http://hl7.org/fhir'><parameter><name value='resource'/><resource>{}</resource></parameter></Parameters>",
        bad.split_once("?>").unwrap().1
    );
    for body in [bad, wrapped] {
        let headers = [ACCEPT, ("Content-Type", XML)];
        let told = physician.send(Method::POST, path, &headers, body.into_bytes());
        let told = tree(&told.await.assert_status(200), "OperationOutcome");
        let issues = told["issue"].as_array().unwrap();
        let ends = |end: &str| {
            let paths = issues
                .iter()
                .filter_map(|issue| issue["expression"][0].as_str());
            paths.filter(|path| path.ends_with(end)).count()
        };
        assert_eq!((ends(".etat"), ends(".status")), (1, 1), "{told:#}");
    }
    let other = send(
        &mut physician,
        Method::POST,
        path,
        &json!({"resourceType": "Binary"}),
    )
    .await;
    refused(&other, 422, "element-invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_indented_when_asked() {
    let server = Server::start();
    let mut nobody = server.anonymous();
    let xml = nobody.get("/metadata?_format=xml&_pretty=true").await;
    let text = String::from_utf8(xml.bytes.to_vec()).unwrap();
    assert!(
        text.contains("\n  <name value=\"Passerelle\"/>\n"),
        "{text}"
    );
    let plain = nobody.get("/metadata").await.json();
    assert_eq!(tree(&xml, "CapabilityStatement"), plain);
    let json = nobody.get("/metadata?_pretty=true").await;
    assert_eq!(json.json(), plain);
    let text = String::from_utf8(json.bytes.to_vec()).unwrap();
    assert!(text.contains("\n  \"name\": \"Passerelle\",\n"), "{text}");
    let refused = nobody.get("/Patient/1?_pretty=true").await;
    refused.assert_refused(401, "login-required");
    assert!(refused.bytes.contains(&b'\n'));
}
