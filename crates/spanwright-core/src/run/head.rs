//! The head of an answer: its status and those of its headers that later steps read (`$answers.NAME.headers.etag`).
//!
//! It is journaled with the body, so that it is there after a crash. An answer of which nothing but the body is read is
//! kept as one JSON text. With a head it is a JSON text sequence (RFC 7464) of two, head and body: no JSON text begins
//! with the separator, so an answer says itself which of them it is, under whatever plan it was kept.

use std::sync::Arc;

use spanwright_shape::{json, number::Number, room::Room, text::Failure, value::Value};

use super::scene::Carried;
use crate::{connector::Heard, plan::Head};

/// The name, without its `$`, under which heads are seen.
pub const ANSWERS: &str = "answers";
/// In a head, the status.
pub const STATUS: &str = "status";
/// In a head, the headers.
pub const HEADERS: &str = "headers";

/// Begins each text of a sequence.
const SEPARATOR: u8 = 0x1e;

/// What of the head of an answer is kept, as JSON; `None` where there is no head.
pub fn kept(head: &Head, heard: &Heard<'_>) -> Option<Vec<u8>> {
    let Heard::Http { status, headers, .. } = heard else { return None };
    let room = Room::new();
    let found = head.headers.iter().filter_map(|name| Some((&**name, Value::Text(room.text(&joined(name, headers)?)))));
    let found: Vec<_> = found.collect();
    let mut fields = Vec::new();
    if head.status {
        fields.push((STATUS, Value::Number(Number::int(i64::from(*status)))));
    }
    fields.push((HEADERS, Value::Record(&found)));
    let mut out = Vec::new();
    json::write(&Value::Record(&fields), &mut out);
    Some(out)
}

/// What comes more than once is one value with commas (RFC 9110, section 5.3).
fn joined(name: &str, headers: &[(Arc<str>, Vec<u8>)]) -> Option<String> {
    let all = headers.iter().filter(|(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| String::from_utf8_lossy(value));
    let all: Vec<_> = all.collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// An answer as it is journaled.
pub fn with_head(head: &[u8], body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(head.len() + body.len() + 4);
    for text in [head, body] {
        out.push(SEPARATOR);
        out.extend_from_slice(text);
        out.push(b'\n');
    }
    out
}

/// A journaled answer: the head where it has one, and the body; JSON, both.
pub fn parts(answer: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let Some(texts) = answer.strip_prefix(&[SEPARATOR]) else { return (None, answer) };
    let mut texts = texts.splitn(2, |byte| *byte == SEPARATOR).map(|text| text.strip_suffix(b"\n").unwrap_or(text));
    let head = texts.next();
    (head, texts.next().unwrap_or(b"null"))
}

/// An answer that is looked into.
#[derive(Clone, Copy)]
pub(super) struct Answer<'a> {
    pub body: Value<'a>,
    /// A record; nothing is in it where nothing was kept.
    pub head: Value<'a>,
}

impl<'a> Answer<'a> {
    /// Of what was left out, or brought no answer.
    pub const NONE: Answer<'a> = Answer { body: Value::Null, head: Value::Record(&[]) };

    pub fn read(answer: Option<&'a Arc<[u8]>>, room: &'a Room) -> Result<Answer<'a>, Failure> {
        let Some(answer) = answer else { return Ok(Answer::NONE) };
        let (head, body) = parts(answer);
        let head = head.map_or(Ok(Answer::NONE.head), |head| Carried::bytes(head).value(room))?;
        Ok(Answer { body: Carried::bytes(body).value(room)?, head })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(names: &[&str], status: bool) -> Head {
        Head { status, headers: names.iter().map(|name| Arc::from(*name)).collect() }
    }

    #[track_caller]
    fn check(wanted: &Head, headers: &[(&str, &str)], expected: &str) {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (Arc::from(*name), value.as_bytes().to_vec())).collect();
        let heard = Heard::Http { status: 201, headers: &headers, body: &mut &b""[..] };
        assert_eq!(kept(wanted, &heard).map(|head| String::from_utf8_lossy(&head).into_owned()).as_deref(), Some(expected));
    }

    #[test]
    fn only_what_is_read_is_kept() {
        let headers = [("etag", "\"7\""), ("set-cookie", "a=1"), ("location", "/orders/7")];
        check(&head(&["etag"], false), &headers, r#"{"headers":{"etag":"\"7\""}}"#);
        check(&head(&["location", "x-next"], true), &headers, r#"{"status":201,"headers":{"location":"/orders/7"}}"#);
        check(&head(&["vary"], false), &[("vary", "accept"), ("vary", "origin")], r#"{"headers":{"vary":"accept, origin"}}"#);
    }

    #[test]
    fn an_answer_says_itself_whether_it_has_a_head() {
        let whole = with_head(br#"{"status":201}"#, br#"{"id":7}"#);
        assert_eq!(parts(&whole), (Some(&br#"{"status":201}"#[..]), &br#"{"id":7}"#[..]));
        assert_eq!(parts(br#"{"id":7}"#), (None, &br#"{"id":7}"#[..]));
    }

    #[test]
    fn nobody_answers_without_http() {
        let heard = Heard::Broken { reached: crate::connector::Reached::No, why: String::new() };
        assert_eq!(kept(&head(&["etag"], true), &heard), None);
    }
}
