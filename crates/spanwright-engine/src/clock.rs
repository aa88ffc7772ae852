//! The only place that asks what time it is, and the only source of random bits.
//!
//! The idea: within one life of the process time is what the wall clock said once plus what the monotonic clock has
//! counted since. Where the wall clock is found ahead of that, we jump forward to it and stay there; where it is found
//! behind, we do not follow.
//!
//! What always holds: [`Clock::now`] never goes backwards. A wall clock that is set back an hour neither stalls what is
//! due nor repeats what was done; our times run ahead of it until the process is started again. A wall clock that is
//! set forward makes everything due at once that would have been due by then, which is what a person who did it means.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use spanwright_core::fact::Moment;

/// What the machine's two clocks say at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Time since some fixed instant; never goes backwards.
    pub counted: Duration,
    /// Time since 1970 as the wall clock has it; people and NTP set it.
    pub wall: Duration,
}

/// Tells the time.
pub struct Clock {
    read: Box<dyn Fn() -> Reading + Send + Sync>,
    /// Microseconds by which UTC is ahead of `counted`; only ever grows.
    ahead: AtomicI64,
}

impl Clock {
    /// The machine's clock.
    pub fn of_machine() -> Clock {
        Clock::reading(machine())
    }

    /// A clock over other hands: tests turn them.
    pub fn reading(read: impl Fn() -> Reading + Send + Sync + 'static) -> Clock {
        Clock { read: Box::new(read), ahead: AtomicI64::new(i64::MIN) }
    }

    /// UTC, in microseconds; never less than it was.
    pub fn now(&self) -> Moment {
        let Reading { counted, wall } = (self.read)();
        let (counted, wall) = (micros(counted), micros(wall));
        let found = wall - counted;
        let ahead = self.ahead.fetch_max(found, Ordering::AcqRel).max(found);
        Moment(counted + ahead)
    }

    /// UTC as the wall clock has it now: what others sign is held against it, and so is what others judge of ours. Of what is due
    /// and what came first [`Clock::now`] tells.
    pub fn wall(&self) -> Moment {
        Moment(micros((self.read)().wall))
    }

    /// By how much the wall clock is behind: somebody has set it back since.
    pub fn runs_ahead(&self) -> Duration {
        self.now().since(self.wall())
    }

    /// What was counted since some fixed instant, whatever the wall clock was set to: how far two instants of this life are apart.
    pub fn counted(&self) -> Duration {
        (self.read)().counted
    }

    /// How long until then; zero where it is past.
    pub fn until(&self, then: Moment) -> Duration {
        then.since(self.now())
    }
}

/// A time that runs out, counted by the monotonic clock.
pub struct Patience(Instant);

impl Patience {
    /// So long from now on.
    #[allow(clippy::disallowed_methods)]
    pub fn of(time: Duration) -> Patience {
        Patience(Instant::now() + time)
    }

    /// What is left of it.
    #[allow(clippy::disallowed_methods)]
    pub fn left(&self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

/// The hands of the machine. The one function that may name them; see `clippy.toml`.
#[allow(clippy::disallowed_methods)]
fn machine() -> impl Fn() -> Reading + Send + Sync + 'static {
    let start = Instant::now();
    move || Reading {
        counted: start.elapsed(),
        // A clock that stands before 1970 is as good as none: what is counted still goes on.
        wall: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX / 4).min(i64::MAX / 4)
}

/// Bits that are asked of the operating system at once.
const DRAWN: usize = 64;

/// Random bits of the operating system, drawn by the handful.
pub struct Dice {
    drawn: Mutex<Vec<u64>>,
}

impl Default for Dice {
    fn default() -> Self {
        Dice::new()
    }
}

impl Dice {
    /// None drawn yet.
    pub fn new() -> Dice {
        Dice { drawn: Mutex::new(Vec::with_capacity(DRAWN)) }
    }

    /// 64 random bits.
    pub fn roll(&self) -> u64 {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bits) = drawn.pop() {
            return bits;
        }
        let mut bytes = [0; DRAWN * 8];
        rustls::crypto::ring::default_provider().secure_random.fill(&mut bytes).expect("an operating system that has random bits");
        drawn.extend(bytes.as_chunks::<8>().0.iter().map(|chunk| u64::from_ne_bytes(*chunk)));
        drawn.pop().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds of (counted, wall) one after the other, and the seconds that the clock tells.
    fn check(readings: &[(u64, u64)], told: &[i64]) {
        let hands = readings.to_vec();
        let n = std::sync::atomic::AtomicUsize::new(0);
        let clock = Clock::reading(move || {
            let (counted, wall) = hands[n.fetch_add(1, Ordering::Relaxed)];
            Reading { counted: Duration::from_secs(counted), wall: Duration::from_secs(wall) }
        });
        let times: Vec<i64> = readings.iter().map(|_| clock.now().0 / 1_000_000).collect();
        assert_eq!(times, told);
    }

    #[test]
    fn a_good_clock_is_told_as_it_is() {
        check(&[(0, 9_000), (5, 9_005), (9, 9_009)], &[9_000, 9_005, 9_009]);
    }

    #[test]
    fn a_clock_set_back_an_hour_neither_stalls_nor_repeats() {
        check(&[(0, 9_000), (5, 5_405), (10, 5_410)], &[9_000, 9_005, 9_010]);
    }

    #[test]
    fn a_clock_set_forward_is_followed_once() {
        check(&[(0, 9_000), (5, 12_605), (10, 12_610), (11, 9_011)], &[9_000, 12_605, 12_610, 12_611]);
    }

    #[test]
    fn what_others_judge_by_goes_back_with_the_wall_clock() {
        let hands = std::sync::Mutex::new([9_010, 5_405, 9_000].into_iter().cycle());
        let clock = Clock::reading(move || {
            let wall = hands.lock().unwrap_or_else(PoisonError::into_inner).next().unwrap_or_default();
            Reading { counted: Duration::ZERO, wall: Duration::from_secs(wall) }
        });
        assert_eq!((clock.now(), clock.wall(), clock.now()), (Moment(9_010_000_000), Moment(5_405_000_000), Moment(9_010_000_000)));
    }

    #[test]
    fn what_was_counted_follows_no_wall_clock() {
        let wall = std::sync::atomic::AtomicU64::new(9_000);
        let clock = Clock::reading(move || Reading {
            counted: Duration::from_secs(5),
            wall: Duration::from_secs(wall.fetch_add(3_600, Ordering::Relaxed)),
        });
        assert_eq!((clock.now().0 / 1_000_000, clock.counted(), clock.counted()), (9_000, Duration::from_secs(5), Duration::from_secs(5)));
        assert_eq!(clock.now().0 / 1_000_000, 9_000 + 3 * 3_600);
    }

    #[test]
    fn the_machine_does_not_go_backwards() {
        let clock = Clock::of_machine();
        let times: Vec<Moment> = (0..1_000).map(|_| clock.now()).collect();
        assert!(times.is_sorted());
        assert!(times[0].0 > 1_700_000_000_000_000, "{:?} is not our century", times[0]);
    }

    #[test]
    fn no_two_rolls_of_a_thousand_are_the_same() {
        let dice = Dice::new();
        let rolls: std::collections::HashSet<u64> = (0..1_000).map(|_| dice.roll()).collect();
        assert_eq!(rolls.len(), 1_000);
    }
}
