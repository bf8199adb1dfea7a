//! The named checks of a document (`mappings/cda-checks.csv`): header rules of the CI-SIS, value sets, coherence, body.
//!
//! They refuse nothing that the DMP would take: what the reader and the metadata need is refused there, and gets its name here.

mod body;
mod coherence;
mod content;
mod rows;
mod shape;
mod table;
mod tree;

use super::decode::decode;
use super::fault::{CHECK, lines_columns, words};
use super::locate;
use super::walk::Walker;
use crate::dmp::context::Validation;
use crate::error::{Code, Issue, Position, Severity};
use crate::translate::Reading;
use table::{Row, Test, Weight};

/// Most findings told about one document.
const MAX_FINDINGS: usize = 200;

/// One departure from a named check.
struct Finding {
    row: Option<&'static Row>,
    at: usize,
    /// XPath; of an element of the body only the attribute, until it is looked up.
    path: String,
    is_in_body: bool,
    /// The code that is not in its list.
    code: Option<String>,
    /// What is expected, where the row can't know it.
    expected: Option<String>,
}

impl Finding {
    fn new(row: &'static Row, at: usize, path: String) -> Self {
        Self {
            row: Some(row),
            at,
            path,
            is_in_body: false,
            code: None,
            expected: None,
        }
    }

    fn named(check: &str, at: usize, path: String) -> Self {
        Self {
            row: table::row(check),
            at,
            path,
            is_in_body: false,
            code: None,
            expected: None,
        }
    }

    /// In the body: its path is looked up later.
    fn placed(check: &str, at: usize, attribute: &str) -> Self {
        Self {
            is_in_body: true,
            ..Self::named(check, at, attribute.to_owned())
        }
    }
}

/// The findings, bounded.
#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn push(&mut self, finding: Finding) {
        if self.0.len() < MAX_FINDINGS && finding.row.is_some() {
            self.0.push(finding);
        }
    }

    /// True when no more is told: looking further would only cost.
    fn is_full(&self) -> bool {
        self.0.len() >= MAX_FINDINGS
    }

    /// A finding that is told only where no other one names the same element.
    fn generic(&mut self, finding: Finding) {
        let path = element(&finding.path);
        if !self.0.iter().any(|other| element(&other.path) == path) {
            self.push(finding);
        }
    }
}

/// A path without its attribute.
fn element(path: &str) -> &str {
    path.rsplit_once("/@").map_or(path, |(element, _)| element)
}

/// The warnings that a deposit is given besides those of the reader.
pub fn warnings(bytes: &[u8], reading: &Reading<'_>) -> Vec<Issue> {
    let mut issues = Vec::new();
    add(bytes, reading, false, &mut issues);
    issues
}

/// Gives what the reader and the metadata found the names of its checks, as [`complete`] does, and adds nothing.
pub(in crate::translate) fn names(bytes: &[u8], reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    let known = issues.len();
    if known > 0 {
        complete(bytes, reading, issues);
        issues.truncate(known);
    }
}

/// Adds what the named checks find to what was found already, of which each issue gets the name of its check.
pub(super) fn complete(bytes: &[u8], reading: &Reading<'_>, issues: &mut Vec<Issue>) {
    add(bytes, reading, true, issues);
    for issue in issues {
        if issue.params.iter().all(|(name, _)| *name != CHECK) {
            let (_, check) = UNNAMED
                .iter()
                .find(|(code, _)| *code == issue.code)
                .copied()
                .unwrap_or(OTHER);
            issue.params.push((CHECK, check.to_owned()));
        }
    }
}

/// The checks behind refusals that name none.
const UNNAMED: [(Code, &str); 4] = [
    (Code::InsInvalid, "patient-ins"),
    (Code::TypeNotInMatrix, "type-code"),
    (Code::CodeInvalid, "confidentiality"),
    (Code::UnsupportedElement, "relation-type"),
];
const OTHER: (Code, &str) = (Code::CdaInvalid, "cda");

/// Every name that a finding may bear, with its sentences in French and English where it has its own: the checks of the table, the
/// reader's faults, and what the metadata refuse.
pub fn check_names() -> Vec<(&'static str, Option<(&'static str, &'static str)>)> {
    let rows = table::rows().iter();
    let rows = rows.map(|row| (row.name.as_str(), (row.fr.as_str(), row.en.as_str())));
    let faults = words::ALL.iter().map(|(fr, en, name)| (*name, (*fr, *en)));
    let others = UNNAMED.iter().chain([&OTHER]);
    let others = others.map(|(_, name)| (*name, ("", "")));
    let mut all: Vec<(&str, Option<(&str, &str)>)> = Vec::new();
    for (name, told) in rows.chain(faults).chain(others) {
        if all.iter().all(|(known, _)| *known != name) {
            all.push((name, Some(told).filter(|(fr, _)| !fr.is_empty())));
        }
    }
    all
}

fn add(bytes: &[u8], reading: &Reading<'_>, all: bool, issues: &mut Vec<Issue>) {
    let Ok(text) = decode(bytes) else { return };
    let mut walker = Walker::new(&text);
    let Some(tree) = tree::Tree::read(&mut walker) else {
        return;
    };
    let mut found = Findings::default();
    let tables = reading.tables;
    if all {
        for row in table::rows().iter().filter(|row| row.test != Test::Coded) {
            rows::check(row, &tree, tables, &mut found);
        }
    }
    coherence::check(&tree, &mut found);
    if all {
        shape::check(&tree, &mut found);
    }
    body::check(&tree, &mut walker, all, &mut found);
    let mut found = found.0;
    found.retain(|one| all || one.row.is_some_and(Row::is_told_at_deposit));
    let lost: Vec<usize> = found
        .iter()
        .filter(|one| one.is_in_body)
        .map(|one| one.at)
        .collect();
    if !lost.is_empty() {
        let paths = locate::paths_at(&text, &lost);
        for one in found.iter_mut().filter(|one| one.is_in_body) {
            let Some(path) = paths.get(&one.at) else {
                continue;
            };
            one.path = match one.path.as_str() {
                "" => path.clone(),
                attribute => format!("{path}/@{attribute}"),
            };
        }
    }
    let places = lines_columns(&text, found.iter().map(|one| one.at));
    let known = issues.len();
    for finding in found {
        let (line, column) = places.get(&finding.at).copied().unwrap_or((1, 1));
        let place = Position { line, column };
        let (told, _) = issues.split_at_mut(known);
        if let Some(issue) = told.iter_mut().find(|issue| is_about(issue, &finding)) {
            name(issue, &finding, place);
        } else if let Some(issue) = issue_of(&finding, place, reading) {
            issues.push(issue);
        }
    }
}

/// True when the reader's issue tells of the same element, or of one that is missing with it.
fn is_about(issue: &Issue, finding: &Finding) -> bool {
    let place = element(&finding.path);
    let is_missing = issue
        .params
        .iter()
        .any(|(name, check)| *name == CHECK && check == words::MISSING.2);
    let is_here = |path: &str| path == place || (is_missing && locate::is_within(path, place));
    let path = issue.expression.as_deref().map(element);
    issue.code == Code::CdaInvalid && path.is_some_and(is_here)
}

/// The first finding about an issue of the reader gives it its name, and its place when both name one element.
fn name(issue: &mut Issue, finding: &Finding, place: Position) {
    const NAMED: &str = "named";
    let is_named = issue.params.iter().any(|(name, _)| *name == NAMED);
    let Some(row) = finding.row.filter(|_| !is_named) else {
        return;
    };
    issue.params.retain(|(name, _)| *name != CHECK);
    issue.params.push((CHECK, row.name.clone()));
    issue.params.push((NAMED, String::new()));
    if issue.expression.as_deref().map(element) == Some(element(&finding.path)) {
        issue.position = Some(place);
    }
}

fn issue_of(finding: &Finding, place: Position, reading: &Reading<'_>) -> Option<Issue> {
    let row = finding.row?;
    let issue = match (row.test, row.list()) {
        (Test::List, Some(list)) => {
            let list = reading.tables.terminology.list(list).name.clone();
            let issue = Issue::new(Code::CodeInvalid).with("list", list.clone());
            let issue = issue.with("expected", list);
            issue.with("value", finding.code.clone().unwrap_or_default())
        }
        _ => Issue::new(Code::CdaDeviation)
            .detail(row.fr.clone(), row.en.clone())
            .with(
                "expected",
                finding.expected.clone().unwrap_or_else(|| row.expected()),
            ),
    };
    let issue = issue
        .at(finding.path.clone())
        .at_position(place.line, place.column);
    let issue = issue.with(CHECK, row.name.clone());
    let is_error = row.weight == Weight::Detail && reading.validation == Validation::Strict;
    Some(if is_error { issue } else { issue.warning() })
}

/// Errors before warnings.
pub(super) fn sort(issues: &mut [Issue]) {
    issues.sort_by_key(|issue| issue.severity == Severity::Warning);
}
