//! What happened, for people: logs, counters, progress.

use std::{sync::Arc, time::Duration};

use spanwright_shape::text::Failure;

use super::Report;
use crate::{
    alert::Notice,
    deliver::GateChange,
    fact::{Chore, Ending, ExchangeId, Moment, NodeName, OutcomeKind, Resent, Root, RunId, Took},
};

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
    /// The `when` of a source left items out: nothing is kept of them.
    LeftOut {
        /// The source.
        source: Arc<str>,
        /// How many.
        items: u32,
        /// A sender brought it, and was answered.
        brought: bool,
    },
    /// A message was not made of another one: that is no dead letter any more, or a newer state of its record went on.
    ResentLate(Box<Resent>),
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
    /// A message that only asked was answered, and nothing of it is kept.
    AnsweredAtOnce {
        /// The message.
        message: u128,
        /// Its correlation id.
        correlation: Arc<str>,
        /// The flow.
        flow: Arc<str>,
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
