//! What the facts so far amount to.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use spanwright_core::fact::{
    EffectKey, EffectState, GateRow, Item, MessageFile, Moment, NodeName, PlanBundle, PlanId, Print, Root, RunId, SourceRow, StopKind, Way,
};

/// Folded from the facts.
#[derive(Debug, Default)]
pub struct State {
    pub boot: u32,
    pub exchange_last: i64,
    /// Batches under one key whose exchange has not ended: queue and members.
    pub bundles: BTreeMap<i64, (Arc<str>, Vec<EffectKey>)>,
    /// Run, plan and message numbers are places from 1.
    pub plans: Vec<PlanBundle>,
    pub runs: Vec<Run>,
    pub active: BTreeSet<RunId>,
    pub parked: BTreeSet<RunId>,
    /// By (scope, key): the last print.
    pub seen: HashMap<(Arc<str>, Arc<str>), Option<Print>>,
    /// By (source, key): the last run about that record.
    pub last_about: HashMap<(Arc<str>, Arc<str>), RunId>,
    pub sources: BTreeMap<Arc<str>, SourceRow>,
    pub gates: BTreeMap<Arc<str>, GateRow>,
}

/// A run and its effects.
#[derive(Debug)]
pub struct Run {
    pub root: Root,
    pub flow: Arc<str>,
    pub plan: PlanId,
    pub message: Arc<MessageFile>,
    pub place: Place,
    pub effects: BTreeMap<(NodeName, Item, Way), Effect>,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Active,
    Parked,
    /// Done or skipped.
    Finished,
    Stopped(StopKind),
    Discarded,
}

/// An effect, its queue and its lane.
#[derive(Debug)]
pub struct Effect {
    pub state: EffectState,
    pub queue: Option<Arc<str>>,
    pub lane: u64,
}

/// The row with this number, from 1.
pub fn at<T>(rows: &[T], number: i64) -> Option<&T> {
    usize::try_from(number - 1).ok().and_then(|at| rows.get(at))
}

impl State {
    pub fn run(&self, run: RunId) -> Option<&Run> {
        at(&self.runs, run.0)
    }

    pub fn run_mut(&mut self, run: RunId) -> Option<&mut Run> {
        usize::try_from(run.0 - 1).ok().and_then(|at| self.runs.get_mut(at))
    }

    pub fn plan_of(&self, hash: &Print) -> Option<PlanId> {
        self.plans.iter().position(|plan| plan.hash == *hash).map(|at| PlanId(at as i64 + 1))
    }

    /// Puts a run in its place, and keeps the sets of open ones.
    pub fn place(&mut self, run: RunId, place: Place) {
        self.active.remove(&run);
        self.parked.remove(&run);
        match place {
            Place::Active => self.active.insert(run),
            Place::Parked => self.parked.insert(run),
            Place::Finished | Place::Stopped(_) | Place::Discarded => false,
        };
        if let Some(row) = self.run_mut(run) {
            row.place = place;
        }
    }

    pub fn newer(&self, run: RunId) -> bool {
        let last = self.run(run).and_then(|row| {
            let key = row.message.key.clone()?;
            self.last_about.get(&(row.message.source.clone(), key))
        });
        last.is_some_and(|&last| last > run)
    }
}

impl Run {
    pub fn is_open(&self) -> bool {
        match self.place {
            Place::Active | Place::Parked => true,
            Place::Finished | Place::Stopped(_) | Place::Discarded => false,
        }
    }

    /// The owed effects of a queue: when each is due.
    pub fn owed_in<'r>(&'r self, queue: &'r str) -> impl Iterator<Item = (Moment, &'r EffectState)> {
        self.effects
            .values()
            .filter(move |effect| effect.queue.as_deref() == Some(queue))
            .filter_map(|effect| Some((effect.owed()?, &effect.state)))
    }
}

impl Effect {
    /// When it is due, where it is owed.
    pub fn owed(&self) -> Option<Moment> {
        use spanwright_core::fact::Phase;
        match self.state.phase {
            Phase::Owed { due } => Some(due),
            Phase::Started { .. } | Phase::Done(_) | Phase::Unchanged | Phase::Superseded | Phase::Uncertain(_) | Phase::Dead(_) => None,
        }
    }
}
