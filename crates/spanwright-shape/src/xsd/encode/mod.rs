//! Values to XML in schema order, strictly: what the schema does not allow is an error with its path, before anything
//! is sent. The order of a record's keys means nothing; the content model decides the order of elements.

use std::borrow::Cow;

use crate::value::Value;
use crate::xml::{WriteFault, Writer};

use super::graph::{Element, ElementId, Graph, Kind, Simple, Type};
use super::lexical;

mod items;
mod particle;
mod record;
mod simple;
mod typed;
mod untyped;

use record::Kept;

/// Why a value cannot be sent. Holds no value of the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodeFault {
    /// From the element on: `Customer.Address[1].Zip`; empty for the element itself.
    pub path: String,
    /// What is wrong, in one sentence.
    pub says: String,
}

impl std::fmt::Display for EncodeFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.says),
            path => write!(f, "`{path}`: {}", self.says),
        }
    }
}

/// Writes an element with a value as its content.
///
/// # Errors
/// The first thing that the schema does not allow, with its path.
pub fn encode<'s>(graph: &'s Graph, element: ElementId, value: &Value<'s>, writer: &mut Writer) -> Result<(), EncodeFault> {
    Encoding::new(graph, writer).element(graph.element(element), *value)
}

/// Writes an element of open content, named as [`super::decode_open`] names it: typed where it is declared globally.
///
/// # Errors
/// What the schema does not allow, or a name of a prefix that no schema has.
pub fn encode_open<'s>(graph: &'s Graph, key: &'s str, value: &Value<'s>, writer: &mut Writer) -> Result<(), EncodeFault> {
    Encoding::new(graph, writer).named(key, *value, true)
}

/// A step of the path to what is being written.
#[derive(Clone, Copy)]
struct Step<'s> {
    key: &'s str,
    index: Option<usize>,
}

pub(super) struct Encoding<'s, 'w> {
    pub(super) graph: &'s Graph,
    pub(super) writer: &'w mut Writer,
    path: Vec<Step<'s>>,
    /// For each member of the open records where it stands, and how much of it has been written.
    kept: Vec<Kept>,
}

impl<'s, 'w> Encoding<'s, 'w> {
    fn new(graph: &'s Graph, writer: &'w mut Writer) -> Encoding<'s, 'w> {
        Encoding { graph, writer, path: Vec::new(), kept: Vec::new() }
    }

    pub(super) fn element(&mut self, element: &'s Element, value: Value<'s>) -> Result<(), EncodeFault> {
        if element.is_abstract {
            return self.fault(format!("the element `{}` is abstract: one that stands in its place must be sent", element.local));
        }
        let graph = self.graph;
        let started = self.writer.start(graph.uri(element.space), &element.local);
        self.said(started)?;
        self.content(element, value)?;
        self.writer.end();
        Ok(())
    }

    fn content(&mut self, element: &'s Element, value: Value<'s>) -> Result<(), EncodeFault> {
        let nil_record = matches!(value.get("$nil"), Some(Value::Bool(true)));
        if matches!(value, Value::Null) || nil_record {
            if !element.nillable {
                return self.fault("null is here, and the schema does not allow nil");
            }
            let written = self.writer.nil();
            self.said(written)?;
            if !nil_record {
                return Ok(());
            }
        }
        match self.graph.content(element.content) {
            Type::Simple(simple) => self.plain_text(simple, Some(element), value),
            Type::Complex(complex) => self.complex(complex, element, value, nil_record),
            Type::Any => self.any_type(value, true),
        }
    }

    /// The text of an element, and that it is the one that the schema fixes.
    fn plain_text(&mut self, simple: &'s Simple, element: Option<&Element>, value: Value<'s>) -> Result<(), EncodeFault> {
        let text = self.simple(simple, value)?;
        let fixed = element.filter(|element| element.fixed).and_then(|element| element.default.as_deref());
        if let Some(fixed) = fixed.filter(|fixed| !is_same(simple, fixed, &text)) {
            return self.fault(format!("the schema fixes it to `{fixed}`"));
        }
        let written = self.writer.text(&text);
        self.said(written)
    }

    /// The text of a value; the prefixes of names are declared where they are not.
    fn simple(&mut self, simple: &'s Simple, value: Value<'s>) -> Result<Cow<'s, str>, EncodeFault> {
        if let (Kind::Name, Value::Text(name)) = (&simple.kind, value) {
            return self.qualified(name).map(Into::into);
        }
        simple::write(self.graph, simple, &value).or_else(|says| self.fault(says))
    }

    /// A name as it stands in the document that we write: with the prefix that is in force there.
    pub(super) fn qualified(&mut self, name: &'s str) -> Result<String, EncodeFault> {
        let graph = self.graph;
        let Some((uri, local)) = graph.expand(name) else {
            return self.fault("its prefix is none of a schema; write `{namespace}name`");
        };
        if !crate::xml::is_name(local) {
            return self.fault("the text that is here is not a qualified name");
        }
        if uri.is_empty() {
            return Ok(local.to_string());
        }
        if uri == crate::xml::XML_SPACE {
            return Ok(format!("xml:{local}"));
        }
        Ok(format!("{}:{local}", self.writer.prefix(uri)))
    }

    /// Does something one step further down.
    pub(super) fn within<T>(
        &mut self,
        key: &'s str,
        index: Option<usize>,
        does: impl FnOnce(&mut Self) -> Result<T, EncodeFault>,
    ) -> Result<T, EncodeFault> {
        self.path.push(Step { key, index });
        let done = does(self)?;
        self.path.pop();
        Ok(done)
    }

    pub(super) fn said(&self, written: Result<(), WriteFault>) -> Result<(), EncodeFault> {
        written.or_else(|fault| self.fault(fault.to_string()))
    }

    pub(super) fn fault<T>(&self, says: impl Into<String>) -> Result<T, EncodeFault> {
        let step = |step: &Step<'_>| step.index.map_or_else(|| step.key.to_string(), |index| format!("{}[{index}]", step.key));
        Err(EncodeFault { path: self.path.iter().map(step).collect::<Vec<_>>().join("."), says: says.into() })
    }
}

/// Whether two texts say the same thing: as numbers where they are.
fn is_same(simple: &Simple, one: &str, other: &str) -> bool {
    let number = |text: &str| lexical::number(text.trim()).map(Cow::into_owned);
    match simple.kind {
        Kind::Integer { .. } | Kind::Decimal => match (number(one), number(other)) {
            (Some(one), Some(other)) => {
                let parsed = (crate::number::Number::parse(&one), crate::number::Number::parse(&other));
                matches!(parsed, (Ok(one), Ok(other)) if one.compare(&other) == std::cmp::Ordering::Equal)
            }
            _ => false,
        },
        Kind::Flag => lexical::flag(one.trim()) == lexical::flag(other.trim()),
        Kind::Name => true,
        _ => one.trim() == other.trim(),
    }
}
