//! The access authorisation that a professional declares (rules CONS-03 to CONS-06; Consent `autorisation-acces`).

use uuid::Uuid;

use super::actor::ActorId;
use super::ins::Ins;
use super::time::Instant;

/// On what the declaration rests (decision X6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Basis {
    /// The professional belongs to the care team.
    Team,
    /// The patient consented explicitly.
    Explicit,
}

impl Basis {
    /// The code of extension `consent-basis`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Team => "equipe",
            Self::Explicit => "explicite",
        }
    }

    /// Reads the code.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Team, Self::Explicit]
            .into_iter()
            .find(|basis| basis.code() == code)
    }
}

/// What a caller declares.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Declaration {
    /// Whose record.
    pub patient: Ins,
    /// Who receives the authorisation.
    pub holder: ActorId,
    /// Display name of the holder, as sent.
    pub holder_name: Option<String>,
    /// On what it rests.
    pub basis: Basis,
    /// False withdraws (status `inactive`).
    pub active: bool,
    /// End asked for by the caller; never later than the configured duration.
    pub until: Option<Instant>,
}

/// A stored authorisation.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Authorisation {
    /// Resource id.
    pub id: Uuid,
    /// Version, from 1; each renewal is a new one.
    pub version: u32,
    /// Last change.
    pub updated: Instant,
    /// Identifier of who declared it.
    pub declared_by: String,
    /// First instant.
    pub start: Instant,
    /// First instant after.
    pub end: Instant,
    /// What was declared.
    pub declaration: Declaration,
}

impl Authorisation {
    /// True at an instant between start and end, and not withdrawn.
    pub fn is_valid_at(&self, now: Instant) -> bool {
        self.declaration.active && self.start <= now && now < self.end
    }
}
