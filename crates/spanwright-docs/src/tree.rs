//! JSON that is written for others: built in order, and written a key a line.

use spanwright_shape::{json, room::Room, value::Value};

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// `null`
    Null,
    /// A flag.
    Flag(bool),
    /// A number, as it is written.
    Number(String),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Tree>),
    /// A record, in its own order.
    Record(Vec<(String, Tree)>),
}

/// A record: `record([("a", text("b"))])`.
pub fn record<const N: usize>(fields: [(&str, Tree); N]) -> Tree {
    Tree::Record(fields.into_iter().map(|(name, value)| (name.to_string(), value)).collect())
}

/// Text.
pub fn text(text: impl Into<String>) -> Tree {
    Tree::Text(text.into())
}

/// A list of texts.
pub fn texts<T: Into<String>>(all: impl IntoIterator<Item = T>) -> Tree {
    Tree::List(all.into_iter().map(text).collect())
}

/// A whole number.
pub fn number(number: impl std::fmt::Display) -> Tree {
    Tree::Number(number.to_string())
}

impl Tree {
    /// Of JSON; `None` where it is none.
    pub fn read(bytes: &[u8]) -> Option<Tree> {
        let room = Room::new();
        json::read(bytes, &room).ok().map(|value| Tree::of(&value))
    }

    fn of(value: &Value<'_>) -> Tree {
        match value {
            Value::Null => Tree::Null,
            Value::Bool(flag) => Tree::Flag(*flag),
            Value::Number(number) => Tree::Number(number.to_string()),
            Value::Text(words) => text(*words),
            Value::List(items) => Tree::List(items.iter().map(Tree::of).collect()),
            Value::Record(fields) => Tree::Record(fields.iter().map(|(name, value)| ((*name).to_string(), Tree::of(value))).collect()),
        }
    }

    /// A record with one more field, where there is a value.
    pub fn with(mut self, name: &str, value: impl Into<Option<Tree>>) -> Tree {
        if let (Tree::Record(fields), Some(value)) = (&mut self, value.into()) {
            fields.push((name.to_string(), value));
        }
        self
    }

    /// The field of a record, made where there is none.
    pub fn entry(&mut self, name: &str) -> &mut Tree {
        if !matches!(self, Tree::Record(_)) {
            *self = Tree::Record(Vec::new());
        }
        let Tree::Record(fields) = self else { unreachable!("it was made a record") };
        let at = fields.iter().position(|(have, _)| have == name).unwrap_or_else(|| {
            fields.push((name.to_string(), Tree::Record(Vec::new())));
            fields.len() - 1
        });
        &mut fields[at].1
    }

    /// As a file.
    pub fn file(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.lines(0, &mut out);
        out.push(b'\n');
        out
    }

    /// On one line.
    pub fn line(&self) -> String {
        let lines = String::from_utf8_lossy(&self.file()).into_owned();
        lines.lines().map(str::trim_start).collect()
    }

    fn lines(&self, depth: usize, out: &mut Vec<u8>) {
        match self {
            Tree::Null => out.extend(b"null"),
            Tree::Flag(flag) => out.extend(flag.to_string().bytes()),
            Tree::Number(number) => out.extend(number.bytes()),
            Tree::Text(words) => json::write_text(words, out),
            Tree::List(items) => each(b"[]", items, depth, out, |item, out| item.lines(depth + 1, out)),
            Tree::Record(fields) => each(b"{}", fields, depth, out, |(name, value), out| {
                json::write_text(name, out);
                out.extend(b": ");
                value.lines(depth + 1, out);
            }),
        }
    }
}

fn each<T>(ends: &[u8; 2], all: &[T], depth: usize, out: &mut Vec<u8>, write: impl Fn(&T, &mut Vec<u8>)) {
    let indent = |depth: usize, out: &mut Vec<u8>| {
        out.push(b'\n');
        out.extend(std::iter::repeat_n(b' ', depth * 2));
    };
    out.push(ends[0]);
    for (n, one) in all.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        indent(depth + 1, out);
        write(one, out);
    }
    if !all.is_empty() {
        indent(depth, out);
    }
    out.push(ends[1]);
}
