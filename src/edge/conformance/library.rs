//! The conformance resources that are ours: the files of `profiles/`, and the code systems whose truth is a table.

use std::collections::BTreeMap;

use openssl::sha::sha256;
use serde_json::{Value, json};

use crate::error::Code;
use crate::translate::{audit_event, cda};

macro_rules! files {
    ($($name:literal,)*) => {
        /// The files of `profiles/`, by name.
        const FILES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../profiles/", $name, ".json"))),)*];
    };
}

files! {
    "CodeSystem-authorisation-status",
    "CodeSystem-consent-basis",
    "CodeSystem-consent-category",
    "CodeSystem-dmp-motif-fermeture",
    "CodeSystem-record-state",
    "OperationDefinition-generate-metadata",
    "OperationDefinition-validate",
    "SearchParameter-actor-identifier",
    "SearchParameter-agent-identifier",
    "SearchParameter-author-family",
    "SearchParameter-author-given",
    "SearchParameter-author-identifier",
    "SearchParameter-author-organization-identifier",
    "SearchParameter-author-organization-name",
    "SearchParameter-authororg-identifier",
    "SearchParameter-authororg-name",
    "SearchParameter-entity-identifier",
    "SearchParameter-observer-identifier",
    "SearchParameter-patient-identifier",
    "SearchParameter-purpose",
    "SearchParameter-source-family",
    "SearchParameter-source-given",
    "SearchParameter-source-identifier",
    "SearchParameter-subject-identifier",
    "SearchParameter-validated",
    "StructureDefinition-audit-event",
    "StructureDefinition-author-device",
    "StructureDefinition-author-identifier",
    "StructureDefinition-author-role",
    "StructureDefinition-author-specialty",
    "StructureDefinition-authorisation-status",
    "StructureDefinition-consent-administrateur",
    "StructureDefinition-consent-autorisation-acces",
    "StructureDefinition-consent-basis",
    "StructureDefinition-consent-blocage",
    "StructureDefinition-consent-delegation",
    "StructureDefinition-consent-masquage-par-defaut",
    "StructureDefinition-consent-medecin-traitant",
    "StructureDefinition-consent-opposition-alimentation",
    "StructureDefinition-consent-right",
    "StructureDefinition-consent-urgence",
    "StructureDefinition-deletion-asked",
    "StructureDefinition-dmp-fermeture",
    "StructureDefinition-dmp-medecin-traitant",
    "StructureDefinition-dmp-rattachement-mes",
    "StructureDefinition-dmp-vaccination-validation",
    "StructureDefinition-document-comprehensive",
    "StructureDefinition-document-simplified",
    "StructureDefinition-folder",
    "StructureDefinition-notify-documents",
    "StructureDefinition-opposition-date",
    "StructureDefinition-opposition-reason",
    "StructureDefinition-patient-record",
    "StructureDefinition-provide-bundle",
    "StructureDefinition-record-state",
    "StructureDefinition-refusal",
    "StructureDefinition-rule",
    "StructureDefinition-submissionset",
    "ValueSet-authorisation-status",
    "ValueSet-cda-check",
    "ValueSet-consent-basis",
    "ValueSet-consent-category",
    "ValueSet-dmp-transaction",
    "ValueSet-record-state",
    "ValueSet-refusal",
    "ValueSet-xds-error",
}

/// What every generated code system says of itself.
const BASE: &str = "https://passerelle.dev/fhir/CodeSystem/";

/// One resource, ready to send.
#[derive(Debug)]
pub(in crate::edge) struct Entry {
    pub kind: String,
    pub id: String,
    pub url: String,
    pub version: String,
    pub name: String,
    pub status: String,
    pub text: String,
    /// Its weak tag: the text's hash.
    pub tag: String,
}

/// All of them, in the order of their names.
#[derive(Debug)]
pub(in crate::edge) struct Library(Vec<Entry>);

impl Library {
    /// Reads the files and makes the rest.
    pub(in crate::edge) fn new() -> Self {
        // A file that doesn't parse is left out; a test holds that none is.
        let files = FILES
            .iter()
            .filter_map(|(_, text)| serde_json::from_str(text).ok());
        let made = [refusals(), xds_errors(), transactions(), cda_checks()];
        Self(files.chain(made).filter_map(|r| Entry::new(&r)).collect())
    }

    /// Those of a type.
    pub(in crate::edge) fn of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.0.iter().filter(move |entry| entry.kind == kind)
    }
}

impl Entry {
    fn new(resource: &Value) -> Option<Self> {
        let field = |name| resource.get(name)?.as_str().map(str::to_owned);
        let text = resource.to_string();
        Some(Self {
            kind: field("resourceType")?,
            id: field("id")?,
            url: field("url")?,
            version: field("version")?,
            name: field("name")?,
            status: field("status")?,
            tag: tag(&text),
            text,
        })
    }
}

/// A weak tag that changes with the text.
pub(in crate::edge) fn tag(text: &str) -> String {
    let hash = sha256(text.as_bytes());
    let hex: String = hash
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("W/\"{hex}\"")
}

/// `mappings/errors.csv`: our codes.
fn refusals() -> Value {
    let concepts = Code::ALL.iter().map(|code| {
        let row = code.row();
        json!({
            "code": row.code,
            "display": row.fr,
            "definition": format!("HTTP {}: {}", row.http, row.en),
        })
    });
    code_system(
        "refusal",
        "Codes de refus",
        "Code stable d'un refus ou d'un avertissement, statut HTTP et phrase anglaise dans la définition.",
        concepts.collect(),
    )
}

/// `mappings/errors.csv`: the XDS and DMP codes that it names.
fn xds_errors() -> Value {
    let mut codes: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for code in Code::ALL {
        let row = code.row();
        if !row.xds.is_empty() {
            codes.entry(&row.xds).or_default().push(&row.code);
        }
    }
    let concepts = codes
        .iter()
        .map(|(code, ours)| json!({"code": code, "display": code, "definition": ours.join(", ")}));
    code_system(
        "xds-error",
        "Codes d'erreur XDS et DMP",
        "Code d'erreur XDS ou DMP de même sens qu'un de nos refus ; la définition nomme ces refus.",
        concepts.collect(),
    )
}

/// What AuditEvent.subtype says.
fn transactions() -> Value {
    let concepts = audit_event::transactions()
        .into_iter()
        .map(|code| json!({"code": code, "display": code}));
    code_system(
        "dmp-transaction",
        "Transactions du DMP",
        "Nom DMP d'un acte tracé, le nôtre quand le DMP n'en a pas.",
        concepts.collect(),
    )
}

/// `mappings/cda-checks.csv`, and what the reader of CDA documents finds by itself.
fn cda_checks() -> Value {
    let concepts = cda::check_names().into_iter().map(|(name, told)| {
        let mut concept = json!({"code": name});
        if let Some((fr, en)) = told {
            concept["display"] = fr.into();
            concept["definition"] = en.into();
        }
        concept
    });
    code_system(
        "cda-check",
        "Contrôles d'un document CDA",
        "Contrôle qui a trouvé un défaut d'un document CDA, à côté du code de refus ; phrase anglaise dans la définition.",
        concepts.collect(),
    )
}

fn code_system(id: &str, title: &str, description: &str, concepts: Vec<Value>) -> Value {
    let name: String = id
        .split('-')
        .filter_map(|part| part.split_at_checked(1))
        .map(|(first, rest)| first.to_uppercase() + rest)
        .collect();
    json!({
        "resourceType": "CodeSystem",
        "id": id,
        "url": format!("{BASE}{id}"),
        "version": env!("CARGO_PKG_VERSION"),
        "name": name,
        "title": title,
        "status": "active",
        "experimental": false,
        "date": "2026-11-24",
        "publisher": "Passerelle",
        "description": description,
        "jurisdiction": [{"coding": [{"system": "urn:iso:std:iso:3166", "code": "FR"}]}],
        "caseSensitive": true,
        "valueSet": format!("https://passerelle.dev/fhir/ValueSet/{id}"),
        "content": "complete",
        "count": concepts.len(),
        "concept": concepts,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]
    use super::*;

    #[test]
    fn every_file_is_in_the_binary_and_kept() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/profiles");
        let mut found: Vec<_> = std::fs::read_dir(folder)
            .expect("profiles")
            .filter_map(|entry| entry.expect("entry").file_name().into_string().ok())
            .filter_map(|name| name.strip_suffix(".json").map(str::to_owned))
            .collect();
        found.sort();
        let named: Vec<_> = FILES.iter().map(|(name, _)| *name).collect();
        assert_eq!(found, named);
        let library = Library::new();
        for name in named {
            let kept = library
                .0
                .iter()
                .any(|e| format!("{}-{}", e.kind, e.id) == name);
            assert!(kept, "{name}");
        }
        assert_eq!(library.0.len(), FILES.len() + 4);
    }

    #[test]
    fn tables_are_told_whole() {
        let told = refusals();
        assert_eq!(
            told["concept"].as_array().map(Vec::len),
            Some(Code::ALL.len())
        );
    }
}
