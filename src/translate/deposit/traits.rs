//! The patient's traits in a document against those of the record (rules INS-03, INS-05, INS-07): a document in the wrong record
//! shows there first.

use super::super::Reading;
use super::super::findings::Findings;
use crate::dmp::person::{Sex, SourcePatient, fold};
use crate::dmp::record::Traits;
use crate::dmp::submission::Submission;
use crate::error::{Code, Error, Issue};

/// What both sides know and don't agree on: a warning in guide mode, refused in strict mode. No value is told.
///
/// # Errors
/// `traits-differ` in strict mode.
pub fn coherent(
    submission: &Submission,
    traits: &Traits,
    reading: &Reading,
) -> Result<Vec<Issue>, Error> {
    let mut found = Findings::new(reading);
    for document in &submission.documents {
        for element in differences(&document.metadata.source_patient, traits) {
            let issue = Issue::new(Code::TraitsDiffer)
                .at("DocumentReference.context.sourcePatientInfo")
                .with("value", element)
                .rule("INS-03");
            found.tolerate(issue);
        }
    }
    found.finish().map_err(Error::many)
}

fn differences(source: &SourcePatient, traits: &Traits) -> Vec<&'static str> {
    let mut differ = Vec::new();
    let mut compare = |same: Option<bool>, element: &'static str| {
        if same == Some(false) {
            differ.push(element);
        }
    };
    let name = |told: &Option<String>, kept: &Option<String>| {
        Some(spoken(told.as_deref()?) == spoken(kept.as_deref()?))
    };
    compare(
        name(&source.family_birth, &traits.birth_name.family),
        "name.family",
    );
    compare(
        given(source.given.as_deref(), traits.birth_name.given.as_deref()),
        "name.given",
    );
    let born = source.birth_date.as_ref().and_then(|born| born.date());
    compare(born.map(|born| born == traits.birth_date), "birthDate");
    let known = |sex: Sex| sex != Sex::Unknown;
    let sexes = source
        .sex
        .filter(|_| known(traits.sex))
        .filter(|s| known(*s));
    compare(sexes.map(|sex| sex == traits.sex), "gender");
    differ
}

/// The first given name, which one of them may write with all the others.
fn given(told: Option<&str>, kept: Option<&str>) -> Option<bool> {
    let (told, kept) = (spoken(told?), spoken(kept?));
    let begins = |long: &str, short: &str| {
        long.strip_prefix(short)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    Some(begins(&told, &kept) || begins(&kept, &told))
}

/// A name without case, accents, hyphens and apostrophes.
fn spoken(name: &str) -> String {
    let folded = fold(name).replace(['-', '\'', '’'], " ");
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::dmp::person::PersonName;
    use crate::dmp::time::Timestamp;

    fn traits() -> Traits {
        Traits {
            birth_name: PersonName {
                family: Some("DE L'ÎLE-MARTIN".to_owned()),
                given: Some("ANNE-LISE".to_owned()),
            },
            birth_given_names: None,
            used_name: None,
            sex: Sex::Female,
            birth_date: "1979-03-14".parse().unwrap(),
            birth_place: None,
        }
    }

    fn source(family: &str, given: &str, born: &str, sex: Sex) -> SourcePatient {
        SourcePatient {
            family_birth: Some(family.to_owned()),
            given: Some(given.to_owned()),
            birth_date: Some(Timestamp::from_hl7(born).unwrap()),
            sex: Some(sex),
            ..SourcePatient::default()
        }
    }

    #[test]
    fn the_same_person_may_be_written_in_several_ways() {
        for (family, given) in [
            ("De L Ile Martin", "Anne Lise Marie"),
            ("DE L’ILE MARTIN", "Anne"),
        ] {
            let told = source(family, given, "19790314", Sex::Female);
            assert!(differences(&told, &traits()).is_empty(), "{family} {given}");
        }
        assert!(differences(&SourcePatient::default(), &traits()).is_empty());
        // A date without its day tells nothing to compare.
        let told = source("DE L'ILE MARTIN", "ANNE", "1979", Sex::Unknown);
        assert!(differences(&told, &traits()).is_empty());
    }

    #[test]
    fn another_person_is_told_by_what_differs() {
        let told = source("MARTIN", "ANNA", "19790315", Sex::Male);
        assert_eq!(
            differences(&told, &traits()),
            ["name.family", "name.given", "birthDate", "gender"]
        );
    }
}
