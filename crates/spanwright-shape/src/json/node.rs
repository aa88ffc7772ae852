//! What a user wrote in YAML, as the JSON that it means: numbers digit for digit, keys in their order.

use super::write_text;
use crate::text::{Node, NodeKind, Plain, Scalar};

/// Writes a node as compact JSON.
pub fn write_node(node: &Node, out: &mut Vec<u8>) {
    match &node.kind {
        NodeKind::Scalar(scalar) => write_scalar(scalar, out),
        NodeKind::List(items) => {
            out.push(b'[');
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                write_node(item, out);
            }
            out.push(b']');
        }
        NodeKind::Map(pairs) => {
            out.push(b'{');
            for (n, (key, value)) in pairs.iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                write_text(&key.text, out);
                out.push(b':');
                write_node(value, out);
            }
            out.push(b'}');
        }
    }
}

fn write_scalar(scalar: &Scalar, out: &mut Vec<u8>) {
    match scalar.plain() {
        Plain::Null => out.extend_from_slice(b"null"),
        Plain::Flag(flag) => out.extend_from_slice(if flag { b"true" } else { b"false" }),
        Plain::Number(number) => out.extend_from_slice(number.as_bytes()),
        Plain::Text(text) => write_text(text, out),
    }
}
