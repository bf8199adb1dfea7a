//! Differences between the oracle and the policy, told shortly.

/// What differs so far.
#[derive(Default)]
pub struct Differences {
    count: usize,
    told: Vec<String>,
}

impl Differences {
    /// Told in full are those whose `key` is new.
    pub fn add(&mut self, key: String, case: impl FnOnce() -> String) {
        self.count += 1;
        if self.told.len() < 200 && !self.told.iter().any(|told| told.starts_with(&key)) {
            self.told.push(format!("{key}: {}", case()));
        }
    }

    /// Fails when there is one.
    pub fn none(&self) {
        assert!(
            self.count == 0,
            "{} differences, such as\n{}",
            self.count,
            self.told.join("\n")
        );
    }
}
