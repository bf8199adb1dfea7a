//! One element, by what the table says that it holds.

use serde_json::{Map, Value};

use super::{DEEP, Reader, blank};
use crate::translate::cda::fault::Fault;
use crate::translate::cda::walk::{Node, Ns, Tag};
use crate::translate::wire::MAX_DEPTH;
use crate::translate::wire::path::Path;
use crate::translate::wire::table::{Field, Kind};
use crate::translate::wire::tell::{EMPTY, NAMESPACE, SINGLE, TEXT};
use crate::translate::wire::xml::xhtml;

impl<'a> Reader<'a> {
    pub(super) fn single(
        &mut self,
        tag: Tag<'a>,
        field: &'static Field,
        members: &mut Map<String, Value>,
        path: &Path<'_>,
    ) -> Result<(), Fault> {
        if let Kind::Primitive(kind) | Kind::Plain(kind) = field.kind
            && !field.is_xhtml()
        {
            let (value, beside) = self.primitive(kind, field, path)?;
            if let Some(value) = value {
                members.insert(field.name.clone(), value);
            }
            if let Some(beside) = beside {
                members.insert(format!("_{}", field.name), beside);
            }
            return Ok(());
        }
        if let Some(value) = self.complex(tag, field, path)? {
            members.insert(field.name.clone(), value);
        }
        Ok(())
    }

    /// One of a list; true when something stands beside a primitive.
    pub(super) fn repeated(
        &mut self,
        tag: Tag<'a>,
        field: &'static Field,
        members: &mut Map<String, Value>,
        path: &Path<'_>,
    ) -> Result<bool, Fault> {
        let list = members.get(&field.name).and_then(Value::as_array);
        let index = list.map_or(0, Vec::len);
        let here = path.index(index);
        self.note(&here, tag.at);
        let (value, beside) = match field.kind {
            Kind::Primitive(kind) | Kind::Plain(kind) => {
                let (value, beside) = self.primitive(kind, field, &here)?;
                (value.unwrap_or(Value::Null), beside)
            }
            _ => match self.complex(tag, field, &here)? {
                Some(value) => (value, None),
                None => return Ok(false),
            },
        };
        push(members, &field.name, value);
        let aside = format!("_{}", field.name);
        let any_beside = beside.is_some();
        if any_beside || members.contains_key(&aside) {
            let known = members.get(&aside).and_then(Value::as_array);
            for _ in known.map_or(0, Vec::len)..index {
                push(members, &aside, Value::Null);
            }
            push(members, &aside, beside.unwrap_or(Value::Null));
        }
        Ok(any_beside)
    }

    /// An element with children, a resource or a narrative.
    fn complex(
        &mut self,
        tag: Tag<'a>,
        field: &'static Field,
        path: &Path<'_>,
    ) -> Result<Option<Value>, Fault> {
        match field.kind {
            Kind::Complex(_) => {
                let mut members = Map::new();
                if let Some(kind) = self.table.inside(field) {
                    self.attributes(kind, &mut members, path);
                    self.children(kind, &mut members, path)?;
                }
                Ok(Some(Value::Object(members)))
            }
            Kind::Resource => {
                self.no_attributes(path);
                self.held(tag, path)
            }
            Kind::Primitive(_) | Kind::Plain(_) => {
                let text = self.text;
                xhtml::read(self, tag, text).map(|div| Some(Value::String(div)))
            }
        }
    }

    /// The one resource inside an element.
    fn held(&mut self, outer: Tag<'a>, path: &Path<'_>) -> Result<Option<Value>, Fault> {
        if path.depth >= MAX_DEPTH {
            return Err(Fault::new(outer.at, DEEP));
        }
        let (mut found, mut count) = (None, 0);
        loop {
            match self.next()? {
                Node::Start(tag) => {
                    count += 1;
                    if count > 1 {
                        self.wrong(tag.at, path, SINGLE);
                        self.skip()?;
                    } else if tag.ns == Ns::Fhir && self.holds_document(tag, path) {
                        found = self.document(tag, path)?;
                    } else if tag.ns == Ns::Fhir {
                        found = self.resource(tag, path)?;
                    } else {
                        self.wrong(tag.at, path, NAMESPACE);
                        self.skip()?;
                    }
                }
                Node::End | Node::Done => break,
                Node::Text(text) if blank(text) => {}
                Node::Text(_) | Node::Char(_) => self.wrong(self.walker.at(), path, TEXT),
            }
        }
        if count == 0 {
            self.wrong(outer.at, path, EMPTY);
        }
        Ok(found)
    }
}

fn push(members: &mut Map<String, Value>, name: &str, value: Value) {
    match members.get_mut(name) {
        Some(Value::Array(items)) => items.push(value),
        _ => {
            members.insert(name.to_owned(), Value::Array(vec![value]));
        }
    }
}
