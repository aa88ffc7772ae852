//! XML without a schema: a tree whose shape does not depend on the document.
//!
//! Nobody can tell from one document whether an element may come twice, so nothing is guessed: each element is
//! `{ name, space, attributes, text, children }`, and `children` is always a list. Where there is a schema, serve it as an API.

use spanwright_core::door::Refused;
use spanwright_shape::{
    room::Room,
    value::Value,
    xml::{self, Event, Fault, Reader, XML_DEPTH_MOST},
};

use super::super::beside::unreadable;
use crate::files::{escaped, is_xml_name};

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

/// The bytes of a tree as [`read`] gives it: of an element `name` must be there. `space` where it is another one than that of the
/// element around it; attributes without a namespace.
///
/// # Errors
/// It is no such tree, in words.
pub(crate) fn write(tree: &Value<'_>) -> Result<Vec<u8>, String> {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    write_element(tree, "", 0, &mut out)?;
    out.push('\n');
    Ok(out.into_bytes())
}

fn write_element(element: &Value<'_>, around: &str, depth: usize, out: &mut String) -> Result<(), String> {
    let Some(name) = element.get("name").and_then(|name| name.text()) else {
        return Err(format!("an element is a record with `name`, and this is {}", element.kind().word()));
    };
    if !is_name(name) || depth == XML_DEPTH_MOST {
        return Err(format!("`{name}` is no name of an element, or stands in more than {XML_DEPTH_MOST} others"));
    }
    let space = element.get("space").and_then(|space| space.text()).unwrap_or_default();
    out.push_str(&format!("<{name}"));
    if space != around {
        attribute("xmlns", &Value::Text(space), out)?;
    }
    if let Some(Value::Record(attributes)) = element.get("attributes") {
        for (n, (name, value)) in attributes.iter().enumerate() {
            if !is_name(name) || *name == "xmlns" || attributes[..n].iter().any(|(before, _)| before == name) {
                return Err(format!("`{name}` is no name of an attribute, or stands twice"));
            }
            attribute(name, value, out)?;
        }
    }
    out.push('>');
    if let Some(text) = element.get("text") {
        escaped(&plain(&text)?, out)?;
    }
    let children = element.get("children").and_then(|children| children.list()).unwrap_or_default();
    children.iter().try_for_each(|child| write_element(child, space, depth + 1, out))?;
    out.push_str(&format!("</{name}>"));
    Ok(())
}

/// A name without a prefix; a dot may stand where a dash may.
fn is_name(name: &str) -> bool {
    is_xml_name(&name.replace('.', "-"))
}

fn attribute(name: &str, value: &Value<'_>, out: &mut String) -> Result<(), String> {
    out.push_str(&format!(" {name}=\""));
    escaped(&plain(value)?, out)?;
    out.push('"');
    Ok(())
}

fn plain(value: &Value<'_>) -> Result<String, String> {
    match value {
        Value::Null => Ok(String::new()),
        Value::Text(text) => Ok(text.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::List(_) | Value::Record(_) => Err(format!("a text of XML is one value, and this is {}", value.kind().word())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use spanwright_shape::json;

    use super::*;

    fn written(tree: &str) -> Result<String, String> {
        let room = Room::new();
        write(&json::read(tree.as_bytes(), &room).unwrap()).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn a_document_that_was_read_is_written_so_that_it_reads_the_same() {
        for document in [
            "<a b=\"1\">x &amp; &lt;y&gt;</a>",
            "<o:order xmlns:o=\"urn:o\" xmlns=\"urn:d\"><line n=\"1\">a\u{e9}</line><o:sum.of/></o:order>",
            "<a><b xmlns=\"urn:b\"><c xmlns=\"\"/></b> \n </a>",
        ] {
            let (room, again) = (Room::new(), Room::new());
            let Ok(tree) = read(document.as_bytes(), None, &room) else { panic!("{document}") };
            let bytes = write(&tree).unwrap();
            let Ok(back) = read(&bytes, None, &again) else { panic!("{}", String::from_utf8_lossy(&bytes)) };
            assert_eq!(format!("{tree:?}"), format!("{back:?}"), "{}", String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn what_is_no_tree_of_elements_is_told() {
        let check = |tree: &str, expected: &str| assert_eq!(written(tree).unwrap_err(), expected);
        check("7", "an element is a record with `name`, and this is a number");
        check(r#"{"name":"a b"}"#, "`a b` is no name of an element, or stands in more than 128 others");
        check(r#"{"name":"a","attributes":{"xmlns":"x"}}"#, "`xmlns` is no name of an attribute, or stands twice");
        check(r#"{"name":"a","text":[1]}"#, "a text of XML is one value, and this is a list");
        check("{\"name\":\"a\",\"text\":\"\\u0001\"}", "U+0001 has no place in XML");
        assert_eq!(written(r#"{"name":"a","text":12.50}"#).unwrap().lines().nth(1), Some("<a>12.50</a>"));
    }
}
