//! Bytes to text: byte order mark, declared encoding, and their agreement (XML 1.0 §4.3.3 and appendix F).

use std::borrow::Cow;

use encoding_rs::{DecoderResult, Encoding, ISO_8859_15, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::attributes::{self, Attribute};
use super::fault::{Fault, line_column, words};
use crate::error::Issue;

/// The text of a document, without byte order mark; borrowed when the bytes are UTF-8.
pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Issue> {
    if bytes.is_empty() {
        return Err(Fault::new(0, words::EMPTY).issue(""));
    }
    let (marked, content) = match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => (Some(UTF_8), rest),
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => {
            return Err(Fault::new(0, words::ENCODING).issue(""));
        }
        [0xFF, 0xFE, rest @ ..] => (Some(UTF_16LE), rest),
        [0xFE, 0xFF, rest @ ..] => (Some(UTF_16BE), rest),
        [b'<', 0, ..] => (Some(UTF_16LE), bytes),
        [0, b'<', ..] => (Some(UTF_16BE), bytes),
        _ => (None, bytes),
    };
    if let Some(wide) = marked.filter(|encoding| *encoding != UTF_8) {
        let text = transcode(wide, content)?;
        let agrees = match declared(text.as_bytes()).as_deref() {
            None | Some("utf-16") => true,
            Some("utf-16le") => wide == UTF_16LE,
            Some("utf-16be") => wide == UTF_16BE,
            Some(_) => false,
        };
        return if agrees {
            without_second_mark(Cow::Owned(text))
        } else {
            Err(Fault::new(0, words::BOM_DISAGREES).issue(&text))
        };
    }
    let encoding = match (declared(content).as_deref(), marked) {
        (None | Some("utf-8" | "us-ascii"), _) => UTF_8,
        (Some(_), Some(_)) => return Err(Fault::new(0, words::BOM_DISAGREES).issue("")),
        (Some("utf-16" | "utf-16le" | "utf-16be"), None) => {
            return Err(Fault::new(0, words::BOM_DISAGREES).issue(""));
        }
        // Windows-1252 is what files that declare ISO-8859-1 hold; both agree wherever ISO-8859-1 has a letter.
        (Some("iso-8859-1" | "latin1" | "windows-1252" | "cp1252"), None) => WINDOWS_1252,
        (Some("iso-8859-15" | "latin-9"), None) => ISO_8859_15,
        (Some(_), None) => return Err(Fault::new(0, words::ENCODING).issue("")),
    };
    if encoding != UTF_8 {
        return Ok(Cow::Owned(transcode(encoding, content)?));
    }
    match std::str::from_utf8(content) {
        Ok(text) => without_second_mark(Cow::Borrowed(text)),
        Err(error) => {
            let (line, column) = line_column(content, error.valid_up_to());
            Err(super::fault::cda_invalid(words::BAD_BYTES).at_position(line, column))
        }
    }
}

/// Only one byte order mark is a mark: a second one is text before the root.
fn without_second_mark(text: Cow<'_, str>) -> Result<Cow<'_, str>, Issue> {
    if text.starts_with('\u{FEFF}') {
        Err(Fault::new(0, words::OUTSIDE).issue(&text))
    } else {
        Ok(text)
    }
}

fn transcode(encoding: &'static Encoding, bytes: &[u8]) -> Result<String, Issue> {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
    let mut text = String::with_capacity(room.unwrap_or(bytes.len().saturating_mul(3)));
    match decoder
        .decode_to_string_without_replacement(bytes, &mut text, true)
        .0
    {
        DecoderResult::InputEmpty => Ok(text),
        DecoderResult::OutputFull | DecoderResult::Malformed(..) => {
            Err(Fault::new(text.len(), words::BAD_BYTES).issue(&text))
        }
    }
}

/// The lower-case `encoding` of an XML declaration, if the text starts with one. Its grammar is judged later.
fn declared(text: &[u8]) -> Option<String> {
    let head = text.get(..text.len().min(512))?;
    let content = head.strip_prefix(b"<?xml")?;
    let end = content.windows(2).position(|pair| pair == b"?>")?;
    let content = std::str::from_utf8(content.get(..end)?).ok()?;
    let mut found: Vec<Attribute<'_>> = Vec::new();
    attributes::scan(content, 0, &mut found).ok()?;
    let encoding = found.iter().find(|one| one.name == "encoding")?;
    Some(encoding.raw.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]

    use super::*;

    #[test]
    fn marks_and_declarations_that_agree_give_one_text() {
        let wide = |text: &str, le: bool| -> Vec<u8> {
            text.encode_utf16()
                .flat_map(|unit| {
                    if le {
                        unit.to_le_bytes()
                    } else {
                        unit.to_be_bytes()
                    }
                })
                .collect()
        };
        let utf16 = "<?xml version='1.0' encoding='UTF-16'?><é/>";
        for bytes in [
            "<é/>".as_bytes().to_vec(),
            b"\xEF\xBB\xBF<\xC3\xA9/>".to_vec(),
            [b"\xFF\xFE".to_vec(), wide("<é/>", true)].concat(),
            [b"\xFE\xFF".to_vec(), wide(utf16, false)].concat(),
            wide(utf16, true),
            b"<?xml version='1.0' encoding='ISO-8859-1'?><\xE9/>".to_vec(),
            b"<?xml version='1.0' encoding=\"iso-8859-15\"?><\xE9/>".to_vec(),
        ] {
            assert!(decode(&bytes).expect("text").ends_with("<é/>"));
        }
        let euro = decode(b"<?xml version='1.0' encoding='ISO-8859-15'?><a>\xA4</a>");
        assert!(euro.expect("text").contains('€'));
    }

    #[test]
    fn disagreement_and_broken_bytes_are_refused_with_their_place() {
        for (bytes, place) in [
            (b"".to_vec(), (1, 1)),
            (
                b"\xEF\xBB\xBF<?xml version='1.0' encoding='ISO-8859-1'?><a/>".to_vec(),
                (1, 1),
            ),
            (
                b"<?xml version='1.0' encoding='UTF-16'?><a/>".to_vec(),
                (1, 1),
            ),
            (
                b"<?xml version='1.0' encoding='EBCDIC'?><a/>".to_vec(),
                (1, 1),
            ),
            (b"\xFF\xFE\0\0<\0\0\0".to_vec(), (1, 1)),
            ("<é>\n é".bytes().chain([0xFF]).collect(), (2, 3)),
            (b"\xFF\xFE<\0\x00\xD8".to_vec(), (1, 2)),
        ] {
            let issue = decode(&bytes).expect_err("refused");
            let position = issue.position.expect("place");
            assert_eq!((position.line, position.column), place, "{bytes:?}");
        }
    }
}
