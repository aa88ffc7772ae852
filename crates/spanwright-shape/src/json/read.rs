//! The reader: a recursive descent of bounded depth over two stacks that are reused by every list and record.

use std::collections::HashMap;

use bumpalo::collections::String as RoomString;
use memchr::memchr2;

use super::{JSON_DEPTH_MOST, JsonFault};
use crate::{
    number::{Number, NumberFault},
    room::{ROOM_BYTES_MOST, Room},
    value::Value,
};

/// Values that may be open at once: their slots alone fill a room.
const OPEN_VALUES_MOST: usize = ROOM_BYTES_MOST / size_of::<(&str, Value<'_>)>();
/// Up to so many keys are compared pair by pair when one may be repeated; more go through a hash map.
const PAIRWISE_KEYS_MOST: usize = 32;

/// Reads one JSON document (RFC 8259); text borrows from `bytes` where it has no escapes.
///
/// # Errors
/// A [`JsonFault`] with the byte where reading stopped.
pub fn read<'a>(bytes: &'a [u8], room: &'a Room) -> Result<Value<'a>, JsonFault> {
    let text = std::str::from_utf8(bytes).map_err(|fault| JsonFault { at: fault.valid_up_to(), says: "not UTF-8" })?;
    let at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut reader = Reader { text, bytes, at, depth: 0, room, items: Vec::new(), fields: Vec::new() };
    let value = reader.value()?;
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(reader.fault("nothing more may follow the document")),
    }
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    room: &'a Room,
    /// Items of all lists that are open; each list knows where its own begin.
    items: Vec<Value<'a>>,
    /// Fields of all records that are open.
    fields: Vec<(&'a str, Value<'a>)>,
}

impl<'a> Reader<'a> {
    fn fault(&self, says: &'static str) -> JsonFault {
        JsonFault { at: self.at, says }
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.bytes.get(self.at) {
            match byte {
                b' ' | b'\n' | b'\t' | b'\r' => self.at += 1,
                other => return Some(*other),
            }
        }
        None
    }

    fn value(&mut self) -> Result<Value<'a>, JsonFault> {
        match self.peek() {
            Some(b'"') => self.string().map(Value::Text),
            Some(b'{') => self.nested(Self::record),
            Some(b'[') => self.nested(Self::list),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            Some(_) => Err(self.fault("a value was expected")),
            None => Err(self.fault("it ends where a value was expected")),
        }
    }

    fn word(&mut self, word: &str, value: Value<'a>) -> Result<Value<'a>, JsonFault> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(self.fault("a value was expected"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn number(&mut self) -> Result<Value<'a>, JsonFault> {
        let rest = &self.bytes[self.at..];
        let long = rest.iter().position(|b| !matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')).unwrap_or(rest.len());
        let number = Number::parse(&self.text[self.at..self.at + long]).map_err(|fault| match fault {
            NumberFault::NotANumber => self.fault("this is no number"),
            NumberFault::TooLong => self.fault("the number has too many digits or too large an exponent"),
        })?;
        self.at += long;
        Ok(Value::Number(number))
    }

    fn nested(&mut self, inner: fn(&mut Self) -> Result<Value<'a>, JsonFault>) -> Result<Value<'a>, JsonFault> {
        if self.depth == JSON_DEPTH_MOST {
            return Err(self.fault("it is nested too deep"));
        }
        self.depth += 1;
        self.at += 1;
        let value = inner(self)?;
        self.depth -= 1;
        if self.room.used() > ROOM_BYTES_MOST {
            return Err(self.fault("it takes too much memory for one record"));
        }
        Ok(value)
    }

    fn list(&mut self) -> Result<Value<'a>, JsonFault> {
        let from = self.items.len();
        if self.closes(b']') {
            return Ok(Value::List(&[]));
        }
        loop {
            let item = self.value()?;
            self.items.push(item);
            if self.items.len() > OPEN_VALUES_MOST {
                return Err(self.fault("it takes too much memory for one record"));
            }
            if self.ends(b']', "`,` or `]` was expected")? {
                break;
            }
        }
        let items = self.room.bump().alloc_slice_copy(&self.items[from..]);
        self.items.truncate(from);
        Ok(Value::List(items))
    }

    fn record(&mut self) -> Result<Value<'a>, JsonFault> {
        let from = self.fields.len();
        if self.closes(b'}') {
            return Ok(Value::Record(&[]));
        }
        let (mut seen, mut repeated) = (0u64, false);
        loop {
            let key = self.key()?;
            let bit = key_bit(key);
            repeated |= seen & bit != 0;
            seen |= bit;
            let value = self.value()?;
            self.fields.push((key, value));
            if self.fields.len() > OPEN_VALUES_MOST {
                return Err(self.fault("it takes too much memory for one record"));
            }
            if self.ends(b'}', "`,` or `}` was expected")? {
                break;
            }
        }
        if repeated {
            keep_last(&mut self.fields, from);
        }
        let fields = self.room.bump().alloc_slice_copy(&self.fields[from..]);
        self.fields.truncate(from);
        Ok(Value::Record(fields))
    }

    fn key(&mut self) -> Result<&'a str, JsonFault> {
        if self.peek() != Some(b'"') {
            return Err(self.fault("a key in double quotes was expected"));
        }
        let key = self.string()?;
        if self.peek() != Some(b':') {
            return Err(self.fault("`:` was expected"));
        }
        self.at += 1;
        Ok(key)
    }

    fn closes(&mut self, close: u8) -> bool {
        let closes = self.peek() == Some(close);
        self.at += usize::from(closes);
        closes
    }

    /// Steps over the comma, or over the closing bracket: then it says true.
    fn ends(&mut self, close: u8, otherwise: &'static str) -> Result<bool, JsonFault> {
        match self.peek() {
            Some(b',') => self.at += 1,
            Some(byte) if byte == close => {
                self.at += 1;
                return Ok(true);
            }
            Some(_) | None => return Err(self.fault(otherwise)),
        }
        Ok(false)
    }

    fn string(&mut self) -> Result<&'a str, JsonFault> {
        self.at += 1;
        let from = self.at;
        let stop = self.run(from)?;
        if self.bytes[stop] == b'"' {
            self.at = stop + 1;
            return Ok(&self.text[from..stop]);
        }
        self.escaped(from, stop)
    }

    /// Where a run of plain characters stops: at the closing quote or at a backslash.
    fn run(&mut self, from: usize) -> Result<usize, JsonFault> {
        let Some(long) = memchr2(b'"', b'\\', &self.bytes[from..]) else {
            self.at = self.bytes.len();
            return Err(self.fault("it ends inside a text"));
        };
        let run = &self.bytes[from..from + long];
        if run.iter().fold(false, |bad, byte| bad | (*byte < 0x20)) {
            self.at = from + run.iter().position(|byte| *byte < 0x20).unwrap_or(0);
            return Err(self.fault("a control character stands bare in a text"));
        }
        Ok(from + long)
    }

    fn escaped(&mut self, mut from: usize, mut stop: usize) -> Result<&'a str, JsonFault> {
        let mut text = RoomString::with_capacity_in(stop - from + 32, self.room.bump());
        loop {
            text.push_str(&self.text[from..stop]);
            self.at = stop + 1;
            if self.bytes[stop] == b'"' {
                return Ok(text.into_bump_str());
            }
            let escape = self.escape()?;
            text.push(escape);
            from = self.at;
            stop = self.run(from)?;
        }
    }

    fn escape(&mut self) -> Result<char, JsonFault> {
        let plain = match self.bytes.get(self.at) {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(*byte),
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'u') => return self.unicode(),
            Some(_) | None => return Err(self.fault("no such escape")),
        };
        self.at += 1;
        Ok(plain)
    }

    fn unicode(&mut self) -> Result<char, JsonFault> {
        let high = self.four_hex()?;
        if !(0xd800..0xdc00).contains(&high) {
            return char::from_u32(high).ok_or_else(|| self.fault("half a surrogate pair stands alone"));
        }
        if self.bytes.get(self.at..self.at + 2) != Some(b"\\u") {
            return Err(self.fault("half a surrogate pair stands alone"));
        }
        self.at += 1;
        let low = self.four_hex()?;
        let both = low.checked_sub(0xdc00).filter(|low| *low < 0x400).map(|low| 0x10000 + ((high - 0xd800) << 10) + low);
        both.and_then(char::from_u32).ok_or_else(|| self.fault("half a surrogate pair stands alone"))
    }

    /// The number behind a `u`, which is where it stands now.
    fn four_hex(&mut self) -> Result<u32, JsonFault> {
        let digits = self.bytes.get(self.at + 1..self.at + 5).ok_or_else(|| self.fault("four hexadecimal digits were expected"))?;
        let value = digits.iter().try_fold(0, |sum, byte| Some(sum * 16 + char::from(*byte).to_digit(16)?));
        self.at += 5;
        value.ok_or_else(|| self.fault("four hexadecimal digits were expected"))
    }
}

/// One of 64 bits for a key, cheap: two equal keys have the same, so a record whose keys all differ in it has no
/// repeated one, and most records end there.
fn key_bit(key: &str) -> u64 {
    let bytes = key.as_bytes();
    let (first, last) = (bytes.first().copied().unwrap_or(0), bytes.last().copied().unwrap_or(0));
    1 << ((usize::from(first) * 7 + usize::from(last) * 3 + bytes.len()) % 64)
}

/// Of a repeated key the first place and the last value stay.
fn keep_last<'a>(fields: &mut Vec<(&'a str, Value<'a>)>, from: usize) {
    let mut places = HashMap::new();
    let few = fields.len() - from <= PAIRWISE_KEYS_MOST;
    let mut end = from;
    for n in from..fields.len() {
        let (key, value) = fields[n];
        let place = match few {
            true => fields[from..end].iter().position(|(other, _)| *other == key).map_or(end, |place| from + place),
            false => *places.entry(key).or_insert(end),
        };
        // A key seen for the first time lands on `end`, whose slot was read already.
        fields[place] = (key, value);
        end += usize::from(place == end);
    }
    fields.truncate(end);
}
