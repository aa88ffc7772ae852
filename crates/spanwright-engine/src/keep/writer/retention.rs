//! What is old is forgotten while the engine runs, in small steps between the commits of others.
//!
//! A pass goes once through the runs: those that ended longer ago than `trail` go whole, of those older than `bodies` the
//! bodies go; then marks and empty pages are tidied. Each step looks at a window of runs and forgets a few of them. A step
//! is done when nobody waits, and where somebody always does, no more often than each [`STEP_EVERY`].
//!
//! How old something is, is told by the time as far as it can be believed ([`Believed`]): what a clock that was wrong for an hour has
//! made us forget is done twice when it comes again.

use std::{sync::Arc, time::Duration};

use spanwright_core::{
    fact::{Fact, Forget, Moment, RunId, Store, StoreFault},
    plan::KeepFor,
};

use crate::clock::Clock;

mod believed;

use believed::Believed;
pub use believed::Doubt;

/// Runs that one step looks at.
pub const WINDOW_RUNS_MOST: usize = 1_000;
/// Runs that one step forgets.
pub const STEP_RUNS_MOST: usize = 100;
/// Between two steps while others wait.
pub const STEP_EVERY: Duration = Duration::from_millis(50);
/// Between two steps while nobody waits.
pub const STEP_PAUSE: Duration = Duration::from_millis(5);
/// Between the end of a pass and the beginning of the next.
pub const PASS_EVERY: Duration = Duration::from_secs(600);
/// Each so many passes look at all runs again: one that waited long ends behind the others.
const WHOLE_PASS_EVERY: u32 = 64;

/// Forgets what is old.
pub struct Retention {
    keep: KeepFor,
    clock: Arc<Clock>,
    believed: Believed,
    stage: Stage,
    /// Counted: where the wall clock is set back, it is no longer until then.
    next: Duration,
    /// Bodies of finished runs up to this one were forgotten by an earlier pass.
    bodies_from: RunId,
    passes: u32,
}

/// Where a pass is.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Runs(Forget, RunId),
    Tidy,
}

const BEGIN: Stage = Stage::Runs(Forget::All, RunId(0));

impl Retention {
    /// The first pass begins at once. The journal knows of nothing behind `latest`.
    pub fn new(keep: KeepFor, clock: Arc<Clock>, latest: Moment) -> Retention {
        let believed = Believed::behind(latest, &clock);
        Retention { keep, clock, believed, stage: BEGIN, next: Duration::ZERO, bodies_from: RunId(0), passes: 0 }
    }

    /// How long until the next step may be done.
    pub fn wait(&self) -> Duration {
        self.next.saturating_sub(self.clock.counted())
    }

    /// One step. A doubt that is new is told.
    ///
    /// # Errors
    /// [`StoreFault`]
    pub fn step(&mut self, store: &mut dyn Store, is_idle: bool) -> Result<Option<Doubt>, StoreFault> {
        let (now, doubt) = self.believed.now(&self.clock);
        let pass_is_over = match self.stage {
            Stage::Runs(what, after) => self.forget(store, what, after, now).map(|()| false)?,
            Stage::Tidy => !store.tidy(now, now.before(self.keep.trail))?,
        };
        let pause = match (pass_is_over, is_idle) {
            (true, _) => PASS_EVERY,
            (false, true) => STEP_PAUSE,
            (false, false) => STEP_EVERY,
        };
        if pass_is_over {
            self.stage = BEGIN;
            self.passes += 1;
        }
        self.rest(pause);
        Ok(doubt)
    }

    /// Rests for so long.
    pub fn rest(&mut self, time: Duration) {
        self.next = self.clock.counted() + time;
    }

    fn forget(&mut self, store: &mut dyn Store, what: Forget, after: RunId, now: Moment) -> Result<(), StoreFault> {
        let time = match what {
            Forget::All => self.keep.trail,
            Forget::Bodies => self.keep.bodies,
        };
        let old = store.old(what, after, now.before(time), WINDOW_RUNS_MOST)?;
        let some = &old.runs[..old.runs.len().min(STEP_RUNS_MOST)];
        let facts: Vec<Fact> = some.iter().map(|run| Fact::Forgot { run: *run, what }).collect();
        store.commit(&facts)?;
        let is_cut = some.len() < old.runs.len();
        self.stage = match (is_cut, old.last, old.young) {
            (true, _, _) => Stage::Runs(what, some.last().copied().unwrap_or(after)),
            (false, Some(last), false) => Stage::Runs(what, last),
            (false, _, _) => self.behind(what, after),
        };
        Ok(())
    }

    fn behind(&mut self, what: Forget, after: RunId) -> Stage {
        match what {
            Forget::All if self.passes.is_multiple_of(WHOLE_PASS_EVERY) => Stage::Runs(Forget::Bodies, RunId(0)),
            Forget::All => Stage::Runs(Forget::Bodies, self.bodies_from),
            Forget::Bodies => {
                self.bodies_from = after;
                Stage::Tidy
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Mutex;

    use spanwright_core::fact::{Ending, PlanId, Root, Took};
    use spanwright_lab::model::ModelStore;

    use super::*;
    use crate::clock::Reading;

    const DAY: i64 = 24 * 3_600_000_000;

    fn days(days: u64) -> Duration {
        Duration::from_secs(days * 24 * 3600)
    }

    /// Runs that came and ended on day 0, 1, 2 ...; the one of day 1 is still open.
    fn store(runs: i64) -> ModelStore {
        let mut store = ModelStore::new();
        for day in 0..runs {
            let took = Took {
                message: day as u128,
                source: "in.poll".into(),
                correlation: "c".into(),
                at: Moment(day * DAY),
                key: None,
                version: None,
                body: b"{}".as_slice().into(),
                beside: None,
                flow: "in".into(),
                root: Root(day as u128),
                plan: PlanId(1),
                seen: None,
                about: None,
                fault: None,
            };
            store.commit(&[took.into()]).unwrap();
            if day != 1 {
                store.commit(&[Fact::Ended { run: RunId(day + 1), ending: Ending::Done, at: Moment(day * DAY) }]).unwrap();
            }
        }
        store
    }

    const KEEP: KeepFor = KeepFor { bodies: Duration::from_secs(7 * 24 * 3600), trail: Duration::from_secs(30 * 24 * 3600) };

    /// Hands that a test turns: what was counted, and the wall clock, both in days.
    fn hands(counted: u64, wall: u64) -> (Arc<Mutex<(Duration, Duration)>>, Arc<Clock>) {
        let hands = Arc::new(Mutex::new((days(counted), days(wall))));
        let turned = hands.clone();
        let clock = Clock::reading(move || {
            let (counted, wall) = *turned.lock().unwrap();
            Reading { counted, wall }
        });
        (hands, Arc::new(clock))
    }

    /// Which of the runs are there, and the bytes of their bodies.
    fn left(store: &mut ModelStore, runs: i64) -> Vec<(i64, usize)> {
        let files = store.runs(&(1..=runs).map(RunId).collect::<Vec<_>>()).unwrap();
        files.into_iter().map(|file| (file.run.0, file.message.body.len())).collect()
    }

    /// A whole pass; the doubt that was told.
    fn passes(retention: &mut Retention, store: &mut ModelStore) -> Option<Doubt> {
        let (mut told, before) = (None, retention.passes);
        while retention.passes == before {
            told = retention.step(store, true).unwrap().or(told);
        }
        assert!(retention.wait() > PASS_EVERY / 2, "then it rests");
        told
    }

    /// After a whole pass: the bodies that are left, by run.
    fn passed(mut store: ModelStore, runs: i64, today: u64) -> Vec<(i64, usize)> {
        let (_, clock) = hands(0, today);
        passes(&mut Retention::new(KEEP, clock, Moment(today as i64 * DAY)), &mut store);
        left(&mut store, runs)
    }

    #[test]
    fn runs_go_after_their_trails_time_and_bodies_after_theirs() {
        let left = passed(store(40), 40, 40);
        // Run 2 is open; runs 3 to 10 and the first ended 30 days ago and more.
        assert_eq!(left[..3], [(2, 2), (11, 0), (12, 0)]);
        assert_eq!(left.iter().filter(|(_, body)| *body > 0).map(|(run, _)| *run).collect::<Vec<_>>(), [2, 34, 35, 36, 37, 38, 39, 40]);
    }

    #[test]
    fn more_than_one_step_holds_are_forgotten_step_by_step() {
        let runs = (STEP_RUNS_MOST * 2 + 7) as i64;
        assert_eq!(passed(store(runs), runs, runs as u64 + 40), [(2, 2)]);
    }

    /// The commits of others wait for one of its commits, and for no more of them than one each fifty milliseconds.
    #[test]
    fn a_step_is_small_and_while_others_wait_the_next_one_is_a_while_away() {
        let runs = 450;
        let (mut store, (_, clock)) = (store(runs), hands(0, 900));
        let mut retention = Retention::new(KEEP, clock, Moment(900 * DAY));
        let (mut there, mut steps) = (left(&mut store, runs), 0);
        while there.len() > 1 {
            retention.step(&mut store, false).unwrap();
            let now = left(&mut store, runs);
            assert!(there.len() - now.len() <= 100, "{} at once", there.len() - now.len());
            assert_eq!(retention.wait(), Duration::from_millis(50));
            (there, steps) = (now, steps + 1);
        }
        assert_eq!(steps, 5);
    }

    #[test]
    fn a_clock_that_is_wrong_for_an_hour_makes_nothing_forgotten() {
        let (mut store, (hands, clock)) = (store(40), hands(0, 20));
        let mut retention = Retention::new(KEEP, clock, Moment(20 * DAY));
        let mut passed = |counted: Duration, wall| {
            *hands.lock().unwrap() = (counted, wall);
            let told = passes(&mut retention, &mut store);
            (left(&mut store, 20).len(), told.is_some())
        };
        let (hour, minute) = (Duration::from_secs(3600), Duration::from_secs(60));
        assert_eq!(passed(minute, days(20) + minute), (20, false));
        // It jumps ahead, which is told once, and is mended; our own time stays ahead of it.
        assert_eq!(passed(hour, days(111) + hour), (20, true));
        assert_eq!(passed(hour * 2, days(111) + hour * 2), (20, false));
        assert_eq!(passed(hour * 3, days(20) + hour * 3), (20, false));
        assert_eq!(passed(hour * 40, days(20) + hour * 40), (20, false));
        // Once more, and it stays: that is what time it is.
        assert_eq!(passed(hour * 41, days(70)), (20, true));
        assert_eq!(passed(hour * 66, days(71) + hour), (1, false));
    }

    #[test]
    fn a_start_far_behind_the_last_that_the_journal_knows_believes_its_clock_a_day_later() {
        let (mut store, (hands, clock)) = (store(40), hands(0, 100));
        let mut retention = Retention::new(KEEP, clock, Moment(40 * DAY));
        assert!(passes(&mut retention, &mut store).is_some());
        assert_eq!(left(&mut store, 40).len(), 31, "as of the last day that it knows");
        *hands.lock().unwrap() = (days(1), days(101));
        assert!(passes(&mut retention, &mut store).is_none());
        assert_eq!(left(&mut store, 40), [(2, 2)]);
    }

    #[test]
    fn of_a_journal_that_knows_of_nothing_nothing_is_doubted() {
        let (_, clock) = hands(0, 20_000);
        assert_eq!(passes(&mut Retention::new(KEEP, clock, Moment(0)), &mut ModelStore::new()), None);
    }
}
