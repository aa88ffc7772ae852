//! What happened, as a test: a message without what is personal in it.
//!
//! Texts keep their shape and lose their letters: `Anna.Weber@example.com` becomes `Xxxx.Xxxxx@xxxxxxx.xxx`. What the
//! schema fixes (words of a list, times) and what is no text stays, since flows decide by it. Names of fields stay.

use std::sync::Arc;

use spanwright_shape::{
    json,
    room::Room,
    shape::{Format, Shape, ShapeRef},
    value::Value,
};

/// The message without what is personal. `keep`: fields that stay as they are, by name.
pub fn redacted(message: &[u8], shape: Option<&ShapeRef>, keep: &[String]) -> Option<Arc<[u8]>> {
    let room = Room::new();
    let value = json::read(message, &room).ok()?;
    let redaction = Redaction { keep, room: &room };
    let mut out = Vec::new();
    json::write(&redaction.value(&value, shape), &mut out);
    Some(out.into())
}

struct Redaction<'r> {
    keep: &'r [String],
    room: &'r Room,
}

impl<'r> Redaction<'r> {
    fn value(&self, value: &Value<'r>, shape: Option<&ShapeRef>) -> Value<'r> {
        match value {
            Value::Record(fields) => {
                let made: Vec<_> = fields
                    .iter()
                    .map(|(key, value)| {
                        let kept = self.keep.iter().any(|name| name == key);
                        (*key, if kept { *value } else { self.value(value, shape.and_then(|shape| inside(shape, key)).as_ref()) })
                    })
                    .collect();
                Value::Record(self.room.bump().alloc_slice_copy(&made))
            }
            Value::List(items) => {
                let item = shape.and_then(item);
                let made: Vec<_> = items.iter().map(|value| self.value(value, item.as_ref())).collect();
                Value::List(self.room.bump().alloc_slice_copy(&made))
            }
            Value::Text(text) if !is_fixed(text, shape) => Value::Text(self.room.text(&masked(text))),
            other => *other,
        }
    }
}

/// Whether a text says nothing of a person: a word of the schema's, or a time.
fn is_fixed(text: &str, shape: Option<&ShapeRef>) -> bool {
    let by_shape = shape.is_some_and(|shape| {
        leaves(shape).iter().any(|leaf| match leaf {
            Shape::Text(facets) => {
                facets.one_of.as_ref().is_some_and(|words| words.iter().any(|word| **word == *text))
                    || matches!(facets.format, Format::DateTime(_) | Format::Time(_))
            }
            _ => false,
        })
    });
    by_shape || text.is_empty()
}

/// Letters become `x` and `X`, digits `1`; a leading zero stays, since it is what numbers lose.
fn masked(text: &str) -> String {
    let mask = |c: char| match c {
        '0' => '0',
        c if c.is_ascii_digit() => '1',
        c if c.is_uppercase() => 'X',
        c if c.is_alphabetic() => 'x',
        c => c,
    };
    text.chars().map(mask).collect()
}

fn leaves(shape: &ShapeRef) -> Vec<&Shape> {
    match shape.shapes.get(shape.id) {
        Shape::OneOf(arms) => arms.iter().map(|arm| shape.shapes.get(*arm)).collect(),
        one => vec![one],
    }
}

fn inside(shape: &ShapeRef, key: &str) -> Option<ShapeRef> {
    let field = shape.shapes.field(shape.id, key)?;
    Some(ShapeRef { shapes: shape.shapes.clone(), id: field.shape })
}

fn item(shape: &ShapeRef) -> Option<ShapeRef> {
    leaves(shape).into_iter().find_map(|leaf| match leaf {
        Shape::List(item, _) => Some(ShapeRef { shapes: shape.shapes.clone(), id: *item }),
        _ => None,
    })
}

/// A case of a flow as it is written into a file, indented as an item of `cases:`.
pub fn written(name: &str, message: &[u8], answers: &[String], outcome: &str, dead: Option<(&str, &str)>) -> String {
    let mut text = format!("  - case: {}\n    given:\n      message: {}\n", quoted(name), String::from_utf8_lossy(message));
    if !answers.is_empty() {
        text += "      answers:\n";
        answers.iter().for_each(|answer| text += &format!("        - {answer}\n"));
    }
    text += &format!("    then:\n      outcome: {outcome}\n");
    if let Some((code, step)) = dead {
        text += &format!("      dead: {{ code: {code}, step: {step} }}\n");
    }
    text
}

fn quoted(text: &str) -> String {
    let mut out = Vec::new();
    json::write_text(text, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn texts_keep_their_shape_and_lose_their_letters() {
        let made = redacted(
            br#"{"Name":"Anna Weber","Mail":"a.weber@x.org","Zip":"01067","Sum":12.50,"Ok":true,"Kept":"EUR"}"#,
            None,
            &["Kept".into()],
        );
        let expected = r#"{"Name":"Xxxx Xxxxx","Mail":"x.xxxxx@x.xxx","Zip":"01011","Sum":12.50,"Ok":true,"Kept":"EUR"}"#;
        assert_eq!(String::from_utf8_lossy(&made.unwrap()), expected);
    }
}
