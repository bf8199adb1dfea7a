//! Any bytes as a resource: shared by the fuzz target and by `tests/wire_mutations.rs`.

use passerelle::translate::wire;
use passerelle::translate::{outcome, wire::Node};

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
            }
            Err(error) => {
                assert!((1..=wire::MAX_ISSUES).contains(&error.issues.len()));
                assert!([400, 422].contains(&error.status()));
                let told = outcome::write(&error.issues);
                let problems = wire::check(&told, "OperationOutcome", "OperationOutcome");
                assert_eq!(problems, []);
            }
        }
    }
}
