//! Issues → OperationOutcome.

use serde_json::{Value, json};

use super::cda::fault::CHECK;
use crate::error::{Issue, Severity};

/// Our codes.
pub const REFUSAL: &str = "https://passerelle.dev/fhir/CodeSystem/refusal";

/// The XDS or DMP code of the same refusal.
pub const XDS_ERROR: &str = "https://passerelle.dev/fhir/CodeSystem/xds-error";

/// The named check of a CDA document behind an issue (`mappings/cda-checks.csv`, and the reader's own).
pub const CDA_CHECK: &str = "https://passerelle.dev/fhir/CodeSystem/cda-check";

/// Extension of an issue: the rule that decided.
pub const RULE: &str = "https://passerelle.dev/fhir/StructureDefinition/rule";

/// The OperationOutcome of some issues (one at least), in their order.
pub fn write(issues: &[Issue]) -> Value {
    let issues: Vec<_> = issues.iter().map(issue).collect();
    json!({"resourceType": "OperationOutcome", "issue": issues})
}

/// The OperationOutcome of what was done: its warnings, or that there are none.
pub fn told(warnings: &[Issue]) -> Value {
    if !warnings.is_empty() {
        return write(warnings);
    }
    json!({
        "resourceType": "OperationOutcome",
        "issue": [{
            "severity": "information",
            "code": "informational",
            "details": {"text": "Fait, sans avertissement."},
            "diagnostics": "Done, without warning.",
        }],
    })
}

fn issue(issue: &Issue) -> Value {
    let row = issue.code.row();
    let mut coding = vec![json!({"system": REFUSAL, "code": issue.code.as_str()})];
    if !row.xds.is_empty() {
        coding.push(json!({"system": XDS_ERROR, "code": row.xds}));
    }
    if let Some((_, check)) = issue.params.iter().find(|(name, _)| *name == CHECK) {
        coding.push(json!({"system": CDA_CHECK, "code": check}));
    }
    let severity = match issue.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut written = serde_json::Map::new();
    if let Some(rule) = issue.rule {
        let extension = json!([{"url": RULE, "valueString": rule}]);
        written.insert("extension".into(), extension);
    }
    written.insert("severity".into(), severity.into());
    written.insert("code".into(), row.issue.as_str().into());
    let details = json!({"coding": coding, "text": issue.french()});
    written.insert("details".into(), details);
    written.insert("diagnostics".into(), issue.english().into());
    if let Some(path) = &issue.inside {
        written.insert("location".into(), json!([path]));
    }
    if let Some(path) = &issue.expression {
        written.insert("expression".into(), json!([path]));
    }
    Value::Object(written)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;
    use crate::translate::wire;

    #[test]
    fn an_issue_is_told_in_both_languages() {
        let issues = [
            Issue::new(Code::ElementRequired)
                .at("DocumentReference.type")
                .rule("AUT-01"),
            Issue::new(Code::MetadataMismatch)
                .at("DocumentReference.date")
                .at_position(3, 7)
                .warning(),
            Issue::new(Code::NotFound),
            Issue::new(Code::CdaInvalid)
                .at("/ClinicalDocument/code")
                .held_by("DocumentReference.content[0].attachment"),
        ];
        let outcome = write(&issues);
        assert_eq!(
            outcome["issue"][0],
            json!({
                "extension": [{"url": RULE, "valueString": "AUT-01"}],
                "severity": "error",
                "code": "required",
                "details": {
                    "coding": [
                        {"system": REFUSAL, "code": "element-required"},
                        {"system": XDS_ERROR, "code": "XDSMissingDocumentMetadata"},
                    ],
                    "text": "L'élément DocumentReference.type est obligatoire.",
                },
                "diagnostics": "Element DocumentReference.type is required.",
                "expression": ["DocumentReference.type"],
            })
        );
        let second = &outcome["issue"][1];
        assert_eq!(second["severity"], "warning");
        assert!(
            second["diagnostics"]
                .as_str()
                .is_some_and(|text| text.starts_with("3:7 "))
        );
        let third = &outcome["issue"][2];
        assert_eq!(third["details"]["coding"].as_array().map(Vec::len), Some(1));
        assert_eq!(third.get("expression"), None);
        let document = &outcome["issue"][3];
        assert_eq!(document["location"], json!(["/ClinicalDocument/code"]));
        assert_eq!(
            document["expression"],
            json!(["DocumentReference.content[0].attachment"])
        );
    }

    #[test]
    fn every_code_makes_a_good_outcome() {
        let issues: Vec<_> = Code::ALL.iter().map(|code| Issue::new(*code)).collect();
        let outcome = write(&issues);
        assert_eq!(
            wire::check(&outcome, "OperationOutcome", "OperationOutcome"),
            []
        );
    }
}
