//! Runs in hand: what a walk said they owe, and what becomes of them as their effects settle.

use super::{
    Command, Desk, Happening,
    run_hand::{EffectHand, Place},
};
use crate::{
    fact::{EffectKey, Fact, Moment, Phase, RunId, Settled, Way, lane_of},
    run::{Advance, AdvanceJob, Owed},
};

impl Desk {
    /// Walks were heard of: first walks are followed in the order in which their runs were taken in hand.
    pub(super) fn walked(&mut self, results: Vec<(RunId, Advance)>, now: Moment, out: &mut Vec<Command>) {
        for (run, advance) in results {
            let Some(account) = self.runs.get(&run).map(|hand| hand.account) else { continue };
            match self.flows[account].walked(run, advance) {
                Err(again) => self.advanced(run, again, now, out),
                Ok(()) => {
                    while let Some((run, advance)) = self.flows[account].next_walked() {
                        self.advanced(run, advance, now, out);
                    }
                }
            }
        }
    }

    fn advanced(&mut self, run: RunId, advance: Advance, now: Moment, out: &mut Vec<Command>) {
        let Some(hand) = self.runs.get_mut(&run) else { return };
        hand.walking = false;
        if hand.again {
            // Effects settled while it walked: what it saw is old.
            if !hand.settling() {
                self.again.push_back(run);
            }
            return;
        }
        match advance {
            Advance::Ends(ending) => {
                hand.over = true;
                let facts = vec![Fact::Ended { run, ending, at: now }];
                self.note_ended(&facts, out);
                self.commit(facts, out);
            }
            Advance::Owes { owed, then } => {
                hand.then = then;
                for owed in owed {
                    self.owe(run, owed, now, out);
                }
                self.park_if_idle(run, out);
            }
        }
    }

    fn owe(&mut self, run: RunId, owed: Owed, now: Moment, out: &mut Vec<Command>) {
        let Some(hand) = self.runs.get_mut(&run) else { return };
        let flow = &hand.plan.flows[hand.flow];
        let plan = match (owed.way, &flow.effects[owed.effect].undo) {
            (Way::Undo, Some(undo)) => undo,
            _ => &flow.effects[owed.effect],
        };
        let (queue, ordered) = (self.queue_of[&plan.queue], plan.in_order && owed.way == Way::Do);
        let lane = match &hand.message.key {
            Some(key) if ordered => lane_of(&plan.queue, key),
            _ => 0,
        };
        let at = match hand.position(&owed.node, &owed.item, owed.way) {
            Ok(at) => at,
            Err(at) => {
                // An undo has the generation of what it undoes: after a replay it is another undo, under another key.
                let generation = hand.effect(&owed.node, &owed.item, Way::Do).map_or(0, |did| did.state.generation);
                hand.effects.insert(at, EffectHand::fresh(&owed, generation, now));
                at
            }
        };
        let effect = &mut hand.effects[at];
        if effect.place != Place::Known || !matches!(effect.state.phase, Phase::Owed { .. }) {
            return;
        }
        (effect.effect, effect.queue, effect.lane, effect.input) = (owed.effect, queue, lane, Some(owed.input));
        let (key, phase) = (effect.key(run), effect.state.phase.clone());
        match phase {
            Phase::Owed { due } if due > now => {
                effect.place = Place::Later;
                self.queues[queue].line_up(lane, &key);
                self.queues[queue].wait_until(due, key);
            }
            _ => self.enter(&key, now, out),
        }
    }

    /// Writes down where an effect stands now.
    pub(super) fn settle_fact(&mut self, key: &EffectKey, attempt: Option<crate::fact::Attempt>, now: Moment, facts: &mut Vec<Fact>) {
        let Some(effect) = self.effect(key) else { return };
        let queue = self.queues[effect.queue].name.clone();
        facts.push(Fact::Settled(Box::new(Settled {
            effect: key.clone(),
            state: effect.state.clone(),
            queue,
            lane: effect.lane,
            attempt,
            at: now,
        })));
    }

    /// After some of a run's effects got a new state: does it end, wait, or want another walk?
    pub(super) fn conclude(&mut self, run: RunId, now: Moment, facts: &mut Vec<Fact>) {
        let Some(hand) = self.runs.get_mut(&run) else { return };
        if hand.over || hand.leaving {
            return;
        }
        if hand.effects.iter().any(EffectHand::open) {
            hand.wait_or_stay(run, facts);
            return;
        }
        match hand.ending() {
            Some(ending) => {
                hand.over = true;
                facts.push(Fact::Ended { run, ending, at: now });
            }
            None => hand.walk_again(run, facts),
        }
    }

    /// A run that was taken in hand too early (a fetch by a newer state of its record) goes back.
    fn park_if_idle(&mut self, run: RunId, out: &mut Vec<Command>) {
        let Some(hand) = self.runs.get(&run) else { return };
        let all_rows = hand.effects.iter().filter(|effect| effect.open()).all(|effect| effect.row && effect.place == Place::Later);
        if !all_rows || hand.over || !hand.effects.iter().any(EffectHand::open) {
            return;
        }
        if hand.parked {
            self.parked(run, true);
        } else {
            let facts = vec![Fact::Parked { run, parked: true }];
            if let Some(hand) = self.runs.get_mut(&run) {
                hand.leaving = true;
            }
            self.commit(facts, out);
        }
    }

    /// A settled effect is on disk: its lane moves on.
    pub(super) fn settled(&mut self, settled: &Settled, now: Moment, out: &mut Vec<Command>) {
        let over = !matches!(settled.state.phase, Phase::Owed { .. } | Phase::Started { .. });
        if let Some(effect) = self.effect_mut(&settled.effect) {
            effect.row = true;
            effect.place = if over { Place::Known } else { Place::Later };
        }
        let Some(&queue) = self.queue_of.get(&settled.queue) else { return };
        if let (Phase::Owed { due }, true) = (&settled.state.phase, self.effect(&settled.effect).is_some()) {
            self.queues[queue].wait_until(*due, settled.effect.clone());
        }
        if over && let Some(head) = self.queues[queue].leave_lane(settled.lane, &settled.effect) {
            self.lane_moves(&head, now, out);
        }
        if self.runs.get(&settled.effect.run).is_some_and(|hand| hand.again && !hand.settling()) {
            self.again.push_back(settled.effect.run);
        }
    }

    pub(super) fn parked(&mut self, run: RunId, parked: bool) {
        let Some(hand) = self.runs.get_mut(&run) else { return };
        hand.parked = parked;
        if !parked {
            return;
        }
        let Some(hand) = self.let_go(run) else { return };
        for effect in &hand.effects {
            if let Phase::Owed { due } = effect.state.phase {
                self.queues[effect.queue].parked_until(due);
            }
        }
    }

    pub(super) fn ended(&mut self, run: RunId) {
        if let Some(hand) = self.let_go(run) {
            let flow = &mut self.flows[hand.account];
            flow.open = flow.open.saturating_sub(1);
        }
    }

    /// A stopped run goes on: it stands before the mark, so it is fetched by its number.
    pub(super) fn reopened(&mut self, run: RunId) {
        self.reopened.insert(run);
        self.wanted.insert(run);
    }

    /// Runs whose commit is kept and that want another walk.
    pub(super) fn advance_again(&mut self, jobs: &mut Vec<AdvanceJob>) {
        while let Some(run) = self.again.pop_front() {
            if let Some(hand) = self.runs.get_mut(&run).filter(|hand| !hand.over && hand.again && !hand.walking) {
                hand.again = false;
                hand.walking = true;
                jobs.push(hand.job(run));
            }
        }
    }

    pub(super) fn note_ended(&self, facts: &[Fact], out: &mut Vec<Command>) {
        for fact in facts {
            if let Fact::Ended { run, ending, .. } = fact
                && let Some(hand) = self.runs.get(run)
            {
                out.push(Command::Note(Happening::Ended {
                    run: *run,
                    message: hand.message.id,
                    correlation: hand.message.correlation.clone(),
                    flow: self.flows[hand.account].name.clone(),
                    key: hand.message.key.clone(),
                    ending: ending.clone(),
                }));
            }
        }
    }
}
