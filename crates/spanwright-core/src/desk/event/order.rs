//! What people want.

use std::sync::Arc;

use crate::fact::{Chore, ChoreId, EffectKey, Hold, Resent, RunId};

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
    /// A step of an open run was undone by hand.
    Undone {
        /// Its undo.
        undo: EffectKey,
        /// By whom.
        by: Arc<str>,
        /// How.
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
