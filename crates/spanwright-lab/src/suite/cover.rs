//! What of a project its tests try: fields of maps, branches of flows, outcomes of effects, and the ways on which they fail.

use std::{cell::RefCell, collections::BTreeMap, fmt};

use spanwright_core::{
    desk::Happening,
    fact::{Ending, OutcomeKind, StopKind},
    interface::Repeat,
    plan::{Body, EffectPlan, Flow, Plan, Step, StepKind},
    run::Passed,
};
use spanwright_map::Mapping;
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
        plan.maps.iter().for_each(|map| coverage.map(&map.mapping));
        for flow in &plan.flows {
            coverage.steps(flow, &flow.steps);
            flow.effects.iter().for_each(|effect| coverage.effect(flow, effect));
        }
        coverage
    }

    fn add(&self, kind: Kind, of: impl Into<String>, what: impl Into<String>) {
        self.counts.borrow_mut().entry(Place { kind, of: of.into(), what: what.into() }).or_insert(0);
    }

    fn hit(&self, kind: Kind, of: &str, what: &str) {
        if let Some(count) = self.counts.borrow_mut().get_mut(&Place { kind, of: of.to_string(), what: what.to_string() }) {
            *count += 1;
        }
    }

    fn map(&self, mapping: &Mapping) {
        mapping.lineage().iter().for_each(|row| self.add(Kind::Field, &**mapping.name(), &*row.target));
    }

    fn steps(&self, flow: &Flow, steps: &[Step]) {
        for step in steps {
            let of = format!("{}.{}", flow.name, step.name);
            if step.when.is_some() || matches!(step.kind, StepKind::Only(_)) {
                ["true", "false"].iter().for_each(|truth| self.add(Kind::Branch, &of, *truth));
            }
            match &step.kind {
                StepKind::Map(mapping) => self.map(mapping),
                StepKind::Route(ways) => {
                    for (n, (_, steps)) in ways.iter().enumerate() {
                        self.add(Kind::Branch, &of, way(n));
                        self.steps(flow, steps);
                    }
                }
                StepKind::Each { steps, .. } => self.steps(flow, steps),
                StepKind::Fail(_) => self.add(Kind::Failure, &of, DEAD),
                StepKind::Only(_) | StepKind::Call(_) | StepKind::Send(_) | StepKind::Reply(_) => {}
            }
        }
    }

    fn effect(&self, flow: &Flow, effect: &EffectPlan) {
        let of = format!("{}.{}", flow.name, effect.node);
        effect.with.iter().for_each(|with| self.map(with));
        if let Body::Map(mapping) = &effect.body {
            self.map(mapping);
        }
        for outcome in [OutcomeKind::Delivered, OutcomeKind::Later, OutcomeKind::Unknown, OutcomeKind::Never] {
            self.add(Kind::Outcome, &of, word(outcome));
        }
        [RETRIED, DEAD].iter().for_each(|path| self.add(Kind::Failure, &of, *path));
        if effect.repeat == Repeat::Never {
            self.add(Kind::Failure, &of, UNCERTAIN);
        }
        if effect.undo.is_some() {
            self.add(Kind::Failure, &of, UNDONE);
        }
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

    /// A walk came by this.
    pub(super) fn passed(&self, flow: &str, passed: Passed<'_>) {
        match passed {
            Passed::Mapped(mapping, made) => self.mapped(mapping, made),
            Passed::Tested(step, truth) => self.hit(Kind::Branch, &format!("{flow}.{step}"), if truth { "true" } else { "false" }),
            Passed::Took(step, n) => self.hit(Kind::Branch, &format!("{flow}.{step}"), &way(n)),
        }
    }

    /// This happened.
    pub(super) fn happened(&self, happening: &Happening) {
        match happening {
            Happening::Attempt(attempt) => {
                let of = format!("{}.{}", attempt.flow, attempt.node);
                self.hit(Kind::Outcome, &of, word(attempt.outcome));
                if attempt.outcome == OutcomeKind::Delivered && attempt.n > 1 {
                    self.hit(Kind::Failure, &of, RETRIED);
                }
            }
            Happening::Ended { flow, ending: Ending::Stopped(stopped), .. } => {
                let of = format!("{flow}.{}", stopped.node);
                self.hit(Kind::Failure, &of, if stopped.kind == StopKind::Dead { DEAD } else { UNCERTAIN });
            }
            _ => {}
        }
    }

    /// An undo was asked for.
    pub(super) fn undone(&self, flow: &str, step: &str) {
        self.hit(Kind::Failure, &format!("{flow}.{step}"), UNDONE);
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

const RETRIED: &str = "delivered after a retry";
const DEAD: &str = "dead letter";
const UNCERTAIN: &str = "uncertain";
const UNDONE: &str = "undone";

fn way(n: usize) -> String {
    format!("way {}", n + 1)
}

fn word(outcome: OutcomeKind) -> &'static str {
    match outcome {
        OutcomeKind::Delivered => "delivered",
        OutcomeKind::Later => "later",
        OutcomeKind::Unknown => "unknown",
        OutcomeKind::Never => "never",
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
