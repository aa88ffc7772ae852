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

    /// It was held, and somebody let it go, or its time was over.
    pub fn note_hold(&mut self, hold: &Hold, now: Moment) {
        self.note(hold.since, hold.end(now));
    }

    /// For how long since then, with the hold that nobody has let go yet.
    pub fn since(&self, since: Moment, hold: Option<&Hold>, now: Moment) -> Duration {
        let held = hold.map(|hold| (hold.since, hold.end(now)));
        self.0.iter().copied().chain(held).map(|(from, to)| to.min(now).since(from.max(since))).sum()
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
        let micros = |since, now| left.since(Moment(since), None, Moment(now)).as_micros();
        assert_eq!((micros(0, 72), micros(6, 30), micros(50, 54), micros(60, 70)), (24, 8, 4, 0));
    }
}
