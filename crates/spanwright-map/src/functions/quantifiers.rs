//! Yes and no.

use spanwright_shape::value::Value;

use super::{Function, Makes, Nulls, Result, Types, types::nothing};
use crate::{
    lower::{Lowering, Place},
    op::{Op, OpKind, Quantifier},
    run::{Kinds, order::is_true},
};

/// `not`
pub static NOT: Function = Function {
    name: "not",
    takes: &[""],
    about: "True for false and null, false for anything else; it stands behind a pipe: `.Blocked | not`.",
    example: ["not", "false", "true"],
    ours: false,
    makes: Makes::Value {
        run: |asked| Ok(Value::Bool(!is_true(&asked.dot))),
        prepare: nothing,
        types: Types { dot: Kinds::ALL, nulls: Nulls::Taken, arguments: Kinds::NONE, gives: Result::Flag, can_fail: false },
    },
};

/// `any`
pub static ANY: Function = Function {
    name: "any",
    takes: &["", "condition", "source; condition"],
    about: "Whether some item is true, or meets a condition; looks no further than it must.",
    example: ["any(. > 1)", "[1, 2]", "true"],
    ours: false,
    makes: Makes::Form(|lowering, at, arguments| quantified(lowering, at, arguments, Quantifier::Any)),
};

/// `all`
pub static ALL: Function = Function {
    name: "all",
    takes: &["", "condition", "source; condition"],
    about: "Whether every item is true, or meets a condition; looks no further than it must.",
    example: ["all(. > 1)", "[1, 2]", "false"],
    ours: false,
    makes: Makes::Form(|lowering, at, arguments| quantified(lowering, at, arguments, Quantifier::All)),
};

fn quantified(lowering: &mut Lowering<'_>, at: Place, arguments: Vec<Op>, quantifier: Quantifier) -> Op {
    let mut arguments = arguments.into_iter();
    let (source, condition) = match (arguments.next(), arguments.next()) {
        (Some(source), Some(condition)) => (source, condition),
        (condition, _) => {
            let dot = lowering.op(at, false, OpKind::Dot);
            let items = lowering.op(at, true, OpKind::Iterate(dot.into(), false));
            (items, condition.unwrap_or_else(|| lowering.op(at, false, OpKind::Dot)))
        }
    };
    lowering.op(at, false, OpKind::Quantify(quantifier, source.into(), condition.into()))
}
