//! FHIRPath Patch: a Parameters resource (IHE.MHD.Patch.Parameters, R4 §3.1.0.11.2).

use serde_json::Value;

use super::super::Reading;
use super::super::datatype::urls::IS_ARCHIVED;
use super::super::wire::Node;
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
    let foreign = foreign(Node::root(parameters));
    if !foreign.is_empty() {
        return Err(Error::many(foreign));
    }
    let edits = operations
        .into_iter()
        .map(|operation| edit(operation, reading))
        .collect::<Result<_, _>>()?;
    Ok(Patch(edits))
}

/// What is in the Parameters and belongs to no operation on these elements: it might change what the operations mean.
fn foreign(parameters: Node) -> Vec<Issue> {
    let mut told = parameters.only(&["id", "meta", "parameter"]);
    if let Some(meta) = parameters.get("meta") {
        told.extend(meta.only(&["profile"]));
    }
    for operation in parameters.items("parameter") {
        told.extend(operation.only(&["name", "part"]));
        let kind = operation
            .items("part")
            .find(|part| part.str("name") == Some("type"));
        let mut known = match kind.and_then(|kind| kind.str("valueCode")) {
            Some("add") => vec!["type", "path", "name", "value"],
            Some("insert") => vec!["type", "path", "index", "value"],
            Some("delete") => vec!["type", "path"],
            _ => vec!["type", "path", "value"],
        };
        for part in operation.items("part") {
            let name = part.str("name").unwrap_or_default();
            match known.iter().position(|one| *one == name) {
                Some(found) => drop(known.remove(found)),
                None => told.push(part.issue(Code::UnsupportedElement)),
            }
            told.extend(besides_value(part, name == "value"));
        }
    }
    told
}

/// All but the name and the value of a part; one of several parts has these in its place.
fn besides_value(part: Node, may_have_parts: bool) -> Vec<Issue> {
    let value = part.choice("value").map(|(kind, _)| format!("value{kind}"));
    let mut known = vec!["name", value.as_deref().unwrap_or_default()];
    if may_have_parts && value.is_none() {
        known.push("part");
    }
    let mut told = part.only(&known);
    let inside = part.items("part").filter(|_| may_have_parts);
    told.extend(inside.flat_map(|one| besides_value(one, false)));
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
