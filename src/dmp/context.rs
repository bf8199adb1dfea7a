//! What surrounds an act: environment, validation mode, access mode and the declarations of the caller.

use super::national_id::StructIdNat;
use super::time::Instant;

/// Which card category and INS authorities are accepted (rule AUT-06).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Environment {
    /// Test cards (category 80/82/83), INS of test and demonstration.
    Test,
    /// Real cards (category 00/02/03), INS NIR and NIA.
    Production,
}

/// How the guides' profiles are enforced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Validation {
    /// Accepts what the official examples do, and warns.
    Guide,
    /// Enforces the profiles.
    Strict,
}

/// Access mode (TRE_R248-ModeAcces, rule EMG-01).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccessMode {
    /// `normal`
    Normal,
    /// `bris_de_glace`
    BrisDeGlace,
    /// `centre_15`
    Centre15,
}

impl AccessMode {
    /// The code of TRE_R248.
    pub fn code(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::BrisDeGlace => "bris_de_glace",
            Self::Centre15 => "centre_15",
        }
    }

    /// Reads the code of TRE_R248.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Normal, Self::BrisDeGlace, Self::Centre15]
            .into_iter()
            .find(|mode| mode.code() == code)
    }
}

/// What the caller declares beside his certificate, and when.
#[derive(Debug, Clone)]
pub struct Context {
    /// `DMP-Access-Mode`.
    pub mode: AccessMode,
    /// `DMP-Access-Reason`, decoded; never blank.
    pub reason: Option<String>,
    /// `DMP-Secret-Connection`.
    pub secret: Option<bool>,
    /// `DMP-Structure`, recorded as declared: it gives no right.
    pub structure: Option<StructIdNat>,
    /// The time of the act.
    pub now: Instant,
    /// `X-Request-Id`.
    pub request_id: String,
}
