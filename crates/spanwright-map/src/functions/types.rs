//! What the checker knows of a function.

use spanwright_shape::shape::ShapeId;

use super::{Asked, Prepared};
use crate::{
    check::{Checker, Seen},
    lower::{Lowering, Place},
    op::Op,
    run::{Kinds, Outcome},
};

/// How a function works.
#[derive(Debug)]
pub enum Makes {
    /// One value of its input and its arguments.
    Value {
        /// The value.
        run: for<'a> fn(&Asked<'a, '_>) -> Outcome<'a>,
        /// What is made once, when the expression is checked.
        prepare: fn(&mut Lowering<'_>, Place, &[Op]) -> Prepared,
        /// What it takes and gives.
        types: Types,
    },
    /// Another way to write an expression.
    Form(fn(&mut Lowering<'_>, Place, Vec<Op>) -> Op),
}

/// What a function takes and gives.
#[derive(Debug)]
pub struct Types {
    /// Kinds of its input; null has its own rule.
    pub dot: Kinds,
    /// What null does.
    pub nulls: Nulls,
    /// Kinds of every argument.
    pub arguments: Kinds,
    /// What it gives.
    pub gives: Result,
    /// Whether it can fail on an input of the right kind.
    pub can_fail: bool,
}

impl Types {
    /// Of an input of these kinds, without arguments; null fails, and nothing else does.
    pub const fn of(dot: Kinds, gives: Result) -> Types {
        Types { dot, nulls: Nulls::Fail, arguments: Kinds::NONE, gives, can_fail: false }
    }

    /// The same with arguments of some kinds.
    pub const fn with(self, arguments: Kinds) -> Types {
        Types { arguments, ..self }
    }

    /// The same that can fail on an input of the right kind.
    pub const fn can_fail(self) -> Types {
        Types { can_fail: true, ..self }
    }

    /// The same for which null means something.
    pub const fn takes_null(self) -> Types {
        Types { nulls: Nulls::Taken, ..self }
    }
}

/// What a function does with null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nulls {
    /// It means something: `tostring`.
    Taken,
    /// jq forgives it in silence (`length` is 0), so the checker does not.
    Forgiven,
    /// It fails when it runs, which the checker says.
    Fail,
}

/// What a function gives.
#[derive(Debug)]
pub enum Result {
    /// Text without facets.
    Text,
    /// A flag.
    Flag,
    /// A whole number.
    Whole,
    /// A number.
    Number,
    /// What its input is.
    Same,
    /// An item of its input, or null.
    Item,
    /// A list of texts.
    Texts,
    /// What a function of the shapes says.
    Of(fn(&mut Checker<'_>, &Seen, &[Op]) -> ShapeId),
}

/// Nothing to make beforehand.
pub fn nothing(_: &mut Lowering<'_>, _: Place, _: &[Op]) -> Prepared {
    Prepared::Nothing
}
