//! ITI-68 Retrieve Document (DMP TD3.2): the bytes as they came, a Binary resource around them, or the page of a CDA document.

use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use uuid::Uuid;

use super::app::Shared;
use super::exchange::Exchange;
use super::negotiate::{self, BinaryForm, Format};
use super::params::{self, Params};
use super::read::identifier;
use super::{alert, answer, conditional, media, range};
use crate::dmp::time::Timestamp;
use crate::dmp::trace::TracedAct;
use crate::error::{Code, Error};
use crate::policy::{Act, Permit};
use crate::store::{Content, Locator};
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
    let wanted = wanted(exchange)?;
    let (id, permit) = permitted(exchange, id).await?;
    let (app, trace) = (Shared::clone(&exchange.app), exchange.trace());
    let store = &app.store;
    let given = store.give_content(&permit, id, trace, |content| {
        given_fhir(exchange, wanted, content)
    });
    let given = given.await;
    exchange.acted(given)
}

/// The form that is asked for. None when any will do: the document then comes as it was deposited.
fn wanted(exchange: &Exchange) -> Result<Option<Format>, Error> {
    let format = exchange.format()?;
    let any = match params::first(&exchange.query()?, "_format") {
        Some(named) => named == "*/*",
        None => media::ranges(exchange.headers()).all(|r| r.essence == "*/*" && r.is_wanted()),
    };
    Ok((!any).then_some(format))
}

/// What is answered with a content that the caller may know of, asked for as a FHIR document.
async fn given_fhir(
    exchange: &mut Exchange,
    wanted: Option<Format>,
    content: Content,
) -> Result<Response, Error> {
    let kept = fhir_document::form(&content.mime_type).ok_or(Code::NotFound)?;
    let form = wanted.unwrap_or(kept);
    let tag = match form {
        _ if form == kept => format!("\"{}\"", content.sha1),
        Format::Json => format!("W/\"{}-json\"", content.sha1),
        Format::Xml => format!("W/\"{}-xml\"", content.sha1),
    };
    let (deposited, hidden) = (content.deposited, content.hidden);
    let mut response = if conditional::is_held(exchange.headers(), &tag, deposited) {
        answer::empty(StatusCode::NOT_MODIFIED)
    } else if form == kept {
        answer::with_type(StatusCode::OK, &content.mime_type, content.bytes)
    } else {
        let bytes = content.bytes;
        // A long one must not hold up other requests.
        let written = tokio::task::spawn_blocking(move || fhir_document::rewrite(&bytes, kept));
        // What is no R4 has one form only.
        let text = written.await.map_err(|_| Code::Internal)?;
        let text = text.ok_or(Code::NotAcceptable)?;
        answer::with_type(StatusCode::OK, form.content_type(), text)
    };
    let headers = response.headers_mut();
    answer::put(headers, header::ETAG, &tag);
    answer::put(headers, header::VARY, "Accept");
    answer::put(headers, header::CONTENT_DISPOSITION, "attachment");
    answer::last_modified(headers, deposited);
    alert::put(headers, exchange, hidden);
    Ok(response)
}

/// What allows the caller to read the content that an id names.
async fn permitted(exchange: &mut Exchange, id: &str) -> Result<(Uuid, Permit), Error> {
    let id = identifier(id)?;
    exchange.names("Binary", id);
    let what = Locator::Content(id);
    let permit = exchange.permit_by_id(&Act::ReadContent, what).await?;
    Ok((id, permit))
}

async fn retrieve(exchange: &mut Exchange, id: &str) -> Result<Response, Error> {
    exchange.identify()?;
    let query = exchange.query()?;
    let (id, permit) = permitted(exchange, id).await?;
    let (app, trace) = (Shared::clone(&exchange.app), exchange.trace());
    let store = &app.store;
    let answer = store.give_content(&permit, id, trace, |content| {
        given(exchange, &query, content)
    });
    let answer = answer.await;
    exchange.acted(answer)
}

/// What is answered with a content that the caller may know of.
async fn given(
    exchange: &mut Exchange,
    query: &Params,
    content: Content,
) -> Result<Response, Error> {
    if let Some((media_type, bytes)) = file(exchange, query, &content) {
        return inner(exchange, &content, &media_type, bytes.into());
    }
    let form = negotiate::binary(exchange.headers(), query, &content.mime_type)?;
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
            range::respond(exchange, media_type, bytes, &tag, deposited)?
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
    exchange: &Exchange,
    content: &Content,
    media_type: &str,
    bytes: Bytes,
) -> Result<Response, Error> {
    let tag = format!("\"{}-file\"", content.sha1);
    let mut response = range::respond(exchange, media_type, bytes, &tag, content.deposited)?;
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
