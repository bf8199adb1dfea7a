//! The elements that the DMP requires or judges: refused, completed, or taken with a warning.

use super::CdaHeader;
use super::fault::{Words, cda_invalid, words};
use crate::dmp::code::{Code as Coded, system};
use crate::dmp::context::Environment;
use crate::dmp::document::{Labels, Relation, RelationKind};
use crate::dmp::ins::{Ins, InsRoot, InsWarning};
use crate::dmp::time::Timestamp;
use crate::error::{Code, Issue};
use crate::translate::Reading;

const PATIENT_ID: &str = "/ClinicalDocument/recordTarget/patientRole/id";
const INS_KEY: &str = "97 - (@extension[1..13] mod 97) = @extension[14..15]";
const TEST_ROOTS: &str = "@root: 1.2.250.1.213.1.4.10 | 1.2.250.1.213.1.4.11";
const PRODUCTION_ROOTS: &str = "@root: 1.2.250.1.213.1.4.8 | 1.2.250.1.213.1.4.9";
const SERVICE_EVENT: &str = "/ClinicalDocument/documentationOf/serviceEvent";

/// What was found while the metadata were made.
pub(super) struct Judge {
    pub strict: bool,
    pub errors: Vec<Issue>,
    pub warnings: Vec<Issue>,
}

impl Judge {
    pub(super) fn refuse(&mut self, path: &str, words: Words, expected: &'static str) {
        let issue = cda_invalid(words).at(path).with("expected", expected);
        self.errors.push(issue);
    }

    /// An element that is missing and that something else stands in for.
    pub(super) fn complete(&mut self, path: &str, expected: &'static str) {
        if self.strict {
            self.refuse(path, words::MISSING, expected);
        } else {
            let issue = cda_invalid(words::MISSING).at(path);
            self.warnings
                .push(issue.with("expected", expected).warning());
        }
    }

    /// The first id of the patient that an INS authority gave.
    pub(super) fn patient(&mut self, header: &CdaHeader, reading: &Reading<'_>) -> Option<Ins> {
        let mut ids = header.patient_ids.iter().enumerate();
        let found = ids.find_map(|(i, id)| Some((i, InsRoot::from_oid(&id.root)?, id)));
        let Some((i, root, id)) = found else {
            self.refuse(
                PATIENT_ID,
                words::NO_INS,
                "@root: 1.2.250.1.213.1.4.8 … .11",
            );
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

    pub(super) fn title(&mut self, header: &CdaHeader) -> String {
        if let Some(title) = &header.title {
            return title.clone();
        }
        self.complete("/ClinicalDocument/title", "title");
        let label = header.type_code.display.as_ref();
        label.unwrap_or(&header.type_code.code).clone()
    }

    pub(super) fn language(&mut self, header: &CdaHeader) -> String {
        if let Some(language) = &header.language {
            return language.clone();
        }
        self.complete("/ClinicalDocument/languageCode/@code", "fr-FR");
        "fr-FR".to_owned()
    }

    pub(super) fn service_start(&mut self, header: &CdaHeader) -> Timestamp {
        if let Some(start) = &header.service_start {
            return start.clone();
        }
        self.complete(&format!("{SERVICE_EVENT}/effectiveTime/low"), "@value");
        header.creation_time.clone()
    }

    pub(super) fn practice_setting(&mut self, header: &CdaHeader) -> Option<Coded> {
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

    pub(super) fn labels(&mut self, header: &CdaHeader) -> Labels {
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
    pub(super) fn events(&mut self, header: &CdaHeader) -> Vec<Coded> {
        let has_system = |code: &&Coded| !code.system.is_empty();
        let events: Vec<Coded> = header.events.iter().filter(has_system).cloned().collect();
        if events.len() < header.events.len() {
            self.complete(&format!("{SERVICE_EVENT}/code/@codeSystem"), "OID");
        }
        events
    }

    /// The CI-SIS refuses appended documents.
    pub(super) fn relations(&mut self, header: &CdaHeader) -> Vec<Relation> {
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
