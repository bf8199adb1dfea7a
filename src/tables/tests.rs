#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::PathBuf;

use super::*;
use crate::dmp::code::Code;

fn settings() -> settings::Dmp {
    settings::Dmp {
        operators: Vec::new(),
        regulators: Vec::new(),
        matrix: Vec::new(),
        seed_overlay: true,
        contested_groups: false,
        authorisation_months: 12,
        age_of_majority: 18,
        allow_late_invisibility: false,
        mappings: None,
    }
}

/// A directory that holds one file.
fn directory_with(name: &str, content: impl AsRef<[u8]>) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join(name), content).unwrap();
    directory
}

fn problems_of(name: &str, content: impl AsRef<[u8]>) -> Vec<String> {
    let directory = directory_with(name, content);
    Tables::load(&settings(), Some(directory.path())).unwrap_err()
}

const HEAD: &str = "# name: test\n# version: 2\n# date: 2026-01-01\n# source: a test\n";

#[test]
fn the_built_in_tables_have_no_problem() {
    for (seed_overlay, contested_groups) in [(true, true), (false, false)] {
        let settings = settings::Dmp {
            seed_overlay,
            contested_groups,
            ..settings()
        };
        Tables::load(&settings, None).unwrap();
    }
    let loaded = Tables::load(&settings(), None).unwrap();
    assert_eq!(loaded.matrix.version, Tables::built_in().matrix.version);
}

#[test]
fn switches_choose_the_built_in_layers() {
    let bare = settings::Dmp {
        seed_overlay: false,
        ..settings()
    };
    let bare = Tables::load(&bare, None).unwrap().matrix;
    assert_eq!(bare.version, "CNAM-2024-09");
    assert_eq!(bare.explain("78601-2", "70").decision, "permit");
    let contested = settings::Dmp {
        contested_groups: true,
        ..settings()
    };
    let contested = Tables::load(&contested, None).unwrap().matrix;
    assert_eq!(
        contested.version,
        "CNAM-2024-09+seed-2025-06+contested-2024-09"
    );
    assert_eq!(contested.readable("41").unwrap().codes.len(), 9);
    assert_eq!(contested.readable("99"), None);
}

#[test]
fn a_listed_matrix_replaces_every_built_in_layer() {
    let text = format!("\u{feff}{HEAD}type,row,70\n78601-2,a,1\n");
    let directory = directory_with("mine.csv", text);
    let mine = settings::Dmp {
        matrix: vec![directory.path().join("mine.csv")],
        ..settings()
    };
    let matrix = Tables::load(&mine, None).unwrap().matrix;
    assert_eq!(matrix.version, "test-2");
    assert_eq!(matrix.readable("10"), None);
    assert_eq!(matrix.explain("78601-2", "70").layer, "test");
    let contested = settings::Dmp {
        contested_groups: true,
        ..mine
    };
    let problems = Tables::load(&contested, None).unwrap_err();
    assert!(
        problems
            .iter()
            .any(|one| one.contains("dmp.contested_groups"))
    );
}

#[test]
fn a_layer_that_cannot_be_read_is_told() {
    let settings = settings::Dmp {
        matrix: vec![PathBuf::from("/nowhere/base.csv")],
        ..settings()
    };
    let problems = Tables::load(&settings, None).unwrap_err();
    assert!(problems.first().unwrap().starts_with("/nowhere/base.csv: "));
}

#[test]
fn a_directory_replaces_files_of_the_same_name() {
    let text =
        format!("{HEAD}url,oid,seen\nhttps://mine.example/loinc,2.16.840.1.113883.6.1,here\n");
    let directory = directory_with("system-aliases.csv", text);
    std::fs::write(directory.path().join("README.md"), "not a table").unwrap();
    let tables = Tables::load(&settings(), Some(directory.path())).unwrap();
    assert_eq!(
        tables.systems.oid_of("https://mine.example/loinc"),
        Some("2.16.840.1.113883.6.1")
    );
    let gone = "http://terminology.hl7.org/CodeSystem/v3-RoleCode";
    assert_eq!(tables.systems.oid_of(gone), None);
    assert_eq!(
        tables.systems.oid_of("http://loinc.org"),
        Some("2.16.840.1.113883.6.1")
    );
}

#[test]
fn an_override_by_version_of_the_template_is_tried_first() {
    let text = format!(
        "{HEAD}template,format,format_oid,display\n1.2.250.1.213.1.1.1.37^2030.01,urn:mine,1.2.250.1.213.1.1.4.2.282,Mine\n"
    );
    let directory = directory_with("template-overrides.csv", text);
    let terminology = Tables::load(&settings(), Some(directory.path()))
        .unwrap()
        .terminology;
    let format = |extension| {
        terminology
            .format_of_template("1.2.250.1.213.1.1.1.37", extension)
            .unwrap()
            .code
    };
    assert_eq!(format(Some("2030.01")), "urn:mine");
    assert_eq!(format(Some("2023.01")), "urn:asip:ci-sis:vac:2019");
    assert_eq!(format(None), "urn:asip:ci-sis:vac:2019");
}

#[test]
fn each_bad_file_has_its_message() {
    let value_set = |rows: &str| format!("{HEAD}code,oid,display,until\n{rows}");
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("other.csv", b"a".to_vec(), "replaces none of the tables"),
        ("errors.csv", b"a".to_vec(), "replaces none of the tables"),
        (
            "matrix-default.csv",
            b"a".to_vec(),
            "replaces none of the tables",
        ),
        ("systems.csv", vec![0xff, 0xfe], "not UTF-8"),
        ("systems.csv", vec![b'a'; (4 << 20) + 1], "larger than"),
        (
            "systems.csv",
            format!("{HEAD}oid,url\n1.2,\n").into(),
            "the columns must be oid,url,name",
        ),
        (
            "systems.csv",
            format!("{HEAD}oid,url,name\n1.2.x,,bad\n").into(),
            "systems.csv:6: \"1.2.x\" is not an OID.",
        ),
        (
            "systems.csv",
            format!("{HEAD}oid,url,name\n1.2,http://a,a\n1.2,http://b,b\n").into(),
            "systems.csv:7: 1.2 is there twice.",
        ),
        (
            "system-aliases.csv",
            format!("{HEAD}url,oid,seen\nhttp://a,1.2.3,x\n").into(),
            "system-aliases.csv:6: 1.2.3 has no row in systems.csv.",
        ),
        (
            "JDV_J57-ClassCode-DMP.csv",
            value_set("10,,x,\n").into(),
            "csv:6: code, oid and display must all be there.",
        ),
        (
            "JDV_J57-ClassCode-DMP.csv",
            value_set("10,1.2.250.1.213.1.1.4.1,a,\n10,1.2.250.1.213.1.1.4.1,b,\n").into(),
            "csv:7: 10 of 1.2.250.1.213.1.1.4.1 is there twice.",
        ),
        (
            "JDV_J57-ClassCode-DMP.csv",
            value_set("10,1.2.250.1.213.1.1.4.1,a,\n").into(),
            "class 11 is not in test",
        ),
        (
            "JDV_J66-TypeCode-DMP.csv",
            value_set("NEW,1.2.250.1.213.1.1.4.12,a,\n").into(),
            "type NEW of test has no class.",
        ),
        (
            "reserved-types.csv",
            format!("{HEAD}type,reason\nDOCPAT99,x\n").into(),
            "reserved-types.csv:6: DOCPAT99 is not in JDV_J66-TypeCode-DMP.",
        ),
        (
            "patient-deposits.csv",
            format!("{HEAD}what,code,means\nmedia,image/png,image/png\n").into(),
            "patient-deposits.csv:6: image/png is in no list of the DMP.",
        ),
        (
            "patient-deposits.csv",
            format!("{HEAD}what,code,means\nkind,a,\n").into(),
            "patient-deposits.csv:6: what must be type or media.",
        ),
        (
            "professions.csv",
            format!("{HEAD}code,oid,label,column,note\n10,1.2,a,maybe,\n").into(),
            "professions.csv:6: column must be yes or no.",
        ),
    ];
    for (name, content, expected) in cases {
        let problems = problems_of(name, content);
        assert!(
            problems.iter().any(|problem| problem.contains(expected)),
            "{expected}: {problems:?}"
        );
    }
}

#[test]
fn problems_are_bounded() {
    let mut rows = format!("{HEAD}url,oid,seen\n");
    for index in 0..500 {
        rows.push_str(&format!("http://a/{index},1.2.3,x\n"));
    }
    let problems = problems_of("system-aliases.csv", rows);
    assert_eq!(problems.len(), 51);
    assert_eq!(problems.last().unwrap(), "450 more problems.");
}

#[test]
fn a_missing_directory_is_told() {
    let problems = Tables::load(&settings(), Some(Path::new("/nowhere"))).unwrap_err();
    assert!(problems.first().unwrap().starts_with("/nowhere: "));
}

#[test]
fn every_system_of_a_list_or_map_has_a_url_or_is_told_by_oid() {
    let tables = Tables::built_in();
    for list in List::ALL {
        for Code { system, .. } in tables.terminology.list(list).members() {
            let url = tables.systems.url_of(&system);
            assert!(url.starts_with("http"), "{list:?}: {system}");
            assert_eq!(tables.systems.oid_of(&url), Some(system.as_str()));
        }
    }
}
