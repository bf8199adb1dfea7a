//! Resources made from the table, whatever it says: they pass, and stop passing when something is added or taken away.
#![allow(clippy::unwrap_used, clippy::panic)]

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::primitive::Primitive;
use super::table::{Field, Kind, TABLE, Type};
use super::{Node, check, read_json};
use crate::error::{Code, Issue};

/// A small generator of choices (xorshift), so that one number stands for one resource.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }

    fn resource(&mut self, kind: &Type, depth: usize, contained: bool) -> Value {
        let mut members = Map::new();
        members.insert("resourceType".into(), kind.name.into());
        if contained {
            members.insert("id".into(), "a".into());
        }
        self.fill(&mut members, kind, depth, contained);
        Value::Object(members)
    }

    fn fill(
        &mut self,
        members: &mut Map<String, Value>,
        kind: &Type,
        depth: usize,
        contained: bool,
    ) {
        for (index, slot) in kind.slots.iter().enumerate() {
            let extension = kind.name == "Extension";
            let wanted = slot.required || (extension && slot.choice);
            let refused = (contained && ["id", "contained"].contains(&slot.name))
                || (extension && slot.name == "extension");
            if refused || !(wanted || self.roll(8 + 16 * depth) < 2) {
                continue;
            }
            let fields: Vec<_> = kind
                .fields
                .iter()
                .filter(|field| field.slot == index)
                .collect();
            // The deeper, the simpler.
            let simple: Vec<_> = fields
                .iter()
                .copied()
                .filter(|field| depth < 4 || matches!(field.kind, Kind::Primitive(_)))
                .collect();
            let fields = if simple.is_empty() { fields } else { simple };
            let field = fields[self.roll(fields.len())];
            self.member(members, field, depth);
        }
    }

    fn member(&mut self, members: &mut Map<String, Value>, field: &Field, depth: usize) {
        let count = 1 + usize::from(field.many) * self.roll(3);
        let mut values: Vec<_> = (0..count).map(|_| self.value(field, depth)).collect();
        let beside = matches!(field.kind, Kind::Primitive(_)) && self.roll(10) == 0;
        if beside {
            let extension = json!({"extension": [{"url": "u", "valueCode": "unknown"}]});
            let last = values.len() - 1;
            let mut besides = vec![Value::Null; count];
            besides[last] = extension;
            if field.many {
                values[last] = Value::Null;
            }
            let written = if field.many {
                besides.into()
            } else {
                besides.pop().unwrap()
            };
            members.insert(format!("_{}", field.name), written);
            if values == [Value::Null] {
                return;
            }
        }
        let value = if field.many {
            values.into()
        } else {
            values.pop().unwrap()
        };
        members.insert(field.name.clone(), value);
    }

    fn value(&mut self, field: &Field, depth: usize) -> Value {
        match field.kind {
            Kind::Primitive(_) | Kind::Plain(_) if TABLE.list(field).is_some() => {
                let codes = &TABLE.list(field).unwrap().codes;
                codes[self.roll(codes.len())].into()
            }
            Kind::Primitive(primitive) | Kind::Plain(primitive) => sample(primitive),
            Kind::Resource => {
                let all = TABLE.resources();
                let kind = all[self.roll(all.len())];
                self.resource(kind, depth + 2, field.name == "contained")
            }
            Kind::Complex(_) => {
                let kind = TABLE.inside(field).unwrap();
                let mut members = Map::new();
                self.fill(&mut members, kind, depth + 1, false);
                if members.is_empty() {
                    members.insert("id".into(), "a".into());
                }
                Value::Object(members)
            }
        }
    }
}

fn sample(primitive: Primitive) -> Value {
    match primitive {
        Primitive::Boolean => true.into(),
        Primitive::Integer => (-1).into(),
        Primitive::UnsignedInt => 0.into(),
        Primitive::PositiveInt => 1.into(),
        Primitive::Decimal => serde_json::from_str("0.50").unwrap(),
        Primitive::Oid => "urn:oid:1.2.3".into(),
        Primitive::Uuid => "urn:uuid:00000000-0000-4000-8000-000000000000".into(),
        Primitive::Date => "2024-02".into(),
        Primitive::DateTime | Primitive::Instant => "2024-02-29T10:00:00.0+01:00".into(),
        Primitive::Time => "10:00:00".into(),
        Primitive::Base64Binary => "QQ==".into(),
        Primitive::Xhtml => "<div>a</div>".into(),
        _ => "a".into(),
    }
}

fn made(which: usize, seed: u64) -> (&'static Type, Value) {
    let all = TABLE.resources();
    let kind = all[which % all.len()];
    let kind = TABLE.get(kind.name).unwrap();
    (kind, Dice(seed | 1).resource(kind, 0, false))
}

/// Pointers of all objects of a tree.
fn objects(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.push(at.to_owned());
            members
                .iter()
                .for_each(|(key, child)| objects(child, &format!("{at}/{key}"), found));
        }
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(index, child)| objects(child, &format!("{at}/{index}"), found)),
        _ => {}
    }
}

proptest! {
    #[test]
    fn what_the_table_makes_passes(which in any::<usize>(), seed in any::<u64>()) {
        let (kind, value) = made(which, seed);
        let read = read_json(value.to_string().as_bytes(), kind.name);
        prop_assert_eq!(read, Ok(value));
    }

    #[test]
    fn an_unknown_element_is_always_told(which in any::<usize>(), seed in any::<u64>(), place in any::<usize>()) {
        let (kind, mut value) = made(which, seed);
        let mut places = Vec::new();
        objects(&value, "", &mut places);
        let place = &places[place % places.len()];
        let members = value.pointer_mut(place).and_then(Value::as_object_mut).unwrap();
        members.insert("zzUnknown".into(), json!(1));
        // The cursor finds its path by its own way.
        let path = Node::root(&value).at_pointer(place).path_of("zzUnknown");
        let issue = Issue::new(Code::UnsupportedElement).at(path);
        prop_assert_eq!(check(&value, kind.name, kind.name), vec![issue]);
    }

    #[test]
    fn a_missing_element_is_always_told(which in any::<usize>(), seed in any::<u64>(), slot in any::<usize>()) {
        let (kind, mut value) = made(which, seed);
        let required: Vec<_> = (0..kind.slots.len()).filter(|slot| kind.slots[*slot].required).collect();
        if required.is_empty() {
            return Ok(());
        }
        let slot = required[slot % required.len()];
        let members = value.as_object_mut().unwrap();
        members.retain(|key, _| {
            let field = kind.field(key.strip_prefix('_').unwrap_or(key));
            field.is_none_or(|field| field.slot != slot)
        });
        let path = format!("{}.{}", kind.name, kind.slots[slot].name);
        let issue = Issue::new(Code::ElementRequired).at(path);
        prop_assert_eq!(check(&value, kind.name, kind.name), vec![issue]);
    }
}
