//! The shelf itself, patient by patient. Every word is invented.

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
pub const SHELF: &[Entry] = &[
    // Camille Roussel: the record of the story.
    Entry {
        depositor: Some("laboratoire"),
        order: Some("BIO-2024-0412"),
        ..entry(
            0,
            "biologiste",
            BIOLOGY,
            "Bilan lipidique et glycémie",
            "202404120815+0200",
            &[
                (
                    "Biochimie",
                    "Glycémie à jeun 1,62 g/L. Cholestérol LDL 1,31 g/L.",
                ),
                ("Conclusion", "Résultats transmis au prescripteur."),
            ],
        )
    },
    Entry {
        depositor: Some("laboratoire"),
        order: Some("BIO-2024-0412"),
        replaces: Some(1),
        ..entry(
            0,
            "biologiste",
            BIOLOGY,
            "Bilan lipidique et glycémie (rectifié)",
            "202404121730+0200",
            &[
                (
                    "Biochimie",
                    "Glycémie à jeun 1,26 g/L (valeur rectifiée). Cholestérol LDL 1,31 g/L.",
                ),
                (
                    "Conclusion",
                    "Annule et remplace le compte rendu de 8 h 15 : erreur de saisie.",
                ),
            ],
        )
    },
    entry(
        0,
        "medecin",
        SYNTHESIS,
        "Volet de synthèse médicale",
        "202409021100+0200",
        &[
            (
                "Problèmes actifs",
                "Diabète de type 2 débutant. Hypertension artérielle traitée.",
            ),
            ("Allergies", "Pénicilline : urticaire en 1998."),
        ],
    ),
    Entry {
        depositor: Some("hopital"),
        ..entry(
            0,
            "medecin",
            DISCHARGE,
            "Lettre de liaison à la sortie, chirurgie ambulatoire",
            "202502141600+0100",
            &[
                (
                    "Motif",
                    "Ablation d'une vésicule lithiasique par cœlioscopie.",
                ),
                (
                    "Suites",
                    "Simples. Soins de paroi trois fois par semaine pendant dix jours.",
                ),
            ],
        )
    },
    entry(
        0,
        "medecin",
        PRESCRIPTION,
        "Ordonnance de sortie",
        "202502141605+0100",
        &[(
            "Traitement",
            "Paracétamol 1 g, trois fois par jour si douleur, cinq jours.",
        )],
    ),
    entry(
        0,
        "medecin2",
        level1("57832-8", "Prescription de soins"),
        "Prescription d'un équipement optique",
        "202503110930+0100",
        &[(
            "Prescription",
            "Verres progressifs, addition +1,50 aux deux yeux.",
        )],
    ),
    Entry {
        depositor: Some("hopital"),
        order: Some("IMG-2025-0077"),
        ..entry(
            0,
            "radiologue",
            IMAGING,
            "Échographie abdominale",
            "202501201015+0100",
            &[
                (
                    "Résultats",
                    "Vésicule alithiasique à paroi fine hormis deux calculs de 8 mm.",
                ),
                ("Conclusion", "Lithiase vésiculaire non compliquée."),
            ],
        )
    },
    entry(
        0,
        "medecin",
        VACCINATION,
        "Vaccination contre la grippe",
        "202410151045+0200",
        &[(
            "Vaccination",
            "Vaccin grippal quadrivalent, deltoïde gauche, rappel annuel.",
        )],
    ),
    entry(
        0,
        "medecin2",
        CONSULTATION,
        "Consultation de suivi du diabète",
        "202506101430+0200",
        &[(
            "Observation",
            "Poids stable, tension 132/81. Objectif d'hémoglobine glyquée : 6,5 %.",
        )],
    ),
    entry(
        0,
        "medecin2",
        level1("89601-9", "Certificat médical"),
        "Certificat de non contre-indication à la marche nordique",
        "202506101445+0200",
        &[("Certificat", "Aucune contre-indication constatée ce jour.")],
    ),
    entry(
        0,
        "medecin",
        level1("PRESC-AAT", "Prescription arrêt de travail"),
        "Arrêt de travail, suites opératoires",
        "202502141610+0100",
        &[("Arrêt", "Du 14 au 23 février 2025.")],
    ),
    entry(
        0,
        "medecin2",
        level1("96349-6", "Lettre d'adressage"),
        "Adressage en diabétologie",
        "202506101500+0200",
        &[(
            "Demande",
            "Avis sur l'introduction d'un second antidiabétique.",
        )],
    ),
    entry(
        0,
        "medecin2",
        EYES,
        "Fond d'œil annuel",
        "202503110900+0100",
        &[("Résultat", "Pas de rétinopathie. Presbytie à +1,50.")],
    ),
    entry(
        0,
        "dentiste",
        level1("83836-7", "Schéma dentaire"),
        "Schéma dentaire",
        "202411051700+0100",
        &[(
            "Schéma",
            "16 couronnée, 36 et 46 obturées, pas de carie active.",
        )],
    ),
    Entry {
        labels: Labels {
            masked: true,
            ..PLAIN
        },
        ..entry(
            0,
            "medecin",
            level1("34120-6", "Bilan par professionnel de santé"),
            "Entretien confidentiel",
            "202505061815+0200",
            &[(
                "Entretien",
                "Masqué aux professionnels à la demande de la patiente.",
            )],
        )
    },
    entry(
        0,
        "infirmier",
        FOLLOW_UP,
        "Soins de paroi",
        "202502211130+0100",
        &[(
            "Soins",
            "Cicatrices propres, ablation des fils. Fin des soins.",
        )],
    ),
    // Antoine Marchetti: an operation of the hip and its follow-up.
    Entry {
        depositor: Some("hopital"),
        ..entry(
            1,
            "medecin",
            level1("34874-8", "CR opératoire"),
            "Prothèse totale de hanche droite",
            "202410070830+0200",
            &[(
                "Intervention",
                "Voie postérieure, prothèse non cimentée, sans incident.",
            )],
        )
    },
    Entry {
        depositor: Some("hopital"),
        ..entry(
            1,
            "interne",
            level1("34112-3", "CR hospitalier (séjour)"),
            "Séjour en orthopédie",
            "202410121100+0200",
            &[(
                "Séjour",
                "Lever au premier jour, sortie au cinquième avec deux cannes.",
            )],
        )
    },
    entry(
        1,
        "pharmacien",
        DISPENSATION,
        "Dispensation d'un anticoagulant",
        "202410121730+0200",
        &[(
            "Dispensation",
            "Anticoagulant oral direct, quatre semaines.",
        )],
    ),
    entry(
        1,
        "pharmacien",
        level1("56445-0", "Bilan médicamenteux (Officine)"),
        "Bilan partagé de médication",
        "202501161000+0100",
        &[(
            "Bilan",
            "Sept lignes, deux doublons supprimés avec le médecin.",
        )],
    ),
    entry(
        1,
        "kine",
        level1("47420-5", "CR de bilan fonctionnel"),
        "Bilan de rééducation de la hanche",
        "202412091400+0100",
        &[(
            "Bilan",
            "Flexion 95 degrés, marche sans canne sur 200 mètres.",
        )],
    ),
    // Léa Fontanel, a child.
    entry(
        2,
        "medecin",
        VACCINATION,
        "Rappel de six ans",
        "202410021615+0200",
        &[(
            "Vaccination",
            "Diphtérie, tétanos, coqueluche, poliomyélite.",
        )],
    ),
    Entry {
        labels: Labels {
            invisible_representatives: true,
            ..PLAIN
        },
        ..entry(
            2,
            "medecin",
            level1("59283-2", "CR d'examen de l'enfant"),
            "Entretien avec l'enfant seule",
            "202511191700+0100",
            &[(
                "Entretien",
                "Non visible des représentants légaux, à la demande de l'enfant.",
            )],
        )
    },
    entry(
        2,
        "orthophoniste",
        FOLLOW_UP,
        "Suivi en orthophonie",
        "202601141500+0100",
        &[(
            "Séance",
            "Conscience phonologique en progrès, lecture fluide.",
        )],
    ),
    // Hugo Langlois, whose record was never activated.
    Entry {
        depositor: Some("hopital"),
        ..entry(
            5,
            "interne",
            level1("15507-7", "CR de passage aux urgences"),
            "Entorse de cheville",
            "202507052240+0200",
            &[("Passage", "Radiographie normale, attelle, antalgiques.")],
        )
    },
    // Bernard Kessler.
    Entry {
        labels: Labels {
            invisible_patient: true,
            ..PLAIN
        },
        ..entry(
            7,
            "medecin",
            level1("60568-3", "CR d'anatomie et de cytologie pathologiques"),
            "Biopsie pulmonaire",
            "202606021000+0200",
            &[(
                "Conclusion",
                "Non visible du patient avant la consultation d'annonce.",
            )],
        )
    },
    entry(
        7,
        "infirmier",
        FOLLOW_UP,
        "Surveillance à domicile",
        "202605181015+0200",
        &[(
            "Surveillance",
            "Saturation 94 %, pas d'œdème, poids stable.",
        )],
    ),
    // Inès Moreau, pregnant.
    entry(
        8,
        "sage-femme",
        level1("89233-1", "CR de grossesse"),
        "Consultation du sixième mois",
        "202603241030+0100",
        &[("Examen", "Hauteur utérine 24 cm, bruits du cœur réguliers.")],
    ),
    Entry {
        depositor: Some("laboratoire"),
        order: Some("BIO-2026-0318"),
        ..entry(
            8,
            "biologiste",
            BIOLOGY,
            "Sérologie de la toxoplasmose",
            "202603250900+0100",
            &[(
                "Sérologie",
                "IgG négatives, IgM négatives. Contrôle mensuel.",
            )],
        )
    },
    // Thomas Guérin, Awa Diallo, Paul Lenoir.
    entry(
        9,
        "medecin2",
        EYES,
        "Dépistage du glaucome",
        "202509151630+0200",
        &[(
            "Résultat",
            "Tension oculaire 15 et 16 mmHg, papilles normales.",
        )],
    ),
    entry(
        10,
        "dentiste",
        level1("28617-9", "Bilan bucco-dentaire"),
        "Bilan bucco-dentaire",
        "202512031115+0100",
        &[("Bilan", "Parodonte sain, détartrage fait.")],
    ),
    entry(
        11,
        "medecin",
        level1("CERT_DECL", "Certificat, déclaration"),
        "Certificat d'aptitude au sport",
        "202604081745+0200",
        &[("Certificat", "Examen sans particularité.")],
    ),
];
