//! XML Patch (RFC 5261), its selectors with or without prefix, from the root or from the resource.

use serde_json::Value;

use super::super::Reading;
use super::super::datatype::urls::IS_ARCHIVED;
use super::super::wire::{self, Operation, Where};
use super::json::{archived, missing};
use super::{Edit, MAX_OPERATIONS, Patch, labels, not_mutable, status, unreadable};
use crate::error::Error;

/// What a selector names.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// The resource itself.
    Document,
    /// `status`, or its value.
    Status { value: bool },
    /// A label, by its place from 0; the only one without.
    Label(Option<usize>),
    /// The extension, its `valueBoolean`, or the value of that.
    Archived { value: bool },
}

/// Reads a patch.
///
/// # Errors
/// `malformed`, `not-mutable`, `element-required`, `element-invalid`, `code-invalid`, and those of the elements it brings.
pub fn read(bytes: &[u8], reading: &Reading) -> Result<Patch, Error> {
    let (operations, issues) = wire::read_xml_patch(bytes, "DocumentReference")?;
    if operations.is_empty() || operations.len() > MAX_OPERATIONS {
        return Err(unreadable("XML Patch: 1..20"));
    }
    if let Some(other) = operations.iter().find(|o| place(&o.selector).is_none()) {
        return Err(not_mutable(&other.selector));
    }
    if !issues.is_empty() {
        return Err(Error::many(issues));
    }
    let mut edits = Vec::new();
    for operation in &operations {
        edit(operation, reading, &mut edits)?;
    }
    Ok(Patch(edits))
}

fn edit(operation: &Operation, reading: &Reading, edits: &mut Vec<Edit>) -> Result<(), Error> {
    let selector = operation.selector.as_str();
    let place = place(selector).ok_or_else(|| not_mutable(selector))?;
    let is_value = operation.kind.as_deref() == Some("@value");
    if operation.kind.is_some() && !is_value {
        return Err(not_mutable(selector));
    }
    match (operation.name, place) {
        ("remove", Place::Label(Some(position))) => {
            edits.push(Edit::Labels(labels::Edit::Remove(position)));
        }
        // The only one: the first, which must be there.
        ("remove", Place::Label(None)) => edits.push(Edit::Labels(labels::Edit::Remove(0))),
        ("remove", Place::Archived { value: false }) => edits.push(Edit::Archived(false)),
        ("remove", _) => return Err(not_mutable(selector)),
        (_, Place::Status { value }) if value || is_value => {
            edits.push(status(text(operation)?)?);
        }
        (_, Place::Archived { value }) if value || is_value => {
            let text = Value::String(text(operation)?.to_owned());
            edits.push(Edit::Archived(archived(&text)?));
        }
        ("add", Place::Status { .. }) if operation.place == Where::Append => {
            return Err(not_mutable(selector));
        }
        ("replace", Place::Document) => return Err(not_mutable(selector)),
        (name, place) => brought(operation, name, &place, reading, edits)?,
    }
    Ok(())
}

/// The elements that an operation brings.
fn brought(
    operation: &Operation,
    name: &str,
    place: &Place,
    reading: &Reading,
    edits: &mut Vec<Edit>,
) -> Result<(), Error> {
    let selector = operation.selector.as_str();
    if !operation.text.is_empty() {
        return Err(unreadable("text in an element"));
    }
    if operation.elements.is_empty() {
        return Err(missing(selector));
    }
    for (element, value) in &operation.elements {
        match element.as_str() {
            "status" if matches!(place, Place::Document | Place::Status { .. }) => {
                edits.push(status(value.as_str().unwrap_or_default())?);
            }
            "securityLabel" => {
                let position = match place {
                    Place::Label(position) if name == "replace" => position.or(Some(0)),
                    Place::Archived { .. } => return Err(not_mutable(selector)),
                    _ => None,
                };
                for label in value.as_array().into_iter().flatten() {
                    let label = labels::one(label, reading)?;
                    edits.push(Edit::Labels(labels::Edit::Write(position, label)));
                }
            }
            "extension" if !matches!(place, Place::Label(_)) => {
                for extension in value.as_array().into_iter().flatten() {
                    let url = extension.get("url").and_then(Value::as_str);
                    if url != Some(IS_ARCHIVED) {
                        return Err(not_mutable("extension"));
                    }
                    edits.push(Edit::Archived(archived(extension)?));
                }
            }
            "valueBoolean" => edits.push(Edit::Archived(archived(value)?)),
            other => return Err(not_mutable(other)),
        }
    }
    Ok(())
}

fn text(operation: &Operation) -> Result<&str, Error> {
    let text = operation.text.trim();
    if text.is_empty() || !operation.elements.is_empty() {
        return Err(missing(&operation.selector));
    }
    Ok(text)
}

/// None for what nobody may change, or what no such client writes.
fn place(selector: &str) -> Option<Place> {
    let steps = steps(selector);
    let mut steps = steps.iter().map(String::as_str);
    let mut first = steps.next()?;
    if first.is_empty() {
        first = steps.next()?;
    }
    if !matches!(first, "DocumentReference" | "DocumentReference[1]" | ".") {
        return None;
    }
    let rest: Vec<_> = steps.collect();
    match rest.as_slice() {
        [] => Some(Place::Document),
        ["status" | "status[1]"] => Some(Place::Status { value: false }),
        ["status" | "status[1]", "@value"] => Some(Place::Status { value: true }),
        ["securityLabel"] => Some(Place::Label(None)),
        [label] if label.starts_with("securityLabel[") => {
            let number = label.strip_prefix("securityLabel[")?.strip_suffix(']')?;
            let digits = number.len() <= 2 && number.bytes().all(|b| b.is_ascii_digit());
            let number = number.trim().parse::<usize>().ok().filter(|_| digits)?;
            Some(Place::Label(Some(number.checked_sub(1)?)))
        }
        [extension, rest @ ..] if is_archived(extension) => match rest {
            [] | ["valueBoolean" | "valueBoolean[1]"] => Some(Place::Archived { value: false }),
            ["valueBoolean" | "valueBoolean[1]", "@value"] => Some(Place::Archived { value: true }),
            _ => None,
        },
        _ => None,
    }
}

/// `extension[@url='…']`
fn is_archived(step: &str) -> bool {
    let url = step
        .strip_prefix("extension[@url=")
        .and_then(|rest| rest.strip_suffix(']'))
        .map(|quoted| quoted.trim_matches(['\'', '"']));
    url == Some(IS_ARCHIVED)
}

/// The steps without their prefixes and blanks; a slash in quotes ends none. A selector from the root begins with an empty step.
fn steps(selector: &str) -> Vec<String> {
    let (mut all, mut quote) = (vec![String::new()], None);
    for c in selector.chars() {
        match (quote, c) {
            (None, '/') => {
                all.push(String::new());
                continue;
            }
            (None, ' ') => continue,
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
        if let Some(step) = all.last_mut() {
            if quote.is_none() && c == ':' && !step.contains('[') {
                step.clear();
            } else {
                step.push(c);
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_read_as_clients_write_them() {
        let archived = format!("extension[@url='{IS_ARCHIVED}']");
        for (selector, expected) in [
            (
                "/f:DocumentReference/f:status/@value",
                Place::Status { value: true },
            ),
            (
                "DocumentReference/status/@value",
                Place::Status { value: true },
            ),
            ("/DocumentReference", Place::Document),
            (
                "fhir:DocumentReference/fhir:securityLabel[ 2 ]",
                Place::Label(Some(1)),
            ),
            ("/DocumentReference/securityLabel", Place::Label(None)),
        ] {
            assert_eq!(place(selector), Some(expected), "{selector}");
        }
        let value = format!("/f:DocumentReference/f:{archived}/f:valueBoolean/@value");
        assert_eq!(place(&value), Some(Place::Archived { value: true }));
        let whole = format!("DocumentReference/{archived}");
        assert_eq!(place(&whole), Some(Place::Archived { value: false }));
    }

    #[test]
    fn nothing_else_can_be_selected() {
        for selector in [
            "",
            "/",
            "//status",
            "/Patient/status",
            "/DocumentReference/type",
            "/DocumentReference/securityLabel[0]",
            "/DocumentReference/securityLabel[last()]",
            "/DocumentReference/securityLabel[1]/coding",
            "/DocumentReference/extension[1]",
            "/DocumentReference/extension[@url='http://other']/valueBoolean/@value",
            "/DocumentReference/*",
        ] {
            assert_eq!(place(selector), None, "{selector}");
        }
    }
}
