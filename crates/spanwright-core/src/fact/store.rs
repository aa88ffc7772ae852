//! What a store must answer. Three implement it: the model (tests, simulation), SQLite, later PostgreSQL; one
//! conformance suite holds them to the same answers.
//!
//! Every question is bounded by a count. Nothing here waits: a store is asked on a thread that may block.

use std::sync::Arc;

use spanwright_shape::text::{Code, Failure};

use crate::alert::{AlertRow, Trouble};

use super::{
    AtSystem, Chore, ChoreId, Copied, CutOff, EffectKey, EffectState, ExchangeId, Fact, Forget, GateRow, Moment, NodeName, PlanId, Print,
    Root, RunId, StopKind, StoppedBundle, StoppedFilter, StoppedRun, Took,
};

/// Bytes of bodies and answers in one answer with many runs: the run with which they come to so many is the last one.
pub const FILES_BYTES_MOST: usize = 8 << 20;

/// Keeps facts.
pub trait Store: Send {
    /// Writes all of them or none, in order, and returns once a power cut cannot take them back.
    /// A receipt for each [`Fact::Took`], in order.
    ///
    /// # Errors
    /// [`StoreFault`]; nothing of these facts was written.
    fn commit(&mut self, facts: &[Fact]) -> Result<Vec<Receipt>, StoreFault>;

    /// Begins a life of the process: counts the boot up and tells what is open.
    ///
    /// # Errors
    /// [`StoreFault`]
    fn opening(&mut self) -> Result<Opening, StoreFault>;

    /// The plan's number; kept with its bundle when it is new.
    ///
    /// # Errors
    /// [`StoreFault`]
    fn plan(&mut self, plan: &PlanBundle) -> Result<PlanId, StoreFault>;

    /// The bundle of a plan that open runs are pinned to.
    ///
    /// # Errors
    /// [`StoreFault`]
    fn plan_bundle(&mut self, plan: PlanId) -> Result<Option<PlanBundle>, StoreFault>;

    /// Active (not parked) runs of a flow behind `after`, ascending by run; fewer where they come to
    /// [`FILES_BYTES_MOST`].
    ///
    /// # Errors
    /// [`StoreFault`]
    fn active(&mut self, flow: &str, after: RunId, most: usize) -> Result<Vec<RunFile>, StoreFault>;

    /// Parked runs with an effect in this queue that is due and whose turn is `from` or later, earliest first; with each,
    /// all others that share its glue, beyond `most` if need be; fewer where they come to [`FILES_BYTES_MOST`].
    /// And the first turn from there on that is left.
    ///
    /// # Errors
    /// [`StoreFault`]
    fn due(&mut self, queue: &str, from: Turn, now: Moment, most: usize) -> Result<(Vec<RunFile>, Option<Turn>), StoreFault>;

    /// Some runs, open or not.
    ///
    /// # Errors
    /// [`StoreFault`]
    fn runs(&mut self, runs: &[RunId]) -> Result<Vec<RunFile>, StoreFault>;

    /// The last [`Fact::Sent`] prints of these (scope, key).
    ///
    /// # Errors
    /// [`StoreFault`]
    fn sent(&mut self, keys: &[(Arc<str>, Arc<str>)]) -> Result<Vec<Option<Print>>, StoreFault>;

    /// Whether a newer state of this run's record (same source and key, see [`super::is_newer`]) went on in its flow:
    /// it is open, done or skipped, or stopped behind an effect that happened or may have.
    ///
    /// # Errors
    /// [`StoreFault`]
    fn overtaken(&mut self, run: RunId) -> Result<bool, StoreFault>;

    /// A message by its id, as whoever would bring it back wants to see it.
    ///
    /// # Errors
    /// [`StoreFault`]
    fn letter(&mut self, message: u128) -> Result<Option<Letter>, StoreFault>;

    /// The runs of a flow that hold a place in line when a life of the process begins, ascending: those that are
    /// parked, and the dead letters.
    ///
    /// # Errors
    /// [`StoreFault`]
    fn in_line(&mut self, flow: &str) -> Result<Vec<InLine>, StoreFault>;

    /// When runs of a flow stopped since then that are still stopped: the last ones, ascending.
    ///
    /// # Errors
    /// [`StoreFault`]
    fn deaths(&mut self, flow: &str, since: Moment, most: usize) -> Result<Vec<Moment>, StoreFault>;

    /// Whether the source of a flow took something in since its last round ended: a life before ended within a round.
    ///
    /// # Errors
    /// [`StoreFault`]
    fn is_within_a_round(&mut self, flow: &str) -> Result<bool, StoreFault>;

    /// Stopped runs that fit, behind `after` and up to `upto`, ascending by run.
    ///
    /// # Errors
    /// [`StoreFault`]
    fn stopped(&mut self, filter: &StoppedFilter, after: RunId, upto: RunId, most: usize) -> Result<Vec<StoppedRun>, StoreFault>;

    /// What these stopped runs went in with others in one request under one key, without an answer that tells. Runs that shared
    /// two such requests are one bundle; one of more than [`BUNDLE_RUNS_MOST`] is not whole.
    ///
    /// # Errors
    /// [`StoreFault`]
    fn bundles(&mut self, runs: &[RunId]) -> Result<Vec<StoppedBundle>, StoreFault>;

    /// Stopped runs that nobody has acknowledged, by flow and code, and owed undos that were tried `stuck` times, by
    /// flow; ascending by cause, at most `most`.
    ///
    /// # Errors
    /// [`StoreFault`]
    fn troubles(&mut self, stuck: u32, most: usize) -> Result<Vec<Trouble>, StoreFault>;

    /// What became of the runs of a flow before this run and behind the last run before it of the same flow as this one:
    /// of one round of its source. `None`: one of them is open.
    ///
    /// # Errors
    /// [`StoreFault`]
    fn tally(&mut self, flow: &str, upto: RunId) -> Result<Option<Tally>, StoreFault>;

    /// Of the next `window` runs behind `after`: those that ended before this moment (done, skipped, discarded) and of
    /// which so much is left to forget.
    ///
    /// # Errors
    /// [`StoreFault`]
    fn old(&mut self, what: Forget, after: RunId, before: Moment, window: usize) -> Result<Old, StoreFault>;

    /// Tidies for a bounded time: marks of what was seen that are past their time by `now`, exchanges from before
    /// `before`, room that nobody uses. Says whether there is more to tidy at once.
    ///
    /// # Errors
    /// [`StoreFault`]
    fn tidy(&mut self, now: Moment, before: Moment) -> Result<bool, StoreFault>;

    /// The disk is almost full: gives back what lies beside what is kept. Where somebody still needs it, it stays, and is
    /// asked for again.
    fn give_room(&mut self) {}
}

/// A message and where it stands, for whoever would bring it back.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    /// Its run.
    pub file: RunFile,
    /// It is a dead letter.
    pub stopped: bool,
    /// A newer state of its record went on ([`Store::overtaken`]).
    pub overtaken: bool,
    /// What it goes again with, itself included ([`Store::bundles`]).
    pub bundle: Option<StoppedBundle>,
}

/// Some runs, looked at for what may be forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Old {
    /// Those that may be, ascending.
    pub runs: Vec<RunId>,
    /// The last that was looked at; `None` where there was none.
    pub last: Option<RunId>,
    /// Every run that was looked at changed since: so did, but for replays, all that come behind.
    pub young: bool,
}

/// What a store says of a [`Fact::Took`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// Kept; this is its run.
    Taken(RunId),
    /// Seen before: nothing was written.
    Duplicate,
    /// Seen before, and its sender wants to know what became of it: nothing was written.
    Known {
        /// The run of the first one; it may be forgotten where this one holds something else.
        run: RunId,
        /// Whether the first one held the same.
        same: bool,
    },
    /// Resent too late: the other one is no dead letter any more, or a newer state of its record went on. No message was written.
    Late,
}

/// What became of what one round of a source took in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All of it.
    pub taken: u64,
    /// Went through to its end.
    pub delivered: u64,
    /// Left out by a step.
    pub skipped: u64,
    /// Stopped; those that a person has discarded since are among them.
    pub dead: u64,
    /// Of those the ones of which nobody knows whether they happened.
    pub uncertain: u64,
}

impl Tally {
    /// As a record, JSON.
    pub fn to_json(self) -> Vec<u8> {
        let Tally { taken, delivered, skipped, dead, uncertain } = self;
        format!("{{\"taken\":{taken},\"delivered\":{delivered},\"skipped\":{skipped},\"dead\":{dead},\"uncertain\":{uncertain}}}")
            .into_bytes()
    }
}

/// Why a store could not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreFault {
    /// The disk is full: nothing was written, and it can go on once there is room.
    Full,
    /// It cannot be trusted any more; the process must end.
    Broken(String),
}

/// Where a parked run stands among those of a queue: by its due time, then in the order in which they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn {
    /// When it is due.
    pub due: Moment,
    /// Which.
    pub run: RunId,
}

impl Turn {
    /// The first of those that are due then.
    pub fn first_of(due: Moment) -> Turn {
        Turn { due, run: RunId(0) }
    }
}

/// What is open when a life of the process begins.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Opening {
    /// Which life this is, from 1.
    pub boot: u32,
    /// The life before ended with nothing on its way, or there was none.
    pub rested: bool,
    /// Which life was the last that was cut off, among those of which it was noted.
    pub cut_off: Option<CutOff>,
    /// The journal is a copy of another one.
    pub copied: Option<Copied>,
    /// The last run that was taken in, even if it was forgotten; 0 before the first.
    pub last_run: RunId,
    /// Greater than any exchange so far.
    pub exchange_next: i64,
    /// Every gate that is not simply closed.
    pub gates: Vec<GateRow>,
    /// Every source: its cursor and when it is due.
    pub sources: Vec<SourceRow>,
    /// Flows with open runs, and how many.
    pub backlog: Vec<Backlog>,
    /// Owed effects that must go again together, as they went.
    pub glued: Vec<Glued>,
    /// Undos of open runs that a person did by hand, ascending.
    pub undone: Vec<EffectKey>,
    /// Effects that an older life had started and not heard of.
    pub torn: Vec<DueEffect>,
    /// Lanes with a parked effect, in the order of their runs.
    pub lanes: Vec<Lane>,
    /// Queues with parked effects and the earliest due time.
    pub queues: Vec<(Arc<str>, Moment)>,
    /// Plans that open runs are pinned to.
    pub plans: Vec<PlanId>,
    /// What channels were told and that is not over, by channel and cause.
    pub alerts: Vec<AlertRow>,
    /// When something came last, by source.
    pub came: Vec<(Arc<str>, Moment)>,
    /// Chores under way, ascending.
    pub chores: Vec<Chore>,
    /// The newest chores that are over, at most [`super::CHORES_REMEMBERED_MOST`], ascending: told again, they are not begun again.
    pub chores_over: Vec<ChoreId>,
    /// The latest moment that the journal knows: of the last message, the last exchange, cursors and gates.
    pub latest: Moment,
}

/// How far a source has read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRow {
    /// `flow.source`
    pub source: Arc<str>,
    /// Its cursor, JSON.
    pub cursor: Option<Arc<[u8]>>,
    /// When it is due again.
    pub due: Moment,
}

/// Open runs of a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// The flow.
    pub flow: Arc<str>,
    /// Active ones.
    pub active: u64,
    /// Parked ones.
    pub parked: u64,
}

/// An owed effect that is glued to the others of an exchange whose outcome nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glued {
    /// Its queue.
    pub queue: Arc<str>,
    /// The exchange.
    pub glue: ExchangeId,
    /// Which.
    pub effect: EffectKey,
    /// Its exchange was noted before it was asked, and has not ended.
    pub noted: bool,
    /// Another of them is over and does not go again, so neither may it: under another key it could be done twice.
    pub apart: bool,
}

/// A run that holds a place in the line of its record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InLine {
    /// Which.
    pub run: RunId,
    /// Its record.
    pub key: Option<Arc<str>>,
    /// It is a dead letter.
    pub dead: bool,
}

/// A parked effect that keeps later ones of its record waiting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// Its queue.
    pub queue: Arc<str>,
    /// The lane's hash.
    pub lane: u64,
    /// Whose effect.
    pub effect: EffectKey,
}

/// An effect as it lies in the store.
#[derive(Clone, Debug, PartialEq)]
pub struct DueEffect {
    /// Which.
    pub effect: EffectKey,
    /// Where it stands.
    pub state: EffectState,
    /// Its queue.
    pub queue: Arc<str>,
    /// Its lane.
    pub lane: u64,
}

/// An effect with its state.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEffect {
    /// Which.
    pub effect: EffectKey,
    /// Where it stands.
    pub state: EffectState,
}

/// A run with all that is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct RunFile {
    /// Its number.
    pub run: RunId,
    /// Its root.
    pub root: Root,
    /// Its flow.
    pub flow: Arc<str>,
    /// The plan that it is pinned to.
    pub plan: PlanId,
    /// The message that it is about.
    pub message: Arc<MessageFile>,
    /// Its effects.
    pub known: Vec<StoredEffect>,
    /// Whether it is over.
    pub over: bool,
    /// Whether it is parked.
    pub parked: bool,
    /// Where and why it stopped, where it is a dead letter or was set aside as one.
    pub stopped: Option<(NodeName, &'static Code)>,
}

impl RunFile {
    /// Bytes of its body and of what it was answered.
    pub fn bytes(&self) -> usize {
        self.message.body.len() + self.known.iter().map(|known| known.state.answer_bytes()).sum::<usize>()
    }

    /// Of a message that was just taken.
    pub fn of(took: Took, run: RunId) -> RunFile {
        let message = MessageFile {
            id: took.message,
            source: took.source,
            correlation: took.correlation,
            received: took.at,
            key: took.key,
            version: took.version,
            body: took.body,
            beside: took.beside,
        };
        let (root, flow, plan) = (took.root, took.flow, took.plan);
        RunFile { run, root, flow, plan, message: Arc::new(message), known: Vec::new(), over: false, parked: false, stopped: None }
    }
}

/// A message as it was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageFile {
    /// UUIDv7.
    pub id: u128,
    /// The source.
    pub source: Arc<str>,
    /// The correlation id.
    pub correlation: Arc<str>,
    /// When it came.
    pub received: Moment,
    /// Which record.
    pub key: Option<Arc<str>>,
    /// Which state.
    pub version: Option<Arc<str>>,
    /// JSON.
    pub body: Arc<[u8]>,
    /// What came beside it: a JSON record.
    pub beside: Option<Arc<[u8]>>,
}

impl MessageFile {
    /// Bytes of what it says.
    pub fn bytes(&self) -> usize {
        self.body.len() + self.beside.as_ref().map_or(0, |beside| beside.len())
    }
}

/// A pinned project: everything a run is evaluated under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanBundle {
    /// BLAKE3 over paths and bytes.
    pub hash: Print,
    /// The files, as `path NUL length NUL bytes` one after the other.
    pub bundle: Arc<[u8]>,
    /// The language edition.
    pub language: u32,
}

/// What `messages` and `dead-letters` list by.
#[derive(Clone, Debug, Default)]
pub struct ListFilter {
    /// Only of this flow.
    pub flow: Option<String>,
    /// Only about this record.
    pub key: Option<String>,
    /// Only with this correlation id.
    pub correlation: Option<String>,
    /// Only in this state: `open`, `held`, `stuck`, `done`, `dead`, `skipped`.
    pub state: Option<String>,
    /// Only stopped for this reason (a problem code).
    pub reason: Option<String>,
    /// Only what has something open at a system, as these flows have to do with it; every other flow is left out.
    pub at: Option<Vec<AtSystem>>,
    /// Only what came since then.
    pub since: Option<Moment>,
    /// Only what came before then.
    pub until: Option<Moment>,
    /// At most so many.
    pub most: usize,
}

/// One line of a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The run.
    pub run: RunId,
    /// The message's id.
    pub message: u128,
    /// The flow.
    pub flow: Arc<str>,
    /// The record.
    pub key: Option<Arc<str>>,
    /// The correlation id.
    pub correlation: Arc<str>,
    /// When it came.
    pub received: Moment,
    /// `open`, `done`, `dead`, `uncertain`, `skipped`, `discarded`.
    pub state: &'static str,
    /// Where and why it stopped.
    pub stopped: Option<(Arc<str>, Failure, StopKind)>,
    /// Attempts in all.
    pub tries: u32,
}

/// One message with its whole trail, oldest first: (when, kind, words).
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its line.
    pub line: Listed,
    /// Its body.
    pub body: Arc<[u8]>,
    /// What happened.
    pub trail: Vec<(Moment, &'static str, String)>,
    /// Answers that are kept since steps read them, by the name that the trail has for their effect; empty where forgotten.
    pub answers: Vec<(String, Arc<[u8]>)>,
}
