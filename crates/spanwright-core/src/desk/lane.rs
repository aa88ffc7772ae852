//! The line of a record: who may go, and who steps aside for a newer state.

use super::{Command, Desk, run_hand::Place};
use crate::fact::{EffectKey, Fact, Moment, Phase, RunId, is_newer};

impl Desk {
    /// An effect that is due takes its place: ready at the head of its lane, or behind others.
    pub(super) fn enter(&mut self, key: &EffectKey, now: Moment, out: &mut Vec<Command>) {
        let Some(effect) = self.effect(key) else { return };
        let (outlet, lane, bytes) = (effect.outlet, effect.lane, effect.bytes());
        let queue = self.outlets[outlet].queue;
        let glued = self.queues[queue].bound_to(key).or(effect.state.glued);
        if let Some(effect) = self.effect_mut(key) {
            effect.state.glued = glued;
        }
        let head = self.queues[queue].line_up(lane, key);
        self.set_place(key, if head { Place::Ready } else { Place::Lined });
        match (head, glued) {
            (true, Some(glue)) => self.queues[queue].bundle_has(glue, key.clone(), outlet),
            (true, None) => self.outlets[outlet].make_ready(key.clone(), bytes, now),
            (false, _) => {}
        }
        self.supersede(key, queue, lane, now, out);
    }

    pub(super) fn set_place(&mut self, key: &EffectKey, place: Place) {
        if let Some(effect) = self.effect_mut(key) {
            effect.place = place;
        }
    }

    /// Where only the newest state counts, older ones of the lane that certainly did not arrive step aside.
    pub(super) fn supersede(&mut self, key: &EffectKey, queue: usize, lane: u64, now: Moment, out: &mut Vec<Command>) {
        let newest_only = self.runs.get(&key.run).zip(self.effect(key)).is_some_and(|(run, effect)| run.effect_plan(effect).newest_only);
        if lane == 0 || !newest_only {
            return;
        }
        let mut mates = self.queues[queue].lane_mates(lane, key);
        // The items of one message share its lane, and are no states of each other.
        mates.retain(|mate| mate.run != key.run);
        let (here, elsewhere): (Vec<_>, Vec<_>) = mates.into_iter().partition(|mate| self.runs.contains_key(&mate.run));
        // It is known which one is newer when both are here.
        self.wanted.extend(elsewhere.into_iter().map(|mate| mate.run));
        let (newer, mut older): (Vec<_>, Vec<_>) = here.into_iter().partition(|mate| self.is_newer(mate.run, key.run));
        if !newer.is_empty() {
            older.push(key.clone());
        }
        let mut facts = Vec::new();
        for one in older {
            let mut its = Vec::new();
            self.step_aside(&one, now, &mut its);
            // With a state that is over and no end, a run that the journal has as parked would be found by nobody.
            let following = self.runs.get_mut(&one.run).and_then(|hand| hand.following.as_mut());
            following.unwrap_or(&mut facts).extend(its);
        }
        if !facts.is_empty() {
            self.note_ended(&facts, out);
            self.commit(facts, out);
        }
    }

    /// Whether the state of one is newer than that of another: by their versions where both have one.
    fn is_newer(&self, one: RunId, than: RunId) -> bool {
        let version = |run: RunId| (self.runs.get(&run).and_then(|hand| hand.message.version.as_deref()), run.0);
        is_newer(version(one), version(than))
    }

    fn step_aside(&mut self, key: &EffectKey, now: Moment, facts: &mut Vec<Fact>) {
        let Some(effect) = self.effect_mut(key) else { return };
        if !matches!(effect.place, Place::Lined | Place::Ready | Place::Later) || !effect.never_arrived() {
            return;
        }
        effect.state.phase = Phase::Superseded;
        self.withdraw(key, now, facts);
        self.conclude(key.run, now, facts);
    }

    /// It goes out no more: where it stands is written down.
    pub(super) fn withdraw(&mut self, key: &EffectKey, now: Moment, facts: &mut Vec<Fact>) {
        let Some(effect) = self.effect_mut(key) else { return };
        let (was_ready, outlet, bytes) = (effect.place == Place::Ready, effect.outlet, effect.bytes());
        effect.place = Place::Settling;
        if was_ready {
            self.outlets[outlet].no_longer_ready(bytes);
        }
        self.settle_fact(key, None, now, facts);
    }

    pub(super) fn lane_moves(&mut self, head: &EffectKey, now: Moment, out: &mut Vec<Command>) {
        match self.effect(head).map(|effect| effect.place) {
            Some(Place::Lined) => self.enter(head, now, out),
            Some(Place::Known | Place::Ready | Place::Later | Place::Flying | Place::Settling) | None => {}
        }
    }
}
