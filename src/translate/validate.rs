//! What `$validate` is asked: a resource, alone or in Parameters, and what it is to be held against (FHIR R4, resource-operation-validate).

mod shape;

use serde_json::Value;

use super::findings::invalid;
use super::wire::{self, Node};
use crate::error::{Code, Error, Issue};
use shape::{named, shape};

pub use shape::Shape;

/// A question.
pub struct Asked {
    /// What is judged; not checked yet.
    pub resource: Value,
    /// By what.
    pub shape: Shape,
    /// As an update, where that is something else than a creation.
    pub is_update: bool,
}

/// Modes of the operation that have a meaning here: nothing is kept, so they all ask for the same checks.
const MODES: [&str; 3] = ["create", "update", "profile"];

/// Reads the question: `body` is a resource of type `kind`, or Parameters that hold one; `mode` and `profile` may stand in the URL.
///
/// # Errors
/// When there is nothing to judge, or a mode or profile that is unknown here.
pub fn ask(
    mut body: Value,
    kind: &str,
    mode: Option<&str>,
    profile: Option<&str>,
) -> Result<Asked, Error> {
    let mut mode = mode.map(|mode| (mode.to_owned(), "mode".to_owned()));
    let mut profile = profile.map(|url| (url.to_owned(), "profile".to_owned()));
    if body.get("resourceType").and_then(Value::as_str) == Some("Parameters") {
        let resource = take_resource(&mut body);
        let issues = wire::check(&body, "Parameters", "Parameters");
        if !issues.is_empty() {
            return Err(Error::many(issues));
        }
        for parameter in Node::root(&body).items("parameter") {
            let value = parameter.choice("value").map(|(_, value)| value);
            let text = value.and_then(|value| Some((value.as_str()?.to_owned(), value.path())));
            match parameter.str("name") {
                Some("mode") => mode = text,
                Some("profile") => profile = text,
                Some("resource") => {}
                _ => return Err(parameter.issue(Code::UnsupportedElement).into()),
            }
        }
        body = resource.ok_or_else(|| {
            let path = "Parameters.parameter.where(name = 'resource').resource";
            Issue::new(Code::ElementRequired).at(path)
        })?;
    }
    let is_update = mode.as_ref().is_some_and(|(mode, _)| mode == "update");
    if let Some((mode, path)) = mode
        && !MODES.contains(&mode.as_str())
    {
        let (fr, en) = (
            "create, update ou profile est attendu",
            "create, update or profile is expected",
        );
        return Err(invalid(path, fr, en).into());
    }
    let shape = match profile {
        Some((url, path)) => named(kind, &url, &body).ok_or_else(|| {
            let (fr, en) = (
                "profil inconnu ici pour ce type",
                "a profile unknown here for this type",
            );
            invalid(path, fr, en)
        })?,
        None => shape(kind, &body).ok_or(Code::NotSupported)?,
    };
    Ok(Asked {
        resource: body,
        shape,
        is_update,
    })
}

/// The resource, out of its parameter, so that its own defects are not those of the request.
fn take_resource(parameters: &mut Value) -> Option<Value> {
    let all = parameters.get_mut("parameter")?.as_array_mut()?;
    let named =
        |parameter: &&mut Value| parameter.get("name").and_then(Value::as_str) == Some("resource");
    all.iter_mut()
        .find(named)?
        .as_object_mut()?
        .remove("resource")
}
