//! Documents drawn by lot, and what is known of them.

use passerelle::dmp::code::{Code, system};
use passerelle::dmp::document::{
    Availability, DocumentEntry, ReferenceId, ReferenceKind, RelationKind,
};
use passerelle::dmp::ins::Ins;
use passerelle::dmp::person::{Author, AuthorKind, Identifier, Organization, PersonName};
use passerelle::dmp::submission::{NewDocument, SubmissionSet};
use passerelle::dmp::time::Timestamp;

use crate::world;

/// A reproducible source of chance.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) as usize % bound
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }
}

/// A document as it is now.
pub struct Known {
    pub depositor: String,
    pub entry: DocumentEntry,
    /// What it came in, alone.
    pub set: SubmissionSet,
}

impl Known {
    /// What is masked, or of a type that the matrix shows to nobody, is for its author and its depositor alone.
    pub fn is_visible_to(&self, physician: &str) -> bool {
        let metadata = &self.entry.metadata;
        let wrote = metadata.authors.iter().any(|author| {
            let id = author.id.as_ref();
            id.is_some_and(|id| id.root == system::PS_ID_NAT && id.extension == physician)
        });
        self.entry.availability != Availability::Deleted
            && ((!metadata.labels.masked && metadata.type_code.code != UNSHOWN)
                || wrote
                || self.depositor == physician)
    }
}

/// A type that the matrix does not have.
pub const UNSHOWN: &str = "18842-5";
pub const TYPES: [&str; 4] = ["34133-9", "11502-2", "11488-4", UNSHOWN];
pub const CLASSES: [&str; 2] = ["10", "11"];
pub const EVENTS: [&str; 3] = ["E1", "E2", "E,3"];
pub const FAMILIES: [&str; 6] = [
    "Lefèvre", "LEFEBVRE", "Le Goff", "Müller", "mul_er", "O'Neil",
];
pub const GIVEN: [&str; 4] = ["Zoé Ève", "Zacharie", "ÈVE", "Jean"];
pub const PEOPLE: [&str; 4] = ["899900000011", "899900000094", "899900000078", "8999"];
pub const PLACES: [&str; 3] = ["Hôpital Saint-Éloi", "HÔPITAL Nord", "Labo, 50% moins"];
pub const STRUCTURES: [&str; 3] = ["1750100125", "326440310600019", "4989"];
pub const FACILITIES: [&str; 2] = ["SA01", "SA07"];
pub const TIMES: [&str; 9] = [
    "2023",
    "2023-12",
    "2023-12-31",
    "2024-01-01",
    "2024-01-01T00:00:00+01:00",
    "2024-05-06T10:00:00+02:00",
    "2024-05-06T08:00:00Z",
    "2024-05",
    "2025-03-30T03:30:00+02:00",
];

/// As a CDA header may have them: FHIR has no time without seconds.
const WITHOUT_SECONDS: [&str; 2] = ["202405061000+0200", "2024050610"];

/// A time of a document.
pub fn time(dice: &mut Dice) -> Timestamp {
    world::time(match dice.one_in(4) {
        true => dice.of(&WITHOUT_SECONDS),
        false => dice.of(&TIMES),
    })
}

pub fn relation(dice: &mut Dice) -> RelationKind {
    dice.of(&[
        RelationKind::Replaces,
        RelationKind::Replaces,
        RelationKind::Transforms,
        RelationKind::Signs,
    ])
}

/// A professional who works somewhere or nowhere, or a place alone.
pub fn author(dice: &mut Dice) -> Author {
    let institution = dice.one_in(2).then(|| Organization {
        id: (!dice.one_in(3)).then(|| Identifier {
            root: system::STRUCT_ID_NAT.to_owned(),
            extension: dice.of(&STRUCTURES).to_owned(),
        }),
        name: Some(dice.of(&PLACES).to_owned()),
    });
    let person = world::author(dice.of(&PEOPLE), dice.of(&FAMILIES), dice.of(&GIVEN));
    match institution.is_some() && dice.one_in(3) {
        true => Author {
            kind: AuthorKind::Organization,
            id: None,
            name: PersonName::default(),
            institution,
            ..person
        },
        false => Author {
            institution,
            ..person
        },
    }
}

pub fn random(ins: &Ins, dice: &mut Dice) -> NewDocument {
    let mut document = world::document(ins);
    let metadata = &mut document.metadata;
    metadata.type_code = Code::new(dice.of(&TYPES), system::LOINC);
    metadata.class = Code::new(dice.of(&CLASSES), system::CLASS);
    metadata.facility_type = Code::new(dice.of(&FACILITIES), "1.2.250.1.71.4.2.4");
    metadata.events = EVENTS
        .iter()
        .filter(|_| dice.one_in(3))
        .map(|event| Code::new(*event, "1.2.250.1.213.2.5"))
        .collect();
    metadata.authors = (0..=dice.below(2)).map(|_| author(dice)).collect();
    metadata.creation_time = time(dice);
    metadata.service_start = time(dice);
    metadata.service_stop = (!dice.one_in(3)).then(|| time(dice));
    metadata.labels.masked = dice.one_in(6);
    if dice.one_in(3) {
        metadata.references = vec![ReferenceId {
            id: Identifier {
                root: dice.of(&["1.2.3", "1.2.4"]).to_owned(),
                extension: dice.of(&["A1", "A|2"]).to_owned(),
            },
            kind: ReferenceKind::Accession,
        }];
    }
    document
}
