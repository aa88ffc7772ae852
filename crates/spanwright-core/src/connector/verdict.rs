//! What an answer means: an outcome for each call, and a word about the system.

use std::{sync::Arc, time::Duration};

use spanwright_shape::text::Failure;

use super::Validator;

/// One exchange, one verdict.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// One a call, in their order.
    pub outcomes: Vec<Outcome>,
    /// The request was refused as a whole without a word on its items: a batch is split to find the bad one.
    pub refused_whole: bool,
    /// A word about the system, not about the messages.
    pub system: Option<Word>,
    /// What stood beside an answer.
    pub beside: Option<Box<Beside>>,
}

/// What stood beside an answer that was delivered: for whoever reads on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// The address of the next page (RFC 8288, `rel="next"`).
    pub next: Option<Arc<str>>,
    /// Its state.
    pub validator: Option<Arc<Validator>>,
    /// Nothing has changed since the validator that we sent: there is no body.
    pub unchanged: bool,
    /// Fields in it that the schema does not have: the system is newer than our copy.
    pub drift: u32,
}

/// What became of one call.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It happened. The answer as JSON, where it was to be kept.
    Delivered(Option<Vec<u8>>),
    /// It did not happen and may be tried again, not before this long (`Retry-After`).
    Later {
        /// What was said.
        why: Failure,
        /// The server's own wish.
        after: Option<Duration>,
        /// Who is sick: a sick system is waited for by age, a sick message by its own failures.
        blame: Blame,
    },
    /// Nobody knows whether it happened.
    Unknown(Failure),
    /// It did not happen and never will as it is.
    Never(Failure),
}

/// Who is to blame for a "not now".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The system: every message would have fared the same (not reached, 429, 503).
    System,
    /// It cannot be told from the answer (500, a connection that breaks): this message, where others fare well meanwhile.
    Either,
    /// This message: others in the same request fared better, or the answer is about it (a lock, a 423).
    Message,
}

/// A word about the system.
#[derive(Clone, Debug, PartialEq)]
pub enum Word {
    /// Hold everything for so long.
    Pause(Duration),
    /// Our credentials were refused: sign in again, else hold and tell a person. Costs no message a try.
    Credentials(Failure),
    /// The endpoint says that it is gone for good, or somewhere else for good.
    Gone(Failure),
}

/// What a server says is left of its limit (`RateLimit`, `X-RateLimit-*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Requests.
    pub left: u32,
    /// How long until there are more.
    pub reset: Duration,
}

impl Verdict {
    /// The same outcome for each of `calls`.
    pub fn all(calls: usize, outcome: Outcome) -> Verdict {
        Verdict { outcomes: vec![outcome; calls], refused_whole: false, system: None, beside: None }
    }

    /// With so many fields in the answer that the schema does not have.
    pub fn drifted(mut self, fields: usize) -> Verdict {
        if fields > 0 {
            let beside = self.beside.get_or_insert_default();
            beside.drift = beside.drift.saturating_add(u32::try_from(fields).unwrap_or(u32::MAX));
        }
        self
    }

    /// How many of those there were.
    pub fn drift(&self) -> u32 {
        self.beside.as_ref().map_or(0, |beside| beside.drift)
    }

    /// With the pause that it asked for, where it did.
    pub fn and_pause(self, pause: Option<Duration>) -> Verdict {
        match pause {
            Some(pause) => self.and(Word::Pause(pause)),
            None => self,
        }
    }

    /// With a word about the system.
    pub fn and(mut self, word: Word) -> Verdict {
        self.system = Some(word);
        self
    }
}
