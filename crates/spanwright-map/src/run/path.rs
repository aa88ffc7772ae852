//! Steps down a value. A key remembers the slot where it was found, since records of one schema have it there again.

use std::sync::atomic::{AtomicU32, Ordering};

use spanwright_shape::{
    number::Number,
    value::{Kind, Value},
};

use super::{Frame, Given, Kinds, Outcome, Run, Stop, Trouble, What};
use crate::op::{Op, OpKind, Step, Way};

impl<'a> Run<'a> {
    pub(super) fn path(&self, base: &'a Op, steps: &'a [Step], frame: Frame<'a>) -> Given<'a> {
        let base = match base.kind {
            OpKind::Dot => frame.dot,
            _ => match self.one(base, frame)? {
                Some(value) => value,
                None => return Ok(None),
            },
        };
        self.walk(base, steps, frame)
    }

    /// Steps from a value; what is not there is null, as jq has it.
    pub(super) fn walk(&self, base: Value<'a>, steps: &'a [Step], frame: Frame<'a>) -> Given<'a> {
        let mut value = base;
        for step in steps {
            match self.step(value, step, frame) {
                Ok(Some(next)) => value = next,
                Ok(None) => return Ok(None),
                Err(stop) if step.optional && stop.can_be_passed_over() => return Ok(None),
                Err(stop) => return Err(stop),
            }
        }
        Ok(Some(value))
    }

    /// A path that stands alone: what is not there is *absent*, which jq cannot say, and null is null.
    ///
    /// # Errors
    /// As the path itself.
    pub fn bare_path(&self, base: &'a Op, steps: &'a [Step], frame: Frame<'a>) -> Given<'a> {
        let Some(base) = self.one(base, frame)? else { return Ok(None) };
        let Some((last, before)) = steps.split_last() else { return Ok(Some(base)) };
        let Some(holder) = self.walk(base, before, frame)? else { return Ok(None) };
        let Some(value) = self.walk(holder, std::slice::from_ref(last), frame)? else { return Ok(None) };
        let absent = matches!(value, Value::Null) && !holds(holder, last);
        Ok(if absent { None } else { Some(value) })
    }

    fn step(&self, value: Value<'a>, step: &'a Step, frame: Frame<'a>) -> Given<'a> {
        match &step.way {
            Way::Key(name, slot) => field(value, name, slot, step.site).map(Some),
            Way::Item(at) => item(value, *at, step.site).map(Some),
            Way::Computed(op) => match self.one(op, frame)? {
                Some(key) => self.computed(value, key, step.site).map(Some),
                None => Ok(None),
            },
            Way::Slice(from, to) => self.slice(value, from.as_ref(), to.as_ref(), frame, step.site),
        }
    }

    fn computed(&self, value: Value<'a>, key: Value<'a>, site: u32) -> Outcome<'a> {
        match (value, key) {
            (Value::Record(_), Value::Text(name)) => Ok(value.get(name).unwrap_or(Value::Null)),
            (Value::List(_), Value::Number(number)) => match floor(&number) {
                Some(at) => item(value, at, site),
                None => Ok(Value::Null),
            },
            (Value::Null, Value::Text(_) | Value::Number(_) | Value::Null) => Ok(Value::Null),
            (_, key) => Err(Trouble::stop(site, What::Step(value.kind(), key.kind()))),
        }
    }

    fn slice(&self, value: Value<'a>, from: Option<&'a Op>, to: Option<&'a Op>, frame: Frame<'a>, site: u32) -> Given<'a> {
        let Some(to) = self.slice_bound(to, frame, site)? else { return Ok(None) };
        let Some(from) = self.slice_bound(from, frame, site)? else { return Ok(None) };
        match value {
            Value::Null => Ok(Some(Value::Null)),
            Value::List(items) => {
                let (from, to) = within(items.len(), from.0, to.1);
                Ok(Some(Value::List(&items[from..to])))
            }
            Value::Text(text) => {
                self.take_text(text.len(), site)?;
                let length = text.chars().count();
                let (from, to) = within(length, from.0, to.1);
                let byte = |at: usize| text.char_indices().nth(at).map_or(text.len(), |(byte, _)| byte);
                Ok(Some(Value::Text(&text[byte(from)..byte(to)])))
            }
            other => Err(Trouble::stop(site, What::Step(other.kind(), Kind::Number))),
        }
    }

    /// A bound as (floor, ceiling); left out or null: `(None, None)`.
    fn slice_bound(&self, op: Option<&'a Op>, frame: Frame<'a>, site: u32) -> Result<Option<Bound>, Stop> {
        let Some(op) = op else { return Ok(Some((None, None))) };
        match self.one(op, frame)? {
            None => Ok(None),
            Some(Value::Null) => Ok(Some((None, None))),
            Some(Value::Number(number)) => {
                let down = floor(&number);
                let up = if number.as_i64().is_some() { down } else { down.map(|down| down.saturating_add(1)) };
                Ok(Some((down, up)))
            }
            Some(other) => Err(Trouble::stop(site, What::Kind { who: "[:]", wants: Kinds::NUMBER.or(Kinds::NULL), got: other.kind() })),
        }
    }
}

/// A bound of a slice, rounded down and up; `None` is an open end.
type Bound = (Option<i64>, Option<i64>);

/// Whether a value has what a step goes to.
fn holds(value: Value<'_>, step: &Step) -> bool {
    match (&step.way, value) {
        (Way::Key(name, _), Value::Record(fields)) => fields.iter().any(|(have, _)| **have == **name),
        (Way::Item(at), Value::List(items)) => slot(items.len(), *at).is_some(),
        (Way::Computed(_) | Way::Slice(..), Value::Record(_) | Value::List(_)) => true,
        _ => false,
    }
}

#[inline]
fn field<'a>(value: Value<'a>, name: &str, slot: &AtomicU32, site: u32) -> Outcome<'a> {
    match value {
        Value::Record(fields) => {
            let hint = slot.load(Ordering::Relaxed) as usize;
            if let Some((have, value)) = fields.get(hint)
                && *have == name
            {
                return Ok(*value);
            }
            match fields.iter().position(|(have, _)| *have == name) {
                Some(found) => {
                    slot.store(u32::try_from(found).unwrap_or(0), Ordering::Relaxed);
                    Ok(fields[found].1)
                }
                None => Ok(Value::Null),
            }
        }
        Value::Null => Ok(Value::Null),
        other => Err(Trouble::stop(site, What::Step(other.kind(), Kind::Text))),
    }
}

fn item<'a>(value: Value<'a>, at: i64, site: u32) -> Outcome<'a> {
    match value {
        Value::List(items) => Ok(slot(items.len(), at).map_or(Value::Null, |slot| items[slot])),
        Value::Null => Ok(Value::Null),
        other => Err(Trouble::stop(site, What::Step(other.kind(), Kind::Number))),
    }
}

fn slot(length: usize, at: i64) -> Option<usize> {
    let at = if at < 0 { at + i64::try_from(length).ok()? } else { at };
    usize::try_from(at).ok().filter(|at| *at < length)
}

fn within(length: usize, from: Option<i64>, to: Option<i64>) -> (usize, usize) {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let place = |at: i64| if at < 0 { at.saturating_add(length).max(0) } else { at.min(length) };
    let from = place(from.unwrap_or(0));
    let to = place(to.unwrap_or(length)).max(from);
    (usize::try_from(from).unwrap_or(0), usize::try_from(to).unwrap_or(0))
}

/// Rounded down, where it fits a word.
fn floor(number: &Number<'_>) -> Option<i64> {
    super::numbers::floor_i64(number)
}
