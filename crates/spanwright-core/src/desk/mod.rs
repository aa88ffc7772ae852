//! The desk: queues, gates and batches. Events in, commands out; it does nothing itself.
//!
//! [`Desk::on`] is the one seam between deciding and doing. The engine turns commands into work (commit these facts,
//! advance these runs, make this exchange) and work into events; the simulator does the same with a heap and a seeded
//! roll. There is no clock, no task, no lock and no await in here.
//!
//! What always holds:
//! - Nothing is asked for that is not in the journal: a run is taken in hand only when its `Took` is kept.
//! - An effect that may not be repeated is `Started` on disk before its exchange is commanded.
//! - Two effects of one lane are never in flight together; a newer state of a record takes an older one's place only
//!   while the older one certainly did not arrive.
//! - What is in hand is bounded ([`HAND_RUNS_MOST`], [`HAND_BYTES_MOST`]); the rest waits in the journal and is
//!   fetched in order. A run whose effects all wait for their next try is *parked*: it leaves the hand and comes back
//!   by the same door as after a crash.

mod alarm;
mod apart;
mod ask;
mod by_hand;
mod chore;
mod clockwork;
mod copied;
mod door;
pub mod errand;
mod event;
mod gather;
mod hand;
pub mod handover;
mod heard;
mod held;
mod lane;
pub mod letters;
mod line;
mod open;
mod outlet;
mod own;
mod passing;
mod queue;
pub mod round;
mod run_hand;
mod source;
mod space;
mod take;

use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

pub use event::{
    AlertNote, Asking, AttemptNote, Brought, CallId, Command, Event, Exchange, Fetch, HandSize, Happening, Haste, Order, Outgoing, PollJob,
    Report, Setup, SignIn, Standing, Tell, Ticket, WaiterId, Word,
};

use crate::{
    deliver::{Departure, Gate, GateChange, Goes, Pass},
    fact::{ChoreId, CutOff, EffectKey, Ending, Fact, GateRow, Moment, PlanId, Receipt, RunId, Seen},
    plan::Plan,
    run::AdvanceJob,
};
use alarm::Alarm;
use chore::ChoreDesk;
pub use chore::SLICE_RUNS_MOST;
use clockwork::Clockwork;
pub use clockwork::MISSED_AFTER;
use door::Waiters;
use gather::Gatherings;
pub use gather::{GATHERED_BYTES_MOST, GATHERED_LASTS};
use heard::Flight;
pub use held::STUCK_TRIES;
pub use line::flows_in_order;
use outlet::Outlet;
use passing::Passing;
pub use passing::{PASSING_BYTES_MOST, PASSING_RUNS_MOST};
use queue::Queue;
use round::Rounds;
use run_hand::{EffectHand, RunHand};
use source::SourceDesk;
pub use source::{Today, message_id};
use space::Space;
use take::FlowHand;

/// Runs of one flow in hand, at most.
pub const HAND_RUNS_MOST: usize = 8_000;
/// Bytes of one flow in hand: bodies, what is asked and what was answered. Behind so many nothing more comes into the hand.
pub const HAND_BYTES_MOST: usize = 16 << 20;
/// Bytes of all flows in hand together: where they are more than sixteen, each has its share.
pub const HANDS_BYTES_MOST: usize = 256 << 20;
/// However many flows there are, each may have so much in hand.
const HAND_BYTES_LEAST: usize = 1 << 20;
/// Runs asked of the journal at once.
pub const FETCH_RUNS_MOST: usize = 1_000;
/// Due runs asked of the journal at once where none of them may go.
pub const FETCH_HELD_MOST: usize = 10;
/// Arrivals in one commit: more would keep others waiting for the disk.
pub const TAKE_CHUNK: usize = 200;
/// Open runs of one flow at which its source stops pulling.
pub const FLOW_OPEN_MOST: u64 = 500_000;
/// With `once`: a wait whose end is known is waited for, if it is no longer than this.
pub const ONCE_WAITS_MOST: Duration = Duration::from_secs(15 * 60);

/// A source of random bits, handed in.
pub type Roll<'r> = &'r mut dyn FnMut() -> u64;

/// The desk.
pub struct Desk {
    plan: Arc<Plan>,
    plan_id: PlanId,
    plans: HashMap<PlanId, Arc<Plan>>,
    boot: u32,
    /// The last life that was cut off: what it may have asked.
    cut_off: Option<CutOff>,
    /// The journal is a copy: what may have been asked where the other one went on.
    elsewhere: Option<CutOff>,
    once: bool,
    stopping: bool,
    space: Space,
    /// How much of each flow may be in hand.
    hand: HandSize,
    /// How the last exchanges of each fared.
    fared: Vec<own::FaredOf>,
    gates: Vec<Gate>,
    gate_of: HashMap<Arc<str>, usize>,
    /// Rows of systems and flows that no plan here has: what a person says of one counts from the start that does.
    strangers: HashMap<Arc<str>, GateRow>,
    queues: Vec<Queue>,
    queue_of: HashMap<Arc<str>, usize>,
    outlets: Vec<Outlet>,
    flows: Vec<FlowHand>,
    flow_of: HashMap<Arc<str>, usize>,
    sources: Vec<SourceDesk>,
    clocks: Vec<Clockwork>,
    chores: Vec<ChoreDesk>,
    /// Chores that are over: a crash may come between the disk and whoever forgets the order, and then they are told again.
    chores_over: BTreeSet<ChoreId>,
    runs: HashMap<RunId, RunHand>,
    flights: HashMap<CallId, Flight>,
    /// Answers that are read page by page.
    gathering: Gatherings,
    /// Sign-ins under way, by gate.
    signing: HashMap<CallId, (usize, Departure)>,
    /// Flights whose intent is on its way to the disk.
    starting: HashMap<Ticket, CallId>,
    /// Chunks of a page on their way to the disk, by source.
    keeping: HashMap<Ticket, usize>,
    /// Messages to be handed to another flow.
    handovers: Vec<(CallId, Arc<str>, Outgoing)>,
    /// Those on their way to the disk.
    handing: HashMap<Ticket, CallId>,
    /// Those that are there.
    handed: Vec<CallId>,
    /// The flows that take dead letters, by number.
    letter_takers: Vec<usize>,
    /// Dead letters that flows want brought back, by whom.
    replays: Vec<(CallId, Arc<str>, Outgoing)>,
    /// Those that the journal is asked for.
    replaying: HashMap<CallId, (Arc<str>, Outgoing)>,
    /// Calls that wait for the end of a round.
    rounds: Rounds,
    /// Who is told that something stands still.
    alarm: Alarm,
    /// Whoever waits for an answer.
    waiters: Waiters,
    /// Runs of which nothing is kept.
    passing: Passing,
    /// Flows of today's plan that may have some, by number.
    passing_flows: Vec<bool>,
    /// Runs whose commit is kept and that want another walk.
    again: VecDeque<RunId>,
    /// Runs to be walked, told together when all that was heard is done with.
    walks: Vec<AdvanceJob>,
    /// Runs that go on after a replay and are not yet counted as open; whether somebody set them aside since.
    reopened: HashMap<RunId, bool>,
    /// Undos that a person did, until that is written down.
    by_hand: HashSet<EffectKey>,
    /// Runs to be fetched because a newer state of their record waits.
    wanted: HashSet<RunId>,
    commits_open: usize,
    /// The last commit of each order that is not on the disk yet.
    orders: VecDeque<Ticket>,
    orders_kept: u64,
    last_id: u64,
    last_commit: u64,
    exchange_next: i64,
    token_serial: u32,
    /// Which outlet is looked at first: they take turns.
    turn: usize,
    woken_at: Option<Moment>,
}

impl Desk {
    /// The one door.
    pub fn on(&mut self, event: Event, now: Moment, roll: Roll<'_>, out: &mut Vec<Command>) {
        self.on_all([event], now, roll, out);
    }

    /// Hears what came at once, in its order; then whatever can go on, goes on.
    pub fn on_all(&mut self, events: impl IntoIterator<Item = Event>, now: Moment, roll: Roll<'_>, out: &mut Vec<Command>) {
        for event in events {
            self.hear(event, now, roll, out);
        }
        self.go_on(now, roll, out);
    }

    fn hear(&mut self, event: Event, now: Moment, roll: Roll<'_>, out: &mut Vec<Command>) {
        match event {
            Event::Kept { ticket, facts, receipts } => self.kept(ticket, facts, &receipts, now, roll, out),
            Event::Advanced(results) => {
                self.walked(results, now, roll, out);
                self.advance_again();
            }
            Event::Looked { call, prints } => self.looked(call, &prints, now, out),
            Event::Heard { call, verdict, report } => self.heard(call, verdict, &report, now, roll, out),
            Event::GoesOn { call, verdict, gathered, report } => self.goes_on(call, verdict, gathered, &report, now, roll, out),
            Event::NotAsked { call, refusal } => self.not_asked(call, refusal, now, roll, out),
            Event::PageHeard { call, verdict, page, report } => self.page_heard(call, verdict, page, &report, now, roll, out),
            Event::PieceHeard { call, page } => self.piece_heard(call, page, now, roll, out),
            Event::SignedIn { call, verdict, report } => self.signed_in(call, verdict, &report, now, roll, out),
            Event::Found { fetch, runs, next } => self.found(fetch, runs, next, out),
            Event::FoundStopped { chore, runs, bundles } => self.chore_found(chore, (&runs, &bundles), now, out),
            Event::FoundTroubles(troubles) => self.alarm.counted(troubles, now),
            Event::FoundLetter { call, letter } => self.letter_found(call, letter.map(|letter| *letter), now, roll, out),
            Event::FoundTally { call, tally } => self.round_found(call, tally, now, roll, out),
            Event::Alerted { call, outcome } => self.alerted(call, outcome, now, out),
            Event::Disk { full } => self.alarm.disk(full, now),
            Event::Brought(brought) => self.brought(brought, now, roll, out),
            Event::Room(bytes) => self.space.is(bytes),
            Event::Told(order) => self.told(order, now, out),
            Event::Wake => self.woken_at = None,
        }
    }

    /// Whatever can go on, goes on: fetches, polls, exchanges; then the next wake-up is named.
    fn go_on(&mut self, now: Moment, roll: Roll<'_>, out: &mut Vec<Command>) {
        let mut wake = Wake::default();
        self.go_on_passing(now, out);
        self.read_on(out);
        self.settle_handed(now, roll, out);
        self.answer_late(now, &mut wake, out);
        self.fetch(now, &mut wake, out);
        if !self.stopping {
            self.poll(now, roll, &mut wake, out);
            self.strike(now, roll, &mut wake, out);
            self.dispatch(now, &mut wake, out);
            self.poll_what_failed(now, roll, &mut wake, out);
            self.hand_over_all(now, roll, out);
            self.bring_back_all(now, roll, out);
            self.rounds_go_on(now, &mut wake, out);
            self.chores_go_on(now, &mut wake, out);
            self.alarm_goes_on(now, &mut wake, out);
        }
        if !self.walks.is_empty() {
            out.push(Command::Advance(std::mem::take(&mut self.walks)));
        }
        if let Some(at) = wake.at
            && self.woken_at.is_none_or(|have| at < have || have <= now)
        {
            self.woken_at = Some(at);
            out.push(Command::WakeAt(at));
        }
    }

    fn kept(&mut self, ticket: Ticket, facts: Vec<Fact>, receipts: &[Receipt], now: Moment, roll: Roll<'_>, out: &mut Vec<Command>) {
        self.commits_open = self.commits_open.saturating_sub(1);
        self.space.kept(&facts);
        self.brought_kept(ticket, receipts.first().copied(), out);
        while self.orders.front().is_some_and(|last| *last <= ticket) {
            self.orders.pop_front();
            self.orders_kept += 1;
        }
        let took = receipts.iter().any(|receipt| matches!(receipt, Receipt::Taken(_)));
        let mut receipts = receipts.iter();
        for fact in facts {
            self.alarm_kept(&fact);
            match fact {
                Fact::Took(took) => {
                    let receipt = receipts.next().copied().unwrap_or(Receipt::Duplicate);
                    if let Receipt::Taken(_) = receipt {
                        self.alarm.heard(&took.source, now);
                    }
                    self.took(*took, receipt, now, out);
                    if let Receipt::Taken(run) = receipt {
                        self.turned(ticket, run, out);
                    }
                }
                Fact::Resent(resent) => {
                    let receipt = receipts.next().copied().unwrap_or(Receipt::Duplicate);
                    let sets_aside = resent.instead && matches!(receipt, Receipt::Taken(_));
                    match receipt {
                        Receipt::Late => out.push(Command::Note(Happening::ResentLate(resent.clone()))),
                        _ => self.took(resent.took, receipt, now, out),
                    }
                    if sets_aside {
                        self.line_moves(resent.of, false, out);
                    }
                }
                Fact::Chore(chore) => self.chore_kept(&chore),
                Fact::Started { .. }
                | Fact::Bundled(_)
                | Fact::Exchanged(_)
                | Fact::Gated(_)
                | Fact::Alerted(_)
                | Fact::Sent { .. }
                | Fact::Acknowledged { .. }
                | Fact::Forgot { .. }
                | Fact::SetBack { .. }
                | Fact::Adopted { .. }
                | Fact::Rested { .. }
                | Fact::Undone { .. }
                | Fact::CutOff(_) => {}
                Fact::Discarded { run, .. } => self.set_aside(run),
                Fact::Settled(settled) => self.settled(&settled, now, out),
                Fact::Parked { run, parked } => {
                    self.parked(run, parked);
                    self.fetch_for_word(run);
                }
                Fact::Ended { run, ending, .. } => {
                    self.answer_ended(run, &ending, out);
                    self.ended(run);
                    self.line_moves(run, matches!(ending, Ending::Stopped(_)), out);
                }
                Fact::Reopened { run, .. } => self.reopened(run),
                Fact::Moved(moved) => {
                    if !self.struck(&moved) {
                        self.moved(&moved, now);
                    }
                }
            }
        }
        self.advance_again();
        if let Some(call) = self.starting.remove(&ticket) {
            self.noted(call, now, out);
        }
        self.handed.extend(self.handing.remove(&ticket));
        if let Some(source) = self.keeping.remove(&ticket) {
            self.sources[source].took |= took;
            self.chunk_kept(source, now, roll, out);
        }
    }

    /// Commits are kept one after the other, so an order is when the last commit before its end is. A stop leaves nothing to be kept.
    fn told(&mut self, order: Order, now: Moment, out: &mut Vec<Command>) {
        let is_stop = matches!(order, Order::Stop);
        self.obey(order, now, out);
        if is_stop {
            return;
        }
        match self.commits_open {
            0 => self.orders_kept += 1,
            _ => self.orders.push_back(Ticket(self.last_commit)),
        }
    }

    fn obey(&mut self, order: Order, now: Moment, out: &mut Vec<Command>) {
        match order {
            Order::Stop => {
                self.stopping = true;
                self.leave_rounds();
            }
            Order::Discard { runs, by, reason } => {
                let facts = runs.into_iter().map(|run| Fact::Discarded { run, at: now, by: by.clone(), reason: reason.clone() }).collect();
                self.commit(facts, out);
            }
            Order::Chore(chore) => self.chore_begins(*chore, now, out),
            Order::Cancel(chore) => self.chore_cancelled(chore, out),
            Order::Resend(mut resent) => {
                let plan = self.plan.clone();
                // Without its flow it would be open for ever.
                let Some((_, flow)) = plan.flow(&resent.took.flow) else { return };
                (resent.took.plan, resent.took.at) = (self.plan_id, now);
                // Told twice, it is made once: a crash may come between the disk and whoever forgets the order.
                let key = format!("{:032x}", resent.took.message).into();
                let until = now.after(source::SEEN_REMEMBERED);
                resent.took.seen = Some(Seen { scope: "resent".into(), key, print: None, held: None, until });
                self.commit(letters::resent_anew(flow, *resent), out);
            }
            Order::Acknowledge { runs, by, words } => {
                let facts = runs.into_iter().map(|run| Fact::Acknowledged { run, at: now, by: by.clone(), words: words.clone() }).collect();
                self.commit(facts, out);
            }
            Order::Undone { undo, by, words } => {
                let word = Fact::Undone { undo: undo.clone(), at: now, by, words };
                self.undone_by_hand(word, undo, now, out);
            }
            Order::Hold { what, hold } => self.hold(&what, hold, out),
            Order::Resume { what, by } => self.resume(&what, by, now, out),
            Order::PollNow => {
                self.sources.iter_mut().for_each(|source| source.hurry(now));
                self.clocks.iter_mut().for_each(Clockwork::hurry);
            }
        }
    }

    /// Sends facts to the disk; those of a passing run hold at once, or make an ordinary run of it.
    fn commit(&mut self, mut facts: Vec<Fact>, out: &mut Vec<Command>) -> Ticket {
        self.last_id += 1;
        let ticket = Ticket(self.last_id);
        if let Some(run) = passing::whose(&facts) {
            self.pass_on(run, facts, out);
            return ticket;
        }
        self.tell_letters(&mut facts);
        self.commits_open += 1;
        self.space.takes(&facts);
        self.last_commit = ticket.0;
        let haste = if facts.iter().all(|fact| self.is_unwaited(fact)) { Haste::WithTheNext } else { Haste::Now };
        out.push(Command::Commit(ticket, facts, haste));
        ticket
    }

    /// Whether nothing goes on when this is on disk, and nothing that somebody did is lost with it: the end of a run that
    /// has asked nobody, for which no sender waits and behind which nothing stands in line.
    fn is_unwaited(&self, fact: &Fact) -> bool {
        let Fact::Ended { run, ending: Ending::Done | Ending::Skipped(_), .. } = fact else { return false };
        let unwaited = |hand: &RunHand| {
            let flow = &self.flows[hand.account];
            hand.effects.is_empty() && flow.lines.is_none() && !flow.full(self.hand) && !self.stopping
        };
        self.runs.get(run).is_some_and(unwaited) && !self.waiters.is_waiting(*run)
    }

    fn next_call(&mut self) -> CallId {
        self.last_id += 1;
        CallId(self.last_id)
    }

    fn gate_changed(&mut self, gate: usize, change: Option<GateChange>, out: &mut Vec<Command>) {
        let Some(change) = change else { return };
        let row = self.gates[gate].row();
        let system = row.system.clone();
        self.commit(vec![Fact::Gated(row)], out);
        out.push(Command::Note(Happening::Gate { system, change }));
        self.alarm.gates_changed();
    }

    /// Asks a gate; a sign-in that is needed is begun here, once for all.
    fn pass(&mut self, gate: usize, goes: Goes, now: Moment, wake: &mut Wake, out: &mut Vec<Command>) -> bool {
        let pass = self.gates[gate].pass(goes, now);
        let news = self.gates[gate].news();
        self.gate_changed(gate, news, out);
        match pass {
            Pass::Now => true,
            Pass::AfterAnother => false,
            Pass::At(at) => {
                self.alarm.waits(gate, at, now);
                wake.no_later_than(at);
                false
            }
            Pass::SignIn => {
                self.sign_in(gate, now, out);
                false
            }
        }
    }

    /// Where everything stands, for a progress line and for `--once`.
    pub fn standing(&self, now: Moment) -> Standing {
        // A chore under way will open runs.
        let open = self.open_runs() + self.chores.len() as u64;
        let systems = self.gates.iter().filter_map(|gate| Some((gate.name.clone(), gate.held(now)?)));
        let held = systems.chain(self.held_flows(now)).collect();
        Standing {
            open,
            in_hand: self.runs.len(),
            flying: self.flights.len() - self.rounds.quiet(),
            committing: self.commits_open,
            orders_kept: self.orders_kept,
            waiting: self.waiters.len(),
            sources_idle: self.sources.iter().all(|source| source.idle(self.once)) && self.clocks.iter().all(|clock| clock.idle(now)),
            disk_low: !self.space.has_some(),
            looks_again: self.sources.iter().filter_map(SourceDesk::second_look).max(),
            failed_sources: self.sources.iter().filter_map(SourceDesk::failed).collect(),
            alerting: self.alarm.waiting(),
            failed_channels: self.alarm.failed(&self.plan).collect(),
            held,
        }
    }

    /// Whether everything asked for was heard and kept: a stopping desk may be left.
    pub fn at_rest(&self) -> bool {
        self.rests().is_some() && self.signing.is_empty() && self.alarm.is_quiet()
    }

    /// What is to be kept at its end, where nothing that it asked is unheard.
    pub fn rests(&self) -> Option<Fact> {
        // Of what was taken apart after it may have arrived, the journal does not know that; of what goes together it does.
        let in_doubt = |key: &EffectKey| self.effect(key).is_some_and(|effect| effect.state.glued.is_none() && effect.is_unheard());
        let doubts = self.outlets.iter().flat_map(Outlet::split_off).any(in_doubt);
        (self.flights.is_empty() && self.commits_open == 0 && !doubts).then_some(Fact::Rested { boot: self.boot })
    }

    fn effect_mut(&mut self, key: &EffectKey) -> Option<&mut EffectHand> {
        self.runs.get_mut(&key.run)?.effect_mut(&key.node, &key.item, key.way)
    }

    fn effect(&self, key: &EffectKey) -> Option<&EffectHand> {
        self.runs.get(&key.run)?.effect(&key.node, &key.item, key.way)
    }
}

/// The earliest moment at which something may go on by itself.
#[derive(Default)]
struct Wake {
    at: Option<Moment>,
}

impl Wake {
    fn no_later_than(&mut self, at: Moment) {
        self.at = Some(self.at.map_or(at, |have| have.min(at)));
    }
}

#[cfg(test)]
pub(crate) mod stage;
#[cfg(test)]
mod tests;
