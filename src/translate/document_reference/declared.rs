//! What a client's DocumentReference says, attribute by attribute, before it is held against the document itself.

use crate::dmp::code::Code;
use crate::dmp::document::{Labels, ReferenceId, RelationKind, Sha1};
use crate::dmp::id::UniqueId;
use crate::dmp::ins::Ins;
use crate::dmp::person::{Author, LegalAuthenticator, Organization, SourcePatient};
use crate::dmp::query::DocumentKey;
use crate::dmp::time::Timestamp;

/// Where the bytes are.
#[derive(Clone, PartialEq, Eq)]
pub enum Attachment {
    /// Nowhere: neither `url` nor `data`.
    None,
    /// In another entry of the bundle, by its fullUrl.
    Url(String),
    /// Here, decoded.
    Inline(Vec<u8>),
}

/// A declared document. What is absent is completed later, or missed then.
#[derive(Clone)]
pub struct DeclaredDocument {
    /// FHIRPath of the DocumentReference.
    pub path: String,
    /// `masterIdentifier`.
    pub unique_id: Option<UniqueId>,
    /// `subject`.
    pub patient: Option<Ins>,
    /// `context.sourcePatientInfo`.
    pub source_patient: Option<SourcePatient>,
    /// `author`.
    pub authors: Vec<Author>,
    /// `authenticator`.
    pub legal_authenticator: Option<LegalAuthenticator>,
    /// `custodian`.
    pub custodian: Option<Organization>,
    /// `content.attachment.title`.
    pub title: Option<String>,
    /// `description`.
    pub comments: Option<String>,
    /// `content.attachment.creation`.
    pub creation_time: Option<Timestamp>,
    /// `context.period.start`.
    pub service_start: Option<Timestamp>,
    /// `context.period.end`.
    pub service_stop: Option<Timestamp>,
    /// `content.attachment.language`.
    pub language: Option<String>,
    /// `category`.
    pub class: Option<Code>,
    /// `type`.
    pub type_code: Option<Code>,
    /// `content.format`.
    pub format: Option<Code>,
    /// `securityLabel`.
    pub labels: Option<Labels>,
    /// `context.event`.
    pub events: Vec<Code>,
    /// `context.facilityType`.
    pub facility_type: Option<Code>,
    /// `context.practiceSetting`.
    pub practice_setting: Option<Code>,
    /// `content.attachment.contentType`.
    pub mime_type: Option<String>,
    /// `context.related`.
    pub references: Vec<ReferenceId>,
    /// `relatesTo`.
    pub relations: Vec<(RelationKind, DocumentKey)>,
    /// The targets of `relatesTo` that are named twice, by `identifier` and by `reference`.
    pub aliases: Vec<(DocumentKey, DocumentKey)>,
    /// `content.attachment.hash`.
    pub hash: Option<Sha1>,
    /// `content.attachment.size`.
    pub size: Option<u64>,
    /// The condition of its creation: it is made when none of these is there.
    pub unless: Vec<DocumentKey>,
    /// `content.attachment.url` or `.data`.
    pub attachment: Attachment,
}

impl DeclaredDocument {
    /// `context.period.end`, when no start is told.
    pub(in crate::translate) fn end_alone(&self) -> Option<Timestamp> {
        let stop = self.service_stop.clone();
        stop.filter(|_| self.service_start.is_none())
    }

    /// One that says nothing yet.
    pub(in crate::translate) fn empty(path: String) -> Self {
        Self {
            path,
            unique_id: None,
            patient: None,
            source_patient: None,
            authors: Vec::new(),
            legal_authenticator: None,
            custodian: None,
            title: None,
            comments: None,
            creation_time: None,
            service_start: None,
            service_stop: None,
            language: None,
            class: None,
            type_code: None,
            format: None,
            labels: None,
            events: Vec::new(),
            facility_type: None,
            practice_setting: None,
            mime_type: None,
            references: Vec::new(),
            relations: Vec::new(),
            aliases: Vec::new(),
            hash: None,
            size: None,
            unless: Vec::new(),
            attachment: Attachment::None,
        }
    }
}
