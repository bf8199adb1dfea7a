//! The walk over a tree, element by element of the table.

use serde_json::{Map, Value};

use super::MAX_DEPTH;
use super::path::Path;
use super::table::{Field, Kind, TABLE, Type};
use super::tell::{
    ARRAY, DEEP, EMPTY, NESTED, NO_KIND, NULL, OBJECT, SINGLE, STRING, TARGET, TWICE, Walk,
};
use crate::error::{Code, Issue};

/// Judges a resource of a given type.
pub(super) fn resource(value: &Value, resource_type: &str, at: &str) -> Vec<Issue> {
    let mut walk = Walk::default();
    let path = Path::root(at);
    match value.get("resourceType").and_then(Value::as_str) {
        Some(found) if found != resource_type => walk.invalid(
            &path.name("resourceType"),
            &format!("{resource_type} est attendu"),
            &format!("{resource_type} is expected"),
        ),
        _ => walk.resource(value, &path, Home::Free),
    }
    walk.issues()
}

/// Where a resource stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Home {
    Free,
    Contained,
}

impl Walk {
    fn resource(&mut self, value: &Value, path: &Path<'_>, home: Home) {
        let Value::Object(members) = value else {
            return self.wrong(path, OBJECT);
        };
        let name = match members.get("resourceType") {
            Some(Value::String(name)) => name,
            Some(_) => return self.wrong(&path.name("resourceType"), STRING),
            None => return self.tell(Code::ElementRequired, &path.name("resourceType")),
        };
        let Some(kind) = TABLE.get(name).filter(|kind| kind.is_resource) else {
            return self.tell(Code::UnsupportedElement, path);
        };
        if home == Home::Contained {
            if !members.contains_key("id") {
                self.tell(Code::ElementRequired, &path.name("id"));
            }
            if members.contains_key("contained") {
                self.wrong(&path.name("contained"), NESTED);
            }
        }
        self.members(members, kind, path);
    }

    pub(super) fn object(&mut self, value: &Value, kind: &Type, path: &Path<'_>) {
        match value {
            Value::Object(members) if members.is_empty() => self.wrong(path, EMPTY),
            Value::Object(members) => self.members(members, kind, path),
            Value::Array(_) => self.wrong(path, SINGLE),
            Value::Null => self.wrong(path, NULL),
            _ => self.wrong(path, OBJECT),
        }
    }

    fn members(&mut self, members: &Map<String, Value>, kind: &Type, path: &Path<'_>) {
        if path.depth >= MAX_DEPTH {
            return self.wrong(path, DEEP);
        }
        // Most objects have no member beside a primitive, and then none is looked for.
        let any_beside = members.keys().any(|key| key.starts_with('_'));
        let mut seen = 0_u64;
        for (key, value) in members {
            if self.full() {
                return;
            }
            if kind.is_resource && key == "resourceType" {
                continue;
            }
            let name = key.strip_prefix('_').unwrap_or(key);
            let is_beside = name.len() < key.len();
            let Some(field) = kind.field(name) else {
                seen |= self.unknown(key, kind, path);
                continue;
            };
            let here = path.name(kind.path_name(field));
            let bit = 1 << field.slot;
            if seen & bit != 0 && first_of(field.slot, members, kind) != Some(name) {
                self.wrong(&here, TWICE);
            }
            seen |= bit;
            match field.kind {
                Kind::Primitive(_) if is_beside && members.contains_key(name) => {}
                Kind::Primitive(_) if is_beside => self.only_beside(value, field, &here),
                Kind::Primitive(primitive) => {
                    let beside = any_beside.then(|| members.get(&format!("_{name}")));
                    self.values(value, beside.flatten(), field, primitive, &here);
                }
                _ if is_beside => {
                    self.unknown(key, kind, path);
                }
                _ => self.repeat(value, field, &here),
            }
        }
        for (index, slot) in kind.slots.iter().enumerate() {
            if slot.required && seen & (1 << index) == 0 {
                self.tell(Code::ElementRequired, &path.name(slot.name));
            }
        }
        if kind.name == "Extension" {
            self.extension(members, kind, seen, path);
        }
    }

    /// Either a value or extensions (ext-1).
    fn extension(&mut self, members: &Map<String, Value>, kind: &Type, seen: u64, path: &Path<'_>) {
        let value = kind.slots.iter().position(|slot| slot.choice);
        let has_value = value.is_some_and(|slot| seen & (1 << slot) != 0);
        match (has_value, members.contains_key("extension")) {
            (true, true) => self.wrong(&path.name("value"), TWICE),
            (false, false) => self.tell(Code::ElementRequired, &path.name("value")),
            _ => {}
        }
    }

    /// Tells a member that the table does not know; gives the bit of the choice that it tried to fill.
    pub(super) fn unknown(&mut self, key: &str, kind: &Type, path: &Path<'_>) -> u64 {
        let choice = kind.choice(key.strip_prefix('_').unwrap_or(key));
        if let Some((index, slot)) = choice.and_then(|at| Some((at, kind.slots.get(at)?))) {
            self.wrong(&path.name(slot.name), NO_KIND);
            return 1 << index;
        }
        // A name that does not look like one is not repeated.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if !key.is_empty() && key.len() <= 64 && key.bytes().all(plain) {
            self.tell(Code::UnsupportedElement, &path.name(key));
        } else {
            self.tell(Code::UnsupportedElement, path);
        }
        0
    }

    /// Something else than a primitive, once or in a list.
    fn repeat(&mut self, value: &Value, field: &Field, path: &Path<'_>) {
        if !field.many {
            return self.one(value, field, path);
        }
        for (index, item) in self.list(value, path).iter().enumerate() {
            self.one(item, field, &path.index(index));
        }
    }

    pub(super) fn list<'v>(&mut self, value: &'v Value, path: &Path<'_>) -> &'v [Value] {
        match value {
            Value::Array(items) if items.is_empty() => self.wrong(path, EMPTY),
            Value::Array(items) => return items,
            Value::Null => self.wrong(path, NULL),
            _ => self.wrong(path, ARRAY),
        }
        &[]
    }

    fn one(&mut self, value: &Value, field: &Field, path: &Path<'_>) {
        match field.kind {
            Kind::Primitive(primitive) | Kind::Plain(primitive) => {
                self.primitive(value, field, primitive, path);
            }
            Kind::Resource if field.name == "contained" => {
                self.resource(value, path, Home::Contained);
            }
            Kind::Resource => self.resource(value, path, Home::Free),
            Kind::Complex(_) => {
                let Some(kind) = TABLE.inside(field) else {
                    return;
                };
                self.object(value, kind, path);
                self.target(value, field, path);
            }
        }
    }

    /// A relative reference names the type of its target.
    fn target(&mut self, value: &Value, field: &Field, path: &Path<'_>) {
        let reference = value.get("reference").and_then(Value::as_str);
        let Some((target, _)) = reference.and_then(|text| text.split_once(['/', '?'])) else {
            return;
        };
        let named = target.starts_with(|first: char| first.is_ascii_uppercase())
            && target.bytes().all(|byte| byte.is_ascii_alphabetic());
        if named && !field.targets.is_empty() && !field.targets.contains(&target) {
            self.wrong(&path.name("reference"), TARGET);
        }
    }
}

/// The first member that fills a slot, by the name of its value.
fn first_of<'m>(slot: usize, members: &'m Map<String, Value>, kind: &Type) -> Option<&'m str> {
    members
        .keys()
        .map(|key| key.strip_prefix('_').unwrap_or(key))
        .find(|name| kind.field(name).is_some_and(|field| field.slot == slot))
}
