//! The traits of an identity: official name, sex, birth date and place.

use super::super::datatype::contained::only_extensions;
use super::super::datatype::{coding, name, urls};
use super::super::findings::{Findings, Weight, invalid};
use super::super::wire::Node;
use super::read::{date, value};
use crate::dmp::person::{PersonName, Sex};
use crate::dmp::record::Traits;
use crate::error::{Code, Issue};

/// INSEE codes of communes, under both names.
const COMMUNES: [&str; 3] = [
    super::read::COMMUNES,
    "https://mos.esante.gouv.fr/NOS/TRE_R13-Commune/FHIR/TRE-R13-Commune",
    "urn:oid:1.2.250.1.213.2.12",
];

pub(super) fn read_traits(patient: Node, found: &mut Findings) -> Option<Traits> {
    let mut birth: Option<(Node, PersonName)> = None;
    let mut birth_given_names = None;
    let mut used_name = None;
    for node in patient.items("name") {
        let official = match node.str("use") {
            Some("official") => true,
            Some("usual") => false,
            _ => {
                found.refuse(node.issue(Code::UnsupportedElement));
                continue;
            }
        };
        let slot_taken = if official {
            birth.is_some()
        } else {
            used_name.is_some()
        };
        if slot_taken {
            found.refuse(node.issue(Code::UnsupportedElement));
        }
        only_extensions(node, &[urls::BIRTH_GIVEN_NAMES], Weight::Detail, found);
        let list = value(node, urls::BIRTH_GIVEN_NAMES, "valueString");
        match list {
            Some(list) if official => birth_given_names = list.as_str().map(str::to_owned),
            Some(list) => found.refuse(list.issue(Code::UnsupportedElement)),
            None => {}
        }
        let read = name::read(node, found);
        match official {
            true => birth = Some((node, read)),
            false => used_name = Some(read),
        }
    }
    let mut missing = |path| found.refuse(Issue::new(Code::ElementRequired).at(path));
    match &birth {
        None => missing(patient.path_of("name.where(use='official')")),
        Some((node, name)) => {
            if name.family.is_none() {
                missing(node.path_of("family"));
            }
            if name.given.is_none() {
                missing(node.path_of("given"));
            }
        }
    }
    let sex = required(patient, "gender", found).and_then(|node| {
        let sex = node.as_str().and_then(Sex::from_fhir);
        if sex.is_none() {
            found.refuse(invalid(
                node.path(),
                "male, female ou unknown est attendu",
                "male, female or unknown is expected",
            ));
        }
        sex
    });
    let birth_date = required(patient, "birthDate", found).and_then(|node| date(node, found));
    Some(Traits {
        birth_name: birth?.1,
        birth_given_names,
        used_name,
        sex: sex?,
        birth_date: birth_date?,
        birth_place: read_birth_place(patient, found),
    })
}

fn required<'a>(patient: Node<'a>, element: &str, found: &mut Findings) -> Option<Node<'a>> {
    match patient.required(element) {
        Ok(node) => Some(node),
        Err(issue) => {
            found.refuse(issue);
            None
        }
    }
}

fn read_birth_place(patient: Node, found: &mut Findings) -> Option<String> {
    let address = value(patient, urls::BIRTH_PLACE, "valueAddress")?;
    // The name of the place is what its code says: not kept, and never a reason to refuse.
    found.weigh_all(Weight::Detail, address.only(&["extension", "city"]));
    if let Some(city) = address.get("city") {
        found.note(city.issue(Code::UnsupportedElement));
    }
    only_extensions(address, &[urls::INSEE_CODE], Weight::Detail, found);
    let coding = value(address, urls::INSEE_CODE, "valueCoding");
    let system = coding.and_then(|coding| coding.str("system"));
    if let Some(coding) = coding
        && !system.is_some_and(|system| COMMUNES.contains(&system))
    {
        let issue = coding
            .issue(Code::CodeInvalid)
            .with("value", system.unwrap_or("-"))
            .with("list", "TRE_R13-CommuneOM");
        found.tolerate(issue);
    }
    if let Some(coding) = coding {
        coding::code_alone(coding, found);
    }
    let code = coding.and_then(|coding| coding.str("code"));
    let well_formed = |code: &&str| {
        code.len() == 5
            && code
                .bytes()
                .all(|b| b.is_ascii_digit() || matches!(b, b'A' | b'B'))
    };
    let code = code.filter(well_formed);
    if code.is_none() {
        found.refuse(invalid(
            address.path(),
            "un code INSEE de 5 caractères est attendu",
            "an INSEE code of 5 characters is expected",
        ));
    }
    code.map(str::to_owned)
}
