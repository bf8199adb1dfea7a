//! Bytes to tree: JSON with bounded depth and size, numbers as written, and no member written twice.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::{MAX_DEPTH, MAX_NODES};
use crate::error::{Code, Error, Issue};

/// Reads one JSON text (UTF-8, byte order mark tolerated).
///
/// # Errors
/// `malformed` with line and column, and what is wrong beyond syntax; never with content.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, Error> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let (line, column) = place(bytes.get(..error.valid_up_to()).unwrap_or_default());
        malformed(line, column, Some("UTF-8"))
    })?;
    let state = State::default();
    let mut source = serde_json::Deserializer::from_str(text);
    let seed = Tree {
        state: &state,
        depth: 0,
    };
    let read = seed.deserialize(&mut source);
    read.and_then(|value| source.end().map(|()| value))
        .map_err(|error| malformed(error.line(), error.column(), state.why.get()))
}

fn place(before: &[u8]) -> (usize, usize) {
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|byte| **byte != b'\n');
    (line, column.count() + 1)
}

fn malformed(line: usize, column: usize, why: Option<&'static str>) -> Error {
    let detail = match why {
        Some(why) => format!("{line}:{column}, {why}"),
        None => format!("{line}:{column}"),
    };
    Issue::new(Code::Malformed).with("detail", detail).into()
}

#[derive(Default)]
struct State {
    nodes: Cell<usize>,
    why: Cell<Option<&'static str>>,
}

impl State {
    fn refuse<E: serde::de::Error>(&self, why: &'static str) -> E {
        self.why.set(Some(why));
        E::custom(why)
    }
}

/// Reads one value at a depth.
#[derive(Clone, Copy)]
struct Tree<'s> {
    state: &'s State,
    depth: usize,
}

impl Tree<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(self.state.refuse("depth > 64"));
        }
        let depth = self.depth + 1;
        Ok(Self { depth, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Value, D::Error> {
        let nodes = self.state.nodes.get() + 1;
        if nodes > MAX_NODES {
            return Err(self.state.refuse("values > 100000"));
        }
        self.state.nodes.set(nodes);
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(key) = members.next_key_seed(KeySeed)? {
            let Key::Name(name) = key else {
                let text = members.next_value::<String>()?;
                let number: Number = text.parse().map_err(A::Error::custom)?;
                return Ok(Value::Number(number));
            };
            let value = members.next_value_seed(inner)?;
            if object.insert(name, value).is_some() {
                return Err(self.state.refuse("duplicate key"));
            }
        }
        Ok(Value::Object(object))
    }
}

enum Key {
    Name(String),
    Number,
}

/// With `arbitrary_precision`, `serde_json` shows a number as an object with one reserved key. Asked for bytes, it gives a real key
/// as bytes and the reserved one as a string, so that a client that writes the reserved key is not believed.
struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Key, D::Error> {
        source.deserialize_bytes(self)
    }
}

impl Visitor<'_> for KeySeed {
    type Value = Key;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_str<E>(self, _reserved: &str) -> Result<Key, E> {
        Ok(Key::Number)
    }

    fn visit_bytes<E: serde::de::Error>(self, name: &[u8]) -> Result<Key, E> {
        let name = std::str::from_utf8(name).map_err(|_| E::custom("key"))?;
        Ok(Key::Name(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn detail(text: &[u8]) -> String {
        let error = parse(text).expect_err("refused");
        assert_eq!(error.code(), Code::Malformed);
        error.issues[0].params[0].1.clone()
    }

    #[test]
    fn numbers_keep_their_text() {
        let text = r#"{"a":[0.50,1.0,-0,-7,1e+5,12345678901234567890123.0],"b":null,"c":"é"}"#;
        assert_eq!(parse(text.as_bytes()).unwrap().to_string(), text);
        assert!(parse(format!("\u{FEFF}{text}").as_bytes()).is_ok());
    }

    #[test]
    fn what_is_wrong_is_told_by_place_only() {
        assert_eq!(detail(b"{\"a\":\n  ~}"), "2:3");
        assert_eq!(detail(b"{\"a\":1} x"), "1:9");
        assert_eq!(detail(b""), "1:0");
        assert_eq!(detail(b"[1,\n\"\xFF\"]"), "2:2, UTF-8");
        assert_eq!(
            detail(b"{\"Dupont\":1,\"Dupont\":2}"),
            "1:23, duplicate key"
        );
        assert_eq!(detail(br#"{"a":1,"\u0061":2}"#), "1:18, duplicate key");
        assert_eq!(detail(br#"{"\ud800":2}"#), "1:9");
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert!(detail(nested(MAX_DEPTH + 1).as_bytes()).ends_with("depth > 64"));
        assert!(detail("[".repeat(100_000).as_bytes()).ends_with("depth > 64"));
        let wide = |count: usize| format!("[{}0]", "0,".repeat(count - 2));
        assert!(parse(wide(MAX_NODES).as_bytes()).is_ok());
        assert!(detail(wide(MAX_NODES + 1).as_bytes()).ends_with("values > 100000"));
    }

    #[test]
    fn the_reserved_key_of_numbers_means_nothing() {
        let text = r#"{"$serde_json::private::Number":"1"}"#;
        assert!(parse(text.as_bytes()).unwrap().is_object());
    }
}
