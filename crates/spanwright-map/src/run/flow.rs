//! Nodes that give any number of results: each is handed to a callback, which may say that it has enough.

use spanwright_shape::value::{Kind, Value};

use super::{Flow, Frame, Kinds, Run, Sink, Stop, Trouble, What, order::is_true};
use crate::{
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
        self.take_steps(1, op.site)?;
        match &op.kind {
            OpKind::Iterate(base, optional) => self.each(base, frame, &mut |value| self.items(value, *optional, op.site, out)),
            OpKind::Path(base, steps) => self.each(base, frame, &mut |value| match self.walk(value, steps, frame)? {
                Some(value) => out(value),
                None => Ok(Flow::On),
            }),
            OpKind::Pipe(left, right) => self.each(left, frame, &mut |value| self.each(right, frame.with_dot(value), out)),
            OpKind::Comma(parts) => self.each_of(parts, frame, out),
            OpKind::Otherwise(left, right) => self.otherwise(left, right, frame, out),
            OpKind::And(left, right) => self.each_both(left, right, frame, false, out),
            OpKind::Or(left, right) => self.each_both(left, right, frame, true, out),
            OpKind::Binary(operator, left, right) => self.each_binary(*operator, left, right, frame, op.site, out),
            OpKind::Negate(operand) => self.each(operand, frame, &mut |value| out(self.negated(value, op.site)?)),
            OpKind::If(arms, otherwise) => self.each_branch(arms, otherwise.as_deref(), frame, out),
            OpKind::Text(pieces) => self.each_text(pieces, frame, op.site, out),
            OpKind::Record(fields) => self.each_record(fields, frame, op.site, out),
            OpKind::Bind(source, body) => self.each(source, frame, &mut |value| self.each(body, self.bind(frame, value, op.site)?, out)),
            OpKind::Try(inner) => self.each_try(inner, frame, out),
            OpKind::Select(condition) => {
                self.each(condition, frame, &mut |verdict| if is_true(&verdict) { out(frame.dot) } else { Ok(Flow::On) })
            }
            OpKind::Limit(most, inner) => self.limit(most, inner, frame, op.site, out),
            OpKind::Range(bounds) => self.range(bounds, frame, op.site, out),
            OpKind::Reduce(..) | OpKind::Replace(_) | OpKind::Last(_) | OpKind::Quantify(..) | OpKind::Call(..) => {
                Err(Trouble::stop(op.site, What::Many))
            }
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
            if is_true(&verdict) { self.each(then, frame, out) } else { self.each_branch(rest, otherwise, frame, out) }
        })
    }

    /// `f?` gives what there is up to the failure; a failure of who receives it is not ours to pass over.
    fn each_try(&self, inner: &'a Op, frame: Frame<'a>, out: Sink<'a, '_>) -> Flowing {
        let mut theirs = false;
        let flow = self.each(inner, frame, &mut |value| {
            let flow = out(value);
            theirs = flow.is_err();
            flow
        });
        match flow {
            Err(stop) if !theirs && stop.can_be_passed_over() => Ok(Flow::On),
            other => other,
        }
    }

    fn limit(&self, most: &'a Op, inner: &'a Op, frame: Frame<'a>, site: u32, out: Sink<'a, '_>) -> Flowing {
        let Some(most) = self.one(most, frame)? else { return Ok(Flow::On) };
        let Value::Number(most) = most else {
            return Err(Trouble::stop(site, What::Kind { who: "limit", wants: Kinds::NUMBER, got: most.kind() }));
        };
        let mut left = most.as_i64().unwrap_or(0);
        if left <= 0 {
            return Ok(Flow::On);
        }
        let mut theirs = Flow::On;
        self.each(inner, frame, &mut |value| {
            left -= 1;
            theirs = out(value)?;
            Ok(if left == 0 { Flow::Enough } else { theirs })
        })?;
        Ok(theirs)
    }

    fn range(&self, bounds: &'a [Op; 3], frame: Frame<'a>, site: u32, out: Sink<'a, '_>) -> Flowing {
        let [from, to, by] = bounds;
        let Some(from) = self.bound(from, frame, site)? else { return Ok(Flow::On) };
        let Some(to) = self.bound(to, frame, site)? else { return Ok(Flow::On) };
        let Some(by) = self.bound(by, frame, site)? else { return Ok(Flow::On) };
        let mut at = from;
        while (by > 0 && at < to) || (by < 0 && at > to) {
            self.take_steps(1, site)?;
            if out(Value::Number(spanwright_shape::number::Number::int(at)))? == Flow::Enough {
                return Ok(Flow::Enough);
            }
            let Some(next) = at.checked_add(by) else { break };
            at = next;
        }
        Ok(Flow::On)
    }

    fn bound(&self, op: &'a Op, frame: Frame<'a>, site: u32) -> Result<Option<i64>, Stop> {
        match self.one(op, frame)? {
            None => Ok(None),
            Some(Value::Number(number)) => match number.as_i64() {
                Some(whole) => Ok(Some(whole.clamp(-RANGE_MOST, RANGE_MOST))),
                None => Err(Trouble::stop(site, What::NotWhole)),
            },
            Some(other) => Err(Trouble::stop(site, What::Kind { who: "range", wants: Kinds::of(Kind::Number), got: other.kind() })),
        }
    }
}

/// Bounds of a range, either way; 18 digits, so that every number of it is a short one.
const RANGE_MOST: i64 = 999_999_999_999_999_999;
