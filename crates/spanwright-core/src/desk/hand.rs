//! Runs in hand: taken in, advanced, lined up, concluded, let go.

use std::sync::Arc;

use super::{Command, Desk, FETCH_RUNS_MOST, FLOW_OPEN_MOST, Fetch, HAND_BYTES_MOST, HAND_RUNS_MOST, Happening, Wake};
use crate::{
    fact::{
        EffectKey, EffectState, Ending, Fact, Item, MessageFile, Moment, NodeName, Phase, PlanId, Receipt, Root, RunFile, RunId, Settled,
        StopKind, Stopped, Took, Way, lane_of,
    },
    plan::{EffectPlan, Plan},
    run::{Advance, AdvanceJob, Input, KnownEffect, Owed, Then, ending_of},
};

/// What is in hand of one flow, and what is left of it in the journal.
pub(super) struct FlowHand {
    pub name: Arc<str>,
    pub in_hand: usize,
    pub bytes: usize,
    /// Open runs, wherever they are.
    pub open: u64,
    /// There may be active runs behind `mark` that are not in hand.
    behind: bool,
    /// Every active run up to this one was taken in hand.
    mark: RunId,
    fetching: bool,
}

impl FlowHand {
    pub fn new(name: Arc<str>) -> FlowHand {
        FlowHand { name, in_hand: 0, bytes: 0, open: 0, behind: false, mark: RunId(0), fetching: false }
    }

    /// What an earlier life left.
    pub fn left_over(&mut self, active: u64, parked: u64) {
        self.open += active + parked;
        self.behind = active > 0;
    }

    pub fn full(&self) -> bool {
        self.in_hand >= HAND_RUNS_MOST || self.bytes >= HAND_BYTES_MOST
    }

    /// The source may pull more.
    pub fn has_room(&self) -> bool {
        self.open < FLOW_OPEN_MOST
    }
}

/// A run in hand.
pub(super) struct RunHand {
    pub plan_id: PlanId,
    pub plan: Arc<Plan>,
    /// The flow's number in its plan.
    pub flow: usize,
    /// The flow's number at the desk.
    pub account: usize,
    pub root: Root,
    pub message: Arc<MessageFile>,
    /// By (node, item, way).
    effects: Vec<EffectHand>,
    then: Then,
    /// The journal has it as parked.
    parked: bool,
    /// It leaves the hand when its commit is kept.
    leaving: bool,
    /// It is to be advanced when its commit is kept.
    again: bool,
    over: bool,
}

/// An effect in hand.
pub(super) struct EffectHand {
    pub node: NodeName,
    pub item: Item,
    pub way: Way,
    /// Its number in its flow.
    pub effect: usize,
    pub state: EffectState,
    pub place: Place,
    pub input: Option<Arc<Input>>,
    pub queue: usize,
    pub lane: u64,
    /// The journal has a row of it.
    row: bool,
}

/// Where an effect in hand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Settled, or not yet asked for by a walk.
    Known,
    /// Behind another of its lane.
    Lined,
    /// In its queue.
    Ready,
    /// Waiting for its next try.
    Later,
    /// In an exchange.
    Flying,
    /// Its new state is on the way to the disk.
    Settling,
}

impl RunHand {
    pub fn effect(&self, node: &str, item: &str, way: Way) -> Option<&EffectHand> {
        self.position(node, item, way).ok().map(|n| &self.effects[n])
    }

    pub fn effect_mut(&mut self, node: &str, item: &str, way: Way) -> Option<&mut EffectHand> {
        self.position(node, item, way).ok().map(|n| &mut self.effects[n])
    }

    fn position(&self, node: &str, item: &str, way: Way) -> Result<usize, usize> {
        self.effects.binary_search_by(|have| (&*have.node, &*have.item, have.way).cmp(&(node, item, way)))
    }

    fn job(&self, run: RunId) -> AdvanceJob {
        let known = self.effects.iter().map(|effect| KnownEffect {
            node: effect.node.clone(),
            item: effect.item.clone(),
            way: effect.way,
            phase: effect.state.phase.clone(),
        });
        AdvanceJob { run, plan: self.plan.clone(), flow: self.flow, root: self.root, message: self.message.clone(), known: known.collect() }
    }

    /// Some effects are open: the run stays, waits in the journal, or is walked again for what a settled call unblocks.
    fn wait_or_stay(&mut self, run: RunId, facts: &mut Vec<Fact>) {
        let news = self.effects.iter().any(|effect| effect.place == Place::Settling && !effect.open());
        if news && self.then == Then::Look {
            return self.walk_again(run, facts);
        }
        let mut open = self.effects.iter().filter(|effect| effect.open());
        if open.all(|effect| matches!(effect.place, Place::Settling | Place::Later)) {
            self.leaving = true;
            facts.push(Fact::Parked { run, parked: true });
        } else {
            self.stay(run, facts);
        }
    }

    fn walk_again(&mut self, run: RunId, facts: &mut Vec<Fact>) {
        self.again = true;
        self.stay(run, facts);
    }

    fn stay(&mut self, run: RunId, facts: &mut Vec<Fact>) {
        if std::mem::take(&mut self.parked) {
            facts.push(Fact::Parked { run, parked: false });
        }
    }

    /// How it ends without another walk, where that can be told: nothing comes after its effects and nothing is to be undone.
    fn ending(&self) -> Option<Ending> {
        if self.then == Then::Look {
            return None;
        }
        let bad = self.effects.iter().filter_map(|effect| match &effect.state.phase {
            Phase::Uncertain(why) => Some((StopKind::Uncertain, effect, why)),
            Phase::Dead(why) => Some((StopKind::Dead, effect, why)),
            Phase::Owed { .. } | Phase::Started { .. } | Phase::Done(_) | Phase::Unchanged | Phase::Superseded => None,
        });
        let first = bad.min_by_key(|(kind, ..)| *kind == StopKind::Dead);
        Some(match first {
            Some((kind, effect, why)) => Ending::Stopped(Stopped { kind, node: effect.node.clone(), failure: why.clone(), undone: false }),
            None => ending_of(self.effects.iter().map(|effect| &effect.state.phase)),
        })
    }

    /// It is about to leave the hand.
    pub fn leaves(&self) -> bool {
        self.leaving
    }

    fn settling(&self) -> bool {
        self.effects.iter().any(|effect| effect.place == Place::Settling)
    }

    /// The plan of an effect.
    pub fn effect_plan(&self, effect: &EffectHand) -> &EffectPlan {
        let plan = &self.plan.flows[self.flow].effects[effect.effect];
        match (effect.way, &plan.undo) {
            (Way::Undo, Some(undo)) => undo,
            _ => plan,
        }
    }
}

impl EffectHand {
    fn fresh(owed: &Owed, now: Moment) -> EffectHand {
        let state = EffectState { phase: Phase::Owed { due: now }, generation: 0, tries: 0, first: None, glued: None, sent: None };
        EffectHand {
            node: owed.node.clone(),
            item: owed.item.clone(),
            way: owed.way,
            effect: owed.effect,
            state,
            place: Place::Known,
            input: None,
            queue: 0,
            lane: 0,
            row: false,
        }
    }

    pub fn key(&self, run: RunId) -> EffectKey {
        EffectKey { run, node: self.node.clone(), item: self.item.clone(), way: self.way }
    }

    /// It certainly did not arrive: a newer state may take its place, a newer plan may write it anew.
    fn never_arrived(&self) -> bool {
        self.state.sent.is_none() && self.state.glued.is_none()
    }

    fn open(&self) -> bool {
        matches!(self.state.phase, Phase::Owed { .. } | Phase::Started { .. })
    }
}

impl Desk {
    pub(super) fn took(&mut self, took: Took, receipt: Receipt, jobs: &mut Vec<AdvanceJob>, out: &mut Vec<Command>) {
        let run = match receipt {
            Receipt::Taken(run) => run,
            Receipt::Duplicate => return out.push(Command::Note(Happening::Duplicate { source: took.source })),
        };
        if let Some(failure) = took.fault.clone() {
            let ending = Ending::Stopped(Stopped { kind: StopKind::Dead, node: "source".into(), failure, undone: false });
            out.push(Command::Note(Happening::Taken { took: Box::new(took.clone()), run }));
            let Took { message, correlation, flow, key, .. } = took;
            return out.push(Command::Note(Happening::Ended { run, message, correlation, flow, key, ending }));
        }
        let Some(&account) = self.flow_of.get(&took.flow) else { return };
        let flow = &mut self.flows[account];
        flow.open += 1;
        out.push(Command::Note(Happening::Taken { took: Box::new(took.clone()), run }));
        if run <= flow.mark {
            return;
        }
        if flow.behind || flow.full() {
            flow.behind = true;
            return;
        }
        flow.mark = run;
        let message = MessageFile {
            id: took.message,
            source: took.source,
            correlation: took.correlation,
            received: took.at,
            key: took.key,
            version: took.version,
            body: took.body,
        };
        let file =
            RunFile { run, root: took.root, flow: took.flow, plan: took.plan, message: Arc::new(message), known: Vec::new(), over: false };
        self.take_in(file, false, jobs);
    }

    /// Takes a run in hand and lets it be advanced.
    fn take_in(&mut self, file: RunFile, parked: bool, jobs: &mut Vec<AdvanceJob>) -> bool {
        let Some(plan) = self.plans.get(&file.plan).cloned() else { return false };
        let (Some((flow, _)), Some(&account)) = (plan.flow(&file.flow), self.flow_of.get(&file.flow)) else { return false };
        let effects = file.known.into_iter().map(|known| {
            let lane = 0;
            EffectHand {
                node: known.effect.node,
                item: known.effect.item,
                way: known.effect.way,
                effect: 0,
                state: known.state,
                place: Place::Known,
                input: None,
                queue: 0,
                lane,
                row: true,
            }
        });
        let mut effects: Vec<EffectHand> = effects.collect();
        effects.sort_by(|a, b| (&a.node, &a.item, a.way).cmp(&(&b.node, &b.item, b.way)));
        let hand = RunHand {
            plan_id: file.plan,
            plan,
            flow,
            account,
            root: file.root,
            message: file.message,
            effects,
            then: Then::Look,
            parked,
            leaving: false,
            again: false,
            over: false,
        };
        self.flows[account].in_hand += 1;
        self.flows[account].bytes += hand.message.body.len();
        jobs.push(hand.job(file.run));
        self.runs.insert(file.run, hand);
        true
    }

    fn let_go(&mut self, run: RunId) -> Option<RunHand> {
        let hand = self.runs.remove(&run)?;
        let flow = &mut self.flows[hand.account];
        flow.in_hand = flow.in_hand.saturating_sub(1);
        flow.bytes = flow.bytes.saturating_sub(hand.message.body.len());
        Some(hand)
    }

    /// Asks the journal for runs where the hand has room.
    pub(super) fn fetch(&mut self, now: Moment, wake: &mut Wake, out: &mut Vec<Command>) {
        for flow in &mut self.flows {
            if flow.behind && !flow.fetching && flow.in_hand + FETCH_RUNS_MOST <= HAND_RUNS_MOST && flow.bytes < HAND_BYTES_MOST {
                flow.fetching = true;
                out.push(Command::Fetch(Fetch::Active { flow: flow.name.clone(), after: flow.mark, most: FETCH_RUNS_MOST }));
            }
        }
        for queue in &mut self.queues {
            match queue.parked() {
                Some(due) if due <= now && !queue.fetching => {
                    queue.fetching = true;
                    out.push(Command::Fetch(Fetch::Due { queue: queue.name.clone(), now, most: FETCH_RUNS_MOST }));
                }
                Some(due) if due > now => wake.no_later_than(due),
                Some(_) | None => {}
            }
        }
        if !self.wanted.is_empty() {
            let runs: Vec<RunId> = self.wanted.drain().filter(|run| !self.runs.contains_key(run)).collect();
            if !runs.is_empty() {
                out.push(Command::Fetch(Fetch::Runs(runs)));
            }
        }
    }

    pub(super) fn found(&mut self, fetch: Fetch, runs: Vec<RunFile>, next: Option<Moment>, now: Moment, out: &mut Vec<Command>) {
        let (found, mut jobs) = (runs.len(), Vec::new());
        let parked = !matches!(fetch, Fetch::Active { .. });
        let last = runs.last().map(|file| file.run);
        let mut taken = 0;
        for file in runs {
            if file.over || self.runs.contains_key(&file.run) {
                continue;
            }
            if self.reopened.remove(&file.run)
                && let Some(&account) = self.flow_of.get(&file.flow)
            {
                self.flows[account].open += 1;
            }
            taken += usize::from(self.take_in(file, parked, &mut jobs));
        }
        match fetch {
            Fetch::Active { flow, most, .. } => self.found_active(&flow, last, found < most),
            Fetch::Due { queue, .. } => self.found_due(&queue, next, taken, now),
            Fetch::Runs(_) => {}
        }
        if !jobs.is_empty() {
            out.push(Command::Advance(jobs));
        }
    }

    fn found_active(&mut self, flow: &str, last: Option<RunId>, all: bool) {
        if let Some(&account) = self.flow_of.get(flow) {
            let flow = &mut self.flows[account];
            flow.fetching = false;
            flow.mark = last.map_or(flow.mark, |last| last.max(flow.mark));
            flow.behind &= !all;
        }
    }

    fn found_due(&mut self, queue: &str, next: Option<Moment>, taken: usize, now: Moment) {
        if let Some(&n) = self.queue_of.get(queue) {
            let queue = &mut self.queues[n];
            queue.fetching = false;
            // All that came is in hand already: it is looked at again when some of it has moved.
            let pause = now.after(std::time::Duration::from_secs(1));
            queue.set_parked(next.map(|next| if taken == 0 { next.max(pause) } else { next }));
        }
    }

    pub(super) fn advanced(&mut self, run: RunId, advance: Advance, now: Moment, out: &mut Vec<Command>) {
        let Some(hand) = self.runs.get_mut(&run) else { return };
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
                hand.effects.insert(at, EffectHand::fresh(&owed, now));
                at
            }
        };
        let effect = &mut hand.effects[at];
        if effect.place != Place::Known || matches!(effect.state.phase, Phase::Started { .. }) {
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

    /// An effect that is due takes its place: ready at the head of its lane, or behind others.
    pub(super) fn enter(&mut self, key: &EffectKey, now: Moment, out: &mut Vec<Command>) {
        let Some(effect) = self.effect(key) else { return };
        let (queue, lane) = (effect.queue, effect.lane);
        let glued = effect.state.glued.or(self.queues[queue].bound_to(key));
        if let Some(effect) = self.effect_mut(key) {
            effect.state.glued = glued;
        }
        let head = self.queues[queue].line_up(lane, key);
        self.set_place(key, if head { Place::Ready } else { Place::Lined });
        match (head, glued) {
            (true, Some(glue)) => self.queues[queue].bundle_has(glue, key.clone()),
            (true, None) => self.queues[queue].make_ready(key.clone(), now),
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
    fn supersede(&mut self, key: &EffectKey, queue: usize, lane: u64, now: Moment, out: &mut Vec<Command>) {
        let newest_only = self.runs.get(&key.run).zip(self.effect(key)).is_some_and(|(run, effect)| run.effect_plan(effect).newest_only);
        if lane == 0 || !newest_only {
            return;
        }
        let mates = self.queues[queue].lane_mates(lane, key);
        let newer_waits = mates.iter().any(|(_, before)| !before);
        let mut older: Vec<EffectKey> = mates.into_iter().filter(|(_, before)| *before).map(|(mate, _)| mate).collect();
        if newer_waits {
            older.push(key.clone());
        }
        let mut facts = Vec::new();
        for mate in older {
            if self.runs.contains_key(&mate.run) {
                self.step_aside(&mate, now, &mut facts);
            } else {
                self.wanted.insert(mate.run);
            }
        }
        if !facts.is_empty() {
            self.note_ended(&facts, out);
            self.commit(facts, out);
        }
    }

    fn step_aside(&mut self, key: &EffectKey, now: Moment, facts: &mut Vec<Fact>) {
        let Some(effect) = self.effect_mut(key) else { return };
        if !matches!(effect.place, Place::Lined | Place::Ready | Place::Later) || !effect.never_arrived() {
            return;
        }
        let (was_ready, queue) = (effect.place == Place::Ready, effect.queue);
        effect.place = Place::Settling;
        effect.state.phase = Phase::Superseded;
        if was_ready {
            self.queues[queue].no_longer_ready();
        }
        self.settle_fact(key, None, now, facts);
        self.conclude(key.run, now, facts);
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

    fn lane_moves(&mut self, head: &EffectKey, now: Moment, out: &mut Vec<Command>) {
        match self.effect(head).map(|effect| effect.place) {
            Some(Place::Lined) => self.enter(head, now, out),
            Some(Place::Known | Place::Ready | Place::Later | Place::Flying | Place::Settling) | None => {}
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
            if let Some(hand) = self.runs.get_mut(&run).filter(|hand| !hand.over && hand.again) {
                hand.again = false;
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
