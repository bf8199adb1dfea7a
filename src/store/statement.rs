//! A statement being written, and the values bound to it.

use std::borrow::Cow;

use uuid::Uuid;

/// A statement being written: text and values grow together.
#[derive(Debug, Default)]
pub(super) struct Statement<'a> {
    /// The text.
    pub(super) text: String,
    /// Its values, in the order of their placeholders.
    pub(super) values: Vec<Value<'a>>,
}

impl<'a> Statement<'a> {
    /// Starts a statement.
    pub(super) fn new(text: &str) -> Self {
        let mut start = String::with_capacity(512);
        start.push_str(text);
        Self {
            text: start,
            values: Vec::new(),
        }
    }

    /// Adds text.
    pub(super) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a value.
    pub(super) fn bind(&mut self, value: impl Into<Value<'a>>) -> &mut Self {
        self.values.push(value.into());
        self.placeholder(self.values.len());
        self
    }

    /// Adds a list of values in brackets; an empty list holds nothing.
    pub(super) fn list<V: Into<Value<'a>>>(
        &mut self,
        values: impl IntoIterator<Item = V>,
    ) -> &mut Self {
        self.text.push('(');
        let start = self.values.len();
        for value in values {
            if self.values.len() > start {
                self.text.push(',');
            }
            self.bind(value);
        }
        if self.values.len() == start {
            self.text.push_str("NULL");
        }
        self.text.push(')');
        self
    }

    /// Adds the place of a value by its number.
    pub(super) fn placeholder(&mut self, number: usize) {
        self.text.push('$');
        digits(&mut self.text, number);
    }
}

/// Appends a number: the formatting machinery would show in a search of a hundred placeholders.
fn digits(text: &mut String, number: usize) {
    if number >= 10 {
        digits(text, number / 10);
    }
    text.push(char::from(b"0123456789"[number % 10]));
}

/// A value bound to a statement.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    /// A number, a time, a truth value.
    Int(Option<i64>),
    /// A text.
    Text(Option<Cow<'a, str>>),
    /// Bytes, ids included.
    Bytes(Option<Cow<'a, [u8]>>),
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<u32> for Value<'_> {
    fn from(value: u32) -> Self {
        Self::Int(Some(i64::from(value)))
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Int(Some(i64::from(value)))
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(value: Option<i64>) -> Self {
        Self::Int(value)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(Some(Cow::Borrowed(value)))
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(Some(Cow::Borrowed(value)))
    }
}

impl From<String> for Value<'_> {
    fn from(value: String) -> Self {
        Self::Text(Some(Cow::Owned(value)))
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(value: Option<&'a str>) -> Self {
        Self::Text(value.map(Cow::Borrowed))
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(Some(Cow::Borrowed(value)))
    }
}

impl<'a> From<&'a Uuid> for Value<'a> {
    fn from(value: &'a Uuid) -> Self {
        Self::Bytes(Some(Cow::Borrowed(value.as_bytes())))
    }
}

impl From<Uuid> for Value<'_> {
    fn from(value: Uuid) -> Self {
        Self::Bytes(Some(Cow::Owned(value.as_bytes().to_vec())))
    }
}
