//! The parameters of one search, taken one after the other; what remains at the end is unknown.

use std::collections::BTreeSet;

use super::super::Reading;
use crate::dmp::context::Validation;
use crate::error::{Code, Error, Issue};

/// Parameters that say how to answer, which the edge reads.
const ANSWER: [&str; 3] = ["_format", "_pretty", "_page"];

/// One parameter, as given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Param {
    /// The whole name, modifier and chain included.
    pub(super) name: String,
    /// The value.
    pub(super) value: String,
    taken: bool,
}

/// A search under reading.
pub(super) struct Params<'a> {
    params: Vec<Param>,
    /// The names that were asked for, present or not.
    known: BTreeSet<String>,
    pub(super) used: Vec<(String, String)>,
    pub(super) issues: Vec<Issue>,
    pub(super) strict_profile: bool,
    pub(super) reading: &'a Reading<'a>,
}

impl<'a> Params<'a> {
    pub(super) fn new(params: &[(String, String)], reading: &'a Reading<'a>) -> Self {
        let params = params
            .iter()
            .filter(|(name, _)| !ANSWER.contains(&name.as_str()))
            .map(|(name, value)| Param {
                // A guide prints one with a stray blank.
                name: name.trim().to_owned(),
                value: value.clone(),
                taken: false,
            });
        Self {
            params: params.collect(),
            known: BTreeSet::new(),
            used: Vec::new(),
            issues: Vec::new(),
            strict_profile: reading.validation == Validation::Strict,
            reading,
        }
    }

    /// Reads parameters of one name as those of another: what stands before the modifier and the chain.
    pub(super) fn alias(&mut self, aliases: &[(&str, &str)]) {
        for param in &mut self.params {
            let base = param.name.find([':', '.']).unwrap_or(param.name.len());
            let (name, rest) = param.name.split_at(base);
            if let Some((_, known)) = aliases.iter().find(|(alias, _)| *alias == name.trim_end()) {
                param.name = format!("{known}{rest}");
            }
        }
    }

    /// True when a parameter starts with that name.
    pub(super) fn any(&self, base: &str) -> bool {
        self.params.iter().any(|param| param.name.starts_with(base))
    }

    /// Takes every parameter of that base name (before a colon), with its modifier.
    pub(super) fn take(&mut self, base: &str) -> Vec<(Option<String>, String)> {
        self.known.insert(base.to_owned());
        let mut taken = Vec::new();
        for param in &mut self.params {
            let (name, modifier) = match param.name.split_once(':') {
                Some((name, modifier)) => (name, Some(modifier.to_owned())),
                None => (param.name.as_str(), None),
            };
            if name == base && !param.taken {
                param.taken = true;
                self.used.push((param.name.clone(), param.value.clone()));
                taken.push((modifier, param.value.clone()));
            }
        }
        taken
    }

    /// As [`Params::take`], but leaves chains (`author:Practitioner.name`) alone.
    pub(super) fn take_plain(&mut self, base: &str) -> Vec<(Option<String>, String)> {
        self.known.insert(base.to_owned());
        let mut taken = Vec::new();
        for param in &mut self.params {
            let modifier = match param.name.strip_prefix(base) {
                Some("") => None,
                Some(rest) if rest.starts_with(':') && !rest.contains('.') => {
                    Some(rest.trim_start_matches(':').to_owned())
                }
                _ => continue,
            };
            if !param.taken {
                param.taken = true;
                self.used.push((param.name.clone(), param.value.clone()));
                taken.push((modifier, param.value.clone()));
            }
        }
        taken
    }

    /// Takes every parameter whose whole name is one of these.
    pub(super) fn take_named(&mut self, names: &[&str]) -> Vec<(String, String)> {
        self.known
            .extend(names.iter().map(|name| (*name).to_owned()));
        let mut taken = Vec::new();
        for param in &mut self.params {
            if !param.taken && names.contains(&param.name.as_str()) {
                param.taken = true;
                self.used.push((param.name.clone(), param.value.clone()));
                taken.push((param.name.clone(), param.value.clone()));
            }
        }
        taken
    }

    /// Takes every parameter that can be read.
    pub(super) fn take_where<T>(&mut self, read: impl Fn(&str, &str) -> Option<T>) -> Vec<T> {
        let mut taken = Vec::new();
        for param in self.params.iter_mut().filter(|param| !param.taken) {
            if let Some(read) = read(&param.name, &param.value) {
                param.taken = true;
                self.used.push((param.name.clone(), param.value.clone()));
                taken.push(read);
            }
        }
        taken
    }

    pub(super) fn invalid(&mut self, name: &str) {
        let issue = Issue::new(Code::ParameterInvalid).with("parameter", name);
        self.issues.push(issue);
    }

    pub(super) fn required(&mut self, name: &str) {
        let issue = Issue::new(Code::ParameterRequired).with("parameter", name);
        self.issues.push(issue);
    }

    /// A parameter or modifier that is known and can't be honoured: leaving it out would widen the search.
    pub(super) fn unsupported(&mut self, name: &str) {
        let issue = Issue::new(Code::ParameterUnsupported).with("parameter", name);
        self.issues.push(issue);
    }

    /// Ends the reading: unknown parameters are left out and told, or refused when the client asked for strict handling. A modifier
    /// of a known one is refused in any case: left out, it would widen the search.
    ///
    /// # Errors
    /// Every issue, when one of them is an error.
    pub(super) fn finish(mut self, strict_handling: bool) -> Result<Done, Error> {
        for param in self.params.iter().filter(|param| !param.taken) {
            let issue = Issue::new(Code::ParameterUnsupported).with("parameter", &param.name);
            let modified = param.name.rsplit_once(':');
            let is_known = modified.is_some_and(|(name, _)| self.known.contains(name));
            self.issues.push(match strict_handling || is_known {
                true => issue,
                false => issue.warning(),
            });
        }
        let failed = self
            .issues
            .iter()
            .any(|issue| issue.severity == crate::error::Severity::Error);
        if failed {
            // The INS comes first in the order of refusals.
            self.issues
                .sort_by_key(|issue| issue.code != Code::InsInvalid);
            return Err(Error::many(self.issues));
        }
        Ok(Done {
            used: self.used,
            warnings: self.issues,
        })
    }
}

/// What a finished reading leaves.
pub(super) struct Done {
    pub(super) used: Vec<(String, String)>,
    pub(super) warnings: Vec<Issue>,
}
