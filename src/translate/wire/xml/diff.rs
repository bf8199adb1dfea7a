//! XML Patch (RFC 5261): a `diff` of additions, replacements and removals.

use serde_json::{Map, Value};

use super::super::path::Path;
use super::super::table::TABLE;
use super::read::{Reader, malformed, text};
use crate::error::{Error, Issue};
use crate::translate::cda::attributes;
use crate::translate::cda::fault::{Fault, Words};
use crate::translate::cda::walk::{Node, Tag};

const DIFF: Words = (
    "diff, add, replace, remove",
    "diff, add, replace, remove",
    "diff",
);
const SELECTOR: Words = ("sel, pos, type", "sel, pos, type", "sel");

/// One operation.
pub struct Operation {
    /// `add`, `replace` or `remove`.
    pub name: &'static str,
    /// `sel` as written, without blanks around it.
    pub selector: String,
    /// Where an addition goes.
    pub place: Where,
    /// `type` of an addition: an attribute (`@value`).
    pub kind: Option<String>,
    /// The elements that it brings, as JSON has them.
    pub elements: Map<String, Value>,
    /// The text that it brings.
    pub text: String,
}

/// Where an addition goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// Last in the element: no `pos`.
    Append,
    /// First in the element.
    Prepend,
    /// A sibling before it.
    Before,
    /// A sibling after it.
    After,
}

/// Reads a patch, and what is wrong in the form of what it brings.
pub(in crate::translate::wire) fn read(
    bytes: &[u8],
    resource_type: &str,
) -> Result<(Vec<Operation>, Vec<Issue>), Error> {
    let text = text(bytes)?;
    let mut reader = Reader::new(text, false);
    let operations = operations(&mut reader, resource_type)
        .map_err(|fault| malformed(text.as_bytes(), &fault))?;
    Ok((operations, reader.into_issues()))
}

fn operations(reader: &mut Reader<'_>, resource_type: &str) -> Result<Vec<Operation>, Fault> {
    let mut all = Vec::new();
    let mut in_diff = false;
    loop {
        match reader.next()? {
            Node::Start(tag) if !in_diff && tag.local == "diff" => in_diff = true,
            Node::Start(tag) if in_diff => all.push(operation(reader, tag, resource_type)?),
            Node::Start(tag) => return Err(Fault::new(tag.at, DIFF)),
            Node::End => in_diff = false,
            Node::Text(text) if text.trim().is_empty() => {}
            Node::Text(_) | Node::Char(_) => return Err(Fault::new(reader.walker.at(), DIFF)),
            Node::Done => return Ok(all),
        }
    }
}

fn operation(
    reader: &mut Reader<'_>,
    tag: Tag<'_>,
    resource_type: &str,
) -> Result<Operation, Fault> {
    let name = match tag.local {
        "add" => "add",
        "replace" => "replace",
        "remove" => "remove",
        _ => return Err(Fault::new(tag.at, DIFF)),
    };
    let wrong = || Fault::new(tag.at, SELECTOR);
    let (mut selector, mut place, mut kind) = (None, Where::Append, None);
    for (attribute, raw) in reader.walker.written_attributes() {
        let value = attributes::value(raw);
        match (attribute, value.as_ref()) {
            ("sel", _) => selector = Some(value.trim().to_owned()),
            ("pos", "before") => place = Where::Before,
            ("pos", "after") => place = Where::After,
            ("pos", "prepend") => place = Where::Prepend,
            ("type", _) => kind = Some(value.trim().to_owned()),
            // `ws` of a removal: blanks mean nothing here.
            ("ws", _) => {}
            _ if attribute.starts_with("xmlns") => {}
            _ => return Err(wrong()),
        }
    }
    let selector = selector.ok_or_else(wrong)?;
    let mut operation = Operation {
        name,
        kind,
        place,
        elements: Map::new(),
        text: String::new(),
        selector,
    };
    content(reader, &mut operation, resource_type)?;
    Ok(operation)
}

/// The elements of the resource, or those of an extension where the selector leads into one; or a text.
fn content(
    reader: &mut Reader<'_>,
    operation: &mut Operation,
    resource_type: &str,
) -> Result<(), Fault> {
    let last = last_step(&operation.selector);
    let inside = operation.name == "add"
        && matches!(operation.place, Where::Append | Where::Prepend)
        && last.starts_with("extension");
    let (name, at) = if inside || last.starts_with("valueBoolean") {
        ("Extension", format!("{resource_type}.extension"))
    } else {
        (resource_type, resource_type.to_owned())
    };
    let Some(kind) = TABLE.get(name) else {
        return Ok(());
    };
    let path = Path::root(&at);
    let text = &mut operation.text;
    reader.children_and_text(kind, &mut operation.elements, &path, Some(text))
}

/// The last step of a selector, without prefix.
fn last_step(selector: &str) -> &str {
    let (mut quote, mut start) = (None, 0);
    for (at, c) in selector.char_indices() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            (None, '/') => start = at + 1,
            _ => {}
        }
    }
    let last = selector.get(start..).unwrap_or_default();
    let named = last.split(['[', '@']).next().unwrap_or_default();
    match named.split_once(':') {
        Some((prefix, _)) => last.get(prefix.len() + 1..).unwrap_or_default(),
        None => last,
    }
}
