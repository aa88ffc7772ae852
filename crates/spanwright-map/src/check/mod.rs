//! What is known of an expression before it runs: shapes, how many results, what it reads.
//!
//! Inside an expression the typing is *success typing*: an error only where no value of the given shapes can work, or
//! where jq would be forgiving in silence (null as an operand, a comparison that is never true, a default on a flag).
//! Where a shape is [`Shape::Any`], nothing is said. Conditions refine: behind `if .Phone then`, `.X // d`,
//! `select(.Type == "BILL")` and `values` the shapes are what they must be there.
//!
//! Lineage is sound: changing anything that is not in `reads` cannot change the result. A path that is only stepped
//! through is not read; whatever is looked at, put into a list or given out is.

mod binary;
mod call;
mod forms;
pub mod lattice;
mod narrow;
mod path;
mod results;
mod see;

use std::{collections::BTreeSet, sync::Arc};

use spanwright_shape::{
    shape::{ShapeId, Shapes},
    text::{Code, Problem, Problems, Scalar, Weight},
};

use crate::{
    op::{Op, Site},
    program::Count,
};

/// What is known of a value.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its shape, where it is there.
    pub shape: ShapeId,
    /// Whether it may be absent: null inside the expression, nothing at its end.
    pub absent: bool,
    /// How many there are.
    pub count: Count,
    /// The source paths that it is a copy of.
    pub paths: Vec<Arc<str>>,
    /// What conditions around it say of the paths below it: not in its shape yet, since most are never gone down.
    pub known: Vec<narrow::Known>,
}

/// What an expression may see.
#[derive(Debug)]
pub struct Sight<'s> {
    /// The arena.
    pub shapes: &'s mut Shapes,
    /// The dot.
    pub dot: Seen,
    /// Names without their `$`.
    pub names: Vec<(Arc<str>, Seen)>,
    /// The zone of times that carry none.
    pub zone: Option<Arc<str>>,
}

/// The checker of one expression.
pub struct Checker<'c> {
    /// The arena.
    pub shapes: &'c mut Shapes,
    text: &'c Scalar,
    sites: &'c mut [Site],
    names: Vec<(Arc<str>, Seen)>,
    locals: Vec<Seen>,
    to: Problems,
    reads: BTreeSet<Arc<str>>,
    can_fail: bool,
    /// The node that is looked at, for problems of functions.
    here: u32,
}

/// What a whole expression gives.
#[derive(Debug)]
pub struct Verdict {
    /// Its value.
    pub seen: Seen,
    /// What it reads.
    pub reads: Vec<Arc<str>>,
    /// Whether it can fail.
    pub can_fail: bool,
}

/// Checks a whole expression.
pub fn check(text: &Scalar, op: &Op, sites: &mut [Site], sight: &mut Sight<'_>, to: &mut Problems) -> Verdict {
    let dot = sight.dot.clone();
    let names = sight.names.clone();
    let mut checker = Checker {
        shapes: sight.shapes,
        text,
        sites,
        names,
        locals: Vec::new(),
        to: Problems::new(),
        reads: BTreeSet::new(),
        can_fail: false,
        here: op.site,
    };
    let seen = checker.see(op, &dot);
    checker.read(&seen);
    let Checker { to: found, reads, can_fail, .. } = checker;
    found.iter().for_each(|problem| to.push(problem.clone()));
    let reads = reads.into_iter().map(|path| if path.is_empty() { Arc::from(".") } else { path }).collect();
    Verdict { seen, reads, can_fail }
}

impl Checker<'_> {
    /// The shape as an operand: what may be absent may be null.
    fn value(&mut self, seen: &Seen) -> ShapeId {
        if seen.absent { self.shapes.or_null(seen.shape) } else { seen.shape }
    }

    /// The value as the dot of what follows.
    fn as_dot(&mut self, seen: &Seen) -> Seen {
        Seen { shape: self.value(seen), absent: false, count: Count::One, paths: seen.paths.clone(), known: Vec::new() }
    }

    fn made(shape: ShapeId) -> Seen {
        Seen { shape, absent: false, count: Count::One, paths: Vec::new(), known: Vec::new() }
    }

    fn read(&mut self, seen: &Seen) {
        self.reads.extend(seen.paths.iter().cloned());
    }

    /// The text of a node, as it is written.
    fn written(&self, op: &Op) -> String {
        let site = &self.sites[op.site as usize];
        let text = self.text.text.get(site.from as usize..site.to as usize).unwrap_or_default();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn report(&mut self, code: &'static Code, weight: Weight, site: u32, says: String, help: String) {
        let site = &self.sites[site as usize];
        let at = self.text.place(site.from as usize, site.to as usize);
        // One place says one thing once: a node in a form can be seen twice.
        if !self.to.iter().any(|problem| problem.at == Some(at) && problem.code == code) {
            self.to.push(Problem { code, weight, at: Some(at), says, help: Some(help) });
        }
    }

    fn error(&mut self, code: &'static Code, site: u32, says: impl Into<String>, help: impl Into<String>) {
        self.report(code, Weight::Error, site, says.into(), help.into());
    }

    fn warning(&mut self, code: &'static Code, site: u32, says: impl Into<String>, help: impl Into<String>) {
        self.report(code, Weight::Warning, site, says.into(), help.into());
    }
}

/// How many results two in a row give.
fn then(first: Count, second: Count) -> Count {
    first.max(second)
}
