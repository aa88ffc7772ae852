//! A file, row by row, in pieces.
//!
//! A format gives one [`Row`] after the other; a row that cannot be read is one all the same, with its line and reason.
//! Only what concerns the whole file (a header without a column that must be there, a quote that is never closed, XML
//! that is none) ends the reading: then the file is set aside, and what was read before that is kept.

use std::io::BufRead;

use spanwright_core::connector::{Blame, FileSeen, Outcome, Part, Show, Verdict};
use spanwright_shape::{
    number::Number,
    room::Room,
    shape::{Shapes, breach},
    text::Failure,
    value::Value,
};

use super::{
    codes,
    compile::{Folder, Format},
};

mod csv;
mod json;
mod lined;
mod text;
mod typed;
mod xml;

/// Rows that go to the disk together.
pub const ROWS_AT_ONCE: usize = 200;
/// Bytes of one row of CSV, or of one line of JSON Lines.
pub const ROW_BYTES_MOST: usize = 1 << 20;
/// Bytes of a JSON file that is one document.
pub const DOCUMENT_BYTES_MOST: usize = 64 << 20;
/// Characters of a row that cannot be read which are kept.
const RAW_CHARACTERS_MOST: usize = 2_000;

/// One row.
pub(super) struct Row<'r> {
    /// Where it begins; 0 where the format has no lines.
    line: u64,
    /// What it says.
    says: Result<Value<'r>, Unreadable>,
}

/// A row that cannot be read.
pub(super) struct Unreadable {
    /// In its line, from 1: the character, in CSV the field; 0 where nobody knows.
    column: u64,
    /// Why.
    says: String,
    /// As it is written.
    raw: String,
}

/// Why no further row can be read.
#[derive(Debug)]
pub(super) enum FileFault {
    /// The file is not what it should be.
    Bad(String),
    /// It could not be read further.
    Broken(String),
}

/// One format's rows.
trait Rows {
    fn next<'r>(&mut self, room: &'r Room) -> Result<Option<Row<'r>>, FileFault>;

    /// The column of what stands at this path of the last row; 0 where nobody knows.
    fn column(&self, path: &str) -> u64 {
        let _ = path;
        0
    }
}

/// Reads a file; each piece of it is shown before the next is read.
pub(super) fn read(folder: &Folder, shapes: &Shapes, file: &FileSeen, body: &mut dyn BufRead, show: Show<'_>) -> Verdict {
    let mut reading = Reading { folder, shapes, file, row: 0 };
    let ended = match &folder.format {
        Format::Csv(dialect) => {
            let source = text::Source::new(body, folder.encoding);
            csv::CsvRows::new(source, dialect, shapes, folder.row).and_then(|mut rows| reading.all(&mut rows, show))
        }
        Format::Lines => reading.all(&mut json::Lines::new(text::Source::new(body, folder.encoding)), show),
        Format::Json { .. } => reading.all(&mut json::Document::new(text::Source::new(body, folder.encoding)), show),
        Format::Xml(path) => reading.all(&mut xml::Elements::new(body, path, shapes, folder.row), show),
    };
    match ended {
        Ok(true) => reading.end(None, show),
        Ok(false) => reading.again("it was not read to its end: we were stopped"),
        Err(FileFault::Bad(why)) => reading.end(Some(&why), show),
        Err(FileFault::Broken(why)) => reading.again(&why),
    }
}

struct Reading<'f> {
    folder: &'f Folder,
    shapes: &'f Shapes,
    file: &'f FileSeen,
    /// Rows so far.
    row: u64,
}

impl Reading<'_> {
    /// False where nobody wants to see more.
    fn all(&mut self, rows: &mut dyn Rows, show: Show<'_>) -> Result<bool, FileFault> {
        let mut room = Room::new();
        loop {
            room.clear();
            let mut piece = Vec::new();
            let ended = loop {
                match rows.next(&room) {
                    Ok(Some(row)) => piece.push(self.record(row, rows, &room)),
                    Ok(None) => break Some(Ok(true)),
                    Err(fault) => break Some(Err(fault)),
                }
                if piece.len() == ROWS_AT_ONCE || room.used() > ROW_BYTES_MOST {
                    break None;
                }
            };
            if !piece.is_empty() && show(&self.piece(&piece, &room), Part::Items).is_break() {
                return Ok(false);
            }
            if let Some(ended) = ended {
                return ended;
            }
        }
    }

    fn record<'r>(&mut self, row: Row<'r>, rows: &dyn Rows, room: &'r Room) -> Value<'r> {
        self.row += 1;
        let number = |n: u64| Value::Number(Number::int(i64::try_from(n).unwrap_or(i64::MAX)));
        let says = row.says.and_then(|value| match self.folder.row.and_then(|shape| breach(self.shapes, shape, &value)) {
            Some(wrong) => {
                let raw = String::from_utf8_lossy(&super::bytes(&value)).into_owned();
                Err(Unreadable { column: rows.column(&wrong.path), says: wrong.to_string(), raw })
            }
            None => Ok(value),
        });
        let (line, n) = (("line", number(row.line)), ("row", number(self.row)));
        match says {
            Ok(value) => Value::Record(room.bump().alloc_slice_copy(&[line, n, ("value", value)])),
            Err(Unreadable { column, says, raw }) => {
                let raw: String = raw.chars().take(RAW_CHARACTERS_MOST).collect();
                let why = format!("{}: {says}", self.place(row.line, column));
                let fields = [line, n, ("fault", Value::Text(room.text(&why))), ("raw", Value::Text(room.text(&raw)))];
                Value::Record(room.bump().alloc_slice_copy(&fields))
            }
        }
    }

    /// `prices.csv:4:3`
    fn place(&self, line: u64, column: u64) -> String {
        let name = &self.file.name;
        match (line, column) {
            (0, _) => format!("{name}, row {}", self.row),
            (line, 0) => format!("{name}:{line}"),
            (line, column) => format!("{name}:{line}:{column}"),
        }
    }

    fn piece<'r>(&'r self, rows: &'r [Value<'r>], room: &'r Room) -> Value<'r> {
        let [name, digest, _] = self.names();
        Value::Record(room.bump().alloc_slice_copy(&[name, digest, ("rows", Value::List(rows))]))
    }

    fn names(&self) -> [(&'static str, Value<'_>); 3] {
        let FileSeen { name, digest, stamp, .. } = self.file;
        [("name", Value::Text(name)), ("digest", Value::Text(digest)), ("stamp", Value::Text(stamp))]
    }

    /// The file was read, or is set aside.
    fn end(&self, failed: Option<&str>, show: Show<'_>) -> Verdict {
        let why = failed.map(|why| format!("{}: {why}", self.file.name));
        let mut fields = self.names().to_vec();
        fields.extend(why.as_deref().map(|why| ("failed", Value::Text(why))));
        let _ = show(&Value::Record(&fields), Part::Rest);
        Verdict::all(1, Outcome::Delivered(None))
    }

    fn again(&self, why: &str) -> Verdict {
        let says = format!("{}: {} {}", self.folder.name, self.file.name, why);
        let why = Failure::new(&codes::TAKEN_AWAY, says);
        Verdict::all(1, Outcome::Later { why, after: None, blame: Blame::System })
    }
}
