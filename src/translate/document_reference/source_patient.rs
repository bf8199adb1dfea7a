//! `context.sourcePatientInfo` ↔ the patient as the source knew him: a contained Patient.

use serde_json::Value;

use super::super::Reading;
use super::super::datatype::contained::{Contained, only, only_extensions};
use super::super::datatype::object::Object;
use super::super::datatype::reference::{check_type, expect_kind};
use super::super::datatype::urls::{BIRTH_GIVEN_NAMES, BIRTH_TIME};
use super::super::datatype::{identifier, ins, name};
use super::super::findings::{Findings, Weight, invalid};
use super::super::wire::Node;
use crate::dmp::document::DocumentMetadata;
use crate::dmp::ins::Ins;
use crate::dmp::person::{Sex, SourcePatient};
use crate::dmp::time::Timestamp;
use crate::error::{Code, Issue};

/// Its id among the contained resources.
pub(super) const ID: &str = "source-patient";

pub(super) fn write(metadata: &DocumentMetadata) -> Value {
    let patient = &metadata.source_patient;
    let mut identifiers = vec![ins::write(&metadata.patient)];
    identifiers.extend(patient.ids.iter().map(identifier::write));
    let given = patient.given.as_deref();
    let names = [
        ("official", patient.family_birth.as_deref()),
        ("usual", patient.family_used.as_deref()),
    ];
    let mut written: Vec<Value> = names
        .into_iter()
        .filter(|(_, family)| family.is_some())
        .map(|(usage, family)| name::write(Some(usage), family, given))
        .collect();
    if let (true, Some(given)) = (written.is_empty(), given) {
        written.push(name::write(Some("official"), None, Some(given)));
    }
    let (date, time) = birth(patient.birth_date.as_ref());
    Object::resource("Patient")
        .put("id", ID)
        .put("identifier", identifiers)
        .put("name", written)
        .maybe("gender", patient.sex.map(Sex::fhir))
        .maybe("birthDate", date)
        .maybe("_birthDate", time)
        .build()
}

/// `birthDate` holds no time: a known one is the standard extension beside it.
fn birth(birth: Option<&Timestamp>) -> (Option<String>, Option<Value>) {
    let Some(birth) = birth else {
        return (None, None);
    };
    let written = birth.to_fhir();
    let time = (!birth.is_date()).then(|| {
        let extension = Object::new()
            .put("url", BIRTH_TIME)
            .put("valueDateTime", written.as_str());
        Object::new()
            .put("extension", vec![extension.build()])
            .build()
    });
    let date = written.split('T').next().unwrap_or(&written).to_owned();
    (Some(date), time)
}

/// Reads the contained Patient; its INS must be that of the subject.
pub(super) fn read<'a>(
    reference: Node<'a>,
    subject: Option<&Ins>,
    contained: &mut Contained<'a>,
    found: &mut Findings,
    reading: &Reading,
) -> Option<SourcePatient> {
    found.weigh_all(Weight::Key, reference.only(&["reference", "type"]));
    check_type(reference, &["Patient"], Weight::Detail, found);
    let target = reference.str("reference").unwrap_or_default();
    let Some(resource) = contained.find(target) else {
        let issue = invalid(
            reference.path(),
            "une ressource Patient contenue est attendue",
            "a contained Patient is expected",
        );
        found.weigh(contained.outside(reference), issue);
        return None;
    };
    expect_kind(reference, resource, &["Patient"], found);
    let known = ["identifier", "name", "gender", "birthDate", "_birthDate"];
    only(resource, &known, found);
    let mut patient = SourcePatient {
        ids: read_ids(resource, subject, found, reading),
        sex: read_sex(resource, found),
        birth_date: read_birth(resource, found),
        ..SourcePatient::default()
    };
    read_names(resource, &mut patient, found);
    Some(patient)
}

fn read_ids(
    resource: Node,
    subject: Option<&Ins>,
    found: &mut Findings,
    reading: &Reading,
) -> Vec<crate::dmp::person::Identifier> {
    let mut ids = Vec::new();
    for node in resource.items("identifier") {
        let system = node.str("system").unwrap_or_default();
        if !ins::is_ins_system(system) {
            ids.extend(identifier::read(node, Weight::Detail, found));
            continue;
        }
        let known = ["use", "type", "system", "value"];
        found.weigh_all(Weight::Detail, node.only(&known));
        found.labels(node, &["use", "type"]);
        let value = node.str("value").unwrap_or_default();
        match ins::admit(system, value, &node.path(), reading) {
            Ok((ins, warnings)) => {
                found.append(warnings);
                if subject.is_some_and(|subject| *subject != ins) {
                    found.refuse(another_patient(node));
                }
            }
            Err(issue) => found.refuse(issue),
        }
    }
    ids
}

/// `element-invalid` for a resource that names another patient (XDSPatientIdDoesNotMatch); the numbers are never repeated.
pub(in crate::translate) fn another_patient(node: Node) -> Issue {
    invalid(
        node.path(),
        "un autre patient y est désigné (XDSPatientIdDoesNotMatch)",
        "it names another patient (XDSPatientIdDoesNotMatch)",
    )
}

fn read_names(resource: Node, patient: &mut SourcePatient, found: &mut Findings) {
    for node in resource.items("name") {
        only_extensions(node, &[BIRTH_GIVEN_NAMES], Weight::Detail, found);
        let mut read = name::read(node, found);
        // FR Core gives the first name alone, and all of them beside it.
        let list = node.extensions(BIRTH_GIVEN_NAMES).next();
        if let Some(all) = list.and_then(|list| list.str("valueString")) {
            read.given = Some(all.to_owned());
        }
        if node.str("use") == Some("maiden") {
            found.labels(node, &["use"]);
        }
        let family = match node.str("use") {
            Some("official" | "maiden") | None => &mut patient.family_birth,
            Some("usual") => &mut patient.family_used,
            Some(_) => {
                found.tolerate(node.issue(Code::UnsupportedElement));
                continue;
            }
        };
        let repeated = family.is_some() && *family != read.family;
        let differs =
            patient.given.is_some() && read.given.is_some() && patient.given != read.given;
        if repeated || differs {
            found.tolerate(node.issue(Code::UnsupportedElement));
        }
        if family.is_none() {
            *family = read.family;
        }
        patient.given = patient.given.take().or(read.given);
    }
}

fn read_sex(resource: Node, found: &mut Findings) -> Option<Sex> {
    let gender = resource.get("gender")?;
    let sex = gender.as_str().and_then(Sex::from_fhir);
    if sex.is_none() {
        found.tolerate(invalid(
            gender.path(),
            "male, female ou unknown est attendu",
            "male, female or unknown is expected",
        ));
    }
    sex
}

fn read_birth(resource: Node, found: &mut Findings) -> Option<Timestamp> {
    let date = resource.str("birthDate");
    let beside = resource.get("_birthDate");
    let time = beside.and_then(|beside| {
        found.weigh_all(Weight::Detail, beside.only(&["extension"]));
        only_extensions(beside, &[BIRTH_TIME], Weight::Detail, found);
        let extension = beside.extensions(BIRTH_TIME).next()?;
        extension.str("valueDateTime")
    });
    time.or(date)
        .and_then(|text| Timestamp::from_fhir(text).ok())
}
