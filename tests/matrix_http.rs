//! The whole habilitation matrix through the real server: one document of every type, one card of every profession.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use passerelle::cli::demo::cards::card;
use passerelle::cli::demo::pki::CardSpec;
use serde_json::Value;
use support::document::{PATIENT, TABLES};
use support::pki::Cards;
use support::{Client, Document, Options, Server, consent_for, shared_data};
use tokio::task::JoinSet;

/// Codes of TRE_G15 and of the matrix's own columns, in the matrix or not, as a card may carry them.
const PROFESSIONS: [u8; 33] = [
    10, 21, 26, 28, 31, 32, 35, 36, 37, 38, 39, 40, 41, 50, 60, 69, 70, 80, 81, 82, 83, 84, 85, 86,
    91, 92, 93, 94, 95, 96, 98, 99, 71,
];

/// What each profession may read by the published tables; None where the profession has no column in force.
fn expected(types: &[(String, String)]) -> BTreeMap<u8, Option<BTreeSet<String>>> {
    let Some(folder) = shared_data("matrix") else {
        return by_our_tables(types);
    };
    let rows = |name: &str| {
        let mut reader = csv::Reader::from_path(folder.join(name)).unwrap();
        let rows = reader.deserialize::<BTreeMap<String, String>>();
        rows.map(Result::unwrap).collect::<Vec<_>>()
    };
    let matrix = rows("habilitation_matrix.csv");
    let overlay = rows("seed_overlay.csv");
    let in_force: BTreeSet<String> = rows("groups.csv")
        .iter()
        .filter(|group| group["effectivity"] == "in_force" && group["role_codes"].is_empty())
        .flat_map(|group| {
            group["profession_codes"]
                .split(' ')
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect();
    let permits = |code: &str, profession: &str| {
        let stricter = overlay.iter().any(|cell| {
            cell["type_code"] == code
                && cell["profession_code"] == profession
                && cell["seed_allowed"] == "0"
        });
        match matrix.iter().find(|row| row["type_code"] == code) {
            Some(row) => row[&format!("p{profession}")] == "1" && !stricter,
            // Newer than the matrix: médecins only. The export of a whole record is for nobody.
            None => profession == "10" && code != "E1762",
        }
    };
    let column = |profession: u8| {
        let profession = profession.to_string();
        let readable = types.iter().map(|(code, _)| code);
        in_force.contains(&profession).then(|| {
            readable
                .filter(|code| permits(code, &profession))
                .cloned()
                .collect()
        })
    };
    PROFESSIONS
        .map(|profession| (profession, column(profession)))
        .into()
}

fn by_our_tables(types: &[(String, String)]) -> BTreeMap<u8, Option<BTreeSet<String>>> {
    let column = |profession: u8| {
        let profession = profession.to_string();
        TABLES.matrix.readable(&profession)?;
        let codes = types.iter().map(|(code, _)| code);
        let permitted =
            codes.filter(|code| TABLES.matrix.explain(code, &profession).decision == "permit");
        Some(permitted.cloned().collect())
    };
    PROFESSIONS
        .map(|profession| (profession, column(profession)))
        .into()
}

/// Every type of JDV_J66 with the OID of its system.
fn types() -> Vec<(String, String)> {
    let list = include_str!("../mappings/JDV_J66-TypeCode-DMP.csv");
    let rows = list.lines().filter(|line| !line.starts_with('#')).skip(1);
    let types: Vec<_> = rows
        .map(|row| {
            let mut cells = row.split(',').map(str::to_owned);
            (cells.next().unwrap(), cells.next().unwrap())
        })
        .collect();
    assert!(types.len() > 100);
    types
}

/// The card of a professional whom only his profession tells from the others.
fn spec(profession: u8, training: bool) -> (String, CardSpec) {
    let model = card(if training { "interne" } else { "medecin2" }).unwrap();
    let number = u32::from(profession) + if training { 500 } else { 300 };
    let id = format!("89990000{number:04}");
    let mut spec = CardSpec::of(model);
    let model_id = model.id;
    for (_, text) in spec.subject.iter_mut().flatten() {
        *text = text.replace(model_id, &id);
    }
    spec.specialities.clear();
    spec.profession = (!training).then_some(profession);
    spec.training = training.then_some(profession);
    (id, spec)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_profession_finds_and_reads_the_types_of_its_column() {
    let types = types();
    let cards = Cards::new();
    let mut people = Vec::new();
    for training in [false, true] {
        for profession in PROFESSIONS {
            let (id, spec) = spec(profession, training);
            let name = format!("{}-{profession}", if training { "cpf" } else { "cps" });
            cards.issue(&name, &spec);
            people.push((name, id, profession));
        }
    }
    let server = Server::with(Options {
        pki: Some(cards.folder().to_owned()),
        ..Options::default()
    });
    let mut operator = server.client("exploitant");
    let path = format!("/Patient?identifier={}", support::client::encode(PATIENT));
    let (_, patient) = Document::new().record();
    operator.put(&path, &patient).await.assert_status(201);
    // Code, DocumentReference and Binary of each.
    let mut deposited = Vec::new();
    for (code, system) in &types {
        let document = Document::of_type(code, system);
        let made = operator.post("", &document.bundle()).await;
        assert_eq!(made.status, 200, "{code}: {:#}", made.json());
        let made = made.json();
        let path = |entry: usize| {
            let location = made["entry"][entry]["response"]["location"]
                .as_str()
                .unwrap();
            let location = location.split("/_history").next().unwrap();
            format!("/{location}")
        };
        deposited.push((code.clone(), path(1), path(2)));
    }

    let expected = expected(&types);
    let deposited = Arc::new(deposited);
    let mut at_work = JoinSet::new();
    for (name, id, profession) in people {
        let client = server.client(&name);
        let (readable, deposited) = (expected[&profession].clone(), deposited.clone());
        at_work.spawn(consult(client, name, id, readable, deposited));
    }
    while let Some(done) = at_work.join_next().await {
        done.unwrap();
    }
}

/// One professional declares his consent, searches, and tries every document.
async fn consult(
    mut client: Client,
    name: String,
    id: String,
    readable: Option<BTreeSet<String>>,
    deposited: Arc<Vec<(String, String, String)>>,
) {
    let declared = client.post("/Consent", &consent_for(PATIENT, &id)).await;
    declared.assert_status(201);
    let parameters = [
        ("patient.identifier", PATIENT),
        ("status", "current"),
        ("_count", "200"),
    ];
    let found = client.search("DocumentReference", &parameters).await;
    let Some(readable) = readable else {
        found.assert_refused(403, "card-cannot-consult");
        for (code, document, content) in deposited.iter().step_by(10) {
            for path in [document, content] {
                let refused = client.get(path).await;
                assert_eq!(refused.status, 403, "{name} {code}");
                refused.assert_refused(403, "card-cannot-consult");
            }
        }
        return;
    };
    let found = found.assert_status(200).json();
    let codes: Vec<String> = found["entry"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|entry| entry["search"]["mode"] == "match")
        .map(|entry| &entry["resource"]["type"]["coding"][0]["code"])
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    assert_eq!(
        codes.iter().cloned().collect::<BTreeSet<_>>(),
        readable,
        "{name}"
    );
    assert_eq!(codes.len(), readable.len(), "{name}");
    assert_eq!(found["total"], readable.len(), "{name}");
    for (code, document, content) in deposited.iter() {
        for path in [document, content] {
            let read = client.get(path).await;
            if readable.contains(code) {
                assert_eq!(read.status, 200, "{name} {code} {path}");
            } else {
                assert_eq!(read.status, 404, "{name} {code} {path}");
                read.assert_refused(404, "not-found");
            }
        }
    }
}
