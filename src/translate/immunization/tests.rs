#![allow(clippy::expect_used)]

use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::dmp::code::Code;
use crate::dmp::context::{Environment, Validation};
use crate::dmp::ins::{Ins, InsRoot};
use crate::dmp::time::{Instant, Timestamp};
use crate::dmp::vaccination::{Concept, Entry, Origin, Status, Vaccination, system};
use crate::tables::Tables;
use crate::translate::{Reading, cda, wire};

fn reading(tables: &Tables) -> Reading<'_> {
    Reading {
        tables,
        environment: Environment::Test,
        validation: Validation::Guide,
        base_url: "https://dmp.example/fhir",
    }
}

pub(super) fn entry(vaccination: Vaccination) -> Entry {
    Entry {
        id: Uuid::from_u128(7),
        version: 1,
        updated: Instant::UNIX_EPOCH,
        patient: Ins::parse(InsRoot::NirTest, "279035121518989").expect("INS"),
        vaccination,
        origin: Origin::Document(Uuid::from_u128(8)),
        validation: None,
    }
}

fn bare() -> Vaccination {
    Vaccination {
        entry: None,
        status: Status::Completed,
        vaccine: Concept::default(),
        occurrence: None,
        series: None,
        rank: None,
        lot: None,
        route: None,
        site: None,
        dose: None,
        performer: None,
        author: None,
        recorded: None,
        reactions: Vec::new(),
        note: None,
    }
}

fn written(vaccination: Vaccination) -> Value {
    let tables = Tables::built_in();
    let resource = write(&entry(vaccination), &reading(&tables));
    let problems = wire::check(&resource, "Immunization", "Immunization");
    assert!(problems.is_empty(), "{problems:?}");
    resource
}

#[test]
fn what_is_not_known_is_told_as_such() {
    let resource = written(bare());
    let absent = json!({"extension": [{"url": DATA_ABSENT, "valueCode": "unknown"}]});
    assert_eq!(resource["vaccineCode"], absent);
    assert_eq!(resource["_occurrenceDateTime"], absent);
    assert_eq!(resource["primarySource"], false);
    assert_eq!(resource["reportOrigin"]["coding"][0]["code"], "record");
    assert!(resource.get("protocolApplied").is_none());
}

#[test]
fn a_vaccine_is_against_the_diseases_of_its_class_and_a_date_keeps_its_precision() {
    let vaccination = Vaccination {
        vaccine: Concept {
            codes: vec![Code::new("J07BC20", system::ATC)],
            text: None,
        },
        occurrence: Timestamp::from_hl7("1975").ok(),
        ..bare()
    };
    let resource = written(vaccination);
    assert_eq!(resource["occurrenceDateTime"], "1975");
    let protocol = &resource["protocolApplied"][0];
    let codes: Vec<_> = protocol["targetDisease"]
        .as_array()
        .expect("diseases")
        .iter()
        .map(|disease| disease["coding"][0]["code"].as_str())
        .collect();
    assert_eq!(codes, [Some("B15"), Some("B16")]);
    assert!(protocol["_doseNumberString"].is_object());
}

/// The proposed translation of the national note; ours says more where it can.
#[test]
fn the_national_note_is_the_proposed_resource() {
    let shared = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let note = std::fs::read(shared.join("cda/VAC-NOTE_2023.01.xml"));
    let proposed = shared.join("fhir/proposed/Immunization-from-VAC-NOTE_2023.01.json");
    let (Ok(note), Ok(proposed)) = (note, std::fs::read(proposed)) else {
        return;
    };
    let proposed: Value = serde_json::from_slice(&proposed).expect("json");
    let ours = written(cda::vaccinations(&note).pop().expect("act"));
    for element in [
        "identifier",
        "status",
        "occurrenceDateTime",
        "recorded",
        "primarySource",
        "lotNumber",
        "note",
    ] {
        assert_eq!(ours[element], proposed[element], "{element}");
    }
    for place in [
        "/vaccineCode/text",
        "/vaccineCode/coding/0/code",
        "/vaccineCode/coding/1/system",
        "/vaccineCode/coding/2/system",
        "/site/text",
        "/site/coding/0/code",
        "/route/coding/0/system",
        "/performer/0/function",
        "/performer/0/actor/identifier",
        "/reaction/0/date",
        "/contained/0/valueCodeableConcept/coding/0/code",
        "/contained/0/code/coding/0/system",
        "/protocolApplied/0/series",
        "/protocolApplied/0/doseNumberPositiveInt",
    ] {
        assert_eq!(ours.pointer(place), proposed.pointer(place), "{place}");
    }
}
