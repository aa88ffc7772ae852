//! What a condition says of the paths in it: behind it, their shapes are narrower.

use std::sync::Arc;

use spanwright_shape::{
    shape::{Presence, Shape, ShapeId, Shapes, TextFacets},
    value::Kind,
};

use super::{Checker, Seen, lattice, see::constant};
use crate::{
    functions::word,
    op::{Literal, Op, OpKind, Way},
    run::Kinds,
    syntax::Operator,
};

/// What begins a path.
#[derive(Clone, Debug, PartialEq)]
enum Root {
    Dot,
    Local(u32),
    Name(Arc<str>),
}

/// A path and what is known of it.
#[derive(Clone, Debug)]
struct Fact {
    root: Root,
    keys: Vec<Box<str>>,
    keep: Keep,
}

/// What is known of a path below a value. It is put into a shape only where somebody looks at the whole: a record of ten
/// thousand fields is not copied for each condition over one of them.
#[derive(Clone, Debug)]
pub struct Known {
    /// One at least.
    keys: Vec<Box<str>>,
    keep: Keep,
}

impl Fact {
    fn learned(self, shapes: &mut Shapes, seen: &mut Seen) {
        match self.keys.is_empty() {
            true => seen.shape = kept(shapes, seen.shape, &self.keep),
            false => seen.known.push(Known { keys: self.keys, keep: self.keep }),
        }
    }
}

impl Checker<'_> {
    /// With all that is known of the paths below it in its shape.
    pub(super) fn settled(&mut self, mut seen: Seen) -> Seen {
        for Known { keys, keep } in std::mem::take(&mut seen.known) {
            seen.shape = narrowed(self.shapes, seen.shape, &keys, &keep);
        }
        seen
    }

    /// What a step to a key came to, with what was known of it.
    pub(super) fn stepped(&mut self, base: &Seen, key: &str, mut next: Seen) -> Seen {
        let open = lattice::arms(self.shapes, base.shape).iter().any(|arm| matches!(self.shapes.get(*arm), Shape::Any));
        for Known { keys, keep } in base.known.iter().filter(|known| !open && *known.keys[0] == *key) {
            let rest = &keys[1..];
            if !rest.is_empty() {
                next.known.push(Known { keys: rest.to_vec(), keep: keep.clone() });
            }
            let there = excludes_null(keep);
            next.absent &= !there;
            next.shape = match rest.is_empty() {
                true => kept(self.shapes, next.shape, keep),
                false if there => lattice::without(self.shapes, next.shape, Kinds::NULL),
                false => next.shape,
            };
            if next.absent && matches!(self.shapes.get(next.shape), Shape::Never) {
                // Only its absence is left.
                next.shape = self.shapes.add(Shape::Null);
            }
        }
        next
    }
}

#[derive(Clone, Debug)]
enum Keep {
    /// Without these kinds.
    Without(Kinds),
    /// Of these kinds only.
    Only(Kinds),
    /// This text.
    Is(Arc<str>),
    /// Any but this text.
    IsNot(Arc<str>),
}

/// Looks at something where a condition holds, or does not.
pub(super) fn within<T>(
    checker: &mut Checker<'_>,
    condition: &Op,
    holds: bool,
    dot: &Seen,
    look: impl FnOnce(&mut Checker<'_>, &Seen) -> T,
) -> T {
    let (names, locals) = (checker.names.clone(), checker.locals.clone());
    let mut dot = dot.clone();
    for fact in facts(condition, holds) {
        match fact.root.clone() {
            Root::Dot => fact.learned(checker.shapes, &mut dot),
            Root::Local(depth) => {
                if let Some(slot) = checker.locals.len().checked_sub(1 + depth as usize) {
                    fact.learned(checker.shapes, &mut checker.locals[slot]);
                }
            }
            Root::Name(name) => {
                if let Some((_, seen)) = checker.names.iter_mut().rev().find(|(have, _)| *have == name) {
                    fact.learned(checker.shapes, seen);
                }
            }
        }
    }
    let found = look(checker, &dot);
    checker.names = names;
    checker.locals = locals;
    found
}

fn facts(condition: &Op, holds: bool) -> Vec<Fact> {
    if let Some((root, keys)) = path_of(condition) {
        return match holds {
            true => vec![Fact { root, keys, keep: Keep::Without(Kinds::NULL) }],
            false => vec![Fact { root, keys, keep: Keep::Only(Kinds::NULL.or(Kinds::FLAG)) }],
        };
    }
    match &condition.kind {
        OpKind::And(left, right) if holds => [facts(left, true), facts(right, true)].concat(),
        OpKind::Or(left, right) if !holds => [facts(left, false), facts(right, false)].concat(),
        OpKind::Pipe(left, right) => match &right.kind {
            OpKind::Call(function, ..) if function.name == "not" => facts(left, !holds),
            _ => behind(left, facts(right, holds)),
        },
        OpKind::Binary(Operator::Equal, left, right) => compared(left, right, holds),
        OpKind::Binary(Operator::Unequal, left, right) => compared(left, right, !holds),
        OpKind::Call(function, arguments, _) if function.name == "has" && holds => present(arguments),
        _ => Vec::new(),
    }
}

/// Facts of what a pipe's right side says of its dot.
fn behind(left: &Op, facts: Vec<Fact>) -> Vec<Fact> {
    let Some((root, keys)) = path_of(left) else { return Vec::new() };
    let moved = facts.into_iter().filter(|fact| fact.root == Root::Dot);
    moved.map(|fact| Fact { root: root.clone(), keys: keys.iter().cloned().chain(fact.keys).collect(), keep: fact.keep }).collect()
}

fn present(arguments: &[Op]) -> Vec<Fact> {
    match arguments.first().and_then(constant) {
        // There may still be null under it, but the record itself is there.
        Some(Literal::Text(_)) => vec![Fact { root: Root::Dot, keys: Vec::new(), keep: Keep::Without(Kinds::NULL) }],
        _ => Vec::new(),
    }
}

fn compared(left: &Op, right: &Op, same: bool) -> Vec<Fact> {
    let (side, literal) = match (constant(left), constant(right)) {
        (None, Some(literal)) => (left, literal),
        (Some(literal), None) => (right, literal),
        _ => return Vec::new(),
    };
    if let Some((root, keys)) = path_of(side) {
        let keep = match (literal, same) {
            (Literal::Null, true) => Keep::Only(Kinds::NULL),
            (Literal::Null, false) => Keep::Without(Kinds::NULL),
            (Literal::Text(text), true) => Keep::Is(Arc::from(&**text)),
            (Literal::Text(text), false) => Keep::IsNot(Arc::from(&**text)),
            (Literal::Flag(_) | Literal::Small(..) | Literal::Exact(_), true) => Keep::Without(Kinds::NULL),
            (Literal::Flag(_) | Literal::Small(..) | Literal::Exact(_), false) => return Vec::new(),
        };
        return vec![Fact { root, keys, keep }];
    }
    kind_compared(side, literal, same)
}

/// `type == "string"`, `.a | type != "null"`
fn kind_compared(side: &Op, literal: &Literal, same: bool) -> Vec<Fact> {
    let Literal::Text(text) = literal else { return Vec::new() };
    let every = [Kind::Null, Kind::Flag, Kind::Number, Kind::Text, Kind::List, Kind::Record];
    let Some(kind) = every.into_iter().find(|kind| word(*kind) == &**text) else { return Vec::new() };
    let keep = if same { Keep::Only(Kinds::of(kind)) } else { Keep::Without(Kinds::of(kind)) };
    let is_type = |op: &Op| matches!(&op.kind, OpKind::Call(function, ..) if function.name == "type");
    match &side.kind {
        _ if is_type(side) => vec![Fact { root: Root::Dot, keys: Vec::new(), keep }],
        OpKind::Pipe(left, right) if is_type(right) => behind(left, vec![Fact { root: Root::Dot, keys: Vec::new(), keep }]),
        _ => Vec::new(),
    }
}

fn path_of(op: &Op) -> Option<(Root, Vec<Box<str>>)> {
    match &op.kind {
        OpKind::Dot => Some((Root::Dot, Vec::new())),
        OpKind::Local(depth) => Some((Root::Local(*depth), Vec::new())),
        OpKind::Name(name) => Some((Root::Name(name.clone()), Vec::new())),
        OpKind::Path(base, steps) => {
            let (root, mut keys) = path_of(base)?;
            for step in steps {
                match &step.way {
                    Way::Key(name, _) => keys.push(name.clone()),
                    Way::Item(_) | Way::Computed(_) | Way::Slice(..) => return None,
                }
            }
            Some((root, keys))
        }
        _ => None,
    }
}

/// A shape in which the value under some keys is narrower.
fn narrowed(shapes: &mut Shapes, id: ShapeId, keys: &[Box<str>], keep: &Keep) -> ShapeId {
    let Some((key, rest)) = keys.split_first() else { return kept(shapes, id, keep) };
    let mut arms = Vec::new();
    for arm in lattice::arms(shapes, id) {
        match shapes.get(arm).clone() {
            Shape::Null if excludes_null(keep) => (),
            Shape::Record(mut record) => {
                let Some(field) = record.fields.iter_mut().find(|field| *field.name == **key) else {
                    arms.push(arm);
                    continue;
                };
                field.shape = narrowed(shapes, field.shape, rest, keep);
                let never = matches!(shapes.get(field.shape), Shape::Never);
                if excludes_null(keep) {
                    field.presence = Presence::Always;
                } else if never && field.presence == Presence::Maybe {
                    // Only its absence is left.
                    field.shape = shapes.add(Shape::Null);
                }
                if !never || !excludes_null(keep) {
                    arms.push(shapes.add(Shape::Record(record)));
                }
            }
            _ => arms.push(arm),
        }
    }
    lattice::union(shapes, &arms)
}

fn excludes_null(keep: &Keep) -> bool {
    match keep {
        Keep::Without(kinds) => kinds.has(Kinds::NULL),
        Keep::Only(kinds) => !kinds.has(Kinds::NULL),
        Keep::Is(_) => true,
        Keep::IsNot(_) => false,
    }
}

fn kept(shapes: &mut Shapes, id: ShapeId, keep: &Keep) -> ShapeId {
    match keep {
        Keep::Without(kinds) => lattice::without(shapes, id, *kinds),
        Keep::Only(kinds) if matches!(shapes.get(id), Shape::Any) => lattice::of_kinds(shapes, *kinds),
        Keep::Only(kinds) => lattice::without(shapes, id, Kinds::ALL.without(*kinds)),
        Keep::Is(text) => {
            let one_of: Arc<[Arc<str>]> = Arc::from([text.clone()]);
            shapes.add(Shape::Text(TextFacets { one_of: Some(one_of), ..TextFacets::default() }))
        }
        Keep::IsNot(text) => without_text(shapes, id, text),
    }
}

fn without_text(shapes: &mut Shapes, id: ShapeId, text: &str) -> ShapeId {
    let mut arms = Vec::new();
    for arm in lattice::arms(shapes, id) {
        match shapes.get(arm).clone() {
            Shape::Text(TextFacets { one_of: Some(texts), format, shortest, longest, pattern }) => {
                let left: Arc<[Arc<str>]> = texts.iter().filter(|have| ***have != *text).cloned().collect();
                if !left.is_empty() {
                    arms.push(shapes.add(Shape::Text(TextFacets { one_of: Some(left), format, shortest, longest, pattern })));
                }
            }
            _ => arms.push(arm),
        }
    }
    lattice::union(shapes, &arms)
}
