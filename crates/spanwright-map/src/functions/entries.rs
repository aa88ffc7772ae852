//! Records as lists of keys and values, and back.

use spanwright_shape::{number::Number, value::Value};

use super::{Asked, Function, Makes, Nulls, Prepared, Result, Types, lists::mapped, types::nothing};
use crate::{
    lower::Lowering,
    op::{Literal, OpKind},
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

/// `keys_unsorted`
pub static KEYS_UNSORTED: Function = Function {
    name: "keys_unsorted",
    takes: &[""],
    about: "The names of a record's fields as they come, or the numbers of a list's items.",
    example: ["keys_unsorted", r#"{"b": 1, "a": 2}"#, r#"["b","a"]"#],
    ours: false,
    makes: Makes::Value {
        run: |asked| match asked.dot {
            Value::Record(fields) => {
                let names: Vec<Value<'_>> = fields.iter().map(|(name, _)| Value::Text(name)).collect();
                asked.run.list(&names, asked.site)
            }
            _ => keys(asked),
        },
        prepare: nothing,
        types: Types::of(Kinds::RECORD.or(Kinds::LIST), Result::Of(|checker, dot, _| checker.keys_of(dot))),
    },
};

/// `INDEX`
pub static INDEX: Function = Function {
    name: "INDEX",
    takes: &["key", "source; key"],
    about: "A record of the items of a list, or of the results of a source, under the text that an expression gives for each; of equal ones the last stays.",
    example: ["INDEX(.id)", r#"[{"id": 1}, {"id": "a"}]"#, r#"{"1":{"id":1},"a":{"id":"a"}}"#],
    ours: false,
    makes: Makes::Form(|lowering, at, arguments| {
        let mut arguments = arguments.into_iter();
        let (source, key) = match (arguments.next(), arguments.next()) {
            (Some(key), None) => {
                let dot = lowering.op(at, false, OpKind::Dot);
                (lowering.op(at, true, OpKind::Iterate(dot.into(), false)), key)
            }
            (Some(source), Some(key)) => (source, key),
            (None, _) => return lowering.op(at, false, OpKind::Empty),
        };
        let many = key.many;
        let text = lowering.op(at, false, OpKind::Call(&super::strings::TOSTRING, Box::new([]), Prepared::Nothing));
        let key = lowering.op(at, many, OpKind::Pipe(key.into(), text.into()));
        let name = |lowering: &mut Lowering<'_>, name: &str| lowering.op(at, false, OpKind::Literal(Literal::Text(name.into())));
        let dot = lowering.op(at, false, OpKind::Dot);
        let fields = Box::new([(name(lowering, "key"), key), (name(lowering, "value"), dot)]);
        let entry = lowering.op(at, many, OpKind::Record(fields));
        let entries = lowering.op(at, true, OpKind::Pipe(source.into(), entry.into()));
        let list = lowering.op(at, false, OpKind::List(Some(entries.into())));
        let record = lowering.op(at, false, OpKind::Call(&FROM_ENTRIES, Box::new([]), Prepared::Nothing));
        lowering.op(at, false, OpKind::Pipe(list.into(), record.into()))
    }),
};

/// `to_entries`
pub static TO_ENTRIES: Function = Function {
    name: "to_entries",
    takes: &[""],
    about: "A record as a list of `{key, value}`, in the order of the source; of a list the keys are the numbers of its items.",
    example: ["to_entries", r#"{"a": 1}"#, r#"[{"key":"a","value":1}]"#],
    ours: false,
    makes: Makes::Value {
        run: to_entries,
        prepare: nothing,
        types: Types {
            dot: Kinds::RECORD.or(Kinds::LIST),
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

/// `map_values`: the changed entries of the dot, put together as what the dot is.
pub(super) static REBUILT: Function = Function {
    name: "map_values",
    takes: &["f"],
    about: "A record or a list of changed entries.",
    example: ["map_values(.)", "[1]", "[1]"],
    ours: false,
    makes: Makes::Value {
        run: |asked| {
            let entries = asked.argument(0).list().unwrap_or_default();
            match asked.dot {
                Value::Record(_) => {
                    let fields: Vec<(&str, Value<'_>)> =
                        entries.iter().filter_map(|entry| entry.get("key").and_then(|key| key.text()).zip(entry.get("value"))).collect();
                    asked.run.record(&fields, asked.site)
                }
                _ => {
                    let items: Vec<Value<'_>> = entries.iter().filter_map(|entry| entry.get("value")).collect();
                    asked.run.list(&items, asked.site)
                }
            }
        },
        prepare: nothing,
        types: Types {
            dot: Kinds::RECORD.or(Kinds::LIST),
            nulls: Nulls::Fail,
            arguments: Kinds::LIST,
            gives: Result::Of(|checker, dot, arguments| checker.rebuilt(dot, arguments)),
            can_fail: false,
        },
    },
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
    let mut entries = Vec::new();
    let mut entry = |key: Value<'a>, value: Value<'a>| {
        entries.push(asked.run.record(&[("key", key), ("value", value)], asked.site)?);
        Ok::<(), Stop>(())
    };
    match asked.dot {
        Value::Record(fields) => fields.iter().try_for_each(|(name, value)| entry(Value::Text(name), *value))?,
        Value::List(items) => {
            items.iter().enumerate().try_for_each(|(slot, item)| entry(Value::Number(super::places::counted(slot)), *item))?;
        }
        _ => return Err(asked.wants(Kinds::RECORD.or(Kinds::LIST))),
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
