//! Every way for a resource to be wrong is told with its code and its FHIRPath.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use passerelle::error::Issue;
use passerelle::translate::wire;

/// A DocumentReference with one more member.
fn document(member: &str) -> String {
    format!(
        r#"{{"resourceType":"DocumentReference","status":"current","content":[{{"attachment":{{"url":"a"}}}}],{member}}}"#
    )
}

/// The same, contained in the second entry of a bundle.
fn entry(member: &str) -> String {
    format!(
        r#"{{"resourceType":"Bundle","type":"transaction","entry":[{{"fullUrl":"urn:a"}},{{"resource":{}}}]}}"#,
        document(member)
    )
}

fn extension(member: &str) -> String {
    document(&format!(r#""extension":[{{"url":"u",{member}}}]"#))
}

fn issues(text: &str) -> Vec<Issue> {
    let value: serde_json::Value = serde_json::from_str(text).expect(text);
    let kind = value["resourceType"]
        .as_str()
        .unwrap_or("DocumentReference");
    match wire::read_json(text.as_bytes(), kind) {
        Ok(_) => Vec::new(),
        Err(error) => error.issues,
    }
}

/// The text has exactly these problems, each told in a whole sentence.
fn refused(text: &str, expected: &[(&str, &str)]) {
    let issues = issues(text);
    let found: Vec<_> = issues
        .iter()
        .map(|issue| {
            (
                issue.code.as_str(),
                issue.expression.as_deref().unwrap_or(""),
            )
        })
        .collect();
    assert_eq!(found, expected, "{text}");
    for issue in &issues {
        for sentence in [issue.french(), issue.english()] {
            assert!(
                !sentence.contains(": .") && !sentence.contains("  "),
                "{sentence}"
            );
            assert!(!sentence.contains("()"), "{sentence}");
        }
    }
}

const INVALID: &str = "element-invalid";
const REQUIRED: &str = "element-required";
const UNKNOWN: &str = "unsupported-element";
const CODE: &str = "code-invalid";

#[test]
fn unknown_elements() {
    for (member, at) in [
        (r#""foo":1"#, "DocumentReference.foo"),
        (r#""_foo":{"id":"a"}"#, "DocumentReference._foo"),
        (r#""_id":{"id":"a"}"#, "DocumentReference._id"),
        (r#""_author":[{"id":"a"}]"#, "DocumentReference._author"),
        (r#""valueString":"a""#, "DocumentReference.valueString"),
        (
            r#""fhir_comments":["a"]"#,
            "DocumentReference.fhir_comments",
        ),
        (r#""Marie Dupont":"a""#, "DocumentReference"),
        (r#""":"a""#, "DocumentReference"),
        (
            r#""context":{"period":{"from":"2024"}}"#,
            "DocumentReference.context.period.from",
        ),
        (
            r#""context":{"event":[{"coding":[{"name":"a"}]}]}"#,
            "DocumentReference.context.event[0].coding[0].name",
        ),
        (
            r#""author":[{"resourceType":"Patient"}]"#,
            "DocumentReference.author[0].resourceType",
        ),
        (
            r#""contained":[{"resourceType":"Cat","id":"a"}]"#,
            "DocumentReference.contained[0]",
        ),
        (
            r#""contained":[{"resourceType":"Period","id":"a"}]"#,
            "DocumentReference.contained[0]",
        ),
        (
            r#""contained":[{"resourceType":"Patient","id":"a","foo":1}]"#,
            "DocumentReference.contained[0].foo",
        ),
        (
            r#""_description":{"id":"a","extension":[{"url":"u","valueCode":"a"}],"value":"a"}"#,
            "DocumentReference.description.value",
        ),
        (
            r#""text":{"status":"empty","div":"<div/>","_div":{"id":"a"}}"#,
            "DocumentReference.text._div",
        ),
    ] {
        refused(&document(member), &[(UNKNOWN, at)]);
        let inside = at.replacen("DocumentReference", "Bundle.entry[1].resource", 1);
        refused(&entry(member), &[(UNKNOWN, &inside)]);
    }
}

#[test]
fn missing_elements() {
    refused(
        r#"{"resourceType":"DocumentReference"}"#,
        &[
            (REQUIRED, "DocumentReference.status"),
            (REQUIRED, "DocumentReference.content"),
        ],
    );
    refused(
        r#"{"resourceType":"Immunization","status":"completed","patient":{"display":"a"},"vaccineCode":{"text":"a"}}"#,
        &[(REQUIRED, "Immunization.occurrence")],
    );
    for (member, at) in [
        (
            r#""relatesTo":[{"code":"replaces"}]"#,
            "DocumentReference.relatesTo[0].target",
        ),
        (
            r#""extension":[{"valueString":"a"}]"#,
            "DocumentReference.extension[0].url",
        ),
        (
            r#""extension":[{"url":"u"}]"#,
            "DocumentReference.extension[0].value",
        ),
        (
            r#""contained":[{"resourceType":"Patient"}]"#,
            "DocumentReference.contained[0].id",
        ),
        (
            r#""contained":[{"id":"a"}]"#,
            "DocumentReference.contained[0].resourceType",
        ),
        (r#""text":{"status":"empty"}"#, "DocumentReference.text.div"),
    ] {
        refused(&document(member), &[(REQUIRED, at)]);
    }
    refused(
        r#"{"status":"current"}"#,
        &[(REQUIRED, "DocumentReference.resourceType")],
    );
}

#[test]
fn wrong_shapes() {
    for (member, at) in [
        (r#""author":{"display":"a"}"#, "DocumentReference.author"),
        (r#""author":[]"#, "DocumentReference.author"),
        (r#""author":null"#, "DocumentReference.author"),
        (r#""author":["a"]"#, "DocumentReference.author[0]"),
        (r#""author":[{}]"#, "DocumentReference.author[0]"),
        (r#""author":[null]"#, "DocumentReference.author[0]"),
        (
            r#""author":[[{"display":"a"}]]"#,
            "DocumentReference.author[0]",
        ),
        (
            r#""subject":[{"display":"a"}]"#,
            "DocumentReference.subject",
        ),
        (r#""subject":{}"#, "DocumentReference.subject"),
        (r#""subject":"a""#, "DocumentReference.subject"),
        (r#""subject":null"#, "DocumentReference.subject"),
        (r#""description":"""#, "DocumentReference.description"),
        (r#""description":null"#, "DocumentReference.description"),
        (r#""description":["a"]"#, "DocumentReference.description"),
        (r#""description":{"a":1}"#, "DocumentReference.description"),
        (r#""description":1"#, "DocumentReference.description"),
        (r#""description":"\u0000""#, "DocumentReference.description"),
        (
            r#""contained":[{"resourceType":1,"id":"a"}]"#,
            "DocumentReference.contained[0].resourceType",
        ),
        (r#""contained":["a"]"#, "DocumentReference.contained[0]"),
        (
            r#""contained":[{"resourceType":"Patient","id":"a","contained":[{"resourceType":"Patient","id":"b"}]}]"#,
            "DocumentReference.contained[0].contained",
        ),
        (
            r#""text":{"status":"empty","div":"a"}"#,
            "DocumentReference.text.div",
        ),
        (
            r#""subject":{"reference":"Cat/1"}"#,
            "DocumentReference.subject.reference",
        ),
        (
            r#""subject":{"reference":"List?code=a"}"#,
            "DocumentReference.subject.reference",
        ),
        (
            r#""extension":[{"url":"u","valueFoo":1}]"#,
            "DocumentReference.extension[0].value",
        ),
    ] {
        refused(&document(member), &[(INVALID, at)]);
    }
}

#[test]
fn wrong_values() {
    for member in [
        r#""valueBoolean":"true""#,
        r#""valueBoolean":1"#,
        r#""valueInteger":"1""#,
        r#""valueInteger":1.0"#,
        r#""valueInteger":2147483648"#,
        r#""valueInteger":-0"#,
        r#""valueInteger":1e2"#,
        r#""valueUnsignedInt":-1"#,
        r#""valuePositiveInt":0"#,
        r#""valueDecimal":"1.0""#,
        r#""valueString":true"#,
        r#""valueCode":" a""#,
        r#""valueCode":"a  b""#,
        r#""valueUri":"a b""#,
        r#""valueUrl":"a\tb""#,
        r#""valueCanonical":"a\u00a0b""#,
        r#""valueOid":"1.2.3""#,
        r#""valueUuid":"a9c10f8a-882d-4000-a280-7150e0aeb478""#,
        r#""valueId":"a_b""#,
        r#""valueDate":"2024-02-30""#,
        r#""valueDate":"2024-02-03T00:00:00Z""#,
        r#""valueDateTime":"2024-02-03T10:00Z""#,
        r#""valueDateTime":"2024-02-03T10:00:00""#,
        r#""valueInstant":"2024-02-03""#,
        r#""valueTime":"10:00""#,
        r#""valueBase64Binary":"QQ""#,
        r#""valueBase64Binary":"Q Q-=""#,
        r#""valueMarkdown":"""#,
        r#""valueString":"a","valueCode":"a""#,
        r#""valueString":"a","_valueCode":{"extension":[{"url":"u","valueCode":"a"}]}"#,
        r#""valueString":"a","extension":[{"url":"u","valueCode":"a"}]"#,
        r#""valuePeriod":{}"#,
        r#""valuePeriod":[{"start":"2024"}]"#,
        r#""valueString":"a","_valueString":"b""#,
        r#""valueString":"a","_valueString":{}"#,
        r#""valueString":"a","_valueString":[{"id":"a"}]"#,
        r#""_valueString":{"id":"a"}"#,
        r#""_valueString":null"#,
        r#""valueString":null,"_valueString":{"extension":[{"url":"u","valueCode":"a"}]}"#,
    ] {
        refused(
            &extension(member),
            &[(INVALID, "DocumentReference.extension[0].value")],
        );
    }
    let long = format!(r#""description":"{}""#, "a".repeat(wire::MAX_TEXT + 1));
    let issues = issues(&document(&long));
    assert_eq!(issues.len(), 1);
    assert!(issues[0].english().contains("mebibyte"));
}

#[test]
fn wrong_codes() {
    for (text, at) in [
        (document(r#""docStatus":"Final""#), "DocumentReference.docStatus"),
        (document(r#""relatesTo":[{"code":"kills","target":{"display":"a"}}]"#), "DocumentReference.relatesTo[0].code"),
        (document(r#""identifier":[{"use":"mine"}]"#), "DocumentReference.identifier[0].use"),
        (r#"{"resourceType":"Bundle","type":"deposit"}"#.into(), "Bundle.type"),
        (
            r#"{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"get","url":"a"}}]}"#.into(),
            "Bundle.entry[0].request.method",
        ),
        (r#"{"resourceType":"List","mode":"working","status":"closed"}"#.into(), "List.status"),
        (r#"{"resourceType":"List","mode":"a","status":"current"}"#.into(), "List.mode"),
        (r#"{"resourceType":"Patient","gender":"M"}"#.into(), "Patient.gender"),
        (r#"{"resourceType":"Patient","name":[{"use":"M"}]}"#.into(), "Patient.name[0].use"),
        (r#"{"resourceType":"Patient","address":[{"type":"M"}]}"#.into(), "Patient.address[0].type"),
        (r#"{"resourceType":"Patient","telecom":[{"system":"tel"}]}"#.into(), "Patient.telecom[0].system"),
        (
            r#"{"resourceType":"Consent","status":"on","scope":{"text":"a"},"category":[{"text":"a"}]}"#.into(),
            "Consent.status",
        ),
    ] {
        refused(&text, &[(CODE, at)]);
    }
}

#[test]
fn primitives_and_what_stands_beside_them() {
    let given = |members: &str| format!(r#"{{"resourceType":"Patient","name":[{{{members}}}]}}"#);
    let why = r#"{"extension":[{"url":"u","valueCode":"unknown"}]}"#;
    for good in [
        format!(r#""given":["a",null],"_given":[null,{why}]"#),
        format!(r#""given":["a"],"_given":[{why}]"#),
        format!(r#""_given":[{why}]"#),
        r#""given":["a","b"],"_given":[{"id":"x"},null]"#.into(),
    ] {
        refused(&given(&good), &[]);
    }
    for (bad, at) in [
        (
            r#""given":["a",null]"#.to_owned(),
            "Patient.name[0].given[1]",
        ),
        (
            r#""given":["a",null],"_given":[null,null]"#.into(),
            "Patient.name[0].given[1]",
        ),
        (
            format!(r#""given":["a"],"_given":[null,{why}]"#),
            "Patient.name[0].given",
        ),
        (
            format!(r#""given":["a"],"_given":{why}"#),
            "Patient.name[0].given",
        ),
        (
            r#""given":["a",null],"_given":[null,{"id":"x"}]"#.into(),
            "Patient.name[0].given[1]",
        ),
        (
            format!(r#""_given":[{why},null]"#),
            "Patient.name[0].given[1]",
        ),
        (
            r#""given":["a"],"_given":[]"#.into(),
            "Patient.name[0].given",
        ),
        (r#""given":["a",""]"#.into(), "Patient.name[0].given[1]"),
    ] {
        refused(&given(&bad), &[(INVALID, at)]);
    }
    // A required primitive may be absent for a reason.
    let attachment = r#""content":[{"attachment":{"url":"a"}}]"#;
    refused(
        &format!(r#"{{"resourceType":"DocumentReference","_status":{why},{attachment}}}"#),
        &[],
    );
    let inner = why.replace("valueCode", "valueFoo");
    refused(
        &format!(r#"{{"resourceType":"DocumentReference","_status":{inner},{attachment}}}"#),
        &[(INVALID, "DocumentReference.status.extension[0].value")],
    );
}

#[test]
fn good_values_pass() {
    for member in [
        r#""valueDecimal":0.50"#,
        r#""valueDecimal":-1E-10"#,
        r#""valueInteger":-2147483648"#,
        r#""valueDateTime":"2024-02-29T10:00:00.000+01:00""#,
        r#""valueDateTime":"2024""#,
        r#""valueInstant":"2024-02-29T10:00:00Z""#,
        r#""valueOid":"urn:oid:1.2.250.1.213""#,
        r#""valueUuid":"urn:uuid:a9c10f8a-882d-4000-a280-7150e0aeb478""#,
        r#""valueBase64Binary":" QQ\r\n== ""#,
        r#""valueString":" \n""#,
        r#""valueReference":{"reference":"Anything/1"}"#,
        r#""extension":[{"url":"v","valueBoolean":false}]"#,
        r#""_valueDate":{"extension":[{"url":"u","valueCode":"unknown"}]}"#,
    ] {
        refused(&extension(member), &[]);
    }
    refused(
        &document(r#""subject":{"reference":"Patient?identifier=a|b"}"#),
        &[],
    );
    refused(
        &document(r#""subject":{"reference":"https://a/List/1"}"#),
        &[],
    );
}

#[test]
fn all_problems_are_told_up_to_a_bound() {
    let text = document(r#""foo":1,"docStatus":"a","author":[{},{}]"#);
    refused(
        &text,
        &[
            (UNKNOWN, "DocumentReference.foo"),
            (CODE, "DocumentReference.docStatus"),
            (INVALID, "DocumentReference.author[0]"),
            (INVALID, "DocumentReference.author[1]"),
        ],
    );
    let many = document(&format!(r#""author":[{}{{}}]"#, "{},".repeat(500)));
    assert_eq!(issues(&many).len(), wire::MAX_ISSUES);
}

#[test]
fn another_type_is_refused() {
    let text = br#"{"resourceType":"Patient"}"#;
    let error = wire::read_json(text, "Bundle").unwrap_err();
    assert_eq!(error.status(), 422);
    assert_eq!(
        error.issues[0].expression.as_deref(),
        Some("Bundle.resourceType")
    );
    assert_eq!(wire::read_json(b"[]", "Bundle").unwrap_err().status(), 422);
    assert_eq!(wire::read_json(b"{", "Bundle").unwrap_err().status(), 400);
}

#[test]
fn content_is_not_repeated() {
    for member in [
        r#""Dupont":"Dupont""#,
        r#""docStatus":"Marie Dupont""#,
        r#""docStatus":"279035121518989""#,
        r#""date":"Dupont""#,
        r#""subject":{"reference":"Dupont/1"}"#,
        r#""subject":"Dupont""#,
    ] {
        let error = wire::read_json(document(member).as_bytes(), "DocumentReference").unwrap_err();
        let told = format!("{} {}", error.issues[0].french(), error.issues[0].english());
        let told = told.replace("DocumentReference.Dupont", "");
        assert!(
            !told.contains("Dupont") && !told.contains("279035"),
            "{told}"
        );
    }
}
