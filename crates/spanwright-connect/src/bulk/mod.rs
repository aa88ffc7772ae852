//! Many items in one request, whatever carries them: how the answer to a batch is told apart, an outcome for each item.
//!
//! `check` proves `answers:`, `match:` and `outcome:` against what the operation gives; `items` goes by that when an answer is there.
//! How the items get into a request is each connector's own.
//!
//! Always: one outcome an item, and what the answer does not say of an item is unknown and never taken for granted.

use spanwright_map::Program;

mod check;
mod items;
mod shared;

pub(crate) use check::{Given, check};
pub(crate) use items::{Speaker, hear};
pub(crate) use shared::{correlation, parameters};

/// What the answer to a batch says of its items.
#[derive(Debug)]
pub(crate) enum BulkAnswers {
    /// The whole answer speaks for all.
    Whole,
    /// There is an answer for each.
    Each(Box<EachAnswer>),
}

impl BulkAnswers {
    /// Whether nobody knows of the items before the answer is read.
    pub(crate) fn are_read(&self) -> bool {
        matches!(self, BulkAnswers::Each(_))
    }
}

/// Where the answers to the items of a batch are, and what each says.
#[derive(Debug)]
pub(crate) struct EachAnswer {
    /// Where the list is; `None`: the answer is the list.
    list: Option<Program>,
    /// The same of an answer and of its item; `None`: by position.
    matched: Option<Program>,
    /// A status, a flag or a listed text; `None`: there is an answer, so it happened.
    outcome: Option<Program>,
    /// All items happen or none does.
    atomic: bool,
}
