//! What the facts so far amount to.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use spanwright_core::alert::{AlertRow, Cause};
use spanwright_core::desk::round::follows_rounds;
use spanwright_core::fact::{
    Chore, ChoreId, CutOff, EffectKey, EffectState, GateRow, Item, Letter, MessageFile, Moment, NodeName, Phase, PlanBundle, PlanId, Print,
    Root, RunId, SourceRow, StopKind, Way, is_newer,
};
use spanwright_shape::text::Code;

/// Folded from the facts.
#[derive(Debug, Default)]
pub struct State {
    pub boot: u32,
    /// The last life that ended with nothing on its way.
    pub rested: u32,
    pub cut_off: Option<CutOff>,
    pub exchange_last: i64,
    /// Undos that a person did by hand, until that is settled.
    pub undone: BTreeSet<EffectKey>,
    /// Runs of messages that people made of others.
    pub made_of_others: BTreeSet<RunId>,
    /// Of the runs that are opened again just now, those that stay after all.
    pub stay: HashSet<RunId>,
    /// When each exchange that has ended was, and its calls.
    pub exchanges: BTreeMap<i64, (Moment, u32)>,
    /// Batches under one key whose exchange has not ended: queue and members.
    pub bundles: BTreeMap<i64, (Arc<str>, Vec<EffectKey>)>,
    /// Run, plan and message numbers are places from 1.
    pub plans: Vec<PlanBundle>,
    pub runs: Vec<Run>,
    pub active: BTreeSet<RunId>,
    pub parked: BTreeSet<RunId>,
    /// By (scope, key).
    pub seen: HashMap<(Arc<str>, Arc<str>), SeenRow>,
    pub chores: BTreeMap<ChoreId, Chore>,
    /// When each source moved last.
    pub moved: BTreeMap<Arc<str>, Moment>,
    /// So many runs came before the clock was set back.
    pub set_back: usize,
    pub sources: BTreeMap<Arc<str>, SourceRow>,
    pub gates: BTreeMap<Arc<str>, GateRow>,
    pub alerts: BTreeMap<(Arc<str>, Cause), AlertRow>,
}

/// What was seen under a key.
#[derive(Clone, Copy, Debug)]
pub struct SeenRow {
    pub print: Option<Print>,
    /// The run that took it; 0 where nothing was taken.
    pub run: RunId,
    pub until: Moment,
}

/// A run and its effects.
#[derive(Debug)]
pub struct Run {
    pub root: Root,
    pub flow: Arc<str>,
    pub plan: PlanId,
    pub message: Arc<MessageFile>,
    pub place: Place,
    /// When it came, or ended, or went on.
    pub changed: Moment,
    /// A person has seen that it stopped.
    pub acknowledged: bool,
    /// Why it stopped: the step and the code.
    pub stopped: Option<(NodeName, &'static Code)>,
    pub effects: BTreeMap<(NodeName, Item, Way), Effect>,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Active,
    Parked,
    Done,
    Skipped,
    Stopped(StopKind),
    Discarded,
    /// Nothing is known of it any more.
    Forgotten,
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
        at(&self.runs, run.0).filter(|row| row.place != Place::Forgotten)
    }

    pub fn run_mut(&mut self, run: RunId) -> Option<&mut Run> {
        let known = usize::try_from(run.0 - 1).ok().and_then(|at| self.runs.get_mut(at));
        known.filter(|row| row.place != Place::Forgotten)
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
            Place::Done | Place::Skipped | Place::Stopped(_) | Place::Discarded | Place::Forgotten => false,
        };
        if let Some(row) = self.run_mut(run) {
            row.place = place;
        }
    }

    /// Every run that is known, ascending.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = (RunId, &Run)> {
        (1..=self.runs.len() as i64).filter_map(|run| Some((RunId(run), self.run(RunId(run))?)))
    }

    /// The run of a message.
    pub fn by_id(&self, message: u128) -> Option<RunId> {
        self.all().rev().find(|(_, row)| row.message.id == message).map(|(run, _)| run)
    }

    /// What whoever would bring it back wants to see.
    pub fn letter(&self, message: u128) -> Option<Letter> {
        let run = self.by_id(message)?;
        let stopped = self.run(run).is_some_and(|row| matches!(row.place, Place::Stopped(_)));
        let bundle = if stopped { self.bundles(&[run]).pop() } else { None };
        Some(Letter { file: self.file(run)?, stopped, overtaken: self.overtaken(run), bundle })
    }

    /// A newer state of its record went on in its flow.
    pub fn overtaken(&self, run: RunId) -> bool {
        self.all().any(|(other, _)| self.overtakes(other, run))
    }

    /// One run is a newer state of another one's record, and went on.
    fn overtakes(&self, one: RunId, other: RunId) -> bool {
        let (Some(newer), Some(older)) = (self.run(one), self.run(other)) else { return false };
        let record = |row: &Run| (row.message.key.clone(), row.message.source.clone(), row.flow.clone());
        let about_the_same = one != other && newer.message.key.is_some() && record(newer) == record(older);
        let version = |row: &Run| row.message.version.clone();
        about_the_same && newer.went_on() && is_newer((version(newer).as_deref(), one.0), (version(older).as_deref(), other.0))
    }

    /// The end of a round behind which the next one has not been counted yet.
    pub fn bounds_a_round(&self, run: RunId) -> bool {
        let Some(end) = self.run(run).filter(|row| follows_rounds(&row.flow)) else { return false };
        let place = |run, row: &Run| (row.message.received, run);
        let later = self.all().filter(|(other, row)| row.message.source == end.message.source && place(*other, row) > place(run, end));
        let next = later.min_by_key(|(other, row)| place(*other, row));
        !next.is_some_and(|(_, row)| matches!(row.place, Place::Done | Place::Skipped | Place::Discarded))
    }

    /// Without it a dead letter of its record would go over what it did.
    pub fn overtakes_a_dead_letter(&self, run: RunId) -> bool {
        let mut all = self.all().filter(|(_, row)| matches!(row.place, Place::Stopped(_)));
        let done_since = || self.all().any(|(other, row)| !row.is_open() && self.overtakes(other, run));
        all.any(|(dead, _)| self.overtakes(run, dead)) && !done_since()
    }
}

impl Run {
    pub fn is_open(&self) -> bool {
        match self.place {
            Place::Active | Place::Parked => true,
            Place::Done | Place::Skipped | Place::Stopped(_) | Place::Discarded | Place::Forgotten => false,
        }
    }

    pub fn is_stopped(&self) -> bool {
        matches!(self.place, Place::Stopped(_))
    }

    /// It did something to its record, or will.
    fn went_on(&self) -> bool {
        match self.place {
            Place::Active | Place::Parked | Place::Done | Place::Skipped => true,
            Place::Stopped(_) | Place::Discarded => {
                self.effects.iter().any(|((_, _, way), effect)| *way == Way::Do && happened(&effect.state.phase))
            }
            Place::Forgotten => false,
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

fn happened(phase: &Phase) -> bool {
    match phase {
        Phase::Started { .. } | Phase::Done(_) | Phase::Unchanged | Phase::Uncertain(_) => true,
        Phase::Owed { .. } | Phase::Superseded | Phase::Dead(_) => false,
    }
}

impl Effect {
    /// What was answered is forgotten; that it was done is not.
    pub fn forget_answer(&mut self) {
        if let Phase::Done(Some(answer)) = &mut self.state.phase {
            *answer = Arc::from([]);
        }
    }

    /// When it is due, where it is owed.
    pub fn owed(&self) -> Option<Moment> {
        match self.state.phase {
            Phase::Owed { due } => Some(due),
            Phase::Started { .. } | Phase::Done(_) | Phase::Unchanged | Phase::Superseded | Phase::Uncertain(_) | Phase::Dead(_) => None,
        }
    }
}
