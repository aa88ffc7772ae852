//! From values to messages: the bytes that would be read as the same value again (`endpoint/body` has the readers).

use spanwright_shape::{
    shape::{Shape, Shapes},
    value::Value,
};

use super::{
    bytes,
    compile::{CSV, JSON, LINES, Place, TEXT, XML},
};
use crate::{
    endpoint::body::xml,
    files::{Dialect, write_csv},
};

/// The media type and the body of a message.
///
/// # Errors
/// The value is nothing that its format can say, in words.
pub(super) fn write(place: &Place, shapes: &Shapes, value: &Value<'_>, json: &[u8]) -> Result<(&'static str, Vec<u8>), String> {
    match (place.media.unwrap_or(JSON), value) {
        (TEXT, Value::Text(text)) => Ok(("text/plain; charset=utf-8", text.as_bytes().to_vec())),
        (TEXT, other) => Err(format!("its messages are texts, and this is {}", other.kind().word())),
        (XML, tree) => Ok((XML, xml::write(tree)?)),
        (CSV, value) => Ok(("text/csv; charset=utf-8", csv(place, shapes, value)?)),
        (LINES, Value::List(values)) => Ok((LINES, values.iter().flat_map(|value| [bytes(value), b"\n".to_vec()].concat()).collect())),
        (LINES, value) => Ok((LINES, [bytes(value), b"\n".to_vec()].concat())),
        _ => Ok((JSON, json.to_vec())),
    }
}

/// A list of records, or one: a line of names and a row each. The names are those of the schema, or of the first record.
fn csv(place: &Place, shapes: &Shapes, value: &Value<'_>) -> Result<Vec<u8>, String> {
    let rows = match value {
        Value::List(rows) => rows,
        one => std::slice::from_ref(one),
    };
    let columns = named(place, shapes).or_else(|| match rows.first() {
        Some(Value::Record(fields)) => Some(fields.iter().map(|(name, _)| Box::from(*name)).collect()),
        _ => None,
    });
    write_csv(&Dialect::default(), &columns.unwrap_or_default(), rows).map_err(|(n, why)| format!("row {}: {why}", n + 1))
}

/// The columns of the schema: of a list those of its items.
fn named(place: &Place, shapes: &Shapes) -> Option<Vec<Box<str>>> {
    let mut shape = shapes.get(place.body?);
    if let Shape::List(item, _) = shape {
        shape = shapes.get(*item);
    }
    match shape {
        Shape::Record(record) if !record.fields.is_empty() => Some(record.fields.iter().map(|field| Box::from(&*field.name)).collect()),
        _ => None,
    }
}
