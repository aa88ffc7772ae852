#![allow(clippy::unwrap_used)]

use spanwright_core::{
    connector::{Blame, Confirm, QueueRequest, Reached, Word},
    fact::Moment,
    settings::{OperationSettings, QueueSettings},
};
use spanwright_shape::{
    room::Room,
    text::{FileId, Scalar, Span},
};

use super::*;

fn operation(name: &str, is_exchange: bool) -> OperationSettings {
    let queue = QueueSettings { name: Scalar::made(name), is_exchange, kind: None, schema: None, format: None, bind: Vec::new() };
    OperationSettings { queue: Some(queue), ..OperationSettings::named(Scalar::made(name)) }
}

fn rabbit(url: &str) -> Arc<dyn System> {
    let settings = SystemSettings {
        name: "rabbit".into(),
        kind: "amqp".into(),
        at: Span { file: FileId(0), from: 0, to: 0 },
        schema: None,
        url: Some(Template::parse(url)),
        zone: None,
        auth: Auth::None,
        correlation: "x".into(),
        operations: vec![operation("jobs", false), operation("events", true)],
    };
    let mut problems = Problems::new();
    Amqp.system(&settings, &Bundle::new([]), &mut problems).unwrap()
}

fn with() -> With<'static> {
    With { now: Moment(0), variable: &|_| None, token: None, request_key: "batch", outcomes: &[], validator: None }
}

fn call<'a>(with: Value<'a>) -> Call<'a> {
    Call { key: "k-1", with, body: Some(b"{\"id\":7}"), proved: false, correlation: "c-1", trace: "00-1" }
}

/// What a word of the broker about one message means.
#[track_caller]
fn check(operation: usize, confirm: Confirm, expected: &str) {
    let (system, confirms) = (rabbit("amqp://localhost"), [confirm]);
    let heard = Heard::Queue(QueueHeard::Confirmed(&confirms));
    let verdict = system.hear(operation, &[call(Value::Record(&[]))], heard, &with(), Answers::Drop);
    let outcome = match &verdict.outcomes[0] {
        Outcome::Delivered(_) => "delivered".to_string(),
        Outcome::Later { why, blame: Blame::System, .. } => format!("later {}", why.code.id),
        Outcome::Later { why, blame: Blame::Either, .. } => format!("later, whoever {}", why.code.id),
        Outcome::Later { why, blame: Blame::Message, .. } => format!("later alone {}", why.code.id),
        Outcome::Unknown(why) => format!("unknown {}", why.code.id),
        Outcome::Never(why) => format!("never {}", why.code.id),
    };
    let word = match verdict.system {
        None => "",
        Some(Word::Pause(_)) => ", pause",
        Some(Word::Credentials(_)) => ", credentials",
        Some(Word::Gone(_)) => ", gone",
    };
    assert_eq!(outcome + word, expected);
}

#[test]
fn a_brokers_word_about_a_message_says_what_follows() {
    let words = || "words".to_string();
    for (operation, unrouted) in [(0, "later R5002"), (1, "never R5003")] {
        check(operation, Confirm::Taken, "delivered");
        check(operation, Confirm::NotTaken, "later R5001");
        check(operation, Confirm::Returned(words()), unrouted);
        check(operation, Confirm::Blocked(words()), "later R5001, pause");
        check(operation, Confirm::Refused(404, words(), Reached::No), "later R5002");
        check(operation, Confirm::Refused(403, words(), Reached::No), "later R5001, credentials");
        check(operation, Confirm::Refused(311, words(), Reached::No), "never R5004");
        check(operation, Confirm::Refused(320, words(), Reached::No), "unknown R5005");
        // Of several that were on their way nobody knows which one was meant.
        check(operation, Confirm::Refused(404, words(), Reached::Maybe), "later R5002");
        check(operation, Confirm::Refused(403, words(), Reached::Maybe), "unknown R5005, credentials");
        check(operation, Confirm::Refused(311, words(), Reached::Maybe), "unknown R5005");
        check(operation, Confirm::Lost(Reached::No, words()), "later R5001");
        check(operation, Confirm::Lost(Reached::Maybe, words()), "unknown R5005");
    }
}

fn asked(url: &str, operation: usize, with_: &str) -> String {
    let (system, room) = (rabbit(url), Room::new());
    let parameters = json::read(with_.as_bytes(), &room).unwrap();
    match system.ask(operation, &[call(parameters)], &with()) {
        Ok(Request::Queue(QueueRequest::Publish { broker, exchange, messages })) => {
            let message = &messages[0];
            let body = String::from_utf8_lossy(&message.body);
            format!("{broker:?} `{exchange}` `{}` {} {} {body}", message.routing_key, message.id, message.correlation)
        }
        Ok(other) => format!("{other:?}"),
        Err(Refusal::System(why) | Refusal::Call(_, why)) => format!("{} {}", why.code.id, why.says),
    }
}

#[test]
fn a_message_goes_to_its_queue_by_name_or_to_its_exchange_by_routing_key() {
    assert_eq!(
        asked("amqp://rabbit.example.com/shop%2Feu", 0, "{}"),
        "Broker(guest at rabbit.example.com:5672/shop/eu, tls: false) `` `jobs` k-1 c-1 {\"id\":7}"
    );
    assert_eq!(
        asked("amqps://[::1]:7000", 1, "{\"routing_key\":\"order.new\"}"),
        "Broker(guest at ::1:7000//, tls: true) `events` `order.new` k-1 c-1 {\"id\":7}"
    );
}

#[test]
fn an_address_that_cannot_be_is_told_without_what_may_be_secret() {
    for url in ["amqp://me:secret@host", "https://secret", "secret", "amqp://host:secret", "amqp:///secret"] {
        let said = asked(url, 0, "{}");
        assert!(said.contains("`url:` of the system `rabbit`") && !said.contains("secret"), "{said}");
    }
}
