//! Steps and bytes, counted inside functions too: what an expression may spend on one field of one record.

use std::cell::{Cell, RefCell};

use bumpalo::collections::Vec as RoomVec;
use spanwright_shape::{number::Number, room::Room, value::Value};

use super::{Bound, Frame, Run, Stop, Trouble, What};
use crate::op::Op;

/// Bytes that are looked through in the time of a step.
const SCANNED_A_STEP: usize = 256;
/// Steps that a number beyond a word costs however short it is; with an exponent it may stand for a thousand digits.
const LONG_NUMBER_STEPS: u32 = 16;
const EXPONENT_STEPS: u32 = 256;

/// Steps that one evaluation may take: nodes run, items gone through, and a step for each 64 bytes of text made.
pub const STEPS_MOST: u32 = 1_000_000;

/// Bytes that the values made of one record may take together. An arena grows by doubling, and a function holds what it
/// makes beside it for a moment: so a third of what a worker can spare.
pub const BYTES_MOST: usize = 20 << 20;

impl<'a> Run<'a> {
    /// An evaluation that has spent nothing yet.
    pub fn new(room: &'a Room, names: &'a [(&'a str, Value<'a>)]) -> Run<'a> {
        Run { room, names: Cell::new(names), steps: Cell::new(0), bytes: Cell::new(0), decided: None }
    }

    /// The same, and it remembers which conditions were true.
    pub fn watched(room: &'a Room, names: &'a [(&'a str, Value<'a>)]) -> Run<'a> {
        Run { decided: Some(RefCell::default()), ..Run::new(room, names) }
    }

    /// A condition of an `if` was, or was not, true.
    pub fn decide(&self, when: &Op, truth: bool) -> bool {
        if let Some(decided) = &self.decided {
            decided.borrow_mut().push((when.site, truth));
        }
        truth
    }

    /// The conditions that were come by since they were last asked for: the site of each, and whether it was true.
    pub fn decided(&self) -> Vec<(u32, bool)> {
        self.decided.as_ref().map(RefCell::take).unwrap_or_default()
    }

    /// A new field of the same record: its steps count from the start, the record's bytes go on.
    pub fn next_field(&self) {
        self.steps.set(0);
    }

    /// Where values are made; say [`Run::take_bytes`] first.
    pub fn room(&self) -> &'a Room {
        self.room
    }

    /// Spends steps.
    ///
    /// # Errors
    /// The budget is spent.
    #[inline]
    pub fn take_steps(&self, steps: u32, site: u32) -> Result<(), Stop> {
        let spent = self.steps.get().saturating_add(steps);
        self.steps.set(spent);
        if spent > STEPS_MOST { Err(Trouble::stop(site, What::TooManySteps)) } else { Ok(()) }
    }

    /// Spends bytes, before they are allocated.
    ///
    /// # Errors
    /// The budget is spent.
    #[inline]
    pub fn take_bytes(&self, bytes: usize, site: u32) -> Result<(), Stop> {
        let spent = self.bytes.get().saturating_add(bytes);
        self.bytes.set(spent);
        if spent > BYTES_MOST { Err(Trouble::stop(site, What::TooManyBytes)) } else { Ok(()) }
    }

    /// Spends what a list of so many items costs, in steps and in bytes.
    ///
    /// # Errors
    /// The budget is spent.
    pub fn take_items(&self, items: usize, site: u32) -> Result<(), Stop> {
        self.take_steps(u32::try_from(items).unwrap_or(u32::MAX), site)?;
        self.take_bytes(items.saturating_mul(size_of::<Value<'_>>()), site)
    }

    /// A text in the room.
    ///
    /// # Errors
    /// The budget is spent.
    pub fn text(&self, text: &str, site: u32) -> Result<&'a str, Stop> {
        self.take_text(text.len(), site)?;
        Ok(self.room.text(text))
    }

    /// Spends what a text of so many bytes costs.
    ///
    /// # Errors
    /// The budget is spent.
    pub fn take_text(&self, bytes: usize, site: u32) -> Result<(), Stop> {
        self.take_steps(u32::try_from(bytes / 64).unwrap_or(u32::MAX), site)?;
        self.take_bytes(bytes, site)
    }

    /// Spends what looking through so many bytes once costs, where none are made.
    ///
    /// # Errors
    /// The budget is spent.
    #[inline]
    pub fn take_scanned(&self, bytes: usize, site: u32) -> Result<(), Stop> {
        self.take_steps(u32::try_from(bytes / SCANNED_A_STEP).unwrap_or(u32::MAX), site)
    }

    /// Spends what looking at a value costs: a text so many times, a number beyond a word once.
    ///
    /// # Errors
    /// The budget is spent.
    #[inline]
    pub fn take_looked_at(&self, value: &Value<'_>, times: usize, site: u32) -> Result<(), Stop> {
        match value {
            Value::Text(text) => self.take_scanned(text.len().saturating_mul(times), site),
            Value::Number(number) => self.take_digits([number, number], site),
            Value::Null | Value::Bool(_) | Value::List(_) | Value::Record(_) => Ok(()),
        }
    }

    /// Spends what numbers beyond a word cost to take apart; those within one cost nothing.
    ///
    /// # Errors
    /// The budget is spent.
    #[inline]
    pub fn take_digits(&self, numbers: [&Number<'_>; 2], site: u32) -> Result<(), Stop> {
        match numbers {
            [Number::Small { .. }, Number::Small { .. }] => Ok(()),
            long => self.take_steps(long.into_iter().map(digits_cost).sum(), site),
        }
    }

    /// A list in the room.
    ///
    /// # Errors
    /// The budget is spent.
    pub fn list(&self, items: &[Value<'a>], site: u32) -> Result<Value<'a>, Stop> {
        self.take_items(items.len(), site)?;
        Ok(Value::List(self.room.bump().alloc_slice_copy(items)))
    }

    /// A record in the room.
    ///
    /// # Errors
    /// The budget is spent.
    pub fn record(&self, fields: &[(&'a str, Value<'a>)], site: u32) -> Result<Value<'a>, Stop> {
        self.take_items(fields.len().saturating_mul(2), site)?;
        Ok(Value::Record(self.room.bump().alloc_slice_copy(fields)))
    }

    /// An empty list to push into; say [`Run::take_items`] for each item.
    pub fn vec<T>(&self) -> RoomVec<'a, T> {
        RoomVec::new_in(self.room.bump())
    }

    pub(super) fn bind(&self, frame: Frame<'a>, value: Value<'a>, site: u32) -> Result<Frame<'a>, Stop> {
        self.take_bytes(size_of::<Bound<'_>>(), site)?;
        let bound = self.room.bump().alloc(Bound { value, around: frame.bound });
        Ok(Frame { dot: frame.dot, bound: Some(bound) })
    }

    pub(super) fn name(&self, name: &str) -> Value<'a> {
        self.names.get().iter().rev().find(|(have, _)| *have == name).map_or(Value::Null, |(_, value)| *value)
    }

    /// The names from outside.
    pub fn names(&self) -> &'a [(&'a str, Value<'a>)] {
        self.names.get()
    }

    /// Other names from here on.
    pub fn set_names(&self, names: &'a [(&'a str, Value<'a>)]) {
        self.names.set(names);
    }

    /// More names from here on; the last of two equal ones counts.
    ///
    /// # Errors
    /// The budget is spent.
    pub fn with_names(&self, more: &[(&'a str, Value<'a>)]) -> Result<(), Stop> {
        let all: Vec<(&'a str, Value<'a>)> = self.names.get().iter().chain(more).copied().collect();
        self.take_items(all.len() * 2, 0)?;
        self.names.set(self.room.bump().alloc_slice_copy(&all));
        Ok(())
    }
}

fn digits_cost(number: &Number<'_>) -> u32 {
    match number {
        Number::Small { .. } => 0,
        Number::Exact(text) if text.contains(['e', 'E']) => EXPONENT_STEPS,
        Number::Exact(text) => LONG_NUMBER_STEPS + u32::try_from(text.len() / 4).unwrap_or(u32::MAX),
    }
}
