//! Runs in hand: what a walk said they owe, and what becomes of them as their effects settle.

use std::time::Duration;

use super::{
    Command, Desk, Happening, Roll,
    copied::is_elsewhere,
    passing::{self, goes_well},
    run_hand::{EffectHand, Place, RunHand},
};
use crate::{
    codes,
    connector::{Blame, Outcome},
    deliver::{Next, Tries, decide},
    fact::{EffectKey, EffectState, Ending, Fact, Moment, NOBODY_KNOWS, Phase, RunId, Settled, Way, lane_of},
    interface::Repeat,
    plan::{Again, EffectPlan},
    run::{Advance, Owed, Want},
};
use spanwright_shape::text::Failure;

/// How long the print of a body is remembered for `unchanged: skip`.
pub const SENT_REMEMBERED: Duration = Duration::from_secs(90 * 24 * 3600);

impl Desk {
    /// Walks were heard of: first walks are followed in the order in which their runs were taken in hand.
    pub(super) fn walked(&mut self, results: Vec<(RunId, Advance)>, now: Moment, roll: Roll<'_>, out: &mut Vec<Command>) {
        for (run, advance) in results {
            let Some(account) = self.runs.get(&run).map(|hand| hand.account) else { continue };
            match self.flows[account].walked(run, advance) {
                Err(again) => self.advanced(run, again, now, roll, out),
                Ok(()) => {
                    while let Some((run, advance)) = self.flows[account].next_walked() {
                        self.advanced(run, advance, now, roll, out);
                    }
                }
            }
        }
    }

    fn advanced(&mut self, run: RunId, advance: Advance, now: Moment, roll: Roll<'_>, out: &mut Vec<Command>) {
        self.no_longer_walked(run);
        let Some(hand) = self.runs.get_mut(&run) else { return };
        hand.walking = false;
        if hand.again {
            // Effects settled while it walked: what it saw is old.
            if !hand.settling() {
                self.again.push_back(run);
            }
            return;
        }
        if run.passes() && !goes_well(&advance) {
            return self.keep_after_all(run, Vec::new(), out);
        }
        let mut facts = Vec::new();
        self.follow(run, advance, &mut facts, now, roll, out);
        if !facts.is_empty() {
            self.note_ended(&facts, out);
            self.commit(facts, out);
        }
    }

    fn follow(&mut self, run: RunId, advance: Advance, facts: &mut Vec<Fact>, now: Moment, roll: Roll<'_>, out: &mut Vec<Command>) {
        let Some(hand) = self.runs.get_mut(&run) else { return };
        match advance {
            Advance::Replies { replied, next } => {
                self.replied(run, *replied, now, facts, out);
                self.follow(run, *next, facts, now, roll, out);
            }
            // It would be one more of those for which the flow was held: it stays in the journal until somebody resumes.
            Advance::Ends(Ending::Stopped(_)) if hand.effects.is_empty() && facts.is_empty() && self.flows[hand.account].pauses(now) => {
                let account = hand.account;
                self.let_go(run);
                self.flows[account].leave_behind(run);
            }
            Advance::Ends(ending) => {
                hand.over = true;
                let ending = self.leave(run, ending, now, facts);
                facts.push(Fact::Ended { run, ending, at: now });
            }
            Advance::Owes { owed, then } => {
                (hand.then, hand.following) = (then, Some(Vec::new()));
                let said = facts.len();
                self.leave_what_is_not(&owed, run, now, facts);
                for owed in owed {
                    match owed.want {
                        Want::Asked if self.may_be_done_elsewhere(run, &owed) => self.doubt(run, owed, now, facts),
                        Want::Asked | Want::Told { .. } => self.owe(run, owed, now, out),
                        Want::Ready | Want::Repeated | Want::Happened(_) => self.revise(run, owed, now, roll(), facts),
                    }
                }
                self.heed(run, now, facts);
                let Some(hand) = self.runs.get_mut(&run) else { return };
                hand.from_before = false;
                facts.extend(hand.following.take().into_iter().flatten());
                match facts.len() > said {
                    true => self.conclude(run, now, facts),
                    false => self.park_if_idle(run, out),
                }
            }
        }
    }

    fn owe(&mut self, run: RunId, owed: Owed, now: Moment, out: &mut Vec<Command>) {
        let Some((outlet, lane)) = self.lined_up(run, &owed) else { return };
        let queue = self.outlets[outlet].queue;
        let Some(hand) = self.runs.get_mut(&run) else { return };
        let (generation, due) = beginning(hand, &owed, now);
        let held = hand.effect(&owed.node, &owed.item, owed.way).map_or(0, EffectHand::held_bytes);
        let at = match hand.position(&owed.node, &owed.item, owed.way) {
            // A question about another attempt is another question.
            Ok(at) if matches!(owed.want, Want::Told { attempt } if hand.effects[at].state.generation != attempt) => {
                hand.effects[at] = EffectHand::fresh(&owed, generation, due);
                at
            }
            Ok(at) => at,
            Err(at) => {
                hand.effects.insert(at, EffectHand::fresh(&owed, generation, due));
                at
            }
        };
        let effect = &mut hand.effects[at];
        // An undo bears being done twice, and is tried until it is done.
        if owed.way == Way::Undo && effect.place == Place::Known && effect.state.phase.is_given_up() {
            effect.state = EffectState { phase: Phase::Owed { due: now }, glued: None, sent: None, ..effect.state.clone() };
        }
        if effect.place != Place::Known || !matches!(effect.state.phase, Phase::Owed { .. }) {
            return;
        }
        (effect.effect, effect.outlet, effect.lane, effect.input) = (owed.effect, outlet, lane, Some(owed.input));
        effect.state.of_item = owed.of_item;
        let (key, phase, known) = (effect.key(run), effect.state.phase.clone(), effect.row);
        if let Phase::Owed { due } = &phase {
            let due = known.then_some(*due);
            let was_due = self.cut_off.is_some_and(|cut_off| due.map_or(hand.from_before, |due| due <= cut_off.at));
            let was_due = was_due || is_elsewhere(self.elsewhere, run, due);
            hand.effects[at].maybe_asked = was_due && is_asked_unnoted(hand.plan_of(owed.effect, owed.way), owed.way);
        }
        let holds = hand.effects[at].held_bytes();
        self.holds(run, held, holds);
        match phase {
            // What does not go again is not waited for.
            Phase::Owed { due } if due > now && !self.queues[queue].is_apart(&key) => {
                self.set_place(&key, Place::Later);
                self.queues[queue].line_up(lane, &key);
                self.queues[queue].wait_until(due, key.clone());
                self.supersede(&key, queue, lane, now, out);
            }
            _ => self.enter(&key, now, out),
        }
    }

    /// Where an effect goes out, and its place in the order.
    pub(super) fn lined_up(&self, run: RunId, owed: &Owed) -> Option<(usize, u64)> {
        let hand = self.runs.get(&run)?;
        let plan = hand.plan_of(owed.effect, owed.way);
        Some((self.outlet_of(hand, plan), lane_in(hand, plan, owed.way)))
    }

    /// Where what this plan says goes out: an older one may name another system than today's.
    pub(super) fn outlet_of(&self, hand: &RunHand, plan: &EffectPlan) -> usize {
        let outlets = &self.queues[self.queue_of[&plan.queue]].outlets;
        if hand.plan_id == self.plan_id || outlets.len() == 1 {
            return outlets[0];
        }
        let gate = self.gate_of.get(&hand.plan.systems[plan.system].name);
        let named = outlets.iter().find(|outlet| Some(&self.outlets[**outlet].gate) == gate);
        named.copied().unwrap_or(outlets[0])
    }

    /// What was over is not: its answer was not ready, or a question told what nobody knew.
    fn revise(&mut self, run: RunId, owed: Owed, now: Moment, roll: u64, facts: &mut Vec<Fact>) {
        let Some((outlet, lane)) = self.lined_up(run, &owed) else { return };
        let Some(hand) = self.runs.get_mut(&run) else { return };
        let Ok(at) = hand.position(&owed.node, &owed.item, owed.way) else { return };
        if hand.effects[at].place != Place::Known {
            return;
        }
        let plan = hand.plan_of(owed.effect, owed.way);
        let is_as_sent = hand.effects[at].state.sent == Some(owed.input.print());
        let sent_other = matches!(owed.want, Want::Happened(_)) && !is_as_sent;
        let state = revised(plan, hand.effects[at].state.clone(), owed.want, now, roll);
        let effect = &mut hand.effects[at];
        (effect.effect, effect.outlet, effect.lane, effect.input) = (owed.effect, outlet, lane, Some(owed.input));
        (effect.state, effect.place) = (state, Place::Settling);
        let key = effect.key(run);
        self.settle_fact(&key, None, now, facts);
        // It happened with the bytes of then.
        let sent = facts.last_mut().filter(|_| sent_other);
        if let Some(Fact::Sent { print, .. }) = sent {
            *print = NOBODY_KNOWS;
        }
    }

    /// Writes down where an effect stands now.
    pub(super) fn settle_fact(&mut self, key: &EffectKey, attempt: Option<crate::fact::Attempt>, now: Moment, facts: &mut Vec<Fact>) {
        let Some(effect) = self.effect(key) else { return };
        let queue = self.queues[self.outlets[effect.outlet].queue].name.clone();
        facts.push(Fact::Settled(Box::new(Settled {
            effect: key.clone(),
            state: effect.state.clone(),
            queue,
            lane: effect.lane,
            attempt,
            at: now,
        })));
        facts.extend(self.sent(key, now));
    }

    /// What its system has of its record from now on, where that is remembered: these bytes, or nobody knows what, as after an undo.
    fn sent(&self, key: &EffectKey, now: Moment) -> Option<Fact> {
        let (effect, (scope, record)) = (self.effect(key)?, self.sent_scope(key)?);
        let print = match &effect.state.phase {
            Phase::Done(_) if key.way == Way::Undo => NOBODY_KNOWS,
            Phase::Done(_) => effect.input.as_ref()?.print(),
            Phase::Uncertain(_) => NOBODY_KNOWS,
            Phase::Dead(_) if !effect.never_arrived() => NOBODY_KNOWS,
            // A life that was cut off may have asked for it before a newer state took its place.
            Phase::Superseded if effect.is_unheard() => NOBODY_KNOWS,
            Phase::Owed { .. } | Phase::Started { .. } | Phase::Dead(_) | Phase::Unchanged | Phase::Superseded => return None,
        };
        Some(Fact::Sent { scope, key: record, print, until: now.after(SENT_REMEMBERED) })
    }

    /// After some of a run's effects got a new state: does it end, wait, or want another walk?
    pub(super) fn conclude(&mut self, run: RunId, now: Moment, facts: &mut Vec<Fact>) {
        let Some(hand) = self.runs.get_mut(&run) else { return };
        if hand.over || hand.leaving || hand.following.is_some() {
            return;
        }
        if hand.effects.iter().any(EffectHand::waits) {
            hand.wait_or_stay(run, facts);
            return;
        }
        match hand.ending() {
            Some(ending) => {
                hand.over = true;
                let ending = self.leave(run, ending, now, facts);
                facts.push(Fact::Ended { run, ending, at: now });
            }
            None => hand.walk_again(run, facts),
        }
    }

    /// A run that was taken in hand too early (a fetch by a newer state of its record) goes back.
    fn park_if_idle(&mut self, run: RunId, out: &mut Vec<Command>) {
        let Some(hand) = self.runs.get(&run) else { return };
        let waits = || hand.effects.iter().filter(|effect| effect.waits());
        let all_rows = waits().all(|effect| effect.row && effect.place == Place::Later);
        if !all_rows || hand.over || waits().next().is_none() {
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
        // It got through after all.
        if over && !self.by_hand.is_empty() && matches!(settled.state.phase, Phase::Done(_)) {
            self.by_hand.remove(&settled.effect);
        }
        self.heed_now(settled.effect.run, now, out);
    }

    pub(super) fn parked(&mut self, run: RunId, parked: bool) {
        let Some(hand) = self.runs.get_mut(&run) else { return };
        hand.parked = parked;
        if !parked {
            return;
        }
        let Some(hand) = self.let_go(run) else { return };
        for effect in hand.effects.iter().filter(|effect| effect.waits()) {
            if let Phase::Owed { due } = effect.state.phase {
                self.queues[self.outlets[effect.outlet].queue].parked_until(due);
            }
        }
    }

    pub(super) fn ended(&mut self, run: RunId) {
        if let Some(hand) = self.let_go(run) {
            let flow = &mut self.flows[hand.account];
            flow.open = flow.open.saturating_sub(1);
            self.rounds.stirs(&flow.name);
        }
    }

    /// A stopped run goes on: it stands before the mark, so it is fetched by its number.
    pub(super) fn reopened(&mut self, run: RunId) {
        // Of two replays at once the second finds it open.
        if self.runs.contains_key(&run) {
            return;
        }
        // A word was of the undo before.
        self.by_hand.retain(|undo| undo.run != run);
        self.reopened.entry(run).or_insert(false);
        self.wanted.insert(run);
    }

    /// Runs whose commit is kept and that want another walk.
    pub(super) fn advance_again(&mut self) {
        while let Some(run) = self.again.pop_front() {
            if let Some(hand) = self.runs.get_mut(&run).filter(|hand| !hand.over && hand.again && !hand.walking) {
                hand.again = false;
                hand.walking = true;
                self.walks.push(hand.job(run));
            }
        }
    }

    /// Of a passing run it is told when it is sure how it ends.
    pub(super) fn note_ended(&mut self, facts: &[Fact], out: &mut Vec<Command>) {
        if passing::whose(facts).is_some() {
            return;
        }
        self.count_deaths(facts, out);
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

/// The place of an effect in the order; 0 where nothing is ordered.
pub(super) fn lane_in(hand: &RunHand, plan: &EffectPlan, way: Way) -> u64 {
    match &hand.message.key {
        Some(key) if plan.in_order && way == Way::Do => lane_of(&plan.queue, key),
        _ => 0,
    }
}

/// Whether it is asked before the journal knows of it, so that a life that was cut off may have done so. Of a question and an undo
/// it makes no difference.
pub(super) fn is_asked_unnoted(plan: &EffectPlan, way: Way) -> bool {
    way == Way::Do && plan.repeat != Repeat::Safe && !is_noted(plan)
}

/// Whether the journal knows of it before it is asked.
pub(super) fn is_noted(plan: &EffectPlan) -> bool {
    plan.is_noted_first() || plan.repeat == Repeat::Keyed && plan.has_one_key()
}

/// The generation of an effect that is owed for the first time, and when it is due. An undo has the generation of what
/// it undoes (after a replay it is another undo, under another key), a question that of the attempt that it asks about.
pub(super) fn beginning(hand: &RunHand, owed: &Owed, now: Moment) -> (u32, Moment) {
    match owed.want {
        Want::Told { attempt } => {
            let question = hand.plan_of(owed.effect, Way::Do).if_unknown.as_ref();
            (attempt, now.after(question.map_or(crate::plan::QUESTION_WAIT_DEFAULT, |question| question.wait)))
        }
        _ => (hand.effect(&owed.node, &owed.item, Way::Do).map_or(0, |did| did.state.generation), now),
    }
}

fn revised(plan: &EffectPlan, state: EffectState, want: Want, now: Moment, roll: u64) -> EffectState {
    let free = EffectState { glued: None, sent: None, ..state };
    match (want, &plan.again) {
        (Want::Happened(answer), _) => EffectState { phase: Phase::Done(answer.filter(|_| plan.keeps_answer())), ..free },
        (Want::Ready, Some(again)) => not_ready(plan, again, free, now),
        _ => not_happened(plan, free, now, roll),
    }
}

/// It is asked again after a while, under another key where there is one: the answer to the first would be the same.
fn not_ready(plan: &EffectPlan, again: &Again, state: EffectState, now: Moment) -> EffectState {
    if now.since(state.first.unwrap_or(now)) >= again.give_up_after {
        let says = format!("{} was not ready within {} s", plan.node, again.give_up_after.as_secs());
        return EffectState { phase: Phase::Dead(Failure::new(&codes::NOT_READY, says)), ..state };
    }
    let generation = state.generation + u32::from(plan.repeat == Repeat::Keyed);
    EffectState { phase: Phase::Owed { due: now.after(again.every) }, generation, tries: 0, own_failures: 0, ..state }
}

/// It certainly did not happen, so any bytes may go, and it goes as any other that failed for no fault of its own.
/// It counts as tried: a walk that finds it owed and untried would ask the question of a replay.
fn not_happened(plan: &EffectPlan, state: EffectState, now: Moment, roll: u64) -> EffectState {
    let why = match &state.phase {
        Phase::Uncertain(why) | Phase::Dead(why) => why.clone(),
        Phase::Owed { .. } | Phase::Started { .. } | Phase::Done(_) | Phase::Unchanged | Phase::Superseded => {
            Failure::new(&codes::TORN, "nobody knew whether it happened")
        }
    };
    let tries = Tries { count: state.tries, own: state.own_failures, first: state.first.unwrap_or(now), unheard: false };
    let outcome = Outcome::Later { why: why.clone(), after: None, blame: Blame::Either };
    let phase = match decide(&plan.policy, plan.repeat, Way::Do, tries, &outcome, now, roll) {
        Next::Again(due) => Phase::Owed { due },
        Next::Done | Next::Uncertain(_) | Next::Dead(_) => Phase::Dead(why),
    };
    EffectState { phase, tries: state.tries.max(1), ..state }
}
