//! What an exchange was like, beside what it meant.

use std::time::Duration;

use crate::{connector::Budget, fact::Moment};

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
