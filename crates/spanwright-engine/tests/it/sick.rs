//! A message that its system stumbles over while it takes all others: it is given up after `tries`, and nobody waits for it. In an
//! outage, which is everybody's, no message is.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::sleep,
    time::Duration,
};

use spanwright_engine::shell::Running;
use spanwright_world::{Answer, Hostile, Received};

use crate::{
    doors::{Client, project},
    trial::{LONG, Trial, until},
};

const ORDERS: &str = "flow: orders
from: { http: POST /orders, key: .id }
steps:
  - { send: shop.place }
";
const TRIES: usize = 3;

fn trial(shop: &Hostile) -> Trial {
    let mut trial = project(&[("orders", ORDERS)], shop);
    let breaker = "breaker: { failures: 100%, of: 50, hold: 20ms, longest: 20ms }";
    let retry = format!("{breaker}\nretry: {{ tries: {TRIES}, first: 300ms, longest: 300ms }}");
    trial.edit("systems/shop.yaml", "retry: { tries: 1, first: 10ms, longest: 10ms }", &retry);
    trial
}

fn by(answer: impl Fn(&Received) -> Answer + Send + Sync + 'static) -> Answer {
    Answer::By(Arc::new(answer))
}

/// A shop that answers so to the order 0, and takes all others; how often it saw that one.
fn stumbling(answer: fn() -> Answer) -> (Hostile, Arc<AtomicUsize>) {
    let tries = Arc::new(AtomicUsize::new(0));
    let seen = tries.clone();
    let shop = by(move |received| {
        if !received.text().contains("\"id\":0,") {
            return Answer::json(200, "{}");
        }
        seen.fetch_add(1, Ordering::AcqRel);
        answer()
    });
    (Hostile::start(vec![shop]), tries)
}

/// Orders beside the sick one, at most.
const OTHERS_MOST: u64 = 2_000;
/// And no more of them wait at once.
const FEW: u64 = 5;

/// Another one, where it need not wait for many.
fn brings_another(running: &Running, others: &mut u64) {
    if running.state().standing.open < FEW {
        *others += 1;
        brings(running, *others);
    }
    assert!(*others < OTHERS_MOST);
    sleep(Duration::from_millis(10));
}

fn brings(running: &Running, id: u64) {
    assert_eq!(Client::of(running).post("/orders", &[], &format!("{{\"id\":{id},\"n\":1}}")).status, 202);
}

/// Orders come while the sick one is tried: how often that was, and what became of it.
fn given_up(answer: fn() -> Answer, reason: &str) {
    let (shop, tries) = stumbling(answer);
    let trial = trial(&shop);
    let running = trial.start(false);
    brings(&running, 0);
    let mut others = 0;
    while running.state().counters.dead_letters() == 0 {
        brings_another(&running, &mut others);
    }
    until(&running, "all others are done", |state| state.counters.done == others && state.standing.open == 0);
    let tried = tries.load(Ordering::Acquire);
    assert!((TRIES..=2 * TRIES + 2).contains(&tried), "tried {tried} times");
    let dead = &trial.dead()[0];
    assert!(dead.key == "0" && dead.reason.contains(reason), "{}", dead.reason);
    running.stop();
}

#[test]
fn a_message_that_breaks_the_server_is_given_up_by_its_own_failures() {
    given_up(|| Answer::status(500), "500 Internal Server Error; given up after 3 failures while others were delivered (`tries`)");
}

#[test]
fn a_message_whose_connection_always_breaks_is_given_up_by_its_own_failures() {
    given_up(|| Answer::CutAfterReading, "given up after 3 failures while others were delivered (`tries`)");
}

#[test]
fn a_record_that_we_may_not_touch_does_not_hold_its_system_for_ever() {
    given_up(|| Answer::status(403), "403 Forbidden; given up after 3 failures of its own (`tries`)");
}

/// Who is limited is well, and an outage is everybody's: nothing is given up.
#[test]
fn no_message_is_given_up_for_what_is_not_its_own_fault() {
    for answer in [|| Answer::status(503), || Answer::status(429)] as [fn() -> Answer; 2] {
        let (shop, tries) = stumbling(answer);
        let trial = trial(&shop);
        let running = trial.start(false);
        brings(&running, 0);
        let mut others = 0;
        while tries.load(Ordering::Acquire) < 4 * TRIES {
            brings_another(&running, &mut others);
        }
        assert_eq!(running.state().counters.dead_letters(), 0, "{}", trial.log_text());
        running.stop();
    }
}

#[test]
fn an_outage_gives_no_message_up() {
    let (asked, answered) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now, well) = (asked.clone(), answered.clone());
    let moody = by(move |_| {
        // Well for a moment, then not for long.
        if now.fetch_add(1, Ordering::AcqRel) < 20 || now.load(Ordering::Acquire) > 400 {
            well.fetch_add(1, Ordering::AcqRel);
            return Answer::json(200, "{}");
        }
        Answer::status(500)
    });
    let shop = Hostile::start(vec![moody]);
    let trial = trial(&shop);
    let running = trial.start(false);
    (1..=60).for_each(|id| brings(&running, id));
    until(&running, "all are done", |state| state.counters.done == 60);
    assert_eq!((running.state().counters.dead_letters(), answered.load(Ordering::Acquire)), (0, 60), "within {LONG:?}");
    running.stop();
}

/// How a day ends on which a bulk operation, of which the project says this, stumbles over one record of so many.
fn a_day_with_one_sick_record(said: &str) -> (u64, Vec<String>, usize) {
    let stumbles = by(|received| match (received.text().contains("100007"), Answer::all_contacts(200)) {
        (false, Answer::By(well)) => well(received),
        (_, _) => Answer::status(500),
    });
    let (erp, crm) = (Hostile::start(vec![Answer::customers(RECORDS)]), Hostile::start(vec![stumbles]));
    let mut trial = Trial::between(&erp, &crm);
    trial.edit("systems/crm.yaml", "rate: 50/s, ", "");
    trial.edit("systems/crm.yaml", "    key: Idempotency-Key\n", &format!("    key: Idempotency-Key\n{said}"));
    trial.edit("flows/customers.yaml", "most: 500", "most: 20");
    let done = trial.once().state.counters.done;
    let reason = "8 failures while others were delivered";
    let dead = trial.dead();
    assert!(dead.iter().all(|dead| dead.reason.contains(reason)), "{dead:?}");
    (done, dead.into_iter().map(|dead| dead.key).collect(), crm.taken())
}

const RECORDS: u64 = 200;

/// A batch does not say which of its items is the sick one: it is found, and the others go on.
#[test]
fn one_sick_record_in_a_batch_is_found_and_given_up_alone() {
    let (done, dead, calls) = a_day_with_one_sick_record("    outcomes: { 500: later }\n");
    assert_eq!((done, dead), (RECORDS - 1, vec!["100007".to_string()]));
    assert!(calls < RECORDS as usize / 2, "{calls} calls");
}

/// After a 500 nobody knows what of the batch was done under its key: it goes again as it was, and is no batch of others' keys.
#[test]
fn a_batch_under_one_key_stays_together_and_is_given_up_as_one() {
    let (done, dead, calls) = a_day_with_one_sick_record("");
    assert_eq!((done, dead.len()), (RECORDS - 20, 20));
    assert!(calls < 10 + 12, "{calls} calls");
}
