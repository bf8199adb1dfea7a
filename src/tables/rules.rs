//! What each rule of a decision asks, in words (`mappings/rules.csv`).

use std::collections::HashMap;

use serde::Deserialize;

use super::files::Files;
use super::sheet::{Problems, Sheet};

/// A rule in words.
#[derive(Debug, Clone, Deserialize)]
pub struct Sentence {
    /// In French.
    pub fr: String,
    /// In English.
    pub en: String,
}

/// The sentences, by the id of their rule.
#[derive(Debug)]
pub struct Rulebook(HashMap<String, Sentence>);

#[derive(Deserialize)]
struct Row {
    rule: String,
    fr: String,
    en: String,
}

impl Rulebook {
    pub(super) fn read(files: &Files, problems: &mut Problems) -> Self {
        let text = files.get("rules.csv");
        let sheet = Sheet::read(&text.file, &text.text, problems);
        let mut sentences = HashMap::new();
        for (line, row) in sheet.rows_as::<Row>(&["rule", "fr", "en"], problems) {
            let Row { rule, fr, en } = row;
            if fr.is_empty() || en.is_empty() {
                problems.at(&text.file, line, format!("{rule} lacks a sentence"));
            }
            if sentences.contains_key(&rule) {
                problems.at(&text.file, line, format!("{rule} is there twice"));
            }
            sentences.insert(rule, Sentence { fr, en });
        }
        Self(sentences)
    }

    /// The sentence of a rule.
    pub fn sentence(&self, rule: &str) -> Option<&Sentence> {
        self.0.get(rule)
    }
}
