//! Answers: the same headers on all of them.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use http_body_util::BodyExt;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::Value;

use super::negotiate::{Format, Return};
use crate::dmp::time::Instant;
use crate::error::{Code, Error, Issue};
use crate::translate::{outcome, wire};

/// Counts the warnings of a write.
pub(super) const WARNINGS: HeaderName = HeaderName::from_static("dmp-warnings");

/// An answer with a resource, given as its JSON text.
pub(super) fn resource(status: StatusCode, format: Format, body: impl Into<String>) -> Response {
    let json = body.into();
    let text = match format {
        Format::Json => Some(json),
        Format::Xml => xml(&json),
    };
    match text {
        Some(text) => with_type(status, format.content_type(), text),
        None => refusal(&Code::NotAcceptable.into(), Format::Json),
    }
}

/// The XML of a resource; None for what is no R4. The answer to a batch may hold a FHIR document.
pub(super) fn xml(json: &str) -> Option<String> {
    let resource = serde_json::from_str(json).ok()?;
    wire::write_xml(&resource).or_else(|| wire::write_xml_document(&resource))
}

/// The same answer for human eyes (`_pretty=true`).
pub(super) async fn pretty(response: Response) -> Response {
    let media = response.headers().get(header::CONTENT_TYPE);
    let format = [Format::Json, Format::Xml]
        .into_iter()
        .find(|format| media.is_some_and(|media| media == format.content_type()));
    let Some(format) = format else {
        return response;
    };
    let (parts, body) = response.into_parts();
    // The body is ours and in memory.
    let bytes = match body.collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(_) => return Response::from_parts(parts, Body::empty()),
    };
    let text = std::str::from_utf8(&bytes).unwrap_or_default();
    let indented = match format {
        Format::Xml => Some(wire::indent_xml(text)),
        Format::Json => serde_json::from_str::<Value>(text)
            .and_then(|value| serde_json::to_string_pretty(&value))
            .ok(),
    };
    let body = indented.map_or_else(|| Body::from(bytes), Body::from);
    Response::from_parts(parts, body)
}

/// An answer with bytes of a given type.
pub(super) fn with_type(status: StatusCode, media: &str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    put(response.headers_mut(), header::CONTENT_TYPE, media);
    response
}

/// The answer to a write of one resource: what `Prefer: return` asks for, and the warnings counted.
pub(super) fn written(
    status: StatusCode,
    format: Format,
    wanted: Option<Return>,
    resource: impl FnOnce() -> String,
    warnings: &[Issue],
) -> Response {
    let mut response = match wanted {
        Some(Return::Minimal) => empty(status),
        Some(Return::OperationOutcome) => {
            self::resource(status, format, outcome::told(warnings).to_string())
        }
        Some(Return::Representation) | None => self::resource(status, format, resource()),
    };
    warned(response.headers_mut(), warnings);
    response.extensions_mut().insert(Told(warnings.to_vec()));
    response
}

/// The warnings of a write, carried on its answer: a batch spells them out.
#[derive(Debug, Clone)]
pub(super) struct Told(pub Vec<Issue>);

/// Counts the warnings of a write.
pub(super) fn warned(headers: &mut HeaderMap, warnings: &[Issue]) {
    put(headers, WARNINGS, &warnings.len().to_string());
}

/// An answer without body.
pub(super) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// A refusal, as an OperationOutcome.
pub(super) fn refusal(error: &Error, format: Format) -> Response {
    let code = error.code();
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = outcome::write(&error.issues).to_string();
    let mut response = resource(status, format, body);
    let headers = response.headers_mut();
    match code {
        Code::Busy => put(headers, header::RETRY_AFTER, "1"),
        Code::LoginRequired | Code::CardNotAccepted => {
            put(headers, header::WWW_AUTHENTICATE, "Certificate, Bearer");
        }
        Code::RangeNotSatisfiable => {
            let size = param(error, "size").unwrap_or_default();
            put(headers, header::CONTENT_RANGE, &format!("bytes */{size}"));
        }
        Code::UnsupportedMediaType => {
            if let Some(coding) = param(error, "encoding") {
                put(headers, header::ACCEPT_ENCODING, coding);
            }
        }
        Code::TooLarge | Code::RequestTimeout => put(headers, header::CONNECTION, "close"),
        _ => {}
    }
    response
}

/// What a refusal tells under a name.
fn param<'e>(error: &'e Error, name: &str) -> Option<&'e str> {
    let mut params = error.issues.iter().flat_map(|issue| &issue.params);
    let found = params.find(|(known, _)| *known == name);
    found.map(|(_, value)| value.as_str())
}

/// Sets a header whose value is our own text.
pub(super) fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Names one more header of the request that the answer depends on.
pub(super) fn varies(headers: &mut HeaderMap, name: &str) {
    let known = headers
        .get(header::VARY)
        .and_then(|vary| vary.to_str().ok());
    let all = match known {
        Some(known) => format!("{known}, {name}"),
        None => name.to_owned(),
    };
    put(headers, header::VARY, &all);
}

/// `ETag` and `Last-Modified` of a version.
pub(super) fn version(headers: &mut HeaderMap, version: u32, updated: Instant) {
    put(headers, header::ETAG, &etag(version));
    last_modified(headers, updated);
}

/// `Last-Modified`.
pub(super) fn last_modified(headers: &mut HeaderMap, updated: Instant) {
    if let Ok(date) = DateTimePrinter::new().timestamp_to_rfc9110_string(&updated) {
        put(headers, header::LAST_MODIFIED, &date);
    }
}

/// The weak tag of a version.
pub(super) fn etag(version: u32) -> String {
    format!("W/\"{version}\"")
}

/// True when `If-None-Match` holds this tag, compared weakly.
pub(super) fn not_modified(headers: &HeaderMap, tag: &str) -> bool {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| known.trim() == "*" || bare(known) == bare(tag))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]
    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).expect("value"))])
    }

    #[test]
    fn tags_are_compared_weakly() {
        let known = |value| headers(header::IF_NONE_MATCH, value);
        assert!(not_modified(&known("W/\"3\""), "W/\"3\""));
        assert!(not_modified(&known("\"1\", \"3\""), "W/\"3\""));
        assert!(not_modified(&known("*"), "W/\"3\""));
        assert!(!not_modified(&known("W/\"4\""), "W/\"3\""));
        assert!(!not_modified(&HeaderMap::new(), "W/\"3\""));
    }

    #[test]
    fn dates_are_written_as_http_does() {
        let mut headers = HeaderMap::new();
        last_modified(&mut headers, Instant::UNIX_EPOCH);
        let date = headers.get(header::LAST_MODIFIED).expect("date");
        assert_eq!(date, "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
