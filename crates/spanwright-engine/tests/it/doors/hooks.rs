//! Webhooks, in and out, and the clients of a door.

use std::sync::{Arc, atomic::Ordering};

use super::*;

const PAID: &str = "flow: paid
from: { webhook: pay, when: .type == \"paid\", key: .id }
steps:
  - { send: shop.place }
";

/// The headers of a Standard Webhook.
pub fn signed(secret: &str, id: &str, at: i64, body: &str) -> Vec<String> {
    let scheme = preset::scheme("standard").unwrap();
    let time = at.to_string();
    let signature = scheme.sign(secret, &time, &scheme.content(id, &time, body.as_bytes(), "")).unwrap();
    vec![format!("webhook-id: {id}"), format!("webhook-timestamp: {time}"), format!("webhook-signature: {signature}")]
}

#[test]
fn a_webhook_is_taken_once_and_only_where_it_is_signed() {
    let shop = Hostile::start(vec![Answer::json(200, "{}")]);
    let trial = with_hooks(HOOKS, &[("paid", PAID)], &shop);
    let running = trial.start(false);
    let (client, now) = (Client::of(&running), trial.clock.now().0 / 1_000_000);
    let post = |headers: Vec<String>, body: &str| {
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        client.post("/in/pay", &headers, body)
    };
    let body = "{\"type\":\"paid\",\"id\":7}";
    for secret in [NEW, OLD] {
        let got = post(signed(secret, secret, now, body), body);
        assert_eq!(got.status, 202, "while a secret is changed, both fit: {}", got.body);
    }
    let again = post(signed(NEW, NEW, now + 1, body), body);
    assert_eq!((again.status, again.json()["result"].as_str()), (200, Some("taken before")));
    let other = "{\"type\":\"other\"}";
    assert_eq!(post(signed(NEW, "x", now, other), other).status, 204, "no flow wants it");
    until(&running, "it is told of", |state| state.counters.left_out == 1);
    let told = trial.lines("item-left-out");
    assert!(matches!(&told[..], [line] if line["log.level"] == "info"), "{told:?}");
    let check = |headers: Vec<String>, body: &str, part: &str| {
        let got = post(headers, body);
        assert_eq!((got.status, got.code().as_str()), (401, "R0034"), "{}", got.body);
        assert!(got.body.contains(part), "{}", got.body);
    };
    check(signed(NEW, "y", now, body), "{\"type\":\"paid\", \"id\":7}", "no signature fits");
    check(signed(NEW, "y", now - 400, body), body, "the timestamp is 40");
    check(signed("whsec_BBBB", "y", now, body), body, "no signature fits");
    check(Vec::new(), body, "`webhook-signature` is missing");
    until(&running, "both are delivered", |state| state.counters.delivered == 2 && state.standing.open == 0);
    assert_eq!(shop.received().len(), 2);
    let log = trial.log_text();
    assert!(!log.contains("MfKQ9r8G") && !log.contains("AAAAAAAA"), "no secret is logged");
    stopped(running);
}

/// The virtual machine goes on with a clock that is an hour ahead, which is mended at once; ours stays ahead.
#[test]
fn a_clock_that_was_ahead_for_a_moment_makes_no_webhook_too_old() {
    let shop = Hostile::start(vec![Answer::json(200, "{}")]);
    let mut trial = with_hooks(HOOKS, &[("paid", PAID)], &shop);
    let (back, clock) = crate::crashes::hands();
    back.store(3_600, Ordering::Relaxed);
    trial.clock = Arc::new(clock);
    let running = trial.start(false);
    back.store(0, Ordering::Relaxed);
    let ahead = trial.clock.now();
    back.store(3_600, Ordering::Relaxed);
    let now = trial.clock.wall();
    assert!(ahead.since(now) > Duration::from_secs(3_500) && trial.clock.now() >= ahead);
    let body = "{\"type\":\"paid\",\"id\":7}";
    let headers = signed(NEW, "a", now.0 / 1_000_000, body);
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    let got = Client::of(&running).post("/in/pay", &headers, body);
    assert_eq!(got.status, 202, "{}", got.body);
    until(&running, "it is told", |_| trial.lines("clock-set-back").len() == 1);
    until(&running, "it is delivered", |state| state.counters.delivered == 1);
    stopped(running);
}

#[test]
fn slack_hears_its_challenge_and_another_hmac_its_own_rules() {
    let shop = Hostile::start(vec![Answer::json(200, "{}")]);
    let hooks = "http:\nwebhooks: { preset: slack, path: /in/slack, secret: \"${NEW}\" }\n";
    let trial = with_hooks(hooks, &[("paid", PAID)], &shop);
    let running = trial.start(false);
    let (client, now) = (Client::of(&running), trial.clock.now().0 / 1_000_000);
    let scheme = preset::scheme("slack").unwrap();
    let body = "{\"type\":\"url_verification\",\"challenge\":\"3eZbrw1a\"}";
    let time = now.to_string();
    let signature = scheme.sign(NEW, &time, &scheme.content("", &time, body.as_bytes(), "")).unwrap();
    let headers = [format!("x-slack-request-timestamp: {time}"), format!("x-slack-signature: {signature}")];
    let got = client.post("/in/slack", &[&headers[0], &headers[1]], body);
    assert_eq!((got.status, got.body.as_str()), (200, "3eZbrw1a"));
    assert_eq!(client.post("/in/slack", &[&headers[0], "x-slack-signature: v0=00"], body).status, 401);
    stopped(running);
}

#[test]
fn a_packed_body_is_unpacked() {
    let shop = Hostile::start(vec![Answer::json(200, "{}")]);
    let trial = project(&[("orders", ORDERS)], &shop);
    let running = trial.start(false);
    let client = Client::of(&running);
    // `{"orderId":7}`, as Python's gzip packs it.
    let body: [u8; 33] =
        [31, 139, 8, 0, 0, 0, 0, 0, 2, 255, 171, 86, 202, 47, 74, 73, 45, 242, 76, 81, 178, 50, 175, 5, 0, 131, 104, 49, 172, 13, 0, 0, 0];
    let head = format!(
        "POST /orders HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let got = client.raw(&[head.as_bytes(), &body].concat());
    assert!(got.starts_with("HTTP/1.1 202"), "{got}");
    stopped(running);
}

#[test]
fn a_webhook_out_is_signed_anew_for_each_attempt_and_stays_the_same_event() {
    let shop = Hostile::start(vec![Answer::status(503), Answer::json(200, "{}")]);
    let mut trial = with_hooks(HOOKS, &[("orders", ORDERS)], &shop);
    trial.edit(
        "systems/shop.yaml",
        "retry: { tries: 1, first: 10ms",
        "auth: { hmac: { secret: \"${NEW}\" } }\nretry: { tries: 3, first: 2s",
    );
    trial.edit("systems/shop.yaml", "longest: 10ms", "longest: 2s");
    let running = trial.start(false);
    assert_eq!(Client::of(&running).post("/orders", &[], "{\"orderId\":7}").status, 202);
    until(&running, "it is delivered", |state| state.counters.delivered == 1);
    let received = shop.received();
    let ids: Vec<_> = received.iter().map(|request| request.header("webhook-id").unwrap()).collect();
    assert_eq!((ids.len(), ids[0]), (2, ids[1]));
    let scheme = preset::scheme("standard").unwrap();
    for request in &received {
        let time = request.header("webhook-timestamp").unwrap();
        let right = scheme.sign(NEW, time, &scheme.content(ids[0], time, &request.body, "")).unwrap();
        assert_eq!(request.header("webhook-signature"), Some(right.as_str()));
    }
    stopped(running);
}

#[test]
fn only_clients_come_in_and_each_has_its_own_events() {
    let shop = Hostile::start(vec![Answer::json(200, "{}")]);
    // The SHA-256 of `new-key`.
    let clients = "clients:
    a: { api_key: { sha256: 479a61d5370a0351ad498a8f324e0f9ad50bfafbe4c044ea49cbe3981e8cb573 } }
    b: { basic: { user: b, password: \"${NEW}\" }, rate: 2/h }
    c: { basic: { user: c, password: \"${NEW}\" }, ip: [ 10.0.0.0/8 ] }";
    let orders = ORDERS
        .replace("from: { http: POST /orders, key: .orderId }", &format!("from:\n  http: POST /orders\n  key: .orderId\n  {clients}"));
    let trial = with_hooks(HOOKS, &[("orders", &orders)], &shop);
    let running = trial.start(false);
    let client = Client::of(&running);
    let ask = |headers: &[&str]| {
        let got = client.post("/orders", headers, "{\"orderId\":7}");
        (got.status, got.code_if_any())
    };
    assert_eq!(ask(&[]), (401, "R0035".into()));
    assert!(client.post("/orders", &[], "{}").head.contains("www-authenticate: basic"));
    assert_eq!(ask(&["x-api-key: guessed"]), (401, "R0035".into()));
    assert_eq!(ask(&["x-api-key: new-key", "idempotency-key: k"]), (202, String::new()));
    let basic = |user: &str| format!("authorization: Basic {}", Encoding::Base64.write(format!("{user}:{NEW}").as_bytes()));
    assert_eq!(ask(&[&basic("c")]), (403, "R0036".into()));
    assert_eq!(ask(&[&basic("b"), "idempotency-key: k"]), (202, String::new()));
    assert_eq!(ask(&[&basic("b"), "idempotency-key: k"]), (202, String::new()), "the same answer again");
    assert_eq!(ask(&[&basic("b")]), (429, "R0037".into()));
    until(&running, "one of each client was taken", |state| state.counters.taken == 2 && state.standing.open == 0);
    assert_eq!(shop.received().len(), 2);
    stopped(running);
}
