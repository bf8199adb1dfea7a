//! The wire form of a resource: a JSON tree, checked whole against the R4 element table before anything is read from it.

mod check;
mod json;
mod lexical;
mod node;
mod path;
mod primitive;
mod table;
mod tell;
#[cfg(test)]
mod tests;
mod values;

use serde_json::Value;

use crate::error::{Error, Issue};

pub use node::Node;

/// Objects and arrays inside one another.
pub const MAX_DEPTH: usize = 64;

/// JSON values in one body.
pub const MAX_NODES: usize = 100_000;

/// Bytes of one text, base64 apart (R4: 1 MiB).
pub const MAX_TEXT: usize = 1024 * 1024;

/// Problems told at once.
pub const MAX_ISSUES: usize = 100;

/// Reads a body as a resource of that type.
///
/// # Errors
/// `malformed` when it is no JSON (duplicate keys, depth and size count as such); else every problem that [`check`] finds.
pub fn read_json(bytes: &[u8], resource_type: &str) -> Result<Value, Error> {
    let value = json::parse(bytes)?;
    let issues = check(&value, resource_type, resource_type);
    if issues.is_empty() {
        Ok(value)
    } else {
        Err(Error::many(issues))
    }
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
