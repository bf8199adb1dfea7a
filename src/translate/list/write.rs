//! A submission as a List of PDSm's comprehensive submission-set profile, elements in R4 order.

use serde_json::Value;

use super::super::Reading;
use super::super::datatype::identifier::URI;
use super::super::datatype::object::Object;
use super::super::datatype::urls::{
    COMPREHENSIVE_SUBMISSION, DESIGNATION_TYPE, LIST_TYPES, SOURCE_ID,
};
use super::super::datatype::{author, coding};
use super::super::document_reference::slice;
use super::super::subject;
use crate::dmp::id::UniqueId;
use crate::dmp::submission::SubmissionSet;
use crate::dmp::time::Timestamp;
use crate::tables::terminology::List;

/// Writes a submission as a List; its entries are the documents that the caller may know of.
pub fn write(set: &SubmissionSet, reading: &Reading) -> Value {
    let metadata = &set.metadata;
    let mut contained = Vec::new();
    if let Some(author) = &metadata.author {
        author::write_author(author, SOURCE, &mut contained, reading);
    }
    let entry_uuid = (URI.to_owned(), format!("urn:uuid:{}", set.entry_uuid));
    let identifiers = vec![
        slice("usual", "uniqueId", metadata.unique_id.to_fhir()),
        slice("official", "entryUUID", entry_uuid),
    ];
    let note = metadata.comments.as_deref();
    Object::resource("List")
        .put("id", set.id.to_string())
        .put("meta", meta(set))
        .put("contained", contained)
        .put("extension", extensions(set, reading))
        .put("identifier", identifiers)
        .put("status", "current")
        .put("mode", "working")
        .maybe("title", metadata.title.as_deref())
        .put("code", kind())
        .put("subject", subject::write(&metadata.patient))
        .put("date", metadata.submission_time.to_fhir())
        .maybe("source", metadata.author.as_ref().map(|_| local_source()))
        .maybe(
            "note",
            note.map(|text| vec![Object::new().put("text", text).build()]),
        )
        .put("entry", set.documents.iter().map(entry).collect::<Vec<_>>())
        .build()
}

const SOURCE: &str = "source";

fn meta(set: &SubmissionSet) -> Value {
    Object::new()
        .put("versionId", "1")
        .put(
            "lastUpdated",
            Timestamp::from_instant(set.updated).to_fhir(),
        )
        .put("profile", vec![Value::from(COMPREHENSIVE_SUBMISSION)])
        .build()
}

fn extensions(set: &SubmissionSet, reading: &Reading) -> Vec<Value> {
    let metadata = &set.metadata;
    let designation =
        coding::write_concept(&metadata.content_type, Some(List::ContentType), reading);
    let source = match metadata.source_id.parse::<UniqueId>() {
        Ok(id) => id.to_fhir(),
        Err(_) => (String::new(), metadata.source_id.clone()),
    };
    let source = Object::new().put("system", source.0).put("value", source.1);
    vec![
        Object::new()
            .put("url", DESIGNATION_TYPE)
            .put("valueCodeableConcept", designation)
            .build(),
        Object::new()
            .put("url", SOURCE_ID)
            .put("valueIdentifier", source)
            .build(),
    ]
}

fn kind() -> Value {
    let coding = Object::new()
        .put("system", LIST_TYPES)
        .put("code", "submissionset");
    Object::new().put("coding", vec![coding.build()]).build()
}

fn local_source() -> Value {
    Object::new().put("reference", format!("#{SOURCE}")).build()
}

fn entry(document: &uuid::Uuid) -> Value {
    let item = Object::new().put("reference", format!("DocumentReference/{document}"));
    Object::new().put("item", item).build()
}
