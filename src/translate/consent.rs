//! Consent ↔ the access authorisation that a professional declares (category `autorisation-acces`).

mod provision;
mod read;
mod write;

pub use read::read;
pub use write::{key, write};

/// LOINC code of a consent document.
const CONSENT_DOCUMENT: &str = "59284-0";
const LOINC: &str = "http://loinc.org";
const SCOPE: (&str, &str) = (
    "http://terminology.hl7.org/CodeSystem/consentscope",
    "patient-privacy",
);
const RECEIVER: (&str, &str) = (
    "http://terminology.hl7.org/CodeSystem/v3-ParticipationType",
    "IRCP",
);
const ACCESS: (&str, &str) = (
    "http://terminology.hl7.org/CodeSystem/consentaction",
    "access",
);
const TREATMENT: (&str, &str) = (
    "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "TREAT",
);
const AUTHORITY: &str = "https://esante.gouv.fr/";
/// The article that lets a professional consult.
const ARTICLE: &str = "https://www.legifrance.gouv.fr/codes/article_lc/L1111-17";
/// Assurance Maladie, keeper of the record.
const KEEPER: (&str, &str) = ("318003502400041", "Assurance Maladie");
/// The category that this version reads, and the others of its list.
const CATEGORY: &str = "autorisation-acces";
const OTHER_CATEGORIES: [&str; 7] = [
    "medecin-traitant",
    "administrateur",
    "blocage",
    "opposition-alimentation",
    "urgence",
    "masquage-par-defaut",
    "delegation",
];
