//! The least and the greatest item.

use std::cmp::Ordering;

use spanwright_shape::value::Value;

use super::{
    Asked, Function, Makes, Nulls, Result, Types,
    by::{by, keyed},
    types::nothing,
};
use crate::run::{Kinds, Outcome};

const ITEM: Types = Types { dot: Kinds::LIST, nulls: Nulls::Fail, arguments: Kinds::ALL, gives: Result::Item, can_fail: false };

/// `min`
pub static MIN: Function = Function {
    name: "min",
    takes: &[""],
    about: "The least item, the first of equal ones; null of an empty list.",
    example: ["min", "[2, 1, 3]", "1"],
    ours: false,
    makes: Makes::Value { run: |asked| best(asked, Ordering::Less), prepare: nothing, types: ITEM },
};

/// `max`
pub static MAX: Function = Function {
    name: "max",
    takes: &[""],
    about: "The greatest item, the last of equal ones; null of an empty list.",
    example: ["max", "[2, 1, 3]", "3"],
    ours: false,
    makes: Makes::Value { run: |asked| best(asked, Ordering::Greater), prepare: nothing, types: ITEM },
};

/// `min_by`
pub static MIN_BY: Function = Function {
    name: "min_by",
    takes: &["f"],
    about: "The item for which an expression gives the least.",
    example: ["min_by(.n)", r#"[{"n":2},{"n":1}]"#, r#"{"n":1}"#],
    ours: false,
    makes: Makes::Form(|lowering, at, arguments| by(lowering, at, arguments, &MIN)),
};

/// `max_by`
pub static MAX_BY: Function = Function {
    name: "max_by",
    takes: &["f"],
    about: "The item for which an expression gives the greatest.",
    example: ["max_by(.n)", r#"[{"n":2},{"n":1}]"#, r#"{"n":2}"#],
    ours: false,
    makes: Makes::Form(|lowering, at, arguments| by(lowering, at, arguments, &MAX)),
};

fn best<'a>(asked: &Asked<'a, '_>, sought: Ordering) -> Outcome<'a> {
    let (items, keys) = keyed(asked)?;
    let mut best: Option<usize> = None;
    for (slot, key) in keys.iter().enumerate() {
        let better = match best {
            None => true,
            Some(best) => {
                let order = asked.run.compare(key, &keys[best], asked.site)?;
                order == sought || (order == Ordering::Equal && sought == Ordering::Greater)
            }
        };
        if better {
            best = Some(slot);
        }
    }
    Ok(best.map_or(Value::Null, |slot| items[slot]))
}
