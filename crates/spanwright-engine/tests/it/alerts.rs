//! People are told: over the real wire, once a cause, through a restart, and when it is over; a channel that refuses is seen.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use spanwright_core::{
    desk::Order,
    fact::{RunId, StoreFault},
};
use spanwright_engine::shell::Why;
use spanwright_world::{Answer, Hostile};

use crate::{
    disk::Faulty,
    trial::{Trial, until, wait},
};

const OPS: &str = "alerts: { ops: { slack: \"${SLACK_URL}\" } }\nvars:\n  SLACK_URL: { about: who is told, secret: true }\n";

/// Customers that the CRM refuses, and somebody who is told.
fn world(crm: Answer, customers: u64, channel: Answer) -> (Trial, [Hostile; 3]) {
    let hosts = [Hostile::start(vec![Answer::customers(customers)]), Hostile::start(vec![crm]), Hostile::start(vec![channel])];
    let mut trial = Trial::between(&hosts[0], &hosts[1]);
    trial.edit("spanwright.yaml", "vars:\n", OPS);
    trial.variables.insert("SLACK_URL".into(), format!("{}/services/T0/B0/secret-part", hosts[2].url()));
    (trial, hosts)
}

fn texts(channel: &Hostile) -> Vec<String> {
    let text = |body: &str| serde_json::from_str::<serde_json::Value>(body).unwrap()["text"].as_str().unwrap().to_string();
    channel.received().iter().map(|request| text(&request.text())).collect()
}

#[test]
fn dead_letters_are_one_alert_that_outlives_a_restart_and_is_over_when_they_are_seen_to() {
    let (mut trial, [_erp, _crm, channel]) = world(Answer::all_contacts(422), 3, Answer::of(200, "text/html", "ok"));
    assert_eq!(trial.once().why, Why::Drained);
    assert_eq!(texts(&channel).len(), 1, "{:?}", texts(&channel));
    assert!(texts(&channel)[0].starts_with(":red_circle: *erp-to-crm* customers: 3 dead letters (R20"), "{:?}", texts(&channel));
    // Another life: nothing new, nothing said.
    assert_eq!(trial.once().state.counters.alerts_sent, 0);
    let running = trial.start(false);
    let runs = (1..=3).map(RunId).collect();
    running.tell(Order::Acknowledge { runs, by: "ada".into(), words: "known".into() });
    running.stop();
    wait(running);
    let ended = trial.once();
    assert_eq!((ended.state.counters.alerts_sent, texts(&channel).len()), (1, 2));
    assert!(texts(&channel)[1].contains("over: customers: no dead letters of R20"), "{:?}", texts(&channel));
    assert_eq!(trial.once().state.counters.alerts_sent, 0);
    trial.variables.clear();
    assert!(!trial.log_text().contains("secret-part"), "an address of a channel is a secret");
}

#[test]
fn refused_credentials_are_told_and_so_is_that_they_are_good_again() {
    let (mut trial, [_erp, _crm, channel]) = world(Answer::status(401), 3, Answer::of(200, "text/html", "ok"));
    let ended = trial.once();
    assert!(matches!(ended.why, Why::CredentialsRefused(_)), "{:?}", ended.why);
    assert!(texts(&channel)[0].contains("crm refuses our credentials: it is held until a person acts"), "{:?}", texts(&channel));
    let crm = Hostile::start(vec![Answer::all_contacts(200)]);
    trial.variables.insert("CRM_URL".into(), crm.url());
    let running = trial.start(false);
    running.tell(Order::Resume { what: "crm".into(), by: "ada".into() });
    until(&running, "it goes on", |state| state.standing.open == 0 && state.counters.delivered == 3);
    running.stop();
    wait(running);
    // Somebody is told when it has been calm for a minute, or at the end of a run.
    trial.once();
    assert!(texts(&channel)[1].contains("over: crm takes our credentials again"), "{:?}", texts(&channel));
}

#[test]
fn a_system_that_wants_a_long_wait_is_told_and_so_is_that_it_is_asked_again() {
    let limited = [Answer::retry_after(429, 7_200), Answer::all_contacts(200)];
    let (mut trial, [_erp, _crm, channel]) = world(Answer::all_contacts(200), 3, Answer::of(200, "text/html", "ok"));
    let crm = Hostile::start(limited.into());
    trial.variables.insert("CRM_URL".into(), crm.url());
    let running = trial.start(false);
    until(&running, "somebody is told", |state| state.counters.alerts_sent > 0);
    running.stop();
    wait(running);
    let told = &texts(&channel)[0];
    assert!(told.contains("crm is waited for (R0044 until 20") && told.contains("it asked us to wait"), "{told}");
    // Through a restart it is the same alert, and over when somebody has it asked.
    let running = trial.start(false);
    until(&running, "it is looked at", |state| state.standing.held.len() == 1);
    assert_eq!(texts(&channel).len(), 1);
    running.tell(Order::Resume { what: "crm".into(), by: "ada".into() });
    until(&running, "it goes on", |state| state.standing.held.is_empty());
    running.stop();
    wait(running);
    let running = trial.start(true);
    until(&running, "it is over", |_| texts(&channel).len() == 2);
    running.stop();
    wait(running);
    assert!(texts(&channel)[1].contains("over: crm is asked again"), "{:?}", texts(&channel));
}

#[test]
fn silence_is_told_where_something_is_expected() {
    let (mut trial, [_erp, _crm, channel]) = world(Answer::all_contacts(200), 3, Answer::of(200, "text/html", "ok"));
    trial.edit("flows/customers.yaml", "  every: 2s\n", "  every: 100ms\n  expect: every 1s\n");
    let running = trial.start(false);
    until(&running, "somebody is told", |state| state.counters.alerts_sent > 0);
    // The same three customers come with each poll, and none of them is new.
    assert!(running.state().counters.duplicates > 5, "{:?}", running.state().counters);
    running.stop();
    assert_eq!(wait(running).state.counters.taken, 3);
    assert!(texts(&channel)[0].contains("customers: nothing came (R0041 since 20"), "{:?}", texts(&channel));
    assert!(texts(&channel)[0].contains("; something is expected every 1s)"), "{:?}", texts(&channel));
}

#[test]
fn a_source_that_cannot_be_read_is_told_and_so_is_that_it_can_again() {
    let (mut trial, [_erp, _crm, channel]) = world(Answer::all_contacts(200), 1, Answer::of(200, "text/html", "ok"));
    let gone = Arc::new(AtomicBool::new(true));
    let still = gone.clone();
    let erp = Hostile::start(vec![Answer::By(Arc::new(move |_| match still.load(Ordering::Acquire) {
        true => Answer::of(404, "text/html", "no such service"),
        false => Answer::customers(1),
    }))]);
    trial.variables.insert("ERP_URL".into(), erp.url());
    trial.edit("flows/customers.yaml", "  every: 2s\n", "  every: 100ms\n");
    let running = trial.start(false);
    until(&running, "somebody is told", |state| state.counters.alerts_sent > 0);
    assert!(texts(&channel)[0].contains("customers: its source cannot be read (R"), "{:?}", texts(&channel));
    running.stop();
    wait(running);
    // Starts in between say nothing twice, and do not say that it is over.
    assert_eq!(trial.once().state.counters.alerts_sent, 0);
    assert_eq!(texts(&channel).len(), 1, "{:?}", texts(&channel));
    gone.store(false, Ordering::Release);
    let running = trial.start(true);
    until(&running, "it is over", |_| texts(&channel).len() == 2);
    running.stop();
    wait(running);
    assert!(texts(&channel)[1].contains("over: customers: its source is read again"), "{:?}", texts(&channel));
}

/// One dead letter a run, as a run from a timetable has them.
#[test]
fn a_flow_counts_the_dead_letters_of_earlier_lives_before_it_holds_itself() {
    let (mut trial, _hosts) = world(Answer::all_contacts(422), 1, Answer::of(200, "text/html", "ok"));
    trial.edit("flows/customers.yaml", "owner: ", "pause_after: { dead: 3, within: 1h }\nowner: ");
    for customers in 1..=3 {
        let erp = Hostile::start(vec![Answer::customers(customers)]);
        trial.variables.insert("ERP_URL".into(), erp.url());
        let ended = trial.once();
        assert_eq!(ended.state.counters.taken, 1, "one more than before");
        let is_held = ended.state.standing.held.iter().any(|(what, _)| &**what == "flow:customers");
        assert_eq!(is_held, customers == 3, "{customers}: {:?}", ended.state.standing.held);
    }
    // Somebody let it go: those of before count no more.
    let running = trial.start(false);
    running.tell(Order::Resume { what: "flow:customers".into(), by: "ada".into() });
    running.stop();
    wait(running);
    let erp = Hostile::start(vec![Answer::customers(4)]);
    trial.variables.insert("ERP_URL".into(), erp.url());
    let ended = trial.once();
    assert_eq!((ended.state.counters.dead_letters(), ended.state.standing.held.len()), (1, 0));
}

#[test]
fn a_channel_that_refuses_is_seen_and_keeps_nothing_waiting() {
    let (trial, [_erp, _crm, channel]) = world(Answer::all_contacts(422), 2, Answer::of(404, "text/html", "no_service"));
    let ended = trial.once();
    assert_eq!((ended.why, ended.state.counters.dead_letters(), channel.taken()), (Why::Drained, 2, 1));
    assert_eq!((ended.state.counters.alerts_sent, ended.state.counters.alerts_failed), (0, 1));
    let (channel, why) = &ended.state.standing.failed_channels[0];
    assert_eq!((&**channel, why.code.id), ("ops", "R2701"));
    assert_eq!(trial.lines("alert-failed")[0]["error.message"], "the channel `ops` answered 404 Not Found: no_service");
}

/// What each customer leads to: people are told of it.
const SAYS: &str = "steps:\n  - { alert: ops, text: '\"here is \\(.Number)\"', with: { no: .Number }, retry: { first: 50ms, tries: 3 } }\n";

/// A world in which a step tells whoever takes JSON.
fn saying(channel: Vec<Answer>) -> (Trial, [Hostile; 3]) {
    let hosts = [Hostile::start(vec![Answer::customers(1)]), Hostile::start(vec![Answer::all_contacts(200)]), Hostile::start(channel)];
    let mut trial = Trial::between(&hosts[0], &hosts[1]);
    trial.edit("spanwright.yaml", "vars:\n", &OPS.replace("slack: \"${SLACK_URL}\"", "http: \"${SLACK_URL}\", tell: [step]"));
    trial.edit("flows/customers.yaml", "steps:\n", SAYS);
    trial.variables.insert("SLACK_URL".into(), format!("{}/in", hosts[2].url()));
    (trial, hosts)
}

#[test]
fn a_step_tells_people_and_a_second_try_says_it_under_the_same_key() {
    let (trial, [_erp, _crm, channel]) = saying(vec![Answer::status(503), Answer::of(200, "text/html", "ok")]);
    let ended = trial.once();
    assert_eq!((ended.why, ended.state.counters.done), (Why::Drained, 1));
    let told: Vec<serde_json::Value> = channel.received().iter().map(|request| serde_json::from_str(&request.text()).unwrap()).collect();
    assert_eq!((told.len(), &told[0]["key"]), (2, &told[1]["key"]));
    assert!(told[1]["key"].as_str().unwrap().starts_with("spanwright/erp-to-crm//step/customers/"), "{}", told[1]);
    let number = told[1]["fields"]["no"].as_str().unwrap();
    assert_eq!(told[1]["words"], format!("customers: here is {number}"));
    assert!(told[1]["look"].as_str().unwrap().starts_with("spanwright messages --correlation "), "{}", told[1]);
    assert_eq!(trial.once().state.counters.attempts, 0, "what was said is not said again");
}

#[test]
fn what_a_channel_refuses_of_a_step_is_a_dead_letter() {
    let (trial, [_erp, _crm, channel]) = saying(vec![Answer::of(404, "text/html", "no_service")]);
    let ended = trial.once();
    assert_eq!((ended.why, ended.state.counters.dead_letters(), channel.taken()), (Why::Drained, 1, 1));
    assert_eq!(trial.dead()[0].reason, "the channel `ops` answered 404 Not Found: no_service");
}

#[test]
fn a_full_disk_is_told_while_it_is_full() {
    let (trial, [_erp, _crm, channel]) = world(Answer::all_contacts(200), 2, Answer::of(200, "text/html", "ok"));
    let failing = Arc::new(AtomicI64::new(i64::MAX));
    let there = failing.clone();
    let running = trial.start_behind(true, |keep| Box::new(Faulty::from(keep, 0, StoreFault::Full, there)));
    until(&running, "somebody is told", |state| state.counters.alerts_sent > 0);
    assert!(texts(&channel)[0].contains("the disk is full"), "{:?}", texts(&channel));
    failing.store(0, Ordering::Relaxed);
    assert_eq!(wait(running).why, Why::Drained);
    assert!(texts(&channel)[1].contains("over: there is room on the disk again"), "{:?}", texts(&channel));
}
