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
pub use ecs::{message_id, timestamp};
pub use line::{Level, Line, chore_words, resent_late_words};
pub use log::{LINES_MOST, Log, LogForm, LogSettings};
pub use redact::{SECRET_LENGTH_LEAST, Secrets};

use std::sync::Arc;

use spanwright_core::{desk::Happening, fact::Moment};

/// Hears of each happening, on the desk's own thread: it must not wait for anybody.
pub type Watcher = Box<dyn FnMut(&Happening, Moment) + Send>;

/// Counts and tells.
pub struct Observer {
    /// What was counted so far.
    pub counters: Counters,
    log: Option<Arc<Log>>,
    watch: Option<Watcher>,
}

impl Observer {
    /// With a log or without one, watched or not.
    pub fn new(log: Option<Arc<Log>>, watch: Option<Watcher>) -> Observer {
        Observer { counters: Counters::default(), log, watch }
    }

    /// Counts a happening, and tells of it where somebody wants to know.
    pub fn happened(&mut self, happening: &Happening, now: Moment) {
        self.counters.count(happening);
        if let Some(log) = &self.log
            && log.wants(Level::of(happening))
        {
            log.write(Line::of(happening, now));
        }
        if let Some(watch) = &mut self.watch {
            watch(happening, now);
        }
    }

    /// Tells of something that the desk does not know.
    pub fn tell(&self, line: Line) {
        if let Some(log) = &self.log {
            log.write(line);
        }
    }
}
