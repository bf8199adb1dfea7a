//! Whose record: a reference to the patient by INS, in each form that the guides print.

use std::borrow::Cow;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use uuid::Uuid;

use super::Reading;
use super::datatype::contained::{Contained, only};
use super::datatype::ins;
use super::datatype::object::Object;
use super::datatype::reference::{check_type, expected, names_another_type};
use super::findings::{Findings, Weight, invalid};
use super::wire::Node;
use crate::dmp::ins::Ins;
use crate::error::{Code, Issue};

/// What a subject is.
const PATIENT: &str = "Patient";

/// The patient as resources refer to him.
pub(super) fn write(ins: &Ins) -> Value {
    Object::new()
        .put("type", PATIENT)
        .put("identifier", ins::write(ins))
        .build()
}

/// A written resource with the present number of its record wherever it refers to the patient by a former one. What it tells of him
/// otherwise stays as it was deposited.
pub fn present<'a>(resource: Cow<'a, str>, present: &Ins, former: &[Ins]) -> Cow<'a, str> {
    let now = write(present).to_string();
    former.iter().fold(resource, |text, ins| {
        let before = write(ins).to_string();
        match text.contains(&before) {
            true => text.replace(&before, &now).into(),
            false => text,
        }
    })
}

/// The patient that a resource names, or the first one of a Bundle's entries, as far as a body shows it that can't be read whole.
pub fn patient_of(body: &Value, reading: &Reading) -> Option<Ins> {
    let entries = body.get("entry").and_then(Value::as_array);
    let entries = entries.into_iter().flatten();
    let inside = entries.filter_map(|entry| entry.get("resource"));
    std::iter::once(body).chain(inside).find_map(|resource| {
        let resource = Node::root(resource);
        let name = ["subject", "patient"].into_iter();
        let name = name.into_iter().find(|name| resource.get(name).is_some())?;
        let (mut contained, mut found) = (Contained::of(resource), Findings::new(reading));
        read(resource, name, &mut contained, &mut found, reading)
    })
}

/// The references to a patient in a resource, or in those of a Bundle's entries.
fn references(resource: &mut Value) -> Vec<&mut String> {
    let is_bundle = resource.get("resourceType").and_then(Value::as_str) == Some("Bundle");
    let resources: Vec<&mut Value> = match is_bundle {
        false => vec![resource],
        true => {
            let entries = resource.get_mut("entry").and_then(Value::as_array_mut);
            let entries = entries.into_iter().flatten();
            entries
                .filter_map(|entry| entry.get_mut("resource"))
                .collect()
        }
    };
    let mut found = Vec::new();
    for members in resources.into_iter().filter_map(Value::as_object_mut) {
        for (name, member) in members {
            if let ("subject" | "patient", Some(Value::String(reference))) =
                (name.as_str(), member.get_mut("reference"))
            {
                found.push(reference);
            }
        }
    }
    found
}

/// The id in `Patient/id`, relative or of this server, of a version or not.
fn local_id(reference: &str, base_url: &str) -> Option<Uuid> {
    let rest = reference.strip_prefix(base_url).unwrap_or(reference);
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    let id = rest.strip_prefix("Patient/")?;
    let id = id.split_once("/_history/").map_or(id, |(id, _)| id);
    Uuid::try_parse(id).ok()
}

/// The records that a resource, or the entries of a Bundle, refer to by their ids, each once.
pub fn local_patients(resource: &mut Value, base_url: &str) -> Vec<Uuid> {
    let mut ids = Vec::new();
    for reference in references(resource) {
        if let Some(id) = local_id(reference, base_url)
            && !ids.contains(&id)
        {
            ids.push(id);
        }
    }
    ids
}

/// Puts the INS of a record in place of the references to its id, as `Patient?identifier=…`.
pub fn name_patient(resource: &mut Value, base_url: &str, id: Uuid, ins: &Ins) {
    let token = format!("{}|{}", ins.system(), ins.value());
    let token = utf8_percent_encode(&token, NON_ALPHANUMERIC);
    for reference in references(resource) {
        if local_id(reference, base_url) == Some(id) {
            *reference = format!("Patient?identifier={token}");
        }
    }
}

/// Reads element `name`: `identifier`, `Patient?identifier=system|INS`, or a contained Patient.
pub(super) fn read<'a>(
    resource: Node<'a>,
    name: &str,
    contained: &mut Contained<'a>,
    found: &mut Findings,
    reading: &Reading,
) -> Option<Ins> {
    let node = match resource.required(name) {
        Ok(node) => node,
        Err(issue) => {
            found.refuse(issue);
            return None;
        }
    };
    let known = ["reference", "type", "identifier", "display"];
    found.weigh_all(Weight::Key, node.only(&known));
    if let Some(display) = node.get("display") {
        found.tolerate(display.issue(Code::UnsupportedElement));
    }
    check_type(node, &[PATIENT], Weight::Key, found);
    let reference = node.get("reference");
    let by_reference = reference.and_then(|reference| {
        let target = reference.as_str().unwrap_or_default();
        match contained.find(target) {
            Some(patient) => {
                let source = resource
                    .get("context")
                    .and_then(|context| context.get("sourcePatientInfo"));
                let shared = source.and_then(|source| source.str("reference")) == Some(target);
                in_contained(patient, shared, found, reading)
            }
            None => conditional(reference, target, found, reading),
        }
    });
    let by_identifier = node
        .get("identifier")
        .and_then(|identifier| in_identifier(identifier, found, reading));
    match (by_identifier, by_reference, reference) {
        (Some(one), Some(other), _) if one != other => {
            found.refuse(super::document_reference::another_patient(node));
            Some(one)
        }
        (Some(ins), None, Some(reference)) => {
            // R4 lets a subject be a group or a device as well.
            match names_another_type(reference.as_str().unwrap_or_default(), PATIENT) {
                true => found.refuse(expected(&[PATIENT], reference.path())),
                false => found.ignored(reference.path()),
            }
            Some(ins)
        }
        (Some(ins), ..) | (None, Some(ins), _) => Some(ins),
        (None, None, _) => {
            unnamed(node, reference, contained, found);
            None
        }
    }
}

/// Nothing named the patient: told once, unless a worse INS was told already.
fn unnamed(node: Node, reference: Option<Node>, contained: &mut Contained, found: &mut Findings) {
    let told = node.get("identifier").is_some()
        || reference.is_some_and(|reference| {
            reference
                .as_str()
                .is_some_and(|text| text.starts_with("Patient?") || contained.find(text).is_some())
        });
    if !told {
        found.refuse(invalid(
            node.path(),
            "le patient est désigné par son INS (identifier)",
            "the patient is named by INS (identifier)",
        ));
    }
}

fn conditional(node: Node, target: &str, found: &mut Findings, reading: &Reading) -> Option<Ins> {
    let token = ins::conditional(target)?;
    let (system, value) = token.split_once('|').unwrap_or(("", &token));
    admit(system, value, node, found, reading)
}

fn in_identifier(node: Node, found: &mut Findings, reading: &Reading) -> Option<Ins> {
    found.weigh_all(Weight::Key, node.only(&["use", "type", "system", "value"]));
    found.labels(node, &["use", "type"]);
    let system = node.str("system").unwrap_or_default();
    let value = node.str("value").unwrap_or_default();
    admit(system, value, node, found, reading)
}

/// A contained Patient that is there to carry the INS; when the source patient is `shared` with it, its traits are read there.
fn in_contained(
    patient: Node,
    shared: bool,
    found: &mut Findings,
    reading: &Reading,
) -> Option<Ins> {
    if !shared {
        only(patient, &["identifier"], found);
    }
    let of_ins = |node: &Node| ins::is_ins_system(node.str("system").unwrap_or_default());
    match patient.items("identifier").find(of_ins) {
        Some(node) => in_identifier(node, found, reading),
        None => {
            found.refuse(Issue::new(Code::InsInvalid).at(patient.path_of("identifier")));
            None
        }
    }
}

fn admit(
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
