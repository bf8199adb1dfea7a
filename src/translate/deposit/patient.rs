//! A patient's own document (rules PAT-01 to PAT-03): any content of the accepted media types, with what the record and the server
//! tell of it. It has no CDA header to be held against.

use super::super::Reading;
use super::super::bundle::{DeclaredSubmission, Submitted};
use super::super::datatype::coding::{bind, shown};
use super::super::document_reference::DeclaredDocument;
use super::super::findings::{Findings, Weight, invalid};
use super::media::looks_like;
use super::{Depositor, compare, rules, set};
use crate::dmp::actor::{Actor, ActorKind};
use crate::dmp::code::Code as Coded;
use crate::dmp::document::{DocumentMetadata, Labels, Sha1};
use crate::dmp::id::UniqueId;
use crate::dmp::person::{Author, AuthorKind, Organization, PersonName, SourcePatient};
use crate::dmp::record::RecordData;
use crate::dmp::submission::{NewDocument, Submission};
use crate::dmp::time::{Instant, Timestamp};
use crate::error::{Code, Error, Issue};
use crate::tables::terminology::List;

/// Largest content (PAT-01).
const MAX_BYTES: usize = 5 * 1024 * 1024;
/// Longest title, characters (PAT-02).
const MAX_TITLE: usize = 50;
/// Facility and practice setting of what a patient writes.
const EXPRESSION: (&str, &str) = ("EXP_PATIENT", "1.2.250.1.213.1.1.4.6");
/// Who keeps what a patient writes, when he names nobody.
const KEEPER: &str = "Mon espace santé";
const LANGUAGE: &str = "fr-FR";

/// Makes the submission of a patient's document, or of who acts for him, in `record`.
///
/// # Errors
/// Every issue at once: `type-not-allowed`, `type-not-in-matrix`, `too-large`, `element-invalid`, `element-required`,
/// `label-conflict`, `hash-mismatch`, `metadata-mismatch`.
pub fn prepare_from_patient(
    declared: DeclaredSubmission,
    actor: &Actor,
    record: &RecordData,
    now: Instant,
    reading: &Reading,
) -> Result<(Submission, Vec<Issue>), Error> {
    let mut found = Findings::new(reading);
    found.append(declared.issues);
    let author = author(actor, record);
    let mut documents = declared.documents.into_iter();
    let document = match (documents.next(), documents.next()) {
        (Some(document), None) => one(document, &author, record, now, &mut found, reading),
        _ => None,
    };
    let warnings = found.finish().map_err(Error::many)?;
    let document = document.ok_or(Code::ElementRequired)?;
    let depositor = Depositor {
        actor,
        structure: None,
        traits: &record.traits,
    };
    let mut set = declared.set;
    set.author = Some(author);
    let metadata = set::complete(set, &declared.patient, &document.metadata, &depositor, now);
    let submission = Submission {
        metadata,
        documents: vec![document],
        superseded: Vec::new(),
        folders: Vec::new(),
        told_at: String::new(),
    };
    Ok((submission, warnings))
}

fn one(
    submitted: Submitted,
    author: &Author,
    record: &RecordData,
    now: Instant,
    found: &mut Findings,
    reading: &Reading,
) -> Option<NewDocument> {
    let (declared, bytes) = (submitted.declared, submitted.bytes);
    let class = check_type(&declared, found, reading);
    let media = check_media(&declared, bytes.as_deref(), found, reading);
    let title = check_title(&declared, found);
    check_labels(&declared, found);
    check_people(&declared, found);
    let bytes = bytes?;
    if bytes.len() > MAX_BYTES {
        found.refuse(Issue::new(Code::TooLarge).rule("PAT-01"));
        return None;
    }
    compare::check_bytes(&declared, &bytes, None, found);
    let (mime_type, format) = media?;
    let end_alone = declared.end_alone();
    let expression = || Coded::new(EXPRESSION.0, EXPRESSION.1);
    let created = declared.creation_time;
    let created = created.unwrap_or_else(|| Timestamp::from_instant(now));
    let keeper = || Organization {
        id: None,
        name: Some(KEEPER.to_owned()),
    };
    let metadata = DocumentMetadata {
        unique_id: declared.unique_id.unwrap_or_else(UniqueId::generate),
        patient: record.ins.clone(),
        source_patient: source_patient(record),
        authors: vec![author.clone()],
        legal_authenticator: None,
        custodian: declared.custodian.unwrap_or_else(keeper),
        title: title?,
        comments: declared.comments,
        service_start: declared.service_start.unwrap_or_else(|| created.clone()),
        service_stop: declared.service_stop,
        creation_time: created,
        language: declared.language.unwrap_or_else(|| LANGUAGE.to_owned()),
        class: class?,
        type_code: declared.type_code?,
        format,
        labels: declared.labels.unwrap_or_default(),
        events: declared.events,
        facility_type: expression(),
        practice_setting: expression(),
        mime_type,
        references: declared.references,
        relations: Vec::new(),
        hash: Sha1(openssl::sha::sha1(&bytes)),
        size: bytes.len() as u64,
    };
    rules::check_end(end_alone.as_ref(), &metadata, &declared.path, found);
    Some(NewDocument {
        metadata,
        content: bytes,
        targets: declared.relations,
        aliases: declared.aliases,
        header_replaces: None,
        unless: declared.unless,
        told_at: declared.path,
    })
}

/// One of the patient's types; its class is derived (PAT-02, FEED-06).
fn check_type(
    declared: &DeclaredDocument,
    found: &mut Findings,
    reading: &Reading,
) -> Option<Coded> {
    let code = declared.type_code.as_ref()?;
    let path = format!("{}.type", declared.path);
    let (refusal, rule) = if !reading.tables.matrix.knows_type(&code.code) {
        (Some(Code::TypeNotInMatrix), "FEED-06")
    } else if !reading.tables.terminology.is_for_patients(&code.code) {
        (Some(Code::TypeNotAllowed), "PAT-02")
    } else {
        (None, "")
    };
    if let Some(refusal) = refusal {
        let issue = Issue::new(refusal)
            .at(path)
            .with("value", shown(code, reading));
        found.refuse(issue.rule(rule));
        return None;
    }
    bind(code, List::Type, path, Weight::Key, found, reading);
    let class = reading.tables.terminology.class_of(code)?;
    if let Some(told) = &declared.class
        && *told != class
    {
        let issue = Issue::new(Code::MetadataMismatch)
            .at(format!("{}.category", declared.path))
            .with("declared", shown(told, reading))
            .with("found", shown(&class, reading));
        found.tolerate(issue);
    }
    Some(class)
}

/// One of the patient's media types, and bytes that look like it; gives the type that is kept and its format.
fn check_media(
    declared: &DeclaredDocument,
    bytes: Option<&[u8]>,
    found: &mut Findings,
    reading: &Reading,
) -> Option<(String, Coded)> {
    let path = format!("{}.content[0].attachment.contentType", declared.path);
    let Some(told) = declared.mime_type.as_deref() else {
        found.refuse(Issue::new(Code::ElementRequired).at(path));
        return None;
    };
    let bare = told.split(';').next().unwrap_or_default().trim();
    let terminology = &reading.tables.terminology;
    let Some(kept) = terminology.media_of_patients(bare) else {
        let issue = invalid(
            path,
            "seuls pdf, txt, rtf, jpeg et tiff sont acceptés",
            "only pdf, txt, rtf, jpeg and tiff are accepted",
        );
        found.refuse(issue.rule("PAT-01"));
        return None;
    };
    if bytes.is_some_and(|bytes| !looks_like(kept, bytes)) {
        let issue = invalid(
            path,
            "le contenu n'y ressemble pas",
            "the content does not look like it",
        );
        found.tolerate(issue.rule("PAT-01"));
    }
    Some((kept.to_owned(), terminology.format_of_media_type(kept)?))
}

fn check_title(declared: &DeclaredDocument, found: &mut Findings) -> Option<String> {
    let path = format!("{}.content[0].attachment.title", declared.path);
    let title = declared.title.as_deref().map(str::trim);
    let Some(title) = title.filter(|title| !title.is_empty()) else {
        found.refuse(Issue::new(Code::ElementRequired).at(path).rule("PAT-02"));
        return None;
    };
    if title.chars().count() > MAX_TITLE {
        let issue = invalid(path, "50 caractères au plus", "at most 50 characters");
        found.refuse(issue.rule("PAT-02"));
    }
    Some(title.to_owned())
}

/// A patient shows or masks: he hides nothing from himself or from who acts for him (PAT-03).
fn check_labels(declared: &DeclaredDocument, found: &mut Findings) {
    let labels = declared.labels.unwrap_or_default();
    let only_masked = Labels {
        masked: labels.masked,
        ..Labels::default()
    };
    if labels != only_masked {
        let issue = Issue::new(Code::LabelConflict)
            .at(format!("{}.securityLabel", declared.path))
            .rule("PAT-03");
        found.refuse(issue);
    }
}

/// The author is who deposits: an author who is somebody else would have rights on the document that nobody gave him.
fn check_people(declared: &DeclaredDocument, found: &mut Findings) {
    for (index, author) in declared.authors.iter().enumerate() {
        let path = format!("{}.author[{index}]", declared.path);
        let nobody = author.kind == AuthorKind::Professional && author.id.is_none();
        if nobody || author.kind == AuthorKind::Patient {
            found.ignored(path);
        } else {
            let issue = invalid(
                path,
                "l'auteur est le patient ou celui qui agit pour lui",
                "the author is the patient or who acts for him",
            );
            found.refuse(issue.rule("PAT-02"));
        }
    }
    if declared.legal_authenticator.is_some() {
        let path = format!("{}.authenticator", declared.path);
        found.refuse(Issue::new(Code::UnsupportedElement).at(path));
    }
}

/// The holder under the name that he uses, or who acts for him as his portal names him.
fn author(actor: &Actor, record: &RecordData) -> Author {
    let traits = &record.traits;
    let name: &PersonName = match actor.kind {
        ActorKind::Holder => traits.used_name.as_ref().unwrap_or(&traits.birth_name),
        _ => &actor.name,
    };
    Author {
        kind: AuthorKind::Patient,
        id: None,
        name: name.clone(),
        device: None,
        specialty: None,
        role: None,
        institution: None,
    }
}

fn source_patient(record: &RecordData) -> SourcePatient {
    let traits = &record.traits;
    SourcePatient {
        ids: Vec::new(),
        family_birth: traits.birth_name.family.clone(),
        family_used: traits
            .used_name
            .as_ref()
            .and_then(|name| name.family.clone()),
        given: traits.birth_name.given.clone(),
        birth_date: Some(Timestamp::from_date(traits.birth_date)),
        sex: Some(traits.sex),
    }
}
