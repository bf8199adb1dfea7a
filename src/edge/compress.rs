//! gzip, both ways. Bodies are whole in memory, so it is done at once.
//!
//! An answer to a page of another origin is never compressed: there, who can make requests and see their sizes could guess at what
//! shares a body with his own words (BREACH).

use std::io::{self, Read, Write};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use http_body_util::BodyExt;

use super::answer;
use super::negotiate::Format;
use crate::error::{Code, Error, Issue};

/// Smaller answers gain nothing.
const LEAST: u64 = 1_024;
/// Larger ones must not hold up other requests.
const ASIDE: usize = 65_536;

/// True when the client takes gzip, and is no page of another origin.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    // A page that asks without `Origin` (an image, a form) is told by the browser's own header.
    let foreign = headers.contains_key(header::ORIGIN)
        || headers
            .get("sec-fetch-site")
            .is_some_and(|site| site != "none" && site != "same-origin");
    let mut wanted = None;
    let mut any = false;
    let values = headers.get_all(header::ACCEPT_ENCODING).iter();
    let codings = values.flat_map(|value| value.to_str().unwrap_or_default().split(','));
    for coding in codings {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(|part| part.strip_prefix("q="));
        let accepted = weight.is_none_or(|weight| weight.parse().is_ok_and(|q: f32| q > 0.0));
        match name.as_str() {
            "gzip" | "x-gzip" => wanted = Some(accepted),
            "*" => any = accepted,
            _ => {}
        }
    }
    !foreign && wanted.unwrap_or(any)
}

/// An answer, compressed when the client wants it and it is worth it.
pub(super) async fn respond(is_wanted: bool, mut response: Response) -> Response {
    let may =
        is_text(response.headers()) && !response.headers().contains_key(header::CONTENT_RANGE);
    if may || response.status() == StatusCode::NOT_MODIFIED {
        answer::varies(response.headers_mut(), "Accept-Encoding");
    }
    let size = axum::body::HttpBody::size_hint(response.body()).exact();
    if !may || !is_wanted || size.is_none_or(|size| size < LEAST) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let bytes = match body.collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(_) => return answer::refusal(&Code::Internal.into(), Format::Json),
    };
    let packed = match bytes.len() > ASIDE {
        true => {
            let bytes = bytes.clone();
            let packing = tokio::task::spawn_blocking(move || pack(&bytes));
            packing
                .await
                .unwrap_or_else(|error| Err(io::Error::other(error)))
        }
        false => pack(&bytes),
    };
    let Some(packed) = packed.ok().filter(|packed| packed.len() < bytes.len()) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    let headers = &mut parts.headers;
    // These are other bytes than the tag tells, with no parts of their own.
    let tag = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok());
    if let Some(weak) = tag
        .filter(|tag| tag.starts_with('"'))
        .map(|tag| format!("W/{tag}"))
    {
        answer::put(headers, header::ETAG, &weak);
    }
    headers.remove(header::ACCEPT_RANGES);
    headers.remove(header::CONTENT_LENGTH);
    answer::put(headers, header::CONTENT_ENCODING, "gzip");
    Response::from_parts(parts, Body::from(packed))
}

/// True for what is not compressed already.
fn is_text(headers: &HeaderMap) -> bool {
    let media = headers
        .get(header::CONTENT_TYPE)
        .and_then(|media| media.to_str().ok());
    let essence = media
        .and_then(|media| media.split(';').next())
        .unwrap_or_default()
        .trim();
    essence.starts_with("text/") || essence.ends_with("json") || essence.ends_with("xml")
}

fn pack(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// How a body is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Identity,
    Gzip,
}

/// The one `Content-Encoding` of a body.
///
/// # Errors
/// `unsupported-media-type` for another one, or several.
pub(super) fn coding(headers: &HeaderMap) -> Result<Coding, Error> {
    let values = headers.get_all(header::CONTENT_ENCODING).iter();
    let names = values.flat_map(|value| value.to_str().unwrap_or("?").split(','));
    let names = names.map(|name| name.trim().to_ascii_lowercase());
    let mut coded = names.filter(|name| !["", "identity"].contains(&name.as_str()));
    match (coded.next().as_deref(), coded.next()) {
        (None, _) => Ok(Coding::Identity),
        (Some("gzip" | "x-gzip"), None) => Ok(Coding::Gzip),
        _ => Err(Issue::new(Code::UnsupportedMediaType)
            .with("encoding", "gzip")
            .into()),
    }
}

/// What a gzip body holds, when it is no more than `most`.
///
/// # Errors
/// `too-large`, as soon as there is more; `malformed`.
pub(super) async fn unpack(bytes: Bytes, most: usize) -> Result<Bytes, Error> {
    let unpacking = tokio::task::spawn_blocking(move || {
        let mut whole = Vec::new();
        let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        let read = MultiGzDecoder::new(&bytes[..])
            .take(limit)
            .read_to_end(&mut whole);
        read.map(|_| whole)
    });
    match unpacking.await {
        Ok(Ok(whole)) if whole.len() > most => Err(Code::TooLarge.into()),
        Ok(Ok(whole)) => Ok(whole.into()),
        Ok(Err(_)) => Err(Issue::new(Code::Malformed).with("detail", "gzip").into()),
        Err(_) => Err(Code::Internal.into()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        let value = |text| HeaderValue::from_static(text);
        pairs
            .iter()
            .map(|(name, text)| (name.clone(), value(text)))
            .collect()
    }

    #[test]
    fn gzip_is_for_who_takes_it_and_is_no_foreign_page() {
        let wanted = |text| is_wanted(&headers(&[(header::ACCEPT_ENCODING, text)]));
        for yes in ["gzip", "br, GZIP;q=0.5", "*", "identity, *;q=0.1", "x-gzip"] {
            assert!(wanted(yes), "{yes}");
        }
        for no in [
            "",
            "br",
            "gzip;q=0",
            "gzip; q=0.000, *",
            "gzip;q=x",
            "identity",
        ] {
            assert!(!wanted(no), "{no}");
        }
        assert!(!is_wanted(&HeaderMap::new()));
        let site = HeaderName::from_static("sec-fetch-site");
        for (name, value, expected) in [
            (header::ORIGIN, "https://portal.example", false),
            (site.clone(), "cross-site", false),
            (site.clone(), "same-site", false),
            (site.clone(), "same-origin", true),
            (site, "none", true),
        ] {
            let asked = headers(&[(header::ACCEPT_ENCODING, "gzip"), (name, value)]);
            assert_eq!(is_wanted(&asked), expected, "{value}");
        }
    }

    #[test]
    fn bodies_are_encoded_once_or_not() {
        let of = |text| coding(&headers(&[(header::CONTENT_ENCODING, text)]));
        assert_eq!(coding(&HeaderMap::new()), Ok(Coding::Identity));
        assert_eq!(of("identity"), Ok(Coding::Identity));
        assert_eq!(of("GZIP"), Ok(Coding::Gzip));
        for bad in ["br", "deflate", "gzip, gzip", "gzip, br"] {
            assert_eq!(of(bad).expect_err(bad).code(), Code::UnsupportedMediaType);
        }
    }

    #[tokio::test]
    async fn what_unpacks_to_more_is_cut_off() {
        let whole = vec![b'a'; 100_000];
        let packed = Bytes::from(pack(&whole).expect("packed"));
        assert!(packed.len() < 1_000);
        assert_eq!(unpack(packed.clone(), 100_000).await, Ok(whole.into()));
        let error = unpack(packed.clone(), 99_999).await.expect_err("more");
        assert_eq!(error.code(), Code::TooLarge);
        let cut = packed.slice(..packed.len() - 9);
        for bad in [cut, Bytes::from_static(b"{}"), Bytes::new()] {
            let error = unpack(bad, 100_000).await.expect_err("no gzip");
            assert_eq!(error.code(), Code::Malformed);
        }
    }
}
