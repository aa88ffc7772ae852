//! Snapshots: what happened once, and must happen again. They lie in `tests/snapshots/TEST/CASE.json`.

use spanwright_shape::{
    json,
    room::Room,
    text::{Bundle, Problems, Span},
    value::Value,
};

use super::compare::{Extent, differences, words};
use crate::codes;

/// Where a snapshot lies.
pub(super) fn path(test: &str, case: &str) -> String {
    let word: String = case.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let word = word.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    format!("tests/snapshots/{test}/{word}.json")
}

/// Compares by meaning, and not by bytes.
pub(super) fn compare(bundle: &Bundle, path: &str, now: &[u8], at: Span, to: &mut Problems) {
    let help = "`spanwright test --update` writes it".to_string();
    let Some(file) = bundle.find(path) else {
        to.error(&codes::SNAPSHOT, at, format!("there is no `{path}`"), help);
        return;
    };
    let found = differences(bundle.bytes(file), now, Extent::Whole);
    if !found.is_empty() {
        to.error(&codes::SNAPSHOT, at, format!("`{path}` differs: {}", words(&found)), help);
    }
}

/// JSON for people and their diffs: a key a line.
pub(super) fn pretty(bytes: &[u8]) -> Vec<u8> {
    let room = Room::new();
    let mut out = Vec::new();
    match json::read(bytes, &room) {
        Ok(value) => lines(&value, 0, &mut out),
        Err(_) => out.extend_from_slice(bytes),
    }
    out.push(b'\n');
    out
}

fn lines(value: &Value<'_>, depth: usize, out: &mut Vec<u8>) {
    let indent = |depth: usize, out: &mut Vec<u8>| {
        out.push(b'\n');
        out.extend(std::iter::repeat_n(b' ', depth * 2));
    };
    match value {
        Value::Record(fields) if !fields.is_empty() => {
            out.push(b'{');
            for (n, (key, value)) in fields.iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                indent(depth + 1, out);
                json::write_text(key, out);
                out.extend(b": ");
                lines(value, depth + 1, out);
            }
            indent(depth, out);
            out.push(b'}');
        }
        Value::List(items) if !items.is_empty() => {
            out.push(b'[');
            for (n, value) in items.iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                indent(depth + 1, out);
                lines(value, depth + 1, out);
            }
            indent(depth, out);
            out.push(b']');
        }
        leaf => json::write(leaf, out),
    }
}
