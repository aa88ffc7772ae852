//! What stands inside of an element: its attributes, its text, its children, each taken where the type has a place for it.

use crate::value::Value;
use crate::xml::{Attribute, Event, Fault, Name, SpaceId};
use crate::xsd::graph::{Complex, Element, Kind, Member, MemberKind, Route, Simple, Type, TypeId, Wildcard};

use super::reason::Step;
use super::{Decoding, EXTRA_SLOT, Names, OPEN_SLOT, TYPE_SLOT};

/// The namespace of `xop:Include`, which stands where bytes were taken out of an envelope (MTOM).
const XOP_SPACE: &str = "http://www.w3.org/2004/08/xop/include";
const ATTACHED: &str = "its bytes are in an attachment (MTOM, `xop:Include`), which is not read yet";

impl<'a> Decoding<'a, '_> {
    /// The text of an element of text. A name is resolved while its prefixes are still in force.
    pub(super) fn content_text(&mut self, simple: &Simple) -> Result<&'a str, Fault> {
        if simple.kind != Kind::Name {
            return self.text_only();
        }
        let mut text = "";
        loop {
            match self.reader.read()? {
                Event::Text(more) => text = self.type_name(&more),
                Event::Start(_) => {
                    self.skip()?;
                    self.wrong("there is an element where only text belongs".to_string());
                }
                Event::End | Event::Eof => return Ok(text),
            }
        }
    }

    pub(super) fn attributes(&mut self, complex: &'a Complex, attributes: &[Attribute<'a>]) {
        for one in attributes {
            if one.name.space == SpaceId::XSI {
                if one.name.local == "type" {
                    let name = self.type_name(&one.value);
                    self.entries.push((TYPE_SLOT, Value::Text(name)));
                }
                continue;
            }
            let text = self.cow(&one.value);
            match self.attribute_member(complex, one) {
                Some((n, member, content)) => {
                    self.path.push(Step { key: &member.key, index: None });
                    let value = match self.graph.content(content) {
                        Type::Simple(simple) if simple.kind == Kind::Name => Value::Text(self.type_name(text)),
                        Type::Simple(simple) => self.simple(simple, text),
                        Type::Complex(_) | Type::Any => Value::Text(text),
                    };
                    self.path.pop();
                    self.entries.push((n, value));
                }
                None => {
                    let key = self.key("@", one.name);
                    let space = self.known_space(one.name.space);
                    if complex.any_attribute.as_ref().is_some_and(|wildcard| wildcard.welcomes(space)) {
                        let one = self.one(key, Value::Text(text));
                        self.entries.push((OPEN_SLOT, one));
                    } else {
                        self.extra(key, Value::Text(text));
                    }
                }
            }
        }
    }

    fn attribute_member(&mut self, complex: &'a Complex, one: &Attribute<'a>) -> Option<(u32, &'a Member, TypeId)> {
        let space = self.space(one.name.space);
        complex.members.iter().enumerate().find_map(|(n, member)| match &member.kind {
            MemberKind::Attribute { space: of, local, content, .. } if *of == space && **local == *one.name.local => {
                Some((n as u32, member, *content))
            }
            _ => None,
        })
    }

    pub(super) fn text_member(&mut self, content: TypeId, element: &'a Element) -> Result<(), Fault> {
        let text = match self.graph.content(content) {
            Type::Simple(simple) => self.content_text(simple)?,
            Type::Complex(_) | Type::Any => self.text_only()?,
        };
        let text = if text.is_empty() { element.default.as_deref().unwrap_or(text) } else { text };
        let value = match self.graph.content(content) {
            Type::Simple(simple) => self.simple(simple, text),
            Type::Complex(_) | Type::Any => Value::Text(text),
        };
        self.entries.push((0, value));
        Ok(())
    }

    pub(super) fn children(&mut self, complex: &'a Complex) -> Result<(), Fault> {
        let (mut hint, mut last, mut run) = (0, EXTRA_SLOT, 0);
        loop {
            match self.reader.read()? {
                Event::Start(name) => match self.route(complex, name, hint) {
                    Some(at) => {
                        hint = at;
                        let route = &complex.routes[at];
                        run = if route.member == last { run + 1 } else { 0 };
                        last = route.member;
                        self.child(complex, route, run)?;
                    }
                    None => self.unrouted(complex, name)?,
                },
                Event::Text(text) if complex.mixed => {
                    let text = Value::Text(self.cow(&text));
                    self.entries.push((complex.items.unwrap_or(EXTRA_SLOT), text));
                }
                Event::Text(text) if text.trim_ascii().is_empty() => {}
                Event::Text(_) => self.wrong("there is text between its elements".to_string()),
                Event::End | Event::Eof => return Ok(()),
            }
        }
    }

    /// Elements come in schema order nearly always, so the search begins where the last one was found.
    fn route(&mut self, complex: &Complex, name: Name<'_>, hint: usize) -> Option<usize> {
        let space = self.space(name.space);
        let count = complex.routes.len();
        (0..count).map(|n| if hint + n < count { hint + n } else { hint + n - count }).find(|n| {
            let route = &complex.routes[*n];
            (route.space == space || self.names == Names::Local) && *route.local == *name.local
        })
    }

    fn child(&mut self, complex: &'a Complex, route: &'a Route, run: u32) -> Result<(), Fault> {
        let member = &complex.members[route.member as usize];
        let list = route.item || member.list;
        self.path.push(Step { key: &member.key, index: list.then_some(run) });
        let value = self.element(self.graph.element(route.element), list)?;
        self.path.pop();
        let value = if route.item { self.one(&route.key, value) } else { value };
        self.entries.push((route.member, value));
        Ok(())
    }

    /// An element that no route knows: open content where a wildcard welcomes it, else [`EXTRA`].
    fn unrouted(&mut self, complex: &Complex, name: Name<'a>) -> Result<(), Fault> {
        let key = self.key("", name);
        let space = self.known_space(name.space);
        let welcoming = |all: &[Wildcard]| all.iter().find(|wildcard| wildcard.welcomes(space)).map(|wildcard| wildcard.typed);
        let in_items = complex.items.zip(welcoming(&complex.item_wildcards));
        let place = in_items.or_else(|| complex.any.zip(welcoming(&complex.wildcards)));
        self.path.push(Step { key, index: None });
        let value = self.open_element(name, place.is_none_or(|(_, typed)| typed))?;
        self.path.pop();
        match place {
            Some((member, _)) => {
                let one = self.one(key, value);
                self.entries.push((member, one));
            }
            None => self.extra(key, value),
        }
        Ok(())
    }

    /// An element in open content: typed where it is declared globally and that counts.
    pub(super) fn open_element(&mut self, name: Name<'a>, typed: bool) -> Result<Value<'a>, Fault> {
        match self.graph.root(self.reader.uri(name.space), name.local).filter(|_| typed) {
            Some(id) => self.element(self.graph.element(id), false),
            None => {
                let attributes = self.reader.take_attributes();
                self.untyped(attributes, false, typed)
            }
        }
    }

    fn extra(&mut self, key: &'a str, value: Value<'a>) {
        let one = self.one(key, value);
        self.extras += 1;
        self.entries.push((EXTRA_SLOT, one));
    }

    /// The text of an element that has no elements; what is in it all the same is skipped and said.
    pub(super) fn text_only(&mut self) -> Result<&'a str, Fault> {
        let mut text = "";
        loop {
            match self.reader.read()? {
                Event::Text(more) if text.is_empty() => text = self.cow(&more),
                Event::Text(more) => text = self.room.text(&format!("{text}{more}")),
                Event::Start(name) => {
                    let attached = name.local == "Include" && self.reader.uri(name.space) == XOP_SPACE;
                    self.skip()?;
                    self.wrong(if attached { ATTACHED } else { "there is an element where only text belongs" }.to_string());
                }
                Event::End | Event::Eof => return Ok(text),
            }
        }
    }

    pub(super) fn skip(&mut self) -> Result<(), Fault> {
        let depth = self.reader.depth();
        while self.reader.depth() >= depth {
            self.reader.read()?;
        }
        Ok(())
    }
}
