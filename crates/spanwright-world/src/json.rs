//! A JSON reader that keeps number tokens as they were written: the CRM's own, so that it judges digits and not doubles.

use std::borrow::Cow;

use crate::ledger::quote;

/// Nesting at most.
pub(crate) const DEPTH_MOST: usize = 64;

/// A value that borrows from the text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json<'t> {
    Null,
    Flag(bool),
    Number(&'t str),
    Text(Cow<'t, str>),
    List(Vec<Json<'t>>),
    Record(Vec<(Cow<'t, str>, Json<'t>)>),
}

impl<'t> Json<'t> {
    /// Reads a whole document; `None`: it is not JSON.
    pub fn read(text: &'t str) -> Option<Json<'t>> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value(0)?;
        reader.space();
        (reader.at == text.len()).then_some(value)
    }

    /// A member of a record.
    pub fn get(&self, name: &str) -> Option<&Json<'t>> {
        match self {
            Json::Record(members) => members.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            Json::Null | Json::Flag(_) | Json::Number(_) | Json::Text(_) | Json::List(_) => None,
        }
    }

    /// Writes it without spaces, members in their order, numbers as they were written.
    pub fn write(&self, out: &mut String) {
        match self {
            Json::Null => out.push_str("null"),
            Json::Flag(flag) => out.push_str(if *flag { "true" } else { "false" }),
            Json::Number(token) => out.push_str(token),
            Json::Text(text) => quote(text, out),
            Json::List(items) => {
                write_all('[', items, ']', out, |item, out| item.write(out));
            }
            Json::Record(members) => write_all('{', members, '}', out, |(name, value), out| {
                quote(name, out);
                out.push(':');
                value.write(out);
            }),
        }
    }

    /// A member that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Json::Text(text) => Some(text),
            Json::Null | Json::Flag(_) | Json::Number(_) | Json::List(_) | Json::Record(_) => None,
        }
    }
}

fn write_all<T>(open: char, parts: &[T], close: char, out: &mut String, write: impl Fn(&T, &mut String)) {
    out.push(open);
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(part, out);
    }
    out.push(close);
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        self.space();
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn value(&mut self, depth: usize) -> Option<Json<'t>> {
        self.space();
        if depth > DEPTH_MOST {
            return None;
        }
        match self.peek()? {
            b'{' => self.record(depth),
            b'[' => self.list(depth),
            b'"' => self.string().map(Json::Text),
            b't' => self.word("true", Json::Flag(true)),
            b'f' => self.word("false", Json::Flag(false)),
            b'n' => self.word("null", Json::Null),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &str, value: Json<'t>) -> Option<Json<'t>> {
        self.text[self.at..].starts_with(word).then(|| {
            self.at += word.len();
            value
        })
    }

    fn record(&mut self, depth: usize) -> Option<Json<'t>> {
        self.eat(b'{')?;
        let mut members = Vec::with_capacity(8);
        if self.eat(b'}').is_some() {
            return Some(Json::Record(members));
        }
        loop {
            self.space();
            let key = self.string()?;
            self.eat(b':')?;
            members.push((key, self.value(depth + 1)?));
            if self.eat(b',').is_none() {
                self.eat(b'}')?;
                return Some(Json::Record(members));
            }
        }
    }

    fn list(&mut self, depth: usize) -> Option<Json<'t>> {
        self.eat(b'[')?;
        let mut items = Vec::new();
        if self.eat(b']').is_some() {
            return Some(Json::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.eat(b',').is_none() {
                self.eat(b']')?;
                return Some(Json::List(items));
            }
        }
    }

    fn number(&mut self) -> Option<Json<'t>> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')) {
            self.at += 1;
        }
        let token = &self.text[start..self.at];
        is_number(token).then_some(Json::Number(token))
    }

    fn string(&mut self) -> Option<Cow<'t, str>> {
        self.eat(b'"')?;
        let start = self.at;
        let end = start + self.text.as_bytes()[start..].iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
        self.at = end;
        match self.peek()? {
            b'"' => {
                self.at += 1;
                Some(Cow::Borrowed(&self.text[start..end]))
            }
            b'\\' => self.escaped(start).map(Cow::Owned),
            _ => None,
        }
    }

    /// The slow way, for strings with escapes; `at` stands on the first backslash.
    fn escaped(&mut self, start: usize) -> Option<String> {
        let mut out = self.text[start..self.at].to_owned();
        loop {
            let rest = &self.text[self.at..];
            let character = rest.chars().next()?;
            self.at += character.len_utf8();
            match character {
                '"' => return Some(out),
                '\\' => out.push(self.escape()?),
                control if control < ' ' => return None,
                other => out.push(other),
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let byte = self.peek()?;
        self.at += 1;
        match byte {
            b'"' | b'\\' | b'/' => Some(char::from(byte)),
            b'b' => Some('\u{8}'),
            b'f' => Some('\u{c}'),
            b'n' => Some('\n'),
            b'r' => Some('\r'),
            b't' => Some('\t'),
            b'u' => self.unicode(),
            _ => None,
        }
    }

    fn unicode(&mut self) -> Option<char> {
        let high = self.hex()?;
        if !(0xd800..0xdc00).contains(&high) {
            return char::from_u32(high);
        }
        self.word("\\u", Json::Null)?;
        let low = self.hex()?;
        (0xdc00..0xe000).contains(&low).then(|| char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)))?
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }
}

/// The grammar of RFC 8259 section 6.
fn is_number(token: &str) -> bool {
    let unsigned = token.strip_prefix('-').unwrap_or(token);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).map_or((unsigned, None), |(mantissa, exponent)| (mantissa, Some(exponent)));
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(whole, fraction)| (whole, Some(fraction)));
    let exponent = exponent.map(|exponent| exponent.strip_prefix(['+', '-']).unwrap_or(exponent));
    are_digits(whole) && (whole == "0" || !whole.starts_with('0')) && fraction.is_none_or(are_digits) && exponent.is_none_or(are_digits)
}

fn are_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The shortest way to write the same decimal: `24.95000` is `24.95`. A token with an exponent stays as it is.
pub(crate) fn plain(token: &str) -> &str {
    match token.contains('.') && !token.contains(['e', 'E']) {
        true => token.trim_end_matches('0').trim_end_matches('.'),
        false => token,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn reads_like_serde(text: &str) {
        let ours = Json::read(text).is_some();
        let theirs = serde_json::from_str::<serde_json::Value>(text).is_ok();
        assert_eq!(ours, theirs, "{text}");
    }

    #[test]
    fn what_is_json_and_what_is_not_agrees_with_serde_json() {
        let good = [r#"{"a":[1,-2.50,3e4,true,false,null,"x"]}"#, "[]", " {} ", r#""\u00fc\ud83d\ude00\n""#, "0", "-0.5E-3"];
        let bad =
            ["", "{", "[1,]", "01", "1.", "+1", "tru", r#"{"a" 1}"#, r#""\x""#, "\"\n\"", "1 2", r#"{"a":1,}"#, "<html>", r#""\ud800""#];
        good.into_iter().chain(bad).for_each(reads_like_serde);
    }

    #[test]
    fn digits_stay_as_they_were_written() {
        assert_eq!(Json::read("12345678901234567890.5600"), Some(Json::Number("12345678901234567890.5600")));
    }

    #[test]
    fn an_escaped_text_reads_as_it_was_meant() {
        assert_eq!(Json::read(r#""M\u00fcller \ud83d\ude00 \"x\"""#), Some(Json::Text("Müller 😀 \"x\"".into())));
    }

    #[test]
    fn zeros_behind_the_point_say_nothing() {
        assert_eq!(["24.95000", "10.00", "100", "0.0"].map(plain), ["24.95", "10", "100", "0"]);
    }

    #[test]
    fn nesting_has_a_bound() {
        assert_eq!(Json::read(&"[".repeat(100_000)), None);
    }
}
