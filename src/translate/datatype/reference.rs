//! References: the type of what they lead to, as they tell it.

use crate::error::Issue;
use crate::translate::findings::{Findings, Weight, invalid};
use crate::translate::wire::Node;

/// R4's own types by their full name.
const R4: &str = "http://hl7.org/fhir/StructureDefinition/";

/// Weighs a `type` that says something else than what a reference leads to.
pub(in crate::translate) fn check_type(
    reference: Node,
    kinds: &[&str],
    weight: Weight,
    found: &mut Findings,
) {
    if let Some(told) = reference.get("type")
        && !kinds.contains(&named(told))
    {
        found.weigh(weight, expected(kinds, told.path()));
    }
}

/// Tells a `type` that is not kept, because another one is given back.
pub(in crate::translate) fn tell_type(reference: Node, kept: &str, found: &mut Findings) {
    if let Some(told) = reference.get("type")
        && named(told) != kept
    {
        found.ignored(told.path());
    }
}

fn named(told: Node<'_>) -> &str {
    let text = told.as_str().unwrap_or_default();
    text.strip_prefix(R4).unwrap_or(text)
}

/// Tells a contained resource of another type than its reference may lead to.
pub(in crate::translate) fn expect_kind(
    reference: Node,
    resource: Node,
    kinds: &[&str],
    found: &mut Findings,
) {
    if !resource
        .resource_type()
        .is_some_and(|kind| kinds.contains(&kind))
    {
        found.tolerate(expected(kinds, reference.path()));
    }
}

/// The refusal of another type than these.
pub(in crate::translate) fn expected(kinds: &[&str], path: String) -> Issue {
    let kinds = kinds.join(" | ");
    let (fr, en) = (
        format!("{kinds} est attendu"),
        format!("{kinds} is expected"),
    );
    invalid(path, &fr, &en)
}

/// The refusal of what can't be a document of the DMP.
pub(in crate::translate) fn no_document(path: String) -> Issue {
    invalid(
        path,
        "elle ne désigne pas un document de ce serveur",
        "it does not point to a document of this server",
    )
}

/// True for a relative reference to a resource of another type.
pub(in crate::translate) fn names_another_type(reference: &str, kind: &str) -> bool {
    let named = reference.split_once(['/', '?']).map(|(named, _)| named);
    named.is_some_and(|named| named.starts_with(char::is_uppercase) && named != kind)
}
