//! A disk that is full, and one that lies.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use spanwright_core::alert::Trouble;
use spanwright_core::desk::Order;
use spanwright_core::fact::{
    Fact, Forget, Hold, InLine, Letter, Moment, Old, Opening, PlanBundle, PlanId, Print, Receipt, RunFile, RunId, StoppedBundle,
    StoppedFilter, StoppedRun, Store, StoreFault, Tally, Turn,
};
use spanwright_engine::{
    clock::{Clock, Reading},
    keep::{Keep, WRITER_JOBS_MOST},
    shell::{STOP_TIME_MOST, Why},
};
use spanwright_world::{Answer, Hostile};

use crate::trial::{Trial, until, wait};

/// A journal whose commits fail from the `good`th on, so many times.
pub struct Faulty {
    keep: Keep,
    good: i64,
    fault: StoreFault,
    failing: Arc<AtomicI64>,
    /// What a life finds there goes by this.
    opens: Box<dyn FnMut(&mut Opening) + Send>,
    /// Before each commit.
    commits: Box<dyn FnMut() + Send>,
}

impl Faulty {
    pub fn from(keep: Keep, good: i64, fault: StoreFault, failing: Arc<AtomicI64>) -> Faulty {
        Faulty { keep, good, fault, failing, opens: Box::new(|_| {}), commits: Box::new(|| {}) }
    }

    /// One that never fails.
    pub fn well(keep: Keep) -> Faulty {
        Faulty::from(keep, i64::MAX, StoreFault::Full, Arc::default())
    }

    pub fn opening_by(self, opens: impl FnMut(&mut Opening) + Send + 'static) -> Box<dyn Store> {
        Box::new(Faulty { opens: Box::new(opens), ..self })
    }

    pub fn committing_behind(self, commits: impl FnMut() + Send + 'static) -> Box<dyn Store> {
        Box::new(Faulty { commits: Box::new(commits), ..self })
    }
}

impl Store for Faulty {
    fn commit(&mut self, facts: &[Fact]) -> Result<Vec<Receipt>, StoreFault> {
        (self.commits)();
        self.good -= 1;
        if self.good < 0 && self.failing.fetch_sub(1, Ordering::Relaxed) > 0 {
            return Err(self.fault.clone());
        }
        self.keep.commit(facts)
    }

    fn opening(&mut self) -> Result<Opening, StoreFault> {
        let mut opening = self.keep.opening()?;
        (self.opens)(&mut opening);
        Ok(opening)
    }

    fn plan(&mut self, plan: &PlanBundle) -> Result<PlanId, StoreFault> {
        self.keep.plan(plan)
    }

    fn plan_bundle(&mut self, plan: PlanId) -> Result<Option<PlanBundle>, StoreFault> {
        self.keep.plan_bundle(plan)
    }

    fn active(&mut self, flow: &str, after: RunId, most: usize) -> Result<Vec<RunFile>, StoreFault> {
        self.keep.active(flow, after, most)
    }

    fn due(&mut self, queue: &str, from: Turn, now: Moment, most: usize) -> Result<(Vec<RunFile>, Option<Turn>), StoreFault> {
        self.keep.due(queue, from, now, most)
    }

    fn runs(&mut self, runs: &[RunId]) -> Result<Vec<RunFile>, StoreFault> {
        self.keep.runs(runs)
    }

    fn sent(&mut self, keys: &[(Arc<str>, Arc<str>)]) -> Result<Vec<Option<Print>>, StoreFault> {
        self.keep.sent(keys)
    }

    fn deaths(&mut self, flow: &str, since: Moment, most: usize) -> Result<Vec<Moment>, StoreFault> {
        self.keep.deaths(flow, since, most)
    }

    fn is_within_a_round(&mut self, flow: &str) -> Result<bool, StoreFault> {
        self.keep.is_within_a_round(flow)
    }

    fn in_line(&mut self, flow: &str) -> Result<Vec<InLine>, StoreFault> {
        self.keep.in_line(flow)
    }

    fn overtaken(&mut self, run: RunId) -> Result<bool, StoreFault> {
        self.keep.overtaken(run)
    }

    fn letter(&mut self, message: u128) -> Result<Option<Letter>, StoreFault> {
        self.keep.letter(message)
    }
    fn stopped(&mut self, filter: &StoppedFilter, after: RunId, upto: RunId, most: usize) -> Result<Vec<StoppedRun>, StoreFault> {
        self.keep.stopped(filter, after, upto, most)
    }
    fn old(&mut self, what: Forget, after: RunId, before: Moment, window: usize) -> Result<Old, StoreFault> {
        self.keep.old(what, after, before, window)
    }
    fn bundles(&mut self, runs: &[RunId]) -> Result<Vec<StoppedBundle>, StoreFault> {
        self.keep.bundles(runs)
    }

    fn troubles(&mut self, stuck: u32, most: usize) -> Result<Vec<Trouble>, StoreFault> {
        self.keep.troubles(stuck, most)
    }
    fn tally(&mut self, flow: &str, upto: RunId) -> Result<Option<Tally>, StoreFault> {
        self.keep.tally(flow, upto)
    }
    fn tidy(&mut self, now: Moment, before: Moment) -> Result<bool, StoreFault> {
        self.keep.tidy(now, before)
    }
}

fn world() -> (Hostile, Hostile) {
    (Hostile::start(vec![Answer::customers(5)]), Hostile::start(vec![Answer::all_contacts(200)]))
}

#[test]
fn a_full_disk_is_said_and_waited_out() {
    let (erp, crm) = world();
    let trial = Trial::between(&erp, &crm);
    let failing = Arc::new(AtomicI64::new(i64::MAX));
    let there = failing.clone();
    let running = trial.start_behind(true, |keep| Box::new(Faulty::from(keep, 0, StoreFault::Full, there)));
    until(&running, "it says so", |state| state.disk_full);
    assert_eq!((crm.taken(), running.state().counters.taken), (0, 0), "nothing is sent that is not kept");
    failing.store(0, Ordering::Relaxed);
    let ended = wait(running);
    assert_eq!((ended.why, ended.state.counters.done, ended.state.disk_full), (Why::Drained, 5, false));
    assert_eq!((trial.lines("disk-full").len(), trial.lines("disk-room").len()), (1, 1));
}

#[test]
fn a_stop_does_not_wait_for_a_full_disk() {
    let (erp, crm) = world();
    let trial = Trial::between(&erp, &crm);
    let failing = Arc::new(AtomicI64::new(i64::MAX));
    let running = trial.start_behind(true, |keep| Box::new(Faulty::from(keep, 0, StoreFault::Full, failing)));
    until(&running, "it says so", |state| state.disk_full);
    running.stop();
    running.stop();
    assert_eq!(wait(running).why, Why::Stopped { unheard: 0 });
}

/// Holds up the clerk: there are more commits than may wait for the disk. Then it is stopped so often, and its time goes by.
fn is_stopped_behind_a_full_line(stops: usize, goes_by: Duration) {
    let (erp, crm) = world();
    let mut trial = Trial::between(&erp, &crm);
    let (hands, began) = (Arc::new(AtomicU64::new(1_780_308_000)), Instant::now());
    let read = hands.clone();
    trial.clock = Arc::new(Clock::reading(move || {
        let shown = Duration::from_secs(read.load(Ordering::Acquire)) + began.elapsed();
        Reading { counted: shown, wall: shown }
    }));
    let failing = Arc::new(AtomicI64::new(i64::MAX));
    let running = trial.start_behind(false, |keep| Box::new(Faulty::from(keep, 0, StoreFault::Full, failing)));
    until(&running, "it says so", |state| state.disk_full);
    // Each is a commit; those that have no place in the line stand before the stop.
    for _ in 0..WRITER_JOBS_MOST + 300 {
        let hold = Hold { since: Moment(0), until: None, by: "ann".into(), because: "a move".into() };
        running.tell(Order::Hold { what: "crm".into(), hold });
    }
    (0..stops).for_each(|_| running.stop());
    hands.fetch_add(goes_by.as_secs(), Ordering::AcqRel);
    let ended = wait(running);
    assert!(matches!(ended.why, Why::Stopped { .. }), "{:?}", ended.why);
    assert_eq!(crm.taken(), 0, "nothing is sent that is not kept");
    // What was not kept did not happen: the next start asks for it again, and nobody holds the system.
    assert_eq!(trial.once().state.counters.done, 5);
}

#[test]
fn one_stop_on_a_full_disk_is_heard_within_its_time_though_the_line_of_the_journal_is_full() {
    is_stopped_behind_a_full_line(1, STOP_TIME_MOST);
}

#[test]
fn a_second_stop_on_a_full_disk_is_heard_at_once_though_the_line_of_the_journal_is_full() {
    is_stopped_behind_a_full_line(2, Duration::ZERO);
}

#[test]
fn a_broken_journal_ends_it_and_the_next_start_goes_on() {
    let (erp, crm) = world();
    let trial = Trial::between(&erp, &crm);
    let fault = StoreFault::Broken("disk I/O error".into());
    let failing = Arc::new(AtomicI64::new(i64::MAX));
    let ended = wait(trial.start_behind(true, |keep| Box::new(Faulty::from(keep, 2, fault, failing))));
    assert_eq!((ended.why.exit_code(), ended.why), (2, Why::Broken("disk I/O error".into())));
    assert_eq!(trial.once().why, Why::Drained);
    let asked = crm.received();
    assert!(asked.iter().all(|request| request.text() == asked[0].text()), "whatever was sent twice is the same");
}
