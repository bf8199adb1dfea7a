//! The published example instances pass the check, but for the defects that they are known to have.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

use passerelle::translate::wire;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/fhir");

/// File, code and expression of every defect.
const DEFECTS: &[(&str, &str, &str)] = &[(
    // A FHIR document: carried as content, its Composition is no resource of the façade.
    "pdsm4dmp/Bundle-example-annexe-fhir-document.json",
    "unsupported-element",
    "Bundle.entry[0].resource",
)];

/// All JSON below a folder; of the conformance resources, those whose type the table knows.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = path.to_string_lossy();
        let known = !text.contains("conformance") || text.contains("CapabilityStatement-");
        if path.is_dir() {
            files(&path, found);
        } else if known && text.ends_with(".json") {
            found.push(path);
        }
    }
}

#[test]
fn examples_have_exactly_the_known_defects() {
    let root = Path::new(DATA);
    if !root.is_dir() {
        eprintln!("skipped: no shared data");
        return;
    }
    let mut all = Vec::new();
    files(root, &mut all);
    all.sort();
    let mut found = Vec::new();
    let mut resources = 0;
    for path in &all {
        let bytes = std::fs::read(path).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        // JSON Patch bodies are arrays, not resources.
        let Some(kind) = value.get("resourceType").and_then(|kind| kind.as_str()) else {
            assert!(value.is_array(), "{}", path.display());
            continue;
        };
        resources += 1;
        let name = path
            .strip_prefix(root)
            .unwrap()
            .to_string_lossy()
            .into_owned();
        match wire::read_json(&bytes, kind) {
            Ok(read) => assert_eq!(read, value, "{name}"),
            Err(error) => found.extend(error.issues.iter().map(|issue| {
                let expression = issue.expression.clone().unwrap_or_default();
                (name.clone(), issue.code.as_str(), expression)
            })),
        }
    }
    assert!(resources > 80, "{resources}");
    let known: Vec<_> = DEFECTS
        .iter()
        .map(|(name, code, at)| ((*name).to_owned(), *code, (*at).to_owned()))
        .collect();
    assert_eq!(found, known);
}
