//! XML reads to the tree that JSON reads to, and is written from it; what is no XML of FHIR is refused with its place.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

use passerelle::error::Issue;
use passerelle::translate::wire;
use proptest::prelude::*;
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

/// Whatever R4 resource an example is, a FHIR document holds it in both forms.
#[test]
fn every_example_comes_back_the_same_from_inside_a_document() {
    let root = Path::new(DATA);
    if !root.is_dir() {
        eprintln!("skipped: no shared data");
        return;
    }
    let mut all = Vec::new();
    files(root, &mut all);
    let mut held = 0;
    for path in &all {
        let value = wire::read_json_text(&std::fs::read(path).unwrap()).unwrap_or_default();
        if value.get("resourceType").is_none() {
            continue;
        }
        let document = json!({
            "resourceType": "Bundle",
            "type": "document",
            "entry": [{"resource": value}],
        });
        let Some(xml) = wire::write_xml_document(&document) else {
            continue;
        };
        let (again, issues) =
            wire::read_document(wire::Format::Xml, xml.as_bytes()).expect("well-formed");
        assert_eq!(issues, [], "{}", path.display());
        // What was said loosely in JSON has one way to be said in XML.
        if wire::check(&document["entry"][0]["resource"], "x", "x").len() > 1 {
            continue;
        }
        assert_eq!(again, document, "{}", path.display());
        held += 1;
    }
    assert!(held > 80, "{held}");
}

#[test]
fn a_document_holds_any_resource_of_r4() {
    let document = json!({
        "resourceType": "Bundle",
        "type": "document",
        "entry": [
            {"resource": {
                "resourceType": "Composition",
                "status": "final",
                "section": [{"title": "a", "section": [{"title": "b", "entry": [{"reference": "MedicationStatement/m"}]}]}],
            }},
            {"resource": {
                "resourceType": "MedicationStatement",
                "contained": [{"resourceType": "Medication", "id": "a", "code": {"text": "x"}}],
                "medicationReference": {"reference": "#a"},
                "dosage": [{"sequence": 1, "asNeededBoolean": false}],
            }},
            {"resource": {
                "resourceType": "Questionnaire",
                "item": [{"linkId": "1", "item": [{"linkId": "1.1", "answerOption": [{"valueInteger": 3}]}]}],
            }},
        ],
    });
    // Nothing of it is served by itself.
    assert_eq!(wire::write_xml(&document), None);
    let xml = wire::write_xml_document(&document).unwrap();
    let read = |text: &str| wire::read_document(wire::Format::Xml, text.as_bytes()).unwrap();
    assert_eq!(read(&xml), (document.clone(), Vec::new()));
    assert_eq!(read(&wire::indent_xml(&xml)).0, document);
    // What R4 does not know is told by its place, and has no XML form.
    let (_, issues) = read(&xml.replacen("<linkId value=\"1.1\"/>", "<mood/>", 1));
    let told = issues[0].expression.as_deref();
    assert_eq!(told, Some("Bundle.entry[2].resource.item[0].item[0].mood"));
    let mut wrong = document;
    wrong["entry"][2]["resource"]["mood"] = json!("good");
    assert_eq!(wire::write_xml_document(&wrong), None);
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

/// Any text that FHIR and XML allow.
fn text() -> impl Strategy<Value = String> {
    proptest::string::string_regex(
        "[ -~\\t\\n\\r\u{A0}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]{1,12}",
    )
    .unwrap()
}

fn decimal() -> impl Strategy<Value = Value> {
    "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?"
        .prop_map(|text| serde_json::from_str(&text).unwrap())
}

fn extension() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        text().prop_map(|text| json!({"url": "urn:a", "valueString": text})),
        decimal().prop_map(|number| json!({"url": "urn:b", "valueDecimal": number})),
        any::<bool>().prop_map(|value| json!({"id": "é\n", "url": "urn:c", "valueBoolean": value})),
        any::<i32>().prop_map(|value| json!({"url": "urn:d", "valueInteger": value})),
        prop::collection::vec(any::<u8>(), 1..40).prop_map(|bytes| {
            use base64::Engine;
            let data = base64::prelude::BASE64_STANDARD.encode(bytes);
            json!({"url": "urn:e", "valueBase64Binary": data})
        }),
    ];
    leaf.prop_recursive(4, 20, 3, |inner| {
        prop::collection::vec(inner, 1..4)
            .prop_map(|inside| json!({"url": "urn:f", "extension": inside}))
    })
}

/// A value, something beside it, or both.
fn primitive() -> impl Strategy<Value = (Option<String>, Option<Value>)> {
    (prop::option::of(text()), prop::option::of(extension())).prop_map(|(value, extension)| {
        let beside = extension.map(|extension| json!({"extension": [extension]}));
        match (&value, &beside) {
            (None, None) => (Some("a".to_owned()), None),
            _ => (value, beside),
        }
    })
}

fn name() -> impl Strategy<Value = Value> {
    prop::collection::vec(primitive(), 1..4).prop_map(|given| {
        let mut name = json!({"use": "official"});
        if given.iter().any(|(value, _)| value.is_some()) {
            name["given"] = given.iter().map(|(value, _)| json!(value)).collect();
        }
        if given.iter().any(|(_, beside)| beside.is_some()) {
            name["_given"] = given.iter().map(|(_, beside)| json!(beside)).collect();
        }
        name
    })
}

fn person() -> impl Strategy<Value = Value> {
    let names = prop::collection::vec(name(), 1..3);
    let extensions = prop::collection::vec(extension(), 1..3);
    (names, extensions, text(), text(), primitive()).prop_map(
        |(names, extensions, text, held, (city, beside))| {
            let narrative = text.replace('&', "&amp;").replace('<', "&lt;").replace("]]>", "");
            let mut patient = json!({
                "resourceType": "Patient",
                "text": {"status": "generated", "div": format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">{narrative}</div>")},
                "contained": [{"resourceType": "Organization", "id": "o", "name": held}],
                "extension": extensions,
                "name": names,
                "address": [{}],
            });
            if let Some(city) = city {
                patient["address"][0]["city"] = json!(city);
            }
            if let Some(beside) = beside {
                patient["address"][0]["_city"] = beside;
            }
            patient
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn whatever_json_reads_xml_gives_back(patients in prop::collection::vec(person(), 1..3)) {
        let entries: Vec<_> = patients.into_iter().map(|patient| json!({"resource": patient})).collect();
        let bundle = json!({"resourceType": "Bundle", "type": "collection", "entry": entries});
        let read = wire::read_json(bundle.to_string().as_bytes(), "Bundle");
        prop_assert_eq!(read.map_err(|error| format!("{:?}", error.issues)), Ok(bundle.clone()));
        there_and_back(&bundle, "Bundle", "generated");
    }
}
