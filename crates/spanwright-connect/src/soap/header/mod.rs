//! The blocks of a Header: those that the description declares become values under their local names, the rest is passed over.
//!
//! Always: a block that must be understood, and is not, spoils the message (SOAP 1.1 section 4.2.3, SOAP 1.2 part 1 section 2.4).

use spanwright_shape::{
    room::Room,
    shape::{Field, Presence, RecordShape, Shape, ShapeId},
    value::Value,
    xml::{Attribute, Event, Reader},
    xsd::{self, ElementId, Graph, Lowering},
};

use super::{answer::Strange, wsse::WSSE};

/// The key of an answer's Header, beside those of its content.
pub(super) const HEADERS: &str = "$headers";
/// Stands before the name of a block where the content has a field of that name.
const BLOCK_PREFIX: &str = "header:";
/// Blocks that anybody who speaks SOAP understands well enough to read what stands below them.
pub(super) const UNDERSTOOD: [&str; 3] = [WSSE, "http://www.w3.org/2005/08/addressing", "http://schemas.xmlsoap.org/ws/2004/08/addressing"];

/// Blocks, by name.
pub(super) type Blocks<'a> = Vec<(&'a str, Value<'a>)>;

/// What of a Header is understood.
#[derive(Clone, Copy)]
pub(super) struct Known<'k> {
    pub(super) graph: &'k Graph,
    /// Blocks that are read.
    pub(super) declared: &'k [ElementId],
    /// Namespaces of blocks that are passed over though they must be understood.
    pub(super) spaces: &'k [&'k str],
}

/// Whether the block whose start was just read must be understood.
pub(super) fn must_be_understood(reader: &Reader<'_>, envelope: &str) -> bool {
    let binds = |one: &Attribute<'_>| {
        one.name.local == "mustUnderstand" && reader.uri(one.name.space) == envelope && matches!(one.value.trim(), "1" | "true")
    };
    reader.attributes().iter().any(binds)
}

/// Reads a Header whose start was just read, up to its end.
pub(super) fn read<'a>(reader: &mut Reader<'a>, envelope: &str, known: Known<'a>, room: &'a Room) -> Result<Blocks<'a>, Strange> {
    let mut blocks = Vec::new();
    loop {
        let name = match reader.read()? {
            Event::Start(name) => name,
            Event::Text(_) => continue,
            Event::End | Event::Eof => return Ok(blocks),
        };
        let uri = reader.uri(name.space);
        let is = |id: &&ElementId| {
            let element = known.graph.element(**id);
            *element.local == *name.local && **known.graph.uri(element.space) == *uri
        };
        match known.declared.iter().find(is) {
            Some(id) => {
                // `mustUnderstand`, `role` and their like are the envelope's and no data.
                reader.forget_attributes(envelope);
                let value = xsd::decode(known.graph, *id, reader, room)?;
                let key = &*known.graph.element(*id).local;
                // Of blocks of one name the first counts.
                if !blocks.iter().any(|(other, _)| *other == key) {
                    blocks.push((key, value));
                }
            }
            None if must_be_understood(reader, envelope) && !known.spaces.contains(&uri) => {
                let says = format!("a header block `{}` that must be understood", name.local);
                return Err(Strange::NotUnderstood(crate::http::excerpt::bounded(&says)));
            }
            None => super::answer::skip(reader)?,
        }
    }
}

/// Blocks as fields, none of which need be there.
pub(super) fn fields(blocks: &[ElementId], lowering: &mut Lowering<'_>, name: impl Fn(ElementId) -> String) -> Vec<Field> {
    let field = |id: &ElementId| {
        let shape = lowering.element(*id);
        Field { name: name(*id).into(), shape, presence: Presence::Maybe, about: Some("A header block.".into()) }
    };
    blocks.iter().map(field).collect()
}

/// The parameter that carries a block: its local name, behind a prefix where the content has a field of that name.
pub(super) fn parameter(graph: &Graph, block: ElementId, content: &Shape) -> String {
    let local = &*graph.element(block).local;
    match content {
        Shape::Record(record) if record.fields.iter().any(|field| *field.name == *local) => format!("{BLOCK_PREFIX}{local}"),
        _ => local.to_string(),
    }
}

/// The shape of an answer with its Header beside its content.
pub(super) fn beside(graph: &Graph, content: ShapeId, blocks: &[ElementId], lowering: &mut Lowering<'_>) -> ShapeId {
    let Shape::Record(mut record) = lowering.shapes.get(content).clone() else { return content };
    if blocks.is_empty() {
        return content;
    }
    let fields = fields(blocks, lowering, |id| graph.element(id).local.to_string());
    let headers = lowering.shapes.add(Shape::Record(RecordShape { fields, ..RecordShape::default() }));
    let about = Some("The Header's blocks.".into());
    record.fields.push(Field { name: HEADERS.into(), shape: headers, presence: Presence::Maybe, about });
    lowering.shapes.add(Shape::Record(record))
}

/// A content with its Header beside it; as it is where there is no Header, or no record to put it into.
pub(super) fn with<'a>(content: Value<'a>, blocks: Blocks<'a>, room: &'a Room) -> Value<'a> {
    let (Value::Record(fields), false) = (content, blocks.is_empty()) else { return content };
    let headers = Value::Record(room.bump().alloc_slice_copy(&blocks));
    let all: Vec<_> = fields.iter().copied().chain([(HEADERS, headers)]).collect();
    Value::Record(room.bump().alloc_slice_copy(&all))
}

#[cfg(test)]
mod tests;
