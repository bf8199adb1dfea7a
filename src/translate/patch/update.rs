//! An update by the whole resource (PUT): it may differ from the one that is held where a patch may change it, and nowhere else.

use serde_json::Value;

use super::super::Reading;
use super::super::datatype::urls::IS_ARCHIVED;
use super::super::findings::invalid;
use super::json::archived;
use super::{Edit, Patch, labels, status};
use crate::error::{Code, Error, Issue};

/// Reads an update of the document that its client reads as `held`. As it was read it changes nothing.
///
/// # Errors
/// `not-mutable` for each element that differs and may not; `element-invalid` for another id; those of a patch.
pub fn read(resource: &Value, held: &Value, reading: &Reading) -> Result<Patch, Error> {
    let members = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let (sent, now) = (members(resource), members(held));
    let mut names: Vec<&String> = sent.keys().chain(now.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let (mut edits, mut wrong) = (Vec::new(), Vec::new());
    for name in names {
        let (asked, kept) = (sent.get(name), now.get(name));
        if asked == kept {
            continue;
        }
        // What stands beside a primitive is told at the primitive.
        let element = name.trim_start_matches('_');
        match (name.as_str(), asked) {
            // What the server writes, whatever comes.
            ("meta" | "text", None) => {}
            ("text", Some(_)) => edits.push(ignored("text")),
            ("meta", Some(asked)) => {
                for (part, value) in asked.as_object().into_iter().flatten() {
                    let same = kept.and_then(|kept| kept.get(part)) == Some(value);
                    let element = part.trim_start_matches('_');
                    match part.as_str() {
                        _ if same => {}
                        "versionId" | "lastUpdated" | "profile" => {
                            edits.push(ignored(&format!("meta.{part}")));
                        }
                        _ => {
                            let at = format!("DocumentReference.meta.{element}");
                            wrong.push(Issue::new(Code::UnsupportedElement).at(at));
                        }
                    }
                }
            }
            ("id", Some(_)) => wrong.push(invalid(
                "DocumentReference.id",
                "un autre document est nommé",
                "another document is named",
            )),
            // A document found by its identifier.
            ("id", None) => {}
            ("status", Some(asked)) => edits.push(status(asked.as_str().unwrap_or_default())?),
            ("securityLabel", Some(asked)) => {
                edits.push(Edit::Labels(labels::Edit::Set(labels::all(
                    asked, reading,
                )?)));
            }
            ("extension", asked) => match wanted(asked) {
                Some(archived) => edits.push(Edit::Archived(archived?)),
                None => wrong.push(not_mutable(name)),
            },
            ("status" | "securityLabel", None) => wrong
                .push(Issue::new(Code::ElementRequired).at(format!("DocumentReference.{name}"))),
            _ => wrong.push(not_mutable(element)),
        }
    }
    match wrong.is_empty() {
        true => Ok(Patch(edits)),
        false => Err(Error::many(wrong)),
    }
}

/// What extensions say of archiving; None when another one is among them.
fn wanted(extensions: Option<&Value>) -> Option<Result<bool, Error>> {
    let all = extensions.and_then(Value::as_array);
    match all.map(Vec::as_slice).unwrap_or_default() {
        [] => Some(Ok(false)),
        [one] if one.get("url").and_then(Value::as_str) == Some(IS_ARCHIVED) => Some(archived(one)),
        _ => None,
    }
}

fn ignored(name: &str) -> Edit {
    let at = format!("DocumentReference.{name}");
    Edit::Told(Issue::new(Code::ElementIgnored).at(at).warning())
}

fn not_mutable(name: &str) -> Issue {
    Issue::new(Code::NotMutable)
        .at(format!("DocumentReference.{name}"))
        .with("value", name)
}
