//! The guides' own requests, read in guide mode: what they declare, and exactly the defects that they have.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::Path;
use std::sync::LazyLock;

use passerelle::dmp::context::{Environment, Validation};
use passerelle::dmp::document::{Labels, Sha1};
use passerelle::dmp::person::{AuthorKind, Identifier};
use passerelle::error::{Code, Issue, Severity};
use passerelle::tables::Tables;
use passerelle::translate::bundle::{self, EntryRole};
use passerelle::translate::wire::Node;
use passerelle::translate::{Reading, document_reference, list};
use serde_json::Value;

static TABLES: LazyLock<Tables> = LazyLock::new(Tables::built_in);

fn reading(validation: Validation) -> Reading<'static> {
    Reading {
        tables: &TABLES,
        environment: Environment::Test,
        validation,
        base_url: "https://127.0.0.1:8443/fhir",
    }
}

fn example(name: &str) -> Option<Value> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/fhir"));
    let bytes = std::fs::read(root.join(name)).ok()?;
    Some(serde_json::from_slice(&bytes).unwrap())
}

fn issues(value: &Value, validation: Validation) -> Vec<Issue> {
    let reading = reading(validation);
    let node = Node::root(value);
    match value["resourceType"].as_str() {
        Some("DocumentReference") => {
            let read = document_reference::read(node, &Default::default(), &reading);
            read.map_or_else(|issues| issues, |(_, warnings)| warnings)
        }
        Some("List") => {
            list::read(node, &reading).map_or_else(|issues| issues, |(_, warnings)| warnings)
        }
        _ => bundle::read(value, &reading).map_or_else(|error| error.issues, |read| read.issues),
    }
}

/// The examples that are requests, or could be, with what is wrong with them in guide mode: errors with `!`, warnings with `?`.
/// What the server assigns (text, date, version) is left out.
const DEFECTS: &[(&str, &[&str])] = &[
    (
        "pdsm/DocumentReference-PDSmSimplifiedExample.json",
        &[
            "! element-invalid DocumentReference.masterIdentifier.value",
            "! element-invalid DocumentReference.subject",
            "? element-invalid DocumentReference.author[0]",
            "? element-invalid DocumentReference.authenticator",
            "? element-invalid DocumentReference.custodian",
        ],
    ),
    (
        "pdsm/DocumentReference-exemple-pdsm-documentreference.json",
        &[
            "! element-invalid DocumentReference.subject",
            "? code-invalid DocumentReference.securityLabel[0].coding[0]",
            "? element-invalid DocumentReference.author[0]",
            "? element-invalid DocumentReference.authenticator",
            "? element-invalid DocumentReference.custodian",
            "? element-invalid DocumentReference.context.sourcePatientInfo",
            "? unsupported-element DocumentReference.contained[0]",
        ],
    ),
    (
        "pdsm/List-ExampleFolder.json",
        &[
            "! unsupported-element List.code",
            "? element-invalid List.identifier[0].value",
            "? element-required List.contained",
            "! element-invalid List.subject",
            "? code-invalid List.extension[0].value",
            "? element-required List.extension('https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-sourceId')",
            "? element-required List.source",
        ],
    ),
    (
        "pdsm/List-ExampleSubmissionSet.json",
        &[
            "? element-invalid List.identifier[0].value",
            "! element-invalid List.subject",
            "? element-invalid List.extension[1].value",
            "? recipient-unavailable List.extension[3]",
            "? unsupported-element List.contained[0].language",
            "? unsupported-element List.contained[0].active",
            "? unsupported-element List.contained[0].meta.versionId",
            "? unsupported-element List.contained[0].meta.lastUpdated",
            "? unsupported-element List.contained[0].meta.source",
            "? element-invalid List.contained[0].practitioner",
            "? unsupported-element List.contained[1].language",
            "? unsupported-element List.contained[1].active",
            "? unsupported-element List.contained[1].type",
            "? unsupported-element List.contained[1].meta.extension",
            "? unsupported-element List.contained[1].meta.versionId",
            "? unsupported-element List.contained[1].meta.lastUpdated",
            "? unsupported-element List.contained[1].meta.source",
            "? unsupported-element List.contained[0].code[1]",
            "? unsupported-element List.contained[0].code[2]",
        ],
    ),
    (
        "pdsm4dmp/Bundle-example-td2-1-remplacement.json",
        &[
            "? ins-invalid Bundle.entry[0].resource.subject.reference",
            "? code-invalid Bundle.entry[0].resource.extension[0].value",
            "? unsupported-element Bundle.entry[0].resource.extension[2]",
            "? element-invalid Bundle.entry[0].resource.source",
            "? element-required Bundle.entry[1].resource.custodian",
            "? element-required Bundle.entry[1].resource.masterIdentifier.use",
            "? ins-invalid Bundle.entry[1].resource.subject.reference",
            "! replace-target-unknown Bundle.entry[1].resource.relatesTo[0].target.reference",
            "? code-invalid Bundle.entry[1].resource.content[0].format",
            "? code-invalid Bundle.entry[1].resource.context.facilityType",
            "? code-invalid Bundle.entry[1].resource.context.practiceSetting",
            "? ins-invalid Bundle.entry[1].resource.contained[0].identifier[0]",
            "! replace-target-unknown Bundle.entry[2].request.url",
        ],
    ),
    (
        "pdsm4dmp/Bundle-example-td2-iti65-lot-soumission.json",
        &[
            "? ins-invalid Bundle.entry[0].resource.subject.reference",
            "? code-invalid Bundle.entry[0].resource.extension[0].value",
            "? unsupported-element Bundle.entry[0].resource.extension[2]",
            "? element-invalid Bundle.entry[0].resource.source",
            "? element-required Bundle.entry[1].resource.custodian",
            "? element-required Bundle.entry[1].resource.masterIdentifier.use",
            "? ins-invalid Bundle.entry[1].resource.subject.reference",
            "? code-invalid Bundle.entry[1].resource.content[0].format",
            "? code-invalid Bundle.entry[1].resource.context.facilityType",
            "? code-invalid Bundle.entry[1].resource.context.practiceSetting",
            "? ins-invalid Bundle.entry[1].resource.contained[0].identifier[0]",
        ],
    ),
    (
        "pdsm4dmp/DocumentReference-doc-x-id.json",
        &[
            "! element-invalid DocumentReference.status",
            "? ins-invalid DocumentReference.subject.reference",
            "? code-invalid DocumentReference.content[0].format",
            "? code-invalid DocumentReference.context.facilityType",
            "? code-invalid DocumentReference.context.practiceSetting",
            "? ins-invalid DocumentReference.contained[0].identifier[0]",
        ],
    ),
    (
        "pdsm4dmp/DocumentReference-example-annexe-docref-cda.json",
        &[
            "? ins-invalid DocumentReference.subject.reference",
            "? code-invalid DocumentReference.content[0].format",
            "? code-invalid DocumentReference.context.facilityType",
            "? code-invalid DocumentReference.context.practiceSetting",
            "? ins-invalid DocumentReference.contained[0].identifier[0]",
        ],
    ),
    (
        "pdsm4dmp/DocumentReference-example-annexe-docref-fhir.json",
        &[
            "? ins-invalid DocumentReference.subject.reference",
            "? code-invalid DocumentReference.content[0].format",
            "! element-invalid DocumentReference.content[0].attachment.hash",
            "? code-invalid DocumentReference.context.facilityType",
            "? code-invalid DocumentReference.context.practiceSetting",
            "? ins-invalid DocumentReference.contained[0].identifier[0]",
        ],
    ),
    (
        "pdsm4dmp/DocumentReference-example-td2-iti105-publication-simplifiee.json",
        &["? ins-invalid DocumentReference.subject.reference"],
    ),
    (
        "pdsm4dmp/DocumentReference-example-td3-1a-cr-consultation.json",
        &[
            "! ins-invalid DocumentReference.subject.reference",
            "? code-invalid DocumentReference.context.facilityType",
            "? code-invalid DocumentReference.context.practiceSetting",
            "? ins-invalid DocumentReference.contained[0].identifier[0]",
        ],
    ),
    (
        "pdsm4dmp/DocumentReference-example-td3-1a-fhir-document.json",
        &[
            "! ins-invalid DocumentReference.subject.reference",
            "? code-invalid DocumentReference.content[0].format",
            "! element-invalid DocumentReference.content[0].attachment.hash",
            "? code-invalid DocumentReference.context.facilityType",
            "? code-invalid DocumentReference.context.practiceSetting",
            "? ins-invalid DocumentReference.contained[0].identifier[0]",
        ],
    ),
    (
        "pdsm4dmp/DocumentReference-example-td3-1a-ordonnance.json",
        &[
            "! ins-invalid DocumentReference.subject.reference",
            "! element-invalid DocumentReference.content[0].attachment.hash",
            "? code-invalid DocumentReference.context.facilityType",
            "? code-invalid DocumentReference.context.practiceSetting",
            "? ins-invalid DocumentReference.contained[0].identifier[0]",
        ],
    ),
];

#[test]
fn examples_have_exactly_the_known_defects() {
    for (name, expected) in DEFECTS {
        let Some(value) = example(name) else {
            eprintln!("skipped: no shared data");
            return;
        };
        let told: Vec<String> = issues(&value, Validation::Guide)
            .into_iter()
            .filter(|issue| issue.code != Code::ElementIgnored)
            .map(|issue| {
                let mark = match issue.severity {
                    Severity::Error => '!',
                    Severity::Warning => '?',
                };
                let at = issue.expression.as_deref().unwrap_or("-");
                format!("{mark} {} {at}", issue.code.as_str())
            })
            .collect();
        assert_eq!(told, *expected, "{name}");
    }
}

/// Told in both modes, and nothing that is wrong.
fn is_notice(issue: &Issue) -> bool {
    [Code::ElementIgnored, Code::RecipientUnavailable].contains(&issue.code)
}

/// Strict mode tells the same and makes errors of it.
#[test]
fn strict_mode_refuses_what_guide_mode_warns_of() {
    for (name, _) in DEFECTS {
        let Some(value) = example(name) else {
            eprintln!("skipped: no shared data");
            return;
        };
        let paths = |validation, wanted: fn(&Issue) -> bool| {
            let mut paths: Vec<_> = issues(&value, validation)
                .into_iter()
                .filter(|issue| !is_notice(issue) && wanted(issue))
                .map(|issue| (issue.code.as_str(), issue.expression))
                .collect();
            paths.sort();
            paths
        };
        let guide = paths(Validation::Guide, |_| true);
        let strict = paths(Validation::Strict, |issue| {
            issue.severity == Severity::Error
        });
        assert_eq!(strict, guide, "{name}");
    }
}

#[test]
fn the_bundle_of_td2_declares_what_it_shows() {
    let Some(value) = example("pdsm4dmp/Bundle-example-td2-iti65-lot-soumission.json") else {
        eprintln!("skipped: no shared data");
        return;
    };
    let read = bundle::read(&value, &reading(Validation::Guide)).expect("guide mode reads it");
    assert_eq!(
        read.entries,
        [
            EntryRole::Submission,
            EntryRole::Document(0),
            EntryRole::Content(0)
        ]
    );
    assert_eq!(read.patient.value(), "123456789012345");
    assert_eq!(read.set.source_id.as_deref(), Some("1.2.3.4.5.6.7.8"));
    let [document] = &read.documents[..] else {
        panic!("one document");
    };
    let declared = &document.declared;
    assert_eq!(declared.path, "Bundle.entry[1].resource");
    let id = declared.unique_id.as_ref().map(ToString::to_string);
    assert_eq!(id.as_deref(), Some("1.2.250.1.213.1.4.8.99999.2"));
    assert_eq!(declared.type_code.as_ref().unwrap().code, "11488-4");
    assert_eq!(declared.class.as_ref().unwrap().code, "11");
    assert_eq!(
        declared.title.as_deref(),
        Some("Compte rendu de consultation")
    );
    assert_eq!(declared.language.as_deref(), Some("fr-FR"));
    assert_eq!(declared.labels, Some(Labels::default()));
    assert_eq!(
        declared.service_start.as_ref().unwrap().to_fhir(),
        "2026-06-12T10:00:00+02:00"
    );
    let [author] = &declared.authors[..] else {
        panic!("one author");
    };
    assert_eq!(author.kind, AuthorKind::Professional);
    let practitioner = Identifier {
        root: "1.2.250.1.71.4.2.1".to_owned(),
        extension: "899700218896".to_owned(),
    };
    assert_eq!(author.id.as_ref(), Some(&practitioner));
    let authenticator = declared.legal_authenticator.as_ref().unwrap();
    assert_eq!(authenticator.id.as_ref(), Some(&practitioner));
    assert_eq!(declared.size, Some(80));
    let bytes = document.bytes.as_deref().unwrap();
    assert_eq!(bytes.len(), 80);
    assert_eq!(declared.hash, Some(Sha1(openssl::sha::sha1(bytes))));
    assert_eq!(document.content_type.as_ref().unwrap().0, "application/xml");
}

#[test]
fn the_simplified_publication_declares_what_it_shows() {
    let name = "pdsm4dmp/DocumentReference-example-td2-iti105-publication-simplifiee.json";
    let Some(value) = example(name) else {
        eprintln!("skipped: no shared data");
        return;
    };
    let reading = reading(Validation::Guide);
    let read = document_reference::read_simplified(&value, &reading).expect("guide mode reads it");
    assert!(read.entries.is_empty() && read.set.path.is_empty());
    let document = &read.documents[0];
    assert_eq!(document.bytes.as_ref().map(Vec::len), Some(80));
    assert_eq!(document.declared.labels, None);
    assert!(document.declared.hash.is_none());
}
