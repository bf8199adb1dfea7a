//! The profiles row by row: each constraint that PDSm, MHD or FR Core adds to R4, broken once in a good resource, and what
//! `$validate` says of it in strict and in guide mode. The rows are `profile_rows/rows.tsv`: profile, element, the resource that is
//! changed, where, to what (`-` takes it away), the defect, and how grave guide mode finds it.
#![allow(missing_docs, unreachable_pub, dead_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use support::document::PATIENT;
use support::{Client, Document, Options, Server, consent_for, shared_data};

const ROWS: &str = include_str!("profile_rows/rows.tsv");
/// The PS_IdNat of the card `medecin`.
const PHYSICIAN: &str = "899900000011";

struct Row<'a> {
    profile: &'a str,
    element: &'a str,
    base: &'a str,
    pointer: &'a str,
    value: &'a str,
    /// `code expression`
    defect: &'a str,
    /// `error`, `warning`, or `-` where guide mode says nothing.
    guide: &'a str,
}

fn rows() -> impl Iterator<Item = Row<'static>> {
    ROWS.lines().map(|line| {
        let columns: Vec<&str> = line.split('\t').collect();
        let [profile, element, base, pointer, value, defect, guide] = columns[..] else {
            panic!("{line}");
        };
        Row {
            profile,
            element,
            base,
            pointer,
            value,
            defect,
            guide,
        }
    })
}

/// The good resources that rows change.
fn goods() -> HashMap<&'static str, (&'static str, Value)> {
    let document = Document::new();
    let mut bundle = document.bundle();
    for (entry, digit) in [(0, 'a'), (1, 'b'), (2, 'c')] {
        let url = format!("urn:uuid:aaaaaaaa-0000-4000-8000-00000000000{digit}");
        bundle["entry"][entry]["fullUrl"] = json!(url);
    }
    bundle["entry"][0]["resource"]["entry"][0]["item"]["reference"] =
        bundle["entry"][1]["fullUrl"].clone();
    bundle["entry"][1]["resource"]["content"][0]["attachment"]["url"] =
        bundle["entry"][2]["fullUrl"].clone();
    let with = |entry: Value| {
        let mut bundle = bundle.clone();
        bundle["entry"].as_array_mut().unwrap().push(entry);
        bundle
    };
    let set = &bundle["entry"][0]["resource"];
    let folder = json!({
        "resourceType": "List",
        "extension": [set["extension"][0]],
        "status": "current",
        "mode": "working",
        "title": "Suivi",
        "code": {"coding": [{"system": set["code"]["coding"][0]["system"], "code": "folder"}]},
        "subject": set["subject"],
        "date": set["date"],
        "entry": [{"item": {"reference": bundle["entry"][1]["fullUrl"]}}],
    });
    let update = with(json!({
        "fullUrl": "urn:uuid:aaaaaaaa-0000-4000-8000-00000000000d",
        "resource": {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
            {"name": "type", "valueCode": "replace"},
            {"name": "path", "valueString": "DocumentReference.status"},
            {"name": "value", "valueCode": "superseded"},
        ]}]},
        "request": {
            "method": "PATCH",
            "url": "DocumentReference/aaaaaaaa-0000-4000-8000-00000000000f",
        },
    }));
    let with_folder = with(json!({
        "fullUrl": "urn:uuid:aaaaaaaa-0000-4000-8000-00000000000d",
        "resource": folder,
        "request": {"method": "POST", "url": "List"},
    }));
    let (system, value) = PATIENT.split_once('|').unwrap();
    let with_patient = with(json!({
        "resource": {
            "resourceType": "Patient",
            "identifier": [{"system": system, "value": value}],
        },
        "request": {"method": "POST", "url": "Patient"},
    }));
    HashMap::from([
        ("simplified", ("DocumentReference", document.simplified())),
        ("folder", ("List", folder)),
        ("update", ("Bundle", update)),
        ("with-folder", ("Bundle", with_folder)),
        ("with-patient", ("Bundle", with_patient)),
        ("patient", ("Patient", document.record().1)),
        ("consent", ("Consent", consent_for(PATIENT, PHYSICIAN))),
        ("bundle", ("Bundle", bundle)),
    ])
}

/// Sets or removes (`-`) what a pointer names; a list takes one more item at its end.
fn change(body: &mut Value, pointer: &str, value: &str) {
    let (above, name) = pointer.rsplit_once('/').expect("pointer");
    let parent = body
        .pointer_mut(above)
        .unwrap_or_else(|| panic!("{pointer}"));
    let value = (value != "-").then(|| serde_json::from_str(value).expect(pointer));
    match (parent, value) {
        (Value::Object(members), Some(value)) => drop(members.insert(name.to_owned(), value)),
        (Value::Object(members), None) => drop(members.remove(name).expect(pointer)),
        (Value::Array(items), value) => {
            let at: usize = name.parse().expect("index");
            match value {
                Some(value) if at < items.len() => items[at] = value,
                Some(value) => {
                    assert_eq!(at, items.len(), "{pointer}");
                    items.push(value);
                }
                None => drop(items.remove(at)),
            }
        }
        _ => panic!("{pointer}"),
    }
}

/// Severity of each `code expression`; what the server assigns itself left out.
async fn judge(client: &mut Client, kind: &str, body: &Value) -> HashMap<String, String> {
    let reply = client.post(&format!("/{kind}/$validate"), body).await;
    let outcome = reply.assert_status(200).json();
    let issues = outcome["issue"].as_array().unwrap().iter();
    issues
        .map(|issue| {
            let code = issue["details"]["coding"][0]["code"].as_str();
            let path = issue["expression"][0].as_str().unwrap_or("-");
            let severity = issue["severity"].as_str().unwrap().to_owned();
            (format!("{} {path}", code.unwrap_or("-")), severity)
        })
        .filter(|(issue, _)| !issue.starts_with("element-ignored"))
        .collect()
}

/// Holds each row against one mode; `expected` gives the severity that it tells.
fn hold(options: Options, expected: impl Fn(&Row<'static>) -> &'static str) {
    let server = Server::with(options);
    let mut client = server.client("hopital");
    let mut wrong = Vec::new();
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().expect("runtime");
    runtime.block_on(async {
        let mut before = HashMap::new();
        for (name, (kind, good)) in goods() {
            let told = judge(&mut client, kind, &good).await;
            let errors: Vec<_> = told.iter().filter(|told| told.1 == "error").collect();
            assert!(errors.is_empty(), "{name}: {errors:?}");
            before.insert(name, told);
        }
        for row in rows() {
            let (kind, mut body) = goods()[row.base].clone();
            change(&mut body, row.pointer, row.value);
            let told = judge(&mut client, kind, &body).await;
            let found = told.get(row.defect).map_or("-", String::as_str);
            let expected = expected(&row);
            if found != expected || before[row.base].contains_key(row.defect) {
                let mut told: Vec<_> = told
                    .iter()
                    .filter(|(issue, _)| !before[row.base].contains_key(*issue))
                    .map(|(issue, severity)| format!("{severity} {issue}"))
                    .collect();
                told.sort();
                let Row {
                    profile,
                    element,
                    base,
                    pointer,
                    value,
                    ..
                } = row;
                let row = [profile, element, base, pointer, value].join("\t");
                wrong.push(format!("{row}\t{expected}, not {found}; told {told:?}"));
            }
        }
    });
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn strict_mode_refuses_what_breaks_a_profile() {
    hold(Options::strict(), |row| match row.guide {
        // Neither a defect nor carried: told in both modes.
        "warning in both modes" => "warning",
        _ => "error",
    });
}

#[test]
fn guide_mode_warns_of_it_or_refuses_it_too() {
    hold(Options::default(), |row| match row.guide {
        "warning in both modes" => "warning",
        guide => guide,
    });
}

/// Constraints that no changed resource can show, and why.
const NOT_ROWS: [(&str, &str, &str); 9] = [
    (
        "PDSm_SimplifiedPublish",
        "content.attachment.data",
        "without it the document is a comprehensive one",
    ),
    (
        "PDSm_FolderComprehensive",
        "identifier:uniqueId",
        "optional, rows of UniqueIdIdentifier",
    ),
    (
        "PDSm_ComprehensiveProvideDocumentBundle",
        "entry:FhirDocuments.resource",
        "tests/transactions.rs",
    ),
    (
        "PDSm_ComprehensiveProvideDocumentBundle",
        "entry:FhirDocuments.request",
        "tests/transactions.rs",
    ),
    (
        "PDSm_ComprehensiveProvideDocumentBundle",
        "entry:FhirDocuments.request.method",
        "tests/transactions.rs",
    ),
    (
        "PDSm_intendedRecipient",
        "*",
        "rows of PDSm_SubmissionSetComprehensive",
    ),
    ("AuthorOrg", "*", "rows of PDSm_SubmissionSetComprehensive"),
    (
        "DesignationType",
        "*",
        "rows of PDSm_SubmissionSetComprehensive",
    ),
    (
        "PatchParameters",
        "parameter:operation.part:*",
        "its parts one by one",
    ),
];

/// The profiles that are walked; those of MHD that PDSm's derive from say nothing that these don't.
const WALKED: [&str; 15] = [
    "PDSm_ComprehensiveDocumentReference",
    "PDSm_ComprehensiveProvideDocumentBundle",
    "PDSm_intendedRecipient",
    "PDSm_IsArchived",
    "PDSm_FolderComprehensive",
    "PDSm_SimplifiedPublish",
    "PDSm_SubmissionSetComprehensive",
    "UniqueIdIdentifier",
    "EntryUUIDIdentifier",
    "SubmissionSetUniqueIdIdentifier",
    "PatchParameters",
    "AuthorOrg",
    "DesignationType",
    "IntendedRecipient",
    "SourceId",
];

#[test]
fn every_constraint_of_the_profiles_has_its_row() {
    let Some(data) = shared_data("../reference/fhir-profiles.md") else {
        return;
    };
    let text = std::fs::read_to_string(data).unwrap();
    let covered: HashSet<(&str, &str)> = rows().map(|row| (row.profile, row.element)).collect();
    let excused = |profile: &str, element: &str| {
        let mut excuses = NOT_ROWS.iter().filter(|excuse| excuse.0 == profile);
        excuses.any(|(_, pattern, _)| match pattern.strip_suffix('*') {
            Some(start) => element.starts_with(start),
            None => element == *pattern,
        })
    };
    let (mut profile, mut constraints, mut missing) = ("", Vec::new(), Vec::new());
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("### ") {
            profile = title.split(' ').next().unwrap();
        }
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        let [
            _,
            element,
            cardinality,
            _,
            kind,
            fixed,
            binding,
            invariants,
            ..,
        ] = columns[..]
        else {
            continue;
        };
        let constrained = cardinality.starts_with("**")
            || kind.contains("**contained**")
            || !fixed.is_empty()
            || binding.starts_with("required")
            || !invariants.is_empty();
        if !WALKED.contains(&profile) || ["element", "---"].contains(&element) || !constrained {
            continue;
        }
        constraints.push((profile, element));
        if !covered.contains(&(profile, element)) && !excused(profile, element) {
            missing.push(format!("{profile} {element}"));
        }
    }
    assert!(constraints.len() > 150, "{}", constraints.len());
    for (profile, pattern, why) in NOT_ROWS {
        let needed = constraints.iter().any(|(named, element)| {
            *named == profile
                && excused(profile, element)
                && element.starts_with(pattern.trim_end_matches('*'))
        });
        assert!(needed, "{profile} {pattern}: {why}");
    }
    assert!(
        missing.is_empty(),
        "{} have none: {missing:#?}",
        missing.len()
    );
}
