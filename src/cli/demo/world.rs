//! The people of the demonstration and who may read what. Everybody is fictional: their numbers name communes above 900, which no
//! département of theirs has, under the root of test identities.

use jiff::civil::{Date, date};

use super::cards::{CABINET, DemoStructure, HOPITAL, HOPITAL_2, LABORATOIRE, PHARMACIE, card};
use super::cda_text::{Place, Writer};
use crate::dmp::id::BadId;
use crate::dmp::ins::{Ins, InsRoot};
use crate::dmp::person::{PersonName, Sex};
use crate::dmp::record::{Closure, IdentityStatus, Notices, RecordData, RecordState, Traits};
use crate::dmp::right::Basis;

/// A patient of the demonstration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoPatient {
    /// What the operator opens.
    pub record: RecordData,
    /// Local number, the same everywhere here.
    pub ipp: &'static str,
    /// Where he was born.
    pub birth_town: &'static str,
}

struct Person {
    ins: &'static str,
    ipp: &'static str,
    /// Birth name and all given names; the first is the one in use.
    name: (&'static str, &'static str),
    used_family: Option<&'static str>,
    sex: Sex,
    born: Date,
    place: (&'static str, &'static str),
    state: RecordState,
    identity: IdentityStatus,
}

const fn person(
    (ins, ipp): (&'static str, &'static str),
    name: (&'static str, &'static str),
    sex: Sex,
    born: Date,
    place: (&'static str, &'static str),
) -> Person {
    Person {
        ins,
        ipp,
        name,
        used_family: None,
        sex,
        born,
        place,
        state: RecordState::Activated,
        identity: IdentityStatus::Qualified,
    }
}

const TILLEUX: (&str, &str) = ("69901", "SAINT-ROCH-LES-TILLEUX");
const VALMONT: (&str, &str) = ("38903", "VALMONT-SUR-BRUME");

const PEOPLE: &[Person] = &[
    person(
        ("279036990100166", "T0001"),
        ("ROUSSEL", "CAMILLE ANNE"),
        Sex::Female,
        date(1979, 3, 28),
        TILLEUX,
    ),
    person(
        ("151112A90201413", "T0002"),
        ("MARCHETTI", "ANTOINE"),
        Sex::Male,
        date(1951, 11, 2),
        ("2A902", "PORTO-SERENO"),
    ),
    // A minor.
    person(
        ("218093890302722", "T0003"),
        ("FONTANEL", "LEA ROSE"),
        Sex::Female,
        date(2018, 9, 12),
        VALMONT,
    ),
    Person {
        state: RecordState::Opposed,
        ..person(
            ("188016990400831", "T0004"),
            ("BELKACEM", "YANIS"),
            Sex::Male,
            date(1988, 1, 17),
            ("69904", "LES HAUTES-ROCHES"),
        )
    },
    Person {
        state: RecordState::Closed,
        ..person(
            ("244065190501943", "T0005"),
            ("PREVOST", "ODILE MARIE"),
            Sex::Female,
            date(1944, 6, 30),
            ("51905", "MONTBRUME"),
        )
    },
    Person {
        state: RecordState::NotActivated,
        ..person(
            ("196086990603255", "T0006"),
            ("LANGLOIS", "HUGO"),
            Sex::Male,
            date(1996, 8, 21),
            ("69906", "LA COMBE-AUX-LOUPS"),
        )
    },
    // An identity that nobody qualified: nothing can be deposited.
    Person {
        identity: IdentityStatus::Provisional,
        ..person(
            ("290123890704194", "T0007"),
            ("CHERIF", "NADIA"),
            Sex::Female,
            date(1990, 12, 5),
            ("38907", "PONT-DE-GRESSE"),
        )
    },
    person(
        ("138045190800684", "T0008"),
        ("KESSLER", "BERNARD JEAN"),
        Sex::Male,
        date(1938, 4, 9),
        ("51908", "VERZELLES"),
    ),
    Person {
        used_family: Some("VIDAL"),
        ..person(
            ("293026990902273", "T0009"),
            ("MOREAU", "INES"),
            Sex::Female,
            date(1993, 2, 14),
            ("69909", "CROIX-BLANCHE"),
        )
    },
    person(
        ("172103891001755", "T0010"),
        ("GUERIN", "THOMAS"),
        Sex::Male,
        date(1972, 10, 3),
        ("38910", "SAINT-AUBIN-DU-LAC"),
    ),
    person(
        ("267076991103593", "T0011"),
        ("DIALLO", "AWA"),
        Sex::Female,
        date(1967, 7, 19),
        ("69911", "BELLEVUE-LE-HAUT"),
    ),
    Person {
        identity: IdentityStatus::Validated,
        ..person(
            ("101056991201141", "T0012"),
            ("LENOIR", "PAUL"),
            Sex::Male,
            date(2001, 5, 25),
            ("69912", "FONTAINES-LE-VIEUX"),
        )
    },
];

/// The record that the story is told with: open, adult, with documents of every kind.
pub const STORY: usize = 0;
/// A record without documents yet.
pub const CLOSED: usize = 4;

/// Who declared that a patient consents, and on what that rests: card, patients, basis.
pub const CONSENTS: &[(&str, &[usize], Basis)] = &[
    ("medecin", &[0, 1, 2, 5, 7, 8, 9, 10, 11], Basis::Team),
    ("infirmier", &[0, 1, 7], Basis::Team),
    ("sage-femme", &[0, 8], Basis::Team),
    ("interne", &[0, 1], Basis::Team),
    ("pharmacien", &[0, 1], Basis::Explicit),
    ("dentiste", &[0, 10], Basis::Explicit),
    ("kine", &[0, 10], Basis::Explicit),
    ("orthophoniste", &[0, 2], Basis::Explicit),
    ("opticien", &[0, 9], Basis::Explicit),
];

/// Every patient.
///
/// # Errors
/// A number in the table is not shaped like an INS.
pub fn patients() -> Result<Vec<DemoPatient>, BadId> {
    PEOPLE.iter().map(Person::patient).collect()
}

impl Person {
    fn patient(&self) -> Result<DemoPatient, BadId> {
        let (family, given_names) = self.name;
        let first = given_names.split(' ').next().unwrap_or(given_names);
        let name = |family: &str| PersonName {
            family: Some(family.to_owned()),
            given: Some(first.to_owned()),
        };
        let closed = self.state == RecordState::Closed;
        let opposed = self.state == RecordState::Opposed;
        Ok(DemoPatient {
            ipp: self.ipp,
            birth_town: self.place.1,
            record: RecordData {
                ins: Ins::parse(InsRoot::NirTest, self.ins)?,
                former: Vec::new(),
                state: self.state,
                identity: self.identity,
                traits: Traits {
                    birth_name: name(family),
                    birth_given_names: Some(given_names.to_owned()),
                    used_name: Some(name(self.used_family.unwrap_or(family))),
                    sex: self.sex,
                    birth_date: self.born,
                    birth_place: Some(self.place.0.to_owned()),
                },
                closure: closed.then(|| Closure {
                    date: date(2025, 3, 3),
                    motive: "patient-demande".to_owned(),
                    reason: Some("Demande du titulaire".to_owned()),
                }),
                opposition_date: opposed.then(|| date(2022, 2, 20)),
                attached_to_mes: self.state == RecordState::Activated,
                deletion_asked: false,
                notices: Notices::default(),
            },
        })
    }
}

/// The biologist of the laboratory and the radiologist of the hospital: they sign, their structures deposit.
const WITHOUT_CARD: &[(&str, Writer)] = &[
    (
        "biologiste",
        Writer {
            id: "899900000128",
            family: "TARDIEU",
            given: "INES",
            specialty: ("G15_10/SM03", "Médecin - Biologie médicale (SM)"),
            structure: LABORATOIRE,
        },
    ),
    (
        "radiologue",
        Writer {
            id: "899900000136",
            family: "OLLIVIER",
            given: "DENIS",
            specialty: ("G15_10/SM44", "Médecin - Radio-diagnostic (SM)"),
            structure: HOPITAL,
        },
    ),
];

const SPECIALTIES: &[(u8, &str, &str)] = &[
    (21, "G15_21", "Pharmacien"),
    (28, "G15_28", "Opticien-Lunetier"),
    (40, "G15_40", "Chirurgien-Dentiste"),
    (50, "G15_50", "Sage-Femme"),
    (60, "G15_60", "Infirmier"),
    (70, "G15_70", "Masseur-Kinésithérapeute"),
    (91, "G15_91", "Orthophoniste"),
];

/// The person behind a card, or one of the two who sign without.
pub fn writer(name: &str) -> Option<Writer> {
    if let Some((_, writer)) = WITHOUT_CARD.iter().find(|(known, _)| *known == name) {
        return Some(*writer);
    }
    let card = card(name)?;
    let specialty = match (card.profession?, card.kind) {
        (10, crate::dmp::actor::ActorKind::Cpf) => ("G16_10", "Médecin en formation"),
        (10, _) => (
            "G15_10/SM26",
            "Médecin - Qualifié en Médecine Générale (SM)",
        ),
        (profession, _) => SPECIALTIES
            .iter()
            .find(|(known, ..)| *known == profession)
            .map(|(_, code, label)| (*code, *label))?,
    };
    Some(Writer {
        id: card.id,
        family: card.family,
        given: card.given,
        specialty,
        structure: card.structure,
    })
}

/// What kind of place a structure is.
pub fn place(structure: &DemoStructure) -> Place {
    const AMBULATORY: (&str, &str) = ("AMBULATOIRE", "Ambulatoire");
    let (facility, setting, encounter) = match structure.id {
        id if id == HOPITAL.id || id == HOPITAL_2.id => (
            ("SA01", "Etablissement public de santé"),
            ("ETABLISSEMENT", "Etablissement de santé"),
            "IMP",
        ),
        id if id == LABORATOIRE.id => (
            ("SA25", "Laboratoire de biologie médicale"),
            AMBULATORY,
            "AMB",
        ),
        id if id == PHARMACIE.id => (("SA33", "Pharmacie d'officine"), AMBULATORY, "AMB"),
        id if id == CABINET.id => (("SA08", "Cabinet de groupe"), AMBULATORY, "AMB"),
        _ => (("SA43", "Secteur non défini"), AMBULATORY, "AMB"),
    };
    Place {
        facility,
        setting,
        encounter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_well_formed_alone_and_agree_with_the_traits() {
        let patients = patients().expect("shapes");
        assert_eq!(patients.len(), 12);
        for (i, patient) in patients.iter().enumerate() {
            let ins = &patient.record.ins;
            let traits = &patient.record.traits;
            assert!(ins.key_is_right(), "{}", patient.ipp);
            let sex = if traits.sex == Sex::Male { "1" } else { "2" };
            let expected = format!(
                "{sex}{}{}",
                traits.birth_date.strftime("%y%m"),
                traits.birth_place.as_deref().unwrap_or_default()
            );
            assert!(ins.value().starts_with(&expected), "{}", patient.ipp);
            assert!(
                patients
                    .iter()
                    .skip(i + 1)
                    .all(|other| other.record.ins != *ins && other.ipp != patient.ipp)
            );
        }
    }

    #[test]
    fn the_world_holds_one_of_each_state() {
        let patients = patients().expect("shapes");
        for state in RecordState::ALL {
            assert!(patients.iter().any(|patient| patient.record.state == state));
        }
        let closed = &patients[CLOSED].record;
        assert!(closed.state == RecordState::Closed && closed.closure.is_some());
        let now = "2036-09-11T12:00:00Z".parse().expect("instant");
        assert!(
            patients
                .iter()
                .any(|patient| patient.record.age_at(now) < 18)
        );
        assert!(
            patients
                .iter()
                .any(|patient| !patient.record.identity.is_qualified())
        );
    }

    #[test]
    fn consents_name_cards_that_exist_and_records_that_are_open() {
        let patients = patients().expect("shapes");
        for (file, indexes, _) in CONSENTS {
            assert!(
                card(file).is_some_and(|card| card.kind.is_nominative()),
                "{file}"
            );
            for index in *indexes {
                assert!(patients[*index].record.state.is_open(), "{index}");
            }
        }
    }
}
