//! Nodes that give any number of results: each is handed to a callback, which may say that it has enough.

use std::cmp::Ordering;

use spanwright_shape::{number::Number, value::Value};

use super::{Flow, Frame, Kinds, Run, Sink, Stop, Trouble, What, numbers, order::is_true};
use crate::{
    functions::{Function, Prepared},
    op::{Op, OpKind},
    syntax::Operator,
};

type Flowing = Result<Flow, Stop>;

impl<'a> Run<'a> {
    /// Every result of a node, in jq's order.
    ///
    /// # Errors
    /// What a node cannot do, or a spent budget; what was handed out before stays handed out.
    pub fn each(&self, op: &'a Op, frame: Frame<'a>, out: Sink<'a, '_>) -> Flowing {
        if !op.many {
            return match self.one(op, frame)? {
                Some(value) => out(value),
                None => Ok(Flow::On),
            };
        }
        self.each_result(op, frame, out)
    }

    /// The same where it is known that there may be many.
    pub(super) fn each_result(&self, op: &'a Op, frame: Frame<'a>, out: Sink<'a, '_>) -> Flowing {
        self.take_steps(1, op.site)?;
        match &op.kind {
            OpKind::Iterate(base, optional) => self.each(base, frame, &mut |value| self.items(value, *optional, op.site, out)),
            OpKind::Path(base, steps) => self.each_way(base, steps, frame, out),
            OpKind::Pipe(left, right) => self.each(left, frame, &mut |value| self.each(right, frame.with_dot(value), out)),
            OpKind::Comma(parts) => self.each_of(parts, frame, out),
            OpKind::Otherwise(left, right) => self.otherwise(left, right, frame, out),
            OpKind::And(left, right) => self.each_both(left, right, frame, false, out),
            OpKind::Or(left, right) => self.each_both(left, right, frame, true, out),
            OpKind::Binary(operator, left, right) => self.each_binary(*operator, left, right, frame, op.site, out),
            OpKind::Negate(operand) => self.each(operand, frame, &mut |value| out(self.negated(value, op.site)?)),
            OpKind::If(arms, otherwise) => self.each_branch(arms, otherwise.as_deref(), frame, out),
            OpKind::Text(pieces, format) => self.each_text(pieces, *format, frame, op.site, out),
            OpKind::Record(fields) => self.each_record(fields, frame, op.site, out),
            OpKind::Bind(source, body) => self.each(source, frame, &mut |value| self.each(body, self.bind(frame, value, op.site)?, out)),
            OpKind::Try(inner) => self.each_try(inner, None, frame, out),
            OpKind::Catch(inner, handler) => self.each_try(inner, Some(handler), frame, out),
            OpKind::Select(condition) => {
                self.each(condition, frame, &mut |verdict| if is_true(&verdict) { out(frame.dot) } else { Ok(Flow::On) })
            }
            OpKind::Limit(most, inner) => self.limit(most, inner, frame, op.site, out),
            OpKind::Skip(least, inner) => self.skip(least, inner, frame, op.site, out),
            OpKind::Range(bounds) => self.range(bounds, frame, op.site, out),
            OpKind::Call(function, arguments, prepared) => self.each_call(function, arguments, prepared, frame, op.site, out),
            OpKind::Reduce(..) | OpKind::Replace(_) | OpKind::Last(_) | OpKind::Quantify(..) => Err(Trouble::stop(op.site, What::Many)),
            OpKind::Dot | OpKind::Literal(_) | OpKind::Name(_) | OpKind::Local(_) | OpKind::List(_) | OpKind::Empty => Ok(Flow::On),
        }
    }

    fn items(&self, value: Value<'a>, optional: bool, site: u32, out: Sink<'a, '_>) -> Flowing {
        match value {
            Value::List(items) => self.hand_out(items.iter().copied(), site, out),
            Value::Record(fields) => self.hand_out(fields.iter().map(|(_, value)| *value), site, out),
            _ if optional => Ok(Flow::On),
            other => {
                let wants = Kinds::LIST.or(Kinds::RECORD);
                Err(Trouble::stop(site, What::Kind { who: "[]", wants, got: other.kind() }))
            }
        }
    }

    fn hand_out(&self, items: impl Iterator<Item = Value<'a>>, site: u32, out: Sink<'a, '_>) -> Flowing {
        for item in items {
            self.take_steps(1, site)?;
            if out(item)? == Flow::Enough {
                return Ok(Flow::Enough);
            }
        }
        Ok(Flow::On)
    }

    fn each_of(&self, parts: &'a [Op], frame: Frame<'a>, out: Sink<'a, '_>) -> Flowing {
        for part in parts {
            if self.each(part, frame, out)? == Flow::Enough {
                return Ok(Flow::Enough);
            }
        }
        Ok(Flow::On)
    }

    /// Every true result on the left; only where there is none, the right. A failure behind the first true one is dropped, as jq does.
    fn otherwise(&self, left: &'a Op, right: &'a Op, frame: Frame<'a>, out: Sink<'a, '_>) -> Flowing {
        let mut found = false;
        let flow = self.each(left, frame, &mut |value| {
            if !is_true(&value) {
                return Ok(Flow::On);
            }
            found = true;
            out(value)
        })?;
        if found { Ok(flow) } else { self.each(right, frame, out) }
    }

    fn each_both(&self, left: &'a Op, right: &'a Op, frame: Frame<'a>, settled_by: bool, out: Sink<'a, '_>) -> Flowing {
        self.each(left, frame, &mut |value| {
            if is_true(&value) == settled_by {
                return out(Value::Bool(settled_by));
            }
            self.each(right, frame, &mut |value| out(Value::Bool(is_true(&value))))
        })
    }

    /// The right operand is the outer loop: `[(1,2) + (10,20)]` is `[11,12,21,22]`.
    fn each_binary(&self, operator: Operator, left: &'a Op, right: &'a Op, frame: Frame<'a>, site: u32, out: Sink<'a, '_>) -> Flowing {
        self.each(right, frame, &mut |right| self.each(left, frame, &mut |left| out(self.binary(operator, left, right, site)?)))
    }

    fn each_branch(&self, arms: &'a [(Op, Op)], otherwise: Option<&'a Op>, frame: Frame<'a>, out: Sink<'a, '_>) -> Flowing {
        let Some(((when, then), rest)) = arms.split_first() else {
            return match otherwise {
                Some(otherwise) => self.each(otherwise, frame, out),
                None => out(frame.dot),
            };
        };
        self.each(when, frame, &mut |verdict| {
            if self.decide(when, is_true(&verdict)) { self.each(then, frame, out) } else { self.each_branch(rest, otherwise, frame, out) }
        })
    }

    /// What there is up to the failure, and then the handler's; a failure of who receives it is not ours to pass over.
    fn each_try(&self, inner: &'a Op, handler: Option<&'a Op>, frame: Frame<'a>, out: Sink<'a, '_>) -> Flowing {
        let mut theirs = false;
        let flow = self.each(inner, frame, &mut |value| {
            let flow = out(value);
            theirs = flow.is_err();
            flow
        });
        match flow {
            Err(stop) if !theirs && stop.can_be_passed_over() => match handler {
                Some(handler) => self.each(handler, frame.with_dot(self.caught(&stop)?), out),
                None => Ok(Flow::On),
            },
            other => other,
        }
    }

    /// Every combination of the arguments' results; the first argument is the outer loop.
    fn each_call(
        &self,
        function: &'static Function,
        arguments: &'a [Op],
        prepared: &'a Prepared,
        frame: Frame<'a>,
        site: u32,
        out: Sink<'a, '_>,
    ) -> Flowing {
        self.each_argument(arguments, &mut Vec::new(), frame, &mut |values| out(function.run(self, frame.dot, values, prepared, site)?))
    }

    fn each_argument(
        &self,
        rest: &'a [Op],
        values: &mut Vec<Value<'a>>,
        frame: Frame<'a>,
        out: &mut dyn FnMut(&[Value<'a>]) -> Flowing,
    ) -> Flowing {
        let Some((argument, rest)) = rest.split_first() else { return out(values) };
        self.each(argument, frame, &mut |value| {
            values.push(value);
            let flow = self.each_argument(rest, values, frame, out);
            values.pop();
            flow
        })
    }

    /// Results up to a number; a fraction counts up.
    fn limit(&self, most: &'a Op, inner: &'a Op, frame: Frame<'a>, site: u32, out: Sink<'a, '_>) -> Flowing {
        self.each(most, frame, &mut |most| {
            let Value::Number(most) = most else { return self.uncounted("limit", most, inner, frame, site) };
            self.take_digits([&most, &most], site)?;
            let mut left = ceiling(&most);
            if left < 0 {
                return Err(Trouble::stop(site, What::Argument("`limit` takes no negative number")));
            }
            if left == 0 {
                return Ok(Flow::On);
            }
            let mut theirs = Flow::On;
            self.each(inner, frame, &mut |value| {
                left -= 1;
                theirs = out(value)?;
                Ok(if left == 0 { Flow::Enough } else { theirs })
            })?;
            Ok(theirs)
        })
    }

    fn skip(&self, least: &'a Op, inner: &'a Op, frame: Frame<'a>, site: u32, out: Sink<'a, '_>) -> Flowing {
        self.each(least, frame, &mut |least| {
            let Value::Number(least) = least else { return self.uncounted("skip", least, inner, frame, site) };
            self.take_digits([&least, &least], site)?;
            if least.compare(&Number::int(0)).is_lt() {
                return Err(Trouble::stop(site, What::Argument("`skip` takes no negative number")));
            }
            let mut left = numbers::floor_i64(&least).unwrap_or(i64::MAX);
            self.each(inner, frame, &mut |value| {
                if left == 0 {
                    return out(value);
                }
                left -= 1;
                Ok(Flow::On)
            })
        })
    }

    /// A count that is no number. Null and flags fail at once; what jq sorts above all numbers fails with the first result.
    fn uncounted(&self, who: &'static str, count: Value<'a>, inner: &'a Op, frame: Frame<'a>, site: u32) -> Flowing {
        let fault = || Trouble::stop(site, What::Kind { who, wants: Kinds::NUMBER, got: count.kind() });
        match count {
            Value::Null | Value::Bool(_) | Value::Number(_) => Err(fault()),
            Value::Text(_) | Value::List(_) | Value::Record(_) => self.each(inner, frame, &mut |_| Err(fault())),
        }
    }

    /// The first bound is the outer loop.
    fn range(&self, bounds: &'a [Op; 3], frame: Frame<'a>, site: u32, out: Sink<'a, '_>) -> Flowing {
        self.each_argument(bounds, &mut Vec::new(), frame, &mut |values| {
            let mut numbers = [Number::int(0); 3];
            for (number, value) in numbers.iter_mut().zip(values) {
                let Value::Number(bound) = value else {
                    return Err(Trouble::stop(site, What::Kind { who: "range", wants: Kinds::NUMBER, got: value.kind() }));
                };
                *number = *bound;
            }
            self.counted(numbers, site, out)
        })
    }

    /// From one number up, or down, to and without another.
    fn counted(&self, [from, to, by]: [Number<'a>; 3], site: u32, out: Sink<'a, '_>) -> Flowing {
        let nought = Number::int(0);
        self.take_digits([&by, &to], site)?;
        let wanted = match by.compare(&nought) {
            Ordering::Greater => Ordering::Less,
            Ordering::Less => Ordering::Greater,
            Ordering::Equal => return Ok(Flow::On),
        };
        let mut at = from;
        while at.compare(&to) == wanted {
            self.take_steps(1, site)?;
            if out(Value::Number(at))? == Flow::Enough {
                return Ok(Flow::Enough);
            }
            self.take_digits([&at, &by], site)?;
            self.take_digits([&at, &to], site)?;
            match self.number(numbers::add(&at, &by), site)? {
                Value::Number(next) => at = next,
                _ => break,
            }
        }
        Ok(Flow::On)
    }
}

/// Rounded up, as far as a word goes.
fn ceiling(number: &Number<'_>) -> i64 {
    let down = numbers::floor_i64(number);
    match (down, number.as_i64()) {
        (Some(whole), Some(_)) => whole,
        (Some(down), None) => down.saturating_add(1),
        (None, _) if number.compare(&Number::int(0)) == Ordering::Less => -1,
        (None, _) => i64::MAX,
    }
}
