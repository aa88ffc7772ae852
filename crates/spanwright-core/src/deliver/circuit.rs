//! The breaker of one system: closed, open, half-open.
//!
//! **Trip.** The last exchanges are remembered: the last [`of`](BreakerPolicy::of), or those of the last
//! [`within`](BreakerPolicy::within) where that is said. When there are `of` of them at least and the given share failed
//! (no connection, no answer, 5xx, unknown), or the given share was slow, it opens for `hold`; each time it opens again
//! without closing between, for twice as long, up to `longest`. A 429 is no failure: the system is well and asks for a
//! pause. A refusal of one message is no failure: the system is well and says no.
//!
//! **Recovery.** When the hold is over one exchange at a time goes through. `probes` successes in a row close it, one
//! failure opens it again, and so does a slow answer where those open it. Probes are real messages. A probe that never
//! comes back keeps nobody waiting for ever: an exchange has an end, and whoever hears of it tells the gate.

use std::{collections::VecDeque, time::Duration};

use super::gate::GateChange;
use crate::{
    fact::{Breaker, Moment},
    plan::BreakerPolicy,
};

/// Exchanges that a time window remembers at most; the oldest go first.
pub const WINDOW_MOST: usize = 10_000;

/// A breaker.
#[derive(Debug)]
pub struct Circuit {
    policy: BreakerPolicy,
    /// How it stands.
    pub state: Breaker,
    /// Since when.
    pub since: Moment,
    /// Times it opened in a row without closing between.
    pub opens: u32,
    window: VecDeque<Seen>,
    failed: usize,
    slow: usize,
    probes: u32,
}

/// An exchange that was remembered.
#[derive(Clone, Copy, Debug)]
struct Seen {
    at: Moment,
    failed: bool,
    slow: bool,
}

impl Circuit {
    /// A closed one.
    pub fn new(policy: BreakerPolicy, now: Moment) -> Circuit {
        Circuit { policy, state: Breaker::Closed, since: now, opens: 0, window: VecDeque::new(), failed: 0, slow: 0, probes: 0 }
    }

    /// Until when nothing may pass. One whose time is over becomes half-open here, and says so.
    pub fn closed_until(&mut self, now: Moment) -> (Option<Moment>, Option<GateChange>) {
        match self.state {
            Breaker::Open { until } if until > now => (Some(until), None),
            Breaker::Open { .. } => {
                (self.state, self.since, self.probes) = (Breaker::HalfOpen, now, 0);
                (None, Some(GateChange::Probing))
            }
            Breaker::Closed | Breaker::HalfOpen => (None, None),
        }
    }

    /// An exchange ended: whether the system was sick, and how long it took.
    pub fn concluded(&mut self, failed: bool, took: Duration, now: Moment) -> Option<GateChange> {
        let slow = self.policy.slow_percent > 0 && took > self.policy.slow;
        match self.state {
            Breaker::HalfOpen if failed || slow => Some(self.open(now)),
            Breaker::HalfOpen => self.probe_succeeded(now),
            Breaker::Closed => {
                self.remember(Seen { at: now, failed, slow });
                (self.trips(failed, slow)).then(|| self.open(now))
            }
            // One that left before it opened: it has nothing new to say.
            Breaker::Open { .. } => None,
        }
    }

    fn remember(&mut self, seen: Seen) {
        self.window.push_back(seen);
        self.failed += usize::from(seen.failed);
        self.slow += usize::from(seen.slow);
        let most = if self.policy.within.is_some() { WINDOW_MOST } else { self.policy.of as usize };
        while let Some(first) = self.window.front() {
            let old = self.policy.within.is_some_and(|within| first.at.after(within) < seen.at);
            if self.window.len() <= most && !old {
                break;
            }
            self.failed -= usize::from(first.failed);
            self.slow -= usize::from(first.slow);
            self.window.pop_front();
        }
    }

    /// A success never opens it, a fast answer neither.
    fn trips(&self, failed: bool, slow: bool) -> bool {
        let calls = self.window.len();
        let share = |count: usize, percent: u32| count * 100 >= percent as usize * calls;
        calls >= self.policy.of as usize
            && ((failed && share(self.failed, self.policy.failures_percent)) || (slow && share(self.slow, self.policy.slow_percent)))
    }

    fn probe_succeeded(&mut self, now: Moment) -> Option<GateChange> {
        self.probes += 1;
        if self.probes < self.policy.probes {
            return None;
        }
        (self.state, self.since, self.opens) = (Breaker::Closed, now, 0);
        self.forget();
        Some(GateChange::Closed)
    }

    fn open(&mut self, now: Moment) -> GateChange {
        let hold = self.policy.hold.saturating_mul(1 << self.opens.min(16)).min(self.policy.longest);
        let until = now.after(hold);
        (self.state, self.since) = (Breaker::Open { until }, now);
        self.opens += 1;
        self.forget();
        GateChange::Opened(until)
    }

    fn forget(&mut self) {
        self.window.clear();
        (self.failed, self.slow) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn policy() -> BreakerPolicy {
        BreakerPolicy {
            failures_percent: 50,
            of: 4,
            hold: Duration::from_secs(1),
            longest: Duration::from_secs(4),
            ..BreakerPolicy::default()
        }
    }

    /// Hears of one exchange a second, `x` failed, `s` slow, `.` well; where it opened.
    fn heard(policy: BreakerPolicy, story: &str) -> Option<usize> {
        let mut circuit = Circuit::new(policy, Moment(0));
        story.chars().enumerate().position(|(n, what)| {
            let took = Duration::from_secs(if what == 's' { 20 } else { 1 });
            circuit.concluded(what == 'x', took, Moment(n as i64 * SECOND)).is_some()
        })
    }

    #[test]
    fn it_opens_at_the_share_of_a_full_window() {
        for (story, expected) in [("xxx", None), ("xxxx", Some(3)), ("..xx", Some(3)), ("...x", None), ("x...x.x", Some(6)), ("xx..", None)]
        {
            assert_eq!(heard(policy(), story), expected, "{story}");
        }
    }

    #[test]
    fn a_time_window_forgets_what_is_old_and_wants_enough_calls() {
        let within = |seconds| BreakerPolicy { within: Some(Duration::from_secs(seconds)), ..policy() };
        assert_eq!(heard(within(60), "x.......xxxx"), None, "5 of 12 are no half");
        assert_eq!(heard(within(3), "x.......xxxx"), Some(9), "of the last four two failed");
        assert_eq!(heard(within(2), "xxxxxxxx"), None, "three calls in two seconds are too few");
    }

    #[test]
    fn slow_answers_open_it_where_that_is_asked_for() {
        let slow = BreakerPolicy { slow: Duration::from_secs(10), slow_percent: 75, ..policy() };
        assert_eq!(heard(slow.clone(), "ss.s"), Some(3));
        assert_eq!(heard(slow, "s.s."), None);
        assert_eq!(heard(policy(), "ssss"), None);
    }

    #[test]
    fn a_slow_probe_shows_that_it_is_still_slow() {
        let slow = BreakerPolicy { slow: Duration::from_secs(10), slow_percent: 75, probes: 1, ..policy() };
        let mut circuit = Circuit::new(slow, Moment(0));
        (0..4).for_each(|_| drop(circuit.concluded(false, Duration::from_secs(20), Moment(0))));
        circuit.closed_until(Moment(SECOND));
        assert!(matches!(circuit.concluded(false, Duration::from_secs(20), Moment(SECOND)), Some(GateChange::Opened(_))));
        circuit.closed_until(Moment(9 * SECOND));
        assert_eq!(circuit.concluded(false, Duration::from_secs(1), Moment(9 * SECOND)), Some(GateChange::Closed));
    }

    #[test]
    fn it_holds_twice_as_long_each_time_and_no_longer_than_the_longest() {
        let mut circuit = Circuit::new(policy(), Moment(0));
        let (mut now, mut holds) = (Moment(0), Vec::new());
        for _ in 0..4 {
            circuit.concluded(true, Duration::ZERO, now);
        }
        for _ in 0..4 {
            let Breaker::Open { until } = circuit.state else { panic!("it is open") };
            holds.push(until.since(now).as_secs());
            now = until;
            assert_eq!(circuit.closed_until(now), (None, Some(GateChange::Probing)));
            circuit.concluded(true, Duration::ZERO, now);
        }
        assert_eq!(holds, [1, 2, 4, 4]);
    }

    #[test]
    fn three_probes_in_a_row_close_it() {
        let mut circuit = Circuit::new(policy(), Moment(0));
        (0..4).for_each(|_| drop(circuit.concluded(true, Duration::ZERO, Moment(0))));
        circuit.closed_until(Moment(SECOND));
        let changes: Vec<_> = (0..3).map(|_| circuit.concluded(false, Duration::ZERO, Moment(SECOND))).collect();
        assert_eq!((changes, circuit.opens), (vec![None, None, Some(GateChange::Closed)], 0));
    }
}
