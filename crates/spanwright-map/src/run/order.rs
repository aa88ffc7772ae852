//! jq's order over all values: null, false, true, numbers, texts, lists, records.

use std::cmp::Ordering;

use spanwright_shape::{number::Number, value::Value};

use super::{Outcome, Run, Stop};

impl<'a> Run<'a> {
    /// Equal by value: `12.5` and `12.50` are, and a record's order of keys does not matter.
    ///
    /// # Errors
    /// The budget is spent.
    pub fn same(&self, left: &Value<'_>, right: &Value<'_>, site: u32) -> Result<bool, Stop> {
        self.take_steps(1, site)?;
        Ok(match (left, right) {
            (Value::Text(left), Value::Text(right)) => {
                left.len() == right.len() && {
                    self.take_scanned(left.len(), site)?;
                    left == right
                }
            }
            (Value::Number(left), Value::Number(right)) => {
                self.take_digits([left, right], site)?;
                left.same(right)
            }
            (Value::Null, Value::Null) => true,
            (Value::Bool(left), Value::Bool(right)) => left == right,
            (Value::List(left), Value::List(right)) => left.len() == right.len() && self.all_same(left, right, site)?,
            (Value::Record(left), Value::Record(right)) => left.len() == right.len() && self.fields_same(left, right, site)?,
            _ => false,
        })
    }

    fn all_same(&self, left: &[Value<'_>], right: &[Value<'_>], site: u32) -> Result<bool, Stop> {
        for (left, right) in left.iter().zip(right) {
            if !self.same(left, right, site)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn fields_same(&self, left: &[(&str, Value<'_>)], right: &[(&str, Value<'_>)], site: u32) -> Result<bool, Stop> {
        for (name, value) in left {
            self.take_steps(u32::try_from(right.len()).unwrap_or(u32::MAX), site)?;
            let Some((_, other)) = right.iter().find(|(other, _)| other == name) else { return Ok(false) };
            if !self.same(value, other, site)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Compared.
    ///
    /// # Errors
    /// The budget is spent.
    pub fn compare(&self, left: &Value<'_>, right: &Value<'_>, site: u32) -> Result<Ordering, Stop> {
        self.take_steps(1, site)?;
        Ok(match (left, right) {
            (Value::Number(left), Value::Number(right)) => {
                self.take_digits([left, right], site)?;
                left.compare(right)
            }
            (Value::Text(left), Value::Text(right)) => {
                self.take_scanned(left.len().min(right.len()), site)?;
                left.cmp(right)
            }
            (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
            (Value::List(left), Value::List(right)) => self.compare_lists(left, right, site)?,
            (Value::Record(left), Value::Record(right)) => self.compare_records(left, right, site)?,
            _ => left.kind().cmp(&right.kind()),
        })
    }

    fn compare_lists(&self, left: &[Value<'_>], right: &[Value<'_>], site: u32) -> Result<Ordering, Stop> {
        for (left, right) in left.iter().zip(right) {
            let order = self.compare(left, right, site)?;
            if order != Ordering::Equal {
                return Ok(order);
            }
        }
        Ok(left.len().cmp(&right.len()))
    }

    /// First by their sorted keys, then by the values under these, in that order.
    fn compare_records(&self, left: &[(&str, Value<'_>)], right: &[(&str, Value<'_>)], site: u32) -> Result<Ordering, Stop> {
        self.take_items((left.len() + right.len()) * 2, site)?;
        let sorted = |fields: &[(&str, Value<'_>)]| -> Vec<usize> {
            let mut slots: Vec<usize> = (0..fields.len()).collect();
            slots.sort_by_key(|slot| fields[*slot].0.as_bytes());
            slots
        };
        let (lefts, rights) = (sorted(left), sorted(right));
        let keys = lefts.iter().map(|slot| left[*slot].0).cmp(rights.iter().map(|slot| right[*slot].0));
        if keys != Ordering::Equal {
            return Ok(keys);
        }
        for (one, other) in lefts.iter().zip(&rights) {
            let order = self.compare(&left[*one].1, &right[*other].1, site)?;
            if order != Ordering::Equal {
                return Ok(order);
            }
        }
        Ok(Ordering::Equal)
    }

    /// Where a list stands within another: the slots of its first items.
    ///
    /// # Errors
    /// The budget is spent.
    pub fn runs(&self, items: &[Value<'a>], sought: &[Value<'a>], site: u32) -> Outcome<'a> {
        let mut found = self.vec();
        if sought.is_empty() {
            return Ok(Value::List(&[]));
        }
        for (slot, window) in items.windows(sought.len()).enumerate() {
            if self.all_same(window, sought, site)? {
                self.take_items(1, site)?;
                found.push(Value::Number(Number::int(i64::try_from(slot).unwrap_or(i64::MAX))));
            }
        }
        Ok(Value::List(found.into_bump_slice()))
    }

    /// The slots of a list in the order of their keys; equal ones stay as they are.
    ///
    /// # Errors
    /// The budget is spent.
    pub fn sorted(&self, keys: &[Value<'a>], site: u32) -> Result<Vec<usize>, Stop> {
        self.take_items(keys.len(), site)?;
        let mut slots: Vec<usize> = (0..keys.len()).collect();
        let mut width = 1;
        while width < slots.len() {
            slots = self.merged(&slots, width, keys, site)?;
            width *= 2;
        }
        Ok(slots)
    }

    /// Merges neighbouring runs of `width`. Our own, since a comparison may end in a spent budget, which `sort_by` cannot say.
    fn merged(&self, slots: &[usize], width: usize, keys: &[Value<'a>], site: u32) -> Result<Vec<usize>, Stop> {
        let mut merged = Vec::with_capacity(slots.len());
        for pair in slots.chunks(width * 2) {
            let (mut left, mut right) = pair.split_at(width.min(pair.len()));
            while let ([one, lefts @ ..], [other, rights @ ..]) = (left, right) {
                if self.compare(&keys[*other], &keys[*one], site)? == Ordering::Less {
                    merged.push(*other);
                    right = rights;
                } else {
                    merged.push(*one);
                    left = lefts;
                }
            }
            merged.extend_from_slice(left);
            merged.extend_from_slice(right);
        }
        Ok(merged)
    }
}

/// Neither null nor false.
pub fn is_true(value: &Value<'_>) -> bool {
    !matches!(value, Value::Null | Value::Bool(false))
}
