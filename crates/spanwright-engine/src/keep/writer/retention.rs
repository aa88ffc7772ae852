//! What is old is forgotten while the engine runs, in small steps between the commits of others.
//!
//! A pass goes once through the runs: those that ended longer ago than `trail` go whole, of those older than `bodies` the
//! bodies go; then marks and empty pages are tidied. Each step looks at a window of runs and forgets a few of them. A step
//! is done when nobody waits, and where somebody always does, no more often than each [`STEP_EVERY`].

use std::time::Duration;

use spanwright_core::{
    fact::{Fact, Forget, Moment, RunId, Store, StoreFault},
    plan::KeepFor,
};

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

/// Tells the time.
pub type Now = Box<dyn Fn() -> Moment + Send>;

/// Forgets what is old.
pub struct Retention {
    keep: KeepFor,
    now: Now,
    stage: Stage,
    next: Moment,
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
    /// The first pass begins at once.
    pub fn new(keep: KeepFor, now: Now) -> Retention {
        Retention { keep, now, stage: BEGIN, next: Moment::default(), bodies_from: RunId(0), passes: 0 }
    }

    /// How long until the next step may be done.
    pub fn wait(&self) -> Duration {
        self.next.since((self.now)())
    }

    /// One step.
    ///
    /// # Errors
    /// [`StoreFault`]
    pub fn step(&mut self, store: &mut dyn Store, is_idle: bool) -> Result<(), StoreFault> {
        let now = (self.now)();
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
        self.next = now.after(pause);
        Ok(())
    }

    /// Rests for so long.
    pub fn rest(&mut self, time: Duration) {
        self.next = (self.now)().after(time);
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
    use spanwright_core::fact::{Ending, PlanId, Root, Took};
    use spanwright_lab::model::ModelStore;

    use super::*;

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

    /// After a whole pass: the bodies that are left, by run.
    fn passed(mut store: ModelStore, runs: i64, today: i64) -> Vec<(i64, usize)> {
        let keep = KeepFor { bodies: days(7), trail: days(30) };
        let mut retention = Retention::new(keep, Box::new(move || Moment(today * DAY)));
        while retention.passes == 0 {
            retention.step(&mut store, true).unwrap();
        }
        assert!(retention.wait() > PASS_EVERY / 2, "then it rests");
        let files = store.runs(&(1..=runs).map(RunId).collect::<Vec<_>>()).unwrap();
        files.into_iter().map(|file| (file.run.0, file.message.body.len())).collect()
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
        assert_eq!(passed(store(runs), runs, runs + 40), [(2, 2)]);
    }
}
