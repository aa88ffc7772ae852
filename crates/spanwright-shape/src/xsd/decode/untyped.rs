//! Elements of which no schema speaks: `xs:anyType`, open content, and what a newer peer adds.
//!
//! Text alone is text. Everything else is a record whose form does not depend on how often a name occurs: attributes
//! as `@name`, text as `#text`, elements in order as `$any`, text between elements as `$mixed`. Nothing is guessed.

use crate::value::Value;
use crate::xml::{Attribute, Event, Fault, SpaceId};

use super::Decoding;

impl<'a> Decoding<'a, '_> {
    /// The content of an element whose start was just read and whose attributes were taken. `typed`: whether what is
    /// declared globally is read by its type.
    pub(super) fn untyped(&mut self, attributes: Vec<Attribute<'a>>, nil: bool, typed: bool) -> Result<Value<'a>, Fault> {
        let mut fields: Vec<(&'a str, Value<'a>)> = Vec::new();
        for one in &attributes {
            match (one.name.space, one.name.local) {
                (SpaceId::XSI, "type") => fields.push(("@xsi:type", Value::Text(self.type_name(&one.value)))),
                (SpaceId::XSI, "nil" | "schemaLocation" | "noNamespaceSchemaLocation") => {}
                _ => fields.push((self.key("@", one.name), Value::Text(self.cow(&one.value)))),
            }
        }
        let nil = nil
            || attributes
                .iter()
                .any(|one| one.name.space == SpaceId::XSI && one.name.local == "nil" && matches!(&*one.value, "true" | "1"));
        self.reader.give_back(attributes);
        let (mut parts, mut text, mut elements) = (Vec::new(), false, false);
        loop {
            match self.reader.read()? {
                Event::Text(more) => {
                    text |= !more.trim_ascii().is_empty();
                    parts.push(Value::Text(self.cow(&more)));
                }
                Event::Start(name) => {
                    elements = true;
                    let key = self.key("", name);
                    let value = self.open_element(name, typed)?;
                    parts.push(self.one(key, value));
                }
                Event::End | Event::Eof => break,
            }
        }
        if !elements && fields.is_empty() {
            return Ok(if nil { Value::Null } else { self.joined(&parts) });
        }
        if nil && !elements && !text {
            fields.push(("$nil", Value::Bool(true)));
            return Ok(Value::Record(self.room.bump().alloc_slice_copy(&fields)));
        }
        match (elements, text) {
            (true, true) => fields.push(("$mixed", Value::List(self.room.bump().alloc_slice_copy(&parts)))),
            (true, false) => {
                parts.retain(|part| matches!(part, Value::Record(_)));
                fields.push(("$any", Value::List(self.room.bump().alloc_slice_copy(&parts))));
            }
            (false, _) => fields.push(("#text", self.joined(&parts))),
        }
        Ok(Value::Record(self.room.bump().alloc_slice_copy(&fields)))
    }

    fn joined(&self, parts: &[Value<'a>]) -> Value<'a> {
        match parts {
            [] => Value::Text(""),
            [one] => *one,
            many => Value::Text(self.room.text(&many.iter().filter_map(Value::text).collect::<String>())),
        }
    }
}
