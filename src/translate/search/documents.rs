//! ITI-67: the search of documents.

use super::super::Reading;
use super::super::datatype::identifier;
use super::authors::authors;
use super::params::Params;
use super::subset::Show;
use super::value::{
    alternatives, coded, document_key, document_reference, local_id, missing, times, token, tokens,
};
use super::{Search, include, patient, results, status};
use crate::dmp::context::Validation;
use crate::dmp::query::{
    CodedField, Condition, DocumentKey, DocumentQuery, Element, SortField, TimeField, Token,
};
use crate::error::{Code, Error};

const CODED: [(&str, CodedField); 7] = [
    ("type", CodedField::Type),
    ("category", CodedField::Class),
    ("format", CodedField::Format),
    ("event", CodedField::Event),
    ("facility", CodedField::FacilityType),
    ("setting", CodedField::PracticeSetting),
    ("security-label", CodedField::Confidentiality),
];

/// What `:missing` may be asked of; the others are always there.
const ABSENT: [(&str, Option<Element>); 18] = [
    ("type", None),
    ("category", None),
    ("format", None),
    ("event", Some(Element::Event)),
    ("facility", None),
    ("setting", None),
    ("security-label", None),
    ("creation", None),
    ("date", None),
    ("period", None),
    ("period-start", None),
    ("period-end", Some(Element::PeriodEnd)),
    ("identifier", None),
    ("related", Some(Element::Reference)),
    ("relatesto", Some(Element::RelatesTo)),
    ("relation", Some(Element::RelatesTo)),
    ("author", None),
    ("_lastUpdated", None),
];

/// What PDSm's statement calls them, and what goes over the wire.
const ALIASES: [(&str, &str); 5] = [
    ("PDSm_isArchived", "isArchived"),
    ("PDSm_DocumentReference_period-start", "period-start"),
    ("PDSm_DocumentReference_period-end", "period-end"),
    ("DocumentReference Patient", "patient"),
    // Its own spelling.
    ("DocumentRefence Author", "author"),
];

/// The first is the order that nobody asked for.
const SORTS: [(&str, SortField); 5] = [
    ("creation", SortField::Creation),
    ("date", SortField::Deposited),
    ("_lastUpdated", SortField::Updated),
    ("type", SortField::Type),
    ("_id", SortField::Id),
];

const RESOURCE: &str = "DocumentReference";

/// Reads `GET DocumentReference?…` and `POST DocumentReference/_search`.
///
/// # Errors
/// `ins-invalid`, `parameter-required`, `parameter-invalid`, `parameter-unsupported`, all at once.
pub fn documents(
    given: &[(String, String)],
    strict_handling: bool,
    reading: &Reading,
) -> Result<Search, Error> {
    let mut params = Params::new(given, reading);
    params.alias(&ALIASES);
    let patient = patient::take(&mut params);
    let mut conditions = Vec::new();
    let incremental = given.iter().any(|(name, _)| name == "_lastUpdated");
    let availability = status::take(&mut params, incremental, &mut conditions);
    for (name, element) in ABSENT {
        conditions.extend(missing(&mut params, name, element));
    }
    for (name, field) in CODED {
        conditions.extend(coded(&mut params, name, field));
    }
    let date = match reading.validation {
        Validation::Guide => TimeField::DepositedOrCreation,
        Validation::Strict => TimeField::Deposited,
    };
    for (name, field) in [
        ("creation", TimeField::Creation),
        ("date", date),
        ("period", TimeField::Period),
        ("period-start", TimeField::PeriodStart),
        ("period-end", TimeField::PeriodEnd),
        ("_lastUpdated", TimeField::Updated),
    ] {
        conditions.extend(times(&mut params, name, field));
    }
    conditions.extend(identifiers(&mut params));
    conditions.extend(related(&mut params));
    conditions.extend(relates_to(&mut params));
    conditions.extend(relationships(&mut params));
    conditions.extend(authors(&mut params, "author"));
    conditions.extend(ids(&mut params, RESOURCE));
    conditions.extend(kinds_of_relation(&mut params));
    let (count, show) = results::count(&mut params, RESOURCE);
    let query = DocumentQuery {
        availability,
        conditions,
        sort: results::sort(&mut params, &SORTS),
        count,
        after: None,
    };
    let include = include::take(&mut params, RESOURCE);
    if !include.is_empty() && show == Show::Text {
        params.invalid("_summary");
    }
    let done = params.finish(strict_handling)?;
    Ok(Search {
        patient: patient.ok_or(Code::InsInvalid)?,
        query,
        show,
        include,
        used: done.used,
        warnings: done.warnings,
    })
}

/// `identifier`: one that no document can have leaves an empty list, and the search stays one by identifier.
pub(super) fn identifiers(params: &mut Params) -> Vec<Condition> {
    tokens(params, "identifier", &[None], document_key)
        .into_iter()
        .map(Condition::Identifier)
        .collect()
}

/// `_id`.
pub(super) fn ids(params: &mut Params, kind: &str) -> Vec<Condition> {
    let reading = params.reading;
    tokens(params, "_id", &[None], |_, id| local_id(&id, kind, reading))
        .into_iter()
        .map(Condition::Id)
        .collect()
}

/// `related`: a reference id, by identifier.
fn related(params: &mut Params) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for name in ["related", "related.identifier"] {
        let modifiers = [None, Some("identifier")];
        conditions.extend(tokens(params, name, &modifiers, |system, value| {
            let id = identifier::from_fhir(system.as_deref(), &value);
            Some(Token {
                system: system.map(|_| id.root),
                code: id.extension,
            })
        }));
    }
    conditions.into_iter().map(Condition::Reference).collect()
}

/// `relatesto`: the other document, by reference or by identifier.
fn relates_to(params: &mut Params) -> Vec<Condition> {
    let reading = params.reading;
    let mut conditions = Vec::new();
    for name in ["relatesto", "relatesto.identifier"] {
        let modifiers = [None, Some("identifier"), Some("DocumentReference")];
        conditions.extend(tokens(params, name, &modifiers, |system, value| {
            target(system, value, reading)
        }));
    }
    conditions.into_iter().map(Condition::RelatesTo).collect()
}

/// Another document, by reference or by identifier.
fn target(system: Option<String>, value: String, reading: &Reading) -> Option<DocumentKey> {
    match system {
        Some(system) => document_key(Some(system), value),
        None => document_reference(&value, reading).or_else(|| document_key(None, value)),
    }
}

/// `relation`: of which kind (`relatesTo.code`).
fn kinds_of_relation(params: &mut Params) -> Vec<Condition> {
    let kinds = tokens(params, "relation", &[None], kind_of_relation);
    kinds.into_iter().map(Condition::Relation).collect()
}

fn kind_of_relation(system: Option<String>, code: String) -> Option<String> {
    let known = system.is_none_or(|system| system == RELATION);
    known.then_some(code)
}

/// `relationship=relatesto$relation`: one and the same relation is to that document and of that kind.
fn relationships(params: &mut Params) -> Vec<Condition> {
    let reading = params.reading;
    let mut conditions = Vec::new();
    for (modifier, value) in params.take("relationship") {
        if let Some(modifier) = modifier {
            params.unsupported(&format!("relationship:{modifier}"));
            continue;
        }
        let both = alternatives(&value).and_then(|all| {
            let parts = all.iter().map(|one| {
                // No kind of relation has a dollar in its code.
                let (document, kind) = one.rsplit_once('$')?;
                let (document, kind) = (token(document), token(kind));
                let told = !document.1.is_empty() && !kind.1.is_empty();
                told.then_some((document, kind))
            });
            parts.collect::<Option<Vec<_>>>()
        });
        let Some(both) = both else {
            params.invalid("relationship");
            continue;
        };
        let known = both.into_iter().filter_map(|(document, kind)| {
            let document = target(document.0, document.1, reading)?;
            Some((document, kind_of_relation(kind.0, kind.1)?))
        });
        conditions.push(Condition::Relationship(known.collect()));
    }
    conditions
}

/// The system of DocumentReference.relatesTo.code.
const RELATION: &str = "http://hl7.org/fhir/document-relationship-type";
