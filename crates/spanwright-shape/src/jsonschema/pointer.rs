//! `$ref`: where it points within the document (RFC 6901, percent-decoded first).

use super::codes;
use crate::text::{Node, NodeKind, Problems, did_you_mean};

/// The node that a `$ref` names; `None` where it names none, which is said.
pub fn resolve<'d>(document: &'d Node, reference: &Node, to: &mut Problems) -> Option<&'d Node> {
    let Some(text) = reference.scalar().map(|scalar| scalar.text.as_str()) else {
        to.error(&codes::WRONG_KIND, reference.span, "`$ref` wants a text such as `#/components/schemas/Contact`", None);
        return None;
    };
    let Some(path) = text.strip_prefix('#') else {
        let help = "bundle the document into one file first, for instance with `redocly bundle`";
        to.error(&codes::OTHER_FILE, reference.span, format!("`{text}` refers to another file, which is not built yet"), help.to_string());
        return None;
    };
    if !path.is_empty() && !path.starts_with('/') {
        to.error(
            &codes::OTHER_FILE,
            reference.span,
            format!("`{text}` names an `$anchor`, which is not built yet"),
            "refer to it by its path".to_string(),
        );
        return None;
    }
    walk(document, path, reference, to)
}

fn walk<'d>(document: &'d Node, path: &str, reference: &Node, to: &mut Problems) -> Option<&'d Node> {
    let mut node = document;
    for step in path.split('/').skip(1) {
        let step = decode(step);
        let Some(next) = child(node, &step) else {
            let help = did_you_mean(&step, super::keyword::pairs(node).iter().map(|(key, _)| key.text.as_str()));
            to.error(&codes::NO_TARGET, reference.span, format!("`#{path}` is not there: nothing is called `{step}` at its place"), help);
            return None;
        };
        node = next;
    }
    Some(node)
}

fn child<'d>(node: &'d Node, step: &str) -> Option<&'d Node> {
    match &node.kind {
        NodeKind::Map(_) => node.get(step),
        NodeKind::List(items) => items.get(step.parse::<usize>().ok()?),
        NodeKind::Scalar(_) => None,
    }
}

/// Percent-decodes, then `~1` is `/` and `~0` is `~`.
fn decode(step: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), step.as_bytes());
    while let [first, tail @ ..] = rest {
        let escaped = tail.get(..2).filter(|_| *first == b'%').and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).replace("~1", "/").replace("~0", "~")
}
