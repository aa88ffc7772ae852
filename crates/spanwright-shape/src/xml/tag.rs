//! The inside of a start tag: attributes, their values, and references in text.

use std::borrow::Cow;

use super::fault::{Fault, FaultKind};
use super::limits::{XML_NAME_BYTES_MOST, XML_TEXT_BYTES_MOST};
use super::name::{is_legal_char, is_name};
use super::spaces::Name;

/// An attribute that is no namespace declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute<'i> {
    /// Its name; without a prefix it is in no namespace.
    pub name: Name<'i>,
    /// Its value, normalised as XML 1.0 section 3.3.3 says.
    pub value: Cow<'i, str>,
    /// The byte at which its name begins.
    pub at: usize,
}

/// An attribute as written: prefix, local part, value.
pub(super) struct Written<'i> {
    pub(super) prefix: &'i str,
    pub(super) local: &'i str,
    pub(super) value: Cow<'i, str>,
    pub(super) at: usize,
}

/// Splits a name at its colon and checks both parts.
pub(super) fn split(name: &str, at: usize) -> Result<(&str, &str), Fault> {
    if name.len() > XML_NAME_BYTES_MOST {
        return Err(Fault::limit("name_bytes", at, format!("a name longer than {XML_NAME_BYTES_MOST} bytes (XML_NAME_BYTES_MOST)")));
    }
    match memchr::memchr(b':', name.as_bytes()) {
        None if is_name(name) => return Ok(("", name)),
        Some(colon) if is_name(&name[..colon]) && is_name(&name[colon + 1..]) => return Ok((&name[..colon], &name[colon + 1..])),
        _ => {}
    }
    Err(Fault::new(FaultKind::Tag, at, format!("`{}` is not a name", name.escape_debug())))
}

/// The attributes written in `source[from..to]`, the text of a tag behind its name.
pub(super) struct Attributes<'i> {
    source: &'i str,
    at: usize,
    to: usize,
}

impl<'i> Attributes<'i> {
    pub(super) fn new(source: &'i str, from: usize, to: usize) -> Attributes<'i> {
        Attributes { source, at: from, to }
    }

    pub(super) fn next(&mut self) -> Result<Option<Written<'i>>, Fault> {
        let bytes = &self.source.as_bytes()[..self.to];
        let start = skip_blank(bytes, self.at);
        if start == self.to {
            return Ok(None);
        }
        let malformed = |at, says: &str| Err(Fault::new(FaultKind::Attribute, at, says));
        if start == self.at {
            return malformed(start, "attributes must be separated by a blank");
        }
        let Some(equals) = memchr::memchr(b'=', &bytes[start..]).map(|n| start + n) else {
            return malformed(start, "an attribute has no value");
        };
        let (prefix, local) = split(self.source[start..equals].trim_ascii_end(), start)?;
        let open = skip_blank(bytes, equals + 1);
        let Some(quote @ (b'"' | b'\'')) = bytes.get(open).copied() else {
            return malformed(open.min(self.to), "an attribute's value must be quoted");
        };
        let Some(close) = memchr::memchr(quote, &bytes[open + 1..]).map(|n| open + 1 + n) else {
            return malformed(open, "an attribute's value is not closed");
        };
        self.at = close + 1;
        let value = value(&self.source[open + 1..close], open + 1)?;
        Ok(Some(Written { prefix, local, value, at: start }))
    }
}

fn skip_blank(bytes: &[u8], from: usize) -> usize {
    bytes[from..].iter().position(|byte| !byte.is_ascii_whitespace()).map_or(bytes.len(), |n| from + n)
}

fn value(raw: &str, at: usize) -> Result<Cow<'_, str>, Fault> {
    if raw.len() > XML_TEXT_BYTES_MOST {
        return Err(too_long(at));
    }
    let bytes = raw.as_bytes();
    if let Some(n) = memchr::memchr(b'<', bytes) {
        return Err(Fault::new(FaultKind::Attribute, at + n, "`<` in an attribute's value"));
    }
    if !bytes.iter().any(|byte| matches!(byte, b'&' | b'\t' | b'\n' | b'\r')) {
        return Ok(Cow::Borrowed(raw));
    }
    let mut out = String::with_capacity(raw.len());
    let mut n = 0;
    while n < bytes.len() {
        match bytes[n] {
            b'&' => {
                let end = memchr::memchr(b';', &bytes[n..]).map(|end| n + end);
                let Some(end) = end else {
                    return Err(Fault::new(FaultKind::Entity, at + n, "`&` begins no reference; write `&amp;`"));
                };
                out.push(reference(&raw[n + 1..end], at + n)?);
                n = end + 1;
            }
            b'\r' if bytes.get(n + 1) == Some(&b'\n') => n += 1,
            b'\t' | b'\n' | b'\r' => {
                out.push(' ');
                n += 1;
            }
            _ => {
                let run = bytes[n..].iter().position(|byte| matches!(byte, b'&' | b'\t' | b'\n' | b'\r')).unwrap_or(bytes.len() - n);
                out.push_str(&raw[n..n + run]);
                n += run;
            }
        }
    }
    Ok(Cow::Owned(out))
}

/// What `&name;` means: one of XML's five entities or a character that XML allows.
pub(super) fn reference(name: &str, at: usize) -> Result<char, Fault> {
    let number =
        |digits: &str, radix| u32::from_str_radix(digits, radix).ok().filter(|_| digits.bytes().all(|b| b.is_ascii_alphanumeric()));
    let code = match name {
        "amp" => return Ok('&'),
        "lt" => return Ok('<'),
        "gt" => return Ok('>'),
        "quot" => return Ok('"'),
        "apos" => return Ok('\''),
        _ => match (name.strip_prefix("#x"), name.strip_prefix('#')) {
            (Some(hex), _) => number(hex, 16),
            (None, Some(digits)) => number(digits, 10),
            (None, None) => {
                let says = format!("the entity `&{};` is not declared, and a DOCTYPE that could is refused", shortened(name));
                return Err(Fault::new(FaultKind::Entity, at, says));
            }
        },
    };
    code.and_then(char::from_u32)
        .filter(|c| is_legal_char(*c))
        .ok_or_else(|| Fault::new(FaultKind::Character, at, format!("`&{};` is no character that XML allows", shortened(name))))
}

fn shortened(name: &str) -> String {
    name.chars().take(40).collect()
}

pub(super) fn too_long(at: usize) -> Fault {
    Fault::limit("text_bytes", at, format!("a text longer than {XML_TEXT_BYTES_MOST} bytes (XML_TEXT_BYTES_MOST)"))
}
