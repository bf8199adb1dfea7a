//! Who calls: the cards of the demonstration, and the tokens of a portal.

use passerelle::cli::demo::cards::card;
use passerelle::dmp::actor::{ActorId, ActorKind};
use passerelle::dmp::context::AccessMode;

use crate::support::portal::{ISSUER, Portal, Token};
use crate::world::{self, Who};

/// The cards that call.
const FILES: [&str; 11] = [
    "medecin",
    "medecin2",
    "interne",
    "pharmacien",
    "infirmier",
    "opticien",
    "secretaire",
    "hopital",
    "laboratoire",
    "regulateur",
    "exploitant",
];

/// `exploitant`, who opens the records, calls for nothing else.
pub const OPERATOR: usize = 10;

#[derive(Debug, Clone)]
pub struct Card {
    pub file: &'static str,
    pub who: Who,
    pub id: ActorId,
    /// The structure that it carries, or that its holder declares.
    pub structure: ActorId,
    pub structure_id: &'static str,
}

impl Card {
    /// A CPE or an establishment: its structure is its own.
    pub fn carried(&self) -> Option<&ActorId> {
        (!self.who.nominative()).then_some(&self.structure)
    }
}

pub fn cards() -> Vec<Card> {
    FILES
        .iter()
        .map(|file| {
            let demo = card(file).unwrap();
            let profession = demo.profession.map(|code| match code {
                10 => "10",
                21 => "21",
                28 => "28",
                60 => "60",
                other => panic!("{other} is not in the oracle"),
            });
            let structure = world::structure(demo.structure.id);
            Card {
                file,
                who: Who::new(demo.kind, profession, *file == "regulateur"),
                id: match demo.kind {
                    ActorKind::Establishment => structure.clone(),
                    _ => world::person(demo.id),
                },
                structure,
                structure_id: demo.structure.id,
            }
        })
        .collect()
}

/// The professionals whom a record mostly meets.
pub fn friends(record: usize) -> [usize; 3] {
    [record % 10, (record + 3) % 10, (record * 7 + 1) % 10]
}

/// Someone of the patient's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mandated {
    pub kind: ActorKind,
    pub subject: &'static str,
    /// The record that his token names.
    pub record: usize,
    pub protects_person: bool,
}

impl Mandated {
    pub fn id(&self) -> ActorId {
        world::user(self.subject)
    }

    pub fn token<'a>(&self, portal: &'a Portal, ins: &str) -> Token<'a> {
        let token = match self.kind {
            ActorKind::Holder => portal.holder(ins),
            ActorKind::Representative => portal.representative(ins),
            _ => portal.caregiver(ins, self.subject),
        };
        let token = token.claim("sub", self.subject);
        match self.protects_person {
            true => token.claim("protection", "person"),
            false => token,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// By its place among the cards.
    Card(usize),
    Portal(Mandated),
}

/// What the headers say beside the card.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    pub mode: AccessMode,
    pub reason: bool,
    pub secret: Option<bool>,
    pub structure: bool,
}

impl Asked {
    pub const NORMAL: Self = Self {
        mode: AccessMode::Normal,
        reason: false,
        secret: None,
        structure: true,
    };
}

/// `<system>|<value>` as a Consent names an actor.
pub fn named(id: &ActorId) -> String {
    match id {
        ActorId::Person(id) => format!("urn:oid:1.2.250.1.71.4.2.1|{id}"),
        ActorId::Structure(id) => format!("urn:oid:1.2.250.1.71.4.2.2|{id}"),
        ActorId::User(user) => format!("{ISSUER}|{}", user.subject()),
    }
}
