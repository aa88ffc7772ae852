//! XML without a schema: a tree whose shape does not depend on the document.
//!
//! Nobody can tell from one document whether an element may come twice, so nothing is guessed: each element is
//! `{ name, space, attributes, text, children }`, and `children` is always a list. Where there is a schema, serve it as an API.

use spanwright_core::door::Refused;
use spanwright_shape::{
    room::Room,
    value::Value,
    xml::{self, Event, Fault, Reader},
};

use super::super::beside::unreadable;

/// An element that is not closed yet.
struct Open<'r> {
    name: &'r str,
    space: &'r str,
    attributes: &'r [(&'r str, Value<'r>)],
    text: String,
    children: Vec<Value<'r>>,
}

/// Reads a document.
///
/// # Errors
/// It is none, or has more of something than a document may have.
pub fn read<'r>(bytes: &'r [u8], charset: Option<&str>, room: &'r Room) -> Result<Value<'r>, Refused> {
    tree(bytes, charset, room).map_err(|fault| unreadable(format!("the body is no XML at byte {}: {}", fault.at, fault.says)))
}

/// The tree of a document.
///
/// # Errors
/// It is none.
pub(crate) fn tree<'r>(bytes: &[u8], charset: Option<&str>, room: &'r Room) -> Result<Value<'r>, Fault> {
    let text = room.text(&xml::text(bytes, charset)?);
    let mut reader = Reader::new(text)?;
    let (mut open, mut root): (Vec<Open<'r>>, _) = (Vec::new(), Value::Null);
    loop {
        match reader.read()? {
            Event::Start(name) => {
                let attributes: Vec<_> =
                    reader.attributes().iter().map(|attribute| (attribute.name.local, Value::Text(room.text(&attribute.value)))).collect();
                let attributes = room.bump().alloc_slice_copy(&attributes);
                let space = room.text(reader.uri(name.space));
                open.push(Open { name: name.local, space, attributes, text: String::new(), children: Vec::new() });
            }
            Event::Text(piece) => {
                if let Some(inner) = open.last_mut() {
                    inner.text.push_str(&piece);
                }
            }
            Event::End => {
                let Some(done) = open.pop().map(|open| element(open, room)) else { continue };
                match open.last_mut() {
                    Some(outer) => outer.children.push(done),
                    None => root = done,
                }
            }
            Event::Eof => return Ok(root),
        }
    }
}

/// Text between elements is layout; of an element without any it is the value.
fn element<'r>(open: Open<'r>, room: &'r Room) -> Value<'r> {
    let text = if open.children.is_empty() { open.text.as_str() } else { open.text.trim() };
    Value::Record(room.bump().alloc_slice_copy(&[
        ("name", Value::Text(open.name)),
        ("space", Value::Text(open.space)),
        ("attributes", Value::Record(open.attributes)),
        ("text", Value::Text(room.text(text))),
        ("children", Value::List(room.bump().alloc_slice_copy(&open.children))),
    ]))
}
