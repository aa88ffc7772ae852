//! How fast: so many requests in a time, so many a day, so much as the server says is left, and only so many retries.
//!
//! Nothing here sleeps. Each rule names the moment at which the next request may go; whoever waits for it is a due time.
//!
//! - **Rate** (`rate: 20/s`) is the generic cell rate algorithm: a token bucket of `burst` tokens (one where nothing is
//!   said, so that no window of that length ever sees more than the rate).
//! - **Day** (`per_day:`) counts requests from midnight to midnight of the system's zone. What was counted is kept
//!   ahead in hundredths, so that a crash can only make it count too many.
//! - **Learned** (`learn: true`): a server says how many requests are left until when; they are spread over that time.
//! - **Retries**: a retry that fails costs a token, a success gives a part of one back, and one comes each second. A
//!   system that is well is caught up with at full speed, one that is sick is not hammered with what failed before.

use std::time::Duration;

use crate::{
    connector::Budget,
    fact::{Moment, Spent},
    settings::Limits,
};

/// Retries that may fail before others wait.
pub const RETRY_BUDGET_MOST: u32 = 100;
/// What a success gives back, in thousandths of a retry.
const SUCCESS_GIVES: u32 = 200;
const RETRY: u32 = 1_000;

/// The pace of one system.
#[derive(Debug)]
pub struct Pace {
    /// The theoretical arrival time of the next request.
    next: Moment,
    learned: Option<(Moment, Duration)>,
    day: Day,
    retries: Retries,
}

#[derive(Debug, Default)]
struct Day {
    until: Moment,
    spent: u64,
    /// What the journal has: never less than what was spent.
    kept: u64,
}

#[derive(Debug)]
struct Retries {
    thousandths: u32,
    at: Moment,
}

impl Pace {
    /// Nothing was sent yet.
    pub fn new(now: Moment) -> Pace {
        Pace { next: now, learned: None, day: Day::default(), retries: Retries { thousandths: RETRY_BUDGET_MOST * RETRY, at: now } }
    }

    /// What an earlier life of the process had spent of its day.
    pub fn restore(&mut self, spent: Spent) {
        self.day = Day { until: spent.until, spent: spent.calls, kept: spent.calls };
    }

    /// For the journal.
    pub fn spent(&self) -> Option<Spent> {
        (self.day.kept > 0).then_some(Spent { until: self.day.until, calls: self.day.kept })
    }

    /// When the next request may go.
    pub fn next(&self, limits: &Limits, now: Moment) -> Moment {
        let mut at = now;
        if let Some(rate) = limits.rate {
            let ahead = (rate.per / rate.most.max(1)) * limits.burst.saturating_sub(1);
            at = at.max(self.next.before(ahead));
        }
        if let Some((until, _)) = self.learned.filter(|(until, _)| *until > now) {
            at = at.max(self.next.min(until));
        }
        at.max(self.day_over(limits, now).unwrap_or(now))
    }

    /// When the day is over whose quota is spent.
    pub fn day_over(&self, limits: &Limits, now: Moment) -> Option<Moment> {
        let quota = limits.per_day?;
        (self.day.until > now && self.day.spent >= quota).then_some(self.day.until)
    }

    /// When the next retry may go.
    pub fn next_retry(&mut self, now: Moment) -> Moment {
        self.retries.grow(now);
        let lacks = RETRY.saturating_sub(self.retries.thousandths);
        now.after(Duration::from_millis(u64::from(lacks)))
    }

    /// A request goes. Says whether the journal must hear how much of the day is spent.
    pub fn depart(&mut self, limits: &Limits, retry: bool, now: Moment) -> bool {
        if let Some(rate) = limits.rate {
            self.next = self.next.max(now).after(rate.per / rate.most.max(1));
        }
        if let Some((_, step)) = self.learned.filter(|(until, _)| *until > now) {
            self.next = self.next.max(now.after(step));
        }
        if retry {
            self.retries.grow(now);
            self.retries.thousandths = self.retries.thousandths.saturating_sub(RETRY);
        }
        limits.per_day.is_some_and(|quota| self.day.count(quota, limits.zone.as_deref(), now))
    }

    /// It was well: the retry that it may have been is given back, and a part of another.
    pub fn succeeded(&mut self, retry: bool) {
        let back = SUCCESS_GIVES + if retry { RETRY } else { 0 };
        self.retries.thousandths = (self.retries.thousandths + back).min(RETRY_BUDGET_MOST * RETRY);
    }

    /// What the server says is left.
    pub fn learn(&mut self, budget: Budget, now: Moment) {
        let step = if budget.left == 0 { budget.reset } else { budget.reset / budget.left };
        self.learned = Some((now.after(budget.reset), step));
        if budget.left == 0 {
            self.next = self.next.max(now.after(budget.reset));
        }
    }

    /// A person knows better; says whether something had been learned that still holds.
    pub fn forget_learned(&mut self, now: Moment) -> bool {
        let learned = self.learned.take().is_some_and(|(until, _)| until > now);
        if learned {
            self.next = now;
        }
        learned
    }
}

impl Retries {
    fn grow(&mut self, now: Moment) {
        let grown = u32::try_from(now.since(self.at).as_millis()).unwrap_or(u32::MAX);
        self.thousandths = self.thousandths.saturating_add(grown).min(RETRY_BUDGET_MOST * RETRY);
        self.at = self.at.max(now);
    }
}

impl Day {
    fn count(&mut self, quota: u64, zone: Option<&str>, now: Moment) -> bool {
        if self.until <= now {
            *self = Day { until: super::hours::midnight_after(now, zone), spent: 0, kept: 0 };
        }
        self.spent += 1;
        if self.spent <= self.kept {
            return false;
        }
        self.kept = (self.spent + (quota / 100)).min(quota).max(self.spent);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Rate;

    const SECOND: i64 = 1_000_000;

    fn limits(most: u32, burst: u32) -> Limits {
        Limits { rate: Some(Rate { most, per: Duration::from_secs(1) }), burst, ..Limits::default() }
    }

    /// Sends as fast as it may; when each went, in milliseconds.
    fn sent(limits: &Limits, count: usize) -> Vec<i64> {
        let (mut pace, mut now, mut all) = (Pace::new(Moment(0)), Moment(0), Vec::new());
        for _ in 0..count {
            now = pace.next(limits, now);
            pace.depart(limits, false, now);
            all.push(now.0 / 1_000);
        }
        all
    }

    #[test]
    fn a_rate_is_even_and_a_burst_goes_at_once() {
        assert_eq!(sent(&limits(4, 1), 5), [0, 250, 500, 750, 1000]);
        assert_eq!(sent(&limits(4, 3), 6), [0, 0, 0, 250, 500, 750]);
    }

    #[test]
    fn a_day_has_its_quota_and_the_next_begins_at_midnight() {
        let limits = Limits { per_day: Some(2), zone: Some("Europe/Berlin".into()), ..Limits::default() };
        let (mut pace, noon) = (Pace::new(Moment(0)), Moment(1_795_345_200 * SECOND));
        assert!(pace.depart(&limits, false, noon) && pace.depart(&limits, false, noon));
        let midnight = pace.next(&limits, noon);
        assert_eq!(midnight.since(noon).as_secs() % 3600, 0);
        assert!(midnight.since(noon) <= Duration::from_secs(24 * 3600));
        assert_eq!(pace.next(&limits, midnight), midnight);
    }

    #[test]
    fn a_crash_never_makes_the_day_longer() {
        let limits = Limits { per_day: Some(1_000), ..Limits::default() };
        let mut pace = Pace::new(Moment(0));
        let kept = (0..25).filter(|_| pace.depart(&limits, false, Moment(SECOND))).count();
        assert_eq!(kept, 3, "one commit for ten calls");
        let mut after = Pace::new(Moment(0));
        after.restore(pace.spent().unwrap_or(Spent { until: Moment(0), calls: 0 }));
        assert!(pace.spent().is_some_and(|spent| spent.calls >= 25));
    }

    #[test]
    fn retries_that_fail_run_out_and_come_back_with_time_and_with_success() {
        let (limits, mut pace, now) = (Limits::default(), Pace::new(Moment(0)), Moment(0));
        for _ in 0..RETRY_BUDGET_MOST {
            pace.depart(&limits, true, now);
        }
        assert_eq!(pace.next_retry(now), Moment(SECOND));
        (0..5).for_each(|_| pace.succeeded(false));
        assert_eq!(pace.next_retry(now), now);
        pace.depart(&limits, true, now);
        pace.succeeded(true);
        assert_eq!(pace.next_retry(now), now, "a retry that succeeds costs nothing");
    }

    #[test]
    fn what_is_left_is_spread_over_the_time_until_there_is_more() {
        let (limits, mut pace) = (Limits::default(), Pace::new(Moment(0)));
        pace.learn(Budget { left: 4, reset: Duration::from_secs(2) }, Moment(0));
        let mut now = Moment(0);
        let went: Vec<i64> = (0..4)
            .map(|_| {
                now = pace.next(&limits, now);
                pace.depart(&limits, false, now);
                now.0 / 1_000
            })
            .collect();
        assert_eq!(went, [0, 500, 1000, 1500]);
        pace.learn(Budget { left: 0, reset: Duration::from_secs(7) }, now);
        assert_eq!(pace.next(&limits, now).since(now).as_secs(), 7);
    }
}
