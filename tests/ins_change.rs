//! A patient known by a NIA receives a NIR, over HTTP (rules INS-01, INS-05, AUT-06): one record, found by both.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use passerelle::cli::demo::cards::card;
use serde_json::{Value, json};
use support::client::encode;
use support::document::ins;
use support::{Client, Document, Options, Portal, Reply, Server, consent_for};

/// The n-th test number, and the same digits under another authority.
fn number(arc: u8, n: u64) -> String {
    ins(n).replace(".4.10|", &format!(".4.{arc}|"))
}

fn nir(n: u64) -> String {
    number(8, n)
}

fn nia(n: u64) -> String {
    number(9, n)
}

fn path(patient: &str) -> String {
    format!("/Patient?identifier={}", encode(patient))
}

fn identifier(patient: &str, usage: &str) -> Value {
    let (system, value) = patient.split_once('|').unwrap();
    json!({"use": usage, "system": system, "value": value})
}

/// An operator's Patient of these numbers, the present one first.
fn patient(numbers: &[&str]) -> Value {
    let (_, mut record) = Document::for_patient(numbers[0]).record();
    let uses = std::iter::once("official").chain(std::iter::repeat("old"));
    let identifiers = numbers.iter().zip(uses);
    record["identifier"] = identifiers
        .map(|(ins, usage)| identifier(ins, usage))
        .collect();
    record
}

async fn put(server: &Server, url: &str, body: &Value) -> Reply {
    let mut operator = server
        .client("exploitant")
        .with("Prefer", "return=OperationOutcome");
    operator.put(&path(url), body).await
}

/// Opens a record under the first number, then gives it the second one.
async fn renumbered(server: &Server, old: &str, new: &str) {
    put(server, old, &patient(&[old])).await.assert_status(201);
    put(server, old, &patient(&[new, old]))
        .await
        .assert_status(200);
}

/// The codes of an outcome.
fn codes(outcome: &Value) -> Vec<String> {
    let issues = outcome["issue"].as_array().cloned().unwrap_or_default();
    let code = |issue: &Value| {
        issue["details"]["coding"][0]["code"]
            .as_str()
            .map(str::to_owned)
    };
    issues.iter().filter_map(code).collect()
}

/// The resources of a type in a searchset, and whether it tells of a replaced number.
async fn found(client: &mut Client, kind: &str, patient: &str) -> (Vec<Value>, bool) {
    let by = if kind == "Patient" {
        "identifier"
    } else {
        "patient.identifier"
    };
    let mut asked = vec![(by, patient)];
    match kind {
        "DocumentReference" => asked.push(("status", "current")),
        "List" => asked.extend([("status", "current"), ("code", "submissionset")]),
        _ => {}
    }
    let bundle = client.search(kind, &asked).await.assert_status(200).json();
    let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
    let (resources, outcomes): (Vec<Value>, Vec<Value>) = entries
        .into_iter()
        .map(|entry| entry["resource"].clone())
        .partition(|resource| resource["resourceType"] == kind);
    let told = outcomes
        .iter()
        .flat_map(codes)
        .any(|code| code == "ins-replaced");
    (resources, told)
}

fn ids(resources: &[Value]) -> Vec<&str> {
    resources
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect()
}

/// `<system>|<value>` of a reference by identifier.
fn named(reference: &Value) -> String {
    let identifier = &reference["identifier"];
    let text = |element: &Value| element.as_str().unwrap_or_default().to_owned();
    format!(
        "{}|{}",
        text(&identifier["system"]),
        text(&identifier["value"])
    )
}

async fn deposit(server: &Server, document: &Document) -> (u16, Vec<String>) {
    let mut hospital = server
        .client("hopital")
        .with("Prefer", "return=OperationOutcome");
    let reply = hospital
        .post("/DocumentReference", &document.simplified())
        .await;
    (reply.status, codes(&reply.json()))
}

fn told(codes: &[String]) -> bool {
    codes.iter().any(|code| code == "ins-replaced")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ins_01_the_record_goes_on_and_both_numbers_find_it() {
    let server = Server::start();
    let (old, new) = (nia(1), nir(2));
    let mut doctor = server.client("medecin");
    put(&server, &old, &patient(&[&old]))
        .await
        .assert_status(201);
    let bundle = Document::for_patient(&old).bundle();
    let mut hospital = server.client("hopital");
    hospital.post("", &bundle).await.assert_status(200);
    let consent = |number: &str| consent_for(number, card("medecin").unwrap().id);
    let first = doctor.post("/Consent", &consent(&old)).await;
    first.assert_status(201);
    let (before, _) = found(&mut doctor, "DocumentReference", &old).await;
    assert_eq!(before.len(), 1);
    let (record, _) = found(&mut doctor, "Patient", &old).await;

    put(&server, &old, &patient(&[&new, &old]))
        .await
        .assert_status(200);
    // The same record with its rights; the former number is told.
    for (asked, replaced) in [(&new, false), (&old, true)] {
        let (shown, told) = found(&mut doctor, "Patient", asked).await;
        assert_eq!((ids(&shown), told), (ids(&record), replaced));
        let identifiers = shown[0]["identifier"].as_array().unwrap();
        let uses: Vec<_> = identifiers
            .iter()
            .map(|one| {
                (
                    one["use"].as_str().unwrap(),
                    named(&json!({"identifier": one})),
                )
            })
            .collect();
        assert_eq!(uses, [("official", new.clone()), ("old", old.clone())]);
    }
    // Deposits by each number, and what is not consistent in itself.
    let (status, warned) = deposit(&server, &Document::for_patient(&new)).await;
    assert!(status == 201 && !told(&warned), "{status} {warned:?}");
    let (status, warned) = deposit(&server, &Document::for_patient(&old)).await;
    assert!(status == 201 && told(&warned), "{status} {warned:?}");
    let mut mixed = Document::for_patient(&old).simplified();
    mixed["subject"] = json!({"identifier": identifier(&new, "official")});
    let refused = hospital.post("/DocumentReference", &mixed).await;
    assert_eq!(refused.status, 422, "{:#}", refused.json());
    // The right is the same one, declared again by the new number, or by its key of before.
    let again = doctor.post("/Consent", &consent(&new)).await;
    assert_eq!(again.status, 200, "{:#}", again.json());
    let key = again.json()["identifier"][0].clone();
    assert_eq!(again.json()["meta"]["versionId"], "2");
    for (spelt, body) in [(&key["value"], &new), (&key["value"], &old)] {
        let key = format!(
            "{}|{}",
            key["system"].as_str().unwrap(),
            spelt.as_str().unwrap()
        );
        let path = format!("/Consent?identifier={}", encode(&key));
        doctor.put(&path, &consent(body)).await.assert_status(200);
    }
    // What is found is the same by either number, and names the present one.
    for kind in ["DocumentReference", "List", "Consent"] {
        let (by_new, quiet) = found(&mut doctor, kind, &new).await;
        let (by_old, warned) = found(&mut doctor, kind, &old).await;
        assert_eq!(by_new, by_old, "{kind}");
        assert!(!quiet && warned, "{kind}");
        let about = if kind == "Consent" {
            "patient"
        } else {
            "subject"
        };
        for resource in &by_new {
            assert_eq!(named(&resource[about]), new, "{kind}");
            let id = resource["id"].as_str().unwrap();
            let read = doctor
                .get(&format!("/{kind}/{id}"))
                .await
                .assert_status(200);
            assert_eq!(read.json(), *resource);
        }
        assert_eq!(
            by_new.len(),
            if kind == "Consent" { 1 } else { 3 },
            "{kind}"
        );
    }
    // The source of a document named its patient as it did.
    let (documents, _) = found(&mut doctor, "DocumentReference", &new).await;
    let source = documents
        .iter()
        .find(|one| one["id"] == before[0]["id"])
        .unwrap();
    let (_, digits) = old.split_once('|').unwrap();
    assert!(source["contained"].to_string().contains(digits));
    let (traces, warned) = found(&mut doctor, "AuditEvent", &old).await;
    assert!(warned && traces.len() > 5);
    for trace in &traces {
        assert_eq!(named(&trace["entity"][0]["what"]), new, "{trace:#}");
    }
    verified(&server);
}

fn verified(server: &Server) {
    let config = server.config();
    let output = server.run(&["audit", "verify", "--config", config.to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ins_01_an_operator_changes_a_number_again_and_never_by_mistake() {
    let server = Server::start();
    let (one, two, three) = (nia(1), nir(2), nir(3));
    put(&server, &one, &patient(&[&one]))
        .await
        .assert_status(201);
    // The URL may name the new number, which nothing knows yet.
    put(&server, &two, &patient(&[&two, &one]))
        .await
        .assert_status(200);
    // Who does not know of the change opens nothing and changes nothing: he is told.
    let late = put(&server, &one, &patient(&[&one]))
        .await
        .assert_status(200);
    assert!(told(&codes(&late.json())));
    let late = put(&server, &two, &patient(&[&one]))
        .await
        .assert_status(200);
    assert!(told(&codes(&late.json())));
    // A second change; the numbers before it need not be told again.
    put(&server, &two, &patient(&[&three, &two]))
        .await
        .assert_status(200);
    let mut operator = server.client("exploitant");
    let mut seen = Vec::new();
    for number in [&one, &two, &three] {
        let (shown, _) = found(&mut operator, "Patient", number).await;
        let numbers = shown[0]["identifier"].as_array().unwrap().iter();
        let numbers: Vec<_> = numbers
            .map(|one| named(&json!({"identifier": one})))
            .collect();
        assert_eq!(numbers, [three.clone(), two.clone(), one.clone()]);
        seen.push(shown);
    }
    assert!(seen.windows(2).all(|pair| ids(&pair[0]) == ids(&pair[1])));
    // In a test environment, from one test number to another.
    renumbered(&server, &ins(7), &ins(8)).await;
    verified(&server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ins_01_aut_06_what_may_not_follow_is_refused_and_changes_nothing() {
    let server = Server::start();
    let (kept, other, unknown) = (nir(1), nir(2), nir(3));
    for number in [&kept, &other] {
        put(&server, number, &patient(&[number]))
            .await
            .assert_status(201);
    }
    let mut operator = server.client("exploitant");
    let (before, _) = found(&mut operator, "Patient", &kept).await;
    let cases = [
        // A NIR never gives way to a NIA, nor one of production to one of test, nor the reverse.
        (&kept, patient(&[&nia(4), &kept]), 422, "ins-change-refused"),
        (&kept, patient(&[&ins(4), &kept]), 422, "ins-change-refused"),
        (&kept, patient(&[&kept, &ins(4)]), 422, "ins-change-refused"),
        // A number that has a record of its own, whichever is named.
        (&kept, patient(&[&other, &kept]), 409, "ins-taken"),
        (&other, patient(&[&other, &kept]), 409, "ins-taken"),
        // Another person: the number to be replaced is not told, or is not the record's.
        (&kept, patient(&[&unknown]), 422, "element-invalid"),
        (&kept, patient(&[&unknown, &nir(9)]), 422, "element-invalid"),
        (&unknown, patient(&[&nir(9), &kept]), 422, "element-invalid"),
        // No number is both.
        (&kept, patient(&[&kept, &kept]), 422, "element-invalid"),
    ];
    for (url, body, status, code) in cases {
        let reply = put(&server, url, &body).await;
        assert_eq!(reply.status, status, "{:#}", body["identifier"]);
        let outcome = reply.json();
        assert!(codes(&outcome).contains(&code.to_owned()), "{outcome:#}");
        let (_, digits) = kept.split_once('|').unwrap();
        assert!(!outcome.to_string().contains(digits));
    }
    let (after, _) = found(&mut operator, "Patient", &kept).await;
    assert_eq!(before, after);
    for number in [&unknown, &nia(4), &ins(4), &nir(9)] {
        let (shown, _) = found(&mut operator, "Patient", number).await;
        assert!(shown.is_empty());
    }
    // Nobody but an operator changes a number.
    let mut doctor = server.client("medecin");
    let reply = doctor.put(&path(&kept), &patient(&[&unknown, &kept])).await;
    reply.assert_refused(403, "not-allowed");
    verified(&server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ins_01_a_token_with_either_number_opens_its_record_and_no_other() {
    let portal = Portal::new();
    let server = Server::with(Options::default().portal(&portal));
    let (old, new, other) = (ins(1), ins(2), ins(3));
    renumbered(&server, &old, &new).await;
    put(&server, &other, &patient(&[&other]))
        .await
        .assert_status(201);
    let (_, _) = deposit(&server, &Document::for_patient(&new)).await;
    for token in [&old, &new] {
        let mut holder = portal.holder(token).on(&server);
        for asked in [&old, &new] {
            let (documents, warned) = found(&mut holder, "DocumentReference", asked).await;
            assert_eq!((documents.len(), warned), (1, asked == &old));
            let id = documents[0]["id"].as_str().unwrap();
            let read = holder.get(&format!("/DocumentReference/{id}")).await;
            read.assert_status(200);
        }
        let (record, _) = found(&mut holder, "Patient", &new).await;
        let path = format!("/Patient/{}", record[0]["id"].as_str().unwrap());
        holder.get(&path).await.assert_status(200);
        // Another's record and none are the same, and an identity is not his to change.
        for stranger in [&other, &ins(9)] {
            let asked = [("identifier", stranger.as_str())];
            let reply = holder.search("Patient", &asked).await;
            reply.assert_refused(403, "not-yours");
        }
        let body = patient(&[&ins(5), &new, &old]);
        let reply = holder.put(&self::path(&new), &body).await;
        assert_eq!(reply.status, 422);
    }
    let mut stranger = portal.holder(&other).on(&server);
    for asked in [&old, &new] {
        let asked = [("identifier", asked.as_str())];
        let reply = stranger.search("Patient", &asked).await;
        reply.assert_refused(403, "not-yours");
    }
    // Both attempts stand where the holder sees them.
    let mut holder = portal.holder(&new).on(&server);
    let (traces, _) = found(&mut holder, "AuditEvent", &new).await;
    let refused = traces.iter().filter(|trace| trace["outcome"] == "8");
    assert_eq!(refused.count(), 2);
    verified(&server);
}
