//! The media types of files that are no CDA document, told by their name and by their first bytes.

use super::super::document_reference::DeclaredDocument;

/// The types of ASS_A12, under the names that they go by: told, kept.
const FILES: [(&str, &str); 7] = [
    ("application/pdf", "application/pdf"),
    ("text/plain", "text/plain"),
    ("text/rtf", "text/rtf"),
    ("application/rtf", "text/rtf"),
    ("image/jpeg", "image/jpeg"),
    ("image/jpg", "image/jpeg"),
    ("image/tiff", "image/tiff"),
];

/// The type of a file to be wrapped: the one that is declared, else the one that it looks like; None for what is to be a CDA document.
pub(super) fn of_a_file(declared: &DeclaredDocument, bytes: &[u8]) -> Option<&'static str> {
    match declared.mime_type.as_deref() {
        Some(told) => named(told).filter(|_| !is_cda(bytes)),
        None => ["application/pdf", "text/rtf", "image/jpeg", "image/tiff"]
            .into_iter()
            .find(|media_type| looks_like(media_type, bytes)),
    }
}

/// True for a CDA document, whatever it is declared as: the difference is told when both are compared.
fn is_cda(bytes: &[u8]) -> bool {
    const ROOT: &[u8] = b"<ClinicalDocument";
    let head = bytes.get(..4_096).unwrap_or(bytes);
    head.windows(ROOT.len()).any(|window| window == ROOT)
}

/// The kept name of a media type, its parameters aside.
pub(super) fn named(told: &str) -> Option<&'static str> {
    let bare = told.split(';').next().unwrap_or_default().trim();
    let known = FILES
        .iter()
        .find(|(name, _)| bare.eq_ignore_ascii_case(name));
    known.map(|(_, kept)| *kept)
}

/// The first bytes of each kind.
pub(super) fn looks_like(media_type: &str, bytes: &[u8]) -> bool {
    match media_type {
        "application/pdf" => bytes.starts_with(b"%PDF-"),
        "text/rtf" => bytes.starts_with(b"{\\rtf"),
        "image/jpeg" => bytes.starts_with(&[0xff, 0xd8, 0xff]),
        "image/tiff" => bytes.starts_with(b"II*\0") || bytes.starts_with(b"MM\0*"),
        "text/plain" => !bytes.contains(&0),
        _ => true,
    }
}

/// True for a PDF that says of itself that it is PDF/A-1 (ISO 19005-1): its XMP packet, which it may not compress, names the part.
pub(super) fn is_pdf_a1(bytes: &[u8]) -> bool {
    const NAME: &[u8] = b"pdfaid:part";
    let mut at = bytes
        .windows(NAME.len())
        .enumerate()
        .filter(|(_, window)| *window == NAME);
    at.any(|(at, _)| {
        let rest = bytes.get(at + NAME.len()..).unwrap_or_default();
        let value = rest
            .iter()
            .position(|b| !matches!(b, b' ' | b'\t' | b'\r' | b'\n' | b'=' | b'>'))
            .and_then(|start| rest.get(start..));
        let value = value.unwrap_or_default();
        value
            .strip_prefix(b"\"")
            .or(value.strip_prefix(b"'"))
            .unwrap_or(value)
            .first()
            == Some(&b'1')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pdf_a1_is_told_by_its_xmp() {
        for (text, is_a1) in [
            ("<pdfaid:part>1</pdfaid:part>", true),
            (
                "<rdf:Description pdfaid:part=\"1\" pdfaid:conformance='B'/>",
                true,
            ),
            ("pdfaid:part = '1'", true),
            ("<pdfaid:part>2</pdfaid:part>", false),
            ("<pdfaid:part>", false),
            ("pdfaid:part", false),
            ("", false),
        ] {
            assert_eq!(is_pdf_a1(text.as_bytes()), is_a1, "{text}");
        }
    }
}
