//! What a life of the process leaves to the next: a breaker that is open, and a call that nobody heard of when its time was up.

#![allow(clippy::unwrap_used)]

use std::{
    fs,
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use spanwright_world::{Answer, Hostile, Received};

use crate::{
    bad_days::{ask, end, until},
    kills::Place,
    project::ran,
};

/// The project of the crash tests, whose orders go to this peer, of which this is said too.
fn before(peer: &Hostile, said: &str) -> Place {
    let place = Place::new(0, Duration::from_millis(1));
    for flow in ["changes", "pairs"] {
        fs::remove_file(place.path().join(format!("flows/{flow}.yaml"))).unwrap();
    }
    let till =
        format!("system: till\nhttp:\nurl: \"{}\"\n{said}operations: {{ take: {{ post: /take, key: Idempotency-Key }} }}\n", peer.url());
    fs::write(place.path().join("systems/till.yaml"), till).unwrap();
    fs::remove_file(place.path().join("schemas/till.openapi.yaml")).unwrap();
    let project = fs::read_to_string(place.path().join("spanwright.yaml")).unwrap();
    let project: String = project.lines().filter(|line| !line.contains("TILL_URL")).map(|line| format!("{line}\n")).collect();
    fs::write(place.path().join("spanwright.yaml"), project).unwrap();
    place
}

fn brings(place: &Place, path: &str, id: &str) {
    assert_eq!(ask(place, "POST", path, &format!("{{\"id\":\"{id}\",\"account\":\"{id}\"}}")).0, 202);
}

/// So long is a breaker open.
const OPEN: Duration = Duration::from_secs(6);

#[test]
fn a_breaker_that_was_open_when_it_was_killed_is_open_after_the_start_and_until_its_time() {
    let (asked, well) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
    let (times, is_well) = (asked.clone(), well.clone());
    let peer = Hostile::start(vec![Answer::By(Arc::new(move |_: &Received| {
        times.lock().unwrap().push(Instant::now());
        if is_well.load(Ordering::Acquire) { Answer::json(200, "{}") } else { Answer::status(503) }
    }))]);
    let place = before(&peer, "retry: { first: 20ms, longest: 50ms }\nbreaker: { failures: 50%, of: 2, hold: 6s, longest: 6s }\n");
    let running = place.start();
    ["1", "2", "3"].iter().for_each(|id| brings(&place, "/orders", id));
    let times = || asked.lock().unwrap().clone();
    until("the breaker opens", || times().len() >= 2);
    // That it is open is on the disk, and nobody is asked any more.
    thread::sleep(Duration::from_millis(700));
    let tried = times().len();
    end(running);
    well.store(true, Ordering::Release);
    let running = place.start();
    brings(&place, "/orders", "4");
    until("it is asked again", || times().len() > tried);
    let after = times()[tried] - times()[1];
    assert!(after >= OPEN - Duration::from_millis(200) && after < OPEN + Duration::from_secs(10), "tried again after {after:?}");
    until("all are delivered", || times().len() == tried + 4);
    let open = ran(place.command(&["messages", "--state", "open"]).stdout(Stdio::piped()));
    until("nothing is open", || !ran(place.command(&["messages", "--state", "open"]).stdout(Stdio::piped())).out.contains("orders"));
    assert_eq!(open.code, 0, "{}{}", open.out, open.err);
    assert_eq!(times().len(), tried + 4, "each once");
    end(running);
}

/// What may not be asked twice, and of which nobody can be asked whether it happened.
const PAID: &str = "flow: paid
from: { http: POST /paid, key: .id }
steps:
  - { call: bank.pay, body: { fields: { id: .id } } }
";

/// It has 25 s after a stop.
const ENDS_WITHIN: Duration = Duration::from_secs(35);

#[test]
fn a_stop_ends_in_its_time_though_calls_hang_and_the_next_life_knows_of_them() {
    let till = Hostile::start(vec![Answer::HangAfterReading, Answer::json(200, "{}")]);
    let bank = Hostile::start(vec![Answer::HangAfterReading, Answer::json(200, "{}")]);
    let place = before(&till, "limits: { timeout: 5m }\n");
    let system =
        format!("system: bank\nhttp:\nurl: \"{}\"\nlimits: {{ timeout: 5m }}\noperations: {{ pay: {{ post: /pay }} }}\n", bank.url());
    fs::write(place.path().join("systems/bank.yaml"), system).unwrap();
    fs::write(place.path().join("flows/paid.yaml"), PAID).unwrap();
    let mut running = place.start();
    brings(&place, "/orders", "1");
    brings(&place, "/paid", "2");
    until("both are asked", || till.received().len() == 1 && bank.received().len() == 1);
    let began = Instant::now();
    assert!(Command::new("kill").args(["-TERM", &running.id().to_string()]).status().unwrap().success());
    let ended = loop {
        match running.try_wait().unwrap() {
            Some(ended) => break ended,
            None => assert!(began.elapsed() < ENDS_WITHIN, "it does not end"),
        }
        thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(ended.code(), Some(0));
    assert!(began.elapsed() > Duration::from_secs(20), "what is in flight has its time: {:?}", began.elapsed());
    let running = place.start();
    until("the one under a key is asked again", || till.received().len() == 2);
    let asked = till.received();
    assert_eq!(asked[0].header("idempotency-key"), asked[1].header("idempotency-key"));
    let dead = || ran(place.command(&["dead-letters", "--format", "json"]).stdout(Stdio::piped())).out;
    until("a person is told of the other one", || dead().contains("paid"));
    until("the one is done", || !ran(place.command(&["messages", "--state", "open"]).stdout(Stdio::piped())).out.contains("orders"));
    assert!(dead().contains("uncertain") && bank.received().len() == 1, "{}", dead());
    end(running);
}
