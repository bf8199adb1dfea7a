//! Random documents, random searches: what the server answers over HTTP is what a naive reading of the words finds, on both databases.
#![allow(missing_docs, unreachable_pub, dead_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "search_oracle/lists.rs"]
mod lists;
#[path = "search_oracle/model.rs"]
mod model;
#[path = "search_oracle/questions.rs"]
mod questions;
mod support;
#[path = "store/world.rs"]
mod world;

use std::sync::Arc;

use model::{Dice, Known};
use passerelle::dmp::change::DocumentChange;
use passerelle::dmp::document::{Availability, DocumentEntry};
use passerelle::dmp::query::DocumentKey;
use passerelle::dmp::submission::SubmissionSet;
use passerelle::dmp::trace::TracedAct;
use passerelle::policy::{Act, Rules};
use passerelle::store::{Render, Store};
use passerelle::tables::Tables;
use questions::Question;
use serde_json::json;
use support::document::PATIENT;
use support::{Client, Options, Server};
use world::World;

const DOCUMENTS: usize = 80;
const QUESTIONS: usize = 150;

struct Small;

impl Render for Small {
    fn document(&self, entry: &DocumentEntry) -> String {
        json!({"resourceType": "DocumentReference", "id": entry.id.to_string()}).to_string()
    }
}

/// Random documents of two depositors, some of them replaced, archived, masked or deleted.
async fn fill(world: &World, dice: &mut Dice) -> Vec<Known> {
    let people = [world::physician(), world::other_physician()];
    let mut all: Vec<(usize, DocumentEntry, SubmissionSet)> = Vec::new();
    for _ in 0..DOCUMENTS {
        let who = dice.below(2);
        let mut document = model::random(&world.ins, dice);
        let own: Vec<_> = all.iter().filter(|(of, ..)| *of == who).collect();
        if dice.one_in(5) && !own.is_empty() {
            let target = own[dice.below(own.len())].1.metadata.unique_id.clone();
            document.targets = vec![(model::relation(dice), DocumentKey::Unique(target))];
        }
        // One that was replaced before is not replaced again.
        let mut submission = world::submission(&world.ins, vec![document]);
        lists::vary(&mut submission, dice);
        let permit = world.permit(&people[who], &Act::Deposit).await;
        let trace = world.trace(&people[who], TracedAct::ProvideBundle);
        if let Ok(mut done) = world.store.deposit(&permit, submission, trace).await {
            let document = done.documents.pop().expect("one");
            all.push((who, document, done.submission));
        }
    }
    let mut known = Vec::new();
    for who in &people {
        world.declare(who, true).await;
    }
    for (who, entry, set) in all {
        let actor = &people[who];
        let permit = world
            .permit(
                actor,
                &Act::SearchDocuments {
                    by_identifier: false,
                },
            )
            .await;
        let key = DocumentKey::Id(entry.id);
        let mut now = world.store.entry(&permit, &key).await.expect("entry");
        // What is replaced can't be archived.
        let current = now.availability == Availability::Approved;
        let (archived, delete) = (dice.one_in(6) && current, dice.one_in(12));
        if archived || delete {
            let change = DocumentChange {
                archived: archived.then_some(true),
                delete,
                ..DocumentChange::default()
            };
            let permit = world
                .try_permit(actor, &Act::ChangeDocument(change), &world::context())
                .await
                .expect("permit");
            let trace = world.trace(actor, TracedAct::SearchDocuments);
            now = world
                .store
                .change_document(&permit, now.id, now.version, change, trace)
                .await
                .expect("change");
        }
        known.push(Known {
            depositor: actor.id.as_str().to_owned(),
            entry: now,
            set,
        });
    }
    known
}

async fn the_server_finds_what_the_words_say(url: &str) {
    let seed = std::env::var("PASSERELLE_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(|| jiff::Timestamp::now().as_microsecond().unsigned_abs());
    eprintln!("PASSERELLE_SEED={seed}");
    let mut dice = Dice::new(seed);
    let known = {
        let world = World {
            store: Store::open(url, Arc::new(Small)).await.expect("store"),
            rules: Rules {
                tables: Arc::new(Tables::built_in()),
                age_of_majority: 18,
                late_invisibility: false,
            },
            url: url.to_owned(),
            ins: world::ins(0),
        };
        world.put_record(world::record(&world.ins)).await;
        let known = fill(&world, &mut dice).await;
        world.store.close().await;
        known
    };
    assert!(known.len() > DOCUMENTS / 2);
    let server = Server::with(Options {
        database: url.to_owned(),
        ..Options::default()
    });
    let me = world::physician().id.as_str().to_owned();
    let mut client = server.client("medecin");
    let visible: Vec<&Known> = known.iter().filter(|one| one.is_visible_to(&me)).collect();
    let mut met = 0;
    for _ in 0..QUESTIONS {
        let question = Question::random(&mut dice, &visible);
        let expected = question.answer(&visible);
        let found = ask(&mut client, "DocumentReference", &question.query()).await;
        let (total, ids) = found;
        if ids != expected {
            let of = |from: &[String], not: &[String]| {
                let odd = from.iter().find(|id| !not.contains(*id));
                odd.and_then(|id| known.iter().find(|one| one.entry.id.to_string() == *id))
                    .map(|one| format!("{} {:?}", one.depositor, one.entry))
            };
            panic!(
                "seed {seed}: {}\ntoo much: {:?}\ntoo little: {:?}\nfound {ids:?}\nmeant {expected:?}",
                question.query(),
                of(&ids, &expected),
                of(&expected, &ids)
            );
        }
        assert_eq!(total as usize, expected.len(), "seed {seed}");
        met += expected.len();
    }
    // Questions that nothing answers prove little.
    assert!(met > QUESTIONS, "{met}");
    // Who deposited a submission knows of it, whatever became of its document.
    let known_sets = known
        .iter()
        .filter(|one| one.is_visible_to(&me) || one.depositor == me);
    let sets: Vec<&SubmissionSet> = known_sets.map(|one| &one.set).collect();
    met = 0;
    for _ in 0..QUESTIONS {
        let asked = lists::Asked::random(&mut dice, &sets);
        let expected = asked.answer(&sets);
        let (total, ids) = ask(&mut client, "List", &asked.query()).await;
        assert_eq!(ids, expected, "seed {seed}: {}", asked.query());
        assert_eq!(total as usize, expected.len(), "seed {seed}");
        met += expected.len();
    }
    assert!(met > QUESTIONS, "{met}");
}

/// The total and the ids, page by page to the end.
async fn ask(client: &mut Client, kind: &str, query: &str) -> (u64, Vec<String>) {
    let mut next = Some(format!(
        "/{kind}?patient.identifier={}&{query}",
        support::client::encode(PATIENT)
    ));
    let (mut total, mut ids) = (0, Vec::new());
    while let Some(path) = next {
        let page = client.get(&path).await.assert_status(200).json();
        total = page["total"].as_u64().expect("total");
        for entry in page["entry"].as_array().into_iter().flatten() {
            if entry["search"]["mode"] == "match" {
                ids.push(entry["resource"]["id"].as_str().expect("id").to_owned());
            }
        }
        let links = page["link"].as_array().expect("links").iter();
        let mut links = links.filter(|link| link["relation"] == "next");
        next = links
            .next()
            .map(|link| link["url"].as_str().expect("url").to_owned());
    }
    (total, ids)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_finds_what_the_words_say_on_sqlite() {
    let home = support::home::Home::sqlite();
    the_server_finds_what_the_words_say(&home.url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_finds_what_the_words_say_on_postgres() {
    if let Some(home) = support::home::Home::postgres().await {
        the_server_finds_what_the_words_say(&home.url).await;
    }
}
