//! Rows into the bytes of one file.

use spanwright_shape::{
    shape::{Shape, Shapes},
    text::Failure,
    value::Value,
};

use super::{
    bytes, codes,
    compile::{Folder, Format},
    dialect::Dialect,
};

/// The bytes of a file with these rows. On a fault: which row cannot be written.
pub(super) fn write(folder: &Folder, shapes: &Shapes, rows: &[Value<'_>]) -> Result<Vec<u8>, (usize, Failure)> {
    let fault = |(n, why): (usize, String)| (n, Failure::new(&codes::CELL, format!("{}: {why}", folder.name)));
    match &folder.format {
        Format::Csv(dialect) => {
            let text = csv(dialect, &columns(dialect, folder, shapes, rows), rows).map_err(fault)?;
            encode(folder, text).map_err(|why| fault((0, why)))
        }
        Format::Lines => Ok(rows.iter().flat_map(|row| [bytes(row), b"\n".to_vec()].concat()).collect()),
        Format::Json { list: false } => Ok(rows.first().map(bytes).unwrap_or_default()),
        Format::Json { list: true } => {
            Ok([b"[\n".to_vec(), rows.iter().map(bytes).collect::<Vec<_>>().join(&b",\n"[..]), b"\n]\n".to_vec()].concat())
        }
        Format::Xml(path) => xml(path, rows).map_err(fault),
    }
}

/// The columns that are named, those of the schema, or those of the first row.
fn columns(dialect: &Dialect, folder: &Folder, shapes: &Shapes, rows: &[Value<'_>]) -> Vec<Box<str>> {
    if !dialect.columns.is_empty() {
        return dialect.columns.clone();
    }
    if let Some(Shape::Record(record)) =
        folder.row.map(|row| shapes.get(row)).filter(|shape| matches!(shape, Shape::Record(record) if !record.fields.is_empty()))
    {
        return record.fields.iter().map(|field| Box::from(&*field.name)).collect();
    }
    match rows.first() {
        Some(Value::Record(fields)) => fields.iter().map(|(name, _)| Box::from(*name)).collect(),
        Some(_) | None => Vec::new(),
    }
}

/// A line of names where the dialect has one, and a row each. On a fault: which row.
pub(crate) fn csv(dialect: &Dialect, columns: &[Box<str>], rows: &[Value<'_>]) -> Result<Vec<u8>, (usize, String)> {
    let mut writer = csv::WriterBuilder::new()
        .delimiter(dialect.delimiter)
        .quote(dialect.quote)
        .double_quote(dialect.escape.is_none())
        .escape(dialect.escape.unwrap_or(b'\\'))
        .from_writer(Vec::new());
    let spoilt = |error: csv::Error| (0, error.to_string());
    if dialect.header {
        writer.write_record(columns.iter().map(|name| name.as_bytes())).map_err(spoilt)?;
    }
    for (n, row) in rows.iter().enumerate() {
        let Value::Record(fields) = row else { return Err((n, format!("a row of CSV is a record, and this is {}", row.kind().word()))) };
        if let Some((name, _)) = fields.iter().find(|(name, _)| !columns.iter().any(|column| **column == **name)) {
            return Err((n, format!("there is no column `{name}`")));
        }
        let cells = columns.iter().map(|name| cell(name, row.get(name))).collect::<Result<Vec<_>, _>>().map_err(|why| (n, why))?;
        writer.write_record(&cells).map_err(spoilt)?;
    }
    writer.into_inner().map_err(|error| (0, error.to_string()))
}

fn cell(name: &str, value: Option<Value<'_>>) -> Result<String, String> {
    match value {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::Text(text)) => Ok(text.to_string()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(Value::Bool(flag)) => Ok(flag.to_string()),
        Some(other @ (Value::List(_) | Value::Record(_))) => {
            Err(format!("`{name}` is {}, and a cell of CSV holds one value", other.kind().word()))
        }
    }
}

/// UTF-16 has a byte order mark: nothing else tells it apart.
fn encode(folder: &Folder, text: Vec<u8>) -> Result<Vec<u8>, String> {
    let encoding = folder.encoding;
    if encoding == encoding_rs::UTF_8 {
        return Ok(text);
    }
    let text = String::from_utf8(text).map_err(|why| why.to_string())?;
    if super::dialect::is_utf16(encoding) {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        let little = encoding == encoding_rs::UTF_16LE;
        return Ok(units.flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect());
    }
    let (bytes, _, unknown) = encoding.encode(&text);
    match unknown {
        true => Err(format!("a character of these rows is none in {}", encoding.name())),
        false => Ok(bytes.into_owned()),
    }
}

fn xml(path: &[Box<str>], rows: &[Value<'_>]) -> Result<Vec<u8>, (usize, String)> {
    let Some((item, above)) = path.split_last() else { return Err((0, "no element is named".to_string())) };
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    above.iter().for_each(|name| out.push_str(&format!("<{name}>")));
    for (n, row) in rows.iter().enumerate() {
        out.push('\n');
        element(item, row, &mut out).map_err(|why| (n, why))?;
    }
    out.push('\n');
    above.iter().rev().for_each(|name| out.push_str(&format!("</{name}>")));
    out.push('\n');
    Ok(out.into_bytes())
}

/// `@name` is an attribute, `#text` the text, a list its element again and again; null is an element without content.
fn element(name: &str, value: &Value<'_>, out: &mut String) -> Result<(), String> {
    if !is_xml_name(name) {
        return Err(format!("`{name}` is no name of an element"));
    }
    let Value::Record(fields) = value else {
        let text = cell(name, Some(*value))?;
        out.push_str(&format!("<{name}>"));
        element_text(&text, out)?;
        out.push_str(&format!("</{name}>"));
        return Ok(());
    };
    out.push_str(&format!("<{name}"));
    for (key, value) in fields.iter().filter_map(|(key, value)| Some((key.strip_prefix('@')?, value))) {
        if !is_xml_name(key) {
            return Err(format!("`{key}` is no name of an attribute"));
        }
        out.push_str(&format!(" {key}=\""));
        element_text(&cell(key, Some(*value))?, out)?;
        out.push('"');
    }
    out.push('>');
    for (key, value) in fields.iter().filter(|(key, _)| !key.starts_with('@')) {
        match (*key, value) {
            ("#text", value) => element_text(&cell(key, Some(*value))?, out)?,
            (key, Value::List(items)) => items.iter().try_for_each(|item| element(key, item, out))?,
            (key, value) => element(key, value, out)?,
        }
    }
    out.push_str(&format!("</{name}>"));
    Ok(())
}

/// Text with what XML would take for something else written out.
pub(crate) fn element_text(text: &str, out: &mut String) -> Result<(), String> {
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            // As an attribute's value and at the end of a line they would become something else.
            '\t' | '\n' | '\r' => out.push_str(&format!("&#{};", u32::from(character))),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => return Err(format!("U+{:04X} has no place in XML", u32::from(character))),
            other => out.push(other),
        }
    }
    Ok(())
}

/// A name without a prefix.
pub(crate) fn is_xml_name(name: &str) -> bool {
    let mut characters = name.chars();
    let first = |character: char| character.is_alphabetic() || character == '_';
    characters.next().is_some_and(first)
        && characters.all(|character| first(character) || character.is_numeric() || matches!(character, '-' | '.'))
        && !name.contains('.')
}
