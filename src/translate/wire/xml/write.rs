//! Tree to text, in the order of the table.

use serde_json::{Map, Value};

use super::super::MAX_DEPTH;
use super::super::table::{Field, Kind, Table, Type};
use super::{FHIR, XHTML, xhtml};

/// Writes a resource; None when it holds what the table does not know.
pub(in crate::translate::wire) fn write(resource: &Value, table: &'static Table) -> Option<String> {
    let mut out = String::with_capacity(4096);
    out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    self::resource(resource, true, (table, 0), &mut out)?;
    Some(out)
}

/// Where the names are known, and how deep it is.
type At = (&'static Table, usize);

fn resource(value: &Value, is_root: bool, (table, depth): At, out: &mut String) -> Option<()> {
    let members = value.as_object()?;
    let kind = table.get(members.get("resourceType")?.as_str()?)?;
    if !kind.is_resource || depth > MAX_DEPTH {
        return None;
    }
    out.push('<');
    out.push_str(kind.name);
    if is_root {
        attribute("xmlns", FHIR, out);
    }
    children(members, kind, kind.name, (table, depth), out)
}

/// What follows the name of a start tag, up to the end tag.
fn children(
    members: &Map<String, Value>,
    kind: &'static Type,
    name: &str,
    (table, depth): At,
    out: &mut String,
) -> Option<()> {
    if depth > MAX_DEPTH {
        return None;
    }
    let mut elements = Vec::with_capacity(members.len());
    for (key, value) in members {
        if kind.is_resource && key == "resourceType" {
            continue;
        }
        let plain = key.strip_prefix('_').unwrap_or(key);
        let field = kind.field(plain)?;
        match field.kind {
            Kind::Plain(_) if !kind.is_resource && !field.is_xhtml() => {
                attribute(&field.name, value.as_str()?, out);
            }
            // Written with its value.
            Kind::Primitive(_) if plain.len() < key.len() && members.contains_key(plain) => {}
            Kind::Primitive(_) if plain.len() < key.len() => {
                elements.push((field, None, Some(value)));
            }
            _ if plain.len() < key.len() => return None,
            _ => elements.push((field, Some(value), None)),
        }
    }
    elements.sort_by_key(|(field, ..)| field.slot);
    let before = out.len();
    out.push('>');
    let any_beside = members.keys().any(|key| key.starts_with('_'));
    for (field, value, beside) in elements {
        let beside = match field.kind {
            Kind::Primitive(_) if any_beside && beside.is_none() => {
                members.get(&format!("_{}", field.name))
            }
            _ => beside,
        };
        element(field, value, beside, (table, depth), out)?;
    }
    if out.len() == before + 1 {
        // Nothing in it, or empty lists.
        out.truncate(before);
        out.push_str("/>");
    } else {
        end(name, out);
    }
    Some(())
}

fn element(
    field: &'static Field,
    value: Option<&Value>,
    beside: Option<&Value>,
    at: At,
    out: &mut String,
) -> Option<()> {
    if !field.many {
        return one(field, value, beside, at, out);
    }
    let length = |list: Option<&Value>| match list {
        None => Some(0),
        Some(list) => list.as_array().map(Vec::len),
    };
    for index in 0..length(value)?.max(length(beside)?) {
        let value = value.and_then(|value| value.get(index));
        let beside = beside.and_then(|beside| beside.get(index));
        one(field, value, beside, at, out)?;
    }
    Some(())
}

fn one(
    field: &'static Field,
    value: Option<&Value>,
    beside: Option<&Value>,
    (table, depth): At,
    out: &mut String,
) -> Option<()> {
    if field.is_xhtml() {
        div(value?.as_str()?, out);
        return Some(());
    }
    out.push('<');
    out.push_str(&field.name);
    match field.kind {
        Kind::Primitive(_) | Kind::Plain(_) => primitive(field, value, beside, (table, depth), out),
        Kind::Resource => {
            out.push('>');
            resource(value?, false, (table, depth + 1), out)?;
            end(&field.name, out);
            Some(())
        }
        Kind::Complex(_) => {
            let kind = table.inside(field)?;
            let members = value?.as_object()?;
            children(members, kind, &field.name, (table, depth + 1), out)
        }
    }
}

fn primitive(
    field: &'static Field,
    value: Option<&Value>,
    beside: Option<&Value>,
    (table, depth): At,
    out: &mut String,
) -> Option<()> {
    match value {
        None | Some(Value::Null) => {}
        Some(Value::String(text)) => attribute("value", text, out),
        Some(Value::Bool(true)) => attribute("value", "true", out),
        Some(Value::Bool(false)) => attribute("value", "false", out),
        Some(Value::Number(number)) => attribute("value", number.as_str(), out),
        Some(Value::Array(_) | Value::Object(_)) => return None,
    }
    match beside {
        Some(Value::Object(members)) => {
            let kind = table.get("Element")?;
            children(members, kind, &field.name, (table, depth + 1), out)
        }
        None | Some(Value::Null) => {
            out.push_str("/>");
            Some(())
        }
        Some(_) => None,
    }
}

/// A narrative as it is; what is no `div` of XHTML is shown as text.
fn div(text: &str, out: &mut String) {
    if let Some(div) = xhtml::div(text) {
        out.push_str(&div);
        return;
    }
    out.push_str("<div");
    attribute("xmlns", XHTML, out);
    out.push('>');
    escape(text, false, out);
    end("div", out);
}

fn end(name: &str, out: &mut String) {
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

fn attribute(name: &str, value: &str, out: &mut String) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    escape(value, true, out);
    out.push('"');
}

/// Writes a text; in an attribute line ends and tabs too are written as references, or a reader would take them for blanks.
pub(super) fn escape(text: &str, in_attribute: bool, out: &mut String) {
    let special = |b: u8| b < b' ' || matches!(b, b'<' | b'>' | b'&' | b'"' | 0xEF);
    let mut rest = text;
    while let Some(at) = rest.bytes().position(special) {
        let (before, tail) = rest.split_at(at);
        out.push_str(before);
        let Some(first) = tail.chars().next() else {
            break;
        };
        match first {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' if in_attribute => out.push_str("&quot;"),
            '\t' if in_attribute => out.push_str("&#9;"),
            '\n' if in_attribute => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' => out.push(first),
            // XML can't say these at all.
            '\0'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => out.push('\u{FFFD}'),
            other => out.push(other),
        }
        rest = tail.get(first.len_utf8()..).unwrap_or_default();
    }
    out.push_str(rest);
}
