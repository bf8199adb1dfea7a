//! What is hidden is as if it did not exist: same answers, same totals, same pages.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use hyper::Method;
use serde_json::{Value, json};
use support::document::{OTHER, PATIENT, TABLES};
use support::{Client, Document, Reply, Server, consent_for};
use uuid::Uuid;

/// PS_IdNat of the card `infirmier`.
const INFIRMIER: &str = "899900000078";

/// Status, headers but those of the moment, and body.
fn shape(reply: &Reply) -> (u16, BTreeMap<String, String>, String) {
    let headers = reply.headers.iter();
    let kept = headers.filter(|(name, _)| !["x-request-id", "date"].contains(&name.as_str()));
    let headers = kept.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let body = String::from_utf8(reply.bytes.to_vec()).unwrap();
    (reply.status, headers.collect(), body)
}

/// A searchset without its own link, which repeats the question.
fn results(reply: &Reply) -> Value {
    let mut bundle = reply.json();
    let links = bundle["link"].as_array_mut().unwrap();
    links.retain(|link| link["relation"] != "self");
    bundle
}

/// Where a deposit was put: List, then each DocumentReference and Binary.
fn locations(reply: &Reply) -> Vec<String> {
    let answer = reply.json();
    assert_eq!(reply.status, 200, "{answer:#}");
    let entries = answer["entry"].as_array().unwrap().iter();
    entries
        .map(|entry| entry["response"]["location"].as_str().unwrap())
        .map(|location| format!("/{}", location.split("/_history").next().unwrap()))
        .collect()
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

/// One submission of two documents.
fn together(mut one: Value, other: Value) -> Value {
    let reference = other["entry"][1]["fullUrl"].clone();
    let items = one["entry"][0]["resource"]["entry"].as_array_mut().unwrap();
    items.push(json!({"item": {"reference": reference}}));
    let entries = one["entry"].as_array_mut().unwrap();
    entries.extend(other["entry"].as_array().unwrap()[1..].iter().cloned());
    one
}

async fn open(server: &Server, patient: &str) {
    let (_, resource) = Document::for_patient(patient).record();
    let path = format!("/Patient?identifier={}", support::client::encode(patient));
    let mut operator = server.client("exploitant");
    operator.put(&path, &resource).await.assert_status(201);
}

async fn reader(server: &Server, patients: &[&str]) -> Client {
    let mut client = server.client("infirmier");
    for patient in patients {
        let consent = consent_for(patient, INFIRMIER);
        client.post("/Consent", &consent).await.assert_status(201);
    }
    client
}

/// A type that a nurse may not read and a physician may.
fn hidden_type() -> (String, String) {
    let readable = |profession| &TABLES.matrix.readable(profession).unwrap().codes;
    let nurse = readable("60");
    let loinc = |code: &&String| code.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let mut only = readable("10").iter().filter(|code| !nurse.contains(code));
    let code = only.find(loinc).unwrap().clone();
    (code, "2.16.840.1.113883.6.1".to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_hidden_answers_as_what_does_not_exist() {
    let server = Server::start();
    open(&server, PATIENT).await;
    open(&server, OTHER).await;
    let mut hospital = server.client("hopital");
    let (code, system) = hidden_type();
    let by_matrix = Document::of_type(&code, &system);
    let by_mask = Document::new();
    let elsewhere = Document::for_patient(OTHER);
    let visible = Document::new();
    let mixed = [Document::new(), Document::of_type(&code, &system)];
    let of_matrix = locations(&hospital.post("", &by_matrix.bundle()).await);
    let of_mask = locations(&hospital.post("", &masked(by_mask.bundle())).await);
    let of_other = locations(&hospital.post("", &elsewhere.bundle()).await);
    let of_visible = locations(&hospital.post("", &visible.bundle()).await);
    let of_mixed = together(mixed[0].bundle(), mixed[1].bundle());
    let of_mixed = locations(&hospital.post("", &of_mixed).await);
    let mut nurse = reader(&server, &[PATIENT]).await;
    for path in &of_visible {
        nurse.get(path).await.assert_status(200);
    }

    // They are there, for who may read them.
    let mut physician = server.client("medecin2");
    let consent = consent_for(PATIENT, "899900000029");
    physician
        .post("/Consent", &consent)
        .await
        .assert_status(201);
    for path in of_matrix.iter().chain(&of_mixed) {
        physician.get(path).await.assert_status(200);
    }

    let refusals = async |client: &mut Client| {
        let asked = [("patient.identifier", PATIENT), ("outcome", "8")];
        let found = client.search("AuditEvent", &asked).await;
        found.assert_status(200).json()["total"].as_u64().unwrap()
    };
    assert_eq!(refusals(&mut nurse).await, 0);

    // Reads: by id, of a version, conditional, in another form.
    let hidden_in_mixed = [String::new(), of_mixed[3].clone(), of_mixed[4].clone()];
    for hidden in [&of_matrix[..], &of_mask[..], &hidden_in_mixed] {
        for (at, kind) in ["List", "DocumentReference", "Binary"]
            .into_iter()
            .enumerate()
        {
            if hidden[at].is_empty() {
                continue;
            }
            assert!(
                hidden[at].starts_with(&format!("/{kind}/")),
                "{}",
                hidden[at]
            );
            let unknown = format!("/{kind}/{}", Uuid::new_v4());
            for (suffix, header) in [
                ("", ("X-Nothing", "")),
                ("", ("If-None-Match", "*")),
                ("", ("If-None-Match", "W/\"1\"")),
                ("", ("Accept", "application/fhir+json")),
                ("", ("Accept", "application/pdf")),
                ("?_format=json", ("X-Nothing", "")),
                ("/_history/1", ("X-Nothing", "")),
                ("/_history/2", ("X-Nothing", "")),
                ("/_history", ("X-Nothing", "")),
                ("/_history?_count=0", ("X-Nothing", "")),
            ] {
                for method in [Method::GET, Method::HEAD, Method::DELETE, Method::PATCH] {
                    let mut meet = async |path: &str| {
                        let path = format!("{path}{suffix}");
                        let reply = nurse
                            .send(method.clone(), &path, &[header], Vec::new())
                            .await;
                        shape(&reply)
                    };
                    let (found, missing) = (meet(&hidden[at]).await, meet(&unknown).await);
                    assert_eq!(found, missing, "{method} {kind}{suffix} {header:?}");
                    assert!(
                        found.0 >= 400,
                        "{method} {kind}{suffix} {header:?}: {}",
                        found.0
                    );
                }
            }
        }
    }

    // His own traces tell no more: what is there and hidden would be in the record's journal.
    assert_eq!(refusals(&mut nurse).await, 0);

    // Of a record without consent: the record refuses as a whole, whatever is in it.
    for path in &of_other {
        nurse
            .get(path)
            .await
            .assert_refused(403, "consent-required");
    }

    // Searches: by what names it, by what it is, by what relates to it.
    let mut nurse = reader(&server, &[OTHER]).await;
    let (_, nothing) = support::bundle::unique_id("1.2.250.1.999.1.9.9");
    let mut find = async |name: &str, value: &str| {
        let parameters = [
            ("patient.identifier", PATIENT),
            ("status", "current,superseded"),
            (name, value),
        ];
        let found = nurse.search("DocumentReference", &parameters).await;
        results(&found.assert_status(200))
    };
    let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    for (document, places) in [
        (&by_matrix, &of_matrix),
        (&by_mask, &of_mask),
        (&elsewhere, &of_other),
    ] {
        let (_, value) = support::bundle::unique_id(document.unique_id());
        for name in ["identifier", "relatesto:identifier"] {
            assert_eq!(
                find(name, &value).await,
                find(name, &nothing).await,
                "{name}"
            );
        }
        let known = find("_id", &id(&places[1])).await;
        assert_eq!(known, find("_id", &Uuid::new_v4().to_string()).await);
        assert_eq!(known["total"], 0);
    }
    assert_eq!(find("type", &code).await["total"], 0);
    assert_eq!(find("security-label", "MASQUE_PS").await["total"], 0);

    // Totals, pages and lists count what is seen.
    let expected: BTreeSet<String> = [&of_visible[1], &of_mixed[1]].map(|path| id(path)).into();
    let (total, pages) = walk(&mut nurse, "DocumentReference", "1", "").await;
    assert_eq!(total, 2);
    assert_eq!(pages.len(), 2, "a page for each, none empty");
    let found: BTreeSet<String> = pages.iter().flatten().map(|one| text(&one["id"])).collect();
    assert_eq!(found, expected);
    let (total, pages) = walk(&mut nurse, "List", "1", "&code=submissionset").await;
    assert_eq!((total, pages.len()), (2, 2));
    for list in pages.iter().flatten() {
        let entries = list["entry"].as_array().unwrap();
        assert_eq!(entries.len(), 1, "{list:#}");
        let reference = text(&entries[0]["item"]["reference"]);
        assert!(expected.contains(&id(&reference)), "{reference}");
    }
    let list = nurse.get(&of_mixed[0]).await.assert_status(200).json();
    assert_eq!(list["entry"].as_array().unwrap().len(), 1, "{list:#}");

    // To replace what one can't know is to replace nothing.
    let structure = [
        ("DMP-Structure", "10B0000014"),
        ("Content-Type", "application/fhir+json"),
    ];
    let mut refusals = Vec::new();
    for target in [
        by_matrix.unique_id(),
        by_mask.unique_id(),
        elsewhere.unique_id(),
        "1.2.250.1.999.1.9.9",
    ] {
        let body = Document::replacing(target)
            .bundle()
            .to_string()
            .into_bytes();
        let reply = nurse.send(Method::POST, "", &structure, body).await;
        reply.assert_refused(404, "replace-target-unknown");
        refusals.push(shape(&reply));
    }
    assert!(
        refusals.windows(2).all(|pair| pair[0] == pair[1]),
        "{refusals:#?}"
    );
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The link of that name.
fn link(bundle: &Value, relation: &str) -> Option<String> {
    let mut links = bundle["link"].as_array().unwrap().iter();
    let found = links.find(|link| link["relation"] == relation)?;
    Some(text(&found["url"]))
}

/// Follows `next` to the end: the first total, and the resources of each page.
async fn walk(client: &mut Client, kind: &str, count: &str, more: &str) -> (u64, Vec<Vec<Value>>) {
    let patient = support::client::encode(PATIENT);
    let mut next = Some(format!(
        "/{kind}?patient.identifier={patient}&status=current&_count={count}{more}"
    ));
    let mut pages = Vec::new();
    let mut total = None;
    while let Some(url) = next {
        let bundle = client.get(&url).await.assert_status(200).json();
        let _ = total.get_or_insert(bundle["total"].as_u64().unwrap());
        let entries = bundle["entry"].as_array().into_iter().flatten();
        let matches = entries.filter(|entry| entry["search"]["mode"] == "match");
        pages.push(matches.map(|entry| entry["resource"].clone()).collect());
        next = link(&bundle, "next");
        if let Some(next) = &next {
            assert_unreadable(next);
        }
        assert!(pages.len() < 500, "pages without end");
    }
    (total.unwrap(), pages)
}

/// No link tells whom it is about, as it stands or decoded.
fn assert_unreadable(url: &str) {
    let ins = PATIENT.rsplit('|').next().unwrap();
    assert!(!url.contains(ins) && !url.contains("identifier"), "{url}");
    for piece in url.split(['?', '&', '=', '/']) {
        let decoded = BASE64_URL_SAFE_NO_PAD.decode(piece).unwrap_or_default();
        let ins = ins.as_bytes();
        assert!(!decoded.windows(ins.len()).any(|w| w == ins), "{url}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_lose_nothing_while_documents_arrive() {
    const BEFORE: usize = 120;
    let server = Server::start();
    open(&server, PATIENT).await;
    let mut hospital = server.client("hopital");
    let (code, system) = hidden_type();
    let mut before = BTreeSet::new();
    for n in 0..BEFORE {
        // Days in disorder, some of them twice.
        let document = Document::with(|sample| {
            let day = n * 7 % 28 + 1;
            sample.effective_time =
                format!(r#"<effectiveTime value="202403{day:02}103000+0100"/>"#);
        });
        let made = locations(&hospital.post("", &document.bundle()).await);
        before.insert(made[1].rsplit('/').next().unwrap().to_owned());
        if n % 10 == 0 {
            let hidden = Document::of_type(&code, &system);
            locations(&hospital.post("", &hidden.bundle()).await);
        }
    }
    let mut nurse = reader(&server, &[PATIENT]).await;
    let still = walk(&mut nurse, "DocumentReference", "50", "").await;
    assert_eq!(still.0, BEFORE as u64);
    assert_eq!(
        still.1.iter().map(Vec::len).collect::<Vec<_>>(),
        [50, 50, 20]
    );

    let (done, arrived) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let depositors: Vec<_> = (0..2)
        .map(|_| {
            let mut client = server.client("hopital");
            let (done, arrived) = (done.clone(), arrived.clone());
            tokio::spawn(async move {
                while !done.load(Ordering::Relaxed) {
                    let day = arrived.load(Ordering::Relaxed) % 28 + 1;
                    let document = Document::with(|sample| {
                        sample.effective_time =
                            format!(r#"<effectiveTime value="202403{day:02}113000+0100"/>"#);
                    });
                    let reply = client.post("", &document.bundle()).await;
                    assert_eq!(reply.status, 200);
                    arrived.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for sort in ["", "&_sort=creation", "&_sort=-date"] {
        let start = arrived.load(Ordering::Relaxed);
        let (_, pages) = walk(&mut nurse, "DocumentReference", "7", sort).await;
        let found: Vec<String> = pages.iter().flatten().map(|one| text(&one["id"])).collect();
        let once: BTreeSet<&String> = found.iter().collect();
        assert_eq!(once.len(), found.len(), "{sort}: some came twice");
        let lost: Vec<_> = before.iter().filter(|id| !once.contains(id)).collect();
        assert!(lost.is_empty(), "{sort}: {lost:?}");
        assert!(
            arrived.load(Ordering::Relaxed) > start,
            "nothing arrived meanwhile"
        );
    }
    done.store(true, Ordering::Relaxed);
    for depositor in depositors {
        depositor.await.unwrap();
    }
    let arrived = arrived.load(Ordering::Relaxed);
    let (total, pages) = walk(&mut nurse, "DocumentReference", "200", "").await;
    assert_eq!(total as usize, BEFORE + arrived);
    assert_eq!(pages.iter().map(Vec::len).sum::<usize>(), BEFORE + arrived);
}
