//! Narratives: XHTML that JSON holds as a text.

use super::XHTML;
use super::read::Reader;
use super::write::escape;
use crate::translate::cda::attributes;
use crate::translate::cda::fault::{Fault, words};
use crate::translate::cda::walk::{Node, Ns, Tag, Walker};

/// Reads the `div` whose start tag was read. It stays as written when it stands by itself: namespace declared on it, no prefix, no
/// CDATA; otherwise it is written anew.
pub(super) fn read<'a>(
    reader: &mut Reader<'a>,
    tag: Tag<'a>,
    text: &'a str,
) -> Result<String, Fault> {
    let mut anew = String::new();
    let mut alone = start(&reader.walker, tag, true, &mut anew)?;
    let mut open = vec![tag.local];
    while let Some(last) = open.last().copied() {
        match reader.next()? {
            Node::Start(tag) => {
                alone &= start(&reader.walker, tag, false, &mut anew)?;
                open.push(tag.local);
            }
            Node::End => {
                open.pop();
                end(last, &mut anew);
            }
            Node::Text(text) => escape(text, false, &mut anew),
            Node::Char(c) => escape(c.encode_utf8(&mut [0; 4]), false, &mut anew),
            Node::Done => break,
        }
    }
    let written = text.get(tag.at..reader.walker.offset()).unwrap_or_default();
    if alone && !written.contains("<![CDATA[") {
        Ok(written.to_owned())
    } else {
        Ok(anew)
    }
}

/// The one `div` of XHTML that a text is, as it would be read of XML: the same again when it comes back. None for another text.
pub(super) fn div(text: &str) -> Option<String> {
    if attributes::forbidden(text).is_some() {
        return None;
    }
    let mut reader = Reader::new(text, false);
    let Ok(Node::Start(tag)) = reader.next() else {
        return None;
    };
    if tag.local != "div" {
        return None;
    }
    let div = read(&mut reader, tag, text).ok()?;
    matches!(reader.next(), Ok(Node::Done)).then_some(div)
}

/// Writes a start tag; true when it needs nothing from outside.
fn start(walker: &Walker<'_>, tag: Tag<'_>, root: bool, out: &mut String) -> Result<bool, Fault> {
    if tag.ns != Ns::Xhtml {
        return Err(Fault::new(tag.at, words::PREFIX));
    }
    out.push('<');
    out.push_str(tag.local);
    if root {
        out.push_str(" xmlns=\"");
        out.push_str(XHTML);
        out.push('"');
    }
    let (mut declared, mut alone) = (!root, true);
    for (name, raw) in walker.written_attributes() {
        if name == "xmlns" {
            declared = true;
        } else if name.starts_with("xmlns:") {
            // Nothing that is written needs it, unless a prefix does.
        } else {
            alone &= !name.contains(':') || name.starts_with("xml:");
            if name.contains(':') && !name.starts_with("xml:") {
                continue;
            }
            out.push(' ');
            out.push_str(name);
            out.push_str("=\"");
            escape(&attributes::value(raw), true, out);
            out.push('"');
        }
    }
    out.push('>');
    Ok(declared && alone && !walker.is_prefixed(tag))
}

fn end(name: &str, out: &mut String) {
    // `<br></br>` is no HTML.
    let start = format!("<{name}");
    let opened = out.rfind('<').and_then(|at| out.get(at..));
    let is_empty = opened.is_some_and(|tag| {
        let rest = tag.strip_prefix(start.as_str());
        rest.is_some_and(|rest| rest.starts_with([' ', '>'])) && tag.ends_with('>')
    });
    if is_empty && ["br", "hr", "img", "col"].contains(&name) {
        out.pop();
        out.push_str("/>");
    } else {
        out.push_str("</");
        out.push_str(name);
        out.push('>');
    }
}
