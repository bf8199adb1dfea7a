//! `cda check`, `cda metadata`, `cda render` and `cda wrap`.

mod wrap;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::dmp::context::{Environment, Validation};
use crate::error::Severity;
use crate::tables::Tables;
use crate::translate::Reading;
use crate::translate::cda::{self, CdaIssue};

pub use wrap::{Wrap, wrap};

/// Exit code: every document would be accepted.
const ACCEPTED: u8 = 0;
/// Exit code: a document would be refused.
const REFUSED: u8 = 1;
/// Exit code: a file that can't be read.
const USAGE: u8 = 2;

/// `cda check`: judges each file as the server would at deposit and prints a report, or JSON. Returns the exit code.
pub fn check(files: &[PathBuf], json: bool, mode: Validation, environment: Environment) -> u8 {
    check_to(&mut io::stdout().lock(), files, json, mode, environment)
}

fn check_to(
    out: &mut impl Write,
    files: &[PathBuf],
    json: bool,
    mode: Validation,
    environment: Environment,
) -> u8 {
    let tables = Tables::built_in();
    let reading = Reading {
        tables: &tables,
        environment,
        validation: mode,
        base_url: "",
    };
    let mut worst = ACCEPTED;
    let mut reports = Vec::with_capacity(files.len());
    for file in files {
        let bytes = match read(file) {
            Ok(bytes) => bytes,
            Err(code) => {
                worst = code;
                continue;
            }
        };
        let issues = cda::check(&bytes, &reading);
        if !is_accepted(&issues) {
            worst = worst.max(REFUSED);
        }
        if json {
            reports.push(report_json(file, &issues));
        } else {
            print(out, &report_text(file, &issues));
        }
    }
    if json {
        print(out, &format!("{:#}\n", Value::Array(reports)));
    }
    worst
}

/// `cda metadata`: prints the metadata that the header gives, as JSON. Returns the exit code.
pub fn metadata(file: &Path) -> u8 {
    let bytes = match read(file) {
        Ok(bytes) => bytes,
        Err(code) => return code,
    };
    match cda::read_header(&bytes) {
        Ok(header) => {
            let object = cda::metadata_json(&header, &bytes, &Tables::built_in());
            print(&mut io::stdout().lock(), &format!("{object:#}\n"));
            ACCEPTED
        }
        Err(issue) => {
            print(
                &mut io::stderr().lock(),
                &report_text(file, &[CdaIssue::from(issue)]),
            );
            REFUSED
        }
    }
}

/// `cda render`: prints the document as a page of HTML. Returns the exit code.
pub fn render(file: &Path) -> u8 {
    render_to(&mut io::stdout().lock(), file)
}

fn render_to(out: &mut impl Write, file: &Path) -> u8 {
    let bytes = match read(file) {
        Ok(bytes) => bytes,
        Err(code) => return code,
    };
    match cda::render(&bytes, &Tables::built_in()) {
        Ok(html) => {
            print(out, &html);
            ACCEPTED
        }
        Err(issue) => {
            let report = report_text(file, &[CdaIssue::from(issue)]);
            print(&mut io::stderr().lock(), &report);
            REFUSED
        }
    }
}

fn read(file: &Path) -> Result<Vec<u8>, u8> {
    std::fs::read(file).map_err(|error| {
        let text = format!("{}: {error}\n", file.display());
        print(&mut io::stderr().lock(), &text);
        USAGE
    })
}

fn is_accepted(issues: &[CdaIssue]) -> bool {
    issues
        .iter()
        .all(|issue| issue.severity == Severity::Warning)
}

fn severity(issue: &CdaIssue) -> &'static str {
    match issue.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn report_json(file: &Path, issues: &[CdaIssue]) -> Value {
    let issue = |issue: &CdaIssue| {
        json!({
            "severity": severity(issue),
            "code": issue.code.as_str(),
            "check": issue.check,
            "line": issue.line,
            "column": issue.column,
            "path": issue.path,
            "expected": issue.expected,
            "message": issue.message,
        })
    };
    json!({
        "file": file.to_string_lossy(),
        "accepted": is_accepted(issues),
        "issues": issues.iter().map(issue).collect::<Vec<_>>(),
    })
}

/// One line per file, then one per issue in the form that editors jump to, with the cure below it.
fn report_text(file: &Path, issues: &[CdaIssue]) -> String {
    let verdict = if is_accepted(issues) {
        "accepted"
    } else {
        "refused"
    };
    let mut text = format!("{}: {verdict}\n", file.display());
    for issue in issues {
        let place = match (issue.line, issue.column) {
            (Some(line), Some(column)) => format!(":{line}:{column}"),
            _ => String::new(),
        };
        let (severity, code, check) = (severity(issue), issue.code.as_str(), &issue.check);
        let message = &issue.message;
        text.push_str(&format!(
            "  {}{place}: {severity} [{code}] {check}: {message}\n",
            file.display()
        ));
        if let Some(path) = &issue.path {
            text.push_str(&format!("      at {path}\n"));
        }
        if let Some(expected) = &issue.expected {
            text.push_str(&format!("      expected: {expected}\n"));
        }
    }
    text
}

/// A closed pipe is the reader's choice, not a failure.
fn print(out: &mut impl Write, text: &str) {
    let _ = out.write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]

    use super::*;

    fn run(content: &[u8], json: bool) -> (u8, String) {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("a.xml");
        std::fs::write(&file, content).expect("file");
        let mut out = Vec::new();
        let (mode, environment) = (Validation::Guide, Environment::Test);
        let code = check_to(&mut out, &[file], json, mode, environment);
        (code, String::from_utf8(out).expect("text"))
    }

    #[test]
    fn a_refused_file_is_told_as_json_and_as_text() {
        let (code, text) = run(b"<a>\n <b>", true);
        assert_eq!(code, REFUSED);
        let reports: Value = serde_json::from_str(&text).expect("json");
        assert_eq!(reports[0]["accepted"], false);
        let issue = &reports[0]["issues"][0];
        assert_eq!(issue["severity"], "error");
        assert_eq!(issue["code"], "cda-invalid");
        assert_eq!((&issue["line"], &issue["column"]), (&json!(1), &json!(1)));
        for key in ["path", "expected", "message"] {
            assert!(issue.get(key).is_some(), "{key}");
        }
        let (code, text) = run(b"<a>\n <b>", false);
        assert_eq!(code, REFUSED);
        assert!(text.contains("a.xml: refused\n"), "{text}");
        assert!(text.contains("a.xml:1:1: error [cda-invalid] "), "{text}");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_a_usage_error() {
        let mut out = Vec::new();
        let files = [PathBuf::from("/nonexistent/a.xml")];
        let (mode, environment) = (Validation::Guide, Environment::Test);
        assert_eq!(check_to(&mut out, &files, false, mode, environment), USAGE);
        assert_eq!(metadata(&files[0]), USAGE);
        assert_eq!(render_to(&mut out, &files[0]), USAGE);
        assert!(out.is_empty());
    }

    #[test]
    fn a_file_that_is_no_document_gives_no_page() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("a.xml");
        std::fs::write(&file, b"<a/>").expect("file");
        let mut out = Vec::new();
        assert_eq!(render_to(&mut out, &file), REFUSED);
        assert!(out.is_empty());
    }
}
