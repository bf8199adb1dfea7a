//! `GET /fhir/metadata`: the only answer that needs no certificate. What it lists is what is served, and no more.

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use super::app::Shared;
use super::{answer, negotiate, params};
use crate::dmp::context::Validation;
use crate::dmp::time::{Instant, Timestamp};
use crate::error::Error;
use crate::settings::Settings;

const HL7: &str = "http://hl7.org/fhir/SearchParameter/";
const MHD: &str = "https://profiles.ihe.net/ITI/MHD/SearchParameter/";
const PDSM: &str = "https://interop.esante.gouv.fr/ig/fhir/pdsm/SearchParameter/";
const PROFILE: &str = "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/";

/// A search parameter: name, type, and its definition where one is published.
type Parameter = (
    &'static str,
    &'static str,
    Option<(&'static str, &'static str)>,
);

const DOCUMENT_REFERENCE: &[Parameter] = &[
    ("_id", "token", Some((HL7, "Resource-id"))),
    ("_lastUpdated", "date", Some((HL7, "Resource-lastUpdated"))),
    (
        "author",
        "reference",
        Some((HL7, "DocumentReference-author")),
    ),
    ("author.family", "string", None),
    ("author.given", "string", None),
    ("author.identifier", "token", None),
    (
        "category",
        "token",
        Some((HL7, "DocumentReference-category")),
    ),
    (
        "creation",
        "date",
        Some((MHD, "DocumentReference-Creation")),
    ),
    ("date", "date", Some((HL7, "DocumentReference-date"))),
    ("event", "token", Some((HL7, "DocumentReference-event"))),
    (
        "facility",
        "token",
        Some((HL7, "DocumentReference-facility")),
    ),
    ("format", "token", Some((HL7, "DocumentReference-format"))),
    ("identifier", "token", Some((HL7, "clinical-identifier"))),
    ("isArchived", "token", Some((PDSM, "PDSm-isArchived"))),
    ("patient", "reference", Some((HL7, "clinical-patient"))),
    ("patient.identifier", "token", None),
    ("period", "date", Some((HL7, "DocumentReference-period"))),
    (
        "period-end",
        "date",
        Some((PDSM, "PDSm-DocumentReference-period-end")),
    ),
    (
        "period-start",
        "date",
        Some((PDSM, "PDSm-DocumentReference-period-start")),
    ),
    (
        "related",
        "reference",
        Some((HL7, "DocumentReference-related")),
    ),
    (
        "relatesto",
        "reference",
        Some((HL7, "DocumentReference-relatesto")),
    ),
    (
        "security-label",
        "token",
        Some((HL7, "DocumentReference-security-label")),
    ),
    ("setting", "token", Some((HL7, "DocumentReference-setting"))),
    ("status", "token", Some((HL7, "DocumentReference-status"))),
    (
        "subject",
        "reference",
        Some((HL7, "DocumentReference-subject")),
    ),
    ("subject.identifier", "token", None),
    ("type", "token", Some((HL7, "clinical-type"))),
];

const LIST: &[Parameter] = &[
    ("_id", "token", Some((HL7, "Resource-id"))),
    ("_lastUpdated", "date", Some((HL7, "Resource-lastUpdated"))),
    ("code", "token", Some((HL7, "clinical-code"))),
    ("date", "date", Some((HL7, "clinical-date"))),
    (
        "designationType",
        "token",
        Some((MHD, "List-DesignationType")),
    ),
    ("identifier", "token", Some((HL7, "clinical-identifier"))),
    ("isArchived", "token", Some((PDSM, "PDSm-isArchived"))),
    ("patient", "reference", Some((HL7, "clinical-patient"))),
    ("patient.identifier", "token", None),
    ("source", "reference", Some((HL7, "List-source"))),
    ("source.family", "string", None),
    ("source.given", "string", None),
    ("source.identifier", "token", None),
    ("sourceId", "token", Some((MHD, "List-SourceId"))),
    ("status", "token", Some((HL7, "List-status"))),
    ("subject", "reference", Some((HL7, "List-subject"))),
    ("subject.identifier", "token", None),
    ("title", "string", Some((HL7, "List-title"))),
];

const PATIENT: &[Parameter] = &[("identifier", "token", Some((HL7, "Patient-identifier")))];

const CONSENT: &[Parameter] = &[
    ("_id", "token", Some((HL7, "Resource-id"))),
    ("actor", "reference", Some((HL7, "Consent-actor"))),
    ("actor.identifier", "token", None),
    ("category", "token", Some((HL7, "Consent-category"))),
    ("patient", "reference", Some((HL7, "clinical-patient"))),
    ("patient.identifier", "token", None),
    ("purpose", "token", Some((HL7, "Consent-purpose"))),
    ("status", "token", Some((HL7, "Consent-status"))),
];

const AUDIT_EVENT: &[Parameter] = &[
    ("_id", "token", Some((HL7, "Resource-id"))),
    ("_lastUpdated", "date", Some((HL7, "Resource-lastUpdated"))),
    ("action", "token", Some((HL7, "AuditEvent-action"))),
    ("agent", "reference", Some((HL7, "AuditEvent-agent"))),
    ("agent.identifier", "token", None),
    ("date", "date", Some((HL7, "AuditEvent-date"))),
    ("entity", "reference", Some((HL7, "AuditEvent-entity"))),
    ("outcome", "token", Some((HL7, "AuditEvent-outcome"))),
    ("patient", "reference", Some((HL7, "AuditEvent-patient"))),
    ("patient.identifier", "token", None),
    ("purpose", "token", None),
    ("subtype", "token", Some((HL7, "AuditEvent-subtype"))),
    ("type", "token", Some((HL7, "AuditEvent-type"))),
];

/// Answers with the statement that was made when the server started.
pub(super) async fn read(State(app): State<Shared>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let query = params::read(parts.uri.query().unwrap_or_default());
    let format = match query.and_then(|query| negotiate::format(&parts.headers, &query)) {
        Ok(format) => format,
        Err(error) => return refused(&app, &error),
    };
    let mut response = answer::resource(StatusCode::OK, format, app.capability.clone());
    answer::put(
        response.headers_mut(),
        header::CACHE_CONTROL,
        "public, max-age=300",
    );
    response
}

fn refused(app: &Shared, error: &Error) -> Response {
    app.metrics.refusal(error);
    answer::refusal(error)
}

/// The statement of one configured server.
pub(super) fn statement(settings: &Settings, started: Instant) -> Value {
    let mode = match settings.fhir.validation {
        Validation::Guide => "guide: accepts what the official examples do, and warns",
        Validation::Strict => "strict: enforces the profiles",
    };
    json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": Timestamp::from_instant(started).to_fhir(),
        "kind": "instance",
        "instantiates": [
            "https://interop.esante.gouv.fr/ig/fhir/pdsm/CapabilityStatement/PDSm-GestionnaireDePartageDeDocuments",
        ],
        "software": {"name": "Passerelle", "version": env!("CARGO_PKG_VERSION")},
        "implementation": {
            "description": format!("DMP façade; validation {mode}"),
            "url": settings.server.base_url,
        },
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [{
            "mode": "server",
            "security": {
                "cors": false,
                "service": [service("Certificates"), service("OAuth")],
                "description": "Mutual TLS with a CPx card or an IGC-Santé establishment certificate; \
                    access mode, reason, secret connection and structure in DMP- headers. \
                    A patient, or who acts for one, comes through a portal: its establishment certificate \
                    carries his signed token, Authorization: Bearer (RS256 or ES256, ten minutes at most).",
            },
            "resource": [
                patient(),
                document_reference(),
                list(),
                json!({
                    "type": "Binary",
                    "documentation": "Raw, as a resource with Accept: application/fhir+json, \
                        or as a page to read of a CDA document with Accept: text/html.",
                    "profile": "http://hl7.org/fhir/StructureDefinition/Binary",
                    "interaction": interactions(&["read"]),
                    "versioning": "no-version",
                }),
                consent(),
                audit_event(),
            ],
            "interaction": [{
                "code": "transaction",
                "documentation": format!("{PROFILE}pdsm-comprehensive-provide-document-bundle"),
            }],
        }],
    })
}

/// How a caller makes himself known.
fn service(code: &str) -> Value {
    let system = "http://terminology.hl7.org/CodeSystem/restful-security-service";
    json!({"coding": [{"system": system, "code": code}]})
}

fn patient() -> Value {
    json!({
        "type": "Patient",
        "profile": "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-patient-ins",
        "documentation": "TD0.2: state of the record. An operator opens and updates records by conditional update, and gives a record a new INS: the present one is then told with use old.",
        "interaction": interactions(&["read", "search-type", "update"]),
        "versioning": "versioned-update",
        "updateCreate": false,
        "conditionalUpdate": true,
        "searchParam": parameters(PATIENT),
    })
}

fn document_reference() -> Value {
    json!({
        "type": "DocumentReference",
        "profile": format!("{PROFILE}pdsm-comprehensive-document-reference"),
        "supportedProfile": [format!("{PROFILE}pdsm-simplified-publish")],
        "documentation": "TD3.3: PATCH of status, securityLabel and isArchived (JSON Patch, FHIRPath Patch), by id or by identifier.",
        "interaction": interactions(&["create", "read", "vread", "patch", "delete", "search-type"]),
        "versioning": "versioned",
        "readHistory": false,
        "updateCreate": false,
        "conditionalRead": "not-match",
        "searchParam": parameters(DOCUMENT_REFERENCE),
    })
}

fn list() -> Value {
    json!({
        "type": "List",
        "profile": format!("{PROFILE}pdsm-submissionset-comprehensive"),
        "interaction": interactions(&["read", "search-type"]),
        "versioning": "no-version",
        "conditionalRead": "not-match",
        "searchParam": parameters(LIST),
    })
}

fn consent() -> Value {
    json!({
        "type": "Consent",
        "documentation": "One resource per right of the record: what a professional declares (TD0.3: autorisation-acces, \
            medecin-traitant; opposition-alimentation) and what the patient decides (administrateur, blocage, urgence, \
            masquage-par-defaut, delegation). Declaring a right again renews it; status inactive withdraws it; nothing is deleted.",
        "interaction": interactions(&["create", "read", "vread", "search-type", "update"]),
        "versioning": "versioned",
        "readHistory": false,
        "updateCreate": false,
        "conditionalUpdate": true,
        "searchParam": parameters(CONSENT),
    })
}

fn audit_event() -> Value {
    json!({
        "type": "AuditEvent",
        "documentation": "ITI-81: who did what in a record, as far as the caller may know.",
        "interaction": interactions(&["read", "search-type"]),
        "versioning": "no-version",
        "searchParam": parameters(AUDIT_EVENT),
    })
}

fn interactions(codes: &[&str]) -> Value {
    codes.iter().map(|code| json!({"code": code})).collect()
}

fn parameters(list: &[Parameter]) -> Value {
    let one = |(name, kind, definition): &Parameter| {
        let mut parameter = json!({"name": name, "type": kind});
        if let (Some((base, name)), Value::Object(fields)) = (definition, &mut parameter) {
            fields.insert("definition".to_owned(), json!(format!("{base}{name}")));
        }
        parameter
    };
    list.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dmp::context::Environment;
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
            ("code", _) => "submissionset",
            ("isArchived", _) => "false",
            ("_id", _) => "0190f3c1-0000-7000-8000-000000000001",
            ("relatesto" | "entity", _) => "DocumentReference/0190f3c1-0000-7000-8000-000000000001",
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
