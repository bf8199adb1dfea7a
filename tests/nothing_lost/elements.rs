//! Everything that R4 lets stand in a resource: one more element at each place, one other value for each text.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

/// What a member of an object may hold.
pub struct Element {
    /// JSON name.
    pub name: String,
    /// FHIRPath name.
    pub path: String,
    pub kind: &'static str,
    pub many: bool,
    pub required: bool,
    pub list: &'static str,
}

/// Elements by type, in R4's order.
pub static TYPES: LazyLock<HashMap<&'static str, Vec<Element>>> = LazyLock::new(|| {
    let mut types: HashMap<_, Vec<Element>> = HashMap::new();
    let table = include_str!("../../mappings/r4-elements.csv");
    let rows = table.lines().filter(|line| !line.starts_with('#')).skip(1);
    for row in rows {
        let cells: Vec<&'static str> = row.split(',').collect();
        let base = cells[1].strip_suffix("[x]");
        for kind in cells[4].split(' ') {
            let name = match base {
                Some(base) => format!("{base}{}{}", kind[..1].to_uppercase(), &kind[1..]),
                None => cells[1].to_owned(),
            };
            types.entry(cells[0]).or_default().push(Element {
                name,
                path: base.unwrap_or(cells[1]).to_owned(),
                kind,
                many: cells[3] == "*",
                required: cells[2] == "1",
                list: cells[5],
            });
        }
    }
    types
});

static CODES: LazyLock<HashMap<&'static str, Vec<&'static str>>> = LazyLock::new(|| {
    let rows = include_str!("../../mappings/r4-codes.csv").lines();
    rows.filter_map(|row| row.split_once(','))
        .map(|(name, codes)| (name, codes.split(' ').collect()))
        .collect()
});

/// A resource changed in one place.
pub struct Changed {
    pub resource: Value,
    /// FHIRPath of the place.
    pub path: String,
}

/// `x` stands in every text, so that it is found where it is kept.
const SIGN: &str = "sentinelle";

/// A value of a primitive type; another one than `held`.
fn primitive(kind: &str, list: &str, held: Option<&Value>) -> Option<Value> {
    let other = |values: &[Value]| values.iter().find(|value| Some(*value) != held).cloned();
    match kind {
        "string" | "markdown" => Some(json!(SIGN)),
        "uri" | "url" | "canonical" => Some(json!(format!("urn:{SIGN}"))),
        "oid" => Some(json!("urn:oid:1.2.3.4567")),
        "uuid" => Some(json!("urn:uuid:00000000-0000-4000-8000-000000004567")),
        "id" => Some(json!(SIGN)),
        "code" => match CODES.get(list) {
            Some(codes) => {
                let codes: Vec<Value> = codes.iter().map(|code| json!(code)).collect();
                other(&codes)
            }
            None => Some(json!(SIGN)),
        },
        "boolean" => other(&[json!(true), json!(false)]),
        "integer" | "positiveInt" | "unsignedInt" => other(&[json!(4567), json!(4568)]),
        "decimal" => other(&[json!(45.5), json!(46.5)]),
        "date" => Some(json!("1907-08-09")),
        "dateTime" | "instant" => Some(json!("1907-08-09T07:08:09Z")),
        "time" => Some(json!("07:08:09")),
        "base64Binary" => Some(json!("c2VudGluZWxsZQ==")),
        "xhtml" => Some(json!(format!(
            "<div xmlns=\"http://www.w3.org/1999/xhtml\">{SIGN}</div>"
        ))),
        _ => None,
    }
}

/// Something of a type: what it must hold, or its first value.
fn sample(kind: &'static str, list: &str, depth: usize) -> Option<Value> {
    if let Some(value) = primitive(kind, list, None) {
        return Some(value);
    }
    match kind {
        "Resource" => return Some(json!({"resourceType": "Practitioner", "id": SIGN})),
        "Extension" => return Some(json!({"url": format!("urn:{SIGN}"), "valueString": SIGN})),
        "Reference" => return Some(json!({"display": SIGN})),
        "Identifier" => {
            return Some(json!({"system": "urn:oid:1.2.3.4567", "value": SIGN}));
        }
        "CodeableConcept" => {
            return Some(json!({"coding": [{"system": "urn:oid:1.2.3.4567", "code": SIGN}]}));
        }
        "Coding" => return Some(json!({"system": "urn:oid:1.2.3.4567", "code": SIGN})),
        "HumanName" => return Some(json!({"family": SIGN})),
        "Narrative" => {
            return Some(json!({"status": "generated", "div": primitive("xhtml", "", None)}));
        }
        "Meta" => return Some(json!({"tag": [{"code": SIGN}]})),
        _ if depth > 4 => return None,
        _ => {}
    }
    let elements = TYPES.get(kind)?;
    let mut members = Map::new();
    let mut add = |element: &Element| -> Option<()> {
        let value = sample(element.kind, element.list, depth + 1)?;
        let value = if element.many { json!([value]) } else { value };
        members.insert(element.name.clone(), value);
        Some(())
    };
    for element in elements.iter().filter(|element| element.required) {
        add(element)?;
    }
    if members.is_empty() {
        let first = elements
            .iter()
            .find(|element| element.name != "id" && primitive(element.kind, "", None).is_some());
        let first = first.or(elements
            .iter()
            .find(|element| !["id", "extension", "modifierExtension"].contains(&&*element.name)))?;
        let value = sample(first.kind, first.list, depth + 1)?;
        let value = if first.many { json!([value]) } else { value };
        members.insert(first.name.clone(), value);
    }
    Some(Value::Object(members))
}

/// The walk over one resource.
struct Walk<'a> {
    whole: &'a Value,
    changed: Vec<Changed>,
}

/// Every change of a resource.
pub fn changes(resource: &Value) -> Vec<Changed> {
    let kind = resource["resourceType"].as_str().expect("a resource");
    let mut walk = Walk {
        whole: resource,
        changed: Vec::new(),
    };
    walk.object(resource, kind, "", kind);
    walk.changed
}

impl Walk<'_> {
    fn object(&mut self, object: &Value, kind: &str, pointer: &str, path: &str) {
        let kind = object["resourceType"].as_str().unwrap_or(kind);
        let elements = TYPES
            .get(kind)
            .unwrap_or_else(|| panic!("{kind} at {path}"));
        let members = object.as_object().expect("an object");
        for element in elements {
            let taken =
                |other: &&Element| other.path == element.path && members.contains_key(&other.name);
            let there = elements.iter().find(taken);
            let pointer = format!("{pointer}/{}", element.name);
            let path = format!("{path}.{}", element.path);
            match members.get(&element.name) {
                None if there.is_some() => {}
                None => self.more(element, &pointer, &path, None),
                Some(Value::Array(items)) => {
                    self.more(element, &pointer, &path, Some(items.len()));
                    for (index, item) in items.iter().enumerate() {
                        let (pointer, path) =
                            (format!("{pointer}/{index}"), format!("{path}[{index}]"));
                        self.value(item, element, &pointer, &path);
                    }
                }
                Some(value) => self.value(value, element, &pointer, &path),
            }
            let is_primitive = primitive(element.kind, element.list, None).is_some();
            let beside = format!("_{}", element.name);
            let one = members
                .get(&element.name)
                .is_some_and(|value| !value.is_array());
            if is_primitive
                && one
                && element.name != "id"
                && element.kind != "xhtml"
                && !members.contains_key(&beside)
            {
                let (parent, _) = pointer.rsplit_once('/').expect("pointer");
                for value in [
                    json!({"id": SIGN}),
                    json!({"extension": [sample("Extension", "", 0)]}),
                ] {
                    self.put(&format!("{parent}/{beside}"), value, &path);
                }
            }
        }
    }

    fn value(&mut self, value: &Value, element: &Element, pointer: &str, path: &str) {
        if value.is_object() {
            return self.object(value, element.kind, pointer, path);
        }
        if let Some(other) = primitive(element.kind, element.list, Some(value)) {
            self.put(pointer, other, path);
        }
    }

    /// One element where there is none, or one more behind the others.
    fn more(&mut self, element: &Element, pointer: &str, path: &str, held: Option<usize>) {
        let Some(value) = sample(element.kind, element.list, 0) else {
            return;
        };
        match (element.many, held) {
            (true, None) => self.put(pointer, json!([value]), &format!("{path}[0]")),
            (true, Some(count)) => {
                self.put(
                    &format!("{pointer}/{count}"),
                    value,
                    &format!("{path}[{count}]"),
                );
            }
            (false, _) => self.put(pointer, value, path),
        }
    }

    fn put(&mut self, pointer: &str, value: Value, path: &str) {
        let mut resource = self.whole.clone();
        let (parent, name) = pointer.rsplit_once('/').expect("pointer");
        match resource.pointer_mut(parent).expect("parent") {
            Value::Object(members) => drop(members.insert(name.to_owned(), value)),
            Value::Array(items) => match name.parse::<usize>().expect("index") {
                index if index < items.len() => items[index] = value,
                _ => items.push(value),
            },
            _ => panic!("{pointer}"),
        }
        self.changed.push(Changed {
            resource,
            path: path.to_owned(),
        });
    }
}
