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

use super::graph::{Complex, Element, ElementId, Graph, Member, MemberKind, Route, Type, TypeId, Wildcard};
use super::members::TEXT;
use super::occurs::Occurs;
use super::read_simple;

/// The key that says why a record is not what its schema demands. Where it is, it is the record's first.
pub const INVALID: &str = "$invalid";
/// The key of what the schema does not know: the peer is newer than our copy.
pub const EXTRA: &str = "$extra";
/// Reasons that one [`INVALID`] spells out.
const REASONS_MOST: usize = 5;
/// Stands for a namespace of the document that the schemas do not know.
const UNKNOWN_SPACE: u32 = u32::MAX;
/// The namespace of `xop:Include`, which stands where bytes were taken out of an envelope (MTOM).
const XOP_SPACE: &str = "http://www.w3.org/2004/08/xop/include";
const ATTACHED: &str = "its bytes are in an attachment (MTOM, `xop:Include`), which is not read yet";
/// Entries that belong to no member: [`EXTRA`] and the type that an instance says it has.
const EXTRA_SLOT: u32 = u32::MAX;
const TYPE_SLOT: u32 = u32::MAX - 1;
/// Attributes that a wildcard welcomes.
const OPEN_SLOT: u32 = u32::MAX - 2;

/// Whose names count when an element is looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Names {
    /// Namespace and local name, always for data.
    #[default]
    Expanded,
    /// Local names alone: for the details of faults, which half of all servers qualify wrongly.
    Local,
}

/// What was read.
#[derive(Clone, Debug)]
pub struct Decoded<'a> {
    /// The value.
    pub value: Value<'a>,
    /// How many elements and attributes the schema does not know: the peer is newer than our copy.
    pub extra: usize,
    /// Everything that is not what its type demands.
    pub wrong: Vec<Wrong>,
}

/// Something that is not what its type demands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The byte of the document at which that was seen.
    pub at: usize,
    /// In words, with the path from the element on. Holds no value of the message.
    pub says: String,
}

/// The value of an element whose start the reader has just given; reads up to its end.
///
/// # Errors
/// Only where the document is no well-formed XML: see [`INVALID`] for everything else.
pub fn decode<'a>(graph: &'a Graph, element: ElementId, reader: &mut Reader<'a>, room: &'a Room) -> Result<Value<'a>, Fault> {
    decode_all(graph, element, reader, room, Names::Expanded).map(|decoded| decoded.value)
}

/// The value of an element, and all that there is to say of it.
///
/// # Errors
/// Only where the document is no well-formed XML.
pub fn decode_all<'a>(
    graph: &'a Graph,
    element: ElementId,
    reader: &mut Reader<'a>,
    room: &'a Room,
    names: Names,
) -> Result<Decoded<'a>, Fault> {
    let mut decoding = Decoding::new(graph, reader, room);
    decoding.names = names;
    let value = decoding.element(graph.element(element), false)?;
    let wrong = std::mem::take(&mut decoding.told);
    let wrong = wrong.into_iter().chain(decoding.reasons.iter().map(Reason::whole)).collect();
    Ok(Decoded { value, extra: decoding.extras, wrong })
}

/// The value of an element of which no schema may speak: typed where it is declared globally.
///
/// # Errors
/// Only where the document is no well-formed XML.
pub fn decode_open<'a>(graph: &'a Graph, name: Name<'a>, reader: &mut Reader<'a>, room: &'a Room) -> Result<(&'a str, Value<'a>), Fault> {
    let mut decoding = Decoding::new(graph, reader, room);
    let key = decoding.key("", name);
    Ok((key, decoding.open_element(name, true)?))
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
    at: usize,
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
    names: Names,
    /// What was put into `$extra`.
    extras: usize,
    /// Reasons of records that are done.
    told: Vec<Wrong>,
}

impl<'a, 'r> Decoding<'a, 'r> {
    fn new(graph: &'a Graph, reader: &'r mut Reader<'a>, room: &'a Room) -> Decoding<'a, 'r> {
        Decoding {
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
            names: Names::Expanded,
            extras: 0,
            told: Vec::new(),
        }
    }

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
            Type::Simple(simple) if content != element.content => self.typed_text(simple, attributes, nil),
            Type::Simple(_) if nil => self.nil(attributes),
            Type::Simple(simple) => {
                self.reader.give_back(attributes);
                let text = self.content_text(simple)?;
                let text = if text.is_empty() { element.default.as_deref().unwrap_or(text) } else { text };
                Ok(self.simple(simple, text))
            }
            Type::Complex(complex) => self.complex(complex, element, attributes, nil, item),
            Type::Any => self.untyped(attributes, nil, true),
        }
    }

    fn nil(&mut self, attributes: Vec<Attribute<'a>>) -> Result<Value<'a>, Fault> {
        self.reader.give_back(attributes);
        self.text_only().map(|_| Value::Null)
    }

    /// Text in a place of any type, whose instance says which one it has: `{"@xsi:type": "xs:int", "#text": 5}`.
    fn typed_text(&mut self, simple: &'a super::Simple, attributes: Vec<Attribute<'a>>, nil: bool) -> Result<Value<'a>, Fault> {
        let mut fields = Vec::new();
        for one in &attributes {
            match (one.name.space, one.name.local) {
                (SpaceId::XSI, "type") => fields.push(("@xsi:type", Value::Text(self.type_name(&one.value)))),
                (SpaceId::XSI, _) => {}
                _ => fields.push((self.key("@", one.name), Value::Text(self.cow(&one.value)))),
            }
        }
        self.reader.give_back(attributes);
        let text = self.content_text(simple)?;
        fields.push(if nil { ("$nil", Value::Bool(true)) } else { (TEXT, self.simple(simple, text)) });
        Ok(Value::Record(self.room.bump().alloc_slice_copy(&fields)))
    }

    /// The declared type, or the one that the instance names where that derives from it.
    fn instance_type(&mut self, declared: TypeId, attributes: &[Attribute<'a>]) -> TypeId {
        let Some(named) = attributes.iter().find(|one| one.name.space == SpaceId::XSI && one.name.local == "type") else {
            if let Type::Complex(Complex { is_abstract: true, name, .. }) = self.graph.content(declared) {
                let name = name.as_deref().unwrap_or("its type");
                self.wrong(format!("`{name}` is abstract, and no `xsi:type` says which type it has"));
            }
            return declared;
        };
        let found = self.reader.resolve(named.value.trim()).and_then(|name| self.graph.named(self.reader.uri(name.space), name.local));
        match (found, self.graph.content(declared)) {
            (Some(derived), Type::Any) => derived,
            (Some(derived), _) if self.graph.derives(derived, declared) => derived,
            // Of text the declared type says enough; servers of encoded style name a type everywhere.
            (_, Type::Simple(_)) => declared,
            (_, Type::Any) => declared,
            _ => {
                let told = self.type_name(&named.value);
                self.wrong(format!("its `xsi:type` `{told}` is no type that derives from the declared one (xsd.type)"));
                declared
            }
        }
    }

    /// The name of a type as we write it.
    pub(super) fn type_name(&self, written: &str) -> &'a str {
        match self.reader.resolve(written.trim()) {
            Some(name) => self.room.text(&self.qualified(name.space, name.local)),
            None => self.room.text(written.trim()),
        }
    }

    /// A name in our own words: `prefix:Name` of a namespace that the schemas know, `{urn:x}Name` of another.
    fn qualified(&self, space: SpaceId, local: &str) -> String {
        let uri = self.reader.uri(space);
        match (space, self.graph.space(uri).and_then(|space| self.graph.prefix(space))) {
            (SpaceId::NONE, _) => local.to_string(),
            (SpaceId::XML, _) => format!("xml:{local}"),
            (_, Some(prefix)) => format!("{prefix}:{local}"),
            (_, None) => format!("{{{uri}}}{local}"),
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

    /// The text of an element of text. A name is resolved while its prefixes are still in force.
    fn content_text(&mut self, simple: &super::Simple) -> Result<&'a str, Fault> {
        if simple.kind != super::Kind::Name {
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

    fn complex(
        &mut self,
        complex: &'a Complex,
        element: &'a Element,
        attributes: Vec<Attribute<'a>>,
        nil: bool,
        item: bool,
    ) -> Result<Value<'a>, Fault> {
        let base = self.entries.len();
        let frame = Frame { base, reasons: self.reasons.len(), steps: self.path.len(), item };
        self.items += usize::from(item);
        self.depth += 1;
        self.attributes(complex, &attributes);
        self.reader.give_back(attributes);
        if nil {
            self.text_only()?;
        } else if let Some(Member { kind: MemberKind::Text(content), .. }) = complex.members.first() {
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
                        Type::Simple(simple) if simple.kind == super::Kind::Name => Value::Text(self.type_name(text)),
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

    fn text_member(&mut self, content: TypeId, element: &'a Element) -> Result<(), Fault> {
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

    /// A record of one field.
    pub(super) fn one(&self, key: &'a str, value: Value<'a>) -> Value<'a> {
        Value::Record(self.room.bump().alloc_slice_copy(&[(key, value)]))
    }

    /// The key of what no member stands for, see [`Decoding::qualified`].
    pub(super) fn key(&self, mark: &str, name: Name<'a>) -> &'a str {
        if name.space == SpaceId::NONE && mark.is_empty() {
            return name.local;
        }
        self.room.text(&format!("{mark}{}", self.qualified(name.space, name.local)))
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

    fn known_space(&mut self, id: SpaceId) -> Option<u32> {
        Some(self.space(id)).filter(|space| *space != UNKNOWN_SPACE)
    }

    /// Notes why what the path leads to is not what its type demands.
    pub(super) fn wrong(&mut self, says: String) {
        let at = self.reader.place().0;
        self.reasons.push(Reason { path: self.path.clone(), says, at });
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
        let is_list = member.list;
        if found == 0 {
            if is_list && !member.in_choice && !matches!(member.kind, MemberKind::Any) && !nil {
                self.fields.push((&member.key, Value::List(&[])));
            }
            let demanded = member.occurs.least > 0 && !member.in_choice && !nil && !matches!(member.kind, MemberKind::Any);
            if demanded {
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
        let open = self.entries[at..].iter().take_while(|entry| entry.0 == OPEN_SLOT).count();
        for n in at..at + open {
            if let Value::Record([field]) = self.entries[n].1 {
                self.fields.push(*field);
            }
        }
        let rest = &self.entries[at + open..];
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
            let told: Vec<Wrong> = self.reasons.drain(frame.reasons..).map(|reason| reason.whole()).collect();
            self.told.extend(told);
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
    fn whole(&self) -> Wrong {
        Wrong { at: self.at, says: self.told(0) }
    }

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
