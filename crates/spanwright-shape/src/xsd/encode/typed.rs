//! The type that counts: the declared one, or the one that `@xsi:type` names.

use crate::value::Value;
use crate::xml::XSI_SPACE;
use crate::xsd::graph::{Complex, Element, Member, MemberKind, Type, TypeId};
use crate::xsd::members::TEXT;

use super::{EncodeFault, Encoding};

impl<'s> Encoding<'s, '_> {
    pub(super) fn complex(&mut self, declared: &'s Complex, element: &'s Element, value: Value<'s>, nil: bool) -> Result<(), EncodeFault> {
        let Value::Record(fields) = value else { return self.bare(declared, element, value) };
        match fields.iter().find(|(key, _)| *key == "@xsi:type") {
            Some((_, Value::Text(named))) => {
                let derived = self.derived(named, element.content)?;
                self.record(derived, Some(element), fields, nil)
            }
            Some(_) => self.fault("`@xsi:type` is no text"),
            None if declared.is_abstract => self.fault("the type is abstract: `@xsi:type` must name a derived one"),
            None => self.record(declared, Some(element), fields, nil),
        }
    }

    /// What is no record for a type that wants one: text for a type of text with attributes, where none is demanded.
    fn bare(&mut self, declared: &'s Complex, element: &'s Element, value: Value<'s>) -> Result<(), EncodeFault> {
        match (value, declared.members.first()) {
            (Value::Text(_) | Value::Number(_) | Value::Bool(_), Some(Member { kind: MemberKind::Text(content), .. })) => {
                self.without_fields(declared)?;
                self.within(TEXT, None, |this| this.text(*content, Some(element), Some(value)))
            }
            (Value::Text(text), _) if declared.mixed => {
                self.without_fields(declared)?;
                let written = self.writer.text(text);
                self.said(written)
            }
            _ => self.fault(format!("{} is here, and the schema wants a record", value.kind().word())),
        }
    }

    /// The attributes that a type demands of whom says none.
    fn without_fields(&mut self, complex: &'s Complex) -> Result<(), EncodeFault> {
        let open = self.open(complex, &[])?;
        self.attributes(&open)?;
        self.kept.truncate(open.base);
        Ok(())
    }

    /// The type that `@xsi:type` names, where it derives from the declared one; says so in the element's start tag.
    fn derived(&mut self, named: &'s str, declared: TypeId) -> Result<&'s Complex, EncodeFault> {
        let graph = self.graph;
        let by_name = graph.type_of_name(named).filter(|id| graph.derives(*id, declared));
        let by_local = || graph.named.iter().find(|((_, local), id)| **local == *named && graph.derives(**id, declared)).map(|(_, id)| *id);
        let Some(id) = by_name.or_else(by_local) else {
            return self.fault(format!("`@xsi:type` names `{named}`, which is no type that derives from the declared one"));
        };
        let Type::Complex(complex) = graph.content(id) else { return self.fault("`@xsi:type` names a type of text") };
        if complex.is_abstract {
            return self.fault(format!("`@xsi:type` names `{named}`, which is abstract itself"));
        }
        self.say_type(id).map(|()| complex)
    }

    fn say_type(&mut self, id: TypeId) -> Result<(), EncodeFault> {
        let Some((uri, local)) = self.graph.name_of(id) else { return Ok(()) };
        let prefix = if uri.is_empty() { String::new() } else { self.writer.prefix(uri) };
        let name = if prefix.is_empty() { local.to_string() } else { format!("{prefix}:{local}") };
        let written = self.writer.attribute(XSI_SPACE, "type", &name);
        self.said(written)
    }

    /// The content of an element of any type: by the type that the value says it has, or else by its form.
    pub(super) fn any_type(&mut self, value: Value<'s>, typed: bool) -> Result<(), EncodeFault> {
        let graph = self.graph;
        let Value::Record(fields) = value else { return self.untyped(value, typed) };
        let named = fields.iter().find(|(key, _)| *key == "@xsi:type").and_then(|(_, named)| named.text());
        let Some(id) = named.filter(|_| typed).and_then(|named| graph.type_of_name(named)) else { return self.untyped(value, typed) };
        match graph.content(id) {
            Type::Any => self.untyped(value, typed),
            Type::Complex(complex) => {
                self.say_type(id)?;
                let nil = matches!(value.get("$nil"), Some(Value::Bool(true)));
                self.record(complex, None, fields, nil)
            }
            Type::Simple(simple) => {
                self.say_type(id)?;
                for (key, value) in fields.iter().filter(|(key, _)| key.starts_with('@') && *key != "@xsi:type") {
                    self.open_attribute(key, *value)?;
                }
                match value.get(TEXT) {
                    Some(text) => {
                        let text = self.within(TEXT, None, |this| this.simple(simple, text))?;
                        let written = self.writer.text(&text);
                        self.said(written)
                    }
                    None => Ok(()),
                }
            }
        }
    }
}
