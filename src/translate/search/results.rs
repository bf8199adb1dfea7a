//! How the result is wanted: `_count`, `_sort`, `_summary`, `_elements`, `_total`.

use super::params::Params;
use super::subset::{Show, is_element};
use super::value::alternatives;
use crate::dmp::query::{Sort, SortField};

/// Rows of a page when nothing is asked.
const DEFAULT_COUNT: u32 = 50;

/// Rows of a page at most.
pub const MAX_COUNT: u32 = 200;

/// The single value of a parameter that may not repeat.
pub(super) fn single(params: &mut Params, name: &str) -> Option<String> {
    let mut taken = params.take_named(&[name]);
    if taken.len() > 1 {
        params.invalid(name);
    }
    taken.pop().map(|(_, value)| value)
}

/// `_count`, and what is shown of resources of that type; the number alone is zero rows.
pub(super) fn count(params: &mut Params, kind: &str) -> (u32, Show) {
    count_up_to(params, kind, DEFAULT_COUNT, MAX_COUNT)
}

/// [`count`] with a default and a most of its own.
pub(super) fn count_up_to(params: &mut Params, kind: &str, default: u32, most: u32) -> (u32, Show) {
    let mut count = default;
    if let Some(value) = single(params, "_count") {
        match value.parse::<u32>() {
            Ok(asked) if asked > most => {
                count = most;
                // `link self` tells what was done.
                for (name, used) in &mut params.used {
                    if name == "_count" {
                        *used = most.to_string();
                    }
                }
            }
            Ok(asked) => count = asked,
            Err(_) => params.invalid("_count"),
        }
    }
    match single(params, "_total").as_deref() {
        // The total is always exact.
        None | Some("none" | "estimate" | "accurate") => {}
        Some(_) => params.invalid("_total"),
    }
    let show = show(params, kind);
    if show == Show::Count {
        count = 0;
    }
    (count, show)
}

fn show(params: &mut Params, kind: &str) -> Show {
    let summary = match single(params, "_summary").as_deref() {
        None | Some("false") => Show::Whole,
        Some("count") => Show::Count,
        Some("true") => Show::Summary,
        Some("text") => Show::Text,
        Some("data") => Show::Data,
        Some(_) => {
            params.invalid("_summary");
            Show::Whole
        }
    };
    let Some(value) = single(params, "_elements") else {
        return summary;
    };
    let prefix = format!("{kind}.");
    let elements: Vec<String> = alternatives(&value)
        .unwrap_or_default()
        .iter()
        .map(|name| name.trim())
        .map(|name| name.strip_prefix(&prefix).unwrap_or(name).to_owned())
        .collect();
    let known = elements.iter().all(|name| is_element(kind, name));
    if elements.is_empty() || !known || !matches!(summary, Show::Whole | Show::Count) {
        params.invalid("_elements");
    }
    match summary {
        Show::Whole => Show::Elements(elements),
        other => other,
    }
}

/// `_sort`: keys among these, each once; without it the first of them, newest first.
pub(super) fn sort(params: &mut Params, known: &[(&str, SortField)]) -> Vec<Sort> {
    let default = known.first().map(|(_, field)| Sort {
        field: *field,
        descending: true,
    });
    let Some(value) = single(params, "_sort") else {
        return default.into_iter().collect();
    };
    let keys = alternatives(&value).unwrap_or_default();
    if keys.is_empty() {
        params.invalid("_sort");
    }
    let mut sort: Vec<Sort> = Vec::new();
    for key in &keys {
        let (name, descending) = match key.strip_prefix('-') {
            Some(name) => (name, true),
            None => (key.as_str(), false),
        };
        match known.iter().find(|(known, _)| *known == name) {
            None => params.unsupported("_sort"),
            Some((_, field)) if sort.iter().any(|before| before.field == *field) => {
                params.invalid("_sort");
            }
            Some((_, field)) => sort.push(Sort {
                field: *field,
                descending,
            }),
        }
    }
    sort
}
