//! Steps down a value. A key remembers the slot where it was found, since records of one schema have it there again.

use std::sync::atomic::{AtomicU32, Ordering};

use spanwright_shape::{
    number::Number,
    value::{Kind, Value},
};

use super::{Flow, Frame, Given, Kinds, Outcome, Run, Sink, Stop, Trouble, What};
use crate::op::{Op, OpKind, Step, Way};

impl<'a> Run<'a> {
    pub(super) fn path(&self, base: &'a Op, steps: &'a [Step], frame: Frame<'a>) -> Given<'a> {
        let Some(keys) = self.keys(steps, frame)? else { return Ok(None) };
        let base = match base.kind {
            OpKind::Dot => frame.dot,
            _ => match self.one(base, frame)? {
                Some(value) => value,
                None => return Ok(None),
            },
        };
        self.walk(base, steps, &keys)
    }

    /// The computed indices of a path, the last one first and all before the base, as jq runs them.
    fn keys(&self, steps: &'a [Step], frame: Frame<'a>) -> Result<Option<Vec<Key<'a>>>, Stop> {
        if !steps.iter().any(is_computed) {
            return Ok(Some(Vec::new()));
        }
        let mut keys = vec![Key::Plain; steps.len()];
        for (key, step) in keys.iter_mut().zip(steps).rev() {
            *key = match &step.way {
                Way::Key(..) | Way::Item(_) => Key::Plain,
                Way::Computed(op) => match self.one(op, frame)? {
                    Some(value) => Key::Value(value),
                    None => return Ok(None),
                },
                Way::Slice(from, to) => {
                    let Some(from) = self.slice_bound(from.as_ref(), frame, step.site)? else { return Ok(None) };
                    let Some(to) = self.slice_bound(to.as_ref(), frame, step.site)? else { return Ok(None) };
                    Key::Slice(from, to)
                }
            };
        }
        Ok(Some(keys))
    }

    /// Steps from a value; what is not there is null, as jq has it. `keys` is empty where none is computed.
    fn walk(&self, base: Value<'a>, steps: &'a [Step], keys: &[Key<'a>]) -> Given<'a> {
        let mut value = base;
        for (slot, step) in steps.iter().enumerate() {
            match self.step(value, step, keys.get(slot)) {
                Ok(next) => value = next,
                // `?` passes over what the step cannot do.
                Err(stop) if step.optional && stop.can_be_passed_over() => return Ok(None),
                Err(stop) => return Err(stop),
            }
        }
        Ok(Some(value))
    }

    /// Steps that may go several ways: `.["a", "b"]`. The last index is the outer loop, as in jq.
    pub(super) fn each_way(&self, base: &'a Op, steps: &'a [Step], frame: Frame<'a>, out: Sink<'a, '_>) -> Result<Flow, Stop> {
        let Some((last, before)) = steps.split_last() else { return self.each(base, frame, out) };
        match &last.way {
            Way::Computed(key) if key.many => self.each(key, frame, &mut |key| {
                self.each_way(base, before, frame, &mut |value| given(self.computed(value, key, last.site), last, out))
            }),
            Way::Slice(from, to) if [from, to].into_iter().flatten().any(|bound| bound.many) => {
                self.each_bound(from.as_ref(), frame, last.site, &mut |from| {
                    self.each_bound(to.as_ref(), frame, last.site, &mut |to| {
                        self.each_way(base, before, frame, &mut |value| given(self.sliced(value, from, to, last.site), last, out))
                    })
                })
            }
            Way::Key(..) | Way::Item(_) | Way::Computed(_) | Way::Slice(..) => {
                let Some(keys) = self.keys(std::slice::from_ref(last), frame)? else { return Ok(Flow::On) };
                self.each_way(base, before, frame, &mut |value| given(self.step(value, last, keys.first()), last, out))
            }
        }
    }

    fn each_bound(
        &self,
        op: Option<&'a Op>,
        frame: Frame<'a>,
        site: u32,
        out: &mut dyn FnMut(Bound) -> Result<Flow, Stop>,
    ) -> Result<Flow, Stop> {
        match op {
            None => out((None, None)),
            Some(op) => self.each(op, frame, &mut |value| out(bound(value, site)?)),
        }
    }

    /// A path that stands alone: what is not there is *absent*, which jq cannot say, and null is null.
    ///
    /// # Errors
    /// As the path itself.
    pub fn bare_path(&self, base: &'a Op, steps: &'a [Step], frame: Frame<'a>) -> Given<'a> {
        let Some(keys) = self.keys(steps, frame)? else { return Ok(None) };
        let Some(base) = self.one(base, frame)? else { return Ok(None) };
        let Some((last, before)) = steps.split_last() else { return Ok(Some(base)) };
        let Some(holder) = self.walk(base, before, &keys)? else { return Ok(None) };
        let Some(value) = self.walk(holder, std::slice::from_ref(last), keys.get(before.len()..).unwrap_or_default())? else {
            return Ok(None);
        };
        let absent = matches!(value, Value::Null) && !holds(holder, last);
        Ok(if absent { None } else { Some(value) })
    }

    fn step(&self, value: Value<'a>, step: &'a Step, key: Option<&Key<'a>>) -> Outcome<'a> {
        match (&step.way, key) {
            (Way::Key(name, slot), _) => field(value, name, slot, step.site),
            (Way::Item(at), _) => item(value, *at, step.site),
            (_, Some(Key::Value(key))) => self.computed(value, *key, step.site),
            (_, Some(Key::Slice(from, to))) => self.sliced(value, *from, *to, step.site),
            (Way::Computed(_) | Way::Slice(..), _) => Ok(Value::Null),
        }
    }

    fn computed(&self, value: Value<'a>, key: Value<'a>, site: u32) -> Outcome<'a> {
        match (value, key) {
            (Value::Record(_), Value::Text(name)) => Ok(value.get(name).unwrap_or(Value::Null)),
            (Value::List(_), Value::Number(number)) => match towards_nought(&number) {
                Some(at) => item(value, at, site),
                None => Ok(Value::Null),
            },
            (Value::Null, Value::Text(_) | Value::Number(_) | Value::Record(_)) => Ok(Value::Null),
            (Value::List(items), Value::List(sought)) => self.runs(items, sought, site),
            (_, key) => Err(Trouble::stop(site, What::Step(value.kind(), key.kind()))),
        }
    }

    fn sliced(&self, value: Value<'a>, from: Bound, to: Bound, site: u32) -> Outcome<'a> {
        match value {
            Value::Null => Ok(Value::Null),
            Value::List(items) => {
                let (from, to) = within(items.len(), from.0, to.1);
                Ok(Value::List(&items[from..to]))
            }
            Value::Text(text) => {
                self.take_text(text.len(), site)?;
                let length = text.chars().count();
                let (from, to) = within(length, from.0, to.1);
                let byte = |at: usize| text.char_indices().nth(at).map_or(text.len(), |(byte, _)| byte);
                Ok(Value::Text(&text[byte(from)..byte(to)]))
            }
            other => Err(Trouble::stop(site, What::Step(other.kind(), Kind::Number))),
        }
    }

    /// A bound as (floor, ceiling); left out or null: `(None, None)`.
    fn slice_bound(&self, op: Option<&'a Op>, frame: Frame<'a>, site: u32) -> Result<Option<Bound>, Stop> {
        let Some(op) = op else { return Ok(Some((None, None))) };
        self.one(op, frame)?.map(|value| bound(value, site)).transpose()
    }
}

fn bound(value: Value<'_>, site: u32) -> Result<Bound, Stop> {
    match value {
        Value::Null => Ok((None, None)),
        Value::Number(number) => {
            let down = floor(&number);
            let up = if number.as_i64().is_some() { down } else { down.map(|down| down.saturating_add(1)) };
            Ok((down, up))
        }
        other => Err(Trouble::stop(site, What::Kind { who: "[:]", wants: Kinds::NUMBER.or(Kinds::NULL), got: other.kind() })),
    }
}

/// Hands on what a step gave; behind `?` its failure is nothing.
fn given<'a>(given: Outcome<'a>, step: &Step, out: Sink<'a, '_>) -> Result<Flow, Stop> {
    match given {
        Ok(value) => out(value),
        Err(stop) if step.optional && stop.can_be_passed_over() => Ok(Flow::On),
        Err(stop) => Err(stop),
    }
}

/// What a step's index was computed to.
#[derive(Clone, Copy)]
enum Key<'a> {
    /// Nothing is computed.
    Plain,
    Value(Value<'a>),
    Slice(Bound, Bound),
}

fn is_computed(step: &Step) -> bool {
    match &step.way {
        Way::Key(..) | Way::Item(_) => false,
        Way::Computed(_) | Way::Slice(..) => true,
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

/// An index without what is behind its point: `.[-2.5]` is `.[-2]`, as in jq.
fn towards_nought(number: &Number<'_>) -> Option<i64> {
    let down = floor(number)?;
    Some(if down < 0 && number.as_i64().is_none() { down + 1 } else { down })
}
