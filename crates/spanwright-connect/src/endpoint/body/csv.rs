//! CSV (RFC 4180) with a line of names: a list of records of texts.

use spanwright_core::door::Refused;
use spanwright_shape::{room::Room, value::Value};

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
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut line = 1;
    let names = row(&mut rest, &mut line, room)?.unwrap_or_default();
    let mut rows = Vec::new();
    loop {
        let at = line;
        let Some(fields) = row(&mut rest, &mut line, room)? else { break };
        if fields.len() == 1 && fields[0].is_empty() && names.len() != 1 {
            continue;
        }
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

/// The next row; `None` behind the last.
fn row<'r>(rest: &mut &'r str, line: &mut usize, room: &'r Room) -> Result<Option<Vec<&'r str>>, Refused> {
    if rest.is_empty() {
        return Ok(None);
    }
    let mut fields = Vec::new();
    loop {
        if fields.len() == COLUMNS_MOST {
            return Err(unreadable(format!("line {line} has more than {COLUMNS_MOST} fields")));
        }
        let field = match rest.strip_prefix('"') {
            Some(inside) => quoted(inside, rest, line, room)?,
            None => {
                let end = rest.find([',', '\n']).unwrap_or(rest.len());
                let field = &rest[..end];
                *rest = &rest[end..];
                if rest.starts_with('\n') || rest.is_empty() { field.strip_suffix('\r').unwrap_or(field) } else { field }
            }
        };
        fields.push(field);
        if let Some(more) = rest.strip_prefix(',') {
            *rest = more;
            continue;
        }
        let ended = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n')).or(if rest.is_empty() { Some("") } else { None });
        *rest = ended.ok_or_else(|| unreadable(format!("line {line}: something stands behind a closing quote")))?;
        *line += 1;
        return Ok(Some(fields));
    }
}

fn quoted<'r>(inside: &'r str, rest: &mut &'r str, line: &mut usize, room: &'r Room) -> Result<&'r str, Refused> {
    let begun = *line;
    let (mut text, mut left) = (String::new(), inside);
    loop {
        let Some(end) = left.find('"') else { return Err(unreadable(format!("line {begun}: a quote is not closed"))) };
        text.push_str(&left[..end]);
        left = &left[end + 1..];
        match left.strip_prefix('"') {
            Some(more) => {
                text.push('"');
                left = more;
            }
            None => break,
        }
    }
    *line += text.matches('\n').count();
    *rest = left;
    Ok(room.text(&text))
}
