//! One layer of the matrix: a row per type, a column per profession; an empty cell says nothing.

use std::collections::HashMap;

use serde::Deserialize;

use super::ANY_TYPE;
use crate::tables::files::Text;
use crate::tables::sheet::{About, Problems, Sheet};
use crate::tables::terminology::ValueSet;

/// The columns before the professions.
const LEADING: [&str; 2] = ["type", "row"];

/// A profession, role or genre d'activité that may be a column.
#[derive(Debug)]
pub(super) struct Profession {
    /// French label.
    pub(super) label: String,
    /// Why it may be without a column; empty for most.
    pub(super) note: String,
    /// False for the codes that need a role or genre beside them.
    may_be_column: bool,
}

#[derive(Deserialize)]
struct ProfessionRow {
    code: String,
    label: String,
    column: String,
    note: String,
}

/// Reads `professions.csv`.
pub(super) fn read_professions(
    text: &Text,
    problems: &mut Problems,
) -> HashMap<String, Profession> {
    let sheet = Sheet::read(&text.file, &text.text, problems);
    let mut professions = HashMap::new();
    let columns = ["code", "oid", "label", "column", "note"];
    for (line, row) in sheet.rows_as::<ProfessionRow>(&columns, problems) {
        if !matches!(row.column.as_str(), "yes" | "no") {
            problems.at(&text.file, line, "column must be yes or no");
        }
        let twice = format!("{} is there twice", row.code);
        let profession = Profession {
            label: row.label,
            note: row.note,
            may_be_column: row.column == "yes",
        };
        if professions.insert(row.code, profession).is_some() {
            problems.at(&text.file, line, twice);
        }
    }
    professions
}

/// One layer.
#[derive(Debug)]
pub(super) struct Layer {
    /// Name, version, source.
    pub(super) about: About,
    file: String,
    columns: HashMap<String, usize>,
    rows: HashMap<String, Row>,
}

/// One row of a layer.
#[derive(Debug)]
pub(super) struct Row {
    line: u64,
    /// Its row in the source.
    source: String,
    cells: Vec<Option<bool>>,
}

impl Layer {
    /// Reads a layer; types and professions must be known. A row for any type is the default layer's alone.
    pub(super) fn read(
        text: &Text,
        is_default: bool,
        types: &ValueSet,
        professions: &HashMap<String, Profession>,
        problems: &mut Problems,
    ) -> Self {
        let sheet = Sheet::read(&text.file, &text.text, problems);
        let columns = read_columns(&sheet, professions, problems);
        let mut rows: HashMap<String, Row> = HashMap::new();
        for (line, record) in &sheet.rows {
            let mut fields = record.iter();
            let type_code = fields.next().unwrap_or_default();
            let source = fields.next().unwrap_or_default();
            let any = is_default && type_code == ANY_TYPE;
            if !any && !types.has_code(type_code) && !is_pattern(type_code) {
                let what = format!("type {type_code} is not in {}", types.name);
                problems.at(sheet.file, *line, what);
            }
            let mut cells = Vec::new();
            for (field, profession) in fields.zip(sheet.header.iter().skip(LEADING.len())) {
                cells.push(match field {
                    "1" => Some(true),
                    "0" => Some(false),
                    "" => None,
                    other => {
                        let what = format!(
                            "the cell of {profession} is \"{other}\" where 1, 0 or nothing may stand"
                        );
                        problems.at(sheet.file, *line, what);
                        None
                    }
                });
            }
            let row = Row {
                line: *line,
                source: source.to_owned(),
                cells,
            };
            if rows.insert(type_code.to_owned(), row).is_some() {
                let what = format!("type {type_code} is there twice");
                problems.at(sheet.file, *line, what);
            }
        }
        Self {
            about: sheet.about,
            file: text.file.clone(),
            columns,
            rows,
        }
    }

    /// The name with the version, as `Matrix::version` lists it.
    pub(super) fn label(&self) -> String {
        format!("{}-{}", self.about.name, self.about.version)
    }

    /// The professions that have a column here.
    pub(super) fn professions(&self) -> impl Iterator<Item = &str> {
        self.columns.keys().map(String::as_str)
    }

    /// True when the layer has a row of this type.
    pub(super) fn has_row(&self, type_code: &str) -> bool {
        self.rows.contains_key(type_code)
    }

    /// The row of a type.
    pub(super) fn row(&self, type_code: &str) -> Option<&Row> {
        self.rows.get(type_code)
    }

    /// What the layer says of a type and a profession, and in which row.
    pub(super) fn cell(&self, type_code: &str, profession: &str) -> Option<(bool, &Row)> {
        let row = self.rows.get(type_code)?;
        let cell = row.cells.get(*self.columns.get(profession)?)?;
        cell.map(|permits| (permits, row))
    }

    /// Where a row stands: file, line and row of the source.
    pub(super) fn place(&self, row: &Row) -> String {
        format!("{}:{} ({})", self.file, row.line, row.source)
    }
}

/// A name between stars stands for types outside JDV_J66 (`*DICOM-PROCEDURE*`): kept to be explained, no document can have it.
fn is_pattern(type_code: &str) -> bool {
    type_code.len() > 2 && type_code.starts_with('*') && type_code.ends_with('*')
}

fn read_columns(
    sheet: &Sheet<'_>,
    professions: &HashMap<String, Profession>,
    problems: &mut Problems,
) -> HashMap<String, usize> {
    let file = sheet.file;
    if !sheet.header.iter().take(LEADING.len()).eq(LEADING) {
        problems.add(format!(
            "{file}: the columns must be type,row and then professions."
        ));
    }
    let mut columns = HashMap::new();
    for (index, code) in sheet.header.iter().skip(LEADING.len()).enumerate() {
        match professions.get(code) {
            Some(known) if known.may_be_column => {}
            Some(known) => problems.add(format!(
                "{file}: column {code} cannot stand alone: {}.",
                known.note
            )),
            None => problems.add(format!(
                "{file}: column {code} is no profession of professions.csv."
            )),
        }
        if columns.insert(code.to_owned(), index).is_some() {
            problems.add(format!("{file}: column {code} is there twice."));
        }
    }
    columns
}
