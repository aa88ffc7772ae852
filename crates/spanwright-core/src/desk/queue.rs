//! One queue an effect node of a flow: what is ready, what waits for an older state of its record, what must go again as it went.
//!
//! **Lanes.** Effects of one record stand in a line, oldest first; only the head may go. **Bundles.** After an unknown
//! outcome of a request with one key, its items are glued: they go again together, in the same order, under the same
//! key. A bundle of which one is over is apart: none of it goes again. **Splits.** A batch that was refused as a whole goes again in halves until the bad item stands alone.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

use crate::{
    fact::{EffectKey, ExchangeId, Moment, RunId, Turn, Way, no_item},
    plan::{Batch, EffectPlan},
};

/// A queue.
pub(super) struct Queue {
    pub name: Arc<str>,
    pub gate: usize,
    /// Its flow.
    pub account: usize,
    /// When a batch of today's plan is worth sending; what goes in one request is what its own plan says.
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
    lanes: HashMap<u64, VecDeque<EffectKey>>,
    bundles: BTreeMap<ExchangeId, Bundle>,
    /// The bundle of each that one waits for.
    glue_of: BTreeMap<EffectKey, ExchangeId>,
    /// Bundles of which one is over: the others do not go again.
    apart: BTreeSet<ExchangeId>,
    /// Effects that an earlier life sent together, and the exchange it did it in.
    bound: BTreeMap<EffectKey, ExchangeId>,
    /// Exchanges of an earlier life that have not ended in the journal.
    noted: BTreeSet<ExchangeId>,
    splits: VecDeque<Vec<EffectKey>>,
    /// In hand, and waiting for their next try.
    later: BTreeMap<(Moment, EffectKey), ()>,
    /// The first parked effect that is not in hand.
    parked: Option<Turn>,
    pub fetching: bool,
    /// Runs that were fetched for it and are not walked yet.
    walking: usize,
}

/// Effects that must go again together.
#[derive(Default)]
struct Bundle {
    wanted: BTreeSet<EffectKey>,
    here: BTreeSet<EffectKey>,
}

/// What may go next.
pub(super) enum Work {
    /// Exactly these, in this order.
    Together(Vec<EffectKey>),
    /// None of these: one that they went with is over.
    Apart(ExchangeId, Vec<EffectKey>),
    /// As many of the ready ones as fit.
    Ready,
    /// Nothing before then.
    At(Moment),
    /// Nothing.
    Nothing,
}

impl Queue {
    pub fn new(effect: &EffectPlan, gate: usize, account: usize) -> Queue {
        Queue {
            name: effect.queue.clone(),
            gate,
            account,
            batch: effect.batch.clone(),
            narrow: 0,
            ready: VecDeque::new(),
            ready_live: 0,
            ready_bytes: 0,
            refused: None,
            lanes: HashMap::new(),
            bundles: BTreeMap::new(),
            glue_of: BTreeMap::new(),
            apart: BTreeSet::new(),
            bound: BTreeMap::new(),
            noted: BTreeSet::new(),
            splits: VecDeque::new(),
            later: BTreeMap::new(),
            parked: None,
            fetching: false,
            walking: 0,
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

    /// Puts an effect at the end of its lane, unless it stands there; says whether it is at its head.
    pub fn line_up(&mut self, lane: u64, effect: &EffectKey) -> bool {
        if lane == 0 {
            return true;
        }
        let line = self.lanes.entry(lane).or_default();
        if !line.contains(effect) {
            line.push_back(effect.clone());
        }
        line.front() == Some(effect)
    }

    /// The others of its lane, those that came first before the others.
    pub fn lane_mates(&self, lane: u64, effect: &EffectKey) -> Vec<EffectKey> {
        let Some(line) = self.lanes.get(&lane).filter(|line| line.len() > 1) else { return Vec::new() };
        line.iter().filter(|mate| *mate != effect).cloned().collect()
    }

    /// Takes a settled effect out of its lane; the next head, where there is a new one.
    pub fn leave_lane(&mut self, lane: u64, effect: &EffectKey) -> Option<EffectKey> {
        let line = self.lanes.get_mut(&lane)?;
        let was_head = line.front() == Some(effect);
        line.retain(|mate| mate != effect);
        if line.is_empty() {
            self.lanes.remove(&lane);
            return None;
        }
        if was_head { line.front().cloned() } else { None }
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

    /// The ready entry at this place goes next.
    pub fn move_up(&mut self, at: usize) {
        let entry = self.ready.remove(at);
        entry.into_iter().for_each(|entry| self.ready.push_front(entry));
    }

    pub fn put_back(&mut self, since: Moment, effect: EffectKey) {
        self.ready.push_front((since, effect));
    }

    pub fn wait_until(&mut self, due: Moment, effect: EffectKey) {
        self.later.insert((due, effect), ());
    }

    /// Effects in hand that are due.
    pub fn now_due(&mut self, now: Moment) -> Vec<EffectKey> {
        let mut due = Vec::new();
        while let Some(((at, _), ())) = self.later.first_key_value() {
            if *at > now {
                break;
            }
            due.extend(self.later.pop_first().map(|((_, effect), ())| effect));
        }
        due
    }

    pub fn next_due(&self) -> Option<Moment> {
        self.later.first_key_value().map(|((at, _), ())| *at)
    }

    pub fn parked_until(&mut self, due: Moment) {
        let turn = Turn::first_of(due);
        self.parked = Some(self.parked.map_or(turn, |have| have.min(turn)));
    }

    /// What was asked for is here: all of it before `next`, and what was parked meanwhile may stand before that.
    pub fn fetched(&mut self, next: Option<Turn>) {
        self.fetching = false;
        self.parked = self.parked.into_iter().chain(next).min();
    }

    /// Where the next of the parked ones is fetched from; with [`Queue::fetch_from`] they count as asked for.
    pub fn parked(&self) -> Option<Turn> {
        self.parked
    }

    pub fn fetch_from(&mut self) -> Option<Turn> {
        self.fetching = true;
        self.parked.take()
    }

    /// A run is here that was fetched for it; a walk says what it owes.
    pub fn is_walked(&mut self) {
        self.walking += 1;
    }

    /// It was walked, or let go.
    pub fn was_walked(&mut self) {
        self.walking = self.walking.saturating_sub(1);
    }

    /// Effects in hand that could go as far as this queue knows: ready ones, those that go again together, and those of
    /// runs that were fetched for it and are still walked.
    pub fn could_go(&self) -> usize {
        let together = self.splits.iter().map(Vec::len).chain(self.bundles.values().map(|bundle| bundle.here.len()));
        self.ready_live + self.walking + together.sum::<usize>()
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

    /// These effects share this glue.
    pub fn glue(&mut self, glue: ExchangeId, members: impl IntoIterator<Item = EffectKey>) {
        let bundle = self.bundles.entry(glue).or_default();
        for member in members {
            self.glue_of.insert(member.clone(), glue);
            bundle.wanted.insert(member);
        }
    }

    /// An earlier life left it glued, or was asking it together with others when it ended.
    /// A later glue takes the place of an earlier one.
    pub fn bind(&mut self, glue: ExchangeId, effect: &EffectKey) {
        if let Some(earlier) = self.bound.insert(effect.clone(), glue).filter(|earlier| *earlier != glue) {
            self.unglue(earlier, effect);
        }
        self.glue(glue, [effect.clone()]);
    }

    fn unglue(&mut self, glue: ExchangeId, effect: &EffectKey) {
        if self.glue_of.get(effect) == Some(&glue) {
            self.glue_of.remove(effect);
        }
        if let Some(bundle) = self.bundles.get_mut(&glue) {
            bundle.wanted.remove(effect);
            bundle.here.remove(effect);
            if bundle.wanted.is_empty() {
                self.bundles.remove(&glue);
                self.apart.remove(&glue);
            }
        }
    }

    /// They go again under the same number: the journal has their composition under it.
    pub fn again_bound(&mut self, exchange: ExchangeId, effects: Vec<EffectKey>) {
        self.bound.extend(effects.iter().map(|effect| (effect.clone(), exchange)));
        self.splits.push_back(effects);
    }

    /// What an effect is bound to.
    pub fn bound_to(&self, effect: &EffectKey) -> Option<ExchangeId> {
        self.bound.get(effect).copied()
    }

    /// They go: under the number of the exchange that they were in, where an earlier life had begun it.
    pub fn unbind(&mut self, effects: &[EffectKey]) -> Option<ExchangeId> {
        let exchange = effects.first().and_then(|effect| self.bound_to(effect));
        exchange.iter().for_each(|exchange| {
            self.noted.remove(exchange);
        });
        effects.iter().for_each(|effect| {
            self.bound.remove(effect);
        });
        exchange
    }

    /// One of them is due and here.
    pub fn bundle_has(&mut self, glue: ExchangeId, effect: EffectKey) {
        self.glue(glue, [effect.clone()]);
        self.bundles.entry(glue).or_default().here.insert(effect);
    }

    /// An earlier life had noted it before it was asked, and its end is not in the journal.
    pub fn is_noted(&mut self, exchange: ExchangeId) {
        self.noted.insert(exchange);
    }

    /// Its end is told to the journal, where an earlier life had noted its begin.
    pub fn ends_noted(&mut self, exchange: ExchangeId) -> bool {
        self.noted.remove(&exchange)
    }

    /// One that went in this exchange is over: none of the others goes again. Whose they are.
    pub fn comes_apart(&mut self, glue: ExchangeId) -> impl Iterator<Item = RunId> {
        let bundle = self.bundles.get(&glue);
        self.apart.extend(bundle.map(|_| glue));
        bundle.into_iter().flat_map(|bundle| bundle.wanted.iter().map(|effect| effect.run))
    }

    /// What it goes together in.
    pub fn bundle_of(&self, effect: &EffectKey) -> Option<ExchangeId> {
        self.glue_of.get(effect).copied()
    }

    /// Whether one that it went with is over.
    pub fn is_apart(&self, effect: &EffectKey) -> bool {
        !self.apart.is_empty() && self.glue_of.get(effect).is_some_and(|glue| self.apart.contains(glue))
    }

    /// What went together with others and is of this run.
    pub fn together_of(&self, run: RunId) -> Vec<EffectKey> {
        if self.bound.is_empty() && self.glue_of.is_empty() {
            return Vec::new();
        }
        let first = EffectKey { run, node: "".into(), item: no_item(), way: Way::Do };
        let of_run = |all: &BTreeMap<EffectKey, ExchangeId>| {
            let of_run = all.range(&first..).take_while(|(key, _)| key.run == run);
            of_run.map(|(key, _)| key.clone()).collect::<Vec<_>>()
        };
        let (mut together, bound) = (of_run(&self.glue_of), of_run(&self.bound));
        together.extend(bound);
        together
    }

    /// It is over and does not go again; the exchange that it went in.
    pub fn leaves_bundle(&mut self, effect: &EffectKey) -> Option<ExchangeId> {
        let bound = self.bound.remove(effect);
        let glue = bound.or_else(|| self.glue_of.get(effect).copied())?;
        self.unglue(glue, effect);
        Some(glue)
    }

    fn take_apart(&mut self) -> Option<Work> {
        let here = |glue: &&ExchangeId| self.bundles.get(glue).is_some_and(|bundle| !bundle.here.is_empty());
        let glue = *self.apart.iter().find(here)?;
        let effects: Vec<EffectKey> = self.bundles.get(&glue)?.here.iter().cloned().collect();
        for effect in &effects {
            self.bound.remove(effect);
            self.unglue(glue, effect);
        }
        Some(Work::Apart(glue, effects))
    }

    /// Whether somebody waits in it.
    pub fn has_bundle(&self, glue: ExchangeId) -> bool {
        self.bundles.contains_key(&glue)
    }

    /// What may go next.
    pub fn work(&mut self, now: Moment) -> Work {
        if let Some(effects) = self.splits.pop_front() {
            return Work::Together(effects);
        }
        if let Some(apart) = self.take_apart() {
            return apart;
        }
        let whole = self.bundles.iter().find(|(_, bundle)| bundle.here == bundle.wanted).map(|(glue, _)| *glue);
        if let Some(bundle) = whole.and_then(|glue| self.bundles.remove(&glue)) {
            bundle.here.iter().for_each(|effect| {
                self.glue_of.remove(effect);
            });
            return Work::Together(bundle.here.into_iter().collect());
        }
        self.ready_work(now)
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

    /// Hands work back that could not go; what waits for another system than today's lets others before.
    pub fn give_back(&mut self, effects: Vec<EffectKey>, gate: usize) {
        if gate == self.gate { self.splits.push_front(effects) } else { self.splits.push_back(effects) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interface::BulkKey;

    fn queue() -> Queue {
        Queue {
            name: "flow.node".into(),
            gate: 0,
            account: 0,
            batch: None,
            narrow: 0,
            ready: VecDeque::new(),
            ready_live: 0,
            ready_bytes: 0,
            refused: None,
            lanes: HashMap::new(),
            bundles: BTreeMap::new(),
            glue_of: BTreeMap::new(),
            apart: BTreeSet::new(),
            bound: BTreeMap::new(),
            noted: BTreeSet::new(),
            splits: VecDeque::new(),
            later: BTreeMap::new(),
            parked: None,
            fetching: false,
            walking: 0,
        }
    }

    fn key(run: i64) -> EffectKey {
        EffectKey { run: RunId(run), node: "node".into(), item: no_item(), way: Way::Do }
    }

    #[test]
    fn only_the_head_of_a_lane_may_go_and_the_next_one_follows() {
        let mut queue = queue();
        assert!(queue.line_up(7, &key(1)));
        assert!(!queue.line_up(7, &key(2)));
        assert!(queue.line_up(8, &key(3)));
        assert_eq!(queue.lane_mates(7, &key(2)), vec![key(1)]);
        assert_eq!(queue.leave_lane(7, &key(1)), Some(key(2)));
        assert_eq!(queue.leave_lane(7, &key(2)), None);
    }

    #[test]
    fn a_bundle_goes_when_all_of_it_is_here_and_in_one_order() {
        let mut queue = queue();
        queue.glue(ExchangeId(5), [key(2), key(9)]);
        queue.bundle_has(ExchangeId(5), key(9));
        assert!(matches!(queue.work(Moment(0)), Work::Nothing));
        queue.bundle_has(ExchangeId(5), key(2));
        assert!(matches!(queue.work(Moment(0)), Work::Together(effects) if effects == vec![key(2), key(9)]));
    }

    #[test]
    fn a_refused_batch_is_split_until_one_is_left() {
        let mut queue = queue();
        queue.split(vec![key(1), key(2), key(3)]);
        assert!(matches!(queue.work(Moment(0)), Work::Together(effects) if effects == vec![key(1), key(2)]));
        assert!(matches!(queue.work(Moment(0)), Work::Together(effects) if effects == vec![key(3)]));
    }

    #[test]
    fn a_batch_waits_for_others_and_not_for_ever() {
        let mut queue = queue();
        queue.batch = Some(Batch { most: 2, bytes: 1000, wait: std::time::Duration::from_secs(1), key: BulkKey::PerRequest });
        queue.make_ready(key(1), 10, Moment(0));
        assert!(matches!(queue.work(Moment(0)), Work::At(at) if at == Moment(1_000_000)));
        assert!(matches!(queue.work(Moment(1_000_000)), Work::Ready));
        queue.make_ready(key(2), 10, Moment(5));
        assert!(matches!(queue.work(Moment(5)), Work::Ready), "so many");
        queue.no_longer_ready(10);
        assert!(matches!(queue.work(Moment(5)), Work::At(_)));
        queue.make_ready(key(3), 990, Moment(5));
        assert!(matches!(queue.work(Moment(5)), Work::Ready), "so large");
    }
}
