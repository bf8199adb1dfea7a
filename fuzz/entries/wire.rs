//! Any bytes as a resource: shared by the fuzz target and by `tests/wire_mutations.rs`.

use passerelle::error::Error;
use passerelle::translate::wire;
use passerelle::translate::{outcome, wire::Node};
use serde_json::Value;

/// What must hold whatever comes in.
///
/// # Panics
/// When it does not.
pub(crate) fn any_bytes(bytes: &[u8]) {
    for kind in ["Bundle", "DocumentReference", "Patient"] {
        match wire::read_json(bytes, kind) {
            Ok(value) => {
                let text = value.to_string();
                assert_eq!(wire::read_json(text.as_bytes(), kind), Ok(value.clone()));
                assert_eq!(Node::root(&value).path(), kind);
                written_as_xml(&value, kind);
            }
            Err(error) => refused(&error),
        }
        match wire::read_xml(bytes, kind) {
            Ok(value) => {
                let text = value.to_string();
                assert_eq!(wire::read_json(text.as_bytes(), kind), Ok(value.clone()));
                written_as_xml(&value, kind);
            }
            Err(error) => refused(&error),
        }
    }
}

fn refused(error: &Error) {
    assert!((1..=wire::MAX_ISSUES).contains(&error.issues.len()));
    assert!([400, 422].contains(&error.status()));
    let told = outcome::write(&error.issues);
    let problems = wire::check(&told, "OperationOutcome", "OperationOutcome");
    assert_eq!(problems, []);
    assert!(wire::write_xml(&told).is_some());
}

/// What the check lets pass can be written, and what is written reads to what writes the same.
fn written_as_xml(value: &Value, kind: &str) {
    let text = wire::write_xml(value).expect("written");
    let again = wire::read_xml(text.as_bytes(), kind).expect("read again");
    assert_eq!(wire::write_xml(&again).as_deref(), Some(text.as_str()));
    let indented = wire::read_xml(wire::indent_xml(&text).as_bytes(), kind);
    assert_eq!(indented, Ok(again));
}
