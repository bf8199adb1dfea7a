//! The header of a CDA R2 document (CI-SIS "structuration minimale"): read in one streaming pass, projected onto XDS metadata.

mod acts;
pub(super) mod attributes;
mod body;
mod check;
mod decode;
mod escape;
pub(super) mod fault;
mod file;
mod header;
mod judge;
mod locate;
pub mod make;
mod metadata;
mod named;
mod people;
mod project;
mod read;
mod render;
mod source;
mod vaccination;
mod values;
pub(super) mod walk;

pub use check::{CdaIssue, check};
pub use file::embedded_file;
pub use metadata::to_metadata;
pub(super) use named::names;
pub use named::{check_names, warnings};
pub use project::{format_of, metadata_json};
pub use read::{read_header, read_whole};
pub use render::{CONTENT_SECURITY_POLICY, MAX_HTML, render};
pub use vaccination::{MAX_ENTRIES, MAX_TOLD, section, vaccinations};

use crate::dmp::code::Code;
use crate::dmp::document::{ReferenceId, RelationKind};
use crate::dmp::id::UniqueId;
use crate::dmp::person::{Identifier, PersonName};
use crate::dmp::time::Timestamp;

/// An author of the header, in document order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CdaAuthor {
    /// `assignedAuthor/id`, the first.
    pub id: Option<Identifier>,
    /// `assignedPerson/name`.
    pub name: PersonName,
    /// `assignedAuthor/code`.
    pub specialty: Option<Code>,
    /// `functionCode`.
    pub role: Option<Code>,
    /// `representedOrganization/id`, the first.
    pub institution_id: Option<Identifier>,
    /// `representedOrganization/name`.
    pub institution_name: Option<String>,
    /// `assignedAuthoringDevice`: its model or software name.
    pub device: Option<String>,
}

/// A person of the header.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CdaPerson {
    /// First id.
    pub id: Option<Identifier>,
    /// Name.
    pub name: PersonName,
}

/// The body of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    /// `structuredBody`
    Structured,
    /// `nonXMLBody`
    Unstructured,
}

/// The unique ids exactly as the document writes them, `root` or `root^extension`: [`UniqueId`] lower-cases UUIDs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WrittenIds {
    /// `id`.
    pub unique_id: String,
    /// `setId`.
    pub set_id: Option<String>,
    /// `relatedDocument//id`, in the order of [`CdaHeader::relations`].
    pub relations: Vec<String>,
}

/// What the header says, and no more: nothing is completed here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CdaHeader {
    /// `id`.
    pub unique_id: UniqueId,
    /// `setId`.
    pub set_id: Option<UniqueId>,
    /// `versionNumber/@value`.
    pub version: Option<u32>,
    /// `code`.
    pub type_code: Code,
    /// `title`.
    pub title: Option<String>,
    /// `languageCode/@code`.
    pub language: Option<String>,
    /// `confidentialityCode`, in order.
    pub confidentiality: Vec<Code>,
    /// `effectiveTime/@value`.
    pub creation_time: Timestamp,
    /// Low (or value) of the main act's effectiveTime.
    pub service_start: Option<Timestamp>,
    /// High of the main act's effectiveTime.
    pub service_stop: Option<Timestamp>,
    /// `recordTarget/patientRole/id`, in order.
    pub patient_ids: Vec<Identifier>,
    /// Family name with qualifier `BR`.
    pub family_birth: Option<String>,
    /// Family name in use: qualifier `CL` or `SP`, or none.
    pub family_used: Option<String>,
    /// All given names, in document order, joined by a blank.
    pub given: Option<String>,
    /// `birthTime/@value`.
    pub birth_date: Option<Timestamp>,
    /// `administrativeGenderCode/@code`.
    pub sex: Option<String>,
    /// Authors.
    pub authors: Vec<CdaAuthor>,
    /// `legalAuthenticator/assignedEntity`.
    pub legal_authenticator: Option<CdaPerson>,
    /// `custodian//representedCustodianOrganization`: id and name.
    pub custodian: Option<(Option<Identifier>, Option<String>)>,
    /// `componentOf//healthCareFacility/code`.
    pub facility_type: Option<Code>,
    /// `standardIndustryClassCode` of the main act's performer.
    pub practice_setting: Option<Code>,
    /// `standardIndustryClassCode` of the first author's or legal authenticator's organisation that has one.
    pub other_practice_setting: Option<Code>,
    /// `documentationOf/serviceEvent/code`, in order.
    pub events: Vec<Code>,
    /// `relatedDocument`.
    pub relations: Vec<(RelationKind, UniqueId)>,
    /// `inFulfillmentOf/order`: id and accession numbers; in imaging reports also the Study Instance UIDs of the acts.
    pub references: Vec<ReferenceId>,
    /// `templateId` of the document: root and extension, in document order.
    pub template_ids: Vec<(String, Option<String>)>,
    /// Structured or not.
    pub body: BodyKind,
    /// `nonXMLBody/text/@mediaType`.
    pub media_type: Option<String>,
    /// Unique ids as written.
    pub written: WrittenIds,
}
