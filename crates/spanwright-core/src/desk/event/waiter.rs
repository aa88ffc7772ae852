//! What is brought to us, and what whoever waits is told.

use spanwright_shape::text::Code;

use crate::{door::Reply, fact::NodeName, run::Arrival};

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
    /// Flows that serve it, too, and whose `when` leaves it out.
    pub left_out: Vec<usize>,
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
        /// At which step.
        node: NodeName,
        /// Why.
        code: &'static Code,
    },
    /// The flow has not replied in time. It goes on.
    TimedOut {
        /// The message's id.
        message: u128,
    },
    /// The same event had been taken before.
    Repeated,
    /// The same event came before with another body, path or query.
    OtherBody,
    /// The same event came before and is being seen to.
    InProgress,
    /// No flow takes it.
    LeftOut,
    /// As many are open as may be.
    Full,
    /// There is no room on the disk.
    DiskFull,
    /// We are about to end.
    Stopping,
}
