//! Paths: steps that stand behind one another become one node, so that what is absent stays absent.

use std::sync::atomic::AtomicU32;

use super::{Lowering, Place};
use crate::{
    op::{Op, OpKind, Step, Way},
    syntax::{Piece, Tree, TreeKind},
};

impl Lowering<'_> {
    pub(super) fn index(&mut self, at: Place, base: &Tree, key: &Tree) -> Op {
        let way = match &key.kind {
            TreeKind::Text(pieces) if matches!(pieces.as_slice(), [Piece::Plain(_)]) => {
                let [Piece::Plain(name)] = pieces.as_slice() else { return self.op(at, false, OpKind::Empty) };
                Way::Key(name.as_str().into(), AtomicU32::new(0))
            }
            TreeKind::Number(text) if text.parse::<i32>().is_ok() => Way::Item(text.parse().unwrap_or(0)),
            TreeKind::Negate(inner) if matches!(&inner.kind, TreeKind::Number(text) if text.parse::<i32>().is_ok()) => match &inner.kind {
                TreeKind::Number(text) => Way::Item(-text.parse::<i64>().unwrap_or(0)),
                _ => return self.op(at, false, OpKind::Empty),
            },
            _ => Way::Computed(self.lower(key)),
        };
        let at_step = Place { from: key.from, to: key.to };
        self.step(at, base, way, at_step)
    }

    pub(super) fn slice(&mut self, at: Place, base: &Tree, from: Option<&Tree>, to: Option<&Tree>) -> Op {
        let from = from.map(|from| self.lower(from));
        let to = to.map(|to| self.lower(to));
        self.step(at, base, Way::Slice(from, to), at)
    }

    /// One step more on a path.
    fn step(&mut self, at: Place, base: &Tree, way: Way, at_step: Place) -> Op {
        let base = self.lower(base);
        let step = Step { way, optional: false, site: self.site(at_step) };
        self.append(at, base, vec![step])
    }

    fn append(&mut self, at: Place, base: Op, more: Vec<Step>) -> Op {
        let many = base.many || more.iter().any(gives_many);
        match base.kind {
            OpKind::Path(inner, steps) => {
                let steps = steps.into_vec().into_iter().chain(more).collect();
                self.op(at, many, OpKind::Path(inner, steps))
            }
            _ => self.op(at, many, OpKind::Path(base.into(), more.into())),
        }
    }

    /// `.a?` passes over the failure of its last step; `(..)?` over each inside.
    pub(super) fn optional(&mut self, at: Place, inner: &Tree, whole: bool) -> Op {
        let op = self.lower(inner);
        let many = op.many;
        match (&inner.kind, op.kind) {
            (TreeKind::Index(..) | TreeKind::Slice(..), OpKind::Path(base, mut steps)) if !whole => {
                if let Some(last) = steps.last_mut() {
                    last.optional = true;
                }
                self.op(at, many, OpKind::Path(base, steps))
            }
            (TreeKind::Iterate(_), OpKind::Iterate(base, _)) if !whole => self.op(at, true, OpKind::Iterate(base, true)),
            (_, kind) => {
                let op = Op { kind, many, site: op.site };
                self.op(at, many, OpKind::Try(op.into()))
            }
        }
    }

    /// `A | .b.c` is a path from A: one node, and absence stays absence.
    pub(super) fn pipe(&mut self, at: Place, left: &Tree, right: &Tree) -> Op {
        let left = self.lower(left);
        let right = self.lower(right);
        let many = left.many || right.many;
        match right.kind {
            OpKind::Path(base, steps) if matches!(base.kind, OpKind::Dot) && !steps.iter().any(uses_dot) => {
                self.append(at, left, steps.into_vec())
            }
            kind => {
                let right = Op { kind, many: right.many, site: right.site };
                self.op(at, many, OpKind::Pipe(left.into(), right.into()))
            }
        }
    }
}

/// Whether a step goes several ways: `.["a", "b"]`.
fn gives_many(step: &Step) -> bool {
    match &step.way {
        Way::Key(..) | Way::Item(_) => false,
        Way::Computed(key) => key.many,
        Way::Slice(from, to) => [from, to].into_iter().flatten().any(|bound| bound.many),
    }
}

/// Whether a step looks at the dot again, so that it cannot move to another base.
fn uses_dot(step: &Step) -> bool {
    match &step.way {
        Way::Key(..) | Way::Item(_) => false,
        Way::Computed(_) => true,
        Way::Slice(from, to) => from.is_some() || to.is_some(),
    }
}
