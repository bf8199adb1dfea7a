//! The world of the oracle: one patient, who may act in her record, what she may have decided, and every kind of document.

use std::sync::Arc;

use passerelle::dmp::actor::{Actor, ActorId, ActorKind, Mandate, PortalUser, Structure};
use passerelle::dmp::code::{Code, system};
use passerelle::dmp::context::{AccessMode, Context};
use passerelle::dmp::document::Labels;
use passerelle::dmp::ins::{Ins, InsRoot};
use passerelle::dmp::person::{PersonName, Sex};
use passerelle::dmp::record::{
    Consulted, IdentityStatus, Record, RecordData, RecordState, Standing, Traits,
};
use passerelle::dmp::right::{Basis, Declaration, Grant, Right, Switch};
use passerelle::dmp::time::Instant;
use passerelle::policy::Rules;
use passerelle::tables::Tables;

/// The time of every act.
pub const NOW: &str = "2026-06-15T10:00:00Z";
/// Eighteen since this midnight of Paris.
pub const ADULT: &str = "2008-06-15";
/// Eighteen tomorrow.
pub const MINOR: &str = "2008-06-16";
/// The first instant at which who was born on [`ADULT`] is of age.
pub const OF_AGE: &str = "2026-06-14T22:00:00Z";
pub const STRUCTURE: &str = "10B0057881";
pub const PERSON: &str = "899900063480";
pub const OTHER_PERSON: &str = "899900012345";
/// A report that many professions may consult, and a type for physicians and midwives only (rows of the CNAM's matrix).
pub const TYPES: [&str; 2] = ["11488-4", "89233-1"];

pub fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

pub fn rules(late_invisibility: bool) -> Rules {
    Rules {
        tables: Arc::new(Tables::built_in()),
        age_of_majority: 18,
        late_invisibility,
    }
}

pub fn ins() -> Ins {
    Ins::parse(InsRoot::NirTest, "279035121518989").unwrap()
}

pub fn other_ins() -> Ins {
    Ins::parse(InsRoot::NirTest, "279036990100166").unwrap()
}

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Who {
    pub kind: ActorKind,
    pub profession: Option<&'static str>,
    pub regulator: bool,
}

impl Who {
    pub const fn new(kind: ActorKind, profession: Option<&'static str>, regulator: bool) -> Self {
        Self {
            kind,
            profession,
            regulator,
        }
    }

    pub fn nominative(self) -> bool {
        self.kind == ActorKind::Cps || self.kind == ActorKind::Cpf
    }
}

/// Cards in the matrix and out of it, with and without the regulator's place.
pub const PROFESSIONALS: [Who; 12] = [
    Who::new(ActorKind::Cps, Some("10"), false),
    Who::new(ActorKind::Cps, Some("10"), true),
    Who::new(ActorKind::Cps, Some("60"), false),
    Who::new(ActorKind::Cps, Some("60"), true),
    Who::new(ActorKind::Cps, Some("31"), false),
    Who::new(ActorKind::Cps, Some("99"), true),
    Who::new(ActorKind::Cpf, Some("10"), false),
    Who::new(ActorKind::Cpf, Some("10"), true),
    Who::new(ActorKind::Cpf, Some("21"), false),
    Who::new(ActorKind::Cpe, None, false),
    Who::new(ActorKind::Establishment, None, false),
    Who::new(ActorKind::Establishment, None, true),
];

pub fn structure(id: &str) -> ActorId {
    ActorId::Structure(id.parse().unwrap())
}

pub fn person(id: &str) -> ActorId {
    ActorId::Person(id.parse().unwrap())
}

pub fn user(subject: &str) -> ActorId {
    ActorId::User(PortalUser::new("https://portail.example", subject).unwrap())
}

pub fn actor(who: Who) -> Actor {
    let id = match who.kind {
        ActorKind::Cps | ActorKind::Cpf => person(PERSON),
        ActorKind::Cpe => person("30B0057881/CPET0002"),
        ActorKind::Establishment => structure(STRUCTURE),
        ActorKind::Holder | ActorKind::Representative | ActorKind::Caregiver => user("me"),
        ActorKind::System => structure(STRUCTURE),
    };
    let carries = Structure {
        id: STRUCTURE.parse().unwrap(),
        name: None,
    };
    Actor {
        kind: who.kind,
        id,
        name: PersonName::default(),
        profession: who
            .profession
            .map(|code| Code::new(code, system::PROFESSION)),
        specialities: Vec::new(),
        structure: (!who.nominative()).then_some(carries),
        mandate: None,
        operator: false,
        regulator: who.regulator,
    }
}

/// Someone of the patient's side, with the token of his portal.
pub fn portal(kind: ActorKind, own_record: bool, protects_person: bool) -> Actor {
    Actor {
        mandate: Some(Mandate {
            patient: if own_record { ins() } else { other_ins() },
            protects_person,
        }),
        ..actor(Who::new(kind, None, false))
    }
}

/// A right that stands, from an instant on.
pub fn right(grant: Grant, active: bool, start: &str, end: Option<&str>) -> Right {
    Right {
        id: uuid::Uuid::nil(),
        version: 1,
        updated: at(start),
        declared_by: "somebody".into(),
        start: at(start),
        end: end.map(at),
        declaration: Declaration {
            patient: ins(),
            grant,
            name: None,
            active,
            until: None,
        },
    }
}

/// A right that stands since the patient is of age.
pub fn standing_right(grant: Grant) -> Right {
    right(grant, true, OF_AGE, None)
}

pub fn standing(
    state: RecordState,
    identity: IdentityStatus,
    born: &str,
    rights: Vec<Right>,
) -> Standing {
    Standing {
        record: Record {
            id: uuid::Uuid::nil(),
            version: 1,
            updated: at(OF_AGE),
            opened_as: ins(),
            data: RecordData {
                ins: ins(),
                former: Vec::new(),
                state,
                identity,
                traits: Traits {
                    birth_name: PersonName::default(),
                    birth_given_names: None,
                    used_name: None,
                    sex: Sex::Female,
                    birth_date: born.parse().unwrap(),
                    birth_place: None,
                },
                closure: None,
                opposition_date: None,
                attached_to_mes: true,
                deletion_asked: false,
                notices: Default::default(),
            },
        },
        rights,
        consulted: Consulted::Never,
    }
}

pub fn context(mode: AccessMode, reason: bool, secret: Option<bool>) -> Context {
    Context {
        mode,
        reason: reason.then(|| "urgence vitale".to_owned()),
        secret,
        structure: None,
        now: at(NOW),
        request_id: "r".into(),
    }
}

/// The authorisation as the caller finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authorisation {
    None,
    Valid,
    /// For the structure that the caller works in (CONS-06).
    OfStructure,
    Expired,
    Withdrawn,
    /// One second before the patient came of age, where she is.
    FromMinority,
}

impl Authorisation {
    pub const ALL: [Self; 6] = [
        Self::None,
        Self::Valid,
        Self::OfStructure,
        Self::Expired,
        Self::Withdrawn,
        Self::FromMinority,
    ];

    pub fn rights(self, holder: &ActorId) -> Vec<Right> {
        let grant = |holder: &ActorId| Grant::Access {
            holder: holder.clone(),
            basis: Basis::Team,
        };
        let long_after = Some("2027-01-01T00:00:00Z");
        match self {
            Self::None => Vec::new(),
            // Ends a second later.
            Self::Valid => vec![right(
                grant(holder),
                true,
                OF_AGE,
                Some("2026-06-15T10:00:01Z"),
            )],
            Self::OfStructure => vec![right(
                grant(&structure(STRUCTURE)),
                true,
                OF_AGE,
                long_after,
            )],
            // Ends now.
            Self::Expired => vec![right(grant(holder), true, OF_AGE, Some(NOW))],
            Self::Withdrawn => vec![right(grant(holder), false, OF_AGE, long_after)],
            Self::FromMinority => {
                vec![right(
                    grant(holder),
                    true,
                    "2026-06-14T21:59:59Z",
                    long_after,
                )]
            }
        }
    }
}

/// What the caller is in the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    None,
    Treating,
    Administrator,
    /// Both at once.
    Both,
    /// Administrator until the patient withdrew it.
    NoMore,
}

impl Role {
    pub const ALL: [Self; 4] = [
        Self::None,
        Self::Treating,
        Self::Administrator,
        Self::NoMore,
    ];

    pub fn treats(self) -> bool {
        self == Self::Treating || self == Self::Both
    }

    pub fn administers(self) -> bool {
        self == Self::Administrator || self == Self::Both
    }

    pub fn rights(self, holder: &ActorId) -> Vec<Right> {
        let administrator = Grant::Administrator {
            holder: holder.clone(),
        };
        match self {
            Self::None => Vec::new(),
            Self::Treating => vec![standing_right(Grant::TreatingPhysician {
                holder: holder.clone(),
                basis: Basis::Team,
            })],
            Self::Administrator => vec![standing_right(administrator)],
            Self::Both => {
                let mut both = Self::Treating.rights(holder);
                both.push(standing_right(administrator));
                both
            }
            Self::NoMore => vec![right(administrator, false, OF_AGE, None)],
        }
    }
}

/// The emergency switches as the patient set them; all three are set, so that no default helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switches {
    pub regulation: bool,
    pub break_glass: bool,
    pub masked: bool,
}

impl Switches {
    pub fn all() -> impl Iterator<Item = Self> {
        (0..8u8).map(|bits| Self {
            regulation: bits & 1 == 0,
            break_glass: bits & 2 == 0,
            masked: bits & 4 != 0,
        })
    }

    pub fn rights(self) -> Vec<Right> {
        [
            (Switch::Regulation, self.regulation),
            (Switch::BreakGlass, self.break_glass),
            (Switch::Masked, self.masked),
        ]
        .map(|(switch, permit)| standing_right(Grant::Emergency { switch, permit }))
        .to_vec()
    }
}

/// Whose document it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    Somebody,
    /// The caller is one of the authors; somebody else deposited it.
    AuthoredByPerson,
    /// The caller deposited it; somebody else is the author.
    DepositedByPerson,
    /// A certificate of the caller's structure deposited it.
    DepositedByStructure,
    /// Somebody declared the caller's structure in a header.
    DeclaredStructure,
    /// The patient, or who acts for her; not the caller's portal user.
    PatientSide,
    /// The caller's portal user.
    User,
}

/// A document as a decision sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Document {
    pub labels: Labels,
    pub type_code: &'static str,
    pub from: From,
    /// Its month has passed.
    pub old: bool,
}

/// Every document: labels × types × origin × age.
pub fn documents() -> Vec<Document> {
    let mut all = Vec::new();
    for labels in labels() {
        for type_code in TYPES {
            for from in [
                From::Somebody,
                From::AuthoredByPerson,
                From::DepositedByPerson,
                From::DepositedByStructure,
                From::DeclaredStructure,
                From::PatientSide,
                From::User,
            ] {
                for old in [false, true] {
                    all.push(Document {
                        labels,
                        type_code,
                        from,
                        old,
                    });
                }
            }
        }
    }
    all
}

/// The eight sets of visibility labels.
pub fn labels() -> impl Iterator<Item = Labels> {
    (0..8u8).map(|bits| Labels {
        masked: bits & 1 != 0,
        invisible_patient: bits & 2 != 0,
        invisible_representatives: bits & 4 != 0,
        ..Labels::default()
    })
}
