//! Values of which no schema speaks, written back as `decode/untyped.rs` reads them.

use crate::value::Value;
use crate::xml::XSI_SPACE;

use super::{EncodeFault, Encoding};

impl<'s> Encoding<'s, '_> {
    /// The content of an element of unknown type, whose start was just written. `typed`: whether elements in it that are
    /// declared globally are written by their types.
    pub(super) fn untyped(&mut self, value: Value<'s>, typed: bool) -> Result<(), EncodeFault> {
        match value {
            Value::Null => {
                let written = self.writer.nil();
                self.said(written)
            }
            Value::Text(text) => self.plain(text),
            Value::Bool(flag) => self.plain(if flag { "true" } else { "false" }),
            Value::Number(number) => self.plain(&number.to_string()),
            Value::List(_) => self.fault("a list is here, and no schema says of what elements"),
            Value::Record(fields) => self.untyped_record(fields, typed),
        }
    }

    fn untyped_record(&mut self, fields: &'s [(&'s str, Value<'s>)], typed: bool) -> Result<(), EncodeFault> {
        for (key, value) in fields.iter().filter(|(key, _)| key.starts_with('@')) {
            match (*key, value) {
                ("@xsi:type", Value::Text(name)) => {
                    let name = self.qualified(name)?;
                    let written = self.writer.attribute(XSI_SPACE, "type", &name);
                    self.said(written)?;
                }
                (key, value) => self.open_attribute(key, *value)?,
            }
        }
        for (key, value) in fields.iter().filter(|(key, _)| !key.starts_with('@')) {
            match (*key, value) {
                ("$nil", Value::Bool(true)) => {
                    let written = self.writer.nil();
                    self.said(written)?;
                }
                ("#text", Value::Text(text)) => self.plain(text)?,
                ("#text", value @ (Value::Number(_) | Value::Bool(_))) => self.untyped(*value, typed)?,
                ("$any" | "$mixed", Value::List(parts)) => {
                    for (n, part) in parts.iter().enumerate() {
                        self.within(key, Some(n), |this| this.part(*part, typed))?;
                    }
                }
                (name, Value::List(items)) => {
                    for (n, item) in items.iter().enumerate() {
                        self.within(name, Some(n), |this| this.named(name, *item, typed))?;
                    }
                }
                (name, value) => self.within(name, None, |this| this.named(name, *value, typed))?,
            }
        }
        Ok(())
    }

    fn part(&mut self, part: Value<'s>, typed: bool) -> Result<(), EncodeFault> {
        match part {
            Value::Text(text) => self.plain(text),
            other => self.open_element(other, typed),
        }
    }

    /// A record of one key: an element in open content, typed where it is declared globally.
    pub(super) fn open_element(&mut self, value: Value<'s>, typed: bool) -> Result<(), EncodeFault> {
        let Value::Record([(key, inner)]) = value else { return self.fault("an element of open content is a record of one key") };
        self.named(key, *inner, typed)
    }

    pub(super) fn named(&mut self, key: &'s str, value: Value<'s>, typed: bool) -> Result<(), EncodeFault> {
        let graph = self.graph;
        let Some((space, local)) = graph.expand(key) else {
            return self.fault(format!("the prefix of `{key}` is none of a schema; write `{{namespace}}name`"));
        };
        if let Some(id) = graph.root(space, local).filter(|_| typed) {
            return self.element(graph.element(id), value);
        }
        let started = self.writer.start(space, local);
        self.said(started)?;
        self.any_type(value, typed)?;
        self.writer.end();
        Ok(())
    }

    fn plain(&mut self, text: &str) -> Result<(), EncodeFault> {
        let written = self.writer.text(text);
        self.said(written)
    }
}
