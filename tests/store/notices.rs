//! What is told of an act is written with it, once; and it waits until it is sent, once.

use jiff::{SignedDuration, ToSpan};
use passerelle::dmp::context::{AccessMode, Context};
use passerelle::dmp::notice::{Channel, NoticeKind, Notification};
use passerelle::dmp::record::{Closure, RecordData, RecordState};
use passerelle::dmp::right::{Basis, Grant};
use passerelle::dmp::time::{Instant, after};
use passerelle::dmp::trace::TracedAct;
use passerelle::policy::Act;
use passerelle::store::{Delivery, Verification};

use crate::raw;
use crate::world::*;

const SEARCH: Act = Act::SearchDocuments {
    by_identifier: false,
};

pub fn with_email(world: &World) -> RecordData {
    let mut data = record(&world.ins);
    data.notices.email = Some("ruth@example.org".into());
    data
}

fn kinds(told: &[Notification]) -> Vec<&'static str> {
    told.iter()
        .map(|notification| notification.kind.code())
        .collect()
}

async fn told(world: &World) -> Vec<Notification> {
    world.store.outbox().await.expect("outbox")
}

async fn search_in(world: &World, actor: &passerelle::dmp::actor::Actor, context: &Context) {
    let permit = world
        .try_permit(actor, &SEARCH, context)
        .await
        .expect("permit");
    let mut trace = world.trace(actor, TracedAct::SearchDocuments);
    (trace.at, trace.mode, trace.secret) =
        (context.now, context.mode, context.secret == Some(true));
    world
        .store
        .find_documents(&permit, &query(vec![]), trace)
        .await
        .expect("search");
}

/// Declares a right of his own.
async fn granted(world: &World, actor: &passerelle::dmp::actor::Actor, grant: Grant) {
    let act = Act::WriteRight {
        grant: grant.clone(),
        active: true,
    };
    let permit = world
        .try_permit(actor, &act, &context())
        .await
        .expect("permit");
    let mut declaration = declaration(&world.ins, actor, true);
    declaration.grant = grant;
    let trace = world.trace(actor, TracedAct::DeclareConsent);
    let declared = world.store.declare(&permit, declaration, None, None, trace);
    declared.await.expect("declare");
}

fn emergency(at: Instant, mode: AccessMode) -> Context {
    Context {
        mode,
        now: at,
        ..broken_glass()
    }
}

pub async fn a_first_access_is_told_once(url: &str) {
    let world = World::new(url).await;
    world.put_record(with_email(&world)).await;
    let doctor = physician();
    world.declare(&doctor, true).await;
    assert!(told(&world).await.is_empty());
    // A permit that was decided before the first access, and is spent after it.
    let early = world
        .try_permit(&doctor, &SEARCH, &context())
        .await
        .unwrap();
    for _ in 0..2 {
        search_in(&world, &doctor, &context()).await;
    }
    let trace = world.trace(&doctor, TracedAct::SearchDocuments);
    let late = world
        .store
        .find_documents(&early, &query(vec![]), trace)
        .await;
    late.expect("search");
    let [first] = &told(&world).await[..] else {
        panic!("one notification");
    };
    assert_eq!(first.kind, NoticeKind::FirstAccess);
    assert_eq!(first.patient, world.ins);
    assert_eq!(
        (first.channel, first.to.as_deref(), first.mode),
        (
            Channel::Email,
            Some("ruth@example.org"),
            Some(AccessMode::Normal)
        )
    );
    let actor = first.actor.as_ref().expect("who");
    assert_eq!(
        (actor.id.as_str(), actor.name.as_str()),
        (doctor.id.as_str(), "LEFÈVRE Anne")
    );
    assert!(!first.name.contains("279035"), "the name tells nothing");
    // Another professional is another first access; without address it is for the statement.
    world.put_record(record(&world.ins)).await;
    world.declare(&other_physician(), true).await;
    search_in(&world, &other_physician(), &context()).await;
    let all = told(&world).await;
    assert_eq!(all.len(), 2);
    assert_eq!((all[1].channel, &all[1].to), (Channel::Statement, &None));
}

pub async fn a_secret_access_is_only_kept(url: &str) {
    let world = World::new(url).await;
    let mut data = with_email(&world);
    data.traits.birth_date = passerelle::dmp::time::paris_date(after(now(), -16.years()));
    world.put_record(data).await;
    let doctor = physician();
    world.declare(&doctor, true).await;
    let open = Context {
        secret: Some(false),
        ..context()
    };
    let secret = Context {
        secret: Some(true),
        ..context()
    };
    search_in(&world, &doctor, &secret).await;
    search_in(&world, &doctor, &secret).await;
    assert!(told(&world).await.is_empty());
    assert_eq!(raw::count(url, "consultation").await, 1);
    assert_eq!(
        raw::count(url, "consultation WHERE openly IS NULL").await,
        1
    );
    search_in(&world, &doctor, &open).await;
    assert_eq!(kinds(&told(&world).await), ["first-access"]);
}

pub async fn an_emergency_is_told_once_an_hour_and_to_who_treats(url: &str) {
    let world = World::new(url).await;
    world.put_record(with_email(&world)).await;
    let (doctor, treating) = (physician(), other_physician());
    let grant = Grant::TreatingPhysician {
        holder: treating.id.clone(),
        basis: Basis::Team,
    };
    world.declare(&treating, true).await;
    granted(&world, &treating, grant).await;
    let start = now();
    let at = |minutes| start + SignedDuration::from_mins(minutes);
    for minutes in [0, 1, 59] {
        let context = emergency(at(minutes), AccessMode::BrisDeGlace);
        search_in(&world, &doctor, &context).await;
    }
    let first = told(&world).await;
    assert_eq!(kinds(&first), ["emergency-access"; 2]);
    let channels: Vec<_> = first
        .iter()
        .map(|one| (one.channel, one.to.clone().unwrap_or_default()))
        .collect();
    assert!(channels.contains(&(Channel::Email, "ruth@example.org".into())));
    assert!(channels.contains(&(Channel::TreatingPhysician, treating.id.as_str().to_owned())));
    // Another mode, another professional, an hour later: each is told.
    let mut regulator = physician();
    regulator.regulator = true;
    search_in(&world, &regulator, &emergency(at(59), AccessMode::Centre15)).await;
    assert_eq!(told(&world).await.len(), 4);
    search_in(&world, &doctor, &emergency(at(60), AccessMode::BrisDeGlace)).await;
    assert_eq!(told(&world).await.len(), 6);
    // Who treats and breaks the glass himself needs no telling.
    search_in(
        &world,
        &treating,
        &emergency(at(60), AccessMode::BrisDeGlace),
    )
    .await;
    assert_eq!(told(&world).await.len(), 7);
    // An emergency is a consultation: no first access is told afterwards.
    world.declare(&doctor, true).await;
    search_in(&world, &doctor, &context()).await;
    assert_eq!(told(&world).await.len(), 7);
}

pub async fn a_refused_read_tells_nothing(url: &str) {
    let world = World::new(url).await;
    let doctor = dietician();
    let hidden = world
        .deposit(&physician(), typed(&world.ins, PHYSICIAN_TYPE))
        .await;
    let before = told(&world).await.len();
    let permit = world.permit(&doctor, &Act::ReadDocument).await;
    let trace = world.trace(&doctor, TracedAct::ReadDocument);
    let read = world.store.read_document(&permit, hidden.id, trace).await;
    assert!(read.is_err());
    assert_eq!(told(&world).await.len(), before);
    assert_eq!(raw::count(url, "consultation").await, 0);
}

pub async fn a_new_document_is_told_to_who_may_see_it(url: &str) {
    let world = World::new(url).await;
    world.put_record(with_email(&world)).await;
    let doctor = physician();
    let seen = world.deposit(&doctor, masked(&world.ins)).await;
    let mut hidden = document(&world.ins);
    hidden.metadata.labels.invisible_patient = true;
    world.deposit(&doctor, hidden).await;
    // An adult keeps nothing from himself.
    let mut kept = document(&world.ins);
    kept.metadata.labels.invisible_representatives = true;
    let kept_seen = world.deposit(&doctor, kept.clone()).await;
    let all = told(&world).await;
    assert_eq!(kinds(&all), ["document-added"; 2]);
    assert_eq!(
        all.iter().map(|one| one.document).collect::<Vec<_>>(),
        [Some(seen.id), Some(kept_seen.id)]
    );
    // A minor's representatives are not told of what he keeps from them.
    let mut minor = with_email(&world);
    minor.traits.birth_date = passerelle::dmp::time::paris_date(after(now(), -16.years()));
    world.put_record(minor).await;
    kept.metadata.unique_id = fresh_id();
    world.deposit(&doctor, kept).await;
    // Who wants to hear nothing of documents doesn't.
    let mut silent = with_email(&world);
    silent.notices.documents = false;
    world.put_record(silent).await;
    world.deposit(&doctor, document(&world.ins)).await;
    assert_eq!(told(&world).await.len(), 2);
}

pub async fn closing_forgets_what_was_not_told(url: &str) {
    let world = World::new(url).await;
    world.put_record(with_email(&world)).await;
    let doctor = physician();
    world.deposit(&doctor, document(&world.ins)).await;
    world.deposit(&doctor, document(&world.ins)).await;
    let until = now() + SignedDuration::from_mins(5);
    let due = now() + SignedDuration::from_secs(1);
    let claimed = world
        .store
        .claim(&[Channel::Email], due, until, 1)
        .await
        .unwrap();
    let sent = &claimed[0].notification.name;
    world.store.settle(sent, Delivery::Sent).await.unwrap();
    // A permit of before: the read goes through, and nobody is told of a closed record.
    let early = world.permit(&doctor, &SEARCH).await;
    let mut closed = with_email(&world);
    closed.state = RecordState::Closed;
    closed.closure = Some(Closure {
        date: passerelle::dmp::time::paris_date(now()),
        motive: "patient-demande".into(),
        reason: None,
    });
    world.put_record(closed).await;
    let left = told(&world).await;
    assert_eq!(left.len(), 1);
    assert_eq!(&left[0].name, sent);
    let trace = world.trace(&doctor, TracedAct::SearchDocuments);
    let late = world
        .store
        .find_documents(&early, &query(vec![]), trace)
        .await;
    late.expect("search");
    assert_eq!(told(&world).await.len(), 1);
}

pub async fn what_is_claimed_is_sent_once_or_again(url: &str) {
    let world = World::new(url).await;
    world.put_record(with_email(&world)).await;
    let other = World::open(url).await;
    for _ in 0..12 {
        world.deposit(&physician(), document(&world.ins)).await;
    }
    let due = now() + SignedDuration::from_secs(1);
    let until = due + SignedDuration::from_mins(15);
    let (here, there) = tokio::join!(
        world.store.claim(&[Channel::Email], due, until, 8),
        other.store.claim(&[Channel::Email], due, until, 8)
    );
    let mut claimed: Vec<_> = here.unwrap().into_iter().chain(there.unwrap()).collect();
    while let [more, ..] = &world
        .store
        .claim(&[Channel::Email], due, until, 8)
        .await
        .unwrap()[..]
    {
        claimed.push(more.clone());
    }
    let names: std::collections::HashSet<_> = claimed
        .iter()
        .map(|one| one.notification.name.clone())
        .collect();
    assert_eq!(names.len(), claimed.len(), "nothing is claimed twice");
    assert!(claimed.iter().all(|one| one.attempt == 1));
    assert!(
        world
            .store
            .claim(&[Channel::TreatingPhysician], until, until, 8)
            .await
            .unwrap()
            .is_empty()
    );
    // Who claimed died: after the lease they are claimed again, a second time.
    let again = world
        .store
        .claim(&[Channel::Email], until, until, 1)
        .await
        .unwrap();
    assert_eq!(again[0].attempt, 2);
    let name = &again[0].notification.name;
    world.store.settle(name, Delivery::Sent).await.unwrap();
    // Who comes back from the dead doesn't undo it.
    world
        .store
        .settle(name, Delivery::Again(until))
        .await
        .unwrap();
    world.store.settle(name, Delivery::GivenUp).await.unwrap();
    assert_eq!(raw::count(url, "outbox WHERE state = 'sent'").await, 1);
    assert_eq!(raw::count(url, "outbox WHERE state = 'given-up'").await, 0);
    let found = world.store.verify_journal().await.unwrap();
    assert!(matches!(found, Verification::Whole { .. }));
    other.store.close().await;
}
