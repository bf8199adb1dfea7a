use std::collections::BTreeSet;

use passerelle::dmp::actor::Actor;
use passerelle::dmp::folder::Listed;
use passerelle::dmp::query::{Condition, DocumentKey};
use passerelle::dmp::trace::TracedAct;
use passerelle::error::Code;
use passerelle::policy::Act;
use uuid::Uuid;

use crate::raw;
use crate::world::*;

async fn sees(world: &World, actor: &Actor) -> BTreeSet<Uuid> {
    let (total, found) = world.find(actor, &query(vec![])).await;
    assert_eq!(total as usize, found.len());
    found.into_iter().collect()
}

/// A search by identifier without consent: one's own only.
async fn sees_own(
    world: &World,
    actor: &Actor,
    ids: &[&passerelle::dmp::id::UniqueId],
) -> BTreeSet<Uuid> {
    let by_identifier = Act::SearchDocuments {
        by_identifier: true,
    };
    let permit = world
        .try_permit(actor, &by_identifier, &context())
        .await
        .expect("own");
    let keys = ids
        .iter()
        .map(|id| DocumentKey::Unique((*id).clone()))
        .collect();
    let trace = world.trace(actor, TracedAct::SearchDocuments);
    let asked = query(vec![Condition::Identifier(keys)]);
    let page = world
        .store
        .find_documents(&permit, &asked, trace)
        .await
        .expect("search");
    assert_eq!(page.total as usize, page.rows.len());
    page.rows.iter().map(|row| row.id).collect()
}

pub async fn professionals_see_their_types_and_their_own(url: &str) {
    let world = World::new(url).await;
    let shared = world.deposit(&physician(), document(&world.ins)).await.id;
    let medical = world
        .deposit(&physician(), typed(&world.ins, PHYSICIAN_TYPE))
        .await
        .id;
    // Outside of his types, but deposited, or written, by himself.
    let deposited = world
        .deposit(&dietician(), typed(&world.ins, PHYSICIAN_TYPE))
        .await
        .id;
    let mut signed = typed(&world.ins, PHYSICIAN_TYPE);
    signed
        .metadata
        .authors
        .push(author("899900000037", "LEFÈVRE", "Anne"));
    let signed = world.deposit(&physician(), signed).await.id;
    // The same number under another authority is somebody else.
    let mut homonym = typed(&world.ins, PHYSICIAN_TYPE);
    homonym.metadata.authors = vec![author("899900000037", "X", "Y")];
    homonym.metadata.authors[0].id.as_mut().unwrap().root = "1.2.3".into();
    let homonym = world.deposit(&physician(), homonym).await.id;

    let all = [shared, medical, deposited, signed, homonym];
    assert_eq!(sees(&world, &other_physician()).await, all.into());
    assert_eq!(
        sees(&world, &dietician()).await,
        [shared, deposited, signed].into()
    );
}

pub async fn structures_see_what_they_deposited(url: &str) {
    let world = World::new(url).await;
    let hospital = establishment("10B0057881", false);
    let secretary = employee("30B0057881/CPET0002", "10B0057881");
    let a = world.deposit(&hospital, document(&world.ins)).await;
    let b = world.deposit(&secretary, masked(&world.ins)).await;
    // A physician who says that he acts there gives the structure no right.
    let c = world.deposit(&physician(), document(&world.ins)).await;
    assert_eq!(c.declared_structure.as_deref(), Some("10B0057881"));
    assert_eq!(
        (a.depositor.as_str(), a.depositor_structure.as_deref()),
        ("10B0057881", Some("10B0057881"))
    );
    assert_eq!(b.depositor, "30B0057881/CPET0002");
    let ids = [&a, &b, &c].map(|entry| &entry.metadata.unique_id);
    for actor in [&hospital, &secretary] {
        assert_eq!(sees_own(&world, actor, &ids).await, [a.id, b.id].into());
    }
    let elsewhere = establishment("10B0000002", false);
    assert_eq!(sees_own(&world, &elsewhere, &ids).await, BTreeSet::new());
    assert_eq!(sees_own(&world, &physician(), &ids).await, [c.id].into());
    assert_eq!(
        sees_own(&world, &other_physician(), &ids).await,
        BTreeSet::new()
    );
}

pub async fn masked_documents_are_for_their_authors(url: &str) {
    let world = World::new(url).await;
    let by_deposit = world.deposit(&physician(), masked(&world.ins)).await.id;
    let mut written = masked(&world.ins);
    written.metadata.authors = vec![author("899900000029", "X", "Y")];
    let by_writing = world.deposit(&physician(), written).await.id;
    assert_eq!(
        sees(&world, &physician()).await,
        [by_deposit, by_writing].into()
    );
    assert_eq!(sees(&world, &other_physician()).await, [by_writing].into());
    assert_eq!(sees(&world, &dietician()).await, BTreeSet::new());
}

pub async fn submissions_show_what_may_be_known(url: &str) {
    let world = World::new(url).await;
    let documents = vec![
        document(&world.ins),
        masked(&world.ins),
        typed(&world.ins, PHYSICIAN_TYPE),
    ];
    let done = world
        .try_deposit(&physician(), documents)
        .await
        .expect("deposit");
    let [shared, hidden, medical] = [0, 1, 2].map(|i: usize| done.documents[i].id);
    let secret = world
        .try_deposit(&physician(), vec![masked(&world.ins)])
        .await
        .expect("deposit");
    let find = async |actor: &Actor| {
        let permit = world.permit(actor, &Act::SearchSubmissions).await;
        let trace = world.trace(actor, TracedAct::SearchSubmissions);
        let page = world
            .store
            .find_lists(&permit, &query(vec![]), trace)
            .await
            .expect("search");
        assert_eq!(page.total as usize, page.rows.len());
        page.rows
            .into_iter()
            .filter_map(Listed::submission)
            .map(|set| (set.id, set.documents))
            .collect::<Vec<_>>()
    };
    let read = async |actor: &Actor, id| {
        let permit = world.permit(actor, &Act::ReadSubmission).await;
        let trace = world.trace(actor, TracedAct::ReadSubmission);
        let found = world.store.read_list(&permit, id, trace).await;
        found.map(|found| found.submission().expect("submission"))
    };
    let (first, second) = (done.submission.id, secret.submission.id);
    let own = vec![
        (first, vec![shared, hidden, medical]),
        (second, secret.submission.documents.clone()),
    ];
    assert_eq!(find(&physician()).await, own);
    assert_eq!(
        find(&other_physician()).await,
        [(first, vec![shared, medical])]
    );
    assert_eq!(find(&dietician()).await, [(first, vec![shared])]);
    assert_eq!(
        read(&dietician(), first).await.expect("read").documents,
        [shared]
    );
    assert_eq!(code_of(read(&dietician(), second).await), Code::NotFound);
    assert_eq!(
        code_of(read(&dietician(), Uuid::new_v4()).await),
        Code::NotFound
    );
    assert_eq!(
        read(&physician(), second).await.expect("own"),
        secret.submission
    );
}

pub async fn hidden_equals_absent(url: &str) {
    let world = World::new(url).await;
    let entry = world.deposit(&physician(), masked(&world.ins)).await;
    let other = other_physician();
    for id in [entry.id, Uuid::new_v4()] {
        let permit = world.permit(&other, &Act::ReadDocument).await;
        let trace = world.trace(&other, TracedAct::ReadDocument);
        let read = world.store.read_document(&permit, id, trace).await;
        assert_eq!(read.expect_err("hidden"), Code::NotFound.into());
    }
    for id in [entry.content_id, entry.id, Uuid::new_v4()] {
        let permit = world.permit(&other, &Act::ReadContent).await;
        let trace = world.trace(&other, TracedAct::RetrieveDocument);
        let read = world.content(&permit, id, trace).await;
        assert_eq!(read.expect_err("hidden"), Code::NotFound.into());
    }
    // Deleted never comes; who could have read it is told why.
    raw::run(url, "UPDATE document SET availability = 3").await;
    let permit = world.permit(&physician(), &Act::ReadDocument).await;
    let trace = world.trace(&physician(), TracedAct::ReadDocument);
    assert_eq!(
        code_of(world.store.read_document(&permit, entry.id, trace).await),
        Code::DocumentDeleted
    );
    let permit = world.permit(&other, &Act::ReadDocument).await;
    let trace = world.trace(&other, TracedAct::ReadDocument);
    assert_eq!(
        code_of(world.store.read_document(&permit, entry.id, trace).await),
        Code::NotFound
    );
    let mut asked = query(vec![]);
    asked
        .availability
        .push(passerelle::dmp::document::Availability::Deleted);
    assert_eq!(world.find(&physician(), &asked).await, (0, vec![]));
}
