//! `docs/rules.md` against the catalogue's ids and the tests that it names, and `mappings/rules.csv` against the ids that the code uses.

#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/catalogue.rs"]
mod catalogue;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use passerelle::tables::Tables;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The rows of the table of rules: id, what is done, where it is held.
fn rows() -> Vec<[String; 3]> {
    let text = std::fs::read_to_string(root().join("docs/rules.md")).unwrap();
    text.lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.strip_prefix("| ")?.split(" | ").collect();
            let [id, done, held] = cells[..] else {
                return None;
            };
            let held = held.trim_end_matches(" |");
            let prefix = id.split('-').next()?;
            let known = catalogue::PREFIXES
                .iter()
                .any(|(known, _)| *known == prefix);
            known.then(|| [id, done, held].map(str::to_owned))
        })
        .collect()
}

#[test]
fn every_rule_of_the_catalogue_has_one_row_in_its_order() {
    let ids: Vec<String> = rows().into_iter().map(|[id, ..]| id).collect();
    assert_eq!(catalogue::ids().len(), 171);
    assert_eq!(ids, catalogue::ids());
}

#[test]
fn every_row_names_a_test_that_is_there_or_a_reason() {
    let mut faults = Vec::new();
    for [id, done, held] in rows() {
        if let Some(reason) = held.strip_prefix("outside: ") {
            assert!(reason.len() > 10, "{id}: {reason}");
            continue;
        }
        assert!(done.len() > 10, "{id}: {done}");
        let mut tests = 0;
        for named in held.split(", ") {
            let parts: Vec<&str> = named.split('`').collect();
            let ["", file, " ", name, ""] = parts[..] else {
                faults.push(format!("{id}: {named}"));
                continue;
            };
            tests += 1;
            let text = std::fs::read_to_string(root().join(file)).unwrap_or_default();
            if !text.contains(&format!("fn {name}(")) {
                faults.push(format!("{id}: {file} has no {name}"));
            }
        }
        assert!(tests > 0, "{id}");
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_rule_that_the_code_names_has_its_sentences() {
    let known: BTreeSet<String> = catalogue::ids().into_iter().collect();
    let mut used = BTreeSet::new();
    walk(&root().join("src"), &mut |text| {
        // Every other part between quotes is a literal; ids hold neither quote nor escape.
        let literals = text.split('"').filter(|part| known.contains(*part));
        used.extend(literals.map(str::to_owned));
    });
    assert!(used.len() > 50, "{used:?}");
    let tables = Tables::built_in();
    let mute: Vec<&String> = used
        .iter()
        .filter(|id| tables.rules.sentence(id).is_none())
        .collect();
    assert!(
        mute.is_empty(),
        "without a row in mappings/rules.csv: {mute:?}"
    );
}

fn walk(folder: &Path, each: &mut impl FnMut(&str)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, each);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            each(&std::fs::read_to_string(&path).unwrap());
        }
    }
}
