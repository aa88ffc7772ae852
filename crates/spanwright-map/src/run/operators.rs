//! `+ - * / %` and comparisons over values.

use std::cmp::Ordering;

use spanwright_shape::{number::Number, value::Value};

use super::{Outcome, Run, Stop, Trouble, What, numbers};
use crate::syntax::Operator;

/// Steps that a quotient costs beside its digits: its 34 digits are made in any case.
const QUOTIENT_STEPS: u32 = 24;

/// An operation on two numbers.
type Computes = fn(&Number<'_>, &Number<'_>) -> Result<numbers::Computed, What>;

impl<'a> Run<'a> {
    pub(super) fn binary(&self, operator: Operator, left: Value<'a>, right: Value<'a>, site: u32) -> Outcome<'a> {
        match operator {
            Operator::Equal => self.same(&left, &right, site).map(Value::Bool),
            Operator::Unequal => self.same(&left, &right, site).map(|same| Value::Bool(!same)),
            Operator::Less => self.ordered(left, right, site, |order| order == Ordering::Less),
            Operator::LessOrEqual => self.ordered(left, right, site, |order| order != Ordering::Greater),
            Operator::Greater => self.ordered(left, right, site, |order| order == Ordering::Greater),
            Operator::GreaterOrEqual => self.ordered(left, right, site, |order| order != Ordering::Less),
            Operator::Add => self.add(left, right, site),
            Operator::Subtract => self.subtract(left, right, site),
            Operator::Multiply => self.multiply(left, right, site),
            Operator::Divide => self.divide(left, right, site),
            Operator::Remainder => match (left, right) {
                (Value::Number(left), Value::Number(right)) => self.arithmetic(numbers::remainder, [&left, &right], QUOTIENT_STEPS, site),
                _ => Err(cannot("%", left, right, site)),
            },
            Operator::And | Operator::Or => Ok(Value::Null),
        }
    }

    fn ordered(&self, left: Value<'a>, right: Value<'a>, site: u32, is: fn(Ordering) -> bool) -> Outcome<'a> {
        Ok(Value::Bool(is(self.compare(&left, &right, site)?)))
    }

    /// `+`; null is nothing added.
    ///
    /// # Errors
    /// Kinds that do not join, a number too long, or a spent budget.
    pub fn add(&self, left: Value<'a>, right: Value<'a>, site: u32) -> Outcome<'a> {
        match (left, right) {
            (Value::Null, other) | (other, Value::Null) => Ok(other),
            (Value::Number(left), Value::Number(right)) => self.arithmetic(numbers::add, [&left, &right], 0, site),
            (Value::Text(left), Value::Text(right)) => self.joined(&[left, right], site),
            (Value::List(left), Value::List(right)) => {
                self.take_items(left.len() + right.len(), site)?;
                let items = left.iter().chain(right).copied();
                Ok(Value::List(self.room().bump().alloc_slice_fill_iter(items.collect::<Vec<_>>())))
            }
            (Value::Record(left), Value::Record(right)) => self.merged_records(left, right, site, |_, _, value| Ok(value)),
            _ => Err(cannot("+", left, right, site)),
        }
    }

    /// Texts behind one another.
    ///
    /// # Errors
    /// The budget is spent.
    pub fn joined(&self, parts: &[&str], site: u32) -> Outcome<'a> {
        let length = parts.iter().map(|part| part.len()).sum();
        self.take_text(length, site)?;
        let mut text = bumpalo::collections::String::with_capacity_in(length, self.room().bump());
        parts.iter().for_each(|part| text.push_str(part));
        Ok(Value::Text(text.into_bump_str()))
    }

    fn subtract(&self, left: Value<'a>, right: Value<'a>, site: u32) -> Outcome<'a> {
        match (left, right) {
            (Value::Number(left), Value::Number(right)) => self.arithmetic(numbers::subtract, [&left, &right], 0, site),
            (Value::List(items), Value::List(without)) => {
                let mut kept = self.vec();
                for item in items {
                    if !self.contains_item(without, item, site)? {
                        self.take_items(1, site)?;
                        kept.push(*item);
                    }
                }
                Ok(Value::List(kept.into_bump_slice()))
            }
            _ => Err(cannot("-", left, right, site)),
        }
    }

    /// Whether one of the items equals a value.
    ///
    /// # Errors
    /// The budget is spent.
    pub fn contains_item(&self, items: &[Value<'_>], sought: &Value<'_>, site: u32) -> Result<bool, Stop> {
        for item in items {
            if self.same(item, sought, site)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn multiply(&self, left: Value<'a>, right: Value<'a>, site: u32) -> Outcome<'a> {
        match (left, right) {
            (Value::Number(left), Value::Number(right)) => self.arithmetic(numbers::multiply, [&left, &right], 0, site),
            (Value::Text(text), Value::Number(times)) | (Value::Number(times), Value::Text(text)) => self.repeated(text, &times, site),
            (Value::Record(left), Value::Record(right)) => self.merged_deep(left, right, 0, site),
            _ => Err(cannot("*", left, right, site)),
        }
    }

    /// `"ab" * 2`; a fraction counts up (`1.5` is twice where above one), below zero there is null.
    fn repeated(&self, text: &'a str, times: &Number<'_>, site: u32) -> Outcome<'a> {
        let Some(times) = numbers::repetitions(times) else { return Ok(Value::Null) };
        self.take_text(text.len().saturating_mul(times), site)?;
        Ok(Value::Text(self.room().text(&text.repeat(times))))
    }

    fn divide(&self, left: Value<'a>, right: Value<'a>, site: u32) -> Outcome<'a> {
        match (left, right) {
            (Value::Number(left), Value::Number(right)) => self.arithmetic(numbers::divide, [&left, &right], QUOTIENT_STEPS, site),
            (Value::Text(text), Value::Text(by)) => self.split(text, by, site),
            _ => Err(cannot("/", left, right, site)),
        }
    }

    fn arithmetic(&self, compute: Computes, [left, right]: [&Number<'a>; 2], steps: u32, site: u32) -> Outcome<'a> {
        self.take_steps(steps, site)?;
        self.take_digits([left, right], site)?;
        self.number(compute(left, right), site)
    }

    pub(super) fn negated(&self, value: Value<'a>, site: u32) -> Outcome<'a> {
        match value {
            Value::Number(number) => self.number(numbers::negate(&number), site),
            other => Err(Trouble::stop(site, What::Kind { who: "-", wants: super::Kinds::NUMBER, got: other.kind() })),
        }
    }

    /// A computed number, in the room where it is a long one.
    ///
    /// # Errors
    /// Whatever the arithmetic could not do.
    pub fn number(&self, computed: Result<numbers::Computed, What>, site: u32) -> Outcome<'a> {
        match computed {
            Ok(numbers::Computed::Small(digits, scale)) => Ok(Value::Number(Number::Small { digits, scale })),
            Ok(numbers::Computed::Exact(text)) => {
                self.take_steps(16, site)?;
                Ok(Value::Number(Number::Exact(self.text(&text, site)?)))
            }
            Err(what) => Err(Trouble::stop(site, what)),
        }
    }
}

fn cannot(sign: &'static str, left: Value<'_>, right: Value<'_>, site: u32) -> Stop {
    Trouble::stop(site, What::Pair(sign, left.kind(), right.kind()))
}
