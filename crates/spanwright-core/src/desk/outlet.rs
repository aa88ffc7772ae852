//! What of a queue waits for one system: what is ready, and what goes as it is. A step that was aimed at another system while messages
//! were open has two: neither waits for the other.

use std::collections::VecDeque;

use super::queue::Work;
use crate::{
    fact::{EffectKey, Moment},
    plan::{Batch, EffectPlan},
};

/// An outlet of a queue.
pub(super) struct Outlet {
    /// Its queue.
    pub queue: usize,
    /// The gate of its system.
    pub gate: usize,
    /// When a batch is worth sending; what goes in one request is what its own plan says.
    batch: Option<Batch>,
    /// How often what fits into a batch is halved: batches that fail as a whole may fail for one in them.
    narrow: u32,
    /// Ready since then; an entry whose effect is no longer ready is stale and skipped.
    ready: VecDeque<(Moment, EffectKey)>,
    ready_live: usize,
    /// Bytes of their bodies.
    ready_bytes: usize,
    /// The last one that was not let in.
    pub refused: Option<EffectKey>,
    splits: VecDeque<Vec<EffectKey>>,
}

impl Outlet {
    pub fn new(effect: &EffectPlan, queue: usize, gate: usize) -> Outlet {
        Outlet {
            queue,
            gate,
            batch: effect.batch.clone(),
            narrow: 0,
            ready: VecDeque::new(),
            ready_live: 0,
            ready_bytes: 0,
            refused: None,
            splits: VecDeque::new(),
        }
    }

    /// As many go together now, where a plan has this batch.
    pub fn most(&self, batch: Option<&Batch>) -> usize {
        let most = batch.map_or(1, |batch| batch.most);
        most.checked_shr(self.narrow).unwrap_or(0).max(1)
    }

    /// A batch failed as a whole, and nobody knows why.
    pub fn narrow(&mut self) {
        self.narrow = (self.narrow + 1).min(usize::BITS);
    }

    /// Something was delivered.
    pub fn widen(&mut self) {
        self.narrow = self.narrow.saturating_sub(1);
    }

    pub fn make_ready(&mut self, effect: EffectKey, bytes: usize, now: Moment) {
        self.ready.push_back((now, effect));
        self.ready_live += 1;
        self.ready_bytes += bytes;
    }

    /// An effect that was ready is no more; its entry stays and is skipped.
    pub fn no_longer_ready(&mut self, bytes: usize) {
        self.ready_live = self.ready_live.saturating_sub(1);
        self.ready_bytes = self.ready_bytes.saturating_sub(bytes);
    }

    /// The oldest ready entry, taken out. The caller tells whether it was stale.
    pub fn next_ready(&mut self) -> Option<(Moment, EffectKey)> {
        let next = self.ready.pop_front();
        if next.is_none() {
            (self.ready_live, self.ready_bytes) = (0, 0);
        }
        next
    }

    /// The ready entries, the oldest first.
    pub fn ready(&self) -> impl Iterator<Item = &EffectKey> {
        self.ready.iter().map(|(_, effect)| effect)
    }

    /// The same, the newest first.
    pub fn newest(&self) -> impl Iterator<Item = &EffectKey> {
        self.ready.iter().rev().map(|(_, effect)| effect)
    }

    /// The ready entry at this place goes next.
    pub fn move_up(&mut self, at: usize) {
        let entry = self.ready.remove(at);
        entry.into_iter().for_each(|entry| self.ready.push_front(entry));
    }

    pub fn put_back(&mut self, since: Moment, effect: EffectKey) {
        self.ready.push_front((since, effect));
    }

    pub fn split(&mut self, effects: Vec<EffectKey>) {
        let half = effects.len().div_ceil(2);
        let mut first = effects;
        let second = first.split_off(half);
        self.splits.extend([first, second].into_iter().filter(|part| !part.is_empty()));
    }

    /// What was taken apart and has not gone yet.
    pub fn split_off(&self) -> impl Iterator<Item = &EffectKey> {
        self.splits.iter().flatten()
    }

    /// These go again as they are, before anything else.
    pub fn again_together(&mut self, effects: Vec<EffectKey>) {
        self.splits.push_back(effects);
    }

    /// Bytes of what is ready.
    pub fn ready_bytes(&self) -> usize {
        self.ready_bytes
    }

    /// Hands work back that could not go.
    pub fn give_back(&mut self, effects: Vec<EffectKey>) {
        self.splits.push_front(effects);
    }

    /// What goes before all that is ready.
    pub fn next_split(&mut self) -> Option<Vec<EffectKey>> {
        self.splits.pop_front()
    }

    /// Effects in hand that could go as far as this outlet knows.
    pub fn could_go(&self) -> usize {
        self.ready_live + self.splits.iter().map(Vec::len).sum::<usize>()
    }

    /// What of the ready ones may go next.
    pub fn ready_work(&self, now: Moment) -> Work {
        let Some((since, _)) = self.ready.front().filter(|_| self.ready_live > 0) else { return Work::Nothing };
        match &self.batch {
            Some(batch) if self.ready_live < self.most(Some(batch)) && self.ready_bytes < batch.bytes => {
                let until = since.after(batch.wait);
                if until > now { Work::At(until) } else { Work::Ready }
            }
            _ => Work::Ready,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        desk::stage::call,
        fact::{RunId, Way, no_item},
        interface::{BulkKey, Repeat},
    };

    fn outlet() -> Outlet {
        Outlet::new(&call("node", Repeat::Keyed), 0, 0)
    }

    fn key(run: i64) -> EffectKey {
        EffectKey { run: RunId(run), node: "node".into(), item: no_item(), way: Way::Do }
    }

    #[test]
    fn a_refused_batch_is_split_until_one_is_left() {
        let mut outlet = outlet();
        outlet.split(vec![key(1), key(2), key(3)]);
        assert!(matches!(outlet.next_split(), Some(effects) if effects == vec![key(1), key(2)]));
        assert!(matches!(outlet.next_split(), Some(effects) if effects == vec![key(3)]));
    }

    #[test]
    fn a_batch_waits_for_others_and_not_for_ever() {
        let mut outlet = outlet();
        outlet.batch = Some(Batch { most: 2, bytes: 1000, wait: std::time::Duration::from_secs(1), key: BulkKey::PerRequest });
        outlet.make_ready(key(1), 10, Moment(0));
        assert!(matches!(outlet.ready_work(Moment(0)), Work::At(at) if at == Moment(1_000_000)));
        assert!(matches!(outlet.ready_work(Moment(1_000_000)), Work::Ready));
        outlet.make_ready(key(2), 10, Moment(5));
        assert!(matches!(outlet.ready_work(Moment(5)), Work::Ready), "so many");
        outlet.no_longer_ready(10);
        assert!(matches!(outlet.ready_work(Moment(5)), Work::At(_)));
        outlet.make_ready(key(3), 990, Moment(5));
        assert!(matches!(outlet.ready_work(Moment(5)), Work::Ready), "so large");
    }
}
