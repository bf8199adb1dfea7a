//! The documents of the national agency's test set, deposited as the software of a hospital would and read back by a physician.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use hyper::Method;
use passerelle::tables::Tables;
use passerelle::translate::cda::{CdaHeader, metadata_json, read_header};
use serde_json::{Value, json};
use support::bundle::simplified_for;
use support::header::differences;
use support::{Client, Options, Reply, Server, bundle_for, consent_for, record_for, shared_cda};

static TABLES: LazyLock<Tables> = LazyLock::new(Tables::built_in);

/// PS_IdNat of the card `medecin2`, who wrote none of the documents.
const READER: &str = "899900000029";

/// A document of the set.
struct Sample {
    name: String,
    bytes: Vec<u8>,
    header: Value,
    /// `custodian` as a contained Organization: `cda metadata` does not tell it.
    custodian: Value,
}

impl Sample {
    fn patient(&self) -> String {
        record_for(&self.header).0
    }

    fn unique_id(&self) -> &str {
        self.header["unique_id"].as_str().unwrap()
    }

    /// What its header says it replaces.
    fn replaces(&self) -> Option<&str> {
        let relations = self.header["replaces"].as_array()?;
        let replaced = relations.iter().find(|one| one["relation"] == "RPLC")?;
        replaced["id"].as_str()
    }

    /// The insurer's own documents come from an operator.
    fn depositor(&self) -> &'static str {
        match self.header["type"]["code"].as_str() {
            Some("REMB") => "exploitant",
            _ => "hopital",
        }
    }
}

/// The 59 documents by name; none when they are not there.
fn samples() -> Vec<Sample> {
    let samples: Vec<_> = shared_cda()
        .iter()
        .map(|path| {
            let bytes = std::fs::read(path).unwrap();
            let header = read_header(&bytes).unwrap();
            Sample {
                name: path.file_stem().unwrap().to_string_lossy().into_owned(),
                header: metadata_json(&header, &bytes, &TABLES),
                custodian: custodian(&header),
                bytes,
            }
        })
        .collect();
    assert!(samples.is_empty() || samples.len() == 59);
    samples
}

fn custodian(header: &CdaHeader) -> Value {
    let (id, name) = header.custodian.clone().unwrap();
    let mut organization = json!({"resourceType": "Organization", "id": "custodian"});
    if let Some(id) = id {
        let id = json!({"root": id.root, "extension": id.extension});
        organization["identifier"] = json!([support::bundle::identifier(&id)]);
    }
    if let Some(name) = name {
        organization["name"] = json!(name);
    }
    organization
}

/// Opens a record for each person that the documents name, those that the server takes.
async fn open_records(server: &Server, samples: &[Sample]) -> BTreeMap<String, Reply> {
    let mut operator = server.client("exploitant");
    let mut opened = BTreeMap::new();
    for sample in samples {
        let (key, patient) = record_for(&sample.header);
        if let Entry::Vacant(place) = opened.entry(key.clone()) {
            let path = format!("/Patient?identifier={}", support::client::encode(&key));
            let reply = operator.put(&path, &patient).await;
            place.insert(reply);
        }
    }
    opened
}

/// Codes and severities of every OperationOutcome in an answer.
fn told(answer: &Value) -> Vec<(String, String)> {
    let mut outcomes: Vec<&Value> = answer["entry"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|entry| &entry["response"]["outcome"])
        .collect();
    outcomes.push(answer);
    outcomes
        .into_iter()
        .flat_map(|outcome| outcome["issue"].as_array().into_iter().flatten())
        .map(|issue| {
            let code = issue["details"]["coding"][0]["code"].as_str();
            (
                issue["severity"].as_str().unwrap_or_default().to_owned(),
                code.unwrap_or_default().to_owned(),
            )
        })
        .collect()
}

/// A bundle whose relatesTo is left out when its target is not there, as software that never saw the target would.
fn bundle(sample: &Sample, published: &BTreeSet<String>) -> Value {
    let mut bundle = bundle_for(&sample.bytes, &sample.header);
    set_custodian(&mut bundle, sample);
    if sample
        .replaces()
        .is_some_and(|old| !published.contains(old))
    {
        let document = bundle["entry"][1]["resource"].as_object_mut().unwrap();
        document.remove("relatesTo");
    }
    bundle
}

fn set_custodian(bundle: &mut Value, sample: &Sample) {
    let contained = bundle["entry"][1]["resource"]["contained"]
        .as_array_mut()
        .unwrap();
    let place = contained.iter_mut().find(|one| one["id"] == "custodian");
    *place.unwrap() = sample.custodian.clone();
}

/// What the reader finds is what was deposited: totals, attributes, bytes.
async fn read_back(server: &Server, samples: &[Sample]) {
    let mut reader = server
        .client("medecin2")
        .with("DMP-Secret-Connection", "false");
    let mut by_patient: BTreeMap<String, Vec<&Sample>> = BTreeMap::new();
    for sample in samples {
        by_patient.entry(sample.patient()).or_default().push(sample);
    }
    for (patient, expected) in by_patient {
        let refused = search(&mut reader, &patient).await;
        refused.assert_refused(403, "consent-required");
        let declared = reader
            .post("/Consent", &consent_for(&patient, READER))
            .await;
        declared.assert_status(201);
        let found = search(&mut reader, &patient)
            .await
            .assert_status(200)
            .json();
        assert_eq!(found["total"], expected.len(), "{patient}");
        let documents: Vec<&Value> = found["entry"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|entry| entry["search"]["mode"] == "match")
            .map(|entry| &entry["resource"])
            .collect();
        assert_eq!(documents.len(), expected.len(), "{patient}");
        for sample in expected {
            check(&mut reader, sample, &documents, &BTreeMap::new()).await;
        }
    }
}

async fn search(reader: &mut Client, patient: &str) -> Reply {
    let parameters = [
        ("patient.identifier", patient),
        ("status", "current,superseded"),
        ("_count", "100"),
    ];
    reader.search("DocumentReference", &parameters).await
}

async fn check(
    reader: &mut Client,
    sample: &Sample,
    documents: &[&Value],
    replaced: &BTreeMap<String, String>,
) {
    let name = &sample.name;
    let (system, value) = support::bundle::unique_id(sample.unique_id());
    let found = documents
        .iter()
        .find(|one| {
            let id = &one["masterIdentifier"];
            id["system"] == *system && id["value"] == *value
        })
        .unwrap_or_else(|| panic!("{name} is not found"));
    let path = format!("/DocumentReference/{}", found["id"].as_str().unwrap());
    let document = reader.get(&path).await.assert_status(200).json();
    assert_eq!(document, **found, "{name}");

    let differing = differences(&document, &sample.header, &TABLES);
    assert!(differing.is_empty(), "{name}: {differing:#?}");
    let status = match replaced.values().any(|old| old == sample.unique_id()) {
        true => "superseded",
        false => "current",
    };
    assert_eq!(document["status"], status, "{name}");
    let target = &document["relatesTo"][0];
    match replaced.get(sample.unique_id()) {
        None => assert!(target.is_null(), "{name}: {target}"),
        Some(old) => {
            let (system, value) = support::bundle::unique_id(old);
            assert_eq!(target["code"], "replaces", "{name}");
            assert_eq!(target["target"]["identifier"]["system"], system, "{name}");
            assert_eq!(target["target"]["identifier"]["value"], value, "{name}");
        }
    }

    let url = document["content"][0]["attachment"]["url"]
        .as_str()
        .unwrap();
    let raw = reader.get(url).await.assert_status(200);
    assert!(raw.header("content-type").starts_with("text/xml"), "{name}");
    assert!(raw.bytes == sample.bytes, "{name}: other bytes");
    let accept = [("Accept", "application/fhir+json")];
    let wrapped = reader.send(Method::GET, url, &accept, Vec::new()).await;
    let wrapped = wrapped.assert_status(200).json();
    assert_eq!(wrapped["resourceType"], "Binary", "{name}");
    let data = BASE64_STANDARD.decode(wrapped["data"].as_str().unwrap());
    assert!(data.unwrap() == sample.bytes, "{name}: other bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_document_goes_in_by_a_transaction_and_comes_back() {
    let samples = samples();
    if samples.is_empty() {
        return;
    }
    let server = Server::start();
    for (key, reply) in open_records(&server, &samples).await {
        assert_eq!(reply.status, 201, "{key}: {reply:?}");
    }
    let mut published = BTreeSet::new();
    let mut clients = ["hopital", "exploitant"].map(|card| (card, server.client(card)));
    for sample in &samples {
        let name = &sample.name;
        let client = clients
            .iter_mut()
            .find(|(card, _)| *card == sample.depositor());
        let client = &mut client.unwrap().1;
        if sample.replaces().is_some() {
            // A target that is declared must be there.
            let declared = bundle_for(&sample.bytes, &sample.header);
            let refused = client.post("", &declared).await;
            refused.assert_refused(404, "replace-target-unknown");
        }
        let reply = client.post("", &bundle(sample, &published)).await;
        assert_eq!(reply.status, 200, "{name}: {:#}", reply.json());
        let answer = reply.json();
        for entry in answer["entry"].as_array().unwrap() {
            assert_eq!(entry["response"]["status"], "201 Created", "{name}");
        }
        let told = told(&answer);
        assert!(
            told.iter().all(|(severity, _)| severity != "error"),
            "{name}: {told:?}"
        );
        let warned = told
            .iter()
            .filter(|(severity, code)| severity == "warning" && code == "relation-only-in-header")
            .count();
        assert_eq!(
            warned,
            usize::from(sample.replaces().is_some()),
            "{name}: {told:?}"
        );
        // Where the header speaks, the resource built from it agrees.
        assert!(
            told.iter().all(|(_, code)| code != "metadata-mismatch"),
            "{name}: {:#}",
            answer
        );
        assert!(published.insert(sample.unique_id().to_owned()), "{name}");
        let again = client.post("", &bundle(sample, &published)).await;
        assert!(
            matches!(again.refusal().as_str(), "duplicate-document"),
            "{name}: {}",
            again.refusal()
        );
    }
    read_back(&server, &samples).await;
}

/// The other way round: a replacement that arrives before what it replaces is a document of its own.
#[tokio::test(flavor = "multi_thread")]
async fn every_document_goes_in_alone_and_comes_back() {
    let mut samples = samples();
    if samples.is_empty() {
        return;
    }
    samples.reverse();
    let server = Server::start();
    open_records(&server, &samples).await;
    let mut clients = ["hopital", "exploitant"].map(|card| (card, server.client(card)));
    for sample in &samples {
        let name = &sample.name;
        let client = clients
            .iter_mut()
            .find(|(card, _)| *card == sample.depositor());
        let client = &mut client.unwrap().1;
        let mut document = simplified_for(&sample.bytes, &sample.header);
        document.as_object_mut().unwrap().remove("relatesTo");
        let body = document.to_string().into_bytes();
        let headers = [
            ("Content-Type", "application/fhir+json"),
            ("Prefer", "return=OperationOutcome"),
        ];
        let reply = client
            .send(Method::POST, "/DocumentReference", &headers, body)
            .await;
        assert_eq!(reply.status, 201, "{name}: {:#}", reply.json());
        assert!(reply.header("location").starts_with(&server.base), "{name}");
        let told = told(&reply.json());
        let counted = told
            .iter()
            .filter(|(severity, _)| severity == "warning" || severity == "information");
        assert_eq!(
            reply.header("dmp-warnings"),
            counted.count().to_string(),
            "{name}: {told:?}"
        );
        let warned = told
            .iter()
            .filter(|(_, code)| code == "relation-only-in-header")
            .count();
        assert_eq!(
            warned,
            usize::from(sample.replaces().is_some()),
            "{name}: {told:?}"
        );
    }
    read_back(&server, &samples).await;
}

/// Samples whose INS has a wrong key or the root of production: refused in strict mode.
const BAD_INS: [&str; 9] = [
    "CSE-CS24_2025.01",
    "CSE-CS8_2025.01",
    "CSE-CS9_2024.01",
    "CSE-MDE_2023.01",
    "OBP-SAP_2024.01",
    "OBP-SCM_2024.01",
    "OBP-SEM_2024.01",
    "SDM-MR_2024.01_nouveau-ne",
    "eDISP-MED_2024.01",
];

/// Samples that announce the replacement of a document that the set does not hold: refused in strict mode.
const REPLACING: [&str; 6] = [
    "BIO-CR-BIO_2021.01_Microbiologie_V2",
    "CNAM-HR_2021.01_sans-info",
    "IMG_CR_IMG_2024.01",
    "IMG_CR_IMG_2024.01_CDA-R2-Niveau-1",
    "IPS-FR_2024.01_DLU",
    "OPH-BRE_2022.02",
];

#[tokio::test(flavor = "multi_thread")]
async fn strict_mode_refuses_a_bad_ins_and_an_untold_replacement_and_nothing_else() {
    let samples = samples();
    if samples.is_empty() {
        return;
    }
    let server = Server::with(Options::strict());
    let bad: BTreeSet<String> = samples
        .iter()
        .filter(|sample| BAD_INS.contains(&&*sample.name))
        .map(Sample::patient)
        .collect();
    for (key, reply) in open_records(&server, &samples).await {
        match bad.contains(&key) {
            true => reply.assert_refused(400, "ins-invalid"),
            false => assert_eq!(reply.status, 201, "{key}"),
        }
    }
    let nothing = BTreeSet::new();
    let mut clients = ["hopital", "exploitant"].map(|card| (card, server.client(card)));
    let mut accepted = 0;
    for sample in &samples {
        let client = clients
            .iter_mut()
            .find(|(card, _)| *card == sample.depositor());
        let client = &mut client.unwrap().1;
        let reply = client.post("", &bundle(sample, &nothing)).await;
        let name = &*sample.name;
        if BAD_INS.contains(&name) {
            reply.assert_refused(400, "ins-invalid");
        } else if REPLACING.contains(&name) {
            reply.assert_refused(422, "relation-only-in-header");
            let mut declared = bundle_for(&sample.bytes, &sample.header);
            set_custodian(&mut declared, sample);
            let refused = client.post("", &declared).await;
            refused.assert_refused(404, "replace-target-unknown");
        } else {
            assert_eq!(reply.status, 200, "{name}: {:#}", reply.json());
            accepted += 1;
        }
    }
    assert_eq!(accepted, 44);
}

/// The first version of the report that the set lacks, made of the one that it holds.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_of_a_report_replaces_the_old_one() {
    let samples = samples();
    let named = |name: &str| samples.iter().find(|sample| sample.name == name);
    let (Some(first), Some(second)) = (
        named("BIO-CR-BIO_2021.01_Microbiologie_V1"),
        named("BIO-CR-BIO_2021.01_Microbiologie_V2"),
    ) else {
        return;
    };
    let old = second.replaces().unwrap();
    let own = format!("\"{}\"", first.unique_id());
    let text = String::from_utf8(first.bytes.clone()).unwrap();
    assert!(text.contains(&own));
    let bytes = text.replacen(&own, &format!("\"{old}\""), 1).into_bytes();
    let header = read_header(&bytes).unwrap();
    assert_eq!(header.unique_id.to_string(), old);
    let first = Sample {
        name: "first version".to_owned(),
        header: metadata_json(&header, &bytes, &TABLES),
        custodian: custodian(&header),
        bytes,
    };
    for options in [Options::default(), Options::strict()] {
        let server = Server::with(options);
        open_records(&server, std::slice::from_ref(&first)).await;
        let mut hospital = server.client("hopital");
        let known = BTreeSet::from([old.to_owned()]);
        for sample in [&first, second] {
            let reply = hospital.post("", &bundle(sample, &known)).await;
            reply.assert_status(200);
        }
        let mut reader = server.client("medecin2");
        let patient = first.patient();
        let declared = reader
            .post("/Consent", &consent_for(&patient, READER))
            .await;
        declared.assert_status(201);
        let found = search(&mut reader, &patient).await.json();
        let documents: Vec<&Value> = found["entry"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| &entry["resource"])
            .collect();
        assert_eq!(documents.len(), 2);
        let replaced = BTreeMap::from([(second.unique_id().to_owned(), old.to_owned())]);
        for sample in [&first, second] {
            check(&mut reader, sample, &documents, &replaced).await;
        }
        let again = hospital.post("", &bundle(second, &known)).await;
        again.assert_refused(409, "duplicate-document");
    }
}
