//! Consent ↔ a right of the record, one small resource each: what a professional declares, what a patient decides.

mod assemble;
mod provision;
mod read;
mod shape;
mod write;

pub use read::{check_category, check_end, read};
pub use shape::{actions, purposes};
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
/// The system of `provision.action`.
pub(super) const ACTION: &str = "http://terminology.hl7.org/CodeSystem/consentaction";
/// The system of `provision.purpose`.
pub(super) const PURPOSE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
/// What default masking is about (`provision.class`).
const DOCUMENTS: (&str, &str) = ("http://hl7.org/fhir/resource-types", "DocumentReference");
/// The label that some rights are about.
const MASKED: &str = "MASQUE_PS";
/// How a right that concerns everyone names its actor.
const ALL: &str = "all";
const AUTHORITY: &str = "https://esante.gouv.fr/";
/// Assurance Maladie, keeper of the record.
const KEEPER: (&str, &str) = ("318003502400041", "Assurance Maladie");
