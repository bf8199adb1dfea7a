//! Conditions of a request on what is there (RFC 9110 §13, FHIR R4 http §3.1.0.1.3, §3.1.0.5).

use axum::http::{HeaderMap, header};
use jiff::fmt::rfc2822::DateTimeParser;

use super::answer;
use crate::dmp::change::Expected;
use crate::dmp::time::Instant;

/// `If-Match`: the versions that a write expects; None when nothing is said. Tags are compared weakly, as FHIR has them, and one that
/// is none of ours is met by no version.
pub(super) fn if_match(headers: &HeaderMap) -> Option<Expected> {
    headers.get(header::IF_MATCH)?;
    let values = headers.get_all(header::IF_MATCH).iter();
    let tags = values.flat_map(|value| value.to_str().unwrap_or_default().split(','));
    let mut versions = Vec::new();
    for tag in tags.map(str::trim) {
        if tag == "*" {
            return Some(Expected::Any);
        }
        versions.extend(version(tag));
    }
    Some(Expected::OneOf(versions))
}

/// The version of a tag, weak or strong.
fn version(tag: &str) -> Option<u32> {
    let bare = tag.strip_prefix("W/").unwrap_or(tag);
    // Some clients forget the quotes.
    bare.trim_matches('"').parse().ok()
}

/// True when the client holds this already: by `If-None-Match`, or without that header by `If-Modified-Since`.
pub(super) fn is_held(headers: &HeaderMap, tag: &str, updated: Instant) -> bool {
    if headers.contains_key(header::IF_NONE_MATCH) {
        return answer::not_modified(headers, tag);
    }
    date(headers, header::IF_MODIFIED_SINCE).is_some_and(|since| updated.as_second() <= since)
}

/// The same for a version of a resource.
pub(super) fn is_held_version(headers: &HeaderMap, version: u32, updated: Instant) -> bool {
    is_held(headers, &answer::etag(version), updated)
}

/// `If-Range`: true when the client's part is of these bytes, or nothing is said. Only a strong tag tells that.
pub(super) fn is_same(headers: &HeaderMap, tag: &str, updated: Instant) -> bool {
    let Some(value) = headers.get(header::IF_RANGE) else {
        return true;
    };
    if tag.starts_with('"') && value.as_bytes().trim_ascii() == tag.as_bytes() {
        return true;
    }
    date(headers, header::IF_RANGE) == Some(updated.as_second())
}

/// The one date of a header, in seconds; what is no date says nothing.
fn date(headers: &HeaderMap, name: header::HeaderName) -> Option<i64> {
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let parsed = DateTimeParser::new().parse_timestamp(value.to_str().ok()?.trim());
    parsed.ok().map(|instant| instant.as_second())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).expect("value"))])
    }

    #[test]
    fn if_match_names_versions() {
        assert_eq!(if_match(&HeaderMap::new()), None);
        let given = |value| if_match(&headers(header::IF_MATCH, value)).expect("said");
        assert_eq!(given("W/\"2\""), Expected::OneOf(vec![2]));
        assert_eq!(given("\"2\""), Expected::OneOf(vec![2]));
        assert_eq!(given("\"1\", W/\"3\",x"), Expected::OneOf(vec![1, 3]));
        assert_eq!(given("\"1\", *"), Expected::Any);
        for none in ["W/\"x\"", "", "\"-2\"", "\"2.0\""] {
            assert_eq!(given(none), Expected::OneOf(Vec::new()), "{none}");
        }
        let mut lines = headers(header::IF_MATCH, "\"1\"");
        lines.append(header::IF_MATCH, HeaderValue::from_static("\"4\""));
        assert_eq!(if_match(&lines), Some(Expected::OneOf(vec![1, 4])));
    }

    #[test]
    fn what_is_as_old_is_held() {
        let updated = Instant::from_millisecond(1_000_900).expect("instant");
        let since = |value| is_held(&headers(header::IF_MODIFIED_SINCE, value), "\"1\"", updated);
        assert!(since("Thu, 01 Jan 1970 00:16:40 GMT"), "its own second");
        assert!(since("Fri, 02 Jan 1970 00:00:00 GMT"));
        assert!(!since("Thu, 01 Jan 1970 00:16:39 GMT"));
        assert!(!since("yesterday"));
        // The tag decides when there is one.
        let mut both = headers(header::IF_MODIFIED_SINCE, "Fri, 02 Jan 1970 00:00:00 GMT");
        both.insert(header::IF_NONE_MATCH, HeaderValue::from_static("\"2\""));
        assert!(!is_held(&both, "\"1\"", updated));
    }

    #[test]
    fn a_part_is_of_the_same_bytes_by_a_strong_tag_or_the_same_date() {
        let same =
            |value, tag| is_same(&headers(header::IF_RANGE, value), tag, Instant::UNIX_EPOCH);
        assert!(is_same(&HeaderMap::new(), "\"a\"", Instant::UNIX_EPOCH));
        assert!(same("\"a\"", "\"a\""));
        assert!(!same("\"b\"", "\"a\""));
        assert!(!same("W/\"a\"", "\"a\""));
        assert!(!same("W/\"a\"", "W/\"a\""));
        assert!(same("Thu, 01 Jan 1970 00:00:00 GMT", "\"a\""));
        assert!(!same("Thu, 01 Jan 1970 00:00:01 GMT", "\"a\""));
    }
}
