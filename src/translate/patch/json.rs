//! JSON Patch (RFC 6902), with the paths as the guides print them.

use serde_json::Value;

use super::super::Reading;
use super::super::datatype::urls::IS_ARCHIVED;
use super::super::wire;
use super::{Edit, MAX_OPERATIONS, Patch, invalid, labels, not_mutable, status, unreadable};
use crate::error::{Code, Error, Issue};

/// The same extension by the name that one example gives it.
const IS_ARCHIVED_ALIAS: &str = "/SearchParameter/PDSm-isArchived";

/// What a path leads to.
pub(super) enum Place {
    Status,
    Labels,
    /// One label; None for the end of the list.
    Label(Option<usize>),
    Archived,
    /// The list of extensions, in which a document has none or this one.
    Extensions,
    /// One of them; None for the end of the list.
    Extension(Option<usize>),
    /// The value of the first.
    ExtensionValue,
}

/// Reads a patch.
///
/// # Errors
/// `malformed`, `not-mutable`, `element-invalid`, `code-invalid`.
pub fn read(bytes: &[u8], reading: &Reading) -> Result<Patch, Error> {
    let value = wire::read_json_text(bytes)?;
    let Value::Array(operations) = value else {
        return Err(unreadable("JSON Patch: []"));
    };
    if operations.is_empty() || operations.len() > MAX_OPERATIONS {
        return Err(unreadable("JSON Patch: 1..20"));
    }
    let edits: Result<Vec<_>, _> = operations
        .iter()
        .map(|operation| edit(operation, reading))
        .collect();
    let mut edits = edits?;
    let ignored = operations.iter().enumerate().flat_map(ignored);
    edits.extend(ignored.map(Edit::Told));
    Ok(Patch(edits))
}

/// Members that no operation has change nothing (RFC 6902 §4).
fn ignored((rank, operation): (usize, &Value)) -> Vec<Issue> {
    let removes = operation.get("op").and_then(Value::as_str) == Some("remove");
    let members = operation.as_object().into_iter().flatten();
    let others = members.filter(|(name, _)| match name.as_str() {
        "op" | "path" => false,
        "value" => removes,
        _ => true,
    });
    others
        .map(|(name, _)| {
            let shown: String = name.chars().take(100).collect();
            let at = format!("[{rank}].{shown}");
            Issue::new(Code::ElementIgnored).at(at).warning()
        })
        .collect()
}

fn edit(operation: &Value, reading: &Reading) -> Result<Edit, Error> {
    let text = |name: &str| operation.get(name).and_then(Value::as_str);
    let (Some(op), Some(path)) = (text("op"), text("path")) else {
        return Err(unreadable("op, path"));
    };
    let place = place(path)?;
    if let ("move" | "copy", Some(from)) = (op, text("from")) {
        self::place(from)?;
        return Err(Issue::new(Code::UnsupportedElement).at(op).into());
    }
    let value = operation.get("value");
    let required = || value.ok_or_else(|| missing(path));
    match (op, place) {
        ("replace" | "add", Place::Status) => status(string(required()?)?),
        ("test", Place::Status) => Ok(Edit::StatusIs(string(required()?)?.trim().to_owned())),
        ("replace" | "add", Place::Archived) => archived(required()?).map(Edit::Archived),
        ("test", Place::Archived) => archived(required()?).map(Edit::ArchivedIs),
        ("remove", Place::Archived) => Ok(Edit::Archived(false)),
        ("replace" | "add" | "remove" | "test", place) if place.is_pointer() => {
            pointed(op, &place, value, path)
        }
        ("replace" | "add", Place::Labels) => {
            labels::all(required()?, reading).map(|set| Edit::Labels(labels::Edit::Set(set)))
        }
        ("replace" | "add", Place::Label(position)) => {
            let label = labels::one(required()?, reading)?;
            Ok(Edit::Labels(match (op, position) {
                ("add", Some(position)) => labels::Edit::Insert(position, label),
                _ => labels::Edit::Write(position, label),
            }))
        }
        ("remove", Place::Label(Some(position))) => {
            Ok(Edit::Labels(labels::Edit::Remove(position)))
        }
        ("test", Place::Labels) => {
            labels::all(required()?, reading).map(|set| Edit::Labels(labels::Edit::Is(None, set)))
        }
        ("test", Place::Label(position)) => {
            let label = labels::one(required()?, reading)?;
            Ok(Edit::Labels(labels::Edit::Is(position, label)))
        }
        ("remove", Place::Status | Place::Labels) => Err(not_mutable(path)),
        _ => Err(unreadable("op: replace | add | remove | test")),
    }
}

impl Place {
    /// True for an extension by its place.
    fn is_pointer(&self) -> bool {
        matches!(
            self,
            Self::Extensions | Self::Extension(_) | Self::ExtensionValue
        )
    }
}

/// An operation on the extensions by their places.
fn pointed(op: &str, place: &Place, value: Option<&Value>, path: &str) -> Result<Edit, Error> {
    let required = || value.ok_or_else(|| missing(path));
    match (op, place) {
        ("remove", Place::Extensions | Place::Extension(Some(0))) => Ok(Edit::HeldArchived(false)),
        ("test", Place::ExtensionValue) => archived(required()?).map(Edit::ArchivedIs),
        ("replace" | "add", Place::ExtensionValue) => archived(required()?).map(Edit::HeldArchived),
        ("test" | "replace" | "add", Place::Extensions) => {
            let Value::Array(all) = required()? else {
                return Err(invalid(
                    "extension",
                    "une liste est attendue",
                    "a list is expected",
                ));
            };
            let wanted = match all.as_slice() {
                [] => false,
                [one] => extension(one)?,
                _ => return Err(not_mutable(path)),
            };
            Ok(match op {
                "test" => Edit::ArchivedIs(wanted),
                _ => Edit::Archived(wanted),
            })
        }
        ("test", Place::Extension(Some(0))) => extension(required()?).map(Edit::ArchivedIs),
        ("replace", Place::Extension(Some(0))) => extension(required()?).map(Edit::HeldArchived),
        ("add", Place::Extension(None | Some(0))) => extension(required()?).map(Edit::Archived),
        ("add", Place::Extension(Some(1))) => extension(required()?).map(Edit::HeldArchived),
        _ => Err(invalid(
            "extension",
            "aucune extension à cette position",
            "no extension at this position",
        )),
    }
}

/// What a whole extension says; another one is not to be changed.
fn extension(value: &Value) -> Result<bool, Error> {
    let url = value.get("url").and_then(Value::as_str).unwrap_or_default();
    if url != IS_ARCHIVED && !url.ends_with(IS_ARCHIVED_ALIAS) {
        return Err(not_mutable("extension"));
    }
    archived(value)
}

/// RFC 6901 pointers, and the guide's `/extension[url:'…']/valueBoolean`.
fn place(path: &str) -> Result<Place, Error> {
    let path = path.trim();
    match path {
        "/status" => return Ok(Place::Status),
        "/securityLabel" => return Ok(Place::Labels),
        "/securityLabel/-" => return Ok(Place::Label(None)),
        "/extension" => return Ok(Place::Extensions),
        "/extension/-" => return Ok(Place::Extension(None)),
        "/extension/0/valueBoolean" => return Ok(Place::ExtensionValue),
        _ => {}
    }
    if let Some(position) = path.strip_prefix("/securityLabel/") {
        let digits = position.len() <= 2
            && position.bytes().all(|b| b.is_ascii_digit())
            && (position == "0" || !position.starts_with('0'));
        return match position.parse() {
            Ok(position) if digits => Ok(Place::Label(Some(position))),
            _ if position.contains('/') => Err(not_mutable(path)),
            _ => Err(labels::nothing()),
        };
    }
    let position = path.strip_prefix("/extension/").map(str::parse);
    if let Some(Ok(position)) = position {
        return Ok(Place::Extension(Some(position)));
    }
    let named = path.starts_with("/extension")
        && (path.contains(IS_ARCHIVED) || path.contains(IS_ARCHIVED_ALIAS));
    if named {
        Ok(Place::Archived)
    } else {
        Err(not_mutable(path))
    }
}

/// A boolean, a text that says one, or the whole extension.
pub(super) fn archived(value: &Value) -> Result<bool, Error> {
    let value = value.get("valueBoolean").unwrap_or(value);
    match value {
        Value::Bool(archived) => Ok(*archived),
        Value::String(text) if text.trim() == "true" => Ok(true),
        Value::String(text) if text.trim() == "false" => Ok(false),
        _ => Err(invalid(
            "extension",
            "true ou false est attendu",
            "true or false is expected",
        )),
    }
}

fn string(value: &Value) -> Result<&str, Error> {
    value
        .as_str()
        .ok_or_else(|| invalid("status", "un code est attendu", "a code is expected"))
}

pub(super) fn missing(path: &str) -> Error {
    let element = path.trim_start_matches('/').split(['/', '[']).next();
    let element: String = element.unwrap_or_default().chars().take(100).collect();
    Issue::new(Code::ElementRequired)
        .at(format!("DocumentReference.{element}"))
        .into()
}
