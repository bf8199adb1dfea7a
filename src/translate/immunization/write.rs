//! A vaccination as an Immunization.

use serde_json::{Value, json};

use super::super::Reading;
use super::super::datatype::object::Object;
use super::super::datatype::urls::ours;
use super::super::datatype::{coding, identifier};
use super::super::subject;
use super::{
    ADMINISTERING, DATA_ABSENT, ENTERING, FUNCTIONS, ICD_10, OBSERVED, ORIGIN, RECALL, RECORD, UCUM,
};
use crate::dmp::code::Code;
use crate::dmp::time::{Instant, Timestamp};
use crate::dmp::vaccination::{
    Concept, Entry, Origin, Party, Quantity, Reaction, Series, Vaccination, Validation, system,
};

/// Writes an entry of the register.
pub fn write(entry: &Entry, reading: &Reading) -> Value {
    let told = &entry.vaccination;
    let declared = matches!(entry.origin, Origin::Declared(_));
    let first_hand = !declared && told.is_first_hand();
    let origin = match (first_hand, declared) {
        (true, _) => None,
        (false, true) => Some(RECALL),
        (false, false) => Some(RECORD),
    };
    let contained = told.reactions.iter().enumerate();
    let contained: Vec<Value> = contained
        .map(|(rank, reaction)| observation(rank, reaction, reading))
        .collect();
    let entry_id = told.entry.as_ref();
    let (occurrence, unknown) = match &told.occurrence {
        Some(at) => (Some(at.to_fhir()), None),
        None => (None, Some(absent())),
    };
    Object::resource("Immunization")
        .put("id", entry.id.to_string())
        .put("meta", meta(entry))
        .put("contained", contained)
        .put("extension", extensions(entry))
        .put(
            "identifier",
            entry_id.map_or_else(Vec::new, |id| vec![identifier::write(id)]),
        )
        .put("status", told.status.fhir())
        .put("vaccineCode", vaccine(told, reading))
        .put("patient", subject::write(&entry.patient))
        .maybe("occurrenceDateTime", occurrence)
        .maybe("_occurrenceDateTime", unknown)
        .maybe("recorded", told.recorded.as_ref().map(Timestamp::to_fhir))
        .put("primarySource", first_hand)
        .maybe("reportOrigin", origin.map(|code| concept_of(ORIGIN, code)))
        .maybe("lotNumber", told.lot.as_deref())
        .maybe("site", told.site.as_ref().map(|one| concept(one, reading)))
        .maybe(
            "route",
            told.route.as_ref().map(|one| concept(one, reading)),
        )
        .maybe("doseQuantity", told.dose.as_ref().map(quantity))
        .put("performer", performers(told))
        .maybe(
            "note",
            told.note.as_deref().map(|text| json!([{"text": text}])),
        )
        .put("reaction", reactions(told))
        .maybe("protocolApplied", protocol(told, reading))
        .build()
}

fn meta(entry: &Entry) -> Value {
    Object::new()
        .put("versionId", entry.version.to_string())
        .put("lastUpdated", instant(entry.updated))
        .build()
}

fn instant(at: Instant) -> String {
    Timestamp::from_instant(at).to_fhir()
}

fn extensions(entry: &Entry) -> Vec<Value> {
    let validation = entry.validation.as_ref();
    validation.map(validated).into_iter().collect()
}

fn validated(validation: &Validation) -> Value {
    json!({
        "url": ours::VACCINATION_VALIDATION,
        "extension": [
            {"url": "validator", "valueReference": actor(&validation.by)},
            {"url": "date", "valueDateTime": instant(validation.at)},
        ],
    })
}

fn absent() -> Value {
    json!({"extension": [{"url": DATA_ABSENT, "valueCode": "unknown"}]})
}

fn concept_of(system: &str, code: &str) -> Value {
    json!({"coding": [{"system": system, "code": code}]})
}

fn concept(concept: &Concept, reading: &Reading) -> Value {
    let codings = concept.codes.iter();
    let codings: Vec<Value> = codings
        .map(|code| coding::write(code, None, reading))
        .collect();
    Object::new()
        .put("coding", codings)
        .maybe("text", concept.text.as_deref())
        .build()
}

/// R4 wants one, even when nobody told it.
fn vaccine(told: &Vaccination, reading: &Reading) -> Value {
    match told.vaccine.is_empty() {
        true => absent(),
        false => concept(&told.vaccine, reading),
    }
}

fn quantity(quantity: &Quantity) -> Value {
    // The number keeps its text.
    let number = quantity.value.parse::<serde_json::Number>().ok();
    let unit = quantity.unit.as_deref();
    Object::new()
        .maybe("value", number.map(Value::Number))
        .maybe("unit", unit)
        .maybe("system", unit.map(|_| UCUM))
        .maybe("code", unit)
        .build()
}

fn actor(party: &Party) -> Value {
    Object::new()
        .put("type", "Practitioner")
        .maybe("identifier", party.id.as_ref().map(identifier::write))
        .maybe("display", party.name.as_deref())
        .build()
}

fn performers(told: &Vaccination) -> Vec<Value> {
    let parties = [(ADMINISTERING, &told.performer), (ENTERING, &told.author)];
    let written = parties.into_iter().filter_map(|(function, party)| {
        let party = party.as_ref()?;
        Some(json!({"function": concept_of(FUNCTIONS, function), "actor": actor(party)}))
    });
    written.collect()
}

fn name_of(rank: usize) -> String {
    format!("reaction-{}", rank + 1)
}

fn observation(rank: usize, reaction: &Reaction, reading: &Reading) -> Value {
    let kind = match &reaction.kind {
        Some(kind) => json!({"coding": [coding::write(kind, None, reading)]}),
        None => absent(),
    };
    Object::resource("Observation")
        .put("id", name_of(rank))
        .put("status", OBSERVED)
        .put("code", kind)
        .put("valueCodeableConcept", concept(&reaction.finding, reading))
        .build()
}

fn reactions(told: &Vaccination) -> Vec<Value> {
    let all = told.reactions.iter().enumerate();
    let written = all.map(|(rank, reaction)| {
        Object::new()
            .maybe("date", reaction.date.as_ref().map(Timestamp::to_fhir))
            .put(
                "detail",
                json!({"reference": format!("#{}", name_of(rank))}),
            )
            .build()
    });
    written.collect()
}

/// Series, rank and the diseases that the vaccine is against. R4 wants a rank wherever there is a protocol.
fn protocol(told: &Vaccination, reading: &Reading) -> Option<Value> {
    let mut diseases: Vec<Value> = Vec::new();
    for atc in told.codes_of(system::ATC) {
        for disease in reading.tables.vaccines.diseases(atc) {
            let code = Code {
                display: Some(disease.fr.clone()),
                ..Code::new(disease.icd10.as_str(), ICD_10)
            };
            let written = json!({"coding": [coding::write(&code, None, reading)]});
            if !diseases.contains(&written) {
                diseases.push(written);
            }
        }
    }
    if told.series.is_none() && told.rank.is_none() && diseases.is_empty() {
        return None;
    }
    let unknown = told.rank.is_none().then(absent);
    let protocol = Object::new()
        .maybe("series", told.series.map(Series::code))
        .put("targetDisease", diseases)
        .maybe("doseNumberPositiveInt", told.rank)
        .maybe("_doseNumberString", unknown);
    Some(json!([protocol.build()]))
}
