//! The patient in a transaction. A deposit neither makes nor changes one: an entry names him, and the others may refer to it.

use std::collections::HashMap;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::super::Reading;
use super::super::datatype::ins;
use super::super::document_reference::{another_patient, normal};
use super::super::findings::{Findings, Weight, invalid};
use super::super::wire::Node;
use super::entries::PatientEntry;
use crate::dmp::ins::Ins;
use crate::error::{Code, Issue};

/// `GET Patient?identifier=…`
pub(super) fn is_read(request: Option<Node>) -> bool {
    let Some(request) = request else {
        return false;
    };
    request.str("method") == Some("GET")
        && request
            .str("url")
            .is_some_and(|url| url.starts_with("Patient?"))
}

/// Puts the INS in place of each reference to a Patient entry, as `Patient?identifier=…`.
pub fn name_patients(bundle: &mut Value) {
    let entries = bundle.get("entry").and_then(Value::as_array);
    let mut names = HashMap::new();
    for entry in entries.into_iter().flatten() {
        let text = |pointer: &str| entry.pointer(pointer).and_then(Value::as_str);
        let Some(url) = text("/fullUrl") else {
            continue;
        };
        let name = match text("/request/url") {
            Some(query) if query.starts_with("Patient?") => Some(query.to_owned()),
            _ => entry.get("resource").and_then(conditional),
        };
        if let Some(name) = name {
            if let Some((_, id)) = url.rsplit_once("/Patient/") {
                names.insert(format!("Patient/{id}"), name.clone());
            }
            names.insert(normal(url), name);
        }
    }
    let entries = bundle.get_mut("entry").and_then(Value::as_array_mut);
    for entry in entries.into_iter().flatten() {
        if let Some(Value::String(reference)) = entry.pointer_mut("/resource/subject/reference")
            && let Some(name) = names.get(&normal(reference))
        {
            *reference = name.clone();
        }
    }
}

/// A Patient resource by its INS.
fn conditional(resource: &Value) -> Option<String> {
    if resource.get("resourceType")?.as_str() != Some("Patient") {
        return None;
    }
    let identifiers = resource.get("identifier")?.as_array()?;
    identifiers.iter().find_map(|identifier| {
        let system = identifier.get("system")?.as_str()?;
        let value = identifier.get("value")?.as_str()?;
        let token = format!("{system}|{value}");
        ins::is_ins_system(system).then(|| {
            let token = utf8_percent_encode(&token, NON_ALPHANUMERIC);
            format!("Patient?identifier={token}")
        })
    })
}

/// Each names the patient of the deposit; what it says of him beyond that is not written, and told so.
pub(super) fn check(
    entries: &[PatientEntry],
    patient: Option<&Ins>,
    found: &mut Findings,
    reading: &Reading,
) {
    for other in entries.iter().skip(1) {
        found.tolerate(other.entry.issue(Code::UnsupportedElement));
    }
    for PatientEntry { entry, resource } in entries {
        let Some(request) = entry.get("request") else {
            found.refuse(Issue::new(Code::ElementRequired).at(entry.path_of("request")));
            continue;
        };
        found.weigh_all(Weight::Key, request.only(&["method", "url", "ifNoneExist"]));
        let mut named = Vec::new();
        let url = request.get("url");
        let query = url.filter(|url| url.as_str().is_some_and(|url| url.contains('?')));
        let condition = request.get("ifNoneExist");
        named.extend(query.map(|node| in_query(node, found, reading)));
        named.extend(condition.map(|node| in_query(node, found, reading)));
        if let Some(resource) = resource {
            named.push(in_resource(*resource, found, reading));
            if condition.is_none() {
                found.note(resource.issue(Code::PatientNotCreated));
            }
        }
        check_method(request, *resource, found);
        let other = |named: &Option<Ins>| named.is_some() && named.as_ref() != patient;
        if patient.is_some() && named.iter().any(other) {
            found.refuse(another_patient(resource.unwrap_or(request)));
        }
    }
}

fn check_method(request: Node, resource: Option<Node>, found: &mut Findings) {
    let (method, url) = (request.str("method"), request.str("url"));
    let fits = match (method, resource) {
        (Some("GET"), None) => true,
        (Some("POST"), Some(_)) => url == Some("Patient"),
        (Some("PUT"), Some(_)) => url.is_some_and(|url| url.starts_with("Patient?")),
        _ => false,
    };
    if !fits {
        found.refuse(request.issue(Code::UnsupportedElement));
    }
}

fn in_query(node: Node, found: &mut Findings, reading: &Reading) -> Option<Ins> {
    let text = node.as_str().unwrap_or_default();
    let query = text.strip_prefix("Patient").unwrap_or(text);
    let query = query.strip_prefix('?').unwrap_or(query);
    let token = ins::conditional(&format!("Patient?{query}"));
    match token.as_deref().and_then(|token| token.split_once('|')) {
        Some((system, value)) => admitted(system, value, node, found, reading),
        None => {
            found.refuse(invalid(
                node.path(),
                "identifier=système|INS est attendu",
                "identifier=system|INS is expected",
            ));
            None
        }
    }
}

fn in_resource(resource: Node, found: &mut Findings, reading: &Reading) -> Option<Ins> {
    let system = |node: &Node| node.str("system").unwrap_or_default().to_owned();
    let named = resource
        .items("identifier")
        .find(|node| ins::is_ins_system(&system(node)));
    let Some(node) = named else {
        found.refuse(Issue::new(Code::InsInvalid).at(resource.path_of("identifier")));
        return None;
    };
    let value = node.str("value").unwrap_or_default();
    admitted(&system(&node), value, node, found, reading)
}

fn admitted(
    system: &str,
    value: &str,
    node: Node,
    found: &mut Findings,
    reading: &Reading,
) -> Option<Ins> {
    match ins::admit(system, value, &node.path(), reading) {
        Ok((ins, warnings)) => {
            found.append(warnings);
            Some(ins)
        }
        Err(issue) => {
            found.refuse(issue);
            None
        }
    }
}
