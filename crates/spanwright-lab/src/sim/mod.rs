//! A world of seeds around the shipped desk: a heap of events, a seeded roll, a store that can lose its power.
//!
//! Time is a number that jumps to the next event. A power cut forgets the desk and everything that was on its way, and
//! keeps what was synced and what had reached the other systems. When all is quiet, [`check`] compares what the other
//! systems saw with what the journal says. One seed is one story: a failure is told again by its seed.
//!
//! Mutants are engines with one fault each. A suite of invariants that does not catch them proves nothing.

mod askers;
mod check;
mod disk;
mod edition;
mod mutant;
mod person;
mod plan;
mod roll;
mod senders;
mod world;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, HashMap, HashSet},
    ops::AddAssign,
    sync::Arc,
    time::Duration,
};

use spanwright_core::{
    deliver::GateChange,
    desk::{Command, Desk, Event, HandSize, Happening, Haste, Setup, Ticket, flows_in_order},
    fact::{Ending, Fact, Moment, Phase, PlanId, Receipt, RunId, Store as _},
    plan::Plan,
    run::{AdvanceJob, advance},
};
use spanwright_shape::room::Room;

use crate::model::ModelStore;
use askers::Askers;
use check::Leeway;
pub(crate) use disk::DiskJob;
use edition::Edition;
pub use mutant::{MUTANTS, Mutant};
use person::{Held, IN_ORDER_MOST, IN_VAIN_MOST};
use plan::{plan_of, sim_bundle};
pub(crate) use roll::Dice;
use senders::{Brings, Senders};
use world::World;

/// Events that are heard together, at most.
const HEARD_TOGETHER_MOST: usize = 8;
/// Events of one story, at most: more means that it does not come to rest.
pub const EVENTS_MOST: u64 = 400_000;

/// What one story came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Story {
    /// Events.
    pub events: u64,
    /// Power cuts.
    pub cuts: u64,
    /// Ends at which nothing was on its way.
    pub rests: u64,
    /// Exchanges.
    pub exchanges: u64,
    /// Runs done.
    pub done: u64,
    /// Runs skipped.
    pub skipped: u64,
    /// Runs stopped.
    pub stopped: u64,
    /// Of them undone.
    pub undone: u64,
    /// Repeats that the other side suppressed by key.
    pub suppressed: u64,
    /// Batches that were split.
    pub split: u64,
    /// Runs that failed and that their flow dealt with.
    pub set_aside: u64,
    /// Questions after unknown outcomes, each page of their answers.
    pub asked_back: u64,
    /// Messages that were brought again under their key, and answered the same.
    pub repeated: u64,
    /// Questions that were answered at once, and of which nothing is kept.
    pub passed: u64,
    /// Holds of systems and flows.
    pub held: u64,
    /// Dead letters that blocked what came after them.
    pub blocked: u64,
    /// Dead letters that were replayed.
    pub replayed: u64,
    /// Steps that a person undid by hand.
    pub by_hand: u64,
    /// Lives that began with another plan than the one before.
    pub deploys: u64,
    /// Dead letters that were replayed often and are discarded.
    pub discarded: u64,
    /// Steps that nobody was asked for, and that went out of the hand to wait in the journal.
    pub gave_way: u64,
}

impl AddAssign for Story {
    fn add_assign(&mut self, other: Story) {
        let Story {
            events,
            cuts,
            rests,
            exchanges,
            done,
            skipped,
            stopped,
            undone,
            suppressed,
            split,
            set_aside,
            asked_back,
            repeated,
            passed,
            held,
            blocked,
            replayed,
            by_hand,
            deploys,
            discarded,
            gave_way,
        } = other;
        self.events += events;
        self.cuts += cuts;
        self.rests += rests;
        self.exchanges += exchanges;
        self.done += done;
        self.skipped += skipped;
        self.stopped += stopped;
        self.undone += undone;
        self.suppressed += suppressed;
        self.split += split;
        self.set_aside += set_aside;
        self.asked_back += asked_back;
        self.repeated += repeated;
        self.passed += passed;
        self.held += held;
        self.blocked += blocked;
        self.replayed += replayed;
        self.by_hand += by_hand;
        self.deploys += deploys;
        self.discarded += discarded;
        self.gave_way += gave_way;
    }
}

enum Happens {
    Desk(Event),
    Disk(DiskJob),
    Sync,
    Brings(Brings),
    /// Brought again, where no answer came.
    BringsAgain(Brings),
    Asks(usize),
    /// Asked again, where no answer came.
    AsksAgain(usize),
    Advance(Vec<AdvanceJob>),
}

struct Sim {
    heap: BinaryHeap<Reverse<(i64, u64)>>,
    happens: HashMap<u64, Happens>,
    next: u64,
    now: i64,
    disk_free: i64,
    dice: Dice,
    store: ModelStore,
    /// The editions of the plan, today's first.
    plans: Vec<(PlanId, Arc<Plan>)>,
    world: World,
    senders: Senders,
    askers: Askers,
    mutant: Option<Mutant>,
    story: Story,
    /// After so many events was the last power cut.
    cut_at: u64,
    /// Systems and flows that are held, as far as the desk has heard of it.
    held: BTreeMap<Arc<str>, Held>,
    /// Somebody is about to replay what has stopped.
    replays: bool,
    /// What was opened again, until it ends.
    opened: HashSet<RunId>,
    /// How often each was replayed.
    replayed: HashMap<RunId, u32>,
    /// So often what need not be replayed is, for all that.
    in_vain: i64,
    /// So often a dead letter in order is replayed.
    in_order: i64,
    hand: HandSize,
}

/// In one story of three the hand is as small as its few messages fill it.
fn hand_of(seed: u64) -> HandSize {
    let size = HandSize::default();
    match seed % 3 {
        0 => HandSize { runs: 3 + (seed / 3 % 20) as usize, fetch: 1 + (seed / 60 % 3) as usize, ..size },
        _ => size,
    }
}

/// Plays one story.
///
/// # Errors
/// The invariant that was broken, in words.
pub fn simulate(seed: u64, mutant: Option<Mutant>) -> Result<Story, String> {
    let (mut dice, mut store) = (Dice::new(seed), ModelStore::new());
    let editions = (1..).zip(Edition::of_story(&mut dice));
    let plans = editions.map(|(number, edition)| Arc::new(plan_of(number, &edition, mutant)));
    let plans = plans.map(|plan| Ok((store.plan(&sim_bundle(&plan)).map_err(|fault| format!("{fault:?}"))?, plan)));
    let plans = plans.collect::<Result<Vec<_>, String>>()?;
    let world = World::new(&mut dice);
    let senders = Senders::new(plan::DOOR, &mut dice);
    let askers = Askers::new(&mut dice);
    let mut sim = Sim {
        heap: BinaryHeap::new(),
        happens: HashMap::new(),
        next: 0,
        now: 1_000_000_000_000_000,
        disk_free: 0,
        dice,
        store,
        plans,
        world,
        senders,
        askers,
        mutant,
        story: Story::default(),
        cut_at: 0,
        held: BTreeMap::new(),
        replays: false,
        opened: HashSet::new(),
        replayed: HashMap::new(),
        in_vain: IN_VAIN_MOST,
        in_order: IN_ORDER_MOST,
        hand: hand_of(seed),
    };
    sim.world.begin(sim.now);
    let told = sim.play();
    let leeway = Leeway::of(sim.plans.iter().map(|(_, plan)| &**plan));
    let checked = told.and_then(|()| check::check(&sim.world, &sim.senders, &mut sim.store, leeway));
    let checked = checked.and_then(|()| sim.askers.check(&sim.store));
    let story = checked.map(|()| sim.story);
    story.map_err(|broken| format!("seed {seed}: {broken}"))
}

impl Sim {
    fn play(&mut self) -> Result<(), String> {
        let mut out = Vec::new();
        let mut desk = self.open(&mut out)?;
        self.send();
        loop {
            self.obey(std::mem::take(&mut out));
            let Some(Reverse((at, id))) = self.heap.pop() else { return Err("nothing is left to happen, and runs are open".to_string()) };
            let Some(happens) = self.happens.remove(&id) else { continue };
            self.now = self.now.max(at);
            self.story.events += 1;
            if self.story.events > EVENTS_MOST {
                let open = self.store.opening().map(|opening| opening.backlog);
                return Err(format!("does not come to rest: {:?} {open:?}", desk.standing(Moment(self.now))));
            }
            if self.dice.one_in(400) {
                desk = self.power_cut(&mut out)?;
                continue;
            }
            // Soon after a power cut, too: what may have been asked then is remembered beyond a second end.
            let seldom = if self.story.events < self.cut_at + 60 { 8 } else { 800 };
            if self.dice.one_in(seldom)
                && let Some(rests) = desk.rests()
            {
                self.story.rests += 1;
                self.store.commit(&[rests]).map_err(|fault| format!("{fault:?}"))?;
                desk = self.begin_again(&mut out)?;
                continue;
            }
            let mut events: Vec<Event> = self.event(happens).into_iter().collect();
            // What comes while the desk is at work is heard together.
            while !events.is_empty() && events.len() < HEARD_TOGETHER_MOST && self.dice.one_in(3) {
                events.extend(self.soon_after());
            }
            events.iter().for_each(|event| self.person_hears(event));
            let (now, dice) = (Moment(self.now), &mut self.dice);
            desk.on_all(events, now, &mut || dice.roll(), &mut out);
            if self.story.events.is_multiple_of(32) && self.at_rest(&desk) {
                return Ok(());
            }
        }
    }

    /// What happens next, where that is within a millisecond.
    fn soon_after(&mut self) -> Option<Event> {
        let Reverse((at, id)) = *self.heap.peek().filter(|Reverse((at, _))| *at <= self.now + 1_000)?;
        self.heap.pop();
        self.now = self.now.max(at);
        let happens = self.happens.remove(&id)?;
        self.event(happens)
    }

    fn at_rest(&mut self, desk: &Desk) -> bool {
        let standing = desk.standing(Moment(self.now));
        self.world.all_served(self.now)
            && self.senders.at_rest()
            && self.askers.at_rest()
            && standing.open == 0
            && desk.at_rest()
            && standing.sources_idle
            && self.world.quiet_for(self.now)
            && self.nothing_is_to_be_replayed()
            && check::all_is_taken(&self.world, &self.store)
    }

    fn open(&mut self, out: &mut Vec<Command>) -> Result<Desk, String> {
        let mut opening = self.store.opening().map_err(|fault| format!("{fault:?}"))?;
        opening.rested |= self.mutant == Some(Mutant::CutTakenForRest);
        opening.cut_off = opening.cut_off.filter(|_| self.mutant != Some(Mutant::CutForgotten));
        let (plan_id, plan) = self.plans[0].clone();
        let mut deaths = Vec::new();
        for (flow, rule) in plan.flows.iter().filter_map(|flow| Some((flow, flow.pause_after?))) {
            let since = Moment(self.now).before(rule.within);
            let found = self.store.deaths(&flow.name, since, rule.dead as usize).map_err(|fault| format!("{fault:?}"))?;
            deaths.push((flow.name.clone(), found));
        }
        let older: Vec<_> = self.plans[1..].iter().filter(|(id, _)| opening.plans.contains(id)).cloned().collect();
        let mut in_line = Vec::new();
        for flow in flows_in_order(&plan, &older) {
            let rows = self.store.in_line(&flow).map_err(|fault| format!("{fault:?}"))?;
            in_line.push((flow, rows));
        }
        let setup = Setup {
            plan,
            plan_id,
            older,
            once: false,
            passing: true,
            in_line,
            deaths,
            within_rounds: Vec::new(),
            only: None,
            hand: self.hand,
        };
        self.person_comes(&opening.gates);
        let (now, dice) = (Moment(self.now), &mut self.dice);
        Ok(Desk::open(setup, opening, now, &mut || dice.roll(), out))
    }

    fn power_cut(&mut self, out: &mut Vec<Command>) -> Result<Desk, String> {
        self.story.cuts += 1;
        self.cut_at = self.story.events;
        self.store.cut();
        self.begin_again(out)
    }

    /// Another life, which knows what is on the disk.
    fn begin_again(&mut self, out: &mut Vec<Command>) -> Result<Desk, String> {
        self.heap.clear();
        self.happens.clear();
        self.world.forget_flights();
        out.clear();
        self.now += self.dice.up_to(3_000_000);
        self.disk_free = self.now;
        self.deploys();
        let desk = self.open(out);
        self.send();
        desk
    }

    /// Somebody may have changed the plan.
    fn deploys(&mut self) {
        let before = self.plans[0].0;
        let at = self.dice.up_to(self.plans.len() as i64) as usize;
        self.plans.swap(0, at);
        self.story.deploys += u64::from(self.plans[0].0 != before);
    }

    /// Whoever has something to bring and no answer brings it.
    fn send(&mut self) {
        for (after, brings) in self.senders.plan() {
            let at = (self.world.begins + after).max(self.now + 1 + self.dice.up_to(100_000));
            self.at(at, Happens::Brings(brings));
        }
        for (after, n) in self.askers.plan() {
            let at = (self.world.begins + after).max(self.now + 1 + self.dice.up_to(100_000));
            self.at(at, Happens::Asks(n));
        }
    }

    fn at(&mut self, at: i64, happens: Happens) {
        self.next += 1;
        self.heap.push(Reverse((at, self.next)));
        self.happens.insert(self.next, happens);
    }

    fn soon(&mut self, within: i64, happens: Happens) {
        let at = self.now + 1 + self.dice.up_to(within);
        self.at(at, happens);
    }

    /// One disk: what is asked of it happens in the order in which it was asked.
    fn on_disk(&mut self, job: DiskJob) {
        self.disk_free = self.disk_free.max(self.now) + 1 + self.dice.up_to(20_000);
        self.at(self.disk_free, Happens::Disk(job));
    }

    fn obey(&mut self, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Commit(ticket, facts, haste) => {
                    if haste == Haste::WithTheNext {
                        self.disk_free = self.disk_free.max(self.now) + self.dice.up_to(10_000);
                    }
                    self.commit(ticket, facts);
                }
                Command::Advance(jobs) => self.soon(5_000, Happens::Advance(jobs)),
                Command::Exchange(exchange) => {
                    self.story.exchanges += 1;
                    self.nothing_is_asked_that_is_held(&exchange);
                    let heard = self.world.exchange(*exchange, self.now, self.mutant, &mut self.dice);
                    self.soon(200_000, Happens::Desk(heard));
                }
                Command::Poll(job) => {
                    let heard = self.world.poll(&job, self.now, &mut self.dice);
                    self.soon(50_000, Happens::Desk(heard));
                }
                Command::ReadOn(call, _) => {
                    if let Some(heard) = self.world.read_on(call) {
                        self.soon(50_000, Happens::Desk(heard));
                    }
                }
                Command::SignIn(_) | Command::Tell(_) => {}
                Command::Answer(waiter, word) => {
                    if let Some(brings) = self.senders.hear(waiter, &word) {
                        self.soon(1_000_000, Happens::Brings(brings));
                    }
                    if let Some(n) = self.askers.hear(waiter, &word) {
                        self.soon(1_000_000, Happens::Asks(n));
                    }
                }
                Command::Look(call, keys) => self.on_disk(DiskJob::Look(call, keys)),
                Command::Fetch(fetch) => self.on_disk(DiskJob::Fetch(fetch)),
                Command::WakeAt(at) => self.at(at.0, Happens::Desk(Event::Wake)),
                Command::Note(note) => self.note(&note),
            }
        }
    }

    fn commit(&mut self, ticket: Ticket, facts: Vec<Fact>) {
        if self.mutant == Some(Mutant::AnswerBeforeSync) {
            let receipts = self.store.write(&facts);
            let kept = Event::Kept { ticket, facts, receipts };
            self.world_hears(&kept);
            self.at(self.now, Happens::Desk(kept));
            return self.soon(200_000, Happens::Sync);
        }
        let write = mutant::written(self.mutant, facts.clone());
        self.on_disk(DiskJob::Commit { ticket, write, kept: facts });
    }

    fn event(&mut self, happens: Happens) -> Option<Event> {
        match happens {
            Happens::Desk(event) => Some(event),
            Happens::Brings(brings) => {
                self.at(self.now + Senders::patience(), Happens::BringsAgain(brings));
                Some(self.senders.bring(brings))
            }
            Happens::BringsAgain(brings) => {
                if self.senders.waits_for(brings) {
                    self.soon(1_000, Happens::Brings(brings));
                }
                None
            }
            Happens::Asks(n) => {
                self.at(self.now + Askers::patience(), Happens::AsksAgain(n));
                Some(self.askers.ask(n))
            }
            Happens::AsksAgain(n) => {
                if self.askers.waits_for(n) {
                    self.soon(1_000, Happens::Asks(n));
                }
                None
            }
            Happens::Disk(job) => {
                let mut done = job.done(&mut self.store);
                self.world_hears(&done);
                if let (Event::FoundStopped { bundles, .. }, Some(Mutant::OthersLeftBehind)) = (&mut done, self.mutant) {
                    bundles.clear();
                }
                Some(done)
            }
            Happens::Sync => {
                self.store.sync();
                None
            }
            Happens::Advance(jobs) => {
                let mutant = self.mutant;
                Some(Event::Advanced(
                    jobs.into_iter().map(|job| (job.run, advance(&mutant::believed(job, mutant), &Room::new()))).collect(),
                ))
            }
        }
    }

    /// What was kept just now: what is replayed may be done again, and what was undone by hand need not be undone.
    fn world_hears(&mut self, kept: &Event) {
        let Event::Kept { facts, .. } = kept else { return };
        for fact in facts {
            match fact {
                Fact::Reopened { run, .. } => {
                    let files = self.store.runs(&[*run]).unwrap_or_default();
                    // Two chores may mean the same one: it is opened once.
                    for file in files.iter().filter(|file| !file.over && self.opened.insert(file.run)) {
                        self.world.opens_again(&file.message.body);
                    }
                }
                Fact::Ended { run, .. } => drop(self.opened.remove(run)),
                // Where it goes again meanwhile nobody has seen to it.
                Fact::Discarded { run, .. } => {
                    let files = self.store.runs(&[*run]).unwrap_or_default();
                    files.iter().filter(|file| file.over).for_each(|file| self.world.seen_to(&file.message.body));
                }
                Fact::Settled(settled) if settled.attempt.is_none() && settled.state.tries == 0 => {
                    self.story.gave_way += u64::from(matches!(settled.state.phase, Phase::Owed { .. }));
                }
                Fact::Undone { undo, .. } if self.store.waits_for_word(undo) => {
                    let files = self.store.runs(&[undo.run]).unwrap_or_default();
                    let undone = if &*undo.node == "reserve" { "release" } else { "refund" };
                    files.iter().for_each(|file| self.world.done_by_hand(&file.message.body, undone));
                    self.story.by_hand += 1;
                }
                _ => {}
            }
        }
    }

    fn note(&mut self, note: &Happening) {
        self.person_is_told(note);
        match note {
            Happening::Ended { ending, .. } => match ending {
                Ending::Done => self.story.done += 1,
                Ending::Skipped(_) => self.story.skipped += 1,
                Ending::SetAside(stopped) => {
                    self.story.set_aside += 1;
                    self.story.undone += u64::from(stopped.undone);
                }
                Ending::Stopped(stopped) => {
                    self.story.stopped += 1;
                    self.story.undone += u64::from(stopped.undone);
                }
            },
            Happening::Split { .. } => self.story.split += 1,
            Happening::AnsweredAtOnce { message, .. } => {
                self.story.passed += 1;
                self.askers.passed.insert(*message);
            }
            Happening::Blocked { .. } => self.story.blocked += 1,
            Happening::Gate { change: GateChange::Held(_), .. } => self.story.held += 1,
            Happening::Exchanged { operation, .. } if &**operation == "find" => self.story.asked_back += 1,
            _ => {}
        }
        self.story.suppressed = self.world.suppressed;
        self.story.repeated = self.senders.repeated;
    }
}

/// A time of the simulated world.
fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// What the store said of messages, in words.
fn receipts_of(store: &mut ModelStore, facts: &[Fact]) -> Vec<Receipt> {
    store.commit(facts).unwrap_or_default()
}
