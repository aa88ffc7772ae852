//! One value type for every format: borrowed from the input or from a [`crate::room::Room`], `Copy`, no `Drop`.
//!
//! Records keep the order of their source. Absent is not a value: a record simply lacks the key.

use crate::number::Number;

/// A JSON-like value. Lists and records are slices in an arena, so a clone is a copy of two words.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// JSON `null`, XML `xsi:nil`.
    Null,
    /// A truth value.
    Bool(bool),
    /// An exact decimal number.
    Number(Number<'a>),
    /// Text, without escapes.
    Text(&'a str),
    /// A list.
    List(&'a [Value<'a>]),
    /// A record: keys in source order, each once (readers keep the last of a repeated key).
    Record(&'a [(&'a str, Value<'a>)]),
}

/// What kind a value is, as errors name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Flag,
    /// any number
    Number,
    /// text
    Text,
    /// a list (an array)
    List,
    /// a record (an object)
    Record,
}

impl Kind {
    /// The word that error messages use.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Null => "null",
            Kind::Flag => "a flag",
            Kind::Number => "a number",
            Kind::Text => "text",
            Kind::List => "a list",
            Kind::Record => "a record",
        }
    }
}

impl<'a> Value<'a> {
    /// The kind of this value.
    pub fn kind(&self) -> Kind {
        match self {
            Value::Null => Kind::Null,
            Value::Bool(_) => Kind::Flag,
            Value::Number(_) => Kind::Number,
            Value::Text(_) => Kind::Text,
            Value::List(_) => Kind::List,
            Value::Record(_) => Kind::Record,
        }
    }

    /// The field of a record; `None` where this is no record or lacks it.
    pub fn get(&self, name: &str) -> Option<Value<'a>> {
        match self {
            Value::Record(fields) => fields.iter().find(|(key, _)| *key == name).map(|(_, value)| *value),
            _ => None,
        }
    }

    /// The text, where this is text.
    pub fn text(&self) -> Option<&'a str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items, where this is a list.
    pub fn list(&self) -> Option<&'a [Value<'a>]> {
        match self {
            Value::List(items) => Some(items),
            _ => None,
        }
    }
}
