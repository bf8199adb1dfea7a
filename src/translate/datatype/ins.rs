//! The INS wherever FHIR may write it: identifiers, conditional references, search values.

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::coding;
use super::identifier::type_code;
use super::object::Object;
use crate::dmp::ins::{Ins, InsRoot};
use crate::error::{Code, Issue};
use crate::translate::Reading;
use crate::translate::findings::{Findings, invalid};
use crate::translate::wire::Node;

/// The code system of FR Core for identifier types.
const IDENTIFIER_TYPES: &str = "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203";

/// True for the system of an INS, INS-C excluded.
pub(in crate::translate) fn is_ins_system(system: &str) -> bool {
    InsRoot::from_oid(system).is_some()
}

/// Reads an INS and judges it at the door. The warnings tell what guide mode let through.
///
/// # Errors
/// `ins-invalid`, which never repeats the number.
pub(in crate::translate) fn admit(
    system: &str,
    value: &str,
    path: &str,
    reading: &Reading,
) -> Result<(Ins, Vec<Issue>), Issue> {
    let refused = || Issue::new(Code::InsInvalid).at(path);
    let root = InsRoot::from_oid(system).ok_or_else(refused)?;
    let ins = Ins::parse(root, value).map_err(|_| refused())?;
    let unusual = ins
        .admit(reading.environment, reading.validation)
        .map_err(|_| refused())?;
    let warnings = match unusual.is_empty() {
        true => Vec::new(),
        false => vec![refused().warning()],
    };
    Ok((ins, warnings))
}

/// The `system|value` of a conditional reference `Patient?identifier=…`, percent-encoded or not.
pub(in crate::translate) fn conditional(reference: &str) -> Option<String> {
    let query = reference.strip_prefix("Patient?")?;
    let (name, value) = query.split_once('=')?;
    (name == "identifier").then(|| percent_decode_str(value).decode_utf8_lossy().into_owned())
}

/// The Identifier, as references carry it.
pub(in crate::translate) fn write(ins: &Ins) -> Value {
    Object::new()
        .put("system", ins.system())
        .put("value", ins.value())
        .build()
}

/// The Identifier with its FR Core slice (type and use).
pub(in crate::translate) fn write_full(ins: &Ins) -> Value {
    let usage = match ins.root() {
        InsRoot::Nia => "temp",
        InsRoot::Nir | InsRoot::NirTest | InsRoot::NirDemo => "official",
    };
    written(ins, usage)
}

/// That of a number that another one replaced.
pub(in crate::translate) fn write_former(ins: &Ins) -> Value {
    written(ins, "old")
}

/// What FR Core's slices say of `use` and `type`, where they are told.
pub(in crate::translate) fn check_slice(node: Node, found: &mut Findings) {
    let Some(root) = node.str("system").and_then(InsRoot::from_oid) else {
        return;
    };
    let usage = match root {
        InsRoot::Nia => "temp",
        InsRoot::Nir | InsRoot::NirTest | InsRoot::NirDemo => "official",
    };
    if let Some(told) = node.get("use")
        && told.as_str() != Some(usage)
        && told.as_str() != Some("old")
    {
        found.tolerate(invalid(
            told.path(),
            &format!("{usage} est attendu"),
            &format!("{usage} is expected"),
        ));
    }
    if let Some(told) = type_code(node, IDENTIFIER_TYPES)
        && told != slice(root)
    {
        found.tolerate(invalid(
            node.path_of("type"),
            &format!("{} est attendu", slice(root)),
            &format!("{} is expected", slice(root)),
        ));
    }
}

/// Tells what of the type is not given back: all but the slice's own code.
pub(in crate::translate) fn tell_type(kind: Node, ins: &Ins, found: &mut Findings) {
    coding::one_code(kind, (IDENTIFIER_TYPES, slice(ins.root())), found);
}

fn slice(root: InsRoot) -> &'static str {
    match root {
        InsRoot::Nir => "INS-NIR",
        InsRoot::Nia => "INS-NIA",
        InsRoot::NirTest => "INS-NIR-TEST",
        InsRoot::NirDemo => "INS-NIR-DEMO",
    }
}

fn written(ins: &Ins, usage: &str) -> Value {
    let kind = slice(ins.root());
    let coding = Object::new()
        .put("system", IDENTIFIER_TYPES)
        .put("code", kind)
        .build();
    Object::new()
        .put("use", usage)
        .put("type", Object::new().put("coding", vec![coding]))
        .put("system", ins.system())
        .put("value", ins.value())
        .build()
}
