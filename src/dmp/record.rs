//! The record itself: state, identity, and where a caller stands in it.

use jiff::civil::Date;

use super::authorisation::Authorisation;
use super::ins::Ins;
use super::person::{PersonName, Sex};
use super::time::{Instant, paris_date};

/// State of a record (rule LC-06).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum RecordState {
    /// The patient opposed its creation; looks closed to professionals.
    Opposed,
    /// Created, never activated by the patient: professionals feed and consult (LC-07).
    NotActivated,
    /// Activated (LC-08).
    Activated,
    /// Closed: nobody feeds, nobody consults (LC-09).
    Closed,
}

impl RecordState {
    /// Every state.
    pub const ALL: [Self; 4] = [
        Self::Opposed,
        Self::NotActivated,
        Self::Activated,
        Self::Closed,
    ];

    /// The code of extension `record-state`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Opposed => "opposed",
            Self::NotActivated => "not-activated",
            Self::Activated => "activated",
            Self::Closed => "closed",
        }
    }

    /// Reads the code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// True when professionals may feed and consult.
    pub fn is_open(self) -> bool {
        matches!(self, Self::NotActivated | Self::Activated)
    }
}

/// Identity status (`fr-core-identity-reliability`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum IdentityStatus {
    /// `PROV`
    Provisional,
    /// `RECUP`
    Retrieved,
    /// `VALI`
    Validated,
    /// `QUAL`
    Qualified,
}

impl IdentityStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [
        Self::Provisional,
        Self::Retrieved,
        Self::Validated,
        Self::Qualified,
    ];

    /// The code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Provisional => "PROV",
            Self::Retrieved => "RECUP",
            Self::Validated => "VALI",
            Self::Qualified => "QUAL",
        }
    }

    /// Reads the code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.code() == code)
    }

    /// `VALI` and `QUAL` count as qualified (rule INS-02).
    pub fn is_qualified(self) -> bool {
        matches!(self, Self::Validated | Self::Qualified)
    }
}

/// The strict traits of an identity.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Traits {
    /// Birth name and first given name.
    pub birth_name: PersonName,
    /// All birth given names, blank separated.
    pub birth_given_names: Option<String>,
    /// Name in use.
    pub used_name: Option<PersonName>,
    /// Sex.
    pub sex: Sex,
    /// Birth date.
    pub birth_date: Date,
    /// INSEE code of the birth place (COG), 5 characters.
    pub birth_place: Option<String>,
}

/// When and why a record was closed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Closure {
    /// `dateFermeture`.
    pub date: Date,
    /// `motifFermeture`, code of dmp-motif-fermeture.
    pub motive: String,
    /// `raisonFermeture`.
    pub reason: Option<String>,
}

/// What an operator says of a record.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RecordData {
    /// The patient.
    pub ins: Ins,
    /// State.
    pub state: RecordState,
    /// Identity status.
    pub identity: IdentityStatus,
    /// Traits.
    pub traits: Traits,
    /// Closure, when closed.
    pub closure: Option<Closure>,
    /// Opposition, when opposed.
    pub opposition_date: Option<Date>,
    /// Attached to Mon espace santé.
    pub attached_to_mes: bool,
}

impl RecordData {
    /// Age in completed years at an instant, by the French calendar; born on 29 February counts from 1 March in common years.
    pub fn age_at(&self, now: Instant) -> i16 {
        let (today, born) = (paris_date(now), self.traits.birth_date);
        let before_birthday = (today.month(), today.day()) < (born.month(), born.day());
        today.year() - born.year() - i16::from(before_birthday)
    }
}

/// A stored record.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Record {
    /// Resource id of the Patient; random.
    pub id: uuid::Uuid,
    /// Version, from 1.
    pub version: u32,
    /// Last change.
    pub updated: Instant,
    /// What the operator said.
    pub data: RecordData,
}

/// Where a caller stands in a record: all that a decision reads of the store.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Standing {
    /// The record.
    pub record: Record,
    /// The caller's own authorisation, whatever its state.
    pub authorisation: Option<Authorisation>,
    /// The patient blocked this caller (rule BLK-04).
    pub blocked: bool,
}
