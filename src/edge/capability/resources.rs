//! `rest.resource`: what can be done with each type.

use serde_json::{Value, json};

use super::features::FEATURES;
use super::{PROFILE, parameters};
use crate::edge::conformance::KINDS;

const OURS: &str = "https://passerelle.dev/fhir/StructureDefinition/";
/// Ours, each of which names the one of MHD or HL7 that it narrows.
const GENERATE: &str = "https://passerelle.dev/fhir/OperationDefinition/generate-metadata";
const VALIDATE: &str = "https://passerelle.dev/fhir/OperationDefinition/validate";

/// The rights that have a profile.
const RIGHTS: [&str; 8] = [
    "autorisation-acces",
    "medecin-traitant",
    "administrateur",
    "blocage",
    "opposition-alimentation",
    "urgence",
    "masquage-par-defaut",
    "delegation",
];

/// Every type.
pub(super) fn all() -> Vec<Value> {
    let mut all = vec![
        patient(),
        document_reference(),
        list(),
        binary(),
        consent(),
        audit_event(),
        immunization(),
    ];
    if FEATURES.fhir_documents {
        let profile = "http://hl7.org/fhir/StructureDefinition/Bundle";
        let told = json!({
            "profile": profile,
            "documentation": "FHIR documents, under the rules of ITI-68: as deposited, or in the other form where the document is R4.",
            "versioning": "no-version",
            "conditionalRead": "full-support",
        });
        all.push(resource("Bundle", &["read"], told));
    }
    all.extend(KINDS.into_iter().map(|kind| {
        let told = json!({"conditionalRead": "not-match"});
        resource(kind, &["read", "search-type"], told)
    }));
    all
}

fn patient() -> Value {
    let told = json!({
        "profile": "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-patient-ins",
        "supportedProfile": [format!("{OURS}patient-record")],
        "documentation": "TD0.2: state of the record. An operator opens and updates records by conditional update, \
            and gives a record a new INS: the present one is then told with use old.",
        "versioning": "versioned",
        "updateCreate": false,
        "conditionalUpdate": true,
    });
    resource("Patient", &["read", "search-type", "update"], told)
}

fn document_reference() -> Value {
    let interactions = [
        "create",
        "read",
        "vread",
        "update",
        "patch",
        "delete",
        "search-type",
    ];
    let told = json!({
        "profile": format!("{PROFILE}pdsm-comprehensive-document-reference"),
        "supportedProfile": [
            format!("{PROFILE}pdsm-simplified-publish"),
            format!("{OURS}document-comprehensive"),
            format!("{OURS}document-simplified"),
        ],
        "documentation": "TD3.3: PATCH of status, securityLabel and isArchived, by id or by identifier; \
            an update may differ from what is held there and nowhere else, and creates nothing.",
        "versioning": "versioned",
        "readHistory": true,
        "updateCreate": false,
        "conditionalCreate": FEATURES.conditional_create,
        "conditionalRead": "full-support",
        "conditionalUpdate": true,
    });
    resource("DocumentReference", &interactions, told)
}

fn list() -> Value {
    let mut supported = vec![format!("{OURS}submissionset")];
    if FEATURES.folders {
        supported.push(format!("{PROFILE}pdsm-folder-comprehensive"));
        supported.push(format!("{OURS}folder"));
    }
    let told = json!({
        "profile": format!("{PROFILE}pdsm-submissionset-comprehensive"),
        "supportedProfile": supported,
        "versioning": "versioned",
        "conditionalRead": "full-support",
    });
    resource("List", &["read", "vread", "search-type"], told)
}

fn binary() -> Value {
    let told = json!({
        "profile": "http://hl7.org/fhir/StructureDefinition/Binary",
        "documentation": "Raw, as a resource with Accept: application/fhir+json, \
            or as a page to read of a CDA document with Accept: text/html. Range on the raw bytes.",
        "versioning": "no-version",
        "conditionalRead": "full-support",
    });
    resource("Binary", &["read"], told)
}

fn consent() -> Value {
    let interactions = ["create", "read", "vread", "search-type", "update"];
    let told = json!({
        "profile": format!("{OURS}consent-right"),
        "supportedProfile": RIGHTS.map(|right| format!("{OURS}consent-{right}")),
        "documentation": "One resource per right of the record: what a professional declares (TD0.3: autorisation-acces, \
            medecin-traitant; opposition-alimentation) and what the patient decides (administrateur, blocage, urgence, \
            masquage-par-defaut, delegation). Declaring a right again renews it; status inactive withdraws it; nothing is deleted.",
        "versioning": "versioned",
        "readHistory": true,
        "conditionalRead": "full-support",
        "updateCreate": false,
        "conditionalUpdate": true,
    });
    resource("Consent", &interactions, told)
}

fn audit_event() -> Value {
    let told = json!({
        "profile": format!("{OURS}audit-event"),
        "documentation": "ITI-81: who did what in a record, as far as the caller may know.",
        "versioning": "no-version",
    });
    resource("AuditEvent", &["read", "search-type"], told)
}

fn immunization() -> Value {
    let told = json!({
        "profile": "http://hl7.org/fhir/StructureDefinition/Immunization",
        "documentation": "The register of vaccinations: every act that the notes and histories which the caller may know of tell, once, and what \
            the patient declared. What a professional creates becomes a note de vaccination (87273-9). The patient creates, updates and \
            deletes what he declares, until a professional validates it: an update with extension dmp-vaccination-validation. \
            Former versions are not kept: no vread, no history.",
        "versioning": "versioned",
        "updateCreate": false,
        "conditionalRead": "not-match",
    });
    let interactions = ["create", "read", "update", "delete", "search-type"];
    resource("Immunization", &interactions, told)
}

/// A type with what is told of it, in the order of the specification.
fn resource(kind: &str, interactions: &[&str], mut told: Value) -> Value {
    let versioned = interactions.contains(&"vread");
    let mut codes = interactions.to_vec();
    if FEATURES.history && versioned {
        codes.push("history-instance");
    }
    let codes: Vec<_> = codes.iter().map(|code| json!({"code": code})).collect();
    let parameters = parameters::written(kind);
    let include = of(FEATURES.include, kind);
    let revinclude = of(FEATURES.revinclude, kind);
    let operations = operations(kind);
    let order = [
        ("type", json!(kind)),
        ("profile", told["profile"].take()),
        ("supportedProfile", told["supportedProfile"].take()),
        ("documentation", told["documentation"].take()),
        ("interaction", json!(codes)),
        ("versioning", told["versioning"].take()),
        ("readHistory", told["readHistory"].take()),
        ("updateCreate", told["updateCreate"].take()),
        ("conditionalCreate", told["conditionalCreate"].take()),
        ("conditionalRead", told["conditionalRead"].take()),
        ("conditionalUpdate", told["conditionalUpdate"].take()),
        ("searchInclude", include),
        ("searchRevInclude", revinclude),
        ("searchParam", parameters),
        ("operation", operations),
    ];
    let silent = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    let kept = order.into_iter().filter(|(_, value)| !silent(value));
    Value::Object(kept.map(|(name, value)| (name.to_owned(), value)).collect())
}

fn of(all: &[(&str, &str)], kind: &str) -> Value {
    all.iter()
        .filter(|(owner, _)| *owner == kind)
        .map(|(_, include)| json!(include))
        .collect()
}

fn operations(kind: &str) -> Value {
    let mut operations = Vec::new();
    if FEATURES.generate_metadata && kind == "DocumentReference" {
        operations.push(json!({"name": "generate-metadata", "definition": GENERATE}));
    }
    if FEATURES.validate.contains(&kind) {
        operations.push(json!({"name": "validate", "definition": VALIDATE}));
    }
    json!(operations)
}
