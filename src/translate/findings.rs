//! What a reading finds on its way: errors, and what guide mode lets through with a warning.

use super::Reading;
use super::wire::Node;
use crate::dmp::context::Validation;
use crate::error::{Code, Issue, Severity};

/// How grave a defect is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// An error in both modes.
    Key,
    /// An error in strict mode, a warning in guide mode.
    Detail,
}

/// The issues of one reading, in the order in which they were found.
#[derive(Debug)]
pub(super) struct Findings {
    strict: bool,
    issues: Vec<Issue>,
}

impl Findings {
    pub(super) fn new(reading: &Reading) -> Self {
        Self {
            strict: reading.validation == Validation::Strict,
            issues: Vec::new(),
        }
    }

    /// An error in both modes.
    pub(super) fn refuse(&mut self, issue: Issue) {
        // Two references may lead to the same contained resource: its defects are told once.
        if !self.issues.contains(&issue) {
            self.issues.push(issue);
        }
    }

    /// An error in strict mode, a warning in guide mode.
    pub(super) fn tolerate(&mut self, issue: Issue) {
        let issue = if self.strict { issue } else { issue.warning() };
        self.refuse(issue);
    }

    /// A warning in both modes.
    pub(super) fn note(&mut self, issue: Issue) {
        self.refuse(issue.warning());
    }

    pub(super) fn weigh(&mut self, weight: Weight, issue: Issue) {
        match weight {
            Weight::Key => self.refuse(issue),
            Weight::Detail => self.tolerate(issue),
        }
    }

    /// Each of several issues, weighed alike.
    pub(super) fn weigh_all(&mut self, weight: Weight, issues: Vec<Issue>) {
        for issue in issues {
            self.weigh(weight, issue);
        }
    }

    /// An element that the server assigns by itself.
    pub(super) fn ignored(&mut self, path: String) {
        self.note(Issue::new(Code::ElementIgnored).at(path));
    }

    /// Labels beside what is kept: told where they are, for the server writes none.
    pub(super) fn labels(&mut self, node: Node, names: &[&str]) {
        for name in names {
            if node.get(name).is_some() {
                self.ignored(node.path_of(name));
            }
        }
    }

    pub(super) fn append(&mut self, issues: Vec<Issue>) {
        self.issues.extend(issues);
    }

    pub(super) fn into_issues(self) -> Vec<Issue> {
        self.issues
    }

    /// The warnings, or everything when there is an error among it.
    pub(super) fn finish(self) -> Result<Vec<Issue>, Vec<Issue>> {
        let failed = self
            .issues
            .iter()
            .any(|issue| issue.severity == Severity::Error);
        if failed {
            Err(self.issues)
        } else {
            Ok(self.issues)
        }
    }
}

/// `element-invalid` with its reason.
pub(super) fn invalid(path: impl Into<String>, fr: &str, en: &str) -> Issue {
    Issue::new(Code::ElementInvalid).at(path).detail(fr, en)
}
