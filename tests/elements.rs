//! Every R4 element of what a deposit may hold: carried, or refused by its path. And what is written stands in R4's order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "deposit/fixture.rs"]
#[allow(dead_code)]
mod fixture;
#[path = "roundtrip/generate.rs"]
#[allow(dead_code)]
mod generate;

use fixture::{cda, deposit, reading};
use passerelle::dmp::context::Validation::{self, Guide, Strict};
use passerelle::error::{Code, Severity};
use passerelle::translate::{bundle, document_reference, list};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

/// Elements of an R4 type, in the order of the specification; a choice by its base name.
fn elements(r4_type: &str) -> Vec<String> {
    let rows = include_str!("../mappings/r4-elements.csv").lines();
    let own = rows.filter_map(|row| {
        let mut cells = row.split(',');
        (cells.next()? == r4_type).then(|| cells.next())?
    });
    let own: Vec<_> = own.map(str::to_owned).collect();
    assert!(!own.is_empty(), "{r4_type}");
    own
}

/// An element of the deposit: where it hangs, its R4 type, what of it the model carries (or the server assigns), and whether guide
/// mode lets the rest go with a warning.
struct Site {
    at: &'static str,
    r4_type: &'static str,
    carried: &'static [&'static str],
    lenient: bool,
}

const SITES: &[Site] = &[
    Site {
        at: "",
        r4_type: "Bundle",
        carried: &["id", "meta", "type", "timestamp", "entry"],
        lenient: false,
    },
    Site {
        at: "/entry/1",
        r4_type: "Bundle.entry",
        carried: &["fullUrl", "resource", "request"],
        lenient: false,
    },
    Site {
        at: "/entry/1/request",
        r4_type: "Bundle.entry.request",
        carried: &["method", "url", "ifNoneExist"],
        lenient: false,
    },
    Site {
        at: "/entry/1/resource",
        r4_type: "DocumentReference",
        carried: &[
            "id",
            "meta",
            "text",
            "contained",
            "extension",
            "masterIdentifier",
            "identifier",
            "status",
            "type",
            "category",
            "subject",
            "date",
            "author",
            "authenticator",
            "custodian",
            "relatesTo",
            "description",
            "securityLabel",
            "content",
            "context",
        ],
        lenient: false,
    },
    Site {
        at: "/entry/1/resource/masterIdentifier",
        r4_type: "Identifier",
        carried: &["use", "type", "system", "value"],
        lenient: false,
    },
    Site {
        at: "/entry/1/resource/type",
        r4_type: "CodeableConcept",
        carried: &["coding", "text"],
        lenient: false,
    },
    Site {
        at: "/entry/1/resource/type/coding/0",
        r4_type: "Coding",
        carried: &["system", "code", "display"],
        lenient: false,
    },
    Site {
        at: "/entry/1/resource/subject",
        r4_type: "Reference",
        carried: &["reference", "type", "identifier", "display"],
        lenient: false,
    },
    Site {
        at: "/entry/1/resource/content/0",
        r4_type: "DocumentReference.content",
        carried: &["attachment", "format"],
        lenient: false,
    },
    Site {
        at: "/entry/1/resource/content/0/attachment",
        r4_type: "Attachment",
        carried: &[
            "contentType",
            "language",
            "data",
            "url",
            "size",
            "hash",
            "title",
            "creation",
        ],
        lenient: false,
    },
    Site {
        at: "/entry/1/resource/context",
        r4_type: "DocumentReference.context",
        carried: &[
            "event",
            "period",
            "facilityType",
            "practiceSetting",
            "sourcePatientInfo",
            "related",
        ],
        lenient: false,
    },
    Site {
        at: "/entry/1/resource/context/period",
        r4_type: "Period",
        carried: &["start", "end"],
        lenient: false,
    },
    Site {
        at: "/entry/1/resource/contained/0",
        r4_type: "Practitioner",
        carried: &["id", "meta", "identifier", "name"],
        lenient: true,
    },
    Site {
        at: "/entry/1/resource/contained/1",
        r4_type: "Organization",
        carried: &["id", "meta", "identifier", "name"],
        lenient: true,
    },
    Site {
        at: "/entry/1/resource/contained/2",
        r4_type: "PractitionerRole",
        carried: &[
            "id",
            "meta",
            "extension",
            "identifier",
            "practitioner",
            "organization",
            "code",
            "specialty",
        ],
        lenient: true,
    },
    Site {
        at: "/entry/1/resource/contained/3",
        r4_type: "Patient",
        carried: &["id", "meta", "identifier", "name", "gender", "birthDate"],
        lenient: true,
    },
    Site {
        at: "/entry/0/resource",
        r4_type: "List",
        carried: &[
            "id",
            "meta",
            "text",
            "contained",
            "extension",
            "identifier",
            "status",
            "mode",
            "title",
            "code",
            "subject",
            "date",
            "source",
            "note",
            "entry",
        ],
        lenient: false,
    },
    Site {
        at: "/entry/0/resource/entry/0",
        r4_type: "List.entry",
        carried: &["item"],
        lenient: false,
    },
    Site {
        at: "/entry/2/resource",
        r4_type: "Binary",
        carried: &["id", "meta", "contentType", "data"],
        lenient: false,
    },
];

/// FHIRPath of a JSON pointer.
fn path(pointer: &str) -> String {
    let mut path = String::from("Bundle");
    for step in pointer.split('/').skip(1) {
        match step.parse::<usize>() {
            Ok(index) => path.push_str(&format!("[{index}]")),
            Err(_) => path.push_str(&format!(".{step}")),
        }
    }
    path
}

fn severity(bundle: &Value, validation: Validation, at: &str) -> Option<Severity> {
    let issues = match bundle::read(bundle, &reading(validation)) {
        Ok(read) => read.issues,
        Err(error) => error.issues,
    };
    let told = issues.into_iter().find(|issue| {
        issue.code == Code::UnsupportedElement && issue.expression.as_deref() == Some(at)
    });
    told.map(|issue| issue.severity)
}

#[test]
fn what_the_model_cannot_carry_is_refused_by_its_path() {
    let clean = deposit(cda("").as_bytes());
    let mut tried = 0;
    for site in SITES {
        for element in elements(site.r4_type) {
            if site.carried.contains(&element.as_str()) {
                continue;
            }
            let name = element.replace("[x]", "String");
            let mut bundle = clean.clone();
            let parent = bundle
                .pointer_mut(site.at)
                .unwrap()
                .as_object_mut()
                .unwrap();
            let before = parent.insert(name.clone(), json!("x"));
            assert!(before.is_none(), "{}/{name}", site.at);
            let at = format!("{}.{name}", path(site.at));
            let in_guide = if site.lenient {
                Severity::Warning
            } else {
                Severity::Error
            };
            assert_eq!(
                severity(&bundle, Strict, &at),
                Some(Severity::Error),
                "{at}"
            );
            // Datatypes that decide nothing are judged with the element that they stand in.
            assert_eq!(severity(&bundle, Guide, &at), Some(in_guide), "{at}");
            tried += 1;
        }
    }
    assert!(tried >= 120, "{tried}");
}

#[test]
fn extensions_are_known_or_refused() {
    let unknown = json!([{"url": "https://example.org/extension", "valueString": "x"}]);
    for (pointer, name) in [
        ("/entry/1/resource", "extension"),
        ("/entry/1/resource", "modifierExtension"),
        ("/entry/1/resource", "_description"),
        ("/entry/1/resource/content/0/attachment", "_title"),
        ("/entry/1/resource/content/0/attachment", "extension"),
        ("/entry/1/resource/type", "extension"),
        ("/entry/1/resource/author/0", "extension"),
        ("/entry/1/resource/contained/0", "modifierExtension"),
    ] {
        let mut bundle = deposit(cda("").as_bytes());
        let parent = bundle.pointer_mut(pointer).unwrap();
        parent[name] = match name.starts_with('_') {
            true => json!({"extension": unknown}),
            false => unknown.clone(),
        };
        let at = format!("{}.{}", path(pointer), name.trim_start_matches('_'));
        let found =
            severity(&bundle, Strict, &at).or(severity(&bundle, Strict, &format!("{at}[0]")));
        assert_eq!(found, Some(Severity::Error), "{at}");
    }
    let mut archived = deposit(cda("").as_bytes());
    let url =
        "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-archived";
    archived["entry"][1]["resource"]["extension"] = json!([{"url": url, "valueBoolean": false}]);
    assert_eq!(
        severity(&archived, Strict, "Bundle.entry[1].resource.extension[0]"),
        None
    );
    archived["entry"][1]["resource"]["extension"][0]["valueBoolean"] = json!(true);
    assert_eq!(
        severity(&archived, Guide, "Bundle.entry[1].resource.extension[0]"),
        Some(Severity::Error)
    );
}

/// The members of an object in R4's order, and so in each resource that it contains.
fn assert_ordered(value: &Value, r4_type: &str) {
    let order = elements(r4_type);
    let rank = |key: &String| {
        let name = key.trim_start_matches('_');
        order.iter().position(|element| element == name)
    };
    let ranks: Vec<_> = value
        .as_object()
        .unwrap()
        .keys()
        .filter(|key| *key != "resourceType")
        .map(|key| rank(key).unwrap_or_else(|| panic!("{r4_type}.{key}")))
        .collect();
    assert!(ranks.is_sorted(), "{r4_type}: {value:#}");
    for (name, child_type) in [
        ("meta", "Meta"),
        ("masterIdentifier", "Identifier"),
        ("subject", "Reference"),
        ("custodian", "Reference"),
        ("type", "CodeableConcept"),
    ] {
        if value.get(name).is_some_and(Value::is_object) {
            assert_ordered(&value[name], child_type);
        }
    }
    for contained in value["contained"].as_array().into_iter().flatten() {
        assert_ordered(contained, contained["resourceType"].as_str().unwrap());
    }
    for identifier in value["identifier"].as_array().into_iter().flatten() {
        assert_ordered(identifier, "Identifier");
    }
    if r4_type == "DocumentReference" {
        assert_ordered(&value["content"][0]["attachment"], "Attachment");
        assert_ordered(&value["context"], "DocumentReference.context");
    }
}

#[test]
fn resources_are_written_in_r4_order() {
    let mut runner = TestRunner::deterministic();
    for _ in 0..100 {
        let entry = generate::entry().new_tree(&mut runner).unwrap().current();
        assert_ordered(
            &document_reference::write(&entry, &reading(Guide)),
            "DocumentReference",
        );
        let set = generate::submission()
            .new_tree(&mut runner)
            .unwrap()
            .current();
        assert_ordered(&list::write(&set, &reading(Guide)), "List");
    }
}
