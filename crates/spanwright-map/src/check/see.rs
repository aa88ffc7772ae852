//! The shape of each node.

use std::sync::Arc;

use spanwright_shape::shape::{NumberFacets, NumberKind, Shape, ShapeId, TextFacets};

use super::{Checker, Seen, lattice, then};
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
            OpKind::Dot | OpKind::Name(_) | OpKind::Local(_) => {
                let bare = self.bare(op, dot);
                self.settled(bare)
            }
            OpKind::Literal(literal) => {
                let shape = literal_shape(literal);
                Self::made(self.shapes.add(shape))
            }
            OpKind::Text(pieces, format) => self.interpolated(pieces, *format, dot),
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

    /// What begins a path, with what is known of the paths below it.
    pub(super) fn bare(&mut self, op: &Op, dot: &Seen) -> Seen {
        self.sites[op.site as usize].path = dot.paths.first().map(|path| if path.is_empty() { Arc::from(".") } else { path.clone() });
        let found = match &op.kind {
            OpKind::Dot => return dot.clone(),
            OpKind::Name(name) => self.names.iter().rev().find(|(have, _)| have == name).map(|(_, seen)| seen.clone()),
            OpKind::Local(depth) => self.locals.len().checked_sub(1 + *depth as usize).map(|slot| self.locals[slot].clone()),
            _ => return self.see(op, dot),
        };
        found.unwrap_or_else(|| self.anything())
    }

    /// What was evaluated and then dropped is read all the same: whether it fails, and how many results it gives, is seen.
    pub(super) fn gone_through(&mut self, left: &Seen, right: &Seen) {
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
    pub(super) fn either(&mut self, all: &[Seen]) -> Seen {
        let shapes: Vec<ShapeId> = all.iter().map(|seen| seen.shape).collect();
        let mut paths: Vec<Arc<str>> = all.iter().flat_map(|seen| seen.paths.iter().cloned()).collect();
        paths.sort();
        paths.dedup();
        Seen {
            shape: lattice::union(self.shapes, &shapes),
            absent: all.iter().any(|seen| seen.absent),
            count: all.iter().map(|seen| seen.count).max().unwrap_or(Count::Maybe),
            paths,
            known: Vec::new(),
        }
    }

    /// How many results are let through: a number.
    pub(super) fn counts(&mut self, who: &str, seen: &Seen, op: &Op) {
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
        Seen { shape, absent: false, count: Count::Many, paths: below(&base.paths, "[]"), known: Vec::new() }
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
