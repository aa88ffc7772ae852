//! The clerk: the one thread at the desk. Hears events, asks the desk, carries its commands out.
//!
//! Nothing here waits for a disk, a socket or a map; those have threads of their own and send their results as events.
//! So the desk needs no lock, and what it decides is decided in one order. Only where more waits for the disk than may
//! ([`keep::WRITER_JOBS_MOST`]) is the clerk held up by it.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender},
    },
    time::Duration,
};

use spanwright_core::{
    desk::{CallId, Command, Desk, Event, Fetch, Haste, Order, Ticket},
    fact::{Ending, Moment, StopKind, Stopped},
    run::{Advance, AdvanceJob, advance},
};
use spanwright_shape::text::Failure;

use super::{
    Why,
    disk::DiskWatch,
    exchange::Office,
    over::Watch,
    start::SET_BACK_LEAST,
    state::Shared,
    workers::{Rank, guarded},
};
use crate::{
    clock::Dice,
    codes,
    keep::{self, Marks, RUNS_AT_ONCE_MOST},
    listen::Listening,
    observe::{Level, Line, Observer},
};

/// The clerk looks up at least so often, for stops and progress.
const TICK: Duration = Duration::from_millis(250);
/// How everything stands is told to others no more often than this.
const PUBLISH_EVERY: Duration = Duration::from_millis(20);
/// Events that are handled before the clerk looks at anything else.
const EVENTS_AT_ONCE: usize = 256;

/// What the clerk hears.
#[allow(clippy::large_enum_variant)] // nearly each is an event, and none waits for long
pub(crate) enum Word {
    /// Something for the desk.
    Event(Event),
    /// Commits that are on disk, all by one sync.
    Kept(Vec<keep::Kept>),
    /// Finish what is in flight and end; the second time, end.
    Stop,
    /// The journal waits for room no longer: what is not kept by now did not happen.
    GaveUp,
    /// The journal cannot be trusted any more.
    Broken(String),
}

/// The way to the clerk; cheap to clone.
#[derive(Clone)]
pub(crate) struct Inbox {
    words: Sender<Word>,
}

impl Inbox {
    pub(super) fn new(words: Sender<Word>) -> Inbox {
        Inbox { words }
    }

    pub(crate) fn tell(&self, event: Event) {
        self.say(Word::Event(event));
    }

    /// Where the clerk has gone there is nobody to tell, and the journal knows all that counts.
    pub(super) fn say(&self, word: Word) {
        drop(self.words.send(word));
    }
}

/// The clerk and what it works with.
pub(super) struct Clerk {
    pub(super) desk: Desk,
    pub(super) office: Arc<Office>,
    /// Where others reach us.
    pub(super) listening: Option<Listening>,
    pub(super) workers: usize,
    pub(super) journal: keep::WriterHandle,
    /// Where it is marked what is in hand; `None` where the journal is no file.
    pub(super) marks: Option<Arc<Marks>>,
    /// The disk beneath the journal; `None` where it is no file.
    pub(super) room: Option<DiskWatch>,
    pub(super) words: Receiver<Word>,
    pub(super) observer: Observer,
    pub(super) shared: Arc<Shared>,
    pub(super) watch: Watch,
    pub(super) dice: Dice,
    /// By how much the machine's clock was behind ours when it was told.
    pub(super) behind: Duration,
    /// The earliest moment that the desk named.
    pub(super) wake: Option<Moment>,
    pub(super) published: Moment,
}

impl Clerk {
    /// Works until it is over.
    pub(super) fn work(mut self, first: Vec<Command>) -> Why {
        let now = self.now();
        self.carry_out(first, now);
        let why = loop {
            self.hear();
            let now = self.now();
            self.look_at_disk(now);
            self.look_at_clock(now);
            let standing = self.desk.standing(now);
            if let Some(why) = self.watch.over(&standing, self.office.under_way(), self.at_rest(), now) {
                break why;
            }
            if now.since(self.published) >= PUBLISH_EVERY {
                self.published = now;
                self.shared.publish(standing, self.observer.counters.clone());
            }
        };
        if let Some(rests) = self.desk.rests() {
            self.journal.commit(Ticket(0), vec![rests], Haste::Now);
        }
        self.office.readers.let_go();
        if !self.watch.is_urgent() {
            self.office.brokers.leave(&self.office.reactor);
        }
        let now = self.now();
        self.shared.publish(self.desk.standing(now), self.observer.counters.clone());
        self.observer.tell(Line::new(now, why.level(), "engine-ended", why.to_string()));
        why
    }

    fn now(&self) -> Moment {
        self.office.clock.now()
    }

    /// What was asked for is heard and kept, whoever waited has been answered, and no reader stands in a page.
    fn at_rest(&self) -> bool {
        self.desk.at_rest() && !self.office.readers.is_reading() && (self.listening.is_none() || self.office.waiters.connections() == 0)
    }

    /// Waits for a word or the time; then hears what else is there, and lets the desk go on once.
    fn hear(&mut self) {
        let wait = self.wake.map_or(TICK, |wake| self.office.clock.until(wake).min(TICK));
        let mut events = Vec::new();
        match self.words.recv_timeout(wait) {
            Ok(word) => self.handle(word, &mut events),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
        while events.len() < EVENTS_AT_ONCE
            && let Ok(word) = self.words.try_recv()
        {
            self.handle(word, &mut events);
        }
        if !events.is_empty() {
            self.watch.moved(self.now());
        }
        if self.wake.is_some_and(|wake| wake <= self.now()) {
            self.wake = None;
            events.push(Event::Wake);
        }
        self.on(events);
    }

    fn look_at_disk(&mut self, now: Moment) {
        let Some(room) = &mut self.room else { return };
        let seen = room.look(now, || self.desk.owes_bytes());
        if room.asks_for_room(now) {
            self.journal.ask(|store| store.into_iter().for_each(|store| store.give_room()));
        }
        let Some(seen) = seen else { return };
        if let Some(low) = seen.low {
            let (level, action, words) = match low {
                true => {
                    (Level::Error, "disk-low", "the disk is almost full: nothing is taken in until there is room; what is open goes on")
                }
                false => (Level::Info, "disk-room", "there is room on the disk again"),
            };
            self.observer.tell(Line::new(now, level, action, words));
        }
        self.on(vec![Event::Room(seen.spare)]);
    }

    /// The machine's clock was set back while we ran, and ours does not follow.
    fn look_at_clock(&mut self, now: Moment) {
        let behind = self.office.clock.runs_ahead();
        if behind.abs_diff(self.behind) < SET_BACK_LEAST {
            return;
        }
        self.behind = behind;
        let (level, words) = match behind < SET_BACK_LEAST {
            true => (Level::Info, "the machine's clock is where ours is again".to_string()),
            false => {
                let seconds = behind.as_secs();
                let words = format!(
                    "the machine's clock was set back: ours stays {seconds} s ahead of it until the next start, so that nothing that waits \
                     does so for longer; what others sign, and what we sign for them, goes by the machine's"
                );
                (Level::Warn, words)
            }
        };
        self.observer.tell(Line::new(now, level, "clock-set-back", words));
    }

    fn handle(&mut self, word: Word, events: &mut Vec<Event>) {
        match word {
            Word::Event(event) => events.push(event),
            Word::Kept(group) => {
                events.extend(group.into_iter().map(|keep::Kept { ticket, facts, receipts }| Event::Kept { ticket, facts, receipts }))
            }
            Word::Stop if self.watch.stop(self.now()) => {
                let words = "finishing what is in flight; once more ends at once";
                self.observer.tell(Line::new(self.now(), Level::Info, "engine-stopping", words));
                if let Some(listening) = &self.listening {
                    listening.close();
                }
                events.push(Event::Told(Order::Stop));
            }
            Word::Stop => self.watch.stop_now(),
            Word::GaveUp => self.watch.time_is_up(self.now()),
            Word::Broken(why) => self.watch.broken(why),
        }
    }

    fn on(&mut self, events: Vec<Event>) {
        if events.is_empty() {
            return;
        }
        let (now, mut out, dice) = (self.now(), Vec::new(), &self.dice);
        self.desk.on_all(events, now, &mut || dice.roll(), &mut out);
        self.carry_out(out, now);
    }

    fn carry_out(&mut self, commands: Vec<Command>, now: Moment) {
        let mut words = Vec::new();
        for command in commands {
            match command {
                // A broken journal ends the process (see [`Word::Broken`]), and what is not kept did not happen.
                Command::Commit(ticket, facts, haste) => self.journal.commit(ticket, facts, haste),
                Command::Advance(jobs) => self.advance(jobs),
                Command::Exchange(exchange) => self.office.exchange(*exchange),
                Command::Poll(job) => self.office.poll(*job),
                Command::ReadOn(call, way) => self.office.readers.tell(call, way),
                Command::SignIn(job) => self.office.sign_in(job),
                Command::Tell(job) => self.office.tell(job),
                Command::Look(call, keys) => self.look(call, keys),
                Command::Fetch(fetch) => self.fetch(fetch),
                Command::Answer(waiter, word) => words.push((waiter, word)),
                Command::WakeAt(at) => self.wake = Some(self.wake.map_or(at, |wake| wake.min(at))),
                Command::Note(happening) => self.observer.happened(&happening, now),
            }
        }
        self.office.waiters.answer(words);
    }

    fn look(&self, call: CallId, keys: Vec<(Arc<str>, Arc<str>)>) {
        let inbox = self.office.inbox.clone();
        self.journal.ask(move |store| match store.and_then(|store| store.sent(&keys)) {
            Ok(prints) => inbox.tell(Event::Looked { call, prints }),
            Err(fault) => inbox.say(Word::Broken(words_of(&fault))),
        });
    }

    fn fetch(&self, fetch: Fetch) {
        let inbox = self.office.inbox.clone();
        self.journal.ask(move |store| match store.and_then(|store| fetch.answered(store)) {
            Ok(event) => inbox.tell(event),
            Err(fault) => inbox.say(Word::Broken(words_of(&fault))),
        });
    }

    fn advance(&self, jobs: Vec<AdvanceJob>) {
        let share = jobs.len().div_ceil(self.workers.max(1)).clamp(1, RUNS_AT_ONCE_MOST);
        let mut jobs = jobs.into_iter().peekable();
        while jobs.peek().is_some() {
            let (some, inbox): (Vec<AdvanceJob>, _) = (jobs.by_ref().take(share).collect(), self.office.inbox.clone());
            let marks = self.marks.clone();
            self.office.hands.give(Rank::Flow, move |room| {
                let mut hand = Marks::hand(marks.as_ref(), some.iter().map(|job| job.run));
                let advanced = some.iter().map(|job| {
                    hand.walks(job.run);
                    let result = guarded(|| advance(job, room)).unwrap_or_else(ours_to_blame);
                    room.clear();
                    (job.run, result)
                });
                inbox.tell(Event::Advanced(advanced.collect()));
            });
        }
    }
}

fn ours_to_blame() -> Advance {
    let failure = Failure::new(&codes::R0103, "evaluating the flow ended in a panic, which standard error has");
    Advance::Ends(Ending::Stopped(Stopped { kind: StopKind::Dead, node: "flow".into(), failure, undone: false }))
}

/// A fault of the store in words.
pub(super) fn words_of(fault: &spanwright_core::fact::StoreFault) -> String {
    match fault {
        spanwright_core::fact::StoreFault::Full => "the disk is full".to_string(),
        spanwright_core::fact::StoreFault::Broken(words) => words.clone(),
    }
}
