//! What is in what.

use spanwright_shape::value::Value;

use super::{Asked, Function, Makes, Nulls, Result, Types, types::nothing};
use crate::{
    op::{OpKind, Quantifier},
    run::{Kinds, Outcome, Stop, What, numbers},
    syntax::Operator,
};

/// `contains`
pub static CONTAINS: Function = Function {
    name: "contains",
    takes: &["part"],
    about: "Whether a text holds another, a list an item that contains each item of another, a record fields that contain those of another.",
    example: [r#"contains("GmbH")"#, r#""ACME GmbH""#, "true"],
    ours: false,
    makes: Makes::Value {
        run: |asked| contains(asked, &asked.dot, &asked.argument(0)).map(Value::Bool),
        prepare: nothing,
        types: Types { dot: Kinds::ALL, nulls: Nulls::Fail, arguments: Kinds::ALL, gives: Result::Flag, can_fail: true },
    },
};

/// `has`
pub static HAS: Function = Function {
    name: "has",
    takes: &["key"],
    about: "Whether a record has a field (null counts), or a list an item of that number.",
    example: [r#"has("a")"#, r#"{"a": null}"#, "true"],
    ours: false,
    makes: Makes::Value {
        run: |asked| has(asked, asked.dot, asked.argument(0)),
        prepare: nothing,
        types: Types {
            dot: Kinds::LIST.or(Kinds::RECORD),
            nulls: Nulls::Forgiven,
            arguments: Kinds::TEXT.or(Kinds::NUMBER),
            gives: Result::Flag,
            can_fail: false,
        },
    },
};

/// `in`
pub static WITHIN: Function = Function {
    name: "in",
    takes: &["whole"],
    about: "Whether a record has a field of the input's name, or a list an item of that number: `has` the other way round.",
    example: [r#"in({"DE": 1})"#, r#""DE""#, "true"],
    ours: false,
    makes: Makes::Value {
        run: |asked| has(asked, asked.argument(0), asked.dot),
        prepare: nothing,
        types: Types::of(Kinds::TEXT.or(Kinds::NUMBER), Result::Flag).with(Kinds::RECORD.or(Kinds::LIST)),
    },
};

/// `inside`
pub static INSIDE: Function = Function {
    name: "inside",
    takes: &["whole"],
    about: "Whether something contains the input: `contains` the other way round.",
    example: [r#"inside("ACME GmbH")"#, r#""GmbH""#, "true"],
    ours: false,
    makes: Makes::Value {
        run: |asked| contains(asked, &asked.argument(0), &asked.dot).map(Value::Bool),
        prepare: nothing,
        types: Types::of(Kinds::ALL, Result::Flag).with(Kinds::ALL).can_fail(),
    },
};

/// `IN`
pub static IN: Function = Function {
    name: "IN",
    takes: &["values", "source; values"],
    about: "Whether the input, or some result of a source, equals one of several values: `.Status | IN(\"A\", \"B\")`.",
    example: [r#"IN("A", "B")"#, r#""B""#, "true"],
    ours: false,
    makes: Makes::Form(|lowering, at, arguments| {
        let mut arguments = arguments.into_iter();
        let (Some(first), second) = (arguments.next(), arguments.next()) else { return lowering.op(at, false, OpKind::Empty) };
        let source = match second {
            Some(_) => None,
            None => Some(lowering.op(at, false, OpKind::Dot)),
        };
        let (source, values) = match (source, second) {
            (Some(source), _) => (source, first),
            (None, Some(values)) => (first, values),
            (None, None) => return lowering.op(at, false, OpKind::Empty),
        };
        let many = source.many || values.many;
        let equal = lowering.op(at, many, OpKind::Binary(Operator::Equal, source.into(), values.into()));
        let dot = lowering.op(at, false, OpKind::Dot);
        lowering.op(at, false, OpKind::Quantify(Quantifier::Any, equal.into(), dot.into()))
    }),
};

fn has<'a>(asked: &Asked<'a, '_>, whole: Value<'a>, key: Value<'a>) -> Outcome<'a> {
    match (whole, key) {
        (Value::Record(fields), Value::Text(name)) => Ok(Value::Bool(fields.iter().any(|(have, _)| *have == name))),
        (Value::List(items), Value::Number(at)) => {
            let at = numbers::floor_i64(&at).unwrap_or(-1);
            Ok(Value::Bool(usize::try_from(at).is_ok_and(|at| at < items.len())))
        }
        (Value::Null, _) => Ok(Value::Bool(false)),
        (Value::Record(_) | Value::List(_), key) => Err(asked.stop(What::Step(whole.kind(), key.kind()))),
        _ => Err(asked.stop(What::Kind { who: asked.who, wants: Kinds::LIST.or(Kinds::RECORD), got: whole.kind() })),
    }
}

fn contains(asked: &Asked<'_, '_>, whole: &Value<'_>, part: &Value<'_>) -> std::result::Result<bool, Stop> {
    asked.run.take_steps(1, asked.site)?;
    match (whole, part) {
        (Value::Text(whole), Value::Text(part)) => {
            asked.run.take_text(whole.len(), asked.site)?;
            Ok(whole.contains(part))
        }
        (Value::List(whole), Value::List(part)) => {
            for sought in *part {
                if !some_contains(asked, whole, sought)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Value::Record(_), Value::Record(part)) => {
            for (name, sought) in *part {
                match whole.get(name) {
                    Some(value) if alike(&value, sought) && contains(asked, &value, sought)? => (),
                    _ => return Ok(false),
                }
            }
            Ok(true)
        }
        // jq takes true and false for two kinds.
        (Value::Bool(whole), Value::Bool(part)) if whole == part => Ok(true),
        (Value::Number(_), Value::Number(_)) | (Value::Null, Value::Null) => asked.run.same(whole, part, asked.site),
        _ => Err(asked.stop(What::Pair("contains", whole.kind(), part.kind()))),
    }
}

/// Items of other kinds do not contain it; jq passes over them inside lists.
fn some_contains(asked: &Asked<'_, '_>, items: &[Value<'_>], sought: &Value<'_>) -> std::result::Result<bool, Stop> {
    for item in items {
        if alike(item, sought) && contains(asked, item, sought)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether jq takes the two for one kind.
fn alike(one: &Value<'_>, other: &Value<'_>) -> bool {
    match (one, other) {
        (Value::Bool(one), Value::Bool(other)) => one == other,
        _ => one.kind() == other.kind(),
    }
}
