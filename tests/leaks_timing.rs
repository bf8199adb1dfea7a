//! Hidden and absent, asked by turns some hundred times: every answer the same, and how long each takes is printed. No time is
//! asserted: `cargo test --test leaks_timing -- --nocapture` shows the medians.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hyper::Method;
use serde_json::{Value, json};
use support::bundle::unique_id;
use support::client::encode;
use support::consent::right;
use support::document::{OTHER, PATIENT, TABLES};
use support::{Client, Document, Options, Portal, Reply, Server, consent_for};
use uuid::Uuid;

/// How often each of a pair is asked.
const TURNS: usize = 100;
const INFIRMIER: &str = "899900000078";
const MEDECIN2: &str = "899900000029";
const VISIBILITY: &str = "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument";

/// What a test asks twice: of something hidden, of something absent.
struct Pair {
    name: String,
    method: Method,
    hidden: Asked,
    absent: Asked,
    status: u16,
}

/// A path, headers and a body, and what in them may come back in an answer.
#[derive(Default)]
struct Asked {
    path: String,
    names: String,
    headers: Vec<(&'static str, &'static str)>,
    body: String,
}

impl Asked {
    fn by_id(kind: &str, id: &str) -> Self {
        Self {
            path: format!("/{kind}/{id}"),
            names: id.to_owned(),
            ..Self::default()
        }
    }

    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// A part of one of ours, behind its path.
    fn below(mut self, rest: &str) -> Self {
        self.path.push_str(rest);
        self
    }

    /// A change of the labels.
    fn masking(mut self) -> Self {
        let label = json!({"coding": [{"system": VISIBILITY, "code": "MASQUE_PS"}]});
        self.body = json!([{"op": "add", "path": "/securityLabel/-", "value": label}]).to_string();
        self.with("Content-Type", "application/json-patch+json")
    }

    /// A batch that asks for a Binary and its document.
    fn batch(binary: &str, document: &str) -> Self {
        let one = |path: String| json!({"request": {"method": "GET", "url": path}});
        let entries = [
            one(format!("Binary/{binary}")),
            one(format!("DocumentReference/{document}")),
        ];
        let body = json!({"resourceType": "Bundle", "type": "batch", "entry": entries});
        Self {
            path: String::new(),
            names: document.to_owned(),
            headers: vec![("Content-Type", "application/fhir+json")],
            body: body.to_string(),
        }
    }

    fn search(patient: &str, identifier: &str) -> Self {
        let patient = encode(patient);
        let (system, value) = unique_id(identifier);
        let token = encode(&format!("{system}|{value}"));
        Self {
            path: format!(
                "/DocumentReference?patient.identifier={patient}&status=current&identifier={token}"
            ),
            names: identifier.to_owned(),
            ..Self::default()
        }
    }

    fn by_identifier(identifier: &str) -> Self {
        let (system, value) = unique_id(identifier);
        Self {
            path: format!(
                "/DocumentReference?identifier={}",
                encode(&format!("{system}|{value}"))
            ),
            names: identifier.to_owned(),
            ..Self::default()
        }
    }

    async fn send(&self, client: &mut Client, method: &Method) -> (Reply, Duration) {
        let start = Instant::now();
        let reply = client
            .send(
                method.clone(),
                &self.path,
                &self.headers,
                self.body.clone().into_bytes(),
            )
            .await;
        (reply, start.elapsed())
    }

    /// Status, headers but those of the moment, and body, whatever was asked for taken out.
    fn shape(&self, reply: &Reply) -> (u16, BTreeMap<String, String>, String) {
        let headers = reply.headers.iter();
        let kept = headers.filter(|(name, _)| !["x-request-id", "date"].contains(&name.as_str()));
        let headers =
            kept.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        let body = String::from_utf8(reply.bytes.to_vec()).unwrap();
        (
            reply.status,
            headers.collect(),
            body.replace(&self.names, "…"),
        )
    }
}

/// The tenth part of the times is shorter, and the half: a busy machine moves the second more.
fn quantiles(times: &mut [Duration]) -> [Duration; 2] {
    times.sort();
    [times[times.len() / 10], times[times.len() / 2]]
}

/// Asks each by turns; the answers are the same, and the medians are printed.
async fn compare(client: &mut Client, pair: &Pair) {
    let (mut hidden, mut absent) = (Vec::new(), Vec::new());
    let mut expected = None;
    for turn in 0..TURNS {
        for hides in [turn % 2 == 0, turn % 2 == 1] {
            let (asked, times) = if hides {
                (&pair.hidden, &mut hidden)
            } else {
                (&pair.absent, &mut absent)
            };
            let (reply, time) = asked.send(client, &pair.method).await;
            times.push(time);
            let shape = asked.shape(&reply);
            assert_eq!(shape.0, pair.status, "{}: {}", pair.name, shape.2);
            if shape.0 == 200 && pair.method != Method::HEAD {
                match reply.json()["type"].as_str() {
                    Some("batch-response") => assert!(!shape.2.contains("\"200"), "{}", pair.name),
                    _ => assert_eq!(reply.json()["total"], 0, "{}", pair.name),
                }
            }
            let expected = expected.get_or_insert_with(|| shape.clone());
            assert_eq!(*expected, shape, "{}", pair.name);
        }
    }
    let (hidden, absent) = (quantiles(&mut hidden), quantiles(&mut absent));
    let ratio = |at: usize| hidden[at].as_secs_f64() / absent[at].as_secs_f64();
    println!(
        "{:40} median {:8.2?} {:8.2?} ratio {:.2}; tenth {:8.2?} {:8.2?} ratio {:.2}",
        pair.name,
        hidden[1],
        absent[1],
        ratio(1),
        hidden[0],
        absent[0],
        ratio(0)
    );
}

/// A document that was deposited: ids of the entry, the content and the submission, and the unique id.
struct Deposited {
    entry: String,
    content: String,
    submission: String,
    unique: String,
}

async fn deposit(client: &mut Client, document: &Document, label: Option<&str>) -> Deposited {
    let mut bundle = document.bundle();
    let labels = bundle["entry"][1]["resource"]["securityLabel"]
        .as_array_mut()
        .unwrap();
    labels.extend(label.map(|code| json!({"coding": [{"system": VISIBILITY, "code": code}]})));
    let answer = client.post("", &bundle).await.assert_status(200).json();
    let id = |entry: usize| {
        let location = answer["entry"][entry]["response"]["location"]
            .as_str()
            .unwrap();
        location.split('/').nth(1).unwrap().to_owned()
    };
    Deposited {
        submission: id(0),
        entry: id(1),
        content: id(2),
        unique: document.unique_id().to_owned(),
    }
}

/// A unique id that nobody has, as long as this one.
fn like(unique: &str) -> String {
    let (root, last) = unique.rsplit_once('.').unwrap();
    let (above, _) = root.rsplit_once('.').unwrap();
    format!("{above}.8.{last}")
}

/// Every way to ask for a document, hidden or not there.
fn document_pairs(who: &str, document: &Deposited, patient: Option<&str>) -> Vec<Pair> {
    let unknown = || Uuid::now_v7().to_string();
    let mut pairs = Vec::new();
    for (kind, id) in [
        ("DocumentReference", &document.entry),
        ("Binary", &document.content),
        ("List", &document.submission),
    ] {
        let absent = match kind {
            "Binary" => Uuid::new_v4().to_string(),
            _ => unknown(),
        };
        pairs.push(Pair {
            name: format!("{who}: {kind} by id"),
            method: Method::GET,
            hidden: Asked::by_id(kind, id),
            absent: Asked::by_id(kind, &absent),
            status: 404,
        });
    }
    pairs.push(Pair {
        name: format!("{who}: PATCH by id"),
        method: Method::PATCH,
        hidden: Asked::by_id("DocumentReference", &document.entry).masking(),
        absent: Asked::by_id("DocumentReference", &unknown()).masking(),
        status: 404,
    });
    pairs.push(Pair {
        name: format!("{who}: PATCH by identifier"),
        method: Method::PATCH,
        hidden: Asked::by_identifier(&document.unique).masking(),
        absent: Asked::by_identifier(&like(&document.unique)).masking(),
        status: 404,
    });
    pairs.extend(other_ways(who, document));
    pairs.extend(patient.map(|patient| Pair {
        name: format!("{who}: search by identifier"),
        method: Method::GET,
        hidden: Asked::search(patient, &document.unique),
        absent: Asked::search(patient, &like(&document.unique)),
        status: 200,
    }));
    pairs
}

/// The other readings of a document and its content.
fn other_ways(who: &str, document: &Deposited) -> Vec<Pair> {
    let pair = |name: &str, method, of: &dyn Fn(&str, &str) -> Asked, status| Pair {
        name: format!("{who}: {name}"),
        method,
        hidden: of(&document.entry, &document.content),
        absent: of(&Uuid::now_v7().to_string(), &Uuid::new_v4().to_string()),
        status,
    };
    let entry = |entry: &str| Asked::by_id("DocumentReference", entry);
    let content = |content: &str| Asked::by_id("Binary", content);
    let etag = "W/\"1\"";
    vec![
        pair(
            "vread",
            Method::GET,
            &|id, _| entry(id).below("/_history/1"),
            404,
        ),
        pair(
            "history",
            Method::GET,
            &|id, _| entry(id).below("/_history"),
            404,
        ),
        pair("HEAD", Method::HEAD, &|id, _| entry(id), 404),
        pair(
            "If-None-Match",
            Method::GET,
            &|id, _| entry(id).with("If-None-Match", etag),
            404,
        ),
        pair(
            "part",
            Method::GET,
            &|_, id| content(id).with("Range", "bytes=0-9"),
            404,
        ),
        pair(
            "page",
            Method::GET,
            &|_, id| content(id).with("Accept", "text/html"),
            404,
        ),
        pair(
            "wrong type",
            Method::GET,
            &|_, id| content(id).with("Accept", "image/png"),
            404,
        ),
        pair(
            "file inside",
            Method::GET,
            &|_, id| content(id).with("Accept", "application/pdf"),
            404,
        ),
        pair(
            "Bundle",
            Method::GET,
            &|_, id| Asked::by_id("Bundle", id),
            404,
        ),
        pair("DELETE", Method::DELETE, &|id, _| entry(id), 404),
        pair(
            "batch",
            Method::POST,
            &|id, content| Asked::batch(content, id),
            200,
        ),
    ]
}

/// A note with one vaccination, which the register tells.
fn note() -> Document {
    Document::with(|sample| {
        sample.code = r#"<code code="87273-9" codeSystem="2.16.840.1.113883.6.1"/>"#.to_owned();
        sample.body = r#"<component><structuredBody><component><section><templateId root="1.2.250.1.213.1.1.2.147"/>
            <text>Vaccin</text><entry><substanceAdministration classCode="SBADM" moodCode="EVN" negationInd="false">
            <templateId root="1.2.250.1.213.1.1.3.45"/><id root="41DAC707-7C96-47B7-B600-AC63D8002142"/>
            <statusCode code="completed"/><effectiveTime value="20200102"/><consumable><manufacturedProduct>
            <manufacturedMaterial><code code="60000001" codeSystem="1.2.250.1.213.2.3.1"/></manufacturedMaterial>
            </manufacturedProduct></consumable></substanceAdministration></entry></section></component></structuredBody></component>"#
            .to_owned();
    })
}

/// A type that a physician may read and a nurse may not.
fn physicians_type() -> String {
    let readable = |profession| &TABLES.matrix.readable(profession).unwrap().codes;
    let nurse = readable("60");
    let loinc = |code: &&String| code.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let mut only = readable("10").iter().filter(|code| !nurse.contains(code));
    only.find(loinc).unwrap().clone()
}

/// The id of a resource that was made.
fn made(reply: &Reply) -> String {
    let location = reply.header("location");
    location.rsplit('/').next().unwrap().to_owned()
}

async fn open(server: &Server, patient: &str) {
    let (_, resource) = Document::for_patient(patient).record();
    let path = format!("/Patient?identifier={}", encode(patient));
    let mut operator = server.client("exploitant");
    operator.put(&path, &resource).await.assert_status(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hidden_and_absent_answer_alike_and_are_timed() {
    let portal = Portal::new();
    let server = Server::with(Options::default().portal(&portal));
    open(&server, PATIENT).await;
    open(&server, OTHER).await;
    let mut laboratory = server.client("laboratoire");
    for _ in 0..40 {
        deposit(&mut laboratory, &Document::new(), None).await;
    }
    let masked = deposit(&mut laboratory, &Document::new(), Some("MASQUE_PS")).await;
    let by_type = Document::of_type(&physicians_type(), "2.16.840.1.113883.6.1");
    let by_type = deposit(&mut laboratory, &by_type, None).await;
    let unannounced = Some("INVISIBLE_PATIENT");
    let unannounced = deposit(&mut laboratory, &Document::new(), unannounced).await;

    // A nurse who may consult: what is masked, and what her column closes.
    let mut nurse = server.client("infirmier");
    let consent = consent_for(PATIENT, INFIRMIER);
    nurse.post("/Consent", &consent).await.assert_status(201);
    for pair in document_pairs("nurse, masked", &masked, Some(PATIENT)) {
        compare(&mut nurse, &pair).await;
    }
    // The first three: by id.
    for pair in document_pairs("nurse, matrix", &by_type, None)
        .into_iter()
        .take(3)
    {
        compare(&mut nurse, &pair).await;
    }

    // What a masked note told the register.
    deposit(&mut laboratory, &note(), Some("MASQUE_PS")).await;
    let mut holder = portal.holder(PATIENT).on(&server);
    let told = [("patient.identifier", PATIENT)];
    let told = holder.search("Immunization", &told).await.json();
    let told = told["entry"][0]["resource"]["id"].as_str().unwrap();
    let pair = Pair {
        name: "nurse: Immunization by id".to_owned(),
        method: Method::GET,
        hidden: Asked::by_id("Immunization", told),
        absent: Asked::by_id("Immunization", &Uuid::new_v4().to_string()),
        status: 404,
    };
    compare(&mut nurse, &pair).await;

    // Somebody else's right, somebody else's act.
    let other = format!("urn:oid:1.2.250.1.71.4.2.1|{MEDECIN2}");
    let block = right("blocage", "deny", PATIENT, Some(&other));
    let block = made(&holder.post("/Consent", &block).await.assert_status(201));
    let path = format!(
        "/AuditEvent?patient.identifier={}&_count=100",
        encode(PATIENT)
    );
    let traces = holder.get(&path).await.assert_status(200).json();
    let mut entries = traces["entry"].as_array().unwrap().iter();
    let of_others = |entry: &&Value| !entry["resource"].to_string().contains(INFIRMIER);
    let trace = entries.find(of_others).unwrap()["resource"]["id"].clone();
    let trace = trace.as_str().unwrap();
    let (_, record) = trace.split_at(32);
    let elsewhere = format!("{}{}", Uuid::new_v4().simple(), Uuid::now_v7().simple());
    let here = format!("{}{record}", Uuid::new_v4().simple());
    let by_id = |name: &str, kind: &str, hidden: &str, absent: &str| Pair {
        name: name.to_owned(),
        method: Method::GET,
        hidden: Asked::by_id(kind, hidden),
        absent: Asked::by_id(kind, absent),
        status: 404,
    };
    let unknown = Uuid::new_v4().to_string();
    for pair in [
        by_id("nurse: Consent by id", "Consent", &block, &unknown),
        by_id("nurse: AuditEvent by id", "AuditEvent", trace, &here),
    ] {
        compare(&mut nurse, &pair).await;
    }

    // The holder before the announcement; and the holder of another record.
    for pair in document_pairs("holder", &unannounced, Some(PATIENT)) {
        compare(&mut holder, &pair).await;
    }
    let mut stranger = portal.holder(OTHER).on(&server);
    for pair in document_pairs("another holder", &masked, None) {
        compare(&mut stranger, &pair).await;
    }
    let id = by_id("another holder: Consent by id", "Consent", &block, &unknown);
    compare(&mut stranger, &id).await;
    let id = by_id(
        "another holder: AuditEvent by id",
        "AuditEvent",
        trace,
        &elsewhere,
    );
    compare(&mut stranger, &id).await;
}
