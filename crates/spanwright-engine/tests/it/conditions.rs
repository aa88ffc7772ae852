//! What an answer says beside its body, seen by the steps below; and changes that happen only where a condition holds.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use spanwright_engine::shell::Why;
use spanwright_world::{Answer, Hostile, Received};

use crate::trial::{Trial, until, wait};

const PROJECT: &str = "project: shop\nvars:\n  SHOP_URL: { about: The shop. }\n  OUT_URL: { about: Who asks and who takes. }\n";
const OUT: &str =
    "system: out\nhttp:\nurl: \"${OUT_URL}\"\noperations: { asked: { get: /asked }, put: { put: \"/seen/{id}\", headers: [X-Tenant] } }\n";
const SHOP: &str = "system: shop\nhttp:\nurl: \"${SHOP_URL}\"\nretry: { first: 10ms, longest: 20ms }\noperations:\n  get: { get: \"/orders/{id}\" }\n  make: { post: /orders, safe: false }\n  put: { put: \"/orders/{id}\" }\n";
const CHANGE: &str = "  - { call: shop.get, with: { id: .id }, as: order }\n  - { send: shop.put, with: { id: .id, If-Match: $answers.order.headers.etag }, body: { fields: { state: .state } } }\n";

fn trial(steps: &str, shop: &Hostile, out: &Hostile) -> Trial {
    let flow = format!("flow: orders\nfrom: {{ poll: out.asked, every: 1h, key: .id }}\nsteps:\n{steps}");
    let files = [("spanwright.yaml", PROJECT), ("systems/shop.yaml", SHOP), ("systems/out.yaml", OUT), ("flows/orders.yaml", &flow)];
    let files: BTreeMap<_, _> = files.into_iter().map(|(path, text)| (path.to_string(), text.as_bytes().to_vec())).collect();
    let mut trial = Trial::of(files);
    trial.variables.extend([("SHOP_URL".into(), shop.url()), ("OUT_URL".into(), out.url())]);
    trial
}

fn by(answer: impl Fn(&Received) -> Answer + Send + Sync + 'static) -> Answer {
    Answer::By(Arc::new(answer))
}

/// One order comes from here, and what is seen of it goes here.
fn asker() -> Hostile {
    Hostile::start(vec![by(|received| match received.method.as_str() {
        "GET" => Answer::json(200, r#"{"id":"7","state":"sent"}"#),
        _ => Answer::status(204),
    })])
}

/// A shop that has one order and knows its state: `"1"`, then one more with each change.
struct Shop {
    version: Mutex<u32>,
}

impl Shop {
    fn start() -> (Hostile, Arc<Shop>) {
        let shop = Arc::new(Shop { version: Mutex::new(1) });
        let inner = shop.clone();
        (Hostile::start(vec![by(move |received| inner.answer(received))]), shop)
    }

    fn answer(&self, received: &Received) -> Answer {
        let mut version = self.version.lock().unwrap();
        let tag = format!("\"{version}\"");
        match (received.method.as_str(), received.header("if-match")) {
            ("GET", _) => Answer::json(200, r#"{"id":"7"}"#).with("ETag", &tag).with("Set-Cookie", "session=hush-hush"),
            ("PUT", None) => Answer::problem(428, "name the state that you change"),
            ("PUT", Some(given)) if given != tag => Answer::problem(412, "the order was changed"),
            _ => {
                *version += 1;
                Answer::json(200, "{}")
            }
        }
    }
}

fn puts(shop: &Hostile) -> Vec<String> {
    let puts = shop.received().into_iter().filter(|received| received.method == "PUT");
    puts.map(|received| format!("{} {}", received.header("if-match").unwrap_or("-"), received.text())).collect()
}

#[test]
fn the_state_that_was_read_goes_with_the_change_and_no_secret_is_kept() {
    let ((shop, _), out) = (Shop::start(), asker());
    let trial = trial(CHANGE, &shop, &out);
    assert_eq!(trial.once().why, Why::Drained, "{}", trial.log_text());
    assert_eq!(puts(&shop), [r#""1" {"state":"sent"}"#]);
    let journal = std::fs::read(trial.store_path()).unwrap();
    let wal = std::fs::read(trial.store_path().with_extension("db-wal")).unwrap_or_default();
    let holds = |words: &str| [&journal, &wal].iter().any(|bytes| bytes.windows(words.len()).any(|window| window == words.as_bytes()));
    assert!(!holds("hush-hush") && !trial.log_text().contains("hush-hush"));
}

#[test]
fn where_a_record_was_made_is_known_though_its_answer_has_no_body() {
    let shop = Hostile::start(vec![Answer::status(201).with("Location", "/orders/9")]);
    let out = asker();
    let steps = "  - { call: shop.make, as: made }\n  - send: out.put\n    with: { id: { from: '($answers.made.headers.location // \"\") | split(\"/\") | last', empty: fail }, X-Tenant: { value: t1 } }\n    body: { fields: { status: $answers.made.status } }\n";
    let trial = trial(steps, &shop, &out);
    assert_eq!(trial.once().why, Why::Drained, "{}", trial.log_text());
    let seen = out.received().into_iter().rfind(|received| received.method == "PUT").unwrap();
    assert_eq!((seen.path.as_str(), seen.header("x-tenant"), seen.text().as_str()), ("/seen/9", Some("t1"), r#"{"status":201}"#));
}

#[test]
fn a_header_is_there_after_a_kill_and_what_it_came_with_is_not_asked_for_again() {
    let first = Hostile::start(vec![Answer::json(200, "{}").with("ETag", "\"41\""), Answer::HangAfterReading]);
    let out = asker();
    let mut trial = trial(&CHANGE.replace("send: shop.put", "call: shop.put"), &first, &out);
    trial.edit("systems/shop.yaml", "put: { put: \"/orders/{id}\" }", "put: { put: \"/orders/{id}\", key: Idempotency-Key }");
    let running = trial.start(false);
    until(&running, "the change is under way", |_| puts(&first).len() == 1);
    running.stop();
    running.stop();
    wait(running);
    let second = Hostile::start(vec![Answer::json(200, "{}")]);
    trial.variables.insert("SHOP_URL".into(), second.url());
    assert_eq!(trial.once().why, Why::Drained, "{}", trial.log_text());
    assert_eq!(puts(&second), [r#""41" {"state":"sent"}"#]);
    assert_eq!(second.received().len(), 1, "the order was read before");
}

/// What is told of the one dead letter; the shop was sent so many changes.
#[track_caller]
fn check_dead(steps: &str, shop: &Hostile, sent: usize) -> String {
    let out = asker();
    let trial = trial(steps, shop, &out);
    assert_eq!(trial.once().why, Why::Drained, "{}", trial.log_text());
    assert_eq!(puts(shop).len(), sent, "{}", trial.log_text());
    trial.dead().into_iter().map(|dead| dead.reason).collect()
}

#[test]
fn a_condition_that_does_not_hold_is_told_and_not_sent_again() {
    let shop = Hostile::start(vec![
        Answer::json(200, "{}").with("ETag", "\"1\""),
        Answer::problem(412, "the order was changed"),
        Answer::json(200, "{}"),
    ]);
    let told = check_dead(CHANGE, &shop, 1);
    assert_eq!(told, "shop.put answered 412 Precondition Failed: the order was changed");
}

#[test]
fn a_change_without_the_condition_that_is_wanted_says_what_to_give() {
    let (shop, _) = Shop::start();
    let told = check_dead("  - { send: shop.put, with: { id: .id }, body: { fields: { state: .state } } }\n", &shop, 1);
    let says = "shop.put answered 428 Precondition Required: name the state that you change";
    assert_eq!(told, says);
}

/// A shop that makes the change and whose answer is lost; then it knows the next state.
fn loses_its_first_answer() -> Hostile {
    let version = Mutex::new(1);
    Hostile::start(vec![by(move |received| {
        let mut version = version.lock().unwrap();
        let tag = format!("\"{version}\"");
        match (received.method.as_str(), received.header("if-match")) {
            ("PUT", Some(given)) if given == tag => {
                *version += 1;
                Answer::CutAfterReading
            }
            ("PUT", _) => Answer::status(412),
            _ => Answer::json(200, &format!(r#"{{"version":{version}}}"#)).with("ETag", &tag),
        }
    })])
}

#[test]
fn a_condition_that_our_own_lost_try_may_have_broken_is_left_to_a_person() {
    let told = check_dead(CHANGE, &loses_its_first_answer(), 2);
    let says = "shop.put answered 412 Precondition Failed; a try before this one was not heard of, and may have changed it";
    assert_eq!(told, says);
}

#[test]
fn a_question_tells_what_became_of_it_before_it_goes_again() {
    let ask = "if_unknown: { call: shop.get, with: { id: .id }, take: 'if .version == 2 then . else null end', wait: 10ms }";
    let steps = CHANGE.replace("body: { fields: { state: .state } }", &format!("body: {{ fields: {{ state: .state }} }}, {ask}"));
    assert_eq!(check_dead(&steps, &loses_its_first_answer(), 1), "", "it happened, and nobody need look");
}
