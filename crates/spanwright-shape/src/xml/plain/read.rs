//! XML to values by hints alone.

use std::borrow::Cow;

use crate::room::Room;
use crate::value::Value;
use crate::xml::{Attribute, Event, Name, Reader, SpaceId};

use super::{Hints, Refused};

/// The content of an element whose start the reader has just given; reads up to its end.
///
/// # Errors
/// Where it is no well-formed XML, repeats what is not declared to, or has two names that one key would mean.
pub fn read<'a>(name: Name<'a>, reader: &mut Reader<'a>, hints: &Hints, room: &'a Room) -> Result<(&'a str, Value<'a>), Refused> {
    let mut reading = Reading { reader, hints, room, path: Vec::new() };
    let key = reading.key(name, "");
    Ok((key, reading.element(key)?))
}

struct Reading<'a, 'r> {
    reader: &'r mut Reader<'a>,
    hints: &'r Hints,
    room: &'a Room,
    path: Vec<&'a str>,
}

/// A field of a record.
type Child<'a> = (&'a str, Value<'a>);

impl<'a> Reading<'a, '_> {
    fn element(&mut self, key: &'a str) -> Result<Value<'a>, Refused> {
        self.path.push(key);
        let value = self.content()?;
        self.path.pop();
        Ok(value)
    }

    fn content(&mut self) -> Result<Value<'a>, Refused> {
        let attributes = self.reader.take_attributes();
        let nil =
            attributes.iter().any(|one| one.name.space == SpaceId::XSI && one.name.local == "nil" && matches!(&*one.value, "true" | "1"));
        let mut fields = self.attributes(&attributes)?;
        self.reader.give_back(attributes);
        let mut children: Vec<Child<'a>> = Vec::new();
        let mut spaces: Vec<SpaceId> = Vec::new();
        let mut parts: Vec<Value<'a>> = Vec::new();
        let mut text = false;
        loop {
            match self.reader.read()? {
                Event::Text(more) => {
                    text |= !more.trim_ascii().is_empty();
                    let more = self.cow(&more);
                    parts.push(Value::Text(more));
                }
                Event::Start(name) => {
                    let at = self.reader.place().0;
                    let key = self.key(name, "");
                    let value = self.element(key)?;
                    self.refuse_repeated(&children, &spaces, key, name, at)?;
                    children.push((key, value));
                    spaces.push(name.space);
                    parts.push(Value::Record(self.room.bump().alloc_slice_copy(&[(key, value)])));
                }
                Event::End | Event::Eof => break,
            }
        }
        if nil && fields.is_empty() && children.is_empty() {
            return Ok(Value::Null);
        }
        if children.is_empty() {
            return Ok(self.text(fields, &parts, nil));
        }
        if text {
            fields.push(("$mixed", Value::List(self.room.bump().alloc_slice_copy(&parts))));
            return Ok(self.record(&fields));
        }
        self.lists(&mut fields, &children);
        Ok(self.record(&fields))
    }

    /// An element that has text alone, and perhaps attributes.
    fn text(&self, mut fields: Vec<Child<'a>>, parts: &[Value<'a>], nil: bool) -> Value<'a> {
        let whole: String = parts.iter().filter_map(Value::text).collect();
        let text = match parts {
            [Value::Text(one)] => Value::Text(one),
            _ => Value::Text(self.room.text(&whole)),
        };
        let lists: Vec<&str> = self.hints.lists(&self.path).map(|name| self.room.text(name)).collect();
        // A record of nothing but lists that are empty.
        if !lists.is_empty() && whole.trim_ascii().is_empty() {
            fields.extend(lists.iter().map(|name| (*name, Value::List(&[]))));
            return self.record(&fields);
        }
        if fields.is_empty() && !self.hints.is_record(&self.path) {
            return text;
        }
        fields.push(if nil { ("$nil", Value::Bool(true)) } else { ("#text", text) });
        self.record(&fields)
    }

    /// Children by their keys: those that may repeat as lists, in the order in which each first came.
    fn lists(&self, fields: &mut Vec<Child<'a>>, children: &[Child<'a>]) {
        let mut path = self.path.clone();
        for (n, (key, value)) in children.iter().enumerate() {
            path.push(key);
            if !self.hints.repeats(&path) {
                fields.push((key, *value));
            } else if !children[..n].iter().any(|(earlier, _)| earlier == key) {
                let items = children.iter().filter(|(other, _)| other == key).map(|(_, value)| *value).collect::<Vec<_>>();
                fields.push((key, Value::List(self.room.bump().alloc_slice_copy(&items))));
            }
            path.pop();
        }
        let absent: Vec<&str> = self.hints.lists(&self.path).filter(|name| !fields.iter().any(|(key, _)| key == name)).collect();
        fields.extend(absent.into_iter().map(|name| (self.room.text(name), Value::List(&[]))));
    }

    fn refuse_repeated(
        &mut self,
        children: &[Child<'a>],
        spaces: &[SpaceId],
        key: &'a str,
        name: Name<'a>,
        at: usize,
    ) -> Result<(), Refused> {
        let Some(earlier) = children.iter().position(|(earlier, _)| *earlier == key) else { return Ok(()) };
        if spaces[earlier] != name.space {
            let (one, other) = (self.reader.uri(spaces[earlier]), self.reader.uri(name.space));
            return Err(Refused::Ambiguous(at, format!("`{key}` is here both of the namespace `{one}` and of `{other}`")));
        }
        self.path.push(key);
        if !self.hints.repeats(&self.path) {
            return Err(Refused::Repeats(at, self.path.join(".")));
        }
        self.path.pop();
        Ok(())
    }

    fn attributes(&self, attributes: &[Attribute<'a>]) -> Result<Vec<Child<'a>>, Refused> {
        let mut fields: Vec<Child<'a>> = Vec::new();
        for one in attributes.iter().filter(|one| one.name.space != SpaceId::XSI) {
            let key = self.key(one.name, "@");
            if fields.iter().any(|(earlier, _)| *earlier == key) {
                return Err(Refused::Ambiguous(one.at, format!("the attribute `{}` is here of two namespaces", one.name.local)));
            }
            fields.push((key, Value::Text(self.cow(&one.value))));
        }
        Ok(fields)
    }

    /// The key of a name: its local part, with the prefix that the hints have for its namespace.
    fn key(&self, name: Name<'a>, mark: &str) -> &'a str {
        let prefix = match name.space {
            SpaceId::NONE => "",
            SpaceId::XML => "xml",
            _ => self.hints.prefix(self.reader.uri(name.space)).unwrap_or_default(),
        };
        match (prefix, mark) {
            ("", "") => name.local,
            ("", mark) => self.room.text(&format!("{mark}{}", name.local)),
            (prefix, mark) => self.room.text(&format!("{mark}{prefix}:{}", name.local)),
        }
    }

    fn record(&self, fields: &[Child<'a>]) -> Value<'a> {
        Value::Record(self.room.bump().alloc_slice_copy(fields))
    }

    fn cow(&self, text: &Cow<'a, str>) -> &'a str {
        match text {
            Cow::Borrowed(text) => text,
            Cow::Owned(text) => self.room.text(text),
        }
    }
}
