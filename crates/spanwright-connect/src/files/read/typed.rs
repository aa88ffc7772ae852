//! Texts of a file into values of a schema: `12.50` where a number is wanted, absent where nothing stands.

use spanwright_shape::{
    number::Number,
    room::Room,
    shape::{Shape, ShapeId, Shapes},
    value::Value,
};

/// The value of a cell; `None` where it is absent. What the schema cannot take stays the text that it is, and is told.
pub(super) fn cell<'r>(text: &'r str, shape: Option<ShapeId>, shapes: &Shapes) -> Option<Value<'r>> {
    let Some(shape) = shape else { return Some(Value::Text(text)) };
    if text.is_empty() && !takes_text(shape, shapes) {
        return None;
    }
    Some(typed(text, shape, shapes).unwrap_or(Value::Text(text)))
}

fn takes_text(shape: ShapeId, shapes: &Shapes) -> bool {
    match shapes.get(shape) {
        Shape::Any => true,
        Shape::Text(facets) => facets.shortest.unwrap_or(0) == 0 && facets.one_of.is_none() && facets.format == Default::default(),
        Shape::OneOf(arms) => arms.iter().any(|arm| takes_text(*arm, shapes)),
        Shape::Never | Shape::Null | Shape::Flag | Shape::Number(_) | Shape::List(..) | Shape::Record(_) => false,
    }
}

fn typed<'r>(text: &'r str, shape: ShapeId, shapes: &Shapes) -> Option<Value<'r>> {
    match shapes.get(shape) {
        Shape::Any | Shape::Text(_) => Some(Value::Text(text)),
        Shape::Number(_) => number(text.trim()).map(Value::Number),
        Shape::Flag => match text.trim() {
            "true" | "TRUE" | "True" | "1" => Some(Value::Bool(true)),
            "false" | "FALSE" | "False" | "0" => Some(Value::Bool(false)),
            _ => None,
        },
        // What is narrower comes first, whatever the order in the schema.
        Shape::OneOf(arms) => {
            let takes = |text_too: bool| {
                let arms = arms.iter().filter(move |arm| text_too == matches!(shapes.get(**arm), Shape::Text(_) | Shape::Any));
                arms.clone().find_map(|arm| typed(text, *arm, shapes))
            };
            takes(false).or_else(|| takes(true))
        }
        Shape::Never | Shape::Null | Shape::List(..) | Shape::Record(_) => None,
    }
}

/// A number as JSON writes it; leading zeros and `+` are dropped, for a spreadsheet writes them.
fn number(text: &str) -> Option<Number<'_>> {
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    let trimmed = match unsigned.trim_start_matches('0') {
        "" if !unsigned.is_empty() => "0",
        rest if rest.starts_with(|first: char| first.is_ascii_digit()) => rest,
        _ => unsigned,
    };
    Number::parse(trimmed).ok()
}

/// The shape of a field, without null.
pub(super) fn field(record: Option<ShapeId>, name: &str, shapes: &Shapes) -> Option<ShapeId> {
    shapes.field(record?, name).map(|field| field.shape)
}

/// A text in a room.
pub(super) fn keep<'r>(text: &str, room: &'r Room) -> &'r str {
    room.text(text)
}
