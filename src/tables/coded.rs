//! A map whose key is a code with its system: codes repeat between systems.

use std::collections::HashMap;

use crate::dmp::code::Code;

/// Values by code and system.
#[derive(Debug)]
pub(super) struct Coded<T>(HashMap<String, Vec<(String, T)>>);

impl<T> Coded<T> {
    /// An empty map.
    pub(super) fn new() -> Self {
        Self(HashMap::new())
    }

    /// Adds a value; false when there is one already.
    pub(super) fn insert(&mut self, code: String, system: String, value: T) -> bool {
        let same = self.0.entry(code).or_default();
        let new = same.iter().all(|(known, _)| *known != system);
        if new {
            same.push((system, value));
        }
        new
    }

    /// The value of a code in its system; labels are not looked at.
    pub(super) fn get(&self, code: &Code) -> Option<&T> {
        let same = self.0.get(&code.code)?;
        same.iter()
            .find(|(system, _)| *system == code.system)
            .map(|(_, value)| value)
    }

    /// True when some system has this code.
    pub(super) fn has_code(&self, code: &str) -> bool {
        self.0.contains_key(code)
    }

    /// Every code with its system, in no order.
    pub(super) fn keys(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().flat_map(|(code, same)| {
            same.iter()
                .map(|(system, _)| (code.as_str(), system.as_str()))
        })
    }
}
