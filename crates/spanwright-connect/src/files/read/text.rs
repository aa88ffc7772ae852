//! The bytes of a file on their way to rows: the byte order mark, UTF-16, and a bound on what one row may take.

use std::io::{self, BufRead, Read};

use encoding_rs::{Decoder, Encoding, UTF_8};

use super::{super::dialect::is_utf16, FileFault, ROW_BYTES_MOST};

/// Bytes that are decoded at once.
const DECODED_AT_ONCE: usize = 16 << 10;

/// A file's bytes in an encoding in which ASCII is ASCII.
pub(super) struct Source<'b> {
    from: &'b mut dyn BufRead,
    /// Of the fields; UTF-8 where the file is UTF-16, which is decoded here.
    pub encoding: &'static Encoding,
    decoder: Option<Decoder>,
    decoded: (Vec<u8>, usize),
    begun: bool,
    ended: bool,
    /// Bytes that the row may still take.
    left: usize,
}

impl<'b> Source<'b> {
    pub fn new(from: &'b mut dyn BufRead, encoding: &'static Encoding) -> Source<'b> {
        Source { from, encoding, decoder: None, decoded: (Vec::new(), 0), begun: false, ended: false, left: ROW_BYTES_MOST * 2 }
    }

    /// A new row begins: what was read ahead of it counts too, so a row may be a little shorter than the bound.
    pub fn next_row(&mut self) {
        self.left = ROW_BYTES_MOST * 2;
    }

    /// A mark at the beginning says more than the settings do.
    pub fn begin(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        let first = self.from.fill_buf()?;
        if let Some((encoding, bytes)) = Encoding::for_bom(first) {
            self.encoding = encoding;
            self.from.consume(bytes);
        }
        if is_utf16(self.encoding) {
            self.decoder = Some(self.encoding.new_decoder_without_bom_handling());
            self.encoding = UTF_8;
        }
        Ok(())
    }

    fn decode(&mut self) -> io::Result<()> {
        let Some(decoder) = &mut self.decoder else { return Ok(()) };
        while self.decoded.1 == self.decoded.0.len() && !self.ended {
            let bytes = self.from.fill_buf()?;
            let last = bytes.is_empty();
            let mut text = String::with_capacity(DECODED_AT_ONCE);
            let (_, read, _) = decoder.decode_to_string(bytes, &mut text, last);
            self.from.consume(read);
            (self.decoded, self.ended) = ((text.into_bytes(), 0), last);
        }
        Ok(())
    }
}

impl Read for Source<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.begin()?;
        if self.left == 0 {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, TOO_LONG));
        }
        self.decode()?;
        let most = into.len().min(self.left);
        let read = match self.decoder {
            None => self.from.read(&mut into[..most])?,
            Some(_) => (&self.decoded.0[self.decoded.1..]).read(&mut into[..most])?,
        };
        self.decoded.1 += if self.decoder.is_some() { read } else { 0 };
        self.left -= read;
        Ok(read)
    }
}

const TOO_LONG: &str = "a row has more than 1 MiB: perhaps a quote is not closed";

/// What stopped the reading.
pub(super) fn fault(error: &io::Error, line: u64) -> FileFault {
    match error.kind() {
        io::ErrorKind::FileTooLarge => FileFault::Bad(format!("from line {line} on, {TOO_LONG}")),
        _ => FileFault::Broken(format!("could not be read further than line {line}: {error}")),
    }
}

/// A field's text; `None` where its bytes are none in the encoding.
pub(super) fn text<'t>(bytes: &'t [u8], encoding: &'static Encoding) -> Option<std::borrow::Cow<'t, str>> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
    (!text.contains('\u{fffd}')).then_some(text)
}
