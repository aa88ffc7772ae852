//! What is brought to us over HTTP: kept before it is answered, taken once, replied to, and refused in words.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use spanwright_connect::webhook::{preset, scheme::Encoding};
use spanwright_engine::shell::{Running, Why};
use spanwright_world::{Answer, Hostile};

use crate::trial::{LONG, Trial, until, wait};

const PROJECT: &str = "project: shop
listen: { http: \"127.0.0.1:0\" }
vars: { SHOP_URL: { about: the shop } }
";
const SHOP: &str = "system: shop
rest: schemas/shop.yaml
url: \"${SHOP_URL}\"
retry: { tries: 1, first: 10ms, longest: 10ms }
operations:
  place: { post: /orders, key: Idempotency-Key }
";
const SCHEMA: &str = "openapi: 3.0.3\ninfo: { title: shop, version: '1' }\npaths: {}\n";

const HOOKS: &str = "http:
webhooks: { preset: standard, path: /in/pay, secret: [ \"${NEW}\", \"${OLD}\" ] }
";

/// A project with these flows and the system `shop`.
pub fn project(flows: &[(&str, &str)], shop: &Hostile) -> Trial {
    let mut files = BTreeMap::from([
        ("spanwright.yaml".to_string(), PROJECT.as_bytes().to_vec()),
        ("systems/shop.yaml".into(), SHOP.as_bytes().to_vec()),
        ("schemas/shop.yaml".into(), SCHEMA.as_bytes().to_vec()),
    ]);
    files.extend(flows.iter().map(|(name, text)| (format!("flows/{name}.yaml"), text.as_bytes().to_vec())));
    let mut trial = Trial::of(files);
    trial.variables.insert("SHOP_URL".into(), shop.url());
    trial
}

const ORDERS: &str = "flow: orders
from: { http: POST /orders, key: .orderId }
steps:
  - { send: shop.place }
";

const PRICES: &str = "flow: prices
from: { http: \"GET /prices/{sku}\", reply_within: 5s }
steps:
  - reply: { fields: { sku: $path.sku, currency: '$query.currency // \"EUR\"', tenant: '$headers[\"x-tenant\"] // \"none\"' } }
    headers: { x-flow: $meta.flow }
";

const ASKED: &str = "flow: asked
from: { http: POST /asked, once: .id, reply_within: 5s, late: 504 }
steps:
  - { call: shop.place, as: placed }
  - { reply: { fields: { got: $placed.number } }, status: 201 }
";

/// As [`project`], with the secrets of a provider's webhooks.
fn with_hooks(hooks: &str, flows: &[(&str, &str)], shop: &Hostile) -> Trial {
    let mut trial = project(flows, shop);
    trial.edit("spanwright.yaml", "the shop }", "the shop }, NEW: { about: new, secret: true }, OLD: { about: old, secret: true }");
    trial.write("systems/pay.yaml", &format!("system: pay\n{hooks}"));
    trial.variables.extend([("NEW", NEW), ("OLD", OLD)].map(|(name, value)| (name.to_string(), value.to_string())));
    trial
}

const NEW: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const OLD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// One request, one answer, one connection.
pub struct Client {
    pub to: SocketAddr,
}

pub struct Got {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Got {
    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|why| panic!("{why}: {}", self.body))
    }

    /// The problem's code, where the answer is one.
    fn code_if_any(&self) -> String {
        if self.status < 400 { String::new() } else { self.code() }
    }

    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_string()
    }
}

impl Client {
    pub fn of(running: &Running) -> Client {
        Client { to: running.address().expect("it listens") }
    }

    fn open(&self) -> TcpStream {
        let stream = TcpStream::connect(self.to).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream
    }

    /// Sends these bytes and reads to the end.
    pub fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = self.open();
        // Where the server has had enough it may close before it has read all.
        let _closed = stream.write_all(bytes);
        let mut out = Vec::new();
        let _reset = stream.read_to_end(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    pub fn ask(&self, line: &str, headers: &[&str], body: &str) -> Got {
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let length = body.len();
        let text = self
            .raw(format!("{line} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}").as_bytes());
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
        Got { status, head: head.to_ascii_lowercase(), body: body.to_string() }
    }

    pub fn post(&self, path: &str, headers: &[&str], body: &str) -> Got {
        let headers = [&["content-type: application/json"], headers].concat();
        self.ask(&format!("POST {path}"), &headers, body)
    }
}

pub fn stopped(running: Running) {
    running.stop();
    assert_eq!(wait(running).why, Why::Stopped { unheard: 0 });
}

#[test]
fn a_message_is_kept_before_its_sender_hears_202() {
    let shop = Hostile::start(vec![Answer::json(200, "{}")]);
    let trial = project(&[("orders", ORDERS)], &shop);
    let running = trial.start(false);
    let client = Client::of(&running);
    let got = client.post("/orders", &["x-correlation-id: order-7"], "{\"orderId\":7,\"total\":12.50}");
    assert_eq!(got.status, 202, "{}", got.body);
    assert!(got.head.contains("x-correlation-id: order-7"), "{}", got.head);
    let at = got.json()["status"].as_str().unwrap().to_string();
    assert!(got.head.contains(&format!("location: {at}")), "{}", got.head);
    until(&running, "it is delivered", |state| state.counters.delivered == 1);
    until(&running, "it is over", |state| state.standing.open == 0);
    let state = client.ask(&format!("GET {at}"), &[], "");
    assert_eq!((state.status, state.json()["state"].as_str(), state.json()["flow"].as_str()), (200, Some("done"), Some("orders")));
    assert_eq!(client.ask("GET /api/v1/messages/00000000-0000-0000-0000-000000000000", &[], "").status, 404);
    assert_eq!(shop.received()[0].text(), "{\"orderId\":7,\"total\":12.50}");
    assert_eq!(shop.received()[0].header("x-correlation-id"), Some("order-7"));
    stopped(running);
}

#[test]
fn a_reply_sees_path_query_and_headers() {
    let shop = Hostile::start(vec![Answer::status(500)]);
    let trial = project(&[("prices", PRICES)], &shop);
    let running = trial.start(false);
    let client = Client::of(&running);
    let got = client.ask("GET /prices/a%2Fb?currency=CHF", &["X-Tenant: red"], "");
    assert_eq!((got.status, got.body.as_str()), (200, "{\"sku\":\"a/b\",\"currency\":\"CHF\",\"tenant\":\"red\"}"));
    assert!(got.head.contains("x-flow: prices") && got.head.contains("content-type: application/json"), "{}", got.head);
    let got = client.ask("GET /prices/1", &[], "");
    assert_eq!(got.body, "{\"sku\":\"1\",\"currency\":\"EUR\",\"tenant\":\"none\"}");
    stopped(running);
}

#[test]
fn the_same_event_gets_the_same_answer_and_is_done_once() {
    let shop = Hostile::start(vec![Answer::json(200, "{\"number\":41}"), Answer::json(200, "{\"number\":42}")]);
    let trial = project(&[("asked", ASKED)], &shop);
    let running = trial.start(false);
    let client = Client::of(&running);
    let first = client.post("/asked", &[], "{\"id\":\"a\"}");
    assert_eq!((first.status, first.body.as_str()), (201, "{\"got\":41}"));
    let again = client.post("/asked", &[], "{\"id\":\"a\"}");
    assert_eq!((again.status, again.body.as_str()), (201, "{\"got\":41}"));
    let other = client.post("/asked", &[], "{\"id\":\"a\",\"more\":1}");
    assert_eq!((other.status, other.code().as_str()), (422, "R0025"));
    let none = client.post("/asked", &[], "{\"n\":1}");
    assert_eq!((none.status, none.code().as_str()), (400, "R0008"));
    assert_eq!(shop.received().len(), 1);
    stopped(running);
    // The answer outlives the process.
    let running = trial.start(false);
    let again = Client::of(&running).post("/asked", &[], "{\"id\":\"a\"}");
    assert_eq!((again.status, again.body.as_str(), shop.received().len()), (201, "{\"got\":41}", 1));
    stopped(running);
}

#[test]
fn a_door_may_want_a_key_of_each_request() {
    let shop = Hostile::start(vec![Answer::json(200, "{}")]);
    let wants = ORDERS.replace("key: .orderId", "key: .orderId, idempotency_key: required");
    let trial = project(&[("orders", &wants)], &shop);
    let running = trial.start(false);
    let client = Client::of(&running);
    let ask = |headers: &[&str]| client.post("/orders", headers, "{\"orderId\":7}");
    let none = ask(&[]);
    assert!(none.status == 400 && none.code() == "R0008" && none.body.contains("Idempotency-Key"), "{}", none.body);
    let statuses = [["Idempotency-Key: a"], ["Idempotency-Key: \"a\""], ["Idempotency-Key: b"]].map(|header| ask(&header).status);
    assert_eq!(statuses, [202, 202, 202]);
    until(&running, "each key is done once", |state| state.counters.done == 2);
    assert_eq!(shop.received().len(), 2);
    stopped(running);
}

#[test]
fn a_second_request_while_the_first_is_under_way_is_told_so() {
    let slow = Answer::Slow(Box::new(Answer::json(200, "{\"number\":41}")), Duration::from_millis(700));
    let shop = Hostile::start(vec![slow]);
    let trial = project(&[("asked", ASKED)], &shop);
    let running = trial.start(false);
    let client = Client::of(&running);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| client.post("/asked", &[], "{\"id\":\"a\"}").status);
        until(&running, "the first is under way", |state| state.standing.flying == 1);
        let second = client.post("/asked", &[], "{\"id\":\"a\"}");
        assert_eq!((second.status, second.code().as_str()), (409, "R0026"));
        assert_eq!(first.join().unwrap(), 201);
    });
    stopped(running);
}

#[test]
fn a_reply_that_comes_too_late_is_told_as_the_source_says() {
    let slow = Answer::Slow(Box::new(Answer::json(200, "{\"number\":41}")), Duration::from_millis(900));
    let shop = Hostile::start(vec![slow]);
    let at = |path: &str, late: &str| ASKED.replace("/asked", path).replace("5s, late: 504", &format!("100ms, late: {late}"));
    let named = |name: &str, text: String| text.replace("flow: asked", &format!("flow: {name}"));
    let (one, two) = (named("one", at("/one", "504")), named("two", at("/two", "202")));
    let trial = project(&[("one", &one), ("two", &two)], &shop);
    let running = trial.start(false);
    let client = Client::of(&running);
    let got = client.post("/one", &[], "{\"id\":\"a\"}");
    assert_eq!((got.status, got.code().as_str()), (504, "R0030"));
    let got = client.post("/two", &[], "{\"id\":\"a\"}");
    assert_eq!(got.status, 202);
    until(&running, "both flows went on", |state| state.counters.done == 2);
    let again = client.post("/one", &[], "{\"id\":\"a\"}");
    assert_eq!((again.status, again.body.as_str()), (201, "{\"got\":41}"), "the answer is there now");
    stopped(running);
}

#[test]
fn a_flow_that_stops_is_told_and_kept() {
    let shop = Hostile::start(vec![Answer::json(400, "{}")]);
    let trial = project(&[("asked", ASKED)], &shop);
    let running = trial.start(false);
    let client = Client::of(&running);
    let got = client.post("/asked", &[], "{\"id\":\"a\"}");
    assert_eq!((got.status, got.code().as_str()), (502, "R0031"));
    until(&running, "it is a dead letter", |state| state.counters.dead_letters() == 1);
    let again = client.post("/asked", &[], "{\"id\":\"a\"}");
    assert_eq!((again.status, again.body), (502, got.body), "who asks again takes no dead letter for success");
    stopped(running);
}

#[test]
fn a_key_that_comes_again_for_another_path_or_query_is_another_request() {
    let cancel = "flow: cancel\nfrom: { http: \"POST /orders/{id}/cancel\" }\nsteps:\n  - { only: 'false' }\n";
    let shop = Hostile::start(vec![Answer::status(500)]);
    let trial = project(&[("cancel", cancel)], &shop);
    let running = trial.start(false);
    let client = Client::of(&running);
    let ask = |path: &str| {
        let got = client.ask(&format!("POST {path}"), &["idempotency-key: c1"], "");
        (got.status, got.code_if_any())
    };
    assert_eq!(ask("/orders/7/cancel"), (202, String::new()));
    assert_eq!(ask("/orders/8/cancel"), (422, "R0025".into()));
    assert_eq!(ask("/orders/7/cancel?why=late"), (422, "R0025".into()));
    assert_eq!(ask("/orders/7/cancel"), (202, String::new()), "the same answer again");
    until(&running, "one was taken", |state| state.counters.taken == 1);
    stopped(running);
}

#[test]
fn what_is_not_served_is_refused_in_words() {
    let shop = Hostile::start(vec![Answer::status(500)]);
    let trial = project(&[("orders", ORDERS)], &shop);
    let running = trial.start(false);
    let client = Client::of(&running);
    let check = |line: &str, headers: &[&str], body: &str, status: u16, code: &str| {
        let got = client.ask(line, headers, body);
        assert_eq!((got.status, got.code().as_str()), (status, code), "{line}: {}", got.body);
        assert!(got.head.contains("content-type: application/problem+json"), "{}", got.head);
        got
    };
    check("POST /nothing", &[], "", 404, "R0020");
    assert!(check("GET /orders", &[], "", 405, "R0021").head.contains("allow: post"));
    check("POST /orders", &["content-type: image/png"], "x", 415, "R0023");
    check("POST /orders", &["content-type: application/json"], "{", 400, "R0022");
    check("POST /orders", &["content-type: application/json"], "{}", 400, "R0008");
    assert_eq!(running.state().counters.taken, 0);
    stopped(running);
}

#[test]
fn a_hostile_sender_costs_a_bounded_time_and_memory() {
    let shop = Hostile::start(vec![Answer::status(500)]);
    let trial = project(&[("orders", ORDERS)], &shop);
    let running = trial.start(false);
    let client = Client::of(&running);
    let check = |bytes: &[u8], expected: &[&str]| {
        let got = client.raw(bytes);
        let status = got.split(' ').nth(1).unwrap_or("closed").to_string();
        assert!(expected.contains(&status.as_str()), "{}: {got}", String::from_utf8_lossy(&bytes[..bytes.len().min(120)]));
    };
    let head = "POST /orders HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n";
    let with = |lines: &str, body: &str| [head.as_bytes(), lines.as_bytes(), b"\r\n\r\n", body.as_bytes()].concat();
    // Oversized: by what it says, and by what it sends.
    check(&with("content-length: 99999999999", ""), &["413"]);
    let chunk = format!("100000\r\n{}\r\n", "x".repeat(0x10_0000)).repeat(11);
    check(&with("transfer-encoding: chunked", &format!("{chunk}0\r\n\r\n")), &["413"]);
    check(&with(&format!("x: {}", "y".repeat(64 << 10)), ""), &["431"]);
    check(&with(&"x: y\r\n".repeat(200), ""), &["431"]);
    // Shapes that smuggle a second request through a proxy.
    check(&with("content-length: 2\r\ncontent-length: 3", "{}"), &["400"]);
    check(&with("transfer-encoding: chunked\r\ntransfer-encoding: identity", "0\r\n\r\n"), &["400"]);
    check(&with("content-length: +2", "{}"), &["400"]);
    check(&with("content-length : 2", "{}"), &["400"]);
    check(&with("transfer-encoding: chunked", "-1\r\n{}\r\n0\r\n\r\n"), &["400"]);
    check(&with("x: a\rb", ""), &["400"]);
    check(b"POST /orders HTTP/1.1\nhost a\n\n", &["400"]);
    check(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", &["400", "closed"]);
    // No host, and two.
    check(b"POST /orders HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}", &["400"]);
    check(&with("host: b\r\ncontent-length: 2", "{}"), &["400"]);
    // Cut inside the body.
    let mut cut = client.open();
    cut.write_all(&with("content-length: 100", "{\"orderId\"")).unwrap();
    drop(cut);
    assert_eq!(client.post("/orders", &[], "{\"orderId\":1}").status, 202, "and everybody else is served");
    until(&running, "that one is taken, and no other", |state| state.counters.taken == 1);
    stopped(running);
}

#[test]
fn the_bound_on_a_head_is_kept_to_the_byte_and_said() {
    let shop = Hostile::start(vec![Answer::status(500)]);
    let own = "flow: own\nfrom: { http: GET /own, reply_within: 5s }\nsteps:\n  - { reply: { fields: { own: '1' } }, status: 431 }\n";
    let trial = project(&[("orders", ORDERS), ("own", own)], &shop);
    let running = trial.start(false);
    let client = Client::of(&running);
    let of_bytes = |bytes: usize| {
        let head = "POST /orders HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 13\r\nx: ";
        let fill = "y".repeat(bytes - head.len() - 4);
        client.raw(format!("{head}{fill}\r\n\r\n{{\"orderId\":1}}").as_bytes())
    };
    const MOST: usize = 32 << 10;
    assert!(of_bytes(MOST).starts_with("HTTP/1.1 202 "));
    for bytes in [MOST + 1, 34 << 10, 40 << 10, 60 << 10, 300 << 10] {
        let got = of_bytes(bytes);
        assert!(got.starts_with("HTTP/1.1 431 ") && got.contains("application/problem+json"), "{bytes}: {got}");
        assert!(got.contains("more than 32768 bytes or 100 headers") && got.contains("\"R0024\""), "{bytes}: {got}");
    }
    let got = client.ask("GET /own", &[], "");
    assert_eq!((got.status, got.body.as_str()), (431, "{\"own\":1}"), "a flow may say so itself");
    stopped(running);
    let kept = spanwright_engine::keep::turned_away(&trial.store_path()).unwrap();
    assert_eq!(kept.iter().map(|kept| kept.status).collect::<Vec<_>>(), [431; 5]);
}

#[test]
fn what_two_readers_may_understand_in_two_ways_is_refused() {
    let shop = Hostile::start(vec![Answer::status(500)]);
    let trial = project(&[("orders", ORDERS)], &shop);
    let running = trial.start(false);
    let client = Client::of(&running);
    let body = "d\r\n{\"orderId\":1}\r\n0\r\n\r\n";
    let check = |lines: &str, status: u16| {
        let head = format!("POST /orders HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{lines}\r\n\r\n{body}");
        let got = client.raw(head.as_bytes());
        assert!(got.starts_with(&format!("HTTP/1.1 {status} ")), "{lines}: {got}");
        assert_eq!(got.contains("\"R0022\""), status != 202, "{lines}: {got}");
    };
    let json = "content-type: application/json";
    check(&format!("{json}\r\ntransfer-encoding: chunked"), 202);
    check(&format!("{json}\r\ntransfer-encoding: gzip, chunked"), 501);
    check(&format!("{json}\r\ntransfer-encoding: gzip\r\ntransfer-encoding: chunked"), 501);
    check(&format!("{json}\r\ntransfer-encoding: chunked, chunked"), 400);
    check(&format!("{json}\r\ncontent-type: text/xml\r\ntransfer-encoding: chunked"), 400);
    check(&format!("{json}\r\n{json}\r\ntransfer-encoding: chunked"), 202);
    stopped(running);
}

#[test]
fn a_stop_answers_those_who_wait_and_closes_the_door() {
    let slow = Answer::Slow(Box::new(Answer::json(200, "{\"number\":41}")), Duration::from_millis(600));
    let shop = Hostile::start(vec![slow]);
    let trial = project(&[("asked", &ASKED.replace("504", "202"))], &shop);
    let running = trial.start(false);
    let client = Client::of(&running);
    let idle = client.open();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| client.post("/asked", &[], "{\"id\":\"a\"}").status);
        until(&running, "it is under way", |state| state.standing.flying == 1);
        running.stop();
        assert_eq!(waiting.join().unwrap(), 202, "it is kept, and goes on at the next start");
    });
    assert_eq!(wait(running).why, Why::Stopped { unheard: 0 });
    assert!(TcpStream::connect(client.to).is_err(), "nobody listens any more");
    drop(idle);
}

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

/// A certificate and its key, made by OpenSSL for `localhost`.
fn certificate(folder: &std::path::Path, name: &str) -> (String, String) {
    let path = |ending: &str| folder.join(format!("{name}.{ending}")).to_str().unwrap().to_string();
    let (cert, key) = (path("crt"), path("key"));
    let made = std::process::Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj"])
        .args([&format!("/CN={name}"), "-addext", "subjectAltName=DNS:localhost", "-keyout", &key, "-out", &cert])
        .output()
        .expect("openssl is installed");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    (cert, key)
}

#[test]
fn tls_shows_a_certificate_that_is_read_again_when_it_changes() {
    let shop = Hostile::start(vec![Answer::json(200, "{}")]);
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = certificate(folder.path(), "served");
    let (other_cert, other_key) = certificate(folder.path(), "other");
    let first = folder.path().join("first.crt");
    std::fs::copy(&cert, &first).unwrap();
    let mut trial = project(&[("orders", ORDERS)], &shop);
    let listen = "listen: { http: \"127.0.0.1:0\", tls: { cert: \"${CERT}\", key: \"${KEY}\", client_ca: \"${CERT}\" } }";
    trial.edit("spanwright.yaml", "listen: { http: \"127.0.0.1:0\" }", listen);
    trial.edit("spanwright.yaml", "the shop }", "the shop }, CERT: { about: certificate }, KEY: { about: key }");
    trial.variables.extend([("CERT".to_string(), cert.clone()), ("KEY".to_string(), key.clone())]);
    let running = trial.start(false);
    let port = running.address().unwrap().port();
    let post = |ca: &std::path::Path| {
        let out = std::process::Command::new("curl")
            .args(["--silent", "--max-time", "20", "--write-out", "%{http_code}", "--output", "/dev/null", "--cacert"])
            .arg(ca)
            .args(["--header", "content-type: application/json", "--data", "{\"orderId\":7}", "--resolve"])
            .args([format!("localhost:{port}:127.0.0.1"), format!("https://localhost:{port}/orders")])
            .output()
            .expect("curl is installed");
        String::from_utf8_lossy(&out.stdout).into_owned()
    };
    assert_eq!(post(&first), "202");
    assert_eq!(post(std::path::Path::new(&other_cert)), "000", "and no other is shown");
    std::fs::copy(&other_cert, &cert).unwrap();
    assert_eq!(post(&first), "202", "half of a new pair leaves the old one");
    std::fs::copy(&other_key, &key).unwrap();
    assert_eq!(post(std::path::Path::new(&other_cert)), "202");
    stopped(running);
}

/// What a proxy in front and we could read differently: one request to the one, two to the other.
#[test]
fn no_door_takes_a_request_that_another_reader_would_read_otherwise() {
    let shop = Hostile::start(vec![Answer::status(500)]);
    let paid = "flow: paid\nfrom: { webhook: pay }\nsteps: [ { send: shop.place } ]\n";
    let trial = with_hooks(HOOKS, &[("orders", ORDERS), ("prices", PRICES), ("paid", paid)], &shop);
    let running = trial.start(false);
    let client = Client::of(&running);
    let inner = "GET /prices/smuggled HTTP/1.1\r\nhost: a\r\n\r\n";
    let shapes = [
        ("two lengths", format!("content-length: 2\r\ncontent-length: {}", inner.len()), inner.to_string()),
        ("two lengths in one line", format!("content-length: 2, {}", inner.len()), inner.to_string()),
        ("length and chunks", "content-length: 5\r\ntransfer-encoding: chunked".into(), format!("0\r\n\r\n{inner}")),
        ("chunks and length", "transfer-encoding: chunked\r\ncontent-length: 5".into(), format!("0\r\n\r\n{inner}")),
        ("chunks that are none", "transfer-encoding: xchunked".into(), inner.to_string()),
        ("chunks not last", "transfer-encoding: chunked, identity".into(), format!("0\r\n\r\n{inner}")),
        ("chunks with a blank before the colon", "transfer-encoding : chunked".into(), format!("0\r\n\r\n{inner}")),
        ("chunks behind a vertical tab", "transfer-encoding:\x0bchunked".into(), format!("0\r\n\r\n{inner}")),
        ("a folded line", format!("x: a\r\n content-length: {}", inner.len()), inner.to_string()),
        ("a folded coding", "transfer-encoding:\r\n chunked".into(), format!("0\r\n\r\n{inner}")),
        ("a line that ends in CR alone", "x: a\rtransfer-encoding: chunked".into(), format!("0\r\n\r\n{inner}")),
        ("a name with a NUL", "x\0: a\r\ncontent-length: 0".into(), inner.to_string()),
        ("a negative length", "content-length: -1".into(), inner.to_string()),
        ("a length in hex", "content-length: 0x2".into(), inner.to_string()),
        ("a length of 2^64 and more", "content-length: 18446744073709551618".into(), inner.to_string()),
        ("a chunk's line that ends in LF alone", "transfer-encoding: chunked".into(), format!("0\n\n{inner}")),
        ("a chunk longer than it says", "transfer-encoding: chunked".into(), format!("2\r\n{{}}xx\r\n0\r\n\r\n{inner}")),
        ("a chunk with a newline in its extension", "transfer-encoding: chunked".into(), format!("2;a\nb\r\n{{}}\r\n0\r\n\r\n{inner}")),
    ];
    for path in ["/orders", "/in/pay"] {
        for (what, lines, body) in &shapes {
            let got = client
                .raw(format!("POST {path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n{lines}\r\n\r\n{body}").as_bytes());
            let answers = got.matches("HTTP/1.1 ").count();
            let refused = ["400", "401", "413", "431"].iter().any(|status| got.starts_with(&format!("HTTP/1.1 {status}")));
            assert!(answers == 1 && refused && !got.contains("smuggled"), "{path}, {what}: {got}");
        }
    }
    assert_eq!(running.state().counters.taken, 0);
    stopped(running);
}
