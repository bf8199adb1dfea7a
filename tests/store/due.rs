//! What falls due by itself, on its day and not before, once; and what is left of a record after its time.

use jiff::civil::date;
use jiff::{SignedDuration, ToSpan};
use passerelle::dmp::actor::{Actor, ActorId, ActorKind, Mandate, PortalUser};
use passerelle::dmp::document::{DocumentEntry, Labels};
use passerelle::dmp::notice::NoticeKind;
use passerelle::dmp::record::{Closure, RecordState};
use passerelle::dmp::time::{Instant, after, day, paris_date};
use passerelle::dmp::trace::TracedAct;
use passerelle::policy::Act;
use passerelle::store::Verification;
use uuid::Uuid;

use crate::notices::with_email;
use crate::raw;
use crate::world::*;

const SECOND: SignedDuration = SignedDuration::from_secs(1);

async fn told(world: &World, kind: NoticeKind) -> Vec<Option<Uuid>> {
    let all = world.store.outbox().await.expect("outbox");
    all.iter()
        .filter(|one| one.kind == kind)
        .map(|one| one.document)
        .collect()
}

async fn hidden(world: &World, labels: Labels) -> DocumentEntry {
    let mut document = document(&world.ins);
    document.metadata.labels = Labels {
        invisible_patient: true,
        ..labels
    };
    world.deposit(&physician(), document).await
}

pub async fn an_announcement_is_overdue_after_two_weeks(url: &str) {
    let world = World::new(url).await;
    world.put_record(with_email(&world)).await;
    let entry = hidden(&world, Labels::default()).await;
    let day = after(entry.deposited, 14.days());
    let run = async |at| world.store.tell_overdue(at, 18, 10).await.unwrap();
    assert_eq!(run(day - SECOND).await, 0);
    assert_eq!(run(day).await, 1);
    assert_eq!(run(day + SECOND).await, 0);
    let overdue = told(&world, NoticeKind::AnnouncementOverdue).await;
    assert_eq!(overdue, [Some(entry.id)]);
    // Told before: a change of something else doesn't tell it again.
    raw::run(url, "UPDATE document SET announce_by = 1").await;
    assert_eq!(run(day + SECOND).await, 1);
    assert_eq!(told(&world, NoticeKind::AnnouncementOverdue).await.len(), 1);
}

pub async fn a_month_makes_a_document_visible(url: &str) {
    let world = World::new(url).await;
    world.put_record(with_email(&world)).await;
    let labels = Labels {
        masked: true,
        ..Labels::default()
    };
    let entry = hidden(&world, labels).await;
    let due = after(entry.deposited, 1.month());
    let other = World::open(url).await;
    assert_eq!(
        world
            .store
            .restore_visibility(due - SECOND, 18, 10)
            .await
            .unwrap(),
        0
    );
    // Two servers at once: one of them does it.
    let (here, there) = tokio::join!(
        world.store.restore_visibility(due, 18, 10),
        other.store.restore_visibility(due, 18, 10)
    );
    assert!(here.unwrap() + there.unwrap() >= 1);
    assert_eq!(
        world.store.restore_visibility(due, 18, 10).await.unwrap(),
        0
    );
    let stored = raw::column(url, "SELECT entry FROM document_text").await;
    let now: DocumentEntry = serde_json::from_str(&stored[0]).unwrap();
    assert_eq!(now.version, 2);
    assert_ne!(now.entry_uuid, entry.entry_uuid);
    assert!(!now.metadata.labels.invisible_patient && now.metadata.labels.masked);
    let texts = raw::column(url, "SELECT resource FROM document_text").await;
    assert!(texts[0].contains(" v2 "), "{texts:?}");
    let labels = "SELECT code FROM attribute WHERE name = 5 ORDER BY code";
    assert_eq!(raw::column(url, labels).await, ["MASQUE_PS", "N"]);
    let restored = told(&world, NoticeKind::VisibilityRestored).await;
    assert_eq!(restored, [Some(entry.id)]);
    let lines = raw::journal(url, &world.ins.key()).await;
    let restored: Vec<_> = lines
        .iter()
        .filter(|line| line["act"] == "restore-visibility")
        .collect();
    assert_eq!(restored.len(), 1);
    assert_eq!(restored[0]["actor"]["kind"], "system");
    assert_eq!(restored[0]["rule"], "ANN-03");
    assert_eq!(restored[0]["entities"][0][1], entry.id.to_string());
    let found = world.store.verify_journal().await.unwrap();
    assert!(matches!(found, Verification::Whole { .. }));
    other.store.close().await;
}

pub async fn one_that_cannot_be_done_holds_up_no_other(url: &str) {
    let world = World::new(url).await;
    let broken = hidden(&world, Labels::default()).await;
    let sound = hidden(&world, Labels::default()).await;
    let breaks = format!(
        "UPDATE document_text SET entry = 'x' WHERE entry LIKE '%{}%'",
        broken.entry_uuid
    );
    raw::run(url, &breaks).await;
    let due = after(sound.deposited, 1.month());
    assert_eq!(world.store.restore_visibility(due, 18, 10).await, Ok(2));
    assert_eq!(
        told(&world, NoticeKind::VisibilityRestored).await,
        [Some(sound.id)]
    );
}

pub async fn what_a_minor_keeps_is_told_to_nobody(url: &str) {
    let world = World::new(url).await;
    let mut data = with_email(&world);
    data.traits.birth_date = paris_date(after(now(), -16.years()));
    world.put_record(data).await;
    let labels = Labels {
        invisible_representatives: true,
        ..Labels::default()
    };
    let entry = hidden(&world, labels).await;
    let (two_weeks, month) = (
        after(entry.deposited, 14.days()),
        after(entry.deposited, 1.month()),
    );
    assert_eq!(world.store.tell_overdue(two_weeks, 18, 10).await, Ok(1));
    assert_eq!(world.store.restore_visibility(month, 18, 10).await, Ok(1));
    assert!(world.store.outbox().await.unwrap().is_empty());
}

pub async fn coming_of_age_renews_what_was_given_before(url: &str) {
    let world = World::new(url).await;
    let born = |years: i32| paris_date(after(now(), -(years * 12 - 6).months()));
    let mut data = with_email(&world);
    data.traits.birth_date = born(18);
    let of_age = day(data.reaches(18));
    world.put_record(data.clone()).await;
    world.declare(&physician(), true).await;
    world.declare(&other_physician(), true).await;
    world.declare(&dietician(), true).await;
    world.declare(&dietician(), false).await;
    let run = async |at: Instant, age| world.store.tell_of_age(at, age, 10).await.unwrap();
    assert_eq!(run(of_age - SECOND, 18).await, 0);
    // Another age of majority: not yet, and looked at again on that day.
    assert_eq!(run(of_age, 21).await, 1);
    assert_eq!(run(of_age, 18).await, 0);
    assert!(world.store.outbox().await.unwrap().is_empty());
    let later = day(data.reaches(21));
    assert_eq!(run(later, 21).await, 1);
    assert_eq!(run(later, 21).await, 0);
    assert_eq!(told(&world, NoticeKind::ConsentToRenew).await, [None]);
    // Given by an adult: nothing to renew.
    let world = World::open(url).await;
    data.traits.birth_date = date(1979, 3, 14);
    world.put_record(data).await;
    world.declare(&physician(), true).await;
    assert_eq!(
        raw::count(url, "consent WHERE renewal IS NOT NULL").await,
        0
    );
}

pub async fn nothing_is_left_of_a_record_after_its_time(url: &str) {
    let world = World::new(url).await;
    let mut closing = with_email(&world);
    world.put_record(closing.clone()).await;
    let doctor = physician();
    world.declare(&doctor, true).await;
    world.deposit(&doctor, document(&world.ins)).await;
    let entry = hidden(&world, Labels::default()).await;
    world.deposit_in_folder(&doctor).await;
    world.find(&doctor, &query(vec![])).await;
    let other = with_other_record(&world).await;
    closing.state = RecordState::Closed;
    closing.closure = Some(Closure {
        date: date(2024, 2, 29),
        motive: "patient-demande".into(),
        reason: None,
    });
    world.put_record(closing.clone()).await;
    let end = day(date(2034, 2, 28));
    assert_eq!(world.store.purge(end - SECOND, 10).await, Ok(0));
    // Reopened meanwhile: nothing is due any more. Closed again with deletion asked: three months.
    world.put_record(with_email(&world)).await;
    assert_eq!(world.store.purge(end, 10).await, Ok(0));
    closing.deletion_asked = true;
    world.put_record(closing).await;
    let end = day(date(2024, 5, 29));
    assert_eq!(world.store.purge(end - SECOND, 10).await, Ok(0));
    assert_eq!(world.store.purge(end, 10).await, Ok(1));
    assert_eq!(world.store.purge(end, 10).await, Ok(0));

    for table in tables(url).await {
        let rows = format!("{table} WHERE ins = '{}'", world.ins.key());
        assert_eq!(raw::count(url, &rows).await, 0, "{table}");
    }
    assert_eq!(raw::count(url, "record").await, 1, "the other one stays");
    let found = world.store.verify_journal().await.unwrap();
    assert!(matches!(found, Verification::Whole { .. }), "{found:?}");
    let lines = raw::journal(url, "-").await;
    let purged = lines.last().unwrap();
    assert_eq!(
        (&purged["act"], &purged["rule"]),
        (&"purge".into(), &"LC-14".into())
    );
    assert!(!purged.to_string().contains(world.ins.value()));
    // The INS is as unknown as any other, and its unique ids are free again.
    assert_eq!(world.store.standing(&world.ins, &doctor).await, Ok(None));
    world.put_record(record(&world.ins)).await;
    let mut again = document(&world.ins);
    again.metadata.unique_id = entry.metadata.unique_id;
    world.deposit(&doctor, again).await;
    assert_eq!(raw::journal(url, &other.key()).await.len(), 1);
}

async fn with_other_record(world: &World) -> passerelle::dmp::ins::Ins {
    let other = ins(7);
    world.put_record(record(&other)).await;
    other
}

fn holder(ins: &passerelle::dmp::ins::Ins) -> Actor {
    let user = PortalUser::new("https://portail.example", "ruth").expect("portal user");
    Actor {
        kind: ActorKind::Holder,
        id: ActorId::User(user),
        mandate: Some(Mandate {
            patient: ins.clone(),
            protects_person: false,
        }),
        ..physician()
    }
}

/// Every table that knows whose a row is.
async fn tables(url: &str) -> Vec<String> {
    let sql = if url.starts_with("sqlite:") {
        "SELECT m.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c ON c.name = 'ins' WHERE m.type = 'table'"
    } else {
        "SELECT table_name::text COLLATE \"C\" FROM information_schema.columns \
         WHERE column_name = 'ins' AND table_schema = 'public'"
    };
    let found = raw::column(url, sql).await;
    assert!(found.len() >= 14, "{found:?}");
    found
}

pub async fn the_patient_sees_it_before_the_job_ran(url: &str) {
    let world = World::new(url).await;
    let entry = hidden(&world, Labels::default()).await;
    let holder = holder(&world.ins);
    let sees = async |at: Instant| {
        let mut context = context();
        context.now = at;
        let permit = world
            .try_permit(&holder, &Act::ReadDocument, &context)
            .await
            .expect("permit");
        let trace = world.trace(&holder, TracedAct::ReadDocument);
        let read = world.store.read_document(&permit, entry.id, trace).await;
        read.is_ok()
    };
    let due = after(entry.deposited, 1.month());
    assert!(!sees(due - SECOND).await);
    assert!(sees(due).await);
}
