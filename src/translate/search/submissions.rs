//! ITI-66: the search of Lists, which are submissions and folders.

use super::super::Reading;
use super::super::list::is_list_type;
use super::authors::{authors, organizations};
use super::documents::{identifiers, ids};
use super::params::Params;
use super::subset::Show;
use super::value::{alternatives, coded, missing, text_match, times, token, tokens};
use super::{Search, include, patient, results, status as statuses};
use crate::dmp::document::Availability;
use crate::dmp::id::UniqueId;
use crate::dmp::query::{
    CodedField, Condition, DocumentQuery, Element, ListKind, SortField, TimeField,
};
use crate::error::{Code, Error};

/// The system of List.status.
const STATUS: &str = "http://hl7.org/fhir/list-status";

/// What PDSm's statement calls them, and what goes over the wire.
const ALIASES: [(&str, &str); 6] = [
    ("DesignationType", "designationType"),
    ("PDSm_isArchived", "isArchived"),
    ("SourceId", "sourceId"),
    ("PDSm_authorOrg", "authorOrg"),
    ("PDSm_List_PatientAsSource", "source"),
    ("PDSm_List_PractitionerRoleAsSource", "source"),
];

/// The first is the order that nobody asked for.
const SORTS: [(&str, SortField); 3] = [
    ("date", SortField::Deposited),
    ("_lastUpdated", SortField::Updated),
    ("_id", SortField::Id),
];

/// Reads `GET List?…` and `POST List/_search`: patient, `code` and `status` are required (MHD).
///
/// # Errors
/// As [`super::documents`].
pub fn submissions(
    given: &[(String, String)],
    strict_handling: bool,
    reading: &Reading,
) -> Result<Search, Error> {
    let mut params = Params::new(given, reading);
    params.alias(&ALIASES);
    let patient = patient::take(&mut params);
    let mut conditions = Vec::new();
    let kinds = kind(&mut params);
    let folders_only = !kinds.is_empty() && kinds.iter().all(is_folder);
    conditions.extend(kinds);
    conditions.extend(status(&mut params));
    conditions.extend(archived(&mut params));
    for (name, element) in [
        ("designationType", None),
        ("date", None),
        ("_lastUpdated", None),
        ("identifier", None),
        ("sourceId", None),
        ("title", Some(Element::Title)),
    ] {
        conditions.extend(missing(&mut params, name, element));
    }
    conditions.extend(coded(
        &mut params,
        "designationType",
        CodedField::ContentType,
    ));
    conditions.extend(times(&mut params, "date", TimeField::Deposited));
    conditions.extend(times(&mut params, "_lastUpdated", TimeField::Updated));
    conditions.extend(identifiers(&mut params));
    conditions.extend(ids(&mut params, "List"));
    conditions.extend(titles(&mut params));
    let mut of_source = source_ids(&mut params);
    of_source.extend(missing(&mut params, "source", Some(Element::Source)));
    of_source.extend(authors(&mut params, "source"));
    of_source.extend(organizations(&mut params, "authorOrg"));
    if folders_only {
        // A folder has no source: MHD lets these be ignored.
        let of_source = |name: &str| name.starts_with("source") || name.starts_with("authorOrg");
        params.used.retain(|(name, _)| !of_source(name));
    } else {
        conditions.extend(of_source);
    }
    let (count, show) = results::count(&mut params, "List");
    let query = DocumentQuery {
        availability: Availability::ALL.to_vec(),
        conditions,
        sort: results::sort(&mut params, &SORTS),
        count,
        after: None,
    };
    let include = include::take(&mut params, "List");
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

/// Takes a required parameter: for each time that it is given, what Lists have among its alternatives.
fn required<T>(
    params: &mut Params,
    name: &str,
    is_ours: impl Fn(Option<&str>, &str) -> Option<Option<T>>,
) -> Vec<Vec<T>> {
    let taken = params.take(name);
    if taken.is_empty() {
        params.required(name);
    }
    let mut answers = Vec::new();
    for (modifier, value) in taken {
        if let Some(modifier) = modifier {
            params.unsupported(&format!("{name}:{modifier}"));
            continue;
        }
        let known: Option<Vec<Option<T>>> = alternatives(&value).and_then(|all| {
            all.iter()
                .map(|one| {
                    let (system, code) = token(one);
                    is_ours(system.as_deref(), &code)
                })
                .collect()
        });
        match known {
            Some(known) => answers.push(known.into_iter().flatten().collect()),
            None => params.invalid(name),
        }
    }
    answers
}

/// A List of another kind is nothing that the DMP has.
fn kind(params: &mut Params) -> Vec<Condition> {
    let known = |system: Option<&str>, code: &str| {
        let kind = match code {
            "submissionset" => Some(ListKind::Submission),
            "folder" => Some(ListKind::Folder),
            _ => None,
        };
        Some(kind.filter(|_| system.is_none_or(is_list_type)))
    };
    let all = required(params, "code", known).into_iter();
    all.map(Condition::Listed).collect()
}

fn is_folder(condition: &Condition) -> bool {
    matches!(condition, Condition::Listed(kinds) if !kinds.contains(&ListKind::Submission))
}

/// A submission and a folder are always current.
fn status(params: &mut Params) -> Vec<Condition> {
    let all = required(params, "status", |system, code| {
        let known = matches!(
            code,
            "current" | "superseded" | "retired" | "entered-in-error"
        );
        let known = known && system.is_none_or(|system| system == STATUS);
        known.then(|| (code == "current").then_some(()))
    });
    let met = |current: &Vec<()>| !current.is_empty();
    match all.iter().all(met) {
        true => Vec::new(),
        false => vec![Condition::Never],
    }
}

/// Neither a submission nor a folder is ever archived.
fn archived(params: &mut Params) -> Vec<Condition> {
    match statuses::take_archived(params) {
        Some((false, _)) => vec![Condition::Never],
        _ => Vec::new(),
    }
}

fn titles(params: &mut Params) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for (modifier, value) in params.take("title") {
        match (text_match(modifier.as_deref()), alternatives(&value)) {
            (Some(how), Some(all)) => conditions.push(Condition::Title(how, all)),
            (None, _) => params.unsupported("title"),
            (_, None) => params.invalid("title"),
        }
    }
    conditions
}

fn source_ids(params: &mut Params) -> Vec<Condition> {
    tokens(params, "sourceId", &[None], |system, value| {
        let id = UniqueId::from_fhir(system.as_deref(), &value).ok()?;
        Some(id.to_string())
    })
    .into_iter()
    .map(Condition::SourceId)
    .collect()
}
