//! Any bytes as a FHIR document, any resources of R4 in it: shared by the fuzz target and by `tests/fuzzed.rs`.

use passerelle::translate::fhir_document::in_form;
use passerelle::translate::wire::{self, Format};

/// What must hold whatever comes in: it is given in its other form or not at all, and what is given reads back to what is given again.
///
/// # Panics
/// When it does not.
pub(crate) fn any_bytes(bytes: &[u8]) {
    for (form, other) in [(Format::Xml, Format::Json), (Format::Json, Format::Xml)] {
        match wire::read_document(form, bytes) {
            Ok((_, issues)) => assert!(issues.len() <= wire::MAX_ISSUES),
            Err(error) => assert!([400, 422].contains(&error.status()), "{error:?}"),
        }
        let Some(given) = in_form(form, bytes) else {
            continue;
        };
        let back = in_form(other, given.as_bytes()).expect("read again");
        let again = in_form(form, back.as_bytes()).expect("read a third time");
        assert_eq!(again, given);
    }
}
