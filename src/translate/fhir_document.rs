//! FHIR documents: a Bundle of type `document`, kept as it came. What it says of itself is in its Composition, the first entry.

use serde_json::Value;

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
use crate::tables::terminology::List;

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

/// The form of a FHIR document of this media type, its parameters aside; None for what is none.
pub fn format(media_type: &str) -> Option<Format> {
    let bare = media_type.split(';').next().unwrap_or_default().trim();
    let named = |known: &str| bare.eq_ignore_ascii_case(known);
    match () {
        () if named(FHIR_DOCUMENT) => Some(Format::Json),
        () if named(FHIR_DOCUMENT_XML) => Some(Format::Xml),
        () => None,
    }
}

/// The media type that a document of this form is kept under.
pub(super) fn media_type(form: Format) -> &'static str {
    match form {
        Format::Json => FHIR_DOCUMENT,
        Format::Xml => FHIR_DOCUMENT_XML,
    }
}

/// The bytes of a document in its other form; None for what is no R4 (JSON is kept without being judged).
pub fn in_form(kept: Format, bytes: &[u8]) -> Option<String> {
    let (tree, issues) = wire::read_document(kept, bytes).ok()?;
    match kept {
        Format::Json => wire::write_xml_document(&tree),
        Format::Xml => issues.is_empty().then(|| tree.to_string()),
    }
}

/// The document as a tree; None when it is not readable, which goes into the findings at `path`.
pub(super) fn tree(bytes: &[u8], form: Format, path: &str, found: &mut Findings) -> Option<Value> {
    let (tree, issues) = match wire::read_document(form, bytes) {
        Ok((tree, issues)) => (Some(tree), issues),
        Err(error) => (None, error.issues),
    };
    if let (Some(tree), true) = (tree, issues.is_empty()) {
        return Some(tree);
    }
    let (fr, en) = match form {
        Format::Json => (
            "le document FHIR n'est pas lisible en JSON",
            "the FHIR document is not readable JSON",
        ),
        Format::Xml => (
            "le document FHIR n'est pas lisible en XML",
            "the FHIR document is not readable XML",
        ),
    };
    for issue in issues {
        let place = place(&issue);
        let (fr, en) = (format!("{fr} ({place})"), format!("{en} ({place})"));
        found.refuse(invalid(path, &fr, &en));
    }
    None
}

/// Where in the document's own text something is wrong.
fn place(issue: &Issue) -> String {
    let element = issue.expression.clone();
    let line = issue.position.map(|p| format!("{}:{}", p.line, p.column));
    let told: Vec<String> = element.into_iter().chain(line).collect();
    match issue.params.iter().find(|(name, _)| *name == "detail") {
        Some((_, detail)) if told.is_empty() => detail.clone(),
        _ => told.join(" "),
    }
}

/// Reads what one says of itself; None when it is none, which goes into the findings at `path`.
pub(super) fn read(
    tree: &Value,
    path: &str,
    found: &mut Findings,
    reading: &Reading,
) -> Option<FhirDocument> {
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
        patient: subject(tree, composition, path, reading),
        type_code: composition
            .get("type")
            .and_then(|concept| type_code(concept, reading)),
        title: own("title").map(str::to_owned),
        date: own("date").and_then(|date| Timestamp::from_fhir(date).ok()),
    })
}

/// The type under the one of its codings that the DMP knows, else the first.
fn type_code(concept: &Value, reading: &Reading) -> Option<Coded> {
    // What is wrong with a code is told of the entry's own type.
    let mut aside = Findings::new(reading);
    let codings = concept.get("coding")?.as_array()?.iter();
    let mut codes: Vec<_> = codings
        .map(|one| coding::read(Node::root(one), Weight::Detail, &mut aside, reading))
        .collect();
    let types = reading.tables.terminology.list(List::Type);
    let known = |code: &Option<Coded>| code.as_ref().is_some_and(|code| types.contains(code));
    match codes.iter().position(known) {
        Some(rank) => codes.swap_remove(rank),
        None => codes.into_iter().next().flatten(),
    }
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
