//! The evaluator: a function of its input, bounded in steps and bytes, functions included.
//!
//! Everything lives in the record's [`Room`] and is `Copy`. [`Run::one`] is the straight path for what gives at most
//! one result; [`Run::each`] hands every result to a callback. jq's order of evaluation holds: the right operand is
//! the outer loop, `first(f)` does not look further, an error ends the whole.

mod budget;
mod construct;
mod evaluate;
mod flow;
pub mod numbers;
pub mod operators;
pub mod order;
mod path;
mod replace;
pub mod text;
mod trouble;

use std::cell::{Cell, RefCell};

use spanwright_shape::{room::Room, value::Value};

pub use budget::{BYTES_MOST, STEPS_MOST};
pub use trouble::{Kinds, Trouble, What};

/// What ended an evaluation; boxed, since it is rare and results are many.
pub type Stop = Box<Trouble>;
/// One result.
pub type Outcome<'a> = Result<Value<'a>, Stop>;
/// One result or none.
pub type Given<'a> = Result<Option<Value<'a>>, Stop>;
/// Whether whoever receives results wants more of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// More, please.
    On,
    /// That will do.
    Enough,
}
/// Who receives results.
pub type Sink<'a, 's> = &'s mut dyn FnMut(Value<'a>) -> Result<Flow, Stop>;

/// One evaluation, with what it has spent.
pub struct Run<'a> {
    room: &'a Room,
    names: Cell<&'a [(&'a str, Value<'a>)]>,
    steps: Cell<u32>,
    bytes: Cell<usize>,
    /// Conditions that were come by, by their sites; only where somebody watches.
    decided: Option<RefCell<Vec<(u32, bool)>>>,
}

/// What a node sees.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// `.`
    pub dot: Value<'a>,
    /// The innermost binding.
    pub bound: Option<&'a Bound<'a>>,
}

/// A value bound by `as`, and the bindings around it.
#[derive(Clone, Copy, Debug)]
pub struct Bound<'a> {
    value: Value<'a>,
    around: Option<&'a Bound<'a>>,
}

impl std::fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("steps", &self.steps).field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl<'a> Frame<'a> {
    /// At the top of an expression.
    pub fn top(dot: Value<'a>) -> Frame<'a> {
        Frame { dot, bound: None }
    }

    fn with_dot(self, dot: Value<'a>) -> Frame<'a> {
        Frame { dot, bound: self.bound }
    }

    fn local(self, depth: u32) -> Value<'a> {
        let mut bound = self.bound;
        for _ in 0..depth {
            bound = bound.and_then(|bound| bound.around);
        }
        bound.map_or(Value::Null, |bound| bound.value)
    }
}
