//! The judgement on a document as the server would give it at deposit, with the place and the cure of each problem.

use super::fault::CHECK;
use super::read::read_whole;
use super::{locate, metadata, named};
use crate::error::{Code, Issue, Severity};
use crate::translate::Reading;

/// One problem of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CdaIssue {
    /// An error refuses the document.
    pub severity: Severity,
    /// Stable code.
    pub code: Code,
    /// Name of the check that found it (`mappings/cda-checks.csv`, and the words of the reader).
    pub check: String,
    /// Line, from 1.
    pub line: Option<u32>,
    /// Column, from 1, in characters.
    pub column: Option<u32>,
    /// XPath of the element.
    pub path: Option<String>,
    /// What was expected there.
    pub expected: Option<String>,
    /// What is wrong, in English.
    pub message: String,
    /// What is wrong, in French.
    pub message_fr: String,
}

impl From<Issue> for CdaIssue {
    fn from(mut issue: Issue) -> Self {
        let place = issue.position.take();
        let expected = issue.params.iter().find(|(name, _)| *name == "expected");
        let check = issue.params.iter().find(|(name, _)| *name == CHECK);
        let check = check.map_or_else(String::new, |(_, name)| name.clone());
        Self {
            check,
            severity: issue.severity,
            code: issue.code,
            line: place.map(|place| place.line),
            column: place.map(|place| place.column),
            path: issue.expression.clone(),
            expected: expected.map(|(_, value)| value.clone()),
            message: issue.english(),
            message_fr: issue.french(),
        }
    }
}

/// Every problem of a document, errors first. It would be accepted when none is an error.
pub fn check(bytes: &[u8], reading: &Reading<'_>) -> Vec<CdaIssue> {
    let mut issues = match read_whole(bytes) {
        Err(errors) => errors,
        Ok((header, mut warnings)) => match metadata::to_metadata(&header, bytes, reading) {
            Err(errors) => errors.into_iter().chain(warnings).collect(),
            Ok((metadata, more)) => {
                warnings.extend(more);
                if !reading.tables.matrix.knows_type(&metadata.type_code.code) {
                    let issue = Issue::new(Code::TypeNotInMatrix).at("/ClinicalDocument/code");
                    warnings.insert(0, issue.with("value", metadata.type_code.code));
                }
                warnings
            }
        },
    };
    locate::locate(bytes, &mut issues);
    named::complete(bytes, reading, &mut issues);
    named::sort(&mut issues);
    issues.into_iter().map(CdaIssue::from).collect()
}
