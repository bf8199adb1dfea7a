//! Folders over HTTP, on both databases: deposited with a submission, read and searched as Lists, shown as far as their documents are.
#![allow(missing_docs, unreachable_pub, dead_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use serde_json::{Value, json};
use support::bundle::unique_id;
use support::client::encode;
use support::document::{OTHER, PATIENT};
use support::{Client, Document, Options, Reply, Server, consent_for};
use uuid::Uuid;

const TYPES: &str = "https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes";

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

/// A folder entry of these references.
fn folder(patient: &str, members: &[&str]) -> Value {
    let (system, value) = patient.split_once('|').unwrap();
    let entry: Vec<_> = members
        .iter()
        .map(|member| json!({"item": {"reference": member}}))
        .collect();
    json!({
        "fullUrl": urn(),
        "resource": {
            "resourceType": "List",
            "extension": [{
                "url": "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-designationType",
                "valueCodeableConcept": {"coding": [{"system": "urn:oid:1.2.250.1.213.2.2", "code": "04"}]}
            }],
            "identifier": [{"use": "usual", "system": "urn:ietf:rfc:3986", "value": urn()}],
            "status": "current",
            "mode": "working",
            "title": "Suivi du diabète",
            "code": {"coding": [{"system": TYPES, "code": "folder"}]},
            "subject": {"identifier": {"system": system, "value": value}},
            "date": "2026-06-01T10:00:00+02:00",
            "note": [{"text": "Trois mois"}],
            "entry": entry
        },
        "request": {"method": "POST", "url": "List"}
    })
}

/// A bundle with one more entry, before the content.
fn with_entry(mut bundle: Value, entry: Value) -> Value {
    bundle["entry"].as_array_mut().unwrap().insert(2, entry);
    bundle
}

fn full_url(bundle: &Value) -> &str {
    bundle["entry"][1]["fullUrl"].as_str().unwrap()
}

/// What an entry of a response made: its type and id.
fn location(reply: &Value, entry: usize) -> String {
    let location = reply["entry"][entry]["response"]["location"].as_str();
    let location = location.unwrap_or_else(|| panic!("{reply:#}"));
    location.split("/_history").next().unwrap().to_owned()
}

async fn sent(client: &mut Client, bundle: &Value) -> Value {
    client.post("", bundle).await.assert_status(200).json()
}

/// Lists of a kind: their ids.
async fn find(client: &mut Client, code: &str, more: &[(&str, &str)]) -> Vec<Value> {
    let mut asked = vec![
        ("patient.identifier", PATIENT),
        ("status", "current"),
        ("code", code),
    ];
    asked.extend(more);
    let found = client.search("List", &asked).await.assert_status(200);
    let found = found.json();
    let entries = found["entry"].as_array().cloned().unwrap_or_default();
    let entries: Vec<_> = entries
        .into_iter()
        .filter(|entry| entry["search"]["mode"] == "match")
        .map(|entry| entry["resource"].clone())
        .collect();
    assert_eq!(found["total"].as_u64().unwrap() as usize, entries.len());
    entries
}

fn items(list: &Value) -> Vec<&str> {
    let entries = list["entry"].as_array().unwrap().iter();
    entries
        .map(|entry| entry["item"]["reference"].as_str().unwrap())
        .collect()
}

async fn doctor(server: &Server) -> Client {
    let mut doctor = server.client("medecin2");
    let consent = consent_for(PATIENT, "899900000029");
    doctor.post("/Consent", &consent).await.assert_status(201);
    doctor
}

fn masked(mut bundle: Value) -> Value {
    bundle["entry"][1]["resource"]["securityLabel"]
        .as_array_mut()
        .unwrap()
        .push(json!({"coding": [{
            "system": "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument",
            "code": "MASQUE_PS"
        }]}));
    bundle
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_kept_read_and_found() {
    on_both(async |server| {
        let mut hospital = server.client("hopital");
        let before = Document::new();
        let first = sent(&mut hospital, &before.bundle()).await;
        let before_id = location(&first, 1);
        let (system, value) = unique_id(before.unique_id());
        let by_identifier = format!(
            "DocumentReference?identifier={}",
            encode(&format!("{system}|{value}"))
        );
        let bundle = Document::new().bundle();
        let member = full_url(&bundle).to_owned();
        // The same one by two names is in it once.
        let own = folder(PATIENT, &[&before_id, &member, &by_identifier]);
        let item = json!({"item": {"reference": own["fullUrl"]}});
        let mut with_folder = with_entry(bundle, own.clone());
        let list = &mut with_folder["entry"][0]["resource"]["entry"];
        list.as_array_mut().unwrap().push(item);
        let reply = sent(&mut hospital, &with_folder).await;
        assert_eq!(reply["entry"].as_array().unwrap().len(), 4);
        let told = &reply["entry"][2]["response"];
        assert_eq!(told["status"], "201 Created");
        assert_eq!(told["etag"], "W/\"1\"");
        assert_eq!(told["outcome"], Value::Null, "{told}");
        let (submission, document) = (location(&reply, 0), location(&reply, 1));
        let at = location(&reply, 2);
        assert!(at.starts_with("List/"), "{at}");

        let mut doctor = doctor(server).await;
        let read = doctor.get(&format!("/{at}")).await.assert_status(200);
        assert_eq!(read.header("etag"), "W/\"1\"");
        let read = read.json();
        assert_eq!(format!("List/{}", read["id"].as_str().unwrap()), at);
        assert_eq!(items(&read), [&before_id, &document]);
        let declared = &own["resource"];
        for element in ["title", "subject", "mode", "status", "date", "note"] {
            let told = match element {
                "subject" => &read["subject"]["identifier"]["value"],
                _ => &read[element],
            };
            let sent = match element {
                "subject" => &declared["subject"]["identifier"]["value"],
                _ => &declared[element],
            };
            assert_eq!(told, sent, "{element}");
        }
        assert_eq!(
            read["identifier"][0]["value"],
            declared["identifier"][0]["value"]
        );
        assert_eq!(read["code"]["coding"][0]["code"], "folder");
        assert_eq!(
            read["extension"][0]["valueCodeableConcept"]["coding"][0]["code"],
            "04"
        );
        assert!(read.get("source").is_none());

        // The submission names it, after its documents.
        let list = doctor
            .get(&format!("/{submission}"))
            .await
            .assert_status(200);
        assert_eq!(items(&list.json()), [&document, &at]);

        for system in [TYPES.to_owned(), TYPES.replace("https", "http")] {
            let code = format!("{system}|folder");
            assert_eq!(
                find(&mut doctor, &code, &[]).await,
                std::slice::from_ref(&read)
            );
        }
        let code = format!("{TYPES}|submissionset");
        let sets = find(&mut doctor, &code, &[]).await;
        assert_eq!(sets.len(), 2);
        assert!(!sets.contains(&read));
        let both = format!("{TYPES}|submissionset,{TYPES}|folder");
        assert_eq!(find(&mut doctor, &both, &[]).await.len(), 3);
        let name = declared["identifier"][0]["value"].as_str().unwrap();
        for (parameter, value, met) in [
            ("title", "suivi du diab", true),
            ("title", "autre", false),
            ("date", "ge2026-06-01", true),
            ("date", "lt2026-06-01", false),
            ("identifier", name, true),
            ("designationType", "04", true),
            ("designationType", "11", false),
            // A folder has no source: that is asked of submissions.
            ("sourceId", "urn:oid:1.2.3", true),
            ("source.family", "Personne", true),
        ] {
            let found = find(&mut doctor, "folder", &[(parameter, value)]).await;
            assert_eq!(found.len(), usize::from(met), "{parameter}={value}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_shows_what_its_documents_show() {
    on_both(async |server| {
        let mut hospital = server.client("hopital");
        let mut doctor = doctor(server).await;
        let hidden = sent(&mut hospital, &masked(Document::new().bundle())).await;
        let hidden = location(&hidden, 1);
        // One of hidden documents alone, and one of both.
        let secret = masked(Document::new().bundle());
        let of_hidden = folder(PATIENT, &[full_url(&secret), &hidden]);
        let secret = sent(&mut hospital, &with_entry(secret, of_hidden)).await;
        let shared = Document::new().bundle();
        let of_both = folder(PATIENT, &[&hidden, full_url(&shared)]);
        let shared = sent(&mut hospital, &with_entry(shared, of_both)).await;
        let (secret_folder, shared_folder) = (location(&secret, 2), location(&shared, 2));
        let visible = location(&shared, 1);

        let unknown = format!("/List/{}", Uuid::now_v7());
        let shape = |reply: &Reply| (reply.status, reply.json());
        let absent = doctor.get(&unknown).await;
        let masked = doctor.get(&format!("/{secret_folder}")).await;
        assert_eq!(shape(&masked), shape(&absent));
        masked.assert_refused(404, "not-found");
        let read = doctor.get(&format!("/{shared_folder}")).await;
        let read = read.assert_status(200).json();
        assert_eq!(items(&read), [&visible]);
        let found = find(&mut doctor, "folder", &[]).await;
        assert_eq!(found, [read]);
        // Nor is it named by its submission.
        let list = location(&shared, 0);
        let list = doctor.get(&format!("/{list}")).await.assert_status(200);
        assert_eq!(items(&list.json()), [&visible, &shared_folder]);

        // A document that the depositor may not know of can't be put into a folder, and that is no other than an unknown one.
        let mut other = server.client("laboratoire");
        let count = find(&mut doctor, "submissionset", &[]).await.len();
        let mut answers = Vec::new();
        for target in [
            hidden.as_str(),
            &format!("DocumentReference/{}", Uuid::now_v7()),
            "DocumentReference/xyz",
        ] {
            let bundle = Document::new().bundle();
            let entry = folder(PATIENT, &[full_url(&bundle), target]);
            let reply = other.post("", &with_entry(bundle, entry)).await;
            reply.assert_refused(404, "folder-member-unknown");
            let outcome = reply.json();
            assert_eq!(
                outcome["issue"][0]["expression"][0],
                "Bundle.entry[2].resource.entry[1].item"
            );
            answers.push(outcome);
        }
        assert_eq!(answers[0], answers[1]);
        let now = find(&mut doctor, "submissionset", &[]).await.len();
        assert_eq!(now, count, "nothing was made");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_document_leaves_its_folder() {
    on_both(async |server| {
        let mut hospital = server.client("hopital");
        let mut doctor = doctor(server).await;
        let bundle = Document::new().bundle();
        let entry = folder(PATIENT, &[full_url(&bundle)]);
        let made = sent(&mut hospital, &with_entry(bundle, entry)).await;
        assert_eq!(find(&mut doctor, "folder", &[]).await.len(), 1);
        let document = format!("/{}", location(&made, 1));
        let gone = hospital
            .send(hyper::Method::DELETE, &document, &[], Vec::new())
            .await;
        assert!(gone.status < 300, "{}", gone.status);
        assert_eq!(find(&mut doctor, "folder", &[]).await.len(), 0);
        let at = format!("/{}", location(&made, 2));
        doctor.get(&at).await.assert_refused(404, "not-found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_folder_is_refused_with_all() {
    on_both(async |server| {
        let mut hospital = server.client("hopital");
        let mut doctor = doctor(server).await;
        let bundle = Document::new().bundle();
        let member = full_url(&bundle).to_owned();
        let changed = |pointer: &str, value: Option<Value>| {
            let mut entry = folder(PATIENT, &[&member]);
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            let parent = entry.pointer_mut(parent).unwrap();
            let parent = parent.as_object_mut().unwrap();
            match value {
                Some(value) => parent.insert(name.to_owned(), value),
                None => parent.remove(name),
            };
            entry
        };
        let other = folder(OTHER, &[])["resource"]["subject"].clone();
        for (pointer, value, code, path) in [
            (
                "/resource/title",
                None,
                "element-required",
                "resource.title",
            ),
            (
                "/resource/entry",
                None,
                "element-required",
                "resource.entry",
            ),
            (
                "/resource/subject",
                Some(other),
                "element-invalid",
                "resource.subject",
            ),
            (
                "/resource/status",
                Some(json!("retired")),
                "element-invalid",
                "resource.status",
            ),
            (
                "/resource/source",
                Some(json!({"display": "X"})),
                "unsupported-element",
                "resource.source",
            ),
            // CI-SIS has no update of a folder.
            (
                "/request/method",
                Some(json!("PUT")),
                "unsupported-element",
                "request.method",
            ),
        ] {
            let wrong = with_entry(bundle.clone(), changed(pointer, value));
            let reply = hospital.post("", &wrong).await;
            reply.assert_refused(422, code);
            let expression = format!("Bundle.entry[2].{path}");
            assert_eq!(reply.json()["issue"][0]["expression"][0], expression);
        }
        let elsewhere = with_entry(
            bundle.clone(),
            folder(PATIENT, &["https://other.example/fhir/DocumentReference/1"]),
        );
        let reply = hospital.post("", &elsewhere).await;
        reply.assert_refused(422, "element-invalid");
        assert_eq!(
            find(&mut doctor, "submissionset,folder", &[]).await.len(),
            0
        );

        // The name of a folder is taken as any other, in every record.
        let first = folder(PATIENT, &[&member]);
        let taken = first["resource"]["identifier"].clone();
        sent(&mut hospital, &with_entry(bundle, first)).await;
        let again = Document::new().bundle();
        let mut entry = folder(PATIENT, &[full_url(&again)]);
        entry["resource"]["identifier"] = taken;
        let reply = hospital.post("", &with_entry(again, entry)).await;
        reply.assert_refused(409, "duplicate-document");
        let place = &reply.json()["issue"][0]["expression"][0];
        assert_eq!(place, "Bundle.entry[2].resource.identifier");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposit_sent_again_answers_with_its_folder() {
    on_both(async |server| {
        let mut hospital = server.client("hopital");
        let mut doctor = doctor(server).await;
        let document = Document::new();
        let mut bundle = document.bundle();
        let (system, value) = unique_id(document.unique_id());
        bundle["entry"][1]["request"]["ifNoneExist"] = json!(format!(
            "identifier={}",
            encode(&format!("{system}|{value}"))
        ));
        let entry = folder(PATIENT, &[full_url(&bundle)]);
        let whole = with_entry(bundle.clone(), entry);
        let first = sent(&mut hospital, &whole).await;
        let second = sent(&mut hospital, &whole).await;
        for entry in [0, 1, 2] {
            assert_eq!(location(&first, entry), location(&second, entry));
            assert_eq!(second["entry"][entry]["response"]["status"], "200 OK");
        }
        assert_eq!(find(&mut doctor, "folder", &[]).await.len(), 1);
        // A folder that the first sending did not have.
        let mut other = folder(PATIENT, &[full_url(&bundle)]);
        other["resource"]["title"] = json!("Autre");
        let reply = hospital.post("", &with_entry(bundle, other)).await;
        reply.assert_refused(409, "duplicate-document");
    })
    .await;
}

/// The journal names the folder beside the submission and its documents.
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_traced() {
    on_both(async |server| {
        let mut hospital = server.client("hopital");
        let bundle = Document::new().bundle();
        let entry = folder(PATIENT, &[full_url(&bundle)]);
        let made = sent(&mut hospital, &with_entry(bundle, entry)).await;
        let at = location(&made, 2);
        let mut doctor = doctor(server).await;
        doctor.get(&format!("/{at}")).await.assert_status(200);
        let events = doctor
            .search(
                "AuditEvent",
                &[("patient.identifier", PATIENT), ("entity", &at)],
            )
            .await;
        let events = events.assert_status(200).json();
        let count = events["total"].as_u64().unwrap();
        assert!(count >= 1, "{events:#}");
    })
    .await;
}

/// A record goes on under another number with its folders, and is purged with them (held by the store's own suite).
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_follows_its_record_to_a_new_number() {
    on_both(async |server| {
        let (nia, nir) = (number(9), number(8));
        let mut operator = server.client("exploitant");
        let path = format!("/Patient?identifier={}", encode(&nia));
        let record = |numbers: &[&str]| {
            let (_, mut record) = Document::for_patient(numbers[0]).record();
            let identifiers = numbers.iter().enumerate().map(|(rank, number)| {
                let (system, value) = number.split_once('|').unwrap();
                let usage = if rank == 0 { "official" } else { "old" };
                json!({"use": usage, "system": system, "value": value})
            });
            record["identifier"] = identifiers.collect();
            record
        };
        let opened = operator.put(&path, &record(&[&nia])).await;
        opened.assert_status(201);
        let mut hospital = server.client("hopital");
        let bundle = Document::for_patient(&nia).bundle();
        let entry = folder(&nia, &[full_url(&bundle)]);
        let made = sent(&mut hospital, &with_entry(bundle, entry)).await;
        let changed = operator.put(&path, &record(&[&nir, &nia])).await;
        changed.assert_status(200);
        let mut doctor = server.client("medecin2");
        let consent = consent_for(&nir, "899900000029");
        doctor.post("/Consent", &consent).await.assert_status(201);
        for patient in [&nir, &nia] {
            let asked = [
                ("patient.identifier", patient.as_str()),
                ("status", "current"),
                ("code", "folder"),
            ];
            let found = doctor
                .search("List", &asked)
                .await
                .assert_status(200)
                .json();
            let id = found["entry"][0]["resource"]["id"].as_str().unwrap();
            assert_eq!(format!("List/{id}"), location(&made, 2));
        }
        // Both numbers are his: a folder is about him by either.
        let bundle = Document::for_patient(&nir).bundle();
        let entry = folder(&nir, &[full_url(&bundle), &location(&made, 1)]);
        let second = sent(&mut hospital, &with_entry(bundle, entry)).await;
        let at = format!("/{}", location(&second, 2));
        let read = doctor.get(&at).await.assert_status(200).json();
        assert_eq!(items(&read).len(), 2);
    })
    .await;
}

/// A test number under that authority.
fn number(arc: u8) -> String {
    support::document::ins(77).replace(".4.10|", &format!(".4.{arc}|"))
}
