//! Sessions: one login for all calls, renewed when the system has forgotten it, refused where it is refused.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use spanwright_engine::shell::Why;
use spanwright_world::{Answer, Hostile, Received};

use crate::trial::Trial;

const PROJECT: &str = "project: shop
vars: { SHOP_URL: { about: the shop }, SHOP_PASSWORD: { about: the password, secret: true } }
";
const SHOP: &str = "system: shop
http:
url: \"${SHOP_URL}\"
auth:
  login: login
  with: { user: sync, credentials.password: \"${SHOP_PASSWORD}\" }
  take: .session.token
  put: x-session
retry: { tries: 2, first: 10ms, longest: 10ms }
operations:
  login: { post: /login }
  changed: { get: /changed, safe: true }
  put: { put: \"/orders/{id}\", key: Idempotency-Key }
";
const FLOW: &str = "flow: orders
from: { poll: shop.changed, every: 1h, each: .orders, key: .id }
steps:
  - { send: shop.put, with: { id: .id } }
";

/// A shop that forgets its first session after some calls.
fn shop(forgets: bool, logins: Arc<AtomicUsize>) -> Hostile {
    let calls = AtomicUsize::new(0);
    Hostile::start(vec![Answer::By(Arc::new(move |asked: &Received| {
        if asked.path == "/login" {
            let n = logins.fetch_add(1, Ordering::Relaxed) + 1;
            let right = asked.text() == r#"{"user":"sync","credentials":{"password":"open sesame"}}"#;
            return if right {
                Answer::json(200, &format!(r#"{{"session":{{"token":"s-{n}-secret"}}}}"#))
            } else {
                Answer::json(401, "{}")
            };
        }
        let session = asked.header("x-session").unwrap_or_default().to_string();
        let forgotten = forgets && session == "s-1-secret" && calls.fetch_add(1, Ordering::Relaxed) >= 2;
        match (session.starts_with("s-") && !forgotten, asked.path.as_str()) {
            (false, _) => Answer::json(401, r#"{"error":"no session"}"#),
            (true, "/changed") => Answer::json(200, r#"{"orders":[{"id":"1"},{"id":"2"},{"id":"3"},{"id":"4"}]}"#),
            (true, _) => Answer::json(200, "{}"),
        }
    }))])
}

fn trial(shop: &Hostile, password: &str) -> Trial {
    let files = [("spanwright.yaml", PROJECT), ("systems/shop.yaml", SHOP), ("flows/orders.yaml", FLOW)];
    let mut trial = Trial::of(files.iter().map(|(path, text)| (path.to_string(), text.as_bytes().to_vec())).collect::<BTreeMap<_, _>>());
    trial.variables.insert("SHOP_URL".into(), shop.url());
    trial.variables.insert("SHOP_PASSWORD".into(), password.into());
    trial
}

#[test]
fn one_login_serves_all_calls() {
    let logins = Arc::new(AtomicUsize::new(0));
    let shop = shop(false, logins.clone());
    let trial = trial(&shop, "open sesame");
    let ended = trial.once();
    assert_eq!((ended.why, ended.state.counters.done, logins.load(Ordering::Relaxed)), (Why::Drained, 4, 1));
    let log = trial.log_text();
    assert!(!log.contains("s-1-secret") && !log.contains("open sesame"), "a session and a password are secrets");
}

#[test]
fn a_session_that_was_forgotten_is_renewed_once_and_costs_no_try() {
    let logins = Arc::new(AtomicUsize::new(0));
    let shop = shop(true, logins.clone());
    let ended = trial(&shop, "open sesame").once();
    assert_eq!((ended.why, ended.state.counters.done, logins.load(Ordering::Relaxed)), (Why::Drained, 4, 2));
    assert_eq!((ended.state.counters.retried, ended.state.counters.dead_letters()), (0, 0));
}

#[test]
fn a_login_that_is_refused_holds_the_system_and_no_message() {
    let logins = Arc::new(AtomicUsize::new(0));
    let shop = shop(false, logins.clone());
    let ended = trial(&shop, "wrong").once();
    assert!(matches!(&ended.why, Why::CredentialsRefused(systems) if systems[0].contains("R2018 the login of shop")), "{:?}", ended.why);
    assert_eq!(ended.state.counters.dead_letters(), 0);
}
