//! `content` → format, attachment and what it declares of the bytes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::Reading;
use super::super::datatype::coding;
use super::super::findings::{Findings, Weight, invalid};
use super::super::wire::Node;
use super::declared::{Attachment, DeclaredDocument};
use crate::dmp::document::Sha1;
use crate::dmp::time::Timestamp;
use crate::error::{Code, Issue};
use crate::tables::terminology::List;

/// Reads `content`, of which the DMP has exactly one.
pub(super) fn read(
    resource: Node,
    document: &mut DeclaredDocument,
    found: &mut Findings,
    reading: &Reading,
) {
    let mut contents = resource.items("content");
    let Some(content) = contents.next() else {
        found.refuse(Issue::new(Code::ElementRequired).at(resource.path_of("content")));
        return;
    };
    for other in contents {
        found.refuse(other.issue(Code::UnsupportedElement));
    }
    found.weigh_all(Weight::Key, content.only(&["attachment", "format"]));
    if let Some(format) = content.get("format")
        && let Some(code) = coding::read(format, Weight::Detail, found, reading)
    {
        let path = format.path();
        coding::bind(&code, List::Format, path, Weight::Detail, found, reading);
        coding::listed_label(format, &code, List::Format, found, reading);
        document.format = Some(code);
    }
    match content.required("attachment") {
        Ok(attachment) => read_attachment(attachment, document, found),
        Err(issue) => found.refuse(issue),
    }
}

fn read_attachment(attachment: Node, document: &mut DeclaredDocument, found: &mut Findings) {
    let known = [
        "contentType",
        "language",
        "data",
        "url",
        "size",
        "hash",
        "title",
        "creation",
    ];
    found.weigh_all(Weight::Key, attachment.only(&known));
    let text = |name: &str| attachment.str(name).map(str::to_owned);
    document.mime_type = text("contentType");
    document.language = text("language");
    document.title = text("title");
    document.creation_time = attachment
        .str("creation")
        .and_then(|text| Timestamp::from_fhir(text).ok());
    document.size = attachment.u64("size");
    document.hash = attachment
        .get("hash")
        .and_then(|node| read_hash(node, found));
    document.attachment = match (attachment.get("data"), attachment.str("url")) {
        (Some(data), Some(_)) => {
            found.refuse(invalid(
                attachment.path(),
                "url et data s'excluent",
                "url and data exclude each other",
            ));
            decode(data, found)
        }
        (Some(data), None) => decode(data, found),
        (None, Some(url)) => Attachment::Url(url.to_owned()),
        (None, None) => Attachment::None,
    };
}

/// Base64 of the 20 raw bytes. MHD's examples up to 4.2.3 encode the hex text instead: 40 bytes, told by a warning.
fn read_hash(node: Node, found: &mut Findings) -> Option<Sha1> {
    let decoded = STANDARD.decode(node.as_str().unwrap_or_default()).ok();
    let bytes = decoded.unwrap_or_default();
    if let Ok(raw) = <[u8; 20]>::try_from(bytes.as_slice()) {
        return Some(Sha1(raw));
    }
    let from_hex = std::str::from_utf8(&bytes).ok().and_then(Sha1::from_hex);
    let issue = invalid(
        node.path(),
        "la base64 des 20 octets du SHA-1 est attendue",
        "base64 of the 20 bytes of the SHA-1 is expected",
    );
    match from_hex {
        Some(_) => found.tolerate(issue),
        None => found.refuse(issue),
    }
    from_hex
}

fn decode(data: Node, found: &mut Findings) -> Attachment {
    match decode_base64(data.as_str().unwrap_or_default()) {
        Some(bytes) => Attachment::Inline(bytes),
        None => {
            found.refuse(invalid(
                data.path(),
                "base64 illisible",
                "it is not readable base64",
            ));
            Attachment::None
        }
    }
}

/// Decodes base64; blanks between its characters, which R4 allows, are left out.
pub(in crate::translate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    if let Ok(bytes) = STANDARD.decode(text) {
        return Some(bytes);
    }
    let compact: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD.decode(compact).ok()
}
