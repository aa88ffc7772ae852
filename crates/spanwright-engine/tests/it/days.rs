//! Whole days of the example project: what the ERP served is in the CRM, once and last state last.

use spanwright_engine::shell::{StartFault, Why};
use spanwright_world::{Answer, Hostile, World, WorldSettings};

use crate::trial::{Trial, until, wait};

#[test]
fn once_brings_every_customer_over_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(WorldSettings::quiet(folder.path(), 750)).unwrap();
    let trial = Trial::within(&world);
    let ended = trial.once();
    assert_eq!(ended.why, Why::Drained, "{}", trial.log_text());
    let tally = world.tally(&trial.dead()).unwrap();
    assert_eq!((tally.customers, tally.right, tally.lost.len(), tally.duplicates.len()), (750, 750, 0, 0), "{tally:?}");
    assert_eq!((tally.calls, tally.calls_one_by_one), (2, 750));
    let counters = &ended.state.counters;
    assert_eq!((counters.taken, counters.delivered, counters.done, counters.dead_letters()), (750, 750, 750, 0));
}

#[test]
fn a_second_round_takes_nothing_that_did_not_change() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(WorldSettings::quiet(folder.path(), 50)).unwrap();
    let trial = Trial::within(&world);
    assert_eq!(trial.once().state.counters.delivered, 50);
    let counters = trial.once().state.counters;
    assert_eq!((counters.taken, counters.delivered), (0, 0));
    assert!(counters.duplicates > 0, "the overlap reads some again");
}

#[test]
fn a_lively_day_ends_with_nothing_lost_and_nothing_doubled() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(WorldSettings::lively(folder.path(), 400)).unwrap();
    let trial = Trial::within(&world);
    let running = trial.start(false);
    until(&running, "every customer is in the CRM or a dead letter", |state| {
        let done = state.standing.open == 0 && state.counters.taken > 400;
        done && world.tally(&trial.dead()).is_ok_and(|tally| tally.right + tally.dead == 400)
    });
    running.stop();
    assert_eq!(wait(running).why, Why::Stopped { unheard: 0 });
    let tally = world.tally(&trial.dead()).unwrap();
    assert_eq!((tally.lost, tally.duplicates, tally.wrong), (vec![], vec![], vec![]));
    assert_eq!(tally.dead, 2, "one is malformed and one has no e-mail: {:?}", trial.dead());
}

#[test]
fn every_attempt_is_one_line_and_no_line_has_a_secret_or_a_body() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(WorldSettings::lively(folder.path(), 100)).unwrap();
    let trial = Trial::within(&world);
    let running = trial.start(false);
    until(&running, "something was delivered and something refused", |state| {
        state.counters.delivered >= 98 && state.counters.dead_letters() >= 2
    });
    running.stop();
    let counters = wait(running).state.counters;
    assert_eq!(trial.lines("attempt").len() as u64, counters.attempts);
    for line in trial.lines("attempt") {
        for label in ["correlation_id", "message_id", "flow", "node", "system", "key"] {
            assert!(line["labels"][label].is_string(), "{label}: {line}");
        }
        assert!(line["event.duration"].is_u64() && line["trace.id"].is_string() && line["event.outcome"].is_string(), "{line}");
    }
    let log = trial.log_text();
    for planted in ["open sesame", "s3cret/with+odd=signs&more", "Basic ", "Bearer ", "displayName"] {
        assert!(!log.contains(planted), "`{planted}` is in the log");
    }
}

#[test]
fn requests_carry_the_correlation_the_trace_and_one_key_over_all_tries() {
    let erp = Hostile::start(vec![Answer::customers(1)]);
    let crm = Hostile::start(vec![Answer::CutAfterReading, Answer::status(503), Answer::all_contacts(200)]);
    let trial = Trial::between(&erp, &crm);
    assert_eq!(trial.once().why, Why::Drained, "{}", trial.log_text());
    let asked = crm.received();
    assert_eq!(asked.len(), 3);
    for name in ["idempotency-key", "x-correlation-id", "traceparent"] {
        let values: Vec<_> = asked.iter().map(|request| request.header(name).unwrap_or_else(|| panic!("no {name}"))).collect();
        assert!(values.iter().all(|value| *value == values[0] && !value.is_empty()), "{name}: {values:?}");
    }
    assert!(asked.iter().all(|request| request.body == asked[0].body));
    let trace = asked[0].header("traceparent").unwrap();
    assert_eq!((trace.len(), &trace[..3], &trace[52..]), (55, "00-", "-01"), "{trace}");
    assert!(erp.received()[0].header("traceparent").is_some() && erp.received()[0].header("x-correlation-id").is_some());
}

#[test]
fn a_stop_finishes_what_is_in_flight() {
    let erp = Hostile::start(vec![Answer::customers(3)]);
    let crm = Hostile::start(vec![Answer::Slow(Box::new(Answer::all_contacts(200)), std::time::Duration::from_millis(400))]);
    let trial = Trial::between(&erp, &crm);
    let running = trial.start(false);
    until(&running, "the bulk call is under way", |_| crm.taken() == 1);
    running.stop();
    let ended = wait(running);
    assert_eq!((ended.why, ended.state.counters.done), (Why::Stopped { unheard: 0 }, 3));
}

#[test]
fn a_second_stop_ends_it_at_once() {
    let erp = Hostile::start(vec![Answer::customers(3)]);
    let crm = Hostile::start(vec![Answer::HangAfterReading]);
    let trial = Trial::between(&erp, &crm);
    let running = trial.start(false);
    until(&running, "the bulk call is under way", |_| crm.taken() == 1);
    running.stop();
    running.stop();
    assert_eq!(wait(running).why, Why::Stopped { unheard: 1 });
}

#[test]
fn a_second_engine_on_the_same_journal_is_refused() {
    let erp = Hostile::start(vec![Answer::customers(1)]);
    let crm = Hostile::start(vec![Answer::HangAfterReading]);
    let trial = Trial::between(&erp, &crm);
    let _running = trial.start(false);
    let refused = trial.try_start(false).err().unwrap();
    assert!(matches!(refused, StartFault::Open(_)) && refused.to_string().contains("is in use by another process"), "{refused}");
}
