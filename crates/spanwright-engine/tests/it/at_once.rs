//! What a flow answers without asking anybody: nothing of it is kept, and all else is as if it were.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use spanwright_core::{
    desk::Order,
    fact::{Hold, Moment, StoreFault},
};
use spanwright_engine::shell::Running;
use spanwright_world::{Answer, Hostile};

use crate::{
    disk::Faulty,
    doors::{Client, project, stopped},
    trial::{Trial, until},
};

const RATE: &str = "flow: rate
from: { http: \"GET /rates/{currency}\", reply_within: 500ms, late: 504 }
steps:
  - only: $path.currency != \"XXX\"
  - reply: { fields: { currency: $path.currency, half: '($query.whole | tonumber) / 2' } }
    headers: { x-id: $meta.correlation }
";

const NOTED: &str = "flow: noted\nfrom: { http: POST /notes }\nsteps:\n  - { only: .id == null }\n";

fn hold(what: &str) -> Order {
    let hold = Hold { since: Moment(0), until: None, by: "ann".into(), because: "a wrong rate".into() };
    Order::Hold { what: what.into(), hold }
}

#[test]
fn a_question_that_the_flow_answers_alone_is_not_kept() {
    let shop = Hostile::start(vec![Answer::status(500)]);
    let trial = project(&[("rate", RATE)], &shop);
    let running = trial.start(false);
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
    let trial = project(&[("rate", RATE)], &shop);
    let running = trial.start(false);
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
    let trial = project(&[("rate", RATE)], &shop);
    let running = trial.start(false);
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

/// Starts it, and does this while its disk is full, and a message waits that is kept when there is room again.
fn while_it_is_full(trial: &Trial, then: impl FnOnce(&Client)) -> Running {
    let failing = Arc::new(AtomicI64::new(i64::MAX));
    let there = failing.clone();
    let running = trial.start_behind(false, |keep| Box::new(Faulty::from(keep, 0, StoreFault::Full, there)));
    let client = Client::of(&running);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| client.post("/notes", &[], "{\"id\":1}").status);
        until(&running, "it is full", |state| state.disk_full);
        then(&client);
        failing.store(0, Ordering::Relaxed);
        assert_eq!(first.join().unwrap(), 202);
    });
    running
}

#[test]
fn a_full_disk_keeps_nobody_from_an_answer() {
    let shop = Hostile::start(vec![Answer::status(500)]);
    let trial = project(&[("rate", RATE), ("noted", NOTED)], &shop);
    let running = while_it_is_full(&trial, |client| {
        assert_eq!(client.post("/notes", &[], "{\"id\":2}").status, 507);
        assert_eq!(client.ask("GET /rates/EUR?whole=5", &[], "").status, 200);
    });
    stopped(running);
}

const BOOKS: &str = "system: books
rest: schemas/shop.yaml
url: \"${SHOP_URL}\"
retry: { tries: 5, first: 50ms, longest: 50ms }
operations:
  look: { get: '/books/{id}', safe: true }
";
const TITLE: &str = "flow: title
from: { http: \"GET /titles/{id}\", reply_within: 2s }
steps:
  - { call: books.look, with: { id: $path.id }, as: book }
  - reply: { fields: { title: $book.title } }
    headers: { x-id: $meta.correlation }
";

/// A flow that only asks, and who is asked.
fn asking(shop: &Hostile) -> Trial {
    let mut trial = project(&[("title", TITLE)], shop);
    trial.write("systems/books.yaml", BOOKS);
    trial
}

fn book() -> Answer {
    Answer::json(200, "{\"title\":\"Ulysses\"}")
}

#[test]
fn what_only_asks_is_not_kept() {
    let shop = Hostile::start(vec![book()]);
    let trial = asking(&shop);
    let running = trial.start(false);
    let client = Client::of(&running);
    let facts = running.state().facts;
    for n in 0..3 {
        let got = client.ask("GET /titles/1", &["x-correlation-id: c-7"], "");
        assert_eq!((got.status, got.body.as_str()), (200, "{\"title\":\"Ulysses\"}"), "{n}");
        assert!(got.head.contains("x-correlation-id: c-7") && got.head.contains("x-id: c-7"), "{}", got.head);
        assert_eq!(shop.received()[n].header("x-correlation-id"), Some("c-7"));
    }
    until(&running, "all are counted", |state| state.answered_at_once == 3);
    let state = running.state();
    assert_eq!((state.counters.taken, state.facts - facts, state.counters.delivered), (0, 0, 3));
    stopped(running);
}

#[test]
fn a_503_makes_an_ordinary_message_that_is_tried_again_and_answered() {
    let shop = Hostile::start(vec![Answer::status(503), Answer::status(503), book()]);
    let trial = asking(&shop);
    let running = trial.start(false);
    let got = Client::of(&running).ask("GET /titles/1", &["x-correlation-id: c-7"], "");
    assert_eq!((got.status, got.body.as_str()), (200, "{\"title\":\"Ulysses\"}"));
    assert!(got.head.contains("x-correlation-id: c-7"), "{}", got.head);
    until(&running, "it is over", |state| state.standing.open == 0 && state.counters.done == 1);
    let state = running.state();
    assert_eq!((state.answered_at_once, state.counters.taken, state.counters.attempts, shop.received().len()), (0, 1, 3, 3));
    stopped(running);
}

#[test]
fn a_sender_who_waits_too_long_hears_202_and_finds_the_message() {
    let shop = Hostile::start(vec![Answer::HangAfterReading, book()]);
    let mut trial = asking(&shop);
    trial.write("flows/title.yaml", &TITLE.replace("2s", "300ms"));
    let running = trial.start(false);
    let client = Client::of(&running);
    let got = client.ask("GET /titles/1", &[], "");
    assert_eq!(got.status, 202, "{}", got.body);
    let at = got.head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap_or_default().to_string();
    until(&running, "it is over", |state| state.standing.open == 0 && state.counters.done == 1);
    assert!(client.ask(&format!("GET {at}"), &[], "").body.contains("\"done\""));
    assert_eq!(running.state().answered_at_once, 0);
    drop(running);
}

#[test]
fn what_is_refused_for_good_is_a_dead_letter_with_its_attempt() {
    let shop = Hostile::start(vec![Answer::status(400)]);
    let trial = asking(&shop);
    let running = trial.start(false);
    assert_eq!(Client::of(&running).ask("GET /titles/1", &[], "").status, 502);
    until(&running, "it is over", |state| state.standing.open == 0 && state.counters.dead_letters() == 1);
    assert_eq!((running.state().counters.attempts, shop.received().len()), (1, 1));
    stopped(running);
}

#[test]
fn a_question_is_answered_while_the_disk_is_full() {
    let shop = Hostile::start(vec![book()]);
    let mut trial = asking(&shop);
    trial.write("flows/noted.yaml", NOTED);
    let running = while_it_is_full(&trial, |client| {
        assert_eq!(client.ask("GET /titles/1", &[], "").body, "{\"title\":\"Ulysses\"}");
    });
    stopped(running);
}

#[test]
fn a_stop_in_the_middle_keeps_it_and_the_next_life_answers_for_it() {
    let shop = Hostile::start(vec![Answer::HangAfterReading, book()]);
    let trial = asking(&shop);
    let running = trial.start(false);
    let client = Client::of(&running);
    std::thread::scope(|scope| {
        let asks = scope.spawn(|| client.ask("GET /titles/1", &[], "").status);
        until(&running, "it is asked", |state| state.standing.flying == 1);
        running.stop();
        assert_eq!(asks.join().unwrap(), 202);
        drop(running);
    });
    let running = trial.start(false);
    until(&running, "it is done", |state| state.counters.done == 1 && state.standing.open == 0);
    assert_eq!(shop.received().len(), 2);
    stopped(running);
}
