//! When somebody left something alone: that time is none of an outage, and does not count against `give_up_after`.

use std::{collections::VecDeque, time::Duration};

use crate::fact::{Hold, Moment};

/// Times that are remembered; a life of the process remembers its own.
const TIMES_MOST: usize = 64;

/// From when until when, the last behind the others.
#[derive(Debug, Default)]
pub struct LeftAlone(VecDeque<(Moment, Moment)>);

impl LeftAlone {
    /// It is left alone until then; what is noted again is one time.
    pub fn note(&mut self, from: Moment, to: Moment) {
        match self.0.back_mut().filter(|(_, last)| *last >= from) {
            Some((_, last)) => *last = to.max(*last),
            None => self.0.push_back((from, to)),
        }
        if self.0.len() > TIMES_MOST {
            self.0.pop_front();
        }
    }

    /// The last hold, which is over now that another one begins.
    pub fn note_over(&mut self, hold: Option<&Hold>, now: Moment) {
        if let Some(hold) = hold.filter(|hold| !hold.holds(now)) {
            self.note(hold.since, hold.end(now));
        }
    }

    /// For how long since then, with the last hold and what lasts still.
    pub fn since(&self, since: Moment, hold: Option<&Hold>, lasts: Option<Moment>, now: Moment) -> Duration {
        let held = hold.map(|hold| (hold.since, hold.end(now))).into_iter().chain(lasts.map(|from| (from, now)));
        let mut times: Vec<_> = self.0.iter().copied().chain(held).map(|(from, to)| (from.max(since), to.min(now))).collect();
        times.sort_unstable();
        let (mut sum, mut upto) = (Duration::ZERO, since);
        for (from, to) in times {
            sum += to.since(from.max(upto));
            upto = upto.max(to);
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each night counts for itself, and no more than it lasted.
    #[test]
    fn only_the_time_that_it_was_left_alone_counts() {
        let mut left = LeftAlone::default();
        for day in 0..3 {
            left.note(Moment(day * 24), Moment(day * 24 + 8));
            left.note(Moment(day * 24 + 4), Moment(day * 24 + 8));
        }
        let micros = |since, now| left.since(Moment(since), None, None, Moment(now)).as_micros();
        assert_eq!((micros(0, 72), micros(6, 30), micros(50, 54), micros(60, 70)), (24, 8, 4, 0));
        left.note(Moment(90), Moment(100));
        let night = Hold { since: Moment(95), until: Some(Moment(105)), by: "ann".into(), because: "quiet".into() };
        assert_eq!(left.since(Moment(72), Some(&night), None, Moment(110)).as_micros(), 15, "what lies over each other counts once");
    }
}
