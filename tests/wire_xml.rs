//! XML reads to the tree that JSON reads to, and is written from it; what is no XML of FHIR is refused with its place.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

use passerelle::error::Issue;
use passerelle::translate::wire;
use serde_json::{Value, json};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/fhir");

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|end| end == "json") {
            found.push(path);
        }
    }
}

fn read(text: &str, kind: &str) -> Result<Value, Vec<Issue>> {
    wire::read_xml(text.as_bytes(), kind).map_err(|error| error.issues)
}

/// Writes, reads again, and finds the same.
fn there_and_back(value: &Value, kind: &str, name: &str) -> String {
    let xml = wire::write_xml(value).unwrap_or_else(|| panic!("{name}: not written"));
    let again = read(&xml, kind).unwrap_or_else(|issues| panic!("{name}: {issues:?}\n{xml}"));
    assert_eq!(again, *value, "{name}");
    let pretty = wire::indent_xml(&xml);
    assert_eq!(read(&pretty, kind).unwrap(), *value, "{name}");
    xml
}

#[test]
fn every_example_comes_back_the_same() {
    let root = Path::new(DATA);
    if !root.is_dir() {
        eprintln!("skipped: no shared data");
        return;
    }
    let mut all = Vec::new();
    files(root, &mut all);
    let mut held = 0;
    for path in &all {
        let bytes = std::fs::read(path).unwrap();
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        let Some(kind) = value.get("resourceType").and_then(Value::as_str) else {
            continue;
        };
        if let Ok(value) = wire::read_json(&bytes, kind) {
            there_and_back(&value, kind, &path.to_string_lossy());
            held += 1;
        }
    }
    assert!(held > 80, "{held}");
}

#[test]
fn every_turn_of_the_xml_form_comes_back_the_same() {
    let patient = json!({
        "resourceType": "Patient",
        "id": "p",
        "text": {
            "status": "generated",
            "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\" lang='fr'>a &amp; b &#233;<br/> <b>é</b><!-- c --></div>",
        },
        "contained": [{"resourceType": "Organization", "id": "o", "name": "\t<\"é\">\n&'"}],
        "_birthDate": {"id": "b", "extension": [{"url": "u", "valueBoolean": true}]},
        "name": [
            {
                "given": ["a", null, "c"],
                "_given": [null, {"extension": [{"id": "e", "url": "u", "valueDecimal": 0}]}, {"id": "x"}],
            },
            {"_given": [{"extension": [{"url": "u", "valueCode": "v"}]}]},
        ],
        "deceasedBoolean": false,
    });
    let mut patient = patient;
    patient["name"][0]["_given"][1]["extension"][0]["valueDecimal"] =
        serde_json::from_str("-12.500e+3").unwrap();
    let xml = there_and_back(&patient, "Patient", "patient");
    assert!(
        xml.contains("<valueDecimal value=\"-12.500e+3\"/>"),
        "{xml}"
    );
    assert!(xml.contains("<given value=\"c\" id=\"x\"/>"), "{xml}");
    assert!(xml.contains("lang='fr'"), "{xml}");
    let bundle = json!({
        "resourceType": "Bundle",
        "type": "collection",
        "total": 0,
        "entry": [
            {"fullUrl": "urn:a", "resource": patient},
            {"resource": {"resourceType": "Binary", "contentType": "a/b", "data": "QUJD"}},
        ],
    });
    let xml = there_and_back(&bundle, "Bundle", "bundle");
    assert!(xml.starts_with(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Bundle xmlns=\"http://hl7.org/fhir\"><type value=\"collection\"/>"
    ));
}
