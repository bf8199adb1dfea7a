//! The conformance resources that are ours, by id and by search. They need a certificate like everything but `/metadata`, name no
//! patient, and so leave no trace in a record.

mod library;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};

use super::app::Shared;
use super::exchange::Exchange;
use super::params::{self, Params};
use super::{answer, negotiate};
use crate::dmp::trace::TracedAct;
use crate::error::{Code, Error, Issue, Severity};
use crate::translate::searchset;

pub(super) use library::{Entry, Library, tag};

/// The types that are served.
pub(super) const KINDS: [&str; 5] = [
    "StructureDefinition",
    "SearchParameter",
    "OperationDefinition",
    "CodeSystem",
    "ValueSet",
];

/// Their routes.
pub(super) fn routes(mut router: Router<Shared>) -> Router<Shared> {
    for kind in KINDS {
        let one = move |State(app), Path(id), request| read(kind, app, id, request);
        let search = move |State(app), request| search(kind, app, request);
        router = router
            .route(&format!("/fhir/{kind}"), get(search))
            .route(&format!("/fhir/{kind}/_search"), post(search))
            .route(&format!("/fhir/{kind}/{{id}}"), get(one));
    }
    router
}

async fn read(kind: &'static str, app: Shared, id: String, request: Request) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::Other, request);
    let result = find(&mut exchange, kind, &id);
    exchange.conclude(result).await
}

fn find(exchange: &mut Exchange, kind: &str, id: &str) -> Result<Response, Error> {
    exchange.identify()?;
    let format = exchange.format()?;
    let mut all = exchange.app.conformance.of(kind);
    let entry = all.find(|entry| entry.id == id).ok_or(Code::NotFound)?;
    let mut response = if answer::not_modified(exchange.headers(), &entry.tag) {
        answer::empty(StatusCode::NOT_MODIFIED)
    } else {
        answer::resource(StatusCode::OK, format, entry.text.clone())
    };
    let headers = response.headers_mut();
    answer::put(headers, header::ETAG, &entry.tag);
    answer::put(headers, header::VARY, "Accept");
    Ok(response)
}

async fn search(kind: &'static str, app: Shared, request: Request) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::Other, request);
    let result = list(&mut exchange, kind).await;
    exchange.conclude(result).await
}

/// All that match on one page: there are some dozens.
async fn list(exchange: &mut Exchange, kind: &str) -> Result<Response, Error> {
    exchange.identify()?;
    let format = exchange.format()?;
    let params = exchange.search().await?;
    let (used, unknown): (Params, Params) = params
        .into_iter()
        .filter(|(name, _)| !matches!(name.as_str(), "_format" | "_pretty"))
        .partition(|(name, _)| KNOWN.contains(&name.as_str()));
    let is_strict = negotiate::strict_handling(exchange.headers());
    let unsupported = unknown.iter().map(|(name, _)| {
        let issue = Issue::new(Code::ParameterUnsupported).with("parameter", name.as_str());
        let base = name.split(':').next().unwrap_or_default();
        // Left out, a modifier would widen the search.
        match is_strict || KNOWN.contains(&base) {
            true => issue,
            false => issue.warning(),
        }
    });
    let warnings: Vec<Issue> = unsupported.collect();
    if warnings
        .iter()
        .any(|issue| issue.severity == Severity::Error)
    {
        return Err(Error::many(warnings));
    }
    let base = format!("{}/{kind}", exchange.app.settings.server.base_url);
    let found: Vec<_> = exchange
        .app
        .conformance
        .of(kind)
        .filter(|entry| used.iter().all(|(name, value)| fits(entry, name, value)))
        .map(|entry| (format!("{base}/{}", entry.id), entry.text.as_str()))
        .collect();
    let page = searchset::Page {
        total: u64::try_from(found.len()).unwrap_or(u64::MAX),
        self_link: &params::link(&base, &used),
        warnings: &warnings,
        ..searchset::Page::default()
    };
    let entries = found.iter().map(|(full_url, resource)| searchset::Entry {
        full_url,
        resource,
        included: false,
    });
    let body = searchset::write(&page, entries);
    Ok(answer::resource(StatusCode::OK, format, body))
}

/// The parameters of these searches.
const KNOWN: [&str; 5] = ["_id", "url", "name", "status", "version"];

/// A comma means or; a name is known by its beginning, whatever its case.
fn fits(entry: &Entry, name: &str, value: &str) -> bool {
    value.split(',').any(|value| match name {
        "_id" => entry.id == value,
        "url" => entry.url == value,
        "status" => entry.status == value,
        "version" => entry.version == value,
        _ => {
            let (known, value) = (entry.name.to_lowercase(), value.to_lowercase());
            known.starts_with(&value)
        }
    })
}
