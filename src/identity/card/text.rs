//! Strings of a certificate, decoded by their ASN.1 tag.

use x509_parser::asn1_rs::{Any, Tag};
use x509_parser::oid_registry::Oid;
use x509_parser::x509::X509Name;

/// Longest text that the reader keeps; real ones stay under 64 characters.
const MAX_BYTES: usize = 512;

/// The text of a string type; None when it isn't one, isn't well formed, is too long or holds control characters.
pub(super) fn decode(value: &Any<'_>) -> Option<String> {
    let bytes = value.data;
    if bytes.len() > MAX_BYTES {
        return None;
    }
    let text = match value.tag() {
        Tag::Utf8String
        | Tag::PrintableString
        | Tag::Ia5String
        | Tag::NumericString
        | Tag::VisibleString => std::str::from_utf8(bytes).ok()?.to_owned(),
        // Legacy cards write Latin-1 under the T61 tag.
        Tag::T61String => bytes.iter().copied().map(char::from).collect(),
        Tag::BmpString => wide(bytes, 2)?,
        Tag::UniversalString => wide(bytes, 4)?,
        _ => return None,
    };
    let clean = !text.chars().any(char::is_control);
    clean.then_some(text)
}

/// Big-endian characters of `width` bytes; surrogates are no characters.
fn wide(bytes: &[u8], width: usize) -> Option<String> {
    let chunks = bytes.chunks_exact(width);
    if !chunks.remainder().is_empty() {
        return None;
    }
    chunks
        .map(|chunk| {
            let code = chunk
                .iter()
                .fold(0u32, |code, byte| (code << 8) | u32::from(*byte));
            char::from_u32(code)
        })
        .collect()
}

/// A name as people read it (RFC 4514 order); for display only, never compared.
pub(in crate::identity) fn display(name: &X509Name<'_>) -> String {
    let mut rdns: Vec<String> = name
        .iter_rdn()
        .map(|rdn| {
            let parts: Vec<String> = rdn
                .iter()
                .map(|part| {
                    let value = decode(part.attr_value()).unwrap_or_else(|| "?".into());
                    format!("{}={}", short_name(part.attr_type()), escape(&value))
                })
                .collect();
            parts.join("+")
        })
        .collect();
    rdns.reverse();
    rdns.join(",")
}

fn short_name(oid: &Oid<'_>) -> String {
    let text = oid.to_id_string();
    let short = match text.as_str() {
        "2.5.4.3" => "CN",
        "2.5.4.4" => "SN",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.12" => "title",
        "2.5.4.42" => "GN",
        "2.5.4.65" => "pseudonym",
        _ => return text,
    };
    short.to_owned()
}

fn escape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=' | '#') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use x509_parser::asn1_rs::FromDer;

    fn text_of(der: &[u8]) -> Option<String> {
        decode(&Any::from_der(der).expect("DER").1)
    }

    #[test]
    fn the_tag_decides_the_encoding() {
        assert_eq!(
            text_of(b"\x14\x07M\xe9decin").as_deref(),
            Some("Médecin"),
            "T61 holds Latin-1"
        );
        assert_eq!(
            text_of(b"\x0c\x08M\xc3\xa9decin").as_deref(),
            Some("Médecin")
        );
        assert_eq!(text_of(b"\x1e\x04\x00M\x00\xe9").as_deref(), Some("Mé"));
        assert_eq!(
            text_of(b"\x0c\x07M\xe9decin"),
            None,
            "Latin-1 under the UTF-8 tag"
        );
        assert_eq!(text_of(b"\x1e\x03\x00M\x00"), None);
        assert_eq!(
            text_of(b"\x0c\x03a\x00b"),
            None,
            "no control character passes"
        );
        assert_eq!(text_of(b"\x02\x01\x05"), None);
    }
}
