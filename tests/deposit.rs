//! Deposits: what is declared against what the document says, in both modes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "deposit/fixture.rs"]
mod fixture;

use fixture::{
    DOCUMENT, INS, cda, deposit, physician, reading, remove, replacing, run, run_as, set, traits,
};
use passerelle::dmp::context::Validation::{self, Guide, Strict};
use passerelle::dmp::document::{Availability, DocumentEntry, DocumentMetadata, RelationKind};
use passerelle::dmp::query::DocumentKey;
use passerelle::dmp::submission::SubmissionSet;
use passerelle::error::{Code, Issue, Severity};
use passerelle::translate::bundle::{Detail, Registered, write_response};
use passerelle::translate::cda::{read_header, to_metadata};
use passerelle::translate::deposit::{Depositor, prepare};
use passerelle::translate::{Reading, bundle, document_reference, wire};
use serde_json::{Value, json};
use uuid::Uuid;

/// Errors and warnings as `code path`, what the server assigns left out.
fn told(issues: &[Issue], severity: Severity) -> Vec<String> {
    issues
        .iter()
        .filter(|issue| issue.severity == severity && issue.code != Code::ElementIgnored)
        .map(|issue| {
            let path = issue.expression.as_deref().unwrap_or("-");
            let path = path.replace("Bundle.entry[1].resource", "D");
            format!("{} {path}", issue.code.as_str())
        })
        .collect()
}

fn errors(bundle: &Value, validation: Validation) -> Vec<String> {
    match run(bundle, validation, false) {
        Ok(_) => Vec::new(),
        Err(error) => told(&error.issues, Severity::Error),
    }
}

fn warnings(bundle: &Value) -> Vec<String> {
    match run(bundle, Guide, false) {
        Ok((_, warnings)) => told(&warnings, Severity::Warning),
        Err(error) => panic!("{:?}", error.issues),
    }
}

#[test]
fn a_clean_deposit_is_stored_as_its_header_says() {
    let bytes = cda("").into_bytes();
    for validation in [Guide, Strict] {
        let (submission, warnings) =
            run(&deposit(&bytes), validation, false).unwrap_or_else(|e| panic!("{:?}", e.issues));
        assert_eq!(told(&warnings, Severity::Warning), [""; 0]);
        let document = &submission.documents[0];
        let header = read_header(&bytes).unwrap();
        let (metadata, _) = to_metadata(&header, &bytes, &reading(validation)).unwrap();
        assert_eq!(document.metadata, metadata);
        assert_eq!(document.content, bytes);
        assert_eq!(submission.metadata.source_id, "1.2.250.1.999.9");
        assert_eq!(submission.metadata.content_type.code, "SA07");
    }
}

/// What differs: pointer, value, code and path of the issue, and whether guide mode refuses it too.
#[test]
fn every_attribute_is_held_against_the_header() {
    let cases: Vec<(&str, Value, &str, bool)> = vec![
        (
            "masterIdentifier/value",
            json!("urn:oid:1.2.3"),
            "metadata-mismatch D.masterIdentifier",
            true,
        ),
        (
            "type/coding/0/code",
            json!("11490-0"),
            "metadata-mismatch D.type",
            true,
        ),
        (
            "category/0/coding/0/code",
            json!("11"),
            "metadata-mismatch D.category[0]",
            true,
        ),
        (
            "content/0/attachment/title",
            json!("Autre titre"),
            "metadata-mismatch D.content[0].attachment.title",
            false,
        ),
        (
            "content/0/attachment/language",
            json!("en-GB"),
            "metadata-mismatch D.content[0].attachment.language",
            false,
        ),
        (
            "content/0/attachment/creation",
            json!("2024-06-13"),
            "metadata-mismatch D.content[0].attachment.creation",
            false,
        ),
        (
            "content/0/attachment/contentType",
            json!("text/xml; charset=utf-8"),
            "",
            false,
        ),
        (
            "content/0/format/code",
            json!("urn:ihe:iti:xds-sd:pdf:2008"),
            "metadata-mismatch D.content[0].format",
            false,
        ),
        (
            "context/period/start",
            json!("2024-06-11"),
            "metadata-mismatch D.context.period.start",
            false,
        ),
        (
            "context/facilityType/coding/0/code",
            json!("SA01"),
            "metadata-mismatch D.context.facilityType",
            false,
        ),
        (
            "context/practiceSetting/coding/0/code",
            json!("ETABLISSEMENT"),
            "metadata-mismatch D.context.practiceSetting",
            false,
        ),
        (
            "contained/0/name/0/family",
            json!("AUTRE"),
            "metadata-mismatch D.author[0]",
            false,
        ),
        (
            "contained/3/gender",
            json!("male"),
            "metadata-mismatch D.context.sourcePatientInfo",
            false,
        ),
        (
            "contained/1/identifier/0/value",
            json!("10B0000009"),
            "metadata-mismatch D.custodian",
            false,
        ),
        (
            "securityLabel/0/coding/0/code",
            json!("R"),
            "metadata-mismatch D.securityLabel",
            false,
        ),
        (
            "content/0/attachment/size",
            json!(12),
            "hash-mismatch D.content[0].attachment.size",
            true,
        ),
        (
            "content/0/attachment/hash",
            json!("2jmj7l5rSw0yVb/vlWAYkK/YBwk="),
            "hash-mismatch D.content[0].attachment.hash",
            true,
        ),
        (
            "content/0/attachment/hash",
            json!("xxxx"),
            "element-invalid D.content[0].attachment.hash",
            true,
        ),
        // The same said otherwise is the same.
        (
            "content/0/attachment/title",
            json!("COMPTE  RENDU de consultation"),
            "",
            false,
        ),
        (
            "content/0/attachment/creation",
            json!("2024-06-12"),
            "",
            false,
        ),
        (
            "content/0/attachment/creation",
            json!("2024-06-12T08:15:00Z"),
            "",
            false,
        ),
        ("context/period/start", json!("2024-06"), "", false),
        (
            "type/coding/0/display",
            json!("tout autre libellé"),
            "",
            false,
        ),
    ];
    let bytes = cda("").into_bytes();
    for (pointer, value, expected, always) in cases {
        let mut bundle = deposit(&bytes);
        set(&mut bundle, &format!("{DOCUMENT}/{pointer}"), value);
        let strict = errors(&bundle, Strict);
        if expected.is_empty() {
            assert!(strict.is_empty(), "{pointer}: {strict:?}");
            continue;
        }
        let expected = expected.to_owned();
        assert!(strict.contains(&expected), "{pointer}: {strict:?}");
        let guide = errors(&bundle, Guide);
        if always {
            assert!(guide.contains(&expected), "{pointer}: {guide:?}");
        } else {
            assert_eq!(guide, [""; 0], "{pointer}");
            let warned = warnings(&bundle);
            assert!(warned.contains(&expected), "{pointer}: {warned:?}");
        }
    }
}

#[test]
fn the_header_wins_in_guide_mode() {
    let bytes = cda("").into_bytes();
    let mut bundle = deposit(&bytes);
    set(
        &mut bundle,
        &format!("{DOCUMENT}/content/0/attachment/title"),
        json!("Autre titre"),
    );
    let (submission, _) = run(&bundle, Guide, false).unwrap();
    assert_eq!(
        submission.documents[0].metadata.title,
        "Compte rendu de consultation"
    );
}

#[test]
fn a_mismatch_names_both_values_and_never_a_person() {
    let bytes = cda("").into_bytes();
    let mut bundle = deposit(&bytes);
    let at = |pointer: &str| format!("{DOCUMENT}/{pointer}");
    set(&mut bundle, &at("type/coding/0/code"), json!("11490-0"));
    set(
        &mut bundle,
        &at("contained/0/name/0/family"),
        json!("INCONNUE"),
    );
    set(
        &mut bundle,
        &at("contained/3/name/0/family"),
        json!("PERSONNE"),
    );
    let other = json!({"system": "urn:oid:1.2.250.1.213.1.4.10", "value": "277076322082910"});
    for pointer in [
        at("subject/identifier"),
        "/entry/0/resource/subject/identifier".into(),
        at("contained/3/identifier/0"),
    ] {
        set(&mut bundle, &pointer, other.clone());
    }
    let error = run(&bundle, Strict, false).unwrap_err();
    let texts: Vec<String> = error
        .issues
        .iter()
        .flat_map(|issue| [issue.french(), issue.english()])
        .collect();
    let all = texts.join("\n");
    assert!(all.contains("11490-0") && all.contains("11488-4"), "{all}");
    let subject = told(&error.issues, Severity::Error);
    assert!(
        subject.contains(&"metadata-mismatch D.subject".to_owned()),
        "{subject:?}"
    );
    for secret in [
        INS,
        "277076322082910",
        "PAT-TROIS",
        "DOMINIQUE",
        "INCONNUE",
        "PERSONNE",
        "SERRE",
        "IPP42",
    ] {
        assert!(!all.contains(secret), "{secret}: {all}");
    }
}

#[test]
fn all_defects_are_told_at_once() {
    let bytes = cda("").into_bytes();
    let mut bundle = deposit(&bytes);
    let at = |pointer: &str| format!("{DOCUMENT}/{pointer}");
    set(
        &mut bundle,
        &at("masterIdentifier/value"),
        json!("urn:oid:1.2.3"),
    );
    set(&mut bundle, &at("docStatus"), json!("final"));
    set(&mut bundle, &at("content/0/attachment/size"), json!(1));
    let errors = errors(&bundle, Guide);
    for expected in [
        "unsupported-element D.docStatus",
        "metadata-mismatch D.masterIdentifier",
        "hash-mismatch D.content[0].attachment.size",
    ] {
        assert!(errors.contains(&expected.to_owned()), "{errors:?}");
    }
}

#[test]
fn what_the_profile_requires_is_completed_in_guide_mode() {
    let bytes = cda("").into_bytes();
    for pointer in [
        "custodian",
        "securityLabel",
        "category",
        "date",
        "content/0/format",
        "context/facilityType",
        "masterIdentifier",
        "content/0/attachment/hash",
    ] {
        let mut bundle = deposit(&bytes);
        remove(&mut bundle, &format!("{DOCUMENT}/{pointer}"));
        let path = format!(
            "element-required D.{}",
            pointer.replace("/0", "[0]").replace('/', ".")
        );
        let strict = errors(&bundle, Strict);
        assert!(strict.contains(&path), "{pointer}: {strict:?}");
        assert_eq!(errors(&bundle, Guide), [""; 0], "{pointer}");
        assert!(warnings(&bundle).contains(&path), "{pointer}");
    }
    let mut bundle = deposit(&bytes);
    remove(&mut bundle, &format!("{DOCUMENT}/type"));
    assert_eq!(errors(&bundle, Guide), ["element-required D.type"]);
}

#[test]
fn types_are_those_of_the_matrix_and_of_the_caller() {
    let typed = |code: &str, system: &str, oid: &str| {
        let document = cda("").replace(
            r#"<code code="11488-4" codeSystem="2.16.840.1.113883.6.1""#,
            &format!(r#"<code code="{code}" codeSystem="{oid}""#),
        );
        let mut bundle = deposit(document.as_bytes());
        set(
            &mut bundle,
            &format!("{DOCUMENT}/type"),
            json!({"coding": [{"system": system, "code": code}]}),
        );
        bundle
    };
    let unknown = typed("99999-9", "http://loinc.org", "2.16.840.1.113883.6.1");
    let told_unknown = errors(&unknown, Guide);
    assert_eq!(
        told_unknown[0], "type-not-in-matrix D.type",
        "{told_unknown:?}"
    );
    // A type of the matrix in another system is not that type.
    let foreign = typed("11488-4", "urn:oid:1.2.3", "1.2.3");
    assert!(errors(&foreign, Guide).contains(&"code-invalid D.type".to_owned()));

    let url = "https://mos.esante.gouv.fr/NOS/TRE_A05-TypeDocComplementaire/FHIR/TRE-A05-TypeDocComplementaire";
    let mut reserved = typed("EXPPAT_1", url, "1.2.250.1.213.1.1.4.12");
    set(
        &mut reserved,
        &format!("{DOCUMENT}/category/0/coding/0/code"),
        json!("90"),
    );
    assert_eq!(errors(&reserved, Guide), ["type-not-allowed D.type"]);
    assert!(run_as(&physician(true), &reserved, Guide, false).is_ok());
}

#[test]
fn labels_add_up_and_some_exclude_each_other() {
    let bytes = cda("").into_bytes();
    let flag = |code: &str| json!({"coding": [{"system": "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument", "code": code}]});
    let with = |codes: &[&str]| {
        let mut bundle = deposit(&bytes);
        for code in codes {
            set(
                &mut bundle,
                &format!("{DOCUMENT}/securityLabel/-"),
                flag(code),
            );
        }
        bundle
    };
    let both = with(&["MASQUE_PS", "INVISIBLE_REPRESENTANTS_LEGAUX"]);
    let (submission, _) = run(&both, Strict, false).unwrap();
    let labels = submission.documents[0].metadata.labels;
    assert!(labels.masked && labels.invisible_representatives && !labels.invisible_patient);

    let rule = |bundle: &Value, secret| run(bundle, Guide, secret).unwrap_err().rule();
    assert_eq!(
        rule(&with(&["MASQUE_PS", "INVISIBLE_PATIENT"]), false),
        Some("FEED-05")
    );
    assert_eq!(rule(&with(&["MASQUE_PS"]), true), Some("MIN-07"));
    assert!(run(&with(&["INVISIBLE_REPRESENTANTS_LEGAUX"]), Guide, true).is_ok());
    assert_eq!(
        errors(&with(&["MASQUE_PT"]), Guide),
        ["code-invalid D.securityLabel[1].coding[0]"]
    );
}

#[test]
fn relations_are_told_on_both_sides() {
    let replaces = |target: Value| json!([{"code": "replaces", "target": target}]);
    let by_id = json!({"identifier": {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.250.1.999.1.0"}});
    let related = replacing("1.2.250.1.999.1.0");

    let mut agreed = deposit(cda(&related).as_bytes());
    set(
        &mut agreed,
        &format!("{DOCUMENT}/relatesTo"),
        replaces(by_id.clone()),
    );
    let (submission, told_also) = run(&agreed, Strict, false).unwrap();
    assert_eq!(told(&told_also, Severity::Warning), [""; 0]);
    let document = &submission.documents[0];
    let old: passerelle::dmp::id::UniqueId = "1.2.250.1.999.1.0".parse().unwrap();
    assert_eq!(
        document.targets,
        [(RelationKind::Replaces, DocumentKey::Unique(old.clone()))]
    );
    assert_eq!(document.header_replaces, None);
    assert!(document.metadata.relations.is_empty());

    let only_header = deposit(cda(&related).as_bytes());
    assert_eq!(
        errors(&only_header, Strict),
        ["relation-only-in-header D.relatesTo"]
    );
    let (submission, _) = run(&only_header, Guide, false).unwrap();
    assert_eq!(submission.documents[0].header_replaces, Some(old));
    assert!(submission.documents[0].targets.is_empty());

    let mut only_declared = deposit(cda("").as_bytes());
    set(
        &mut only_declared,
        &format!("{DOCUMENT}/relatesTo"),
        replaces(by_id.clone()),
    );
    assert_eq!(
        errors(&only_declared, Strict),
        ["relation-not-in-header D.relatesTo[0]"]
    );
    assert_eq!(
        warnings(&only_declared),
        ["relation-not-in-header D.relatesTo[0]"]
    );

    let mut other = deposit(cda(&replacing("1.2.3")).as_bytes());
    set(
        &mut other,
        &format!("{DOCUMENT}/relatesTo"),
        replaces(by_id),
    );
    assert_eq!(
        errors(&other, Guide),
        ["metadata-mismatch D.relatesTo[0].target"]
    );

    for (target, expected) in [
        (
            json!({"reference": "DocumentReference/00000000-0000-4000-8000-00000000000a"}),
            true,
        ),
        (
            json!({"reference": "https://127.0.0.1:8443/fhir/DocumentReference/00000000-0000-4000-8000-00000000000a/_history/2"}),
            true,
        ),
        (
            json!({"reference": "urn:uuid:00000000-0000-4000-8000-00000000000b"}),
            true,
        ),
        (
            json!({"reference": "DocumentReference?identifier=urn:ietf:rfc:3986%7Curn:oid:1.2.250.1.999.1.0"}),
            true,
        ),
        (
            json!({"reference": "https://elsewhere.example/fhir/DocumentReference/1"}),
            false,
        ),
        (json!({"reference": "DocumentReference/doc-x-id"}), false),
    ] {
        let mut bundle = deposit(cda(&related).as_bytes());
        set(
            &mut bundle,
            &format!("{DOCUMENT}/relatesTo"),
            replaces(target.clone()),
        );
        assert_eq!(errors(&bundle, Strict).is_empty(), expected, "{target}");
    }
    // Two names for one document, or for two: the store will see.
    let mut by_two_names = deposit(cda(&related).as_bytes());
    let id = "00000000-0000-4000-8000-00000000000a";
    set(
        &mut by_two_names,
        &format!("{DOCUMENT}/relatesTo"),
        replaces(json!({"reference": format!("DocumentReference/{id}")})),
    );
    let (submission, _) = run(&by_two_names, Strict, false).unwrap();
    let targets: Vec<_> = submission.documents[0]
        .targets
        .iter()
        .map(|(_, key)| key.clone())
        .collect();
    let old = "1.2.250.1.999.1.0".parse().unwrap();
    assert_eq!(
        targets,
        [
            DocumentKey::Id(id.parse().unwrap()),
            DocumentKey::Unique(old)
        ]
    );

    let mut appends = deposit(cda("").as_bytes());
    set(
        &mut appends,
        &format!("{DOCUMENT}/relatesTo"),
        json!([{"code": "appends", "target": {"reference": "urn:uuid:00000000-0000-4000-8000-00000000000b"}}]),
    );
    assert_eq!(
        errors(&appends, Guide),
        ["appends-forbidden D.relatesTo[0].code"]
    );
}

#[test]
fn a_bundle_is_a_whole_deposit() {
    let bytes = cda("").into_bytes();
    let case = |change: &dyn Fn(&mut Value), expected: &str| {
        let mut bundle = deposit(&bytes);
        change(&mut bundle);
        let found = errors(&bundle, Guide);
        assert!(
            found.contains(&expected.to_owned()),
            "{expected}: {found:?}"
        );
    };
    case(
        &|b| set(b, "/type", json!("batch")),
        "element-invalid Bundle.type",
    );
    case(
        &|b| set(b, "/entry/0/request/method", json!("PUT")),
        "unsupported-element Bundle.entry[0].request.method",
    );
    case(
        &|b| set(b, "/entry/2/request/url", json!("List")),
        "element-invalid Bundle.entry[2].request.url",
    );
    case(
        &|b| {
            let list = b["entry"][0].clone();
            set(b, "/entry/-", list);
        },
        "unsupported-element Bundle.entry[3].resource",
    );
    case(
        &|b| drop(b["entry"].as_array_mut().unwrap().remove(0)),
        "element-required Bundle.entry.where(resource is List)",
    );
    case(
        &|b| drop(b["entry"].as_array_mut().unwrap().remove(1)),
        "element-required Bundle.entry",
    );
    case(
        &|b| drop(b["entry"].as_array_mut().unwrap().remove(2)),
        "element-invalid D.content[0].attachment.url",
    );
    case(
        &|b| {
            let mut binary = b["entry"][2].clone();
            binary["fullUrl"] = json!("urn:uuid:00000000-0000-4000-8000-000000000009");
            set(b, "/entry/-", binary);
        },
        "unsupported-element Bundle.entry[3].resource",
    );
    case(
        &|b| {
            set(
                b,
                "/entry/1/fullUrl",
                json!("urn:uuid:00000000-0000-4000-8000-000000000003"),
            )
        },
        "element-invalid Bundle.entry[2].fullUrl",
    );
    case(
        &|b| {
            set(
                b,
                "/entry/0/resource/entry/0/item/reference",
                json!("DocumentReference/1"),
            )
        },
        "unsupported-element Bundle.entry[0].resource.entry[0].item",
    );
    case(
        &|b| {
            set(
                b,
                "/entry/-",
                json!({"fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000008",
                "resource": {"resourceType": "Practitioner"}, "request": {"method": "POST", "url": "Practitioner"}}),
            );
        },
        "unsupported-element Bundle.entry[3].resource",
    );
    case(
        &|b| {
            set(
                b,
                "/entry/0/resource/subject/identifier/value",
                json!("277076322082910"),
            )
        },
        "element-invalid D.subject",
    );
    case(
        &|b| {
            set(
                b,
                "/entry/1/resource/contained/3/identifier/0/value",
                json!("277076322082910"),
            )
        },
        "element-invalid D.contained[3].identifier[0]",
    );
    case(
        &|b| set(b, "/entry/2/resource/data", json!("PGE+")),
        "cda-invalid D.content[0].attachment",
    );
}

#[test]
fn the_type_of_the_binary_is_that_of_the_attachment() {
    let mut bundle = deposit(cda("").as_bytes());
    set(
        &mut bundle,
        "/entry/2/resource/contentType",
        json!("application/xml"),
    );
    let path = "element-invalid Bundle.entry[2].resource.contentType";
    assert_eq!(errors(&bundle, Strict), [path]);
    assert_eq!(warnings(&bundle), [path]);
    // The official examples say application/xml on both sides.
    set(
        &mut bundle,
        &format!("{DOCUMENT}/content/0/attachment/contentType"),
        json!("application/xml"),
    );
    assert_eq!(
        warnings(&bundle),
        ["metadata-mismatch D.content[0].attachment.contentType"]
    );
}

/// What is kept nowhere is named where it was written.
#[test]
fn what_is_left_out_is_named() {
    let list = "/entry/0/resource";
    let other = json!({"system": "http://loinc.org", "code": "11488-4"});
    for (path, value, code, named) in [
        (
            "/entry/0/resource/code/text",
            json!("Lot"),
            "element-ignored",
            "",
        ),
        (
            "/entry/0/resource/code/coding/0/display",
            json!("Lot"),
            "element-ignored",
            "",
        ),
        (
            "/entry/0/resource/code/coding/0/version",
            json!("1"),
            "unsupported-element",
            "",
        ),
        (
            "/entry/0/resource/code/coding/-",
            other,
            "unsupported-element",
            "Bundle.entry[0].resource.code.coding[1]",
        ),
        (
            "/entry/0/resource/source/display",
            json!("X"),
            "element-ignored",
            "",
        ),
        (
            "/entry/1/resource/author/0/display",
            json!("X"),
            "element-ignored",
            "",
        ),
        (
            "/entry/1/resource/authenticator/display",
            json!("X"),
            "element-ignored",
            "",
        ),
        (
            "/entry/1/resource/custodian/display",
            json!("X"),
            "element-ignored",
            "",
        ),
        (
            "/meta/lastUpdated",
            json!("2026-01-01T00:00:00Z"),
            "element-ignored",
            "",
        ),
        (
            "/meta/tag",
            json!([{"code": "x"}]),
            "unsupported-element",
            "",
        ),
        (
            "/entry/1/resource/contained/3/identifier/0/period",
            json!({"start": "2020"}),
            "unsupported-element",
            "",
        ),
    ] {
        let mut bundle = deposit(cda("").as_bytes());
        assert!(bundle.pointer(list).is_some());
        set(&mut bundle, path, value);
        let (_, issues) = run(&bundle, Guide, false).unwrap_or_else(|e| panic!("{:?}", e.issues));
        let written = path
            .split('/')
            .skip(1)
            .fold("Bundle".to_owned(), |path, step| {
                match step.parse::<usize>() {
                    Ok(index) => format!("{path}[{index}]"),
                    Err(_) => format!("{path}.{step}"),
                }
            });
        let expected = if named.is_empty() { &written } else { named };
        let told = issues
            .iter()
            .find(|it| it.expression.as_deref() == Some(expected));
        let told = told.unwrap_or_else(|| panic!("{expected}: {issues:?}"));
        assert_eq!(told.code.as_str(), code, "{expected}");
    }
}

#[test]
fn a_bad_ins_comes_before_everything_else() {
    let mut bundle = deposit(cda("").as_bytes());
    set(
        &mut bundle,
        &format!("{DOCUMENT}/docStatus"),
        json!("final"),
    );
    set(
        &mut bundle,
        &format!("{DOCUMENT}/subject/identifier/value"),
        json!("279035121518980"),
    );
    let Err(error) = bundle::read(&bundle, &reading(Strict)) else {
        panic!("refused");
    };
    assert_eq!(error.code(), Code::InsInvalid);
    assert_eq!(error.status(), 400);
    let text: String = error.issues.iter().map(Issue::english).collect();
    assert!(!text.contains("279035121518980"));
}

#[test]
fn a_simplified_publication_makes_its_own_submission() {
    let bytes = cda("").into_bytes();
    let bundle = deposit(&bytes);
    let mut resource = bundle["entry"][1]["resource"].clone();
    let attachment = resource["content"][0]["attachment"]
        .as_object_mut()
        .unwrap();
    attachment.remove("url");
    attachment.insert(
        "data".into(),
        bundle["entry"][2]["resource"]["data"].clone(),
    );
    let reading = reading(Strict);
    let actor = physician(false);
    let structure = "10B0000002".parse().unwrap();
    let depositor = Depositor {
        actor: &actor,
        structure: Some(&structure),
        traits: &traits(),
    };
    let now = "2024-06-12T08:30:00Z".parse().unwrap();
    let declared = document_reference::read_simplified(&resource, &reading).unwrap();
    let (submission, _) = prepare(declared, &depositor, false, now, &reading).unwrap();
    assert_eq!(submission.documents[0].content, bytes);
    let set = &submission.metadata;
    assert_eq!(set.submission_time.start(), now);
    assert_eq!(set.content_type.code, "SA07");
    let author = set.author.as_ref().unwrap();
    assert_eq!(author.id.as_ref().unwrap().extension, "899900000001");
    let institution = author.institution.as_ref().unwrap().id.as_ref().unwrap();
    assert_eq!(institution.extension, "10B0000002");
    assert!(set.source_id.starts_with("2.25."));

    let with_url = bundle["entry"][1]["resource"].clone();
    let declared = document_reference::read_simplified(&with_url, &reading).unwrap();
    let error = prepare(declared, &depositor, false, now, &reading).unwrap_err();
    assert_eq!(
        told(&error.issues, Severity::Error),
        ["unsupported-element DocumentReference.content[0].attachment.url"]
    );
}

/// Every published document, deposited as its own software would: the entry equals the header, attribute by attribute.
#[test]
fn the_published_documents_are_deposited_as_their_headers_say() {
    let Ok(files) = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/cda"))
    else {
        eprintln!("skipped: no shared data");
        return;
    };
    let mut count = 0;
    for file in files {
        let path = file.unwrap().path();
        let name = path.display();
        if path.extension().is_none_or(|extension| extension != "xml") {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let reading = reading(Guide);
        let header = read_header(&bytes).unwrap_or_else(|issue| panic!("{name}: {issue:?}"));
        let (metadata, _) = to_metadata(&header, &bytes, &reading)
            .unwrap_or_else(|issues| panic!("{name}: {issues:?}"));
        let bundle = published(&metadata, &bytes, &reading);
        // The insurer's own documents come from an operator.
        let actor = physician(metadata.type_code.code == "REMB");
        let (submission, warnings) = run_as(&actor, &bundle, Guide, false)
            .unwrap_or_else(|error| panic!("{name}: {:?}", error.issues));
        let document = &submission.documents[0];
        let mut expected = metadata.clone();
        expected.relations.clear();
        assert_eq!(document.metadata, expected, "{name}");
        assert_eq!(document.content, bytes, "{name}");
        let mismatches: Vec<_> = warnings
            .iter()
            .filter(|issue| issue.code == Code::MetadataMismatch)
            .collect();
        assert!(mismatches.is_empty(), "{name}: {mismatches:?}");
        count += 1;
    }
    assert!(count > 50, "{count}");
}

fn entry_of(metadata: &DocumentMetadata) -> DocumentEntry {
    DocumentEntry {
        id: Uuid::from_u128(1),
        entry_uuid: Uuid::from_u128(2),
        former_uuids: Vec::new(),
        version: 1,
        availability: Availability::Approved,
        content_id: Uuid::from_u128(3),
        submission_id: Uuid::from_u128(4),
        updated: Default::default(),
        deposited: Default::default(),
        depositor: String::new(),
        depositor_structure: None,
        declared_structure: None,
        from_patient: false,
        metadata: metadata.clone(),
    }
}

/// The bundle of a document whose resource says what the header says.
fn published(metadata: &DocumentMetadata, bytes: &[u8], reading: &Reading) -> Value {
    let mut bundle = deposit(bytes);
    let mut resource = document_reference::write(&entry_of(metadata), reading);
    resource["content"][0]["attachment"]["url"] = bundle["entry"][2]["fullUrl"].clone();
    bundle["entry"][0]["resource"]["subject"] = resource["subject"].clone();
    bundle["entry"][1]["resource"] = resource;
    bundle
}

#[test]
fn the_response_has_one_entry_per_entry_in_the_order_of_the_request() {
    let bytes = cda("").into_bytes();
    let mut bundle = deposit(&bytes);
    // The Binary first, the List last.
    bundle["entry"].as_array_mut().unwrap().reverse();
    set(
        &mut bundle,
        &format!("{DOCUMENT}/content/0/attachment/title"),
        json!("Autre titre"),
    );
    let read = bundle::read(&bundle, &reading(Guide)).unwrap();
    let entries = read.entries;
    let (submission, warnings) = run(&bundle, Guide, false).unwrap();
    let mut document = entry_of(&submission.documents[0].metadata);
    document.updated = "2024-06-12T08:30:00Z".parse().unwrap();
    let set = SubmissionSet {
        id: Uuid::from_u128(4),
        entry_uuid: Uuid::from_u128(5),
        updated: document.updated,
        depositor: String::new(),
        depositor_structure: None,
        metadata: submission.metadata,
        documents: vec![document.id],
        folders: Vec::new(),
    };
    let registered = Registered {
        submission: &set,
        documents: std::slice::from_ref(&document),
        existing: &[],
        superseded: &[],
        folders: &[],
        patient: None,
    };
    let response = write_response(
        &entries,
        registered,
        &warnings,
        Detail::Warnings,
        &reading(Guide),
    );
    let problems = wire::check(&response, "Bundle", "Bundle");
    assert!(problems.is_empty(), "{problems:?}");
    let entries_of = |response: &Value| response["entry"].as_array().unwrap().clone();
    let locations: Vec<_> = entries_of(&response)
        .iter()
        .map(|entry| entry["response"]["location"].as_str().unwrap().to_owned())
        .collect();
    let id = |n: u128| Uuid::from_u128(n);
    assert_eq!(
        locations,
        [
            format!("Binary/{}", id(3)),
            format!("DocumentReference/{}/_history/1", id(1)),
            format!("List/{}/_history/1", id(4)),
        ]
    );
    let answer = &response["entry"][1]["response"];
    assert_eq!(answer["status"], "201 Created");
    assert_eq!(answer["etag"], "W/\"1\"");
    assert_eq!(answer["lastModified"], "2024-06-12T10:30:00+02:00");
    let issues = answer["outcome"]["issue"].as_array().unwrap();
    let title = "Bundle.entry[1].resource.content[0].attachment.title";
    assert!(
        issues
            .iter()
            .any(|issue| issue["expression"][0] == title && issue["severity"] == "warning")
    );
    assert!(response["entry"][0]["response"].get("outcome").is_none());
    assert!(response["entry"][1].get("resource").is_none());

    let whole = write_response(
        &entries,
        registered,
        &[],
        Detail::Representation,
        &reading(Guide),
    );
    let kinds: Vec<_> = entries_of(&whole)
        .iter()
        .map(|entry| entry["resource"]["resourceType"].clone())
        .collect();
    assert_eq!(
        kinds,
        [Value::Null, json!("DocumentReference"), json!("List")]
    );
    assert!(wire::check(&whole, "Bundle", "Bundle").is_empty());
}

/// Whatever stands at whichever place is answered, never a panic.
#[test]
fn any_bundle_is_answered() {
    fn pointers(value: &Value, at: String, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => members
                .iter()
                .for_each(|(name, child)| pointers(child, format!("{at}/{name}"), found)),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .for_each(|(index, child)| pointers(child, format!("{at}/{index}"), found)),
            _ => {}
        }
        found.push(at);
    }
    let clean = deposit(cda("").as_bytes());
    let mut all = Vec::new();
    pointers(&clean, String::new(), &mut all);
    let actor = physician(false);
    let depositor = Depositor {
        actor: &actor,
        structure: None,
        traits: &traits(),
    };
    let now = "2024-06-12T08:30:00Z".parse().unwrap();
    let reading = reading(Guide);
    for pointer in &all {
        for value in [json!(null), json!("é"), json!(-1), json!([]), json!({})] {
            let mut bundle = clean.clone();
            *bundle.pointer_mut(pointer).unwrap() = value;
            if let Ok(declared) = bundle::read(&bundle, &reading) {
                let _ = prepare(declared, &depositor, false, now, &reading);
            }
        }
    }
    assert!(all.len() > 150, "{}", all.len());
}
