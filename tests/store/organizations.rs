//! Searches by the organisation behind an author, of what was deposited before it was kept too; and by one whole relation.

use passerelle::dmp::document::{ReferenceId, ReferenceKind, RelationKind};
use passerelle::dmp::person::{Author, AuthorKind, Identifier, Organization};
use passerelle::dmp::query::*;
use passerelle::dmp::trace::TracedAct;
use passerelle::policy::Act;
use uuid::Uuid;

use crate::raw;
use crate::world::*;

const STRUCT: &str = "1.2.250.1.71.4.2.2";

fn at(institution: Organization) -> Author {
    Author {
        institution: Some(institution),
        ..author("899900000052", "Château", "Inès")
    }
}

fn organization(id: &str, name: &str) -> Organization {
    Organization {
        id: Some(Identifier {
            root: STRUCT.into(),
            extension: id.into(),
        }),
        name: Some(name.into()),
    }
}

fn alone(organization: Organization) -> Author {
    Author {
        kind: AuthorKind::Organization,
        id: None,
        name: Default::default(),
        ..at(organization)
    }
}

fn id(role: Role, system: Option<&str>, code: &str) -> Condition {
    let token = Token {
        system: system.map(str::to_owned),
        code: code.to_owned(),
    };
    Condition::OrganizationId(role, vec![token])
}

fn name(role: Role, how: TextMatch, name: &str) -> Condition {
    Condition::OrganizationName(role, how, vec!["zzz".into(), name.into()])
}

/// A document and its submission of each kind of author: at a hospital, a laboratory that is the author itself, without either.
async fn three(world: &World) -> [(Uuid, Uuid); 3] {
    let authors = [
        Some(at(organization("1750100125", "Hôpital Saint-Éloi"))),
        Some(alone(organization("1690000002", "Laboratoire du Rhône"))),
        None,
    ];
    let mut made = Vec::new();
    for author in authors {
        let mut document = document(&world.ins);
        document.metadata.authors.extend(author.clone());
        let mut set = submission(&world.ins, vec![document]);
        set.metadata.author = author;
        let doctor = physician();
        let permit = world.permit(&doctor, &Act::Deposit).await;
        let trace = world.trace(&doctor, TracedAct::ProvideBundle);
        let sent = world.store.deposit(&permit, set, trace).await;
        let sent = sent.expect("deposit");
        made.push((sent.documents[0].id, sent.submission.id));
    }
    [made[0], made[1], made[2]]
}

async fn lists(world: &World, condition: Condition) -> Vec<Uuid> {
    let doctor = physician();
    let permit = world.permit(&doctor, &Act::SearchSubmissions).await;
    let trace = world.trace(&doctor, TracedAct::SearchSubmissions);
    let asked = query(vec![condition]);
    let page = world.store.find_lists(&permit, &asked, trace).await;
    page.expect("lists")
        .rows
        .iter()
        .map(|row| row.id())
        .collect()
}

fn questions() -> Vec<(Condition, [bool; 3])> {
    use Role::{Author, Institution};
    use TextMatch::{Begins, Contains, Exact};
    let (first, second, none) = (
        [true, false, false],
        [false, true, false],
        [false, false, false],
    );
    let lacks = Condition::Missing(Element::Organization);
    vec![
        (id(Institution, Some(STRUCT), "1750100125"), first),
        (id(Institution, None, "1750100125"), first),
        (id(Institution, Some("1.2.3"), "1750100125"), none),
        (id(Author, None, "1750100125"), none),
        (id(Institution, None, "1690000002"), second),
        (id(Author, Some(STRUCT), "1690000002"), second),
        (name(Institution, Begins, "hopital"), first),
        (name(Institution, Begins, "eloi"), none),
        (name(Institution, Contains, "ELOI"), first),
        (name(Institution, Exact, "Hôpital Saint-Éloi"), first),
        (name(Institution, Exact, "hopital saint-eloi"), none),
        (name(Author, Contains, "o"), second),
        (lacks.clone(), [false, false, true]),
        (lacks.negated(), [true, true, false]),
        (
            Condition::Any(vec![
                id(Author, None, "1690000002"),
                name(Institution, Begins, "hopital"),
            ]),
            [true, true, false],
        ),
    ]
}

async fn are_found(world: &World, made: &[(Uuid, Uuid); 3]) {
    for (condition, expected) in questions() {
        let of = |pick: fn(&(Uuid, Uuid)) -> Uuid| -> Vec<Uuid> {
            let mut ids: Vec<_> = made.iter().map(pick).zip(expected).collect();
            ids.retain(|(_, expected)| *expected);
            ids.into_iter().map(|(id, _)| id).collect()
        };
        let (_, documents) = world
            .find(&physician(), &query(vec![condition.clone()]))
            .await;
        assert_eq!(documents, of(|made| made.0), "{condition:?}");
        let mut sets = lists(world, condition.clone()).await;
        sets.sort();
        assert_eq!(sets, of(|made| made.1), "{condition:?}");
    }
}

pub async fn behind_authors_are_found(url: &str) {
    let world = World::new(url).await;
    let made = three(&world).await;
    are_found(&world, &made).await;
    let missing = Condition::Missing(Element::Source);
    assert_eq!(lists(&world, missing.clone()).await, [made[2].1]);
    assert_eq!(lists(&world, missing.negated()).await.len(), 2);
}

/// A key of PostgreSQL holds less than three thousand bytes.
pub async fn of_any_length_are_deposited(url: &str) {
    let world = World::new(url).await;
    // Of a kind that no compression makes short.
    let mut state = 1_u32;
    let letters = (0..20_000).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'a' + (state >> 24) as u8 % 26)
    });
    let long: String = letters.collect();
    let mut one = document(&world.ins);
    one.metadata.authors = vec![at(organization(&long, &format!("Éole {long}")))];
    one.metadata.authors[0].name.family = Some(long.clone());
    one.metadata.authors[0].name.given = Some(long.clone());
    one.metadata.references = vec![ReferenceId {
        kind: ReferenceKind::Order,
        id: Identifier {
            root: "1.2.3".into(),
            extension: long,
        },
    }];
    let deposited = world.deposit(&physician(), one).await;
    let begins = name(Role::Institution, TextMatch::Begins, "eole");
    let found = world.find(&physician(), &query(vec![begins])).await;
    assert_eq!(found, (1, vec![deposited.id]));
}

pub async fn from_before_are_found(url: &str) {
    let world = World::new(url).await;
    let made = three(&world).await;
    // More than are read at once.
    for _ in 0..6 {
        let many = (0..100).map(|_| document(&world.ins)).collect();
        let sent = world.try_deposit(&physician(), many).await;
        sent.expect("deposit");
    }
    let last = three(&world).await;
    world.store.close().await;
    let lost = "DELETE FROM attribute WHERE name >= 8; \
        UPDATE submission SET entry = 'broken' WHERE id = (SELECT s.id FROM submission s ORDER BY s.id DESC LIMIT 1)";
    raw::run(url, &format!("{lost}; {}", raw::UNDO_FROM_8)).await;
    // The last one's entry can't be read any more: the others are served all the same.
    let world = World::open(url).await;
    for (documents, expected) in [(&made, 2), (&last, 2)] {
        let known = Condition::Missing(Element::Organization).negated();
        let ids = Condition::Id(documents.iter().map(|made| made.0).collect());
        let (total, _) = world.find(&physician(), &query(vec![known, ids])).await;
        assert_eq!(total, expected);
    }
    let hospital = id(Role::Institution, None, "1750100125");
    let mut sets = lists(&world, hospital).await;
    sets.sort();
    assert_eq!(sets, [made[0].1, last[0].1]);
}

pub async fn one_relation_is_of_both(url: &str) {
    let world = World::new(url).await;
    let doctor = physician();
    let (signed, replaced) = (
        world.deposit(&doctor, document(&world.ins)).await,
        world.deposit(&doctor, document(&world.ins)).await,
    );
    let mut both = document(&world.ins);
    both.targets = vec![
        (RelationKind::Signs, DocumentKey::Id(signed.id)),
        (RelationKind::Replaces, DocumentKey::Id(replaced.id)),
    ];
    let both = world.deposit(&doctor, both).await.id;
    let unique = DocumentKey::Unique(replaced.metadata.unique_id.clone());
    for (target, kind, expected) in [
        (DocumentKey::Id(signed.id), "signs", true),
        (DocumentKey::Id(signed.id), "replaces", false),
        (DocumentKey::Id(replaced.id), "replaces", true),
        (unique, "replaces", true),
        (DocumentKey::Id(replaced.id), "signs", false),
        (DocumentKey::Id(both), "replaces", false),
    ] {
        let asked = Condition::Relationship(vec![(target.clone(), kind.to_owned())]);
        let (_, found) = world.find(&doctor, &query(vec![asked])).await;
        let expected: &[Uuid] = if expected { &[both] } else { &[] };
        assert_eq!(found, expected, "{target:?} {kind}");
    }
    let none = Condition::Relationship(Vec::new());
    assert_eq!(world.find(&doctor, &query(vec![none])).await.0, 0);
}
