//! Pages over HTTP while others publish, archive and delete: what the first page counted comes exactly once, on both databases.
#![allow(missing_docs, unreachable_pub, dead_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;
#[path = "store/world.rs"]
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use hyper::Method;
use passerelle::dmp::document::DocumentEntry;
use passerelle::policy::{Act, Rules};
use passerelle::store::{Render, Store};
use passerelle::tables::Tables;
use serde_json::{Value, json};
use support::document::PATIENT;
use support::{Admin, Client, Document, Options, Server, consent_for, with_admin};

/// Documents that are there when a walk begins; `PASSERELLE_PAGING=10000` asks for more.
const DOCUMENTS: usize = 1_000;
const CLIENTS: usize = 16;
const MEDECIN: &str = "899900000011";
const ARCHIVED: &str =
    "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-archived";

fn documents() -> usize {
    let asked = std::env::var("PASSERELLE_PAGING");
    asked.map_or(DOCUMENTS, |number| number.parse().expect("a number"))
}

/// As much of a resource as these tests look at.
struct Small;

impl Render for Small {
    fn document(&self, entry: &DocumentEntry) -> String {
        let updated = passerelle::dmp::time::Timestamp::from_instant(entry.updated).to_fhir();
        json!({
            "resourceType": "DocumentReference",
            "id": entry.id.to_string(),
            "meta": {"versionId": entry.version.to_string(), "lastUpdated": updated},
            "status": "current",
        })
        .to_string()
    }
}

/// A server whose record of [`PATIENT`] holds documents, put there without HTTP, fifty to a submission.
async fn seeded(url: &str, number: usize) -> Server {
    seeded_with(Options::default(), url, number).await
}

async fn seeded_with(options: Options, url: &str, number: usize) -> Server {
    {
        let world = world::World {
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
        let author = world::physician();
        let permit = world.permit(&author, &Act::Deposit).await;
        let mut left = number;
        while left > 0 {
            let some = left.min(50);
            let all = (left - some..left).map(|n| {
                let mut one = world::document(&world.ins);
                let (month, day) = (n % 12 + 1, n / 12 % 28 + 1);
                one.metadata.creation_time = world::time(&format!("2024-{month:02}-{day:02}"));
                one
            });
            let trace = world.trace(&author, passerelle::dmp::trace::TracedAct::ProvideBundle);
            let submission = world::submission(&world.ins, all.collect());
            let deposited = world.store.deposit(&permit, submission, trace).await;
            deposited.expect("deposit");
            left -= some;
        }
        world.store.close().await;
    }
    let server = Server::with(Options {
        database: url.to_owned(),
        ..options
    });
    let mut medecin = server.client("medecin");
    let consent = consent_for(PATIENT, MEDECIN);
    let declared = medecin.post("/Consent", &consent).await;
    declared.assert_status(201);
    server
}

/// What a walk met: how often each document, those of each page, the totals, and the links.
#[derive(Default)]
struct Walk {
    met: BTreeMap<String, usize>,
    pages: Vec<Vec<String>>,
    /// The links to the first page and to the one before, as the last page has them.
    first: Option<String>,
    previous: Option<String>,
    totals: Vec<u64>,
    links: Vec<String>,
}

/// Follows the next links to the end; `between` is done after the first page.
async fn walk(client: &mut Client, query: &str, between: impl AsyncFnOnce(&Value)) -> Walk {
    let start = format!(
        "/DocumentReference?patient.identifier={}&{query}",
        support::client::encode(PATIENT)
    );
    let mut walk = Walk::default();
    let mut page = client.get(&start).await.assert_status(200).json();
    let mut between = Some(between);
    loop {
        walk.totals.push(page["total"].as_u64().expect("total"));
        let ids = matches(&page);
        for id in &ids {
            *walk.met.entry(id.clone()).or_default() += 1;
        }
        walk.pages.push(ids);
        if let Some(between) = between.take() {
            between(&page).await;
        }
        (walk.first, walk.previous) = (link(&page, "first"), link(&page, "previous"));
        assert_eq!(walk.previous.is_some(), walk.pages.len() > 1);
        let Some(next) = link(&page, "next") else {
            return walk;
        };
        page = client.get(&next).await.assert_status(200).json();
        walk.links.push(next);
    }
}

/// The way back over a walk shows the same pages, whatever came meanwhile, and its first page is the first.
async fn back(client: &mut Client, walk: &Walk) {
    let mut previous = walk.previous.clone();
    for expected in walk.pages.iter().rev().skip(1) {
        let page = client.get(&previous.expect("a page before")).await;
        let page = page.assert_status(200).json();
        assert_eq!(matches(&page), *expected);
        assert_eq!(page["total"], walk.totals[0]);
        let next = client.get(&link(&page, "next").expect("next")).await;
        let at = walk.pages.iter().position(|page| page == expected);
        let next = next.assert_status(200).json();
        assert_eq!(matches(&next), walk.pages[at.expect("page") + 1]);
        previous = link(&page, "previous");
    }
    assert_eq!(previous, None);
    let first = walk.first.as_ref().expect("a first page");
    let first = client.get(first).await.assert_status(200).json();
    assert_eq!(matches(&first), walk.pages[0]);
    assert_eq!(first["total"], walk.totals[0]);
}

/// The ids of what matched.
fn matches(page: &Value) -> Vec<String> {
    let entries = page["entry"].as_array().into_iter().flatten();
    entries
        .filter(|entry| entry["search"]["mode"] == "match")
        .map(|entry| entry["resource"]["id"].as_str().expect("id").to_owned())
        .collect()
}

fn link(page: &Value, relation: &str) -> Option<String> {
    let mut links = page["link"].as_array().expect("links").iter();
    let link = links.find(|link| link["relation"] == relation)?;
    let url = link["url"].as_str().expect("url").to_owned();
    assert!(
        !url.contains("279035121518989") || relation == "self",
        "{url}"
    );
    Some(url)
}

async fn patch(client: &mut Client, id: &str, operations: &Value) -> u16 {
    let headers = [("Content-Type", "application/json-patch+json")];
    let path = format!("/DocumentReference/{id}");
    let body = operations.to_string().into_bytes();
    client
        .send(Method::PATCH, &path, &headers, body)
        .await
        .status
}

/// Publishes until told to stop, with creation times before, among and after those that are there.
async fn publish(server: &Server, number: usize, stop: Arc<AtomicBool>, done: Arc<AtomicUsize>) {
    let mut client = server.client("hopital");
    let mut round = number;
    while !stop.load(Ordering::Relaxed) {
        let year = [2019, 2024, 2026][round % 3];
        let document = Document::with(|sample| {
            sample.effective_time = format!(r#"<effectiveTime value="{year}0615103000+0200"/>"#);
        });
        let reply = client.post("", &document.bundle()).await;
        if reply.status == 200 {
            done.fetch_add(1, Ordering::Relaxed);
        } else {
            // So many at once may be told to come again.
            assert_eq!(reply.status, 503, "{:?}", reply.json());
        }
        round += 1;
    }
}

/// The reader's server, and that of those who publish: the same, or another one of the same database.
async fn nothing_is_lost(url: &str, publishes_elsewhere: bool) {
    let number = documents();
    let server = Arc::new(seeded(url, number).await);
    let publishing = match publishes_elsewhere {
        false => Arc::clone(&server),
        true => Arc::new(Server::with(Options {
            database: url.to_owned(),
            ..Options::default()
        })),
    };
    let mut reader = server.client("medecin");
    let mut changer = server.client("medecin");
    // The reader deposited those that were there at first.
    let mut own = None;
    for sort in ["-creation", "_lastUpdated", "-_lastUpdated"] {
        let before = walk(
            &mut reader,
            "status=current&_count=200&_elements=status",
            async |_: &Value| {},
        )
        .await;
        assert_eq!(before.met.len() as u64, before.totals[0]);
        let own = own.get_or_insert_with(|| before.met.keys().cloned().collect::<BTreeSet<_>>());
        let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let writers: Vec<_> = (0..CLIENTS)
            .map(|n| {
                let (server, stop) = (publishing.clone(), stop.clone());
                let done = Arc::clone(&done);
                tokio::spawn(async move { publish(&server, n, stop, done).await })
            })
            .collect();
        // Some of those still to come leave the current documents, and all of these get a new time of change.
        let query = format!("status=current&_sort={sort}&_count=200");
        let met = walk(&mut reader, &query, async |page: &Value| {
            let seen: Vec<_> = page["entry"].as_array().expect("entries").iter().collect();
            let seen = |id: &str| seen.iter().any(|entry| entry["resource"]["id"] == id);
            let (now, later): (Vec<&String>, Vec<&String>) = before
                .met
                .keys()
                .filter(|id| own.contains(*id))
                .partition(|id| seen(id));
            let path = format!("/extension[url:'{ARCHIVED}']/valueBoolean");
            let archive = json!([{"op": "add", "path": path, "value": true}]);
            let changed = now
                .iter()
                .take(3)
                .chain(later.iter().step_by(1 + later.len() / 5));
            for id in changed {
                assert_eq!(patch(&mut changer, id, &archive).await, 200);
            }
            while done.load(Ordering::Relaxed) < CLIENTS {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        })
        .await;
        back(&mut reader, &met).await;
        stop.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.await.expect("writer");
        }
        let lost = before.met.keys().filter(|id| !met.met.contains_key(*id));
        assert_eq!(lost.count(), 0, "{sort}: lost");
        let twice = met.met.values().filter(|times| **times > 1);
        assert_eq!(twice.count(), 0, "{sort}: twice");
        // The total is the first page's to the end, and what was walked.
        assert!(
            met.totals.iter().all(|total| *total == met.totals[0]),
            "{sort}"
        );
        assert_eq!(met.met.len() as u64, met.totals[0], "{sort}");
        for link in &met.links {
            assert!(!link.contains("279035121518989"), "{link}");
        }
        // What came meanwhile is there for the next search.
        let after = walk(&mut reader, "status=current&_count=0", async |_: &Value| {}).await;
        assert!(after.totals[0] > before.totals[0] - 10, "{sort}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_on_sqlite() {
    let home = support::home::Home::sqlite();
    nothing_is_lost(&home.url, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_on_postgres() {
    if let Some(home) = support::home::Home::postgres().await {
        nothing_is_lost(&home.url, true).await;
    }
}

/// A page is decided for who asks for it, when he asks: a link gives no right, and an old state shows nothing that is hidden now.
async fn a_link_gives_no_right(url: &str) {
    let server = seeded(url, 9).await;
    let mut medecin = server.client("medecin");
    let mut other = server.client("medecin2");
    let met = walk(
        &mut medecin,
        "status=current&_count=4&_sort=_id",
        async |page: &Value| {
            let next = page["link"][1]["url"].as_str().expect("next");
            let refused = other.get(next).await;
            refused.assert_refused(403, "consent-required");
            let foreign = next.replace("/DocumentReference?", "/List?");
            medecin_refused(&server, &foreign).await;
            let forged = format!("{next}x");
            medecin_refused(&server, &forged).await;
        },
    )
    .await;
    assert_eq!(met.totals, [9, 9, 9]);
    // One that is deleted between two pages is gone, from the total too.
    let mut exploitant = server.client("medecin");
    let last = met.met.keys().last().expect("one").clone();
    let left = walk(
        &mut medecin,
        "status=current&_count=4&_sort=_id",
        async |_: &Value| {
            let delete = json!([{"op": "replace", "path": "/status", "value": "entered-in-error"}]);
            assert_eq!(patch(&mut exploitant, &last, &delete).await, 200);
        },
    )
    .await;
    assert_eq!(left.totals, [9, 8]);
    assert!(!left.met.contains_key(&last));
}

async fn medecin_refused(server: &Server, link: &str) {
    let refused = server.client("medecin").get(link).await;
    refused.assert_refused(400, "parameter-invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_gives_no_right_on_sqlite() {
    let home = support::home::Home::sqlite();
    a_link_gives_no_right(&home.url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_gives_no_right_on_postgres() {
    if let Some(home) = support::home::Home::postgres().await {
        a_link_gives_no_right(&home.url).await;
    }
}

/// What comes with one page is bounded, and the answer says so.
#[tokio::test(flavor = "multi_thread")]
async fn what_comes_with_a_page_is_bounded() {
    let home = support::home::Home::sqlite();
    let server = seeded(&home.url, 551).await;
    let mut medecin = server.client("medecin");
    let patient = ("patient.identifier", PATIENT);
    let ask = [patient, ("code", "submissionset"), ("status", "current")];
    for (count, expected, told) in [("20", 500, true), ("5", 250, false)] {
        let mut ask = ask.to_vec();
        ask.extend([
            ("_include", "List:item"),
            ("_count", count),
            ("_sort", "-_lastUpdated"),
        ]);
        let page = medecin.search("List", &ask).await.assert_status(200).json();
        let entries = page["entry"].as_array().expect("entries");
        let of = |mode: &str| {
            entries
                .iter()
                .filter(|entry| entry["search"]["mode"] == mode)
                .count()
        };
        assert!(of("include").abs_diff(expected) < 50, "{}", of("include"));
        let cut = page.to_string().contains("include-cut");
        assert_eq!(cut, told, "{count}");
    }
}

/// A day after the first page, the others are gone: 410. Those that were asked for meanwhile began no new day.
#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_a_search_expire() {
    let home = support::home::Home::sqlite();
    let server = seeded_with(with_admin(Options::default()), &home.url, 101).await;
    let admin = Admin::of(&server);
    let mut medecin = server.client("medecin");
    let start = jiff::Timestamp::now();
    for (kind, query) in [
        ("DocumentReference", "status=current&_count=40"),
        ("List", "code=submissionset&status=current&_count=1"),
        ("AuditEvent", "_count=1"),
    ] {
        admin.set_clock(start);
        let patient = support::client::encode(PATIENT);
        let first = format!("/{kind}?patient.identifier={patient}&{query}");
        let first = medecin.get(&first).await.assert_status(200).json();
        let next = link(&first, "next").expect("next");
        admin.set_clock(start + jiff::SignedDuration::from_hours(23));
        let second = medecin.get(&next).await.assert_status(200).json();
        let third = link(&second, "next").expect("third");
        let links = [
            next,
            third,
            link(&first, "first").expect("first"),
            link(&second, "first").expect("first"),
            link(&second, "previous").expect("previous"),
        ];
        for url in &links {
            medecin.get(url).await.assert_status(200);
        }
        admin.set_clock(start + jiff::SignedDuration::from_mins(24 * 60 + 1));
        for url in &links {
            medecin.get(url).await.assert_refused(410, "page-expired");
        }
    }
}

/// There is nothing to page through: no other links.
#[tokio::test(flavor = "multi_thread")]
async fn a_result_of_one_page_has_one_link() {
    let home = support::home::Home::sqlite();
    let server = seeded(&home.url, 3).await;
    let mut medecin = server.client("medecin");
    for count in ["50", "3", "0"] {
        let ask = [
            ("patient.identifier", PATIENT),
            ("status", "current"),
            ("_count", count),
        ];
        let page = medecin
            .search("DocumentReference", &ask)
            .await
            .assert_status(200)
            .json();
        assert_eq!(page["link"].as_array().expect("links").len(), 1, "{count}");
    }
}
