//! A vaccination, as the notes and histories of the DMP tell it, or as the patient declares it (rules VAC-01 to VAC-06).

use uuid::Uuid;

use super::code::Code;
use super::ins::Ins;
use super::person::Identifier;
use super::time::{Instant, Timestamp};

/// LOINC: note de vaccination, one act.
pub const NOTE: &str = "87273-9";
/// LOINC: historique des vaccinations.
pub const HISTORY: &str = "11369-6";
/// Longest batch number, in characters (VAC-04).
pub const MAX_LOT: usize = 100;
/// Longest comment, in characters (VAC-04).
pub const MAX_NOTE: usize = 3_000;
/// Most reactions of one act.
pub const MAX_REACTIONS: usize = 20;

/// OIDs of the code systems that name a vaccine.
pub mod system {
    /// CIS, a medicinal product of the French public database.
    pub const CIS: &str = "1.2.250.1.213.2.3.1";
    /// CIP, a package of it.
    pub const CIP: &str = "1.2.250.1.213.2.3.2";
    /// Another OID of CIP, seen in a history of vaccinations.
    pub const CIP_ALIAS: &str = "1.2.250.1.213.2.3.3";
    /// WHO's classes of active substances.
    pub const ATC: &str = "2.16.840.1.113883.6.73";
}

/// Whether it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Status {
    /// Done.
    Completed,
    /// Not done.
    NotDone,
    /// Declared by mistake.
    EnteredInError,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Completed, Self::NotDone, Self::EnteredInError];

    /// FHIR `status`.
    pub fn fhir(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::NotDone => "not-done",
            Self::EnteredInError => "entered-in-error",
        }
    }

    /// The inverse of [`Status::fhir`].
    pub fn from_fhir(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.fhir() == code)
    }
}

/// What the act is in its series (HL7 v3 ActCode).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Series {
    /// First series.
    Initial,
    /// Booster.
    Booster,
    /// Not told.
    Unspecified,
}

impl Series {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Initial, Self::Booster, Self::Unspecified];

    /// The code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Initial => "INITIMMUNIZ",
            Self::Booster => "BOOSTER",
            Self::Unspecified => "IMMUNIZ",
        }
    }

    /// The inverse of [`Series::code`].
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|series| series.code() == code)
    }
}

/// A code with the words that stood beside it.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Concept {
    /// The codes, the most exact one first.
    pub codes: Vec<Code>,
    /// In words.
    pub text: Option<String>,
}

impl Concept {
    /// True when nothing is said.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty() && self.text.is_none()
    }
}

/// A quantity; the number keeps its text.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Quantity {
    /// A decimal number.
    pub value: String,
    /// UCUM unit.
    pub unit: Option<String>,
}

/// Who vaccinated or wrote it down.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Party {
    /// PS_IdNat or another identifier.
    pub id: Option<Identifier>,
    /// Given and family name, as shown.
    pub name: Option<String>,
}

/// What was observed afterwards.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Reaction {
    /// When it began.
    pub date: Option<Timestamp>,
    /// What kind of observation this is.
    pub kind: Option<Code>,
    /// What was observed.
    pub finding: Concept,
}

/// One vaccination.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Vaccination {
    /// Identifier of the act. It may repeat among different acts of one document.
    pub entry: Option<Identifier>,
    /// Whether it was done.
    pub status: Status,
    /// The vaccine: CIS, ATC and CIP codes, and its name.
    pub vaccine: Concept,
    /// When, as exactly as it is known.
    pub occurrence: Option<Timestamp>,
    /// What it is in its series.
    pub series: Option<Series>,
    /// Its rank in the series, from 1.
    pub rank: Option<u32>,
    /// Batch number.
    pub lot: Option<String>,
    /// How it was given.
    pub route: Option<Concept>,
    /// Where in the body.
    pub site: Option<Concept>,
    /// How much.
    pub dose: Option<Quantity>,
    /// Who vaccinated.
    pub performer: Option<Party>,
    /// Who wrote it down.
    pub author: Option<Party>,
    /// When it was written down.
    pub recorded: Option<Timestamp>,
    /// What was observed afterwards.
    pub reactions: Vec<Reaction>,
    /// Comment.
    pub note: Option<String>,
}

impl Vaccination {
    /// True when who wrote it down vaccinated himself.
    pub fn is_first_hand(&self) -> bool {
        let id = |party: &Option<Party>| party.as_ref().and_then(|party| party.id.clone());
        let performer = id(&self.performer);
        performer.is_some() && performer == id(&self.author)
    }

    /// The codes of the vaccine in one system.
    pub fn codes_of<'a>(&'a self, system: &'a str) -> impl Iterator<Item = &'a str> {
        let codes = self.vaccine.codes.iter();
        codes
            .filter(move |code| code.system == system)
            .map(|code| code.code.as_str())
    }

    /// What makes two entries of different documents one act: the same identifier, day, vaccine, rank and batch. Identifiers alone
    /// repeat among different acts; an act without identifier is never the same as another.
    pub fn act(&self) -> Option<String> {
        let entry = self.entry.as_ref()?;
        let vaccine = match self.vaccine.codes.first() {
            Some(code) => format!("{}|{}", code.system, code.code),
            None => self.vaccine.text.clone().unwrap_or_default(),
        };
        // One document tells the day, another the second.
        let date = self.occurrence.as_ref().map(Timestamp::to_hl7);
        let day: String = date.unwrap_or_default().chars().take(8).collect();
        let root = entry.root.to_ascii_lowercase();
        let rank = self.rank.map(|rank| rank.to_string());
        Some(
            [
                root.as_str(),
                &entry.extension,
                &day,
                &vaccine,
                &rank.unwrap_or_default(),
                self.lot.as_deref().unwrap_or_default(),
            ]
            .join("\n"),
        )
    }
}

/// Where an entry of the register comes from.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Origin {
    /// An entry of a note or a history.
    Document(Uuid),
    /// Declared from the patient's side, by whom his portal names so (VAC-01).
    Declared(String),
}

/// A professional's word for what the patient declared (VAC-02).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Validation {
    /// Who.
    pub by: Party,
    /// When.
    pub at: Instant,
}

/// An entry of the register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Our resource id. Of an entry of a document: made of the document's unique id and the entry's rank, always the same.
    pub id: Uuid,
    /// From 1; what a document tells never changes.
    pub version: u32,
    /// When it was registered or last changed.
    pub updated: Instant,
    /// Whose, by the number that the record was opened under.
    pub patient: Ins,
    /// What was done.
    pub vaccination: Vaccination,
    /// Where it comes from.
    pub origin: Origin,
    /// Who validated it.
    pub validation: Option<Validation>,
}

impl Entry {
    /// True for what a professional entered or validated.
    pub fn is_validated(&self) -> bool {
        matches!(self.origin, Origin::Document(_)) || self.validation.is_some()
    }
}
