//! The rights in a record, one Consent each: what a professional declares, what a patient decides (rules CONS, MT, ADM, BLK, EMG,
//! MSK-05, AID, FEED-03).

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

/// One of the three emergency switches of a patient (rule EMG-02).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Switch {
    /// `ETREAT`: the regulators of centre 15.
    Regulation,
    /// `BTG`: bris de glace.
    BreakGlass,
    /// `ETREAT` and `BTG` with `MASQUE_PS`: masked documents too.
    Masked,
}

impl Switch {
    /// Every switch.
    pub const ALL: [Self; 3] = [Self::Regulation, Self::BreakGlass, Self::Masked];

    /// Its name in keys.
    pub fn code(self) -> &'static str {
        match self {
            Self::Regulation => "ETREAT",
            Self::BreakGlass => "BTG",
            Self::Masked => "MASKED",
        }
    }
}

/// The categories of rights (code system `consent-category`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Category {
    /// `autorisation-acces`
    Access,
    /// `medecin-traitant`
    TreatingPhysician,
    /// `administrateur`
    Administrator,
    /// `blocage`
    Block,
    /// `opposition-alimentation`
    FeedingOpposition,
    /// `urgence`
    Emergency,
    /// `masquage-par-defaut`
    DefaultMasking,
    /// `delegation`
    Delegation,
}

impl Category {
    /// Every category.
    pub const ALL: [Self; 8] = [
        Self::Access,
        Self::TreatingPhysician,
        Self::Administrator,
        Self::Block,
        Self::FeedingOpposition,
        Self::Emergency,
        Self::DefaultMasking,
        Self::Delegation,
    ];

    /// The code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Access => "autorisation-acces",
            Self::TreatingPhysician => "medecin-traitant",
            Self::Administrator => "administrateur",
            Self::Block => "blocage",
            Self::FeedingOpposition => "opposition-alimentation",
            Self::Emergency => "urgence",
            Self::DefaultMasking => "masquage-par-defaut",
            Self::Delegation => "delegation",
        }
    }

    /// Reads the code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|category| category.code() == code)
    }
}

/// What a right grants or forbids, and to whom.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Grant {
    /// The access authorisation that a professional declares (CONS-03 to CONS-06).
    Access {
        /// A professional or a structure.
        holder: ActorId,
        /// On what it rests.
        basis: Basis,
    },
    /// Médecin traitant DMP (MT-02).
    TreatingPhysician {
        /// The physician.
        holder: ActorId,
        /// On what his authorisation rests.
        basis: Basis,
    },
    /// Administrator, chosen by the patient (ADM-01).
    Administrator {
        /// The professional.
        holder: ActorId,
    },
    /// The patient blocks a professional or a structure (BLK-01).
    Block {
        /// Who is blocked.
        of: ActorId,
    },
    /// Opposition to feeding for a legitimate reason (FEED-03).
    FeedingOpposition {
        /// Who may not feed.
        of: ActorId,
        /// The reason.
        reason: String,
    },
    /// An emergency switch (EMG-02).
    Emergency {
        /// Which.
        switch: Switch,
        /// True permits.
        permit: bool,
    },
    /// Every document is masked, and every new one (MSK-05).
    DefaultMasking,
    /// A caregiver may act for the patient (AID-01).
    Delegation {
        /// The caregiver, as his portal names him.
        to: ActorId,
    },
}

impl Grant {
    /// The category.
    pub fn category(&self) -> Category {
        match self {
            Self::Access { .. } => Category::Access,
            Self::TreatingPhysician { .. } => Category::TreatingPhysician,
            Self::Administrator { .. } => Category::Administrator,
            Self::Block { .. } => Category::Block,
            Self::FeedingOpposition { .. } => Category::FeedingOpposition,
            Self::Emergency { .. } => Category::Emergency,
            Self::DefaultMasking => Category::DefaultMasking,
            Self::Delegation { .. } => Category::Delegation,
        }
    }

    /// Whom it concerns; None for everyone.
    pub fn actor(&self) -> Option<&ActorId> {
        match self {
            Self::Access { holder, .. }
            | Self::TreatingPhysician { holder, .. }
            | Self::Administrator { holder } => Some(holder),
            Self::Block { of } | Self::FeedingOpposition { of, .. } => Some(of),
            Self::Delegation { to } => Some(to),
            Self::Emergency { .. } | Self::DefaultMasking => None,
        }
    }

    /// On what it rests, where that is asked.
    pub fn basis(&self) -> Option<Basis> {
        match self {
            Self::Access { basis, .. } | Self::TreatingPhysician { basis, .. } => Some(*basis),
            _ => None,
        }
    }

    /// The switch, of an emergency setting.
    pub fn switch(&self) -> Option<Switch> {
        match self {
            Self::Emergency { switch, .. } => Some(*switch),
            _ => None,
        }
    }
}

/// What a caller declares.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(from = "Kept")]
pub struct Declaration {
    /// Whose record.
    pub patient: Ins,
    /// Which right.
    pub grant: Grant,
    /// Display name of whom it concerns, as sent.
    pub name: Option<String>,
    /// False withdraws (status `inactive`).
    pub active: bool,
    /// End asked for by the caller.
    pub until: Option<Instant>,
}

/// A declaration as it was kept, once before there were other rights than the access authorisation.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Kept {
    Right {
        patient: Ins,
        grant: Grant,
        name: Option<String>,
        active: bool,
        until: Option<Instant>,
    },
    Authorisation {
        patient: Ins,
        holder: ActorId,
        holder_name: Option<String>,
        basis: Basis,
        active: bool,
        until: Option<Instant>,
    },
}

impl From<Kept> for Declaration {
    fn from(kept: Kept) -> Self {
        match kept {
            Kept::Right {
                patient,
                grant,
                name,
                active,
                until,
            } => Self {
                patient,
                grant,
                name,
                active,
                until,
            },
            Kept::Authorisation {
                patient,
                holder,
                holder_name,
                basis,
                active,
                until,
            } => Self {
                patient,
                grant: Grant::Access { holder, basis },
                name: holder_name,
                active,
                until,
            },
        }
    }
}

/// A stored right: one per patient, category, actor and switch; each renewal is a new version.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Right {
    /// Resource id.
    pub id: Uuid,
    /// Version, from 1.
    pub version: u32,
    /// Last change.
    pub updated: Instant,
    /// Identifier of who declared it.
    pub declared_by: String,
    /// First instant.
    pub start: Instant,
    /// First instant after; None when it lasts until it is withdrawn.
    pub end: Option<Instant>,
    /// What was declared.
    pub declaration: Declaration,
}

impl Right {
    /// True at an instant between start and end, and not withdrawn.
    pub fn is_valid_at(&self, now: Instant) -> bool {
        self.declaration.active && self.start <= now && self.end.is_none_or(|end| now < end)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_authorisation_kept_by_an_earlier_version_is_read() {
        let kept = r#"{"patient":{"root":"NirTest","value":"279035121518989"},"holder":{"Person":"899900063480"},
            "holder_name":"MAX LIBRE","basis":"Team","active":true,"until":null}"#;
        let patient = Ins::parse(crate::dmp::ins::InsRoot::NirTest, "279035121518989").unwrap();
        let kept = kept.replace(
            r#"{"root":"NirTest","value":"279035121518989"}"#,
            &serde_json::to_string(&patient).unwrap(),
        );
        let read: Declaration = serde_json::from_str(&kept).unwrap();
        assert_eq!(read.grant.basis(), Some(Basis::Team));
        assert_eq!(read.grant.actor().unwrap().as_str(), "899900063480");
        let again: Declaration =
            serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
        assert_eq!(again, read);
    }
}
