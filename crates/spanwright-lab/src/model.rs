//! A store of plain values: what a journal means, without SQL.
//!
//! It is a list of what was written with a synced length, and a state folded from it. A power cut drops what was not
//! synced and folds again. The simulator runs on it, and [`crate::conformance`] holds the other stores to its answers.

use std::sync::Arc;

use spanwright_core::alert::Trouble;
use spanwright_core::fact::{
    EffectKey, Fact, Forget, InLine, Letter, Moment, Old, Opening, PlanBundle, PlanId, Print, Receipt, RunFile, RunId, StoppedBundle,
    StoppedFilter, StoppedRun, Store, StoreFault, Tally, Turn,
};

mod answer;
mod apply;
mod state;

use state::State;

/// Keeps facts in memory.
#[derive(Debug, Default)]
pub struct ModelStore {
    log: Vec<Entry>,
    synced: usize,
    state: State,
}

#[derive(Debug)]
enum Entry {
    Facts(Vec<Fact>),
    Boot,
    Plan(PlanBundle),
    Tidied { now: Moment, before: Moment },
}

impl ModelStore {
    /// An empty one.
    pub fn new() -> ModelStore {
        ModelStore::default()
    }

    /// Writes without a sync: visible at once, and gone after a [`ModelStore::cut`] that comes before the next sync.
    pub fn write(&mut self, facts: &[Fact]) -> Vec<Receipt> {
        let receipts = self.state.apply_all(facts);
        self.log.push(Entry::Facts(facts.to_vec()));
        receipts
    }

    /// Whether a person's word that this was undone by hand would be remembered.
    pub fn waits_for_word(&self, undo: &EffectKey) -> bool {
        self.state.waits_for_word(undo)
    }

    /// What was written so far survives a power cut.
    pub fn sync(&mut self) {
        self.synced = self.log.len();
    }

    /// A power cut: what was not synced is gone.
    pub fn cut(&mut self) {
        if self.synced < self.log.len() {
            self.log.truncate(self.synced);
            self.fold();
        }
    }

    /// Every fact that was written and not lost, in order.
    pub fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.log.iter().flat_map(|entry| match entry {
            Entry::Facts(facts) => facts.as_slice(),
            Entry::Boot | Entry::Plan(_) | Entry::Tidied { .. } => &[],
        })
    }

    /// Builds the state from the log alone.
    pub fn fold(&mut self) {
        self.state = State::default();
        for entry in &self.log {
            match entry {
                Entry::Facts(facts) => drop(self.state.apply_all(facts)),
                Entry::Boot => self.state.boot += 1,
                Entry::Plan(plan) => self.state.plans.push(plan.clone()),
                Entry::Tidied { now, before } => self.state.tidy(*now, *before),
            }
        }
    }
}

impl Store for ModelStore {
    fn commit(&mut self, facts: &[Fact]) -> Result<Vec<Receipt>, StoreFault> {
        let receipts = self.write(facts);
        self.sync();
        Ok(receipts)
    }

    fn opening(&mut self) -> Result<Opening, StoreFault> {
        self.state.boot += 1;
        self.log.push(Entry::Boot);
        self.sync();
        Ok(self.state.opening())
    }

    fn plan(&mut self, plan: &PlanBundle) -> Result<PlanId, StoreFault> {
        if let Some(known) = self.state.plan_of(&plan.hash) {
            return Ok(known);
        }
        self.state.plans.push(plan.clone());
        self.log.push(Entry::Plan(plan.clone()));
        self.sync();
        Ok(PlanId(self.state.plans.len() as i64))
    }

    fn plan_bundle(&mut self, plan: PlanId) -> Result<Option<PlanBundle>, StoreFault> {
        Ok(state::at(&self.state.plans, plan.0).cloned())
    }

    fn active(&mut self, flow: &str, after: RunId, most: usize) -> Result<Vec<RunFile>, StoreFault> {
        Ok(self.state.active(flow, after, most))
    }

    fn due(&mut self, queue: &str, from: Turn, now: Moment, most: usize) -> Result<(Vec<RunFile>, Option<Turn>), StoreFault> {
        Ok(self.state.due(queue, from, now, most))
    }

    fn runs(&mut self, runs: &[RunId]) -> Result<Vec<RunFile>, StoreFault> {
        Ok(runs.iter().filter_map(|&run| self.state.file(run)).collect())
    }

    fn sent(&mut self, keys: &[(Arc<str>, Arc<str>)]) -> Result<Vec<Option<Print>>, StoreFault> {
        Ok(keys.iter().map(|key| self.state.seen.get(key).and_then(|row| row.print)).collect())
    }

    fn overtaken(&mut self, run: RunId) -> Result<bool, StoreFault> {
        Ok(self.state.overtaken(run))
    }

    fn letter(&mut self, message: u128) -> Result<Option<Letter>, StoreFault> {
        Ok(self.state.letter(message))
    }

    fn deaths(&mut self, flow: &str, since: Moment, most: usize) -> Result<Vec<Moment>, StoreFault> {
        Ok(self.state.deaths(flow, since, most))
    }

    fn is_within_a_round(&mut self, flow: &str) -> Result<bool, StoreFault> {
        Ok(self.state.is_within_a_round(flow))
    }

    fn in_line(&mut self, flow: &str) -> Result<Vec<InLine>, StoreFault> {
        Ok(self.state.in_line(flow))
    }

    fn stopped(&mut self, filter: &StoppedFilter, after: RunId, upto: RunId, most: usize) -> Result<Vec<StoppedRun>, StoreFault> {
        Ok(self.state.stopped(filter, after, upto, most))
    }

    fn bundles(&mut self, runs: &[RunId]) -> Result<Vec<StoppedBundle>, StoreFault> {
        Ok(self.state.bundles(runs))
    }

    fn troubles(&mut self, stuck: u32, most: usize) -> Result<Vec<Trouble>, StoreFault> {
        Ok(self.state.troubles(stuck, most))
    }

    fn tally(&mut self, flow: &str, upto: RunId) -> Result<Option<Tally>, StoreFault> {
        Ok(self.state.tally(flow, upto))
    }

    fn old(&mut self, what: Forget, after: RunId, before: Moment, window: usize) -> Result<Old, StoreFault> {
        Ok(self.state.old(what, after, before, window))
    }

    fn tidy(&mut self, now: Moment, before: Moment) -> Result<bool, StoreFault> {
        self.state.tidy(now, before);
        self.log.push(Entry::Tidied { now, before });
        self.sync();
        Ok(false)
    }
}
