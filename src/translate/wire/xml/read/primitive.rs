//! A primitive: `value`, and the id and extensions that JSON writes beside it.

use serde_json::{Map, Number, Value};

use super::Reader;
use crate::translate::cda::fault::Fault;
use crate::translate::wire::path::Path;
use crate::translate::wire::primitive::Primitive;
use crate::translate::wire::table::{Field, Kind};

impl Reader<'_> {
    /// Its value and what stands beside it; an empty element leaves an empty object there, which the check refuses.
    pub(super) fn primitive(
        &mut self,
        kind: Primitive,
        field: &'static Field,
        path: &Path<'_>,
    ) -> Result<(Option<Value>, Option<Value>), Fault> {
        let (value, id) = self.valued(path);
        let value = value.map(|text| typed(kind, text));
        let mut beside = Map::new();
        if let Some(id) = id {
            beside.insert("id".into(), id.into());
        }
        if let Some(element) = self.table.get("Element") {
            self.children(element, &mut beside, path)?;
        }
        if matches!(field.kind, Kind::Plain(_)) {
            // The id of a resource has nothing beside it.
            for name in beside.keys() {
                self.unknown_attributes(vec![name], path);
            }
            return Ok((Some(value.unwrap_or_default()), None));
        }
        let needed = !beside.is_empty() || value.is_none();
        Ok((value, needed.then_some(Value::Object(beside))))
    }
}

/// The JSON value of a text; what is no number stays a text, which the check refuses.
fn typed(kind: Primitive, text: String) -> Value {
    match (kind, text.as_str()) {
        (Primitive::Boolean, "true") => Value::Bool(true),
        (Primitive::Boolean, "false") => Value::Bool(false),
        (
            Primitive::Integer
            | Primitive::UnsignedInt
            | Primitive::PositiveInt
            | Primitive::Decimal,
            number,
        ) => match number.parse::<Number>() {
            Ok(number) => Value::Number(number),
            Err(_) => Value::String(text),
        },
        _ => Value::String(text),
    }
}

/// A list of primitives none of which has a value is only written beside.
pub(super) fn without_empty_lists(members: &mut Map<String, Value>) {
    let is_empty = |value: &Value| match value {
        Value::Array(items) => items.iter().all(Value::is_null),
        _ => false,
    };
    members.retain(|_, value| !is_empty(value));
}
