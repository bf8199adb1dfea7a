//! What patients deposit themselves (`patient-deposits.csv`).

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use super::ValueSet;
use super::maps::Maps;
use crate::tables::files::Files;
use crate::tables::sheet::{Problems, Sheet};

/// Types and media types of a patient's own documents.
#[derive(Debug, Default)]
pub(super) struct PatientDeposits {
    pub(super) types: HashSet<String>,
    pub(super) media: HashMap<String, String>,
}

#[derive(Deserialize)]
struct Row {
    what: String,
    code: String,
    means: String,
}

impl PatientDeposits {
    /// Reads the table; a type must be of J66, what a media type means must have a format.
    pub(super) fn read(
        files: &Files,
        types: &ValueSet,
        maps: &Maps,
        problems: &mut Problems,
    ) -> Self {
        let text = files.get("patient-deposits.csv");
        let sheet = Sheet::read(&text.file, &text.text, problems);
        let mut read = Self::default();
        for (line, row) in sheet.rows_as::<Row>(&["what", "code", "means"], problems) {
            let known = match row.what.as_str() {
                "type" => types.has_code(&row.code),
                "media" => maps.format_of_media_type(&row.means).is_some(),
                _ => {
                    problems.at(&text.file, line, "what must be type or media");
                    continue;
                }
            };
            if !known {
                let what = format!("{} is in no list of the DMP", row.code);
                problems.at(&text.file, line, what);
            }
            let new = match row.what.as_str() {
                "type" => read.types.insert(row.code.clone()),
                _ => read.media.insert(row.code.clone(), row.means).is_none(),
            };
            if !new {
                problems.at(&text.file, line, format!("{} is there twice", row.code));
            }
        }
        read
    }
}
