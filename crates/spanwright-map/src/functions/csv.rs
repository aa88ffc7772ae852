//! CSV inside a field (RFC 4180): rows read out of a text, as lists or under the names of the first row, and a row written.
//!
//! A reader that guesses loses data quietly, so nothing is guessed: the separator is named, and a row that does not fit
//! the first one fails. Every cell is text; `tonumber` and `read_date` say what it spells.

use std::borrow::Cow;

use spanwright_shape::{
    csv::{Fault, Reader, Row},
    value::Value,
};

use super::{Asked, Function, Makes, Prepared, Result, Types};
use crate::{
    codes,
    lower::{Lowering, Place},
    op::{Literal, Op, OpKind},
    run::{Kinds, Outcome, Stop, What},
};

/// Looking for one of four signs takes so much longer than for one.
const LOOKS: usize = 8;

const SEPARATED: &[&str] = &["", "\"separator\""];

/// `csv_rows`
pub static CSV_ROWS: Function = Function {
    name: "csv_rows",
    takes: SEPARATED,
    about: "The rows of a CSV text (RFC 4180) as lists of texts; empty lines are passed over. The separator is a comma, or the one that is named.",
    example: [r#"csv_rows(";")"#, r#""A-1;\"two; or \"\"three\"\"\"\nA-2;\n""#, r#"[["A-1","two; or \"three\""],["A-2",""]]"#],
    ours: true,
    makes: Makes::Value {
        run: |asked| {
            let rows = rows_of(asked)?;
            let lists = rows.iter().map(|row| asked.run.list(row, asked.site)).collect::<std::result::Result<Vec<_>, Stop>>()?;
            asked.run.list(&lists, asked.site)
        },
        prepare: separator,
        types: Types::of(Kinds::TEXT, Result::Of(|checker, _, _| checker.rows_of_texts())).with(Kinds::TEXT).can_fail(),
    },
};

/// `csv_records`
pub static CSV_RECORDS: Function = Function {
    name: "csv_records",
    takes: SEPARATED,
    about: "The rows of a CSV text below its first one, each as a record under the names in that first row. A row of another length, and a name that stands twice, fail.",
    example: ["csv_records | map(.sku)", r#""sku,pieces\r\nA-1,2\r\nA-2,5\r\n""#, r#"["A-1","A-2"]"#],
    ours: true,
    makes: Makes::Value {
        run: records,
        prepare: separator,
        types: Types::of(Kinds::TEXT, Result::Of(|checker, _, _| checker.records_of_texts())).with(Kinds::TEXT).can_fail(),
    },
};

/// `csv_row`
pub static CSV_ROW: Function = Function {
    name: "csv_row",
    takes: SEPARATED,
    about: "A list as a row of CSV without its line break: quotes only where a text needs them, an empty text as `\"\"`, null as nothing. `@csv` is jq's, with quotes around every text.",
    example: [r#"csv_row(";")"#, r#"["A;1", 12.50, null, "", true]"#, r#""\"A;1\";12.50;;\"\";true""#],
    ours: true,
    makes: Makes::Value { run: row, prepare: separator, types: Types::of(Kinds::LIST, Result::Text).with(Kinds::TEXT).can_fail() },
};

fn separator(lowering: &mut Lowering<'_>, at: Place, arguments: &[Op]) -> Prepared {
    let named = match arguments {
        [] => Some(','),
        [Op { kind: OpKind::Literal(Literal::Text(text)), .. }] => one_character(text),
        _ => None,
    };
    match named {
        Some(separator) => Prepared::Separator(separator),
        None => {
            let help = "write it out: `csv_rows(\";\")`, or `\"\\t\"` for a tab".to_string();
            lowering.fault(&codes::ARGUMENTS, at, "the separator is one character, and neither quote nor line break", help);
            Prepared::Nothing
        }
    }
}

fn one_character(text: &str) -> Option<char> {
    let mut all = text.chars();
    let one = all.next().filter(|one| !matches!(one, '"' | '\r' | '\n'))?;
    all.next().is_none().then_some(one)
}

fn separator_of(asked: &Asked<'_, '_>) -> char {
    match asked.prepared {
        Prepared::Separator(separator) => *separator,
        _ => ',',
    }
}

fn rows_of<'a>(asked: &Asked<'a, '_>) -> std::result::Result<Vec<Vec<Value<'a>>>, Stop> {
    let text = asked.text()?;
    asked.run.take_scanned(text.len() * LOOKS, asked.site)?;
    let mut reader = Reader::new(text, separator_of(asked));
    let mut rows = Vec::new();
    while let Some(Row { cells, .. }) = reader.row().map_err(|fault| asked.stop(What::Argument(words(fault))))? {
        asked.run.take_items(1 + cells.len(), asked.site)?;
        let keep = |cell: Cow<'a, str>| match cell {
            Cow::Borrowed(cell) => Ok(Value::Text(cell)),
            Cow::Owned(cell) => asked.run.text(&cell, asked.site).map(Value::Text),
        };
        rows.push(cells.into_iter().map(keep).collect::<std::result::Result<_, Stop>>()?);
    }
    Ok(rows)
}

fn words(fault: Fault) -> &'static str {
    match fault {
        Fault::NotClosed => "a quote of the CSV is not closed",
        Fault::StrayQuote => "a cell of the CSV has a quote, and neither begins nor ends with it",
    }
}

fn records<'a>(asked: &Asked<'a, '_>) -> Outcome<'a> {
    let rows = rows_of(asked)?;
    let Some((first, below)) = rows.split_first() else { return asked.run.list(&[], asked.site) };
    let names: Vec<&'a str> = first.iter().filter_map(|cell| cell.text()).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    if sorted.windows(2).any(|two| two[0] == two[1]) {
        return Err(asked.stop(What::Argument("two columns of the CSV have one name")));
    }
    let record = |row: &Vec<Value<'a>>| {
        if row.len() != names.len() {
            return Err(asked.stop(What::Argument("a row of the CSV has another number of cells than the first")));
        }
        let fields: Vec<(&'a str, Value<'a>)> = names.iter().copied().zip(row.iter().copied()).collect();
        asked.run.record(&fields, asked.site)
    };
    let records = below.iter().map(record).collect::<std::result::Result<Vec<_>, Stop>>()?;
    asked.run.list(&records, asked.site)
}

fn row<'a>(asked: &Asked<'a, '_>) -> Outcome<'a> {
    let separator = separator_of(asked);
    let mut made = String::new();
    for (n, item) in asked.list()?.iter().enumerate() {
        if n > 0 {
            made.push(separator);
        }
        asked.run.take_steps(super::formats::STEPS_A_CELL, asked.site)?;
        match item {
            Value::Null => (),
            Value::Text(text) => {
                asked.run.take_text(text.len(), asked.site)?;
                cell(text, separator, &mut made);
            }
            Value::Number(_) | Value::Bool(_) => made.push_str(asked.run.to_text(*item, asked.site)?),
            Value::List(_) | Value::Record(_) => return Err(super::formats::scalar_wanted(asked, item)),
        }
    }
    asked.made_text(&made)
}

fn cell(text: &str, separator: char, out: &mut String) {
    let plain = !text.is_empty() && text.trim() == text && !text.contains([separator, '"', '\r', '\n']);
    if plain {
        return out.push_str(text);
    }
    out.push('"');
    for part in text.split_inclusive('"') {
        out.push_str(part);
        if part.ends_with('"') {
            out.push('"');
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::{Env, Program};
    use spanwright_shape::{json, room::Room, value::Value};

    /// What a program gives of a text, as JSON, or the words of its failure.
    fn gives(program: &str, text: &str) -> String {
        let work = Room::new();
        let program = Program::of(program).unwrap();
        let env = Env { dot: Value::Text(text), names: &[] };
        match program.one(&env, &work) {
            Ok(value) => {
                let mut out = Vec::new();
                json::write(&value.unwrap(), &mut out);
                String::from_utf8(out).unwrap()
            }
            Err(fault) => fault.failure.says,
        }
    }

    #[test]
    fn rows_are_read_as_rfc_4180_has_them() {
        let check = |text: &str, expected: &str| assert_eq!(gives("csv_rows", text), expected, "{text:?}");
        check("", "[]");
        check("a,b", r#"[["a","b"]]"#);
        check("a,b\r\nc,d\r\n", r#"[["a","b"],["c","d"]]"#);
        check("a,\n,b\n", r#"[["a",""],["","b"]]"#);
        check("a\n\n\nb", r#"[["a"],["b"]]"#);
        check("\"a,b\",\"c\r\nd\",\"e\"\"f\"", r#"[["a,b","c\r\nd","e\"f"]]"#);
        check("\"\"\"\",\"\"", r#"[["\"",""]]"#);
        check("\u{FEFF}a, b ", r#"[["a"," b "]]"#);
        check("ä,\"ö\"\r", r#"[["ä","ö"]]"#);
    }

    #[test]
    fn what_is_no_csv_fails() {
        let check = |text: &str, expected: &str| {
            let says = gives("csv_rows", text);
            assert!(says.contains(expected), "{text:?}: {says}");
        };
        check("a,\"b", "a quote of the CSV is not closed");
        check("a,\"b\"\"", "a quote of the CSV is not closed");
        check("a\"b\",c", "a cell of the CSV has a quote");
        check("\"a\"b,c", "a cell of the CSV has a quote");
    }

    #[test]
    fn records_have_the_names_of_the_first_row() {
        let check = |text: &str, expected: &str| assert_eq!(gives("csv_records", text), expected, "{text:?}");
        check("", "[]");
        check("a,b\n", "[]");
        check("a,b\n1,2\n3,4", r#"[{"a":"1","b":"2"},{"a":"3","b":"4"}]"#);
        assert!(gives("csv_records", "a,b\n1\n").contains("another number of cells"));
        assert!(gives("csv_records", "a,a\n1,2\n").contains("have one name"));
    }

    #[test]
    fn a_row_that_was_written_is_read_again() {
        for cells in [r#"["a","b"]"#, r#"["",""]"#, r#"["a,\"b\"","\r\n"," c ","ä"]"#, r#"[";","\t"]"#, r#"[""]"#] {
            for (write, read) in [("csv_row", "csv_rows"), ("csv_row(\";\")", "csv_rows(\";\")"), ("@csv", "csv_rows")] {
                assert_eq!(gives(&format!("fromjson | {write} | {read}[0]"), cells), cells, "{write}");
            }
        }
    }

    #[test]
    fn a_separator_is_one_character_and_written_out() {
        for text in ["csv_rows(\"\")", "csv_rows(\";;\")", "csv_rows(\"\\\"\")", "csv_rows(\"\\n\")", "csv_rows(.s)"] {
            assert!(Program::of(text).is_none(), "{text}");
        }
    }
}
