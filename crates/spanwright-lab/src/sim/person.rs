//! The person in the loop: holds a system or a flow for a while, in the middle of a chore too, lets go on what holds itself, sees to dead
//! letters, replays some of them, is late with either, and does by hand what the other system refuses to undo.

use std::{sync::Arc, time::Duration};

use spanwright_core::{
    deliver::GateChange,
    desk::{Event, Exchange, Happening, Order},
    fact::{
        Chore, ChoreKind, ChorePhase, EffectKey, Ending, Fact, GateRow, Hold, Moment, OutcomeKind, RunId, StoppedFilter, StoppedRun,
        Store as _, Way, no_item,
    },
    plan::EffectPlan,
    settings::Rate,
};

use super::{Happens, Sim, plan::PARCELS};

/// The flow that is in order.
const ORDERED: &str = "accounts";
/// So long until a person has seen to something.
const SOON: i64 = 3_000_000;
/// Holds begin within this time.
const DAY: i64 = 15_000_000;

/// A parcel is replayed so often.
const REPLAYED_MOST: u32 = 8;

/// What need not be replayed is, at most so often in a story.
pub(super) const IN_VAIN_MOST: i64 = 3;
/// Dead letters in order are replayed so often in a story; each dies once more, and is seen to then.
pub(super) const IN_ORDER_MOST: i64 = 4;
/// Flows of which that is so.
const ORDERS: &str = "orders";
const BOOKINGS: &str = "bookings";

/// A word that was given.
#[derive(Clone)]
pub(super) struct Held {
    hold: Hold,
    /// The journal has said that it is kept: then no power cut makes anybody forget it.
    kept: bool,
}

impl Sim {
    /// At the beginning, and after each power cut: what was being done about it is forgotten, and so is a hold that was not
    /// kept. The journal may know of one of which nobody heard any more that it was.
    pub(super) fn person_comes(&mut self, gates: &[GateRow]) {
        self.held.retain(|_, held| held.kept);
        self.held.extend(gates.iter().filter_map(|row| Some((row.system.clone(), Held { hold: row.hold.clone()?, kept: true }))));
        let names: Vec<Arc<str>> = self.plans[0].1.systems.iter().map(|system| system.name.clone()).collect();
        // A door that is held answers 503, and who brings something does not wait for people here.
        let polled = self.plans[0].1.flows.iter().filter(|flow| flow.source.as_ref().is_some_and(|source| source.poll().is_some()));
        let what = [names, polled.map(|flow| GateRow::of_flow(&flow.name)).collect()].concat();
        for held in self.held.clone().into_keys() {
            self.resumes(held);
        }
        for flow in self.plans[0].1.clone().flows.iter().filter(|flow| flow.pause_after.is_some()) {
            self.resumes(GateRow::of_flow(&flow.name));
        }
        // What was about to be a dead letter and was not kept may go well now.
        let stopped: Vec<RunId> = self.stopped_of(ORDERED).iter().map(|stopped| stopped.run).collect();
        let files = self.store.runs(&stopped).unwrap_or_default();
        self.world.dead_are(files.iter().map(|file| &*file.message.body));
        stopped.into_iter().for_each(|run| self.discards(run));
        self.replays = false;
        self.replays_what_stopped();
        if self.story.cuts == 0 {
            for _ in 0..2 {
                let what = what[self.dice.up_to(what.len() as i64) as usize].clone();
                let from = self.dice.up_to(DAY);
                let until = self.dice.one_in(2).then(|| Moment(self.now + from).after(Duration::from_secs(2)));
                let hold = Hold { since: Moment(self.now + from), until, by: "ann".into(), because: "a quiet hour".into() };
                self.at(self.now + from, Happens::Desk(Event::Told(Order::Hold { what: what.clone(), hold })));
            }
        }
    }

    /// What is on its way to the desk.
    pub(super) fn person_hears(&mut self, event: &Event) {
        let Event::Kept { facts, .. } = event else { return };
        for fact in facts {
            if let Fact::Gated(row) = fact
                && let Some(held) = self.held.get_mut(&row.system).filter(|held| row.hold.as_ref() == Some(&held.hold))
            {
                held.kept = true;
            }
            if let Fact::Reopened { .. } = fact {
                self.story.replayed += 1;
            }
        }
    }

    pub(super) fn person_is_told(&mut self, note: &Happening) {
        match note {
            Happening::Ended { run, flow, ending: Ending::Stopped(_), .. } if &**flow == ORDERED => {
                let files = self.store.runs(&[*run]).unwrap_or_default();
                files.iter().for_each(|file| self.world.died(&file.message.body));
                self.sees_to(*run);
            }
            Happening::Ended { flow, ending: Ending::Stopped(_), .. } if &**flow == PARCELS => self.replays_what_stopped(),
            Happening::Ended { flow, ending: Ending::Stopped(_), .. } if [ORDERS, BOOKINGS].contains(&&**flow) => {
                self.replays_in_vain(flow)
            }
            Happening::Chore(chore) if chore.phase != ChorePhase::Open => {
                self.replays = false;
                // What it left: nobody else sees to it.
                self.stopped_of(ORDERED).into_iter().for_each(|stopped| self.discards(stopped.run));
                self.replays_what_stopped();
            }
            // No call of these is ever refused: it is an undo.
            Happening::Attempt(note) if note.outcome == OutcomeKind::Never && matches!(&*note.node, "reserve" | "charge") => {
                let undo = EffectKey { run: note.run, node: note.node.clone(), item: no_item(), way: Way::Undo };
                let order = Order::Undone { undo, by: "ann".into(), words: "in the console".into() };
                self.soon(SOON, Happens::Desk(Event::Told(order)));
            }
            Happening::Gate { system, change: GateChange::Held(hold) } => {
                self.held.insert(system.clone(), Held { hold: hold.clone(), kept: false });
                if hold.until.is_none() {
                    self.resumes(system.clone());
                }
            }
            Happening::Gate { system, change: GateChange::Resumed(_) } => drop(self.held.remove(system)),
            _ => {}
        }
    }

    /// I15: a system that is held is not asked, and for a flow that is held nobody is, from the moment at which the desk hears
    /// the word, whatever is on its way to the disk then. A word that the journal has outlives each power cut.
    pub(super) fn nothing_is_asked_that_is_held(&mut self, exchange: &Exchange) {
        let is_its = |effect: &EffectPlan| (effect.system, effect.operation) == (exchange.system, exchange.operation);
        // No two flows of this plan share an operation.
        let flow = exchange.plan.flows.iter().find(|flow| flow.effects.iter().flat_map(EffectPlan::all).any(is_its));
        let system = &exchange.plan.systems[exchange.system].name;
        for what in flow.map(|flow| GateRow::of_flow(&flow.name)).into_iter().chain([system.clone()]) {
            if self.held.get(&what).is_some_and(|held| held.hold.holds(Moment(self.now))) {
                self.world.broken.get_or_insert_with(|| format!("{system} was asked while {what} was held"));
            }
        }
    }

    fn resumes(&mut self, what: Arc<str>) {
        self.soon(SOON, Happens::Desk(Event::Told(Order::Resume { what, by: "ann".into() })));
    }

    fn stopped_of(&mut self, flow: &str) -> Vec<StoppedRun> {
        let filter = StoppedFilter { flow: Some(flow.into()), ..StoppedFilter::default() };
        self.store.stopped(&filter, RunId(0), RunId(i64::MAX), usize::MAX).unwrap_or_default()
    }

    /// Nobody is about to replay anything, and there is nothing to be replayed.
    pub(super) fn nothing_is_to_be_replayed(&mut self) -> bool {
        !self.replays && self.stopped_of(PARCELS).is_empty()
    }

    /// All that has stopped by then, at some rate; one person at a time. Where the plan changes what was replayed often is discarded: it
    /// may have happened under a key under which no plan asks for it any more.
    fn replays_what_stopped(&mut self) {
        let stopped = self.stopped_of(PARCELS);
        if self.replays || stopped.is_empty() {
            return;
        }
        let changes = self.plans.len() > 1;
        for run in stopped.iter().map(|stopped| stopped.run) {
            let times = self.replayed.entry(run).or_default();
            *times += 1;
            if *times > REPLAYED_MOST && changes {
                self.story.discarded += 1;
                self.discards(run);
            }
        }
        self.replays(PARCELS);
    }

    /// What is refused for good is replayed now and then, for all that.
    fn replays_in_vain(&mut self, flow: &str) {
        if !self.replays && self.in_vain > 0 && self.dice.one_in(4) {
            self.in_vain -= 1;
            self.replays(flow);
        }
    }

    fn replays(&mut self, flow: &str) {
        self.replays = true;
        let at = self.now + 1 + self.dice.up_to(SOON);
        let most = if self.dice.one_in(2) { 2 } else { 200 };
        let rate = Rate { most, per: Duration::from_secs(1) };
        let filter = StoppedFilter { flow: Some(flow.into()), ..StoppedFilter::default() };
        let what = ChoreKind::Replay { over_newer: false, apart: false };
        let chore = Chore::begin(what, filter, RunId(i64::MAX), rate, "ann".into(), Moment(at));
        self.at(at, Happens::Desk(Event::Told(Order::Chore(Box::new(chore)))));
        // And its flow is held in the middle of it.
        if self.dice.one_in(4) {
            let since = Moment(at + self.dice.up_to(SOON));
            let hold = Hold { since, until: None, by: "ann".into(), because: "a quiet hour".into() };
            self.at(since.0, Happens::Desk(Event::Told(Order::Hold { what: GateRow::of_flow(flow), hold })));
        }
    }

    /// A dead letter in order is discarded; replayed, and left to the end of that; or both, and nobody knows which comes first.
    fn sees_to(&mut self, run: RunId) {
        let replays = !self.replays && self.in_order > 0 && self.dice.one_in(2);
        if replays {
            self.in_order -= 1;
            self.replays(ORDERED);
        }
        if !replays || self.dice.one_in(2) {
            self.discards(run);
        }
    }

    fn discards(&mut self, run: RunId) {
        let order = Order::Discard { runs: vec![run], by: "ann".into(), reason: "seen to".into() };
        self.soon(SOON, Happens::Desk(Event::Told(order)));
    }
}
