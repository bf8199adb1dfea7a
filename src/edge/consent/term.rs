//! How long a right lasts: what the caller asks for, within what the configuration and the patient's age allow.

use jiff::ToSpan;

use crate::dmp::record::RecordData;
use crate::dmp::right::{Category, Declaration};
use crate::dmp::time::{Instant, after, day};

/// Months of a delegation without an end (AID-01: it has one).
const DELEGATION_MONTHS: i64 = 12;

/// What bounds a term.
pub(super) struct Bounds {
    pub(super) now: Instant,
    /// `dmp.authorisation_months`.
    pub(super) authorisation_months: u32,
    pub(super) age_of_majority: u8,
}

/// The end of a right. The end that the caller asked for is brought within the same bounds: it is that of a médecin traitant's own
/// right, where this one is that of the authorisation that goes with it.
pub(super) fn end(
    declaration: &mut Declaration,
    record: &RecordData,
    bounds: &Bounds,
) -> Option<Instant> {
    let category = declaration.grant.category();
    let granted_for_a_minor = matches!(
        category,
        Category::Access | Category::TreatingPhysician | Category::Administrator
    );
    // What was consented to for a minor has to be renewed by the adult (MIN-10).
    let minor = record.age_at(bounds.now) < i16::from(bounds.age_of_majority);
    let majority =
        (minor && granted_for_a_minor).then(|| day(record.reaches(bounds.age_of_majority)));
    declaration.until = earliest([declaration.until, majority]);
    let asked = declaration.until;
    match category {
        Category::Access | Category::TreatingPhysician => {
            let months = i64::from(bounds.authorisation_months);
            earliest([asked, Some(after(bounds.now, months.months()))])
        }
        Category::Delegation => {
            Some(asked.unwrap_or_else(|| after(bounds.now, DELEGATION_MONTHS.months())))
        }
        Category::Administrator | Category::FeedingOpposition => asked,
        Category::Block | Category::Emergency | Category::DefaultMasking => None,
    }
}

fn earliest(ends: [Option<Instant>; 2]) -> Option<Instant> {
    ends.into_iter().flatten().min()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]
    use super::*;
    use crate::dmp::actor::{ActorId, PortalUser};
    use crate::dmp::ins::{Ins, InsRoot};
    use crate::dmp::person::{PersonName, Sex};
    use crate::dmp::record::{IdentityStatus, Notices, RecordState, Traits};
    use crate::dmp::right::{Basis, Grant};

    fn at(text: &str) -> Instant {
        text.parse().expect("instant")
    }

    fn record(born: &str) -> RecordData {
        RecordData {
            ins: Ins::parse(InsRoot::NirTest, "279035121518989").expect("INS"),
            former: Vec::new(),
            state: RecordState::Activated,
            identity: IdentityStatus::Validated,
            traits: Traits {
                birth_name: PersonName::default(),
                birth_given_names: None,
                used_name: None,
                sex: Sex::Unknown,
                birth_date: born.parse().expect("date"),
                birth_place: None,
            },
            closure: None,
            opposition_date: None,
            attached_to_mes: false,
            deletion_asked: false,
            notices: Notices::default(),
        }
    }

    fn doctor() -> ActorId {
        ActorId::Person("899900000001".parse().expect("PS_IdNat"))
    }

    fn access() -> Grant {
        Grant::Access {
            holder: doctor(),
            basis: Basis::Team,
        }
    }

    /// The end of a right, and the end asked for as it is kept.
    fn ends(
        grant: Grant,
        born: &str,
        now: &str,
        months: u32,
        asked: Option<&str>,
    ) -> (Option<Instant>, Option<Instant>) {
        let mut declaration = Declaration {
            patient: record(born).ins,
            grant,
            name: None,
            active: true,
            until: asked.map(at),
        };
        let bounds = Bounds {
            now: at(now),
            authorisation_months: months,
            age_of_majority: 18,
        };
        let end = end(&mut declaration, &record(born), &bounds);
        (end, declaration.until)
    }

    #[test]
    fn months_are_counted_by_calendar_in_paris() {
        let end = |now, months, asked| ends(access(), "1979-03-28", now, months, asked).0;
        let expected = |text| Some(at(text));
        assert_eq!(
            end("2026-11-24T09:00:00Z", 12, None),
            expected("2027-11-24T09:00:00Z")
        );
        assert_eq!(
            end("2026-08-31T10:00:00Z", 1, None),
            expected("2026-09-30T10:00:00Z")
        );
        // Over the change to winter time the hour on the wall stays.
        assert_eq!(
            end("2026-10-01T10:00:00Z", 1, None),
            expected("2026-11-01T11:00:00Z")
        );
        let soon = "2026-12-01T00:00:00Z";
        assert_eq!(end("2026-11-24T09:00:00Z", 12, Some(soon)), expected(soon));
        let late = Some("2036-12-01T00:00:00Z");
        assert_eq!(
            end("2026-11-24T09:00:00Z", 1, late),
            expected("2026-12-24T09:00:00Z")
        );
    }

    #[test]
    fn what_is_granted_for_a_minor_ends_with_his_majority() {
        let now = "2026-11-24T09:00:00Z";
        let administrator = Grant::Administrator { holder: doctor() };
        let physician = Grant::TreatingPhysician {
            holder: doctor(),
            basis: Basis::Team,
        };
        // Midnight in Paris, in winter and in summer.
        for (born, majority) in [
            ("2009-02-01", "2027-01-31T23:00:00Z"),
            ("2009-07-01", "2027-06-30T22:00:00Z"),
        ] {
            let majority = Some(at(majority));
            assert_eq!(ends(access(), born, now, 12, None), (majority, majority));
            let physician = ends(physician.clone(), born, now, 12, None);
            assert_eq!(physician, (majority, majority));
            assert_eq!(ends(administrator.clone(), born, now, 12, None).0, majority);
            let block = Grant::Block { of: doctor() };
            assert_eq!(ends(block, born, now, 12, None), (None, None));
        }
        // Born on 29 February: 1 March of a common year.
        let leap = ends(access(), "2008-02-29", "2026-01-15T09:00:00Z", 12, None).0;
        assert_eq!(leap, Some(at("2026-02-28T23:00:00Z")));
        // The day itself: an adult.
        let adult = ends(access(), "2008-11-24", now, 12, None).0;
        assert_eq!(adult, Some(at("2027-11-24T09:00:00Z")));
        assert_eq!(ends(physician, "1979-03-28", now, 12, None).1, None);
    }

    #[test]
    fn a_delegation_always_ends() {
        let user = PortalUser::new("https://portail.example", "aidant").expect("user");
        let grant = Grant::Delegation {
            to: ActorId::User(user),
        };
        let now = "2026-11-24T09:00:00Z";
        let end = |asked| ends(grant.clone(), "1979-03-28", now, 1, asked).0;
        assert_eq!(end(None), Some(at("2027-11-24T09:00:00Z")));
        let asked = "2026-12-01T00:00:00Z";
        assert_eq!(end(Some(asked)), Some(at(asked)));
    }
}
