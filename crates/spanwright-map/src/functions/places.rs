//! Where something stands in a text or a list: in characters or items from the front.

use spanwright_shape::{
    number::Number,
    value::{Kind, Value},
};

use super::{Asked, Function, Makes, Nulls, Result, Types, types::nothing};
use crate::run::{Kinds, Outcome, What};

/// `rindex`
pub static RINDEX: Function = Function {
    name: "rindex",
    takes: &["sought"],
    about: "How many characters stand before the last place of a text in another, or items before the last place of one in a list; null where there is none.",
    example: [r#"rindex("-")"#, r#""A-B-C""#, "3"],
    ours: false,
    makes: Makes::Value {
        run: |asked| one(asked, <[_]>::last),
        prepare: nothing,
        types: Types {
            dot: Kinds::TEXT.or(Kinds::LIST),
            nulls: Nulls::Forgiven,
            arguments: Kinds::ALL,
            gives: Result::Of(|checker, _, _| checker.whole_or_null()),
            can_fail: false,
        },
    },
};

/// `indices`
pub static INDICES: Function = Function {
    name: "indices",
    takes: &["sought"],
    about: "All places of a text in another, of an item in a list, or of a list within a list; they may overlap.",
    example: [r#"indices("an")"#, r#""banana""#, "[1,3]"],
    ours: false,
    makes: Makes::Value {
        run: places,
        prepare: nothing,
        types: Types {
            dot: Kinds::TEXT.or(Kinds::LIST),
            nulls: Nulls::Forgiven,
            arguments: Kinds::ALL,
            gives: Result::Of(|checker, _, _| checker.wholes()),
            can_fail: false,
        },
    },
};

/// `utf8bytelength`
pub static UTF8BYTELENGTH: Function = Function {
    name: "utf8bytelength",
    takes: &[""],
    about: "How many bytes a text has in UTF-8: `length` counts characters.",
    example: ["utf8bytelength", r#""é""#, "2"],
    ours: false,
    makes: Makes::Value {
        run: |asked| Ok(Value::Number(counted(asked.text()?.len()))),
        prepare: nothing,
        types: Types::of(Kinds::TEXT, Result::Whole),
    },
};

/// One of the places, or null.
pub(super) fn one<'a>(asked: &Asked<'a, '_>, pick: for<'s> fn(&'s [Value<'a>]) -> Option<&'s Value<'a>>) -> Outcome<'a> {
    match places(asked)? {
        Value::List(places) => Ok(pick(places).copied().unwrap_or(Value::Null)),
        Value::Null => Ok(Value::Null),
        // jq takes the field of a record for its places, and then an item of that.
        other => Err(asked.stop(What::Step(other.kind(), Kind::Number))),
    }
}

/// Every place; null of null.
fn places<'a>(asked: &Asked<'a, '_>) -> Outcome<'a> {
    match (asked.dot, asked.argument(0)) {
        (Value::Null, Value::Text(_) | Value::Number(_) | Value::Record(_)) => Ok(Value::Null),
        (Value::Text(text), Value::Text(sought)) => in_text(asked, text, sought),
        (Value::Record(_), Value::Text(name)) => Ok(asked.dot.get(name).unwrap_or(Value::Null)),
        (Value::List(items), Value::List(sought)) => asked.run.runs(items, sought, asked.site),
        (Value::List(items), sought) => asked.run.runs(items, &[sought], asked.site),
        (Value::Text(_) | Value::Null, sought) => Err(asked.stop(What::Step(asked.dot.kind(), sought.kind()))),
        _ => Err(asked.wants(Kinds::TEXT.or(Kinds::LIST))),
    }
}

fn in_text<'a>(asked: &Asked<'a, '_>, text: &str, sought: &str) -> Outcome<'a> {
    asked.run.take_text(text.len(), asked.site)?;
    let Some(first) = sought.chars().next() else { return Ok(Value::List(&[])) };
    let (mut found, mut from, mut characters) = (asked.run.vec(), 0, 0);
    while let Some(at) = text[from..].find(sought).map(|at| from + at) {
        asked.run.take_items(1, asked.site)?;
        characters += text[from..at].chars().count();
        found.push(Value::Number(counted(characters)));
        // The next may begin within this one: `aa` stands twice in `aaa`.
        from = at + first.len_utf8();
        characters += 1;
    }
    Ok(Value::List(found.into_bump_slice()))
}

pub(super) fn counted<'a>(count: usize) -> Number<'a> {
    Number::int(i64::try_from(count).unwrap_or(i64::MAX))
}
