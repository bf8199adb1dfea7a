use passerelle::dmp::change::Expected;
use passerelle::dmp::record::RecordState;
use passerelle::dmp::trace::TracedAct;
use passerelle::error::Code;
use passerelle::policy::{Act, decide};
use passerelle::store::{Locator, is_stale};
use uuid::Uuid;

use crate::raw;
use crate::world::*;

pub async fn opens_changes_and_keeps_versions(url: &str) {
    let world = World::open(url).await;
    let operator = establishment("10B0000001", true);
    let permit =
        decide(&world.rules, &operator, &Act::OpenRecord, None, &context()).expect("permit");
    let one = |version| Some(Expected::OneOf(vec![version]));
    let put = async |if_match, state| {
        let mut data = record(&world.ins);
        data.state = state;
        let trace = world.trace(&operator, TracedAct::OpenRecord);
        world.store.put_record(&permit, data, if_match, trace).await
    };
    assert_eq!(
        code_of(put(one(1), RecordState::Activated).await),
        Code::VersionConflict
    );
    assert_eq!(
        code_of(put(Some(Expected::Any), RecordState::Activated).await),
        Code::VersionConflict,
        "nothing is there"
    );
    let (first, new) = put(None, RecordState::NotActivated).await.expect("open");
    assert!(new && first.version == 1);
    let (second, new) = put(one(1), RecordState::Closed).await.expect("change");
    assert!(!new && second.version == 2 && second.id == first.id);
    let refused = put(one(1), RecordState::Activated).await;
    assert!(refused.as_ref().is_err_and(|error| !is_stale(error)));
    assert_eq!(code_of(refused), Code::VersionConflict);

    let standing = world
        .store
        .standing(&world.ins, &physician())
        .await
        .expect("read")
        .expect("record");
    assert_eq!(standing.record, second);
    assert_eq!(standing.record.data.state, RecordState::Closed);
    assert!(standing.rights.is_empty());
    assert_eq!(world.store.standing(&ins(1), &physician()).await, Ok(None));

    let outcomes: Vec<_> = raw::journal(url, &world.ins.key())
        .await
        .iter()
        .map(|line| line["outcome"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(outcomes, ["4", "4", "0", "0", "4"]);
}

pub async fn locates_ids_of_every_kind(url: &str) {
    let world = World::new(url).await;
    let doctor = physician();
    world.declare(&doctor, true).await;
    let entry = world.deposit(&doctor, document(&world.ins)).await;
    let standing = world
        .store
        .standing(&world.ins, &doctor)
        .await
        .unwrap()
        .unwrap();
    let consent = standing.authorisation().expect("authorisation").id;
    for what in [
        Locator::Document(entry.id),
        Locator::Submission(entry.submission_id),
        Locator::Content(entry.content_id),
        Locator::Consent(consent),
        Locator::Record(standing.record.id),
    ] {
        assert_eq!(
            world.store.locate(what).await,
            Ok(Some(world.ins.clone())),
            "{what:?}"
        );
    }
    for what in [
        Locator::Document(entry.content_id),
        Locator::Content(entry.id),
        Locator::Record(Uuid::new_v4()),
    ] {
        assert_eq!(world.store.locate(what).await, Ok(None), "{what:?}");
    }
}

pub async fn refuses_a_stale_permit_and_a_wrong_permit(url: &str) {
    let world = World::new(url).await;
    let doctor = physician();
    let permit = world.permit(&doctor, &Act::Deposit).await;
    // A permit for one record opens none, and deposits nothing in another.
    let trace = || world.trace(&doctor, TracedAct::OpenRecord);
    let opened = world
        .store
        .put_record(&permit, record(&ins(1)), None, trace())
        .await;
    assert_eq!(code_of(opened), Code::Internal);
    let elsewhere = submission(&ins(1), vec![document(&ins(1))]);
    let deposited = world.store.deposit(&permit, elsewhere, trace()).await;
    assert_eq!(code_of(deposited), Code::Internal);
    assert_eq!(world.store.standing(&ins(1), &doctor).await, Ok(None));
}

pub async fn survives_reopening(url: &str) {
    let world = World::new(url).await;
    let entry = world.deposit(&physician(), document(&world.ins)).await;
    world.store.close().await;
    let world = World::open(url).await;
    let (total, found) = world.find(&physician(), &query(vec![])).await;
    assert_eq!((total, found), (1, vec![entry.id]));
}

pub async fn ready_until_closed(url: &str) {
    let world = World::open(url).await;
    assert!(world.store.ready().await);
    if let Some(file) = url.strip_prefix("sqlite:") {
        use std::os::unix::fs::PermissionsExt;
        for side in ["", "-wal", "-shm"] {
            let mode = std::fs::metadata(format!("{file}{side}"))
                .expect("file")
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{side}");
        }
    }
    world.store.close().await;
    raw::run(url, "INSERT INTO schema_version VALUES (1000, 0)").await;
    let newer = passerelle::store::Store::open(url, std::sync::Arc::new(Plain)).await;
    assert!(newer.is_err_and(|error| error.to_string().contains("schema 1000")));
}
