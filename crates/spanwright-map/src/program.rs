//! One expression, checked, ready to run.

use std::sync::Arc;

use spanwright_shape::{
    room::Room,
    shape::{ShapeId, Shapes},
    text::{Failure, Problems, Scalar},
    value::Value,
};

/// What an expression may see while it is checked.
#[derive(Debug)]
pub struct Scope<'s> {
    /// The arena that `dot` and the names live in; the checker adds to it.
    pub shapes: &'s mut Shapes,
    /// The shape of `.`.
    pub dot: ShapeId,
    /// Names without their `$`, and their shapes.
    pub names: Vec<(Arc<str>, ShapeId)>,
    /// The zone of times that carry none, where the source declares one (`zone: Europe/Berlin`).
    pub zone: Option<Arc<str>>,
}

/// What an expression sees while it runs.
#[derive(Clone, Copy, Debug)]
pub struct Env<'e> {
    /// `.`
    pub dot: Value<'e>,
    /// Names without their `$`; the last of two equal ones counts.
    pub names: &'e [(&'e str, Value<'e>)],
}

/// How many results an expression gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Exactly one.
    One,
    /// One or none; none is *absent*.
    Maybe,
    /// Any number.
    Many,
}

/// What is known of an expression before it runs.
#[derive(Clone, Debug)]
pub struct Gives {
    /// The shape of each result, in the scope's arena.
    pub shape: ShapeId,
    /// How many.
    pub count: Count,
    /// Paths of the input that it reads, as `.Address[].Zip` or `$name.field`; changing anything else cannot change it.
    pub reads: Vec<Arc<str>>,
    /// Whether it can fail when it runs.
    pub can_fail: bool,
}

/// Why an expression failed when it ran: names places and kinds, never the value.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Map, target field, line, source path and kind, in one sentence.
    pub failure: Failure,
}

/// A checked expression.
#[derive(Debug)]
pub struct Program {}

impl Program {
    /// Parses and checks an expression. `None`: the problems say why.
    pub fn check(_text: &Scalar, _scope: &mut Scope<'_>, _to: &mut Problems) -> Option<Program> {
        None
    }

    /// Parses an expression of a plan that a program made: no shapes, no places.
    pub fn of(text: &str) -> Option<Program> {
        let mut shapes = Shapes::default();
        let dot = shapes.add(spanwright_shape::shape::Shape::Any);
        Program::check(&Scalar::made(text), &mut Scope { shapes: &mut shapes, dot, names: Vec::new(), zone: None }, &mut Problems::new())
    }

    /// What is known of it.
    pub fn gives(&self) -> &Gives {
        unimplemented_gives()
    }

    /// Runs it where at most one result is wanted: `None` is absent.
    ///
    /// # Errors
    /// A kind that does not fit, a second result, or the budget spent.
    pub fn one<'a>(&'a self, _env: &Env<'a>, _room: &'a Room) -> Result<Option<Value<'a>>, Fault> {
        Ok(None)
    }
}

fn unimplemented_gives() -> &'static Gives {
    unreachable!("no program is ever made yet")
}
