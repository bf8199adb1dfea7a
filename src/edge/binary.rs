//! ITI-68 Retrieve Document (DMP TD3.2): the bytes as they came, a Binary resource around them, or the page of a CDA document.

use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::app::Shared;
use super::exchange::Exchange;
use super::negotiate::{self, BinaryForm, Format};
use super::params::{self, Params};
use super::read::identifier;
use super::{alert, answer, conditional, range};
use crate::dmp::document::FHIR_DOCUMENT;
use crate::dmp::time::Timestamp;
use crate::dmp::trace::TracedAct;
use crate::error::{Code, Error};
use crate::policy::Act;
use crate::store::{Content, Locator};
use crate::translate::cda;

/// The media type of CDA documents.
const CDA: &str = "text/xml";

/// `GET /fhir/Binary/{id}`
pub(super) async fn read(
    State(app): State<Shared>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::RetrieveDocument, request);
    let result = retrieve(&mut exchange, &id).await;
    exchange.conclude(result).await
}

/// `GET /fhir/Bundle/{id}`: a FHIR document, which is the resource itself
pub(super) async fn read_fhir(
    State(app): State<Shared>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::RetrieveDocument, request);
    let result = retrieve_fhir(&mut exchange, &id).await;
    exchange.conclude(result).await
}

async fn retrieve_fhir(exchange: &mut Exchange, id: &str) -> Result<Response, Error> {
    exchange.identify()?;
    // It is kept, and given back, in JSON.
    if exchange.format()? != Format::Json {
        return Err(Code::NotAcceptable.into());
    }
    let content = content(exchange, id).await?;
    if content.mime_type != FHIR_DOCUMENT {
        return Err(Code::NotFound.into());
    }
    let tag = format!("\"{}\"", content.sha1);
    let (deposited, hidden) = (content.deposited, content.hidden);
    let mut response = match answer::not_modified(exchange.headers(), &tag) {
        true => answer::empty(StatusCode::NOT_MODIFIED),
        false => answer::with_type(StatusCode::OK, FHIR_DOCUMENT, content.bytes),
    };
    let headers = response.headers_mut();
    answer::put(headers, header::ETAG, &tag);
    answer::put(headers, header::VARY, "Accept");
    answer::put(headers, header::CONTENT_DISPOSITION, "attachment");
    answer::last_modified(headers, deposited);
    alert::put(headers, exchange, hidden);
    Ok(response)
}

/// The content that an id names, if the caller may read it.
async fn content(exchange: &mut Exchange, id: &str) -> Result<Content, Error> {
    let id = identifier(id)?;
    exchange.names("Binary", id);
    let what = Locator::Content(id);
    let permit = exchange.permit_by_id(&Act::ReadContent, what).await?;
    let trace = exchange.trace();
    let content = exchange.app.store.read_content(&permit, id, trace).await;
    exchange.acted(content)
}

async fn retrieve(exchange: &mut Exchange, id: &str) -> Result<Response, Error> {
    exchange.identify()?;
    let query = exchange.query()?;
    let content = content(exchange, id).await?;
    if let Some((media_type, bytes)) = file(exchange, &query, &content) {
        return inner(exchange, &content, &media_type, bytes.into());
    }
    let form = negotiate::binary(exchange.headers(), &query, &content.mime_type)?;
    let tag = match form {
        BinaryForm::Raw => format!("\"{}\"", content.sha1),
        BinaryForm::Resource(_) => format!("W/\"{}\"", content.sha1),
        // Another version may show it otherwise.
        BinaryForm::Page => format!("W/\"{}-html-{}\"", content.sha1, env!("CARGO_PKG_VERSION")),
    };
    let (deposited, hidden) = (content.deposited, content.hidden);
    let mut response = match form {
        BinaryForm::Raw => {
            let (media_type, bytes) = (&content.mime_type, content.bytes.clone());
            let part = range::respond(exchange, media_type, bytes, &tag, deposited);
            // The reading of it is traced.
            exchange.acted(part)?
        }
        _ if conditional::is_held(exchange.headers(), &tag, deposited) => {
            answer::empty(StatusCode::NOT_MODIFIED)
        }
        BinaryForm::Resource(format) => {
            answer::resource(StatusCode::OK, format, resource(&content))
        }
        BinaryForm::Page => page(Shared::clone(&exchange.app), content.bytes).await?,
    };
    let headers = response.headers_mut();
    answer::put(headers, header::ETAG, &tag);
    answer::put(headers, header::VARY, "Accept");
    match form {
        BinaryForm::Page => for_browsers(headers),
        _ => answer::put(headers, header::CONTENT_DISPOSITION, "attachment"),
    }
    answer::last_modified(headers, deposited);
    alert::put(headers, exchange, hidden);
    Ok(response)
}

/// The file inside a CDA document of level 1, when its type is asked for.
fn file(exchange: &Exchange, query: &Params, content: &Content) -> Option<(String, Vec<u8>)> {
    let wanted = negotiate::other_types(exchange.headers(), &content.mime_type);
    if wanted.is_empty() || content.mime_type != CDA || params::first(query, "_format").is_some() {
        return None;
    }
    let (media_type, bytes) = cda::embedded_file(&content.bytes)?;
    let is_wanted = wanted
        .iter()
        .any(|wanted| wanted.eq_ignore_ascii_case(&media_type));
    is_wanted.then_some((media_type, bytes))
}

fn inner(
    exchange: &mut Exchange,
    content: &Content,
    media_type: &str,
    bytes: Bytes,
) -> Result<Response, Error> {
    let tag = format!("\"{}-file\"", content.sha1);
    let part = range::respond(exchange, media_type, bytes, &tag, content.deposited);
    let mut response = exchange.acted(part)?;
    let headers = response.headers_mut();
    answer::put(headers, header::ETAG, &tag);
    answer::put(headers, header::VARY, "Accept");
    answer::put(headers, header::CONTENT_DISPOSITION, "attachment");
    answer::last_modified(headers, content.deposited);
    alert::put(headers, exchange, content.hidden);
    Ok(response)
}

/// The page, or `not-acceptable` for XML that is no CDA document.
async fn page(app: Shared, bytes: Bytes) -> Result<Response, Error> {
    // Long documents must not hold up other requests.
    let html = tokio::task::spawn_blocking(move || cda::render(&bytes, &app.rules.tables))
        .await
        .map_err(|_| Code::Internal)?
        .map_err(|_| Code::NotAcceptable)?;
    Ok(answer::with_type(
        StatusCode::OK,
        "text/html; charset=utf-8",
        html,
    ))
}

/// What keeps a browser from doing more than showing the page.
fn for_browsers(headers: &mut HeaderMap) {
    let policy = format!(
        "{}; frame-ancestors 'none'; sandbox allow-downloads",
        cda::CONTENT_SECURITY_POLICY
    );
    answer::put(headers, header::CONTENT_SECURITY_POLICY, &policy);
    answer::put(headers, header::CONTENT_DISPOSITION, "inline");
    answer::put(headers, header::REFERRER_POLICY, "no-referrer");
}

fn resource(content: &Content) -> String {
    json!({
        "resourceType": "Binary",
        "id": content.id,
        "meta": {"lastUpdated": Timestamp::from_instant(content.deposited).to_fhir()},
        "contentType": content.mime_type,
        "securityContext": {"reference": format!("DocumentReference/{}", content.document)},
        "data": STANDARD.encode(&content.bytes),
    })
    .to_string()
}
