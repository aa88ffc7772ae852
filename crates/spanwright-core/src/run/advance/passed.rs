//! What a walk comes by, for those who measure what tests try.

use spanwright_map::{Fork, Mapping};

use crate::fact::NodeName;

/// What a walk came by, for those who measure what was tried.
#[derive(Clone, Copy, Debug)]
pub enum Passed<'p> {
    /// A map made this body.
    Mapped(&'p Mapping, &'p [u8]),
    /// A field of a map went this way.
    Forked(&'p Mapping, &'p str, Fork<'p>),
    /// A condition of an `if` in an expression of the flow, as written, was or was not true.
    Decided(&'p str, bool),
    /// The condition of a step (`when:`, `only:`) was or was not true.
    Tested(&'p NodeName, bool),
    /// A route took its nth way.
    Took(&'p NodeName, usize),
    /// After an unknown outcome a question told whether it happened.
    Told(&'p NodeName, bool),
    /// An answer was or was not ready (`again:`).
    Ready(&'p NodeName, bool),
    /// It failed for good, and the flow goes on (`if_dead:` of a step).
    Forgiven(&'p NodeName),
    /// The run stopped behind this pivot, so that nothing is undone.
    Kept(&'p NodeName),
}

/// Who is told.
pub(super) type Watch<'w> = &'w dyn Fn(Passed<'_>);
