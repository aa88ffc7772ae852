//! What of a project its tests try: fields of maps, branches of flows, outcomes of effects, and the ways on which they fail.

mod places;

use std::{cell::RefCell, collections::BTreeMap, fmt};

use spanwright_core::{
    codes::NOT_READY,
    desk::Happening,
    fact::{Ending, OutcomeKind, StopKind, Stopped},
    plan::Plan,
    run::Passed,
};
use spanwright_map::{Fork, Mapping};
use spanwright_shape::{json, room::Room, value::Value};

/// The four kinds of things that tests can try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A target field that was written.
    Field,
    /// A way that was taken.
    Branch,
    /// An outcome of an effect.
    Outcome,
    /// A way on which it fails.
    Failure,
}

/// All of them, in the order of reports.
pub const KINDS: [Kind; 4] = [Kind::Field, Kind::Branch, Kind::Outcome, Kind::Failure];

impl Kind {
    /// In the plural.
    pub fn words(self) -> &'static str {
        match self {
            Kind::Field => "fields",
            Kind::Branch => "branches",
            Kind::Outcome => "outcomes",
            Kind::Failure => "failure paths",
        }
    }
}

/// One thing that tests can try.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Its kind.
    pub kind: Kind,
    /// The map, or `flow.step`.
    pub of: String,
    /// The field, the way, the outcome.
    pub what: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.of, self.what)
    }
}

/// How often each was tried.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    counts: RefCell<BTreeMap<Place, u64>>,
}

impl Coverage {
    /// Everything that there is in a plan, not tried yet.
    pub fn of(plan: &Plan) -> Coverage {
        let coverage = Coverage::default();
        places::all(plan, &coverage);
        coverage
    }

    fn add(&self, kind: Kind, of: impl Into<String>, what: impl Into<String>) {
        self.counts.borrow_mut().entry(Place { kind, of: of.into(), what: what.into() }).or_insert(0);
    }

    fn hit(&self, kind: Kind, of: &str, what: &str) {
        self.finds(kind, of, what);
    }

    /// The same, and whether there is such a place.
    fn finds(&self, kind: Kind, of: &str, what: &str) -> bool {
        let mut counts = self.counts.borrow_mut();
        let place = counts.get_mut(&Place { kind, of: of.to_string(), what: what.to_string() });
        place.map(|count| *count += 1).is_some()
    }

    /// A map made this.
    pub(super) fn mapped(&self, mapping: &Mapping, made: &[u8]) {
        let room = Room::new();
        let Ok(value) = json::read(made, &room) else { return };
        for row in mapping.lineage() {
            let steps: Vec<&str> = row.target.split('.').collect();
            if is_there(&value, &steps) {
                self.hit(Kind::Field, mapping.name(), &row.target);
            }
        }
    }

    /// A field of a map went this way.
    pub(super) fn forked(&self, mapping: &Mapping, target: &str, fork: Fork<'_>) {
        if !self.finds(places::kind(&fork), mapping.name(), &format!("{target}: {fork}")) {
            self.hit(Kind::Branch, mapping.name(), &format!("{target}: {}", places::SOME_ROW));
        }
    }

    /// A walk came by this.
    pub(super) fn passed(&self, flow: &str, passed: Passed<'_>) {
        let hit = |kind: Kind, step: &str, what: &str| self.hit(kind, &format!("{flow}.{step}"), what);
        match passed {
            Passed::Mapped(mapping, made) => self.mapped(mapping, made),
            Passed::Forked(mapping, target, fork) => self.forked(mapping, target, fork),
            Passed::Decided(condition, truth) => self.hit(Kind::Branch, flow, &Fork::If(condition, truth).to_string()),
            Passed::Tested(step, truth) => hit(Kind::Branch, step, places::truth(truth)),
            Passed::Took(step, n) => hit(Kind::Branch, step, &places::way(n)),
            Passed::Told(step, happened) => hit(Kind::Failure, step, if happened { places::ASKED_YES } else { places::ASKED_NO }),
            Passed::Ready(step, ready) => hit(Kind::Branch, step, if ready { places::READY } else { places::NOT_READY }),
            Passed::Forgiven(step) => hit(Kind::Failure, step, places::FORGIVEN),
            Passed::Kept(step) => hit(Kind::Failure, step, places::KEPT),
        }
    }

    /// This happened.
    pub(super) fn happened(&self, happening: &Happening) {
        match happening {
            Happening::Taken { took, .. } => self.taken(took.source.rsplit_once('.').map_or("", |(flow, _)| flow), true),
            Happening::Attempt(attempt) => {
                let of = format!("{}.{}", attempt.flow, attempt.node);
                self.hit(Kind::Outcome, &of, places::word(attempt.outcome));
                if attempt.outcome == OutcomeKind::Delivered && attempt.n > 1 {
                    self.hit(Kind::Failure, &of, places::RETRIED);
                }
            }
            Happening::Ended { flow, ending: Ending::Stopped(stopped) | Ending::SetAside(stopped), .. } => self.stopped(flow, stopped),
            _ => {}
        }
    }

    fn stopped(&self, flow: &str, stopped: &Stopped) {
        let of = format!("{flow}.{}", stopped.node);
        self.hit(Kind::Failure, &of, if stopped.kind == StopKind::Dead { places::DEAD } else { places::UNCERTAIN });
        if stopped.failure.code.id == NOT_READY.id {
            self.hit(Kind::Failure, &of, places::NEVER_READY);
        }
    }

    /// `when:` of a source took a message, or left it out.
    pub(super) fn taken(&self, flow: &str, taken: bool) {
        self.hit(Kind::Branch, flow, if taken { places::TAKEN } else { places::LEFT_OUT });
    }

    /// An undo was asked for.
    pub(super) fn undone(&self, flow: &str, step: &str) {
        self.hit(Kind::Failure, &format!("{flow}.{step}"), places::UNDONE);
    }

    /// (tried, all) of a kind.
    pub fn share(&self, kind: Kind) -> (usize, usize) {
        let counts = self.counts.borrow();
        let of_kind = || counts.iter().filter(move |(place, _)| place.kind == kind);
        (of_kind().filter(|(_, count)| **count > 0).count(), of_kind().count())
    }

    /// Of all kinds together, in percent, rounded down; 100 where there is nothing to try.
    pub fn percent(&self) -> u32 {
        let counts = self.counts.borrow();
        let tried = counts.values().filter(|count| **count > 0).count();
        u32::try_from((tried * 100).checked_div(counts.len()).unwrap_or(100)).unwrap_or(0)
    }

    /// What was not tried.
    pub fn missing(&self) -> Vec<Place> {
        self.counts.borrow().iter().filter(|(_, count)| **count == 0).map(|(place, _)| place.clone()).collect()
    }
}

/// Whether `a[].b` leads to something.
fn is_there(value: &Value<'_>, steps: &[&str]) -> bool {
    let Some((first, rest)) = steps.split_first() else { return true };
    let name = first.trim_end_matches("[]");
    let Some(inside) = value.get(name) else { return false };
    match (inside, first.ends_with("[]")) {
        (Value::List(items), true) if !rest.is_empty() => items.iter().any(|item| is_there(item, rest)),
        (inside, _) => is_there(&inside, rest),
    }
}
