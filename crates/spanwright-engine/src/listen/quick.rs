//! Which doors answer so soon that it is done where the sockets are: to hand a request to a worker and to be woken again
//! costs more than such an answer.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

/// Time that an answer may take where the sockets are: what comes behind one that took longer goes to a worker.
const HERE_TIME_MOST: Duration = Duration::from_micros(500);

/// How long each door took the last time, in microseconds.
pub(super) struct Quick {
    doors: Vec<AtomicU32>,
}

impl Quick {
    /// So many doors, none of which has been tried.
    pub(super) fn of(doors: usize) -> Quick {
        Quick { doors: (0..doors).map(|_| AtomicU32::new(0)).collect() }
    }

    /// Whether the last one was soon done.
    pub(super) fn is(&self, door: usize) -> bool {
        u128::from(self.doors[door].load(Ordering::Relaxed)) <= HERE_TIME_MOST.as_micros()
    }

    /// It took so long this time.
    pub(super) fn took(&self, door: usize, time: Duration) {
        self.doors[door].store(u32::try_from(time.as_micros()).unwrap_or(u32::MAX), Ordering::Relaxed);
    }
}
