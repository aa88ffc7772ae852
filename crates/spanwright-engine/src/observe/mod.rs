//! What happened, told: counted for progress lines and summaries, written as lines for people and for log stores.
//!
//! The idea: the desk says each thing once, as a [`Happening`]; everything that is seen of the engine is made of these.
//! One line an attempt, whoever else was in its batch.
//!
//! What always holds: no body and no secret is ever in a line. A record's business key is ([`Line`]'s `key` label):
//! without it nobody could find a customer's message.

mod counters;
mod ecs;
mod human;
mod line;
mod log;
mod redact;
#[cfg(test)]
mod tests;

pub use counters::{Calls, Counters, Skipped};
pub use line::{Level, Line};
pub use log::{LINES_MOST, Log, LogForm, LogSettings};
pub use redact::{SECRET_LENGTH_LEAST, Secrets};

use std::sync::Arc;

use spanwright_core::{desk::Happening, fact::Moment};

/// Counts and tells.
pub struct Observer {
    /// What was counted so far.
    pub counters: Counters,
    log: Option<Arc<Log>>,
}

impl Observer {
    /// With a log or without one.
    pub fn new(log: Option<Arc<Log>>) -> Observer {
        Observer { counters: Counters::default(), log }
    }

    /// Counts a happening, and tells of it where somebody wants to know.
    pub fn happened(&mut self, happening: &Happening, now: Moment) {
        self.counters.count(happening);
        if let Some(log) = &self.log
            && log.wants(Level::of(happening))
        {
            log.write(Line::of(happening, now));
        }
    }

    /// Tells of something that the desk does not know.
    pub fn tell(&self, line: Line) {
        if let Some(log) = &self.log {
            log.write(line);
        }
    }
}
