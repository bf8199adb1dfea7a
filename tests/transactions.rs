//! Deposits over HTTP, on both databases: replacements with their PATCH entries, conditional creation, the patient among the
//! entries, metadata made of the document.
#![allow(missing_docs, unreachable_pub, dead_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use hyper::Method;
use serde_json::{Value, json};
use support::bundle::{bundle_for, unique_id};
use support::client::encode;
use support::document::{OTHER, PATIENT};
use support::{Client, Document, Options, Reply, Server, consent_for};
use uuid::Uuid;

const FLAGS: &str = "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument";

/// The same on both databases, with two records.
async fn on_both(check: impl AsyncFn(&Server)) {
    support::on_both(Options::default(), async |options| {
        check(&support::opened(options, &[PATIENT, OTHER]).await).await;
    })
    .await;
}

fn urn() -> String {
    format!("urn:uuid:{}", Uuid::new_v4())
}

/// What a deposit of this made: the DocumentReference as it is read.
async fn deposited(client: &mut Client, document: &Document) -> Value {
    let sent = document.simplified();
    let reply = client.post("/DocumentReference", &sent).await;
    reply.assert_status(201).json()
}

async fn read(client: &mut Client, id: &Value) -> Reply {
    let id = id.as_str().unwrap();
    client.get(&format!("/DocumentReference/{id}")).await
}

async fn status_of(client: &mut Client, id: &Value) -> String {
    let read = read(client, id).await.assert_status(200).json();
    read["status"].as_str().unwrap().to_owned()
}

fn superseding(url: &str) -> Value {
    json!({
        "fullUrl": urn(),
        "resource": {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
            {"name": "type", "valueCode": "replace"},
            {"name": "path", "valueString": "DocumentReference.status"},
            {"name": "value", "valueCode": "superseded"}
        ]}]},
        "request": {"method": "PATCH", "url": url}
    })
}

fn superseding_by_json(url: &str, patch: &Value) -> Value {
    json!({
        "fullUrl": urn(),
        "resource": {
            "resourceType": "Binary",
            "contentType": "application/json-patch+json",
            "data": BASE64_STANDARD.encode(patch.to_string())
        },
        "request": {"method": "PATCH", "url": url}
    })
}

/// A bundle with one more entry, before the content.
fn with_entry(mut bundle: Value, entry: Value) -> Value {
    bundle["entry"].as_array_mut().unwrap().insert(2, entry);
    bundle
}

fn answers(reply: &Value) -> Vec<(String, String)> {
    let text = |entry: &Value, name: &str| entry["response"][name].as_str().unwrap().to_owned();
    let entries = reply["entry"].as_array().unwrap();
    for entry in entries {
        assert!(entry["response"]["etag"].is_string(), "{entry}");
        assert!(entry["response"]["lastModified"].is_string(), "{entry}");
    }
    entries
        .iter()
        .map(|entry| (text(entry, "status"), text(entry, "location")))
        .collect()
}

fn identifier(unique: &str) -> String {
    let (system, value) = unique_id(unique);
    encode(&format!("{system}|{value}"))
}

async fn total(client: &mut Client) -> u64 {
    let found = client
        .search(
            "DocumentReference",
            &[
                ("patient.identifier", PATIENT),
                ("status", "current,superseded"),
            ],
        )
        .await;
    found.assert_status(200).json()["total"].as_u64().unwrap()
}

/// A reader with the patient's consent.
async fn reader(server: &Server) -> Client {
    let mut doctor = server.client("medecin2");
    let consent = consent_for(PATIENT, "899900000029");
    doctor.post("/Consent", &consent).await.assert_status(201);
    doctor
}

/// Where the first issue is.
fn place(reply: &Reply) -> String {
    let outcome = reply.json();
    let place = outcome["issue"][0]["expression"][0].as_str();
    place.unwrap_or("-").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replacement_may_say_so_in_a_patch_entry() {
    on_both(async |server| {
        let mut hospital = server.client("hopital");
        for form in 0..8 {
            let old = Document::new();
            let made = deposited(&mut hospital, &old).await;
            let id = made["id"].as_str().unwrap();
            let entry_uuid = made["identifier"][1]["value"].as_str().unwrap();
            let conditional = format!("DocumentReference?identifier={}", identifier(old.unique_id()));
            let by_id = format!("DocumentReference/{id}");
            let absolute = format!("{}/{by_id}", server.base);
            let patched = [json!([{"op": "replace", "path": "/status", "value": "superseded"}])];
            // How relatesTo names it, and the PATCH entry.
            let (target, patch) = match form {
                0 => (json!({"reference": by_id}), superseding(&by_id)),
                1 => (json!({"reference": absolute}), superseding(&absolute)),
                2 => (json!({"reference": entry_uuid}), superseding(&conditional)),
                3 => (json!({"reference": conditional}), superseding(&by_id)),
                4 => (
                    json!({"reference": entry_uuid.trim_start_matches("urn:uuid:")}),
                    superseding_by_json(&by_id, &patched[0]),
                ),
                5 => (
                    json!({"identifier": {"system": "urn:ietf:rfc:3986", "value": format!("urn:oid:{}", old.unique_id())}}),
                    superseding(&by_id),
                ),
                6 => (
                    json!({"reference": by_id}),
                    superseding(&format!(
                        "DocumentReference?identifier={}",
                        encode(&format!("urn:ietf:rfc:3986|{entry_uuid}"))
                    )),
                ),
                _ => (json!({"reference": by_id}), Value::Null),
            };
            let mut bundle = Document::replacing(old.unique_id()).bundle();
            bundle["entry"][1]["resource"]["relatesTo"][0]["target"] = target;
            let with_patch = !patch.is_null();
            if with_patch {
                let mut patch = patch;
                patch["request"]["ifMatch"] = json!("W/\"1\"");
                bundle = with_entry(bundle, patch);
            }
            let reply = hospital.post("", &bundle).await.assert_status(200).json();
            if with_patch {
                let told = answers(&reply);
                assert_eq!(told.len(), 4, "{form}");
                let now = ("200 OK".to_owned(), format!("{by_id}/_history/2"));
                assert_eq!(told[2], now, "{form}");
                assert_eq!(reply["entry"][2]["response"]["etag"], "W/\"2\"");
                assert_eq!(told[3].0, "201 Created", "{form}");
            }
            assert_eq!(status_of(&mut hospital, &made["id"]).await, "superseded", "{form}");
            // Once more: it was replaced before.
            let again = Document::replacing(old.unique_id()).bundle();
            let again = with_entry(again, superseding(&by_id));
            let reply = hospital.post("", &again).await;
            reply.assert_refused(409, "already-replaced");
            assert_eq!(place(&reply), "Bundle.entry[1].resource.relatesTo");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_transaction_made_is_read_where_it_says() {
    on_both(async |server| {
        let mut doctor = reader(server).await;
        let (system, value) = PATIENT.split_once('|').unwrap();
        let patient = json!({
            "fullUrl": urn(),
            "resource": {"resourceType": "Patient", "identifier": [{"system": system, "value": value}]},
            "request": {"method": "PUT", "url": format!("Patient?identifier={}", encode(PATIENT))}
        });
        let bundle = with_entry(Document::new().bundle(), patient);
        let reply = server.client("hopital").post("", &bundle).await;
        let told = answers(&reply.assert_status(200).json());
        let kinds: Vec<_> = told
            .iter()
            .map(|(_, location)| location.split('/').next().unwrap())
            .collect();
        assert_eq!(kinds, ["List", "DocumentReference", "Patient", "Binary"]);
        for (_, location) in told {
            doctor.get(&format!("/{location}")).await.assert_status(200);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_is_named_twice_is_one_document() {
    on_both(async |server| {
        let mut hospital = server.client("hopital");
        let (old, other) = (Document::new(), Document::new());
        let made = deposited(&mut hospital, &old).await;
        let stranger = deposited(&mut hospital, &other).await;
        let by = |document: &Value| format!("DocumentReference/{}", document["id"].as_str().unwrap());
        let named = |document: &Document| {
            let (system, value) = unique_id(document.unique_id());
            json!({"system": system, "value": value})
        };
        let target = |reference: String| json!({"reference": reference, "identifier": named(&old)});
        for (code, reference, refusal) in [
            ("replaces", by(&stranger), Some((422, "metadata-mismatch"))),
            ("transforms", by(&stranger), Some((422, "metadata-mismatch"))),
            ("signs", stranger["identifier"][1]["value"].as_str().unwrap().to_owned(), Some((422, "metadata-mismatch"))),
            ("signs", format!("DocumentReference/{}", Uuid::new_v4()), Some((404, "replace-target-unknown"))),
            ("transforms", "Patient/1".to_owned(), Some((422, "element-invalid"))),
            ("signs", by(&made), None),
            ("replaces", by(&made), None),
        ] {
            let mut simplified = match code {
                "replaces" => Document::replacing(old.unique_id()).simplified(),
                _ => Document::new().simplified(),
            };
            simplified["relatesTo"] = json!([{"code": code, "target": target(reference)}]);
            let reply = hospital.post("/DocumentReference", &simplified).await;
            match refusal {
                Some((status, refusal)) => reply.assert_refused(status, refusal),
                None => {
                    let kept = reply.assert_status(201).json();
                    assert_eq!(kept["relatesTo"][0]["target"]["identifier"], named(&old));
                }
            }
        }
        // Another server's reference is no second name.
        let mut simplified = Document::new().simplified();
        simplified["relatesTo"] = json!([{"code": "signs", "target": target("https://ailleurs.example/fhir/DocumentReference/9".to_owned())}]);
        let reply = hospital.post("/DocumentReference", &simplified).await;
        assert!(reply.assert_status(201).json()["relatesTo"].is_array());
        assert_eq!(status_of(&mut hospital, &stranger["id"]).await, "current");
        assert_eq!(status_of(&mut hospital, &made["id"]).await, "superseded");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_has_one_name_and_is_not_related_to_itself() {
    on_both(async |server| {
        let mut hospital = server.client("hopital");
        let (old, new) = (Document::new(), Document::new());
        deposited(&mut hospital, &old).await;
        let reply = hospital.post("", &old.bundle()).await;
        reply.assert_refused(409, "duplicate-document");
        assert_eq!(place(&reply), "Bundle.entry[1].resource.masterIdentifier");
        let reply = hospital.post("/DocumentReference", &old.simplified()).await;
        reply.assert_refused(409, "duplicate-document");
        assert_eq!(place(&reply), "DocumentReference.masterIdentifier");

        let related = |code: &str, document: &Document| {
            let (system, value) = unique_id(document.unique_id());
            json!({"code": code, "target": {"identifier": {"system": system, "value": value}}})
        };
        for code in ["transforms", "signs", "replaces"] {
            let mut bundle = new.bundle();
            bundle["entry"][1]["resource"]["relatesTo"] = json!([related(code, &new)]);
            let reply = hospital.post("", &bundle).await;
            reply.assert_refused(404, "replace-target-unknown");
            assert_eq!(place(&reply), "Bundle.entry[1].resource.relatesTo");
        }
        // Said twice, kept once: told.
        let mut simplified = new.simplified();
        simplified["relatesTo"] = json!([related("transforms", &old), related("transforms", &old)]);
        let judged = hospital
            .post("/DocumentReference/$validate", &simplified)
            .await;
        let judged = judged.assert_status(200).json();
        let mut told = judged["issue"].as_array().unwrap().iter();
        assert!(told.any(|issue| issue["expression"][0] == "DocumentReference.relatesTo[1]"));
        let made = hospital.post("/DocumentReference", &simplified).await;
        let made = made.assert_status(201).json();
        assert_eq!(made["relatesTo"].as_array().unwrap().len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_entry_needs_a_replacement_and_says_nothing_else() {
    on_both(async |server| {
        let mut hospital = server.client("hopital");
        let (kept, old) = (Document::new(), Document::new());
        let kept_id = deposited(&mut hospital, &kept).await["id"].clone();
        let old_id = deposited(&mut hospital, &old).await["id"].clone();
        let url = |id: &Value| format!("DocumentReference/{}", id.as_str().unwrap());
        let before = server.client("hopital").get("/metadata").await.status;
        assert_eq!(before, 200);

        let lone = with_entry(Document::new().bundle(), superseding(&url(&kept_id)));
        let reply = hospital.post("", &lone).await;
        reply.assert_refused(422, "patch-without-replacement");
        assert_eq!(
            reply.json()["issue"][0]["expression"][0],
            "Bundle.entry[2].request.url"
        );
        // The document that is replaced is another one: nothing of it happens.
        let other = Document::replacing(old.unique_id()).bundle();
        let other = with_entry(other, superseding(&url(&kept_id)));
        hospital
            .post("", &other)
            .await
            .assert_refused(422, "patch-without-replacement");
        let unknown = Document::replacing(old.unique_id()).bundle();
        for url in [
            format!("DocumentReference/{}", Uuid::new_v4()),
            "DocumentReference/doc-x-id".to_owned(),
            format!("DocumentReference?identifier={}", identifier("1.2.3.4.5")),
        ] {
            let bundle = with_entry(unknown.clone(), superseding(&url));
            hospital
                .post("", &bundle)
                .await
                .assert_refused(404, "replace-target-unknown");
        }
        let mut deleting = superseding(&url(&old_id));
        deleting["resource"]["parameter"][0]["part"][2]["valueCode"] = json!("entered-in-error");
        let archiving = json!([{"op": "replace", "path": "/securityLabel", "value": []}]);
        let archiving = superseding_by_json(&url(&old_id), &archiving);
        for wrong in [deleting, archiving] {
            let bundle = with_entry(Document::replacing(old.unique_id()).bundle(), wrong);
            let reply = hospital.post("", &bundle).await;
            reply.assert_refused(422, "element-invalid");
            let path = reply.json()["issue"][0]["expression"][0].clone();
            assert_eq!(path, "Bundle.entry[2].resource");
        }
        let mut stale = superseding(&url(&old_id));
        stale["request"]["ifMatch"] = json!("W/\"2\"");
        let stale = with_entry(Document::replacing(old.unique_id()).bundle(), stale);
        let reply = hospital.post("", &stale).await;
        reply.assert_refused(412, "version-conflict");
        for id in [&kept_id, &old_id] {
            assert_eq!(status_of(&mut hospital, id).await, "current");
        }
        let mut appends = Document::new().bundle();
        appends["entry"][1]["resource"]["relatesTo"] =
            json!([{"code": "appends", "target": {"reference": url(&kept_id)}}]);
        hospital
            .post("", &appends)
            .await
            .assert_refused(422, "appends-forbidden");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_relations_are_kept_and_a_mask_outlives_a_replacement() {
    on_both(async |server| {
        let mut hospital = server.client("hopital");
        let mut doctor = reader(server).await;
        let (source, old) = (Document::new(), Document::new());
        deposited(&mut hospital, &source).await;
        let mut masked = old.simplified();
        masked["securityLabel"]
            .as_array_mut()
            .unwrap()
            .push(json!({"coding": [{"system": FLAGS, "code": "MASQUE_PS"}]}));
        let masked = hospital.post("/DocumentReference", &masked).await;
        masked.assert_status(201);
        let mut new = Document::replacing(old.unique_id()).simplified();
        let (system, value) = unique_id(source.unique_id());
        let source = json!({"identifier": {"system": system, "value": value}});
        for code in ["transforms", "signs"] {
            let relation = json!({"code": code, "target": source});
            new["relatesTo"].as_array_mut().unwrap().push(relation);
        }
        let made = hospital.post("/DocumentReference", &new).await;
        let made = made.assert_status(201).json();
        let relations = made["relatesTo"].as_array().unwrap().iter();
        let codes: Vec<&str> = relations.map(|one| one["code"].as_str().unwrap()).collect();
        assert_eq!(codes, ["replaces", "transforms", "signs"]);
        assert!(made["securityLabel"].to_string().contains("MASQUE_PS"));
        // Who may not know of masked documents knows of neither version.
        let id = made["id"].clone();
        read(&mut doctor, &id)
            .await
            .assert_refused(404, "not-found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_made_once_under_its_condition() {
    on_both(async |server| {
        let mut hospital = server.client("hopital");
        let mut doctor = reader(server).await;
        let (one, two) = (Document::new(), Document::new());
        let condition = format!("identifier={}", identifier(one.unique_id()));
        let post = async |client: &mut Client, document: &Document, condition: &str| {
            let headers = [
                ("Content-Type", "application/fhir+json"),
                ("If-None-Exist", condition),
            ];
            let body = document.simplified().to_string().into_bytes();
            client
                .send(Method::POST, "/DocumentReference", &headers, body)
                .await
        };
        let first = post(&mut hospital, &one, &condition)
            .await
            .assert_status(201);
        let again = post(&mut hospital, &one, &condition)
            .await
            .assert_status(200);
        assert_eq!(first.header("location"), again.header("location"));
        assert_eq!(first.json()["id"], again.json()["id"]);
        assert_eq!(total(&mut doctor).await, 1);
        deposited(&mut hospital, &two).await;
        let both = format!("{condition},{}", identifier(two.unique_id()));
        let several = post(&mut hospital, &Document::new(), &both).await;
        several.assert_refused(412, "multiple-matches");
        for wrong in [
            "",
            "patient=1",
            "identifier=a|",
            "identifier=x&status=current",
        ] {
            let reply = post(&mut hospital, &Document::new(), wrong).await;
            reply.assert_refused(400, "header-invalid");
        }
        // Another establishment may not know of it: for it the identifier is taken, with or without a condition.
        let mut laboratory = server.client("laboratoire");
        let hidden = post(&mut laboratory, &one, &condition).await;
        hidden.assert_refused(409, "duplicate-document");
        let plain = laboratory
            .post("/DocumentReference", &one.simplified())
            .await;
        assert_eq!(plain.json(), hidden.json());
        assert_eq!(total(&mut doctor).await, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposit_that_is_sent_again_makes_nothing() {
    on_both(async |server| {
        let mut hospital = server.client("hopital");
        let mut doctor = reader(server).await;
        let old = Document::new();
        let old_id = deposited(&mut hospital, &old).await["id"].clone();
        let new = Document::replacing(old.unique_id());
        let url = format!("DocumentReference/{}", old_id.as_str().unwrap());
        let mut bundle = with_entry(new.bundle(), superseding(&url));
        let patch = bundle["entry"][2].clone();
        let own = bundle["entry"][0]["resource"]["identifier"][0].clone();
        let own = format!(
            "{}|{}",
            own["system"].as_str().unwrap(),
            own["value"].as_str().unwrap()
        );
        bundle["entry"][0]["request"]["ifNoneExist"] =
            json!(format!("identifier={}", encode(&own)));
        bundle["entry"][1]["request"]["ifNoneExist"] =
            json!(format!("identifier={}", identifier(new.unique_id())));
        let first = hospital.post("", &bundle).await.assert_status(200).json();
        let again = hospital.post("", &bundle).await.assert_status(200).json();
        let again_patch = again["entry"][2].clone();
        let (first, again) = (answers(&first), answers(&again));
        let places = |told: &[(String, String)]| -> Vec<String> {
            told.iter().map(|(_, location)| location.clone()).collect()
        };
        assert_eq!(places(&first), places(&again));
        assert!(
            again.iter().all(|(status, _)| status == "200 OK"),
            "{again:?}"
        );
        let statuses: Vec<&str> = first.iter().map(|(status, _)| status.as_str()).collect();
        assert_eq!(
            statuses,
            ["201 Created", "201 Created", "200 OK", "201 Created"]
        );
        assert_eq!(total(&mut doctor).await, 2);

        // A second document joins: the first one is answered, the other made, in a submission of its own.
        let added = Document::new();
        let more = bundle_for(&added.bytes, &added.header);
        for entry in [1, 2] {
            let entry = more["entry"][entry].clone();
            bundle["entry"].as_array_mut().unwrap().push(entry);
        }
        bundle["entry"].as_array_mut().unwrap().remove(2);
        let item = json!({"item": {"reference": more["entry"][1]["fullUrl"]}});
        bundle["entry"][0]["resource"]["entry"]
            .as_array_mut()
            .unwrap()
            .push(item);
        let reply = hospital.post("", &bundle).await;
        reply.assert_refused(409, "duplicate-document");
        assert_eq!(place(&reply), "Bundle.entry[0].resource.identifier");
        bundle["entry"][0]["resource"]["identifier"][0]["value"] =
            json!(format!("urn:oid:2.25.{}", Uuid::new_v4().as_u128()));
        hospital_condition_refused(&mut hospital, &bundle).await;
        let list = &mut bundle["entry"][0]["request"];
        list.as_object_mut().unwrap().remove("ifNoneExist");
        bundle = with_entry(bundle, patch);
        let mut mixed = hospital.post("", &bundle).await.assert_status(200).json();
        assert_eq!(mixed["entry"][2], again_patch);
        mixed["entry"].as_array_mut().unwrap().remove(2);
        let statuses: Vec<String> = answers(&mixed)
            .into_iter()
            .map(|(status, _)| status)
            .collect();
        assert_eq!(
            statuses,
            [
                "201 Created",
                "200 OK",
                "200 OK",
                "201 Created",
                "201 Created"
            ]
        );
        let place = mixed["entry"][0]["response"]["location"].as_str().unwrap();
        let list = format!("/{}", place.split("/_history").next().unwrap());
        let list = doctor.get(&list).await.assert_status(200).json();
        assert_eq!(list["entry"].as_array().unwrap().len(), 1);
        assert_eq!(total(&mut doctor).await, 3);
    })
    .await;
}

/// A List's condition names the List itself.
async fn hospital_condition_refused(client: &mut Client, bundle: &Value) {
    let reply = client.post("", bundle).await;
    reply.assert_refused(422, "element-invalid");
    let path = reply.json()["issue"][0]["expression"][0].clone();
    assert_eq!(path, "Bundle.entry[0].request.ifNoneExist");
}

/// The bundle whose resources refer to the patient by an entry.
fn about(document: &Document, full_url: &str, patient: Value) -> Value {
    let mut bundle = document.bundle();
    for entry in [0, 1] {
        bundle["entry"][entry]["resource"]["subject"] = json!({"reference": full_url});
    }
    with_entry(bundle, patient)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_patient_may_stand_among_the_entries() {
    on_both(async |server| {
        let mut hospital = server.client("hopital");
        let condition = format!("identifier={}", encode(PATIENT));
        let query = format!("Patient?{condition}");
        let record = server
            .client("exploitant")
            .get(&format!("/{query}"))
            .await
            .json();
        let record = &record["entry"][0]["resource"];
        let (system, value) = PATIENT.split_once('|').unwrap();
        let resource = json!({
            "resourceType": "Patient",
            "identifier": [{"system": system, "value": value}],
            "name": [{"family": "AUTREMENT"}]
        });
        let requests = [
            (json!({"method": "GET", "url": query}), false, false),
            (json!({"method": "POST", "url": "Patient"}), true, true),
            (
                json!({"method": "POST", "url": "Patient", "ifNoneExist": condition}),
                true,
                false,
            ),
            (json!({"method": "PUT", "url": query}), true, true),
        ];
        for (request, with_resource, warned) in requests {
            let url = urn();
            let mut entry = json!({"fullUrl": url, "request": request});
            if with_resource {
                entry["resource"] = resource.clone();
            }
            let bundle = about(&Document::new(), &url, entry);
            let reply = hospital.post("", &bundle).await.assert_status(200).json();
            let told = &answers(&reply)[2];
            assert_eq!(told.0, "200 OK");
            let id = record["id"].as_str().unwrap();
            assert_eq!(told.1, format!("Patient/{id}"));
            let outcome = reply["entry"][2]["response"]["outcome"].to_string();
            assert_eq!(outcome.contains("patient-not-created"), warned, "{request}");
        }
        let after = server
            .client("exploitant")
            .get(&format!("/{query}"))
            .await
            .json();
        assert_eq!(after["entry"][0]["resource"], *record);

        // Somebody else among the entries, or nobody.
        let other = format!("Patient?identifier={}", encode(OTHER));
        let stranger = json!({"fullUrl": urn(), "request": {"method": "GET", "url": other}});
        let bundle = with_entry(Document::new().bundle(), stranger);
        hospital
            .post("", &bundle)
            .await
            .assert_refused(422, "element-invalid");
        let any = json!({"fullUrl": urn(), "request": {"method": "GET", "url": "Patient?name=x"}});
        let bundle = with_entry(Document::new().bundle(), any);
        hospital
            .post("", &bundle)
            .await
            .assert_refused(422, "element-invalid");
        let deleted = json!({"fullUrl": urn(), "request": {"method": "DELETE", "url": query}});
        let bundle = with_entry(Document::new().bundle(), deleted);
        hospital
            .post("", &bundle)
            .await
            .assert_refused(422, "unsupported-element");
    })
    .await;
}

fn generated(bytes: &[u8]) -> Value {
    json!({"resourceType": "Parameters", "parameter": [{"name": "document", "resource": {
        "resourceType": "Binary",
        "contentType": "text/xml",
        "data": BASE64_STANDARD.encode(bytes)
    }}]})
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_are_made_of_the_document() {
    const PATH: &str = "/DocumentReference/$generate-metadata";
    on_both(async |server| {
        let mut hospital = server.client("hopital");
        let old = Document::new();
        let old_id = deposited(&mut hospital, &old).await["id"].clone();
        let new = Document::replacing(old.unique_id());
        let reply = hospital
            .post(PATH, &generated(&new.bytes))
            .await
            .assert_status(200);
        assert_eq!(reply.header("dmp-warnings"), "0");
        let reply = reply.json();
        assert_eq!(reply["parameter"].as_array().unwrap().len(), 1);
        assert_eq!(reply["parameter"][0]["name"], "DocumentReference");
        let reference = reply["parameter"][0]["valueReference"]["reference"]
            .as_str()
            .unwrap();
        let made = hospital
            .get(&format!("/{reference}"))
            .await
            .assert_status(200)
            .json();
        // The same document deposited with the metadata that its header gives.
        let known = Document::of(new.bytes.clone()).simplified();
        for element in ["type", "masterIdentifier"] {
            let code = |value: &Value| value["coding"][0]["code"].clone();
            assert_eq!(code(&made[element]), code(&known[element]));
            assert_eq!(made[element]["value"], known[element]["value"]);
        }
        for element in ["title", "size", "hash", "creation"] {
            let at = |resource: &Value| resource["content"][0]["attachment"][element].clone();
            assert_eq!(at(&made), at(&known), "{element}");
        }
        assert_eq!(status_of(&mut hospital, &old_id).await, "superseded");
        hospital
            .post(PATH, &generated(&new.bytes))
            .await
            .assert_refused(409, "duplicate-document");
        let body = generated(&Document::new().bytes).to_string().into_bytes();
        let headers = [
            ("Content-Type", "application/fhir+json"),
            ("Prefer", "return=OperationOutcome"),
        ];
        let told = hospital.send(Method::POST, PATH, &headers, body).await;
        let told = told.assert_status(200).json();
        assert_eq!(told["issue"][0]["code"], "informational");

        let stranger = Document::for_patient(&support::document::ins(77));
        hospital
            .post(PATH, &generated(&stranger.bytes))
            .await
            .assert_refused(404, "record-unknown");
        hospital
            .post(PATH, &generated(b"<a/>"))
            .await
            .assert_refused(422, "cda-invalid");
        let mut two = generated(&new.bytes);
        let first = two["parameter"][0].clone();
        two["parameter"].as_array_mut().unwrap().push(first);
        hospital
            .post(PATH, &two)
            .await
            .assert_refused(422, "element-invalid");
        let mut pdf = generated(b"%PDF-1.7");
        pdf["parameter"][0]["resource"]["contentType"] = json!("application/pdf");
        let reply = hospital.post(PATH, &pdf).await;
        reply.assert_refused(422, "element-invalid");
        let path = reply.json()["issue"][0]["expression"][0].clone();
        assert_eq!(path, "Parameters.parameter[0].resource.contentType");
        let fhir = json!({"resourceType": "Bundle", "type": "document"});
        let mut parameters = generated(b"");
        parameters["parameter"][0]["resource"] = fhir.clone();
        let reply = hospital.post(PATH, &parameters).await;
        reply.assert_refused(422, "element-invalid");
        let mut bundle = Document::new().bundle();
        bundle["entry"][2]["resource"] = fhir;
        bundle["entry"][2]["request"]["url"] = json!("Bundle");
        let reply = hospital.post("", &bundle).await;
        reply.assert_refused(422, "element-invalid");
        let wrong = json!({"resourceType": "Parameters", "parameter": [{"name": "other"}]});
        let reply = hospital.post(PATH, &wrong).await.assert_status(422).json();
        assert_eq!(reply["issue"].as_array().unwrap().len(), 2);
        let mut doctor = server.client("medecin");
        let reply = doctor.post(PATH, &generated(&Document::new().bytes)).await;
        reply.assert_refused(400, "structure-required");
    })
    .await;
}

/// What only the document knows may be left to it.
#[tokio::test(flavor = "multi_thread")]
async fn a_document_reference_may_say_little() {
    let document = Document::new();
    let (system, value) = PATIENT.split_once('|').unwrap();
    let little = json!({
        "resourceType": "DocumentReference",
        "status": "current",
        "subject": {"identifier": {"system": system, "value": value}},
        "content": [{"attachment": {"data": BASE64_STANDARD.encode(&document.bytes)}}]
    });
    on_both(async |server| {
        let mut hospital = server.client("hopital");
        let made = hospital.post("/DocumentReference", &little).await;
        let made = made.assert_status(201).json();
        assert_eq!(
            made["masterIdentifier"]["value"],
            format!("urn:oid:{}", document.unique_id())
        );
        for element in [
            "type",
            "category",
            "author",
            "custodian",
            "securityLabel",
            "context",
        ] {
            assert!(!made[element].is_null(), "{element}");
        }
    })
    .await;
    let server = support::opened(Options::strict(), &[PATIENT, OTHER]).await;
    let reply = server
        .client("hopital")
        .post("/DocumentReference", &little)
        .await;
    let reply = reply.assert_status(422).json();
    let issues = reply["issue"].as_array().unwrap().iter();
    let missing: Vec<&str> = issues
        .filter(|issue| issue["severity"] == "error")
        .map(|issue| issue["expression"][0].as_str().unwrap())
        .collect();
    for element in [
        "masterIdentifier",
        "date",
        "author",
        "custodian",
        "content[0].attachment.contentType",
        "content[0].attachment.title",
    ] {
        let path = format!("DocumentReference.{element}");
        assert!(missing.contains(&path.as_str()), "{path}: {missing:?}");
    }
}

/// A patient may be named by the id that TD0.2 gave, in every write.
#[tokio::test(flavor = "multi_thread")]
async fn a_patient_is_named_by_the_id_of_his_record() {
    on_both(async |server| {
        let mut author = server
            .client("medecin2")
            .with("DMP-Structure", "10B0000014");
        let mut ids = Vec::new();
        for patient in [PATIENT, OTHER] {
            let found = format!("/Patient?identifier={}", encode(patient));
            let found = author.get(&found).await.assert_status(200).json();
            let id = found["entry"][0]["resource"]["id"].as_str().unwrap();
            ids.push(id.to_owned());
        }
        let [own, other] = [&ids[0], &ids[1]];
        let absolute = format!("{}/Patient/{own}", server.base);
        let unknown = format!("Patient/{}", Uuid::new_v4());
        let elsewhere = format!("https://ailleurs.example/fhir/Patient/{own}");
        for (reference, good) in [
            (format!("Patient/{own}"), true),
            (absolute, true),
            (format!("Patient/{own}/_history/1"), true),
            (format!("Patient/{other}"), false),
            (unknown, false),
            (elsewhere, false),
        ] {
            let subject = json!({"reference": reference});
            let mut bundle = Document::new().bundle();
            for entry in [0, 1] {
                bundle["entry"][entry]["resource"]["subject"] = subject.clone();
            }
            let mut simplified = Document::new().simplified();
            simplified["subject"] = subject.clone();
            let mut consent = consent_for(PATIENT, "899900000029");
            consent["patient"] = subject.clone();
            let judged = author.post("/Bundle/$validate", &bundle).await;
            let judged = judged.assert_status(200).json();
            let wrong = judged["issue"].as_array().unwrap().iter();
            let wrong = wrong.filter(|issue| issue["severity"] == "error").count();
            assert_eq!(wrong == 0, good, "{reference} {judged:#}");
            let deposited = author.post("", &bundle).await;
            let published = author.post("/DocumentReference", &simplified).await;
            let declared = author.post("/Consent", &consent).await;
            if !good {
                for reply in [&deposited, &published] {
                    assert_eq!(reply.status, 422, "{reference}");
                    let text = String::from_utf8_lossy(&reply.bytes);
                    for patient in [PATIENT, OTHER] {
                        let (_, number) = patient.split_once('|').unwrap();
                        assert!(!text.contains(number), "{text}");
                    }
                }
                continue;
            }
            deposited.assert_status(200);
            let read = published.assert_status(201).json();
            let (system, number) = PATIENT.split_once('|').unwrap();
            assert_eq!(read["subject"]["identifier"]["system"], system);
            assert_eq!(read["subject"]["identifier"]["value"], number);
            let consent = declared.json();
            assert_eq!(consent["patient"]["identifier"]["value"], number);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_a_header_has_single_blanks() {
    on_both(async |server| {
        let mut hospital = server.client("hopital");
        let bytes = String::from_utf8(Document::new().bytes).unwrap();
        assert!(bytes.contains("\"ETABLISSEMENT\""));
        let bytes = bytes.replace("\"ETABLISSEMENT\"", "\" ETABLI \u{a0}SSEMENT \"");
        let made = deposited(&mut hospital, &Document::of(bytes.into_bytes())).await;
        let setting = &made["context"]["practiceSetting"]["coding"][0]["code"];
        assert_eq!(setting, "ETABLI SSEMENT");
    })
    .await;
}
