//! The writer: compact, in the order of the value, every number as its own digits.

use crate::value::Value;

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
        Value::Number(number) => number.with_digits(|digits| out.extend_from_slice(digits.as_bytes())),
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
