//! CSV that is a text in memory (RFC 4180), row by row: bodies of requests, messages of queues, texts inside a field.
//!
//! Nothing is guessed: the separator is named, a cell has quotes around it or none in it, and an empty line is no row.
//! Files come in pieces, dialects and encodings; their reader stands beside the connector of files.

use std::borrow::Cow;

/// Why a text is no CSV.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A quote is not closed.
    NotClosed,
    /// A cell has a quote, and neither begins nor ends with it.
    StrayQuote,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<'t> {
    /// The line that it begins on, from 1.
    pub line: usize,
    /// Its cells, without their quotes.
    pub cells: Vec<Cow<'t, str>>,
}

/// Reads a text.
#[derive(Clone, Debug)]
pub struct Reader<'t> {
    rest: &'t str,
    separator: char,
    /// Line breaks so far.
    breaks: usize,
}

impl<'t> Reader<'t> {
    /// At the beginning; a byte order mark is none of the first cell.
    pub fn new(text: &'t str, separator: char) -> Reader<'t> {
        Reader { rest: text.strip_prefix('\u{feff}').unwrap_or(text), separator, breaks: 0 }
    }

    /// The line that is read next, from 1.
    pub fn line(&self) -> usize {
        self.breaks + 1
    }

    /// The next row; `None` behind the last. A line on which nothing stands is passed over.
    ///
    /// # Errors
    /// It is no CSV; the line where is [`Reader::line`].
    pub fn row(&mut self) -> Result<Option<Row<'t>>, Fault> {
        while self.line_break() {}
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (line, mut cells) = (self.line(), Vec::new());
        loop {
            cells.push(self.cell()?);
            if self.rest.is_empty() || self.line_break() {
                return Ok(Some(Row { line, cells }));
            }
            self.rest = self.rest.strip_prefix(self.separator).ok_or(Fault::StrayQuote)?;
        }
    }

    fn line_break(&mut self) -> bool {
        let behind = self.rest.strip_prefix("\r\n").or_else(|| self.rest.strip_prefix(['\n', '\r']));
        if let Some(behind) = behind {
            (self.rest, self.breaks) = (behind, self.breaks + 1);
        }
        behind.is_some()
    }

    fn cell(&mut self) -> Result<Cow<'t, str>, Fault> {
        if let Some(quoted) = self.rest.strip_prefix('"') {
            return self.in_quotes(quoted);
        }
        let end = self.rest.find([self.separator, '\n', '\r', '"']).unwrap_or(self.rest.len());
        let (cell, behind) = self.rest.split_at(end);
        self.rest = behind;
        Ok(Cow::Borrowed(cell))
    }

    /// What stands between two quotes, a doubled one for each of its own.
    fn in_quotes(&mut self, text: &'t str) -> Result<Cow<'t, str>, Fault> {
        let (mut end, mut doubled) = (0, false);
        loop {
            end += text[end..].find('"').ok_or(Fault::NotClosed)?;
            if !text[end + 1..].starts_with('"') {
                break;
            }
            (doubled, end) = (true, end + 2);
        }
        let cell = &text[..end];
        self.breaks += cell.matches('\n').count();
        self.rest = &text[end + 1..];
        Ok(if doubled { Cow::Owned(cell.replace("\"\"", "\"")) } else { Cow::Borrowed(cell) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows, or the fault and its line.
    fn read(text: &str) -> Result<Vec<Row<'_>>, (Fault, usize)> {
        let (mut reader, mut rows) = (Reader::new(text, ';'), Vec::new());
        while let Some(row) = reader.row().map_err(|fault| (fault, reader.line()))? {
            rows.push(row);
        }
        Ok(rows)
    }

    fn row<'t>(line: usize, cells: &[&'t str]) -> Row<'t> {
        Row { line, cells: cells.iter().map(|cell| Cow::Borrowed(*cell)).collect() }
    }

    #[test]
    fn rows_know_the_line_that_they_begin_on() {
        assert_eq!(
            read("\u{feff}a;b\r\n\r\n\"c\nd\";\"e\"\"f\"\n;g"),
            Ok(vec![row(1, &["a", "b"]), row(3, &["c\nd", "e\"f"]), row(5, &["", "g"])])
        );
        assert_eq!(read(""), Ok(Vec::new()));
    }

    #[test]
    fn a_quote_that_is_not_where_it_may_be_is_told_with_its_line() {
        assert_eq!(read("a\n\"b"), Err((Fault::NotClosed, 2)));
        assert_eq!(read("a\nb\"c"), Err((Fault::StrayQuote, 2)));
        assert_eq!(read("a\n\"b\"c"), Err((Fault::StrayQuote, 2)));
    }
}
