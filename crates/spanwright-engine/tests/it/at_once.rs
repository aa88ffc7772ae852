//! What a flow answers without asking anybody: nothing of it is kept, and all else is as if it were.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use spanwright_core::{
    desk::Order,
    fact::{Hold, Moment, StoreFault},
};
use spanwright_world::{Answer, Hostile};

use crate::{
    disk::Faulty,
    doors::{Client, project, stopped},
    trial::until,
};

const RATE: &str = "flow: rate
from: { http: \"GET /rates/{currency}\", reply_within: 500ms, late: 504 }
steps:
  - only: $path.currency != \"XXX\"
  - reply: { fields: { currency: $path.currency, half: '($query.whole | tonumber) / 2' } }
    headers: { x-id: $meta.correlation }
";

fn hold(what: &str) -> Order {
    let hold = Hold { since: Moment(0), until: None, by: "ann".into(), because: "a wrong rate".into() };
    Order::Hold { what: what.into(), hold }
}

#[test]
fn a_question_that_the_flow_answers_alone_is_not_kept() {
    let shop = Hostile::start(vec![Answer::status(500)]);
    let running = project(&[("rate", RATE)], &shop).start(false);
    let client = Client::of(&running);
    for n in 0..3 {
        let got = client.ask("GET /rates/EUR?whole=5", &["x-correlation-id: c-7"], "");
        assert_eq!((got.status, got.body.as_str()), (200, "{\"currency\":\"EUR\",\"half\":2.5}"), "{n}");
        assert!(got.head.contains("x-correlation-id: c-7") && got.head.contains("x-id: c-7"), "{}", got.head);
    }
    let state = running.state();
    assert_eq!((state.answered_at_once, state.counters.taken), (3, 0));
    stopped(running);
}

#[test]
fn what_fails_or_is_left_out_goes_the_way_of_every_message() {
    let shop = Hostile::start(vec![Answer::status(500)]);
    let running = project(&[("rate", RATE)], &shop).start(false);
    let client = Client::of(&running);
    let got = client.ask("GET /rates/EUR?whole=many", &[], "");
    assert_eq!((got.status, got.code().as_str()), (502, "R0031"), "{}", got.body);
    assert_eq!(client.ask("GET /rates/XXX?whole=1", &[], "").status, 200);
    // Whoever says which event it is wants the same answer again.
    assert_eq!(client.ask("GET /rates/EUR?whole=1", &["idempotency-key: a"], "").status, 200);
    until(&running, "all are over", |state| state.standing.open == 0 && state.counters.taken == 3);
    let state = running.state();
    assert_eq!((state.answered_at_once, state.counters.dead_letters(), state.counters.skipped.filtered), (0, 1, 1));
    stopped(running);
}

#[test]
fn a_flow_that_somebody_holds_answers_nobody() {
    let shop = Hostile::start(vec![Answer::status(500)]);
    let running = project(&[("rate", RATE)], &shop).start(false);
    let client = Client::of(&running);
    running.tell(hold("flow:rate"));
    until(&running, "it is held", |state| state.standing.holds_flow("rate"));
    assert_eq!(client.ask("GET /rates/EUR?whole=5", &[], "").status, 504);
    running.tell(Order::Resume { what: "flow:rate".into(), by: "ann".into() });
    until(&running, "it goes on", |state| state.counters.done == 1 && !state.standing.holds_flow("rate"));
    assert_eq!(client.ask("GET /rates/EUR?whole=5", &[], "").status, 200);
    assert_eq!(running.state().answered_at_once, 1);
    stopped(running);
}

#[test]
fn a_full_disk_keeps_nobody_from_an_answer() {
    const NOTED: &str = "flow: noted\nfrom: { http: POST /notes }\nsteps:\n  - { only: .id == null }\n";
    let shop = Hostile::start(vec![Answer::status(500)]);
    let trial = project(&[("rate", RATE), ("noted", NOTED)], &shop);
    let failing = Arc::new(AtomicI64::new(i64::MAX));
    let there = failing.clone();
    let running = trial.start_behind(false, |keep| Box::new(Faulty::from(keep, 0, StoreFault::Full, there)));
    let client = Client::of(&running);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| client.post("/notes", &[], "{\"id\":1}").status);
        until(&running, "it is full", |state| state.disk_full);
        assert_eq!(client.post("/notes", &[], "{\"id\":2}").status, 507);
        assert_eq!(client.ask("GET /rates/EUR?whole=5", &[], "").status, 200);
        failing.store(0, Ordering::Relaxed);
        assert_eq!(first.join().unwrap(), 202);
    });
    stopped(running);
}
