//! What is known of an expression before it runs: shapes, how many results, what it reads.
//!
//! Inside an expression the typing is *success typing*: an error only where no value of the given shapes can work, or
//! where jq would be forgiving in silence (null as an operand, a comparison that is never true, a default on a flag).
//! Where a shape is [`Shape::Any`], nothing is said.

pub mod lattice;

use std::sync::Arc;

use spanwright_shape::shape::{Shape, ShapeId, Shapes, Zone};

use crate::{op::Op, program::Count};

/// What is known of a value.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its shape, where it is there.
    pub shape: ShapeId,
    /// Whether it may be absent: null inside the expression, nothing at its end.
    pub absent: bool,
    /// How many there are.
    pub count: Count,
    /// The source paths that it is a copy of.
    pub paths: Vec<Arc<str>>,
}

/// What an expression may see.
#[derive(Debug)]
pub struct Sight<'s> {
    /// The arena.
    pub shapes: &'s mut Shapes,
    /// The dot.
    pub dot: Seen,
    /// Names without their `$`.
    pub names: Vec<(Arc<str>, Seen)>,
    /// The zone of times that carry none.
    pub zone: Option<Arc<str>>,
}

/// The checker of one expression.
#[derive(Debug)]
pub struct Checker<'s> {
    /// The arena.
    pub shapes: &'s mut Shapes,
}

impl Checker<'_> {
    fn any(&mut self) -> ShapeId {
        self.shapes.add(Shape::Any)
    }
    pub fn whole_or_null(&mut self) -> ShapeId {
        self.any()
    }
    pub fn wholes(&mut self) -> ShapeId {
        self.any()
    }
    pub fn sum_of(&mut self, _: &Seen) -> ShapeId {
        self.any()
    }
    pub fn any_list(&mut self) -> ShapeId {
        self.any()
    }
    pub fn any_record(&mut self) -> ShapeId {
        self.any()
    }
    pub fn list_of_dot(&mut self, _: &Seen) -> ShapeId {
        self.any()
    }
    pub fn keys_of(&mut self, _: &Seen) -> ShapeId {
        self.any()
    }
    pub fn entries_of(&mut self, _: &Seen) -> ShapeId {
        self.any()
    }
    pub fn text_of(&mut self, _: &Seen) -> ShapeId {
        self.any()
    }
    pub fn attribute_of(&mut self, _: &Seen, _: &[Op]) -> ShapeId {
        self.any()
    }
    pub fn date_time(&mut self, _: Zone) -> ShapeId {
        self.any()
    }
    pub fn date(&mut self, _: Zone) -> ShapeId {
        self.any()
    }
}
