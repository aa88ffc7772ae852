#![allow(clippy::unwrap_used)]

use super::*;
use crate::{
    json, jsonschema,
    room::Room,
    text::{Bundle, FileId, Problems, yaml},
};

/// A JSON Schema, a value, and what is wrong with it; nothing where it is fine.
fn check(schema: &str, value: &str, expected: &str) {
    let bundle = Bundle::new([("schema.yaml".to_string(), schema.as_bytes().to_vec())]);
    let mut problems = Problems::new();
    let document = yaml::read(&bundle, FileId(0), &mut problems).unwrap();
    let mut schemas = jsonschema::Schemas::new(&document, None, &mut problems);
    let id = schemas.shape(&document, jsonschema::Side::Taken);
    let (shapes, room) = (schemas.finish(), Room::new());
    let value = json::read(value.as_bytes(), &room).unwrap();
    assert_eq!(breach(&shapes, id, &value).map(|breach| breach.to_string()).unwrap_or_default(), expected, "{schema} {value:?}");
}

#[test]
fn kinds() {
    check("{}", "[1]", "");
    check("{type: string}", "7", "text is wanted, and it is a number");
    check("{type: boolean}", "\"true\"", "a flag is wanted, and it is text");
    check("{type: string}", "null", "text is wanted, and it is null");
    check("{type: [string, 'null']}", "null", "");
    check("{type: [string, 'null'], maxLength: 2}", "\"abc\"", "it has 3 characters, and at most 2 are allowed");
    check("false", "1", "nothing at all is wanted, and it is a number");
}

#[test]
fn numbers() {
    check("{type: integer}", "1.0", "");
    check("{type: integer}", "1.5", "a whole number is wanted, and it has a fraction");
    check("{type: integer}", "123456789012345678901234567890", "");
    check("{type: integer, format: int32}", "2147483648", "it is more than 2147483647");
    check("{type: integer, format: int64}", "-9223372036854775809", "it is less than -9223372036854775808");
    check("{type: number, minimum: 0, maximum: 100}", "100.00", "");
    check("{type: number, maximum: 100}", "100.01", "it is more than 100");
}

#[test]
fn texts() {
    check("{type: string, maxLength: 3}", "\"üüü\"", "");
    check("{type: string, maxLength: 3}", "\"üüüü\"", "it has 4 characters, and at most 3 are allowed");
    check("{type: string, minLength: 1}", "\"\"", "it has 0 characters, and at least 1 are wanted");
    check("{enum: [a, b]}", "\"secret\"", "it is none of `a`, `b`");
    check("{type: string, pattern: '^A'}", "\"B\"", "");
    check("{type: string, format: email}", "\"nobody\"", "");
}

#[test]
fn dates_and_times() {
    let zoned = "it has no zone: a date-time such as `2026-11-22T08:00:00` with `Z` or `+01:00` is wanted";
    let none = "it is not a date-time such as `2026-11-22T08:00:00`";
    for (text, expected) in [
        ("2026-11-22T08:00:00Z", ""),
        ("2026-11-22T08:00:00.123+01:00", ""),
        ("2026-11-22T08:00:00", zoned),
        ("2026-11-22", none),
        ("22.11.2026 08:00", none),
        ("2026-13-22T08:00:00Z", none),
        ("2026-11-22T08:00:00+0100", none),
        ("2026-11-2ü", none),
        ("", none),
    ] {
        check("{type: string, format: date-time}", &format!("\"{text}\""), expected);
    }
    check("{type: string, format: date}", "\"2026-02-31\"", "");
    check("{type: string, format: date}", "\"2026-11-22+01:00\"", "it has a zone: a date such as `2026-11-22` without one is wanted");
    check("{type: string, format: date}", "\"2026-11-22T00:00:00Z\"", "it is not a date such as `2026-11-22`");
}

#[test]
fn records_and_lists_name_the_place() {
    let schema = "{type: object, additionalProperties: false, required: [no], properties: {no: {type: string}, lines: {type: array, maxItems: 2, items: {properties: {qty: {type: integer}}}}}}";
    check(schema, r#"{"no":"1","lines":[{"qty":1},{"qty":2,"x":true}]}"#, "");
    check(schema, r#"{"lines":[]}"#, "`.no`: it is required, and missing");
    check(schema, r#"{"no":"1","x":1}"#, "`.x`: there is no such field");
    check(schema, r#"{"no":"1","lines":[{},{"qty":"2"}]}"#, "`.lines[1].qty`: a number is wanted, and it is text");
    check(schema, r#"{"lines":[{},{},{}],"no":"1"}"#, "`.lines`: it has 3 items, and at most 2 are allowed");
    check("{type: array, minItems: 1}", "[]", "it has 0 items, and at least 1 are wanted");
    check("{type: object, additionalProperties: {type: integer}}", r#"{"a":1,"b":"x"}"#, "`.b`: a number is wanted, and it is text");
}

#[test]
fn alternatives_take_what_one_of_them_takes() {
    let schema = "{oneOf: [{type: string}, {type: object, required: [id], properties: {id: {type: integer}}}]}";
    check(schema, "\"x\"", "");
    check(schema, r#"{"id":1}"#, "");
    check(schema, r#"{"id":"1"}"#, "`.id`: a number is wanted, and it is text");
    check(schema, "true", "text is wanted, and it is a flag");
}
