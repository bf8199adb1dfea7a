//! What FR Core asks of a patient with an INS (fr-core-patient-ins) and a record can do without: an error in strict mode, a warning
//! in guide mode.

use super::super::datatype::{ins, urls};
use super::super::findings::{Findings, invalid};
use super::super::wire::Node;
use super::read::value;
use crate::dmp::record::IdentityStatus;
use crate::error::{Code, Issue};

pub(super) fn check(patient: Node, found: &mut Findings) {
    for node in patient.items("identifier") {
        ins::check_slice(node, found);
    }
    if value(patient, urls::BIRTH_PLACE, "valueAddress").is_none() {
        found.tolerate(no_extension(patient, urls::BIRTH_PLACE));
    }
    for name in patient.items("name") {
        if name.str("use") == Some("official") {
            check_official(name, found);
        }
    }
    check_identity(patient, found);
}

/// The first given name alone, and all of them beside it.
fn check_official(name: Node, found: &mut Findings) {
    if let Some(second) = name.items("given").nth(1) {
        found.tolerate(invalid(
            second.path(),
            "le premier prénom seul est attendu",
            "the first given name alone is expected",
        ));
    }
    if value(name, urls::BIRTH_GIVEN_NAMES, "valueString").is_none() {
        found.tolerate(no_extension(name, urls::BIRTH_GIVEN_NAMES));
    }
}

/// Only a qualified identity carries an INS (INS-02), and a record is kept by one. Told in both modes and refused in none: an operator
/// may open the record all the same, and nothing is deposited in it (`identity-not-qualified`).
fn check_identity(patient: Node, found: &mut Findings) {
    for extension in patient.extensions(urls::IDENTITY_RELIABILITY) {
        let Some(coding) = value(extension, "identityStatus", "valueCoding") else {
            continue;
        };
        let status = coding.str("code").and_then(IdentityStatus::from_code);
        if status.is_some_and(|status| !status.is_qualified()) {
            found.note(invalid(
                coding.path(),
                "seule une identité qualifiée (VALI, QUAL) porte un INS",
                "only a qualified identity (VALI, QUAL) carries an INS",
            ));
        }
    }
}

fn no_extension(node: Node, url: &str) -> Issue {
    Issue::new(Code::ElementRequired).at(node.path_of(&format!("extension('{url}')")))
}
