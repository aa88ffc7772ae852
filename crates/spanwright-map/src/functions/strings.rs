//! Texts taken apart, put together and looked into.

use spanwright_shape::{number::Number, value::Value};

use super::{Asked, Function, Makes, Nulls, Result, Types, matches, patterns, places, types::nothing};
use crate::run::{Kinds, Outcome, What, numbers::floor_i64};

/// `tostring`
pub static TOSTRING: Function = Function {
    name: "tostring",
    takes: &[""],
    about: "A text as it is; anything else as JSON. A number keeps its digits: `12.50` is `\"12.50\"`.",
    example: ["tostring", "12.50", r#""12.50""#],
    ours: false,
    makes: Makes::Value {
        run: |asked| asked.run.to_text(asked.dot, asked.site).map(Value::Text),
        prepare: nothing,
        types: Types { dot: Kinds::ALL, nulls: Nulls::Forgiven, arguments: Kinds::NONE, gives: Result::Text, can_fail: false },
    },
};

/// `tojson`
pub static TOJSON: Function = Function {
    name: "tojson",
    takes: &[""],
    about: "The value as JSON text.",
    example: ["tojson", r#"[1, "a"]"#, r#""[1,\"a\"]""#],
    ours: false,
    makes: Makes::Value {
        run: |asked| asked.run.to_json(asked.dot, asked.site).map(Value::Text),
        prepare: nothing,
        types: Types { dot: Kinds::ALL, nulls: Nulls::Taken, arguments: Kinds::NONE, gives: Result::Text, can_fail: false },
    },
};

/// `join`
pub static JOIN: Function = Function {
    name: "join",
    takes: &["separator"],
    about: "The items of a list as one text; numbers and flags as JSON. What may be null is taken out first: `map(select(. != null))`.",
    example: [r#"join(" ")"#, r#"["Anna", "Weber"]"#, r#""Anna Weber""#],
    ours: false,
    makes: Makes::Value {
        run: joined,
        prepare: nothing,
        types: Types {
            dot: Kinds::LIST.or(Kinds::RECORD),
            nulls: Nulls::Fail,
            arguments: Kinds::TEXT,
            gives: Result::Of(|checker, dot, _| checker.joined(dot)),
            can_fail: false,
        },
    },
};

/// `split`
pub static SPLIT: Function = Function {
    name: "split",
    takes: &["separator", "\"pattern\"; \"flags\""],
    about: "The parts of a text between separators; `split(\"\")` gives its characters. A single separator is text and no pattern; with flags (or null) it is a pattern.",
    example: [r#"split(", ")"#, r#""red, blue""#, r#"["red","blue"]"#],
    ours: false,
    makes: Makes::Value {
        run: |asked| match asked.arguments {
            [_] => asked.run.split(asked.text()?, asked.argument_text(0)?, asked.site),
            _ => matches::parts(asked),
        },
        prepare: |lowering, at, arguments| match arguments {
            [_] => super::Prepared::Nothing,
            _ => patterns::prepared(lowering, at, arguments),
        },
        types: Types::of(Kinds::TEXT, Result::Texts).with(Kinds::TEXT.or(Kinds::NULL)),
    },
};

/// `startswith`
pub static STARTSWITH: Function = Function {
    name: "startswith",
    takes: &["prefix"],
    about: "Whether a text begins with another.",
    example: [r#"startswith("DE")"#, r#""DE123456789""#, "true"],
    ours: false,
    makes: Makes::Value {
        run: |asked| Ok(Value::Bool(asked.text()?.starts_with(asked.argument_text(0)?))),
        prepare: nothing,
        types: Types { dot: Kinds::TEXT, nulls: Nulls::Fail, arguments: Kinds::TEXT, gives: Result::Flag, can_fail: false },
    },
};

/// `endswith`
pub static ENDSWITH: Function = Function {
    name: "endswith",
    takes: &["suffix"],
    about: "Whether a text ends with another.",
    example: [r#"endswith("GmbH")"#, r#""ACME GmbH""#, "true"],
    ours: false,
    makes: Makes::Value {
        run: |asked| Ok(Value::Bool(asked.text()?.ends_with(asked.argument_text(0)?))),
        prepare: nothing,
        types: Types { dot: Kinds::TEXT, nulls: Nulls::Fail, arguments: Kinds::TEXT, gives: Result::Flag, can_fail: false },
    },
};

/// `index`
pub static INDEX: Function = Function {
    name: "index",
    takes: &["sought"],
    about: "How many characters stand before the first place of a text in another, or items before the first place of one in a list; null where there is none.",
    example: [r#"index("-")"#, r#""ERP-00501""#, "3"],
    ours: false,
    makes: Makes::Value {
        run: |asked| places::one(asked, <[_]>::first),
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

/// `explode`
pub static EXPLODE: Function = Function {
    name: "explode",
    takes: &[""],
    about: "The code points of a text.",
    example: ["explode", r#""Aé""#, "[65,233]"],
    ours: false,
    makes: Makes::Value {
        run: |asked| {
            let mut points = asked.run.vec();
            for point in asked.text()?.chars() {
                asked.run.take_items(1, asked.site)?;
                points.push(Value::Number(Number::int(i64::from(u32::from(point)))));
            }
            Ok(Value::List(points.into_bump_slice()))
        },
        prepare: nothing,
        types: Types {
            dot: Kinds::TEXT,
            nulls: Nulls::Fail,
            arguments: Kinds::NONE,
            gives: Result::Of(|checker, _, _| checker.wholes()),
            can_fail: false,
        },
    },
};

/// `implode`
pub static IMPLODE: Function = Function {
    name: "implode",
    takes: &[""],
    about: "The text of a list of code points; what is none becomes U+FFFD.",
    example: ["implode", "[65, 233]", r#""Aé""#],
    ours: false,
    makes: Makes::Value { run: imploded, prepare: nothing, types: Types::of(Kinds::LIST, Result::Text).can_fail() },
};

fn imploded<'a>(asked: &Asked<'a, '_>) -> Outcome<'a> {
    let items = asked.list()?;
    asked.run.take_items(items.len(), asked.site)?;
    let mut text = String::with_capacity(items.len());
    for item in items {
        let Value::Number(point) = item else {
            return Err(asked.stop(What::Kind { who: asked.who, wants: Kinds::NUMBER, got: item.kind() }));
        };
        let point = floor_i64(point).and_then(|point| u32::try_from(point).ok()).and_then(char::from_u32);
        text.push(point.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    asked.made_text(&text)
}

/// jq: null is "", flags and numbers are JSON, anything else fails; a separator of null is "" too.
fn joined<'a>(asked: &Asked<'a, '_>) -> Outcome<'a> {
    let values: Vec<Value<'a>>;
    let items: &[Value<'a>] = match asked.dot {
        Value::Record(fields) => {
            values = fields.iter().map(|(_, value)| *value).collect();
            &values
        }
        _ => asked.list()?,
    };
    let separator = match asked.argument(0) {
        Value::Text(separator) => separator,
        Value::Null => "",
        // What joins nothing is not looked at.
        _ if items.len() < 2 => "",
        other => return Err(asked.stop(What::Kind { who: asked.who, wants: Kinds::TEXT, got: other.kind() })),
    };
    let mut parts = Vec::with_capacity(items.len() * 2);
    for (n, item) in items.iter().enumerate() {
        asked.run.take_steps(1, asked.site)?;
        if n > 0 {
            parts.push(separator);
        }
        match item {
            Value::Null => (),
            Value::List(_) | Value::Record(_) => {
                let wants = Kinds::TEXT.or(Kinds::NUMBER).or(Kinds::FLAG);
                return Err(asked.stop(What::Kind { who: asked.who, wants, got: item.kind() }));
            }
            Value::Text(_) | Value::Number(_) | Value::Bool(_) => parts.push(asked.run.to_text(*item, asked.site)?),
        }
    }
    asked.run.joined(&parts, asked.site)
}
