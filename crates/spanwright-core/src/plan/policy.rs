//! How things are tried again, and when a system is left alone.

use std::time::Duration;

/// How something is tried again: exponential, with full jitter.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Tries of a sick message.
    pub tries: u32,
    /// The first wait is a random time up to this.
    pub first: Duration,
    /// Each wait is longer by this factor, in hundredths.
    pub factor_percent: u32,
    /// No wait is longer.
    pub longest: Duration,
    /// A sick system is waited for so long.
    pub give_up_after: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            tries: 8,
            first: Duration::from_secs(1),
            factor_percent: 200,
            longest: Duration::from_secs(15 * 60),
            give_up_after: Duration::from_secs(72 * 3600),
        }
    }
}

/// When a system is left alone.
#[derive(Clone, Debug, PartialEq)]
pub struct BreakerPolicy {
    /// Failed exchanges of the last [`BreakerPolicy::of`], in percent, that open it.
    pub failures_percent: u32,
    /// How many exchanges are looked at, or in a time are enough; it does not open before so many were made.
    pub of: u32,
    /// How long it stays open the first time; doubled each time until a success.
    pub hold: Duration,
    /// But no longer than this.
    pub longest: Duration,
    /// The exchanges of so long are looked at; `None`: the last [`BreakerPolicy::of`], however old.
    pub within: Option<Duration>,
    /// An exchange that takes longer is slow.
    pub slow: Duration,
    /// Slow exchanges, in percent, that open it; 0: none do.
    pub slow_percent: u32,
    /// Successes in a row that close it again.
    pub probes: u32,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        BreakerPolicy {
            failures_percent: 50,
            of: 10,
            hold: Duration::from_secs(30),
            longest: Duration::from_secs(600),
            within: None,
            slow: Duration::from_secs(10),
            slow_percent: 0,
            probes: 3,
        }
    }
}
