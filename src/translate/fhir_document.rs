//! FHIR documents: a Bundle of type `document`, kept as it came. What it says of itself is in its Composition, the first entry.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::Reading;
use super::datatype::{coding, ins};
use super::findings::{Findings, Weight, invalid};
use super::wire::{self, Format, Node};
use crate::dmp::code::Code as Coded;
use crate::dmp::document::{FHIR_DOCUMENT, FHIR_DOCUMENT_XML};
use crate::dmp::id::UniqueId;
use crate::dmp::ins::Ins;
use crate::dmp::time::Timestamp;
use crate::error::Issue;

/// What a FHIR document says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FhirDocument {
    /// `Bundle.identifier`.
    pub(super) unique_id: Option<UniqueId>,
    /// The INS of `Composition.subject`, when it names one that is admitted.
    pub(super) patient: Option<Ins>,
    /// `Composition.type`.
    pub(super) type_code: Option<Coded>,
    /// `Composition.title`.
    pub(super) title: Option<String>,
    /// `Composition.date`.
    pub(super) date: Option<Timestamp>,
}

/// The form of a FHIR document, by its media type without parameters; None for what is none.
pub fn format(media_type: &str) -> Option<Format> {
    let bare = media_type.split(';').next().unwrap_or_default().trim();
    match () {
        () if bare.eq_ignore_ascii_case(FHIR_DOCUMENT) => Some(Format::Json),
        () if bare.eq_ignore_ascii_case(FHIR_DOCUMENT_XML) => Some(Format::Xml),
        () => None,
    }
}

/// The media type of a form.
pub(super) fn media_type(format: Format) -> &'static str {
    match format {
        Format::Json => FHIR_DOCUMENT,
        Format::Xml => FHIR_DOCUMENT_XML,
    }
}

/// A kept document in the other form than its own; None when what it holds is not R4.
pub fn in_form(kept: Format, bytes: &[u8]) -> Option<String> {
    let (tree, wrong) = wire::read_document(kept, bytes).ok()?;
    match kept {
        _ if !wrong.is_empty() => None,
        Format::Json => wire::write_xml_document(&tree),
        Format::Xml => Some(tree.to_string()),
    }
}

/// Reads one; None when it is none, which goes into the findings at `path`.
pub(super) fn read(
    (format, bytes): (Format, &[u8]),
    path: &str,
    found: &mut Findings,
    reading: &Reading,
) -> Option<FhirDocument> {
    let read = wire::read_document(format, bytes);
    let Some(tree) = read
        .ok()
        .and_then(|(tree, wrong)| wrong.is_empty().then_some(tree))
    else {
        found.refuse(invalid(
            path,
            "le document FHIR n'est pas lisible sous la forme que dit son type",
            "the FHIR document is not readable in the form that its type names",
        ));
        return None;
    };
    let text = |pointer: &str| tree.pointer(pointer).and_then(Value::as_str);
    if text("/resourceType") != Some("Bundle") || text("/type") != Some("document") {
        found.refuse(invalid(
            path,
            "un Bundle de type document est attendu",
            "a Bundle of type document is expected",
        ));
        return None;
    }
    let composition = tree.pointer("/entry/0/resource");
    let composition = composition.filter(|resource| {
        resource.get("resourceType").and_then(Value::as_str) == Some("Composition")
    });
    let Some(composition) = composition else {
        found.refuse(invalid(
            path,
            "la première entrée du document est une Composition",
            "the first entry of the document is a Composition",
        ));
        return None;
    };
    for (pointer, what) in [("/identifier", "identifier"), ("/timestamp", "timestamp")] {
        // bdl-9 and bdl-10.
        if tree.pointer(pointer).is_none() {
            found.tolerate(invalid(
                path,
                &format!("le Bundle document n'a pas de {what}"),
                &format!("the document Bundle has no {what}"),
            ));
        }
    }
    let own = |name: &str| composition.get(name).and_then(Value::as_str);
    Some(FhirDocument {
        unique_id: text("/identifier/value")
            .and_then(|value| UniqueId::from_fhir(text("/identifier/system"), value).ok()),
        patient: subject(&tree, composition, path, reading),
        type_code: composition.get("type").and_then(|concept| {
            // What is wrong with a code is told of the entry's own type.
            let mut aside = Findings::new(reading);
            coding::read_concept(Node::root(concept), Weight::Detail, &mut aside, reading)
        }),
        title: own("title").map(str::to_owned),
        date: own("date").and_then(|date| Timestamp::from_fhir(date).ok()),
    })
}

/// The INS of the Composition's subject: in the reference, or in the Patient of the document that it leads to.
fn subject(tree: &Value, composition: &Value, path: &str, reading: &Reading) -> Option<Ins> {
    let subject = composition.get("subject")?;
    if let Some(identifier) = subject.get("identifier")
        && let Some(ins) = admitted(identifier, path, reading)
    {
        return Some(ins);
    }
    let reference = subject.get("reference")?.as_str()?;
    let entries = tree.get("entry")?.as_array()?;
    let named = |entry: &&Value| {
        let url = entry.get("fullUrl").and_then(Value::as_str);
        let resource = entry.get("resource");
        let id = resource.and_then(|resource| resource.get("id")?.as_str());
        url == Some(reference)
            || url.is_some_and(|url| url.ends_with(&format!("/{reference}")))
            || id.is_some_and(|id| reference == format!("Patient/{id}"))
    };
    let patient = entries.iter().find(named)?.get("resource")?;
    if patient.get("resourceType")?.as_str() != Some("Patient") {
        return None;
    }
    let identifiers = patient.get("identifier")?.as_array()?;
    identifiers
        .iter()
        .find_map(|identifier| admitted(identifier, path, reading))
}

fn admitted(identifier: &Value, path: &str, reading: &Reading) -> Option<Ins> {
    let text = |name: &str| identifier.get(name).and_then(Value::as_str);
    let admitted: Result<(Ins, Vec<Issue>), Issue> =
        ins::admit(text("system")?, text("value")?, path, reading);
    admitted.ok().map(|(ins, _)| ins)
}

/// Puts a Binary that holds its text in place of each document Bundle: `at` leads from a body to the holders of resources. A document
/// in an entry keeps its members, their order and its numbers; white space between them is gone.
pub fn in_binaries(body: &mut Value, holders: &str) {
    let holders = body.get_mut(holders).and_then(Value::as_array_mut);
    for holder in holders.into_iter().flatten() {
        let Some(resource) = holder.get_mut("resource") else {
            continue;
        };
        if resource.get("resourceType").and_then(Value::as_str) != Some("Bundle") {
            continue;
        }
        let mut binary = Map::new();
        binary.insert("resourceType".into(), json!("Binary"));
        binary.insert("contentType".into(), json!(FHIR_DOCUMENT));
        binary.insert("data".into(), json!(STANDARD.encode(resource.to_string())));
        *resource = Value::Object(binary);
        if let Some(Value::String(url)) = holder.pointer_mut("/request/url")
            && url.as_str() == "Bundle"
        {
            *url = "Binary".to_owned();
        }
    }
}
