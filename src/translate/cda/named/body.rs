//! The body: what an unstructured one holds, the sections of a structured one, the files that it carries.

use super::super::body::Base64;
use super::super::walk::{Node, Tag, Walker};
use super::content::{self, Pieces};
use super::tree::Tree;
use super::{Finding, Findings};

const UNSTRUCTURED: &str = "1.3.6.1.4.1.19376.1.2.20";

struct Section {
    depth: usize,
    at: usize,
    is_main: bool,
    has_code: bool,
    has_title: bool,
    has_text: bool,
}

struct File<'a> {
    depth: usize,
    at: usize,
    media_type: String,
    base64: Base64,
    pieces: Pieces<'a>,
}

/// Reads on from the start tag of the body, to the end of the document; `whole` looks at all bytes of the content.
pub(super) fn check(tree: &Tree<'_>, walker: &mut Walker<'_>, whole: bool, found: &mut Findings) {
    let mut bodies = tree
        .all()
        .rev()
        .filter(|index| matches!(tree.name(*index), "structuredBody" | "nonXMLBody"));
    let Some(body) = bodies.next() else { return };
    let is_unstructured = tree.name(body) == "nonXMLBody";
    let templates = tree.find("templateId");
    let is_said = templates.iter().find(|index| {
        tree.attribute(**index, "root")
            .is_some_and(|root| root.trim() == UNSTRUCTURED)
    });
    match is_said {
        Some(index) if !is_unstructured => {
            found.push(Finding::named(
                "body-template",
                tree.at(*index),
                tree.path(*index),
            ));
        }
        None if is_unstructured && !templates.is_empty() => {
            found.push(Finding::named(
                "body-template",
                tree.at(body),
                tree.path(body),
            ));
        }
        _ => {}
    }
    // A deposit is warned of nothing that a structured body holds.
    if (whole || is_unstructured) && !walk(walker, is_unstructured, whole, found) {
        found.push(Finding::named("body-empty", tree.at(body), tree.path(body)));
    }
}

/// False for a structured body without a section.
fn walk(walker: &mut Walker<'_>, is_unstructured: bool, whole: bool, found: &mut Findings) -> bool {
    let mut sections: Vec<Section> = Vec::new();
    let mut file: Option<File<'_>> = None;
    let mut has_section = is_unstructured;
    let body = walker.depth();
    while let Ok(node) = walker.next() {
        let depth = walker.depth();
        match node {
            Node::Start(tag) if file.is_none() => {
                let is_content = is_unstructured && depth == body + 1 && tag.hl7() == "text";
                if is_content
                    || walker
                        .attribute("representation")
                        .is_some_and(|text| text.trim() == "B64")
                {
                    file = Some(open(tag, walker, is_content, found));
                }
                if let Some(around) = sections.last_mut()
                    && depth == around.depth + 1
                {
                    match tag.hl7() {
                        "code" => around.has_code = true,
                        "title" => around.has_title = true,
                        "text" | "component" => around.has_text = true,
                        _ => {}
                    }
                }
                if tag.hl7() == "section" {
                    has_section = true;
                    sections.push(Section {
                        depth,
                        at: tag.at,
                        is_main: sections.is_empty(),
                        has_code: false,
                        has_title: false,
                        has_text: false,
                    });
                }
            }
            Node::Text(text) => {
                if let Some(file) = &mut file {
                    if whole {
                        file.base64.feed(text);
                    }
                    file.pieces.push(text);
                }
            }
            Node::Char(_) | Node::Start(_) => {}
            Node::End => {
                if let Some(done) = file.take_if(|file| depth < file.depth) {
                    close(&done, is_unstructured, whole, found);
                }
                if let Some(done) = sections.pop_if(|section| depth < section.depth) {
                    finish(&done, found);
                }
                if depth < body {
                    break;
                }
            }
            Node::Done => break,
        }
    }
    has_section
}

fn open<'a>(tag: Tag<'a>, walker: &Walker<'a>, is_content: bool, found: &mut Findings) -> File<'a> {
    let attribute = |name: &str| walker.attribute(name).unwrap_or_default().trim().to_owned();
    let media_type = attribute("mediaType").to_ascii_lowercase();
    if is_content {
        let known = super::table::row("content-media-type");
        if !known.is_some_and(|row| row.values().any(|known| known == media_type)) {
            found.push(Finding::placed("content-media-type", tag.at, "mediaType"));
        }
        if attribute("representation") != "B64" {
            found.push(Finding::placed(
                "content-representation",
                tag.at,
                "representation",
            ));
        }
    }
    File {
        depth: walker.depth(),
        at: tag.at,
        media_type,
        base64: Base64::default(),
        pieces: Pieces::default(),
    }
}

fn close(file: &File<'_>, is_content: bool, whole: bool, found: &mut Findings) {
    let tell = |found: &mut Findings, check: &str| found.push(Finding::placed(check, file.at, ""));
    if whole && !file.base64.is_readable() {
        // The content of an unstructured body is refused by the reader itself.
        if !is_content {
            tell(found, "embedded-base64");
        }
        return;
    }
    if !content::has_magic(&file.media_type, &file.pieces.head()) {
        let check = if is_content {
            "content-magic"
        } else {
            "embedded-magic"
        };
        let mut finding = Finding::placed(check, file.at, "");
        finding.expected = Some(file.media_type.clone());
        return found.push(finding);
    }
    if file.media_type != "application/pdf" || !is_content {
        return;
    }
    if !content::ends_as_pdf(&file.pieces.tail()) {
        tell(found, "content-truncated");
    } else if whole && file.pieces.pdfa_part() != Some(b'1') {
        tell(found, "content-pdfa");
    }
}

fn finish(section: &Section, found: &mut Findings) {
    let faults = [
        (section.has_code, "section-code"),
        (section.has_title || !section.is_main, "section-title"),
        (section.has_text, "section-text"),
    ];
    for (_, check) in faults.into_iter().filter(|(is_good, _)| !is_good) {
        found.push(Finding::placed(check, section.at, ""));
    }
}
