//! What visibility costs in a search of a large record: the store's search under a physician's, a nurse's and a holder's permit,
//! against the same two statements without any visibility, with the same trace.
//!
//! `cargo bench --bench policy`
#![allow(
    unreachable_pub,
    dead_code,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

#[path = "../tests/store/world.rs"]
mod world;

use std::time::{Duration, Instant};

use passerelle::dmp::document::Availability;
use passerelle::dmp::query::{DocumentQuery, Sort, SortField};
use passerelle::dmp::trace::TracedAct;
use passerelle::policy::Act;
use rusqlite::Connection;
use world::{World, context, cps, document, masked, physician};

/// Documents in the record; one in ten is masked.
const HELD: usize = 2_000;
const PAGE: u32 = 20;
const ROUNDS: usize = 200;

/// The same page and count, of everything.
const ALL: &str = "SELECT d.id, d.created_start, d.version, d.updated, d.hidden_until, d.invisible_representatives \
    FROM document d WHERE d.ins = $1 AND d.availability IN (0) ORDER BY d.created_start DESC, d.id DESC LIMIT 21";
const COUNT: &str = "SELECT COUNT(*) FROM document d WHERE d.ins = $1 AND d.availability IN (0)";

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("runtime");
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("bench.db");
    let url = format!("sqlite:{}", file.display());
    let world = runtime.block_on(async {
        let world = World::new(&url).await;
        for number in 0..HELD {
            let one = if number % 10 == 0 {
                masked(&world.ins)
            } else {
                document(&world.ins)
            };
            world.deposit(&physician(), one).await;
        }
        world
    });
    let raw = Connection::open(&file).expect("database");
    let key = world.ins.key();
    let query = DocumentQuery {
        availability: vec![Availability::Approved],
        conditions: Vec::new(),
        sort: vec![Sort {
            field: SortField::Creation,
            descending: true,
        }],
        count: PAGE,
        after: None,
    };
    let nobody = cps("899900099999", "10");
    let floor = || {
        let mut page = raw.prepare_cached(ALL).expect("page");
        let rows = page
            .query_map([&key], |row| row.get::<_, Vec<u8>>(0))
            .expect("page")
            .count();
        let mut count = raw.prepare_cached(COUNT).expect("count");
        let total: i64 = count.query_row([&key], |row| row.get(0)).expect("count");
        assert!(rows == 21 && total == HELD as i64);
        let trace = world.trace(&nobody, TracedAct::SearchDocuments);
        runtime.block_on(world.store.trace(trace)).expect("trace");
    };
    let act = Act::SearchDocuments {
        by_identifier: false,
    };
    println!("| search of {HELD} documents, page of {PAGE} | µs | of the floor |");
    println!("|---|---|---|");
    for (name, actor) in [
        ("physician, all types", cps("899900000029", "10")),
        ("nurse, types of the matrix", cps("899900000078", "60")),
        ("the author, his own", physician()),
    ] {
        // The first consultation is told to the patient: it is not what is measured.
        let permit = runtime.block_on(async {
            world.declare(&actor, true).await;
            for _ in 0..2 {
                let first = world.try_permit(&actor, &act, &context()).await;
                let first = first.expect("permit");
                let trace = world.trace(&actor, TracedAct::SearchDocuments);
                let found = world.store.find_documents(&first, &query, trace);
                found.await.expect("search");
            }
            world.try_permit(&actor, &act, &context()).await
        });
        let permit = permit.expect("permit");
        assert!(permit.notice().is_none());
        let ours = || {
            let trace = world.trace(&actor, TracedAct::SearchDocuments);
            let found = world.store.find_documents(&permit, &query, trace);
            assert!(runtime.block_on(found).expect("search").total > 0);
        };
        let (mut with, mut without) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            without.push(timed(floor));
            with.push(timed(ours));
        }
        let (with, without) = (median(&mut with), median(&mut without));
        println!(
            "| {name} | {:.0} against {:.0} | **{:.2}** |",
            with.as_secs_f64() * 1e6,
            without.as_secs_f64() * 1e6,
            with.as_secs_f64() / without.as_secs_f64()
        );
    }
}

fn timed(work: impl Fn()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}
