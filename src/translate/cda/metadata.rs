//! The DMP's metadata of a CDA document, from its header alone (CI-SIS metadata, CDA column).

use super::fault::{Words, cda_invalid, words};
use super::{CdaAuthor, CdaHeader, locate, project};
use crate::dmp::code::{Code as Coded, system};
use crate::dmp::context::{Environment, Validation};
use crate::dmp::document::{DocumentMetadata, Labels, Relation, RelationKind, Sha1};
use crate::dmp::ins::{Ins, InsRoot, InsWarning};
use crate::dmp::person::{
    Author, AuthorKind, Identifier, LegalAuthenticator, Organization, Sex, SourcePatient,
};
use crate::dmp::time::Timestamp;
use crate::error::{Code, Issue};
use crate::translate::Reading;

const PATIENT_ID: &str = "/ClinicalDocument/recordTarget/patientRole/id";
const INS_KEY: &str = "97 - (@extension[1..13] mod 97) = @extension[14..15]";
const TEST_ROOTS: &str = "@root: 1.2.250.1.213.1.4.10 | 1.2.250.1.213.1.4.11";
const PRODUCTION_ROOTS: &str = "@root: 1.2.250.1.213.1.4.8 | 1.2.250.1.213.1.4.9";
const SERVICE_EVENT: &str = "/ClinicalDocument/documentationOf/serviceEvent";

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

struct Judge {
    strict: bool,
    errors: Vec<Issue>,
    warnings: Vec<Issue>,
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
            const NO_FORMAT: Words = (
                "aucun templateId connu ne donne le format",
                "no known templateId that gives the format",
            );
            self.refuse(
                "/ClinicalDocument/templateId",
                NO_FORMAT,
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

    fn refuse(&mut self, path: &str, words: Words, expected: &'static str) {
        let issue = cda_invalid(words).at(path).with("expected", expected);
        self.errors.push(issue);
    }

    /// An element that is missing and that something else stands in for.
    fn complete(&mut self, path: &str, expected: &'static str) {
        if self.strict {
            self.refuse(path, words::MISSING, expected);
        } else {
            let issue = cda_invalid(words::MISSING).at(path);
            self.warnings
                .push(issue.with("expected", expected).warning());
        }
    }

    /// The first id of the patient that an INS authority gave.
    fn patient(&mut self, header: &CdaHeader, reading: &Reading<'_>) -> Option<Ins> {
        let mut ids = header.patient_ids.iter().enumerate();
        let found = ids.find_map(|(i, id)| Some((i, InsRoot::from_oid(&id.root)?, id)));
        let Some((i, root, id)) = found else {
            const NO_INS: Words = (
                "aucun identifiant du patient n'est un INS",
                "no id of the patient is an INS",
            );
            self.refuse(PATIENT_ID, NO_INS, "@root: 1.2.250.1.213.1.4.8 … .11");
            return None;
        };
        let path = match i {
            0 => PATIENT_ID.to_owned(),
            _ => format!("{PATIENT_ID}[{}]", i + 1),
        };
        let issue = |expected: &'static str| {
            let issue = Issue::new(Code::InsInvalid).at(path.clone());
            issue.with("expected", expected)
        };
        let Ok(ins) = Ins::parse(root, &id.extension) else {
            self.errors.push(issue("@extension: 13 + 2"));
            return None;
        };
        let unusual = |warning: &InsWarning| match warning {
            InsWarning::WrongKey => issue(INS_KEY),
            InsWarning::ProductionRoot => issue(TEST_ROOTS),
        };
        match ins.admit(reading.environment, reading.validation) {
            Ok(warnings) => {
                let warnings = warnings.iter().map(|one| unusual(one).warning());
                self.warnings.extend(warnings);
                return Some(ins);
            }
            Err(_) if !ins.key_is_right() => self.errors.push(issue(INS_KEY)),
            Err(_) => self.errors.push(issue(match reading.environment {
                Environment::Test => TEST_ROOTS,
                Environment::Production => PRODUCTION_ROOTS,
            })),
        }
        None
    }

    fn title(&mut self, header: &CdaHeader) -> String {
        if let Some(title) = &header.title {
            return title.clone();
        }
        self.complete("/ClinicalDocument/title", "title");
        let label = header.type_code.display.as_ref();
        label.unwrap_or(&header.type_code.code).clone()
    }

    fn language(&mut self, header: &CdaHeader) -> String {
        if let Some(language) = &header.language {
            return language.clone();
        }
        self.complete("/ClinicalDocument/languageCode/@code", "fr-FR");
        "fr-FR".to_owned()
    }

    fn service_start(&mut self, header: &CdaHeader) -> Timestamp {
        if let Some(start) = &header.service_start {
            return start.clone();
        }
        self.complete(&format!("{SERVICE_EVENT}/effectiveTime/low"), "@value");
        header.creation_time.clone()
    }

    fn practice_setting(&mut self, header: &CdaHeader) -> Option<Coded> {
        if let Some(setting) = &header.practice_setting {
            return Some(setting.clone());
        }
        let path = format!(
            "{SERVICE_EVENT}/performer/assignedEntity/representedOrganization/standardIndustryClassCode"
        );
        const LIST: &str = "JDV_J62-PracticeSettingCode-DMP";
        if header.other_practice_setting.is_some() {
            self.complete(&path, LIST);
        } else {
            self.refuse(&path, words::MISSING, LIST);
        }
        header.other_practice_setting.clone()
    }

    fn labels(&mut self, header: &CdaHeader) -> Labels {
        const PATH: &str = "/ClinicalDocument/confidentialityCode";
        let mut labels = Labels::default();
        if header.confidentiality.is_empty() {
            self.complete(PATH, "N | R | V");
        }
        for code in &header.confidentiality {
            let mut code = code.clone();
            if code.system.is_empty() {
                code.system = system::CONFIDENTIALITY.to_owned();
            }
            if !labels.add(&code) {
                let issue = Issue::new(Code::CodeInvalid).at(PATH);
                let issue = issue.with("value", code.code);
                self.errors
                    .push(issue.with("list", "JDV_J58-ConfidentialityCode-DMP"));
            }
        }
        labels
    }

    /// A code without code system is nothing to XDS.
    fn events(&mut self, header: &CdaHeader) -> Vec<Coded> {
        let has_system = |code: &&Coded| !code.system.is_empty();
        let events: Vec<Coded> = header.events.iter().filter(has_system).cloned().collect();
        if events.len() < header.events.len() {
            self.complete(&format!("{SERVICE_EVENT}/code/@codeSystem"), "OID");
        }
        events
    }

    /// The CI-SIS refuses appended documents.
    fn relations(&mut self, header: &CdaHeader) -> Vec<Relation> {
        let appends = |(kind, _): &(RelationKind, _)| *kind == RelationKind::Appends;
        if header.relations.iter().any(appends) {
            let issue = Issue::new(Code::UnsupportedElement);
            let issue = issue.at("/ClinicalDocument/relatedDocument");
            self.errors.push(issue.with("expected", "RPLC | XFRM"));
        }
        let relation = |(kind, target): &(RelationKind, _)| Relation {
            kind: *kind,
            target: Clone::clone(target),
        };
        header.relations.iter().map(relation).collect()
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
