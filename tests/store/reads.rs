use passerelle::dmp::actor::Actor;
use passerelle::dmp::trace::TracedAct;
use passerelle::error::Code;
use passerelle::policy::{Act, Permit};
use serde_json::json;
use uuid::Uuid;

use crate::raw;
use crate::world::*;

async fn last_line(world: &World) -> serde_json::Value {
    raw::journal(&world.url, &world.ins.key())
        .await
        .pop()
        .expect("a line")
}

pub async fn each_read_leaves_its_trace(url: &str) {
    let world = World::new(url).await;
    let doctor = physician();
    world.declare(&doctor, true).await;
    let entry = world.deposit(&doctor, document(&world.ins)).await;
    let expected = json!([
        ["List", entry.submission_id],
        ["DocumentReference", entry.id]
    ]);
    assert_eq!(last_line(&world).await["entities"], expected);
    let permit = world.permit(&doctor, &Act::ReadContent).await;
    let trace = |act| world.trace(&doctor, act);
    let document = json!([["DocumentReference", entry.id]]);

    world
        .store
        .read_document(&permit, entry.id, trace(TracedAct::ReadDocument))
        .await
        .expect("read");
    let line = last_line(&world).await;
    assert_eq!(
        (&line["act"], &line["entities"]),
        (&json!("read-document"), &document)
    );

    // What is made of it is refused: it was not read.
    let before = raw::count(url, "journal").await;
    let retrieve = trace(TracedAct::RetrieveDocument);
    let refused = |_: &_| Err::<(), _>(Code::NotAcceptable.into());
    let read = world
        .store
        .read_content(&permit, entry.content_id, retrieve, refused)
        .await;
    assert_eq!(code_of(read.expect("seen")), Code::NotAcceptable);
    assert_eq!(raw::count(url, "journal").await, before);
    world
        .content(
            &permit,
            entry.content_id,
            trace(TracedAct::RetrieveDocument),
        )
        .await
        .expect("read");
    let line = last_line(&world).await;
    assert_eq!(
        (&line["act"], &line["entities"]),
        (&json!("ITI-68"), &document)
    );

    world
        .store
        .read_list(
            &permit,
            entry.submission_id,
            trace(TracedAct::ReadSubmission),
        )
        .await
        .expect("read");
    let line = last_line(&world).await;
    assert_eq!(line["entities"], json!([["List", entry.submission_id]]));

    let mut searched = trace(TracedAct::SearchDocuments);
    searched.query = Some("type=34133-9".into());
    searched.reason = Some("coma".into());
    searched.secret = true;
    let sent = searched.clone();
    world
        .store
        .find_documents(&permit, &query(vec![]), searched)
        .await
        .expect("search");
    let line = last_line(&world).await;
    assert_eq!(
        line,
        json!({
            "id": sent.id, "at": sent.at, "act": "ITI-67", "outcome": "0", "rule": "FEED-02",
            "actor": {"kind": "cps", "id": "899900000011", "name": "LEFÈVRE Anne", "profession": "10",
                "structure": "10B0057881"},
            "mode": "normal", "reason": "coma", "secret": true, "query": "type=34133-9", "request": "request",
        })
    );
    world
        .store
        .find_lists(&permit, &query(vec![]), trace(TracedAct::SearchSubmissions))
        .await
        .expect("search");
    assert_eq!(last_line(&world).await["act"], "ITI-66");
    world
        .store
        .find_rights(&permit, trace(TracedAct::SearchConsents))
        .await
        .expect("search");
    assert_eq!(last_line(&world).await["act"], "search-consent");
}

pub async fn a_refused_read_leaves_a_refusal(url: &str) {
    let world = World::new(url).await;
    let entry = world.deposit(&physician(), masked(&world.ins)).await;
    let other = other_physician();
    let check = async |permit: &Permit, refusal: Code, actor: &Actor| {
        let trace = world.trace(actor, TracedAct::ReadDocument);
        let read = world.store.read_document(permit, entry.id, trace).await;
        assert_eq!(code_of(read), refusal);
        let line = last_line(&world).await;
        assert_eq!(line["outcome"], "8");
        assert_eq!(line["refusal"], refusal.as_str());
        assert_eq!(line["entities"], json!([["DocumentReference", entry.id]]));
    };
    let emergency = world.permit(&other, &Act::ReadDocument).await;
    check(&emergency, Code::NotFound, &other).await;
    // Without consent one reads one's own only, and is told why.
    let alone = world
        .try_permit(&other, &Act::ReadDocument, &context())
        .await
        .expect("own");
    check(&alone, Code::ConsentRequired, &other).await;

    let lines = raw::count(url, "journal").await;
    let trace = || world.trace(&other, TracedAct::ReadConsent);
    let read = world
        .store
        .read_right(&emergency, Uuid::new_v4(), trace())
        .await;
    assert_eq!(code_of(read), Code::NotFound);
    let read = world
        .store
        .read_list(&emergency, entry.submission_id, trace())
        .await;
    assert_eq!(code_of(read), Code::NotFound);
    let read = world.content(&emergency, entry.content_id, trace()).await;
    assert_eq!(code_of(read), Code::NotFound);
    assert_eq!(raw::count(url, "journal").await, lines + 3);
}
