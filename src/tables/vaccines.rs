//! Which diseases a vaccine is against, by the beginning of its ATC code (`mappings/vaccine-diseases.csv`).

use serde::Deserialize;

use super::files::Files;
use super::sheet::{Problems, Sheet};

/// A disease that a vaccine is against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disease {
    /// ICD-10 code.
    pub icd10: String,
    /// In French.
    pub fr: String,
}

/// The diseases, by the beginning of an ATC code.
#[derive(Debug)]
pub struct Vaccines(Vec<(String, Disease)>);

#[derive(Deserialize)]
struct Row {
    atc: String,
    icd10: String,
    fr: String,
}

impl Vaccines {
    pub(super) fn read(files: &Files, problems: &mut Problems) -> Self {
        let text = files.get("vaccine-diseases.csv");
        let sheet = Sheet::read(&text.file, &text.text, problems);
        let mut rows = Vec::new();
        for (line, row) in sheet.rows_as::<Row>(&["atc", "icd10", "fr"], problems) {
            let Row { atc, icd10, fr } = row;
            if atc.is_empty() || icd10.is_empty() || fr.is_empty() {
                problems.at(&text.file, line, "a value is missing".to_owned());
                continue;
            }
            rows.push((atc, Disease { icd10, fr }));
        }
        Self(rows)
    }

    /// The diseases that a vaccine of that ATC code is against.
    pub fn diseases<'a>(&'a self, atc: &'a str) -> impl Iterator<Item = &'a Disease> {
        let rows = self.0.iter();
        rows.filter(move |(start, _)| atc.starts_with(start.as_str()))
            .map(|(_, disease)| disease)
    }
}
