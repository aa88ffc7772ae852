//! What comes beside a body: headers, query, path. Always records of texts, whatever was sent.
//!
//! A name that comes more than once has its values joined by a comma, as RFC 9110 section 5.3 has it for headers: a
//! shape that depended on how often a name comes would be one that changes with the data. What shows who the sender is
//! (`authorization`, cookies) is never kept, since the journal holds no secrets.

use std::borrow::Cow;

use spanwright_core::{
    codes,
    connector::SECRET_HEADERS,
    door::{Refused, Request},
};
use spanwright_shape::{room::Room, text::Failure, value::Value};

use crate::http::url;

/// Characters of a correlation id; a longer one is not taken over.
pub const CORRELATION_CHARACTERS_MOST: usize = 128;
/// Parameters that one query or form may have.
pub const PARAMETERS_MOST: usize = 1_000;

/// What only says how the bytes came.
const OF_THE_WIRE: [&str; 12] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
    "content-encoding",
    "accept-encoding",
    "expect",
    "host",
];

/// `$headers`
pub fn headers<'r>(request: &Request<'r>, room: &'r Room) -> Value<'r> {
    let kept = request.headers.iter().filter(|(name, _)| !SECRET_HEADERS.contains(name) && !OF_THE_WIRE.contains(name));
    let texts = kept.map(|(name, value)| (room.text(name), text(value, room)));
    joined(texts, ", ", room)
}

/// `$query`
///
/// # Errors
/// It is no UTF-8, or has too many parameters.
pub fn query<'r>(request: &Request<'r>, room: &'r Room) -> Result<Value<'r>, Refused> {
    form(request.query, "the query", room)
}

/// `application/x-www-form-urlencoded`, as a record of texts.
///
/// # Errors
/// It is no UTF-8, or has too many parameters.
pub fn form<'r>(text: &str, what: &str, room: &'r Room) -> Result<Value<'r>, Refused> {
    Ok(joined(pairs(text, what, room)?.into_iter(), ",", room))
}

/// The same, each pair as it comes.
///
/// # Errors
/// It is no UTF-8, or has too many parameters.
pub fn pairs<'r>(text: &str, what: &str, room: &'r Room) -> Result<Vec<(&'r str, &'r str)>, Refused> {
    let mut pairs = Vec::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        if pairs.len() == PARAMETERS_MOST {
            return Err(unreadable(format!("{what} has more than {PARAMETERS_MOST} parameters")));
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = |text: &str| url::decode_form(text).map(|text| room.text(&text));
        match (decoded(name), decoded(value)) {
            (Some(name), Some(value)) => pairs.push((name, value)),
            (None, _) | (_, None) => return Err(unreadable(format!("{what} is no percent-encoded UTF-8"))),
        }
    }
    Ok(pairs)
}

/// `$path`
///
/// # Errors
/// It is no UTF-8.
pub fn path<'r>(request: &Request<'r>, room: &'r Room) -> Result<Value<'r>, Refused> {
    let mut fields = Vec::with_capacity(request.parameters.len());
    for (name, value) in request.parameters {
        let value = url::decode(value).ok_or_else(|| unreadable("the path is no percent-encoded UTF-8".into()))?;
        fields.push((*name, Value::Text(room.text(&value))));
    }
    Ok(Value::Record(room.bump().alloc_slice_copy(&fields)))
}

/// The sender's correlation id, where it is short and plain.
pub fn correlation(request: &Request<'_>, header: &str) -> Option<String> {
    request.header(header).and_then(plain).map(str::to_string)
}

/// A correlation id that may go on into the headers of others: short, and of characters that are seen.
pub fn plain(id: &str) -> Option<&str> {
    let id = id.trim();
    let is_plain = !id.is_empty() && id.len() <= CORRELATION_CHARACTERS_MOST && id.bytes().all(|byte| byte.is_ascii_graphic());
    is_plain.then_some(id)
}

/// The request cannot be read, and why.
pub fn unreadable(says: String) -> Refused {
    Refused::new(400, Failure::new(&codes::UNREADABLE, says))
}

fn text<'r>(value: &[u8], room: &'r Room) -> &'r str {
    match String::from_utf8_lossy(value) {
        Cow::Borrowed(text) => room.text(text),
        Cow::Owned(text) => room.text(&text),
    }
}

/// A record of texts; what comes more than once is one text.
pub fn joined<'r>(pairs: impl Iterator<Item = (&'r str, &'r str)>, comma: &str, room: &'r Room) -> Value<'r> {
    let mut fields: Vec<(&'r str, Value<'r>)> = Vec::new();
    for (name, value) in pairs {
        match fields.iter_mut().find(|(have, _)| *have == name) {
            Some((_, Value::Text(have))) => *have = room.text(&format!("{have}{comma}{value}")),
            Some(_) | None => fields.push((name, Value::Text(value))),
        }
    }
    Value::Record(room.bump().alloc_slice_copy(&fields))
}
