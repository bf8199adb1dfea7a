//! A part of some bytes: `Range` with one range of bytes (RFC 9110 §14). Several ranges, or another unit, get the whole.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;

use super::{answer, conditional};
use crate::dmp::time::Instant;
use crate::error::{Code, Error, Issue};

/// The bytes under a strong tag: all, the part asked for, or 304.
///
/// # Errors
/// `range-not-satisfiable`.
pub(super) fn respond(
    (method, headers): (&Method, &HeaderMap),
    media_type: &str,
    bytes: Bytes,
    tag: &str,
    updated: Instant,
) -> Result<Response, Error> {
    if conditional::is_held(headers, tag, updated) {
        return Ok(answer::empty(StatusCode::NOT_MODIFIED));
    }
    let size = bytes.len();
    let mut ranges = headers.get_all(header::RANGE).iter();
    let asked = match (ranges.next(), ranges.next()) {
        // Only GET has parts.
        (Some(range), None) if *method == Method::GET => range.to_str().ok(),
        _ => None,
    };
    let asked = asked.and_then(|range| part(range, size));
    let mut response = match asked.filter(|_| conditional::is_same(headers, tag, updated)) {
        None => answer::with_type(StatusCode::OK, media_type, bytes),
        Some(None) => {
            let size = size.to_string();
            return Err(Issue::new(Code::RangeNotSatisfiable)
                .with("size", size)
                .into());
        }
        Some(Some((first, last))) => {
            let part = Body::from(bytes.slice(first..=last));
            let mut response = answer::with_type(StatusCode::PARTIAL_CONTENT, media_type, part);
            let place = format!("bytes {first}-{last}/{size}");
            answer::put(response.headers_mut(), header::CONTENT_RANGE, &place);
            response
        }
    };
    answer::put(response.headers_mut(), header::ACCEPT_RANGES, "bytes");
    Ok(response)
}

/// First and last place of the one range asked for, within `size`. None when it is no single range of bytes, `Some(None)` when it
/// begins behind the end.
#[allow(clippy::option_option)]
fn part(range: &str, size: usize) -> Option<Option<(usize, usize)>> {
    let (unit, range) = range.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") || range.contains(',') {
        return None;
    }
    let (first, last) = range.trim().split_once('-')?;
    let end = size.checked_sub(1);
    let inside = match (number(first)?, number(last)?) {
        (None, None) => return None,
        (Some(first), Some(last)) if last < first => return None,
        (None, Some(0)) => None,
        (None, Some(count)) => end.map(|end| (size.saturating_sub(count), end)),
        (Some(first), last) => end
            .filter(|end| first <= *end)
            .map(|end| (first, last.map_or(end, |last| last.min(end)))),
    };
    Some(inside)
}

/// A place, or nothing; None for what is neither. One that no memory holds is the last.
#[allow(clippy::option_option)]
fn number(digits: &str) -> Option<Option<usize>> {
    if digits.is_empty() {
        return Some(None);
    }
    let known = digits.bytes().all(|byte| byte.is_ascii_digit());
    known.then(|| Some(digits.parse().unwrap_or(usize::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_cut_to_what_there_is() {
        for (range, expected) in [
            ("bytes=0-0", Some(Some((0, 0)))),
            ("bytes=2-5", Some(Some((2, 5)))),
            ("Bytes=2-", Some(Some((2, 9)))),
            ("bytes=-3", Some(Some((7, 9)))),
            ("bytes=-30", Some(Some((0, 9)))),
            ("bytes=9-99999999999999999999999", Some(Some((9, 9)))),
            ("bytes=10-", Some(None)),
            ("bytes=99999999999999999999999-", Some(None)),
            ("bytes=-0", Some(None)),
            ("bytes=0-1,3-4", None),
            ("bytes=5-2", None),
            ("bytes=-", None),
            ("bytes=+1-2", None),
            ("bytes=a-b", None),
            ("bytes 0-1", None),
            ("lines=0-1", None),
        ] {
            assert_eq!(part(range, 10), expected, "{range}");
        }
        assert_eq!(part("bytes=0-", 0), Some(None));
        assert_eq!(part("bytes=-1", 0), Some(None));
    }
}
