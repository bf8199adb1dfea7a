//! Camille Roussel: the record that the story is told with.

use super::{
    BIOLOGY, CONSULTATION, DISCHARGE, EYES, FOLLOW_UP, IMAGING, PLAIN, PRESCRIPTION, SYNTHESIS,
    VACCINATION, entry, level1,
};
use crate::cli::demo::documents::Entry;
use crate::dmp::document::Labels;

pub(super) const CAMILLE: &[Entry] = &[
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
];
