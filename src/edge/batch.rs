//! `POST /fhir` with a batch: each request goes by the road that it would take alone, with the caller and the headers of the batch, and
//! leaves its own trace. The batch itself leaves none.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::Response;
use http_body_util::BodyExt;
use jiff::fmt::rfc2822::DateTimeParser;
use serde_json::Value;

use super::answer::Told;
use super::app::Shared;
use super::exchange::{Exchange, RequestId};
use super::observe::{self, Within};
use super::tls::Peer;
use super::{alert, answer};
use crate::dmp::time::Instant;
use crate::dmp::trace::TracedAct;
use crate::error::{Code, Error};
use crate::translate::bundle::{self, BatchAnswer, BatchRequest, BatchResponse};
use crate::translate::outcome;

/// Media types of what is a resource.
const FHIR_JSON: &str = "application/fhir+json";

/// Answers a batch.
///
/// # Errors
/// What is wrong with the batch as a whole: then nothing of it was done.
pub(super) async fn run(exchange: &mut Exchange, batch: Value) -> Result<Response, Error> {
    exchange.turns_into(TracedAct::Other);
    let format = exchange.format()?;
    let entries = bundle::read_batch(batch, &exchange.app.settings.server.base_url)?;
    let caller = Caller::of(exchange)?;
    let mut response = BatchResponse::default();
    for entry in entries {
        let answer = match caller.still_answers(&response) {
            Ok(()) => caller.answer(entry).await,
            Err(error) => not_done(&error),
        };
        response.add(&answer);
    }
    let body = response.finish();
    Ok(answer::resource(StatusCode::OK, format, body))
}

/// Who sent the batch, and all that each of its requests takes from it.
struct Caller {
    app: Shared,
    within: Within,
    peer: Arc<Peer>,
    request_id: RequestId,
    headers: HeaderMap,
}

impl Caller {
    /// # Errors
    /// `not-supported` within a batch.
    fn of(exchange: &Exchange) -> Result<Self, Error> {
        let extensions = exchange.extensions();
        let found = (
            extensions.get::<Within>(),
            extensions.get::<Arc<Peer>>(),
            extensions.get::<RequestId>(),
        );
        let (Some(within), Some(peer), Some(request_id)) = found else {
            return Err(Code::NotSupported.into());
        };
        let handed_on = |name: &HeaderName| {
            let name = name.as_str();
            name.starts_with("dmp-") || ["authorization", "prefer", "traceparent"].contains(&name)
        };
        let headers = exchange.headers().iter();
        Ok(Self {
            app: Shared::clone(&exchange.app),
            within: within.clone(),
            peer: Arc::clone(peer),
            request_id: request_id.clone(),
            headers: headers
                .filter(|(name, _)| handed_on(name))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        })
    }

    /// A batch takes no more memory and time than other requests: what comes too late is left undone.
    ///
    /// # Errors
    /// `too-large`, `busy`.
    fn still_answers(&self, response: &BatchResponse) -> Result<(), Error> {
        let server = &self.app.settings.server;
        let half: Duration = server.request_timeout / 2;
        if response.bytes() > server.max_body_bytes.saturating_mul(2) {
            Err(Code::TooLarge.into())
        } else if self.within.started.elapsed() > half {
            Err(Code::Busy.into())
        } else {
            Ok(())
        }
    }

    async fn answer(&self, entry: Result<BatchRequest, Error>) -> BatchAnswer {
        let base_url = &self.app.settings.server.base_url;
        let (named, response) = match entry.and_then(|entry| self.request(entry)) {
            Ok(request) => {
                let named = request.uri().path().trim_start_matches("/fhir/").to_owned();
                let router = self.within.router.clone();
                (named, observe::within(&self.app, router, request).await)
            }
            Err(error) => (String::new(), self.refuse(error).await),
        };
        read_answer(response, &named, base_url).await
    }

    /// The request as it would come alone.
    fn request(&self, entry: BatchRequest) -> Result<Request, Error> {
        let invalid = || Error::from(Code::NotFound);
        let uri: Uri = format!("/fhir/{}", entry.target)
            .parse()
            .map_err(|_| invalid())?;
        let method = Method::from_bytes(entry.method.as_bytes()).map_err(|_| invalid())?;
        let mut request = self.empty();
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        for (name, value) in entry.headers {
            answer::put(headers, HeaderName::from_static(name), &value);
        }
        if let Some((media, bytes)) = entry.body {
            answer::put(headers, header::CONTENT_TYPE, &media);
            *request.body_mut() = Body::from(bytes);
        }
        Ok(request)
    }

    fn empty(&self) -> Request {
        let mut request = Request::new(Body::empty());
        *request.headers_mut() = self.headers.clone();
        let accept = HeaderValue::from_static(FHIR_JSON);
        request.headers_mut().insert(header::ACCEPT, accept);
        let extensions = request.extensions_mut();
        extensions.insert(Arc::clone(&self.peer));
        extensions.insert(self.request_id.clone());
        request
    }

    /// What is no request is refused, and traced, as one that is not served.
    async fn refuse(&self, error: Error) -> Response {
        let app = Shared::clone(&self.app);
        let mut exchange = Exchange::new(app, TracedAct::Other, self.empty());
        let refusal = exchange.identify().err().unwrap_or(error);
        exchange.conclude(Err(refusal)).await
    }
}

/// The status with its words, as an entry gives it.
fn told(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}

fn not_done(error: &Error) -> BatchAnswer {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    BatchAnswer::refused(told(status), error)
}

/// The answer to one request as an entry: its body is a resource, or the outcome.
async fn read_answer(response: Response, named: &str, base_url: &str) -> BatchAnswer {
    let (parts, body) = response.into_parts();
    let Some(bytes) = body.collect().await.ok().map(|body| body.to_bytes()) else {
        return not_done(&Code::Internal.into());
    };
    let text = |name: HeaderName| {
        let value = parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok());
        value.map(str::to_owned)
    };
    let media = text(header::CONTENT_TYPE).unwrap_or_default();
    if !bytes.is_empty() && !media.starts_with(FHIR_JSON) {
        return not_done(&Code::NotAcceptable.into());
    }
    let Ok(body) = String::from_utf8(Bytes::into(bytes)) else {
        return not_done(&Code::Internal.into());
    };
    let location = text(header::LOCATION).or_else(|| text(header::CONTENT_LOCATION));
    let below = |url: String| match url.strip_prefix(base_url) {
        Some(below) => below.trim_start_matches('/').to_owned(),
        None => url,
    };
    let modified = text(header::LAST_MODIFIED);
    let mut answer = BatchAnswer {
        status: told(parts.status),
        location: location.map(below),
        etag: text(header::ETAG),
        modified: modified.and_then(|date| at(&date)),
        resource: None,
        outcome: None,
    };
    let failed = parts.status.is_client_error() || parts.status.is_server_error();
    let asked = body.starts_with(r#"{"resourceType":"OperationOutcome""#);
    if failed || asked {
        answer.outcome = (!body.is_empty()).then_some(body);
        return answer;
    }
    answer.resource = (!body.is_empty()).then_some(body);
    let mut warnings = alert::of_header(&parts.headers, named);
    if let Some(Told(told)) = parts.extensions.get::<Told>() {
        warnings.extend(told.iter().cloned());
    }
    if !warnings.is_empty() {
        answer.outcome = Some(outcome::write(&warnings).to_string());
    }
    answer
}

/// A date as HTTP writes it.
fn at(date: &str) -> Option<Instant> {
    DateTimeParser::new().parse_timestamp(date).ok()
}
