//! A body by its `content-type`, into a shape that does not change with the data.
//!
//! | type | becomes |
//! | --- | --- |
//! | JSON | what it says |
//! | form | a record of texts |
//! | JSON Lines | a list of what each line says |
//! | CSV | a list of records of texts, by the names of its first line ([`csv`]) |
//! | XML | a tree of elements ([`xml`]) |
//! | multipart form | a list of parts ([`multipart`]) |
//! | plain text | a text |
//! | nothing at all | null |

use spanwright_core::{
    codes,
    door::{Refused, Request},
};
use spanwright_shape::{json, room::Room, text::Failure, value::Value};

use super::beside::{form, unreadable};

pub mod csv;
pub mod multipart;
pub mod xml;

/// Lines of JSON Lines in one body.
pub const LINES_MOST: usize = 100_000;

/// What a body says that it is.
struct MediaType<'t> {
    /// `application/json`, in lower case.
    essence: String,
    parameters: &'t str,
}

/// Reads the body.
///
/// # Errors
/// It is not what it says to be, or of a kind that is not taken.
pub fn read<'r>(request: &Request<'r>, room: &'r Room) -> Result<Value<'r>, Refused> {
    if request.body.is_empty() {
        return Ok(Value::Null);
    }
    match request.header("content-type") {
        Some(media) => read_as(media, request.body, room),
        None => Err(not_taken("the body has no `content-type`")),
    }
}

/// Reads a body that must be JSON.
///
/// # Errors
/// It is not.
pub fn read_json<'r>(request: &Request<'r>, room: &'r Room) -> Result<Value<'r>, Refused> {
    let media = request.header("content-type").unwrap_or_default();
    if is_json(&MediaType::of(media).essence) {
        return read_as(media, request.body, room);
    }
    Err(Refused::new(415, Failure::new(&codes::BODY_TYPE, "the body of this operation is JSON; say `content-type: application/json`")))
}

/// Reads bytes as what their media type says that they are.
///
/// # Errors
/// They are not, or of a kind that is not taken.
pub fn read_as<'r>(media: &str, body: &'r [u8], room: &'r Room) -> Result<Value<'r>, Refused> {
    let media = MediaType::of(media);
    match media.essence.as_str() {
        essence if is_json(essence) => json_body(media.utf8(body)?, room),
        "application/x-www-form-urlencoded" => form(media.utf8(body)?, "the form", room),
        "application/x-ndjson" | "application/jsonl" | "application/json-lines" => lines(media.utf8(body)?, room),
        "text/csv" => csv::read(media.utf8(body)?, room),
        "multipart/form-data" => multipart::read(body, media.parameter("boundary"), room),
        essence if is_xml(essence) => xml::read(body, media.parameter("charset"), room),
        "text/plain" => Ok(Value::Text(media.utf8(body)?)),
        other => Err(not_taken(&format!("`{}` is not read here", crate::http::excerpt::bounded(other)))),
    }
}

fn is_json(essence: &str) -> bool {
    essence == "application/json" || essence == "text/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn is_xml(essence: &str) -> bool {
    matches!(essence, "application/xml" | "text/xml") || (essence.starts_with("application/") && essence.ends_with("+xml"))
}

fn lines<'r>(text: &'r str, room: &'r Room) -> Result<Value<'r>, Refused> {
    let mut values = Vec::new();
    for (n, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        if values.len() == LINES_MOST {
            return Err(unreadable(format!("there are more than {LINES_MOST} lines")));
        }
        let value = json::read(line.as_bytes(), room);
        values.push(value.map_err(|fault| unreadable(format!("line {} is no JSON at byte {}: {}", n + 1, fault.at, fault.says)))?);
    }
    Ok(Value::List(room.bump().alloc_slice_copy(&values)))
}

fn json_body<'r>(text: &'r str, room: &'r Room) -> Result<Value<'r>, Refused> {
    json::read(text.as_bytes(), room).map_err(|fault| unreadable(format!("the body is no JSON at byte {}: {}", fault.at, fault.says)))
}

fn not_taken(says: &str) -> Refused {
    let kinds = "JSON, JSON Lines, XML, CSV, a form, a multipart form, or plain text";
    Refused::new(415, Failure::new(&codes::BODY_TYPE, format!("{says}; send {kinds}")))
}

impl MediaType<'_> {
    fn of(text: &str) -> MediaType<'_> {
        let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
        MediaType { essence: essence.trim().to_ascii_lowercase(), parameters }
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.split(';').find_map(|pair| {
            let (have, value) = pair.split_once('=')?;
            have.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
        })
    }

    fn utf8<'b>(&self, body: &'b [u8]) -> Result<&'b str, Refused> {
        match self.parameter("charset") {
            None => {}
            Some(charset) if charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("us-ascii") => {}
            Some(charset) => return Err(not_taken(&format!("the charset `{}` is not read here", crate::http::excerpt::bounded(charset)))),
        }
        std::str::from_utf8(body).map_err(|fault| unreadable(format!("the body is no UTF-8 from byte {} on", fault.valid_up_to())))
    }
}
