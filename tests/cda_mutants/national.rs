//! The national documents get the verdict that they deserve: these departures and no other.

use std::collections::BTreeMap;
use std::path::Path;

use passerelle::dmp::context::Validation;
use passerelle::error::{Code, Severity};

use super::clinical::judge;

const EXPECTED: &str = include_str!("expected.txt");

#[test]
fn each_departure_is_one_that_was_looked_at() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/cda");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: no documents at {}", folder.display());
        return;
    };
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).unwrap();
        let issues = judge(&bytes, Validation::Guide);
        assert!(
            issues.iter().all(|one| one.severity == Severity::Warning),
            "{name}: {issues:?}"
        );
        let odd = issues.iter().filter(|one| one.code != Code::InsInvalid);
        let odd: Vec<String> = odd
            .map(|one| format!("{} {}", one.check, one.line.unwrap()))
            .collect();
        if !odd.is_empty() {
            found.insert(name, odd);
        }
    }
    let lines = found
        .iter()
        .map(|(name, odd)| format!("{name}: {}\n", odd.join(", ")));
    assert_eq!(lines.collect::<String>(), EXPECTED);
}
