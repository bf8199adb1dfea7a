#![allow(clippy::expect_used)]

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::dmp::code::Code;
use crate::dmp::context::{Environment, Validation};
use crate::dmp::ins::{Ins, InsRoot};
use crate::dmp::person::{Author, AuthorKind, Identifier, PersonName};
use crate::dmp::time::{Instant, Timestamp};
use crate::dmp::vaccination::{
    Concept, Entry, Origin, Party, Quantity, Reaction, Series, Status, Vaccination, system,
};
use crate::tables::Tables;
use crate::translate::{Reading, cda, wire};

static TABLES: LazyLock<Tables> = LazyLock::new(Tables::built_in);

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

/// Words that markup, blanks and French put to the test.
fn words() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "Vaccin",
        "<b>&amp;",
        "été",
        "\"guillemets\"",
        "d’essai",
        "]]>",
        "dose\u{a0}:",
        "0,5\u{202f}ml",
        "'",
        "</text>",
        "#reaction-1",
        "-->",
    ]);
    prop::collection::vec(word, 1..5).prop_map(|words| words.join(" "))
}

fn code(system: &'static str) -> impl Strategy<Value = Code> {
    let display = prop::option::of(words());
    (0..90_000_u32, display).prop_map(move |(number, display)| Code {
        display,
        ..Code::new(format!("C{number}"), system)
    })
}

/// Codes of some of these systems, or of none and then words.
fn concept(systems: Vec<&'static str>) -> impl Strategy<Value = Concept> {
    let codes: Vec<_> = systems
        .into_iter()
        .map(|one| prop::option::of(code(one)))
        .collect();
    (codes, prop::option::of(words()), words()).prop_map(|(codes, text, instead)| {
        let codes: Vec<Code> = codes.into_iter().flatten().collect();
        let text = text.or_else(|| codes.is_empty().then_some(instead));
        Concept { codes, text }
    })
}

/// A year, a month, a day, a second or a millisecond.
fn time() -> impl Strategy<Value = Timestamp> {
    let (day, clock) = ((1900..2027, 1..13, 1..29), (0..24, 0..60, 0..60));
    (0..5, day, clock, 0..1_000, -48..57).prop_map(|(precision, day, clock, milli, quarters)| {
        let ((year, month, day), (hour, minute, second)) = (day, clock);
        let offset = |quarters: i32| {
            let sign = if quarters < 0 { '-' } else { '+' };
            let minutes = 15 * quarters.abs();
            format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
        };
        let date = format!("{year:04}{month:02}{day:02}");
        let clock = format!("{hour:02}{minute:02}{second:02}");
        let text = match precision {
            0 => format!("{year:04}"),
            1 => format!("{year:04}{month:02}"),
            2 => date,
            3 => format!("{date}{clock}{}", offset(quarters)),
            _ => format!("{date}{clock}.{milli:03}{}", offset(quarters)),
        };
        Timestamp::from_hl7(&text).expect("a time")
    })
}

fn identifier(root: &'static [&'static str], extension: bool) -> impl Strategy<Value = Identifier> {
    (prop::sample::select(root), prop::option::of(words())).prop_map(move |(root, told)| {
        Identifier {
            root: root.to_owned(),
            extension: told.unwrap_or_else(|| {
                if extension {
                    "7".to_owned()
                } else {
                    String::new()
                }
            }),
        }
    })
}

fn party() -> impl Strategy<Value = Party> {
    let id = prop::option::of(identifier(&["1.2.250.1.71.4.2.1", "1.2.250.1.999.3"], true));
    (id, prop::option::of(words()), words()).prop_map(|(id, name, instead)| {
        let name = name.or_else(|| id.is_none().then_some(instead));
        Party { id, name }
    })
}

fn reaction() -> impl Strategy<Value = Reaction> {
    const SNOMED: &str = "2.16.840.1.113883.6.96";
    let kind = prop::option::of(code(SNOMED));
    (
        prop::option::of(time()),
        kind,
        concept(vec![ICD_10, SNOMED]),
    )
        .prop_map(|(date, kind, finding)| Reaction {
            date,
            kind,
            finding,
        })
}

/// Everything that an Immunization may say and a note carries.
fn act() -> impl Strategy<Value = Vaccination> {
    const ROOTS: &[&str] = &["41dac707-7c96-47b7-b600-ac63d8002142", "1.2.250.1.999.4"];
    let series = prop::sample::select(Series::ALL.to_vec());
    let quantity = (
        prop::sample::select(vec!["0.50", "1", "0.5", "10", "0.000", "12.5000"]),
        prop::option::of(prop::sample::select(vec!["mL", "ug", "[iU]", "1 <&"])),
    );
    let vaccine = (code(system::CIS), concept(vec![system::ATC, system::CIP]));
    let what = (
        prop::option::of(identifier(ROOTS, false)),
        prop::sample::select(vec![Status::Completed, Status::NotDone]),
        vaccine,
        time(),
        prop::option::of(series),
        prop::option::of(1..10_u32),
    );
    let how = (
        prop::option::of(words()),
        prop::option::of(concept(vec!["0.4.0.127.0.16.1.1.2.1"])),
        prop::option::of(concept(vec!["2.16.840.1.113883.6.96", "1.2.250.1.999.5"])),
        prop::option::of(quantity),
        prop::option::of(party()),
        prop::collection::vec(reaction(), 0..4),
        prop::option::of((words(), words())),
    );
    (what, how).prop_map(|(what, how)| {
        let (entry, status, (first, mut vaccine), occurrence, series, rank) = what;
        let (lot, route, site, dose, performer, reactions, note) = how;
        vaccine.codes.insert(0, first);
        Vaccination {
            entry,
            status,
            vaccine,
            occurrence: Some(occurrence),
            series,
            rank,
            lot,
            route,
            site,
            dose: dose.map(|(value, unit)| Quantity {
                value: value.to_owned(),
                unit: unit.map(str::to_owned),
            }),
            performer,
            author: None,
            recorded: None,
            reactions,
            note: note.map(|(first, second)| format!("{first}\n  {second}")),
        }
    })
}

/// Labels do not count in the equality of codes; here they do.
fn exactly(act: &Vaccination) -> String {
    serde_json::to_string(act).expect("json")
}

/// What the register is told by the document that is made of an act.
fn told_by_its_document(act: &Vaccination) -> Vec<Vaccination> {
    let section = cda::make::Element::new("component").child(cda::section(act, None));
    let body = cda::make::Element::new("structuredBody").child(section);
    let document = cda::make::Element::new("ClinicalDocument")
        .with("xmlns", "urn:hl7-org:v3")
        .child(cda::make::Element::new("component").child(body));
    cda::vaccinations(document.document().as_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Immunization → act → document → act → Immunization.
    #[test]
    fn an_act_is_the_same_after_its_resource_and_after_its_document(act in act()) {
        let reading = reading(&TABLES);
        let resource = write(&entry(act.clone()), &reading);
        prop_assert_eq!(wire::check(&resource, "Immunization", "Immunization"), []);
        let text = resource.to_string();
        let resource = wire::read_json(text.as_bytes(), "Immunization").expect("one that we wrote");
        let declared = read(&resource, &reading).expect("one that we wrote").vaccination;
        prop_assert_eq!(exactly(&declared), exactly(&act), "the resource");
        let told = told_by_its_document(&declared);
        prop_assert_eq!(told.len(), 1);
        for again in told {
            prop_assert_eq!(exactly(&again), exactly(&act), "the document");
            let after = write(&entry(again), &reading);
            prop_assert_eq!(after.to_string(), text.as_str(), "the resource after the document");
        }
        // In XML too.
        let xml = wire::write_xml(&resource).expect("written");
        let resource = wire::read_xml(xml.as_bytes(), "Immunization").expect("read again");
        let declared = read(&resource, &reading).expect("the same").vaccination;
        prop_assert_eq!(exactly(&declared), exactly(&act), "the resource in XML");
    }
}

fn refused(change: impl FnOnce(&mut Value)) -> Vec<(Option<String>, &'static str)> {
    let tables = Tables::built_in();
    let reading = reading(&tables);
    let act = Vaccination {
        vaccine: Concept {
            codes: vec![Code::new("J07AM01", system::ATC)],
            text: None,
        },
        occurrence: Timestamp::from_hl7("20261002").ok(),
        ..bare()
    };
    let mut resource = write(&entry(act), &reading);
    change(&mut resource);
    let error = read(&resource, &reading).expect_err("refused");
    let errors = error.issues.into_iter();
    errors
        .filter(|issue| issue.severity == crate::error::Severity::Error)
        .map(|issue| (issue.expression, issue.code.as_str()))
        .collect()
}

#[test]
fn what_can_not_be_carried_is_refused_at_its_place() {
    let at = |path: &str, code| vec![(Some(format!("Immunization.{path}")), code)];
    let set = |name: &'static str, value: Value| refused(move |resource| resource[name] = value);
    let unsupported = "unsupported-element";
    assert_eq!(
        set("manufacturer", json!({"display": "X"})),
        at("manufacturer", unsupported)
    );
    assert_eq!(
        set("expirationDate", json!("2030-01-01")),
        at("expirationDate", unsupported)
    );
    assert_eq!(
        set("isSubpotent", json!(true)),
        at("isSubpotent", unsupported)
    );
    assert_eq!(
        set("lotNumber", json!("x".repeat(101))),
        at("lotNumber", "element-invalid")
    );
    let long = json!([{"text": "é".repeat(3_001)}]);
    assert_eq!(set("note", long), at("note[0].text", "element-invalid"));
    assert_eq!(
        set("status", json!("entered-in-error")),
        at("status", "element-invalid")
    );
    let text_alone = json!({"text": "BCG"});
    assert_eq!(
        set("vaccineCode", text_alone),
        at("vaccineCode.coding", "element-required")
    );
    let other = json!({"coding": [{"system": "http://loinc.org", "code": "1"}]});
    assert_eq!(set("vaccineCode", other), at("vaccineCode", "code-invalid"));
    let series = json!([{"series": "X", "doseNumberPositiveInt": 1}]);
    assert_eq!(
        set("protocolApplied", series),
        at("protocolApplied[0].series", "code-invalid")
    );
    let alone = json!([{"date": "2020"}]);
    let missing = refused(|resource| {
        resource["reaction"] = alone;
        resource["contained"] = json!([]);
    });
    assert!(missing.contains(&(
        Some("Immunization.reaction[0].detail".to_owned()),
        "element-invalid"
    )));
    let undated = refused(|resource| {
        resource
            .as_object_mut()
            .expect("object")
            .remove("occurrenceDateTime");
    });
    assert_eq!(undated, at("occurrence", "element-required"));
}

#[test]
fn the_author_of_a_note_has_the_parts_of_his_name() {
    let id = Identifier {
        root: "1.2.250.1.71.4.2.1".to_owned(),
        extension: "899900000029".to_owned(),
    };
    let author = Author {
        kind: AuthorKind::Professional,
        id: Some(id.clone()),
        name: PersonName {
            family: Some("MARTINEAU".to_owned()),
            given: Some("BRUNO".to_owned()),
        },
        device: None,
        specialty: None,
        role: None,
        institution: None,
    };
    let party = |name: &str, id| Party {
        id: Some(id),
        name: Some(name.to_owned()),
    };
    let other = Identifier {
        extension: "899900000011".to_owned(),
        ..id.clone()
    };
    let act = Vaccination {
        author: Some(party("BRUNO MARTINEAU", id)),
        performer: Some(party("BRUNO ALINE", other)),
        ..bare()
    };
    let text = cda::section(&act, Some(&author)).document();
    let text: String = text.lines().map(str::trim).collect();
    assert!(
        text.contains("<family>MARTINEAU</family><given>BRUNO</given>"),
        "{text}"
    );
    assert!(text.contains("<family>BRUNO ALINE</family>"), "{text}");
}
