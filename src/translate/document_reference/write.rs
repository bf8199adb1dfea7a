//! A document entry as a DocumentReference of PDSm's comprehensive profile, elements in R4 order.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::super::Reading;
use super::super::datatype::object::Object;
use super::super::datatype::{author, coding, urls};
use super::super::subject;
use super::{context, identifiers, relation, source_patient};
use crate::dmp::document::{Availability, DocumentEntry, DocumentMetadata};
use crate::dmp::time::Timestamp;
use crate::tables::terminology::List;

/// Writes an entry as a DocumentReference.
pub fn write(entry: &DocumentEntry, reading: &Reading) -> Value {
    let metadata = &entry.metadata;
    let mut contained = Vec::new();
    for (index, author) in metadata.authors.iter().enumerate() {
        let id = author_id(index);
        author::write_author(author, &id, &mut contained, reading);
    }
    if let Some(authenticator) = &metadata.legal_authenticator {
        contained.push(author::write_authenticator(authenticator, AUTHENTICATOR));
    }
    contained.push(source_patient::write(metadata));

    let authors = (0..metadata.authors.len())
        .map(|index| reference(&author_id(index)))
        .collect::<Vec<_>>();
    Object::resource("DocumentReference")
        .put("id", entry.id.to_string())
        .put("meta", meta(entry))
        .put("contained", contained)
        .put("extension", archived(entry.availability))
        .put(
            "masterIdentifier",
            identifiers::write_master(&metadata.unique_id),
        )
        .put("identifier", identifiers::write_all(entry))
        .put("status", status(entry.availability))
        .put(
            "type",
            coding::write_concept(&metadata.type_code, Some(List::Type), reading),
        )
        .put(
            "category",
            vec![coding::write_concept(
                &metadata.class,
                Some(List::Class),
                reading,
            )],
        )
        .put("subject", subject::write(&metadata.patient))
        .put("date", Timestamp::from_instant(entry.deposited).to_fhir())
        .put("author", authors)
        .maybe(
            "authenticator",
            metadata
                .legal_authenticator
                .as_ref()
                .map(|_| reference(AUTHENTICATOR)),
        )
        .put("custodian", author::write_organization(&metadata.custodian))
        .put("relatesTo", relation::write_all(&metadata.relations))
        .maybe("description", metadata.comments.as_deref())
        .put("securityLabel", labels(metadata, reading))
        .put("content", vec![content(entry, reading)])
        .put(
            "context",
            context::write(metadata, source_patient::ID, reading),
        )
        .build()
}

const AUTHENTICATOR: &str = "authenticator";

fn author_id(index: usize) -> String {
    format!("author-{}", index + 1)
}

fn reference(id: &str) -> Value {
    Object::new().put("reference", format!("#{id}")).build()
}

fn meta(entry: &DocumentEntry) -> Value {
    Object::new()
        .put("versionId", entry.version.to_string())
        .put(
            "lastUpdated",
            Timestamp::from_instant(entry.updated).to_fhir(),
        )
        .put("profile", vec![Value::from(urls::COMPREHENSIVE_DOCUMENT)])
        .build()
}

/// Absent means false.
fn archived(availability: Availability) -> Vec<Value> {
    let extension = Object::new()
        .put("url", urls::IS_ARCHIVED)
        .put("valueBoolean", true);
    match availability {
        Availability::Archived => vec![extension.build()],
        _ => Vec::new(),
    }
}

pub(in crate::translate) fn status(availability: Availability) -> &'static str {
    match availability {
        Availability::Approved | Availability::Archived => "current",
        Availability::Deprecated => "superseded",
        Availability::Deleted => "entered-in-error",
    }
}

/// Flags first and the HL7 confidentiality last: the guide's patches address index 0.
fn labels(metadata: &DocumentMetadata, reading: &Reading) -> Vec<Value> {
    let codes = metadata.labels.codes();
    codes
        .iter()
        .map(|code| coding::write_concept(code, Some(List::Confidentiality), reading))
        .collect()
}

/// Where the bytes are, below the base URL: a FHIR document is the Bundle that it is.
pub fn content_path(entry: &DocumentEntry) -> String {
    let kind = match entry.metadata.is_fhir() {
        true => "Bundle",
        false => "Binary",
    };
    format!("{kind}/{}", entry.content_id)
}

fn content(entry: &DocumentEntry, reading: &Reading) -> Value {
    let metadata = &entry.metadata;
    let attachment = Object::new()
        .put("contentType", metadata.mime_type.as_str())
        .put("language", metadata.language.as_str())
        .put(
            "url",
            format!("{}/{}", reading.base_url, content_path(entry)),
        )
        .put("size", metadata.size)
        .put("hash", STANDARD.encode(metadata.hash.0))
        .put("title", metadata.title.as_str())
        .put("creation", metadata.creation_time.to_fhir());
    Object::new()
        .put("attachment", attachment)
        .put(
            "format",
            coding::write(&metadata.format, Some(List::Format), reading),
        )
        .build()
}
