//! What time it is, as far as it can be believed.
//!
//! Where the wall clock is found ahead of what was counted by more than a day, somebody has mended it, the machine slept, or it is
//! wrong. The three look alike, and only the third does harm: so for a day the time goes on as it was counted. A clock that was
//! mended within that day has made us forget nothing; one that has stood so long is right.
//!
//! What always holds: it goes by the wall clock, and follows it backwards. So a jump that was mended while we ran, and which our own
//! time has kept, is of no account.

use std::time::Duration;

use spanwright_core::fact::Moment;

use crate::clock::Clock;

/// A clock that is found no further ahead than this is followed.
pub const JUMP_MOST: Duration = Duration::from_secs(24 * 3600);
/// So long one that is further ahead is not believed.
pub const DOUBTED_FOR: Duration = Duration::from_secs(24 * 3600);

/// The time, and why it is believed.
pub struct Believed {
    /// What it was last, and what was counted then.
    at: Moment,
    counted: Duration,
    /// The life before is what it is compared with.
    is_first: bool,
    doubted_until: Option<Duration>,
}

/// The clock is not believed for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// By how much it is ahead.
    pub ahead: Duration,
    /// Of the last that the journal knows: perhaps nobody ran for so long. Else of what was counted.
    pub at_start: bool,
}

impl Believed {
    /// In a life that begins behind this moment; a journal that knows of nothing has none.
    pub fn behind(latest: Moment, clock: &Clock) -> Believed {
        let at = if latest == Moment::default() { clock.wall() } else { latest };
        Believed { at, counted: clock.counted(), is_first: true, doubted_until: None }
    }

    /// What time it is, and a doubt that is new.
    pub fn now(&mut self, clock: &Clock) -> (Moment, Option<Doubt>) {
        let (counted, told) = (clock.counted(), clock.wall());
        let expected = self.at.after(counted.saturating_sub(self.counted));
        let ahead = told.since(expected);
        let was_doubted = self.doubted_until.is_some();
        let until = *self.doubted_until.get_or_insert(counted + DOUBTED_FOR);
        if ahead > JUMP_MOST && counted < until {
            let doubt = Doubt { ahead, at_start: self.is_first };
            return (expected, (!was_doubted).then_some(doubt));
        }
        (self.at, self.counted, self.is_first, self.doubted_until) = (told, counted, false, None);
        (told, None)
    }
}
