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
/// Nobody takes in so much between two looks: of more nothing is said.
const PLENTY_BYTES: u64 = 4 << 30;
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
    is_plenty: bool,
}

/// What a look has shown.
pub(super) struct Seen {
    /// So many bytes may be taken in.
    pub spare: u64,
    /// Whether only the reserve is left, where that has changed.
    pub low: Option<bool>,
}

impl DiskWatch {
    pub(super) fn new(room: Room, disk: Arc<Disk>, now: Moment) -> DiskWatch {
        DiskWatch { room, disk, next: now, ask: now, is_plenty: true }
    }

    /// Where it is time: what there is, beside what is owed to what was taken in.
    pub(super) fn look(&mut self, now: Moment, owed: impl FnOnce() -> u64) -> Option<Seen> {
        if now < self.next {
            return None;
        }
        self.next = now.after(LOOK_EVERY);
        let was_low = self.disk.is_low();
        let spare = self.room.to_spare(owed(), was_low).filter(|spare| *spare < PLENTY_BYTES).unwrap_or(u64::MAX);
        let is_low = spare == 0;
        self.disk.be_low(is_low);
        let seen = Seen { spare, low: (was_low != is_low).then_some(is_low) };
        // Of plenty it is said once; of what is less whoever takes some counts on from here.
        let was_plenty = std::mem::replace(&mut self.is_plenty, spare == u64::MAX);
        (!was_plenty || !self.is_plenty).then_some(seen)
    }

    /// Whether the journal should give what room it can: a commit that would do so may not come, since nothing is taken in. On a full
    /// disk it does so by itself, and what it is asked would only wait in its line.
    pub(super) fn asks_for_room(&mut self, now: Moment) -> bool {
        let asks = self.disk.is_low() && !self.disk.is_full() && now >= self.ask;
        if asks {
            self.ask = now.after(ASK_EVERY);
        }
        asks
    }
}
