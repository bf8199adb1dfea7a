//! The primitive types of R4: which JSON they are and which texts they accept.

use serde_json::Value;

use super::MAX_TEXT;
use super::lexical;

/// A primitive type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Primitive {
    Boolean,
    Integer,
    UnsignedInt,
    PositiveInt,
    Decimal,
    String,
    Markdown,
    Code,
    Uri,
    Url,
    Canonical,
    Oid,
    Uuid,
    Id,
    Date,
    DateTime,
    Instant,
    Time,
    Base64Binary,
    Xhtml,
}

/// Why a value is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Not that kind of JSON.
    Json(Json),
    /// An empty string (ele-1).
    Empty,
    /// Over the size of a string.
    TooLong,
    /// Not the form of its type.
    Form,
}

/// The kinds of JSON that primitives are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Json {
    Boolean,
    Number,
    String,
}

impl Primitive {
    const ALL: [(Self, &'static str); 20] = [
        (Self::Boolean, "boolean"),
        (Self::Integer, "integer"),
        (Self::UnsignedInt, "unsignedInt"),
        (Self::PositiveInt, "positiveInt"),
        (Self::Decimal, "decimal"),
        (Self::String, "string"),
        (Self::Markdown, "markdown"),
        (Self::Code, "code"),
        (Self::Uri, "uri"),
        (Self::Url, "url"),
        (Self::Canonical, "canonical"),
        (Self::Oid, "oid"),
        (Self::Uuid, "uuid"),
        (Self::Id, "id"),
        (Self::Date, "date"),
        (Self::DateTime, "dateTime"),
        (Self::Instant, "instant"),
        (Self::Time, "time"),
        (Self::Base64Binary, "base64Binary"),
        (Self::Xhtml, "xhtml"),
    ];

    /// The type of that name.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, known)| *known == name);
        found.map(|(primitive, _)| *primitive)
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(known, _)| *known == self);
        found.map_or("", |(_, name)| name)
    }

    /// Judges a value.
    ///
    /// # Errors
    /// The first fault.
    pub(super) fn check(self, value: &Value) -> Result<(), Fault> {
        match self {
            Self::Boolean => match value {
                Value::Bool(_) => Ok(()),
                _ => Err(Fault::Json(Json::Boolean)),
            },
            Self::Integer | Self::UnsignedInt | Self::PositiveInt | Self::Decimal => {
                let Value::Number(number) = value else {
                    return Err(Fault::Json(Json::Number));
                };
                form(self.number(number.as_str()))
            }
            _ => {
                let Value::String(text) = value else {
                    return Err(Fault::Json(Json::String));
                };
                if text.is_empty() {
                    return Err(Fault::Empty);
                }
                if self != Self::Base64Binary && text.len() > MAX_TEXT {
                    return Err(Fault::TooLong);
                }
                form(self.text(text))
            }
        }
    }

    fn number(self, text: &str) -> bool {
        match self {
            Self::Decimal => text.len() <= 64,
            _ if text == "-0" => false,
            Self::Integer => text.parse::<i32>().is_ok(),
            Self::UnsignedInt => text.parse::<i32>().is_ok_and(|value| value >= 0),
            _ => text.parse::<i32>().is_ok_and(|value| value >= 1),
        }
    }

    fn text(self, text: &str) -> bool {
        match self {
            Self::Code => lexical::code(text),
            Self::Uri | Self::Url | Self::Canonical => !text.contains(char::is_whitespace),
            Self::Oid => lexical::oid(text),
            Self::Uuid => lexical::uuid(text),
            Self::Id => lexical::id(text),
            Self::Date => lexical::date(text.as_bytes()),
            Self::DateTime => lexical::date_time(text),
            Self::Instant => lexical::instant(text),
            Self::Time => lexical::time(text.as_bytes()),
            Self::Base64Binary => lexical::base64(text.as_bytes()),
            Self::Xhtml => lexical::string(text) && text.starts_with("<div"),
            _ => lexical::string(text),
        }
    }
}

fn form(good: bool) -> Result<(), Fault> {
    if good { Ok(()) } else { Err(Fault::Form) }
}
