//! The named checks as data: `mappings/cda-checks.csv`.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::tables::terminology::List;

/// How a row of the table is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Test {
    /// The element is there, a null flavour counts.
    Element,
    /// The element is there with something in it.
    Filled,
    /// The path is there at least once in the document.
    Somewhere,
    /// The attribute is there and not blank.
    Attribute,
    /// The attribute is one of the argument.
    Value,
    /// The attribute is the argument in at least one element.
    AnyValue,
    /// The attribute is an OID or a UUID.
    Oid,
    /// The attribute is a whole number.
    Number,
    /// The attribute is a point in time.
    Time,
    /// The code is in the list of the DMP.
    List,
    /// The element is there once at most.
    Once,
    /// Written in Rust, found by its name.
    Coded,
}

/// How grave it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Weight {
    /// A warning in both modes.
    Warning,
    /// An error in strict mode.
    Detail,
}

/// One named check.
#[derive(Debug, Deserialize)]
pub(super) struct Row {
    /// Stable kebab-case name.
    pub name: String,
    /// How grave it is.
    pub weight: Weight,
    /// `yes` when a deposit is warned too.
    pub deposit: String,
    /// 1 when a missing element is a finding.
    pub min: u8,
    /// How it is checked.
    pub test: Test,
    /// From the document element down; `a|b` at its end means either, `@name` an attribute.
    pub path: String,
    /// Values parted by `|`.
    pub argument: String,
    /// What is wrong, in French.
    pub fr: String,
    /// What is wrong, in English.
    pub en: String,
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let text = include_str!("../../../../mappings/cda-checks.csv");
    csv::Reader::from_reader(text.as_bytes())
        .deserialize::<Row>()
        .filter_map(Result::ok)
        .collect()
});

/// All checks, in the order of the table.
pub(super) fn rows() -> &'static [Row] {
    &ROWS
}

/// The check of that name.
pub(super) fn row(name: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == name)
}

impl Row {
    /// True when a deposit is warned.
    pub(super) fn is_told_at_deposit(&self) -> bool {
        self.deposit == "yes"
    }

    /// The element steps of the path, and its attribute.
    pub(super) fn steps(&self) -> (&str, Option<&str>) {
        match self.path.rsplit_once("/@") {
            Some((elements, attribute)) => (elements, Some(attribute)),
            None => (&self.path, None),
        }
    }

    /// The values of the argument.
    pub(super) fn values(&self) -> impl Iterator<Item = &str> {
        self.argument.split('|')
    }

    /// The list of the argument.
    pub(super) fn list(&self) -> Option<List> {
        match self.argument.as_str() {
            "FacilityType" => Some(List::FacilityType),
            "PracticeSetting" => Some(List::PracticeSetting),
            "AuthorSpecialty" => Some(List::AuthorSpecialty),
            "AuthorRole" => Some(List::AuthorRole),
            _ => None,
        }
    }

    /// What is expected there, in words for a reader.
    pub(super) fn expected(&self) -> String {
        let (elements, attribute) = self.steps();
        let last = elements.rsplit('/').next().unwrap_or_default();
        match self.test {
            Test::Oid => format!("@{}: OID | UUID", attribute.unwrap_or_default()),
            Test::Number => "1, 2, 3 …".to_owned(),
            Test::Time => "YYYYMMDDHHMMSS±HHMM".to_owned(),
            Test::Attribute => format!("@{}", attribute.unwrap_or_default()),
            Test::Once => "1".to_owned(),
            Test::Element | Test::Filled | Test::Somewhere => last.replace('|', " | "),
            _ => self.argument.replace('|', " | "),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_line_of_the_table_is_a_check_with_a_name_of_its_own() {
        let text = include_str!("../../../../mappings/cda-checks.csv");
        assert_eq!(rows().len(), text.lines().count() - 1);
        let mut names = HashSet::new();
        for row in rows() {
            assert!(names.insert(&row.name), "{} twice", row.name);
            let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(row.name.chars().all(kebab), "{}", row.name);
            assert!(
                ["yes", "no"].contains(&row.deposit.as_str()),
                "{}",
                row.name
            );
            assert_eq!(row.test == Test::List, row.list().is_some(), "{}", row.name);
            assert_eq!(row.test == Test::Coded, row.path.is_empty(), "{}", row.name);
            let has_words = !row.fr.is_empty() && !row.en.is_empty();
            assert_eq!(has_words, row.test != Test::List, "{}", row.name);
        }
    }
}
