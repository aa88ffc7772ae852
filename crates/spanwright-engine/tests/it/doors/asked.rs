//! A request becomes a message: kept before it is answered, done once, replied to; and a stop with senders that wait.

use super::*;

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
fn who_has_no_key_is_known_by_what_is_said() {
    let shop = Hostile::start(vec![Answer::json(200, "{}")]);
    let trial = project(&[("orders", &ORDERS.replace("key: .orderId", "key: .orderId, once: tojson | sha256"))], &shop);
    let running = trial.start(false);
    let client = Client::of(&running);
    for body in ["{\"orderId\":7,\"total\":1}", "{\"orderId\":7, \"total\": 1}", "{\"orderId\":7,\"total\":2}"] {
        assert_eq!(client.post("/orders", &[], body).status, 202, "{body}");
    }
    until(&running, "it is over", |state| state.standing.open == 0 && state.counters.delivered >= 2);
    let sent: Vec<String> = shop.received().iter().map(|request| request.text()).collect();
    assert_eq!(sent, ["{\"orderId\":7,\"total\":1}", "{\"orderId\":7,\"total\":2}"]);
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
