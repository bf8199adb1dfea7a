//! The tables against the published lists in `../shared/data`, read here a second time by a reader of their own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use passerelle::dmp::code::Code;
use passerelle::settings;
use passerelle::tables::Tables;
use passerelle::tables::terminology::List;

type Row = HashMap<String, String>;

/// The rows of a published list; None, said aloud, where the shared data are not there.
fn shared(path: &str) -> Option<Vec<Row>> {
    let file = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data")).join(path);
    if !file.exists() {
        eprintln!("skipped: {} is not there", file.display());
        return None;
    }
    let mut reader = csv::Reader::from_path(file).unwrap();
    let rows: Vec<Row> = reader.deserialize().collect::<Result<_, _>>().unwrap();
    assert!(!rows.is_empty());
    Some(rows)
}

fn tables(seed_overlay: bool, contested_groups: bool) -> Tables {
    let settings = settings::Dmp {
        operators: Vec::new(),
        regulators: Vec::new(),
        matrix: Vec::new(),
        seed_overlay,
        contested_groups,
        authorisation_months: 12,
        age_of_majority: 18,
        allow_late_invisibility: false,
        mappings: None,
    };
    Tables::load(&settings, None).unwrap()
}

/// The published columns with our key of each, and whether the column is contested.
fn columns(row: &Row) -> Vec<(String, String, bool)> {
    let mut columns: Vec<_> = row
        .keys()
        .filter(|name| {
            name.starts_with('p') && name.as_bytes().get(1).is_some_and(u8::is_ascii_digit)
        })
        .map(|name| {
            let key = name.trim_start_matches("p99_R").trim_start_matches("p99_");
            let key = key.trim_start_matches('p').to_owned();
            let contested = key == "41" || key.starts_with("GENR");
            (name.clone(), key, contested)
        })
        .collect();
    columns.sort();
    assert_eq!(columns.len(), 29);
    columns
}

/// The cells that the overlay makes stricter.
fn stricter() -> Option<HashMap<(String, String), bool>> {
    let rows = shared("matrix/seed_overlay.csv")?;
    let cells: HashMap<_, _> = rows
        .iter()
        .filter(|row| row["agrees"] == "NO")
        .map(|row| {
            let cell = (row["type_code"].clone(), row["profession_code"].clone());
            (cell, row["seed_allowed"] == "1")
        })
        .collect();
    assert_eq!(cells.len(), 5);
    Some(cells)
}

#[test]
fn every_cell_is_the_published_one() {
    let (Some(rows), Some(stricter)) = (shared("matrix/habilitation_matrix.csv"), stricter())
    else {
        return;
    };
    assert_eq!(rows.len(), 108);
    for (seed, contested_on) in [(true, false), (false, false), (true, true), (false, true)] {
        let matrix = tables(seed, contested_on).matrix;
        for (name, key, contested) in columns(&rows[0]) {
            let readable = matrix.readable(&key);
            if contested && !contested_on {
                assert!(readable.is_none(), "{key}");
                for row in &rows {
                    assert_eq!(matrix.explain(&row["type_code"], &key).decision, "deny");
                }
                continue;
            }
            let readable = readable.unwrap();
            for row in &rows {
                let type_code = &row["type_code"];
                let overlaid = stricter.get(&(type_code.clone(), key.clone()));
                let expected = match overlaid {
                    Some(allowed) if seed => *allowed,
                    _ => row[&name] == "1",
                };
                let explained = matrix.explain(type_code, &key);
                let cell = format!("{type_code} {key} seed {seed} contested {contested_on}");
                assert_eq!(explained.decision == "permit", expected, "{cell}");
                let layer = match (overlaid, contested) {
                    (Some(_), _) if seed => "seed",
                    (_, true) => "contested",
                    _ => "CNAM",
                };
                assert_eq!(explained.layer, layer, "{cell}");
                if layer != "seed" {
                    assert!(explained.row.contains(&row["source_row"]), "{cell}");
                }
                let listed = readable.codes.binary_search(type_code).is_ok();
                assert_eq!(listed, expected && matrix.knows_type(type_code), "{cell}");
            }
        }
    }
}

#[test]
fn each_profession_reads_as_many_types_as_published() {
    let Some(professions) = shared("matrix/professions.csv") else {
        return;
    };
    let Some(groups) = shared("matrix/groups.csv") else {
        return;
    };
    let tables = tables(false, true);
    let permitted = |key: &str| {
        let set = tables.matrix.readable(key).map_or(0, |set| set.codes.len());
        let pattern = tables.matrix.explain("*DICOM-PROCEDURE*", key).decision == "permit";
        set + usize::from(pattern)
    };
    let mut seen = 0;
    for row in professions
        .iter()
        .filter(|row| !row["types_readable"].is_empty())
    {
        let code = &row["profession_code"];
        assert_eq!(permitted(code).to_string(), row["types_readable"], "{code}");
        assert_eq!(
            tables.matrix.readable(code).is_some(),
            row["in_matrix"] == "yes",
            "{code}"
        );
        assert!(tables.matrix.profession(code).is_some(), "{code}");
        seen += 1;
    }
    assert_eq!(seen, 31);
    for group in &groups {
        let codes = [
            &group["profession_codes"],
            &group["role_codes"],
            &group["genre_activite_codes"],
        ];
        let keys = codes.into_iter().flat_map(|codes| codes.split_whitespace());
        for key in keys.filter(|key| *key != "99") {
            assert_eq!(permitted(key).to_string(), group["types_readable"], "{key}");
        }
    }
}

#[test]
fn a_training_profession_reads_in_the_column_of_its_code() {
    let matrix = tables(true, false).matrix;
    for code in ["10", "21", "40", "50"] {
        assert!(matrix.readable(code).is_some(), "{code}");
    }
}

#[test]
fn each_value_set_has_the_published_members() {
    let tables = Tables::built_in();
    let mut read = 0;
    for (list, rows) in [
        (List::Type, 108),
        (List::Class, 12),
        (List::Format, 62),
        (List::Confidentiality, 6),
        (List::FacilityType, 68),
        (List::PracticeSetting, 11),
        (List::AuthorSpecialty, 379),
        (List::AuthorRole, 15),
        (List::ContentType, 100),
    ] {
        let set = tables.terminology.list(list);
        assert_eq!(set.members().count(), rows, "{}", set.name);
        let Some(published) = shared(&format!("terminology/{}.csv", set.name)) else {
            continue;
        };
        assert_eq!(published.len(), rows, "{}", set.name);
        for row in published {
            let code = Code::new(&row["code"], &row["system_oid"]);
            assert_eq!(
                set.display(&code),
                Some(row["display"].as_str()),
                "{code:?}"
            );
            let deprecated = row["tre_status"] == "deprecated";
            assert_eq!(
                set.deprecated_since(&code).is_some(),
                deprecated,
                "{code:?}"
            );
        }
        read += 1;
    }
    assert!(
        read == 9 || read == 0,
        "some lists are there and others not"
    );
}

#[test]
fn every_type_has_the_published_class() {
    let tables = Tables::built_in();
    let classes = tables.terminology.list(List::Class);
    for code in tables.terminology.list(List::Type).members() {
        let class = tables.terminology.class_of(&code).unwrap();
        assert!(classes.contains(&class), "{code:?}");
    }
    let Some(rows) = shared("terminology/ASS_X16-CorrespondanceType-Classe-DMP.csv") else {
        return;
    };
    assert_eq!(rows.len(), 109);
    for row in rows {
        let code = Code::new(&row["source_code"], &row["source_system_oid"]);
        let class = Code::new(&row["target_code"], &row["target_system_oid"]);
        assert_eq!(tables.terminology.class_of(&code), Some(class), "{code:?}");
    }
}

#[test]
fn every_template_and_media_type_has_the_published_format() {
    const UNSTRUCTURED: &str = "1.3.6.1.4.1.19376.1.2.20";
    let terminology = Tables::built_in().terminology;
    let (Some(templates), Some(media_types)) = (
        shared("terminology/ASS_A11-CorresModeleCDA-XdsFormatCode-CISIS.csv"),
        shared("terminology/ASS_A12-CorresMediaTypeCDANonStructure-XdsFormatCode-CISIS.csv"),
    ) else {
        return;
    };
    let target = |row: &Row| Code::new(&row["target_code"], &row["target_system_oid"]);
    let (unstructured, structured): (Vec<_>, Vec<_>) = templates
        .into_iter()
        .partition(|row| row["source_code"] == UNSTRUCTURED);
    assert_eq!((structured.len(), unstructured.len()), (83, 5));
    for row in &structured {
        let root = &row["source_code"];
        for extension in [None, Some("2099.01")] {
            let format = terminology.format_of_template(root, extension);
            assert_eq!(format, Some(target(row)), "{root}");
        }
    }
    let mut by_media_type = BTreeSet::new();
    for row in &media_types {
        let format = terminology.format_of_media_type(&row["source_code"]);
        assert_eq!(format, Some(target(row)), "{}", row["source_code"]);
        by_media_type.insert(target(row).code);
    }
    let by_template: BTreeSet<_> = unstructured.iter().map(|row| target(row).code).collect();
    assert_eq!(
        by_template, by_media_type,
        "ASS_A12 stands for the five rows"
    );
}

#[test]
fn the_override_is_still_needed() {
    let Some(rows) = shared("terminology/ASS_A11-CorresModeleCDA-XdsFormatCode-CISIS.csv") else {
        return;
    };
    let template = "1.2.250.1.213.1.1.1.59";
    assert!(rows.iter().all(|row| row["source_code"] != template));
    let tables = Tables::built_in();
    let format = tables
        .terminology
        .format_of_template(template, None)
        .unwrap();
    assert!(tables.terminology.list(List::Format).contains(&format));
}

#[test]
fn systems_go_to_their_url_and_back() {
    let systems = Tables::built_in().systems;
    let (Some(rows), Some(aliases)) = (
        shared("terminology/systems.csv"),
        shared("terminology/system_aliases.csv"),
    ) else {
        return;
    };
    for row in rows {
        let (oid, url) = (&row["oid"], &row["fhir_canonical_url"]);
        let written = systems.url_of(oid);
        assert!(url.is_empty() || written == *url, "{oid}: {written}");
        assert_eq!(systems.oid_of(&written), Some(oid.as_str()));
        assert_eq!(
            systems.oid_of(&format!("urn:oid:{oid}")),
            Some(oid.as_str())
        );
    }
    for row in aliases {
        let alias = &row["alias_url"];
        assert_eq!(systems.oid_of(alias), Some(row["oid"].as_str()), "{alias}");
        assert_eq!(systems.url_of(&row["oid"]), row["canonical_url"]);
    }
}

#[test]
fn no_row_of_a_list_is_a_snomed_code() {
    let tables = Tables::built_in();
    for list in List::ALL {
        for code in tables.terminology.list(list).members() {
            assert_ne!(code.system, "2.16.840.1.113883.6.96", "{list:?}");
        }
    }
}

#[test]
fn what_is_reserved_is_what_patients_and_the_insurance_write() {
    let Some(rows) = shared("matrix/jdv_j66_typecode_dmp.csv") else {
        return;
    };
    let terminology = Tables::built_in().terminology;
    for row in rows {
        let code = &row["type_code"];
        let expected = ["DOCPAT", "EXPPAT", "REMB"]
            .iter()
            .any(|prefix| code.starts_with(prefix));
        assert_eq!(terminology.is_reserved(code), expected, "{code}");
    }
}
