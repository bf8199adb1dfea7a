//! A cursor over a checked resource: it reads children by name and knows its FHIRPath.

use serde_json::Value;

use super::path::{push_index, push_name};
use super::table::{TABLE, Type};
use crate::error::{Code, Issue};

/// One element of a resource. Cheap to copy; its path is only searched for when asked (that is, when there is something to say).
/// Deliberately not `Debug`: it holds content.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    root: &'a Value,
    at: &'a str,
    value: &'a Value,
}

impl<'a> Node<'a> {
    /// The cursor on a whole resource; its path is the resource's type.
    pub fn root(resource: &'a Value) -> Self {
        let at = resource.get("resourceType").and_then(Value::as_str);
        Self::at(resource, at.unwrap_or("Resource"))
    }

    /// The cursor on a tree that hangs at `at` (a FHIRPath) of something larger.
    pub fn at(value: &'a Value, at: &'a str) -> Self {
        Self {
            root: value,
            at,
            value,
        }
    }

    /// The JSON value under the cursor.
    pub fn value(self) -> &'a Value {
        self.value
    }

    /// The type, when this is a resource.
    pub fn resource_type(self) -> Option<&'a str> {
        self.str("resourceType")
    }

    /// The child `name`, as JSON names it (`valueString`, `_birthDate`); None when absent.
    pub fn get(self, name: &str) -> Option<Self> {
        self.value.get(name).map(|value| self.to(value))
    }

    /// The child `name`, or `element-required` at its path.
    ///
    /// # Errors
    /// The issue, when the child is absent.
    pub fn required(self, name: &str) -> Result<Self, Issue> {
        self.get(name)
            .ok_or_else(|| Issue::new(Code::ElementRequired).at(self.path_of(name)))
    }

    /// The repetitions of child `name` (none when absent). The nulls of an array of primitives are left out.
    pub fn items(self, name: &str) -> impl Iterator<Item = Self> + use<'a> {
        let items = self.value.get(name).and_then(Value::as_array);
        items
            .into_iter()
            .flatten()
            .filter(|item| !item.is_null())
            .map(move |item| self.to(item))
    }

    /// The text of child `name`, when it is a string.
    pub fn str(self, name: &str) -> Option<&'a str> {
        self.value.get(name).and_then(Value::as_str)
    }

    /// The value of child `name`, when it is a boolean.
    pub fn bool(self, name: &str) -> Option<bool> {
        self.value.get(name).and_then(Value::as_bool)
    }

    /// The value of child `name`, when it is a whole number that is not negative.
    pub fn u64(self, name: &str) -> Option<u64> {
        self.value.get(name).and_then(Value::as_u64)
    }

    /// The text of this element, when it is a string.
    pub fn as_str(self) -> Option<&'a str> {
        self.value.as_str()
    }

    /// The value of a choice: `choice("value")` finds `valueString` and gives `("String", …)`.
    pub fn choice(self, base: &str) -> Option<(&'a str, Self)> {
        self.value.as_object()?.iter().find_map(|(key, value)| {
            let suffix = key.strip_prefix(base)?;
            let typed = suffix.starts_with(|first: char| first.is_ascii_uppercase());
            typed.then(|| (suffix, self.to(value)))
        })
    }

    /// The extensions of this element with that URL. For a primitive, ask its sibling: `get("_birthDate")`.
    pub fn extensions(self, url: &str) -> impl Iterator<Item = Self> {
        self.items("extension")
            .filter(move |extension| extension.str("url") == Some(url))
    }

    /// FHIRPath of this element, from the root: `Bundle.entry[2].resource.content[0].attachment`.
    pub fn path(self) -> String {
        self.locate().0
    }

    /// FHIRPath that the child `name` has or would have.
    pub fn path_of(self, name: &str) -> String {
        let (mut path, kind) = self.locate();
        push_child(&mut path, name, kind);
        path
    }

    fn locate(self) -> (String, Option<&'static Type>) {
        let mut path = String::from(self.at);
        // Every value of a tree has an address of its own, so the address tells where it hangs.
        let mut trail = Vec::new();
        if !find(self.root, self.value, &mut trail) {
            return (path, None);
        }
        let mut kind = type_of(self.root, None);
        for step in trail.into_iter().rev() {
            kind = match step {
                Step::Child(key, child) => type_of(child, push_child(&mut path, key, kind)),
                Step::Item(index, item) => {
                    push_index(&mut path, index);
                    type_of(item, kind)
                }
            };
        }
        (path, kind)
    }

    /// An error at this element.
    pub fn issue(self, code: Code) -> Issue {
        Issue::new(code).at(self.path())
    }

    /// One `unsupported-element` for each child that is not in `allowed` (names as in JSON, `_birthDate` apart from `birthDate`;
    /// `resourceType` needs no mention): what the DMP model can't carry is refused by its path.
    pub fn only(self, allowed: &[&str]) -> Vec<Issue> {
        let others = self.value.as_object().into_iter().flatten();
        others
            .map(|(key, _)| key.as_str())
            .filter(|key| *key != "resourceType" && !allowed.contains(key))
            .map(|key| Issue::new(Code::UnsupportedElement).at(self.path_of(key)))
            .collect()
    }

    /// The element at a JSON pointer.
    #[cfg(test)]
    pub(super) fn at_pointer(self, pointer: &str) -> Self {
        self.value
            .pointer(pointer)
            .map_or(self, |value| self.to(value))
    }

    fn to(self, value: &'a Value) -> Self {
        Self { value, ..self }
    }
}

/// One step from a value to one inside it.
enum Step<'a> {
    Child(&'a str, &'a Value),
    Item(usize, &'a Value),
}

/// Collects the steps from `from` down to `target`, the last one first: addresses are compared on the way, names only looked at
/// once it is found. The depth of a checked tree is bounded.
fn find<'a>(from: &'a Value, target: &Value, trail: &mut Vec<Step<'a>>) -> bool {
    if std::ptr::eq(from, target) {
        return true;
    }
    let step = match from {
        Value::Object(children) => children
            .iter()
            .find(|(_, child)| find(child, target, trail))
            .map(|(key, child)| Step::Child(key, child)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find(|(_, item)| find(item, target, trail))
            .map(|(index, item)| Step::Item(index, item)),
        _ => None,
    };
    let found = step.is_some();
    trail.extend(step);
    found
}

/// The type of a value: that of its element, or of the resource that it is.
fn type_of(value: &Value, element: Option<&'static Type>) -> Option<&'static Type> {
    let resource = value.get("resourceType").and_then(Value::as_str);
    resource.and_then(|name| TABLE.get(name)).or(element)
}

/// Adds a child by its FHIRPath name (`valueString` is `value`, `_birthDate` is `birthDate`) and tells its type.
fn push_child(path: &mut String, key: &str, kind: Option<&'static Type>) -> Option<&'static Type> {
    let name = key.strip_prefix('_').unwrap_or(key);
    let known = kind.and_then(|kind| Some((kind, kind.field(name)?)));
    push_name(
        path,
        known.map_or(name, |(kind, field)| kind.path_name(field)),
    );
    known.and_then(|(_, field)| TABLE.inside(field))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn an_element_knows_its_path() {
        let bundle = json!({"resourceType": "Bundle", "entry": [
            {"fullUrl": "a"},
            {"resource": {"resourceType": "DocumentReference", "content": [{"attachment": {"url": "a", "_title": {"id": "x"}}}]}},
        ]});
        let entry = Node::root(&bundle).items("entry").nth(1).unwrap();
        let resource = entry.get("resource").unwrap();
        let attachment = resource
            .items("content")
            .next()
            .unwrap()
            .get("attachment")
            .unwrap();
        let path = "Bundle.entry[1].resource.content[0].attachment";
        assert_eq!(attachment.path(), path);
        assert_eq!(attachment.path_of("hash"), format!("{path}.hash"));
        assert_eq!(
            attachment.get("_title").unwrap().path(),
            format!("{path}.title")
        );
        assert_eq!(attachment.str("url"), Some("a"));
        assert_eq!(
            attachment
                .required("hash")
                .err()
                .and_then(|issue| issue.expression),
            Some(format!("{path}.hash"))
        );
    }

    #[test]
    fn choices_have_their_fhirpath_name() {
        let dose = json!({"resourceType": "Immunization", "doseQuantity": {"value": 1}, "occurrenceDateTime": "2024",
            "_occurrenceDateTime": {"extension": [{"url": "u", "valueString": "x"}]}});
        let node = Node::root(&dose);
        assert_eq!(node.path_of("occurrenceString"), "Immunization.occurrence");
        assert_eq!(node.path_of("doseQuantity"), "Immunization.doseQuantity");
        let beside = node.get("_occurrenceDateTime").unwrap();
        let extension = beside.items("extension").next().unwrap();
        assert_eq!(
            extension.get("valueString").unwrap().path(),
            "Immunization.occurrence.extension[0].value"
        );
    }

    #[test]
    fn what_is_not_allowed_is_named() {
        let patient = json!({"resourceType": "Patient", "active": true, "photo": [{}], "_active": {"id": "x"}});
        let issues = Node::root(&patient).only(&["active"]);
        let paths: Vec<_> = issues
            .iter()
            .map(|issue| issue.expression.as_deref())
            .collect();
        assert_eq!(paths, [Some("Patient.photo"), Some("Patient.active")]);
        assert!(
            issues
                .iter()
                .all(|issue| issue.code == Code::UnsupportedElement)
        );
    }

    #[test]
    fn a_choice_is_found_by_its_base() {
        let extension = json!({"url": "u", "valueSetting": "no", "valueBoolean": true});
        let node = Node::at(&extension, "Patient.extension[0]");
        assert_eq!(node.bool("valueBoolean"), Some(true));
        assert_eq!(node.choice("value").map(|(kind, _)| kind), Some("Setting"));
        assert!(node.choice("val").is_none());
    }
}
