//! Everything of a plan that tests can try, and the words for it.

use spanwright_core::{
    fact::OutcomeKind,
    interface::Repeat,
    plan::{Body, EffectPlan, Flow, IfDead, Plan, Source, Step, StepKind},
};
use spanwright_map::{Fork, Mapping, Program};

use super::{Coverage, Kind};

/// A table of more rows than this counts as one row: it is a list of codes, and no list of decisions.
pub const TABLE_ROWS_MOST: usize = 50;

pub const RETRIED: &str = "delivered after a retry";
pub const DEAD: &str = "dead letter";
pub const UNCERTAIN: &str = "uncertain";
pub const UNDONE: &str = "undone";
pub const FORGIVEN: &str = "failed for good, and the flow goes on";
pub const ASKED_YES: &str = "asked after an unknown outcome: it happened";
pub const ASKED_NO: &str = "asked after an unknown outcome: it did not happen";
pub const KEPT: &str = "stopped behind it, and nothing is undone";
pub const NEVER_READY: &str = "never ready";
pub const READY: &str = "ready";
pub const NOT_READY: &str = "not ready, asked again";
pub const TAKEN: &str = "a message that is taken";
pub const LEFT_OUT: &str = "a message that is left out";
pub const SOME_ROW: &str = "a row of its table";

/// All of it.
pub fn all(plan: &Plan, to: &Coverage) {
    plan.maps.iter().for_each(|map| mapped(&map.mapping, to));
    for flow in &plan.flows {
        let places = Places { flow, to };
        flow.source.iter().for_each(|source| places.source(source));
        places.steps(&flow.steps);
        flow.effects.iter().for_each(|effect| places.effect(effect));
        if let IfDead::Steps(steps) = &flow.if_dead {
            places.steps(steps);
        }
    }
}

fn mapped(mapping: &Mapping, to: &Coverage) {
    let name: &str = mapping.name();
    mapping.lineage().iter().for_each(|row| to.add(Kind::Field, name, &*row.target));
    let mut rows = std::collections::BTreeMap::<String, usize>::new();
    let count = std::cell::RefCell::new(&mut rows);
    mapping.forks(&|target, fork| {
        if let Fork::Row(_) = fork {
            *count.borrow_mut().entry(target.to_string()).or_default() += 1;
        }
    });
    let is_long = |target: &str| rows.get(target).is_some_and(|rows| *rows > TABLE_ROWS_MOST);
    mapping.forks(&|target, fork| match fork {
        Fork::Row(_) if is_long(target) => to.add(Kind::Branch, name, format!("{target}: {SOME_ROW}")),
        fork => to.add(kind(&fork), name, format!("{target}: {fork}")),
    });
}

/// A flow, and where what can be tried of it is told.
struct Places<'p> {
    flow: &'p Flow,
    to: &'p Coverage,
}

impl Places<'_> {
    fn add(&self, kind: Kind, step: &str, what: &str) {
        self.to.add(kind, format!("{}.{step}", self.flow.name), what);
    }

    fn source(&self, source: &Source) {
        if source.when.is_some() {
            [TAKEN, LEFT_OUT].iter().for_each(|what| self.to.add(Kind::Branch, &*self.flow.name, *what));
        }
    }

    /// Conditions of an expression that stands in the flow itself.
    fn program(&self, program: &Program) {
        for condition in program.conditions() {
            let ways = [true, false].map(|truth| Fork::If(condition, truth).to_string());
            ways.into_iter().for_each(|way| self.to.add(Kind::Branch, &*self.flow.name, way));
        }
    }

    fn steps(&self, steps: &[Step]) {
        for step in steps {
            if step.when.is_some() || matches!(step.kind, StepKind::Only(_)) {
                [true, false].iter().for_each(|fact| self.add(Kind::Branch, &step.name, truth(*fact)));
            }
            step.when.iter().for_each(|when| self.program(when));
            match &step.kind {
                StepKind::Map(mapping) => mapped(mapping, self.to),
                StepKind::Route(ways) => {
                    for (n, (when, steps)) in ways.iter().enumerate() {
                        when.iter().for_each(|when| self.program(when));
                        self.add(Kind::Branch, &step.name, &way(n));
                        self.steps(steps);
                    }
                }
                StepKind::Each { items, steps } => {
                    self.program(items);
                    self.steps(steps);
                }
                StepKind::Fail(words) => {
                    self.program(words);
                    self.add(Kind::Failure, &step.name, DEAD);
                }
                StepKind::Only(test) => self.program(test),
                StepKind::Reply(reply) => {
                    reply.headers.iter().for_each(|headers| mapped(headers, self.to));
                    self.body(&reply.body);
                }
                StepKind::Call(_) | StepKind::Send(_) => {}
            }
        }
    }

    fn body(&self, body: &Body) {
        match body {
            Body::Map(mapping) => mapped(mapping, self.to),
            Body::Expr(program) => self.program(program),
            Body::None | Body::Whole => {}
        }
    }

    fn effect(&self, effect: &EffectPlan) {
        for asked in effect.all() {
            asked.with.iter().for_each(|with| mapped(with, self.to));
            self.body(&asked.body);
        }
        for outcome in [OutcomeKind::Delivered, OutcomeKind::Later, OutcomeKind::Unknown, OutcomeKind::Never] {
            self.add(Kind::Outcome, &effect.node, word(outcome));
        }
        self.add(Kind::Failure, &effect.node, RETRIED);
        let forgives = !matches!(effect.if_dead, IfDead::Letter);
        self.add(Kind::Failure, &effect.node, if forgives { FORGIVEN } else { DEAD });
        let paths = [
            (effect.repeat == Repeat::Never && !forgives, UNCERTAIN),
            (effect.undo.is_some(), UNDONE),
            (effect.if_unknown.is_some(), ASKED_YES),
            (effect.if_unknown.is_some(), ASKED_NO),
            (effect.pivot, KEPT),
            (effect.again.is_some() && !forgives, NEVER_READY),
        ];
        paths.iter().filter(|(is_there, _)| *is_there).for_each(|(_, path)| self.add(Kind::Failure, &effect.node, path));
        if let Some(again) = &effect.again {
            self.program(&again.until);
            [READY, NOT_READY].iter().for_each(|way| self.add(Kind::Branch, &effect.node, way));
        }
        if let IfDead::Steps(steps) = &effect.if_dead {
            self.steps(steps);
        }
    }
}

/// A value that is in no table and has no `otherwise:` is a failure.
pub fn kind(fork: &Fork<'_>) -> Kind {
    if matches!(fork, Fork::NoRow) { Kind::Failure } else { Kind::Branch }
}

pub fn way(n: usize) -> String {
    format!("way {}", n + 1)
}

pub fn truth(fact: bool) -> &'static str {
    if fact { "true" } else { "false" }
}

pub fn word(outcome: OutcomeKind) -> &'static str {
    match outcome {
        OutcomeKind::Delivered => "delivered",
        OutcomeKind::Later => "later",
        OutcomeKind::Unknown => "unknown",
        OutcomeKind::Never => "never",
    }
}
