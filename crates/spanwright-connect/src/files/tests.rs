#![allow(clippy::unwrap_used)]

use std::{
    io::{BufRead, BufReader, Read},
    ops::ControlFlow,
    time::Duration,
};

use spanwright_core::{
    connector::{FilesRequest, Request},
    fact::Moment,
    settings::{Auth, BulkSettings, CsvSettings, FolderSettings, OperationSettings},
};
use spanwright_shape::text::{FileId, Scalar, Span};

use super::*;

const ROW: &str = r#"{ "type": "object", "required": ["sku"], "properties": {
    "sku": { "type": "string", "minLength": 1 }, "price": { "type": "number" }, "sold": { "type": "boolean" }, "note": { "type": "string" } } }"#;

fn nowhere() -> Span {
    Span { file: FileId(0), from: 0, to: 0 }
}

fn folder(format: &str, typed: bool) -> FolderSettings {
    let rows = typed.then(|| (FileId(0), Scalar::made("row.json")));
    FolderSettings {
        folder: Scalar::made("in"),
        matches: None,
        name: None,
        format: Scalar::made(format),
        rows,
        csv: None,
        encoding: None,
        element: None,
    }
}

fn csv(delimiter: &str, escape: Option<&str>, header: bool, columns: &[&str]) -> Option<CsvSettings> {
    Some(CsvSettings {
        at: nowhere(),
        delimiter: Some(Scalar::made(delimiter)),
        quote: None,
        escape: escape.map(Scalar::made),
        header,
        header_at: Some(nowhere()),
        columns: columns.iter().map(|column| Scalar::made(column)).collect(),
    })
}

fn read_system(folder: FolderSettings) -> (Option<Arc<dyn System>>, Vec<String>) {
    read_bulk(folder, None)
}

fn read_bulk(folder: FolderSettings, bulk: Option<BulkSettings>) -> (Option<Arc<dyn System>>, Vec<String>) {
    let operation = OperationSettings { folder: Some(folder), bulk, ..OperationSettings::named(Scalar::made("rows")) };
    let settings = SystemSettings {
        name: "drop".into(),
        kind: "files".into(),
        at: nowhere(),
        schema: None,
        url: Some(Template::parse("/drop")),
        zone: None,
        auth: Auth::None,
        correlation: "x".into(),
        operations: vec![operation],
    };
    let bundle = Bundle::new([("row.json".to_string(), ROW.as_bytes().to_vec())]);
    let mut problems = Problems::new();
    let system = Files.system(&settings, &bundle, &mut problems);
    (system, problems.iter().map(|problem| format!("{} {}", problem.code.id, problem.says)).collect())
}

fn with() -> With<'static> {
    With { now: Moment(0), variable: &|_| None, token: None, request_key: "batch", outcomes: &[], validator: None }
}

/// What is shown of a file: each row as JSON without its line and number, then what is behind them.
fn read(folder: FolderSettings, bytes: &[u8]) -> (Vec<String>, String) {
    read_body(folder, &mut BufReader::with_capacity(7, bytes))
}

fn read_body(folder: FolderSettings, body: &mut dyn BufRead) -> (Vec<String>, String) {
    let (system, said) = read_system(folder);
    assert_eq!(said, Vec::<String>::new());
    let file = FileSeen { name: "f".into(), digest: "d".into(), bytes: 0, stamp: "s".into() };
    let (mut rows, mut end) = (Vec::new(), String::new());
    let mut show = |piece: &Value<'_>, part: Part| {
        match part {
            Part::Items => {
                for row in piece.get("rows").unwrap().list().unwrap() {
                    let says = row.get("value").or_else(|| row.get("fault")).unwrap();
                    rows.push(String::from_utf8(super::bytes(&says)).unwrap());
                }
            }
            Part::Rest => end = piece.get("failed").and_then(|why| why.text()).unwrap_or("done").to_string(),
        }
        ControlFlow::Continue(())
    };
    let call = Call { key: "k", with: Value::Record(&[]), body: None, proved: false, correlation: "", trace: "" };
    let heard = Heard::Files(FilesHeard::Found { file: &file, body });
    let verdict = system.unwrap().hear_pieces(0, call, heard, &with(), &[], &mut show);
    if let Some(Outcome::Later { why, .. }) = verdict.outcomes.first() {
        end = format!("{} {}", why.code.id, why.says);
    }
    (rows, end)
}

#[track_caller]
fn check(folder: FolderSettings, bytes: impl AsRef<[u8]>, expected: &[&str], end: &str) {
    let (rows, ended) = read(folder, bytes.as_ref());
    assert_eq!(rows, expected);
    assert_eq!(ended, end);
}

#[test]
fn cells_have_the_types_of_the_schema_and_empty_ones_are_absent() {
    let text = "sku,price,sold,note\r\n01,1.50,true,\r\n02,,0,\"a \"\"b\"\"\nc\"\n";
    check(
        folder("csv", true),
        text,
        &[r#"{"sku":"01","price":1.50,"sold":true,"note":""}"#, r#"{"sku":"02","sold":false,"note":"a \"b\"\nc"}"#],
        "done",
    );
}

/// A body that ends with a fault: it was changed while it was read.
struct Changed<'b>(&'b [u8]);

impl Read for Changed<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(into)? {
            0 => Err(std::io::Error::other("changed")),
            read => Ok(read),
        }
    }
}

/// The row at which it was cut would say something else than what its writer means.
#[test]
fn of_a_file_that_was_changed_while_it_was_read_the_last_row_is_not_taken_and_it_is_read_again() {
    for (format, text) in [("csv", "a\n1\n2\n12"), ("jsonl", "{\"a\":\"1\"}\n{\"a\":\"2\"}\n12")] {
        let (rows, end) = read_body(folder(format, false), &mut BufReader::new(Changed(text.as_bytes())));
        assert_eq!(rows, [r#"{"a":"1"}"#, r#"{"a":"2"}"#], "{format}");
        assert!(end.starts_with("R4004") && end.ends_with("changed"), "{end}");
    }
    for (format, text) in [("json", "[{\"a\":\"1\"}]"), ("json", "[{\"a\":")] {
        let (rows, end) = read_body(folder(format, false), &mut BufReader::new(Changed(text.as_bytes())));
        assert!(rows.is_empty() && end.starts_with("R4004"), "{rows:?} {end}");
    }
}

#[test]
fn where_files_do_not_stand_still_yet_it_is_told_when_a_look_is_worth_it() {
    let (system, told) = read_system(folder("csv", false));
    assert_eq!(told, Vec::<String>::new());
    let mut shown = Vec::new();
    let mut show = |piece: &Value<'_>, _: Part| {
        shown.push(String::from_utf8(super::bytes(piece)).unwrap());
        ControlFlow::Continue(())
    };
    let call = Call { key: "k", with: Value::Record(&[]), body: None, proved: false, correlation: "", trace: "" };
    let heard = Heard::Files(FilesHeard::Unsettled { again: Duration::from_millis(1_500) });
    system.unwrap().hear_pieces(0, call, heard, &with(), &[], &mut show);
    assert_eq!(shown, [r#"{"again":1501}"#]);
}

#[test]
fn without_a_schema_every_cell_is_a_text() {
    check(folder("csv", false), "a,b\n1,\n", &[r#"{"a":"1","b":""}"#], "done");
}

#[test]
fn a_row_that_is_wrong_is_told_with_its_line_and_the_others_are_read() {
    let text = "sku,price\n1,1\n2,two\n3\n\"4\n4\",4\n,5\n6,6\n";
    check(
        folder("csv", true),
        text,
        &[
            r#"{"sku":"1","price":1}"#,
            r#""f:3:2: `.price`: a number is wanted, and it is text""#,
            r#""f:4:2: it has 1 fields, and there are 2 columns""#,
            r#"{"sku":"4\n4","price":4}"#,
            r#""f:7:1: `.sku`: it is required, and missing""#,
            r#"{"sku":"6","price":6}"#,
        ],
        "done",
    );
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    let text = "\r\na,b\r\n1,2\r\n\r\n\"3\r\n3\",4\r\n5\r\n";
    check(
        folder("csv", false),
        text,
        &[r#"{"a":"1","b":"2"}"#, r#"{"a":"3\r\n3","b":"4"}"#, r#""f:7:2: it has 1 fields, and there are 2 columns""#],
        "done",
    );
}

#[test]
fn dialects_differ_in_delimiter_escape_and_header() {
    let settings = FolderSettings { csv: csv("tab", Some("\\"), false, &["a", "b"]), ..folder("csv", false) };
    check(settings, "1\t\"x \\\"y\\\"\"\n", &[r#"{"a":"1","b":"x \"y\""}"#], "done");
    let settings = FolderSettings { csv: csv(";", None, true, &["b"]), ..folder("csv", false) };
    check(settings, "a;b\n1,5;2\n", &[r#"{"a":"1,5","b":"2"}"#], "done");
}

#[test]
fn encodings_are_decoded_and_what_is_none_of_it_is_a_bad_row() {
    let named = |name: &str| FolderSettings { encoding: Some(Scalar::made(name)), ..folder("csv", false) };
    check(named("windows-1252"), b"a\nK\xfchl \x80\n", &[r#"{"a":"Kühl €"}"#], "done");
    check(folder("csv", false), b"\xef\xbb\xbfa\nx\n", &[r#"{"a":"x"}"#], "done");
    check(folder("csv", false), b"a\nK\xfchl\nok\n", &[r#""f:2:1: `a` is no UTF-8""#, r#"{"a":"ok"}"#], "done");
    let utf16: Vec<u8> = "\u{feff}a\nKühl 😀\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    check(folder("csv", false), &utf16, &[r#"{"a":"Kühl 😀"}"#], "done");
    check(named("utf-16le"), &utf16[2..], &[r#"{"a":"Kühl 😀"}"#], "done");
}

#[test]
fn a_file_that_is_none_is_set_aside_and_what_was_read_before_is_kept() {
    check(folder("csv", true), "", &[], "f: it is empty, and a line with the names of its columns was expected");
    check(folder("csv", true), "number,price\n1,2\n", &[], "f: it has no column `sku`, only `number`, `price`");
    check(folder("csv", true), "sku,sku\n1,2\n", &[], "f: it has two columns `sku`");
    let open = format!("sku\n1\n\"{}", "x".repeat(3 << 20));
    check(folder("csv", false), open, &[r#"{"sku":"1"}"#], "f: from line 3 on, a row has more than 1 MiB: perhaps a quote is not closed");
}

#[test]
fn a_line_of_json_lines_that_is_none_is_a_bad_row() {
    check(
        folder("jsonl", true),
        "{\"sku\":\"1\",\"price\":2.0}\n\n{\"sku\":\n{\"price\":3}\n{\"sku\":\"4\"}",
        &[
            r#"{"sku":"1","price":2.0}"#,
            r#""f:3:8: it is no JSON: it ends where a value was expected""#,
            r#""f:4: `.sku`: it is required, and missing""#,
            r#"{"sku":"4"}"#,
        ],
        "done",
    );
}

#[test]
fn a_json_document_is_a_row_or_a_list_of_them() {
    check(folder("json", false), "{\"a\":1}", &[r#"{"a":1}"#], "done");
    check(folder("json", false), " [1, {\"a\":2}]", &["1", r#"{"a":2}"#], "done");
    check(folder("json", false), "[1,", &[], "f: it is no JSON at byte 3: it ends where a value was expected");
}

#[test]
fn a_repeated_element_is_a_row_as_the_schema_wants_it() {
    let settings = |typed| FolderSettings { element: Some(Scalar::made("List.Item")), ..folder("xml", typed) };
    let text =
        "<?xml version=\"1.0\"?><List><Head/><Item><sku>1</sku><price>2.50</price><extra/></Item>\n<Item><price>3</price></Item></List>";
    check(settings(true), text, &[r#"{"sku":"1","price":2.50}"#, r#""f, row 2: `.sku`: it is required, and missing""#], "done");
    let (rows, end) = read(settings(false), b"<List><Item n=\"1\">x</Item><Item/></List>");
    assert_eq!((rows.len(), end.as_str()), (2, "done"));
    let (rows, end) = read(settings(true), b"<List><Item><sku>1</sku></Item><Item><sku>2</sk");
    assert!(rows == [r#"{"sku":"1"}"#] && end.starts_with("f: it is no XML"), "{rows:?} {end}");
    assert_eq!(read(settings(true), b"<Other/>").1, "f: its root is not `List`");
}

/// The bytes of a file that is written, or why not.
fn write(folder: FolderSettings, rows: &[&str]) -> Result<(String, Vec<u8>), String> {
    let (system, said) = read_system(folder);
    assert_eq!(said, Vec::<String>::new());
    let call = |row: &&'static str| Call {
        key: "k/1",
        with: Value::Record(&[]),
        body: Some(row.as_bytes()),
        proved: false,
        correlation: "",
        trace: "",
    };
    let rows: Vec<&'static str> = rows.iter().map(|row| &*String::from(*row).leak()).collect();
    let calls: Vec<_> = rows.iter().map(call).collect();
    match system.unwrap().ask(0, &calls, &with()) {
        Ok(Request::Files(FilesRequest::Put { folder, name, bytes, .. })) => Ok((format!("{folder}/{name}"), bytes)),
        Ok(other) => Err(format!("{other:?}")),
        Err(Refusal::Call(n, why)) => Err(format!("{n} {} {}", why.code.id, why.says)),
        Err(Refusal::System(why)) => Err(why.says),
    }
}

#[test]
fn rows_are_written_in_each_format() {
    let rows = [r#"{"sku":"1","price":2.50}"#, r#"{"sku":"a,\"b\"","note":"x"}"#];
    let written = |folder| write(folder, &rows).map(|(name, bytes)| (name, String::from_utf8(bytes).unwrap()));
    let csv = "sku,price,sold,note\n1,2.50,,\n\"a,\"\"b\"\"\",,,x\n";
    assert_eq!(written(folder("csv", true)), Ok(("/drop/in/batch.csv".into(), csv.into())));
    assert_eq!(written(folder("jsonl", false)).unwrap().1, format!("{}\n{}\n", rows[0], rows[1]));
    let xml = FolderSettings { element: Some(Scalar::made("List.Item")), ..folder("xml", true) };
    let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<List>\n<Item><sku>1</sku><price>2.50</price></Item>\n<Item><sku>a,&quot;b&quot;</sku><note>x</note></Item>\n</List>\n";
    assert_eq!(written(xml).unwrap().1, expected);
    assert_eq!(write(folder("json", false), &rows[..1]).unwrap(), ("/drop/in/k-1.json".into(), rows[0].as_bytes().to_vec()));
}

#[test]
fn what_was_written_is_read_as_it_was() {
    let rows = [r#"{"sku":"01","price":2.50,"sold":true,"note":"a\n\"b\";c"}"#, r#"{"sku":" x ","note":""}"#];
    let xml = || FolderSettings { element: Some(Scalar::made("List.Item")), ..folder("xml", true) };
    let dialect = || FolderSettings { csv: csv(";", Some("\\"), true, &[]), ..folder("csv", true) };
    let utf16 = || FolderSettings { encoding: Some(Scalar::made("utf-16be")), ..folder("csv", true) };
    for make in [&(|| folder("csv", true)) as &dyn Fn() -> FolderSettings, &|| folder("jsonl", true), &xml, &dialect, &utf16] {
        let (_, bytes) = write(make(), &rows).unwrap();
        check(make(), bytes, &rows, "done");
    }
}

#[test]
fn what_a_file_cannot_hold_is_refused_and_the_row_is_named() {
    let refused = |folder, rows: &[&str]| write(folder, rows).unwrap_err();
    assert_eq!(
        refused(folder("csv", false), &[r#"{"a":"1"}"#, r#"{"a":[1]}"#]),
        "1 R4003 drop.rows: `a` is a list, and a cell of CSV holds one value"
    );
    assert_eq!(
        refused(folder("csv", true), &[r#"{"price":1}"#]),
        "0 R4003 drop.rows: the schema does not allow this row: `.sku`: it is required, and missing"
    );
    let narrow = FolderSettings { encoding: Some(Scalar::made("iso-8859-15")), ..folder("csv", false) };
    assert!(refused(narrow, &[r#"{"a":"漢"}"#]).contains("is none in ISO-8859-15"));
}

#[test]
fn settings_that_cannot_work_are_told() {
    let says = |folder| read_system(folder).1.join("; ");
    let dialect =
        |delimiter, header, columns: &[&str]| FolderSettings { csv: csv(delimiter, None, header, columns), ..folder("csv", false) };
    assert_eq!(says(dialect(";;", true, &[])), "C0301 `;;` is no single ASCII character");
    assert_eq!(says(dialect(";", false, &[])), "C0301 without a header nobody knows what the columns are");
    assert_eq!(says(dialect("\"", true, &[])), "C0301 the delimiter and the quote are the same character");
    assert_eq!(says(dialect(";", true, &["a", "a"])), "C0301 there are two columns `a`");
    assert_eq!(
        says(FolderSettings { encoding: Some(Scalar::made("latin-99")), ..folder("csv", false) }),
        "C0301 there is no encoding `latin-99`"
    );
    assert_eq!(says(folder("xml", false)), "C0301 an XML file needs the element that is repeated, below the root");
    assert_eq!(
        says(FolderSettings { folder: Scalar::made("../etc"), ..folder("csv", false) }),
        "C0301 `../etc` is no folder under the system's `url:`"
    );
    assert_eq!(
        says(FolderSettings { name: Some(Scalar::made("out.csv")), ..folder("csv", false) }),
        "C0301 `out.csv` does not tell two files apart"
    );
    let shift = FolderSettings { encoding: Some(Scalar::made("shift_jis")), ..dialect("|", true, &[]) };
    assert_eq!(says(shift), "C0301 in Shift_JIS `|` may be the second half of another character");
}

#[test]
fn rows_have_no_answers_of_their_own() {
    let (answers, items) = (Some(Scalar::made(".results")), Some(Scalar::made("rows")));
    let bulk = BulkSettings { at: nowhere(), most: 9, bytes: None, items, answers, matched: None, outcome: None, atomic: true };
    let says = |name: &str| format!("`{name}` says nothing of `rows`: its items have no answers of their own, and no list");
    let told = [("C0105", "items"), ("C0107", "answers"), ("C0107", "atomic")];
    let expected = told.map(|(code, name)| format!("{code} {}", says(name)));
    assert_eq!(read_bulk(folder("jsonl", false), Some(bulk)).1, expected);
}
