//! FHIRPath Patch: a Parameters resource (IHE.MHD.Patch.Parameters, R4 §3.1.0.11.2).

use serde_json::Value;

use super::super::Reading;
use super::super::datatype::urls::IS_ARCHIVED;
use super::json::archived;
use super::{Edit, MAX_OPERATIONS, Patch, labels, not_mutable, status, unreadable};
use crate::error::{Code, Error, Issue};

/// Reads a patch.
///
/// # Errors
/// `malformed`, `unsupported-element`, `not-mutable`, `element-invalid`, `code-invalid`.
pub fn read(parameters: &Value, reading: &Reading) -> Result<Patch, Error> {
    let operations: Vec<&Value> = items(parameters, "parameter").collect();
    if operations.is_empty() || operations.len() > MAX_OPERATIONS {
        return Err(unreadable("operation: 1..20"));
    }
    let foreign: Vec<Issue> = operations
        .iter()
        .enumerate()
        .flat_map(|(rank, operation)| foreign(operation, rank))
        .collect();
    if !foreign.is_empty() {
        return Err(Error::many(foreign));
    }
    let edits = operations
        .into_iter()
        .map(|operation| edit(operation, reading))
        .collect::<Result<_, _>>()?;
    Ok(Patch(edits))
}

/// Parts that no operation on these elements has, or that it has twice.
fn foreign(operation: &Value, rank: usize) -> Vec<Issue> {
    let mut known = vec!["type", "path", "name", "value", "index"];
    let mut told = Vec::new();
    for (place, part) in items(operation, "part").enumerate() {
        let name = part.get("name").and_then(Value::as_str).unwrap_or_default();
        match known.iter().position(|one| *one == name) {
            Some(found) => drop(known.remove(found)),
            None => told.push(
                Issue::new(Code::UnsupportedElement)
                    .at(format!("Parameters.parameter[{rank}].part[{place}]")),
            ),
        }
    }
    told
}

fn items<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn edit(operation: &Value, reading: &Reading) -> Result<Edit, Error> {
    let named = |value: &Value, name: &str| value.get("name").and_then(Value::as_str) == Some(name);
    if !named(operation, "operation") {
        return Err(unreadable("parameter.name: operation"));
    }
    let part = |name: &str| items(operation, "part").find(|part| named(part, name));
    let text = |name: &str| {
        let fields = part(name)?.as_object()?;
        fields
            .iter()
            .find(|(key, _)| key.starts_with("value"))
            .and_then(|(_, value)| value.as_str())
    };
    let (Some(kind), Some(path)) = (text("type"), text("path")) else {
        return Err(unreadable("operation: type, path"));
    };
    let path = path.trim();
    let path = path.strip_prefix("DocumentReference").unwrap_or(path);
    // An element that is added is named apart from its parent.
    let target = match (kind, text("name")) {
        ("add", Some(name)) => format!("{path}.{name}"),
        _ => path.to_owned(),
    };
    let value = part("value").and_then(|part| {
        let fields = part.as_object()?;
        let found = fields.iter().find(|(key, _)| key.starts_with("value"));
        found.map(|(_, value)| value)
    });
    match (kind, target.as_str()) {
        ("replace" | "add", ".status") => status(value.and_then(Value::as_str).unwrap_or_default()),
        ("replace", ".extension[0].value") => {
            archived(value.unwrap_or(&Value::Null)).map(Edit::HeldArchived)
        }
        ("delete", ".extension[0]") => Ok(Edit::HeldArchived(false)),
        ("replace" | "add" | "insert", ".securityLabel") => {
            let label = labels::one(value.unwrap_or(&Value::Null), reading)?;
            Ok(Edit::Labels(labels::Edit::Write(None, label)))
        }
        ("replace" | "delete", label) if position(label).is_some() => {
            let position = position(label);
            match (kind, value, position) {
                ("delete", _, Some(position)) => Ok(Edit::Labels(labels::Edit::Remove(position))),
                (_, Some(value), _) => {
                    let label = labels::one(value, reading)?;
                    Ok(Edit::Labels(labels::Edit::Write(position, label)))
                }
                _ => Err(unreadable("operation: value")),
            }
        }
        ("add", ".extension") => {
            // An element of several parts comes as such.
            let value = part("value").ok_or_else(|| unreadable("operation: value"))?;
            let inside = |name: &str| {
                let mut parts = items(value, "part");
                let is_so =
                    |one: &&Value| one["name"].as_str().is_some_and(|it| it.starts_with(name));
                let found = parts.find(is_so)?;
                let mut fields = found.as_object()?.iter();
                fields
                    .find(|(key, _)| key.starts_with("value"))
                    .map(|(_, value)| value)
            };
            match inside("url").and_then(Value::as_str) {
                Some(IS_ARCHIVED) => {
                    archived(inside("value").unwrap_or(&Value::Null)).map(Edit::Archived)
                }
                _ => Err(not_mutable(".extension")),
            }
        }
        ("replace" | "add" | "delete", extension) if extension.contains(IS_ARCHIVED) => {
            match kind {
                "delete" => Ok(Edit::Archived(false)),
                _ => archived(value.unwrap_or(&Value::Null)).map(Edit::Archived),
            }
        }
        (_, other) => Err(not_mutable(other)),
    }
}

/// `.securityLabel[n]`
fn position(path: &str) -> Option<usize> {
    let inside = path.strip_prefix(".securityLabel[")?.strip_suffix(']')?;
    inside.parse().ok().filter(|position| *position < 100)
}
