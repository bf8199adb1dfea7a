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
    accept(&value, resource_type)?;
    Ok(value)
}

/// Judges a body that was read as a text.
///
/// # Errors
/// Every problem that [`check`] finds.
pub fn accept(value: &Value, resource_type: &str) -> Result<(), Error> {
    let issues = check(value, resource_type, resource_type);
    match issues.is_empty() {
        true => Ok(()),
        false => Err(Error::many(issues)),
    }
}

/// Reads a JSON text that is no resource (a patch), within the same bounds.
///
/// # Errors
/// `malformed`.
pub fn read_json_text(bytes: &[u8]) -> Result<Value, Error> {
    json::parse(bytes)
}

/// Judges a resource that hangs at `at` (a FHIRPath, the type itself when it stands alone) against R4: names, cardinalities, choices,
/// JSON forms, primitive forms, closed code lists. Empty when all is well; [`MAX_ISSUES`] at most.
pub fn check(value: &Value, resource_type: &str, at: &str) -> Vec<Issue> {
    check::resource(value, resource_type, at)
}
