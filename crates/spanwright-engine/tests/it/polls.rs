//! Polls of a JSON interface: pages by number, offset, token and link, answers that are cut, and what has not changed.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use spanwright_engine::shell::Why;
use spanwright_world::{Answer, Hostile, Received};

use crate::trial::{Trial, until, wait};

const PROJECT: &str = "project: shop\nvars:\n  SHOP_URL: { about: The shop. }\n  OUT_URL: { about: Who takes it. }\n";
const OUT: &str = "system: out\nhttp:\nurl: \"${OUT_URL}\"\noperations: { put: { put: \"/items/{id}\" } }\n";
const ITEMS: usize = 25;

/// A project that polls `/items` so, and puts each item to the other side.
fn trial(from: &str, shop: &Hostile, out: &Hostile) -> Trial {
    let system =
        "system: shop\nhttp:\nurl: \"${SHOP_URL}\"\nretry: { first: 10ms, longest: 20ms }\noperations: { list: { get: /items } }\n";
    let flow = format!(
        "flow: items\nfrom:\n  poll: shop.list\n  every: 50ms\n  each: .items\n  key: .id\n  {from}\nsteps:\n  - {{ send: out.put, with: {{ id: .id }}, body: . }}\n"
    );
    let files =
        [("spanwright.yaml", PROJECT), ("systems/shop.yaml", system), ("systems/out.yaml", OUT), ("flows/items.yaml", flow.as_str())];
    let files: BTreeMap<_, _> = files.into_iter().map(|(path, text)| (path.to_string(), text.as_bytes().to_vec())).collect();
    let mut trial = Trial::of(files);
    trial.variables.extend([("SHOP_URL".into(), shop.url()), ("OUT_URL".into(), out.url())]);
    trial
}

fn query(received: &Received, name: &str) -> Option<String> {
    let (_, query) = received.path.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}="))).map(str::to_string)
}

fn number(received: &Received, name: &str, otherwise: usize) -> usize {
    query(received, name).and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn items(from: usize, count: usize) -> String {
    let items: Vec<_> = (from..ITEMS.min(from + count)).map(|n| format!(r#"{{"id":"{n}","name":"item {n}"}}"#)).collect();
    items.join(",")
}

/// Ten items behind an offset.
fn slice(from: usize, beside: &str) -> Answer {
    Answer::json(200, &format!(r#"{{"items":[{}]{beside}}}"#, items(from, 10)))
}

fn by(answer: impl Fn(&Received) -> Answer + Send + Sync + 'static) -> Answer {
    Answer::By(Arc::new(answer))
}

/// Each item is put once, whatever happens between its pages.
#[track_caller]
fn check(from: &str, script: Vec<Answer>) -> Vec<String> {
    let (shop, out) = (Hostile::start(script), Hostile::start(vec![Answer::status(204)]));
    let trial = trial(from, &shop, &out);
    let ended = trial.once();
    assert_eq!(ended.why, Why::Drained, "{}", trial.log_text());
    let mut put: Vec<_> = out.received().iter().map(|received| received.path.clone()).collect();
    put.sort();
    let mut expected: Vec<_> = (0..ITEMS).map(|n| format!("/items/{n}")).collect();
    expected.sort();
    assert_eq!(put, expected, "{from}");
    shop.received().iter().map(|received| received.path.clone()).collect()
}

#[test]
fn pages_are_asked_for_by_number_until_one_has_no_items() {
    let page = by(|received| slice((number(received, "page", 0) - 1) * 10, ""));
    let asked = check("pages: { count: pages, into: page }", vec![page.clone()]);
    assert_eq!(asked, ["/items?page=1", "/items?page=2", "/items?page=3", "/items?page=4"]);
    let asked = check("pages: { count: pages, into: page, full: 10 }", vec![page]);
    assert_eq!(asked, ["/items?page=1", "/items?page=2", "/items?page=3"]);
}

#[test]
fn pages_are_asked_for_by_offset() {
    let page = by(|received| slice(number(received, "offset", 99), ""));
    let asked = check("pages: { count: items, into: offset, full: 10 }", vec![page]);
    assert_eq!(asked, ["/items?offset=0", "/items?offset=10", "/items?offset=20"]);
}

#[test]
fn pages_are_asked_for_by_a_token_of_the_answer() {
    let page = by(|received| {
        let from = number(received, "after", 0);
        slice(from, &if from < 20 { format!(r#","next":"{}""#, from + 10) } else { String::new() })
    });
    let asked = check("pages: { take: .next, into: after }", vec![page]);
    assert_eq!(asked, ["/items", "/items?after=10", "/items?after=20"]);
}

#[test]
fn pages_are_asked_for_by_the_link_beside_the_answer() {
    let page = by(|received| {
        let from = number(received, "from", 0);
        match from {
            20 => slice(from, "").with("link", "</items?from=10>; rel=\"prev\""),
            _ => slice(from, "").with("link", &format!("</items?from=0>; rel=first, </items?from={}&x=1>; rel=\"next\"", from + 10)),
        }
    });
    let asked = check("pages: { link: next }", vec![page]);
    assert_eq!(asked, ["/items", "/items?from=10&x=1", "/items?from=20&x=1"]);
}

#[test]
fn a_link_to_another_server_is_not_followed() {
    let (shop, out) = (
        Hostile::start(vec![slice(0, "").with("link", "<http://127.0.0.1:1/items?from=10>; rel=next")]),
        Hostile::start(vec![Answer::status(204)]),
    );
    let trial = trial("pages: { link: next }", &shop, &out);
    let ended = trial.once();
    assert!(matches!(&ended.why, Why::SourcesFailed(sources) if sources[0].contains("leads to another server")), "{:?}", ended.why);
}

#[test]
fn a_poll_that_is_cut_between_and_inside_its_pages_loses_nothing_and_does_nothing_twice() {
    let page = by(|received| slice((number(received, "page", 0) - 1) * 10, ""));
    let script = vec![
        page.clone(),
        Answer::CutBeforeReading,
        Answer::CutInAnswer(Box::new(slice(10, "")), 60),
        Answer::CutAfterReading,
        Answer::retry_after(503, 0),
        Answer::html_200(),
        page,
    ];
    let asked = check("pages: { count: pages, into: page, full: 10 }", script);
    assert_eq!(asked.iter().filter(|path| path.contains("page=1")).count(), 1, "{asked:?}");
}

#[test]
fn after_a_kill_between_two_pages_the_round_begins_anew_and_nothing_is_sent_twice() {
    let page = by(|received| slice((number(received, "page", 0) - 1) * 10, ""));
    let (shop, out) = (Hostile::start(vec![page.clone(), Answer::HangAfterReading]), Hostile::start(vec![Answer::status(204)]));
    let from = "pages: { count: pages, into: page, full: 10 }";
    let mut trial = trial(from, &shop, &out);
    let running = trial.start(false);
    until(&running, "the first page is delivered", |state| state.counters.done == 10);
    running.stop();
    running.stop();
    wait(running);
    let shop = Hostile::start(vec![page]);
    trial.variables.insert("SHOP_URL".into(), shop.url());
    let ended = trial.once();
    assert_eq!((ended.why, ended.state.counters.duplicates), (Why::Drained, 10), "{}", trial.log_text());
    assert_eq!(out.received().len(), ITEMS);
}

#[test]
fn what_has_not_changed_is_not_sent_again_and_not_even_answered() {
    let shop = by(|received| match received.header("if-none-match") {
        Some("\"v1\"") => Answer::status(304).with("etag", "\"v1\""),
        _ => slice(0, "").with("etag", "\"v1\""),
    });
    let (shop, out) = (Hostile::start(vec![shop]), Hostile::start(vec![Answer::status(204)]));
    let trial = trial("", &shop, &out);
    let running = trial.start(false);
    until(&running, "several rounds", |_| shop.received().len() >= 5);
    running.stop();
    let ended = wait(running);
    let conditions: Vec<_> = shop.received().iter().map(|received| received.header("if-none-match").map(str::to_string)).collect();
    assert_eq!(conditions[0], None);
    assert!(conditions[1..].iter().all(|condition| condition.as_deref() == Some("\"v1\"")), "{conditions:?}");
    assert_eq!((ended.state.counters.taken, ended.state.counters.duplicates, ended.state.counters.polls_failed), (10, 0, 0));
    assert_eq!(out.received().len(), 10);
}

#[test]
fn without_a_tag_the_time_of_the_last_change_is_said() {
    let shop = by(|received| match received.header("if-modified-since") {
        Some("Wed, 21 Oct 2026 07:28:00 GMT") => Answer::status(304),
        _ => slice(0, "").with("last-modified", "Wed, 21 Oct 2026 07:28:00 GMT"),
    });
    let (shop, out) = (Hostile::start(vec![shop]), Hostile::start(vec![Answer::status(204)]));
    let trial = trial("", &shop, &out);
    let running = trial.start(false);
    until(&running, "several rounds", |_| shop.received().len() >= 3);
    running.stop();
    let ended = wait(running);
    assert_eq!((ended.state.counters.taken, ended.state.counters.duplicates), (10, 0));
}

#[test]
fn a_304_that_nobody_asked_for_is_no_answer() {
    let script = vec![Answer::status(304), slice(0, "")];
    let (shop, out) = (Hostile::start(script), Hostile::start(vec![Answer::status(204)]));
    let trial = trial("", &shop, &out);
    let ended = trial.once();
    assert!(ended.state.counters.polls_failed > 0, "{}", trial.log_text());
}

#[test]
fn records_that_have_not_changed_are_dropped_and_those_that_have_are_sent() {
    let page = |name: &str| Answer::json(200, &format!(r#"{{"items":[{{"id":"1","name":"{name}"}},{{"id":"2","name":"b"}}]}}"#));
    let script = vec![page("a"), page("a"), page("c")];
    let (shop, out) = (Hostile::start(script), Hostile::start(vec![Answer::status(204)]));
    let trial = trial("", &shop, &out);
    let running = trial.start(false);
    until(&running, "the change is delivered", |state| state.counters.done == 3);
    std::thread::sleep(Duration::from_millis(100));
    running.stop();
    wait(running);
    let put: Vec<_> = out.received().iter().map(|received| received.text()).collect();
    assert_eq!(put.len(), 3, "{put:?}");
    assert!(put[2].contains("\"c\""), "{put:?}");
}

#[test]
fn a_cursor_by_id_goes_behind_the_greatest_one() {
    let page = by(|received| slice(number(received, "after", 0), ""));
    let (shop, out) = (Hostile::start(vec![page]), Hostile::start(vec![Answer::status(204)]));
    let trial = trial("cursor: { into: after, take: .id | tonumber + 1, start: 0 }", &shop, &out);
    let running = trial.start(false);
    until(&running, "all items are delivered", |state| state.counters.done == ITEMS as u64);
    running.stop();
    let ended = wait(running);
    assert_eq!(ended.state.counters.duplicates, 0);
    assert_eq!(out.received().len(), ITEMS);
}
