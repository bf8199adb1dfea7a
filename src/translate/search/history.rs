//! The parameters of a history: `_since`, `_count`, and the page.

use super::super::Reading;
use super::params::Params;
use super::results::{count, single};
use crate::dmp::query::VersionQuery;
use crate::dmp::time::Timestamp;
use crate::error::Error;

/// A history of one resource.
#[derive(Debug, Clone)]
pub struct History {
    /// What is asked for.
    pub query: VersionQuery,
    /// The parameters that were used, for `link self`; the page (`_page`) apart.
    pub used: Vec<(String, String)>,
}

/// Reads the parameters of a history. `_page` is the version that the page before ended with.
///
/// # Errors
/// `parameter-invalid`, `parameter-unsupported`; an unknown parameter is left out unless the client asked for strict handling.
pub fn history(
    given: &[(String, String)],
    strict: bool,
    reading: &Reading,
) -> Result<History, Error> {
    let mut params = Params::new(given, reading);
    let mut query = VersionQuery {
        since: None,
        before: None,
        count: count(&mut params),
    };
    if let Some(since) = single(&mut params, "_since") {
        // An unescaped `+` reads as a blank in a query string.
        match Timestamp::from_fhir(&since.replace(' ', "+")) {
            Ok(since) => query.since = Some(since.start()),
            Err(_) => params.invalid("_since"),
        }
    }
    // Left out, they would show more than was asked for.
    for name in ["_at", "_list"] {
        if single(&mut params, name).is_some() {
            params.unsupported(name);
        }
    }
    if let Some((_, page)) = given.iter().find(|(name, _)| name == "_page") {
        query.before = page.parse().ok();
        if query.before.is_none() {
            params.invalid("_page");
        }
    }
    let used = params.finish(strict)?.used;
    Ok(History { query, used })
}
