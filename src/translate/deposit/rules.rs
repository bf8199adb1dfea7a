//! What may be deposited: types, labels, codes of the bound lists.

use super::super::Reading;
use super::super::datatype::coding::{bind, shown};
use super::super::document_reference::DeclaredDocument;
use super::super::findings::{Findings, Weight, invalid};
use super::Depositor;
use crate::dmp::code::Code as Coded;
use crate::dmp::document::DocumentMetadata;
use crate::dmp::time::Timestamp;
use crate::error::{Code, Issue};
use crate::tables::terminology::List;

/// The type stands in the matrix and is one that this caller may deposit (rules FEED-06, PAT-02).
pub(super) fn check_type(
    type_code: Option<&Coded>,
    path: &str,
    depositor: &Depositor,
    found: &mut Findings,
    reading: &Reading,
) {
    let Some(code) = type_code else { return };
    let path = format!("{path}.type");
    if !reading.tables.matrix.knows_type(&code.code) {
        let issue = Issue::new(Code::TypeNotInMatrix)
            .at(path)
            .with("value", shown(code, reading))
            .rule("FEED-06");
        return found.refuse(issue);
    }
    bind(code, List::Type, path.clone(), Weight::Key, found, reading);
    let reserved = reading.tables.terminology.is_reserved(&code.code);
    if reserved && !depositor.actor.operator {
        let issue = Issue::new(Code::TypeNotAllowed)
            .at(path)
            .with("value", code.code.clone())
            .rule("PAT-02");
        found.refuse(issue);
    }
}

/// Labels that may not stand together (FEED-05), and those that a secret connection demands (MIN-07).
pub(super) fn check_labels(declared: &DeclaredDocument, secret: bool, found: &mut Findings) {
    let labels = declared.labels.unwrap_or_default();
    let conflict = |rule| {
        Issue::new(Code::LabelConflict)
            .at(format!("{}.securityLabel", declared.path))
            .rule(rule)
    };
    if labels.masked && labels.invisible_patient {
        found.refuse(conflict("FEED-05"));
    }
    if secret && !labels.invisible_representatives {
        found.refuse(conflict("MIN-07"));
    }
}

/// An end that was told alone lies after the start that the document has, or that it is given.
pub(super) fn check_end(
    end_alone: Option<&Timestamp>,
    metadata: &DocumentMetadata,
    path: &str,
    found: &mut Findings,
) {
    let Some(end) = end_alone.filter(|end| metadata.service_stop.as_ref() == Some(end)) else {
        return;
    };
    if metadata.service_start.start() >= end.span().1 {
        found.refuse(invalid(
            format!("{path}.context.period"),
            "la fin est avant le début de l'acte, ou avant la création du document qui en tient lieu",
            "it ends before the act starts, or before the creation of the document, which stands for that",
        ));
    }
}

/// Codes of what will be stored against the DMP's lists.
pub(super) fn check_lists(
    metadata: &DocumentMetadata,
    path: &str,
    found: &mut Findings,
    reading: &Reading,
) {
    for (code, list, element) in [
        (&metadata.format, List::Format, "content[0].format"),
        (
            &metadata.facility_type,
            List::FacilityType,
            "context.facilityType",
        ),
        (
            &metadata.practice_setting,
            List::PracticeSetting,
            "context.practiceSetting",
        ),
    ] {
        let path = format!("{path}.{element}");
        bind(code, list, path, Weight::Detail, found, reading);
    }
    for (index, author) in metadata.authors.iter().enumerate() {
        let path = format!("{path}.author[{index}]");
        let coded = |code: &&Coded| !code.code.is_empty();
        if let Some(code) = author.specialty.as_ref().filter(coded) {
            let path = path.clone();
            bind(
                code,
                List::AuthorSpecialty,
                path,
                Weight::Detail,
                found,
                reading,
            );
        }
        if let Some(code) = author.role.as_ref().filter(coded) {
            bind(code, List::AuthorRole, path, Weight::Detail, found, reading);
        }
    }
}
