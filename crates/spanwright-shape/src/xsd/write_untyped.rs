//! Values of which no schema speaks, written back as [`super::read_untyped`] reads them.

use crate::value::Value;

use super::encode::{EncodeFault, Encoding};

impl Encoding<'_, '_> {
    /// The content of an element of unknown type, whose start was just written.
    pub(super) fn untyped(&mut self, value: &Value<'_>) -> Result<(), EncodeFault> {
        match value {
            Value::Null => {
                let written = self.writer.nil();
                self.said(written)
            }
            Value::Text(text) => self.plain(text),
            Value::Bool(flag) => self.plain(if *flag { "true" } else { "false" }),
            Value::Number(number) => self.plain(&number.to_string()),
            Value::List(_) => self.fault("a list is here, and no schema says of what elements"),
            Value::Record(fields) => self.untyped_record(fields),
        }
    }

    fn untyped_record(&mut self, fields: &[(&str, Value<'_>)]) -> Result<(), EncodeFault> {
        for (key, value) in fields.iter().filter(|(key, _)| key.starts_with('@')) {
            let (space, local) = split(&key[1..]);
            let Value::Text(text) = value else {
                return self.fault(format!("`{key}` is {}, and an attribute is text", value.kind().word()));
            };
            let written = self.writer.attribute(space, local, text);
            self.said(written)?;
        }
        for (key, value) in fields.iter().filter(|(key, _)| !key.starts_with('@')) {
            match (*key, value) {
                ("#text", Value::Text(text)) => self.plain(text)?,
                ("$any" | "$mixed", Value::List(parts)) => {
                    for (n, part) in parts.iter().enumerate() {
                        self.within(key, Some(n), |this| this.part(part))?;
                    }
                }
                (name, value) => self.within(name, None, |this| this.named(name, value))?,
            }
        }
        Ok(())
    }

    fn part(&mut self, part: &Value<'_>) -> Result<(), EncodeFault> {
        match part {
            Value::Text(text) => self.plain(text),
            other => self.open_element(other),
        }
    }

    /// A record of one key: an element in open content, typed where it is declared globally.
    pub(super) fn open_element(&mut self, value: &Value<'_>) -> Result<(), EncodeFault> {
        let Value::Record([(key, inner)]) = value else { return self.fault("an element of open content is a record of one key") };
        self.named(key, inner)
    }

    fn named(&mut self, key: &str, value: &Value<'_>) -> Result<(), EncodeFault> {
        let (space, local) = split(key);
        if let Some(id) = self.graph.root(space, local) {
            return self.element(self.graph.element(id), value);
        }
        let started = self.writer.start(space, local);
        self.said(started)?;
        self.untyped(value)?;
        self.writer.end();
        Ok(())
    }

    fn plain(&mut self, text: &str) -> Result<(), EncodeFault> {
        let written = self.writer.text(text);
        self.said(written)
    }
}

/// `{urn:x}Name` taken apart.
fn split(name: &str) -> (&str, &str) {
    name.strip_prefix('{').and_then(|rest| rest.split_once('}')).unwrap_or(("", name))
}
