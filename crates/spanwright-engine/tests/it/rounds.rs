//! `when_all_done`: once a round, when all that it took in has ended, whatever happens meanwhile.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use spanwright_engine::shell::Why;
use spanwright_world::{Answer, Hostile, Received};

use crate::trial::{Trial, until, wait};

const PROJECT: &str = "project: shop\nvars:\n  SHOP_URL: { about: The shop. }\n  OUT_URL: { about: Who takes it. }\n";
const SHOP: &str = "system: shop\nhttp:\nurl: \"${SHOP_URL}\"\noperations: { list: { get: /items } }\n";
const OUT: &str = "system: out\nhttp:\nurl: \"${OUT_URL}\"\nretry: { first: 10ms, longest: 20ms }\noperations:\n  put: { put: \"/items/{id}\" }\n  closed: { post: /rounds }\n";
const FLOW: &str = "flow: items\nfrom: { poll: shop.list, every: 20ms, each: .items, key: .id }\nsteps:\n  - only: .id != \"4\"\n  - { send: out.put, with: { id: .id }, body: . }\nwhen_all_done:\n  - { send: out.closed, body: $tally }\n";
const ITEMS: usize = 25;

/// A shop with 25 items, of which a step leaves out the fifth, and somebody who takes them as `put` says.
fn trial(put: impl Fn(&Received) -> u16 + Send + Sync + 'static) -> (Trial, Hostile, Hostile) {
    let items: Vec<String> = (0..ITEMS).map(|n| format!(r#"{{"id":"{n}"}}"#)).collect();
    let shop = Hostile::start(vec![Answer::json(200, &format!(r#"{{"items":[{}]}}"#, items.join(",")))]);
    let answer = move |received: &Received| Answer::status(if received.path == "/rounds" { 204 } else { put(received) });
    let out = Hostile::start(vec![Answer::By(Arc::new(answer))]);
    let files = [("spanwright.yaml", PROJECT), ("systems/shop.yaml", SHOP), ("systems/out.yaml", OUT), ("flows/items.yaml", FLOW)];
    let files: BTreeMap<_, _> = files.into_iter().map(|(path, text)| (path.to_string(), text.as_bytes().to_vec())).collect();
    let mut trial = Trial::of(files);
    trial.variables.extend([("SHOP_URL".into(), shop.url()), ("OUT_URL".into(), out.url())]);
    (trial, shop, out)
}

/// What was said of each round.
fn closed(out: &Hostile) -> Vec<String> {
    out.received().iter().filter(|received| received.path == "/rounds").map(Received::text).collect()
}

#[test]
fn what_follows_a_round_is_told_how_many_were_delivered_skipped_and_dead() {
    let (trial, _shop, out) = trial(|received| if received.path == "/items/3" { 422 } else { 204 });
    assert_eq!(trial.once().why, Why::Drained, "{}", trial.log_text());
    assert_eq!(closed(&out), [r#"{"taken":25,"delivered":23,"skipped":1,"dead":1,"uncertain":0}"#], "{}", trial.log_text());
    assert_eq!(out.received().last().unwrap().path, "/rounds", "it is over before that is said");
}

#[test]
fn it_waits_for_what_is_tried_again_and_a_round_without_anything_new_is_none() {
    let busy = Arc::new(AtomicBool::new(true));
    let still = busy.clone();
    let (trial, shop, out) = trial(move |received| if received.path == "/items/7" && still.load(Ordering::Relaxed) { 503 } else { 204 });
    let running = trial.start(false);
    until(&running, "all but one are there", |state| state.counters.delivered >= 23);
    until(&running, "the one is tried again", |state| state.counters.attempts >= 26);
    assert!(closed(&out).is_empty(), "one of them is open");
    busy.store(false, Ordering::Relaxed);
    until(&running, "the round is closed", |_| !closed(&out).is_empty());
    let polls = shop.taken();
    until(&running, "some more polls", |_| shop.taken() > polls + 5);
    running.stop();
    wait(running);
    assert_eq!(closed(&out), [r#"{"taken":25,"delivered":24,"skipped":1,"dead":0,"uncertain":0}"#]);
}

#[test]
fn it_is_owed_over_a_restart() {
    let busy = Arc::new(AtomicBool::new(true));
    let still = busy.clone();
    let (trial, _shop, out) = trial(move |received| if received.path == "/items/7" && still.load(Ordering::Relaxed) { 503 } else { 204 });
    let running = trial.start(false);
    until(&running, "all but one are there", |state| state.counters.delivered >= 23);
    running.stop();
    wait(running);
    assert!(closed(&out).is_empty(), "one of them is open");
    busy.store(false, Ordering::Relaxed);
    assert_eq!(trial.once().why, Why::Drained, "{}", trial.log_text());
    assert_eq!(closed(&out), [r#"{"taken":25,"delivered":24,"skipped":1,"dead":0,"uncertain":0}"#]);
}

/// All that is new is on the first page, and a life ends before the shop gives the second one.
#[test]
fn a_round_that_a_life_ended_within_ends_in_the_next() {
    let busy = Arc::new(AtomicBool::new(true));
    let still = busy.clone();
    let (mut trial, _shop, out) = trial(|_| 204);
    let items: Vec<String> = (0..ITEMS).map(|n| format!(r#"{{"id":"{n}"}}"#)).collect();
    let first = format!(r#"{{"items":[{}],"next":2}}"#, items.join(","));
    let pages = Hostile::start(vec![Answer::By(Arc::new(move |received: &Received| match received.path.contains("page=2") {
        true if still.load(Ordering::Relaxed) => Answer::status(503),
        true => Answer::json(200, r#"{"items":[]}"#),
        false => Answer::json(200, &first),
    }))]);
    trial.variables.extend([("SHOP_URL".into(), pages.url())]);
    trial.edit("flows/items.yaml", "each: .items,", "each: .items, pages: { take: .next, into: page },");
    let running = trial.start(false);
    until(&running, "the first page is there", |state| state.counters.delivered >= 24);
    running.stop();
    wait(running);
    busy.store(false, Ordering::Relaxed);
    assert_eq!(trial.once().why, Why::Drained, "{}", trial.log_text());
    assert_eq!(closed(&out), [r#"{"taken":25,"delivered":24,"skipped":1,"dead":0,"uncertain":0}"#]);
    assert_eq!(trial.once().why, Why::Drained, "{}", trial.log_text());
    assert_eq!(closed(&out).len(), 1, "once");
}
