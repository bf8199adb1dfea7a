//! Pages of other origins (Fetch standard, CORS protocol): those of `server.cors_origins` may read answers, no other. Only the question
//! of a browser before its request is answered without certificate.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;

use super::answer;
use crate::settings::Origin;

const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";

/// What a request may carry beyond what every page may send.
const REQUEST_HEADERS: &str = "Accept, Authorization, Content-Encoding, Content-Type, DMP-Access-Mode, DMP-Access-Reason, \
    DMP-Secret-Connection, DMP-Structure, If-Match, If-Modified-Since, If-None-Exist, If-None-Match, If-Range, Prefer, Range, \
    Traceparent, X-Request-Id";

/// What a page may read beyond what every page may.
const ANSWER_HEADERS: &str = "Accept-Ranges, Content-Disposition, Content-Location, Content-Range, DMP-Alert, DMP-Warnings, ETag, \
    Location, Retry-After, X-Request-Id";

/// The origin of a request, when its pages may read the answer.
pub(super) fn origin(allowed: &[Origin], headers: &HeaderMap) -> Option<HeaderValue> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let (Some(origin), None) = (origins.next(), origins.next()) else {
        return None;
    };
    let known = allowed
        .iter()
        .any(|known| known.as_str().as_bytes() == origin.as_bytes());
    known.then(|| origin.clone())
}

/// The answer to a browser that asks whether it may send a request; None for anything else.
pub(super) fn preflight(allowed: &[Origin], request: &Request) -> Option<Response> {
    let headers = request.headers();
    let asks = request.method() == Method::OPTIONS
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if !asks || origin(allowed, headers).is_none() {
        return None;
    }
    let mut response = answer::empty(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    answer::put(headers, header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    answer::put(
        headers,
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        REQUEST_HEADERS,
    );
    answer::put(headers, header::ACCESS_CONTROL_MAX_AGE, "600");
    Some(response)
}

/// Tells the browser that the page may read this answer. `origin` is that of the request.
pub(super) fn tell(allowed: &[Origin], origin: Option<HeaderValue>, headers: &mut HeaderMap) {
    if allowed.is_empty() {
        return;
    }
    answer::varies(headers, "Origin");
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        // The certificate is a credential.
        answer::put(headers, header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
        answer::put(
            headers,
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            ANSWER_HEADERS,
        );
    }
}
