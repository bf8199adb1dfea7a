//! A file that is no CDA document becomes one of level 1 (IHE XDS-SD, CI-SIS "documents non structurés"): its header is made of what
//! the client declares, and of what card, structure and record tell. What none of them tells is asked for by name.

use super::super::Reading;
use super::super::cda::make::{Body, Draft, UNSTRUCTURED, make};
use super::super::cda::read_header;
use super::super::datatype::coding::shown;
use super::super::document_reference::DeclaredDocument;
use super::super::findings::{Findings, Weight, invalid};
use super::{Depositor, compare, media, set};
use crate::dmp::code::Code as Coded;
use crate::dmp::document::{DocumentMetadata, Relation, RelationKind, Sha1};
use crate::dmp::id::{UniqueId, is_oid};
use crate::dmp::ins::Ins;
use crate::dmp::person::{
    Author, AuthorKind, Identifier, LegalAuthenticator, Organization, SourcePatient,
};
use crate::dmp::query::DocumentKey;
use crate::dmp::record::Traits;
use crate::dmp::submission::NewDocument;
use crate::dmp::time::{Instant, Timestamp};
use crate::error::{Code, Issue};

const LANGUAGE: &str = "fr-FR";

/// What is to be wrapped.
pub(super) struct File {
    /// One of ASS_A12.
    pub media_type: &'static str,
    /// As they came.
    pub bytes: Vec<u8>,
}

/// What is known beside the declaration.
pub(super) struct Known<'a> {
    /// The patient, as his record knows him.
    pub traits: &'a Traits,
    /// The professional whose own card deposits.
    pub author: Option<Author>,
    /// The structure that deposits: it keeps what nobody else is said to keep.
    pub keeper: Option<Organization>,
    /// Who deposits; empty when nobody does.
    pub depositor: String,
}

impl<'a> Known<'a> {
    pub(super) fn of(depositor: &Depositor<'a>) -> Self {
        let is_nominative = depositor.actor.kind.is_nominative();
        let author = set::author(depositor);
        Self {
            traits: depositor.traits,
            keeper: author.institution.clone(),
            author: is_nominative.then_some(author),
            depositor: depositor.actor.id.key(),
        }
    }
}

/// The document around the file; None when something is missing, which is then told.
pub(super) fn wrap(
    declared: DeclaredDocument,
    file: &File,
    known: &Known,
    now: Instant,
    found: &mut Findings,
    reading: &Reading,
) -> Option<NewDocument> {
    check_file(&declared, file, found);
    compare::check_bytes(&declared, &file.bytes, None, found);
    let unless = declared.unless.clone();
    let (targets, aliases) = (declared.relations.clone(), declared.aliases.clone());
    let path = declared.path.clone();
    let terminology = &reading.tables.terminology;
    let format = terminology.format_of_media_type(file.media_type);
    let mut metadata = metadata(declared, file, format, known, now, found, reading)?;
    let draft = Draft {
        metadata: &metadata,
        traits: known.traits,
        templates: &[(UNSTRUCTURED, "")],
        set_id: &derived(&["set", &metadata.unique_id.to_string()]),
        version: 1,
        body: Body::File {
            media_type: file.media_type,
            bytes: &file.bytes,
        },
    };
    let content = make(draft, reading.tables).into_bytes();
    if read_header(&content).is_err() {
        found.refuse(invalid(
            path,
            "une valeur est trop longue pour l'en-tête d'un document CDA, ou répétée trop souvent",
            "a value is too long for the header of a CDA document, or repeated too often",
        ));
        return None;
    }
    metadata.hash = Sha1(openssl::sha::sha1(&content));
    metadata.size = content.len() as u64;
    // The store resolves the targets, whatever they were named by.
    metadata.relations.clear();
    let told = Issue::new(Code::Wrapped).at(format!("{path}.content[0].attachment"));
    found.note(told.with("value", file.media_type));
    Some(NewDocument {
        metadata,
        content,
        targets,
        aliases,
        header_replaces: None,
        unless,
        told_at: path,
    })
}

fn check_file(declared: &DeclaredDocument, file: &File, found: &mut Findings) {
    let path = format!("{}.content[0].attachment", declared.path);
    if file.bytes.is_empty() {
        found.refuse(invalid(path, "le fichier est vide", "the file is empty"));
    } else if !media::looks_like(file.media_type, &file.bytes) {
        found.refuse(invalid(
            format!("{path}.contentType"),
            "le contenu n'y ressemble pas",
            "the content does not look like it",
        ));
    } else if file.media_type == "application/pdf" && !media::is_pdf_a1(&file.bytes) {
        found.tolerate(invalid(
            path,
            "le DMP attend un PDF/A-1, ce PDF ne dit pas l'être",
            "the DMP expects PDF/A-1, which this PDF does not say it is",
        ));
    }
}

/// What is known of a document that has no CDA header; None when something is missing, which is then told.
pub(super) fn metadata(
    declared: DeclaredDocument,
    file: &File,
    format: Option<Coded>,
    known: &Known,
    now: Instant,
    found: &mut Findings,
    reading: &Reading,
) -> Option<DocumentMetadata> {
    let path = declared.path.clone();
    let missing = |element: &str| Issue::new(Code::ElementRequired).at(format!("{path}.{element}"));
    let authors = authors(&declared, known);
    if authors.is_empty() {
        found.refuse(missing("author"));
    }
    let signatory = signatory(&declared, &authors, known);
    if signatory.is_none() {
        found.refuse(missing("authenticator"));
    }
    let mut required = |value: Option<Coded>, element: &str| {
        if value.is_none() {
            found.refuse(missing(element));
        }
        value
    };
    let facility_type = required(declared.facility_type.clone(), "context.facilityType");
    let practice_setting = required(declared.practice_setting.clone(), "context.practiceSetting");
    let type_code = required(declared.type_code.clone(), "type");
    let title = declared
        .title
        .clone()
        .filter(|title| !title.trim().is_empty());
    if title.is_none() {
        found.refuse(missing("content[0].attachment.title"));
    }
    let custodian = declared.custodian.clone();
    let custodian = custodian.or_else(|| authors.iter().find_map(|a| a.institution.clone()));
    let custodian = custodian.or_else(|| known.keeper.clone());
    if custodian.is_none() {
        found.refuse(missing("custodian"));
    }
    check_identifiers(&declared, &authors, found);
    if let (Some(told), Some(format)) = (&declared.format, &format) {
        differs(
            &path,
            "content[0].format",
            Weight::Detail,
            told,
            format,
            found,
            reading,
        );
    }
    let class = type_code
        .as_ref()
        .and_then(|code| reading.tables.terminology.class_of(code));
    if let (Some(told), Some(class)) = (&declared.class, &class) {
        differs(
            &path,
            "category[0]",
            Weight::Key,
            told,
            class,
            found,
            reading,
        );
    }
    let patient = declared.patient?;
    let created = declared
        .creation_time
        .unwrap_or_else(|| Timestamp::to_the_second(now));
    let unique_id = declared.unique_id;
    let unique_id = unique_id.unwrap_or_else(|| own_id(&patient, known, &file.bytes));
    Some(DocumentMetadata {
        unique_id,
        source_patient: source_patient(declared.source_patient, known.traits),
        patient,
        authors,
        legal_authenticator: signatory,
        custodian: custodian?,
        title: title?,
        comments: declared.comments,
        service_start: declared.service_start.unwrap_or_else(|| created.clone()),
        service_stop: declared.service_stop,
        creation_time: created,
        language: declared.language.unwrap_or_else(|| LANGUAGE.to_owned()),
        class: class?,
        type_code: type_code?,
        format: format?,
        labels: declared.labels.unwrap_or_default(),
        events: declared.events,
        facility_type: facility_type?,
        practice_setting: practice_setting?,
        mime_type: "text/xml".to_owned(),
        references: declared.references,
        relations: relations(&declared.relations),
        hash: Sha1([0; 20]),
        size: 0,
    })
}

fn differs(
    path: &str,
    element: &str,
    weight: Weight,
    told: &Coded,
    kept: &Coded,
    found: &mut Findings,
    reading: &Reading,
) {
    if told != kept {
        let issue = Issue::new(Code::MetadataMismatch)
            .at(format!("{path}.{element}"))
            .with("declared", shown(told, reading))
            .with("found", shown(kept, reading));
        found.weigh(weight, issue);
    }
}

/// Those who are declared, else the depositor himself.
fn authors(declared: &DeclaredDocument, known: &Known) -> Vec<Author> {
    match declared.authors.as_slice() {
        [] => known.author.iter().cloned().collect(),
        told => told.to_vec(),
    }
}

/// Who is declared, else the depositor, else the only professional among the authors.
fn signatory(
    declared: &DeclaredDocument,
    authors: &[Author],
    known: &Known,
) -> Option<LegalAuthenticator> {
    let by = |author: &Author| LegalAuthenticator {
        id: author.id.clone(),
        name: author.name.clone(),
    };
    let of_the_card = || known.author.as_ref().map(by);
    let only_author = || {
        let mut professionals = authors
            .iter()
            .filter(|author| author.kind == AuthorKind::Professional && author.id.is_some());
        match (professionals.next(), professionals.next()) {
            (Some(author), None) => Some(by(author)),
            _ => None,
        }
    };
    let told = declared.legal_authenticator.clone();
    told.or_else(of_the_card).or_else(only_author)
}

/// CDA names authorities by OID: another identifier is kept in the entry and missing in the document.
fn check_identifiers(declared: &DeclaredDocument, authors: &[Author], found: &mut Findings) {
    let is_foreign = |id: &Option<Identifier>| id.as_ref().is_some_and(|id| !is_oid(&id.root));
    for (rank, author) in authors.iter().enumerate() {
        let of_institution = author.institution.as_ref().map(|one| &one.id);
        if is_foreign(&author.id) || of_institution.is_some_and(is_foreign) {
            let path = format!("{}.author[{rank}]", declared.path);
            found.tolerate(Issue::new(Code::UnsupportedElement).at(path));
        }
    }
}

/// Relations that CDA has a word for, to documents whose unique id is told.
fn relations(told: &[(RelationKind, DocumentKey)]) -> Vec<Relation> {
    let relation = |(kind, key): &(RelationKind, DocumentKey)| match key {
        DocumentKey::Unique(target) if kind.cda().is_some() => Some(Relation {
            kind: *kind,
            target: target.clone(),
        }),
        _ => None,
    };
    told.iter().filter_map(relation).collect()
}

/// As the source knows him, else as the record does: with all given names, as the header writes them.
pub(super) fn source_patient(told: Option<SourcePatient>, traits: &Traits) -> SourcePatient {
    let used = traits.used_name.as_ref().unwrap_or(&traits.birth_name);
    let told = told.unwrap_or_default();
    let given = || {
        traits
            .birth_given_names
            .clone()
            .or(traits.birth_name.given.clone())
    };
    SourcePatient {
        ids: told.ids,
        family_birth: told.family_birth.or(traits.birth_name.family.clone()),
        family_used: told.family_used.or(used.family.clone()),
        given: told.given.or_else(given),
        birth_date: told
            .birth_date
            .or(Some(Timestamp::from_date(traits.birth_date))),
        sex: told.sex.or(Some(traits.sex)),
    }
}

/// The same file of the same patient from the same depositor is the same document: sent again, it is a duplicate.
fn own_id(patient: &Ins, known: &Known, bytes: &[u8]) -> UniqueId {
    let content = Sha1(openssl::sha::sha1(bytes)).hex();
    derived(&["document", &patient.key(), &known.depositor, &content])
}

pub(super) fn derived(parts: &[&str]) -> UniqueId {
    let digest = openssl::sha::sha256(parts.join("\n").as_bytes());
    let mut half = [0; 16];
    half.iter_mut()
        .zip(digest)
        .for_each(|(to, from)| *to = from);
    UniqueId::derived(half)
}
