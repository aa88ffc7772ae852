//! Values to XML by hints alone.

use crate::value::Value;
use crate::xml::{WriteFault, Writer, XML_SPACE};

use super::{Hints, Refused};

/// Writes an element with a value as its content.
///
/// # Errors
/// What XML has no form for, with its path.
pub fn write(key: &str, value: &Value<'_>, hints: &Hints, writer: &mut Writer) -> Result<(), Refused> {
    Writing { hints, writer, path: vec![key.to_string()] }.element(key, value)
}

struct Writing<'w> {
    hints: &'w Hints,
    writer: &'w mut Writer,
    path: Vec<String>,
}

impl Writing<'_> {
    fn element(&mut self, key: &str, value: &Value<'_>) -> Result<(), Refused> {
        let (space, local) = self.name(key, true)?;
        let started = self.writer.start(&space, local);
        self.said(started)?;
        self.content(value)?;
        self.writer.end();
        Ok(())
    }

    fn content(&mut self, value: &Value<'_>) -> Result<(), Refused> {
        match value {
            Value::Null => {
                let written = self.writer.nil();
                self.said(written)
            }
            Value::Text(text) => self.text(text),
            Value::Bool(flag) => self.text(if *flag { "true" } else { "false" }),
            Value::Number(number) => self.text(&number.to_string()),
            Value::List(_) => self.refuse("a list stands in a list, and XML has no form for that"),
            Value::Record(fields) => self.record(fields),
        }
    }

    fn record(&mut self, fields: &[(&str, Value<'_>)]) -> Result<(), Refused> {
        for (key, value) in fields.iter().filter(|(key, _)| key.starts_with('@')) {
            let (space, local) = self.name(&key[1..], false)?;
            let text = match value {
                Value::Text(text) => (*text).to_string(),
                Value::Bool(flag) => flag.to_string(),
                Value::Number(number) => number.to_string(),
                Value::Null => continue,
                Value::List(_) | Value::Record(_) => {
                    return self.refuse(&format!("`{key}` is {}, and an attribute is text", value.kind().word()));
                }
            };
            let written = self.writer.attribute(&space, local, &text);
            self.said(written)?;
        }
        for (key, value) in fields.iter().filter(|(key, _)| !key.starts_with('@')) {
            match (*key, value) {
                ("$nil", Value::Bool(true)) => {
                    let written = self.writer.nil();
                    self.said(written)?;
                }
                ("#text", value) => self.content(value)?,
                ("$mixed", Value::List(parts)) => parts.iter().try_for_each(|part| self.part(part))?,
                (key, Value::List(items)) => {
                    items.iter().enumerate().try_for_each(|(n, item)| self.child(key, &format!("{key}[{n}]"), item))?
                }
                (key, value) => self.child(key, key, value)?,
            }
        }
        Ok(())
    }

    fn part(&mut self, part: &Value<'_>) -> Result<(), Refused> {
        match part {
            Value::Text(text) => self.text(text),
            Value::Record([(key, value)]) => self.child(key, key, value),
            _ => self.refuse("a part of `$mixed` is text or a record of one key"),
        }
    }

    fn child(&mut self, key: &str, step: &str, value: &Value<'_>) -> Result<(), Refused> {
        self.path.push(step.to_string());
        self.element(key, value)?;
        self.path.pop();
        Ok(())
    }

    /// The namespace and local name of a key. An attribute without a prefix is in none.
    fn name<'k>(&self, key: &'k str, is_element: bool) -> Result<(String, &'k str), Refused> {
        if let Some((uri, local)) = key.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            return Ok((uri.to_string(), local));
        }
        match key.split_once(':') {
            None if is_element => Ok((self.hints.namespace.clone(), key)),
            None => Ok((String::new(), key)),
            Some(("xml", local)) => Ok((XML_SPACE.to_string(), local)),
            Some((prefix, local)) => match self.hints.prefixes.iter().find(|(known, _)| known == prefix) {
                Some((_, uri)) => Ok((uri.clone(), local)),
                None => self.refuse(&format!("the prefix of `{key}` is none of the hints' `prefixes:`")),
            },
        }
    }

    fn text(&mut self, text: &str) -> Result<(), Refused> {
        let written = self.writer.text(text);
        self.said(written)
    }

    fn said(&self, written: Result<(), WriteFault>) -> Result<(), Refused> {
        written.or_else(|fault| self.refuse(&fault.to_string()))
    }

    fn refuse<T>(&self, says: &str) -> Result<T, Refused> {
        Err(Refused::Value(format!("`{}`: {says}", self.path.join("."))))
    }
}
