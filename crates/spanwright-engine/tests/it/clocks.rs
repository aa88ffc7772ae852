//! Flows that a clock drives, and flows that hand messages to each other: each time and each message once, whatever crashes.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use spanwright_core::desk::Order;
use spanwright_engine::clock::{Clock, Reading};
use spanwright_world::{Answer, Hostile};

use crate::trial::{Trial, until, wait};

const PROJECT: &str = "project: shop\nvars: { SHOP_URL: { about: the shop } }\n";
const SHOP: &str = "system: shop
http:
url: \"${SHOP_URL}\"
retry: { tries: 3, first: 10ms, longest: 10ms }
operations:
  place: { post: /orders, key: Idempotency-Key }
";
/// 1 June 2026, noon in Berlin.
const NOON: u64 = 1_780_308_000;
const DAY: u64 = 24 * 3600;

fn project(flows: &[(&str, String)], shop: &Hostile) -> (Trial, Arc<AtomicU64>) {
    let mut files = BTreeMap::from([
        ("spanwright.yaml".to_string(), PROJECT.as_bytes().to_vec()),
        ("systems/shop.yaml".into(), SHOP.as_bytes().to_vec()),
    ]);
    files.extend(flows.iter().map(|(name, text)| (format!("flows/{name}.yaml"), text.as_bytes().to_vec())));
    let mut trial = Trial::of(files);
    trial.variables.insert("SHOP_URL".into(), shop.url());
    let hands = Arc::new(AtomicU64::new(NOON));
    let (read, begun) = (hands.clone(), Instant::now());
    trial.clock = Arc::new(Clock::reading(move || {
        let shown = Duration::from_secs(read.load(Ordering::Acquire)) + begun.elapsed();
        Reading { counted: shown, wall: shown }
    }));
    (trial, hands)
}

fn ticking(missed: &str) -> String {
    format!(
        "flow: tick\nfrom: {{ cron: \"0 6 * * *\", zone: Europe/Berlin, missed: {missed} }}\nsteps:\n  - {{ send: shop.place, body: {{ fields: {{ due: $meta.due, previous: .previous, once: $meta.once }} }} }}\n"
    )
}

/// What was asked of the shop after three days in which nobody ran, and one more look.
fn check(missed: &str, expected: &[&str]) {
    let shop = Hostile::start((0..8).map(|_| Answer::json(200, "{}")).collect());
    let (trial, hands) = project(&[("tick", ticking(missed))], &shop);
    trial.once();
    assert_eq!(shop.received().len(), 0, "nothing is due at noon");
    hands.fetch_add(3 * DAY, Ordering::AcqRel);
    trial.once();
    trial.once();
    let mut asked: Vec<String> = shop.received().iter().map(|request| request.text()).collect();
    // Without a key they go out side by side.
    asked.sort();
    assert_eq!(asked, expected, "missed: {missed}");
}

#[test]
fn times_that_went_by_while_nobody_ran_are_made_up_for_as_the_flow_says() {
    let told = |due: &str, previous: &str| {
        let previous = if previous.is_empty() { "null".to_string() } else { format!("\"2026-06-{previous}T04:00:00Z\"") };
        format!("{{\"due\":\"2026-06-{due}T04:00:00Z\",\"previous\":{previous},\"once\":\"2026-06-{due}T04:00:00Z\"}}")
    };
    check("once", &[&told("04", "")]);
    check("all", &[&told("02", ""), &told("03", "02"), &told("04", "03")]);
    check("skip", &[]);
}

/// Of a line that is changed no time before the deploy was missed.
#[test]
fn a_changed_line_makes_up_for_nothing_that_it_did_not_say_before() {
    let shop = Hostile::start((0..8).map(|_| Answer::json(200, "{}")).collect());
    let (mut trial, hands) = project(&[("tick", ticking("all"))], &shop);
    trial.once();
    hands.fetch_add(DAY, Ordering::AcqRel);
    trial.once();
    assert_eq!(shop.taken(), 1, "at six");
    trial.edit("flows/tick.yaml", "0 6 * * *", "*/30 5-8 * * *");
    trial.once();
    assert_eq!(shop.taken(), 1, "eight of the new line went by before it was written");
    hands.fetch_add(DAY, Ordering::AcqRel);
    trial.once();
    assert_eq!(shop.taken(), 9, "{:?}", shop.received().iter().map(|request| request.text()).collect::<Vec<_>>());
}

#[test]
fn a_person_can_let_a_clock_strike_and_its_hand_stays_where_it_is() {
    let shop = Hostile::start((0..8).map(|_| Answer::json(200, "{}")).collect());
    let (trial, hands) = project(&[("tick", ticking("all"))], &shop);
    let running = trial.start(false);
    running.tell(Order::PollNow);
    until(&running, "it struck", |state| state.counters.delivered == 1);
    running.stop();
    wait(running);
    assert!(shop.received()[0].text().contains("\"due\":\"2026-06-01T10:00:"), "{}", shop.received()[0].text());
    assert!(shop.received()[0].text().contains("\"previous\":null"), "{}", shop.received()[0].text());
    hands.fetch_add(DAY, Ordering::AcqRel);
    trial.once();
    assert!(shop.received()[1].text().contains("\"due\":\"2026-06-02T04:00:00Z\",\"previous\":null"), "{}", shop.received()[1].text());
}

#[test]
fn one_flow_hands_a_message_to_another_which_takes_it_once() {
    let first = "flow: tick\nfrom: { cron: \"0 6 * * *\", missed: once }\nsteps:\n  - { send: flow.taker, body: { fields: { id: { value: 7 }, sum: { value: \"12.50\" } } } }\n";
    let second = "flow: taker\nfrom: { flow: any, key: .id }\nsteps:\n  - { send: shop.place, body: { fields: { id: .id, sum: .sum, key: $meta.key, same: '($meta.once // \"\") | length > 10' } } }\n";
    let shop = Hostile::start((0..8).map(|_| Answer::json(200, "{}")).collect());
    let (trial, hands) = project(&[("tick", first.into()), ("taker", second.into())], &shop);
    trial.once();
    hands.fetch_add(DAY, Ordering::AcqRel);
    trial.once();
    trial.once();
    let asked: Vec<String> = shop.received().iter().map(|request| request.text()).collect();
    assert_eq!(asked, ["{\"id\":7,\"sum\":\"12.50\",\"key\":\"7\",\"same\":true}"]);
    let ends = trial.lines("run-ended");
    assert_eq!(ends.len(), 2, "one message in each flow: {ends:?}");
    let ids: Vec<_> = ends.iter().map(|line| line["trace.id"].clone()).collect();
    assert_eq!(ids.len(), 2);
}
