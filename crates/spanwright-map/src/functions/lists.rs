//! Lists as wholes.

use spanwright_shape::{number::Number, value::Value};

use super::{Asked, Function, Makes, Nulls, Result, Types, types::nothing};
use crate::{
    lower::{Lowering, Place},
    op::{Op, OpKind},
    run::{Kinds, Outcome, What, numbers},
};

/// `length`
pub static LENGTH: Function = Function {
    name: "length",
    takes: &[""],
    about: "Items of a list, fields of a record, characters of a text, the number without its sign; null has 0.",
    example: ["length", r#"["a", "b"]"#, "2"],
    ours: false,
    makes: Makes::Value {
        run: length,
        prepare: nothing,
        types: Types {
            dot: Kinds::ALL.without(Kinds::FLAG),
            nulls: Nulls::Forgiven,
            arguments: Kinds::NONE,
            gives: Result::Of(|checker, dot, _| checker.length_of(dot)),
            can_fail: false,
        },
    },
};

/// `add`
pub static ADD: Function = Function {
    name: "add",
    takes: &["", "f"],
    about: "The sum of a list: numbers exactly, texts and lists behind one another, records merged. An empty list gives null, so write `add // 0`. `add(f)` is `[f] | add`.",
    example: ["add", "[0.1, 0.2]", "0.3"],
    ours: false,
    makes: Makes::Form(|lowering, at, mut arguments| match arguments.pop() {
        None => lowering.op(at, false, OpKind::Call(&SUM, Box::new([]), super::Prepared::Nothing)),
        Some(inner) => {
            let list = lowering.op(at, false, OpKind::List(Some(inner.into())));
            let sum = lowering.op(at, false, OpKind::Call(&SUM, Box::new([]), super::Prepared::Nothing));
            lowering.op(at, false, OpKind::Pipe(list.into(), sum.into()))
        }
    }),
};

static SUM: Function = Function {
    name: "add",
    takes: &[""],
    about: "The sum of a list.",
    example: ["add", "[1, 2]", "3"],
    ours: false,
    makes: Makes::Value {
        run: sum,
        prepare: nothing,
        types: Types {
            dot: Kinds::LIST.or(Kinds::RECORD),
            nulls: Nulls::Fail,
            arguments: Kinds::NONE,
            gives: Result::Of(|checker, dot, _| checker.sum_of(dot)),
            can_fail: false,
        },
    },
};

/// `reverse`
pub static REVERSE: Function = Function {
    name: "reverse",
    takes: &[""],
    about: "The items from the last to the first.",
    example: ["reverse", "[1, 2]", "[2,1]"],
    ours: false,
    makes: Makes::Value {
        run: |asked| match asked.dot {
            Value::Null => Ok(Value::List(&[])),
            Value::Text("") | Value::Record([]) => Ok(Value::List(&[])),
            Value::Number(number) if number.same(&Number::int(0)) => Ok(Value::List(&[])),
            _ => {
                let turned: Vec<Value<'_>> = asked.list()?.iter().rev().copied().collect();
                asked.run.list(&turned, asked.site)
            }
        },
        prepare: nothing,
        types: Types { dot: Kinds::LIST, nulls: Nulls::Forgiven, arguments: Kinds::NONE, gives: Result::Same, can_fail: false },
    },
};

/// `flatten`
pub static FLATTEN: Function = Function {
    name: "flatten",
    takes: &["", "depth"],
    about: "The items of lists within the list, as deep as they go or to a depth.",
    example: ["flatten", "[1, [2, [3]]]", "[1,2,3]"],
    ours: false,
    makes: Makes::Value {
        run: flattened,
        prepare: nothing,
        types: Types {
            dot: Kinds::LIST.or(Kinds::RECORD),
            nulls: Nulls::Fail,
            arguments: Kinds::NUMBER,
            gives: Result::Of(|checker, _, _| checker.any_list()),
            can_fail: false,
        },
    },
};

/// `transpose`
pub static TRANSPOSE: Function = Function {
    name: "transpose",
    takes: &[""],
    about: "Rows become columns: a list of the first items, one of the second, and so on; null where a row is short.",
    example: ["transpose", "[[1, 2], [3]]", "[[1,3],[2,null]]"],
    ours: false,
    makes: Makes::Value {
        run: transposed,
        prepare: nothing,
        types: Types::of(Kinds::LIST, Result::Of(|checker, _, _| checker.any_list())).can_fail(),
    },
};

/// `chunks`
pub static CHUNKS: Function = Function {
    name: "chunks",
    takes: &["n"],
    about: "The list in lists of so many items; the last has what is left.",
    example: ["chunks(2)", "[1, 2, 3]", "[[1,2],[3]]"],
    ours: true,
    makes: Makes::Value {
        run: |asked| {
            let size = match asked.argument(0) {
                Value::Number(size) => size.as_i64().and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0),
                other => return Err(asked.stop(What::Kind { who: asked.who, wants: Kinds::NUMBER, got: other.kind() })),
            };
            let size = size.ok_or_else(|| asked.stop(What::Argument("`chunks` takes a whole number from 1 on")))?;
            let chunks: Vec<Value<'_>> = asked.list()?.chunks(size).map(Value::List).collect();
            asked.run.list(&chunks, asked.site)
        },
        prepare: nothing,
        types: Types::of(Kinds::LIST, Result::Of(|checker, dot, _| checker.list_of_dot(dot))).with(Kinds::NUMBER).can_fail(),
    },
};

fn transposed<'a>(asked: &Asked<'a, '_>) -> Outcome<'a> {
    let values: Vec<Value<'a>>;
    let rows: &[Value<'a>] = match asked.dot {
        Value::Record(fields) => {
            values = fields.iter().map(|(_, value)| *value).collect();
            &values
        }
        _ => asked.list()?,
    };
    let long = |row: &&Value<'a>| match row {
        Value::List(items) => !items.is_empty(),
        Value::Record(fields) => !fields.is_empty(),
        Value::Text(text) => !text.is_empty(),
        Value::Number(number) => !number.same(&Number::int(0)),
        Value::Bool(_) => true,
        Value::Null => false,
    };
    // Where nothing is long, what a row is does not matter; flags have no length at all.
    let flag = rows.iter().find(|row| matches!(row, Value::Bool(_)));
    let odd = rows.iter().find(|row| !matches!(row, Value::List(_) | Value::Null)).filter(|_| rows.iter().any(|row| long(&row)));
    if let Some(odd) = flag.or(odd) {
        return Err(asked.stop(What::Kind { who: asked.who, wants: Kinds::LIST.or(Kinds::NULL), got: odd.kind() }));
    }
    let most = rows.iter().filter_map(Value::list).map(<[_]>::len).max().unwrap_or(0);
    let mut columns = Vec::new();
    for slot in 0..most {
        let column: Vec<Value<'a>> =
            rows.iter().map(|row| row.list().and_then(|items| items.get(slot).copied()).unwrap_or(Value::Null)).collect();
        columns.push(asked.run.list(&column, asked.site)?);
    }
    asked.run.list(&columns, asked.site)
}

fn length<'a>(asked: &Asked<'a, '_>) -> Outcome<'a> {
    let counted = match asked.dot {
        Value::Null => 0,
        Value::List(items) => items.len(),
        Value::Record(fields) => fields.len(),
        Value::Text(text) => {
            asked.run.take_text(text.len(), asked.site)?;
            text.chars().count()
        }
        Value::Number(number) if number.compare(&Number::int(0)) == std::cmp::Ordering::Less => {
            return asked.run.number(numbers::negate(&number), asked.site);
        }
        Value::Number(_) => return Ok(asked.dot),
        Value::Bool(_) => return Err(asked.wants(Kinds::ALL.without(Kinds::FLAG))),
    };
    Ok(Value::Number(Number::int(i64::try_from(counted).unwrap_or(i64::MAX))))
}

fn sum<'a>(asked: &Asked<'a, '_>) -> Outcome<'a> {
    let items: Vec<Value<'a>> = match asked.dot {
        Value::List(items) => items.to_vec(),
        Value::Record(fields) => fields.iter().map(|(_, value)| *value).collect(),
        _ => return Err(asked.wants(Kinds::LIST)),
    };
    asked.run.take_items(items.len(), asked.site)?;
    let texts: Option<Vec<&'a str>> = items.iter().map(Value::text).collect();
    if let Some(texts) = texts
        && !texts.is_empty()
    {
        return asked.run.joined(&texts, asked.site);
    }
    items.into_iter().try_fold(Value::Null, |sum, item| asked.run.add(sum, item, asked.site))
}

fn flattened<'a>(asked: &Asked<'a, '_>) -> Outcome<'a> {
    let depth = match asked.arguments {
        [] => i64::MAX,
        [Value::Number(depth), ..] => numbers::floor_i64(depth).unwrap_or(i64::MAX),
        [other, ..] => return Err(asked.stop(What::Kind { who: asked.who, wants: Kinds::NUMBER, got: other.kind() })),
    };
    if depth < 0 {
        return Err(asked.stop(What::Argument("the depth of `flatten` is not negative")));
    }
    let mut items = Vec::new();
    match asked.dot {
        Value::Record(fields) => {
            let values: Vec<Value<'a>> = fields.iter().map(|(_, value)| *value).collect();
            flatten(asked, &values, depth, &mut items)?;
        }
        _ => flatten(asked, asked.list()?, depth, &mut items)?,
    }
    asked.run.list(&items, asked.site)
}

fn flatten<'a>(
    asked: &Asked<'a, '_>,
    list: &[Value<'a>],
    depth: i64,
    into: &mut Vec<Value<'a>>,
) -> std::result::Result<(), crate::run::Stop> {
    for item in list {
        asked.run.take_steps(1, asked.site)?;
        match item {
            Value::List(inner) if depth > 0 => flatten(asked, inner, depth - 1, into)?,
            _ => into.push(*item),
        }
    }
    Ok(())
}

/// `[.[] | f]`, which `map` and the `.._by` functions are made of.
pub(super) fn mapped(lowering: &mut Lowering<'_>, at: Place, inner: Op) -> Op {
    let dot = lowering.op(at, false, OpKind::Dot);
    let items = lowering.op(at, true, OpKind::Iterate(dot.into(), false));
    let each = lowering.op(at, true, OpKind::Pipe(items.into(), inner.into()));
    lowering.op(at, false, OpKind::List(Some(each.into())))
}
