//! Sixteen publishers, a server side killed at random moments, twenty times: what was acknowledged is there and whole, the rest
//! is not there at all, and the journal has one line per act. The server side is this very program, started again.
#![allow(missing_docs, unreachable_pub, dead_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "store/home.rs"]
mod home;
#[path = "store/raw.rs"]
mod raw;
#[path = "store/world.rs"]
mod world;

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use passerelle::dmp::submission::NewDocument;
use passerelle::dmp::trace::TracedAct;
use passerelle::policy::Act;
use passerelle::store::Verification;
use uuid::Uuid;
use world::*;

const PUBLISHERS: usize = 16;
const KILLS: usize = 20;
const SERVE: &str = "PASSERELLE_CRASH_URL";

/// Not a test by itself: the server side, when the test below starts it.
#[test]
fn server_side() {
    let Ok(url) = std::env::var(SERVE) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    runtime.block_on(async {
        let world = Arc::new(World::open(&url).await);
        let publishers: Vec<_> = (0..PUBLISHERS)
            .map(|_| tokio::spawn(publish(world.clone())))
            .collect();
        for publisher in publishers {
            publisher.await.expect("publisher");
        }
    });
}

/// Publishes without end; says each acknowledged document, and each acknowledged refusal.
async fn publish(world: Arc<World>) {
    let doctor = physician();
    for n in 0.. {
        let first = random(&world);
        let unique_id = first.metadata.unique_id.clone();
        let content = sum(&first.content);
        let mut documents = vec![first];
        if n % 3 == 0 {
            documents.push(random(&world));
        }
        let second = documents.get(1).map(|document| sum(&document.content));
        let done = world
            .try_deposit(&doctor, documents)
            .await
            .expect("deposit");
        say(&format!("kept {} {content}", done.documents[0].id));
        if let (Some(entry), Some(content)) = (done.documents.get(1), second) {
            say(&format!("kept {} {content}", entry.id));
        }
        if n % 4 == 0 {
            let mut again = random(&world);
            again.metadata.unique_id = unique_id;
            let refused = world.try_deposit(&doctor, vec![again]).await;
            assert!(refused.is_err());
            say("refused");
        }
    }
}

fn random(world: &World) -> NewDocument {
    let mut document = document(&world.ins);
    let number = Uuid::new_v4().as_u128();
    document.metadata.unique_id = format!("2.25.{number}").parse().expect("unique id");
    document.content = number.to_le_bytes().repeat(1 + (number % 3000) as usize);
    document
}

fn sum(bytes: &[u8]) -> String {
    bytes_hex(&openssl::sha::sha256(bytes))
}

fn bytes_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One whole line at once: a kill never leaves half of one.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(format!("\ncrash: {line}\n").as_bytes());
    let _ = out.flush();
}

/// What the server side acknowledged over its lives.
#[derive(Default)]
struct Acknowledged {
    documents: HashMap<Uuid, String>,
    refusals: usize,
}

/// Lets the server side live until it acknowledged some documents, then kills it in the middle of the next ones.
fn live_and_die(url: &str, acknowledged: &mut Acknowledged) {
    let (_, a, b, _) = Uuid::new_v4().as_fields();
    let (documents, pause) = (10 + usize::from(a) % 60, u64::from(b) % 20_000);
    let program = std::env::current_exe().expect("program");
    let mut child = Command::new(program)
        .args(["--exact", "server_side", "--nocapture"])
        .env(SERVE, url)
        .stdout(Stdio::piped())
        .spawn()
        .expect("start");
    let out = BufReader::new(child.stdout.take().expect("standard output"));
    let enough = acknowledged.documents.len() + documents;
    let mut dying = false;
    for line in out.lines() {
        let line = line.expect("line");
        let Some(said) = line.strip_prefix("crash: ") else {
            continue;
        };
        match said.split(' ').collect::<Vec<_>>().as_slice() {
            ["kept", id, content] => {
                let id = id.parse().expect("id");
                acknowledged.documents.insert(id, (*content).to_owned());
            }
            ["refused"] => acknowledged.refusals += 1,
            _ => panic!("{line}"),
        }
        if acknowledged.documents.len() >= enough && !dying {
            dying = true;
            std::thread::sleep(Duration::from_micros(pause));
            // SIGKILL: nothing of it can be caught.
            child.kill().expect("kill");
        }
    }
    assert!(!child.wait().expect("wait").success(), "it was killed");
    assert!(dying, "it died by itself");
}

async fn crash(url: &str) {
    let world = World::new(url).await;
    let ins = world.ins.clone();
    world.store.close().await;
    let mut acknowledged = Acknowledged::default();
    for _ in 0..KILLS {
        let url = url.to_owned();
        acknowledged = tokio::task::spawn_blocking(move || {
            live_and_die(&url, &mut acknowledged);
            acknowledged
        })
        .await
        .expect("a life");
    }
    let world = World::open(url).await;
    let found = world.store.verify_journal().await.expect("verify");
    assert!(matches!(found, Verification::Whole { .. }), "{found:?}");
    every_document_is_whole(&world, &acknowledged).await;
    no_document_is_half_there(url).await;

    let lines = raw::journal(url, &ins.key()).await;
    let deposits = |outcome: &str| {
        let of = |line: &&serde_json::Value| line["act"] == "ITI-65" && line["outcome"] == outcome;
        lines.iter().filter(of).count()
    };
    let submissions = raw::count(url, "submission").await as usize;
    assert_eq!(deposits("0"), submissions, "one line per deposit");
    // What was committed and not yet said when the kill came: at most one act of each publisher per life.
    assert!(
        (acknowledged.refusals..=acknowledged.refusals + KILLS * PUBLISHERS)
            .contains(&deposits("4"))
    );
    let ids: HashSet<_> = lines.iter().map(|line| line["id"].to_string()).collect();
    assert_eq!(ids.len(), lines.len(), "no act is told twice");
    eprintln!(
        "{} documents and {} refusals acknowledged over {KILLS} lives",
        acknowledged.documents.len(),
        acknowledged.refusals
    );
    world.store.close().await;
}

async fn every_document_is_whole(world: &World, acknowledged: &Acknowledged) {
    let doctor = physician();
    let permit = world.permit(&doctor, &Act::ReadContent).await;
    let stored = raw::column(&world.url, "SELECT entry FROM document_text").await;
    let entries: HashMap<Uuid, passerelle::dmp::document::DocumentEntry> = stored
        .iter()
        .map(|entry| serde_json::from_str(entry).expect("entry"))
        .map(|entry: passerelle::dmp::document::DocumentEntry| (entry.id, entry))
        .collect();
    for (id, content) in &acknowledged.documents {
        let entry = entries.get(id).expect("an acknowledged document");
        let trace = world.trace(&doctor, TracedAct::RetrieveDocument);
        let read = world.content(&permit, entry.content_id, trace);
        assert_eq!(sum(&read.await.expect("content").bytes), *content);
    }
}

/// Everything that a document consists of is there, whether it was acknowledged or not; nothing is there without document.
async fn no_document_is_half_there(url: &str) {
    let documents = raw::count(url, "document").await;
    let submissions = raw::count(url, "submission").await;
    for (table, expected) in [
        (
            "document d JOIN content c ON c.ins = d.ins AND c.sha256 = d.sha256",
            documents,
        ),
        (
            "document d JOIN submission s ON s.ins = d.ins AND s.id = d.submission",
            documents,
        ),
        (
            "document d JOIN unique_id u ON u.value = d.unique_id AND u.entry = d.id",
            documents,
        ),
        (
            "document d JOIN locator l ON l.id = d.id AND l.target = d.id",
            documents,
        ),
        (
            "document d JOIN locator l ON l.id <> d.id AND l.target = d.id",
            documents,
        ),
        (
            "document d JOIN document_text t ON t.ins = d.ins AND t.id = d.id",
            documents,
        ),
        ("content", documents),
        ("unique_id", documents + submissions),
        ("locator", 2 * documents + submissions + 1),
        ("(SELECT DISTINCT submission FROM document) d", submissions),
        (
            "(SELECT DISTINCT entry FROM attribute) a",
            documents + submissions,
        ),
    ] {
        assert_eq!(raw::count(url, table).await, expected, "{table}");
    }
}

#[tokio::test]
async fn sqlite_keeps_what_it_acknowledged() {
    if std::env::var(SERVE).is_err() {
        crash(&home::Home::sqlite().url).await;
    }
}

#[tokio::test]
async fn postgres_keeps_what_it_acknowledged() {
    if std::env::var(SERVE).is_err()
        && let Some(home) = home::Home::postgres().await
    {
        crash(&home.url).await;
    }
}
