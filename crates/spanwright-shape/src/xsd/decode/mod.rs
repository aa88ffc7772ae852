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
use crate::xml::{Attribute, Fault, Name, Reader, SpaceId};

use super::graph::{Complex, Element, ElementId, Graph, Member, MemberKind, Simple, Type, TypeId};
use super::members::TEXT;

mod content;
mod names;
mod reason;
mod record;
mod simple;
mod untyped;

use reason::{Reason, Step};
use record::Frame;

pub use reason::Wrong;

/// The key that says why a record is not what its schema demands. Where it is, it is the record's first.
pub const INVALID: &str = "$invalid";
/// The key of what the schema does not know: the peer is newer than our copy.
pub const EXTRA: &str = "$extra";
/// Stands for a namespace of the document that the schemas do not know.
const UNKNOWN_SPACE: u32 = u32::MAX;
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
    fn typed_text(&mut self, simple: &'a Simple, attributes: Vec<Attribute<'a>>, nil: bool) -> Result<Value<'a>, Fault> {
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

    pub(super) fn simple(&mut self, simple: &'a Simple, text: &'a str) -> Value<'a> {
        match simple::read(self.graph, simple, text, self.room) {
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

    /// A record of one field.
    pub(super) fn one(&self, key: &'a str, value: Value<'a>) -> Value<'a> {
        Value::Record(self.room.bump().alloc_slice_copy(&[(key, value)]))
    }

    pub(super) fn cow(&self, text: &std::borrow::Cow<'a, str>) -> &'a str {
        match text {
            std::borrow::Cow::Borrowed(text) => text,
            std::borrow::Cow::Owned(text) => self.room.text(text),
        }
    }
}
