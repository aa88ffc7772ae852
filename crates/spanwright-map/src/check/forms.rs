//! Operators, conditions, bindings and the forms that functions are made of.

use std::sync::Arc;

use spanwright_shape::shape::{Field, NumberFacets, NumberKind, Presence, RecordShape, Shape};

use super::{Checker, Seen, lattice, narrow, then};
use crate::{
    codes,
    op::{Literal, Op, OpKind},
    program::Count,
    run::Kinds,
};

impl Checker<'_> {
    /// Operators, conditions, bindings and the forms that functions are made of.
    pub(super) fn see_form(&mut self, op: &Op, dot: &Seen) -> Seen {
        match &op.kind {
            OpKind::Otherwise(left, right) => self.otherwise(left, right, dot),
            OpKind::And(left, right) => self.both(left, right, dot, true),
            OpKind::Or(left, right) => self.both(left, right, dot, false),
            OpKind::Binary(operator, left, right) => self.binary(*operator, left, right, op.site, dot),
            OpKind::Negate(operand) => self.negated(operand, op.site, dot),
            OpKind::If(arms, otherwise) => self.branches(arms, otherwise.as_deref(), dot),
            OpKind::List(inner) => self.list_of(inner.as_deref(), dot),
            OpKind::Record(fields) => self.record_of(fields, dot),
            OpKind::Bind(source, body) => {
                let source = self.see(source, dot);
                let bound = self.as_dot(&source);
                self.locals.push(bound);
                let body = self.see(body, dot);
                self.locals.pop();
                self.gone_through(&source, &body);
                Seen { count: then(source.count, body.count), ..body }
            }
            OpKind::Reduce(source, start, step) => self.reduce(source, start, step, dot),
            OpKind::Try(inner) => self.tried(inner, dot),
            OpKind::Catch(inner, handler) => self.caught(inner, handler, dot),
            OpKind::Select(condition) => self.selected(condition, dot),
            OpKind::Limit(most, inner) => {
                let most_seen = self.see(most, dot);
                self.counts("limit", &most_seen, most);
                let inner = self.see(inner, dot);
                let one = matches!(most.kind, OpKind::Literal(Literal::Small(1, 0)));
                let count = match inner.count {
                    Count::Many if one => Count::Maybe,
                    count if one => count,
                    count => then(then(Count::Maybe, most_seen.count), count),
                };
                Seen { count, ..inner }
            }
            OpKind::Skip(least, inner) => {
                let seen = self.see(least, dot);
                self.counts("skip", &seen, least);
                let inner = self.see(inner, dot);
                Seen { count: then(then(Count::Maybe, seen.count), inner.count), ..inner }
            }
            OpKind::Last(inner) => {
                let inner = self.see(inner, dot);
                let count = if inner.count == Count::Many { Count::Maybe } else { inner.count };
                Seen { count, ..inner }
            }
            OpKind::Quantify(_, source, condition) => {
                let source = self.see(source, dot);
                let item = self.as_dot(&source);
                let verdict = self.see(condition, &item);
                self.read(&source);
                self.read(&verdict);
                Self::made(self.shapes.add(Shape::Flag))
            }
            OpKind::Range(bounds) => {
                let mut whole = true;
                for bound in bounds.iter() {
                    let seen = self.see(bound, dot);
                    self.counts("range", &seen, bound);
                    whole &= matches!(self.shapes.get(seen.shape), Shape::Number(NumberFacets { kind: NumberKind::Integer { .. }, .. }));
                }
                let number = if whole { self.whole() } else { self.shapes.add(Shape::Number(NumberFacets::of(NumberKind::Decimal))) };
                Seen { count: Count::Many, ..Self::made(number) }
            }
            OpKind::Replace(replace) => {
                self.read(dot);
                let whole = self.settled(dot.clone());
                self.takes("sub", Kinds::TEXT, crate::functions::Nulls::Fail, &whole, op.site);
                let groups = self.anything();
                let with = self.see(&replace.with, &groups);
                Seen { count: then(Count::One, with.count), ..Self::made(self.plain_text()) }
            }
            OpKind::Call(function, arguments, _) => {
                let dot = self.settled(dot.clone());
                self.call(function, arguments, op.site, &dot)
            }
            OpKind::Empty => Seen { count: Count::Maybe, ..Self::made(self.shapes.add(Shape::Never)) },
            // Seen above.
            OpKind::Dot | OpKind::Literal(_) | OpKind::Text(..) | OpKind::Name(_) | OpKind::Local(_) => dot.clone(),
            OpKind::Path(..) | OpKind::Iterate(..) | OpKind::Pipe(..) | OpKind::Comma(_) => dot.clone(),
        }
    }

    fn otherwise(&mut self, left: &Op, right: &Op, dot: &Seen) -> Seen {
        let first = self.see(left, dot);
        let value = self.value(&first);
        if lattice::kinds(self.shapes, value).is_some_and(|kinds| kinds.has(Kinds::FLAG)) {
            let written = self.written(left);
            let help = format!(
                "false would take the default too: write `{{ from: {written}, default: .. }}`, or `if {written} == null then .. else {written} end`"
            );
            self.error(&codes::DEFAULT_ON_FLAG, left.site, format!("`//` on a flag: `{written}` may be false"), help);
        }
        self.read(&first);
        let second = self.see(right, dot);
        let shape = lattice::without(self.shapes, first.shape, Kinds::NULL);
        let count = if first.count == Count::Many { Count::Many } else { second.count };
        let sure = first.count == Count::One && !lattice::kinds(self.shapes, value).is_none_or(|kinds| kinds.has(Kinds::NULL));
        let joined = self.either(&[Seen { shape, absent: false, count, paths: first.paths, known: Vec::new() }, second]);
        Seen { count: if sure { Count::One } else { count }, ..joined }
    }

    fn both(&mut self, left: &Op, right: &Op, dot: &Seen, and: bool) -> Seen {
        let first = self.see(left, dot);
        self.read(&first);
        let second = narrow::within(self, left, and, dot, |here, dot| here.see(right, dot));
        self.read(&second);
        Seen { count: then(first.count, second.count), ..Self::made(self.shapes.add(Shape::Flag)) }
    }

    fn branches(&mut self, arms: &[(Op, Op)], otherwise: Option<&Op>, dot: &Seen) -> Seen {
        let Some(((when, result), rest)) = arms.split_first() else {
            return match otherwise {
                Some(otherwise) => self.see(otherwise, dot),
                None => self.settled(dot.clone()),
            };
        };
        let condition = self.see(when, dot);
        self.read(&condition);
        let yes = narrow::within(self, when, true, dot, |here, dot| here.see(result, dot));
        let no = narrow::within(self, when, false, dot, |here, dot| here.branches(rest, otherwise, dot));
        let joined = self.either(&[yes, no]);
        Seen { count: then(condition.count, joined.count), ..joined }
    }

    fn list_of(&mut self, inner: Option<&Op>, dot: &Seen) -> Seen {
        let Some(inner) = inner else {
            let never = self.shapes.add(Shape::Never);
            return Self::made(self.shapes.add(Shape::List(never, (0, Some(0)))));
        };
        let counts = match &inner.kind {
            OpKind::Comma(parts) if parts.iter().all(|part| !part.many) => (0, u32::try_from(parts.len()).ok()),
            _ => (0, None),
        };
        let seen = self.see(inner, dot);
        self.read(&seen);
        let item = self.value(&seen);
        let counts = match seen.count {
            Count::One => (1, Some(1)),
            Count::Maybe => (0, Some(1)),
            Count::Many => counts,
        };
        Self::made(self.shapes.add(Shape::List(item, counts)))
    }

    fn record_of(&mut self, fields: &[(Op, Op)], dot: &Seen) -> Seen {
        let mut record = RecordShape::default();
        let mut count = Count::One;
        for (key, value) in fields {
            let name = self.see(key, dot);
            self.read(&name);
            let seen = self.see(value, dot);
            self.read(&seen);
            count = then(then(count, name.count), seen.count);
            let shape = self.value(&seen);
            match &key.kind {
                OpKind::Literal(Literal::Text(name)) => {
                    record.fields.retain(|field| *field.name != **name);
                    record.fields.push(Field { name: Arc::from(&**name), shape, presence: Presence::Always, about: None });
                }
                _ => {
                    self.can_fail = true;
                    record.rest = Some(self.shapes.add(Shape::Any));
                }
            }
        }
        Seen { count, ..Self::made(self.shapes.add(Shape::Record(record))) }
    }

    /// The state is anything while it is stepped: what a step makes of it is not followed through.
    fn reduce(&mut self, source: &Op, start: &Op, step: &Op, dot: &Seen) -> Seen {
        let source = self.see(source, dot);
        let start = self.see(start, dot);
        self.read(&source);
        self.read(&start);
        let item = self.as_dot(&source);
        let state = self.anything();
        self.locals.push(item);
        let step = self.see(step, &state);
        self.locals.pop();
        self.read(&step);
        self.can_fail = true;
        let (start, step) = (self.value(&start), self.value(&step));
        Self::made(lattice::union(self.shapes, &[start, step]))
    }

    /// Behind `?` a failure is meant: nothing inside is reported.
    fn tried(&mut self, inner: &Op, dot: &Seen) -> Seen {
        let seen = self.passing_over(inner, dot);
        Seen { count: then(Count::Maybe, seen.count), ..seen }
    }

    fn caught(&mut self, inner: &Op, handler: &Op, dot: &Seen) -> Seen {
        let seen = self.passing_over(inner, dot);
        let failure = self.anything();
        let handled = self.see(handler, &failure);
        let count = seen.count.max(handled.count);
        Seen { count, ..self.either(&[seen, handled]) }
    }

    /// What could fail may; what can never be is still said: a field that there is not, a comparison that is never true.
    fn passing_over(&mut self, inner: &Op, dot: &Seen) -> Seen {
        let before = std::mem::take(&mut self.to);
        let could_fail = self.can_fail;
        let seen = self.see(inner, dot);
        let found = std::mem::replace(&mut self.to, before);
        let never = [&codes::UNKNOWN_PATH, &codes::DISJOINT, &codes::DEFAULT_ON_FLAG];
        found
            .iter()
            .filter(|problem| never.iter().any(|code| code.id == problem.code.id))
            .for_each(|problem| self.to.push(problem.clone()));
        self.can_fail = could_fail;
        self.read(&seen);
        seen
    }

    fn selected(&mut self, condition: &Op, dot: &Seen) -> Seen {
        let verdict = self.see(condition, dot);
        self.read(&verdict);
        let narrowed = narrow::within(self, condition, true, dot, |here, dot| here.settled(dot.clone()));
        Seen { count: then(Count::Maybe, verdict.count), ..narrowed }
    }
}
