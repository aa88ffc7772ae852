//! `unchanged: skip`: the same body as last time is not sent again, whatever else of its record has changed.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use spanwright_world::{Answer, Hostile, Received};

use crate::trial::{Trial, until, wait};

const PROJECT: &str = "project: shop\nvars:\n  SHOP_URL: { about: The shop. }\n  OUT_URL: { about: Who takes it. }\n";
const SHOP: &str = "system: shop\nhttp:\nurl: \"${SHOP_URL}\"\noperations: { list: { get: /items } }\n";
const OUT: &str = "system: out\nhttp:\nurl: \"${OUT_URL}\"\noperations: { put: { put: /items, key: Idempotency-Key, bulk: { most: 100, answers: ., match: position, outcome: .status } } }\n";
/// What is polled has a time that nothing is made of.
const FLOW: &str = "flow: items\nfrom: { poll: shop.list, every: 20ms, each: .items, once: '.id + \"@\" + .seen', key: .id }\nsteps:\n  \
                    - fields: { id: .id, name: .name }\n  - { send: out.put, unchanged: skip }\n";

/// A shop whose item `n` is named `name(n, state)` in each of its states.
fn shop(items: u64, name: fn(u64, u64) -> u64) -> (Hostile, Arc<AtomicU64>) {
    let state = Arc::new(AtomicU64::new(1));
    let now = state.clone();
    let answer = move |_: &_| {
        let state = now.load(Ordering::Acquire);
        let item = |n| format!(r#"{{"id":"{n}","seen":"{state}","name":"item {}"}}"#, name(n, state));
        Answer::json(200, &format!(r#"{{"items":[{}]}}"#, (1..=items).map(item).collect::<Vec<_>>().join(",")))
    };
    (Hostile::start(vec![Answer::By(Arc::new(answer))]), state)
}

fn trial(shop: &Hostile, out: &Hostile) -> Trial {
    let files = [("spanwright.yaml", PROJECT), ("systems/shop.yaml", SHOP), ("systems/out.yaml", OUT), ("flows/items.yaml", FLOW)];
    let files: BTreeMap<_, _> = files.into_iter().map(|(path, text)| (path.to_string(), text.as_bytes().to_vec())).collect();
    let mut trial = Trial::of(files);
    trial.variables.extend([("SHOP_URL".into(), shop.url()), ("OUT_URL".into(), out.url())]);
    trial
}

#[test]
fn a_state_of_which_nothing_is_sent_that_was_not_sent_before_is_skipped_through_a_restart_too() {
    let ((shop, state), out) = (shop(1, |n, state| if state < 4 { n } else { n + state }), Hostile::start(vec![Answer::status(204)]));
    let mut trial = trial(&shop, &out);
    trial.edit("systems/out.yaml", ", bulk: { most: 100, answers: ., match: position, outcome: .status }", "");
    let running = trial.start(false);
    until(&running, "the first state is delivered", |state| state.counters.done == 1);
    state.store(2, Ordering::Release);
    until(&running, "the second one is over", |state| state.counters.skipped.unchanged == 1);
    running.stop();
    wait(running);
    state.store(3, Ordering::Release);
    let ended = trial.once();
    assert_eq!((ended.state.counters.skipped.unchanged, out.taken()), (1, 1), "{}", trial.log_text());
    state.store(4, Ordering::Release);
    assert_eq!(trial.once().state.counters.done, 1);
    assert_eq!(
        out.received().iter().map(|received| received.text()).collect::<Vec<_>>(),
        [r#"{"id":"1","name":"item 1"}"#, r#"{"id":"1","name":"item 5"}"#]
    );
}

/// The ids of a batch.
fn items(received: &Received) -> Vec<u64> {
    let items: Vec<serde_json::Value> = serde_json::from_slice(&received.body).unwrap();
    items.iter().map(|item| item["id"].as_str().unwrap().parse().unwrap()).collect()
}

/// Half of a batch is what it was.
#[test]
fn of_a_batch_only_what_has_changed_is_sent() {
    const ITEMS: u64 = 10;
    let (shop, state) = shop(ITEMS, |n, state| if n % 2 == 0 { n } else { n + state });
    let out = Hostile::start(vec![Answer::By(Arc::new(|received: &Received| {
        let many = items(received).len();
        Answer::json(200, &format!("[{}]", vec![r#"{"status":200}"#; many].join(",")))
    }))]);
    let mut trial = trial(&shop, &out);
    trial.edit("flows/items.yaml", "unchanged: skip", "unchanged: skip, batch: { most: 100, wait: 300ms }");
    assert_eq!(trial.once().state.counters.done, ITEMS, "{}", trial.log_text());
    state.store(2, Ordering::Release);
    let counters = trial.once().state.counters;
    assert_eq!((counters.done, counters.skipped.unchanged), (ITEMS / 2, ITEMS / 2), "{}", trial.log_text());
    let sent: Vec<Vec<u64>> = out.received().iter().map(items).collect();
    assert_eq!(sent, [(1..=ITEMS).collect::<Vec<_>>(), (1..=ITEMS).step_by(2).collect()]);
}
