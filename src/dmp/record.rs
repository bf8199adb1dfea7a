//! The record itself: state, identity, and where a caller stands in it.

use jiff::ToSpan;
use jiff::civil::Date;

use super::ins::Ins;
use super::person::{PersonName, Sex};
use super::right::{Category, Grant, Right, Switch};
use super::time::{Instant, after, day, paris_date};

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

/// Where and of what a holder is told.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Notices {
    /// E-mail address: the one given at activation, or the one known to the insurance (NOT-04).
    pub email: Option<String>,
    /// Preference `NOTIF_DOCUMENT` (NOT-07); first accesses and emergencies have no switch.
    pub documents: bool,
}

impl Default for Notices {
    fn default() -> Self {
        Self {
            email: None,
            documents: true,
        }
    }
}

/// What an operator says of a record.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RecordData {
    /// The patient's present number.
    pub ins: Ins,
    /// Earlier numbers of his, the latest first, which still lead to the record (INS-01).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<Ins>,
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
    /// The holder, or who acts for him, asked for everything to be deleted (LC-14).
    #[serde(default)]
    pub deletion_asked: bool,
    /// Where and of what the holder is told (NOT-04, NOT-07).
    #[serde(default)]
    pub notices: Notices,
}

impl RecordData {
    /// Every number that leads to the record, the present one first.
    pub fn numbers(&self) -> impl Iterator<Item = &Ins> {
        std::iter::once(&self.ins).chain(&self.former)
    }

    /// True for one of [`RecordData::numbers`].
    pub fn is_known_by(&self, ins: &Ins) -> bool {
        self.numbers().any(|number| number == ins)
    }

    /// The day on which the holder reaches an age: born on 29 February, 1 March in common years.
    pub fn reaches(&self, age: u8) -> Date {
        let born = self.traits.birth_date;
        let year = born.year().saturating_add(i16::from(age));
        Date::new(year, born.month(), born.day())
            .or_else(|_| Date::new(year, 3, 1))
            .unwrap_or(Date::MAX)
    }

    /// When everything of a closed record is deleted: ten years after its closing (LC-13), or three months when deletion was asked
    /// (LC-14). None while it is not closed.
    pub fn purged_from(&self, updated: Instant) -> Option<Instant> {
        if self.state != RecordState::Closed {
            return None;
        }
        let closed = match &self.closure {
            Some(closure) => day(closure.date),
            None => updated,
        };
        let kept = if self.deletion_asked {
            3.months()
        } else {
            10.years()
        };
        Some(after(closed, kept))
    }

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
    /// The number that it was opened under: the key of its rows and of its chain, whatever number came after.
    pub opened_as: Ins,
    /// What the operator said.
    pub data: RecordData,
}

/// Whether a professional has consulted a record (rules NOT-01, ADM-01).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Consulted {
    /// Never.
    #[default]
    Never,
    /// In secret connections only: the patient was not told.
    InSecret,
    /// At least once openly, or in an emergency.
    Openly,
}

/// The three emergency switches as they stand (rules EMG-02, EMG-03).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmergencySettings {
    /// Centre 15 may look.
    pub regulation: bool,
    /// The glass may be broken.
    pub break_glass: bool,
    /// Masked documents are shown in an emergency.
    pub masked: bool,
}

impl Default for EmergencySettings {
    fn default() -> Self {
        Self {
            regulation: true,
            break_glass: true,
            masked: false,
        }
    }
}

/// Where a caller stands in a record: all that a decision reads of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The record.
    pub record: Record,
    /// The rights that concern the caller, an employee's structure included, and those that concern everyone.
    pub rights: Vec<Right>,
    /// Whether he has consulted it.
    pub consulted: Consulted,
}

impl Standing {
    /// The caller's access authorisation, whatever its state: of his own and his structure's, an active one first, then the one
    /// that lasts longest.
    pub fn authorisation(&self) -> Option<&Right> {
        self.of(Category::Access)
            .max_by_key(|right| (right.declaration.active, right.end))
    }

    /// The valid right of a category.
    pub fn valid(&self, category: Category, now: Instant) -> Option<&Right> {
        self.of(category).find(|right| right.is_valid_at(now))
    }

    /// The emergency switches; the third is off when both others are (EMG-02).
    pub fn emergency(&self, now: Instant) -> EmergencySettings {
        let mut settings = EmergencySettings::default();
        for right in self.of(Category::Emergency) {
            if let (Grant::Emergency { switch, permit }, true) =
                (&right.declaration.grant, right.is_valid_at(now))
            {
                match switch {
                    Switch::Regulation => settings.regulation = *permit,
                    Switch::BreakGlass => settings.break_glass = *permit,
                    Switch::Masked => settings.masked = *permit,
                }
            }
        }
        settings.masked &= settings.regulation || settings.break_glass;
        settings
    }

    fn of(&self, category: Category) -> impl Iterator<Item = &Right> {
        self.rights
            .iter()
            .filter(move |right| right.declaration.grant.category() == category)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use jiff::civil::date;

    use super::*;
    use crate::dmp::ins::InsRoot;

    fn born(birth_date: Date) -> RecordData {
        RecordData {
            ins: Ins::parse(InsRoot::NirTest, "279035121518989").unwrap(),
            former: Vec::new(),
            state: RecordState::Closed,
            identity: IdentityStatus::Qualified,
            traits: Traits {
                birth_name: PersonName::default(),
                birth_given_names: None,
                used_name: None,
                sex: Sex::Female,
                birth_date,
                birth_place: None,
            },
            closure: None,
            opposition_date: None,
            attached_to_mes: false,
            deletion_asked: false,
            notices: Notices::default(),
        }
    }

    #[test]
    fn an_age_is_reached_on_the_day_that_counts_it() {
        for (birth, expected) in [
            (date(2008, 2, 29), date(2026, 3, 1)),
            (date(2006, 2, 28), date(2024, 2, 28)),
            (date(2008, 11, 24), date(2026, 11, 24)),
        ] {
            let data = born(birth);
            assert_eq!(data.reaches(18), expected);
            let eve = day(expected) - jiff::SignedDuration::from_secs(1);
            assert_eq!((data.age_at(eve), data.age_at(day(expected))), (17, 18));
        }
        // Twenty years: a leap year again.
        assert_eq!(born(date(2008, 2, 29)).reaches(20), date(2028, 2, 29));
    }

    #[test]
    fn a_closed_record_is_kept_ten_years_or_three_months() {
        let mut data = born(date(1979, 3, 14));
        data.closure = Some(Closure {
            date: date(2024, 2, 29),
            motive: "patient-demande".to_owned(),
            reason: None,
        });
        let updated = day(date(2025, 1, 1));
        assert_eq!(data.purged_from(updated), Some(day(date(2034, 2, 28))));
        data.deletion_asked = true;
        assert_eq!(data.purged_from(updated), Some(day(date(2024, 5, 29))));
        data.closure = None;
        assert_eq!(data.purged_from(updated), Some(day(date(2025, 4, 1))));
        data.state = RecordState::Activated;
        assert_eq!(data.purged_from(updated), None);
    }
}
