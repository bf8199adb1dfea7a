//! One file of tables: `#` lines that name it, then CSV with a header row.

use std::collections::HashMap;

use serde::de::DeserializeOwned;

/// Problems told beyond this number are counted only.
const MOST_PROBLEMS: usize = 50;

/// What is wrong, one sentence each.
#[derive(Debug, Default)]
pub(super) struct Problems {
    told: Vec<String>,
    untold: usize,
}

impl Problems {
    /// Adds one sentence.
    pub(super) fn add(&mut self, sentence: impl Into<String>) {
        if self.told.len() < MOST_PROBLEMS {
            self.told.push(sentence.into());
        } else {
            self.untold += 1;
        }
    }

    /// Adds one sentence about a line of a file.
    pub(super) fn at(&mut self, file: &str, line: u64, what: impl std::fmt::Display) {
        self.add(format!("{file}:{line}: {what}."));
    }

    /// `value` when there is no problem.
    pub(super) fn none_or<T>(mut self, value: T) -> Result<T, Vec<String>> {
        if self.untold > 0 {
            self.told.push(format!("{} more problems.", self.untold));
        }
        if self.told.is_empty() {
            Ok(value)
        } else {
            Err(self.told)
        }
    }
}

/// What the `#` lines of a file say of it.
#[derive(Debug, Default, Clone)]
pub(super) struct About {
    /// The name of the table.
    pub(super) name: String,
    /// Its version.
    pub(super) version: String,
    /// Where it comes from.
    pub(super) source: String,
}

/// A file, read.
#[derive(Debug)]
pub(super) struct Sheet<'a> {
    /// Its name, for sentences.
    pub(super) file: &'a str,
    /// Name, version, source.
    pub(super) about: About,
    /// The header row.
    pub(super) header: csv::StringRecord,
    /// The other rows, each with its line.
    pub(super) rows: Vec<(u64, csv::StringRecord)>,
}

impl<'a> Sheet<'a> {
    /// Reads a file; rows that cannot be read are told and left out.
    pub(super) fn read(file: &'a str, text: &str, problems: &mut Problems) -> Self {
        let about = about(file, text, problems);
        let mut reader = csv::ReaderBuilder::new()
            .comment(Some(b'#'))
            .from_reader(text.as_bytes());
        let header = reader.headers().cloned().unwrap_or_default();
        let mut rows = Vec::new();
        for record in reader.records() {
            match record {
                Ok(record) => rows.push((record.position().map_or(0, csv::Position::line), record)),
                Err(error) => problems.at(
                    file,
                    error.position().map_or(0, csv::Position::line),
                    explain(&error),
                ),
            }
        }
        if rows.is_empty() {
            problems.add(format!("{file}: no row at all."));
        }
        Self {
            file,
            about,
            header,
            rows,
        }
    }

    /// The rows of a table with fixed columns.
    pub(super) fn rows_as<T: DeserializeOwned>(
        &self,
        columns: &[&str],
        problems: &mut Problems,
    ) -> Vec<(u64, T)> {
        if self.header != *columns {
            let expected = columns.join(",");
            problems.add(format!(
                "{}: the columns must be {expected}, in this order.",
                self.file
            ));
            return Vec::new();
        }
        let mut read = Vec::with_capacity(self.rows.len());
        for (line, record) in &self.rows {
            match record.deserialize(Some(&self.header)) {
                Ok(row) => read.push((*line, row)),
                Err(error) => problems.at(self.file, *line, explain(&error)),
            }
        }
        read
    }
}

fn about(file: &str, text: &str, problems: &mut Problems) -> About {
    let said: HashMap<&str, &str> = text
        .lines()
        .map_while(|line| line.strip_prefix('#'))
        .filter_map(|line| line.split_once(':'))
        .map(|(key, value)| (key.trim(), value.trim()))
        .collect();
    let mut get = |key: &str| match said.get(key) {
        Some(value) if !value.is_empty() => (*value).to_owned(),
        _ => {
            problems.add(format!(
                "{file}: a line \"# {key}: …\" is missing at the top."
            ));
            String::new()
        }
    };
    // The date is for readers of the file; it must be there all the same.
    get("date");
    About {
        name: get("name"),
        version: get("version"),
        source: get("source"),
    }
}

fn explain(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("{len} fields where the header has {expected_len}"),
        csv::ErrorKind::Utf8 { .. } => "not UTF-8".to_owned(),
        csv::ErrorKind::Deserialize { err, .. } => err.kind().to_string(),
        _ => error.to_string(),
    }
}
