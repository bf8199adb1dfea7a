//! The running server against the oracle of the rules: records, rights and documents made at random, then random requests, each
//! answer held against what the catalogue says. `PASSERELLE_TEST_SEED` gives another run.
#![allow(missing_docs, unreachable_pub, dead_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

#[path = "rules_http/callers.rs"]
mod callers;
#[path = "rules_http/consult.rs"]
mod consult;
#[path = "rules_http/model.rs"]
mod model;
#[path = "policy/oracle.rs"]
mod oracle;
#[path = "policy/oracle_acts.rs"]
mod oracle_acts;
#[path = "policy/oracle_patients.rs"]
mod oracle_patients;
#[path = "rules_http/random.rs"]
mod random;
#[path = "rules_http/rights.rs"]
mod rights;
#[path = "rules_http/run.rs"]
mod run;
#[path = "policy/world.rs"]
mod world;
#[path = "rules_http/write.rs"]
mod write;

use callers::{Asked, Caller, OPERATOR, friends};
use hyper::Method;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use model::Record;
use passerelle::dmp::actor::{ActorId, ActorKind};
use passerelle::dmp::record::RecordState;
use passerelle::dmp::right::{Basis, Grant, Switch};
use passerelle::dmp::time::paris;
use run::Run;
use serde_json::json;
use support::client::encode;
use support::document::ins;
use support::{Admin, Document, Options, Portal, Server, with_admin};

const SEED: u64 = 20_260_615;
const RECORDS: usize = 28;
const REQUESTS: usize = 1_500;

const STATE: &str = "https://passerelle.dev/fhir/StructureDefinition/record-state";

/// A record in its state; those that will be closed are open so far.
async fn open(run: &mut Run, n: usize, now: Timestamp) {
    let today = now.to_zoned_datetime(paris()).date();
    // Adults, children, and some who come of age between two rounds.
    let born: Date = match n % 4 {
        0 | 1 => today - 40.years(),
        2 => today - 18.years() + 10.days(),
        _ => today - 9.years(),
    };
    // No 29 February: not every year has one.
    let born = if born.day() == 29 {
        born + 3.days()
    } else {
        born
    };
    let state = match n % 7 {
        5 => RecordState::NotActivated,
        6 if n < 10 => RecordState::Opposed,
        _ => RecordState::Activated,
    };
    let patient = ins(u64::try_from(n).unwrap());
    let (_, mut resource) = Document::for_patient(&patient).record();
    resource["birthDate"] = json!(born.to_string());
    resource["extension"][0]["valueCode"] = json!(match state {
        RecordState::NotActivated => "not-activated",
        RecordState::Opposed => "opposed",
        _ => "activated",
    });
    resource["active"] = json!(state != RecordState::Opposed);
    let path = format!("/Patient?identifier={}", encode(&patient));
    run.model.records.push(Record {
        ins: patient,
        state,
        born,
        rights: Vec::new(),
        documents: Vec::new(),
        consulted: Vec::new(),
        traces: Vec::new(),
    });
    let operator = Caller::Card(OPERATOR);
    let body = Some(("application/fhir+json", resource.to_string()));
    let opened = run
        .send(operator, Asked::NORMAL, Method::PUT, &path, body)
        .await;
    opened.assert_status(201);
    run.traced(n, operator, Asked::NORMAL, None);
}

/// What is in a record before it is asked: documents and rights, written over HTTP by who may write them.
async fn furnish(run: &mut Run, record: usize) {
    for card in friends(record) {
        let id = run.model.cards[card].id.clone();
        let holder = run.model.cards[card]
            .carried()
            .cloned()
            .unwrap_or_else(|| id.clone());
        let basis = Basis::Explicit;
        let access = match run.random.chance(25) {
            true => Grant::TreatingPhysician { holder: id, basis },
            false => Grant::Access { holder, basis },
        };
        if run.model.cards[card].who.kind != ActorKind::Establishment {
            run.write_right(
                record,
                Caller::Card(card),
                Asked::NORMAL,
                &access,
                true,
                None,
            )
            .await;
        }
    }
    for _ in 0..6 {
        let caller = run.caller(record);
        let mut asked = run.asked(record, caller);
        asked.mode = passerelle::dmp::context::AccessMode::Normal;
        run.deposit(record, caller, asked).await;
    }
    for _ in 0..3 {
        let caller = run.caller(record);
        let asked = run.asked(record, caller);
        run.any_right(record, caller, asked).await;
    }
}

/// What its holder decides, a different part of it in each record.
async fn decide(run: &mut Run, record: usize) {
    let holder = run.holder(record);
    let friend = |run: &Run, at: usize| run.model.cards[friends(record)[at]].clone();
    let (first, second) = (friend(run, 0), friend(run, 1));
    let block = Grant::Block {
        of: first.carried().unwrap_or(&first.id).clone(),
    };
    let permit = |switch, permit| Grant::Emergency { switch, permit };
    let mut decisions = Vec::new();
    match record % 6 {
        // Blocked, and unblocked: nothing comes back.
        0 => decisions.extend([(block.clone(), true), (block, false)]),
        1 => decisions.push((block, true)),
        2 => decisions.push((permit(Switch::Masked, true), true)),
        3 => decisions.extend([
            (permit(Switch::Masked, true), true),
            (permit(Switch::BreakGlass, false), true),
        ]),
        _ => {}
    }
    if let (true, ActorId::Person(_)) = (record % 4 < 2, &second.id) {
        let asked = Asked {
            secret: run.model.records[record].minor(run.now()).then_some(false),
            ..Asked::NORMAL
        };
        run.search(record, Caller::Card(friends(record)[1]), asked)
            .await;
        decisions.push((Grant::Administrator { holder: second.id }, true));
    }
    if record.is_multiple_of(5) {
        let to = world::user("aidant-1");
        decisions.push((Grant::Delegation { to }, true));
    }
    if record % 9 == 4 {
        decisions.push((Grant::DefaultMasking, true));
    }
    for (grant, active) in decisions {
        run.write_right(record, holder, Asked::NORMAL, &grant, active, None)
            .await;
    }
}

/// Its holder closes a record.
async fn close(run: &mut Run, record: usize) {
    let patient = run.model.records[record].ins.clone();
    let (system, value) = patient.split_once('|').unwrap();
    let resource = json!({
        "resourceType": "Patient",
        "identifier": [{"system": system, "value": value}],
        "extension": [{"url": STATE, "valueCode": "closed"}]
    });
    let holder = run.holder(record);
    let path = format!("/Patient?identifier={}", encode(&patient));
    let body = Some(("application/fhir+json", resource.to_string()));
    let closed = run
        .send(holder, Asked::NORMAL, Method::PUT, &path, body)
        .await;
    closed.assert_status(200);
    run.traced(record, holder, Asked::NORMAL, None);
    run.model.records[record].state = RecordState::Closed;
}

async fn one_request(run: &mut Run) {
    let record = run.random.below(RECORDS);
    let caller = run.caller(record);
    let asked = run.asked(record, caller);
    match run.random.below(100) {
        0..=27 => run.search(record, caller, asked).await,
        28..=39 => run.search_by_identifier(record, caller, asked).await,
        40..=51 => run.read(record, caller, asked, false).await,
        52..=60 => run.read(record, caller, asked, true).await,
        61..=64 => run.existence(record, caller, asked).await,
        65..=71 => run.deposit(record, caller, asked).await,
        72..=82 => run.change(record, caller, asked).await,
        83..=92 => run.any_right(record, caller, asked).await,
        93..=94 => run.read_rights(record, caller, asked).await,
        _ => run.read_traces(record, caller, asked).await,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_running_server_answers_as_the_catalogue_says() {
    let seed = std::env::var("PASSERELLE_TEST_SEED").ok();
    let seed = seed.map_or(SEED, |seed| seed.parse().expect("a number"));
    println!("PASSERELLE_TEST_SEED={seed}");
    let portal = Portal::new();
    let server = Server::with(with_admin(Options::default().portal(&portal)));
    let admin = Admin::of(&server);
    let start = Timestamp::now();
    let mut run = Run::new(server, portal, seed, start);
    admin.set_clock(start);
    run.at(start);
    for record in 0..RECORDS {
        open(&mut run, record, start).await;
    }
    for record in 0..RECORDS {
        furnish(&mut run, record).await;
        decide(&mut run, record).await;
    }
    for record in (4..RECORDS).step_by(7).take(2) {
        close(&mut run, record).await;
    }
    // An hour later; then after some came of age, and some authorisations ended; then after the month of what waits for its
    // announcement.
    for hours in [1, 24 * 20, 24 * 33] {
        let now = start + hours.hours();
        admin.set_clock(now);
        run.at(now);
        for _ in 0..REQUESTS / 3 {
            one_request(&mut run).await;
        }
    }
    let documents: usize = run
        .model
        .records
        .iter()
        .map(|record| record.documents.len())
        .sum();
    println!("{RECORDS} records, {documents} documents");
    for ((act, answer), count) in &run.answers {
        println!("{count:5} {act}: {answer}");
    }
    run.finish(seed);
    assert!(
        run.answers.len() >= 40,
        "few answers differ from each other"
    );
}
