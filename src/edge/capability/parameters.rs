//! Search parameters by type, with the address of their definition.

use serde_json::{Value, json};

use crate::edge::conformance::KINDS;

/// FHIR R4.
const HL7: &str = "http://hl7.org/fhir/SearchParameter/";
/// IHE MHD.
const MHD: &str = "https://profiles.ihe.net/ITI/MHD/SearchParameter/";
/// PDSm.
const PDSM: &str = "https://interop.esante.gouv.fr/ig/fhir/pdsm/SearchParameter/";
/// Ours.
const OURS: &str = "https://passerelle.dev/fhir/SearchParameter/";

/// A search parameter: name, type, and where its definition is published.
pub(in crate::edge) type Parameter = (&'static str, &'static str, (&'static str, &'static str));

pub(in crate::edge) const DOCUMENT_REFERENCE: &[Parameter] = &[
    ("_id", "token", (HL7, "Resource-id")),
    ("_lastUpdated", "date", (HL7, "Resource-lastUpdated")),
    ("author", "reference", (HL7, "DocumentReference-author")),
    ("author.family", "string", (OURS, "author-family")),
    ("author.given", "string", (OURS, "author-given")),
    ("author.identifier", "token", (OURS, "author-identifier")),
    (
        "author.organization.identifier",
        "token",
        (OURS, "author-organization-identifier"),
    ),
    (
        "author.organization.name",
        "string",
        (OURS, "author-organization-name"),
    ),
    ("category", "token", (HL7, "DocumentReference-category")),
    ("creation", "date", (MHD, "DocumentReference-Creation")),
    ("date", "date", (HL7, "DocumentReference-date")),
    ("event", "token", (HL7, "DocumentReference-event")),
    ("facility", "token", (HL7, "DocumentReference-facility")),
    ("format", "token", (HL7, "DocumentReference-format")),
    ("identifier", "token", (HL7, "clinical-identifier")),
    ("isArchived", "token", (PDSM, "PDSm-isArchived")),
    ("patient", "reference", (HL7, "clinical-patient")),
    ("patient.identifier", "token", (OURS, "patient-identifier")),
    ("period", "date", (HL7, "DocumentReference-period")),
    (
        "period-end",
        "date",
        (PDSM, "PDSm-DocumentReference-period-end"),
    ),
    (
        "period-start",
        "date",
        (PDSM, "PDSm-DocumentReference-period-start"),
    ),
    ("related", "reference", (HL7, "DocumentReference-related")),
    ("relation", "token", (HL7, "DocumentReference-relation")),
    (
        "relationship",
        "composite",
        (HL7, "DocumentReference-relationship"),
    ),
    (
        "relatesto",
        "reference",
        (HL7, "DocumentReference-relatesto"),
    ),
    (
        "security-label",
        "token",
        (HL7, "DocumentReference-security-label"),
    ),
    ("setting", "token", (HL7, "DocumentReference-setting")),
    ("status", "token", (HL7, "DocumentReference-status")),
    ("subject", "reference", (HL7, "DocumentReference-subject")),
    ("subject.identifier", "token", (OURS, "subject-identifier")),
    ("type", "token", (HL7, "clinical-type")),
];

pub(in crate::edge) const LIST: &[Parameter] = &[
    ("_id", "token", (HL7, "Resource-id")),
    ("_lastUpdated", "date", (HL7, "Resource-lastUpdated")),
    ("authorOrg", "reference", (PDSM, "PDSm-List-authorOrg")),
    (
        "authorOrg.identifier",
        "token",
        (OURS, "authororg-identifier"),
    ),
    ("authorOrg.name", "string", (OURS, "authororg-name")),
    ("code", "token", (HL7, "clinical-code")),
    ("date", "date", (HL7, "clinical-date")),
    ("designationType", "token", (MHD, "List-DesignationType")),
    ("identifier", "token", (HL7, "clinical-identifier")),
    ("isArchived", "token", (PDSM, "PDSm-isArchived")),
    ("patient", "reference", (HL7, "clinical-patient")),
    ("patient.identifier", "token", (OURS, "patient-identifier")),
    ("source", "reference", (HL7, "List-source")),
    ("source.family", "string", (OURS, "source-family")),
    ("source.given", "string", (OURS, "source-given")),
    ("source.identifier", "token", (OURS, "source-identifier")),
    ("sourceId", "token", (MHD, "List-SourceId")),
    ("status", "token", (HL7, "List-status")),
    ("subject", "reference", (HL7, "List-subject")),
    ("subject.identifier", "token", (OURS, "subject-identifier")),
    ("title", "string", (HL7, "List-title")),
];

pub(in crate::edge) const PATIENT: &[Parameter] =
    &[("identifier", "token", (HL7, "Patient-identifier"))];

pub(in crate::edge) const CONSENT: &[Parameter] = &[
    ("_id", "token", (HL7, "Resource-id")),
    ("_lastUpdated", "date", (HL7, "Resource-lastUpdated")),
    ("action", "token", (HL7, "Consent-action")),
    ("actor", "reference", (HL7, "Consent-actor")),
    ("actor.identifier", "token", (OURS, "actor-identifier")),
    ("category", "token", (HL7, "Consent-category")),
    ("date", "date", (HL7, "clinical-date")),
    ("patient", "reference", (HL7, "clinical-patient")),
    ("patient.identifier", "token", (OURS, "patient-identifier")),
    ("period", "date", (HL7, "Consent-period")),
    ("purpose", "token", (HL7, "Consent-purpose")),
    ("status", "token", (HL7, "Consent-status")),
];

pub(in crate::edge) const AUDIT_EVENT: &[Parameter] = &[
    ("_id", "token", (HL7, "Resource-id")),
    ("_lastUpdated", "date", (HL7, "Resource-lastUpdated")),
    ("action", "token", (HL7, "AuditEvent-action")),
    ("address", "string", (HL7, "AuditEvent-address")),
    ("agent", "reference", (HL7, "AuditEvent-agent")),
    ("agent.identifier", "token", (OURS, "agent-identifier")),
    ("date", "date", (HL7, "AuditEvent-date")),
    ("entity", "reference", (HL7, "AuditEvent-entity")),
    ("entity-role", "token", (HL7, "AuditEvent-entity-role")),
    ("entity-type", "token", (HL7, "AuditEvent-entity-type")),
    ("entity.identifier", "token", (OURS, "entity-identifier")),
    ("outcome", "token", (HL7, "AuditEvent-outcome")),
    ("patient", "reference", (HL7, "AuditEvent-patient")),
    ("patient.identifier", "token", (OURS, "patient-identifier")),
    ("purpose", "token", (OURS, "purpose")),
    ("source", "reference", (HL7, "AuditEvent-source")),
    ("source.identifier", "token", (OURS, "observer-identifier")),
    ("subtype", "token", (HL7, "AuditEvent-subtype")),
    ("type", "token", (HL7, "AuditEvent-type")),
];

pub(in crate::edge) const IMMUNIZATION: &[Parameter] = &[
    ("_id", "token", (HL7, "Resource-id")),
    ("_lastUpdated", "date", (HL7, "Resource-lastUpdated")),
    ("date", "date", (HL7, "clinical-date")),
    ("identifier", "token", (HL7, "clinical-identifier")),
    ("lot-number", "string", (HL7, "Immunization-lot-number")),
    ("patient", "reference", (HL7, "clinical-patient")),
    ("patient.identifier", "token", (OURS, "patient-identifier")),
    ("status", "token", (HL7, "Immunization-status")),
    (
        "target-disease",
        "token",
        (HL7, "Immunization-target-disease"),
    ),
    ("vaccine-code", "token", (HL7, "Immunization-vaccine-code")),
    ("validated", "token", (OURS, "validated")),
];

/// Of the conformance resources.
pub(in crate::edge) const CONFORMANCE: &[Parameter] = &[
    ("_id", "token", (HL7, "Resource-id")),
    ("name", "string", (HL7, "conformance-name")),
    ("status", "token", (HL7, "conformance-status")),
    ("url", "uri", (HL7, "conformance-url")),
    ("version", "token", (HL7, "conformance-version")),
];

/// The parameters of a type.
pub(in crate::edge) fn of(kind: &str) -> &'static [Parameter] {
    match kind {
        "DocumentReference" => DOCUMENT_REFERENCE,
        "List" => LIST,
        "Patient" => PATIENT,
        "Consent" => CONSENT,
        "AuditEvent" => AUDIT_EVENT,
        "Immunization" => IMMUNIZATION,
        kind if KINDS.contains(&kind) => CONFORMANCE,
        _ => &[],
    }
}

/// As the statement writes them.
pub(super) fn written(kind: &str) -> Value {
    of(kind)
        .iter()
        .map(|(name, kind, (base, id))| {
            json!({"name": name, "definition": format!("{base}{id}"), "type": kind})
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dmp::context::{Environment, Validation};
    use crate::tables::Tables;
    use crate::translate::{Reading, search};

    /// Asks for one parameter beside what a search needs, and tells whether it was understood.
    fn understood(resource: &str, (name, kind, _): &Parameter) -> bool {
        let value = match (*name, *kind) {
            ("patient" | "subject", _) => "Patient/0190f3c1-0000-7000-8000-000000000001",
            ("status", _) => {
                if resource == "Consent" {
                    "active"
                } else {
                    "current"
                }
            }
            ("validated", _) => "true",
            ("code", _) => "submissionset",
            ("isArchived", _) => "false",
            ("_id", _) => "0190f3c1-0000-7000-8000-000000000001",
            ("relatesto" | "entity", _) => "DocumentReference/0190f3c1-0000-7000-8000-000000000001",
            ("relationship", _) => {
                "DocumentReference/0190f3c1-0000-7000-8000-000000000001$replaces"
            }
            (_, "date") => "2026-11-24",
            (name, _) if name == "identifier" && resource != "Patient" => "urn:oid:1.2.3",
            (name, _) if name.ends_with("identifier") => {
                "urn:oid:1.2.250.1.213.1.4.10|279035121518989"
            }
            _ => "x",
        };
        let mut params = vec![((*name).to_owned(), value.to_owned())];
        let mut need = |needed: &str, value: &str| {
            if params.iter().all(|(name, _)| name != needed) {
                params.push((needed.to_owned(), value.to_owned()));
            }
        };
        if !name.starts_with("patient") && !name.starts_with("subject") && resource != "Patient" {
            need(
                "patient.identifier",
                "urn:oid:1.2.250.1.213.1.4.10|279035121518989",
            );
        }
        if matches!(resource, "DocumentReference" | "List") {
            need("status", "current");
        }
        if resource == "List" {
            need("code", "submissionset");
        }
        let tables = Tables::built_in();
        let reading = Reading {
            tables: &tables,
            environment: Environment::Test,
            validation: Validation::Guide,
            base_url: "https://localhost/fhir",
        };
        let used = match resource {
            "Patient" => search::patient_identifier(&params, true, &reading).map(|s| s.used),
            "List" => search::submissions(&params, true, &reading).map(|s| s.used),
            "Consent" => search::consents(&params, true, &reading).map(|s| s.used),
            "AuditEvent" => search::traces(&params, true, &reading).map(|s| s.used),
            "Immunization" => search::vaccinations(&params, true, &reading).map(|s| s.used),
            _ => search::documents(&params, true, &reading).map(|s| s.used),
        };
        used.is_ok_and(|used| used.iter().any(|(used, _)| used == name))
    }

    #[test]
    fn every_parameter_of_the_statement_is_one_that_searches_read() {
        for (resource, parameters) in [
            ("Patient", PATIENT),
            ("DocumentReference", DOCUMENT_REFERENCE),
            ("List", LIST),
            ("Consent", CONSENT),
            ("AuditEvent", AUDIT_EVENT),
            ("Immunization", IMMUNIZATION),
        ] {
            for parameter in parameters {
                assert!(
                    understood(resource, parameter),
                    "{resource}.{}",
                    parameter.0
                );
            }
        }
    }
}
