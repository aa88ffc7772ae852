//! Several flows that hand over to one whose messages go one after the other, all of them, to a system that stumbles.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use spanwright_world::{Answer, Hostile, Received};

use crate::{
    doors::{Client, project},
    trial::{until, wait},
};

const FROM_THE_SHOP: &str = "flow: shop
from: { http: POST /shop, key: .account }
steps:
  - { send: flow.bookings }
";
const FROM_THE_WEB: &str = "flow: web
from: { http: POST /web, key: .account }
steps:
  - { send: flow.bookings }
";
const BOOKINGS: &str = "flow: bookings
from: { flow: [shop, web], key: .account }
in_order: all
steps:
  - { send: shop.place }
";

/// Of each of the two, over so many accounts.
const MESSAGES: usize = 60;
const ACCOUNTS: usize = 3;
/// At the first try of each so manieth the system is busy.
const BUSY_EACH: usize = 7;

/// What the system was asked for, in order: what, under which key, and whether it did it.
type Asked = Arc<Mutex<Vec<(String, String, bool)>>>;

fn books(asked: &Asked) -> Hostile {
    let asked = asked.clone();
    Hostile::start(vec![Answer::By(Arc::new(move |received: &Received| {
        let body: serde_json::Value = serde_json::from_slice(&received.body).unwrap();
        let (id, key) = (body["id"].as_str().unwrap().to_string(), received.header("idempotency-key").unwrap().to_string());
        let mut asked = asked.lock().unwrap();
        let others: BTreeSet<&String> = asked.iter().map(|(id, ..)| id).collect();
        let is_busy = !others.contains(&id) && others.len() % BUSY_EACH == 3;
        asked.push((id, key, !is_busy));
        let answer = if is_busy { Answer::status(503) } else { Answer::json(200, "{}") };
        Answer::Slow(Box::new(answer), Duration::from_millis(1))
    }))])
}

/// Brings all messages of a flow, one after the other.
fn brings(client: &Client, flow: &str) {
    for n in 0..MESSAGES {
        let (account, id) = (format!("{flow}-{}", n % ACCOUNTS), format!("{flow}-{}-{n:03}", n % ACCOUNTS));
        assert_eq!(client.post(&format!("/{flow}"), &[], &format!("{{\"id\":\"{id}\",\"account\":\"{account}\"}}")).status, 202);
    }
}

#[test]
fn what_several_flows_hand_over_goes_one_after_the_other_whatever_fails_and_through_a_kill() {
    let asked = Asked::default();
    let shop = books(&asked);
    let mut trial = project(&[("shop", FROM_THE_SHOP), ("web", FROM_THE_WEB), ("bookings", BOOKINGS)], &shop);
    trial.edit(
        "systems/shop.yaml",
        "retry: { tries: 1, first: 10ms, longest: 10ms }",
        "retry: { first: 30ms, longest: 30ms }\nlimits: { concurrency: 8 }\nbreaker: { failures: 100%, of: 50 }",
    );
    let running = trial.start(false);
    thread::scope(|scope| {
        for flow in ["shop", "web"] {
            let client = Client::of(&running);
            scope.spawn(move || brings(&client, flow));
        }
    });
    until(&running, "a third of it is done", |_| asked.lock().unwrap().len() > 2 * MESSAGES / 3);
    // As a kill leaves it.
    drop(running);
    let running = trial.start(false);
    until(&running, "all is done", |state| state.standing.open == 0 && state.standing.committing == 0);
    running.stop();
    wait(running);
    let asked = asked.lock().unwrap();
    // What failed, or was not heard of when it was killed, goes again before anything else does.
    let mut first: Vec<&str> = asked.iter().map(|(id, ..)| id.as_str()).collect();
    first.dedup();
    assert_eq!(first.len(), 2 * MESSAGES, "nothing comes between the tries of one: {asked:?}");
    let mut keys: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (id, key, _) in asked.iter() {
        keys.entry(id).or_default().insert(key);
    }
    assert!(keys.len() == 2 * MESSAGES && keys.values().all(|keys| keys.len() == 1), "each once, under one key: {keys:?}");
    let done: BTreeSet<&str> = asked.iter().filter(|(.., did)| *did).map(|(id, ..)| id.as_str()).collect();
    assert_eq!(done.len(), 2 * MESSAGES);
    assert!(asked.iter().filter(|(.., did)| !did).count() > MESSAGES / BUSY_EACH, "it stumbled");
    for flow in ["shop", "web"] {
        for account in 0..ACCOUNTS {
            let of_it: Vec<&str> = first.iter().copied().filter(|id| id.starts_with(&format!("{flow}-{account}-"))).collect();
            assert!(of_it.len() == MESSAGES / ACCOUNTS && of_it.is_sorted(), "as they came: {of_it:?}");
        }
    }
    let mixed = first.windows(2).filter(|two| two[0].starts_with("shop") != two[1].starts_with("web")).count();
    assert!(mixed > 0 && trial.dead().is_empty());
}
