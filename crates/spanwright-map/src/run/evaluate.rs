//! The straight path: nodes that give at most one result.

use spanwright_shape::value::Value;

use super::{Flow, Frame, Given, Run, Stop, Trouble, What, order::is_true};
use crate::{
    op::{Literal, Op, OpKind, Quantifier},
    syntax::Operator,
};

impl<'a> Run<'a> {
    /// The one result of a node, or none.
    ///
    /// # Errors
    /// What a node cannot do, a second result, or a spent budget.
    pub fn one(&self, op: &'a Op, frame: Frame<'a>) -> Given<'a> {
        self.take_steps(1, op.site)?;
        if op.many {
            return self.only(op, frame);
        }
        match &op.kind {
            OpKind::Dot => Ok(Some(frame.dot)),
            OpKind::Literal(literal) => Ok(Some(literal.value())),
            OpKind::Text(pieces, format) => self.text_of(pieces, *format, frame, op.site),
            OpKind::Name(name) => Ok(Some(self.name(name))),
            OpKind::Local(depth) => Ok(Some(frame.local(*depth))),
            OpKind::Path(base, steps) => self.path(base, steps, frame),
            OpKind::Pipe(left, right) => match self.one(left, frame)? {
                Some(value) => self.one(right, frame.with_dot(value)),
                None => Ok(None),
            },
            OpKind::Otherwise(left, right) => match self.one(left, frame)? {
                Some(value) if is_true(&value) => Ok(Some(value)),
                _ => self.one(right, frame),
            },
            OpKind::And(left, right) => self.both(left, right, frame, false),
            OpKind::Or(left, right) => self.both(left, right, frame, true),
            OpKind::Binary(operator, left, right) => self.binary_op(*operator, left, right, frame, op.site),
            OpKind::Negate(operand) => match self.one(operand, frame)? {
                Some(value) => self.negated(value, op.site).map(Some),
                None => Ok(None),
            },
            OpKind::If(arms, otherwise) => self.branch(arms, otherwise.as_deref(), frame),
            OpKind::List(inner) => self.list_of(inner.as_deref(), frame, op.site).map(Some),
            OpKind::Record(fields) => self.record_of(fields, frame, op.site),
            OpKind::Bind(source, body) => match self.one(source, frame)? {
                Some(value) => self.one(body, self.bind(frame, value, op.site)?),
                None => Ok(None),
            },
            OpKind::Reduce(source, start, step) => self.reduce(source, start, step, frame, op.site),
            OpKind::Try(inner) => passed_over(self.one(inner, frame)),
            OpKind::Catch(inner, handler) => match self.one(inner, frame) {
                Err(stop) if stop.can_be_passed_over() => self.one(handler, frame.with_dot(self.caught(&stop)?)),
                given => given,
            },
            OpKind::Select(condition) => match self.one(condition, frame)? {
                Some(verdict) if is_true(&verdict) => Ok(Some(frame.dot)),
                _ => Ok(None),
            },
            OpKind::Limit(..) | OpKind::Skip(..) => self.first(op, frame),
            OpKind::Last(inner) => self.last(inner, frame),
            OpKind::Quantify(quantifier, source, condition) => self.quantified(*quantifier, source, condition, frame).map(Some),
            OpKind::Replace(replace) => self.replaced(replace, frame, op.site),
            OpKind::Call(function, arguments, prepared) => self.call(function, arguments, prepared, frame, op.site),
            OpKind::Iterate(..) | OpKind::Comma(_) | OpKind::Range(_) | OpKind::Empty => Ok(None),
        }
    }

    /// The one result of a node that can give many.
    fn only(&self, op: &'a Op, frame: Frame<'a>) -> Given<'a> {
        let mut found = None;
        self.each(op, frame, &mut |value| match found.replace(value) {
            None => Ok(Flow::On),
            Some(_) => Err(Trouble::stop(op.site, What::Many)),
        })?;
        Ok(found)
    }

    /// The first result of what is limited, without looking further.
    fn first(&self, op: &'a Op, frame: Frame<'a>) -> Given<'a> {
        let mut found = None;
        self.each_result(op, frame, &mut |value| {
            found = Some(value);
            Ok(Flow::Enough)
        })?;
        Ok(found)
    }

    fn last(&self, op: &'a Op, frame: Frame<'a>) -> Given<'a> {
        let mut found = None;
        self.each(op, frame, &mut |value| {
            found = Some(value);
            Ok(Flow::On)
        })?;
        Ok(found)
    }

    /// `and`, `or`: the right side is not run where the left one settles it.
    fn both(&self, left: &'a Op, right: &'a Op, frame: Frame<'a>, settled_by: bool) -> Given<'a> {
        let Some(value) = self.one(left, frame)? else { return Ok(None) };
        if is_true(&value) == settled_by {
            return Ok(Some(Value::Bool(settled_by)));
        }
        Ok(self.one(right, frame)?.map(|value| Value::Bool(is_true(&value))))
    }

    /// The right operand first, as jq has it: its failure is the one that shows.
    fn binary_op(&self, operator: Operator, left: &'a Op, right: &'a Op, frame: Frame<'a>, site: u32) -> Given<'a> {
        let Some(right) = self.one(right, frame)? else { return Ok(None) };
        let Some(left) = self.one(left, frame)? else { return Ok(None) };
        self.binary(operator, left, right, site).map(Some)
    }

    fn branch(&self, arms: &'a [(Op, Op)], otherwise: Option<&'a Op>, frame: Frame<'a>) -> Given<'a> {
        for (when, then) in arms {
            match self.one(when, frame)? {
                Some(value) if self.decide(when, is_true(&value)) => return self.one(then, frame),
                Some(_) => (),
                None => return Ok(None),
            }
        }
        otherwise.map_or(Ok(Some(frame.dot)), |otherwise| self.one(otherwise, frame))
    }

    fn quantified(&self, quantifier: Quantifier, source: &'a Op, condition: &'a Op, frame: Frame<'a>) -> Result<Value<'a>, Stop> {
        let decisive = quantifier == Quantifier::Any;
        let mut settled = false;
        self.each(source, frame, &mut |item| {
            self.each(condition, frame.with_dot(item), &mut |verdict| {
                settled = is_true(&verdict) == decisive;
                Ok(if settled { Flow::Enough } else { Flow::On })
            })
        })?;
        Ok(Value::Bool(settled == decisive))
    }

    fn call(
        &self,
        function: &'static crate::functions::Function,
        arguments: &'a [Op],
        prepared: &'a crate::functions::Prepared,
        frame: Frame<'a>,
        site: u32,
    ) -> Given<'a> {
        let mut values = [Value::Null; ARGUMENTS_MOST];
        for (slot, argument) in values.iter_mut().zip(arguments) {
            let Some(value) = self.one(argument, frame)? else { return Ok(None) };
            *slot = value;
        }
        function.run(self, frame.dot, &values[..arguments.len().min(ARGUMENTS_MOST)], prepared, site).map(Some)
    }
}

/// Arguments that a function of values takes.
pub(super) const ARGUMENTS_MOST: usize = 3;

impl Literal {
    /// As a value.
    #[inline]
    pub fn value(&self) -> Value<'_> {
        match self {
            Literal::Null => Value::Null,
            Literal::Flag(flag) => Value::Bool(*flag),
            Literal::Small(digits, scale) => Value::Number(spanwright_shape::number::Number::Small { digits: *digits, scale: *scale }),
            Literal::Exact(text) => Value::Number(spanwright_shape::number::Number::Exact(text)),
            Literal::Text(text) => Value::Text(text),
        }
    }
}

/// `?`: a failure gives nothing, a spent budget goes on up.
fn passed_over<'a>(given: Given<'a>) -> Given<'a> {
    match given {
        Err(stop) if stop.can_be_passed_over() => Ok(None),
        other => other,
    }
}
