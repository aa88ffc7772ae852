//! Lists in order, without repetition, in groups. `.._by(f)` compares what `f` gives, all its results in turn.

use spanwright_shape::value::Value;

use super::{Asked, Function, Makes, Nulls, Prepared, Result, Types, lists::mapped, types::nothing};
use crate::{
    check::Checker,
    lower::{Lowering, Place},
    op::{Op, OpKind},
    run::{Kinds, Outcome, Stop},
};

const SAME: Types = Types { dot: Kinds::LIST, nulls: Nulls::Fail, arguments: Kinds::ALL, gives: Result::Same, can_fail: false };

/// `sort`
pub static SORT: Function = Function {
    name: "sort",
    takes: &[""],
    about: "The items in order: null, false, true, numbers, texts, lists, records.",
    example: ["sort", r#"["b", 2, "a", null]"#, r#"[null,2,"a","b"]"#],
    ours: false,
    makes: Makes::Value { run: sorted, prepare: nothing, types: SAME },
};

/// `sort_by`
pub static SORT_BY: Function = Function {
    name: "sort_by",
    takes: &["f"],
    about: "The items in the order of what an expression gives for each; equal ones stay as they are.",
    example: ["sort_by(.n)", r#"[{"n":2},{"n":1}]"#, r#"[{"n":1},{"n":2}]"#],
    ours: false,
    makes: Makes::Form(|lowering, at, arguments| by(lowering, at, arguments, &SORT)),
};

/// `unique`
pub static UNIQUE: Function = Function {
    name: "unique",
    takes: &[""],
    about: "The items in order, each once; of equal ones the first (`1.0` and `1` are equal).",
    example: ["unique", "[2, 1, 2]", "[1,2]"],
    ours: false,
    makes: Makes::Value { run: unique, prepare: nothing, types: SAME },
};

/// `unique_by`
pub static UNIQUE_BY: Function = Function {
    name: "unique_by",
    takes: &["f"],
    about: "The first item for each thing that an expression gives, in the order of these.",
    example: ["unique_by(.n)", r#"[{"n":1,"a":1},{"n":1,"a":2}]"#, r#"[{"n":1,"a":1}]"#],
    ours: false,
    makes: Makes::Form(|lowering, at, arguments| by(lowering, at, arguments, &UNIQUE)),
};

/// `group_by`
pub static GROUP_BY: Function = Function {
    name: "group_by",
    takes: &["f"],
    about: "Lists of the items for which an expression gives the same, in the order of that.",
    example: ["group_by(.n)", r#"[{"n":2},{"n":1},{"n":2}]"#, r#"[[{"n":1}],[{"n":2},{"n":2}]]"#],
    ours: false,
    makes: Makes::Form(|lowering, at, arguments| by(lowering, at, arguments, &GROUPS)),
};

static GROUPS: Function = Function {
    name: "group_by",
    takes: &["f"],
    about: "Groups of a list.",
    example: ["group_by(.)", "[1]", "[[1]]"],
    ours: false,
    makes: Makes::Value {
        run: grouped,
        prepare: nothing,
        types: Types {
            dot: Kinds::LIST,
            nulls: Nulls::Fail,
            arguments: Kinds::ALL,
            gives: Result::Of(|checker: &mut Checker<'_>, dot, _| checker.list_of_dot(dot)),
            can_fail: false,
        },
    },
};

/// A call whose one argument is the list of keys: `map([f])`.
pub(super) fn by(lowering: &mut Lowering<'_>, at: Place, mut arguments: Vec<Op>, function: &'static Function) -> Op {
    let Some(inner) = arguments.pop() else { return lowering.op(at, false, OpKind::Empty) };
    let key = lowering.op(at, false, OpKind::List(Some(inner.into())));
    let keys = mapped(lowering, at, key);
    lowering.op(at, false, OpKind::Call(function, Box::new([keys]), Prepared::Nothing))
}

/// Items and the keys that they are compared by: themselves where there is no argument.
pub(super) fn keyed<'a>(asked: &Asked<'a, '_>) -> std::result::Result<(&'a [Value<'a>], &'a [Value<'a>]), Stop> {
    let items = asked.list()?;
    match asked.arguments {
        [Value::List(keys)] => Ok((items, keys)),
        _ => Ok((items, items)),
    }
}

fn sorted<'a>(asked: &Asked<'a, '_>) -> Outcome<'a> {
    let (items, keys) = keyed(asked)?;
    let made: Vec<Value<'a>> = asked.run.sorted(keys, asked.site)?.into_iter().map(|slot| items[slot]).collect();
    asked.run.list(&made, asked.site)
}

fn unique<'a>(asked: &Asked<'a, '_>) -> Outcome<'a> {
    let (items, _) = keyed(asked)?;
    let firsts: Vec<Value<'a>> = groups(asked)?.into_iter().filter_map(|group| group.first().map(|slot| items[*slot])).collect();
    asked.run.list(&firsts, asked.site)
}

fn grouped<'a>(asked: &Asked<'a, '_>) -> Outcome<'a> {
    let (items, _) = keyed(asked)?;
    let mut made = Vec::new();
    for group in groups(asked)? {
        let group: Vec<Value<'a>> = group.into_iter().map(|slot| items[slot]).collect();
        made.push(asked.run.list(&group, asked.site)?);
    }
    asked.run.list(&made, asked.site)
}

/// Slots with equal keys together, in the order of their keys.
fn groups(asked: &Asked<'_, '_>) -> std::result::Result<Vec<Vec<usize>>, Stop> {
    let (_, keys) = keyed(asked)?;
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for slot in asked.run.sorted(keys, asked.site)? {
        match groups.last_mut() {
            Some(group) if asked.run.same(&keys[group[0]], &keys[slot], asked.site)? => group.push(slot),
            _ => groups.push(vec![slot]),
        }
    }
    Ok(groups)
}
