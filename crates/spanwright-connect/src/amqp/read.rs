//! From messages of a queue to values.

use std::ops::ControlFlow;

use base64::{Engine, engine::general_purpose::STANDARD};
use spanwright_core::connector::{Delivery, MESSAGE_BYTES_MOST, Part, Show};
use spanwright_shape::{
    json,
    room::Room,
    shape::{Shapes, breach},
    value::Value,
};

use super::{
    bytes,
    compile::{JSON, Place},
};
use crate::{
    endpoint::{beside::plain, body::read_as},
    http::excerpt::bounded,
};

/// A message that was given so often and never kept ends us each time, or is never read to its end: it is set aside unread.
/// What later versions of RabbitMQ allow where nobody says otherwise.
const GIVEN_MOST: u64 = 20;
/// Encodings of a body that are none; some senders name the charset here.
const PLAIN: [&str; 4] = ["", "identity", "utf-8", "utf8"];

/// Shows messages; what a sender wrote badly is shown too, with its fault.
pub(super) fn show(place: &Place, shapes: &Shapes, came: &[Delivery], show: Show<'_>) -> ControlFlow<()> {
    let room = Room::new();
    let messages: Vec<_> = came.iter().map(|delivery| message(place, shapes, delivery, &room)).collect();
    show(&Value::Record(&[("messages", Value::List(&messages))]), Part::Items)
}

/// The same as JSON.
pub(super) fn piece_bytes(place: &Place, shapes: &Shapes, came: &[Delivery]) -> Vec<u8> {
    let mut piece = Vec::new();
    let _ = show(place, shapes, came, &mut |shown, _| {
        piece = bytes(shown);
        ControlFlow::Continue(())
    });
    piece
}

/// Shows pieces as one answer.
pub(super) fn gather(pieces: &[Vec<u8>], show: &mut dyn FnMut(&Value<'_>)) {
    let room = Room::new();
    let read = pieces.iter().filter_map(|piece| json::read(piece, &room).ok()?.get("messages"));
    let messages: Vec<Value<'_>> = read.flat_map(|messages| messages.list().unwrap_or_default().to_vec()).collect();
    show(&Value::Record(&[("messages", Value::List(&messages)), ("more", Value::Bool(false))]));
}

fn message<'r>(place: &Place, shapes: &Shapes, delivery: &'r Delivery, room: &'r Room) -> Value<'r> {
    let headers: Vec<_> = delivery.headers.iter().map(|(name, value)| (name.as_str(), Value::Text(value))).collect();
    let mut fields = vec![("headers", Value::Record(room.bump().alloc_slice_copy(&headers)))];
    fields.extend(delivery.id.as_deref().map(|id| ("id", Value::Text(id))));
    fields.extend(delivery.correlation.as_deref().and_then(plain).map(|id| ("correlation", Value::Text(id))));
    match body(place, shapes, delivery, room) {
        Ok(value) => fields.push(("value", value)),
        Err(why) => {
            let why = format!("{}: {why}", place.name);
            fields.extend([("fault", Value::Text(room.text(&why))), ("raw", Value::Text(room.text(&raw(delivery))))]);
        }
    }
    Value::Record(room.bump().alloc_slice_copy(&fields))
}

fn body<'r>(place: &Place, shapes: &Shapes, delivery: &'r Delivery, room: &'r Room) -> Result<Value<'r>, String> {
    let Some(bytes) = delivery.body.as_deref() else {
        let most = MESSAGE_BYTES_MOST >> 20;
        return Err(format!("the message has more than {most} MiB: it stays in the queue, and the broker is not told that we have it"));
    };
    let header = |name: &str| delivery.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str());
    if header("x-delivery-count").and_then(|count| count.parse::<u64>().ok()).is_some_and(|count| count >= GIVEN_MOST) {
        return Err(format!("the broker gave it {GIVEN_MOST} times, and it was never kept: it is not read any more"));
    }
    if let Some(encoding) = header("content-encoding").filter(|encoding| !PLAIN.iter().any(|plain| encoding.eq_ignore_ascii_case(plain))) {
        return Err(format!("the message is encoded as `{}`, which is not read here", bounded(encoding)));
    }
    // Senders that know nothing of their bytes call them octets.
    let own = header("content-type").filter(|own| !own.trim().is_empty() && !own.starts_with("application/octet-stream"));
    let value = read_as(place.media.or(own).unwrap_or(JSON), bytes, room).map_err(|refused| refused.failure.says)?;
    match place.body.and_then(|shape| breach(shapes, shape, &value)) {
        Some(wrong) => Err(format!("the schema does not allow this message: {wrong}")),
        None => Ok(value),
    }
}

/// As it came: its text, or Base64 where it is none.
fn raw(delivery: &Delivery) -> String {
    let bytes = delivery.body.as_deref().unwrap_or_default();
    std::str::from_utf8(bytes).map_or_else(|_| STANDARD.encode(bytes), String::from)
}
