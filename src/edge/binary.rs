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
use crate::dmp::time::{Instant, Timestamp};
use crate::dmp::trace::TracedAct;
use crate::error::{Code, Error};
use crate::policy::Act;
use crate::store::{Content, Hidden, Locator};
use crate::translate::{cda, fhir_document};

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
    let format = exchange.format()?;
    let of_any = negotiate::takes_any(exchange.headers(), &exchange.query()?);
    let (content, other) = content(exchange, id, |content| {
        let kept = fhir_document::format(&content.mime_type).ok_or(Code::NotFound)?;
        // Who takes either gets it as it came.
        match kept == format || of_any {
            true => Ok(None),
            false => fhir_document::in_form(kept, &content.bytes)
                .map(Some)
                .ok_or_else(|| Code::NotAcceptable.into()),
        }
    })
    .await?;
    // A tag per form: who holds the one does not hold the other.
    let tag = match (&other, format) {
        (None, _) => format!("\"{}\"", content.sha1),
        (Some(_), Format::Json) => format!("W/\"{}-json\"", content.sha1),
        (Some(_), Format::Xml) => format!("W/\"{}-xml\"", content.sha1),
    };
    let (deposited, hidden) = (content.deposited, content.hidden);
    let is_held = conditional::is_held(exchange.headers(), &tag, deposited);
    let mut response = match (is_held, other) {
        (true, _) => answer::empty(StatusCode::NOT_MODIFIED),
        (false, None) => answer::with_type(StatusCode::OK, &content.mime_type, content.bytes),
        (false, Some(text)) => answer::with_type(StatusCode::OK, format.content_type(), text),
    };
    finish(&mut response, exchange, &tag, (deposited, hidden));
    Ok(response)
}

/// The content that an id names, if the caller may read it, and what `give` makes of it. What `give` refuses is no reading.
async fn content<T>(
    exchange: &mut Exchange,
    id: &str,
    give: impl FnOnce(&Content) -> Result<T, Error>,
) -> Result<(Content, T), Error> {
    let id = identifier(id)?;
    exchange.names("Binary", id);
    let what = Locator::Content(id);
    let permit = exchange.permit_by_id(&Act::ReadContent, what).await?;
    let trace = exchange.trace();
    let store = &exchange.app.store;
    let read = store.read_content(&permit, id, trace, give).await;
    exchange.acted(read)?
}

/// What is given of a content.
enum Given {
    /// The bytes, or those of the file inside: all of them, a part, or nothing that the caller does not have.
    Bytes(Response, String),
    Other(BinaryForm),
}

async fn retrieve(exchange: &mut Exchange, id: &str) -> Result<Response, Error> {
    exchange.identify()?;
    let query = exchange.query()?;
    let (method, headers) = (exchange.method().clone(), exchange.headers().clone());
    let (content, given) = content(exchange, id, |content| {
        let bytes = |media_type: &str, bytes: Bytes, tag: String| {
            let asked = (&method, &headers);
            let response = range::respond(asked, media_type, bytes, &tag, content.deposited);
            Ok(Given::Bytes(response?, tag))
        };
        if let Some((media_type, inside)) = file(&headers, &query, content) {
            let tag = format!("\"{}-file\"", content.sha1);
            return bytes(&media_type, inside.into(), tag);
        }
        match negotiate::binary(&headers, &query, &content.mime_type)? {
            BinaryForm::Raw => {
                let tag = format!("\"{}\"", content.sha1);
                bytes(&content.mime_type, content.bytes.clone(), tag)
            }
            other => Ok(Given::Other(other)),
        }
    })
    .await?;
    let (deposited, hidden) = (content.deposited, content.hidden);
    let is_page = matches!(given, Given::Other(BinaryForm::Page));
    let (mut response, tag) = match given {
        Given::Bytes(response, tag) => (response, tag),
        Given::Other(form) => {
            let tag = match form {
                // Another version may show it otherwise.
                BinaryForm::Page => {
                    format!("W/\"{}-html-{}\"", content.sha1, env!("CARGO_PKG_VERSION"))
                }
                _ => format!("W/\"{}\"", content.sha1),
            };
            let response = match form {
                _ if conditional::is_held(exchange.headers(), &tag, deposited) => {
                    answer::empty(StatusCode::NOT_MODIFIED)
                }
                BinaryForm::Resource(format) => {
                    answer::resource(StatusCode::OK, format, resource(&content))
                }
                _ => page(Shared::clone(&exchange.app), content.bytes).await?,
            };
            (response, tag)
        }
    };
    finish(&mut response, exchange, &tag, (deposited, hidden));
    if is_page {
        for_browsers(response.headers_mut());
    }
    Ok(response)
}

/// The headers of every answer with a content: its tag, when it was deposited, and whether the patient does not see it yet.
fn finish(
    response: &mut Response,
    exchange: &Exchange,
    tag: &str,
    (deposited, hidden): (Instant, Hidden),
) {
    let headers = response.headers_mut();
    answer::put(headers, header::ETAG, tag);
    answer::put(headers, header::VARY, "Accept");
    answer::put(headers, header::CONTENT_DISPOSITION, "attachment");
    answer::last_modified(headers, deposited);
    alert::put(headers, exchange, hidden);
}

/// The file inside a CDA document of level 1, when its type is asked for.
fn file(headers: &HeaderMap, query: &Params, content: &Content) -> Option<(String, Vec<u8>)> {
    let wanted = negotiate::other_types(headers, &content.mime_type);
    if wanted.is_empty() || content.mime_type != CDA || params::first(query, "_format").is_some() {
        return None;
    }
    let (media_type, bytes) = cda::embedded_file(&content.bytes)?;
    let is_wanted = wanted
        .iter()
        .any(|wanted| wanted.eq_ignore_ascii_case(&media_type));
    is_wanted.then_some((media_type, bytes))
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
