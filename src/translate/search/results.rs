//! How the result is wanted: `_count`, `_sort`, `_summary`, `_total`, and the page token.

use uuid::Uuid;

use super::params::Params;
use super::value::alternatives;
use crate::dmp::query::{After, Sort, SortField};

/// Rows of a page when nothing is asked.
const DEFAULT_COUNT: u32 = 50;

/// Rows of a page at most.
pub const MAX_COUNT: u32 = 200;

/// The value of `_page` that continues after a row.
pub fn page_token(after: After) -> String {
    format!("{}.{}", after.key, after.id.simple())
}

/// The inverse of [`page_token`].
pub(super) fn page(params: &mut Params, given: &[(String, String)]) -> Option<After> {
    let (_, token) = given.iter().find(|(name, _)| name == "_page")?;
    let after = token.split_once('.').and_then(|(key, id)| {
        Some(After {
            key: key.parse().ok()?,
            id: Uuid::try_parse(id).ok()?,
        })
    });
    if after.is_none() {
        params.invalid("_page");
    }
    after
}

/// The single value of a parameter that may not repeat.
pub(super) fn single(params: &mut Params, name: &str) -> Option<String> {
    let mut taken = params.take_named(&[name]);
    if taken.len() > 1 {
        params.invalid(name);
    }
    taken.pop().map(|(_, value)| value)
}

/// `_count`, and `_summary=count` as zero rows.
pub(super) fn count(params: &mut Params) -> u32 {
    count_up_to(params, DEFAULT_COUNT, MAX_COUNT)
}

/// [`count`] with a default and a most of its own.
pub(super) fn count_up_to(params: &mut Params, default: u32, most: u32) -> u32 {
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
    match single(params, "_summary").as_deref() {
        None | Some("false") => {}
        Some("count") => count = 0,
        Some("true" | "text" | "data") => params.unsupported("_summary"),
        Some(_) => params.invalid("_summary"),
    }
    match single(params, "_total").as_deref() {
        // The total is always exact.
        None | Some("none" | "estimate" | "accurate") => {}
        Some(_) => params.invalid("_total"),
    }
    count
}

/// `_sort`: one key; `_id` after it is what breaks ties anyway.
pub(super) fn sort(params: &mut Params, default: SortField) -> Sort {
    let sort = Sort {
        field: default,
        descending: true,
    };
    let Some(value) = single(params, "_sort") else {
        return sort;
    };
    let keys = alternatives(&value).unwrap_or_default();
    let read = |key: &str| {
        let (name, descending) = match key.strip_prefix('-') {
            Some(name) => (name, true),
            None => (key, false),
        };
        let field = match name {
            "creation" if default == SortField::Creation => SortField::Creation,
            "date" => SortField::Deposited,
            "_lastUpdated" => SortField::Updated,
            _ => return None,
        };
        Some(Sort { field, descending })
    };
    let id = |key: &String| matches!(key.as_str(), "_id" | "-_id");
    match keys.as_slice() {
        [] => {
            params.invalid("_sort");
            sort
        }
        [only] if id(only) => sort,
        [first, rest @ ..] if rest.iter().all(id) => read(first).unwrap_or_else(|| {
            params.unsupported("_sort");
            sort
        }),
        _ => {
            params.unsupported("_sort");
            sort
        }
    }
}
