//! `docs/conformance.md`: every row of what the guides ask names a test that is there.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

#[test]
fn every_requirement_names_a_test_that_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("docs/conformance.md")).unwrap();
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        .map(|line| line.split(" | ").collect())
        .filter(|cells: &Vec<&str>| cells.len() == 4 && cells[0] != "requirement")
        .collect();
    assert!(rows.len() > 40, "{}", rows.len());
    let mut faults = Vec::new();
    for row in rows {
        for named in row[3].split(", ") {
            let parts: Vec<&str> = named.split('`').collect();
            let ["", file, " ", name, ""] = parts[..] else {
                faults.push(format!("{}: {named}", row[0]));
                continue;
            };
            let source = std::fs::read_to_string(root.join(file)).unwrap_or_default();
            if !source.contains(&format!("fn {name}(")) {
                faults.push(format!("{}: {file} has no {name}", row[0]));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
