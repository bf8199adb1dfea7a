//! The cards and certificates of the demonstration: who they name. All are fictional, numbered in the ranges of the national test cards.

use crate::dmp::actor::ActorKind;

/// A structure of the demonstration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoStructure {
    /// Struct_IdNat.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Department, as certificates write it.
    pub department: &'static str,
}

/// The hospital of `medecin`, `interne`, `infirmier`, `secretaire` and `hopital`.
pub const HOPITAL: DemoStructure = DemoStructure {
    id: "10B0000014",
    name: "CENTRE HOSPITALIER DES TROIS RIVIERES",
    department: "Rhône (69)",
};
/// The other hospital, of `sage-femme` and `regulateur`.
pub const HOPITAL_2: DemoStructure = DemoStructure {
    id: "10B0000022",
    name: "HOPITAL DU PONT VERT",
    department: "Isère (38)",
};
/// The laboratory of `laboratoire`.
pub const LABORATOIRE: DemoStructure = DemoStructure {
    id: "10B0000030",
    name: "LABORATOIRE DES QUATRE VENTS",
    department: "Rhône (69)",
};
/// The practice of `medecin2` and of the other liberal professionals.
pub const CABINET: DemoStructure = DemoStructure {
    id: "499900000029010",
    name: "CABINET MEDICAL DU TILLEUL",
    department: "Rhône (69)",
};
/// The pharmacy of `pharmacien`.
pub const PHARMACIE: DemoStructure = DemoStructure {
    id: "10B0000048",
    name: "PHARMACIE DE LA FONTAINE",
    department: "Rhône (69)",
};
/// Who opens and administers records: `exploitant`.
pub const EXPLOITANT: DemoStructure = DemoStructure {
    id: "10B0000001",
    name: "EXPLOITANT DU DMP DE DEMONSTRATION",
    department: "Paris (75)",
};

/// How a demonstration certificate stands today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Valid.
    Good,
    /// In the CRL.
    Revoked,
    /// Past its dates.
    Expired,
}

/// One card or certificate of the demonstration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoCard {
    /// Name of its files: `NAME.pem`, `NAME.key`.
    pub file: &'static str,
    /// CPS, CPF, CPE or establishment.
    pub kind: ActorKind,
    /// PS_IdNat; Struct_IdNat for an establishment.
    pub id: &'static str,
    /// Family name; the application's name for an establishment.
    pub family: &'static str,
    /// Given name; empty for an establishment.
    pub given: &'static str,
    /// `title` of the certificate.
    pub title: &'static str,
    /// TRE_G15 profession (TRE_G16 for a CPF).
    pub profession: Option<u8>,
    /// Speciality (TRE_R01).
    pub speciality: Option<&'static str>,
    /// Where its holder acts; in the certificate of a CPE or establishment, declared in `DMP-Structure` by the others.
    pub structure: DemoStructure,
    /// Good, revoked or expired.
    pub standing: Standing,
}

const fn cps(
    file: &'static str,
    id: &'static str,
    (given, family): (&'static str, &'static str),
    (profession, title): (u8, &'static str),
    structure: DemoStructure,
) -> DemoCard {
    DemoCard {
        file,
        kind: ActorKind::Cps,
        id,
        family,
        given,
        title,
        profession: Some(profession),
        speciality: match profession {
            10 => Some("SM26"),
            _ => None,
        },
        structure,
        standing: Standing::Good,
    }
}

const fn establishment(
    file: &'static str,
    application: &'static str,
    structure: DemoStructure,
) -> DemoCard {
    DemoCard {
        file,
        kind: ActorKind::Establishment,
        id: structure.id,
        family: application,
        given: "",
        title: "",
        profession: None,
        speciality: None,
        structure,
        standing: Standing::Good,
    }
}

const MEDECIN: (u8, &str) = (10, "Médecin");

/// Every card of `DIR/pki`.
pub const CARDS: &[DemoCard] = &[
    cps(
        "medecin",
        "899900000011",
        ("CLAIRE", "DESCHAMPS"),
        MEDECIN,
        HOPITAL,
    ),
    cps(
        "medecin2",
        "899900000029",
        ("BRUNO", "MARTINEAU"),
        MEDECIN,
        CABINET,
    ),
    DemoCard {
        kind: ActorKind::Cpf,
        speciality: None,
        ..cps(
            "interne",
            "899900000037",
            ("ANNE", "LEGRAIN"),
            (10, "Médecin en formation"),
            HOPITAL,
        )
    },
    cps(
        "pharmacien",
        "899900000045",
        ("HUGO", "VASSEUR"),
        (21, "Pharmacien"),
        PHARMACIE,
    ),
    cps(
        "dentiste",
        "899900000052",
        ("LEA", "FOURNEL"),
        (40, "Chirurgien-Dentiste"),
        CABINET,
    ),
    cps(
        "sage-femme",
        "899900000060",
        ("MAUD", "PERRIER"),
        (50, "Sage-Femme"),
        HOPITAL_2,
    ),
    cps(
        "infirmier",
        "899900000078",
        ("YANN", "CORBEL"),
        (60, "Infirmier"),
        HOPITAL,
    ),
    cps(
        "kine",
        "899900000086",
        ("SARA", "NICOLLET"),
        (70, "Masseur-Kinésithérapeute"),
        CABINET,
    ),
    cps(
        "orthophoniste",
        "899900000094",
        ("IRIS", "BLANCHET"),
        (91, "Orthophoniste"),
        CABINET,
    ),
    cps(
        "opticien",
        "00B2800015",
        ("PAUL", "GARNIER"),
        (28, "Opticien-Lunetier"),
        CABINET,
    ),
    DemoCard {
        file: "secretaire",
        kind: ActorKind::Cpe,
        id: "30B0000014/CPET0001",
        family: "ROUSSET",
        given: "NADIA",
        title: "Personnel santé ou social",
        profession: None,
        speciality: None,
        structure: HOPITAL,
        standing: Standing::Good,
    },
    establishment("hopital", "DPI TROIS RIVIERES", HOPITAL),
    establishment("laboratoire", "SGL QUATRE VENTS", LABORATOIRE),
    cps(
        "regulateur",
        "899900000099",
        ("MARC", "TESSIER"),
        MEDECIN,
        HOPITAL_2,
    ),
    establishment("exploitant", "PORTAIL EXPLOITANT", EXPLOITANT),
    DemoCard {
        standing: Standing::Revoked,
        ..cps(
            "revoque",
            "899900000102",
            ("ODILE", "MERCIER"),
            MEDECIN,
            CABINET,
        )
    },
    DemoCard {
        standing: Standing::Expired,
        ..cps(
            "expire",
            "899900000110",
            ("JEAN", "LAMBERT"),
            MEDECIN,
            CABINET,
        )
    },
];

/// The card of that file name.
pub fn card(file: &str) -> Option<&'static DemoCard> {
    CARDS.iter().find(|card| card.file == file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dmp::national_id::{PsIdNat, StructIdNat, luhn};

    #[test]
    fn every_identity_is_well_formed_and_alone() {
        assert_eq!(CARDS.len(), 17);
        for (i, card) in CARDS.iter().enumerate() {
            card.structure
                .id
                .parse::<StructIdNat>()
                .expect(card.structure.name);
            if card.kind == ActorKind::Establishment {
                assert_eq!(card.id, card.structure.id);
            } else {
                let id: PsIdNat = card.id.parse().expect(card.file);
                let employer = id.employer();
                assert!(employer.is_none_or(|employer| employer.as_str() == card.structure.id));
            }
            assert!(
                CARDS
                    .iter()
                    .skip(i + 1)
                    .all(|other| other.id != card.id && other.file != card.file)
            );
        }
    }

    #[test]
    fn numbers_pass_luhn_but_the_two_that_the_configuration_fixes() {
        for card in CARDS {
            let number = card.id.split('/').next().unwrap_or_default();
            assert_eq!(
                luhn(&number[1..]),
                !matches!(card.file, "regulateur" | "exploitant"),
                "{}",
                card.file
            );
        }
    }
}
