//! A resource with what is wrong in its form: what else its reading tells is told with it, so that a client hears of everything at once.

use serde_json::Value;

use super::{MAX_ISSUES, check};
use crate::error::{Code, Error, Issue};

/// A resource as it came.
pub struct Taken {
    /// What was understood of it; not to be trusted while there are issues.
    pub value: Value,
    /// What R4 finds wrong with it.
    pub issues: Vec<Issue>,
}

impl Taken {
    /// A resource of that type, judged by R4.
    pub fn judged(value: Value, resource_type: &str) -> Self {
        let issues = check(&value, resource_type, resource_type);
        Self { value, issues }
    }

    /// What `read` makes of it; `told` gives what a reading found without failing.
    ///
    /// # Errors
    /// What is wrong in the form, and what `read` tells of places that the form has nothing against.
    pub fn read<T>(
        &self,
        read: impl FnOnce(&Value) -> Result<T, Error>,
        told: impl FnOnce(T) -> Vec<Issue>,
    ) -> Result<T, Error> {
        let made = read(&self.value);
        if self.issues.is_empty() {
            return made;
        }
        let told = made.map_or_else(|error| error.issues, told);
        Err(Error::many(with_others(self.issues.clone(), told)))
    }
}

/// Issues of the form, then those of a reading; where both speak of one place, or one of what is in the other's, the form is right. What is
/// wrong inside a document that an element holds is no matter of its form.
pub fn with_others(mut form: Vec<Issue>, told: Vec<Issue>) -> Vec<Issue> {
    let is_other = |issue: &Issue| {
        if issue.inside.is_some() {
            return true;
        }
        let Some(path) = issue.expression.as_deref() else {
            return issue.code != Code::Internal;
        };
        let at_form = |form: &Issue| {
            let form = form.expression.as_deref().unwrap_or_default();
            path == form || (form.contains('.') && is_in(path, form)) || is_in(form, path)
        };
        !form.iter().any(at_form)
    };
    let others: Vec<_> = told.into_iter().filter(is_other).collect();
    form.extend(others);
    form.truncate(MAX_ISSUES);
    form
}

/// True for a place inside another.
fn is_in(path: &str, around: &str) -> bool {
    let rest = path.strip_prefix(around);
    rest.is_some_and(|rest| rest.starts_with(['.', '[']))
}
