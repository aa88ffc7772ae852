//! Whether what is given fits what is wanted: the check at the border of a map.

use super::{ShapeId, Shapes};

/// How a given shape relates to a wanted one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// Every given value is a wanted one.
    Fits,
    /// Each fits in kind, but some lose or break a bound: "text of up to 200 characters into 50".
    Narrows(String),
    /// Cannot be told before it runs: "anything into text".
    Perhaps(String),
    /// No given value can fit: "a flag into text".
    Never(String),
}

/// Compares a given shape with a wanted one. Both live in the same arena (see [`Shapes::import`]).
pub fn fits(_shapes: &Shapes, _given: ShapeId, _wanted: ShapeId) -> Fit {
    Fit::Fits
}
