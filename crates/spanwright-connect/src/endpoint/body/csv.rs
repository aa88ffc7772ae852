//! CSV (RFC 4180) with a line of names: a list of records of texts.

use std::borrow::Cow;

use spanwright_core::door::Refused;
use spanwright_shape::{
    csv::{Fault, Reader, Row},
    room::Room,
    value::Value,
};

use super::super::beside::unreadable;

/// Rows of one body.
pub const ROWS_MOST: usize = 100_000;
/// Columns of one row.
pub const COLUMNS_MOST: usize = 1_000;

/// Reads rows under the names of the first line. Commas separate; a line ends with `\n` or `\r\n`.
///
/// # Errors
/// A row has more or fewer fields than there are names, a quote is not closed, or there is more than may be.
pub fn read<'r>(text: &'r str, room: &'r Room) -> Result<Value<'r>, Refused> {
    let mut reader = Reader::new(text, ',');
    let (_, names) = row(&mut reader, room)?.unwrap_or_default();
    let mut rows = Vec::new();
    while let Some((at, fields)) = row(&mut reader, room)? {
        if fields.len() != names.len() {
            return Err(unreadable(format!("line {at} has {} fields, and there are {} names", fields.len(), names.len())));
        }
        if rows.len() == ROWS_MOST {
            return Err(unreadable(format!("there are more than {ROWS_MOST} rows")));
        }
        let record: Vec<_> = names.iter().copied().zip(fields.into_iter().map(Value::Text)).collect();
        rows.push(Value::Record(room.bump().alloc_slice_copy(&record)));
    }
    Ok(Value::List(room.bump().alloc_slice_copy(&rows)))
}

/// The next row with its line; `None` behind the last.
fn row<'r>(reader: &mut Reader<'r>, room: &'r Room) -> Result<Option<(usize, Vec<&'r str>)>, Refused> {
    let begun = reader.line();
    let read = reader.row().map_err(|fault| match fault {
        Fault::NotClosed => unreadable(format!("line {begun}: a quote is not closed")),
        Fault::StrayQuote => unreadable(format!("line {}: a field has a quote, and neither begins nor ends with it", reader.line())),
    })?;
    let Some(Row { line, cells }) = read else { return Ok(None) };
    if cells.len() > COLUMNS_MOST {
        return Err(unreadable(format!("line {line} has more than {COLUMNS_MOST} fields")));
    }
    let keep = |cell: Cow<'r, str>| match cell {
        Cow::Borrowed(cell) => cell,
        Cow::Owned(cell) => room.text(&cell),
    };
    Ok(Some((line, cells.into_iter().map(keep).collect())))
}
