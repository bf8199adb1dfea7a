//! Reads by id: DocumentReference and List. Hidden and unknown are the same answer.

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use uuid::Uuid;

use super::app::Shared;
use super::exchange::Exchange;
use super::rendered::placed;
use super::{alert, answer, conditional};
use crate::dmp::folder::Listed;
use crate::dmp::time::Instant;
use crate::dmp::trace::TracedAct;
use crate::error::{Code, Error};
use crate::policy::Act;
use crate::store::Locator;
use crate::translate::{Reading, list};

/// `GET /fhir/DocumentReference/{id}`
pub(super) async fn document(
    State(app): State<Shared>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::ReadDocument, request);
    let result = read_document(&mut exchange, &id, None).await;
    exchange.conclude(result).await
}

/// `GET /fhir/DocumentReference/{id}/_history/{version}`: the present version, or one that it had.
pub(super) async fn document_version(
    State(app): State<Shared>,
    Path((id, version)): Path<(String, String)>,
    request: Request,
) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::ReadDocument, request);
    let result = read_document(&mut exchange, &id, Some(&version)).await;
    exchange.conclude(result).await
}

/// `GET /fhir/List/{id}`
pub(super) async fn submission(
    State(app): State<Shared>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::ReadSubmission, request);
    let result = read_submission(&mut exchange, &id, None).await;
    exchange.conclude(result).await
}

/// `GET /fhir/List/{id}/_history/{version}`
pub(super) async fn submission_version(
    State(app): State<Shared>,
    Path((id, version)): Path<(String, String)>,
    request: Request,
) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::ReadSubmission, request);
    let result = read_submission(&mut exchange, &id, Some(&version)).await;
    exchange.conclude(result).await
}

async fn read_document(
    exchange: &mut Exchange,
    id: &str,
    version: Option<&str>,
) -> Result<Response, Error> {
    exchange.identify()?;
    let format = exchange.format()?;
    let id = identifier(id)?;
    exchange.names("DocumentReference", id);
    let what = Locator::Document(id);
    let permit = exchange.permit_by_id(&Act::ReadDocument, what).await?;
    let (store, trace) = (&exchange.app.store, exchange.trace());
    let found = match version.map(number) {
        None => store.read_document(&permit, id, trace).await,
        Some(Some(version)) => {
            store
                .read_document_version(&permit, id, version, trace)
                .await
        }
        Some(None) => return Err(Code::NotFound.into()),
    };
    let found = exchange.acted(found)?;
    let held = conditional::is_held_version(exchange.headers(), found.version, found.updated);
    let mut response = if held {
        answer::empty(StatusCode::NOT_MODIFIED)
    } else {
        let resource = placed(&found.resource, &exchange.app.settings.server.base_url);
        let resource = exchange.present(resource).into_owned();
        answer::resource(StatusCode::OK, format, resource)
    };
    alert::put(response.headers_mut(), exchange, found.hidden);
    answer::version(response.headers_mut(), found.version, found.updated);
    Ok(response)
}

async fn read_submission(
    exchange: &mut Exchange,
    id: &str,
    version: Option<&str>,
) -> Result<Response, Error> {
    /// Neither a submission nor a folder ever changes.
    const VERSION: u32 = 1;
    exchange.identify()?;
    let format = exchange.format()?;
    let id = identifier(id)?;
    exchange.names("List", id);
    let what = Locator::List(id);
    let permit = exchange.permit_by_id(&Act::ReadSubmission, what).await?;
    if version.is_some_and(|version| number(version) != Some(VERSION)) {
        return Err(Code::NotFound.into());
    }
    let trace = exchange.trace();
    let found = exchange.app.store.read_list(&permit, id, trace).await;
    let found = exchange.acted(found)?;
    if conditional::is_held_version(exchange.headers(), VERSION, found.updated()) {
        return Ok(unmodified(VERSION, found.updated()));
    }
    let body = written(&found, &exchange.reading());
    let body = exchange.present(body).into_owned();
    let mut response = answer::resource(StatusCode::OK, format, body);
    answer::version(response.headers_mut(), VERSION, found.updated());
    Ok(response)
}

/// A List as text.
pub(super) fn written(found: &Listed, reading: &Reading) -> String {
    match found {
        Listed::Submission(set) => list::write(set, reading).to_string(),
        Listed::Folder(folder) => list::write_folder(folder, reading).to_string(),
    }
}

/// 304, with what the client may check again later.
pub(super) fn unmodified(version: u32, updated: Instant) -> Response {
    let mut response = answer::empty(StatusCode::NOT_MODIFIED);
    answer::version(response.headers_mut(), version, updated);
    response
}

/// A version as we write it; any other text names none.
pub(super) fn number(text: &str) -> Option<u32> {
    text.parse()
        .ok()
        .filter(|number: &u32| number.to_string() == text)
}

/// An id of ours; any other text names nothing.
///
/// # Errors
/// `not-found`; `not-supported` for the name of an operation in its place.
pub(super) fn identifier(text: &str) -> Result<Uuid, Error> {
    if text.starts_with('$') {
        return Err(Code::NotSupported.into());
    }
    Uuid::try_parse(text)
        .ok()
        .filter(|id| id.to_string() == text)
        .ok_or_else(|| Code::NotFound.into())
}
