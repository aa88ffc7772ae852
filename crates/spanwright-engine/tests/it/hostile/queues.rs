//! Brokers that give badly and take badly: what is kept of it, and what is sent again.

use std::{collections::BTreeMap, net::TcpStream, thread, time::Duration};

use spanwright_world::{Answer, Hostile, hostile::page};

use super::broker::{
    Given, Treat, closes, confirms, greets_a_reader, greets_a_sender, is_sent_one, linger, method, prefetch_of, say, say_slowly, serve,
    start, tune,
};
use crate::{
    doors::Client,
    trial::{Trial, until, wait},
};

const BODY: &[u8] = br#"{"id":"1"}"#;
/// More than a message may have.
const TOO_LONG: usize = (16 << 20) + 1;

fn one() -> Given<'static> {
    Given { tag: 1, id: "m-1", body: BODY, ..Given::default() }
}

fn gives_well(stream: &mut TcpStream) {
    say(stream, &[greets_a_reader(), one().bytes()].concat());
    linger(stream);
}

fn takes_well(stream: &mut TcpStream) {
    say(stream, &greets_a_sender());
    let mut tag = 0;
    while is_sent_one(stream) {
        tag += 1;
        say(stream, &confirms(80, tag));
    }
}

/// Says this and ends the connection.
fn ends(bytes: Vec<u8>) -> Treat {
    Box::new(move |stream| say(stream, &bytes))
}

/// Gives this in a connection that lives on.
fn gives(messages: &[Given<'_>]) -> Treat {
    let bytes = [greets_a_reader(), messages.iter().flat_map(Given::bytes).collect()].concat();
    Box::new(move |stream| {
        say(stream, &bytes);
        linger(stream);
    })
}

/// Gives one well, says this and ends the connection.
fn gives_one_and(bytes: Vec<u8>) -> Treat {
    ends([greets_a_reader(), one().bytes(), bytes].concat())
}

/// When the first message was sent, says this and ends the connection.
fn answers(bytes: Vec<u8>) -> Treat {
    Box::new(move |stream| {
        say(stream, &greets_a_sender());
        if is_sent_one(stream) {
            say(stream, &bytes);
        }
    })
}

fn torn() -> Vec<u8> {
    let mut torn = Given { tag: 2, id: "m-2", ..one() }.bytes();
    *torn.last_mut().unwrap() = 7;
    torn
}

fn cut() -> Vec<u8> {
    let mut cut = Given { tag: 2, id: "m-2", ..one() }.bytes();
    cut.truncate(cut.len() - 6);
    cut
}

fn giving() -> Vec<(&'static str, Treat)> {
    let badly = |body: &'static [u8]| gives(&[Given { body, ..one() }]);
    vec![
        ("it is silent", Box::new(linger)),
        ("it closes at once", ends(Vec::new())),
        ("it speaks HTTP", ends(b"HTTP/1.1 426 Upgrade Required\r\n\r\n".to_vec())),
        ("its greeting is cut", ends([start(), tune()[..5].to_vec()].concat())),
        ("it refuses our credentials", ends([start(), closes(10, 403, "ACCESS_REFUSED")].concat())),
        ("it has no such queue", ends([greets_a_reader(), closes(20, 404, "NOT_FOUND")].concat())),
        (
            "it is slow, and good",
            Box::new(|stream| {
                say_slowly(stream, &[greets_a_reader(), one().bytes()].concat());
                linger(stream);
            }),
        ),
        ("one message, and one that is cut", gives_one_and(cut())),
        ("one message, and one whose frame does not end", gives_one_and(torn())),
        ("one message, and the body of none", gives_one_and(b"\x03\x00\x01\x00\x00\x00\x02{}\xce".to_vec())),
        ("one message, and it deletes the queue", gives_one_and(method(1, 60, 30, b"\x02us\x01"))),
        ("one message, and a restart", gives_one_and(closes(10, 320, "CONNECTION_FORCED"))),
        ("the same message twice", gives(&[one(), Given { tag: 2, ..one() }])),
        ("two without an id that say the same", gives(&[Given { id: "", ..one() }, Given { id: "", tag: 2, ..one() }])),
        ("`image/png`", gives(&[Given { content_type: "image/png", ..one() }])),
        ("JSON as `text/plain`", gives(&[Given { content_type: "text/plain", ..one() }])),
        ("a packed body", gives(&[Given { content_encoding: "gzip", ..one() }])),
        ("half a document", badly(b"{\"id\":")),
        ("content behind the document", badly(b"{\"id\":\"1\"}{}")),
        ("no body", badly(b"")),
        ("invalid UTF-8", badly(b"{\"id\":\"\xff\"}")),
        ("a message of 16 MiB and a byte", gives(&[Given { body: &vec![b' '; TOO_LONG], ..one() }])),
        ("a message that was given 19 times before", gives(&[Given { given_before: 19, ..one() }])),
        ("a message that was given 20 times before", gives(&[Given { given_before: 20, ..one() }])),
        (
            "a `correlation-id` with a line break, which goes on as a header of HTTP",
            gives(&[Given { correlation: "a\r\nx-role: admin", ..one() }]),
        ),
    ]
}

fn taking() -> Vec<(&'static str, Treat)> {
    vec![
        ("it is silent", Box::new(linger)),
        ("it closes at once", ends(Vec::new())),
        ("it refuses our credentials", ends([start(), closes(10, 403, "ACCESS_REFUSED")].concat())),
        (
            "it confirms late",
            Box::new(|stream| {
                say_slowly(stream, &greets_a_sender());
                while is_sent_one(stream) {
                    thread::sleep(Duration::from_millis(150));
                    say(stream, &confirms(80, 1));
                }
            }),
        ),
        (
            "it confirms nothing",
            Box::new(|stream| {
                say(stream, &greets_a_sender());
                linger(stream);
            }),
        ),
        ("it confirms what nobody sent", answers(confirms(80, 9))),
        ("it closes when it has the message", answers(Vec::new())),
        ("it answers with half a frame", answers(confirms(80, 1)[..9].to_vec())),
        ("it could not take the message", answers(confirms(120, 1))),
        ("it restarts when it has the message", answers(closes(10, 320, "CONNECTION_FORCED"))),
        ("there is no such exchange", answers(closes(20, 404, "NOT_FOUND"))),
        ("it finds the message too large", answers(closes(20, 311, "CONTENT_TOO_LARGE"))),
        (
            "it is short of memory, and blocks us",
            Box::new(|stream| {
                say(stream, &[greets_a_sender(), method(0, 10, 60, b"\x06memory")].concat());
                linger(stream);
            }),
        ),
    ]
}

fn system(name: &str, port: u16) -> String {
    // Who gets no answer waits for it no longer than it must.
    let limits = "limits: { timeout: 900ms }\nretry: { tries: 4, first: 20ms, longest: 20ms }\nbreaker: { of: 1000 }";
    format!("system: {name}\namqp:\nurl: \"amqp://127.0.0.1:{port}\"\n{limits}\noperations: {{ jobs: {{ queue: jobs }} }}\n")
}

fn trial(http: &Hostile) -> Trial {
    let mut files = BTreeMap::new();
    let project = "project: queues\nlisten: { http: \"127.0.0.1:0\" }\nvars: { URL: { about: a server } }\n";
    files.insert("spanwright.yaml".to_string(), project.to_string());
    files.insert(
        "systems/next.yaml".into(),
        "system: next\nhttp:\nurl: \"${URL}\"\nretry: { tries: 2, first: 20ms }\noperations: { put: { post: /next } }\n".into(),
    );
    for (n, (_, treat)) in giving().into_iter().enumerate() {
        let name = format!("in{n}");
        files.insert(format!("systems/{name}.yaml"), system(&name, serve(treat, gives_well)));
        let flow = format!("flow: {name}\nfrom: {{ queue: {name}.jobs }}\nsteps: [ {{ send: next.put }} ]\n");
        files.insert(format!("flows/{name}.yaml"), flow);
    }
    for (n, (_, treat)) in taking().into_iter().enumerate() {
        let name = format!("out{n}");
        files.insert(format!("systems/{name}.yaml"), system(&name, serve(treat, takes_well)));
        files.insert(
            format!("flows/{name}.yaml"),
            format!("flow: {name}\nfrom: {{ http: POST /{name} }}\nsteps: [ {{ send: {name}.jobs }} ]\n"),
        );
    }
    let mut trial = Trial::of(files.into_iter().map(|(path, text)| (path, text.into_bytes())).collect());
    trial.variables.insert("URL".into(), http.url());
    trial
}

/// A reading that was broken off because we end.
fn is_stop(line: &serde_json::Value) -> bool {
    line.to_string().contains("we were stopped")
}

/// What the log says.
struct Told {
    lines: Vec<serde_json::Value>,
}

impl Told {
    fn of<'t>(&'t self, action: &'t str, label: &'t str, value: &'t str) -> impl Iterator<Item = &'t serde_json::Value> {
        self.lines.iter().filter(move |line| line["event.action"] == action && line["labels"][label] == value)
    }

    /// `R5001, R5002: 1 done; dead letters: R0015`
    fn given(&self, n: usize) -> Option<String> {
        let (flow, source) = (format!("in{n}"), format!("in{n}.source"));
        let mut failed: Vec<&str> =
            self.of("poll-failed", "source", &source).filter(|line| !is_stop(line)).map(super::answers::code).collect();
        failed.dedup();
        let failed = if failed.is_empty() { "-".to_string() } else { failed.join(", ") };
        if self.of("credentials-refused", "system", &flow).next().is_some() {
            return Some(format!("{failed}: held for a person"));
        }
        let ended: Vec<_> = self.of("run-ended", "flow", &flow).collect();
        let dead: Vec<&str> =
            ended.iter().filter(|line| line["event.outcome"] != "success").map(|line| super::answers::code(line)).collect();
        let done = ended.len() - dead.len();
        let letters = if dead.is_empty() { String::new() } else { format!("; dead letters: {}", dead.join(", ")) };
        (!ended.is_empty()).then(|| format!("{failed}: {done} taken{letters}"))
    }

    fn sent(&self, n: usize) -> Option<String> {
        let flow = format!("out{n}");
        if self.of("credentials-refused", "system", &flow).next().is_some() {
            return Some("-: held for a person".to_string());
        }
        let attempts: Vec<String> = self.of("attempt", "flow", &flow).map(super::answers::outcome).collect();
        let end = self.of("run-ended", "flow", &flow).map(super::answers::ending).next()?;
        let told: Vec<String> = attempts.chunk_by(|one, next| one == next).map(times).collect();
        Some(format!("{}: {end}", told.join(", ")))
    }
}

/// The same so often that their number is a matter of time is told once.
fn times(same: &[String]) -> String {
    if same.len() > 4 { format!("{}, again and again", same[0]) } else { same.join(", ") }
}

/// Gives as many as it is told that it may: two that are too long, and behind them one that is not.
fn gives_as_many_as_may_be(stream: &mut TcpStream) {
    say(stream, &greets_a_reader());
    let places = prefetch_of(stream);
    let long = vec![b' '; TOO_LONG];
    let all = [
        Given { tag: 1, id: "long-1", body: &long, ..Given::default() },
        Given { tag: 2, id: "long-2", body: &long, ..Given::default() },
        Given { tag: 3, ..one() },
    ];
    all.iter().take(places).for_each(|given| say(stream, &given.bytes()));
    linger(stream);
}

#[test]
fn messages_that_are_too_long_do_not_keep_the_others_waiting() {
    let port = serve(Box::new(gives_as_many_as_may_be), gives_as_many_as_may_be);
    let flow = "flow: jobs\nfrom: { queue: rabbit.jobs, prefetch: 1 }\nsteps: [ { only: 'false' } ]\n";
    let files = [
        ("spanwright.yaml", "project: queues\n".to_string()),
        ("systems/rabbit.yaml", system("rabbit", port)),
        ("flows/jobs.yaml", flow.into()),
    ];
    let trial = Trial::of(files.into_iter().map(|(path, text)| (path.to_string(), text.into_bytes())).collect());
    let running = trial.start(false);
    until(&running, "the one behind them is taken", |state| state.counters.skipped.filtered == 1);
    running.stop();
    let state = wait(running).state;
    assert_eq!((state.counters.dead_letters(), state.counters.dead.get("R0015")), (2, Some(&2)), "each is told of once");
}

#[test]
fn whatever_a_broker_does_no_message_is_lost_and_each_is_known_by_its_id() {
    let http = Hostile::start(vec![Answer::json(200, "{}")]);
    let trial = trial(&http);
    let running = trial.start(false);
    let client = Client { to: running.address().unwrap() };
    let (giving, taking) = (giving(), taking());
    for n in 0..taking.len() {
        assert_eq!(client.post(&format!("/out{n}"), &[], r#"{"id":"1"}"#).status, 202);
    }
    let told = |trial: &Trial| Told { lines: trial.log_text().lines().filter_map(|line| serde_json::from_str(line).ok()).collect() };
    until(&running, "each is settled, or held", |_| {
        thread::sleep(Duration::from_millis(200));
        let told = told(&trial);
        (0..giving.len()).all(|n| told.given(n).is_some()) && (0..taking.len()).all(|n| told.sent(n).is_some())
    });
    // Who gives something twice has had the time for it.
    thread::sleep(Duration::from_secs(1));
    running.stop();
    wait(running);
    let told = told(&trial);
    let rows = |what: Vec<&'static str>, words: &dyn Fn(usize) -> Option<String>| -> Vec<Vec<String>> {
        what.iter().enumerate().map(|(n, what)| vec![what.to_string(), words(n).unwrap()]).collect()
    };
    let given = rows(giving.iter().map(|(what, _)| *what).collect(), &|n| told.given(n));
    let sent = rows(taking.iter().map(|(what, _)| *what).collect(), &|n| told.sent(n));
    assert!(http.received().iter().all(|request| request.header("x-role").is_none()), "no header is made of another one's value");
    page::check("Queues that are read", &["what the broker does first", "what follows"], &given);
    page::check("Queues and exchanges that are written", &["what the broker does first", "attempts, and end"], &sent);
}
