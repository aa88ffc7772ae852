//! Reading keywords: what has the wrong kind is said once and taken as left out.

use super::{NodeKind, Plain, codes};
use crate::{
    number::Number,
    text::{Node, Problems, Scalar},
};

/// The pairs of a mapping; nothing where it is none.
pub fn pairs(node: &Node) -> &[(Scalar, Node)] {
    match &node.kind {
        NodeKind::Map(pairs) => pairs,
        NodeKind::Scalar(_) | NodeKind::List(_) => &[],
    }
}

/// The mapping under a keyword.
pub fn map<'d>(node: &'d Node, key: &str, to: &mut Problems) -> &'d [(Scalar, Node)] {
    let Some(value) = node.get(key) else { return &[] };
    if !matches!(value.kind, NodeKind::Map(_)) {
        to.error(&codes::WRONG_KIND, value.span, format!("`{key}` wants a mapping"), None);
    }
    pairs(value)
}

/// The list under a keyword.
pub fn list<'d>(node: &'d Node, key: &str, to: &mut Problems) -> &'d [Node] {
    match node.get(key).map(|value| (value, &value.kind)) {
        None => &[],
        Some((_, NodeKind::List(items))) => items,
        Some((value, NodeKind::Scalar(_) | NodeKind::Map(_))) => {
            to.error(&codes::WRONG_KIND, value.span, format!("`{key}` wants a list"), None);
            &[]
        }
    }
}

/// The text under a keyword.
pub fn text<'d>(node: &'d Node, key: &str, to: &mut Problems) -> Option<&'d str> {
    let value = node.get(key)?;
    let text = value.scalar().map(|scalar| scalar.text.as_str());
    if text.is_none() {
        to.error(&codes::WRONG_KIND, value.span, format!("`{key}` wants a text"), None);
    }
    text
}

/// Whether the flag under a keyword is set.
pub fn flag(node: &Node, key: &str, to: &mut Problems) -> bool {
    match node.get(key).map(|value| (value.span, value.scalar().map(Scalar::plain))) {
        None => false,
        Some((_, Some(Plain::Flag(flag)))) => flag,
        Some((span, _)) => {
            to.error(&codes::WRONG_KIND, span, format!("`{key}` wants `true` or `false`"), None);
            false
        }
    }
}

/// The count under a keyword.
pub fn count(node: &Node, key: &str, to: &mut Problems) -> Option<u32> {
    let value = node.get(key)?;
    let count = number(node, key, to)?.parse().ok();
    if count.is_none() {
        to.error(&codes::WRONG_KIND, value.span, format!("`{key}` wants a whole number, 0 or more"), None);
    }
    count
}

/// The number token under a keyword.
pub fn number<'d>(node: &'d Node, key: &str, to: &mut Problems) -> Option<&'d str> {
    let value = node.get(key)?;
    match value.scalar().map(Scalar::plain) {
        Some(Plain::Number(token)) if Number::parse(token).is_ok() => Some(token),
        _ => {
            to.error(&codes::WRONG_KIND, value.span, format!("`{key}` wants a number"), None);
            None
        }
    }
}
