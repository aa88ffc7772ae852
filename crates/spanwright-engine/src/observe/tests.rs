//! What people read: every kind of line in both forms, beside this file; `UPDATE=1 cargo test` rewrites them.

#![allow(clippy::unwrap_used)]

use std::{path::Path, sync::Arc, time::Duration};

use spanwright_core::{
    alert::{Cause, Notice, State},
    deliver::GateChange,
    desk::{AlertNote, AttemptNote, Happening, Report},
    fact::{
        Chore, ChoreKind, ChorePhase, Ending, ExchangeId, Moment, OutcomeKind, Root, RunId, SkipReason, StopKind, Stopped, StoppedFilter,
        Took,
    },
    settings::Rate,
};
use spanwright_shape::text::Failure;

use super::*;

const NOW: Moment = Moment(1_790_000_000_123_456);
const MESSAGE: u128 = 0x0199_7a4b_9c00_7d3e_8f00_1234_5678_9abc;

fn in_seconds(seconds: u64) -> Moment {
    NOW.after(Duration::from_secs(seconds))
}

fn failure() -> Failure {
    Failure::new(&spanwright_core::codes::PARAMETERS, "crm.upsertContacts says 503 \"busy\"\nand more")
}

fn attempt(outcome: OutcomeKind, again: Option<Moment>) -> Happening {
    let delivered = outcome == OutcomeKind::Delivered;
    Happening::Attempt(Box::new(AttemptNote {
        run: RunId(7),
        root: Root(1),
        message: MESSAGE,
        correlation: "shop-4711".into(),
        key: Some("10042".into()),
        flow: "customers".into(),
        node: "crm.upsertContacts".into(),
        system: "crm".into(),
        exchange: ExchangeId(3),
        n: 2,
        outcome,
        why: (!delivered).then(failure),
        again,
        took: Duration::from_millis(34),
        status: if delivered { 200 } else { 503 },
    }))
}

fn ended(ending: Ending) -> Happening {
    Happening::Ended {
        run: RunId(7),
        message: MESSAGE,
        correlation: "shop-4711".into(),
        flow: "customers".into(),
        key: Some("10042".into()),
        ending,
    }
}

fn stopped(kind: StopKind) -> Happening {
    ended(Ending::Stopped(Stopped { kind, node: "crm.upsertContacts".into(), failure: failure(), undone: false }))
}

fn taken() -> Happening {
    let took = Took {
        message: MESSAGE,
        source: "customers.source".into(),
        correlation: "shop-4711".into(),
        at: NOW,
        key: Some("10042".into()),
        version: None,
        body: Arc::from(&b"{\"Password\":\"a body is never seen\"}"[..]),
        beside: None,
        flow: "customers".into(),
        root: Root(1),
        plan: spanwright_core::fact::PlanId(1),
        seen: None,
        about: None,
        fault: None,
    };
    Happening::Taken { took: Box::new(took), run: RunId(7) }
}

fn gate(change: GateChange) -> Happening {
    Happening::Gate { system: "crm".into(), change }
}

fn poll_failed(given_up: bool) -> Happening {
    Happening::PollFailed { source: "customers.source".into(), why: failure(), again: in_seconds(60), given_up }
}

fn chore() -> Chore {
    let (what, rate) = (ChoreKind::Replay { over_newer: false, apart: false }, Rate { most: 10, per: Duration::from_secs(1) });
    let chore = Chore::begin(what, StoppedFilter::default(), RunId(99), rate, "ada".into(), NOW);
    Chore { done: 120, left: 3, phase: ChorePhase::Done, ..chore }
}

fn alert(fails: bool) -> Happening {
    let cause = Cause::stopped(&"customers".into(), "R2005");
    let notice = Notice { state: State::Raised, cause, count: 3, since: NOW, until: None, why: None, said: None };
    Happening::Alert(Box::new(AlertNote { channel: "ops".into(), notice, failed: fails.then(|| (failure(), in_seconds(5))) }))
}

fn every_kind() -> Vec<Happening> {
    let report = Report { at: NOW, took: Duration::from_millis(34), status: 200, sent: 10, got: 20, budget: None, drift: 2 };
    vec![
        taken(),
        Happening::Duplicate { source: "customers.source".into() },
        Happening::LeftOut { source: "customers.source".into(), items: 3, brought: false },
        Happening::LeftOut { source: "orders.source".into(), items: 1, brought: true },
        attempt(OutcomeKind::Delivered, None),
        attempt(OutcomeKind::Later, Some(in_seconds(4))),
        attempt(OutcomeKind::Later, None),
        attempt(OutcomeKind::Unknown, Some(in_seconds(400))),
        attempt(OutcomeKind::Unknown, None),
        attempt(OutcomeKind::Never, None),
        ended(Ending::Done),
        ended(Ending::Skipped(SkipReason::Filtered)),
        ended(Ending::Skipped(SkipReason::Unchanged)),
        ended(Ending::Skipped(SkipReason::Superseded)),
        stopped(StopKind::Dead),
        stopped(StopKind::Uncertain),
        gate(GateChange::Opened(in_seconds(30))),
        gate(GateChange::Probing),
        gate(GateChange::Closed),
        gate(GateChange::Paused(in_seconds(5))),
        gate(GateChange::CredentialsRefused(failure())),
        gate(GateChange::CredentialsGood),
        Happening::Polled { source: "customers.source".into(), items: 100, last: false },
        Happening::Polled { source: "customers.source".into(), items: 1, last: true },
        Happening::Polled { source: "customers.source".into(), items: 0, last: true },
        poll_failed(false),
        poll_failed(true),
        Happening::SignedIn { system: "crm".into() },
        Happening::Exchanged { system: "crm".into(), operation: "upsertContacts".into(), calls: 1000, report },
        Happening::Split { queue: "customers.crm.upsertContacts".into(), calls: 1000, why: Some(failure()) },
        Happening::Chore(Box::new(chore())),
        alert(false),
        alert(true),
    ]
}

fn written(write: impl Fn(&Line, &mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    every_kind().iter().for_each(|happening| write(&Line::of(happening, NOW), &mut out));
    String::from_utf8(out).unwrap()
}

fn check(file: &str, is: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/observe/tests").join(file);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, is).unwrap();
    }
    assert_eq!(is, std::fs::read_to_string(&path).unwrap(), "{} differs; UPDATE=1 rewrites it", path.display());
}

#[test]
fn every_happening_is_one_ecs_line() {
    let lines = written(|line, out| ecs::write(line, "spanwright", out));
    assert_eq!(lines.lines().count(), every_kind().len());
    for line in lines.lines() {
        let room = spanwright_shape::room::Room::new();
        spanwright_shape::json::read(line.as_bytes(), &room).unwrap();
    }
    check("lines.ecs.jsonl", &lines);
}

#[test]
fn every_happening_is_one_line_for_a_person() {
    let lines = written(|line, out| human::write(line, false, out));
    assert_eq!(lines.lines().count(), every_kind().len());
    check("lines.txt", &lines);
}

#[test]
fn no_body_is_in_any_line() {
    for lines in [written(|line, out| ecs::write(line, "spanwright", out)), written(|line, out| human::write(line, true, out))] {
        assert!(!lines.contains("a body is never seen"));
    }
}

#[test]
fn no_line_is_above_the_level_of_its_kind() {
    for happening in every_kind() {
        let line = Line::of(&happening, NOW);
        assert!(line.level <= Level::of(&happening), "{happening:?}");
    }
}

/// A pipe into a test.
#[derive(Clone, Default)]
struct Page(Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_planted_secret_does_not_reach_the_log() {
    let (page, secrets) = (Page::default(), Secrets::default());
    secrets.add("s3cr3t-value");
    for form in [LogForm::Ecs, LogForm::Human { colour: true }] {
        let log = Log::start(LogSettings { form, level: Level::Info, to: Box::new(page.clone()) }, "spanwright", secrets.clone()).unwrap();
        log.write(Line::new(NOW, Level::Error, "attempt", "crm says: no such user s3cr3t-value"));
        log.write(Line::new(NOW, Level::Debug, "attempt", "nobody asked for this"));
        drop(log);
    }
    let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
    assert_eq!(text.matches("no such user ***").count(), 2, "{text}");
    assert!(!text.contains("s3cr3t-value") && !text.contains("nobody asked"), "{text}");
}

#[test]
fn counters_count_each_happening_once() {
    let mut counters = Counters::default();
    every_kind().iter().for_each(|happening| counters.count(happening));
    assert_eq!((counters.taken, counters.duplicates, counters.attempts, counters.delivered, counters.retried), (1, 1, 6, 1, 2));
    assert_eq!((counters.done, counters.dead_letters(), counters.uncertain, counters.exchanges()), (1, 2, 1, 1));
    assert_eq!(counters.skipped, Skipped { filtered: 1, unchanged: 1, superseded: 1 });
    assert_eq!((counters.polls_failed, counters.splits), (2, 1));
    assert_eq!(counters.calls.values().map(|calls| calls.drift).sum::<u64>(), 2);
}
