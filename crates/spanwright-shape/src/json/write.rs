//! The writer: compact, in the order of the value, every number as its own digits.

use std::io::Write;

use crate::{number::Number, value::Value};

/// Digits behind the point that are written out; a number with more is written with an exponent.
const SCALE_WRITTEN_OUT_MOST: usize = 20;

/// Whether a byte of a text needs an escape.
const ESCAPED: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = true;
        byte += 1;
    }
    table[b'"' as usize] = true;
    // Needs none in JSON; jq writes one, and so a text made by `tojson` is the same.
    table[0x7f] = true;
    table[b'\\' as usize] = true;
    table
};

/// Writes a value as compact JSON.
pub fn write(value: &Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(Number::Exact(digits)) => out.extend_from_slice(digits.as_bytes()),
        Value::Number(Number::Small { digits, scale }) => write_small(*digits, usize::from(*scale), out),
        Value::Text(text) => write_text(text, out),
        Value::List(items) => write_list(items, out),
        Value::Record(fields) => write_record(fields, out),
    }
}

fn write_list(items: &[Value<'_>], out: &mut Vec<u8>) {
    out.push(b'[');
    for (n, item) in items.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        write(item, out);
    }
    out.push(b']');
}

fn write_record(fields: &[(&str, Value<'_>)], out: &mut Vec<u8>) {
    out.push(b'{');
    for (n, (key, value)) in fields.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        write_text(key, out);
        out.push(b':');
        write(value, out);
    }
    out.push(b'}');
}

/// Writes `digits * 10^-scale` from the right; at least one digit stands before the point.
fn write_small(digits: i64, scale: usize, out: &mut Vec<u8>) {
    if scale > SCALE_WRITTEN_OUT_MOST {
        write!(out, "{digits}e-{scale}").expect("a Vec takes all bytes");
        return;
    }
    let mut buffer = [0; SCALE_WRITTEN_OUT_MOST + 3];
    let (mut at, mut left, mut written) = (buffer.len(), digits.unsigned_abs(), 0);
    while left > 0 || written <= scale {
        if written == scale && scale > 0 {
            at -= 1;
            buffer[at] = b'.';
        }
        at -= 1;
        buffer[at] = b'0' + (left % 10) as u8;
        left /= 10;
        written += 1;
    }
    if digits < 0 {
        at -= 1;
        buffer[at] = b'-';
    }
    out.extend_from_slice(&buffer[at..]);
}

/// Writes a text in double quotes, escaped where RFC 8259 section 7 asks for it and nowhere else.
pub fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(stop) = rest.iter().position(|byte| ESCAPED[usize::from(*byte)]) {
        out.extend_from_slice(&rest[..stop]);
        write_escape(rest[stop], out);
        rest = &rest[stop + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

fn write_escape(byte: u8, out: &mut Vec<u8>) {
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\t' => b't',
        b'\r' => b'r',
        0x08 => b'b',
        0x0c => b'f',
        control => {
            let hex = |half: u8| b"0123456789abcdef"[usize::from(half)];
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', hex(control >> 4), hex(control & 15)]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}
