#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::{number::Number, room::Room, value::Value};

fn round(text: &str) -> Result<String, JsonFault> {
    let room = Room::new();
    let mut out = Vec::new();
    write(&read(text.as_bytes(), &room)?, &mut out);
    Ok(String::from_utf8(out).unwrap())
}

fn same(text: &str) {
    assert_eq!(round(text).as_deref(), Ok(text));
}

fn becomes(text: &str, wanted: &str) {
    assert_eq!(round(text).as_deref(), Ok(wanted));
}

fn refused(bytes: &[u8], at: usize, says: &'static str) {
    assert_eq!(read(bytes, &Room::new()).err(), Some(JsonFault { at, says }), "{}", String::from_utf8_lossy(bytes));
}

#[test]
fn compact_documents_come_out_as_they_went_in() {
    same(r#"{"b":1,"a":[true,false,null,"x",{}],"":[]}"#);
    same(r#"[0,-1,12.50,0.05,-0.001,999999999999999999,9223372036854775807,1e3,12345678901234567890.12]"#);
    same(r#""quote \" backslash \\ line \n tab \t bell \u0007 ü 漢 🦀""#);
}

#[test]
fn escapes_are_decoded() {
    becomes(r#""\u00fc\/\ud83e\udd80\b\f\r""#, "\"ü/🦀\\b\\f\\r\"");
}

#[test]
fn a_byte_order_mark_is_skipped_at_the_start() {
    becomes("\u{feff} [1 , 2]\r\n", "[1,2]");
}

#[test]
fn of_a_repeated_key_the_last_value_stays_in_the_first_place() {
    becomes(r#"{"a":1,"b":2,"a":3}"#, r#"{"a":3,"b":2}"#);
    let many: String = (0..100).map(|n| format!("\"k{}\":{n},", n % 50)).collect();
    let wanted: String = (0..50).map(|n| format!("\"k{n}\":{},", n + 50)).collect();
    becomes(&format!("{{{}\"z\":0}}", many), &format!("{{{}\"z\":0}}", wanted));
}

#[test]
fn text_without_escapes_borrows_from_the_input() {
    let (input, room) = (br#"["plain"]"#, Room::new());
    let text = read(input, &room).unwrap().list().unwrap()[0].text().unwrap();
    assert!(input.as_ptr_range().contains(&text.as_ptr()));
}

#[test]
fn what_is_no_json_is_refused_where_it_stands() {
    refused(b"", 0, "it ends where a value was expected");
    refused(b"{\"a\":1,}", 7, "a key in double quotes was expected");
    refused(b"[1,]", 3, "a value was expected");
    refused(b"[1 2]", 3, "`,` or `]` was expected");
    refused(b"{\"a\" 1}", 5, "`:` was expected");
    refused(b"{'a':1}", 1, "a key in double quotes was expected");
    refused(b"[1", 2, "`,` or `]` was expected");
    refused(b"{} {}", 3, "nothing more may follow the document");
    refused(b"nul", 0, "a value was expected");
    refused(b"NaN", 0, "a value was expected");
    refused(b"[01]", 1, "this is no number");
    refused(b"[1.]", 1, "this is no number");
    refused(b"[1e999999]", 1, "the number has too many digits or too large an exponent");
    refused(b"\"abc", 4, "it ends inside a text");
    refused(b"\"a\nb\"", 2, "a control character stands bare in a text");
    refused(b"\"\\n\x01\"", 3, "a control character stands bare in a text");
    refused(b"\"\\x\"", 2, "no such escape");
    refused(b"\"\\u12g4\"", 7, "four hexadecimal digits were expected");
    refused(b"\"\\ud800\"", 7, "half a surrogate pair stands alone");
    refused(b"\"\\udc00\"", 7, "half a surrogate pair stands alone");
    refused(b"\"\\ud800\\u0041\"", 13, "half a surrogate pair stands alone");
    refused(b"[\"a\xff\"]", 3, "not UTF-8");
    refused(b"<html>", 0, "a value was expected");
}

#[test]
fn nesting_is_bounded() {
    let nest = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    same(&nest(JSON_DEPTH_MOST));
    refused(nest(JSON_DEPTH_MOST + 1).as_bytes(), JSON_DEPTH_MOST, "it is nested too deep");
}

#[test]
fn a_document_that_swells_in_memory_is_refused() {
    let swelling = format!("[{}0]", "0,".repeat(3 << 20));
    assert_eq!(round(&swelling).err().map(|fault| fault.says), Some("it takes too much memory for one record"));
}

#[test]
fn a_number_is_written_as_it_prints() {
    for (digits, scale, expected) in [
        (0, 0, "0"),
        (0, 2, "0.00"),
        (i64::MIN, 0, "-9223372036854775808"),
        (-5, 18, "-0.000000000000000005"),
        (i64::MAX, 18, "9.223372036854775807"),
        (i64::MIN, 20, "-0.09223372036854775808"),
        (120, 1, "12.0"),
        (-120, 3, "-0.120"),
    ] {
        let (number, mut out) = (Number::Small { digits, scale }, Vec::new());
        write(&Value::Number(number), &mut out);
        assert_eq!((String::from_utf8(out).unwrap().as_str(), number.to_string().as_str()), (expected, expected));
    }
}

#[test]
fn a_number_with_a_long_tail_of_zeros_is_written_with_an_exponent() {
    let mut out = Vec::new();
    write(&Value::Number(Number::Small { digits: -7, scale: u8::MAX }), &mut out);
    assert_eq!(out, b"-7e-255");
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        "\\PC*|[\\x00-\\x7f]*".prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 60, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Into::into),
            prop::collection::vec(("[a-c\"\\\\\n]{0,3}", inner), 0..8).prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn what_serde_writes_we_read_and_what_we_write_serde_reads(value in any_json(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let again = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        let ours = round(&text).map_err(|fault| TestCaseError::fail(format!("{fault:?} in {text}")))?;
        prop_assert_eq!(again(&ours), again(&text));
    }

    #[test]
    fn we_accept_what_serde_accepts(text in "[\\[\\]{},:\"\\\\a-e0-9.+\\- \\n]{0,12}") {
        let serde = serde_json::from_str::<serde_json::Value>(&text);
        prop_assert_eq!(round(&text).is_ok(), serde.is_ok(), "{:?} {:?}", round(&text), serde);
    }
}
