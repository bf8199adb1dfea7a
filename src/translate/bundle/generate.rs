//! ITI-106 Generate Metadata: a document alone, of which its CDA header or its Composition tells everything.

use super::super::Reading;
use super::super::cda;
use super::super::document_reference::{self, DeclaredDocument, Siblings, decode_base64};
use super::super::fhir_document;
use super::super::findings::{Findings, Weight, invalid};
use super::super::wire::{Format, Node};
use super::composition;
use super::read::{DeclaredSubmission, Parts, Submitted};
use crate::dmp::query::DocumentKey;
use crate::error::{Code, Error, Issue};

/// Reads the Parameters: exactly one `document`, a Binary.
///
/// # Errors
/// Everything that is wrong with them; `cda-invalid` and what the header lacks, for without it the patient is unknown. What a
/// Composition lacks is told with the rest, unless it names no patient.
pub fn read_generated(
    parameters: &serde_json::Value,
    reading: &Reading,
) -> Result<DeclaredSubmission, Error> {
    let node = Node::root(parameters);
    let mut found = Findings::new(reading);
    found.weigh_all(Weight::Key, node.only(&["id", "meta", "parameter"]));
    if let Some(meta) = node.get("meta") {
        found.weigh_all(Weight::Key, meta.only(&["profile"]));
    }
    let binary = document(node, &mut found);
    let bytes = binary.and_then(|binary| content(binary, &mut found));
    let (Some(binary), Some((bytes, form))) = (binary, bytes) else {
        return Err(Error::many(found.into_issues()));
    };
    if let Some(form) = form {
        return of_composition(binary, (bytes, form), found, reading);
    }
    let path = binary.path_of("data");
    let told = |mut issues: Vec<Issue>| {
        cda::names(&bytes, reading, &mut issues);
        let held = issues.into_iter().map(|issue| issue.held_by(&path));
        Error::many(held.collect())
    };
    let (header, _) = cda::read_whole(&bytes).map_err(told)?;
    let (metadata, _) = cda::to_metadata(&header, &bytes, reading).map_err(told)?;
    let relations = metadata.relations.into_iter();
    let declared = DeclaredDocument {
        patient: Some(metadata.patient.clone()),
        type_code: Some(metadata.type_code),
        relations: relations
            .map(|relation| (relation.kind, DocumentKey::Unique(relation.target)))
            .collect(),
        ..DeclaredDocument::empty(binary.path())
    };
    let parts = Parts {
        documents: vec![Submitted {
            declared,
            bytes: Some(bytes),
            content_type: None,
        }],
        ..Parts::default()
    };
    parts.of(Some(metadata.patient), found)
}

/// A FHIR document, as the DocumentReference that it would be published with.
fn of_composition(
    binary: Node,
    (bytes, form): (Vec<u8>, Format),
    mut found: Findings,
    reading: &Reading,
) -> Result<DeclaredSubmission, Error> {
    // What is only tolerated is told when the document is held against what is read here.
    let mut aside = Findings::new(reading);
    let path = binary.path();
    let tree = fhir_document::tree(&bytes, form, &path, &mut aside);
    let document =
        tree.filter(|tree| fhir_document::read(tree, &path, &mut aside, reading).is_some());
    let Some(document) = document else {
        found.append(aside.into_issues());
        return Err(Error::many(found.into_issues()));
    };
    let status = document.pointer("/entry/0/resource/status");
    if status.and_then(serde_json::Value::as_str) == Some("entered-in-error") {
        found.refuse(invalid(
            path,
            "la Composition est entered-in-error",
            "the Composition is entered-in-error",
        ));
    }
    let media_type = fhir_document::media_type(form);
    let reference = composition::reference(&document, media_type, reading);
    let node = Node::root(&reference);
    let declared = document_reference::read_into(node, &Siblings::new(), &mut found, reading);
    let patient = declared.patient.clone();
    let parts = Parts {
        documents: vec![Submitted {
            declared,
            bytes: Some(bytes),
            content_type: None,
        }],
        ..Parts::default()
    };
    parts.of(patient, found)
}

/// The one `document`, when it is a Binary.
fn document<'a>(parameters: Node<'a>, found: &mut Findings) -> Option<Node<'a>> {
    let mut all = parameters.items("parameter");
    let (Some(first), None) = (all.next(), all.next()) else {
        found.refuse(invalid(
            parameters.path_of("parameter"),
            "un paramètre document, et lui seul, est attendu",
            "one parameter, document, is expected",
        ));
        return None;
    };
    found.weigh_all(Weight::Key, first.only(&["name", "resource"]));
    if first.str("name") != Some("document") {
        found.refuse(invalid(
            first.path_of("name"),
            "document est attendu",
            "document is expected",
        ));
    }
    match first.required("resource") {
        Ok(resource) if resource.resource_type() == Some("Binary") => Some(resource),
        Ok(resource) => {
            found.refuse(resource.issue(Code::UnsupportedElement));
            None
        }
        Err(issue) => {
            found.refuse(issue);
            None
        }
    }
}

/// The bytes, and their form when they are to be a FHIR document.
fn content(binary: Node, found: &mut Findings) -> Option<(Vec<u8>, Option<Format>)> {
    found.weigh_all(
        Weight::Key,
        binary.only(&["id", "meta", "contentType", "data"]),
    );
    let kind = binary.str("contentType").unwrap_or_default();
    let bare = kind.split(';').next().unwrap_or_default().trim();
    let form = fhir_document::format(kind);
    let xml = ["text/xml", "application/xml"];
    if form.is_none() && !xml.iter().any(|known| bare.eq_ignore_ascii_case(known)) {
        found.refuse(invalid(
            binary.path_of("contentType"),
            "un document CDA (text/xml) ou FHIR (application/fhir+json, application/fhir+xml) est attendu",
            "a CDA document (text/xml) or a FHIR document (application/fhir+json, application/fhir+xml) is expected",
        ));
        return None;
    }
    let data = match binary.required("data") {
        Ok(data) => data,
        Err(issue) => {
            found.refuse(issue);
            return None;
        }
    };
    let bytes = decode_base64(data.as_str().unwrap_or_default());
    if bytes.is_none() {
        found.refuse(invalid(
            data.path(),
            "base64 illisible",
            "it is not readable base64",
        ));
    }
    bytes.map(|bytes| (bytes, form))
}
