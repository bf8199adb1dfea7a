//! The routes as the description tells them; a test holds them equal to the router's.

mod rows;
mod vaccinations;

use crate::edge::conformance::KINDS;
use crate::edge::validate;
use rows::{READ, ROWS, Row};

/// What a route takes beside its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// Nothing.
    Nothing,
    /// Search parameters in the query.
    Query,
    /// `_since` and `_count` in the query.
    History,
    /// Search parameters in the query or in a form.
    Form,
    /// A resource of this type.
    Resource(&'static str),
    /// A resource of this type, or a form that is a search.
    ResourceOrForm(&'static str),
    /// A patch of a DocumentReference.
    Patch,
}

/// One method of one path.
#[derive(Debug, Clone)]
pub(super) struct Route {
    pub method: &'static str,
    pub path: String,
    /// The resource type that it is about.
    pub kind: &'static str,
    pub takes: Takes,
    pub summary: &'static str,
    /// The statuses of success.
    pub statuses: &'static [u16],
}

/// Every route, paths after the base.
pub(super) fn all() -> Vec<Route> {
    let rows = ROWS.iter().chain(vaccinations::ROWS).map(|row| {
        let (method, path, kind, takes, summary, statuses) = *row;
        Route {
            method,
            path: path.to_owned(),
            kind,
            takes,
            summary,
            statuses,
        }
    });
    let conformance = KINDS.into_iter().flat_map(|kind| {
        let route = |method, path, takes, summary, statuses| Route {
            method,
            path,
            kind,
            takes,
            summary,
            statuses,
        };
        let found = "Finds conformance resources";
        [
            route("get", format!("/{kind}"), Takes::Query, found, &[200]),
            route(
                "post",
                format!("/{kind}/_search"),
                Takes::Form,
                found,
                &[200],
            ),
            route(
                "get",
                format!("/{kind}/{{id}}"),
                Takes::Nothing,
                "Reads a conformance resource",
                READ,
            ),
        ]
    });
    let validate = validate::KINDS.into_iter().map(|kind| Route {
        method: "post",
        path: format!("/{kind}/$validate"),
        kind,
        takes: Takes::Resource(kind),
        summary: "What a write would say, without writing",
        statuses: &[200],
    });
    rows.chain(conformance).chain(validate).collect()
}
