//! The walk over a tree, element by element of the table.

use serde_json::{Map, Value};

use super::path::Path;
use super::primitive::{Fault, Json, Primitive};
use super::table::{Field, Kind, TABLE, Type};
use super::{MAX_DEPTH, MAX_ISSUES};
use crate::error::{Code, Issue};

/// French and English.
type Why = (&'static str, &'static str);

const EMPTY: Why = ("il est vide", "it is empty");
const OBJECT: Why = ("un objet est attendu", "an object is expected");
const ARRAY: Why = ("une liste est attendue", "an array is expected");
const SINGLE: Why = ("une seule valeur est attendue", "one value is expected");
const STRING: Why = ("une chaîne est attendue", "a string is expected");
const NUMBER: Why = ("un nombre est attendu", "a number is expected");
const BOOLEAN: Why = ("un booléen est attendu", "a boolean is expected");
const NULL: Why = ("null n'est pas permis ici", "null is not allowed here");
const LONG: Why = ("plus d'un mébioctet", "over one mebibyte");
const TWICE: Why = (
    "le choix n'admet qu'une valeur",
    "a choice holds one value only",
);
const NO_KIND: Why = (
    "ce type de valeur n'est pas permis",
    "this type of value is not allowed",
);
const UNEVEN: Why = (
    "les valeurs et leurs extensions ne se correspondent pas",
    "values and their extensions do not run in parallel",
);
const NESTED: Why = (
    "une ressource contenue n'en contient pas d'autre",
    "a contained resource contains no other",
);
const TARGET: Why = (
    "la référence ne peut pas viser ce type de ressource",
    "the reference may not point to this type of resource",
);
const DEEP: Why = ("trop de niveaux", "too many levels");

/// Judges a resource of a given type.
pub(super) fn resource(value: &Value, resource_type: &str, at: &str) -> Vec<Issue> {
    let mut walk = Walk { issues: Vec::new() };
    let path = Path::root(at);
    match value.get("resourceType").and_then(Value::as_str) {
        Some(found) if found != resource_type => walk.invalid(
            &path.name("resourceType"),
            &format!("{resource_type} est attendu"),
            &format!("{resource_type} is expected"),
        ),
        _ => walk.resource(value, &path, Home::Free),
    }
    walk.issues
}

/// Where a resource stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Home {
    Free,
    Contained,
}

struct Walk {
    issues: Vec<Issue>,
}

impl Walk {
    fn full(&self) -> bool {
        self.issues.len() >= MAX_ISSUES
    }

    fn say(&mut self, issue: Issue) {
        if !self.full() {
            self.issues.push(issue);
        }
    }

    fn tell(&mut self, code: Code, path: &Path<'_>) {
        self.say(Issue::new(code).at(path.write()));
    }

    fn invalid(&mut self, path: &Path<'_>, fr: &str, en: &str) {
        let issue = Issue::new(Code::ElementInvalid).at(path.write());
        self.say(issue.detail(fr, en));
    }

    fn wrong(&mut self, path: &Path<'_>, (fr, en): Why) {
        self.invalid(path, fr, en);
    }

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

    fn object(&mut self, value: &Value, kind: &Type, path: &Path<'_>) {
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
                self.unknown(key, kind, path);
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
                _ if is_beside => self.unknown(key, kind, path),
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

    fn unknown(&mut self, key: &str, kind: &Type, path: &Path<'_>) {
        if let Some(slot) = kind.choice(key.strip_prefix('_').unwrap_or(key)) {
            return self.wrong(&path.name(slot.name), NO_KIND);
        }
        // A name that does not look like one is not repeated.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if !key.is_empty() && key.len() <= 64 && key.bytes().all(plain) {
            self.tell(Code::UnsupportedElement, &path.name(key));
        } else {
            self.tell(Code::UnsupportedElement, path);
        }
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

    fn list<'v>(&mut self, value: &'v Value, path: &Path<'_>) -> &'v [Value] {
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

    /// Values of a primitive and what stands beside them.
    fn values(
        &mut self,
        value: &Value,
        beside: Option<&Value>,
        field: &Field,
        primitive: Primitive,
        path: &Path<'_>,
    ) {
        if !field.many {
            self.primitive(value, field, primitive, path);
            if let Some(beside) = beside {
                self.beside(beside, field, true, path);
            }
            return;
        }
        let items = self.list(value, path);
        let besides = beside.map_or(&[][..], |beside| self.list(beside, path));
        if !besides.is_empty() && besides.len() != items.len() {
            self.wrong(path, UNEVEN);
        }
        for (index, item) in items.iter().enumerate() {
            let path = path.index(index);
            let beside = besides.get(index).filter(|beside| !beside.is_null());
            if !item.is_null() || beside.is_none() {
                self.primitive(item, field, primitive, &path);
            }
            if let Some(beside) = beside {
                self.beside(beside, field, !item.is_null(), &path);
            }
        }
    }

    /// Primitives without value.
    fn only_beside(&mut self, beside: &Value, field: &Field, path: &Path<'_>) {
        if !field.many {
            return self.beside(beside, field, false, path);
        }
        for (index, item) in self.list(beside, path).iter().enumerate() {
            self.beside(item, field, false, &path.index(index));
        }
    }

    /// Id and extensions of a primitive; without value there must be an extension (ele-1).
    fn beside(&mut self, beside: &Value, field: &Field, has_value: bool, path: &Path<'_>) {
        let Some(kind) = TABLE.inside(field) else {
            return;
        };
        self.object(beside, kind, path);
        let members = beside.as_object().filter(|members| !members.is_empty());
        if !has_value && members.is_some_and(|members| !members.contains_key("extension")) {
            self.wrong(path, EMPTY);
        }
    }

    fn primitive(&mut self, value: &Value, field: &Field, primitive: Primitive, path: &Path<'_>) {
        match (value, primitive.check(value)) {
            (Value::Null, _) => self.wrong(path, NULL),
            (Value::Array(_), _) => self.wrong(path, SINGLE),
            (_, Err(Fault::Json(Json::Boolean))) => self.wrong(path, BOOLEAN),
            (_, Err(Fault::Json(Json::Number))) => self.wrong(path, NUMBER),
            (_, Err(Fault::Json(Json::String))) => self.wrong(path, STRING),
            (_, Err(Fault::Empty)) => self.wrong(path, EMPTY),
            (_, Err(Fault::TooLong)) => self.wrong(path, LONG),
            (_, Err(Fault::Form)) => {
                let name = primitive.name();
                let fr = format!("il n'a pas la forme du type {name}");
                self.invalid(path, &fr, &format!("it does not have the form of {name}"));
            }
            (Value::String(code), Ok(())) => self.code(code, field, path),
            (_, Ok(())) => {}
        }
    }

    fn code(&mut self, code: &str, field: &Field, path: &Path<'_>) {
        let list = TABLE.list(field);
        if let Some(list) = list.filter(|list| !list.codes.contains(&code)) {
            let issue = Issue::new(Code::CodeInvalid).at(path.write());
            self.say(issue.with("value", shown(code)).with("list", list.name));
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

/// A code as the answer repeats it: only what looks like a code of a list, and never a run of digits that could be somebody's number.
fn shown(code: &str) -> &str {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    let digits = code.bytes().filter(u8::is_ascii_digit).count();
    if code.len() <= 64 && digits <= 4 && code.bytes().all(plain) {
        code
    } else {
        "?"
    }
}
