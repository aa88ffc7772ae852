//! What came back, as the connectors read it.

use std::{
    io::{self, BufRead, Cursor, Read},
    sync::Arc,
};

use spanwright_core::{
    connector::{Heard, Reached},
    desk::Report,
    fact::Moment,
};

use super::pipe::Pipe;

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
    /// What still comes.
    pipe: Option<Pipe>,
    /// Bytes that came by the pipe.
    drawn: u64,
}

impl AnswerBody {
    /// A body that came whole.
    pub fn whole(bytes: Vec<u8>) -> AnswerBody {
        AnswerBody { bytes: Cursor::new(bytes), cut: None, pipe: None, drawn: 0 }
    }

    /// A body of which this much came.
    pub fn cut(bytes: Vec<u8>, kind: io::ErrorKind, why: impl Into<String>) -> AnswerBody {
        AnswerBody { bytes: Cursor::new(bytes), cut: Some((kind, why.into())), pipe: None, drawn: 0 }
    }

    /// A body of which this much came, and the rest comes by a pipe. It is read on a thread that may wait.
    pub(super) fn piped(bytes: Vec<u8>, pipe: Pipe) -> AnswerBody {
        AnswerBody { bytes: Cursor::new(bytes), cut: None, pipe: Some(pipe), drawn: 0 }
    }

    /// What came.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get_ref()
    }

    /// Whether all of it came.
    pub fn is_whole(&self) -> bool {
        self.cut.is_none() && self.pipe.is_none()
    }

    /// Takes the next bytes out of the pipe where those at hand are used up.
    fn draw(&mut self) -> io::Result<()> {
        while self.bytes.position() >= self.bytes.get_ref().len() as u64
            && let Some(pipe) = &mut self.pipe
        {
            match pipe.draw() {
                Ok(Some(bytes)) => {
                    self.drawn += bytes.len() as u64;
                    self.bytes = Cursor::new(bytes);
                }
                Ok(None) => self.pipe = None,
                Err((kind, why)) => (self.pipe, self.cut) = (None, Some((kind, why))),
            }
        }
        if self.bytes.position() >= self.bytes.get_ref().len() as u64 { self.end() } else { Ok(()) }
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
        if !into.is_empty() {
            self.draw()?;
        }
        self.bytes.read(into)
    }
}

impl BufRead for AnswerBody {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.draw()?;
        self.bytes.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        self.bytes.consume(bytes);
    }
}

impl Reply {
    /// The figures of an exchange whose answer came in pieces, now that it was read.
    pub(crate) fn report_at(&self, now: Moment) -> Report {
        let drawn = self.heard.as_ref().map_or(0, |answer| answer.body.drawn);
        Report { took: now.since(self.report.at), got: self.report.got + drawn, ..self.report.clone() }
    }

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
