//! CSV (RFC 4180 and its dialects): a row a record, a column a field.

use csv::{ByteRecord, Reader, ReaderBuilder};
use encoding_rs::Encoding;
use spanwright_shape::{
    room::Room,
    shape::{Presence, Shape, ShapeId, Shapes},
    value::Value,
};

use super::{
    super::dialect::Dialect,
    FileFault, Row, Rows, Unreadable,
    lined::Lined,
    text::{self, Source},
    typed,
};

/// Columns of a file.
pub const COLUMNS_MOST: usize = 1_000;

/// The rows of one file.
pub(super) struct CsvRows<'b, 's> {
    reader: Reader<Lined<'b>>,
    encoding: &'static Encoding,
    columns: Vec<(Box<str>, Option<ShapeId>)>,
    shapes: &'s Shapes,
    record: ByteRecord,
}

impl<'b, 's> CsvRows<'b, 's> {
    /// Reads the header, where there is one.
    pub fn new(mut source: Source<'b>, dialect: &Dialect, shapes: &'s Shapes, row: Option<ShapeId>) -> Result<CsvRows<'b, 's>, FileFault> {
        source.begin().map_err(|error| text::fault(&error, 1))?;
        let encoding = source.encoding;
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(dialect.delimiter)
            .quote(dialect.quote)
            .double_quote(dialect.escape.is_none())
            .escape(dialect.escape)
            .from_reader(Lined::new(source));
        let mut rows = CsvRows { reader, encoding, columns: Vec::new(), shapes, record: ByteRecord::new() };
        let names = if dialect.header { rows.header()? } else { dialect.columns.clone() };
        rows.columns = names.into_iter().map(|name| (name.clone(), typed::field(row, &name, shapes))).collect();
        rows.check_columns(dialect, row)?;
        Ok(rows)
    }

    fn header(&mut self) -> Result<Vec<Box<str>>, FileFault> {
        if !self.read()? {
            return Err(FileFault::Bad("it is empty, and a line with the names of its columns was expected".into()));
        }
        if self.record.len() > COLUMNS_MOST {
            return Err(FileFault::Bad(format!("it has more than {COLUMNS_MOST} columns")));
        }
        let names = self.record.iter().map(|name| text::text(name, self.encoding).map(|name| Box::from(name.trim())));
        names.collect::<Option<_>>().ok_or_else(|| FileFault::Bad(format!("the names of its columns are no {}", self.encoding.name())))
    }

    /// What must be in every row has a column, and no two have one name.
    fn check_columns(&self, dialect: &Dialect, row: Option<ShapeId>) -> Result<(), FileFault> {
        let has = |name: &str| self.columns.iter().any(|(have, _)| **have == *name);
        if let Some((_, (name, _))) =
            self.columns.iter().enumerate().find(|(n, (name, _))| self.columns[..*n].iter().any(|(have, _)| have == name))
        {
            return Err(FileFault::Bad(format!("it has two columns `{name}`")));
        }
        let mut wanted: Vec<&str> = dialect.columns.iter().map(|column| &**column).collect();
        if let Some(Shape::Record(record)) = row.map(|row| self.shapes.get(row)) {
            wanted.extend(record.fields.iter().filter(|field| field.presence == Presence::Always).map(|field| &*field.name));
        }
        match wanted.into_iter().find(|name| !has(name)) {
            Some(name) => {
                let have: Vec<_> = self.columns.iter().map(|(name, _)| format!("`{name}`")).collect();
                Err(FileFault::Bad(format!("it has no column `{name}`, only {}", have.join(", "))))
            }
            None => Ok(()),
        }
    }

    /// False at the end.
    fn read(&mut self) -> Result<bool, FileFault> {
        self.reader.get_mut().source.next_row();
        let line = self.reader.position().line();
        self.reader.read_byte_record(&mut self.record).map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(error) => text::fault(&error, line),
            other => FileFault::Bad(format!("from line {line} on it is no CSV: {other:?}")),
        })
    }

    /// Or which field is wrong, and why.
    fn value<'r>(&self, room: &'r Room) -> Result<Value<'r>, (u64, String)> {
        let (fields, columns) = (self.record.len(), self.columns.len());
        if fields != columns {
            return Err((fields.min(columns) as u64 + 1, format!("it has {fields} fields, and there are {columns} columns")));
        }
        let mut fields = Vec::with_capacity(self.columns.len());
        for (n, ((name, shape), bytes)) in self.columns.iter().zip(&self.record).enumerate() {
            let wrong = || (n as u64 + 1, format!("`{name}` is no {}", self.encoding.name()));
            let text = text::text(bytes, self.encoding).ok_or_else(wrong)?;
            if let Some(value) = typed::cell(typed::keep(&text, room), *shape, self.shapes) {
                fields.push((typed::keep(name, room), value));
            }
        }
        Ok(Value::Record(room.bump().alloc_slice_copy(&fields)))
    }

    fn raw(&self) -> String {
        let fields: Vec<_> = self.record.iter().map(String::from_utf8_lossy).collect();
        fields.join(",")
    }
}

impl Rows for CsvRows<'_, '_> {
    fn next<'r>(&mut self, room: &'r Room) -> Result<Option<Row<'r>>, FileFault> {
        if !self.read()? {
            return Ok(None);
        }
        let place = self.record.position().map_or((0, 0), |place| (place.byte(), place.line()));
        let line = self.reader.get_mut().line_from(place.0).unwrap_or(place.1);
        let says = self.value(room).map_err(|(column, says)| Unreadable { column, says, raw: self.raw() });
        Ok(Some(Row { line, says }))
    }

    fn column(&self, path: &str) -> u64 {
        let name = path.strip_prefix('.').unwrap_or(path);
        self.columns.iter().position(|(have, _)| **have == *name).map_or(0, |n| n as u64 + 1)
    }
}
