//! What came back, as the connectors read it.

use std::{
    io::{self, BufRead, Cursor, Read},
    sync::Arc,
};

use spanwright_core::{
    connector::{Heard, Reached},
    desk::Report,
};

/// How one exchange went.
#[derive(Debug)]
pub struct Reply {
    /// The answer, or why there is none.
    pub heard: Result<Answer, Silence>,
    /// Its figures.
    pub report: Report,
}

/// No answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// Whether the request can have been read.
    pub reached: Reached,
    /// What happened, in words.
    pub why: String,
}

/// An answer, as far as it came.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// In order; names in lower case.
    pub headers: Vec<(Arc<str>, Vec<u8>)>,
    /// The body.
    pub body: AnswerBody,
}

/// The bytes of a body, and the error that its reader meets behind them where it is not whole.
#[derive(Debug, Default)]
pub struct AnswerBody {
    bytes: Cursor<Vec<u8>>,
    cut: Option<(io::ErrorKind, String)>,
}

impl AnswerBody {
    /// A body that came whole.
    pub fn whole(bytes: Vec<u8>) -> AnswerBody {
        AnswerBody { bytes: Cursor::new(bytes), cut: None }
    }

    /// A body of which this much came.
    pub fn cut(bytes: Vec<u8>, kind: io::ErrorKind, why: impl Into<String>) -> AnswerBody {
        AnswerBody { bytes: Cursor::new(bytes), cut: Some((kind, why.into())) }
    }

    /// What came.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get_ref()
    }

    /// Whether all of it came.
    pub fn is_whole(&self) -> bool {
        self.cut.is_none()
    }

    fn end(&self) -> io::Result<()> {
        match &self.cut {
            Some((kind, why)) => Err(io::Error::new(*kind, why.clone())),
            None => Ok(()),
        }
    }
}

impl Read for AnswerBody {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(into)?;
        if read == 0 && !into.is_empty() {
            self.end()?;
        }
        Ok(read)
    }
}

impl BufRead for AnswerBody {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.bytes.position() >= self.bytes.get_ref().len() as u64 {
            self.end()?;
        }
        self.bytes.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        self.bytes.consume(bytes);
    }
}

impl Reply {
    /// As a connector hears it.
    pub fn heard(&mut self) -> Heard<'_> {
        match &mut self.heard {
            Ok(answer) => Heard::Http { status: answer.status, headers: &answer.headers, body: &mut answer.body },
            Err(silence) => Heard::Broken { reached: silence.reached, why: silence.why.clone() },
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_cut_body_gives_its_bytes_and_then_the_error() {
        let mut body = AnswerBody::cut(b"half".to_vec(), io::ErrorKind::UnexpectedEof, "the connection was closed");
        let mut read = Vec::new();
        let error = body.read_to_end(&mut read).unwrap_err();
        assert_eq!((read.as_slice(), error.kind()), (&b"half"[..], io::ErrorKind::UnexpectedEof));
        assert_eq!(body.fill_buf().unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_whole_body_ends_quietly() {
        let mut read = Vec::new();
        AnswerBody::whole(b"all of it".to_vec()).read_to_end(&mut read).unwrap();
        assert_eq!(read, b"all of it");
    }
}
