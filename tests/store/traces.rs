//! Who reads which lines of a journal, and how they are searched (TRC-02, TRC-03, MT-04, MIN-08, ANN-04).

use passerelle::audit;
use passerelle::dmp::actor::{Actor, ActorId, ActorKind, Mandate, PortalUser};
use passerelle::dmp::context::{AccessMode, Context};
use passerelle::dmp::query::{Comparison, DocumentKey, Page, TimeBound};
use passerelle::dmp::right::{Basis, Declaration, Grant};
use passerelle::dmp::time::Instant;
use passerelle::dmp::trace::{
    AgentKey, EntityKey, Outcome, Part, Trace, TraceCondition, TraceKey, TraceQuery, TracedAct,
};
use passerelle::error::Code;
use passerelle::policy::Act;
use passerelle::store::{KeptTrace, Verification};
use uuid::Uuid;

use crate::world::*;

const STRUCTURE: &str = "10B0057881";

fn portal(kind: ActorKind, world: &World) -> Actor {
    let user = PortalUser::new("https://portail.example", "sub-1").expect("user");
    Actor {
        kind,
        id: ActorId::User(user),
        mandate: Some(Mandate {
            patient: world.ins.clone(),
            protects_person: false,
        }),
        ..establishment("10B0000003", false)
    }
}

/// A record of a child.
async fn child(url: &str) -> World {
    let world = World::open(url).await;
    let mut data = record(&world.ins);
    data.traits.birth_date = jiff::civil::date(2015, 6, 1);
    world.put_record(data).await;
    world
}

async fn is_treating(world: &World, actor: &Actor) {
    world.declare(actor, true).await;
    let grant = Grant::TreatingPhysician {
        holder: actor.id.clone(),
        basis: Basis::Explicit,
    };
    let act = Act::WriteRight {
        grant: grant.clone(),
        active: true,
    };
    let permit = world
        .try_permit(actor, &act, &context())
        .await
        .expect("médecin traitant");
    let declaration = Declaration {
        patient: world.ins.clone(),
        grant,
        name: None,
        active: true,
        until: None,
    };
    let trace = world.trace(actor, TracedAct::DeclareConsent);
    let store = &world.store;
    store
        .declare(&permit, declaration, None, None, trace)
        .await
        .expect("right");
}

fn all() -> TraceQuery {
    TraceQuery {
        conditions: Vec::new(),
        descending: false,
        count: 100,
        after: None,
    }
}

/// What a reader finds at a time. Its own trace names another record, so that it is never among what is found.
async fn find(world: &World, actor: &Actor, query: &TraceQuery, at: Instant) -> Page<KeptTrace> {
    let context = Context {
        now: at,
        ..context()
    };
    let permit = world
        .try_permit(actor, &Act::ReadTraces, &context)
        .await
        .expect("permit");
    let mut own = trace(actor, Some(&ins(9)), TracedAct::SearchTraces);
    own.at = at;
    world
        .store
        .find_traces(&permit, query, own)
        .await
        .expect("traces")
}

/// Request ids of what a reader finds, sorted.
async fn seen(world: &World, actor: &Actor, at: Instant) -> Vec<String> {
    let page = find(world, actor, &all(), at).await;
    assert_eq!(page.total, page.rows.len() as u64);
    let mut names: Vec<String> = page
        .rows
        .into_iter()
        .map(|row| row.trace.request_id)
        .collect();
    names.sort();
    names
}

/// A line of this name, by an actor, on an entity.
fn line(world: &World, actor: &Actor, name: &str, entity: Option<(&str, Uuid)>) -> Trace {
    let structure = actor.structure.as_ref().map(|it| it.id.to_string());
    let mut line = world.trace(actor, TracedAct::ReadDocument);
    if let Some(actor) = &mut line.actor {
        actor.structure = structure.or(Some(STRUCTURE.to_owned()));
    }
    line.request_id = name.to_owned();
    line.entities = entity
        .into_iter()
        .map(|(kind, id)| (kind.to_owned(), id))
        .collect();
    line
}

/// Those that a test named.
fn named(names: Vec<String>) -> Vec<String> {
    names.into_iter().filter(|name| name != "request").collect()
}

pub async fn each_reader_sees_his_scope(url: &str) {
    let world = child(url).await;
    let (author, treating) = (physician(), other_physician());
    let clerk = employee("3750300667/1", STRUCTURE);
    let hospital = establishment(STRUCTURE, false);
    is_treating(&world, &treating).await;
    let shown = world.deposit(&author, document(&world.ins)).await;
    let mut hidden = document(&world.ins);
    hidden.metadata.labels.invisible_patient = true;
    let hidden = world.deposit(&author, hidden).await;
    let mut kept = document(&world.ins);
    kept.metadata.labels.invisible_representatives = true;
    let kept = world.deposit(&author, kept).await;

    let doc = |id| Some((audit::DOCUMENT, id));
    let lines = [
        line(&world, &author, "plain", doc(shown.id)),
        line(&world, &author, "hidden", doc(hidden.id)),
        line(
            &world,
            &author,
            "content",
            Some((audit::CONTENT, hidden.content_id)),
        ),
        line(
            &world,
            &author,
            "list",
            Some((audit::SUBMISSION, hidden.submission_id)),
        ),
        line(&world, &author, "minor", doc(kept.id)),
        Trace {
            secret: true,
            ..line(&world, &author, "secret", None)
        },
        Trace {
            outcome: Outcome::Refused,
            refusal: Some("consent-required".to_owned()),
            ..line(&world, &dietician(), "refused", None)
        },
        line(&world, &clerk, "clerk", None),
        line(&world, &hospital, "hospital", None),
        line(&world, &portal(ActorKind::Holder, &world), "holder", None),
    ];
    for line in lines {
        world.store.trace(line).await.expect("line");
    }

    let (now, later) = (now(), now() + jiff::SignedDuration::from_hours(24 * 32));
    let see = async |actor: &Actor, at| named(seen(&world, actor, at).await);
    let everything = [
        "clerk", "content", "hidden", "holder", "hospital", "list", "minor", "plain", "refused",
        "secret",
    ];
    assert_eq!(see(&treating, now).await, everything, "médecin traitant");
    assert_eq!(
        see(&author, now).await,
        ["content", "hidden", "list", "minor", "plain", "secret"],
        "his own acts"
    );
    assert_eq!(see(&dietician(), now).await, ["refused"]);
    assert_eq!(see(&hospital, now).await, ["clerk", "hospital"]);
    assert_eq!(see(&clerk, now).await, ["clerk", "hospital"]);
    assert!(
        see(&establishment("10B0000003", false), now)
            .await
            .is_empty()
    );
    assert_eq!(
        see(&portal(ActorKind::Holder, &world), now).await,
        [
            "clerk", "holder", "hospital", "minor", "plain", "refused", "secret"
        ]
    );
    let representative = portal(ActorKind::Representative, &world);
    assert_eq!(
        see(&representative, now).await,
        ["clerk", "holder", "hospital", "plain", "refused"]
    );
    // A month after its deposit a document is visible, and so are its traces; what a minor keeps from them is not.
    assert_eq!(
        see(&portal(ActorKind::Holder, &world), later).await,
        everything
    );
    assert_eq!(
        see(&representative, later).await,
        [
            "clerk", "content", "hidden", "holder", "hospital", "list", "plain", "refused"
        ]
    );

    let page = find(&world, &treating, &all(), now).await;
    let marked: Vec<_> = page
        .rows
        .iter()
        .filter(|row| row.unannounced && row.trace.request_id != "request")
        .map(|row| row.trace.request_id.as_str())
        .collect();
    assert_eq!(marked, ["hidden", "content", "list"]);
    assert!(matches!(
        world.store.verify_journal().await,
        Ok(Verification::Whole { .. })
    ));
}

pub async fn a_hidden_trace_reads_as_an_absent_one(url: &str) {
    let world = child(url).await;
    let secret = Trace {
        secret: true,
        ..line(&world, &physician(), "secret", None)
    };
    world.store.trace(secret.clone()).await.expect("line");
    let read = async |actor: &Actor, key: TraceKey| {
        let permit = world
            .try_permit(actor, &Act::ReadTraces, &context())
            .await
            .expect("permit");
        let trace = world.trace(actor, TracedAct::ReadTrace);
        world.store.read_trace(&permit, key, trace).await
    };
    let standing = world.store.standing(&world.ins, &physician()).await;
    let record = standing.expect("read").expect("record").record.id;
    let key = TraceKey {
        trace: secret.id,
        record,
    };
    let representative = portal(ActorKind::Representative, &world);
    let absent = TraceKey {
        trace: Uuid::new_v4(),
        ..key
    };
    for (actor, key) in [
        (&representative, key),
        (&representative, absent),
        (&other_physician(), key),
        (&physician(), absent),
        (
            &physician(),
            TraceKey {
                record: Uuid::new_v4(),
                ..key
            },
        ),
    ] {
        assert_eq!(code_of(read(actor, key).await), Code::NotFound);
    }
    let found = read(&physician(), key).await.expect("his own");
    assert_eq!(found.trace, secret);

    // Reading is traced, refused reading too.
    let own = all_of(
        &world,
        &physician(),
        vec![TraceCondition::Act(vec![TracedAct::ReadTrace])],
    )
    .await;
    let entity = |trace: Uuid| vec![(audit::TRACE.to_owned(), trace)];
    let told: Vec<_> = own
        .iter()
        .map(|row| (row.outcome, row.entities.clone()))
        .collect();
    // What one asked for and was told is not there is not among one's own: it might be hidden.
    assert_eq!(told, [(Outcome::Success, entity(secret.id))]);
    let holder = portal(ActorKind::Holder, &world);
    let seen = vec![TraceCondition::Act(vec![TracedAct::ReadTrace])];
    let seen = all_of(&world, &holder, seen).await;
    let refused = |row: &&Trace| row.outcome == Outcome::Refused;
    let refused: Vec<_> = seen.iter().filter(refused).collect();
    assert_eq!(refused.len(), 3);
    let misses = refused
        .iter()
        .filter(|row| row.entities == entity(absent.trace));
    assert_eq!(misses.count(), 1);
}

async fn all_of(world: &World, actor: &Actor, conditions: Vec<TraceCondition>) -> Vec<Trace> {
    let query = TraceQuery {
        conditions,
        ..all()
    };
    let page = find(world, actor, &query, now()).await;
    page.rows.into_iter().map(|row| row.trace).collect()
}

pub async fn each_condition_keeps_what_it_says(url: &str) {
    let world = World::new(url).await;
    let treating = other_physician();
    is_treating(&world, &treating).await;
    let instant = |text: &str| text.parse::<Instant>().expect("instant");
    let brought = world.deposit(&physician(), document(&world.ins)).await;
    let target = brought.id;
    let holder = portal(ActorKind::Holder, &world);
    let place = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let first = Trace {
        at: instant("2026-03-01T10:00:00Z"),
        mode: AccessMode::BrisDeGlace,
        ..line(
            &world,
            &physician(),
            "first",
            Some((audit::DOCUMENT, target)),
        )
    };
    let second = Trace {
        at: instant("2026-03-01T10:00:00.5Z"),
        act: TracedAct::SearchDocuments,
        query: Some(format!("x=[\"DocumentReference\",\"{target}\"]")),
        outcome: Outcome::Refused,
        ..line(
            &world,
            &establishment(STRUCTURE, false),
            "second",
            Some((audit::SUBMISSION, target)),
        )
    };
    let third = Trace {
        at: instant("2026-03-01T10:00:01Z"),
        traceparent: Some(place.to_owned()),
        ..line(&world, &holder, "third", None)
    };
    let standing = world.store.standing(&world.ins, &physician()).await;
    let record = standing.expect("read").expect("record").record.id;
    let other = super::world::ins(9);
    for line in [&first, &second, &third] {
        world.store.trace(line.clone()).await.expect("line");
    }
    let bound = |comparison, start, end| {
        TraceCondition::At(vec![TimeBound {
            comparison,
            start: instant(start),
            end: instant(end),
        }])
    };
    let second_of = |comparison| bound(comparison, "2026-03-01T10:00:00Z", "2026-03-01T10:00:01Z");
    let entity = |kind: &str, id| TraceCondition::Entity(vec![(kind.to_owned(), id)]);
    let agent = |key| TraceCondition::Agent(vec![key]);
    let has = |key| TraceCondition::Identifier(vec![key]);
    let thing = |key| has(EntityKey::Thing(key));
    let read = first.act;
    let tells = |told: &[(TracedAct, Part<'static>)]| TraceCondition::Tells(told.to_vec());
    let every = |part| TracedAct::ALL.map(|act| (act, part)).to_vec();
    let key = |trace: &Trace| TraceKey {
        trace: trace.id,
        record,
    };
    let before_now = bound(
        Comparison::Less,
        "2026-04-01T00:00:00Z",
        "2026-04-01T00:00:00Z",
    );
    for (condition, expected) in [
        (second_of(Comparison::Equal), &["first", "second"][..]),
        (second_of(Comparison::NotEqual), &["third"]),
        (second_of(Comparison::Greater), &["third"]),
        (
            second_of(Comparison::GreaterOrEqual),
            &["first", "second", "third"],
        ),
        (second_of(Comparison::Less), &[]),
        (second_of(Comparison::LessOrEqual), &["first", "second"]),
        (second_of(Comparison::StartsAfter), &["third"]),
        (second_of(Comparison::EndsBefore), &[]),
        (
            TraceCondition::Key(vec![key(&first), key(&third)]),
            &["first", "third"],
        ),
        (
            TraceCondition::Act(vec![TracedAct::SearchDocuments]),
            &["second"],
        ),
        (TraceCondition::Act(vec![]), &[]),
        (TraceCondition::Outcome(vec![Outcome::Refused]), &["second"]),
        (
            TraceCondition::Mode(vec![AccessMode::BrisDeGlace, AccessMode::Centre15]),
            &["first"],
        ),
        (
            agent(AgentKey::Person("899900000011".to_owned())),
            &["first"],
        ),
        (
            agent(AgentKey::Structure(STRUCTURE.to_owned())),
            &["first", "second"],
        ),
        (
            agent(AgentKey::Any(STRUCTURE.to_owned())),
            &["first", "second"],
        ),
        (
            agent(AgentKey::User(
                "https://portail.example".to_owned(),
                "sub-1".to_owned(),
            )),
            &["third"],
        ),
        (agent(AgentKey::Holder(record)), &["third"]),
        (agent(AgentKey::Holder(target)), &[]),
        (entity(audit::DOCUMENT, target), &["first"]),
        (entity(audit::SUBMISSION, target), &["second"]),
        (entity(audit::RECORD, record), &["first", "second", "third"]),
        (entity(audit::RECORD, target), &[]),
        (agent(AgentKey::Ins(world.ins.clone())), &["third"]),
        (agent(AgentKey::Ins(other.clone())), &[]),
        (agent(AgentKey::Any(world.ins.value().into())), &["third"]),
        (agent(AgentKey::Ours), &["first", "second", "third"]),
        (
            has(EntityKey::Holder(world.ins.clone())),
            &["first", "second", "third"],
        ),
        (has(EntityKey::Holder(other)), &[]),
        (has(EntityKey::Request("second".into())), &["second"]),
        (has(EntityKey::Request(place.into())), &[]),
        (has(EntityKey::Place(place.into())), &["third"]),
        // Whatever names the document tells of it: a line of the journal calls it what it likes.
        (
            thing(DocumentKey::Unique(brought.metadata.unique_id.clone())),
            &["first", "second"],
        ),
        (
            thing(DocumentKey::Uuid(brought.entry_uuid)),
            &["first", "second"],
        ),
        (thing(DocumentKey::Id(target)), &["first", "second"]),
        (thing(DocumentKey::Uuid(Uuid::new_v4())), &[]),
        (thing(DocumentKey::Unique(fresh_id())), &[]),
        (TraceCondition::Identifier(vec![]), &[]),
        (tells(&[]), &[]),
        (tells(&every(Part::Holder)), &["first", "second", "third"]),
        (
            tells(&[(TracedAct::SearchDocuments, Part::Search)]),
            &["second"],
        ),
        (tells(&every(Part::Thing(audit::DOCUMENT))), &["first"]),
        (
            tells(&[
                (read, Part::Thing(audit::SUBMISSION)),
                (TracedAct::SearchDocuments, Part::Thing(audit::SUBMISSION)),
                (TracedAct::SearchDocuments, Part::Thing(audit::DOCUMENT)),
            ]),
            &["second"],
        ),
        (tells(&every(Part::Place)), &["third"]),
        (tells(&every(Part::Request)), &["first", "second", "third"]),
    ] {
        let asked = vec![before_now.clone(), condition.clone()];
        let found = all_of(&world, &treating, asked).await;
        let names: Vec<_> = found.iter().map(|it| it.request_id.as_str()).collect();
        assert_eq!(names, expected, "{condition:?}");
    }
}

pub async fn pages_of_traces_hold_while_lines_arrive(url: &str) {
    let world = World::new(url).await;
    let mut written = Vec::new();
    for number in 0..25 {
        // Some at one instant: their places part them.
        let at = now() - jiff::SignedDuration::from_secs(100 - i64::from(number / 3));
        let line = Trace {
            at,
            ..line(&world, &physician(), "line", None)
        };
        written.push(line.id);
        world.store.trace(line).await.expect("line");
    }
    for descending in [false, true] {
        let mut query = TraceQuery {
            descending,
            count: 7,
            ..all()
        };
        let before = find(
            &world,
            &physician(),
            &TraceQuery { count: 0, ..all() },
            now(),
        )
        .await;
        assert!(before.rows.is_empty());
        let mut found = Vec::new();
        loop {
            let page = find(&world, &physician(), &query, now()).await;
            let times: Vec<_> = page.rows.iter().map(|row| row.trace.at).collect();
            let rising = times.is_sorted();
            let falling = times.iter().rev().is_sorted();
            assert!(if descending { falling } else { rising });
            found.extend(page.rows.iter().map(|row| row.trace.id));
            let Some(next) = page.next else { break };
            query.after = Some(next);
            if found.len() < 30 {
                let arriving = line(&world, &physician(), "arriving", None);
                world.store.trace(arriving).await.expect("line");
            }
        }
        assert!(found.len() as u64 >= before.total);
        for id in &written {
            assert_eq!(found.iter().filter(|seen| *seen == id).count(), 1);
        }
    }
}
