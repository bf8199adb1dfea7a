//! A walk forward to the end and back to the start sees the same pages twice, whatever arrives meanwhile.

use std::fmt::Debug;

use passerelle::dmp::query::{Bookmark, Page, Position, Sort, SortField};
use passerelle::dmp::trace::{Trace, TraceQuery, TracedAct};
use passerelle::policy::Act;

use crate::world::*;

/// Walks forward, then back, then to the first page again; `read` is asked for each page. Gives the pages in their order.
async fn there_and_back<T: Debug + PartialEq>(
    read: impl AsyncFn(Option<Bookmark>) -> Page<T>,
) -> Vec<Vec<T>> {
    let (mut pages, mut totals): (Vec<Vec<T>>, Vec<u64>) = (Vec::new(), Vec::new());
    let mut asked = None;
    let mut last = loop {
        let page = read(asked.clone()).await;
        assert_eq!(page.previous.is_some(), !pages.is_empty());
        totals.push(page.total);
        let (next, previous) = (page.next, page.previous);
        pages.push(page.rows);
        if next.is_none() {
            break previous;
        }
        asked = next;
    };
    let state = asked.and_then(|page| page.state);
    assert!(state.is_some());
    for expected in pages.iter().rev().skip(1) {
        let page = read(last).await;
        assert_eq!(page.rows, *expected);
        assert!(page.next.is_some());
        totals.push(page.total);
        // Forward again from there: the page that was left.
        last = page.previous;
    }
    assert_eq!(last, None, "there is nothing before the first page");
    let at = Position::First;
    let first = read(Some(Bookmark { at, state })).await;
    assert_eq!(first.rows, pages[0]);
    assert_eq!((first.previous, first.next.is_some()), (None, true));
    totals.push(first.total);
    assert!(totals.iter().all(|total| *total == totals[0]), "{totals:?}");
    pages
}

pub async fn of_documents_go_back_as_they_came(url: &str) {
    let world = World::new(url).await;
    let doctor = physician();
    for n in 0..11 {
        let mut one = document(&world.ins);
        one.metadata.creation_time = time(["2022-01-01", "2023-01-01"][n % 2]);
        world.deposit(&doctor, one).await;
    }
    for (field, descending) in [
        (SortField::Creation, true),
        (SortField::Creation, false),
        (SortField::Updated, true),
        (SortField::Id, false),
    ] {
        let read = async |page| {
            let act = Act::SearchDocuments {
                by_identifier: false,
            };
            let permit = world.permit(&doctor, &act).await;
            let trace = world.trace(&doctor, TracedAct::SearchDocuments);
            let mut asked = query(vec![]);
            asked.sort = vec![Sort { field, descending }];
            asked.count = 4;
            asked.after = page;
            let found = world.store.find_documents(&permit, &asked, trace).await;
            // One before, one among and one after those that are walked.
            for day in ["2021-01-01", "2022-01-01", "2024-01-01"] {
                let mut one = document(&world.ins);
                one.metadata.creation_time = time(day);
                world.deposit(&doctor, one).await;
            }
            found.expect("page")
        };
        let before = world.find(&doctor, &query(vec![])).await.0;
        let pages = there_and_back(read).await;
        let walked: usize = pages.iter().map(Vec::len).sum();
        assert_eq!(walked as u64, before, "{field:?} {descending}");
        assert!(pages.iter().rev().skip(1).all(|page| page.len() == 4));
    }
}

pub async fn of_submissions_go_back_as_they_came(url: &str) {
    let world = World::new(url).await;
    let doctor = physician();
    let sent = async |day: &str| {
        let mut set = submission(&world.ins, vec![document(&world.ins)]);
        set.metadata.submission_time = time(day);
        let permit = world.permit(&doctor, &Act::Deposit).await;
        let trace = world.trace(&doctor, TracedAct::ProvideBundle);
        let done = world.store.deposit(&permit, set, trace).await;
        done.expect("deposit");
    };
    for n in 0..7 {
        sent(["2022-01-01", "2023-01-01"][n % 2]).await;
    }
    for descending in [true, false] {
        let read = async |page| {
            let permit = world.permit(&doctor, &Act::SearchSubmissions).await;
            let trace = world.trace(&doctor, TracedAct::SearchSubmissions);
            let mut asked = query(vec![]);
            asked.sort = vec![Sort {
                field: SortField::Deposited,
                descending,
            }];
            asked.count = 3;
            asked.after = page;
            let found = world.store.find_lists(&permit, &asked, trace).await;
            for day in ["2021-01-01", "2022-01-01", "2024-01-01"] {
                sent(day).await;
            }
            let found = found.expect("page");
            Page {
                total: found.total,
                rows: found.rows.iter().map(|found| found.id()).collect(),
                next: found.next,
                previous: found.previous,
            }
        };
        let pages = there_and_back(read).await;
        assert!(pages.iter().rev().skip(1).all(|page| page.len() == 3));
        assert!(pages.len() >= 3);
    }
}

pub async fn of_traces_go_back_as_they_came(url: &str) {
    let world = World::new(url).await;
    let doctor = physician();
    world.declare(&doctor, true).await;
    for number in 0..10 {
        let at = now() - jiff::SignedDuration::from_secs(100 - number / 3);
        let trace = world.trace(&doctor, TracedAct::SearchDocuments);
        world
            .store
            .trace(Trace { at, ..trace })
            .await
            .expect("line");
    }
    for descending in [true, false] {
        let read = async |page| {
            let permit = world.permit(&doctor, &Act::ReadTraces).await;
            let query = TraceQuery {
                conditions: Vec::new(),
                descending,
                count: 4,
                after: page,
            };
            // Each page is traced itself.
            let trace = world.trace(&doctor, TracedAct::SearchTraces);
            let found = world.store.find_traces(&permit, &query, trace).await;
            found.expect("page")
        };
        let pages = there_and_back(read).await;
        assert!(pages.len() >= 3);
    }
}
