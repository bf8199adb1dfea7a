use passerelle::dmp::trace::TracedAct;
use passerelle::store::{Verification, verify_journal};

use crate::raw;
use crate::world::*;

/// Six lines in one record, one in another.
async fn written(url: &str) -> World {
    let world = World::new(url).await;
    for _ in 0..3 {
        world.deposit(&physician(), document(&world.ins)).await;
    }
    for _ in 0..2 {
        world.find(&physician(), &query(vec![])).await;
    }
    world.put_record(record(&ins(1))).await;
    world
}

pub async fn a_whole_journal_is_whole(url: &str) {
    let world = written(url).await;
    let whole = Verification::Whole {
        chains: 2,
        lines: 7,
    };
    assert_eq!(world.store.verify_journal().await, Ok(whole.clone()));
    assert_eq!(
        verify_journal(url).await.expect("open"),
        whole,
        "while it is served"
    );
    world.store.close().await;
    assert_eq!(verify_journal(url).await.expect("open"), whole);
    assert!(verify_journal("sqlite:/nowhere/records.db").await.is_err());
}

pub async fn tampering_is_found(url: &str) {
    let world = written(url).await;
    let record = world
        .store
        .standing(&world.ins, &physician())
        .await
        .unwrap()
        .unwrap()
        .record
        .id
        .to_string();
    let chain = world.ins.key();
    let of = format!("WHERE ins = '{chain}'");
    let swap = format!(
        "UPDATE journal SET seq = 100 {of} AND seq = 3; UPDATE journal SET seq = 3 {of} AND seq = 4; \
         UPDATE journal SET seq = 4 {of} AND seq = 100;"
    );
    let shift = |from: u32| -> String {
        let moved = |seq| format!("UPDATE journal SET seq = {} {of} AND seq = {seq};", seq - 1);
        (from..=6).map(moved).collect()
    };
    for (sql, sequence, what) in [
        (
            format!("UPDATE journal SET body = replace(body, '\"0\"', '\"8\"') {of} AND seq = 2"),
            2,
            "changed",
        ),
        (
            format!(
                "UPDATE journal SET hash = (SELECT hash FROM journal {of} AND seq = 1) {of} AND seq = 5"
            ),
            5,
            "changed",
        ),
        (
            format!(
                "UPDATE journal_head SET hash = (SELECT hash FROM journal {of} AND seq = 1) {of}"
            ),
            6,
            "changed",
        ),
        (
            format!("DELETE FROM journal {of} AND seq = 3"),
            3,
            "removed",
        ),
        (
            format!("DELETE FROM journal {of} AND seq = 3; {}", shift(4)),
            3,
            "removed",
        ),
        (
            format!("DELETE FROM journal {of} AND seq = 6"),
            6,
            "removed",
        ),
        (
            format!("DELETE FROM journal {of} AND seq = 1"),
            1,
            "removed",
        ),
        (format!("DELETE FROM journal {of}"), 1, "removed"),
        (
            format!("DELETE FROM journal {of}; DELETE FROM journal_head {of}"),
            1,
            "removed",
        ),
        (swap, 3, "reordered"),
        (
            format!("INSERT INTO journal SELECT ins, 7, hash, body FROM journal {of} AND seq = 6"),
            7,
            "added",
        ),
        (
            format!("INSERT INTO journal SELECT ins, 0, hash, body FROM journal {of} AND seq = 6"),
            0,
            "added",
        ),
        (format!("DELETE FROM journal_head {of}"), 1, "added"),
    ] {
        raw::run(url, "CREATE TABLE lines AS SELECT * FROM journal; CREATE TABLE ends AS SELECT * FROM journal_head").await;
        raw::run(url, &sql).await;
        let broken = Verification::Broken {
            record: record.clone(),
            sequence,
            what,
        };
        assert_eq!(world.store.verify_journal().await, Ok(broken), "{sql}");
        raw::run(
            url,
            "DELETE FROM journal; DELETE FROM journal_head; INSERT INTO journal SELECT * FROM lines; \
             INSERT INTO journal_head SELECT * FROM ends; DROP TABLE lines; DROP TABLE ends",
        )
        .await;
        let whole = Verification::Whole {
            chains: 2,
            lines: 7,
        };
        assert_eq!(world.store.verify_journal().await, Ok(whole), "put back");
    }
    // A chain given to another record.
    let other = ins(1).key();
    raw::run(url, &format!("DELETE FROM journal WHERE ins = '{other}'; DELETE FROM journal_head WHERE ins = '{other}'; \
        INSERT INTO journal SELECT '{other}', seq, hash, body FROM journal {of}; \
        INSERT INTO journal_head SELECT '{other}', seq, hash FROM journal_head {of}")).await;
    let found = world.store.verify_journal().await.expect("verify");
    assert!(
        matches!(
            found,
            Verification::Broken {
                sequence: 1,
                what: "changed",
                ..
            }
        ),
        "{found:?}"
    );
}

pub async fn acts_without_record_have_their_chain(url: &str) {
    let world = World::new(url).await;
    for _ in 0..2 {
        world
            .store
            .trace(trace(&physician(), None, TracedAct::Other))
            .await
            .expect("trace");
    }
    // An INS without record has its own, too.
    world
        .store
        .trace(trace(
            &physician(),
            Some(&ins(7)),
            TracedAct::SearchDocuments,
        ))
        .await
        .expect("trace");
    assert_eq!(raw::journal(url, "-").await.len(), 2);
    let whole = Verification::Whole {
        chains: 3,
        lines: 4,
    };
    assert_eq!(world.store.verify_journal().await, Ok(whole));
    raw::run(url, "DELETE FROM journal WHERE ins = '-' AND seq = 2").await;
    let broken = Verification::Broken {
        record: "-".into(),
        sequence: 2,
        what: "removed",
    };
    assert_eq!(world.store.verify_journal().await, Ok(broken));
}

pub async fn a_document_without_its_line_is_found(url: &str) {
    let world = written(url).await;
    // As if one had been slipped in behind the journal's back.
    let one = "(SELECT id FROM document ORDER BY id LIMIT 1)";
    let zeros = match url.starts_with("sqlite:") {
        true => "zeroblob(16)",
        false => "decode(repeat('00', 16), 'hex')",
    };
    raw::run(
        url,
        &format!("UPDATE document SET id = {zeros} WHERE id = {one}"),
    )
    .await;
    let found = world.store.verify_journal().await.expect("verify");
    assert!(
        matches!(
            found,
            Verification::Broken {
                sequence: 7,
                what: "removed",
                ..
            }
        ),
        "{found:?}"
    );
}

pub async fn lines_hold_no_ins(url: &str) {
    let world = written(url).await;
    let bodies = raw::column(url, "SELECT body FROM journal").await;
    assert!(bodies.len() == 7 && bodies.iter().all(|body| !body.contains(world.ins.value())));
}
