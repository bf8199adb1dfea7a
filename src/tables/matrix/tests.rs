#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::tables::Tables;
use crate::tables::terminology::List;

fn matrix() -> Matrix {
    Tables::built_in().matrix
}

/// A matrix of these layers over the built-in lists.
fn of(layers: &[&str]) -> (Matrix, Result<(), Vec<String>>) {
    let directory = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for (index, text) in layers.iter().enumerate() {
        let path = directory.path().join(format!("layer{index}.csv"));
        std::fs::write(&path, text).unwrap();
        paths.push(path);
    }
    let files = crate::tables::files::Files::built_in();
    let mut problems = Problems::default();
    let sources = Sources::of(&files, &paths, &mut problems);
    let terminology = Tables::built_in().terminology;
    let matrix = Matrix::read(&sources, terminology.list(List::Type), &mut problems);
    (matrix, problems.none_or(()))
}

const HEAD: &str = "# name: test\n# version: 1\n# date: 2026-01-01\n# source: a test\n";

fn layer(rows: &str) -> String {
    format!("{HEAD}{rows}")
}

#[test]
fn the_version_names_each_layer() {
    assert_eq!(matrix().version, "CNAM-2024-09+seed-2025-06");
}

#[test]
fn a_profession_outside_the_matrix_reads_nothing() {
    let matrix = matrix();
    for profession in ["31", "35", "93", "41", "99", "GENR08", "", "1O"] {
        assert_eq!(matrix.readable(profession), None, "{profession}");
    }
    for profession in ["10", "21", "98", "316", "317"] {
        assert!(matrix.readable(profession).is_some(), "{profession}");
    }
}

#[test]
fn a_physician_reads_every_type_but_the_signature() {
    let matrix = matrix();
    let types = matrix.readable("10").unwrap();
    assert_eq!(types.codes.len(), 107);
    assert!(!types.codes.iter().any(|code| code == "E1762"));
    assert!(!types.all, "a filter by type still hides E1762");
    assert!(types.codes.is_sorted());
}

#[test]
fn a_type_set_is_shared_not_copied() {
    let matrix = matrix();
    let first = matrix.readable("60").unwrap().clone();
    let second = matrix.readable("60").unwrap().clone();
    assert!(Arc::ptr_eq(&first.codes, &second.codes));
}

#[test]
fn a_deposit_may_carry_the_types_of_j66_only() {
    let matrix = matrix();
    assert!(matrix.knows_type("11488-4") && matrix.knows_type("E1762"));
    for code in ["*DICOM-PROCEDURE*", "*", "34876-3", "", "11488-4 "] {
        assert!(!matrix.knows_type(code), "{code}");
    }
}

#[test]
fn a_cell_is_explained_by_its_layer() {
    let permit = matrix().explain("11488-4", "10");
    assert_eq!((permit.decision, permit.layer.as_str()), ("permit", "CNAM"));
    assert_eq!(permit.version, "2024-09");
    assert!(permit.source.contains("CNAM"));
    assert!(permit.row.starts_with("matrix-base.csv:") && permit.row.contains("(xlsx row "));
    let deny = matrix().explain("78601-2", "70");
    assert_eq!((deny.decision, deny.layer.as_str()), ("deny", "seed"));
    assert_eq!(deny.row, "matrix-seed.csv:7 (SEED-004)");
}

#[test]
fn silence_is_a_denial_that_says_why() {
    let matrix = matrix();
    for (type_code, profession, why) in [
        (
            "99999-9",
            "10",
            "type 99999-9 is not in JDV_J66-TypeCode-DMP",
        ),
        ("*", "10", "type * is not in JDV_J66-TypeCode-DMP"),
        ("11488-4", "77", "profession 77 is unknown"),
        ("11488-4", "99", "needs a role"),
        ("11488-4", "31", "not in the published matrix"),
        ("11488-4", "41", "dmp.contested_groups"),
        ("E1762", "10", "not a clinical type"),
        ("E1762", "21", "not a clinical type"),
    ] {
        let explained = matrix.explain(type_code, profession);
        assert_eq!(explained.decision, "deny");
        assert_eq!(explained.layer, "default");
        assert!(explained.row.contains(why), "{}", explained.row);
    }
}

#[test]
fn the_pattern_row_is_explained_and_never_readable() {
    let matrix = matrix();
    let explained = matrix.explain("*DICOM-PROCEDURE*", "40");
    assert_eq!(
        (explained.decision, explained.layer.as_str()),
        ("permit", "CNAM")
    );
    assert_eq!(matrix.explain("*DICOM-PROCEDURE*", "28").decision, "deny");
    let types = matrix.readable("40").unwrap();
    assert!(types.codes.iter().all(|code| matrix.knows_type(code)));
}

#[test]
fn an_explanation_is_the_json_of_the_contract() {
    let json = serde_json::to_value(matrix().explain("11488-4", "10")).unwrap();
    let keys: Vec<&String> = json.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "type",
            "profession",
            "decision",
            "layer",
            "version",
            "source",
            "row"
        ]
    );
}

#[test]
fn a_later_layer_wins_where_it_speaks() {
    let (matrix, problems) = of(&[
        &layer("type,row,10,60\n11488-4,a,1,1\n11502-2,b,1,\n"),
        &layer("type,row,60\n11488-4,c,0\n"),
    ]);
    problems.unwrap();
    assert_eq!(matrix.version, "test-1+test-1");
    assert_eq!(matrix.explain("11488-4", "60").decision, "deny");
    assert_eq!(matrix.explain("11488-4", "10").decision, "permit");
    let silent = matrix.explain("11502-2", "60");
    assert_eq!(
        (silent.decision, silent.layer.as_str()),
        ("deny", "default")
    );
    assert!(silent.row.contains("no layer has a cell"));
}

#[test]
fn a_type_newer_than_the_matrix_is_for_physicians() {
    let (matrix, problems) = of(&[&layer("type,row,10,60\n11488-4,a,0,1\n")]);
    problems.unwrap();
    let newer = matrix.explain("11502-2", "10");
    assert_eq!(
        (newer.decision, newer.layer.as_str()),
        ("permit", "default")
    );
    assert_eq!(matrix.explain("11502-2", "60").decision, "deny");
    assert_eq!(matrix.explain("E1762", "10").decision, "deny");
    assert_eq!(matrix.readable("10").unwrap().codes.len(), 106);
}

#[test]
fn the_default_layer_opens_no_column() {
    let (matrix, problems) = of(&[&layer("type,row,60\n11488-4,a,1\n")]);
    problems.unwrap();
    assert_eq!(matrix.readable("10"), None);
    assert_eq!(matrix.explain("11502-2", "10").decision, "deny");
}

#[test]
fn all_means_that_a_filter_would_change_nothing() {
    let terminology = Tables::built_in().terminology;
    let mut rows = "type,row,10\n".to_owned();
    for code in terminology.list(List::Type).members() {
        rows.push_str(&format!("{},x,1\n", code.code));
    }
    let (matrix, problems) = of(&[&layer(&rows)]);
    problems.unwrap();
    assert!(matrix.readable("10").unwrap().all);
}

#[test]
fn each_malformed_layer_has_its_message() {
    for (text, expected) in [
        (
            "type,row,10\n11488-4,a,1\n",
            "a line \"# name: …\" is missing",
        ),
        (
            &layer("type,10\n11488-4,1\n"),
            "the columns must be type,row",
        ),
        (
            &layer("type,row,10,10\n11488-4,a,1,1\n"),
            "column 10 is there twice",
        ),
        (
            &layer("type,row,p10\n11488-4,a,1\n"),
            "column p10 is no profession",
        ),
        (
            &layer("type,row,99\n11488-4,a,1\n"),
            "column 99 cannot stand alone",
        ),
        (
            &layer("type,row,10\n11488-4,a,2\n"),
            "layer0.csv:6: the cell of 10 is \"2\" where 1, 0 or nothing may stand.",
        ),
        (
            &layer("type,row,10\n99999-9,a,1\n"),
            "layer0.csv:6: type 99999-9 is not in JDV_J66-TypeCode-DMP.",
        ),
        (
            &layer("type,row,10\n*,a,1\n"),
            "layer0.csv:6: type * is not in",
        ),
        (
            &layer("type,row,10\n11488-4,a,1\n11488-4,b,0\n"),
            "layer0.csv:7: type 11488-4 is there twice.",
        ),
        (
            &layer("type,row,10\n11488-4,a\n"),
            "layer0.csv:6: 2 fields where the header has 3.",
        ),
        (&layer("type,row,10\n"), "no row at all"),
        ("", "no row at all"),
    ] {
        let problems = of(&[text]).1.unwrap_err();
        assert!(
            problems.iter().any(|problem| problem.contains(expected)),
            "{expected}: {problems:?}"
        );
    }
}
