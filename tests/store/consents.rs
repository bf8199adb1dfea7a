use passerelle::dmp::actor::Actor;
use passerelle::dmp::change::Expected;
use passerelle::dmp::right::Basis;
use passerelle::dmp::trace::TracedAct;
use passerelle::error::Code;
use passerelle::policy::Act;
use passerelle::store::is_stale;

use crate::raw;
use crate::world::*;

pub async fn declares_renews_and_withdraws(url: &str) {
    let world = World::new(url).await;
    let doctor = physician();
    assert_eq!(world.declare(&doctor, true).await, (1, true));
    let held = world
        .store
        .standing(&world.ins, &doctor)
        .await
        .unwrap()
        .unwrap()
        .authorisation()
        .cloned()
        .expect("held");
    assert!(held.is_valid_at(now()));
    assert_eq!(held.declared_by, "899900000011");
    let search = Act::SearchDocuments {
        by_identifier: false,
    };
    world
        .try_permit(&doctor, &search, &context())
        .await
        .expect("consent");

    assert_eq!(world.declare(&doctor, true).await, (2, false));
    assert_eq!(world.declare(&doctor, false).await, (3, false));
    let withdrawn = world
        .store
        .standing(&world.ins, &doctor)
        .await
        .unwrap()
        .unwrap()
        .authorisation()
        .cloned()
        .expect("kept");
    assert_eq!(withdrawn.id, held.id);
    assert!(!withdrawn.is_valid_at(now()));
    let refused = world.try_permit(&doctor, &search, &context()).await;
    assert_eq!(code_of(refused), Code::ConsentRequired);
    assert_eq!(raw::count(url, "consent").await, 1);
    assert_eq!(raw::count(url, "consent_history").await, 3);

    let act = declares(&doctor.id, Basis::Team, true);
    let permit = world
        .try_permit(&doctor, &act, &context())
        .await
        .expect("permit");
    let declare = async |if_match| {
        let trace = world.trace(&doctor, TracedAct::DeclareConsent);
        let declaration = declaration(&world.ins, &doctor, true);
        world
            .store
            .declare(&permit, declaration, Some(now()), if_match, trace)
            .await
    };
    let refused = declare(Some(Expected::OneOf(vec![2])))
        .await
        .expect_err("conflict");
    assert!(refused.code() == Code::VersionConflict && !is_stale(&refused));
    assert_eq!(
        declare(Some(Expected::OneOf(vec![1, 3])))
            .await
            .expect("renewal")
            .0
            .version,
        4
    );
    world.put_record(record(&world.ins)).await;
    assert!(is_stale(&declare(None).await.expect_err("moved")));
    let lines = raw::journal(url, &world.ins.key()).await;
    let declared: Vec<_> = lines
        .iter()
        .filter(|line| line["act"] == "TD0.3")
        .map(|line| &line["outcome"])
        .collect();
    assert_eq!(declared, ["0", "0", "0", "4", "0"]);
}

async fn finds(world: &World, actor: &Actor) -> Vec<String> {
    let permit = world
        .try_permit(actor, &Act::ReadRights, &context())
        .await
        .expect("permit");
    let trace = world.trace(actor, TracedAct::SearchConsents);
    let found = world
        .store
        .find_rights(&permit, trace)
        .await
        .expect("search");
    for authorisation in &found {
        let trace = world.trace(actor, TracedAct::ReadConsent);
        let read = world
            .store
            .read_right(&permit, authorisation.id, trace)
            .await;
        assert_eq!(read.as_ref(), Ok(authorisation));
    }
    found
        .iter()
        .map(|held| held.declaration.grant.actor().unwrap().as_str().to_owned())
        .collect()
}

pub async fn shows_what_one_holds_or_declared(url: &str) {
    let world = World::new(url).await;
    let (doctor, other) = (physician(), other_physician());
    world.declare(&doctor, true).await;
    // Collected for somebody else.
    let act = declares(&other.id, Basis::Explicit, true);
    let permit = world
        .try_permit(&doctor, &act, &context())
        .await
        .expect("CONS-07");
    let trace = world.trace(&doctor, TracedAct::DeclareConsent);
    let mut given = declaration(&world.ins, &other, true);
    given.grant = access(&other.id, Basis::Explicit);
    world
        .store
        .declare(&permit, given, Some(now()), None, trace)
        .await
        .expect("declare");
    assert_eq!(
        finds(&world, &doctor).await,
        ["899900000011", "899900000029"]
    );
    assert_eq!(finds(&world, &other).await, ["899900000029"]);
    assert!(finds(&world, &dietician()).await.is_empty());
}

pub async fn an_employee_stands_by_its_structure(url: &str) {
    let world = World::new(url).await;
    let secretary = employee("30B0057881/CPET0002", "10B0057881");
    let colleague = employee("30B0057881/CPET0003", "10B0057881");
    let act = declares(&establishment("10B0057881", false).id, Basis::Team, true);
    let permit = world
        .try_permit(&secretary, &act, &context())
        .await
        .expect("CONS-06");
    let trace = world.trace(&secretary, TracedAct::DeclareConsent);
    let end = now() + jiff::SignedDuration::from_hours(1);
    let given = declaration(&world.ins, &establishment("10B0057881", false), true);
    world
        .store
        .declare(&permit, given, Some(end), None, trace)
        .await
        .expect("declare");
    for actor in [&secretary, &colleague] {
        let standing = world
            .store
            .standing(&world.ins, actor)
            .await
            .unwrap()
            .unwrap();
        assert!(
            standing
                .authorisation()
                .is_some_and(|held| held.is_valid_at(now()))
        );
        assert_eq!(finds(&world, actor).await, ["10B0057881"]);
    }
    let elsewhere = employee("30B0000002/1", "10B0000002");
    assert_eq!(
        world
            .store
            .standing(&world.ins, &elsewhere)
            .await
            .unwrap()
            .unwrap()
            .authorisation(),
        None
    );
    assert!(finds(&world, &elsewhere).await.is_empty());
}
