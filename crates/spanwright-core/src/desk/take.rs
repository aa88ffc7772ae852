//! Into the hand and out of it: what was taken, what the journal gives back.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use super::{
    Command, Desk, FETCH_HELD_MOST, FLOW_OPEN_MOST, Fetch, HandSize, Happening, Wake,
    queue::Queue,
    run_hand::{Place, RunHand},
};
use crate::{
    deliver::{LeftAlone, Lines},
    fact::{Ending, FILES_BYTES_MOST, Hold, Moment, Phase, Receipt, RunFile, RunId, StopKind, Stopped, Took, Turn},
    plan::{Flow, PauseAfter},
    run::Advance,
};

/// Between two looks for what may leave a full hand.
const MAKES_ROOM_EVERY: Duration = Duration::from_millis(100);

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
    /// Runs on their first walk since they were taken in hand, in that order, with what it said. Walks end in any
    /// order; what they owe is lined up in the order in which the runs came, or a record's states would change places.
    /// What passes is about no record.
    walks: VecDeque<(RunId, Option<Advance>)>,
    /// Somebody holds it.
    pub hold: Option<Hold>,
    /// When it was held.
    pub left_alone: LeftAlone,
    /// When it holds itself, and the dead letters that count.
    pub pause_after: Option<PauseAfter>,
    pub deaths: VecDeque<Moment>,
    /// The gates of what is asked for its runs.
    pub targets: Vec<usize>,
    /// Of those the ones that it is there for: no channel that tells people, no question, no undo, and no other flow.
    pub sends_to: Vec<usize>,
    /// The flows that it hands messages to.
    pub hands_to: Vec<Arc<str>>,
    /// What stands in line, where the flow is in order.
    pub lines: Option<Lines>,
    /// When it may be looked again for what can give room.
    makes_room: Moment,
}

impl FlowHand {
    pub fn new(flow: &Flow) -> FlowHand {
        let (name, pause_after) = (flow.name.clone(), flow.pause_after);
        FlowHand {
            name,
            in_hand: 0,
            bytes: 0,
            open: 0,
            behind: false,
            mark: RunId(0),
            fetching: false,
            walks: VecDeque::new(),
            hold: None,
            left_alone: LeftAlone::default(),
            pause_after,
            deaths: VecDeque::new(),
            targets: Vec::new(),
            sends_to: Vec::new(),
            hands_to: Vec::new(),
            lines: flow.in_order.map(|rule| Lines::new(&flow.name, rule)),
            makes_room: Moment(i64::MIN),
        }
    }

    /// An older plan had it in order, and what it took then is open: it stays so for as long, or newer states would go before those
    /// that wait.
    pub fn was_in_order(&mut self, then: &Flow) {
        if self.lines.is_none() {
            self.lines = then.in_order.map(|rule| Lines::new(&then.name, rule));
        }
    }

    /// It sends to the system behind this gate.
    pub fn aims_at(&mut self, gate: usize) {
        if !self.targets.contains(&gate) {
            self.targets.push(gate);
        }
    }

    /// It is there to send to the system behind this gate.
    pub fn is_there_for(&mut self, gate: usize) {
        if !self.sends_to.contains(&gate) {
            self.sends_to.push(gate);
        }
    }

    /// A run goes back to the journal as it is: it is fetched again from there.
    pub fn leave_behind(&mut self, run: RunId) {
        self.mark = self.mark.min(RunId(run.0 - 1));
        self.behind = true;
    }

    /// Whether it holds itself, since too many died.
    pub fn pauses(&self, now: Moment) -> bool {
        self.pause_after.is_some() && self.held(now)
    }

    fn held(&self, now: Moment) -> bool {
        self.hold.as_ref().is_some_and(|hold| hold.holds(now))
    }

    /// What an earlier life left.
    pub fn left_over(&mut self, active: u64, parked: u64) {
        self.open += active + parked;
        self.behind = active > 0;
    }

    /// Keeps what a first walk said; `Err` gives back what another walk said.
    pub fn walked(&mut self, run: RunId, advance: Advance) -> Result<(), Advance> {
        match self.walks.iter_mut().find(|(have, said)| *have == run && said.is_none()) {
            Some((_, said)) => {
                *said = Some(advance);
                Ok(())
            }
            None => Err(advance),
        }
    }

    /// The next first walk in order, where it is done.
    pub fn next_walked(&mut self) -> Option<(RunId, Advance)> {
        self.walks.front().filter(|(_, said)| said.is_some())?;
        self.walks.pop_front().and_then(|(run, said)| Some((run, said?)))
    }

    pub fn full(&self, hand: HandSize) -> bool {
        self.in_hand >= hand.runs || self.bytes >= hand.bytes
    }

    /// There is room for an answer of the journal.
    fn takes_more(&self, hand: HandSize) -> bool {
        self.in_hand + hand.fetch <= hand.runs && self.bytes < hand.bytes
    }

    /// The source may pull more.
    pub fn has_room(&self) -> bool {
        self.open < FLOW_OPEN_MOST
    }
}

impl Desk {
    /// Open runs of all flows, wherever they are.
    pub(super) fn open_runs(&self) -> u64 {
        self.flows.iter().map(|flow| flow.open).sum()
    }

    pub(super) fn took(&mut self, took: Took, receipt: Receipt, now: Moment, out: &mut Vec<Command>) {
        let run = match receipt {
            Receipt::Taken(run) => run,
            Receipt::Duplicate | Receipt::Known { .. } | Receipt::Late => {
                return out.push(Command::Note(Happening::Duplicate { source: took.source }));
            }
        };
        if let Some(failure) = took.fault.clone() {
            let ending = Ending::Stopped(Stopped { kind: StopKind::Dead, node: "source".into(), failure, undone: false });
            out.push(Command::Note(Happening::Taken { took: Box::new(took.clone()), run }));
            self.answer_ended(run, &ending, out);
            let Took { message, correlation, flow, key, .. } = took;
            if let Some(lines) = self.flow_of.get(&flow).and_then(|account| self.flows[*account].lines.as_mut()) {
                lines.is_dead(run, key.as_deref());
            }
            if let (Some(&account), Ending::Stopped(stopped)) = (self.flow_of.get(&flow), &ending) {
                self.count_death(account, &stopped.failure, now, out);
            }
            return out.push(Command::Note(Happening::Ended { run, message, correlation, flow, key, ending }));
        }
        let Some(&account) = self.flow_of.get(&took.flow) else { return };
        let flow = &mut self.flows[account];
        flow.open += 1;
        out.push(Command::Note(Happening::Taken { took: Box::new(took.clone()), run }));
        if run <= flow.mark {
            return;
        }
        if flow.behind || flow.full(self.hand) || flow.held(now) {
            flow.behind = true;
            return;
        }
        flow.mark = run;
        self.take_in(RunFile::of(took, run));
    }

    /// Takes a run in hand and lets it be advanced.
    pub(super) fn take_in(&mut self, file: RunFile) {
        let Some(&account) = self.flow_of.get(&file.flow) else { return };
        let Some(plan) = self.plans.get(&file.plan).cloned() else { return };
        let Some((flow, _)) = plan.flow(&file.flow) else { return };
        let run = file.run;
        let mut hand = RunHand::known(file, plan.clone(), flow, account);
        self.glue_again(run, &hand);
        if self.flows[account].lines.as_mut().is_some_and(|lines| !lines.may_go(run, hand.message.key.as_deref())) {
            let key = hand.message.key.clone();
            let first = self.flows[account].lines.as_ref().and_then(|lines| lines.first(key.as_deref()));
            return first.into_iter().for_each(|first| self.stays_behind(run, first));
        }
        // A word that came late is of an undo before the replay.
        if !self.by_hand.is_empty() && !hand.is_on_its_way_back() {
            self.by_hand.retain(|undo| undo.run != run);
        }
        hand.from_before = self.cut_off.is_some_and(|cut_off| run <= cut_off.upto);
        let elsewhere = self.elsewhere.filter(|copied| run <= copied.upto);
        if let Some(at) = self.cut_off.iter().chain(&elsewhere).map(|cut_off| cut_off.at).max() {
            hand.may_have_been_asked(at);
        }
        if !run.passes() {
            self.flows[account].walks.push_back((run, None));
        }
        self.flows[account].in_hand += 1;
        self.flows[account].bytes += hand.bytes();
        self.walks.push(hand.job(run));
        self.runs.insert(run, hand);
    }

    /// It stands in line behind another: where that one went with it, each would wait for the other.
    fn stays_behind(&mut self, run: RunId, first: RunId) {
        for queue in &mut self.queues {
            let of_first = queue.together_of(first);
            let shared: Vec<_> = of_first.iter().filter(|key| !queue.is_apart(key)).filter_map(|key| queue.bundle_of(key)).collect();
            let mine: Vec<_> = queue.together_of(run).iter().filter_map(|key| queue.bundle_of(key)).collect();
            for glue in shared.into_iter().filter(|glue| mine.contains(glue)) {
                self.wanted.extend(queue.comes_apart(glue).filter(|mate| *mate != run));
            }
        }
    }

    /// What comes together goes together, whichever of it is walked first.
    fn glue_again(&mut self, run: RunId, hand: &RunHand) {
        for effect in hand.effects.iter().filter(|effect| matches!(effect.state.phase, Phase::Owed { .. })) {
            let Some(glue) = effect.state.glued else { continue };
            let queue = hand.number_of(&effect.node).and_then(|number| self.queue_of.get(&hand.plan_of(number, effect.way).queue));
            if let Some(&queue) = queue {
                self.queues[queue].glue(glue, [effect.key(run)]);
            }
        }
    }

    pub(super) fn let_go(&mut self, run: RunId) -> Option<RunHand> {
        self.no_longer_walked(run);
        let hand = self.runs.remove(&run)?;
        let flow = &mut self.flows[hand.account];
        flow.in_hand = flow.in_hand.saturating_sub(1);
        flow.bytes = flow.bytes.saturating_sub(hand.bytes());
        self.passed_by(run, hand.message.bytes() + hand.unkept_bytes);
        Some(hand)
    }

    /// An effect of a run in hand holds so many bytes, where it held others.
    pub(super) fn holds(&mut self, run: RunId, before: usize, after: usize) {
        let Some(hand) = self.runs.get_mut(&run) else { return };
        let flow = &mut self.flows[hand.account];
        hand.held_bytes = hand.held_bytes.saturating_sub(before) + after;
        flow.bytes = flow.bytes.saturating_sub(before) + after;
    }

    /// What a run owes is known, or it goes: it no longer counts as on its way to the queue that had it fetched.
    pub(super) fn no_longer_walked(&mut self, run: RunId) {
        if let Some(queue) = self.runs.get_mut(&run).and_then(|hand| hand.fetched_for.take()) {
            self.queues[queue].was_walked();
        }
    }

    /// Asks the journal for runs where the hand has room.
    pub(super) fn fetch(&mut self, now: Moment, wake: &mut Wake, out: &mut Vec<Command>) {
        let hand = self.hand;
        for account in 0..self.flows.len() {
            if !self.flows[account].behind || self.flow_holds(account, now, wake) || self.flows[account].fetching {
                continue;
            }
            let flow = &mut self.flows[account];
            if flow.takes_more(hand) {
                flow.fetching = true;
                out.push(Command::Fetch(Fetch::Active { flow: flow.name.clone(), after: flow.mark, most: hand.fetch }));
            } else if !self.stopping {
                self.make_room(account, now, wake, out);
                // What went together goes together, however full the hand is: its bytes were in one request.
                let queues = self.queues.iter_mut().filter(|queue| queue.account == account);
                self.wanted.extend(queues.flat_map(Queue::missing));
            }
        }
        self.fetch_due(now, wake, out);
        if !self.wanted.is_empty() {
            let mut runs: Vec<RunId> = self.wanted.drain().filter(|run| !self.runs.contains_key(run)).collect();
            // In the order in which they came: the states of a record never change places.
            runs.sort_unstable();
            if !runs.is_empty() {
                out.push(Command::Fetch(Fetch::Runs(runs)));
            }
        }
    }

    /// What waits in hand for a system that is held, or for room in another flow, goes to wait in the journal, where it keeps something
    /// from going to another: the newest of it, as far as nobody has been asked for it yet.
    fn make_room(&mut self, account: usize, now: Moment, wake: &mut Wake, out: &mut Vec<Command>) {
        let makes_room = self.flows[account].makes_room;
        if makes_room > now {
            return wake.no_later_than(makes_room);
        }
        self.flows[account].makes_room = now.after(MAKES_ROOM_EVERY);
        let is_its = |outlet: &usize| self.queues[self.outlets[*outlet].queue].account == account;
        let of_flow: Vec<usize> = (0..self.outlets.len()).filter(is_its).collect();
        let shut: Vec<usize> = of_flow.iter().copied().filter(|outlet| self.is_shut(*outlet, now)).collect();
        if shut.len() == of_flow.len() {
            return;
        }
        let ready = shut.iter().flat_map(|outlet| self.outlets[*outlet].newest().take(self.hand.runs));
        let waits = |run: &RunId| {
            // What passes is kept where it waits, and turns into another run then.
            let hand = self.runs.get(run).filter(|_| !run.passes())?;
            hand.only_waits(|effect| shut.contains(&effect.outlet)).then_some(*run)
        };
        let runs: BTreeSet<RunId> = ready.filter_map(|key| waits(&key.run)).take(self.hand.fetch).collect();
        let mut facts = Vec::new();
        for run in runs {
            let Some(hand) = self.runs.get(&run) else { continue };
            let ready: Vec<_> = hand.effects.iter().filter(|effect| effect.place == Place::Ready).map(|effect| effect.key(run)).collect();
            ready.iter().for_each(|key| self.withdraw(key, now, &mut facts));
            self.conclude(run, now, &mut facts);
        }
        if !facts.is_empty() {
            self.commit(facts, out);
        }
    }

    fn fetch_due(&mut self, now: Moment, wake: &mut Wake, out: &mut Vec<Command>) {
        for queue in 0..self.queues.len() {
            match self.queues[queue].parked() {
                Some(turn) if turn.due > now => wake.no_later_than(turn.due),
                Some(_) if !self.queues[queue].fetching => {
                    let most = self.due_most(queue, now);
                    let queue = &mut self.queues[queue];
                    if let Some(from) = (most > 0).then(|| queue.fetch_from()).flatten() {
                        out.push(Command::Fetch(Fetch::Due { queue: queue.name.clone(), from, now, most }));
                    }
                }
                Some(_) | None => {}
            }
        }
    }

    /// How many due runs a queue may have in hand: enough to keep its system busy. Where none may go now, or the flow has
    /// its hands full, only a few, with which the gate is asked; the others wait in the journal, however many they are.
    fn due_most(&self, queue: usize, now: Moment) -> usize {
        let queue = &self.queues[queue];
        let flow = &self.flows[queue.account];
        let (mut open, mut held, mut held_bytes, mut is_open) = (queue.walking(), 0, 0, false);
        for &outlet in &queue.outlets {
            let of = &self.outlets[outlet];
            if self.is_shut(outlet, now) {
                (held, held_bytes) = (held + queue.waits_together(outlet) + of.could_go(), held_bytes + of.ready_bytes());
            } else {
                (open, is_open) = (open + queue.could_go(outlet) + of.could_go(), true);
            }
        }
        if flow.held(now) || flow.full(self.hand) || !is_open {
            // One will do where others want into the hand: what has come back does not leave it again.
            let few = if flow.behind { 1 } else { FETCH_HELD_MOST };
            return if open + held < 1 { few } else { 0 };
        }
        // What waits for a system that is held keeps nothing that waits for another in the journal, until it is half of what the hand
        // holds: the other half is for what is new.
        if held >= self.hand.runs / 2 || held_bytes >= self.hand.bytes / 2 {
            return 0;
        }
        if open < self.hand.fetch.div_ceil(2) { self.hand.fetch } else { 0 }
    }

    pub(super) fn found(&mut self, fetch: Fetch, runs: Vec<RunFile>, next: Option<Turn>, out: &mut Vec<Command>) {
        if let Fetch::Answer { run, waiter } = fetch {
            return self.found_answer(run, waiter, runs.into_iter().next(), out);
        }
        let (found, last) = (runs.len(), runs.last().map(|file| file.run));
        let bytes = runs.iter().map(RunFile::bytes).sum::<usize>();
        let wants = if let Fetch::Due { queue, .. } = &fetch { self.queue_of.get(queue).copied() } else { None };
        for file in runs {
            // One that is wanted again was opened after this was read.
            if file.over && !self.wanted.contains(&file.run) {
                self.stays_over(file.run);
            }
            if file.over || self.runs.contains_key(&file.run) {
                continue;
            }
            // What was opened together is fetched together, by its numbers: of what went in one request under one key a part that came
            // before the rest would go without it.
            if self.reopened.contains_key(&file.run) && !matches!(fetch, Fetch::Runs(_)) {
                continue;
            }
            let reopened = self.reopened.remove(&file.run).is_some();
            if reopened && let Some(&account) = self.flow_of.get(&file.flow) {
                self.flows[account].open += 1;
            }
            let run = file.run;
            self.take_in(file);
            // All that it had been asked for has settled since.
            if let (true, Some(hand)) = (reopened, self.runs.get_mut(&run)) {
                hand.from_before = false;
            }
            if let (Some(queue), Some(hand)) = (wants, self.runs.get_mut(&run)) {
                hand.fetched_for = Some(queue);
                self.queues[queue].is_walked();
            }
        }
        match fetch {
            Fetch::Active { flow, most, .. } => self.found_active(&flow, last, found < most && bytes < FILES_BYTES_MOST),
            Fetch::Due { queue, .. } => {
                if let Some(&queue) = self.queue_of.get(&queue) {
                    self.queues[queue].fetched(next);
                }
            }
            Fetch::Runs(_)
            | Fetch::Stopped { .. }
            | Fetch::Answer { .. }
            | Fetch::Troubles { .. }
            | Fetch::Letter { .. }
            | Fetch::Tally { .. } => {}
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
}
