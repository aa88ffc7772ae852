//! A `call` whose answer comes in pages: all of them are one answer, whatever happens between two of them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use spanwright_engine::shell::Why;
use spanwright_world::{Answer, Hostile, Received};

use crate::trial::{Trial, until, wait};

const PROJECT: &str = "project: shop\nvars:\n  SHOP_URL: { about: The shop. }\n  OUT_URL: { about: Who asks and who takes. }\n";
const OUT: &str = "system: out\nhttp:\nurl: \"${OUT_URL}\"\noperations: { asked: { get: /asked }, put: { put: \"/sums/{id}\" } }\n";
const FLOW: &str = "flow: sums\nfrom: { poll: out.asked, every: 1h, key: .id }\nsteps:\n  - { call: shop.list, with: { of: .id }, as: all }\n  - { send: out.put, with: { id: .id }, body: { fields: { ids: '[$all.items[].id]', total: $all.total } } }\n";
const ITEMS: usize = 25;

/// A project that asks the shop for all items, and puts their ids to the other side as one.
fn trial(pages: &str, limits: &str, shop: &Hostile, out: &Hostile) -> Trial {
    let shop_system = format!(
        "system: shop\nhttp:\nurl: \"${{SHOP_URL}}\"\n{limits}retry: {{ first: 10ms, longest: 20ms }}\noperations: {{ list: {{ get: /items, pages: {{ {pages}, each: .items }} }} }}\n"
    );
    let files = [("spanwright.yaml", PROJECT), ("systems/shop.yaml", &shop_system), ("systems/out.yaml", OUT), ("flows/sums.yaml", FLOW)];
    let files: BTreeMap<_, _> = files.into_iter().map(|(path, text)| (path.to_string(), text.as_bytes().to_vec())).collect();
    let mut trial = Trial::of(files);
    trial.variables.extend([("SHOP_URL".into(), shop.url()), ("OUT_URL".into(), out.url())]);
    trial
}

/// One question comes from here, and its answer goes here.
fn asker() -> Hostile {
    Hostile::start(vec![by(|received| match received.method.as_str() {
        "GET" => Answer::json(200, r#"{"id":"7"}"#),
        _ => Answer::status(204),
    })])
}

fn by(answer: impl Fn(&Received) -> Answer + Send + Sync + 'static) -> Answer {
    Answer::By(Arc::new(answer))
}

fn number(received: &Received, name: &str, otherwise: usize) -> usize {
    let query = received.path.split_once('?').map_or("", |(_, query)| query);
    let value = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    value.and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Ten items behind an offset.
fn slice(from: usize, beside: &str) -> Answer {
    let items: Vec<_> = (from..ITEMS.min(from + 10)).map(|n| format!(r#"{{"id":{n}}}"#)).collect();
    Answer::json(200, &format!(r#"{{"total":{ITEMS},"items":[{}]{beside}}}"#, items.join(",")))
}

fn page() -> Answer {
    by(|received| slice((number(received, "page", 0) - 1) * 10, ""))
}

fn put(out: &Hostile) -> Vec<String> {
    out.received()
        .iter()
        .filter(|received| received.method == "PUT")
        .map(|received| format!("{} {}", received.path, received.text()))
        .collect()
}

fn all_of_them() -> Vec<String> {
    let ids: Vec<_> = (0..ITEMS).map(|n| n.to_string()).collect();
    vec![format!(r#"/sums/7 {{"ids":[{}],"total":{ITEMS}}}"#, ids.join(","))]
}

/// The addresses that the shop was asked for; all items arrived, once and as one.
#[track_caller]
fn check(pages: &str, script: Vec<Answer>) -> Vec<String> {
    let (shop, out) = (Hostile::start(script), asker());
    let trial = trial(pages, "", &shop, &out);
    let ended = trial.once();
    assert_eq!(ended.why, Why::Drained, "{}", trial.log_text());
    assert_eq!(put(&out), all_of_them(), "{pages}");
    shop.received().iter().map(|received| received.path.clone()).collect()
}

#[test]
fn all_pages_are_one_answer_by_number_offset_token_and_link() {
    let counted = check("count: pages, into: page, full: 10", vec![page()]);
    assert_eq!(counted, ["/items?of=7&page=1", "/items?of=7&page=2", "/items?of=7&page=3"]);
    let offset = check("count: items, into: offset", vec![by(|received| slice(number(received, "offset", 99), ""))]);
    assert_eq!(offset, ["/items?of=7&offset=0", "/items?of=7&offset=10", "/items?of=7&offset=20", "/items?of=7&offset=25"]);
    let token = by(|received| {
        let from = number(received, "after", 0);
        slice(from, &if from < 20 { format!(r#","next":"{}""#, from + 10) } else { String::new() })
    });
    assert_eq!(check("take: .next, into: after", vec![token]), ["/items?of=7", "/items?of=7&after=10", "/items?of=7&after=20"]);
    let link = by(|received| match number(received, "from", 0) {
        20 => slice(20, ""),
        from => slice(from, "").with("link", &format!("</items?from={}>; rel=\"next\"", from + 10)),
    });
    assert_eq!(check("link: next", vec![link]), ["/items?of=7", "/items?from=10", "/items?from=20"]);
}

#[test]
fn a_page_that_fails_is_asked_for_again_and_those_before_it_are_not() {
    let script = vec![
        page(),
        Answer::CutBeforeReading,
        Answer::CutInAnswer(Box::new(slice(10, "")), 60),
        Answer::retry_after(503, 0),
        Answer::html_200(),
        page(),
    ];
    let asked = check("count: pages, into: page, full: 10", script);
    assert_eq!(asked.iter().filter(|path| path.ends_with("page=1")).count(), 1, "{asked:?}");
}

#[test]
fn each_page_waits_for_the_rate_of_its_system() {
    let (shop, out) = (Hostile::start(vec![page()]), asker());
    let trial = trial("count: pages, into: page, full: 10", "limits: { rate: 5/s }\n", &shop, &out);
    let begun = std::time::Instant::now();
    assert_eq!((trial.once().why, put(&out)), (Why::Drained, all_of_them()));
    assert!(begun.elapsed() >= Duration::from_millis(400), "three pages, one every fifth of a second: {:?}", begun.elapsed());
}

#[test]
fn after_a_kill_between_two_pages_it_is_read_from_the_first_and_delivered_once() {
    let (shop, out) = (Hostile::start(vec![page(), page(), Answer::HangAfterReading]), asker());
    let mut trial = trial("count: pages, into: page, full: 10", "", &shop, &out);
    let running = trial.start(false);
    until(&running, "the third page is asked for", |_| shop.received().len() == 3);
    running.stop();
    running.stop();
    wait(running);
    assert_eq!(put(&out), Vec::<String>::new());
    let shop = Hostile::start(vec![page()]);
    trial.variables.insert("SHOP_URL".into(), shop.url());
    assert_eq!(trial.once().why, Why::Drained, "{}", trial.log_text());
    assert_eq!((shop.received().len(), put(&out)), (3, all_of_them()));
}

#[test]
fn a_page_that_is_refused_makes_a_dead_letter_of_the_whole() {
    let (shop, out) = (Hostile::start(vec![page(), Answer::status(404)]), asker());
    let trial = trial("count: pages, into: page, full: 10", "", &shop, &out);
    let ended = trial.once();
    let dead: Vec<_> = ended.state.counters.dead.into_values().collect();
    assert_eq!((dead, put(&out)), (vec![1], Vec::new()), "{}", trial.log_text());
}
