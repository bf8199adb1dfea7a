//! The wire forms of a resource: from JSON or XML to one tree, checked whole against the R4 element table before anything is read
//! from it, and back.

mod check;
mod documents;
mod json;
mod lexical;
mod node;
mod path;
mod primitive;
mod table;
mod taken;
mod tell;
#[cfg(test)]
mod tests;
mod values;
mod xml;

use serde_json::Value;

use crate::error::{Error, Issue};

pub use documents::in_binaries;
pub use node::Node;
pub use taken::{Taken, with_others};
pub use xml::{Operation, Where};

/// Objects and arrays inside one another.
pub const MAX_DEPTH: usize = 64;

/// JSON values or XML elements in one body.
pub const MAX_NODES: usize = 100_000;

/// Bytes of one text, base64 apart (R4: 1 MiB).
pub const MAX_TEXT: usize = 1024 * 1024;

/// Problems told at once.
pub const MAX_ISSUES: usize = 100;

/// A wire form of resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `application/fhir+json`
    Json,
    /// `application/fhir+xml`
    Xml,
}

/// Reads a body as a resource of that type, in the form that its header names.
///
/// # Errors
/// `malformed`; else every problem of the form.
pub fn read(format: Format, bytes: &[u8], resource_type: &str) -> Result<Value, Error> {
    sound(take(format, bytes, resource_type)?)
}

/// Reads a body as [`read`] does, its FHIR documents put into Binaries.
///
/// # Errors
/// As [`read`].
pub fn read_with_documents(
    format: Format,
    bytes: &[u8],
    resource_type: &str,
    holder: &'static str,
) -> Result<Value, Error> {
    sound(take_with_documents(format, bytes, resource_type, holder)?)
}

fn sound(taken: Taken) -> Result<Value, Error> {
    match taken.issues.is_empty() {
        true => Ok(taken.value),
        false => Err(Error::many(taken.issues)),
    }
}

/// Reads a body as a resource of that type, with what is wrong in its form, in XML with line and column.
///
/// # Errors
/// `malformed`, with what is beyond a bound; in XML, another type.
pub fn take(format: Format, bytes: &[u8], resource_type: &str) -> Result<Taken, Error> {
    match format {
        Format::Json => Ok(Taken::judged(json::parse(bytes)?, resource_type)),
        Format::Xml => xml::read(bytes, resource_type, None),
    }
}

/// Takes a body whose `holder`s may have FHIR documents as their resources: each is put into a Binary.
///
/// # Errors
/// As [`take`].
pub fn take_with_documents(
    format: Format,
    bytes: &[u8],
    resource_type: &str,
    holder: &'static str,
) -> Result<Taken, Error> {
    match format {
        Format::Json => {
            let mut value = json::parse(bytes)?;
            in_binaries(&mut value, holder, format);
            Ok(Taken::judged(value, resource_type))
        }
        Format::Xml => xml::read(bytes, resource_type, Some(holder)),
    }
}

/// Reads a resource of one of these types, with what is wrong in its XML form; neither [`check`] nor a type is asked of JSON.
///
/// # Errors
/// `malformed`; in XML, another type.
pub fn read_unchecked(
    format: Format,
    bytes: &[u8],
    types: &[&str],
) -> Result<(Value, Vec<Issue>), Error> {
    match format {
        Format::Json => read_json_text(bytes).map(|value| (value, Vec::new())),
        Format::Xml => xml::read_unchecked(bytes, types, None),
    }
}

/// The same for a body whose `holder`s may have FHIR documents as their resources: in XML each is left as its own text, which
/// [`in_binaries`] takes up.
///
/// # Errors
/// As [`read_unchecked`].
pub fn read_unchecked_with_documents(
    format: Format,
    bytes: &[u8],
    types: &[&str],
    holder: &'static str,
) -> Result<(Value, Vec<Issue>), Error> {
    match format {
        Format::Json => read_unchecked(format, bytes, types),
        Format::Xml => xml::read_unchecked(bytes, types, Some(holder)),
    }
}

/// Reads an XML body as a resource of that type, into the tree that JSON would give.
///
/// # Errors
/// `malformed` when it is no XML of ours (DTD, entities, depth and size count as such); else every problem of the XML form and that
/// [`check`] finds, with line and column.
pub fn read_xml(bytes: &[u8], resource_type: &str) -> Result<Value, Error> {
    read(Format::Xml, bytes, resource_type)
}

/// Reads an XML patch of a resource of that type (RFC 5261), its selectors as they are, and what is wrong in the form of the elements
/// that it brings; their values are not checked.
///
/// # Errors
/// `malformed`.
pub fn read_xml_patch(
    bytes: &[u8],
    resource_type: &str,
) -> Result<(Vec<Operation>, Vec<Issue>), Error> {
    xml::read_diff(bytes, resource_type)
}

/// Writes a resource as XML. None when it holds what the element table does not know.
pub fn write_xml(resource: &Value) -> Option<String> {
    xml::write(resource, &table::TABLE)
}

/// Reads the bytes of a FHIR document in one form, with what is wrong in its XML form: its resources may be any of R4, and what
/// they hold is not judged.
///
/// # Errors
/// `malformed`; in XML, another type.
pub fn read_document(format: Format, bytes: &[u8]) -> Result<(Value, Vec<Issue>), Error> {
    match format {
        Format::Json => read_json_text(bytes).map(|value| (value, Vec::new())),
        Format::Xml => xml::read_document(bytes),
    }
}

/// Writes a FHIR document as XML. None when it holds what R4 does not know.
pub fn write_xml_document(document: &Value) -> Option<String> {
    xml::write(document, &table::WHOLE)
}

/// An XML text of [`write_xml`], one element a line.
pub fn indent_xml(text: &str) -> String {
    xml::indent(text)
}

/// Reads a body as a resource of that type.
///
/// # Errors
/// `malformed` when it is no JSON (duplicate keys, depth and size count as such); else every problem that [`check`] finds.
pub fn read_json(bytes: &[u8], resource_type: &str) -> Result<Value, Error> {
    read(Format::Json, bytes, resource_type)
}

/// Reads a JSON text that is no resource (a patch), within the same bounds.
///
/// # Errors
/// `malformed`.
pub fn read_json_text(bytes: &[u8]) -> Result<Value, Error> {
    json::parse(bytes)
}

/// The elements of a type by their JSON names, in the order of R4, each with whether it is mandatory; nothing for an unknown type.
pub(in crate::translate) fn elements(kind: &str) -> impl Iterator<Item = (&'static str, bool)> {
    table::TABLE.get(kind).into_iter().flat_map(|known| {
        let mut fields: Vec<_> = known.fields.iter().collect();
        fields.sort_by_key(|field| field.slot);
        let required = |slot: usize| known.slots.get(slot).is_some_and(|slot| slot.required);
        fields
            .into_iter()
            .map(move |field| (field.name.as_str(), required(field.slot)))
    })
}

/// Judges a resource that hangs at `at` (a FHIRPath, the type itself when it stands alone) against R4: names, cardinalities, choices,
/// JSON forms, primitive forms, closed code lists. Empty when all is well; [`MAX_ISSUES`] at most.
pub fn check(value: &Value, resource_type: &str, at: &str) -> Vec<Issue> {
    check::resource(value, resource_type, at)
}
