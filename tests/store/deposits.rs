use passerelle::dmp::document::{Availability, DocumentEntry, RelationKind};
use passerelle::dmp::record::RecordState;
use passerelle::dmp::right::Basis;
use passerelle::dmp::trace::TracedAct;
use passerelle::error::{Code, Severity};
use passerelle::policy::Act;
use passerelle::store::is_stale;

use crate::raw;
use crate::world::*;

pub async fn returns_the_bytes_as_they_came(url: &str) {
    let world = World::new(url).await;
    let doctor = physician();
    let mut large = document(&world.ins);
    large.content = (0..300_000_u32).flat_map(|n| n.to_le_bytes()).collect();
    let sent = [large, document(&world.ins)];
    let done = world
        .try_deposit(&doctor, sent.to_vec())
        .await
        .expect("deposit");
    assert!(done.warnings.is_empty());
    assert_eq!(
        done.submission.documents,
        [done.documents[0].id, done.documents[1].id]
    );
    let permit = world.permit(&doctor, &Act::ReadContent).await;
    for (sent, entry) in sent.iter().zip(&done.documents) {
        let trace = world.trace(&doctor, TracedAct::RetrieveDocument);
        let content = world
            .content(&permit, entry.content_id, trace)
            .await
            .expect("content");
        assert_eq!(content.bytes, sent.content);
        assert_eq!((content.id, content.document), (entry.content_id, entry.id));
        assert_eq!(content.sha1, sent.metadata.hash.hex());
        assert_eq!(content.mime_type, "text/xml");
        assert_eq!(entry.metadata, sent.metadata);
        assert_eq!(entry.declared_structure.as_deref(), Some("10B0057881"));
        assert_eq!(entry.depositor_structure, None);
        assert_ne!(entry.content_id, entry.id);
    }
}

pub async fn refuses_a_unique_id_that_is_there(url: &str) {
    let world = World::new(url).await;
    let doctor = physician();
    let first = document(&world.ins);
    world.deposit(&doctor, first.clone()).await;
    // The same again, with other bytes, and in another record.
    let again = world.try_deposit(&doctor, vec![first.clone()]).await;
    assert_eq!(code_of(again), Code::DuplicateDocument);
    let mut other = World {
        ins: ins(1),
        ..world
    };
    other.put_record(record(&other.ins)).await;
    let mut moved = first.clone();
    moved.metadata.patient = other.ins.clone();
    assert_eq!(
        code_of(other.try_deposit(&doctor, vec![moved]).await),
        Code::DuplicateDocument
    );
    // Twice in one submission, or as the submission's own.
    let twice = document(&other.ins);
    let result = other
        .try_deposit(&doctor, vec![twice.clone(), twice.clone()])
        .await;
    assert_eq!(code_of(result), Code::DuplicateDocument);
    let permit = other.permit(&doctor, &Act::Deposit).await;
    let mut set = submission(&other.ins, vec![document(&other.ins)]);
    set.metadata.unique_id = first.metadata.unique_id;
    let trace = other.trace(&doctor, TracedAct::ProvideBundle);
    assert_eq!(
        code_of(other.store.deposit(&permit, set, trace).await),
        Code::DuplicateDocument
    );
    // What was refused did not take its ids.
    other.deposit(&doctor, twice).await;
    other.ins = ins(0);
    assert_eq!(raw::count(&other.url, "document").await, 2);
}

pub async fn a_refusal_leaves_nothing_but_its_trace(url: &str) {
    let world = World::new(url).await;
    let before = raw::journal(url, &world.ins.key()).await.len();
    let documents = vec![document(&world.ins), replacing(&world.ins, &fresh_id())];
    let refused = world.try_deposit(&physician(), documents).await;
    assert_eq!(code_of(refused), Code::ReplaceTargetUnknown);
    for table in [
        "document",
        "submission",
        "content",
        "attribute",
        "unique_id",
    ] {
        assert_eq!(raw::count(url, table).await, 0, "{table}");
    }
    assert_eq!(raw::count(url, "locator").await, 1, "the record's own");
    let lines = raw::journal(url, &world.ins.key()).await;
    assert_eq!(lines.len(), before + 1);
    let line = lines.last().unwrap();
    assert_eq!(line["act"], "ITI-65");
    assert_eq!(line["outcome"], "8");
    assert_eq!(line["refusal"], "replace-target-unknown");
    assert!(line.get("entities").is_none());
}

pub async fn replaces_what_is_ones_own(url: &str) {
    let world = World::new(url).await;
    let hospital = establishment("10B0057881", false);
    let secretary = employee("30B0057881/CPET0002", "10B0057881");
    let doctor = physician();
    let mut signed = document(&world.ins);
    signed.metadata.authors = vec![author("899900000011", "LEFÈVRE", "Anne")];
    // Deposited by the caller; written by the caller; deposited by the caller's structure.
    for (depositor, replacer, document) in [
        (&doctor, &doctor, document(&world.ins)),
        (&hospital, &doctor, signed),
        (&hospital, &secretary, document(&world.ins)),
    ] {
        let old = world.deposit(depositor, document).await;
        let new = world
            .deposit(replacer, replacing(&world.ins, &old.metadata.unique_id))
            .await;
        assert_eq!((new.version, new.availability), (1, Availability::Approved));
        let permit = world.permit(&doctor, &Act::ReadDocument).await;
        let trace = world.trace(&doctor, TracedAct::ReadDocument);
        let stored = world
            .store
            .read_document(&permit, old.id, trace)
            .await
            .expect("still there");
        assert_eq!(stored.version, 2);
        let expected = format!(
            "{} {} v2 Deprecated masked=false",
            old.id, old.metadata.unique_id
        );
        assert_eq!(*stored.resource, *expected, "rendered again");
        let again = replacing(&world.ins, &old.metadata.unique_id);
        assert_eq!(
            code_of(world.try_deposit(replacer, vec![again]).await),
            Code::AlreadyReplaced
        );
    }
    // Two replacements of one document do not share a submission either.
    let old = world.deposit(&doctor, document(&world.ins)).await;
    let two = vec![
        replacing(&world.ins, &old.metadata.unique_id),
        replacing(&world.ins, &old.metadata.unique_id),
    ];
    assert_eq!(
        code_of(world.try_deposit(&doctor, two).await),
        Code::AlreadyReplaced
    );
}

pub async fn refuses_to_replace_what_one_may_not(url: &str) {
    let world = World::new(url).await;
    let (doctor, other, dietician) = (physician(), other_physician(), dietician());
    let seen = world.deposit(&doctor, document(&world.ins)).await;
    let hidden = world.deposit(&doctor, masked(&world.ins)).await;
    let unreadable = world
        .deposit(&doctor, typed(&world.ins, PHYSICIAN_TYPE))
        .await;
    let replace = async |actor, id| {
        let result = world
            .try_deposit(actor, vec![replacing(&world.ins, id)])
            .await;
        code_of(result)
    };
    assert_eq!(
        replace(&other, &seen.metadata.unique_id).await,
        Code::NotAuthor
    );
    assert_eq!(
        replace(&other, &hidden.metadata.unique_id).await,
        Code::ReplaceTargetUnknown
    );
    assert_eq!(
        replace(&dietician, &unreadable.metadata.unique_id).await,
        Code::ReplaceTargetUnknown
    );
    let hospital = establishment("10B0057881", false);
    assert_eq!(
        replace(&hospital, &seen.metadata.unique_id).await,
        Code::ReplaceTargetUnknown
    );
    // What comes in the same submission is no earlier document.
    let together = document(&world.ins);
    let follower = replacing(&world.ins, &together.metadata.unique_id);
    let result = world.try_deposit(&doctor, vec![together, follower]).await;
    assert_eq!(code_of(result), Code::ReplaceTargetUnknown);
    // Nor is a document of another record.
    let stranger = World {
        ins: ins(1),
        ..World::open(url).await
    };
    stranger.put_record(record(&stranger.ins)).await;
    let result = stranger
        .try_deposit(
            &doctor,
            vec![replacing(&stranger.ins, &seen.metadata.unique_id)],
        )
        .await;
    assert_eq!(code_of(result), Code::ReplaceTargetUnknown);
}

pub async fn a_mask_outlives_a_replacement(url: &str) {
    let world = World::new(url).await;
    let doctor = physician();
    let old = world.deposit(&doctor, masked(&world.ins)).await;
    let new = world
        .deposit(&doctor, replacing(&world.ins, &old.metadata.unique_id))
        .await;
    assert!(new.metadata.labels.masked);
    assert_eq!(
        world.find(&other_physician(), &query(vec![])).await,
        (0, vec![])
    );
    let permit = world.permit(&doctor, &Act::ReadDocument).await;
    let trace = world.trace(&doctor, TracedAct::ReadDocument);
    let stored = world
        .store
        .read_document(&permit, new.id, trace)
        .await
        .expect("own");
    assert!(stored.resource.ends_with("masked=true"));
}

pub async fn header_relations_are_applied_or_dropped_with_a_warning(url: &str) {
    let world = World::new(url).await;
    let doctor = physician();
    let told_by_header = |target: &passerelle::dmp::id::UniqueId| {
        let mut document = document(&world.ins);
        document.header_replaces = Some(target.clone());
        vec![document]
    };
    let old = world.deposit(&doctor, document(&world.ins)).await;
    let target = old.metadata.unique_id;
    let refused = world
        .try_deposit(&other_physician(), told_by_header(&target))
        .await;
    assert_eq!(code_of(refused), Code::NotAuthor);

    let done = world
        .try_deposit(&doctor, told_by_header(&target))
        .await
        .expect("replaces");
    assert_eq!(done.warnings.len(), 1);
    assert_eq!(done.warnings[0].code, Code::RelationOnlyInHeader);
    assert_eq!(done.warnings[0].severity, Severity::Warning);
    let relation = &done.documents[0].metadata.relations[0];
    assert_eq!(
        (relation.kind, &relation.target),
        (RelationKind::Replaces, &target)
    );
    let refused = world.try_deposit(&doctor, told_by_header(&target)).await;
    assert_eq!(code_of(refused), Code::AlreadyReplaced);

    let hidden = world
        .deposit(&doctor, masked(&world.ins))
        .await
        .metadata
        .unique_id;
    for (actor, target) in [(&doctor, fresh_id()), (&other_physician(), hidden)] {
        let done = world
            .try_deposit(actor, told_by_header(&target))
            .await
            .expect("a new one");
        assert_eq!(done.warnings[0].code, Code::RelationOnlyInHeader);
        assert!(done.documents[0].metadata.relations.is_empty());
    }
}

pub async fn other_relations_need_a_target(url: &str) {
    let world = World::new(url).await;
    let doctor = physician();
    for kind in [RelationKind::Transforms, RelationKind::Signs] {
        let unknown = relating(&world.ins, kind, &fresh_id());
        let refused = world.try_deposit(&doctor, vec![unknown]).await;
        assert_eq!(code_of(refused), Code::ReplaceTargetUnknown);
        // Somebody else's document may be signed, and a signature may come with what it signs.
        let target = world
            .deposit(&other_physician(), document(&world.ins))
            .await;
        world
            .deposit(
                &doctor,
                relating(&world.ins, kind, &target.metadata.unique_id),
            )
            .await;
        let signed = document(&world.ins);
        let signature = relating(&world.ins, kind, &signed.metadata.unique_id);
        world
            .try_deposit(&doctor, vec![signature, signed])
            .await
            .expect("together");
    }
}

pub async fn what_moved_since_the_decision_is_stale(url: &str) {
    let world = World::new(url).await;
    let doctor = physician();
    let permit = world.permit(&doctor, &Act::Deposit).await;
    let mut closed = record(&world.ins);
    closed.state = RecordState::Closed;
    world.put_record(closed).await;
    let lines = raw::count(url, "journal").await;
    let set = submission(&world.ins, vec![document(&world.ins)]);
    let trace = world.trace(&doctor, TracedAct::ProvideBundle);
    let refused = world
        .store
        .deposit(&permit, set, trace)
        .await
        .expect_err("moved");
    assert!(is_stale(&refused));
    assert_eq!(refused.code(), Code::VersionConflict);
    assert_eq!(raw::count(url, "document").await, 0);
    assert_eq!(
        raw::count(url, "journal").await,
        lines,
        "decided again, traced once"
    );
    let again = world.try_permit(&doctor, &Act::Deposit, &context()).await;
    assert_eq!(code_of(again), Code::RecordClosed);
}

pub async fn many_at_once_are_all_kept(url: &str) {
    let world = std::sync::Arc::new(World::new(url).await);
    let shared = document(&world.ins);
    let tasks: Vec<_> = (0..32)
        .map(|n| {
            let (world, shared) = (world.clone(), shared.clone());
            tokio::spawn(async move {
                let documents = match n % 4 {
                    // One unique id for several publishers: one of them wins.
                    0 => vec![shared],
                    _ => vec![document(&world.ins)],
                };
                world.try_deposit(&physician(), documents).await.is_ok()
            })
        })
        .collect();
    let mut kept = 0;
    for task in tasks {
        kept += u64::from(task.await.expect("task"));
    }
    assert_eq!(kept, 25);
    assert_eq!(world.find(&physician(), &query(vec![])).await.0, 25);
    let deposits = raw::journal(url, &world.ins.key()).await;
    let of = |outcome: &str| {
        deposits
            .iter()
            .filter(|line| line["act"] == "ITI-65" && line["outcome"] == outcome)
            .count()
    };
    assert_eq!((of("0"), of("4")), (25, 7));
}

pub async fn two_servers_share_one_database(url: &str) {
    let one = std::sync::Arc::new(World::new(url).await);
    let two = std::sync::Arc::new(World::open(url).await);
    let tasks: Vec<_> = (0..24)
        .map(|n| {
            let world = if n % 2 == 0 { one.clone() } else { two.clone() };
            tokio::spawn(async move {
                for _ in 0..5 {
                    world.deposit(&physician(), document(&world.ins)).await;
                    world.find(&physician(), &query(vec![])).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("task");
    }
    assert_eq!(two.find(&physician(), &query(vec![])).await.0, 120);
    let lines = raw::journal(url, &one.ins.key()).await.len() as u64;
    assert_eq!(lines, 1 + 120 + 120 + 1);
    let whole = passerelle::store::Verification::Whole { chains: 1, lines };
    assert_eq!(one.store.verify_journal().await, Ok(whole));
}

/// Who follows a record asks for what changed after the latest that he saw: an upload that was slow to come must not hide behind it.
pub async fn what_is_committed_later_is_of_a_later_millisecond(url: &str) {
    let world = World::new(url).await;
    let doctor = physician();
    let asked = now();
    let deposit = async |documents: Vec<_>, at| {
        let permit = world.permit(&doctor, &Act::Deposit).await;
        let mut trace = world.trace(&doctor, TracedAct::ProvideBundle);
        trace.at = at;
        let submission = submission(&world.ins, documents);
        let done = world.store.deposit(&permit, submission, trace).await;
        done.expect("deposit")
    };
    let first = deposit(vec![document(&world.ins)], asked).await;
    let before = asked - jiff::SignedDuration::from_secs(20);
    let slow = deposit(vec![document(&world.ins), document(&world.ins)], before).await;
    let target = &first.documents[0].metadata.unique_id;
    let replaces = deposit(vec![replacing(&world.ins, target)], asked).await;
    let mut seen = asked.as_millisecond() - 1;
    for done in [&first, &slow, &replaces] {
        let mut at = done.documents.iter().map(|entry| entry.updated);
        let first = at.next().expect("a document");
        assert!(first.as_millisecond() > seen, "{first} after {seen}");
        assert!(at.all(|at| at == first) && done.submission.updated == first);
        seen = first.as_millisecond();
    }
    // What was asked for keeps its own time, and the row, its text and the answer agree.
    let again = &slow.documents[0];
    assert_eq!(again.deposited.as_microsecond(), before.as_microsecond());
    let rows = "SELECT updated FROM document ORDER BY updated, id";
    let rows = raw::column(url, rows).await;
    let replaced = replaces.documents[0].updated.as_microsecond().to_string();
    let slow = again.updated.as_microsecond().to_string();
    assert_eq!(
        rows,
        [&slow, &slow, &replaced, &replaced].map(String::as_str)
    );
    for text in raw::column(url, "SELECT entry FROM document_text").await {
        let entry: DocumentEntry = serde_json::from_str(&text).unwrap();
        assert!(rows.contains(&entry.updated.as_microsecond().to_string()));
    }
    // A right that is declared meanwhile too.
    let act = declares(&doctor.id, Basis::Team, true);
    let permit = world.try_permit(&doctor, &act, &context()).await.unwrap();
    let mut trace = world.trace(&doctor, TracedAct::DeclareConsent);
    trace.at = before;
    let declaration = declaration(&world.ins, &doctor, true);
    let declared = world
        .store
        .declare(&permit, declaration, Some(asked), None, trace)
        .await;
    let (right, _) = declared.expect("declared");
    assert!(right.updated.as_millisecond() > seen);
    assert_eq!(right.start.as_microsecond(), before.as_microsecond());
}
