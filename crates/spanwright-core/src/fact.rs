//! The journal's whole vocabulary, and the identities that facts are about.
//!
//! One `commit(&[Fact])` is one transaction. Every store (model, SQLite, later PostgreSQL) implements these arms and a
//! few questions, and no feature gets a verb, a table or a loop of its own.

use std::{sync::Arc, time::Duration};

use spanwright_shape::text::Failure;

use crate::alert::AlertRow;

mod again;
mod at_system;
mod chore;
mod keys;
mod store;

pub use again::{APART, OF_NO_ATTEMPT, STATES_LOOKED_AT_MOST, begins_way_back, is_newer, is_other_state, owed_again};
pub use at_system::AtSystem;
pub use chore::{
    BUNDLE_RUNS_MOST, CHORES_REMEMBERED_MOST, Chore, ChoreId, ChoreKind, ChorePhase, Opened, Reopening, StoppedBundle, StoppedFilter,
    StoppedRun, that_go, that_stay,
};
pub use keys::{ANSWER, EffectKey, Item, NOBODY_KNOWS, NodeName, Print, Root, Way, hex, lane_of, no_item, print_of, request_key};
pub use store::{
    Backlog, DueEffect, FILES_BYTES_MOST, Glued, InLine, Lane, Letter, ListFilter, Listed, MessageFile, Old, Opening, PlanBundle, Receipt,
    RunFile, Shown, SourceRow, Store, StoreFault, StoredEffect, Tally, Turn,
};

/// UTC microseconds since 1970. Only the engine's clock makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(pub i64);

impl Moment {
    /// This long afterwards.
    pub fn after(self, time: Duration) -> Moment {
        Moment(self.0.saturating_add(i64::try_from(time.as_micros()).unwrap_or(i64::MAX)))
    }

    /// This long earlier.
    pub fn before(self, time: Duration) -> Moment {
        Moment(self.0.saturating_sub(i64::try_from(time.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long since an earlier moment; zero where it was not earlier.
    pub fn since(self, earlier: Moment) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// A run in its store. Never part of an idempotency key: stores may hand it out again after a restored backup.
/// Below zero: a passing run, of which no store knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RunId(pub i64);

impl RunId {
    /// Whether it is the number of a passing run.
    pub fn passes(self) -> bool {
        self.0 < 0
    }
}

/// A plan in its store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlanId(pub i64);

/// One exchange on the wire; handed out by the desk, ascending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId(pub i64);

impl From<Took> for Fact {
    fn from(took: Took) -> Fact {
        Fact::Took(Box::new(took))
    }
}

/// What can be written.
#[derive(Clone, Debug)]
pub enum Fact {
    /// A message and the runs that it owes; or, where it was seen before, nothing.
    Took(Box<Took>),
    /// A source went on to here.
    Moved(Moved),
    /// An effect that may not be repeated is about to be asked. Committed before the exchange.
    Started {
        /// Which.
        effect: EffectKey,
        /// In which life of the process.
        boot: u32,
        /// Its generation.
        generation: u32,
        /// Which item it is about, as in [`EffectState::of_item`].
        of_item: Option<Print>,
    },
    /// A batch is about to be asked under one key. Committed before the exchange, so that after a crash the same
    /// composition goes again under the same key; closed by the [`Fact::Exchanged`] of the same number.
    Bundled(Bundled),
    /// One exchange, whoever was in it.
    Exchanged(Exchanged),
    /// An effect after an attempt (or put off, superseded, found uncertain).
    Settled(Box<Settled>),
    /// A run waits for its effects' due times and may be forgotten (`parked`), or is active again.
    Parked {
        /// Which.
        run: RunId,
        /// Whether it is.
        parked: bool,
    },
    /// A run is over.
    Ended {
        /// Which.
        run: RunId,
        /// How.
        ending: Ending,
        /// When.
        at: Moment,
    },
    /// A stopped run goes on under a plan: replay. Its dead effects become owed in their next generation, the
    /// uncertain ones in the same.
    Reopened {
        /// Which.
        run: RunId,
        /// Under which plan.
        plan: PlanId,
        /// When.
        at: Moment,
        /// By whom.
        by: Arc<str>,
        /// Also where a newer state of its record went on; without it such a run stays as it is.
        over_newer: bool,
        /// It goes without those that it went with under one key, so under another.
        apart: bool,
    },
    /// A message was made of another one by a person: sent once more, or with an edited body.
    Resent(Box<Resent>),
    /// A person has seen a stopped run, and it needs no alarm any more.
    Acknowledged {
        /// Which.
        run: RunId,
        /// When.
        at: Moment,
        /// By whom.
        by: Arc<str>,
        /// What is done about it.
        words: Arc<str>,
    },
    /// A chore, as it stands now.
    Chore(Box<Chore>),
    /// A finished run is forgotten, as far as this says. Open runs and dead letters never are.
    Forgot {
        /// Which.
        run: RunId,
        /// What of it.
        what: Forget,
    },
    /// The clock of the machine was set back while nobody ran: what waits is due this much earlier.
    SetBack {
        /// How far.
        by: Duration,
    },
    /// Open runs of a flow for which nobody was asked anything go on under another plan.
    Adopted {
        /// Which flow.
        flow: Arc<str>,
        /// Under which plan.
        plan: PlanId,
        /// Only runs behind this one: what came before may have been asked, and nobody knows.
        after: RunId,
    },
    /// A life of the process ends, and all that it asked was heard of.
    Rested {
        /// Which.
        boot: u32,
    },
    /// The life before was cut off.
    CutOff(CutOff),
    /// A stopped run was set aside by a person.
    Discarded {
        /// Which.
        run: RunId,
        /// When.
        at: Moment,
        /// By whom.
        by: Arc<str>,
        /// Why.
        reason: Arc<str>,
    },
    /// A person undid a step by hand: its undo is asked for no more, as soon as it is on no way. It is settled behind this.
    Undone {
        /// The undo.
        undo: EffectKey,
        /// When.
        at: Moment,
        /// By whom.
        by: Arc<str>,
        /// How.
        words: Arc<str>,
    },
    /// A channel was told of a cause, or that it is over.
    Alerted(Box<AlertRow>),
    /// A gate's state.
    Gated(GateRow),
    /// What the last body sent for a key was (`unchanged: skip`).
    Sent {
        /// `sent:flow.node`
        scope: Arc<str>,
        /// The record's key.
        key: Arc<str>,
        /// Of the body.
        print: Print,
        /// When this may be forgotten.
        until: Moment,
    },
}

/// A message as it came in.
#[derive(Clone, Debug)]
pub struct Took {
    /// UUIDv7.
    pub message: u128,
    /// `flow.source`
    pub source: Arc<str>,
    /// The sender's correlation id, or ours.
    pub correlation: Arc<str>,
    /// When.
    pub at: Moment,
    /// Which record it is about.
    pub key: Option<Arc<str>>,
    /// Which state of it.
    pub version: Option<Arc<str>>,
    /// The decoded body as JSON.
    pub body: Arc<[u8]>,
    /// What came beside it (`$headers`, `$query`, `$path`), a JSON record, where anything did.
    pub beside: Option<Arc<[u8]>>,
    /// The flow that takes it, its root and the plan that it is pinned to.
    pub flow: Arc<str>,
    /// 128 random bits, one a (message, flow).
    pub root: Root,
    /// The plan.
    pub plan: PlanId,
    /// Seen before?
    pub seen: Option<Seen>,
    /// The id of the message that it is about: it is taken only where the journal has that one, in the same commit or before.
    pub about: Option<u128>,
    /// It cannot be used as it is (it breaks its schema): kept, and dead from the beginning.
    pub fault: Option<Failure>,
}

/// A message that a person made of another one.
#[derive(Clone, Debug)]
pub struct Resent {
    /// The new one. It has a root of its own, and so keys of its own.
    pub took: Took,
    /// The run of the one that it was made of.
    pub of: RunId,
    /// By whom.
    pub by: Arc<str>,
    /// Why.
    pub words: Arc<str>,
    /// The other one was a dead letter and is set aside. Where it is none by then (somebody replayed it), nothing is written.
    pub instead: bool,
    /// Also where a newer state of its record went on; else nothing is written then.
    pub over_newer: bool,
}

/// How much of a finished run is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forget {
    /// The bodies of its message and of its answers: what happened to it can still be told.
    Bodies,
    /// All of it.
    All,
}

/// How a store tells whether something was taken before.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The source, of events or of records.
    pub scope: Arc<str>,
    /// The event's or the record's key.
    pub key: Arc<str>,
    /// `Some`: the same only where the last print of the key is equal (a record). `None`: the same (an event).
    pub print: Option<Print>,
    /// Of an event whose sender waits: what it held. A store keeps it, and tells of the same event in which run it is
    /// and whether it held the same ([`Receipt::Known`]).
    pub held: Option<Print>,
    /// When this may be forgotten, unless it comes again. The key is known until it is: until a store tidies it away.
    pub until: Moment,
}

/// What comes again and again is not written down each time: only once it would be remembered so much longer.
pub const SEEN_RENEWED_EACH: Duration = Duration::from_secs(30 * 24 * 3600);

impl Seen {
    /// What came before, and is remembered until this or less, is to be remembered as long as what comes now.
    pub fn renews_upto(&self) -> Moment {
        self.until.before(SEEN_RENEWED_EACH)
    }
}

/// How far a source has read.
#[derive(Clone, Debug)]
pub struct Moved {
    /// `flow.source`
    pub source: Arc<str>,
    /// The cursor, JSON; `None` leaves it.
    pub cursor: Option<Arc<[u8]>>,
    /// When it is due again.
    pub due: Moment,
    /// When it moved.
    pub at: Moment,
}

/// A batch under one key, before its exchange.
#[derive(Clone, Debug)]
pub struct Bundled {
    /// The exchange's number.
    pub id: ExchangeId,
    /// The system.
    pub system: Arc<str>,
    /// The operation.
    pub operation: Arc<str>,
    /// The queue.
    pub queue: Arc<str>,
    /// When.
    pub at: Moment,
    /// What is in it, in its order.
    pub members: Vec<EffectKey>,
}

/// One exchange on the wire.
#[derive(Clone, Debug)]
pub struct Exchanged {
    /// Its number.
    pub id: ExchangeId,
    /// The system.
    pub system: Arc<str>,
    /// The operation.
    pub operation: Arc<str>,
    /// When it began.
    pub at: Moment,
    /// How long it took.
    pub took: Duration,
    /// The HTTP status, 0 where no answer came.
    pub status: u16,
    /// Calls in it.
    pub calls: u32,
    /// Bytes sent.
    pub sent: u64,
    /// Bytes got.
    pub got: u64,
}

/// An effect as it stands after something happened to it.
#[derive(Clone, Debug)]
pub struct Settled {
    /// Which.
    pub effect: EffectKey,
    /// Where it stands.
    pub state: EffectState,
    /// `flow.node`: the queue that it waits in.
    pub queue: Arc<str>,
    /// Order scope and record, hashed; 0 where nothing is ordered.
    pub lane: u64,
    /// The attempt that led here, where one did.
    pub attempt: Option<Attempt>,
    /// When.
    pub at: Moment,
}

/// What is known of one effect.
#[derive(Clone, Debug, PartialEq)]
pub struct EffectState {
    /// Its state.
    pub phase: Phase,
    /// Counts up when a replay may send other bytes.
    pub generation: u32,
    /// Attempts that were spent.
    pub tries: u32,
    /// When the first was made.
    pub first: Option<Moment>,
    /// When the last one failed.
    pub failed: Option<Moment>,
    /// Failures that were its own: an answer said so, or others of its queue were delivered since the one before.
    pub own_failures: u32,
    /// The exchange whose composition and bytes it must repeat, after an unknown outcome.
    pub glued: Option<ExchangeId>,
    /// The print of its input, after an unknown outcome.
    pub sent: Option<Print>,
    /// The print of the item that it is about, in an `each`: its place alone does not tell, since another list has another item there.
    /// None where a replay owes it in its next generation, which may be about another one.
    pub of_item: Option<Print>,
}

impl EffectState {
    /// Of one that was not tried yet.
    pub fn new(phase: Phase) -> EffectState {
        EffectState { phase, generation: 0, tries: 0, first: None, failed: None, own_failures: 0, glued: None, sent: None, of_item: None }
    }

    /// Bytes of what it was answered.
    pub fn answer_bytes(&self) -> usize {
        if let Phase::Done(Some(answer)) = &self.phase { answer.len() } else { 0 }
    }
}

/// A life of the process was cut off, and what it had on its way is not known. This may have been asked, and nobody heard:
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CutOff {
    /// What was due by then and has not settled since.
    pub at: Moment,
    /// In runs up to this, what the journal has nothing of.
    pub upto: RunId,
}

/// A journal is a copy, and the one that it was made of may have gone on: what came of that is not known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Runs up to this may have gone on elsewhere.
    pub upto: RunId,
    /// When the first life on the copy began; `None`: this is it.
    pub at: Option<Moment>,
}

/// The phases of an effect.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// To be asked, not before `due`.
    Owed {
        /// When.
        due: Moment,
    },
    /// Asked in a life of the process; only effects that may not be repeated have it on disk.
    Started {
        /// Which life.
        boot: u32,
    },
    /// It happened. The answer as JSON, where a step names it.
    Done(Option<Arc<[u8]>>),
    /// Not sent since the last body for its key was the same.
    Unchanged,
    /// Not sent since a newer state of its record was to follow.
    Superseded,
    /// Nobody knows, and it may not be repeated.
    Uncertain(Failure),
    /// It never will.
    Dead(Failure),
}

impl Phase {
    /// It did not happen and does not go again by itself, or nobody knows whether it did.
    pub fn is_given_up(&self) -> bool {
        matches!(self, Phase::Dead(_) | Phase::Uncertain(_))
    }
}

/// One attempt.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Its number, from 1.
    pub n: u32,
    /// On which exchange.
    pub exchange: Option<ExchangeId>,
    /// What came of it.
    pub outcome: OutcomeKind,
    /// What was said.
    pub says: Option<Failure>,
}

/// The four outcomes, for the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutcomeKind {
    /// It happened.
    Delivered,
    /// Not now.
    Later,
    /// Nobody knows.
    Unknown,
    /// Never.
    Never,
}

/// How a run ends.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// All that it owed is done.
    Done,
    /// It had nothing to do: `only`, `unchanged`, superseded.
    Skipped(SkipReason),
    /// It cannot go on; what had been done was undone where the plan says how.
    Stopped(Stopped),
    /// The same, and the flow's `if_dead` has dealt with it: no person need look.
    SetAside(Stopped),
}

/// Why a run ended without doing anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// An `only` was not true.
    Filtered,
    /// Nothing had changed since the last time.
    Unchanged,
    /// A newer state of the record came.
    Superseded,
}

/// A dead letter.
#[derive(Clone, Debug, PartialEq)]
pub struct Stopped {
    /// Dead, or uncertain.
    pub kind: StopKind,
    /// At which step.
    pub node: NodeName,
    /// Why.
    pub failure: Failure,
    /// Whether earlier effects were undone.
    pub undone: bool,
}

/// The two kinds of dead letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopKind {
    /// Something never will.
    Dead,
    /// Nobody knows whether something happened.
    Uncertain,
}

/// A gate as the journal keeps it, so that a restart does not hammer a sick system; or a flow that is held.
#[derive(Clone, Debug, PartialEq)]
pub struct GateRow {
    /// The system.
    pub system: Arc<str>,
    /// Its breaker.
    pub breaker: Breaker,
    /// Since when.
    pub since: Moment,
    /// Times it opened in a row without a success between.
    pub opens: u32,
    /// Nothing is sent before.
    pub paused_until: Option<Moment>,
    /// Somebody holds it, or did the last time.
    pub hold: Option<Hold>,
    /// What was spent of its day.
    pub spent: Option<Spent>,
    /// What was said when our credentials were refused, until something shows that they are good.
    pub refused: Option<Arc<str>>,
}

/// Before the name of a flow that is held.
const HELD_FLOW: &str = "flow:";

impl GateRow {
    /// One that nothing is known of but its name.
    pub fn closed(system: Arc<str>, since: Moment) -> GateRow {
        GateRow { system, breaker: Breaker::Closed, since, opens: 0, paused_until: None, hold: None, spent: None, refused: None }
    }

    /// What a flow that is held is called: its row lies among those of systems, whose names have no colon.
    pub fn of_flow(flow: &str) -> Arc<str> {
        format!("{HELD_FLOW}{flow}").into()
    }

    /// The flow that is called so, where it is one.
    pub fn flow_of(name: &str) -> Option<&str> {
        name.strip_prefix(HELD_FLOW)
    }

    /// Somebody holds it.
    pub fn held_by(&mut self, hold: Hold) {
        self.hold = Some(hold.behind(self.hold.as_ref()));
    }

    /// Somebody lets it go: a breaker that is open is tried at once, and so are credentials that were refused.
    pub fn resumed(&mut self, now: Moment) {
        self.hold.iter_mut().for_each(|hold| hold.let_go(now));
        (self.paused_until, self.refused) = (None, None);
        if let Breaker::Open { until } = &mut self.breaker {
            *until = now.min(*until);
        }
    }

    /// Whether it says nothing that a new gate would not.
    pub fn is_plain(&self) -> bool {
        let quiet = self.breaker == Breaker::Closed && self.opens == 0 && self.paused_until.is_none();
        quiet && self.hold.is_none() && self.spent.is_none() && self.refused.is_none()
    }
}

/// Somebody's word that a system or a flow is to be left alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Hold {
    /// Since when.
    pub since: Moment,
    /// Until when; `None`: until somebody resumes it.
    pub until: Option<Moment>,
    /// By whom; [`Hold::ENGINE`] where only a person can go on.
    pub by: Arc<str>,
    /// Why.
    pub because: Arc<str>,
}

impl Hold {
    /// Who holds where it was nobody's word.
    pub const ENGINE: &str = "spanwright";

    /// Whether it still does.
    pub fn holds(&self, now: Moment) -> bool {
        self.until.is_none_or(|until| until > now)
    }

    /// Somebody lets it go. It stays known: for so long nothing was tried.
    pub fn let_go(&mut self, now: Moment) {
        self.until = Some(self.end(now));
    }

    /// The same word, where another one held until now: they are one time.
    pub fn behind(self, before: Option<&Hold>) -> Hold {
        let since = before.filter(|before| before.holds(self.since)).map_or(self.since, |before| before.since.min(self.since));
        Hold { since, ..self }
    }

    /// When it ended, or now.
    pub fn end(&self, now: Moment) -> Moment {
        self.until.map_or(now, |until| until.min(now))
    }
}

/// Requests of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// When the day is over.
    pub until: Moment,
    /// How many, at most.
    pub calls: u64,
}

/// The breaker's states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breaker {
    /// All may pass.
    Closed,
    /// None may, until then.
    Open {
        /// When probes begin.
        until: Moment,
    },
    /// A few probes may.
    HalfOpen,
}
