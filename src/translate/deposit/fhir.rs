//! A FHIR document on its way in: its Composition against the declaration, which tells what no Composition does.

use super::super::Reading;
use super::super::datatype::coding::shown;
use super::super::document_reference::DeclaredDocument;
use super::super::fhir_document::{self, FhirDocument};
use super::super::findings::Findings;
use super::super::wire::Format;
use super::{compare, wrap};
use crate::dmp::submission::NewDocument;
use crate::dmp::time::Instant;
use crate::error::{Code, Issue};

/// Its form, when the entry with the bytes or the declaration says that it is one. The entry is nearer to the bytes.
pub(super) fn format(declared: &DeclaredDocument, content_type: Option<&str>) -> Option<Format> {
    let told = [content_type, declared.mime_type.as_deref()];
    told.into_iter().flatten().find_map(fhir_document::format)
}

/// Fills what the Composition tells and the declaration does not; None when it is no FHIR document, which is then told.
pub(super) fn complete(
    declared: &mut DeclaredDocument,
    (bytes, form): (&[u8], Format),
    found: &mut Findings,
    reading: &Reading,
) -> Option<()> {
    let path = format!("{}.content[0].attachment", declared.path);
    let tree = fhir_document::tree(bytes, form, &path, found)?;
    let told = fhir_document::read(&tree, &path, found, reading)?;
    compare(declared, &told, found, reading);
    declared.unique_id = declared.unique_id.take().or(told.unique_id);
    declared.type_code = declared.type_code.take().or(told.type_code);
    declared.title = declared.title.take().or(told.title);
    declared.creation_time = declared.creation_time.take().or(told.date);
    Some(())
}

/// What may never differ, as of a CDA header.
fn compare(
    declared: &DeclaredDocument,
    told: &FhirDocument,
    found: &mut Findings,
    reading: &Reading,
) {
    let path = &declared.path;
    let mut differs = |element: &str, declared: String, in_document: String| {
        let issue = Issue::new(Code::MetadataMismatch)
            .at(format!("{path}.{element}"))
            .with("declared", declared)
            .with("found", in_document);
        found.refuse(issue);
    };
    if let (Some(one), Some(other)) = (&declared.unique_id, &told.unique_id)
        && one != other
    {
        differs("masterIdentifier", one.to_string(), other.to_string());
    }
    if let (Some(one), Some(other)) = (&declared.type_code, &told.type_code)
        && one != other
    {
        differs("type", shown(one, reading), shown(other, reading));
    }
    if let (Some(one), Some(other)) = (&declared.patient, &told.patient)
        && one != other
    {
        // A number is never repeated.
        differs("subject", "…".to_owned(), "…".to_owned());
    }
    if told.patient.is_none() {
        let at = format!("{path}.subject");
        found.tolerate(super::invalid(
            at,
            "la Composition ne désigne pas le patient par son INS",
            "the Composition does not name the patient by INS",
        ));
    }
    if told.type_code.is_none() {
        let at = format!("{path}.type");
        found.refuse(super::invalid(
            at,
            "Composition.type n'est pas lisible",
            "Composition.type is not readable",
        ));
    }
}

/// The document, as it came.
pub(super) fn document(
    declared: DeclaredDocument,
    (bytes, form): (Vec<u8>, Format),
    known: &wrap::Known,
    now: Instant,
    found: &mut Findings,
    reading: &Reading,
) -> Option<NewDocument> {
    compare::check_bytes(&declared, &bytes, None, found);
    let format = declared.format.clone();
    if format.is_none() {
        let at = format!("{}.content[0].format", declared.path);
        found.refuse(Issue::new(Code::ElementRequired).at(at));
    }
    let (targets, aliases) = (declared.relations.clone(), declared.aliases.clone());
    let unless = declared.unless.clone();
    let told_at = declared.path.clone();
    let media_type = fhir_document::media_type(form);
    let file = wrap::File { media_type, bytes };
    let mut metadata = wrap::metadata(declared, &file, format, known, now, found, reading)?;
    metadata.mime_type = media_type.to_owned();
    metadata.hash = crate::dmp::document::Sha1(openssl::sha::sha1(&file.bytes));
    metadata.size = file.bytes.len() as u64;
    metadata.relations.clear();
    Some(NewDocument {
        metadata,
        content: file.bytes,
        targets,
        aliases,
        header_replaces: None,
        unless,
        told_at,
    })
}
