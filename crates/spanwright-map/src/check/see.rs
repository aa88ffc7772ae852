//! The shape of each node.

use std::sync::Arc;

use spanwright_shape::shape::{Field, NumberFacets, NumberKind, Presence, RecordShape, Shape, ShapeId, TextFacets};

use super::{Checker, Seen, lattice, narrow, then};
use crate::{
    codes,
    functions::{Function, Makes},
    op::{Literal, Op, OpKind, TextPiece},
    program::Count,
    run::Kinds,
};

impl Checker<'_> {
    /// What a node gives.
    pub(super) fn see(&mut self, op: &Op, dot: &Seen) -> Seen {
        self.sites[op.site as usize].path = dot.paths.first().map(|path| if path.is_empty() { Arc::from(".") } else { path.clone() });
        match &op.kind {
            OpKind::Dot => dot.clone(),
            OpKind::Literal(literal) => {
                let shape = literal_shape(literal);
                Self::made(self.shapes.add(shape))
            }
            OpKind::Text(pieces, format) => self.interpolated(pieces, *format, dot),
            OpKind::Name(name) => match self.names.iter().rev().find(|(have, _)| have == name) {
                Some((_, seen)) => seen.clone(),
                None => self.anything(),
            },
            OpKind::Local(depth) => {
                let slot = self.locals.len().checked_sub(1 + *depth as usize);
                match slot {
                    Some(slot) => self.locals[slot].clone(),
                    None => self.anything(),
                }
            }
            OpKind::Path(base, steps) => self.path(base, steps, dot),
            OpKind::Iterate(base, optional) => {
                let base = self.see(base, dot);
                self.items(&base, *optional, op.site)
            }
            OpKind::Pipe(left, right) => {
                let left = self.see(left, dot);
                let inner = self.as_dot(&left);
                let right = self.see(right, &inner);
                self.gone_through(&left, &right);
                Seen { count: then(left.count, right.count), ..right }
            }
            OpKind::Comma(parts) => {
                let parts: Vec<Seen> = parts.iter().map(|part| self.see(part, dot)).collect();
                Seen { count: Count::Many, ..self.either(&parts) }
            }
            OpKind::Otherwise(..) | OpKind::And(..) | OpKind::Or(..) | OpKind::Binary(..) | OpKind::Negate(_) | OpKind::If(..) => {
                self.see_form(op, dot)
            }
            OpKind::List(_)
            | OpKind::Record(_)
            | OpKind::Bind(..)
            | OpKind::Reduce(..)
            | OpKind::Try(_)
            | OpKind::Catch(..)
            | OpKind::Select(_) => self.see_form(op, dot),
            OpKind::Limit(..) | OpKind::Skip(..) | OpKind::Last(_) | OpKind::Quantify(..) | OpKind::Range(_) | OpKind::Replace(_) => {
                self.see_form(op, dot)
            }
            OpKind::Call(..) | OpKind::Empty => self.see_form(op, dot),
        }
    }

    /// Operators, conditions, bindings and the forms that functions are made of.
    fn see_form(&mut self, op: &Op, dot: &Seen) -> Seen {
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
                self.takes("sub", Kinds::TEXT, crate::functions::Nulls::Fail, dot, op.site);
                let groups = self.anything();
                let with = self.see(&replace.with, &groups);
                Seen { count: then(Count::One, with.count), ..Self::made(self.plain_text()) }
            }
            OpKind::Call(function, arguments, _) => self.call(function, arguments, op.site, dot),
            OpKind::Empty => Seen { count: Count::Maybe, ..Self::made(self.shapes.add(Shape::Never)) },
            // Seen above.
            OpKind::Dot | OpKind::Literal(_) | OpKind::Text(..) | OpKind::Name(_) | OpKind::Local(_) => dot.clone(),
            OpKind::Path(..) | OpKind::Iterate(..) | OpKind::Pipe(..) | OpKind::Comma(_) => dot.clone(),
        }
    }

    /// What was evaluated and then dropped is read all the same: whether it fails, and how many results it gives, is seen.
    fn gone_through(&mut self, left: &Seen, right: &Seen) {
        for path in &left.paths {
            let goes_on = self.reads.iter().chain(&right.paths).any(|read| read.starts_with(&**path));
            if !goes_on {
                self.reads.insert(path.clone());
            }
        }
    }

    pub(super) fn anything(&mut self) -> Seen {
        Self::made(self.shapes.add(Shape::Any))
    }

    pub(super) fn plain_text(&mut self) -> ShapeId {
        self.shapes.add(Shape::Text(TextFacets::default()))
    }

    pub(super) fn whole(&mut self) -> ShapeId {
        self.shapes.add(Shape::Number(NumberFacets::of(NumberKind::Integer { bits: 0 })))
    }

    /// One of several: what each is a copy of, it may be a copy of.
    fn either(&mut self, all: &[Seen]) -> Seen {
        let shapes: Vec<ShapeId> = all.iter().map(|seen| seen.shape).collect();
        let mut paths: Vec<Arc<str>> = all.iter().flat_map(|seen| seen.paths.iter().cloned()).collect();
        paths.sort();
        paths.dedup();
        Seen {
            shape: lattice::union(self.shapes, &shapes),
            absent: all.iter().any(|seen| seen.absent),
            count: all.iter().map(|seen| seen.count).max().unwrap_or(Count::Maybe),
            paths,
        }
    }

    /// How many results are let through: a number.
    fn counts(&mut self, who: &str, seen: &Seen, op: &Op) {
        self.read(seen);
        self.takes(who, Kinds::NUMBER, crate::functions::Nulls::Fail, seen, op.site);
        self.can_fail |= constant(op).is_none();
    }

    fn interpolated(&mut self, pieces: &[TextPiece], format: Option<&'static Function>, dot: &Seen) -> Seen {
        let mut count = Count::One;
        for piece in pieces {
            let TextPiece::Inside(inner) = piece else { continue };
            let seen = self.see(inner, dot);
            count = then(count, seen.count);
            self.read(&seen);
            let value = self.value(&seen);
            if let Some(Function { name, makes: Makes::Value { types, .. }, .. }) = format {
                let inner_dot = self.as_dot(&seen);
                self.takes(name, types.dot, types.nulls, &inner_dot, inner.site);
            } else if lattice::kinds(self.shapes, value).is_some_and(|kinds| kinds.has(Kinds::NULL)) {
                let written = self.written(inner);
                let says = format!("`{written}` may be absent or null, and the text would say `null`");
                self.error(&codes::MAYBE_NULL, inner.site, says, format!("say what stands there then: `\\({written} // \"\")`"));
            }
        }
        Seen { count, ..Self::made(self.plain_text()) }
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
        let joined = self.either(&[Seen { shape, absent: false, count, paths: first.paths }, second]);
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
            return otherwise.map_or_else(|| dot.clone(), |otherwise| self.see(otherwise, dot));
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
        let narrowed = narrow::within(self, condition, true, dot, |_, dot| dot.clone());
        Seen { count: then(Count::Maybe, verdict.count), ..narrowed }
    }

    fn items(&mut self, base: &Seen, optional: bool, site: u32) -> Seen {
        let value = self.value(base);
        let Some(kinds) = lattice::kinds(self.shapes, value) else {
            self.can_fail |= !optional;
            let any = self.anything();
            return Seen { count: Count::Many, paths: below(&base.paths, "[]"), ..any };
        };
        if !optional {
            self.takes("[]", Kinds::LIST.or(Kinds::RECORD), crate::functions::Nulls::Fail, base, site);
        }
        let mut items = Vec::new();
        for arm in lattice::arms(self.shapes, value) {
            match self.shapes.get(arm) {
                Shape::List(item, _) => items.push(*item),
                Shape::Record(record) => items.extend(record.fields.iter().map(|field| field.shape).chain(record.rest)),
                Shape::Any | Shape::Never | Shape::Null | Shape::Flag | Shape::Number(_) | Shape::Text(_) | Shape::OneOf(_) => (),
            }
        }
        let shape = if kinds.and(Kinds::LIST.or(Kinds::RECORD)).is_empty() {
            self.shapes.add(Shape::Any)
        } else {
            lattice::union(self.shapes, &items)
        };
        Seen { shape, absent: false, count: Count::Many, paths: below(&base.paths, "[]") }
    }
}

/// Paths with a step more.
pub(super) fn below(paths: &[Arc<str>], step: &str) -> Vec<Arc<str>> {
    paths.iter().map(|path| if path.is_empty() && step == "[]" { Arc::from(".[]") } else { Arc::from(format!("{path}{step}")) }).collect()
}

fn literal_shape(literal: &Literal) -> Shape {
    let number = |text: String, whole: bool| {
        let kind = if whole { NumberKind::Integer { bits: 0 } } else { NumberKind::Decimal };
        Shape::Number(NumberFacets { least: Some(text.as_str().into()), most: Some(text.into()), ..NumberFacets::of(kind) })
    };
    match literal {
        Literal::Null => Shape::Null,
        Literal::Flag(_) => Shape::Flag,
        Literal::Small(_, scale) => match literal.value() {
            spanwright_shape::value::Value::Number(small) => number(small.to_string(), *scale == 0),
            _ => Shape::Any,
        },
        Literal::Exact(text) => number(text.to_string(), !text.contains(['.', 'e', 'E'])),
        Literal::Text(text) => Shape::Text(TextFacets { one_of: Some(Arc::from([Arc::from(&**text)])), ..TextFacets::default() }),
    }
}

/// The constant of a node, where it is one.
pub(super) fn constant(op: &Op) -> Option<&Literal> {
    match &op.kind {
        OpKind::Literal(literal) => Some(literal),
        _ => None,
    }
}
