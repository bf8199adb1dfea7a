//! The words of the check, and the list of what it found.

use super::MAX_ISSUES;
use super::path::Path;
use crate::error::{Code, Issue, Position};

/// French and English.
pub(super) type Why = (&'static str, &'static str);

pub(super) const EMPTY: Why = ("il est vide", "it is empty");
pub(super) const OBJECT: Why = ("un objet est attendu", "an object is expected");
pub(super) const ARRAY: Why = ("une liste est attendue", "an array is expected");
pub(super) const SINGLE: Why = ("une seule valeur est attendue", "one value is expected");
pub(super) const STRING: Why = ("une chaîne est attendue", "a string is expected");
pub(super) const NUMBER: Why = ("un nombre est attendu", "a number is expected");
pub(super) const BOOLEAN: Why = ("un booléen est attendu", "a boolean is expected");
pub(super) const NULL: Why = ("null n'est pas permis ici", "null is not allowed here");
pub(super) const LONG: Why = ("plus d'un mébioctet", "over one mebibyte");
pub(super) const TWICE: Why = (
    "le choix n'admet qu'une valeur",
    "a choice holds one value only",
);
pub(super) const NO_KIND: Why = (
    "ce type de valeur n'est pas permis",
    "this type of value is not allowed",
);
pub(super) const UNEVEN: Why = (
    "les valeurs et leurs extensions ne se correspondent pas",
    "values and their extensions do not run in parallel",
);
pub(super) const NESTED: Why = (
    "une ressource contenue n'en contient pas d'autre",
    "a contained resource contains no other",
);
pub(super) const TARGET: Why = (
    "la référence ne peut pas viser ce type de ressource",
    "the reference may not point to this type of resource",
);
pub(super) const TEXT: Why = ("un texte n'est pas permis ici", "text is not allowed here");
pub(super) const ORDER: Why = (
    "il n'est pas à sa place dans l'ordre des éléments",
    "it is out of the order of elements",
);
pub(super) const NAMESPACE: Why = (
    "ce n'est pas le bon espace de noms",
    "this is not the right namespace",
);
pub(super) const DEEP: Why = ("trop de niveaux", "too many levels");

/// What the walk found so far.
#[derive(Default)]
pub(super) struct Walk {
    issues: Vec<Issue>,
}

impl Walk {
    /// The problems, in the order of the text.
    pub(super) fn issues(self) -> Vec<Issue> {
        self.issues
    }

    /// Enough was found.
    pub(super) fn full(&self) -> bool {
        self.issues.len() >= MAX_ISSUES
    }

    /// How many were found.
    pub(super) fn len(&self) -> usize {
        self.issues.len()
    }

    /// Gives a place to those that were found since.
    pub(super) fn place(&mut self, since: usize, line: u32, column: u32) {
        for issue in self.issues.iter_mut().skip(since) {
            issue.position = Some(Position { line, column });
        }
    }

    /// Adds an issue, up to the bound.
    pub(super) fn say(&mut self, issue: Issue) {
        if !self.full() {
            self.issues.push(issue);
        }
    }

    /// Adds an issue that needs no more words.
    pub(super) fn tell(&mut self, code: Code, path: &Path<'_>) {
        self.say(Issue::new(code).at(path.write()));
    }

    /// Adds an `element-invalid`.
    pub(super) fn invalid(&mut self, path: &Path<'_>, fr: &str, en: &str) {
        let issue = Issue::new(Code::ElementInvalid).at(path.write());
        self.say(issue.detail(fr, en));
    }

    /// Adds an `element-invalid` with one of the sentences above.
    pub(super) fn wrong(&mut self, path: &Path<'_>, (fr, en): Why) {
        self.invalid(path, fr, en);
    }
}
