//! A patient's INS changes: the record keeps its key, and each of its numbers leads to it (INS-01).

use passerelle::dmp::ins::{Ins, InsRoot};
use passerelle::dmp::record::{Record, RecordData, RecordState};
use passerelle::dmp::time::day;
use passerelle::dmp::trace::TracedAct;
use passerelle::error::{Code, Error};
use passerelle::policy::{Act, decide};
use passerelle::store::{Verification, is_stale};

use crate::raw;
use crate::world::*;

/// The number under which the record is opened, and the one that comes after it.
fn nia_and_nir(world: &World) -> (Ins, Ins) {
    let as_root = |root, ins: &Ins| Ins::parse(root, ins.value()).unwrap();
    (
        as_root(InsRoot::Nia, &world.ins),
        as_root(InsRoot::Nir, &ins(1)),
    )
}

fn numbered(present: &Ins, former: &[&Ins]) -> RecordData {
    RecordData {
        former: former.iter().map(|ins| (*ins).clone()).collect(),
        ..record(present)
    }
}

async fn put(world: &World, data: RecordData) -> Result<(Record, bool), Error> {
    let operator = establishment("10B0000001", true);
    let permit = decide(&world.rules, &operator, &Act::OpenRecord, None, &context()).unwrap();
    let trace = trace(&operator, Some(&data.ins), TracedAct::OpenRecord);
    world.store.put_record(&permit, data, None, trace).await
}

async fn whole(world: &World) {
    let found = world.store.verify_journal().await.unwrap();
    assert!(matches!(found, Verification::Whole { .. }), "{found:?}");
}

pub async fn a_record_goes_on_under_a_new_number(url: &str) {
    let mut world = World::open(url).await;
    let (nia, nir) = nia_and_nir(&world);
    let doctor = physician();
    let (opened, _) = put(&world, numbered(&nia, &[])).await.unwrap();
    world.ins = nia.clone();
    let before = world.deposit(&doctor, document(&nia)).await;
    world.declare(&doctor, true).await;
    assert_eq!(world.store.standing(&nir, &doctor).await, Ok(None));

    let (changed, new) = put(&world, numbered(&nir, &[&nia])).await.unwrap();
    assert!(!new && changed.id == opened.id && changed.version == 2);
    assert_eq!((&changed.opened_as, &changed.data.ins), (&nia, &nir));
    // Either number, the same record with its rights.
    let mut found = Vec::new();
    for number in [&nia, &nir] {
        let standing = world.store.standing(number, &doctor).await.unwrap();
        found.push(standing.expect("record"));
    }
    assert_eq!(found[0], found[1]);
    assert_eq!((&found[0].record, found[0].rights.len()), (&changed, 1));

    // A deposit by either; each entry keeps the number that it came with.
    let after = world.deposit(&doctor, document(&nir)).await;
    let late = world.deposit(&doctor, document(&nia)).await;
    assert_eq!(
        [&before, &after, &late].map(|entry| &entry.metadata.patient),
        [&nia, &nir, &nia]
    );
    let (total, _) = world.find(&doctor, &query(Vec::new())).await;
    assert_eq!(total, 3);
    let stranger = document(&ins(2));
    assert_eq!(
        code_of(world.try_deposit(&doctor, vec![stranger]).await),
        Code::Internal
    );
    // The patient is told under his present number.
    let outbox = world.store.outbox().await.unwrap();
    assert!(!outbox.is_empty());
    for told in &outbox {
        let number = if told.document == Some(before.id) {
            &nia
        } else {
            &nir
        };
        assert_eq!(&told.patient, number, "{:?}", told.kind);
    }
    // One chain, and the line of the change names its rule.
    let lines = raw::journal(url, &nia.key()).await;
    let changes = lines.iter().filter(|line| line["rule"] == "INS-01");
    assert_eq!(changes.count(), 1);
    assert!(raw::journal(url, &nir.key()).await.is_empty());
    assert_eq!(raw::count(url, "record").await, 1);
    whole(&world).await;
}

pub async fn no_number_is_lost_or_taken(url: &str) {
    let world = World::open(url).await;
    let (nia, nir) = nia_and_nir(&world);
    let (_, new) = put(&world, numbered(&nia, &[])).await.unwrap();
    assert!(new);
    let other = ins(5);
    put(&world, record(&other)).await.unwrap();
    // A number of another record, as the present one and as a former one.
    for data in [numbered(&other, &[&nia]), numbered(&nia, &[&other])] {
        assert_eq!(code_of(put(&world, data).await), Code::InsTaken);
    }
    put(&world, numbered(&nir, &[&nia])).await.unwrap();
    // Nothing that does not know of the change undoes it, and no second record is opened.
    for data in [numbered(&nia, &[]), numbered(&nir, &[])] {
        let refused = put(&world, data).await;
        assert!(
            refused.as_ref().is_err_and(is_stale),
            "{:?}",
            refused.map(drop)
        );
    }
    assert_eq!(raw::count(url, "record").await, 2);
    assert_eq!(raw::count(url, "ins_number").await, 3);
    let standing = world.store.standing(&nia, &physician()).await.unwrap();
    assert_eq!(standing.unwrap().record.data, numbered(&nir, &[&nia]));
    whole(&world).await;
}

/// Two servers: one opens a record under a number, the other gives the number to a record that is there.
pub async fn a_number_has_one_record_whoever_comes_first(url: &str) {
    let one = World::open(url).await;
    let two = World::open(url).await;
    for n in 0..6 {
        let (kept, given) = (ins(100 + n), ins(200 + n));
        put(&one, record(&kept)).await.unwrap();
        let (opened, changed) = tokio::join!(
            put(&one, record(&given)),
            put(&two, numbered(&given, &[&kept]))
        );
        assert!(opened.is_ok() != changed.is_ok(), "{opened:?} {changed:?}");
        if let Err(error) = &changed {
            assert_eq!(error.code(), Code::InsTaken);
        }
    }
    assert_eq!(raw::count(url, "ins_number").await, 12);
    whole(&one).await;
}

pub async fn nothing_is_left_of_any_number(url: &str) {
    let mut world = World::open(url).await;
    let (nia, nir) = nia_and_nir(&world);
    let doctor = physician();
    // Somebody asks for the new number before it is the record's.
    let act = TracedAct::TestExistence;
    let asked = trace(&doctor, Some(&nir), act);
    world.store.trace(asked).await.unwrap();
    put(&world, numbered(&nia, &[])).await.unwrap();
    let mut data = numbered(&nir, &[&nia]);
    put(&world, data.clone()).await.unwrap();
    world.ins = nia.clone();
    world.deposit(&doctor, document(&nir)).await;
    data.state = RecordState::Closed;
    data.deletion_asked = true;
    data.closure = Some(passerelle::dmp::record::Closure {
        date: jiff::civil::date(2024, 2, 29),
        motive: "patient-demande".into(),
        reason: None,
    });
    put(&world, data).await.unwrap();
    let end = day(jiff::civil::date(2024, 5, 29));
    assert_eq!(world.store.purge(end, 10).await, Ok(1));
    for number in [&nia, &nir] {
        assert_eq!(world.store.standing(number, &doctor).await, Ok(None));
        assert!(raw::journal(url, &number.key()).await.is_empty());
    }
    for table in ["ins_number", "journal_head WHERE ins <> '-'", "document"] {
        assert_eq!(raw::count(url, table).await, 0, "{table}");
    }
    let lines = raw::journal(url, "-").await;
    let told = format!("{lines:?}");
    assert!(!told.contains(nia.value()) && !told.contains(nir.value()));
    whole(&world).await;
    // Each number may open a record of its own again.
    put(&world, numbered(&nia, &[])).await.unwrap();
    put(&world, numbered(&nir, &[])).await.unwrap();
}

pub async fn records_from_before_have_their_number(url: &str) {
    let world = World::new(url).await;
    world.store.close().await;
    let undo = "DROP TABLE ins_number; DROP TABLE vaccination; DROP TABLE document_version; DROP TABLE folder_member; \
         ALTER TABLE submission DROP COLUMN sent_with; ALTER TABLE record DROP COLUMN state; \
         ALTER TABLE document DROP COLUMN since; DELETE FROM schema_version WHERE version >= 3";
    raw::run(url, &format!("{}; {undo}", raw::UNDO_FROM_8)).await;
    let world = World::open(url).await;
    let standing = world.store.standing(&world.ins, &physician()).await;
    assert_eq!(standing.unwrap().unwrap().record.opened_as, world.ins);
}
