//! From what a client declares to what the store registers: the document itself has the last word.

mod compare;
mod complete;
mod fhir;
mod media;
mod note;
mod patient;
mod rules;
mod set;
mod traits;
mod wrap;
mod wrap_alone;

use super::Reading;
use super::bundle::{DeclaredSubmission, Submitted};
use super::cda;
use super::document_reference::DeclaredDocument;
use super::findings::{Findings, Weight, invalid};
use crate::dmp::actor::Actor;
use crate::dmp::context::Validation;
use crate::dmp::document::{DocumentMetadata, Relation, RelationKind};
use crate::dmp::id::UniqueId;
use crate::dmp::national_id::StructIdNat;
use crate::dmp::query::DocumentKey;
use crate::dmp::record::Traits;
use crate::dmp::submission::{NewDocument, Submission};
use crate::dmp::time::Instant;
use crate::error::{Code, Error, Issue};

pub use note::{declared_vaccination, vaccination_note};
pub use patient::prepare_from_patient;
pub use traits::coherent;
pub use wrap_alone::wrap_alone;

/// Who deposits, and where.
#[derive(Debug, Clone, Copy)]
pub struct Depositor<'a> {
    /// The caller.
    pub actor: &'a Actor,
    /// The structure that he declares or that his certificate carries.
    pub structure: Option<&'a StructIdNat>,
    /// The patient as his record knows him: what is wrapped carries it in its header.
    pub traits: &'a Traits,
}

/// Holds each document against its declaration and completes both; `secret` is the secret connection of a minor's record.
///
/// # Errors
/// Every issue of the submission at once, those of its reading first: `cda-invalid`, `hash-mismatch`, `metadata-mismatch`,
/// `type-not-in-matrix`, `type-not-allowed`, `label-conflict`, `code-invalid`, `relation-only-in-header`, `relation-not-in-header`.
pub fn prepare(
    declared: DeclaredSubmission,
    depositor: &Depositor,
    secret: bool,
    now: Instant,
    reading: &Reading,
) -> Result<(Submission, Vec<Issue>), Error> {
    let mut found = Findings::new(reading);
    found.append(declared.issues);
    let mut documents = Vec::new();
    for submitted in declared.documents {
        let document = one(submitted, depositor, (secret, now), &mut found, reading);
        documents.extend(document);
    }
    check_unique(&documents, &mut found);
    let told_at = declared.set.path.clone();
    let first = documents.first().map(|document| &document.metadata);
    let metadata =
        first.map(|first| set::complete(declared.set, &declared.patient, first, depositor, now));
    let warnings = found.finish().map_err(Error::many)?;
    let folders = declared.folders.into_iter();
    let submission = Submission {
        metadata: metadata.ok_or(Code::ElementRequired)?,
        documents,
        superseded: declared.superseded,
        folders: folders.map(|folder| folder.complete(now)).collect(),
        told_at,
    };
    Ok((submission, warnings))
}

/// One document; None when it can't be stored, which is then told.
fn one(
    submitted: Submitted,
    depositor: &Depositor,
    (secret, now): (bool, Instant),
    found: &mut Findings,
    reading: &Reading,
) -> Option<NewDocument> {
    let mut declared = submitted.declared;
    let content_type = submitted.content_type.as_ref();
    let form = fhir::format(&declared, content_type.map(|(told, _)| told.as_str()));
    check_content_type(&declared, submitted.content_type, found);
    if let (Some(form), Some(bytes)) = (form, &submitted.bytes) {
        fhir::complete(&mut declared, (bytes, form), found, reading)?;
    }
    rules::check_labels(&declared, secret, found);
    let type_code = declared.type_code.as_ref();
    rules::check_type(type_code, &declared.path, depositor, found, reading);
    let bytes = submitted.bytes?;
    let end_alone = declared.end_alone();
    let document = if let Some(form) = form {
        let known = wrap::Known::of(depositor);
        fhir::document(declared, (bytes, form), &known, now, found, reading)?
    } else if let Some(media_type) = media::of_a_file(&declared, &bytes) {
        let file = wrap::File { media_type, bytes };
        let known = wrap::Known::of(depositor);
        wrap::wrap(declared, &file, &known, now, found, reading)?
    } else {
        of_a_cda(declared, bytes, depositor, found, reading)?
    };
    let (metadata, path) = (&document.metadata, &document.told_at);
    rules::check_lists(metadata, path, found, reading);
    rules::check_end(end_alone.as_ref(), metadata, path, found);
    Some(document)
}

/// A CDA document, whose header has the last word.
fn of_a_cda(
    declared: DeclaredDocument,
    bytes: Vec<u8>,
    depositor: &Depositor,
    found: &mut Findings,
    reading: &Reading,
) -> Option<NewDocument> {
    let metadata = from_header(&declared, &bytes, found, reading);
    compare::check_bytes(&declared, &bytes, metadata.as_ref(), found);
    let mut metadata = metadata?;
    if declared.type_code.as_ref() != Some(&metadata.type_code) {
        rules::check_type(
            Some(&metadata.type_code),
            &declared.path,
            depositor,
            found,
            reading,
        );
    }
    compare::compare(&declared, &metadata, found, reading);
    let told = std::mem::take(&mut metadata.relations);
    let (targets, header_replaces) = relations(&declared, &told, found, reading);
    let (told_at, unless) = (declared.path.clone(), declared.unless.clone());
    let aliases = declared.aliases.clone();
    complete::after(declared, &mut metadata);
    Some(NewDocument {
        metadata,
        content: bytes,
        targets,
        aliases,
        header_replaces,
        unless,
        told_at,
    })
}

/// The header's metadata; in guide mode the declaration stands in for what the header may lack.
fn from_header(
    declared: &DeclaredDocument,
    bytes: &[u8],
    found: &mut Findings,
    reading: &Reading,
) -> Option<DocumentMetadata> {
    let path = format!("{}.content[0].attachment", declared.path);
    let held = |issues: Vec<Issue>| {
        let held = issues.into_iter().map(|issue| issue.held_by(&path));
        held.collect::<Vec<_>>()
    };
    let told = |mut issues: Vec<Issue>| {
        cda::names(bytes, reading, &mut issues);
        held(issues)
    };
    let mut header = match cda::read_whole(bytes) {
        Ok((header, warnings)) => {
            found.append(told(warnings));
            header
        }
        Err(issues) => {
            for issue in told(issues) {
                found.refuse(issue);
            }
            return None;
        }
    };
    complete::before(declared, &mut header, reading);
    match cda::to_metadata(&header, bytes, reading) {
        Ok((metadata, warnings)) => {
            found.append(told(warnings));
            found.append(held(cda::warnings(bytes, reading)));
            Some(metadata)
        }
        Err(issues) => {
            found.append(told(issues));
            None
        }
    }
}

/// `Binary.contentType` and `attachment.contentType` say the same.
fn check_content_type(
    declared: &DeclaredDocument,
    content_type: Option<(String, String)>,
    found: &mut Findings,
) {
    let Some((binary, path)) = content_type else {
        return;
    };
    let same = declared
        .mime_type
        .as_deref()
        .is_none_or(|attachment| compare::same_mime(attachment, &binary));
    if !same {
        found.tolerate(invalid(
            path,
            "il diffère de attachment.contentType",
            "it differs from attachment.contentType",
        ));
    }
}

/// Holds `relatesTo` against `relatedDocument`; gives the targets for the store, and what only the header says is replaced.
fn relations(
    declared: &DeclaredDocument,
    told: &[Relation],
    found: &mut Findings,
    reading: &Reading,
) -> (Vec<(RelationKind, DocumentKey)>, Option<UniqueId>) {
    let mut targets = declared.relations.clone();
    for (index, (kind, target)) in declared.relations.iter().enumerate() {
        let at = format!("{}.relatesTo[{index}]", declared.path);
        let in_header: Vec<&UniqueId> = told
            .iter()
            .filter(|relation| relation.kind == *kind)
            .map(|relation| &relation.target)
            .collect();
        match (kind, in_header.as_slice()) {
            // A CDA header has no word for a signature.
            (RelationKind::Signs, _) => {}
            (_, []) => found.tolerate(Issue::new(Code::RelationNotInHeader).at(at)),
            (_, header) => check_target(*kind, target, header, at, found),
        }
    }
    let mut only_in_header = None;
    for Relation { kind, target } in told {
        let mut same_kind = declared.relations.iter().filter(|(known, _)| known == kind);
        let told_too = same_kind.clone().next().is_some();
        let by_other_name = same_kind.any(|(_, key)| !matches!(key, DocumentKey::Unique(_)));
        if *kind == RelationKind::Replaces && by_other_name {
            // Only the store can tell whether both names mean one document.
            targets.push((*kind, DocumentKey::Unique(target.clone())));
        } else if *kind == RelationKind::Replaces
            && !told_too
            && reading.validation == Validation::Guide
        {
            // The store applies it or drops it, and tells which.
            only_in_header = Some(target.clone());
        } else if !told_too {
            let path = format!("{}.relatesTo", declared.path);
            found.tolerate(Issue::new(Code::RelationOnlyInHeader).at(path));
        }
    }
    (targets, only_in_header)
}

/// A target named by unique id is compared here, any other by the store once it is found.
fn check_target(
    kind: RelationKind,
    target: &DocumentKey,
    in_header: &[&UniqueId],
    path: String,
    found: &mut Findings,
) {
    let DocumentKey::Unique(declared) = target else {
        return;
    };
    if in_header.contains(&declared) {
        return;
    }
    let weight = match kind {
        RelationKind::Replaces => Weight::Key,
        _ => Weight::Detail,
    };
    let header = in_header.first().map(ToString::to_string);
    let issue = Issue::new(Code::MetadataMismatch)
        .at(format!("{path}.target"))
        .with("declared", declared.to_string())
        .with("found", header.unwrap_or_default());
    found.weigh(weight, issue);
}

/// No two documents of a message share a unique id.
fn check_unique(documents: &[NewDocument], found: &mut Findings) {
    for (index, document) in documents.iter().enumerate() {
        let mut before = documents.iter().take(index);
        let id = &document.metadata.unique_id;
        if before.any(|other| other.metadata.unique_id == *id) {
            found.refuse(invalid(
                format!("{}.masterIdentifier", document.told_at),
                "deux documents du lot portent le même identifiant unique",
                "two documents of the submission have the same unique id",
            ));
        }
    }
}
