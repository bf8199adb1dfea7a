//! The bytes that a document carries: their first bytes against the media type, PDF/A told apart.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Base64 digits decoded at a time, whole groups of four.
const CHUNK: usize = 16 << 10;
/// What XMP calls the part of PDF/A.
const PDFA: &[u8] = b"pdfaid:part";

/// The pieces of a base64 text.
#[derive(Debug, Default)]
pub(super) struct Pieces<'a>(Vec<&'a str>);

fn is_digit(byte: &u8) -> bool {
    !byte.is_ascii_whitespace()
}

impl<'a> Pieces<'a> {
    pub(super) fn push(&mut self, piece: &'a str) {
        self.0.push(piece);
    }

    fn digits(&self) -> impl DoubleEndedIterator<Item = u8> {
        self.0
            .iter()
            .flat_map(|piece| piece.bytes())
            .filter(is_digit)
    }

    /// The first bytes.
    pub(super) fn head(&self) -> Vec<u8> {
        let digits: Vec<u8> = self.digits().take(1024).collect();
        STANDARD.decode(digits).unwrap_or_default()
    }

    /// The last bytes.
    pub(super) fn tail(&self) -> Vec<u8> {
        let mut digits: Vec<u8> = self.digits().rev().take(2048).collect();
        digits.reverse();
        STANDARD.decode(digits).unwrap_or_default()
    }

    /// The part of PDF/A that the metadata of a PDF declare.
    pub(super) fn pdfa_part(&self) -> Option<u8> {
        let mut digits = self.digits();
        let mut window: Vec<u8> = Vec::with_capacity(CHUNK);
        loop {
            let chunk: Vec<u8> = digits.by_ref().take(CHUNK).collect();
            if chunk.is_empty() {
                return None;
            }
            window.extend(STANDARD.decode(&chunk).ok()?);
            if let Some(part) = part_of(&window) {
                return Some(part);
            }
            // What may straddle the next chunk stays.
            let keep = window.len().min(64);
            window.drain(..window.len() - keep);
        }
    }
}

/// The digit after `pdfaid:part`, as an attribute or an element.
fn part_of(bytes: &[u8]) -> Option<u8> {
    let mut found = bytes.windows(PDFA.len()).enumerate();
    let (at, _) = found.find(|(_, window)| *window == PDFA)?;
    let rest = bytes.get(at + PDFA.len()..)?.iter().take(16);
    rest.copied().find(u8::is_ascii_digit)
}

/// True when the bytes begin as their media type does; types without a mark of their own pass.
pub(super) fn has_magic(media_type: &str, head: &[u8]) -> bool {
    match media_type {
        "application/pdf" => {
            // Readers look for it in the first kilobyte.
            let mut windows = head.windows(5);
            windows.any(|window| window == b"%PDF-")
        }
        "image/jpeg" | "image/jpg" => head.starts_with(&[0xFF, 0xD8, 0xFF]),
        "image/png" => head.starts_with(b"\x89PNG\r\n\x1A\n"),
        "image/gif" => head.starts_with(b"GIF8"),
        "image/tiff" => head.starts_with(b"II*\0") || head.starts_with(b"MM\0*"),
        "text/rtf" | "application/rtf" => head.starts_with(b"{\\rtf"),
        "text/plain" => !head.contains(&0),
        _ => true,
    }
}

/// True when the mark of the end is among the last bytes.
pub(super) fn ends_as_pdf(tail: &[u8]) -> bool {
    tail.windows(5).any(|window| window == b"%%EOF")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Pieces<'_> {
        let mut pieces = Pieces::default();
        pieces.push(text);
        pieces
    }

    #[test]
    fn the_part_of_pdfa_is_found_across_chunks() {
        for before in [0, 12_270, 12_280, 12_288, 40_000] {
            for mark in ["<pdfaid:part>1</pdfaid:part>", "pdfaid:part=\"1\""] {
                let pdf = format!("{}{mark}{}", "x".repeat(before), "y".repeat(100));
                let text = STANDARD.encode(pdf);
                assert_eq!(pieces(&text).pdfa_part(), Some(b'1'), "{before} {mark}");
            }
        }
        assert_eq!(
            pieces(&STANDARD.encode("%PDF-1.4 pdfaid:par")).pdfa_part(),
            None
        );
    }

    #[test]
    fn types_are_told_by_their_first_bytes() {
        for (media_type, bytes) in [
            ("application/pdf", &b"%PDF-1.4"[..]),
            ("image/jpeg", b"\xFF\xD8\xFF\xE0"),
            ("image/png", b"\x89PNG\r\n\x1A\n"),
            ("image/tiff", b"MM\0*"),
            ("text/rtf", b"{\\rtf1"),
            ("text/plain", b"Bonjour"),
        ] {
            assert!(has_magic(media_type, bytes), "{media_type}");
            assert!(!has_magic(media_type, b"\0\0\0\0"), "{media_type}");
        }
    }
}
