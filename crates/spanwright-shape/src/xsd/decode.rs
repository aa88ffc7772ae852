//! XML to values in one pass, driven by the type graph.
//!
//! Keys are borrowed from the graph and text from the document, so a record costs one slice. Children are gathered on
//! one stack for all levels; when an element ends, its part of the stack becomes its record in schema order.
//!
//! What a record's type forbids does not refuse the document: one bad customer must not stop the other ninety-nine.
//! The record gets [`INVALID`] as its *first* key, with the reasons in words, and so has every list item that it is
//! inside of; without one the root has it. The offending value is kept as text. Enumerations, lengths and digits are
//! not looked at here: a new status is for the map to judge.

use crate::room::Room;
use crate::value::Value;
use crate::xml::{Attribute, Event, Fault, Name, Reader, SpaceId};

use super::graph::{Complex, Element, ElementId, Graph, Member, MemberKind, Route, Type, TypeId};
use super::occurs::Occurs;
use super::read_simple;

/// The key that says why a record is not what its schema demands. Where it is, it is the record's first.
pub const INVALID: &str = "$invalid";
/// The key of what the schema does not know: the peer is newer than our copy.
pub(super) const EXTRA: &str = "$extra";
/// Reasons that one [`INVALID`] spells out.
const REASONS_MOST: usize = 5;
/// Stands for a namespace of the document that the schemas do not know.
const UNKNOWN_SPACE: u32 = u32::MAX;
/// Entries that belong to no member: [`EXTRA`] and the type that an instance says it has.
const EXTRA_SLOT: u32 = u32::MAX;
const TYPE_SLOT: u32 = u32::MAX - 1;

/// The value of an element whose start the reader has just given; reads up to its end.
///
/// # Errors
/// Only where the document is no well-formed XML: see [`INVALID`] for everything else.
pub fn decode<'a>(graph: &'a Graph, element: ElementId, reader: &mut Reader<'a>, room: &'a Room) -> Result<Value<'a>, Fault> {
    let mut decoding = Decoding {
        graph,
        reader,
        room,
        spaces: Vec::new(),
        entries: Vec::new(),
        fields: Vec::new(),
        path: Vec::new(),
        reasons: Vec::new(),
        items: 0,
        depth: 0,
    };
    decoding.element(graph.element(element), false)
}

/// A step of the path to what is being read.
#[derive(Clone, Copy)]
struct Step<'a> {
    key: &'a str,
    index: Option<u32>,
}

/// Why something is not what its type demands.
struct Reason<'a> {
    path: Vec<Step<'a>>,
    says: String,
}

pub(super) struct Decoding<'a, 'r> {
    pub(super) graph: &'a Graph,
    pub(super) reader: &'r mut Reader<'a>,
    pub(super) room: &'a Room,
    /// Namespaces of the document as numbers of the graph.
    spaces: Vec<u32>,
    /// Children of all open elements, each with its member.
    entries: Vec<(u32, Value<'a>)>,
    /// The record that is being put together.
    fields: Vec<(&'a str, Value<'a>)>,
    path: Vec<Step<'a>>,
    reasons: Vec<Reason<'a>>,
    /// Open list items that are records.
    items: usize,
    /// Open records.
    depth: usize,
}

impl<'a> Decoding<'a, '_> {
    /// An element whose start was just read. `item`: whether it stands in a list.
    pub(super) fn element(&mut self, element: &'a Element, item: bool) -> Result<Value<'a>, Fault> {
        let attributes = self.reader.take_attributes();
        let nil =
            attributes.iter().any(|one| one.name.space == SpaceId::XSI && one.name.local == "nil" && matches!(&*one.value, "true" | "1"));
        if nil && !element.nillable {
            self.wrong("it is nil and may not be".to_string());
        }
        let content = self.instance_type(element.content, &attributes);
        match self.graph.content(content) {
            Type::Simple(_) if nil => self.nil(attributes),
            Type::Simple(simple) => {
                self.reader.give_back(attributes);
                let text = self.text_only()?;
                let text = if text.is_empty() { element.default.as_deref().unwrap_or(text) } else { text };
                Ok(self.simple(simple, text))
            }
            Type::Complex(complex) => self.complex(complex, element, attributes, nil, item),
            Type::Any => self.untyped(attributes, nil),
        }
    }

    fn nil(&mut self, attributes: Vec<Attribute<'a>>) -> Result<Value<'a>, Fault> {
        self.reader.give_back(attributes);
        self.text_only().map(|_| Value::Null)
    }

    /// The declared type, or the one that the instance names where that derives from it.
    fn instance_type(&mut self, declared: TypeId, attributes: &[Attribute<'a>]) -> TypeId {
        let Some(named) = attributes.iter().find(|one| one.name.space == SpaceId::XSI && one.name.local == "type") else { return declared };
        let found = self.reader.resolve(named.value.trim()).and_then(|name| self.graph.named(self.reader.uri(name.space), name.local));
        match found {
            Some(derived) if self.graph.derives(derived, declared) || matches!(self.graph.content(declared), Type::Any) => derived,
            _ => declared,
        }
    }

    pub(super) fn simple(&mut self, simple: &'a super::Simple, text: &'a str) -> Value<'a> {
        match read_simple::read(self.graph, simple, text, self.room) {
            Ok(value) => value,
            Err(says) => {
                self.wrong(says);
                Value::Text(text)
            }
        }
    }

    fn complex(
        &mut self,
        complex: &'a Complex,
        element: &'a Element,
        attributes: Vec<Attribute<'a>>,
        nil: bool,
        item: bool,
    ) -> Result<Value<'a>, Fault> {
        if complex.mixed {
            return self.untyped(attributes, nil);
        }
        let base = self.entries.len();
        let frame = Frame { base, reasons: self.reasons.len(), steps: self.path.len(), item };
        self.items += usize::from(item);
        self.depth += 1;
        self.attributes(complex, &attributes);
        self.reader.give_back(attributes);
        if nil {
            self.text_only()?;
        } else if let Some(MemberKind::Text(content)) = complex.members.first().map(|member| &member.kind) {
            self.text_member(*content, element)?;
        } else {
            self.children(complex)?;
        }
        self.depth -= 1;
        self.items -= usize::from(item);
        if nil && self.entries.len() == base {
            return Ok(Value::Null);
        }
        Ok(self.record(complex, &frame, nil))
    }

    fn attributes(&mut self, complex: &'a Complex, attributes: &[Attribute<'a>]) {
        for one in attributes {
            if one.name.space == SpaceId::XSI {
                if one.name.local == "type" {
                    let name = one.value.rsplit(':').next().unwrap_or_default();
                    self.entries.push((TYPE_SLOT, Value::Text(self.room.text(name))));
                }
                continue;
            }
            let text = self.cow(&one.value);
            match self.attribute_member(complex, one) {
                Some((n, member, content)) => {
                    self.path.push(Step { key: &member.key, index: None });
                    let value = match self.graph.content(content) {
                        Type::Simple(simple) => self.simple(simple, text),
                        Type::Complex(_) | Type::Any => Value::Text(text),
                    };
                    self.path.pop();
                    self.entries.push((n, value));
                }
                None => {
                    let key = self.clark("@", one.name);
                    self.extra(key, Value::Text(text));
                }
            }
        }
    }

    fn attribute_member(&mut self, complex: &'a Complex, one: &Attribute<'a>) -> Option<(u32, &'a Member, TypeId)> {
        let space = self.space(one.name.space);
        complex.members.iter().enumerate().find_map(|(n, member)| match &member.kind {
            MemberKind::Attribute { space: of, local, content } if *of == space && **local == *one.name.local => {
                Some((n as u32, member, *content))
            }
            _ => None,
        })
    }

    fn text_member(&mut self, content: TypeId, element: &'a Element) -> Result<(), Fault> {
        let text = self.text_only()?;
        let text = if text.is_empty() { element.default.as_deref().unwrap_or(text) } else { text };
        let value = match self.graph.content(content) {
            Type::Simple(simple) => self.simple(simple, text),
            Type::Complex(_) | Type::Any => Value::Text(text),
        };
        self.entries.push((0, value));
        Ok(())
    }

    fn children(&mut self, complex: &'a Complex) -> Result<(), Fault> {
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
            route.space == space && *route.local == *name.local
        })
    }

    fn child(&mut self, complex: &'a Complex, route: &'a Route, run: u32) -> Result<(), Fault> {
        let member = &complex.members[route.member as usize];
        let list = route.item || member.occurs.repeats();
        self.path.push(Step { key: &member.key, index: list.then_some(run) });
        let value = self.element(self.graph.element(route.element), list)?;
        self.path.pop();
        let value = if route.item { self.one(&route.local, value) } else { value };
        self.entries.push((route.member, value));
        Ok(())
    }

    /// An element that no route knows: open content where the type has some, else [`EXTRA`].
    fn unrouted(&mut self, complex: &Complex, name: Name<'a>) -> Result<(), Fault> {
        let key = self.clark("", name);
        self.path.push(Step { key, index: None });
        let value = self.open_element(name)?;
        self.path.pop();
        match complex.any {
            Some(member) => {
                let one = self.one(key, value);
                self.entries.push((member, one));
            }
            None => self.extra(key, value),
        }
        Ok(())
    }

    /// An element in open content: typed where it is declared globally.
    pub(super) fn open_element(&mut self, name: Name<'a>) -> Result<Value<'a>, Fault> {
        match self.graph.root(self.reader.uri(name.space), name.local) {
            Some(id) => self.element(self.graph.element(id), false),
            None => {
                let attributes = self.reader.take_attributes();
                self.untyped(attributes, false)
            }
        }
    }

    fn extra(&mut self, key: &'a str, value: Value<'a>) {
        let one = self.one(key, value);
        self.entries.push((EXTRA_SLOT, one));
    }

    /// A record of one field.
    pub(super) fn one(&self, key: &'a str, value: Value<'a>) -> Value<'a> {
        Value::Record(self.room.bump().alloc_slice_copy(&[(key, value)]))
    }

    /// A name that carries its namespace: `{urn:x}Name`, or `Name` where it is in none.
    pub(super) fn clark(&self, mark: &str, name: Name<'a>) -> &'a str {
        if name.space == SpaceId::NONE && mark.is_empty() {
            return name.local;
        }
        if name.space == SpaceId::NONE {
            return self.room.text(&format!("{mark}{}", name.local));
        }
        self.room.text(&format!("{mark}{{{}}}{}", self.reader.uri(name.space), name.local))
    }

    /// The text of an element that has no elements; what is in it all the same is skipped and said.
    pub(super) fn text_only(&mut self) -> Result<&'a str, Fault> {
        let mut text = "";
        loop {
            match self.reader.read()? {
                Event::Text(more) if text.is_empty() => text = self.cow(&more),
                Event::Text(more) => text = self.room.text(&format!("{text}{more}")),
                Event::Start(_) => {
                    self.skip()?;
                    self.wrong("there is an element where only text belongs".to_string());
                }
                Event::End | Event::Eof => return Ok(text),
            }
        }
    }

    fn skip(&mut self) -> Result<(), Fault> {
        let depth = self.reader.depth();
        while self.reader.depth() >= depth {
            self.reader.read()?;
        }
        Ok(())
    }

    pub(super) fn cow(&self, text: &std::borrow::Cow<'a, str>) -> &'a str {
        match text {
            std::borrow::Cow::Borrowed(text) => text,
            std::borrow::Cow::Owned(text) => self.room.text(text),
        }
    }

    /// The graph's number of a namespace of the document.
    fn space(&mut self, id: SpaceId) -> u32 {
        while self.spaces.len() < self.reader.spaces() {
            let uri = self.reader.uri(SpaceId(self.spaces.len() as u32));
            self.spaces.push(self.graph.space(uri).unwrap_or(UNKNOWN_SPACE));
        }
        self.spaces[id.0 as usize]
    }

    /// Notes why what the path leads to is not what its type demands.
    pub(super) fn wrong(&mut self, says: String) {
        self.reasons.push(Reason { path: self.path.clone(), says });
    }

    fn record(&mut self, complex: &'a Complex, frame: &Frame, nil: bool) -> Value<'a> {
        let mine = &mut self.entries[frame.base..];
        if !mine.is_sorted_by_key(|entry| entry.0) {
            mine.sort_by_key(|entry| entry.0);
        }
        self.fields.clear();
        let mut at = frame.base;
        for (n, member) in complex.members.iter().enumerate() {
            let from = at;
            while self.entries.get(at).is_some_and(|entry| entry.0 == n as u32) {
                at += 1;
            }
            self.field(member, from, at, nil);
        }
        self.leftovers(at);
        if !nil {
            self.choices(complex, frame);
        } else {
            self.fields.push(("$nil", Value::Bool(true)));
        }
        self.entries.truncate(frame.base);
        self.mark_invalid(frame);
        Value::Record(self.room.bump().alloc_slice_copy(&self.fields))
    }

    /// One member from its entries `from..to`.
    fn field(&mut self, member: &'a Member, from: usize, to: usize, nil: bool) {
        let found = to - from;
        let is_list = member.occurs.repeats() || matches!(member.kind, MemberKind::Any | MemberKind::Items(_));
        if found == 0 {
            if is_list && !member.in_choice && !matches!(member.kind, MemberKind::Any) && !nil {
                self.fields.push((&member.key, Value::List(&[])));
            }
            if member.occurs.least > 0 && !member.in_choice && !nil {
                self.wrong_at(member, "is missing");
            }
            return;
        }
        if is_list {
            let values = self.room.bump().alloc_slice_fill_iter(self.entries[from..to].iter().map(|entry| entry.1));
            self.fields.push((&member.key, Value::List(values)));
            return;
        }
        if found > 1 {
            self.wrong_at(member, "is there more than once");
        }
        self.fields.push((&member.key, self.entries[from].1));
    }

    fn wrong_at(&mut self, member: &'a Member, says: &str) {
        self.path.push(Step { key: &member.key, index: None });
        self.wrong(format!("\0{says}"));
        self.path.pop();
    }

    /// Entries that belong to no member, from `at` on.
    fn leftovers(&mut self, at: usize) {
        let rest = &self.entries[at..];
        let types = rest.iter().take_while(|entry| entry.0 == TYPE_SLOT).count();
        if let Some((_, named)) = rest[..types].first() {
            self.fields.push(("@xsi:type", *named));
        }
        if rest.len() > types {
            let extra = self.room.bump().alloc_slice_fill_iter(rest[types..].iter().map(|entry| entry.1));
            self.fields.push((EXTRA, Value::List(extra)));
        }
    }

    /// Choices that were not made, or made twice.
    fn choices(&mut self, complex: &'a Complex, frame: &Frame) {
        let Some(particle) = &complex.particle else { return };
        let entries = &self.entries[frame.base..];
        let present = |member: u32| entries.binary_search_by_key(&member, |entry| entry.0).is_ok();
        if let Some(says) = super::choice::unmade(complex, particle, Occurs::ONCE, &present) {
            self.wrong(says);
        }
    }

    /// Puts [`INVALID`] first where this record is a list item, or the root, and something in it is wrong.
    fn mark_invalid(&mut self, frame: &Frame) {
        if self.reasons.len() == frame.reasons || !(frame.item || self.depth == 0) {
            return;
        }
        let mine = &self.reasons[frame.reasons..];
        let mut texts: Vec<String> = mine.iter().take(REASONS_MOST).map(|reason| reason.told(frame.steps)).collect();
        if mine.len() > REASONS_MOST {
            texts.push(format!("and {} more", mine.len() - REASONS_MOST));
        }
        self.fields.insert(0, (INVALID, Value::Text(self.room.text(&texts.join("; ")))));
        if self.items == 0 {
            self.reasons.truncate(frame.reasons);
        }
    }
}

/// Where an open record began.
struct Frame {
    base: usize,
    reasons: usize,
    steps: usize,
    item: bool,
}

impl Reason<'_> {
    /// In words, with the path from the record on.
    fn told(&self, from: usize) -> String {
        let mut path = String::new();
        for step in self.path.iter().skip(from) {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(step.key);
            if let Some(index) = step.index {
                path.push_str(&format!("[{index}]"));
            }
        }
        match (self.says.strip_prefix('\0'), path.is_empty()) {
            (Some(says), _) => format!("{path} {says}"),
            (None, true) => self.says.clone(),
            (None, false) => format!("{path}: {}", self.says),
        }
    }
}
