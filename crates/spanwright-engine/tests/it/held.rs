//! What is due while nothing may go: it stays in the journal, however much it is, and goes when it may.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use spanwright_core::{
    desk::{FETCH_HELD_MOST, Order},
    fact::{Chore, ChoreKind, Hold, Moment, RunId, StoppedFilter},
    settings::Rate,
};
use spanwright_world::{Answer, Hostile};

use crate::trial::{Trial, until, wait};

const MANY: u64 = 2_000;
/// Those that ask the gate, and a handful that is just being looked at.
const FEW: usize = 2 * FETCH_HELD_MOST;

#[test]
fn what_is_due_behind_a_closed_gate_stays_in_the_journal_and_goes_when_it_opens() {
    let sick = Arc::new(AtomicBool::new(true));
    let asked = sick.clone();
    let moody = Answer::By(Arc::new(move |received| match (asked.load(Ordering::Acquire), Answer::all_contacts(200)) {
        (false, Answer::By(well)) => well(received),
        (_, _) => Answer::status(503),
    }));
    let (erp, crm) = (Hostile::start(vec![Answer::customers(MANY)]), Hostile::start(vec![moody]));
    let mut trial = Trial::between(&erp, &crm);
    trial.edit("systems/crm.yaml", "of: 4", "of: 5000");
    let running = trial.start(false);
    until(&running, "each was tried", |state| state.counters.attempts >= MANY);
    let hold = Hold { since: Moment(0), until: None, by: "ann".into(), because: "a move".into() };
    running.tell(Order::Hold { what: "crm".into(), hold });
    until(&running, "nothing is asked any more", |state| !state.standing.held.is_empty() && state.standing.flying == 0);
    running.stop();
    wait(running);
    sick.store(false, Ordering::Release);
    let running = trial.start(false);
    // All of them are due by now, and have been looked at if anybody looks.
    std::thread::sleep(Duration::from_millis(1_500));
    let standing = running.state().standing;
    assert!(standing.in_hand <= FEW && standing.open == MANY, "{standing:?}");
    running.tell(Order::Resume { what: "crm".into(), by: "ann".into() });
    until(&running, "all are delivered", |state| state.counters.done == MANY);
    running.stop();
    wait(running);
}

/// Dead letters that are brought back, some of a second's rate at a time.
const LETTERS: u64 = 60;
const REPLAYS_A_SECOND: u32 = 20;

#[test]
fn a_replay_of_many_rests_while_the_breaker_is_open_and_goes_on_by_itself() {
    let mood = Arc::new(AtomicUsize::new(0));
    let asked = mood.clone();
    let answers = [Answer::all_contacts(422), Answer::status(503), Answer::all_contacts(200)];
    let moody = Answer::By(Arc::new(move |received| match &answers[asked.load(Ordering::Acquire)] {
        Answer::By(answer) => answer(received),
        other => other.clone(),
    }));
    let (erp, crm) = (Hostile::start(vec![Answer::customers(LETTERS)]), Hostile::start(vec![moody]));
    let mut trial = Trial::between(&erp, &crm);
    trial.edit("flows/customers.yaml", "most: 500, wait: 10ms", "most: 5, wait: 10ms");
    trial.edit("systems/crm.yaml", "hold: 50ms, longest: 50ms", "hold: 4s, longest: 5s");
    assert_eq!(trial.once().state.counters.dead_letters(), LETTERS);
    mood.store(1, Ordering::Release);
    let running = trial.start(false);
    let rate = Rate { most: REPLAYS_A_SECOND, per: Duration::from_secs(1) };
    let what = ChoreKind::Replay { over_newer: false, apart: false };
    let chore = Chore::begin(what, StoppedFilter::default(), RunId(i64::MAX), rate, "ann".into(), Moment(i64::MAX));
    running.tell(Order::Chore(Box::new(chore)));
    until(&running, "the breaker opens", |state| state.counters.breaker_opened > 0);
    // A slice that was on its way is on disk.
    std::thread::sleep(Duration::from_millis(500));
    let resting = running.state().standing.open;
    std::thread::sleep(Duration::from_millis(1_500));
    let standing = running.state().standing;
    assert!(standing.open == resting && resting < LETTERS && !standing.held.is_empty(), "{standing:?}, {resting} before");
    mood.store(2, Ordering::Release);
    until(&running, "all are delivered", |state| state.counters.done == LETTERS);
    running.stop();
    wait(running);
}

/// What went under one key goes again as it went, though a person asks for one of it, and at a rate of one a minute.
#[test]
fn what_went_in_one_request_under_one_key_is_replayed_in_one_under_the_same() {
    let is_well = Arc::new(AtomicBool::new(false));
    let asked = is_well.clone();
    let moody = Answer::By(Arc::new(move |received| match (asked.load(Ordering::Acquire), Answer::all_contacts(200)) {
        (true, Answer::By(answer)) => answer(received),
        _ => Answer::status(500),
    }));
    let (erp, crm) = (Hostile::start(vec![Answer::customers(3)]), Hostile::start(vec![moody]));
    let mut trial = Trial::between(&erp, &crm);
    trial.edit("systems/crm.yaml", "give_up_after: 24h", "give_up_after: 1s");
    assert_eq!(trial.once().state.counters.dead_letters(), 3);
    let dead = trial.dead();
    assert!(dead.iter().all(|dead| dead.reason.contains("500")), "{dead:?}");
    is_well.store(true, Ordering::Release);
    let running = trial.start(false);
    let rate = Rate { most: 1, per: Duration::from_mins(1) };
    let filter = StoppedFilter { key: Some("100002".into()), ..StoppedFilter::default() };
    let what = ChoreKind::Replay { over_newer: false, apart: false };
    running.tell(Order::Chore(Box::new(Chore::begin(what, filter, RunId(i64::MAX), rate, "ann".into(), Moment(i64::MAX)))));
    until(&running, "all three are delivered", |state| state.counters.done == 3);
    running.stop();
    wait(running);
    let asked = crm.received();
    let (first, last) = (&asked[0], &asked[asked.len() - 1]);
    assert_eq!((first.header("idempotency-key"), first.text()), (last.header("idempotency-key"), last.text()));
}
