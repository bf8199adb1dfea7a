//! The attributes that FHIR knows: `value` of a primitive, `id` of an element, `url` of an extension.

use serde_json::{Map, Value};

use super::Reader;
use crate::translate::cda::attributes;
use crate::translate::cda::fault::{Fault, words};
use crate::translate::wire::path::Path;
use crate::translate::wire::table::Type;

/// Namespaces that one element may declare.
const MAX_DECLARED: usize = 16;

impl Reader<'_> {
    /// Those of an element with children.
    pub(super) fn attributes(
        &mut self,
        kind: &Type,
        members: &mut Map<String, Value>,
        path: &Path<'_>,
    ) {
        let mut others = Vec::new();
        for (name, raw) in self.walker.written_attributes() {
            match name {
                "id" if !kind.is_resource => {}
                "url" if kind.name == "Extension" => {}
                _ if says_nothing(name) => continue,
                _ => {
                    others.push(name);
                    continue;
                }
            }
            let text = attributes::value(raw).into_owned();
            members.insert(name.to_owned(), text.into());
        }
        for name in others {
            self.unknown(self.walker.at(), name, kind, path);
        }
    }

    /// Value and id of a primitive.
    pub(super) fn valued(&mut self, path: &Path<'_>) -> (Option<String>, Option<String>) {
        let (mut value, mut id) = (None, None);
        let mut others = Vec::new();
        for (name, raw) in self.walker.written_attributes() {
            match name {
                "value" => value = Some(attributes::value(raw).into_owned()),
                "id" => id = Some(attributes::value(raw).into_owned()),
                _ if says_nothing(name) => {}
                _ => others.push(name),
            }
        }
        self.unknown_attributes(others, path);
        (value, id)
    }

    /// None is known here.
    pub(super) fn no_attributes(&mut self, path: &Path<'_>) {
        let written = self.walker.written_attributes().map(|(name, _)| name);
        let others = written.filter(|name| !says_nothing(name)).collect();
        self.unknown_attributes(others, path);
    }

    pub(super) fn unknown_attributes(&mut self, names: Vec<&str>, path: &Path<'_>) {
        let Some(kind) = self.table.get("Element") else {
            return;
        };
        for name in names {
            self.unknown(self.walker.at(), name, kind, path);
        }
    }

    /// Every element is looked up among the namespaces declared above it, so these must stay few.
    pub(super) fn few_namespaces(&self) -> Result<(), Fault> {
        let names = self.walker.written_attributes().map(|(name, _)| name);
        if names.filter(|name| declares(name)).count() > MAX_DECLARED {
            return Err(Fault::new(self.walker.at(), words::TOO_MANY_ATTRIBUTES));
        }
        Ok(())
    }
}

/// A namespace, or where a schema is.
fn says_nothing(name: &str) -> bool {
    declares(name) || name == "xsi:schemaLocation"
}

fn declares(name: &str) -> bool {
    name == "xmlns" || name.starts_with("xmlns:")
}
