//! How the disk is, for everybody who takes something in.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use spanwright_core::fact::Moment;

use crate::keep::Room;

/// Between two looks at how much room there is.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// While it is low, the journal is asked so often for what it does not need.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// The disk; shared.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    full: AtomicBool,
    low: AtomicBool,
}

impl Disk {
    /// Whether there is no room at all: nothing can be written.
    pub(crate) fn is_full(&self) -> bool {
        self.full.load(Ordering::Acquire)
    }

    /// Whether only the reserve is left: what is open goes on, and nothing is taken in.
    pub(crate) fn is_low(&self) -> bool {
        self.low.load(Ordering::Acquire)
    }

    /// Whether something may be taken in.
    pub(crate) fn takes_in(&self) -> bool {
        !self.is_full() && !self.is_low()
    }

    /// Says whether it is full; what was said before.
    pub(super) fn be_full(&self, full: bool) -> bool {
        self.full.swap(full, Ordering::AcqRel)
    }

    fn be_low(&self, low: bool) {
        self.low.store(low, Ordering::Release);
    }
}

/// Looks at it again and again.
pub(super) struct DiskWatch {
    room: Room,
    disk: Arc<Disk>,
    next: Moment,
    ask: Moment,
}

impl DiskWatch {
    pub(super) fn new(room: Room, disk: Arc<Disk>, now: Moment) -> DiskWatch {
        DiskWatch { room, disk, next: now, ask: now }
    }

    /// Whether it is low, where that has changed.
    pub(super) fn look(&mut self, now: Moment) -> Option<bool> {
        if now < self.next {
            return None;
        }
        self.next = now.after(LOOK_EVERY);
        let (was, is) = (self.disk.is_low(), self.room.is_low(self.disk.is_low()));
        self.disk.be_low(is);
        (was != is).then_some(is)
    }

    /// Whether the journal should give what room it can: a commit that would do so may not come, since nothing is taken in.
    pub(super) fn asks_for_room(&mut self, now: Moment) -> bool {
        let asks = self.disk.is_low() && now >= self.ask;
        if asks {
            self.ask = now.after(ASK_EVERY);
        }
        asks
    }
}
