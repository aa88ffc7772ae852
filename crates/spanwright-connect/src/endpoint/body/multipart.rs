//! `multipart/form-data` (RFC 7578): a list of parts, whatever their names.
//!
//! A part is `{ name, filename, type, text, base64 }`: `text` where it is UTF-8, else `base64`; the other is null.

use base64::{Engine, engine::general_purpose::STANDARD};
use spanwright_core::door::Refused;
use spanwright_shape::{room::Room, value::Value};

use super::super::beside::unreadable;

/// Parts of one body.
pub const PARTS_MOST: usize = 1_000;
/// Bytes of the head of a part.
pub const PART_HEAD_BYTES_MOST: usize = 8 << 10;
/// Bytes of a boundary (RFC 2046 section 5.1.1).
pub const BOUNDARY_BYTES_MOST: usize = 70;

/// Reads the parts.
///
/// # Errors
/// The boundary is missing or the parts are malformed.
pub fn read<'r>(bytes: &'r [u8], boundary: Option<&str>, room: &'r Room) -> Result<Value<'r>, Refused> {
    let boundary = boundary.filter(|boundary| !boundary.is_empty() && boundary.len() <= BOUNDARY_BYTES_MOST);
    let boundary = boundary.ok_or_else(|| unreadable("`multipart/form-data` names no boundary".into()))?;
    let delimiter = format!("\r\n--{boundary}").into_bytes();
    let first = &delimiter[2..];
    let broken = || unreadable("the parts of the body are malformed".into());
    let mut rest = match bytes.strip_prefix(first) {
        Some(rest) => rest,
        None => &bytes[find(bytes, &delimiter).ok_or_else(broken)? + delimiter.len()..],
    };
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        let part = rest.strip_prefix(b"\r\n").ok_or_else(broken)?;
        let end = find(part, &delimiter).ok_or_else(broken)?;
        if parts.len() == PARTS_MOST {
            return Err(unreadable(format!("there are more than {PARTS_MOST} parts")));
        }
        parts.push(one(&part[..end], room).ok_or_else(broken)?);
        rest = &part[end + delimiter.len()..];
    }
    Ok(Value::List(room.bump().alloc_slice_copy(&parts)))
}

fn one<'r>(part: &'r [u8], room: &'r Room) -> Option<Value<'r>> {
    let (head, body) = match part.strip_prefix(b"\r\n") {
        Some(body) => (&b""[..], body),
        None => {
            let end = find(part, b"\r\n\r\n")?;
            (&part[..end], &part[end + 4..])
        }
    };
    if head.len() > PART_HEAD_BYTES_MOST {
        return None;
    }
    let head = std::str::from_utf8(head).ok()?;
    let line = |wanted: &str| {
        head.split("\r\n").find_map(|line| {
            line.split_once(':').filter(|(name, _)| name.trim().eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim())
        })
    };
    let disposition = line("content-disposition")?;
    let text = |value: Option<&str>| value.map_or(Value::Null, |value| Value::Text(room.text(value)));
    let (plain, encoded) = match std::str::from_utf8(body) {
        Ok(text) => (Value::Text(text), Value::Null),
        Err(_) => (Value::Null, Value::Text(room.text(&STANDARD.encode(body)))),
    };
    Some(Value::Record(room.bump().alloc_slice_copy(&[
        ("name", text(parameter(disposition, "name").as_deref())),
        ("filename", text(parameter(disposition, "filename").as_deref())),
        ("type", text(line("content-type"))),
        ("text", plain),
        ("base64", encoded),
    ])))
}

/// `form-data; name="a"; filename="b;c.txt"`
fn parameter(disposition: &str, wanted: &str) -> Option<String> {
    let mut rest = disposition.split_once(';')?.1;
    loop {
        let (name, value) = rest.split_once('=')?;
        let value = value.trim_start();
        let (value, after) = match value.strip_prefix('"') {
            Some(inside) => {
                let end = inside.find('"')?;
                (&inside[..end], inside[end + 1..].split_once(';').map_or("", |(_, after)| after))
            }
            None => value.split_once(';').unwrap_or((value, "")),
        };
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(value.trim().to_string());
        }
        rest = after;
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, wanted)
}
