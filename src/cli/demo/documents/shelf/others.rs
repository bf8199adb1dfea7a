//! The documents of everybody else.

use super::{BIOLOGY, DISPENSATION, EYES, FOLLOW_UP, PLAIN, VACCINATION, entry, level1};
use crate::cli::demo::documents::Entry;
use crate::dmp::document::Labels;

pub(super) const OTHERS: &[Entry] = &[
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
