//! What the desk hears and what it commands: plain values, so that a simulator can play the world.

use std::{ops::ControlFlow, sync::Arc, time::Duration};

use spanwright_shape::text::Failure;

use crate::{
    alert::{Notice, Trouble},
    connector::{Budget, Outcome, Refusal, Validator, Verdict},
    deliver::{GateChange, HoldReason},
    door::Reply,
    fact::{
        Chore, ChoreId, Ending, ExchangeId, Fact, Hold, InLine, Letter, Moment, NodeName, OutcomeKind, PlanId, Print, Receipt, Resent,
        Root, RunFile, RunId, Stopped, StoppedFilter, StoppedRun, Store, StoreFault, Tally, Took, Turn,
    },
    plan::{Gather, Plan},
    run::{Advance, AdvanceJob, Arrival, Input, intake::Page, pages::Gathered},
    settings::OutcomeWord,
};

/// A commit on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// An exchange on its way, in this life of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub u64);

/// How a desk is opened.
pub struct Setup {
    /// Today's plan.
    pub plan: Arc<Plan>,
    /// Its number.
    pub plan_id: PlanId,
    /// Plans that open runs are pinned to.
    pub older: Vec<(PlanId, Arc<Plan>)>,
    /// Each source is polled once, and then no more.
    pub once: bool,
    /// Of each flow of today's plan that is in order: what [`crate::fact::Store::in_line`] says.
    pub in_line: Vec<(Arc<str>, Vec<InLine>)>,
}

/// What the desk hears.
#[derive(Debug)]
pub enum Event {
    /// A commit is on disk.
    Kept {
        /// Which.
        ticket: Ticket,
        /// The facts, given back.
        facts: Vec<Fact>,
        /// One a `Took`.
        receipts: Vec<Receipt>,
    },
    /// Runs were advanced.
    Advanced(Vec<(RunId, Advance)>),
    /// The last prints for `unchanged: skip`.
    Looked {
        /// For which flight.
        call: CallId,
        /// In the order asked.
        prints: Vec<Option<Print>>,
    },
    /// An exchange ended.
    Heard {
        /// Which.
        call: CallId,
        /// What it means.
        verdict: Verdict,
        /// Its figures.
        report: Report,
    },
    /// A call's exchange ended with a page behind which there is another one.
    GoesOn {
        /// Which.
        call: CallId,
        /// What it means.
        verdict: Verdict,
        /// What was read so far.
        gathered: Arc<Gathered>,
        /// Its figures.
        report: Report,
    },
    /// A request could not be made; nothing was sent.
    NotAsked {
        /// Which.
        call: CallId,
        /// Why.
        refusal: Refusal,
    },
    /// A poll's exchange ended.
    PageHeard {
        /// Which.
        call: CallId,
        /// What it means.
        verdict: Verdict,
        /// What was in it, where it was delivered; or why it could not be taken apart.
        page: Option<Result<Page, Failure>>,
        /// Its figures.
        report: Report,
    },
    /// A piece of a page that is still being read: its reader waits for [`Command::ReadOn`].
    PieceHeard {
        /// Which.
        call: CallId,
        /// What was in it.
        page: Page,
    },
    /// A sign-in ended; a delivered answer is `{"token": TEXT, "lasts": SECONDS}`.
    SignedIn {
        /// Which.
        call: CallId,
        /// What it means.
        verdict: Verdict,
        /// Its figures.
        report: Report,
    },
    /// Runs were fetched.
    Found {
        /// What was asked.
        fetch: Fetch,
        /// What there is.
        runs: Vec<RunFile>,
        /// Of a due fetch: the first that is left.
        next: Option<Turn>,
    },
    /// A slice of a chore was looked up.
    FoundStopped {
        /// Which.
        chore: ChoreId,
        /// What there is.
        runs: Vec<StoppedRun>,
    },
    /// What the journal counts of what stands still.
    FoundTroubles(Vec<Trouble>),
    /// A message that a flow wants brought back; `None`: there is none.
    FoundLetter {
        /// Who waits.
        call: CallId,
        /// What there is.
        letter: Option<Box<Letter>>,
    },
    /// What became of a round; `None`: some of it is open.
    FoundTally {
        /// Who waits.
        call: CallId,
        /// What became of it.
        tally: Option<Tally>,
    },
    /// A channel was told, or not.
    Alerted {
        /// Which.
        call: CallId,
        /// What came of it.
        outcome: Outcome,
    },
    /// There is no room on the disk, or there is again.
    Disk {
        /// Whether it is full.
        full: bool,
    },
    /// A request was brought to us.
    Brought(Brought),
    /// Whether there is room on the disk for more than what is open.
    Room(bool),
    /// A person said something.
    Told(Order),
    /// It is time.
    Wake,
}

/// Somebody who brought us something and waits for an answer, in this life of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WaiterId(pub u64);

/// A request that was brought to us.
#[derive(Debug)]
pub struct Brought {
    /// Who waits.
    pub waiter: WaiterId,
    /// What it is for each flow that serves it: the flow's number in today's plan, and the message.
    pub arrivals: Vec<(usize, Arrival)>,
}

/// Somebody who brought an event again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asking {
    /// Who waits.
    pub id: WaiterId,
    /// Whether it waits for a reply.
    pub for_reply: bool,
}

/// What is said to a waiter.
#[derive(Clone, Debug, PartialEq)]
pub enum Word {
    /// The message is kept and will be seen to.
    Accepted {
        /// Its id.
        message: u128,
    },
    /// What the flow replied.
    Replied {
        /// The message's id.
        message: u128,
        /// The reply.
        reply: Box<Reply>,
    },
    /// The flow ended and replied nothing.
    Finished {
        /// The message's id.
        message: u128,
    },
    /// The flow stopped.
    Stopped {
        /// The message's id.
        message: u128,
        /// Where and why.
        stopped: Box<Stopped>,
    },
    /// The flow has not replied in time. It goes on.
    TimedOut {
        /// The message's id.
        message: u128,
    },
    /// The same event had been taken before.
    Repeated,
    /// The same event came before with another body.
    OtherBody,
    /// The same event came before and is being seen to.
    InProgress,
    /// No flow takes it.
    LeftOut,
    /// There is no room for it now.
    Full,
    /// We are about to end.
    Stopping,
}

/// What a person can say.
#[derive(Clone, Debug)]
pub enum Order {
    /// Finish what is in flight and begin nothing.
    Stop,
    /// Stopped runs are set aside.
    Discard {
        /// Which.
        runs: Vec<RunId>,
        /// By whom.
        by: Arc<str>,
        /// Why.
        reason: Arc<str>,
    },
    /// Many stopped runs, at a rate.
    Chore(Box<Chore>),
    /// A chore ends where it is.
    Cancel(ChoreId),
    /// A message is made of another one. The desk gives it its time and its plan.
    Resend(Box<Resent>),
    /// Stopped runs were seen.
    Acknowledge {
        /// Which.
        runs: Vec<RunId>,
        /// By whom.
        by: Arc<str>,
        /// What is done about them.
        words: Arc<str>,
    },
    /// Every source is polled now.
    PollNow,
    /// A system or a flow is left alone.
    Hold {
        /// A system's name, or a flow's by [`crate::fact::GateRow::of_flow`].
        what: Arc<str>,
        /// Whose word, until when, why.
        hold: Hold,
    },
    /// It goes on.
    Resume {
        /// What.
        what: Arc<str>,
        /// By whom.
        by: Arc<str>,
    },
}

/// What the desk commands.
pub enum Command {
    /// Write these, and give them back as [`Event::Kept`].
    Commit(Ticket, Vec<Fact>),
    /// Advance these, on any thread.
    Advance(Vec<AdvanceJob>),
    /// One exchange.
    Exchange(Box<Exchange>),
    /// One page of a source.
    Poll(Box<PollJob>),
    /// The piece is on disk: its reader goes on, or breaks off.
    ReadOn(CallId, ControlFlow<()>),
    /// A sign-in.
    SignIn(SignIn),
    /// A channel is to be told.
    Tell(Tell),
    /// Read the last prints of these (scope, key).
    Look(CallId, Vec<(Arc<str>, Arc<str>)>),
    /// Fetch runs.
    Fetch(Fetch),
    /// Tell whoever waits.
    Answer(WaiterId, Word),
    /// Send [`Event::Wake`] then; an earlier one that was named before still holds.
    WakeAt(Moment),
    /// Tell people.
    Note(Happening),
}

/// What to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetch {
    /// Active runs of a flow, behind this one.
    Active {
        /// The flow.
        flow: Arc<str>,
        /// Behind.
        after: RunId,
        /// At most.
        most: usize,
    },
    /// Parked runs with an effect due in a queue.
    Due {
        /// The queue.
        queue: Arc<str>,
        /// Not earlier: what stands before is in hand, or not in that queue any more.
        from: Turn,
        /// Not later.
        now: Moment,
        /// At most.
        most: usize,
    },
    /// These.
    Runs(Vec<RunId>),
    /// Stopped runs that a chore means; answered by [`Event::FoundStopped`].
    Stopped {
        /// The chore.
        chore: ChoreId,
        /// Which runs.
        filter: Box<StoppedFilter>,
        /// Behind.
        after: RunId,
        /// Up to.
        upto: RunId,
        /// At most.
        most: usize,
    },
    /// What the journal counts of what stands still; answered by [`Event::FoundTroubles`].
    Troubles {
        /// An undo that was tried so often is stuck.
        stuck: u32,
        /// Causes, at most.
        most: usize,
    },
    /// What became of a round; answered by [`Event::FoundTally`].
    Tally {
        /// Who waits.
        call: CallId,
        /// Whose runs they are.
        flow: Arc<str>,
        /// The run that follows them.
        upto: RunId,
    },
    /// A message by its id; answered by [`Event::FoundLetter`].
    Letter {
        /// Who waits.
        call: CallId,
        /// Which.
        message: u128,
    },
    /// This one, for somebody who wants to know what became of it.
    Answer {
        /// Which.
        run: RunId,
        /// Who.
        waiter: Asking,
    },
}

impl Fetch {
    /// Asks the journal, and says what the desk hears of it.
    ///
    /// # Errors
    /// [`StoreFault`]
    pub fn answered(self, store: &mut (impl Store + ?Sized)) -> Result<Event, StoreFault> {
        let (runs, next) = match &self {
            Fetch::Stopped { chore, filter, after, upto, most } => {
                return Ok(Event::FoundStopped { chore: *chore, runs: store.stopped(filter, *after, *upto, *most)? });
            }
            Fetch::Troubles { stuck, most } => return Ok(Event::FoundTroubles(store.troubles(*stuck, *most)?)),
            Fetch::Letter { call, message } => {
                return Ok(Event::FoundLetter { call: *call, letter: store.letter(*message)?.map(Box::new) });
            }
            Fetch::Tally { call, flow, upto } => return Ok(Event::FoundTally { call: *call, tally: store.tally(flow, *upto)? }),
            Fetch::Active { flow, after, most } => (store.active(flow, *after, *most)?, None),
            Fetch::Due { queue, from, now, most } => store.due(queue, *from, *now, *most)?,
            Fetch::Runs(runs) => (store.runs(runs)?, None),
            Fetch::Answer { run, .. } => (store.runs(&[*run])?, None),
        };
        Ok(Event::Found { fetch: self, runs, next })
    }
}

/// One exchange to be made: `ask`, the wire, `hear`.
pub struct Exchange {
    /// Which.
    pub call: CallId,
    /// Its number in the journal.
    pub exchange: ExchangeId,
    /// The plan that its effects are pinned to.
    pub plan: Arc<Plan>,
    /// The system's number.
    pub system: usize,
    /// The operation's number.
    pub operation: usize,
    /// What is asked, in this order.
    pub calls: Vec<Outgoing>,
    /// The key of the whole request.
    pub request_key: String,
    /// The token to send.
    pub token: Option<Arc<str>>,
    /// Whether answers are wanted.
    pub answers: bool,
    /// From connecting to the last byte of the answer.
    pub timeout: Duration,
    /// What answers mean to this effect, before what the operation says.
    pub outcomes: Arc<[(Arc<str>, OutcomeWord)]>,
    /// It asks for a page of an answer, behind those that were read.
    pub gather: Option<(Arc<Gather>, Option<Arc<Gathered>>)>,
}

/// One call of an exchange.
#[derive(Clone)]
pub struct Outgoing {
    /// The idempotency key.
    pub key: String,
    /// What is asked.
    pub input: Arc<Input>,
    /// The message's correlation id.
    pub correlation: Arc<str>,
    /// The message's id; the trace id is made of it.
    pub message: u128,
}

/// One page to be polled.
pub struct PollJob {
    /// Which.
    pub call: CallId,
    /// Today's plan.
    pub plan: Arc<Plan>,
    /// The flow's number.
    pub flow: usize,
    /// The cursor, JSON.
    pub cursor: Option<Arc<[u8]>>,
    /// The page's token, JSON.
    pub page: Option<Arc<[u8]>>,
    /// What the last answer to the same request said of itself.
    pub validator: Option<Arc<Validator>>,
    /// The token to send.
    pub token: Option<Arc<str>>,
    /// A correlation id of this poll's own.
    pub correlation: u128,
}

/// A sign-in to be made.
pub struct SignIn {
    /// Which.
    pub call: CallId,
    /// The plan that knows the system.
    pub plan: Arc<Plan>,
    /// The system's number.
    pub system: usize,
}

/// A channel to be told.
pub struct Tell {
    /// Which.
    pub call: CallId,
    /// The plan that knows the channel.
    pub plan: Arc<Plan>,
    /// The channel's number.
    pub channel: usize,
    /// What it is told.
    pub notice: Notice,
}

/// The figures of an exchange.
#[derive(Clone, Debug)]
pub struct Report {
    /// When it began.
    pub at: Moment,
    /// How long it took.
    pub took: Duration,
    /// The HTTP status, 0 where no answer came.
    pub status: u16,
    /// Bytes sent.
    pub sent: u64,
    /// Bytes got.
    pub got: u64,
    /// What the server says is left of its limit.
    pub budget: Option<Budget>,
    /// Fields of the answer that the schema does not have.
    pub drift: u32,
}

impl Report {
    /// Of an exchange that was never made.
    pub fn of_nothing(at: Moment) -> Report {
        Report { at, took: Duration::ZERO, status: 0, sent: 0, got: 0, budget: None, drift: 0 }
    }
}

/// What people are told: logs, metrics, progress.
#[derive(Clone, Debug)]
pub enum Happening {
    /// A message was taken.
    Taken {
        /// What.
        took: Box<Took>,
        /// Its run.
        run: RunId,
    },
    /// An item was seen before.
    Duplicate {
        /// The source.
        source: Arc<str>,
    },
    /// One attempt at one effect.
    Attempt(Box<AttemptNote>),
    /// A run is over.
    Ended {
        /// Its run.
        run: RunId,
        /// Its message.
        message: u128,
        /// Its correlation id.
        correlation: Arc<str>,
        /// Its flow.
        flow: Arc<str>,
        /// Its record.
        key: Option<Arc<str>>,
        /// How.
        ending: Ending,
    },
    /// An undo does not get through, and is tried on and on.
    Stuck {
        /// The message.
        message: u128,
        /// Its correlation id.
        correlation: Arc<str>,
        /// The flow.
        flow: Arc<str>,
        /// The step whose undo it is.
        node: NodeName,
        /// How often it was tried.
        tries: u32,
        /// What was said last.
        why: Failure,
    },
    /// A dead letter keeps what came after it waiting.
    Blocked {
        /// The flow.
        flow: Arc<str>,
        /// The run.
        run: RunId,
        /// Those that wait by now.
        behind: usize,
    },
    /// A gate changed; of a flow that is held its name begins with `flow:`.
    Gate {
        /// The system.
        system: Arc<str>,
        /// How.
        change: GateChange,
    },
    /// A page of a source was taken in.
    Polled {
        /// The source.
        source: Arc<str>,
        /// Items in it.
        items: u32,
        /// Whether it was the last.
        last: bool,
    },
    /// A poll failed.
    PollFailed {
        /// The source.
        source: Arc<str>,
        /// Why.
        why: Failure,
        /// When it is tried again.
        again: Moment,
        /// Whether this round is given up.
        given_up: bool,
    },
    /// A sign-in gave a token.
    SignedIn {
        /// The system.
        system: Arc<str>,
    },
    /// One exchange on the wire.
    Exchanged {
        /// The system.
        system: Arc<str>,
        /// The operation.
        operation: Arc<str>,
        /// Calls in it.
        calls: u32,
        /// Its figures.
        report: Report,
    },
    /// A chore began, or is over.
    Chore(Box<Chore>),
    /// A channel was told, or could not be.
    Alert(Box<AlertNote>),
    /// A batch was refused as a whole and is split.
    Split {
        /// The queue.
        queue: Arc<str>,
        /// Items in it.
        calls: usize,
        /// What was said.
        why: Option<Failure>,
    },
}

/// One attempt at one effect.
#[derive(Clone, Debug)]
pub struct AttemptNote {
    /// The run.
    pub run: RunId,
    /// Its root: with it the idempotency key is told.
    pub root: Root,
    /// The message.
    pub message: u128,
    /// Its correlation id.
    pub correlation: Arc<str>,
    /// Its record.
    pub key: Option<Arc<str>>,
    /// The flow.
    pub flow: Arc<str>,
    /// The step.
    pub node: NodeName,
    /// The system.
    pub system: Arc<str>,
    /// The exchange that it was in.
    pub exchange: ExchangeId,
    /// Its number.
    pub n: u32,
    /// What came of it.
    pub outcome: OutcomeKind,
    /// What was said.
    pub why: Option<Failure>,
    /// When it is tried again.
    pub again: Option<Moment>,
    /// How long the exchange took.
    pub took: Duration,
    /// The HTTP status.
    pub status: u16,
}

/// One try to tell a channel.
#[derive(Clone, Debug)]
pub struct AlertNote {
    /// The channel.
    pub channel: Arc<str>,
    /// What it was to be told.
    pub notice: Notice,
    /// Why it does not know, and when it is tried again.
    pub failed: Option<(Failure, Moment)>,
}

/// Where everything stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Open runs, in hand or not.
    pub open: u64,
    /// Of them in hand.
    pub in_hand: usize,
    /// Exchanges under way.
    pub flying: usize,
    /// Commits under way.
    pub committing: usize,
    /// Orders of people that are on the disk, in the order in which they were told: what a person was answered outlives a crash.
    pub orders_kept: u64,
    /// Senders who wait for an answer.
    pub waiting: usize,
    /// No source is reading or about to.
    pub sources_idle: bool,
    /// Sources whose last round failed, and why.
    pub failed_sources: Vec<(Arc<str>, Failure)>,
    /// Alerts that nobody has tried to tell yet, or that are on their way.
    pub alerting: usize,
    /// Channels that could not be told, and why.
    pub failed_channels: Vec<(Arc<str>, Failure)>,
    /// Gates that hold, and why.
    pub held: Vec<(Arc<str>, HoldReason)>,
}

impl Standing {
    /// Somebody holds this flow, or it holds itself.
    pub fn holds_flow(&self, flow: &str) -> bool {
        !self.held.is_empty() && self.held.iter().any(|(name, _)| *name == crate::fact::GateRow::of_flow(flow))
    }
}
