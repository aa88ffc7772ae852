//! JSON Lines, a document a line; and JSON, one document.

use std::io::{BufRead, BufReader, Read};

use spanwright_shape::{json, room::Room, value::Value};

use super::{
    DOCUMENT_BYTES_MOST, FileFault, ROW_BYTES_MOST, Row, Rows, Unreadable,
    text::{self, Source},
};

/// The lines of a file; empty ones are none.
pub(super) struct Lines<'b> {
    from: BufReader<Source<'b>>,
    line: u64,
    bytes: Vec<u8>,
}

impl<'b> Lines<'b> {
    pub fn new(source: Source<'b>) -> Lines<'b> {
        Lines { from: BufReader::new(source), line: 0, bytes: Vec::new() }
    }

    /// False at the end.
    fn read(&mut self) -> Result<bool, FileFault> {
        self.bytes.clear();
        self.from.get_mut().next_row();
        self.line += 1;
        let read = self.from.by_ref().take(ROW_BYTES_MOST as u64 + 1).read_until(b'\n', &mut self.bytes);
        match read.map_err(|error| text::fault(&error, self.line))? {
            more if more > ROW_BYTES_MOST => Err(FileFault::Bad(format!("line {} has more than {ROW_BYTES_MOST} bytes", self.line))),
            read => Ok(read > 0),
        }
    }
}

impl Rows for Lines<'_> {
    fn next<'r>(&mut self, room: &'r Room) -> Result<Option<Row<'r>>, FileFault> {
        loop {
            if !self.read()? {
                return Ok(None);
            }
            if self.bytes.trim_ascii().is_empty() {
                continue;
            }
            let says = match text::text(&self.bytes, self.from.get_ref().encoding) {
                None => Err((0, format!("it is no {}", self.from.get_ref().encoding.name()))),
                Some(text) => {
                    let text = room.text(text.trim_end());
                    json::read(text.as_bytes(), room).map_err(|fault| (column(text, fault.at), format!("it is no JSON: {}", fault.says)))
                }
            };
            let raw = || String::from_utf8_lossy(&self.bytes).trim().to_string();
            let says = says.map_err(|(column, says)| Unreadable { column, says, raw: raw() });
            return Ok(Some(Row { line: self.line, says }));
        }
    }
}

/// The character at a byte, from 1.
fn column(text: &str, at: usize) -> u64 {
    text.char_indices().take_while(|(byte, _)| *byte < at).count() as u64 + 1
}

/// One document: its rows are the items of the list that it is, or it is one row.
pub(super) struct Document<'b> {
    from: Option<Source<'b>>,
    /// What is left of the list: each as JSON.
    rows: std::vec::IntoIter<Vec<u8>>,
}

impl<'b> Document<'b> {
    pub fn new(source: Source<'b>) -> Document<'b> {
        Document { from: Some(source), rows: Vec::new().into_iter() }
    }

    fn read(mut source: Source<'_>) -> Result<Vec<Vec<u8>>, FileFault> {
        let mut bytes = Vec::new();
        let mut piece = [0; 16 << 10];
        loop {
            source.next_row();
            match source.read(&mut piece).map_err(|error| text::fault(&error, 1))? {
                0 => break,
                read if bytes.len() + read > DOCUMENT_BYTES_MOST => {
                    let most = DOCUMENT_BYTES_MOST >> 20;
                    return Err(FileFault::Bad(format!("it has more than {most} MiB; JSON Lines are read in any size")));
                }
                read => bytes.extend_from_slice(&piece[..read]),
            }
        }
        let text = text::text(&bytes, source.encoding).ok_or_else(|| FileFault::Bad(format!("it is no {}", source.encoding.name())))?;
        let room = Room::new();
        match json::read(text.as_bytes(), &room) {
            Ok(Value::List(items)) => Ok(items.iter().map(super::super::bytes).collect()),
            Ok(one) => Ok(vec![super::super::bytes(&one)]),
            Err(fault) => Err(FileFault::Bad(format!("it is no JSON at byte {}: {}", fault.at, fault.says))),
        }
    }
}

impl Rows for Document<'_> {
    fn next<'r>(&mut self, room: &'r Room) -> Result<Option<Row<'r>>, FileFault> {
        if let Some(source) = self.from.take() {
            self.rows = Document::read(source)?.into_iter();
        }
        let Some(row) = self.rows.next() else { return Ok(None) };
        let row = room.bump().alloc_slice_copy(&row);
        let says = json::read(row, room).map_err(|fault| Unreadable { column: 0, says: fault.says.to_string(), raw: String::new() });
        Ok(Some(Row { line: 0, says }))
    }
}
