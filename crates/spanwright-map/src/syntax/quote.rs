//! Texts: JSON's escapes (RFC 8259 section 7), and expressions inside `\( )`.

use super::{
    Fault,
    parser::{Parsed, Parser},
    tree::{Piece, TreeKind},
};

impl Parser<'_> {
    /// A text from its opening quote on; `\(` begins an expression.
    pub(super) fn text(&mut self) -> Parsed {
        let from = self.from;
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut at = self.to;
        loop {
            let rest = &self.text[at..];
            let Some(next) = rest.chars().next() else {
                (self.from, self.to) = (from, from + 1);
                return Err(self.fault("this text has no end", "close it with `\"`"));
            };
            match next {
                '"' => break,
                '\\' if rest[1..].starts_with('(') => {
                    if !plain.is_empty() {
                        pieces.push(Piece::Plain(std::mem::take(&mut plain)));
                    }
                    self.advance(at + 2);
                    pieces.push(Piece::Inside(self.pipe()?));
                    if !self.sees(")") {
                        let found = self.shown();
                        return Err(self.fault(format!("`\\(` lacks its `)`: found {found}"), "write `)` here"));
                    }
                    at = self.to;
                }
                '\\' => at = self.escape(at, &mut plain)?,
                _ => {
                    plain.push(next);
                    at += next.len_utf8();
                }
            }
        }
        if !plain.is_empty() || pieces.is_empty() {
            pieces.push(Piece::Plain(plain));
        }
        self.advance(at + 1);
        Ok(self.tree(from, TreeKind::Text(pieces)))
    }

    /// One of JSON's escapes (RFC 8259 section 7); gives where it ends.
    fn escape(&mut self, at: usize, plain: &mut String) -> Result<usize, Fault> {
        let rest = &self.text[at..];
        let simple = match rest.as_bytes().get(1) {
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b @ (b'"' | b'\\' | b'/')) => char::from(*b),
            Some(b'u') => return self.unicode(at, plain),
            _ => return Err(self.bad_escape(at)),
        };
        plain.push(simple);
        Ok(at + 2)
    }

    fn unicode(&mut self, at: usize, plain: &mut String) -> Result<usize, Fault> {
        let unit = |at: usize| self.text.get(at + 2..at + 6).and_then(|hex| u16::from_str_radix(hex, 16).ok());
        let Some(first) = unit(at) else { return Err(self.bad_escape(at)) };
        let second = if self.text[at + 6..].starts_with("\\u") { unit(at + 6) } else { None };
        match (char::from_u32(u32::from(first)), second) {
            (Some(plainly), _) => {
                plain.push(plainly);
                Ok(at + 6)
            }
            (None, Some(second)) => {
                plain.extend(char::decode_utf16([first, second]).map(|decoded| decoded.unwrap_or('\u{fffd}')));
                Ok(at + 12)
            }
            (None, None) => {
                plain.push('\u{fffd}');
                Ok(at + 6)
            }
        }
    }

    fn bad_escape(&mut self, at: usize) -> Fault {
        let next = self.text[at + 1..].chars().next();
        (self.from, self.to) = (at, at + 1 + next.map_or(0, char::len_utf8));
        self.fault(format!("`{}` is no escape", &self.text[self.from..self.to]), "a backslash itself is `\\\\`; in a pattern write `\\\\d`")
    }
}
