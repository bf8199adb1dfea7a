//! What follows from a right, and what bounds it.

use jiff::SignedDuration;
use passerelle::dmp::actor::{Actor, ActorId, ActorKind, Mandate, PortalUser};
use passerelle::dmp::code::system;
use passerelle::dmp::query::{CodedField, Condition, Token};
use passerelle::dmp::right::{Basis, Category, Declaration, Grant, Right};
use passerelle::dmp::trace::TracedAct;
use passerelle::error::{self, Error};
use passerelle::policy::{Act, Permit};
use passerelle::store::is_stale;

use crate::raw;
use crate::world::*;

fn user(sub: &str) -> ActorId {
    ActorId::User(PortalUser::new("https://portail.example", sub).expect("user"))
}

fn holder(world: &World) -> Actor {
    Actor {
        kind: ActorKind::Holder,
        id: user("compte"),
        profession: None,
        mandate: Some(Mandate {
            patient: world.ins.clone(),
            protects_person: false,
        }),
        ..establishment("10B0000014", false)
    }
}

async fn may(world: &World, actor: &Actor, grant: &Grant, active: bool) -> Result<Permit, Error> {
    let act = Act::WriteRight {
        grant: grant.clone(),
        active,
    };
    world.try_permit(actor, &act, &context()).await
}

async fn spend(
    world: &World,
    actor: &Actor,
    permit: &Permit,
    grant: Grant,
    active: bool,
) -> Result<(Right, bool), Error> {
    let declaration = Declaration {
        patient: world.ins.clone(),
        grant,
        name: None,
        active,
        until: None,
    };
    let end = Some(now() + SignedDuration::from_hours(24));
    let trace = world.trace(actor, TracedAct::DeclareConsent);
    let declared = world.store.declare(permit, declaration, end, None, trace);
    declared.await
}

async fn write(
    world: &World,
    actor: &Actor,
    grant: Grant,
    active: bool,
) -> Result<(Right, bool), Error> {
    let permit = may(world, actor, &grant, active).await?;
    spend(world, actor, &permit, grant, active).await
}

/// The rights of some categories that concern an actor and stand.
async fn stands(world: &World, actor: &Actor) -> Vec<Category> {
    let standing = world.store.standing(&world.ins, actor).await.unwrap();
    let rights = standing.unwrap().rights;
    let valid = rights.iter().filter(|right| right.is_valid_at(now()));
    let mut categories: Vec<_> = valid
        .map(|right| right.declaration.grant.category())
        .collect();
    categories.sort_by_key(|category| category.code());
    categories
}

fn treating(actor: &Actor) -> Grant {
    Grant::TreatingPhysician {
        holder: actor.id.clone(),
        basis: Basis::Team,
    }
}

fn own(actor: &Actor) -> Grant {
    access(&actor.id, Basis::Team)
}

pub async fn a_treating_physician_is_authorised(url: &str) {
    let world = World::new(url).await;
    let doctor = physician();
    let both = [Category::Access, Category::TreatingPhysician];
    let (right, new) = write(&world, &doctor, treating(&doctor), true)
        .await
        .unwrap();
    // The role lasts, the authorisation ends (MT-02).
    assert!(new && right.version == 1 && right.end.is_none());
    assert_eq!(stands(&world, &doctor).await, both);
    let standing = world.store.standing(&world.ins, &doctor).await.unwrap();
    let authorisation = standing.unwrap().authorisation().cloned().unwrap();
    assert_eq!(authorisation.declaration.grant, own(&doctor));
    assert!(authorisation.end.is_some());
    let lines = raw::journal(url, &world.ins.key()).await;
    let named = lines.last().unwrap()["entities"].as_array().unwrap();
    assert_eq!(named.len(), 2, "{named:?}");

    // Declared again, both are renewed; given up, the authorisation stays.
    let again = write(&world, &doctor, treating(&doctor), true)
        .await
        .unwrap();
    assert_eq!((again.0.version, again.1), (2, false));
    let renewed = world.store.standing(&world.ins, &doctor).await.unwrap();
    assert_eq!(renewed.unwrap().authorisation().unwrap().version, 2);
    write(&world, &doctor, treating(&doctor), false)
        .await
        .unwrap();
    assert_eq!(stands(&world, &doctor).await, [Category::Access]);

    // Whoever loses the authorisation loses the role, and a new authorisation doesn't bring it back.
    write(&world, &doctor, treating(&doctor), true)
        .await
        .unwrap();
    let patient = holder(&world);
    write(&world, &patient, own(&doctor), false).await.unwrap();
    assert!(stands(&world, &doctor).await.is_empty());
    write(&world, &doctor, own(&doctor), true).await.unwrap();
    assert_eq!(stands(&world, &doctor).await, [Category::Access]);
}

pub async fn a_block_ends_all_and_unblocking_restores_nothing(url: &str) {
    let world = World::new(url).await;
    let (doctor, other, patient) = (physician(), other_physician(), holder(&world));
    let block = Grant::Block {
        of: doctor.id.clone(),
    };
    write(&world, &doctor, treating(&doctor), true)
        .await
        .unwrap();
    consulted(&world, &doctor).await;
    let administrator = Grant::Administrator {
        holder: doctor.id.clone(),
    };
    write(&world, &patient, administrator, true).await.unwrap();
    assert_eq!(stands(&world, &doctor).await.len(), 3);
    write(&world, &other, own(&other), true).await.unwrap();

    write(&world, &patient, block.clone(), true).await.unwrap();
    assert_eq!(stands(&world, &doctor).await, [Category::Block]);
    assert_eq!(stands(&world, &other).await, [Category::Access]);
    // Neither he nor anybody for him declares anything meanwhile (BLK-04).
    let refused = write(&world, &doctor, own(&doctor), true).await;
    assert_eq!(code_of(refused), error::Code::BlockedByPatient);
    let entrusted = access(&doctor.id, Basis::Explicit);
    let refused = write(&world, &other, entrusted.clone(), true).await;
    assert_eq!(code_of(refused), error::Code::BlockedByPatient);

    write(&world, &patient, block, false).await.unwrap();
    assert!(stands(&world, &doctor).await.is_empty());
    let search = Act::SearchDocuments {
        by_identifier: false,
    };
    let refused = world.try_permit(&doctor, &search, &context()).await;
    assert_eq!(code_of(refused), error::Code::ConsentRequired);
    write(&world, &other, entrusted, true).await.unwrap();
    assert_eq!(stands(&world, &doctor).await, [Category::Access]);
}

async fn consulted(world: &World, actor: &Actor) {
    let (ins, actor) = (world.ins.key(), actor.id.key());
    let sql =
        format!("INSERT INTO consultation (ins, actor, first) VALUES ('{ins}', '{actor}', 1)");
    raw::run(&world.url, &sql).await;
}

pub async fn an_administrator_has_consulted_once(url: &str) {
    let world = World::new(url).await;
    let (doctor, patient) = (physician(), holder(&world));
    let grant = Grant::Administrator {
        holder: doctor.id.clone(),
    };
    let refused = write(&world, &patient, grant.clone(), true).await;
    assert_eq!(code_of(refused), error::Code::NeverConnected);
    assert_eq!(raw::count(url, "consent").await, 0);
    consulted(&world, &doctor).await;
    write(&world, &patient, grant.clone(), true).await.unwrap();
    assert_eq!(stands(&world, &doctor).await, [Category::Administrator]);
    // He blocks and unblocks others (ADM-02), and nobody makes him one while he is blocked himself.
    let block = |actor: &Actor| Grant::Block {
        of: actor.id.clone(),
    };
    let other = other_physician();
    let refused = write(&world, &other, block(&doctor), true).await;
    assert_eq!(code_of(refused), error::Code::NotYours);
    for active in [true, false] {
        write(&world, &doctor, block(&other), active).await.unwrap();
    }
    write(&world, &patient, block(&doctor), true).await.unwrap();
    let refused = write(&world, &patient, grant.clone(), true).await;
    assert_eq!(code_of(refused), error::Code::BlockedByPatient);
    write(&world, &patient, block(&doctor), false)
        .await
        .unwrap();
    write(&world, &patient, grant.clone(), true).await.unwrap();
    write(&world, &patient, grant, false).await.unwrap();
    assert!(stands(&world, &doctor).await.is_empty());
}

pub async fn default_masking_masks_all_that_is_there(url: &str) {
    let world = World::new(url).await;
    let (doctor, patient) = (physician(), holder(&world));
    let first = world.deposit(&doctor, document(&world.ins)).await;
    let replacement = replacing(&world.ins, &first.metadata.unique_id);
    let second = world.deposit(&doctor, replacement).await;
    world.deposit(&doctor, masked(&world.ins)).await;
    // More than are read at once.
    let many = (0..120).map(|_| document(&world.ins)).collect();
    world.try_deposit(&doctor, many).await.unwrap();
    let masks = Condition::Coded(
        CodedField::Confidentiality,
        vec![Token {
            system: Some(system::VISIBILITY.to_owned()),
            code: "MASQUE_PS".to_owned(),
        }],
    );
    let stranger = other_physician();
    assert_eq!(world.find(&stranger, &query(Vec::new())).await.0, 122);
    let visible = query(vec![masks.clone()]);
    assert_eq!(world.find(&doctor, &visible).await.0, 1);

    write(&world, &patient, Grant::DefaultMasking, true)
        .await
        .unwrap();
    assert_eq!(world.find(&stranger, &query(Vec::new())).await.0, 0);
    assert_eq!(world.find(&doctor, &query(Vec::new())).await.0, 123);
    assert_eq!(world.find(&doctor, &visible).await.0, 123);
    let texts = raw::column(url, "SELECT resource FROM document_text").await;
    assert!(texts.iter().all(|text| text.ends_with("masked=true")));
    // The same document under a new entryUUID and version (MSK-08); what was masked before is as it was.
    let of = |id| raw::column(url, id);
    let versions = of("SELECT version FROM document ORDER BY version").await;
    let count = |version: &str| versions.iter().filter(|it| *it == version).count();
    assert_eq!((count("1"), count("2"), count("3")), (1, 121, 1));
    for entry in [&first, &second] {
        let permit = world.permit(&doctor, &Act::ReadDocument).await;
        let trace = world.trace(&doctor, TracedAct::ReadDocument);
        let read = world.store.read_document(&permit, entry.id, trace).await;
        let read = read.unwrap();
        assert!(read.resource.contains("masked=true"), "{}", read.resource);
        let entries = raw::column(url, "SELECT entry FROM document_text").await;
        let (stale, old) = (entry.entry_uuid, "former_uuids");
        let present = format!("\"entry_uuid\":\"{stale}\"");
        assert!(entries.iter().all(|text| !text.contains(&present)));
        let former = format!("\"{old}\":[\"{stale}\"");
        assert!(entries.iter().any(|text| text.contains(&former)));
    }
    // Every version before is kept. A stranger may know of none, although this one was not masked.
    assert_eq!(raw::count(url, "document_version").await, 123);
    for (actor, may) in [(&doctor, true), (&stranger, false)] {
        let permit = world.permit(actor, &Act::ReadDocument).await;
        let trace = world.trace(actor, TracedAct::ReadDocument);
        let store = &world.store;
        let read = store
            .read_document_version(&permit, second.id, 1, trace)
            .await;
        let read = read.map(|read| (read.version, read.resource.ends_with("masked=false")));
        assert_eq!(read.ok(), may.then_some((1, true)));
    }

    // New ones are masked too; without the switch they aren't, and nothing is unmasked.
    let new = world.deposit(&doctor, document(&world.ins)).await;
    assert!(new.metadata.labels.masked);
    write(&world, &patient, Grant::DefaultMasking, false)
        .await
        .unwrap();
    let plain = world.deposit(&doctor, document(&world.ins)).await;
    assert!(!plain.metadata.labels.masked);
    assert_eq!(world.find(&stranger, &query(Vec::new())).await.0, 1);
    assert!(matches!(
        world.store.verify_journal().await.unwrap(),
        passerelle::store::Verification::Whole { .. }
    ));
}

pub async fn caregivers_are_counted(url: &str) {
    let mut world = World::new(url).await;
    let patient = holder(&world);
    let to = |sub: &str| Grant::Delegation { to: user(sub) };
    for sub in ["a", "b", "c"] {
        write(&world, &patient, to(sub), true).await.unwrap();
    }
    let refused = write(&world, &patient, to("d"), true).await;
    let refused = refused.expect_err("a fourth caregiver");
    assert_eq!(refused.code(), error::Code::NotAllowed);
    assert_eq!(refused.rule(), Some("AID-01"));
    // One that stands is renewed, one that is withdrawn makes room.
    assert_eq!(
        write(&world, &patient, to("b"), true)
            .await
            .unwrap()
            .0
            .version,
        2
    );
    write(&world, &patient, to("c"), false).await.unwrap();
    write(&world, &patient, to("d"), true).await.unwrap();

    // `a` helps four more, and no sixth.
    for number in 1..=5 {
        world.ins = ins(number);
        world.put_record(record(&world.ins)).await;
        let patient = holder(&world);
        let made = write(&world, &patient, to("a"), true).await;
        match number {
            5 => assert_eq!(code_of(made), error::Code::NotAllowed),
            _ => assert!(made.unwrap().1),
        }
    }
    // One that has ended doesn't count.
    let sql = "SELECT COUNT(*) FROM consent WHERE category = 'delegation'";
    assert_eq!(raw::column(url, sql).await, ["8"]);
    world.ins = ins(1);
    let patient = holder(&world);
    write(&world, &patient, to("a"), false).await.unwrap();
    world.ins = ins(5);
    let patient = holder(&world);
    write(&world, &patient, to("a"), true).await.unwrap();
}

pub async fn nothing_is_withdrawn_that_was_not_declared(url: &str) {
    let world = World::new(url).await;
    let (doctor, patient) = (physician(), holder(&world));
    let block = Grant::Block {
        of: doctor.id.clone(),
    };
    for (actor, grant) in [(&doctor, own(&doctor)), (&patient, block)] {
        let refused = write(&world, actor, grant, false).await;
        assert_eq!(code_of(refused), error::Code::NotFound);
    }
    assert_eq!(raw::count(url, "consent").await, 0);
    assert_eq!(raw::count(url, "consent_history").await, 0);
}

pub async fn versions_are_read_by_who_knows_the_right(url: &str) {
    let world = World::new(url).await;
    let (doctor, other) = (physician(), other_physician());
    let (right, _) = write(&world, &doctor, own(&doctor), true).await.unwrap();
    let (withdrawn, _) = write(&world, &doctor, own(&doctor), false).await.unwrap();
    // A withdrawal leaves the period as it was.
    assert_eq!((withdrawn.start, withdrawn.end), (right.start, right.end));
    let read = async |actor: &Actor, version| {
        let permit = world
            .try_permit(actor, &Act::ReadRights, &context())
            .await
            .unwrap();
        let trace = world.trace(actor, TracedAct::ReadConsent);
        let store = &world.store;
        store
            .read_right_version(&permit, right.id, version, trace)
            .await
    };
    assert_eq!(read(&doctor, 1).await, Ok(right.clone()));
    assert_eq!(read(&doctor, 2).await, Ok(withdrawn));
    assert_eq!(code_of(read(&doctor, 3).await), error::Code::NotFound);
    assert_eq!(code_of(read(&other, 1).await), error::Code::NotFound);
    assert!(read(&holder(&world), 1).await.is_ok());
}

pub async fn a_right_that_moved_voids_a_permit(url: &str) {
    let world = World::new(url).await;
    let (doctor, patient) = (physician(), holder(&world));
    let deposit = async |permit: &Permit| {
        let trace = world.trace(&doctor, TracedAct::ProvideBundle);
        let new = submission(&world.ins, vec![document(&world.ins)]);
        world.store.deposit(permit, new, trace).await
    };
    let permit = world.permit(&doctor, &Act::Deposit).await;
    write(&world, &patient, Grant::DefaultMasking, true)
        .await
        .unwrap();
    assert!(is_stale(&deposit(&permit).await.expect_err("masked since")));
    let permit = world.permit(&doctor, &Act::Deposit).await;
    assert!(
        deposit(&permit).await.unwrap().documents[0]
            .metadata
            .labels
            .masked
    );

    // What concerns others is no reason.
    let other = other_physician();
    write(&world, &other, own(&other), true).await.unwrap();
    deposit(&permit).await.unwrap();

    // A block between the decision and the declaration.
    let permit = may(&world, &doctor, &own(&doctor), true).await.unwrap();
    let block = Grant::Block {
        of: doctor.id.clone(),
    };
    write(&world, &patient, block.clone(), true).await.unwrap();
    let late = spend(&world, &doctor, &permit, own(&doctor), true).await;
    assert!(is_stale(&late.expect_err("blocked since")));
    write(&world, &patient, block, false).await.unwrap();

    // His own renewals are not: a permit is spent as often as it is true.
    let grant = treating(&doctor);
    let permit = may(&world, &doctor, &grant, true).await.unwrap();
    for version in 1..=3 {
        let spent = spend(&world, &doctor, &permit, grant.clone(), true).await;
        assert_eq!(spent.unwrap().0.version, version);
    }
}
