#![allow(clippy::expect_used)]

use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::dmp::code::Code;
use crate::dmp::context::{Environment, Validation};
use crate::dmp::ins::{Ins, InsRoot};
use crate::dmp::person::Identifier;
use crate::dmp::time::{Instant, Timestamp};
use crate::dmp::vaccination::{
    Concept, Entry, Origin, Party, Quantity, Reaction, Series, Status, Vaccination, system,
};
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

/// A small generator: every run makes the same acts.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn some<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.roll(3) > 0).then(|| make(self))
    }

    fn words(&mut self) -> String {
        let words = [
            "Vaccin",
            "<b>&amp;",
            "été",
            "\"guillemets\"",
            "d’essai",
            "]]>",
            "0,5 ml",
            "'",
        ];
        let count = 1 + self.roll(4);
        let words: Vec<&str> = (0..count)
            .filter_map(|_| words.get(usize::try_from(self.roll(8)).ok()?).copied())
            .collect();
        words.join(" ")
    }

    fn code(&mut self, system: &str) -> Code {
        let display = self.some(Self::words);
        Code {
            display,
            ..Code::new(format!("C{}", self.roll(90_000)), system)
        }
    }

    fn concept(&mut self, systems: &[&str]) -> Concept {
        let codes = systems
            .iter()
            .filter_map(|system| self.some(|dice| dice.code(system)));
        let codes: Vec<Code> = codes.collect();
        let text = match codes.is_empty() {
            true => Some(self.words()),
            false => self.some(Self::words),
        };
        Concept { codes, text }
    }

    fn time(&mut self) -> Timestamp {
        let texts = [
            "1975",
            "197503",
            "20090928",
            "20090928094914+0100",
            "20090928094914.250+0000",
        ];
        let text = texts.get(usize::try_from(self.roll(5)).unwrap_or(0));
        Timestamp::from_hl7(text.copied().unwrap_or("1975")).expect("time")
    }

    fn party(&mut self) -> Party {
        let id = self.some(|dice| Identifier {
            root: "1.2.250.1.71.4.2.1".to_owned(),
            extension: format!("8{}", dice.roll(99_999)),
        });
        let name = match id {
            Some(_) => self.some(Self::words),
            None => Some(self.words()),
        };
        Party { id, name }
    }

    fn act(&mut self) -> Vaccination {
        let first = self.code(system::CIS);
        let mut vaccine = self.concept(&[system::ATC, system::CIP]);
        vaccine.codes.insert(0, first);
        Vaccination {
            entry: self.some(|dice| Identifier {
                root: "41dac707-7c96-47b7-b600-ac63d8002142".to_owned(),
                extension: dice.some(|_| "7".to_owned()).unwrap_or_default(),
            }),
            status: match self.roll(4) {
                0 => Status::NotDone,
                _ => Status::Completed,
            },
            vaccine,
            occurrence: Some(self.time()),
            series: self.some(|dice| match dice.roll(3) {
                0 => Series::Initial,
                1 => Series::Booster,
                _ => Series::Unspecified,
            }),
            rank: self.some(|dice| 1 + u32::try_from(dice.roll(9)).unwrap_or(0)),
            lot: self.some(Self::words),
            route: self.some(|dice| dice.concept(&["0.4.0.127.0.16.1.1.2.1"])),
            site: self.some(|dice| dice.concept(&["2.16.840.1.113883.6.96"])),
            dose: self.some(|dice| Quantity {
                value: "0.50".to_owned(),
                unit: dice.some(|_| "mL".to_owned()),
            }),
            performer: self.some(Self::party),
            author: None,
            recorded: None,
            reactions: (0..self.roll(3))
                .map(|_| Reaction {
                    date: self.some(Self::time),
                    kind: self.some(|dice| dice.code("2.16.840.1.113883.6.96")),
                    finding: self.concept(&[ICD_10, "2.16.840.1.113883.6.96"]),
                })
                .collect(),
            note: self.some(|dice| format!("{}\n{}", dice.words(), dice.words())),
        }
    }
}

/// Labels do not count in the equality of codes; here they do.
fn exactly(act: &Vaccination) -> String {
    serde_json::to_string(act).expect("json")
}

#[test]
fn an_act_is_the_same_after_its_document_and_after_its_resource() {
    let tables = Tables::built_in();
    let reading = reading(&tables);
    let mut dice = Dice(24);
    for round in 0..500 {
        let act = dice.act();
        let section = cda::section(&act);
        let body = cda::make::Element::new("structuredBody")
            .child(cda::make::Element::new("component").child(section));
        let body = cda::make::Element::new("component").child(body);
        let document = cda::make::Element::new("ClinicalDocument")
            .with("xmlns", "urn:hl7-org:v3")
            .child(body);
        let told = cda::vaccinations(document.document().as_bytes());
        let [again] = told.as_slice() else {
            panic!("{round}: one act is expected");
        };
        assert_eq!(exactly(again), exactly(&act), "{round}: the document");

        let resource = write(&entry(act.clone()), &reading);
        let problems = wire::check(&resource, "Immunization", "Immunization");
        assert!(problems.is_empty(), "{round}: {problems:?}");
        let declared = read(&resource, &reading).expect("an Immunization that we wrote");
        assert_eq!(
            exactly(&declared.vaccination),
            exactly(&act),
            "{round}: the resource"
        );
    }
}

fn refused(change: impl FnOnce(&mut Value)) -> Vec<(Option<String>, &'static str)> {
    let tables = Tables::built_in();
    let reading = reading(&tables);
    let mut resource = write(&entry(Dice(1).act()), &reading);
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
