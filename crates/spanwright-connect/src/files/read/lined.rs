//! Which line a byte of a text begins: the CSV reader counts differently where lines end with CR LF, or are empty.

use std::{
    collections::VecDeque,
    io::{self, Read},
};

use super::text::Source;

/// A text that remembers where its lines begin.
pub(super) struct Lined<'b> {
    pub source: Source<'b>,
    /// Bytes that were read.
    at: u64,
    line: u64,
    at_beginning: bool,
    /// Where lines begin that are not empty, and their numbers; those that nobody has asked about yet.
    begun: VecDeque<(u64, u64)>,
}

impl<'b> Lined<'b> {
    pub fn new(source: Source<'b>) -> Lined<'b> {
        Lined { source, at: 0, line: 1, at_beginning: true, begun: VecDeque::new() }
    }

    /// The number of the first line with something in it that begins at this byte or behind it; what is before is forgotten.
    pub fn line_from(&mut self, byte: u64) -> Option<u64> {
        while self.begun.front().is_some_and(|(at, _)| *at < byte) {
            self.begun.pop_front();
        }
        self.begun.front().map(|(_, line)| *line)
    }
}

impl Read for Lined<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(into)?;
        for byte in &into[..read] {
            if self.at_beginning && !matches!(byte, b'\r' | b'\n') {
                self.begun.push_back((self.at, self.line));
            }
            self.at_beginning = *byte == b'\n';
            self.line += u64::from(self.at_beginning);
            self.at += 1;
        }
        Ok(read)
    }
}
