//! ITI-67: the search of documents.

use super::super::Reading;
use super::super::datatype::identifier;
use super::params::Params;
use super::subset::Show;
use super::value::{
    alternatives, coded, document_key, document_reference, identifier_token, local_id, missing,
    text_match, times, token, tokens,
};
use super::{Search, include, patient, results, status};
use crate::dmp::context::Validation;
use crate::dmp::query::{
    AuthorPart, CodedField, Condition, DocumentQuery, Element, SortField, TextMatch, TimeField,
    Token,
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
const ABSENT: [(&str, Option<Element>); 17] = [
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
    ("_lastUpdated", None),
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
        conditions.extend(tokens(
            params,
            name,
            &modifiers,
            |system, value| match system {
                Some(system) => document_key(Some(system), value),
                None => document_reference(&value, reading).or_else(|| document_key(None, value)),
            },
        ));
    }
    conditions.into_iter().map(Condition::RelatesTo).collect()
}

/// `relation`: of which kind (`relatesTo.code`).
fn kinds_of_relation(params: &mut Params) -> Vec<Condition> {
    let kinds = tokens(params, "relation", &[None], |system, code| {
        let known = system.is_none_or(|system| system == RELATION);
        known.then_some(code)
    });
    kinds.into_iter().map(Condition::Relation).collect()
}

/// The system of DocumentReference.relatesTo.code.
const RELATION: &str = "http://hl7.org/fhir/document-relationship-type";

/// `author` and its chains; authors are contained, so that the chains end in their identifier and name.
pub(super) fn authors(params: &mut Params, base: &str) -> Vec<Condition> {
    if !params.any(base) {
        return Vec::new();
    }
    let mut conditions = plain_authors(params, base);
    for (chain, part) in CHAINS {
        for prefix in PREFIXES {
            let name = format!("{base}{prefix}{chain}");
            conditions.extend(match part {
                Some(part) => names(params, &name, *part),
                None => chained_ids(params, &name),
            });
        }
    }
    conditions
}

/// What stands between `author` and the end of a chain. `family-ex` and `familyEx` are PDSm's spellings.
const PREFIXES: [&str; 10] = [
    ".",
    ":Practitioner.",
    ":PractitionerRole.",
    ":PractitionerRole.practitioner.",
    ":PractitionerRole.partOf.",
    ":PractitionerRole.partOf.practitioner.",
    ".practitioner.",
    ".partOf.",
    ":Patient.",
    ":Device.",
];

const CHAINS: &[(&str, Option<AuthorPart>)] = &[
    ("identifier", None),
    ("family", Some(AuthorPart::Family)),
    ("family-ex", Some(AuthorPart::Family)),
    ("familyEx", Some(AuthorPart::Family)),
    ("given", Some(AuthorPart::Given)),
    ("given-ex", Some(AuthorPart::Given)),
    ("givenEx", Some(AuthorPart::Given)),
    ("name", Some(AuthorPart::Any)),
];

/// PDSm's `author=`: an identifier, or a name.
fn plain_authors(params: &mut Params, base: &str) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for (modifier, value) in params.take_plain(base) {
        let identifier = modifier.as_deref() == Some("identifier");
        if modifier.is_some() && !identifier {
            params.unsupported(&format!("{base}:{}", modifier.unwrap_or_default()));
            continue;
        }
        let Some(alternatives) = alternatives(&value) else {
            params.invalid(base);
            continue;
        };
        let is_id = |one: &String| {
            identifier || one.contains(['|', '%']) || one.chars().any(|c| c.is_ascii_digit())
        };
        let (ids, names): (Vec<_>, Vec<_>) = alternatives.into_iter().partition(is_id);
        if !ids.is_empty() && !names.is_empty() {
            params.unsupported(base);
        } else if names.is_empty() {
            conditions.push(Condition::AuthorId(author_tokens(&ids)));
        } else {
            conditions.push(Condition::AuthorName(
                AuthorPart::Any,
                TextMatch::Begins,
                names,
            ));
        }
    }
    conditions
}

fn author_tokens(values: &[String]) -> Vec<Token> {
    values
        .iter()
        .filter_map(|value| {
            let (system, code) = token(value);
            identifier_token(system, code)
        })
        .collect()
}

fn chained_ids(params: &mut Params, name: &str) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for (name, value) in params.take_named(&[name]) {
        match alternatives(&value) {
            Some(all) => conditions.push(Condition::AuthorId(author_tokens(&all))),
            None => params.invalid(&name),
        }
    }
    conditions
}

fn names(params: &mut Params, name: &str, part: AuthorPart) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for modifier in [None, Some("exact"), Some("contains")] {
        let whole = match modifier {
            Some(modifier) => format!("{name}:{modifier}"),
            None => name.to_owned(),
        };
        for (whole, value) in params.take_named(&[&whole]) {
            match (text_match(modifier), alternatives(&value)) {
                (Some(how), Some(all)) => conditions.push(Condition::AuthorName(part, how, all)),
                _ => params.invalid(&whole),
            }
        }
    }
    conditions
}
