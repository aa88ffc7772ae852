#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use super::*;
use crate::shape::{Field, Format, Presence, RecordShape, TextFacets, Zone};

/// A shape in a word or two, so that a row of a test is one line: `text`, `text<=50`, `int32`, `A|B`, `[text]`,
/// `{a: text, b?: flag}`, `{a: text, ...}`, `date-time+` (zoned), `date-time` (never), `date-time~` (maybe), `text or null`.
fn shape(shapes: &mut Shapes, text: &str) -> ShapeId {
    if let Some((one, other)) = text.split_once(" or ") {
        let arms = Box::new([shape(shapes, one), shape(shapes, other)]);
        return shapes.add(Shape::OneOf(arms));
    }
    if let Some(inner) = text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        let item = shape(shapes, inner.0);
        let counts = inner.1.split_once("..").map_or((0, None), |(least, most)| (least.parse().unwrap(), most.parse().ok()));
        return shapes.add(Shape::List(item, counts));
    }
    if let Some(inner) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
        let record = record(shapes, inner);
        return shapes.add(Shape::Record(record));
    }
    let leaf = leaf(text);
    shapes.add(leaf)
}

fn record(shapes: &mut Shapes, text: &str) -> RecordShape {
    let mut record = RecordShape::default();
    for part in text.split(", ").filter(|part| !part.is_empty()) {
        match part.split_once(": ") {
            None if part == "..." => record.rest = Some(shapes.add(Shape::Any)),
            None => record.residue.push(part.into()),
            Some((name, value)) => {
                let presence = if name.ends_with('?') { Presence::Maybe } else { Presence::Always };
                let value = shape(shapes, value);
                record.fields.push(Field { name: name.trim_end_matches('?').into(), shape: value, presence, about: None });
            }
        }
    }
    record
}

fn leaf(text: &str) -> Shape {
    let number = |kind| Shape::Number(NumberFacets::of(kind));
    let spelled = |format| Shape::Text(TextFacets { format, ..TextFacets::default() });
    let zone = if text.ends_with('+') {
        Zone::Must
    } else if text.ends_with('~') {
        Zone::May
    } else {
        Zone::Never
    };
    match text.trim_end_matches(['+', '~']) {
        "any" => Shape::Any,
        "never" => Shape::Never,
        "null" => Shape::Null,
        "flag" => Shape::Flag,
        "int" => number(NumberKind::Integer { bits: 0 }),
        "int32" => number(NumberKind::Integer { bits: 32 }),
        "int64" => number(NumberKind::Integer { bits: 64 }),
        "decimal" => number(NumberKind::Decimal),
        "double" => number(NumberKind::Double),
        "decimal(12,2)" => Shape::Number(NumberFacets { digits: Some(12), fraction: Some(2), ..NumberFacets::of(NumberKind::Decimal) }),
        "decimal(18,3)" => Shape::Number(NumberFacets { digits: Some(18), fraction: Some(3), ..NumberFacets::of(NumberKind::Decimal) }),
        "0..100" => Shape::Number(NumberFacets {
            least: Some("0".into()),
            most: Some("100".into()),
            ..NumberFacets::of(NumberKind::Integer { bits: 0 })
        }),
        "200.." => Shape::Number(NumberFacets { least: Some("200".into()), ..NumberFacets::of(NumberKind::Decimal) }),
        "date" => spelled(Format::Date(zone)),
        "time" => spelled(Format::Time(zone)),
        "date-time" => spelled(Format::DateTime(zone)),
        "email" => spelled(Format::Email),
        "uuid" => spelled(Format::Uuid),
        "like" => Shape::Text(TextFacets { pattern: Some("^A".into()), ..TextFacets::default() }),
        other => Shape::Text(text_facets(other)),
    }
}

fn text_facets(text: &str) -> TextFacets {
    if let Some(most) = text.strip_prefix("text<=") {
        return TextFacets { longest: Some(most.parse().unwrap()), ..TextFacets::default() };
    }
    if let Some(least) = text.strip_prefix("text>=") {
        return TextFacets { shortest: Some(least.parse().unwrap()), ..TextFacets::default() };
    }
    let values = (text != "text").then(|| text.split('|').map(Arc::from).collect());
    TextFacets { one_of: values, ..TextFacets::default() }
}

fn check(given: &str, wanted: &str, expected: &str) {
    let mut shapes = Shapes::default();
    let (have, want) = (shape(&mut shapes, given), shape(&mut shapes, wanted));
    let got = match fits(&shapes, have, want) {
        Fit::Fits => "fits".to_string(),
        Fit::Narrows(says) => format!("narrows: {says}"),
        Fit::Perhaps(says) => format!("perhaps: {says}"),
        Fit::Never(says) => format!("never: {says}"),
    };
    assert_eq!(got, expected, "{given} -> {wanted}");
}

#[test]
fn the_same_fits_itself() {
    for same in
        ["any", "null", "flag", "int32", "decimal(12,2)", "double", "text<=50", "A|B", "date-time~", "[text]", "{a: text, b?: flag, ...}"]
    {
        check(same, same, "fits");
    }
}

#[test]
fn anything_is_told_when_it_runs() {
    check("any", "text", "perhaps: anything into text");
    check("text", "any", "fits");
    check("never", "text", "fits");
    check("text", "never", "never: nothing is allowed here");
}

#[test]
fn other_kinds_never_fit_and_the_message_says_what_to_write() {
    check("flag", "text", "never: a flag into text: write `tostring`");
    check("int32", "A|B", "never: a whole number into one of `A`, `B`: write `tostring`");
    check("text", "decimal", "never: text into a decimal number: write `tonumber`");
    check("text", "flag", "never: text into a flag: write a comparison such as `. == \"true\"`");
    check("[text]", "text", "never: a list into text: write `first` or `join` to take one");
    check("text", "[text]", "never: text into a list: write `[.]` to make a list of it");
    check("{a: text}", "text", "never: a record into text");
}

#[test]
fn null_is_refused_where_it_is_not_wanted() {
    check("null", "text", "never: null, and text is wanted");
    check("text or null", "text", "narrows: it may be null, and text is wanted");
    check("text", "text or null", "fits");
    check("text or null", "text or null", "fits");
}

#[test]
fn unions_take_what_one_arm_takes() {
    check("int32", "text or decimal", "fits");
    check("flag", "text or null", "never: a flag into text: write `tostring`");
    check("int64", "int32 or null", "narrows: up to 9223372036854775807 into at most 2147483647");
    check("flag or text", "int32 or null", "never: a flag into a whole number");
    check("int32 or text", "text", "narrows: a whole number into text: write `tostring`");
}

#[test]
fn a_lost_enumeration_value_is_named() {
    check("ACTIVE|BLOCKED", "ACTIVE|BLOCKED|OLD", "fits");
    check("ACTIVE|BLOCKED|PROSPECT", "ACTIVE|BLOCKED", "narrows: `PROSPECT` is not one of `ACTIVE`, `BLOCKED`: write a `table`");
    check("A|B|X|Y", "A|B", "narrows: `X`, `Y` are not among `A`, `B`: write a `table`");
    check("A|B", "a|b", "never: none of `A`, `B` is one of `a`, `b`: write a `table`");
    check("text", "a|b", "perhaps: text into one of `a`, `b`");
    check("A|B", "text", "fits");
    check("A|B", "1|2|3|4|5|6|7", "never: none of `A`, `B` is one of `1`, `2`, `3`, `4`, `5` and 2 more: write a `table`");
}

#[test]
fn whole_numbers_fit_by_width() {
    check("int32", "int64", "fits");
    check("int64", "int32", "narrows: up to 9223372036854775807 into at most 2147483647");
    check("int", "int32", "perhaps: any number into at most 2147483647");
    check("int64", "int", "fits");
    check("0..100", "int32", "fits");
    check("int32", "0..100", "narrows: up to 2147483647 into at most 100");
    check("0..100", "200..", "never: 100 and less into at least 200");
    check("200..", "0..100", "never: 200 and more into at most 100");
}

#[test]
fn exact_numbers_narrow_into_doubles() {
    check("decimal", "double", "narrows: a decimal number into a binary number (double): digits beyond the 15th may be lost");
    check("decimal(18,3)", "double", "narrows: a decimal number into a binary number (double): digits beyond the 15th may be lost");
    check("decimal(12,2)", "double", "fits");
    check("int32", "double", "fits");
    check("int64", "double", "narrows: a whole number into a binary number (double): digits beyond the 15th may be lost");
    check("double", "decimal", "fits");
}

#[test]
fn fractions_and_digits_narrow() {
    check(
        "decimal",
        "int32",
        "narrows: a decimal number into a whole number: one with a fraction is refused; `round`, `floor` or `ceil` it",
    );
    check("decimal(18,3)", "decimal(12,2)", "narrows: 3 digits behind the point into 2: round it");
    check("decimal", "decimal(12,2)", "perhaps: at most 2 digits behind the point are wanted");
    check("int32", "decimal(12,2)", "fits");
    check("int64", "decimal(12,2)", "narrows: a number of up to 19 digits into 12");
}

#[test]
fn lengths_narrow_where_they_are_known() {
    check("text<=200", "text<=50", "narrows: text of up to 200 characters into 50");
    check("text", "text<=50", "perhaps: text of any length into 50 characters");
    check("text<=50", "text<=200", "fits");
    check("text>=9", "text<=3", "never: text of at least 9 characters into 3");
    check("text<=3", "text>=9", "never: text of up to 3 characters, and at least 9 are wanted");
    check("text", "text>=1", "perhaps: it may be empty, which is not allowed there");
    check("ACTIVE|BLOCKED", "text<=6", "narrows: text of up to 7 characters into 6");
    check("text", "like", "perhaps: text into text like `^A`");
}

#[test]
fn times_need_their_zone() {
    let zoned = "a date-time without a zone, and one is wanted: write `zoned(\"Europe/Berlin\")` with its zone";
    check("date-time", "date-time+", &format!("never: {zoned}"));
    check("date-time~", "date-time+", &format!("narrows: it may be {zoned}"));
    check("date-time+", "date-time~", "fits");
    check("date-time+", "date-time", "never: a date-time with a zone, and none is wanted: write `.[0:19]`");
    check("date~", "date", "perhaps: a date that may carry a zone, and none is wanted");
}

#[test]
fn formats_are_kept_apart() {
    check("date", "date-time+", "never: a date into a date-time: write `. + \"T00:00:00\" | zoned(\"Europe/Berlin\")`");
    check("date-time+", "date", "never: a date-time into a date: write `.[0:10]`");
    check("text", "date-time+", "perhaps: text into a date-time");
    check("date-time+", "text", "fits");
    check("uuid", "date", "never: a UUID into a date");
    check("time", "email", "never: a time of day into an e-mail address");
    check("uuid", "email", "perhaps: a UUID into an e-mail address");
}

#[test]
fn lists_fit_by_item_and_count() {
    check("[int32]", "[text]", "never: []: a whole number into text: write `tostring`");
    check("[text]0..5", "[text]0..2", "narrows: up to 5 items into at most 2");
    check("[text]", "[text]1..", "perhaps: at least 1 items are wanted");
    check("[text]0..1", "[text]2..", "never: at most 1 items, and at least 2 are wanted");
    check("[text]", "[text]0..2", "perhaps: any number of items into at most 2");
}

#[test]
fn records_name_the_field() {
    check("{a: text}", "{a: text, b: flag}", "never: .b: it is required, and missing");
    check("{a: text}", "{a: text, b?: flag}", "fits");
    check("{a?: text}", "{a: text}", "narrows: .a: it is required, and may be missing");
    check("{a: text, ...}", "{a: text, b: flag, ...}", "perhaps: .b: it is required, and nothing says that it is there");
    check("{a: text, x: text}", "{a: text}", "never: .x: there is no such field there");
    check("{a: text, x?: text}", "{a: text}", "narrows: .x: there is no such field there");
    check("{a: text, x: text}", "{a: text, ...}", "fits");
    check("{...}", "{}", "perhaps: it may carry fields that are not known there");
    check("{a: int32}", "{a: text}", "never: .a: a whole number into text: write `tostring`");
    check("{a: {@b-c: flag}}", "{a: {@b-c: text}}", "never: .a.\"@b-c\": a flag into text: write `tostring`");
    check("{a: [{z: flag}]}", "{a: [{z: text}]}", "never: .a[].z: a flag into text: write `tostring`");
    check("{a: text}", "{a: text, one of a and b}", "perhaps: one of a and b: told when it runs");
}

#[test]
fn the_worst_part_decides() {
    check("{a: text, b: int64, c: flag}", "{a: text<=5, b: int32, c: text}", "never: .c: a flag into text: write `tostring`");
    check("{a: text, b: int64}", "{a: text<=5, b: int32}", "narrows: .b: up to 9223372036854775807 into at most 2147483647");
}

#[test]
fn recursive_shapes_are_compared() {
    let mut shapes = Shapes::default();
    let tree = |shapes: &mut Shapes, leaf: &str| {
        let (root, children) = (shapes.reserve(), shapes.reserve());
        let leaf = shape(shapes, leaf);
        let field = |name: &str, shape, presence| Field { name: name.into(), shape, presence, about: None };
        let fields = vec![field("children", children, Presence::Maybe), field("leaf", leaf, Presence::Always)];
        shapes.set(root, Shape::Record(RecordShape { fields, ..RecordShape::default() }));
        shapes.set(children, Shape::List(root, (0, None)));
        root
    };
    let (text, other, flag) = (tree(&mut shapes, "text"), tree(&mut shapes, "text"), tree(&mut shapes, "flag"));
    assert_eq!(fits(&shapes, text, other), Fit::Fits);
    assert_eq!(fits(&shapes, text, flag), Fit::Never(".leaf: text into a flag: write a comparison such as `. == \"true\"`".into()));
}

#[test]
fn a_chain_of_a_thousand_types_does_not_exhaust_the_stack() {
    let mut shapes = Shapes::default();
    let chain = |shapes: &mut Shapes| {
        let leaf = shapes.add(Shape::Flag);
        (0..1_000).fold(leaf, |inner, _| shapes.add(Shape::List(inner, (0, None))))
    };
    let (one, other) = (chain(&mut shapes), chain(&mut shapes));
    assert!(matches!(fits(&shapes, one, other), Fit::Perhaps(says) if says.ends_with("nested too deep to tell")));
}
