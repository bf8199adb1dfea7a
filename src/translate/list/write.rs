//! A submission or a folder as a List of PDSm's comprehensive profiles, elements in R4 order.

use serde_json::Value;
use uuid::Uuid;

use super::super::Reading;
use super::super::datatype::identifier::URI;
use super::super::datatype::object::Object;
use super::super::datatype::urls::{
    COMPREHENSIVE_FOLDER, COMPREHENSIVE_SUBMISSION, DESIGNATION_TYPE, LIST_TYPES, SOURCE_ID,
};
use super::super::datatype::{author, coding};
use super::super::document_reference::slice;
use super::super::subject;
use crate::dmp::code::Code as Coded;
use crate::dmp::folder::Folder;
use crate::dmp::id::UniqueId;
use crate::dmp::submission::SubmissionSet;
use crate::dmp::time::{Instant, Timestamp};
use crate::tables::terminology::List;

/// Writes a submission as a List; its entries are the documents and folders that the caller may know of.
pub fn write(set: &SubmissionSet, reading: &Reading) -> Value {
    let metadata = &set.metadata;
    let mut contained = Vec::new();
    if let Some(author) = &metadata.author {
        author::write_author(author, SOURCE, &mut contained, reading);
    }
    let documents = set.documents.iter().map(document);
    let folders = set.folders.iter().map(folder);
    Object::resource("List")
        .put("id", set.id.to_string())
        .put("meta", meta(set.updated, COMPREHENSIVE_SUBMISSION))
        .put("contained", contained)
        .put("extension", extensions(set, reading))
        .put(
            "identifier",
            identifiers(&metadata.unique_id, set.entry_uuid),
        )
        .put("status", "current")
        .put("mode", "working")
        .maybe("title", metadata.title.as_deref())
        .put("code", kind("submissionset"))
        .put("subject", subject::write(&metadata.patient))
        .put("date", metadata.submission_time.to_fhir())
        .maybe("source", metadata.author.as_ref().map(|_| local_source()))
        .maybe("note", note(metadata.comments.as_deref()))
        .put("entry", documents.chain(folders).collect::<Vec<_>>())
        .build()
}

/// Writes a folder as a List; its entries are the documents that the caller may know of.
pub fn write_folder(folder: &Folder, reading: &Reading) -> Value {
    let metadata = &folder.metadata;
    let designation = metadata.content_type.as_ref();
    let documents = folder.documents.iter().map(document);
    Object::resource("List")
        .put("id", folder.id.to_string())
        .put("meta", meta(folder.updated, COMPREHENSIVE_FOLDER))
        .maybe(
            "extension",
            designation.map(|code| vec![designation_type(code, reading)]),
        )
        .put(
            "identifier",
            identifiers(&metadata.unique_id, folder.entry_uuid),
        )
        .put("status", "current")
        .put("mode", "working")
        .put("title", metadata.title.as_str())
        .put("code", kind("folder"))
        .put("subject", subject::write(&metadata.patient))
        .put("date", metadata.changed.to_fhir())
        .maybe("note", note(metadata.comments.as_deref()))
        .put("entry", documents.collect::<Vec<_>>())
        .build()
}

const SOURCE: &str = "source";

fn meta(updated: Instant, profile: &str) -> Value {
    Object::new()
        .put("versionId", "1")
        .put("lastUpdated", Timestamp::from_instant(updated).to_fhir())
        .put("profile", vec![Value::from(profile)])
        .build()
}

fn extensions(set: &SubmissionSet, reading: &Reading) -> Vec<Value> {
    let metadata = &set.metadata;
    let source = match metadata.source_id.parse::<UniqueId>() {
        Ok(id) => id.to_fhir(),
        Err(_) => (String::new(), metadata.source_id.clone()),
    };
    let source = Object::new().put("system", source.0).put("value", source.1);
    vec![
        designation_type(&metadata.content_type, reading),
        Object::new()
            .put("url", SOURCE_ID)
            .put("valueIdentifier", source)
            .build(),
    ]
}

fn designation_type(code: &Coded, reading: &Reading) -> Value {
    let concept = coding::write_concept(code, Some(List::ContentType), reading);
    Object::new()
        .put("url", DESIGNATION_TYPE)
        .put("valueCodeableConcept", concept)
        .build()
}

fn identifiers(unique_id: &UniqueId, entry_uuid: Uuid) -> Vec<Value> {
    let entry_uuid = (URI.to_owned(), format!("urn:uuid:{entry_uuid}"));
    vec![
        slice("usual", "uniqueId", unique_id.to_fhir()),
        slice("official", "entryUUID", entry_uuid),
    ]
}

fn note(text: Option<&str>) -> Option<Vec<Value>> {
    text.map(|text| vec![Object::new().put("text", text).build()])
}

fn kind(code: &str) -> Value {
    let coding = Object::new().put("system", LIST_TYPES).put("code", code);
    Object::new().put("coding", vec![coding.build()]).build()
}

fn local_source() -> Value {
    Object::new().put("reference", format!("#{SOURCE}")).build()
}

fn document(id: &Uuid) -> Value {
    entry(format!("DocumentReference/{id}"))
}

fn folder(id: &Uuid) -> Value {
    entry(format!("List/{id}"))
}

fn entry(reference: String) -> Value {
    let item = Object::new().put("reference", reference);
    Object::new().put("item", item).build()
}
