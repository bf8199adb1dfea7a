//! JSON objects in the order of their writing, without empty members.

use serde_json::{Map, Value};

/// An object under construction.
#[derive(Debug, Default)]
pub(in crate::translate) struct Object(Map<String, Value>);

impl Object {
    pub(in crate::translate) fn new() -> Self {
        Self::default()
    }

    /// A resource: `resourceType` first.
    pub(in crate::translate) fn resource(resource_type: &str) -> Self {
        Self::new().put("resourceType", resource_type)
    }

    pub(in crate::translate) fn put(mut self, name: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        if !is_empty(&value) {
            self.0.insert(name.to_owned(), value);
        }
        self
    }

    pub(in crate::translate) fn maybe(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.put(name, value),
            None => self,
        }
    }

    pub(in crate::translate) fn build(self) -> Value {
        Value::Object(self.0)
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        object.build()
    }
}

/// FHIR knows no empty string, array or object (ele-1).
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
