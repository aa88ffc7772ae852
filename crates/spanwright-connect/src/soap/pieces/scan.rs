//! Tokens of XML by their ends alone, from a stream: what they mean is for the hardened reader, who sees them again.

use std::io::{BufRead, Cursor, Read};

use memchr::{memchr, memchr3, memmem};

use super::ITEM_BYTES_MOST;
use crate::http::answer::BodyFault;

/// Bytes that are taken from the stream at once, where it has more.
const READ_BYTES: usize = 64 << 10;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `<a ..>`
    Start,
    /// `<a ../>`
    Empty,
    /// `</a>`
    End,
    /// Text, or a part of it.
    Text,
    /// A comment, a CDATA section, a processing instruction, a declaration.
    Other,
}

/// Finds one token after the other.
pub(super) struct Scanner<'r> {
    from: &'r mut dyn BufRead,
    buffer: Vec<u8>,
    /// The token: where it begins and ends.
    token: (usize, usize),
    /// Bytes read of the stream.
    got: usize,
    ended: bool,
}

impl<'r> Scanner<'r> {
    pub(super) fn new(from: &'r mut dyn BufRead) -> Scanner<'r> {
        Scanner { from, buffer: Vec::new(), token: (0, 0), got: 0, ended: false }
    }

    /// What was looked at, and all behind it.
    pub(super) fn into_stream(self) -> impl BufRead + use<'r> {
        Cursor::new(self.buffer).chain(self.from)
    }

    /// The token's bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[self.token.0..self.token.1]
    }

    /// The name in a tag.
    pub(super) fn name(&self) -> &[u8] {
        let inside = &self.bytes()[1..];
        let end = inside.iter().position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/')).unwrap_or(inside.len());
        &inside[..end]
    }

    /// Goes behind the token.
    pub(super) fn consume(&mut self) {
        self.token.0 = self.token.1;
    }

    /// The next bytes, so many where the stream has them.
    pub(super) fn look(&mut self, bytes: usize) -> Result<&[u8], BodyFault> {
        while self.ahead().len() < bytes && self.more()? {}
        let ahead = self.ahead();
        Ok(&ahead[..ahead.len().min(bytes)])
    }

    /// The next token; the same again until it is consumed. What is cut off at the end of the stream is a text.
    pub(super) fn token(&mut self) -> Result<Option<Kind>, BodyFault> {
        let (kind, length) = match *self.look(4)? {
            [] => return Ok(None),
            [b'<', b'!', b'-', b'-'] => (Kind::Other, self.until(b"-->", 4)?),
            [b'<', b'!', b'[', ..] => (Kind::Other, self.until(b"]]>", 3)?),
            [b'<', b'!', ..] => (Kind::Other, self.until(b">", 2)?),
            [b'<', b'?', ..] => (Kind::Other, self.until(b"?>", 2)?),
            [b'<', b'/', ..] => (Kind::End, self.until(b">", 2)?),
            [b'<', ..] => self.tag()?,
            [..] => (Kind::Text, Some(memchr(b'<', self.ahead()).unwrap_or(self.ahead().len()))),
        };
        let (kind, length) = length.map_or((Kind::Text, self.ahead().len()), |length| (kind, length));
        self.token.1 = self.token.0 + length;
        Ok(Some(kind))
    }

    fn ahead(&self) -> &[u8] {
        &self.buffer[self.token.0..]
    }

    /// Bytes up to the end of a mark, searched for from `at` on; `None` where the stream ends before.
    fn until(&mut self, mark: &[u8], mut at: usize) -> Result<Option<usize>, BodyFault> {
        loop {
            if let Some(found) = memmem::find(&self.ahead()[at..], mark) {
                return Ok(Some(at + found + mark.len()));
            }
            // What was looked at is not looked at again, but for the beginning of a mark.
            at = at.max((self.ahead().len() + 1).saturating_sub(mark.len()));
            if !self.more()? {
                return Ok(None);
            }
        }
    }

    /// A start tag: its end is a `>` outside of quotes.
    fn tag(&mut self) -> Result<(Kind, Option<usize>), BodyFault> {
        let (mut at, mut quote) = (1, None);
        loop {
            let rest = &self.ahead()[at..];
            let found = match quote {
                Some(quote) => memchr(quote, rest),
                None => memchr3(b'>', b'"', b'\'', rest),
            };
            match (found.map(|found| (at + found, rest[found])), quote) {
                (Some((end, b'>')), None) => {
                    let kind = if self.ahead()[end - 1] == b'/' { Kind::Empty } else { Kind::Start };
                    return Ok((kind, Some(end + 1)));
                }
                (Some((end, mark)), None) => (at, quote) = (end + 1, Some(mark)),
                (Some((end, _)), Some(_)) => (at, quote) = (end + 1, None),
                (None, _) => {
                    at += rest.len();
                    if !self.more()? {
                        return Ok((Kind::Text, None));
                    }
                }
            }
        }
    }

    /// Reads on; false at the end.
    fn more(&mut self) -> Result<bool, BodyFault> {
        if self.ended {
            return Ok(false);
        }
        if self.ahead().len() > ITEM_BYTES_MOST {
            return Err(BodyFault::TooLarge(ITEM_BYTES_MOST));
        }
        self.buffer.drain(..self.token.0);
        self.token = (0, 0);
        let piece = self.from.fill_buf().map_err(|error| BodyFault::Cut(self.got, error.to_string()))?;
        let read = piece.len().min(READ_BYTES);
        self.buffer.extend_from_slice(&piece[..read]);
        self.from.consume(read);
        self.got += read;
        self.ended = read == 0;
        Ok(!self.ended)
    }
}
