//! Whether a journal with millions of finished messages, and many that wait for a retry, is as fast as an empty one.
//!
//! `cargo bench -p spanwright-engine --bench aged [-- FOLDER [FINISHED [WAITING [ordered]]]]`, a million and 100,000 where nothing
//! is said; `ordered`: each waits in the line of its record, so that a start has to know of all of them. All of them are made by
//! the engine's own facts; an `aged.db` of so many that lies in FOLDER is used (and worn) as it is, since ten million take an hour.
//! Printed side by side: taking in and settling, claiming what is due, the opening of a start, and six questions of a console.
//! The last lines take the finished ones away again.

// A bench reads the clock of the machine: it measures that machine.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use spanwright_core::fact::{
    AtSystem, Attempt, EffectKey, EffectState, Ending, ExchangeId, Fact, Forget, ListFilter, Moment, OutcomeKind, Phase, PlanBundle,
    PlanId, Receipt, Root, RunId, Settled, StopKind, Stopped, Store, Took, Turn, Way, lane_of, no_item,
};
use spanwright_engine::keep::{Keep, Look, Which};
use spanwright_lab::conformance::code_of;
use spanwright_shape::text::Failure;

const CHUNK: u64 = 1_000;
/// One message in so many is a dead letter.
const DEAD_ONE_IN: u64 = 2_000;
/// Messages that are taken in and settled while the time is taken, and as many that are claimed: long enough for a few checkpoints.
const TIMED: u64 = 60_000;
const DAY: i64 = 24 * 3_600_000_000;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let folder = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let mut number = |otherwise| arguments.next().and_then(|text| text.parse().ok()).unwrap_or(otherwise);
    let (finished, waiting) = (number(1_000_000_u64), number(100_000_u64));
    let ordered = std::env::args().any(|argument| argument == "ordered");
    let kept = folder.join("aged.db");
    let folder = tempfile::tempdir_in(folder).unwrap();
    let (empty, aged) = (folder.path().join("empty.db"), if kept.exists() { kept } else { folder.path().join("aged.db") });
    let began = Instant::now();
    let mut last = if aged.exists() { next_of(&aged) } else { fill(&aged, finished, waiting, ordered) };
    println!("{finished} finished and {waiting} waiting messages made in {:.0} s", began.elapsed().as_secs_f64());
    println!("journal {:.0} MB", std::fs::metadata(&aged).unwrap().len() as f64 / 1e6);
    let mut none = fill(&empty, 0, 0, ordered);
    println!("                              empty        aged");
    let (one, other) = (take_and_settle(&empty, &mut none), take_and_settle(&aged, &mut last));
    println!("take in and settle     {one:>9.0}/s {other:>9.0}/s   {:.2}", other / one);
    let (one, other) = (claim(&empty, &mut none), claim(&aged, &mut last));
    println!("claim what is due      {one:>9.0}/s {other:>9.0}/s   {:.2}", other / one);
    println!(
        "opening of a start                            {:>9.1} ms",
        millis(|| drop(Keep::open(&aged, code_of).unwrap().opening().unwrap()))
    );
    questions(&aged);
    forget(&aged);
}

fn millis(work: impl FnOnce()) -> f64 {
    let began = Instant::now();
    work();
    began.elapsed().as_secs_f64() * 1e3
}

fn took(n: u64, at: i64) -> Fact {
    let key: Arc<str> = format!("C{:08x}", (n as u32).wrapping_mul(2_654_435_761)).into();
    Fact::Took(Box::new(Took {
        message: u128::from(n) + 1,
        source: "customers.source".into(),
        correlation: format!("{:032x}", n + 1).into(),
        at: Moment(at),
        key: Some(key),
        version: None,
        body: vec![b' '; 300].into(),
        beside: None,
        flow: "customers".into(),
        root: Root(u128::from(n)),
        plan: PlanId(1),
        seen: None,
        about: None,
        fault: None,
    }))
}

/// Waits, in the line of its record where they are ordered.
fn waits(run: RunId, due: Moment, ordered: bool) -> [Fact; 2] {
    let mut settled = settled(run, Phase::Owed { due }, OutcomeKind::Later, 60 * DAY);
    if let (Fact::Settled(settled), false) = (&mut settled, ordered) {
        settled.lane = 0;
    }
    [settled, Fact::Parked { run, parked: true }]
}

fn settled(run: RunId, phase: Phase, outcome: OutcomeKind, at: i64) -> Fact {
    Fact::Settled(Box::new(Settled {
        effect: EffectKey { run, node: "crm".into(), item: no_item(), way: Way::Do },
        state: EffectState { tries: 1, first: Some(Moment(at)), ..EffectState::new(phase) },
        queue: "customers.crm".into(),
        lane: lane_of("customers.crm", &run.0.to_string()),
        attempt: Some(Attempt { n: 1, exchange: Some(ExchangeId(1)), outcome, says: None }),
        at: Moment(at),
    }))
}

fn runs(receipts: &[Receipt]) -> impl Iterator<Item = RunId> {
    receipts.iter().filter_map(|receipt| match receipt {
        Receipt::Taken(run) => Some(*run),
        Receipt::Duplicate | Receipt::Known { .. } | Receipt::Late => None,
    })
}

fn failure() -> Failure {
    Failure::new(code_of("R0001"), "it said no")
}

fn ended(run: RunId, at: i64) -> [Fact; 2] {
    let is_dead = (run.0 as u64).is_multiple_of(DEAD_ONE_IN);
    let stopped = || Stopped { kind: StopKind::Dead, node: "crm".into(), failure: failure(), undone: false };
    let (phase, outcome) = if is_dead { (Phase::Dead(failure()), OutcomeKind::Never) } else { (Phase::Done(None), OutcomeKind::Delivered) };
    let ending = if is_dead { Ending::Stopped(stopped()) } else { Ending::Done };
    [settled(run, phase, outcome, at), Fact::Ended { run, ending, at: Moment(at) }]
}

/// Makes a journal, spread over 60 days up to now, and gives the number of the next message.
fn fill(path: &Path, finished: u64, waiting: u64, ordered: bool) -> u64 {
    let mut keep = Keep::open(path, code_of).unwrap();
    keep.plan(&PlanBundle { hash: [1; 32], bundle: [0].as_slice().into(), language: 1 }).unwrap();
    let step = 60 * DAY / (finished.max(1) as i64);
    for first in (0..finished).step_by(CHUNK as usize) {
        let taken: Vec<Fact> = (first..first + CHUNK).map(|n| took(n, n as i64 * step)).collect();
        let receipts = keep.commit(&taken).unwrap();
        let over: Vec<Fact> = runs(&receipts).flat_map(|run| ended(run, run.0 * step)).collect();
        keep.commit(&over).unwrap();
    }
    for first in (finished..finished + waiting).step_by(CHUNK as usize) {
        let receipts = keep.commit(&(first..first + CHUNK).map(|n| took(n, 60 * DAY)).collect::<Vec<_>>()).unwrap();
        // Spread over the next 24 hours.
        let due = |run: RunId| Moment(60 * DAY + (run.0.wrapping_mul(7_919) % 86_400) * 1_000_000);
        let wait: Vec<Fact> = runs(&receipts).flat_map(|run| waits(run, due(run), ordered)).collect();
        keep.commit(&wait).unwrap();
    }
    finished + waiting
}

/// The number of the next message of a journal that was made before.
fn next_of(path: &Path) -> u64 {
    let newest = Look::open(path, code_of).unwrap().list(&ListFilter { most: 1, ..ListFilter::default() }).unwrap();
    newest.first().map_or(0, |line| line.message as u64)
}

/// Messages a second, in chunks of 200.
fn take_and_settle(path: &Path, next: &mut u64) -> f64 {
    let mut keep = Keep::open(path, code_of).unwrap();
    let began = Instant::now();
    for _ in 0..TIMED / 200 {
        let receipts = keep.commit(&(*next..*next + 200).map(|n| took(n, 60 * DAY)).collect::<Vec<_>>()).unwrap();
        *next += 200;
        keep.commit(&runs(&receipts).flat_map(|run| ended(run, 60 * DAY)).collect::<Vec<_>>()).unwrap();
    }
    TIMED as f64 / began.elapsed().as_secs_f64()
}

/// Parked runs that are due, fetched, settled and ended: runs a second.
fn claim(path: &Path, next: &mut u64) -> f64 {
    let mut keep = Keep::open(path, code_of).unwrap();
    let now = Moment(60 * DAY - 1);
    for _ in 0..TIMED / 500 {
        let receipts = keep.commit(&(*next..*next + 500).map(|n| took(n, 60 * DAY)).collect::<Vec<_>>()).unwrap();
        *next += 500;
        keep.commit(&runs(&receipts).flat_map(|run| waits(run, now, false)).collect::<Vec<_>>()).unwrap();
    }
    // What they were taken in with goes from the log into the journal now, and not while the time is taken.
    drop(keep);
    let mut keep = Keep::open(path, code_of).unwrap();
    let (began, mut claimed) = (Instant::now(), 0);
    loop {
        let (found, _) = keep.due("customers.crm", Turn::first_of(Moment(0)), now, 500).unwrap();
        if found.is_empty() {
            return f64::from(claimed) / began.elapsed().as_secs_f64();
        }
        claimed += found.len() as u32;
        keep.commit(&found.iter().flat_map(|file| ended(file.run, 60 * DAY)).collect::<Vec<_>>()).unwrap();
    }
}

fn at_crm() -> AtSystem {
    let steps = vec!["crm".into()];
    AtSystem {
        flow: "customers".into(),
        plan: PlanId(1),
        queues: vec!["customers.crm".into()],
        fatal: steps.clone(),
        each: Vec::new(),
        undone: Vec::new(),
        steps,
    }
}

fn questions(path: &Path) {
    let look = Look::open(path, code_of).unwrap();
    let by = |filter: ListFilter| drop(look.list(&ListFilter { most: 50, ..filter }).unwrap());
    let some = |text: &str| Some(text.to_string());
    let asked: [(&str, &dyn Fn()); 7] = [
        ("by correlation id", &|| by(ListFilter { correlation: some(&format!("{:032x}", 4_711)), ..ListFilter::default() })),
        ("the newest of a source", &|| by(ListFilter { flow: some("customers"), ..ListFilter::default() })),
        ("a source in a time", &|| {
            by(ListFilter {
                flow: some("customers"),
                since: Some(Moment(20 * DAY)),
                until: Some(Moment(21 * DAY)),
                ..ListFilter::default()
            })
        }),
        ("the newest that are open", &|| by(ListFilter { state: some("open"), ..ListFilter::default() })),
        ("open at a system", &|| by(ListFilter { at: Some(vec![at_crm()]), ..ListFilter::default() })),
        ("dead letters by cause", &|| drop(look.causes(100).unwrap())),
        ("one with its trail", &|| drop(look.show(&Which::Run(RunId(2_000))).unwrap())),
    ];
    for (question, ask) in asked {
        let mut times: Vec<f64> = (0..9).map(|_| millis(ask)).collect();
        times.sort_by(f64::total_cmp);
        println!("{question:<26} {:>9.1} ms in the middle, {:.1} at most", times[4], times[8]);
    }
}

/// Forgets runs for two seconds, as the retention does, and says what a step costs.
fn forget(path: &Path) {
    let mut keep = Keep::open(path, code_of).unwrap();
    let (began, mut steps, mut gone, mut after) = (Instant::now(), Vec::new(), 0, RunId(0));
    while began.elapsed() < Duration::from_secs(2) {
        let step = Instant::now();
        let old = keep.old(Forget::All, after, Moment(30 * DAY), 1_000).unwrap();
        let some = &old.runs[..old.runs.len().min(100)];
        let Some(last) = some.last() else { break };
        keep.commit(&some.iter().map(|run| Fact::Forgot { run: *run, what: Forget::All }).collect::<Vec<_>>()).unwrap();
        (after, gone) = (*last, gone + some.len());
        steps.push(step.elapsed().as_secs_f64() * 1e3);
    }
    steps.sort_by(f64::total_cmp);
    if let (Some(middle), Some(most)) = (steps.get(steps.len() / 2), steps.last()) {
        println!("forgetting: {gone} in {} steps of {middle:.1} ms in the middle, {most:.1} at most", steps.len());
    }
}
