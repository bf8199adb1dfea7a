//! What is wrong in a configuration, where, and what to do about it.

use std::fmt;

/// One problem. Its text never holds the value of a setting that may hold a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// `server.listen`, the name of an environment variable, or the file itself.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub cure: String,
}

impl Problem {
    /// A problem with its cure.
    pub fn new(
        key: impl Into<String>,
        message: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Self {
            key: key.into(),
            message: message.into(),
            cure: cure.into(),
        }
    }

    /// A key that nothing reads, with the known one that it resembles most.
    pub(super) fn unknown<'a>(
        key: impl Into<String>,
        known: impl Iterator<Item = &'a str>,
    ) -> Self {
        let key = key.into();
        let nearest = known
            .map(|candidate| (distance(&key, candidate), candidate))
            .filter(|(distance, candidate)| *distance <= candidate.len() / 3)
            .min();
        let cure = match nearest {
            Some((_, candidate)) => format!("did you mean {candidate}?"),
            None => "remove it".to_owned(),
        };
        Self::new(key, "unknown key", cure)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.key, self.message, self.cure)
    }
}

/// Levenshtein distance, in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (to, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let above = *cell;
            let replaced = diagonal + usize::from(from != *to);
            *cell = replaced.min(above + 1).min(left + 1);
            (diagonal, left) = (above, *cell);
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_single_edits() {
        for (a, b, expected) in [
            ("", "", 0),
            ("listen", "listen", 0),
            ("listn", "listen", 1),
            ("kitten", "sitting", 3),
            ("", "abc", 3),
            ("abc", "", 3),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }
}
