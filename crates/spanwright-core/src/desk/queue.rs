//! One queue an effect node of a flow: what is ready, what waits for an older state of its record, what must go again as it went.
//!
//! **Lanes.** Effects of one record stand in a line, oldest first; only the head may go. **Bundles.** After an unknown
//! outcome of a request with one key, its items are glued: they go again together, in the same order, under the same
//! key. A bundle of which one is over is apart: none of it goes again. What may go waits at the queue's [`Outlet`](super::outlet::Outlet)s.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

use crate::fact::{EffectKey, ExchangeId, Moment, RunId, Turn, Way, no_item};

/// A queue.
pub(super) struct Queue {
    pub name: Arc<str>,
    /// Its flow.
    pub account: usize,
    /// The systems that its effects ask: that of the newest plan first, and those that older ones name.
    pub outlets: Vec<usize>,
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
    /// Where it goes out.
    outlet: usize,
    /// Those that are missing were fetched past all that waits in the journal.
    is_fetched: bool,
}

impl Bundle {
    /// Nobody is here who is not wanted.
    fn is_whole(&self) -> bool {
        self.here.len() == self.wanted.len()
    }
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
    pub fn new(name: Arc<str>, account: usize) -> Queue {
        Queue {
            name,
            account,
            outlets: Vec::new(),
            lanes: HashMap::new(),
            bundles: BTreeMap::new(),
            glue_of: BTreeMap::new(),
            apart: BTreeSet::new(),
            bound: BTreeMap::new(),
            noted: BTreeSet::new(),
            later: BTreeMap::new(),
            parked: None,
            fetching: false,
            walking: 0,
        }
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

    /// Runs that were fetched for it and are still walked: what they owe could go.
    pub fn walking(&self) -> usize {
        self.walking
    }

    /// Effects in hand that wait for others that they go with, or for their gate.
    pub fn waits_together(&self, outlet: usize) -> usize {
        self.here(outlet, |_| true)
    }

    /// Effects in hand that could go together, by an outlet. Those that wait for others are none: they would keep these in the journal.
    pub fn could_go(&self, outlet: usize) -> usize {
        self.here(outlet, Bundle::is_whole)
    }

    fn here(&self, outlet: usize, counts: impl Fn(&Bundle) -> bool) -> usize {
        let bundles = self.bundles.values().filter(|bundle| bundle.outlet == outlet && counts(bundle));
        bundles.map(|bundle| bundle.here.len()).sum()
    }

    /// The runs without which what is here cannot go; each is told once.
    pub fn missing(&mut self) -> Vec<RunId> {
        let waits = |bundle: &&mut Bundle| !bundle.is_fetched && !bundle.here.is_empty() && !bundle.is_whole();
        let missing = self.bundles.values_mut().filter(waits).flat_map(|bundle| {
            bundle.is_fetched = true;
            bundle.wanted.difference(&bundle.here).map(|effect| effect.run)
        });
        missing.collect()
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

    /// These are bound to the exchange that they were in.
    pub fn bind_again(&mut self, exchange: ExchangeId, effects: &[EffectKey]) {
        self.bound.extend(effects.iter().map(|effect| (effect.clone(), exchange)));
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

    /// One of them is due and here; where they go out.
    pub fn bundle_has(&mut self, glue: ExchangeId, effect: EffectKey, outlet: usize) {
        self.glue(glue, [effect.clone()]);
        let bundle = self.bundles.entry(glue).or_default();
        bundle.here.insert(effect);
        bundle.outlet = outlet;
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

    /// What of what went together may go next, by this outlet.
    pub fn work(&mut self, outlet: usize) -> Option<Work> {
        if let Some(apart) = self.take_apart() {
            return Some(apart);
        }
        let whole = self.bundles.iter().find(|(_, bundle)| bundle.outlet == outlet && bundle.is_whole()).map(|(glue, _)| *glue);
        let bundle = whole.and_then(|glue| self.bundles.remove(&glue))?;
        bundle.here.iter().for_each(|effect| {
            self.glue_of.remove(effect);
        });
        Some(Work::Together(bundle.here.into_iter().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue() -> Queue {
        Queue::new("flow.node".into(), 0)
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
    fn what_waits_for_others_of_its_bundle_could_not_go_and_they_are_fetched_once() {
        let mut queue = queue();
        queue.glue(ExchangeId(5), [key(1), key(2), key(3)]);
        assert_eq!(queue.missing(), [], "nothing of it is due");
        queue.bundle_has(ExchangeId(5), key(2), 0);
        assert_eq!((queue.could_go(0), queue.missing()), (0, vec![RunId(1), RunId(3)]));
        queue.bundle_has(ExchangeId(5), key(1), 0);
        assert_eq!((queue.could_go(0), queue.missing()), (0, vec![]), "they are on their way");
        queue.bundle_has(ExchangeId(5), key(3), 0);
        assert_eq!((queue.could_go(0), queue.could_go(1)), (3, 0));
    }

    #[test]
    fn a_bundle_goes_when_all_of_it_is_here_and_in_one_order() {
        let mut queue = queue();
        queue.glue(ExchangeId(5), [key(2), key(9)]);
        queue.bundle_has(ExchangeId(5), key(9), 0);
        assert!(queue.work(0).is_none());
        queue.bundle_has(ExchangeId(5), key(2), 0);
        assert!(queue.work(1).is_none());
        assert!(matches!(queue.work(0), Some(Work::Together(effects)) if effects == vec![key(2), key(9)]));
    }
}
