//! What the desk commands: commits, walks, questions to the journal, exchanges.

use std::{ops::ControlFlow, sync::Arc, time::Duration};

use super::{Asking, CallId, Event, Happening, Ticket, WaiterId, Word};
use crate::{
    alert::Notice,
    connector::Validator,
    fact::{ChoreId, ExchangeId, Fact, Moment, RunId, StoppedFilter, Store, StoreFault, Turn},
    plan::{Gather, Head, Plan},
    run::{AdvanceJob, Input, pages::Gathered},
    settings::OutcomeWord,
};

/// What the desk commands.
pub enum Command {
    /// Write these, and give them back as [`Event::Kept`].
    Commit(Ticket, Vec<Fact>, Haste),
    /// Advance these, on any thread.
    Advance(Vec<AdvanceJob>),
    /// One exchange.
    Exchange(Box<Exchange>),
    /// One page of a source.
    Poll(Box<PollJob>),
    /// The piece is on disk, and its reader goes on; or we stop, nothing of it was kept, and the reader breaks off.
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

/// How soon a commit is to be on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Haste {
    /// Somebody waits for it.
    Now,
    /// Nobody does, and a crash before it costs no more than another walk: it shares the sync of the next one that somebody
    /// waits for, or goes by itself a moment later.
    WithTheNext,
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
                let runs = store.stopped(filter, *after, *upto, *most)?;
                let named: Vec<RunId> = runs.iter().map(|run| run.run).collect();
                return Ok(Event::FoundStopped { chore: *chore, runs, bundles: store.bundles(&named)? });
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
    /// What of the head of its answer is kept.
    pub head: Option<Arc<Head>>,
}

/// One call of an exchange.
#[derive(Clone)]
pub struct Outgoing {
    /// The run for which it is asked.
    pub run: RunId,
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
