//! Messages of a queue as arrivals: each is the event that its sender named in `message-id`.
//!
//! A broker gives a message again where it has not heard that we keep it. One with an id is known then. One without is
//! taken again: two messages that say the same may be two, and to lose one is worse than to take one twice.

use spanwright_shape::{room::Room, text::Failure, value::Value};

use super::{Arrival, Page, bytes, named};
use crate::{codes, plan::Source};

/// The messages in a piece.
pub(super) fn messages(source: &Source, piece: &Value<'_>) -> Page {
    let mut page = Page::default();
    let mut room = Room::new();
    for message in piece.get("messages").and_then(|messages| messages.list()).unwrap_or_default() {
        room.clear();
        match arrival(source, message, &room) {
            Some(arrival) => page.arrivals.push(arrival),
            None => page.left_out += 1,
        }
    }
    page
}

/// What is behind them: whether more wait.
pub(super) fn end(piece: &Value<'_>, page: &mut Page) {
    if let Some(more @ Value::Bool(true)) = piece.get("more") {
        page.next = Some(bytes(&more));
    }
}

/// A message, as if a queue had held it.
pub(super) fn message(source: &Source, value: &Value<'_>) -> Page {
    let message = Value::Record(&[("value", *value), ("headers", Value::Record(&[]))]);
    messages(source, &Value::Record(&[("messages", Value::List(&[message]))]))
}

fn arrival<'r>(source: &'r Source, message: &'r Value<'r>, room: &'r Room) -> Option<Arrival> {
    let text = |name| message.get(name).and_then(|value| value.text());
    let (id, headers) = (text("id"), message.get("headers").unwrap_or(Value::Record(&[])));
    let names = room.bump().alloc_slice_copy(&[("headers", headers)]);
    let taken = match text("fault") {
        Some(why) => Err((Failure::new(&codes::BAD_DELIVERY, why), message.get("raw").unwrap_or(Value::Null))),
        None => {
            let value = message.get("value")?;
            named(source, &value, names, id, room).map_err(|why| (why, value))
        }
    };
    let arrival = match taken {
        Ok(arrival) => arrival?,
        Err((why, raw)) => Arrival::new(bytes(&raw), None, None, id.map(Into::into), Some(why)),
    };
    let beside = [("headers", headers)].into_iter().chain(arrival.once.as_deref().map(|once| ("once", Value::Text(once))));
    let beside = Some(bytes(&Value::Record(&beside.collect::<Vec<_>>())));
    Some(Arrival { beside, correlation: text("correlation").map(Into::into), ..arrival })
}
