//! Search parameters, from the query string and from a form.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::error::{Code, Error, Issue};

/// Name and value, decoded once, in the order in which they came.
pub(super) type Params = Vec<(String, String)>;

/// What a link escapes.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':')
    .remove(b'/')
    .remove(b',');

/// Most parameters in one request.
const MAX_PARAMS: usize = 100;

/// Reads `a=b&c=d`.
///
/// # Errors
/// `parameter-invalid` for what is not UTF-8 once decoded, or for too many.
pub(super) fn read(encoded: &str) -> Result<Params, Error> {
    let mut params = Params::new();
    for pair in encoded.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(name).ok_or_else(|| invalid("?"))?;
        let value = decode(value).ok_or_else(|| invalid(&name))?;
        if params.len() == MAX_PARAMS {
            return Err(invalid(&name));
        }
        params.push((name, value));
    }
    Ok(params)
}

/// The first value of a parameter.
pub(super) fn first<'a>(params: &'a Params, name: &str) -> Option<&'a str> {
    let found = params.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str())
}

/// A URL with these parameters.
pub(super) fn link(base: &str, params: &Params) -> String {
    let mut url = base.to_owned();
    for (rank, (name, value)) in params.iter().enumerate() {
        url.push(if rank == 0 { '?' } else { '&' });
        url.extend(utf8_percent_encode(name, RESERVED));
        url.push('=');
        url.extend(utf8_percent_encode(value, RESERVED));
    }
    url
}

fn invalid(name: &str) -> Error {
    Issue::new(Code::ParameterInvalid)
        .with("parameter", name)
        .into()
}

fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]
    use super::*;

    #[test]
    fn pairs_are_decoded_once_and_in_order() {
        let params = read("a=1&&b=x%7Cy+z&a=%257C&c").expect("params");
        let expected = [("a", "1"), ("b", "x|y z"), ("a", "%7C"), ("c", "")];
        let expected = expected.map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(params, expected);
        assert_eq!(first(&params, "a"), Some("1"));
    }

    #[test]
    fn bad_utf8_and_floods_are_refused() {
        assert!(read("a=%FF").is_err());
        assert!(read(&"a=1&".repeat(101)).is_err());
    }
}
