//! The shelf itself, and the kinds of documents that stand on it. Every word is invented.

mod others;
mod story;

use super::super::cda_text::Kind;
use super::Entry;
use crate::dmp::document::{Labels, Restriction};

const PLAIN: Labels = Labels {
    masked: false,
    invisible_patient: false,
    invisible_representatives: false,
    restricted: Restriction::Normal,
};

const fn level1(code: &'static str, label: &'static str) -> Kind {
    Kind {
        code,
        label,
        templates: &[],
    }
}

const BIOLOGY: Kind = Kind::BIOLOGY;
const IMAGING: Kind = Kind {
    code: "18748-4",
    label: "CR d'imagerie médicale",
    templates: &[("1.2.250.1.213.1.1.1.45", "2024.01")],
};
const SYNTHESIS: Kind = Kind {
    code: "60591-5",
    label: "Synthèse médicale",
    templates: &[("1.2.250.1.213.1.1.1.13", "201310")],
};
const DISCHARGE: Kind = Kind {
    code: "11490-0",
    label: "Lettre de liaison à la sortie d'un établissement de soins",
    templates: &[("1.2.250.1.213.1.1.1.29", "2022.01")],
};
const PRESCRIPTION: Kind = Kind {
    code: "57833-6",
    label: "Prescription de produits de santé",
    templates: &[("1.2.250.1.213.1.1.1.39", "2024.01")],
};
const DISPENSATION: Kind = Kind {
    code: "60593-1",
    label: "Dispensation médicamenteuse",
    templates: &[("1.2.250.1.213.1.1.1.54", "2024.01")],
};
const VACCINATION: Kind = Kind {
    code: "87273-9",
    label: "Note de vaccination",
    templates: &[("1.2.250.1.213.1.1.1.46", "2023.01")],
};
const CONSULTATION: Kind = level1("11488-4", "CR ou fiche de consultation ou de visite");
const FOLLOW_UP: Kind = level1(
    "11506-3",
    "CR ou fiche de suivi de soins par auxiliaire médical",
);
const EYES: Kind = level1("78513-9", "CR de consultation en ophtalmologie");

/// An entry without label, order or replacement, deposited by who wrote it.
const fn entry(
    patient: usize,
    writer: &'static str,
    kind: Kind,
    title: &'static str,
    act: &'static str,
    sections: &'static [(&'static str, &'static str)],
) -> Entry {
    Entry {
        patient,
        writer,
        depositor: None,
        kind,
        title,
        act,
        labels: PLAIN,
        replaces: None,
        order: None,
        sections,
    }
}

/// Every document, in the order of deposit.
pub fn shelf() -> impl Iterator<Item = &'static Entry> {
    story::CAMILLE.iter().chain(others::OTHERS)
}
