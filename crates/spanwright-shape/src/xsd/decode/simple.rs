//! Text of an element or attribute to a value, by its type.

use crate::number::Number;
use crate::room::Room;
use crate::value::Value;

use crate::xsd::builtin::word;
use crate::xsd::graph::{Blank, Common, Graph, Kind, Simple, Type, TypeId};
use crate::xsd::lexical;

/// The value of a text, or in words what is wrong with it. The words reach logs, so they do not show the text.
pub(super) fn read<'a>(graph: &Graph, simple: &Simple, text: &'a str, room: &'a Room) -> Result<Value<'a>, String> {
    let wrong = || Err(format!("it is not {}", word(&simple.kind)));
    let trimmed = text.trim_ascii();
    let spelled = |holds: bool| if holds { Ok(Value::Text(trimmed)) } else { wrong() };
    match &simple.kind {
        Kind::Text | Kind::Union(_, Common::Text) => Ok(Value::Text(blanks(simple.blank, text, room))),
        Kind::Name => Ok(Value::Text(trimmed)),
        Kind::Union(_, Common::Flag) => lexical::flag(trimmed).map_or_else(wrong, |flag| Ok(Value::Bool(flag))),
        Kind::Union(_, Common::Integer | Common::Number) => number(trimmed, room).map_or_else(wrong, |number| Ok(Value::Number(number))),
        Kind::Uri => Ok(Value::Text(trimmed)),
        Kind::Flag => lexical::flag(trimmed).map_or_else(wrong, |flag| Ok(Value::Bool(flag))),
        Kind::Integer { bits } => match number(trimmed, room) {
            Some(number) if !trimmed.contains('.') && within(number, *bits, simple) => Ok(Value::Number(number)),
            Some(_) if !trimmed.contains('.') => Err("it is too large or too small for its type".to_string()),
            _ => wrong(),
        },
        Kind::Decimal => number(trimmed, room).map_or_else(wrong, |number| Ok(Value::Number(number))),
        Kind::Double => double(trimmed, room).map_or_else(wrong, Ok),
        Kind::Date => spelled(lexical::is_date(trimmed)),
        Kind::Time => spelled(lexical::is_time(trimmed)),
        Kind::DateTime => spelled(lexical::is_date_time(trimmed)),
        Kind::Base64 => {
            let packed = without_blanks(trimmed, room);
            if lexical::is_base64(packed) { Ok(Value::Text(packed)) } else { Err("it is not base64".to_string()) }
        }
        Kind::Hex if !lexical::is_hex(trimmed) => Err("it is not hexadecimal".to_string()),
        Kind::Hex => Ok(Value::Text(if trimmed.bytes().any(|byte| byte.is_ascii_lowercase()) {
            room.text(&trimmed.to_ascii_uppercase())
        } else {
            trimmed
        })),
        Kind::List(item) => list(graph, *item, trimmed, room),
    }
}

fn list<'a>(graph: &Graph, item: TypeId, text: &'a str, room: &'a Room) -> Result<Value<'a>, String> {
    let mut items = Vec::new();
    for word in text.split_ascii_whitespace() {
        items.push(match graph.content(item) {
            Type::Simple(simple) => read(graph, simple, word, room)?,
            Type::Complex(_) | Type::Any => Value::Text(word),
        });
    }
    Ok(Value::List(room.bump().alloc_slice_copy(&items)))
}

fn number<'a>(text: &'a str, room: &'a Room) -> Option<Number<'a>> {
    // Most numbers are JSON tokens already; an exponent is one in JSON and none in a decimal.
    match Number::parse(text) {
        Ok(number @ Number::Small { .. }) => return Some(number),
        Ok(number @ Number::Exact(_)) if !text.contains(['e', 'E']) => return Some(number),
        _ => {}
    }
    match lexical::number(text)? {
        std::borrow::Cow::Borrowed(token) => Number::parse(token).ok(),
        std::borrow::Cow::Owned(token) => Number::parse(room.text(&token)).ok(),
    }
}

fn double<'a>(text: &'a str, room: &'a Room) -> Option<Value<'a>> {
    if matches!(text, "NaN" | "INF" | "-INF") {
        return Some(Value::Text(text));
    }
    if let Ok(number) = Number::parse(text) {
        return Some(Value::Number(number));
    }
    Number::parse(room.text(&lexical::double(text)?)).ok().map(Value::Number)
}

/// Whether a whole number fits its type's width. Narrower facets are not looked at: a peer may know better.
fn within(number: Number<'_>, bits: u8, simple: &Simple) -> bool {
    if bits == 0 {
        return true;
    }
    let Some(value) = number.as_i64() else { return false };
    let unsigned = simple.facets.least.as_ref().and_then(|least| least.whole).is_some_and(|least| least >= 0);
    bits == 64 || (value >= -(1 << (bits - 1)) && value < 1 << (bits - 1)) && !(unsigned && value < 0)
}

fn blanks<'a>(how: Blank, text: &'a str, room: &'a Room) -> &'a str {
    match how {
        Blank::Preserve => text,
        Blank::Replace if !text.contains(['\t', '\n', '\r']) => text,
        Blank::Replace => room.text(&text.replace(['\t', '\n', '\r'], " ")),
        Blank::Collapse => {
            let trimmed = text.trim_ascii();
            let ragged = trimmed.contains("  ") || trimmed.contains(['\t', '\n', '\r']);
            if ragged { room.text(&trimmed.split_ascii_whitespace().collect::<Vec<_>>().join(" ")) } else { trimmed }
        }
    }
}

fn without_blanks<'a>(text: &'a str, room: &'a Room) -> &'a str {
    if text.bytes().any(|byte| byte.is_ascii_whitespace()) { room.text(&text.split_ascii_whitespace().collect::<String>()) } else { text }
}
