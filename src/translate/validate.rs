//! What `$validate` is asked: a resource, alone or in Parameters, and what it is to be held against (FHIR R4, resource-operation-validate).

use serde_json::Value;

use super::findings::invalid;
use super::wire::{self, Node};
use crate::error::{Code, Error, Issue};

/// The checks that a resource gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// ITI-65.
    Bundle,
    /// A DocumentReference with its bytes inside (ITI-105).
    Simplified,
    /// A DocumentReference of a bundle.
    Comprehensive,
    /// A submission set or a folder.
    List,
    /// A right.
    Consent,
    /// A vaccination.
    Immunization,
    /// A record.
    Patient,
}

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

/// Profiles by the end of their URL, PDSm's and ours.
const PROFILES: [(&str, &str, Shape); 8] = [
    (
        "Bundle",
        "pdsm-comprehensive-provide-document-bundle",
        Shape::Bundle,
    ),
    ("Bundle", "provide-bundle", Shape::Bundle),
    (
        "DocumentReference",
        "pdsm-comprehensive-document-reference",
        Shape::Comprehensive,
    ),
    (
        "DocumentReference",
        "document-comprehensive",
        Shape::Comprehensive,
    ),
    (
        "DocumentReference",
        "pdsm-simplified-publish",
        Shape::Simplified,
    ),
    (
        "DocumentReference",
        "document-simplified",
        Shape::Simplified,
    ),
    ("List", "pdsm-submissionset-comprehensive", Shape::List),
    ("List", "pdsm-folder-comprehensive", Shape::List),
];

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
        Some((url, path)) => named(kind, &url).ok_or_else(|| {
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

fn named(kind: &str, url: &str) -> Option<Shape> {
    let url = url.split('|').next().unwrap_or_default();
    let name = url.rsplit('/').next().unwrap_or_default();
    let listed = PROFILES.iter().find(|row| row.0 == kind && row.1 == name);
    match (listed, kind) {
        (Some((_, _, shape)), _) => Some(*shape),
        (None, "Patient") if name == "patient-record" || name == "fr-core-patient-ins" => {
            Some(Shape::Patient)
        }
        (None, "Consent") if name.starts_with("consent-") => Some(Shape::Consent),
        (None, "Immunization") if name == "Immunization" => Some(Shape::Immunization),
        (None, _) => None,
    }
}

/// What a resource is by what is in it.
fn shape(kind: &str, resource: &Value) -> Option<Shape> {
    let has_data = |content: Node| {
        let attachment = content.get("attachment");
        attachment.is_some_and(|attachment| attachment.get("data").is_some())
    };
    match kind {
        "Bundle" => Some(Shape::Bundle),
        "Consent" => Some(Shape::Consent),
        "Immunization" => Some(Shape::Immunization),
        "List" => Some(Shape::List),
        "Patient" => Some(Shape::Patient),
        "DocumentReference" if Node::root(resource).items("content").any(has_data) => {
            Some(Shape::Simplified)
        }
        "DocumentReference" => Some(Shape::Comprehensive),
        _ => None,
    }
}
