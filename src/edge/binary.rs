//! ITI-68 Retrieve Document (DMP TD3.2): the bytes as they came, or a Binary resource around them.

use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::app::Shared;
use super::exchange::Exchange;
use super::negotiate::{self, BinaryForm};
use super::read::identifier;
use super::{alert, answer};
use crate::dmp::time::Timestamp;
use crate::dmp::trace::TracedAct;
use crate::error::Error;
use crate::policy::Act;
use crate::store::{Content, Locator};

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

async fn retrieve(exchange: &mut Exchange, id: &str) -> Result<Response, Error> {
    exchange.identify()?;
    let query = exchange.query()?;
    let id = identifier(id)?;
    exchange.names("Binary", id);
    let what = Locator::Content(id);
    let permit = exchange.permit_by_id(&Act::ReadContent, what).await?;
    let trace = exchange.trace();
    let content = exchange.app.store.read_content(&permit, id, trace).await;
    let content = exchange.acted(content)?;

    let form = negotiate::binary(exchange.headers(), &query, &content.mime_type)?;
    let tag = match form {
        BinaryForm::Raw => format!("\"{}\"", content.sha1),
        BinaryForm::Resource(_) => format!("W/\"{}\"", content.sha1),
    };
    let (deposited, hidden) = (content.deposited, content.hidden);
    let mut response = match form {
        _ if answer::not_modified(exchange.headers(), &tag) => {
            answer::empty(StatusCode::NOT_MODIFIED)
        }
        BinaryForm::Raw => answer::with_type(StatusCode::OK, &content.mime_type, content.bytes),
        BinaryForm::Resource(format) => {
            answer::resource(StatusCode::OK, format, resource(&content))
        }
    };
    let headers = response.headers_mut();
    answer::put(headers, header::ETAG, &tag);
    answer::put(headers, header::CONTENT_DISPOSITION, "attachment");
    answer::last_modified(headers, deposited);
    alert::put(headers, exchange, hidden);
    Ok(response)
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
