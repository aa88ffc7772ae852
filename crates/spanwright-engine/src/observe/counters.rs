//! What was counted since the process began: for progress lines and summaries.

use std::{collections::BTreeMap, sync::Arc};

use spanwright_core::{
    deliver::GateChange,
    desk::Happening,
    fact::{Ending, OutcomeKind, SkipReason, StopKind},
};

/// Figures of this life of the process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Messages taken in.
    pub taken: u64,
    /// Items that had been taken before.
    pub duplicates: u64,
    /// Items that the `when` of a source left out.
    pub left_out: u64,
    /// Effects that happened.
    pub delivered: u64,
    /// Attempts at effects.
    pub attempts: u64,
    /// Attempts after which the effect was to be tried again.
    pub retried: u64,
    /// Messages that only asked and were answered, of which nothing is kept.
    pub answered_at_once: u64,
    /// Runs that ended with all done.
    pub done: u64,
    /// Runs that had nothing to do: filtered, unchanged, superseded.
    pub skipped: Skipped,
    /// Runs that failed and that their flow's `if_dead` has dealt with.
    pub set_aside: u64,
    /// Dead letters by the code of their reason.
    pub dead: BTreeMap<&'static str, u64>,
    /// Those of them of which nobody knows whether they happened.
    pub uncertain: u64,
    /// Exchanges on the wire by system and operation.
    pub calls: BTreeMap<(Arc<str>, Arc<str>), Calls>,
    /// Polls that failed.
    pub polls_failed: u64,
    /// Times that a breaker opened.
    pub breaker_opened: u64,
    /// Times that one closed again.
    pub breaker_closed: u64,
    /// Undos that did not get through for a while.
    pub stuck: u64,
    /// Alerts that a channel took.
    pub alerts_sent: u64,
    /// Tries to tell a channel that failed.
    pub alerts_failed: u64,
    /// Batches that were split to find the bad item.
    pub splits: u64,
}

/// Runs that had nothing to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// `only` was not true.
    pub filtered: u64,
    /// The same body as last time.
    pub unchanged: u64,
    /// A newer state of the record came.
    pub superseded: u64,
}

/// Exchanges with one operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Requests.
    pub exchanges: u64,
    /// Calls in them: more where they are gathered into batches.
    pub calls: u64,
    /// Bytes sent.
    pub sent: u64,
    /// Bytes got.
    pub got: u64,
    /// Fields in answers that the schema does not have: they are under `$extra`.
    pub drift: u64,
}

impl Counters {
    /// Dead letters of all reasons.
    pub fn dead_letters(&self) -> u64 {
        self.dead.values().sum()
    }

    /// Requests to all systems.
    pub fn exchanges(&self) -> u64 {
        self.calls.values().map(|calls| calls.exchanges).sum()
    }

    /// Counts one.
    pub fn count(&mut self, happening: &Happening) {
        match happening {
            Happening::Taken { .. } => self.taken += 1,
            Happening::Duplicate { .. } => self.duplicates += 1,
            Happening::LeftOut { items, .. } => self.left_out += u64::from(*items),
            Happening::Attempt(note) => {
                self.attempts += 1;
                self.retried += u64::from(note.again.is_some());
                self.delivered += u64::from(note.outcome == OutcomeKind::Delivered);
            }
            Happening::Ended { ending, .. } => self.ended(ending),
            Happening::AnsweredAtOnce { .. } => self.answered_at_once += 1,
            Happening::PollFailed { .. } => self.polls_failed += 1,
            Happening::Exchanged { system, operation, calls, report } => {
                let row = self.calls.entry((system.clone(), operation.clone())).or_default();
                row.exchanges += 1;
                row.calls += u64::from(*calls);
                row.sent += report.sent;
                row.got += report.got;
                row.drift += u64::from(report.drift);
            }
            Happening::Alert(note) if note.failed.is_some() => self.alerts_failed += 1,
            Happening::Alert(_) => self.alerts_sent += 1,
            Happening::Split { .. } => self.splits += 1,
            Happening::Gate { change: GateChange::Opened(_), .. } => self.breaker_opened += 1,
            Happening::Gate { change: GateChange::Closed, .. } => self.breaker_closed += 1,
            Happening::Stuck { .. } => self.stuck += 1,
            Happening::Blocked { .. }
            | Happening::Gate { .. }
            | Happening::Polled { .. }
            | Happening::SignedIn { .. }
            | Happening::ResentLate(_)
            | Happening::Chore(_) => {}
        }
    }

    fn ended(&mut self, ending: &Ending) {
        match ending {
            Ending::Done => self.done += 1,
            Ending::Skipped(SkipReason::Filtered) => self.skipped.filtered += 1,
            Ending::Skipped(SkipReason::Unchanged) => self.skipped.unchanged += 1,
            Ending::Skipped(SkipReason::Superseded) => self.skipped.superseded += 1,
            Ending::SetAside(_) => self.set_aside += 1,
            Ending::Stopped(stopped) => {
                *self.dead.entry(stopped.failure.code.id).or_default() += 1;
                self.uncertain += u64::from(stopped.kind == StopKind::Uncertain);
            }
        }
    }
}
