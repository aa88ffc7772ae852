//! `${VAR}` in text, with its place.

use crate::text::{Scalar, Span};

/// A `${..}` in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable<'t> {
    /// What stands between the braces; `None` where they are not closed or hold no name.
    pub name: Option<&'t str>,
    /// From `$` to `}`.
    pub at: Span,
}

/// Every `${..}` of a scalar, in order.
pub fn variables(scalar: &Scalar) -> Vec<Variable<'_>> {
    let (mut found, mut from) = (Vec::new(), 0);
    while let Some(next) = scalar.text[from..].find("${") {
        let begin = from + next;
        let close = scalar.text[begin..].find('}').map(|length| begin + length);
        let name = close.map(|close| &scalar.text[begin + 2..close]).filter(|name| is_variable(name));
        let end = close.map_or(scalar.text.len(), |close| close + 1);
        found.push(Variable { name, at: scalar.place(begin, end) });
        from = end;
    }
    found
}

/// The name, where the whole text is one `${NAME}`.
pub fn whole_variable(text: &str) -> Option<&str> {
    text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).filter(|name| is_variable(name))
}

/// Capitals, digits and `_`, a letter first.
pub(super) fn is_variable(name: &str) -> bool {
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_uppercase());
    first && name.len() <= super::spelled::NAME_CHARS_MOST && name.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
}
