//! The walk over primitives: a value, a list of values, and the ids and extensions beside them.

use serde_json::Value;

use super::path::Path;
use super::primitive::{Fault, Json, Primitive};
use super::table::{Field, TABLE};
use super::tell::{BOOLEAN, EMPTY, LONG, NULL, NUMBER, SINGLE, STRING, UNEVEN, Walk};
use crate::error::{Code, Issue};

impl Walk {
    /// Values of a primitive and what stands beside them.
    pub(super) fn values(
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
    pub(super) fn only_beside(&mut self, beside: &Value, field: &Field, path: &Path<'_>) {
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

    /// One value of a primitive.
    pub(super) fn primitive(
        &mut self,
        value: &Value,
        field: &Field,
        primitive: Primitive,
        path: &Path<'_>,
    ) {
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

    /// A code is one of its closed list.
    fn code(&mut self, code: &str, field: &Field, path: &Path<'_>) {
        let list = TABLE.list(field);
        if let Some(list) = list.filter(|list| !list.codes.contains(&code)) {
            let issue = Issue::new(Code::CodeInvalid).at(path.write());
            self.say(issue.with("value", shown(code)).with("list", list.name));
        }
    }
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
