//! Vaccinations as Immunization resources (national documents: `docs/vaccinations.md`).

mod reaction;
mod read;
mod write;

pub use read::{Declared, read};
pub use write::write;

/// HL7 v2 table 0443, roles of a provider.
const FUNCTIONS: &str = "http://terminology.hl7.org/CodeSystem/v2-0443";
/// He vaccinated.
const ADMINISTERING: &str = "AP";
/// He wrote it down.
const ENTERING: &str = "EP";
/// Where a report comes from that is not first-hand.
const ORIGIN: &str = "http://terminology.hl7.org/CodeSystem/immunization-origin";
/// The patient remembers.
const RECALL: &str = "recall";
/// Somebody else's record.
const RECORD: &str = "record";
/// Why there is no value.
const DATA_ABSENT: &str = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";
/// The status of what was observed afterwards.
const OBSERVED: &str = "final";
/// UCUM.
const UCUM: &str = "http://unitsofmeasure.org";
/// ICD-10.
const ICD_10: &str = "2.16.840.1.113883.6.3";

#[cfg(test)]
mod tests;
