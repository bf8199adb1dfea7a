//! A batch over HTTP, on both databases: each request is answered, judged and traced as if it came alone.
#![allow(missing_docs, unreachable_pub, dead_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use fhir_sdk::r4b::resources::Resource;
use hyper::Method;
use passerelle::translate::wire;
use serde_json::{Value, json};
use support::client::encode;
use support::document::PATIENT;
use support::{Client, Document, Options, Portal, Reply, Server, consent_for};

const MEDECIN: &str = "899900000011";
const MEDECIN2: &str = "899900000029";
const STRUCTURE: (&str, &str) = ("DMP-Structure", "499900000029010");
const VISIBILITY: &str = "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument";
const UNKNOWN: &str = "00000000-0000-4000-8000-000000000000";

async fn on_both(check: impl AsyncFn(&mut World)) {
    support::on_both(Options::default(), async |options| {
        check(&mut World::new(options).await).await;
    })
    .await;
}

/// A record, and two physicians who may consult it; the first deposits.
struct World {
    server: Server,
    portal: Portal,
    author: Client,
    other: Client,
}

impl World {
    async fn new(options: Options) -> Self {
        let portal = Portal::new();
        let server = Server::with(options.portal(&portal));
        let (identifier, record) = Document::new().record();
        let path = format!("/Patient?identifier={}", encode(&identifier));
        let mut operator = server.client("exploitant");
        operator.put(&path, &record).await.assert_status(201);
        let mut author = server.client("medecin2").with(STRUCTURE.0, STRUCTURE.1);
        let mut other = server.client("medecin");
        for (client, id) in [(&mut author, MEDECIN2), (&mut other, MEDECIN)] {
            let consent = consent_for(PATIENT, id);
            client.post("/Consent", &consent).await.assert_status(201);
        }
        Self {
            server,
            portal,
            author,
            other,
        }
    }

    /// Deposits a document with a label; its DocumentReference.
    async fn deposit(&mut self, document: &Document, label: Option<&str>) -> Value {
        let sent = labelled(document.simplified(), label);
        let made = self.author.post("/DocumentReference", &sent).await;
        made.assert_status(201).json()
    }
}

fn labelled(mut resource: Value, label: Option<&str>) -> Value {
    if let Some(code) = label {
        let labels = resource["securityLabel"].as_array_mut().unwrap();
        labels.push(json!({"coding": [{"system": VISIBILITY, "code": code}]}));
    }
    resource
}

fn id(resource: &Value) -> String {
    resource["id"].as_str().unwrap().to_owned()
}

/// `Binary/…` of a DocumentReference.
fn content(resource: &Value) -> String {
    let url = resource["content"][0]["attachment"]["url"]
        .as_str()
        .unwrap();
    url[url.find("Binary/").unwrap()..].to_owned()
}

fn batch(entries: impl IntoIterator<Item = Value>) -> Value {
    let entries: Vec<Value> = entries.into_iter().collect();
    json!({"resourceType": "Bundle", "type": "batch", "entry": entries})
}

fn get(url: &str) -> Value {
    json!({"request": {"method": "GET", "url": url}})
}

fn write(method: &str, url: &str, resource: &Value) -> Value {
    json!({"resource": resource, "request": {"method": method, "url": url}})
}

/// A JSON Patch as a batch carries it.
fn json_patch(url: &str, operations: &Value) -> Value {
    let data = BASE64_STANDARD.encode(operations.to_string());
    let media = "application/json-patch+json";
    write(
        "PATCH",
        url,
        &json!({"resourceType": "Binary", "contentType": media, "data": data}),
    )
}

/// The entries of the answer, read by R4's own table and by an independent model.
async fn answers(client: &mut Client, entries: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let reply = client.post("", &batch(entries)).await;
    entries_of(&reply.assert_status(200))
}

fn entries_of(reply: &Reply) -> Vec<Value> {
    let bundle = reply.json();
    assert_eq!(wire::check(&bundle, "Bundle", "Bundle"), []);
    let typed: Resource = serde_json::from_value(bundle.clone()).expect("a Bundle to others too");
    assert!(matches!(typed, Resource::Bundle(_)));
    assert_eq!(bundle["type"], "batch-response");
    bundle["entry"].as_array().unwrap().clone()
}

/// Status and code of the first issue.
fn told(entry: &Value) -> (&str, &str) {
    let response = &entry["response"];
    let code = &response["outcome"]["issue"][0]["details"]["coding"][0]["code"];
    (
        response["status"].as_str().unwrap(),
        code.as_str().unwrap_or_default(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_fetched_together_and_a_hidden_one_is_absent() {
    on_both(async |world| {
        let shown = Document::new();
        let first = world.deposit(&shown, None).await;
        let masked = world.deposit(&Document::new(), Some("MASQUE_PS")).await;
        let unseen = world
            .deposit(&Document::new(), Some("INVISIBLE_PATIENT"))
            .await;
        let base = world.server.base.clone();
        let search = format!("DocumentReference?patient.identifier={PATIENT}&status=current");
        let entries = [
            get(&format!("{base}/{}", content(&first))),
            get(&content(&masked)),
            get(&format!("Binary/{UNKNOWN}")),
            get(&format!("DocumentReference/{}", id(&first))),
            get(&search),
            get(&format!("/{}", content(&unseen))),
            get("metadata"),
            get(&format!("DocumentReference/{}/_history", id(&first))),
            get("Observation/1"),
        ];
        let entries = answers(&mut world.other, entries).await;
        let statuses: Vec<_> = entries.iter().map(told).collect();
        let ok = ("200 OK", "");
        let missing = ("404 Not Found", "not-found");
        assert_eq!(statuses[..5], [ok, missing, missing, ok, ok]);
        assert_eq!(statuses[5], ("200 OK", "hidden-from-patient"));
        assert_eq!(statuses[6..], [ok, ok, ("404 Not Found", "not-supported")]);
        assert_eq!(entries[1], entries[2], "hidden and unknown are one answer");

        let binary = &entries[0]["resource"];
        assert_eq!(binary["resourceType"], "Binary");
        let bytes = BASE64_STANDARD.decode(binary["data"].as_str().unwrap());
        assert_eq!(bytes.unwrap(), shown.bytes);
        assert_eq!(entries[3]["resource"], first);
        assert_eq!(entries[3]["response"]["etag"], "W/\"1\"");
        let modified = entries[3]["response"]["lastModified"].as_str().unwrap();
        let updated = first["meta"]["lastUpdated"].as_str().unwrap();
        assert_eq!(modified[..19], updated[..19]);
        assert_eq!(
            entries[4]["resource"]["total"], 2,
            "the masked one is not counted"
        );
        assert_eq!(entries[7]["resource"]["type"], "history");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_write_stands_or_falls_alone() {
    on_both(async |world| {
        let [archived, masked, gone, kept] = [0; 4].map(|_| Document::new());
        let archived = id(&world.deposit(&archived, None).await);
        let masked = id(&world.deposit(&masked, None).await);
        let gone = id(&world.deposit(&gone, None).await);
        let path = |id: &str| format!("DocumentReference/{id}");
        let mut broken = Document::new().simplified();
        broken["status"] = json!("courant");
        let flag = json!({"coding": [{"system": VISIBILITY, "code": "MASQUE_PS"}]});
        let mask = json!({"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
            {"name": "type", "valueCode": "add"},
            {"name": "path", "valueString": "DocumentReference"},
            {"name": "name", "valueString": "securityLabel"},
            {"name": "value", "valueCodeableConcept": flag},
        ]}]});
        let archive = json!([{"op": "add", "value": true,
            "path": "/extension[url:'https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-archived']/valueBoolean"}]);
        let mut late = json_patch(&path(&archived), &archive);
        late["request"]["ifMatch"] = json!("W/\"1\"");
        let mut unchanged = get(&path(&archived));
        unchanged["request"]["ifNoneMatch"] = json!("W/\"2\"");
        let since = |instant: &str| {
            let mut read = get(&path(&archived));
            read["request"]["ifModifiedSince"] = json!(instant);
            read
        };
        let entries = [
            json_patch(&path(&archived), &archive),
            write("PATCH", &path(&masked), &mask),
            write("POST", "DocumentReference", &broken),
            json!({"request": {"method": "DELETE", "url": path(&gone)}}),
            write("POST", "DocumentReference", &kept.simplified()),
            late,
            unchanged,
            get(&path(&gone)),
            since("2038-01-19T03:14:08.5+01:00"),
            since("2001-01-01T00:00:00Z"),
        ];
        let entries = answers(&mut world.author, entries).await;
        let statuses: Vec<_> = entries.iter().map(|entry| told(entry).0).collect();
        assert_eq!(
            statuses,
            [
                "200 OK",
                "200 OK",
                "422 Unprocessable Entity",
                "204 No Content",
                "201 Created",
                "412 Precondition Failed",
                "304 Not Modified",
                "410 Gone",
                "304 Not Modified",
                "200 OK"
            ],
            "{entries:#?}"
        );
        assert_eq!(entries[0]["response"]["etag"], "W/\"2\"");
        assert_eq!(entries[0]["response"]["location"], path(&archived));
        assert_eq!(entries[2]["response"]["outcome"]["issue"][0]["expression"], json!(["DocumentReference.status"]));
        assert!(entries[2].get("resource").is_none());
        let made = id(&entries[4]["resource"]);
        assert_eq!(entries[4]["response"]["location"], format!("{}/_history/1", path(&made)));
        assert_eq!(told(&entries[5]).1, "version-conflict");

        // What was said was done.
        let mut read = async |id: &str| world.author.get(&format!("/{}", path(id))).await;
        let label = &read(&masked).await.json()["securityLabel"][0]["coding"][0]["code"];
        assert_eq!(label, "MASQUE_PS");
        read(&gone).await.assert_refused(410, "document-deleted");
        read(&made).await.assert_status(200);
        assert_eq!(read(&archived).await.header("etag"), "W/\"2\"");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_is_traced_and_the_batch_is_not() {
    on_both(async |world| {
        let first = world.deposit(&Document::new(), None).await;
        let masked = world.deposit(&Document::new(), Some("MASQUE_PS")).await;
        let entries = [
            get(&content(&first)),
            get(&content(&masked)),
            get(&format!("DocumentReference/{}", id(&first))),
            get("https://elsewhere.example/fhir/Binary/1"),
        ];
        let body = batch(entries).to_string().into_bytes();
        let headers = [
            ("Content-Type", "application/fhir+json"),
            ("X-Request-Id", "lot-de-quatre"),
        ];
        let reply = world.other.send(Method::POST, "", &headers, body).await;
        let entries = entries_of(&reply.assert_status(200));
        assert_eq!(
            told(&entries[3]),
            ("422 Unprocessable Entity", "element-invalid")
        );

        let mut patient = world.portal.holder(PATIENT).on(&world.server);
        let parameters = [("patient.identifier", PATIENT)];
        let found = patient.search("AuditEvent", &parameters).await;
        let found = found.assert_status(200).json();
        let events = found["entry"].as_array().unwrap().iter();
        let of_batch = events.filter(|event| event.to_string().contains("lot-de-quatre"));
        let mut acts: Vec<_> = of_batch
            .map(|event| {
                let event = &event["resource"];
                (
                    event["outcome"].as_str().unwrap().to_owned(),
                    event["agent"].to_string().contains(MEDECIN),
                )
            })
            .collect();
        acts.sort();
        let act = |outcome: &str| (outcome.to_owned(), true);
        assert_eq!(acts, [act("0"), act("0"), act("8")], "{found:#}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_caller_of_a_batch_is_the_caller_of_each_request() {
    let mut world = World::new(Options::default()).await;
    let document = world.deposit(&Document::new(), None).await;
    let read = get(&content(&document));

    let mut nobody = world.server.anonymous();
    let refused = nobody.post("", &batch([read.clone()])).await;
    refused.assert_refused(401, "login-required");

    // A wrong header is wrong for all of it.
    let mut other = world
        .server
        .client("medecin")
        .with("DMP-Access-Mode", "nuit");
    let refused = other.post("", &batch([read.clone()])).await;
    refused.assert_refused(400, "header-invalid");

    // Without DMP-Structure one reads, and does not deposit.
    let sent = Document::new().simplified();
    let entries = [read.clone(), write("POST", "DocumentReference", &sent)];
    let entries = answers(&mut world.other, entries).await;
    assert_eq!(told(&entries[0]), ("200 OK", ""));
    assert_eq!(told(&entries[1]), ("400 Bad Request", "structure-required"));
    // A transaction is still asked for it before anything else.
    let refused = world
        .other
        .post("", &json!({"resourceType": "Bundle"}))
        .await;
    refused.assert_refused(400, "structure-required");

    // An establishment reads no content, in an emergency one gives a reason.
    let mut hospital = world.server.client("hopital");
    let entries = answers(&mut hospital, [read.clone()]).await;
    assert_eq!(told(&entries[0]), ("403 Forbidden", "card-cannot-consult"));
    let mut hasty = world
        .server
        .client("medecin")
        .with("DMP-Access-Mode", "bris_de_glace");
    let entries = answers(&mut hasty, [read.clone()]).await;
    assert_eq!(told(&entries[0]), ("400 Bad Request", "reason-required"));

    let mut patient = world.portal.holder(PATIENT).on(&world.server);
    let entries = answers(&mut patient, [read]).await;
    assert_eq!(told(&entries[0]), ("200 OK", ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_bounded() {
    let options = Options::default().set("PASSERELLE_SERVER__MAX_BODY_BYTES", "12000");
    let mut world = World::new(options).await;
    let document = Document::new();
    let read = get(&content(&world.deposit(&document, None).await));

    let refused = world.other.post("", &batch(vec![read.clone(); 21])).await;
    refused.assert_refused(422, "batch-too-long");
    let entries = answers(&mut world.other, vec![read.clone(); 20]).await;
    let done = entries
        .iter()
        .filter(|entry| told(entry).0 == "200 OK")
        .count();
    let each = document.bytes.len() * 4 / 3;
    assert!(
        done > 24_000 / (each + 1_000) && done <= 24_000 / each + 1,
        "{done}"
    );
    for entry in &entries[done..] {
        assert_eq!(told(entry), ("413 Payload Too Large", "too-large"));
    }

    let nested = write("POST", "", &batch([read.clone()]));
    let absolute = write("POST", &world.server.base, &Document::new().bundle());
    let entries = answers(&mut world.author, [nested, absolute, read]).await;
    for entry in &entries[..2] {
        assert_eq!(told(entry), ("422 Unprocessable Entity", "element-invalid"));
    }
    assert_eq!(told(&entries[2]), ("200 OK", ""));

    let empty = json!({"resourceType": "Bundle", "type": "batch"});
    let reply = world.other.post("", &empty).await.assert_status(200).json();
    assert_eq!(
        reply,
        json!({"resourceType": "Bundle", "type": "batch-response"})
    );
    let odd = json!({"resourceType": "Bundle", "type": "batch", "entry": {}});
    let refused = world.other.post("", &odd).await;
    refused.assert_refused(422, "element-invalid");
}
