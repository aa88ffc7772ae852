//! How the engine stands, for whoever watches: progress lines, `--format json`, tests.

use std::sync::{Arc, Mutex, PoisonError, atomic::Ordering};

use spanwright_core::desk::Standing;

use super::Disk;
use crate::{keep, listen::AtOnce, observe::Counters};

/// Where everything stands and what was counted.
#[derive(Clone, Debug)]
pub struct State {
    /// What is open, under way, held and failed.
    pub standing: Standing,
    /// What was counted since the process began.
    pub counters: Counters,
    /// There is no room on the disk: nothing is taken in until there is, and of what is in hand only what may be sent twice goes.
    pub disk_full: bool,
    /// Only the reserve is left of the disk: nothing is taken in, and what is open goes on.
    pub disk_low: bool,
    /// Commits of the journal, each one sync.
    pub commits: u64,
    /// Facts in them.
    pub facts: u64,
    /// Requests that were answered at once: nothing of them is in the journal.
    pub answered_at_once: u64,
    /// Plans of open runs that cannot be built any more: their runs wait.
    pub plans_unbuilt: usize,
}

/// The state, shared.
pub(super) struct Shared {
    seen: Mutex<(Standing, Counters)>,
    disk: Arc<Disk>,
    journal: keep::WriterHandle,
    plans_unbuilt: usize,
    at_once: Arc<AtOnce>,
}

impl Shared {
    pub(super) fn new(
        standing: Standing,
        journal: keep::WriterHandle,
        plans_unbuilt: usize,
        disk: Arc<Disk>,
        at_once: Arc<AtOnce>,
    ) -> Shared {
        at_once.hold(|flow| standing.holds_flow(flow));
        Shared { seen: Mutex::new((standing, Counters::default())), disk, journal, plans_unbuilt, at_once }
    }

    pub(super) fn publish(&self, standing: Standing, counters: Counters) {
        self.at_once.hold(|flow| standing.holds_flow(flow));
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = (standing, counters);
    }

    pub(super) fn state(&self) -> State {
        let (standing, counters) = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let answered_at_once = self.at_once.count() + counters.answered_at_once;
        let written = self.journal.written();
        State {
            standing,
            counters,
            disk_full: self.disk.is_full(),
            disk_low: self.disk.is_low(),
            commits: written.commits.load(Ordering::Relaxed),
            facts: written.facts.load(Ordering::Relaxed),
            answered_at_once,
            plans_unbuilt: self.plans_unbuilt,
        }
    }
}
