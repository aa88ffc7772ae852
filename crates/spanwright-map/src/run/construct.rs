//! Lists and records made by an expression, and `reduce`.

use spanwright_shape::{json::JSON_DEPTH_MOST, value::Value};

use super::{Flow, Frame, Given, Outcome, Run, Sink, Stop, Trouble, What};
use crate::op::Op;

type Fields<'a> = Vec<(&'a str, Value<'a>)>;

/// Steps of a `reduce` between two looks at how deep its state nests: a step may nest as deep as its text, and recursion over a value is bounded.
const DEPTH_LOOK_EVERY: u32 = 16;

impl<'a> Run<'a> {
    pub(super) fn list_of(&self, inner: Option<&'a Op>, frame: Frame<'a>, site: u32) -> Outcome<'a> {
        let Some(inner) = inner else { return Ok(Value::List(&[])) };
        let mut items = self.vec();
        self.each(inner, frame, &mut |value| {
            self.take_items(1, site)?;
            items.push(value);
            Ok(Flow::On)
        })?;
        Ok(Value::List(items.into_bump_slice()))
    }

    pub(super) fn record_of(&self, fields: &'a [(Op, Op)], frame: Frame<'a>, site: u32) -> Given<'a> {
        let mut made: Fields<'a> = Vec::with_capacity(fields.len());
        for (key, value) in fields {
            let Some(key) = self.one(key, frame)? else { return Ok(None) };
            let Some(value) = self.one(value, frame)? else { return Ok(None) };
            // The value comes before the verdict on its key, as in jq: a value that gives nothing hides a key that is none.
            put(&mut made, key_text(key, site)?, value);
        }
        self.record(&made, site).map(Some)
    }

    /// Many results for keys or values: every combination, the first field outermost.
    pub(super) fn each_record(&self, fields: &'a [(Op, Op)], frame: Frame<'a>, site: u32, out: Sink<'a, '_>) -> Result<Flow, Stop> {
        self.record_from(fields, Vec::new(), frame, site, out)
    }

    fn record_from(&self, fields: &'a [(Op, Op)], made: Fields<'a>, frame: Frame<'a>, site: u32, out: Sink<'a, '_>) -> Result<Flow, Stop> {
        let Some(((key, value), rest)) = fields.split_first() else { return out(self.record(&made, site)?) };
        self.each(key, frame, &mut |key| {
            self.each(value, frame, &mut |value| {
                let key = key_text(key, site)?;
                self.take_items(made.len(), site)?;
                let mut longer = made.clone();
                put(&mut longer, key, value);
                self.record_from(rest, longer, frame, site, out)
            })
        })
    }

    /// Both records' fields: the right one's value where both have a key, in the left one's place.
    ///
    /// # Errors
    /// The budget is spent.
    pub fn merged_records(
        &self,
        left: &[(&'a str, Value<'a>)],
        right: &[(&'a str, Value<'a>)],
        site: u32,
        both: impl Fn(&'a str, Value<'a>, Value<'a>) -> Outcome<'a>,
    ) -> Outcome<'a> {
        let mut fields: Fields<'a> = left.to_vec();
        for (name, value) in right {
            self.take_items(1 + left.len() / 8, site)?;
            match fields.iter_mut().find(|(have, _)| have == name) {
                Some((_, old)) => *old = both(name, *old, *value)?,
                None => fields.push((name, *value)),
            }
        }
        self.record(&fields, site)
    }

    /// `*` of records: where both have a record under a key, these are merged too.
    pub(super) fn merged_deep(
        &self,
        left: &[(&'a str, Value<'a>)],
        right: &[(&'a str, Value<'a>)],
        depth: usize,
        site: u32,
    ) -> Outcome<'a> {
        if depth > JSON_DEPTH_MOST {
            return Err(Trouble::stop(site, What::TooDeep));
        }
        self.merged_records(left, right, site, |_, old, new| match (old, new) {
            (Value::Record(old), Value::Record(new)) => self.merged_deep(old, new, depth + 1, site),
            _ => Ok(new),
        })
    }

    /// `reduce SOURCE as $x (START; STEP)`: the last result of a step is the next state; a step without one gives null.
    pub(super) fn reduce(&self, source: &'a Op, start: &'a Op, step: &'a Op, frame: Frame<'a>, site: u32) -> Given<'a> {
        let Some(start) = self.one(start, frame)? else { return Ok(None) };
        let (mut state, mut steps) = (start, 0u32);
        self.each(source, frame, &mut |item| {
            let inner = self.bind(frame.with_dot(state), item, site)?;
            let mut next = Value::Null;
            self.each(step, inner, &mut |value| {
                next = value;
                Ok(Flow::On)
            })?;
            state = next;
            steps += 1;
            if steps.is_multiple_of(DEPTH_LOOK_EVERY) {
                self.within_depth(&state, 0, site)?;
            }
            Ok(Flow::On)
        })?;
        self.within_depth(&state, 0, site)?;
        Ok(Some(state))
    }

    /// Refuses what nests deeper than a document may.
    fn within_depth(&self, value: &Value<'_>, depth: usize, site: u32) -> Result<(), Stop> {
        if depth > JSON_DEPTH_MOST {
            return Err(Trouble::stop(site, What::TooDeep));
        }
        match value {
            Value::List(items) => {
                self.take_steps(u32::try_from(items.len()).unwrap_or(u32::MAX), site)?;
                items.iter().try_for_each(|item| self.within_depth(item, depth + 1, site))
            }
            Value::Record(fields) => {
                self.take_steps(u32::try_from(fields.len()).unwrap_or(u32::MAX), site)?;
                fields.iter().try_for_each(|(_, field)| self.within_depth(field, depth + 1, site))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => Ok(()),
        }
    }
}

fn key_text(key: Value<'_>, site: u32) -> Result<&str, Stop> {
    match key {
        Value::Text(text) => Ok(text),
        other => Err(Trouble::stop(site, What::Key(other.kind()))),
    }
}

/// The value under a key; an earlier one gives way and keeps its place.
fn put<'a>(fields: &mut Fields<'a>, name: &'a str, value: Value<'a>) {
    match fields.iter_mut().find(|(have, _)| *have == name) {
        Some((_, old)) => *old = value,
        None => fields.push((name, value)),
    }
}
