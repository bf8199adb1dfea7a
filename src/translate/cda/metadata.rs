//! The DMP's metadata of a CDA document, from its header alone (CI-SIS metadata, CDA column).

use super::fault::words;
use super::judge::Judge;
use super::{CdaAuthor, CdaHeader, locate, project};
use crate::dmp::context::Validation;
use crate::dmp::document::{DocumentMetadata, Sha1};
use crate::dmp::ins::InsRoot;
use crate::dmp::person::{
    Author, AuthorKind, Identifier, LegalAuthenticator, Organization, Sex, SourcePatient,
};
use crate::error::{Code, Issue};
use crate::translate::Reading;

/// What the header says of the document, in the DMP's words, with the warnings to give.
///
/// What the DMP requires and other parts of the header can tell is completed with a warning, and refused in `strict` mode.
///
/// # Errors
/// `cda-invalid` for each element that the DMP requires and the header lacks, `ins-invalid` for an INS that the environment
/// and mode don't admit, `type-not-in-matrix` for a type without class; each with its XPath and place.
pub fn to_metadata(
    header: &CdaHeader,
    bytes: &[u8],
    reading: &Reading<'_>,
) -> Result<(DocumentMetadata, Vec<Issue>), Vec<Issue>> {
    let mut judge = Judge {
        strict: reading.validation == Validation::Strict,
        errors: Vec::new(),
        warnings: Vec::new(),
    };
    let metadata = judge.metadata(header, bytes, reading);
    locate::locate(bytes, &mut judge.errors);
    locate::locate(bytes, &mut judge.warnings);
    match metadata {
        Some(metadata) if judge.errors.is_empty() => Ok((metadata, judge.warnings)),
        _ => Err(judge.errors),
    }
}

impl Judge {
    fn metadata(
        &mut self,
        header: &CdaHeader,
        bytes: &[u8],
        reading: &Reading<'_>,
    ) -> Option<DocumentMetadata> {
        let tables = reading.tables;
        let patient = self.patient(header, reading);
        let class = tables.terminology.class_of(&header.type_code);
        if class.is_none() {
            let issue = Issue::new(Code::TypeNotInMatrix).at("/ClinicalDocument/code");
            let issue = issue.with("value", header.type_code.code.clone());
            self.errors
                .push(issue.with("expected", "JDV_J66-TypeCode-DMP"));
        }
        let format = project::format_of(header, tables);
        if format.is_none() {
            self.refuse(
                "/ClinicalDocument/templateId",
                words::NO_FORMAT,
                "ASS_A11 | ASS_A12",
            );
        }
        let authors: Vec<Author> = header.authors.iter().map(author).collect();
        if authors.is_empty() {
            self.refuse("/ClinicalDocument/author", words::MISSING, "assignedAuthor");
        }
        let custodian = header.custodian.clone();
        let custodian = custodian.filter(|(id, name)| id.is_some() || name.is_some());
        if custodian.is_none() {
            let path = "/ClinicalDocument/custodian";
            self.refuse(path, words::MISSING, "representedCustodianOrganization/id");
        }
        if header.legal_authenticator.is_none() {
            self.complete("/ClinicalDocument/legalAuthenticator", "assignedEntity");
        }
        let facility_type = header.facility_type.clone();
        if facility_type.is_none() {
            let path = "/ClinicalDocument/componentOf/encompassingEncounter/location/healthCareFacility/code";
            self.refuse(
                path,
                words::MISSING,
                "JDV_J61-HealthcareFacilityTypeCode-DMP",
            );
        }
        let practice_setting = self.practice_setting(header);
        let labels = self.labels(header);
        let relations = self.relations(header);
        let events = self.events(header);
        let title = self.title(header);
        let language = self.language(header);
        let service_start = self.service_start(header);
        Some(DocumentMetadata {
            unique_id: header.unique_id.clone(),
            patient: patient?,
            source_patient: source_patient(header),
            authors,
            legal_authenticator: header.legal_authenticator.as_ref().map(|person| {
                LegalAuthenticator {
                    id: person.id.clone(),
                    name: person.name.clone(),
                }
            }),
            custodian: custodian.map(|(id, name)| Organization { id, name })?,
            title,
            comments: None,
            creation_time: header.creation_time.clone(),
            service_start,
            service_stop: header.service_stop.clone(),
            language,
            class: class?,
            type_code: header.type_code.clone(),
            format: format?,
            labels,
            events,
            facility_type: facility_type?,
            practice_setting: practice_setting?,
            mime_type: "text/xml".to_owned(),
            references: header.references.clone(),
            relations,
            hash: Sha1(openssl::sha::sha1(bytes)),
            size: bytes.len() as u64,
        })
    }
}

fn is_ins(id: &Identifier) -> bool {
    InsRoot::from_oid(&id.root).is_some()
}

fn source_patient(header: &CdaHeader) -> SourcePatient {
    let local = header.patient_ids.iter().filter(|id| !is_ins(id));
    SourcePatient {
        ids: local.cloned().collect(),
        family_birth: header.family_birth.clone(),
        family_used: header.family_used.clone(),
        given: header.given.clone(),
        birth_date: header.birth_date.clone(),
        sex: header.sex.as_deref().map(Sex::from_hl7),
    }
}

fn author(author: &CdaAuthor) -> Author {
    let is_named = author.name.family.is_some() || author.name.given.is_some();
    let has_institution = author.institution_id.is_some() || author.institution_name.is_some();
    let kind = if author.id.as_ref().is_some_and(is_ins) {
        AuthorKind::Patient
    } else if author.device.is_some() && !is_named {
        AuthorKind::Device
    } else if !is_named && author.id.is_none() && has_institution {
        AuthorKind::Organization
    } else {
        AuthorKind::Professional
    };
    Author {
        kind,
        id: author.id.clone(),
        name: author.name.clone(),
        device: author.device.clone(),
        specialty: author.specialty.clone(),
        role: author.role.clone(),
        institution: has_institution.then(|| Organization {
            id: author.institution_id.clone(),
            name: author.institution_name.clone(),
        }),
    }
}
