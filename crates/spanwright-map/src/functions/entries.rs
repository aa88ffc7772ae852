//! Records as lists of keys and values, and back.

use spanwright_shape::{number::Number, value::Value};

use super::{Asked, Function, Makes, Nulls, Prepared, Result, Types, lists::mapped, types::nothing};
use crate::{
    op::OpKind,
    run::{Kinds, Outcome, Stop, What, order::is_true},
};

/// `keys`
pub static KEYS: Function = Function {
    name: "keys",
    takes: &[""],
    about: "The names of a record's fields in order, or the numbers of a list's items.",
    example: ["keys", r#"{"b": 1, "a": 2}"#, r#"["a","b"]"#],
    ours: false,
    makes: Makes::Value {
        run: keys,
        prepare: nothing,
        types: Types {
            dot: Kinds::RECORD.or(Kinds::LIST),
            nulls: Nulls::Fail,
            arguments: Kinds::NONE,
            gives: Result::Of(|checker, dot, _| checker.keys_of(dot)),
            can_fail: false,
        },
    },
};

/// `to_entries`
pub static TO_ENTRIES: Function = Function {
    name: "to_entries",
    takes: &[""],
    about: "A record as a list of `{key, value}`, in the order of the source.",
    example: ["to_entries", r#"{"a": 1}"#, r#"[{"key":"a","value":1}]"#],
    ours: false,
    makes: Makes::Value {
        run: to_entries,
        prepare: nothing,
        types: Types {
            dot: Kinds::RECORD,
            nulls: Nulls::Fail,
            arguments: Kinds::NONE,
            gives: Result::Of(|checker, dot, _| checker.entries_of(dot)),
            can_fail: false,
        },
    },
};

/// `from_entries`
pub static FROM_ENTRIES: Function = Function {
    name: "from_entries",
    takes: &[""],
    about: "A record of a list of `{key, value}`; `name` for `key` is understood too.",
    example: ["from_entries", r#"[{"key":"a","value":1}]"#, r#"{"a":1}"#],
    ours: false,
    makes: Makes::Value {
        run: from_entries,
        prepare: nothing,
        types: Types {
            dot: Kinds::LIST,
            nulls: Nulls::Fail,
            arguments: Kinds::NONE,
            gives: Result::Of(|checker, _, _| checker.any_record()),
            can_fail: true,
        },
    },
};

/// `with_entries`
pub static WITH_ENTRIES: Function = Function {
    name: "with_entries",
    takes: &["f"],
    about: "`to_entries | map(f) | from_entries`: a record with its fields changed, dropped or renamed.",
    example: ["with_entries(select(.value != null))", r#"{"a": 1, "b": null}"#, r#"{"a":1}"#],
    ours: false,
    makes: Makes::Form(|lowering, at, mut arguments| {
        let Some(inner) = arguments.pop() else { return lowering.op(at, false, OpKind::Empty) };
        let entries = lowering.op(at, false, OpKind::Call(&TO_ENTRIES, Box::new([]), Prepared::Nothing));
        let changed = mapped(lowering, at, inner);
        let record = lowering.op(at, false, OpKind::Call(&FROM_ENTRIES, Box::new([]), Prepared::Nothing));
        let rest = lowering.op(at, false, OpKind::Pipe(changed.into(), record.into()));
        lowering.op(at, false, OpKind::Pipe(entries.into(), rest.into()))
    }),
};

fn keys<'a>(asked: &Asked<'a, '_>) -> Outcome<'a> {
    let keys: Vec<Value<'a>> = match asked.dot {
        Value::Record(fields) => {
            asked.run.take_items(fields.len() * 2, asked.site)?;
            let mut names: Vec<&'a str> = fields.iter().map(|(name, _)| *name).collect();
            names.sort_unstable();
            names.into_iter().map(Value::Text).collect()
        }
        Value::List(items) => (0..items.len()).map(|n| Value::Number(Number::int(i64::try_from(n).unwrap_or(i64::MAX)))).collect(),
        _ => return Err(asked.wants(Kinds::RECORD.or(Kinds::LIST))),
    };
    asked.run.list(&keys, asked.site)
}

fn to_entries<'a>(asked: &Asked<'a, '_>) -> Outcome<'a> {
    let Value::Record(fields) = asked.dot else { return Err(asked.wants(Kinds::RECORD)) };
    let mut entries = Vec::with_capacity(fields.len());
    for (name, value) in fields {
        entries.push(asked.run.record(&[("key", Value::Text(name)), ("value", *value)], asked.site)?);
    }
    asked.run.list(&entries, asked.site)
}

fn from_entries<'a>(asked: &Asked<'a, '_>) -> Outcome<'a> {
    let items: Vec<Value<'a>> = match asked.dot {
        Value::List(items) => items.to_vec(),
        Value::Record(fields) => fields.iter().map(|(_, value)| *value).collect(),
        _ => return Err(asked.wants(Kinds::LIST)),
    };
    let mut fields: Vec<(&'a str, Value<'a>)> = Vec::with_capacity(items.len());
    for item in items {
        asked.run.take_items(1 + fields.len() / 8, asked.site)?;
        let (name, value) = entry(asked, item)?;
        match fields.iter_mut().find(|(have, _)| *have == name) {
            Some((_, old)) => *old = value,
            None => fields.push((name, value)),
        }
    }
    asked.run.record(&fields, asked.site)
}

/// The first of jq's spellings of a key that is neither null nor false; the value is `value`, or `Value` where there is none.
fn entry<'a>(asked: &Asked<'a, '_>, item: Value<'a>) -> std::result::Result<(&'a str, Value<'a>), Stop> {
    let Value::Record(_) = item else { return Err(asked.stop(What::Step(item.kind(), spanwright_shape::value::Kind::Text))) };
    let key = ["key", "Key", "name", "Name"].iter().find_map(|name| item.get(name).filter(is_true));
    let value = item.get("value").or_else(|| item.get("Value")).unwrap_or(Value::Null);
    match key {
        Some(Value::Text(name)) => Ok((name, value)),
        other => Err(asked.stop(What::Key(other.unwrap_or(Value::Null).kind()))),
    }
}
