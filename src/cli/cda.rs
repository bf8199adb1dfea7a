//! `cda check` and `cda metadata`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::dmp::context::{Environment, Validation};
use crate::error::Severity;
use crate::tables::Tables;
use crate::translate::Reading;
use crate::translate::cda::{self, CdaIssue};

/// Exit code: every document would be accepted.
const ACCEPTED: u8 = 0;
/// Exit code: a document would be refused.
const REFUSED: u8 = 1;
/// Exit code: a file that can't be read.
const USAGE: u8 = 2;

/// `cda check`: judges each file as the server would at deposit and prints a report, or JSON. Returns the exit code.
pub fn check(files: &[PathBuf], json: bool, mode: Validation, environment: Environment) -> u8 {
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
            print(&report_text(file, &issues));
        }
    }
    if json {
        print(&format!("{:#}\n", Value::Array(reports)));
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
            print(&format!("{object:#}\n"));
            ACCEPTED
        }
        Err(issue) => {
            eprint(&report_text(file, &[CdaIssue::from(issue)]));
            REFUSED
        }
    }
}

fn read(file: &Path) -> Result<Vec<u8>, u8> {
    std::fs::read(file).map_err(|error| {
        eprint(&format!("{}: {error}\n", file.display()));
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
        let (severity, code) = (severity(issue), issue.code.as_str());
        let message = &issue.message;
        text.push_str(&format!(
            "  {}{place}: {severity} [{code}] {message}\n",
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
fn print(text: &str) {
    let _ = io::stdout().lock().write_all(text.as_bytes());
}

fn eprint(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
