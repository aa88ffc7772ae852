//! Whether a journal with millions of finished messages, and many that wait for a retry, is as fast as an empty one.
//!
//! `cargo bench -p spanwright-engine --bench aged [-- FOLDER [FINISHED [WAITING [ordered]]] [--assert]]`, a million and 100,000 where
//! nothing is said; `ordered`: each waits in the line of its record, so that a start has to know of all of them. All of them are made
//! by the engine's own facts, a tenth as records of a poll, many of those as states of one record; an `aged.db` that this bench made,
//! and that lies in FOLDER, is used (and worn) as it is, since making ten million takes long.
//! Printed side by side: a start of the engine until it listens, taking in and settling, claiming what is due, the questions of a
//! console, and those about that one record. What is promised is `kept` or `broken`; with `--assert` the end is 1 where one is broken.
//! The last lines take the finished ones away again.

// A bench reads the clock of the machine: it measures that machine.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods)]

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use spanwright_core::fact::{Fact, Forget, Moment, RunId, Store, Turn};
use spanwright_engine::keep::Keep;
use spanwright_lab::conformance::code_of;

use made::{DAY, Mix, fill, next_of, runs};
use promise::{CLAIMS_LEAST, Promises, START_MILLIS_MOST};

mod made;
mod project;
mod promise;
mod questions;

/// Messages that are taken in and settled while the time is taken, and as many that are claimed: long enough for a few checkpoints.
const TIMED: u64 = 60_000;
/// How often what is held against a promise is measured.
const ROUNDS: usize = 3;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let folder = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let mut number = |otherwise| arguments.next().and_then(|text| text.parse().ok()).unwrap_or(otherwise);
    let (finished, waiting) = (number(1_000_000_u64), number(100_000_u64));
    let says = |word: &str| std::env::args().any(|argument| argument == word);
    let mix = Mix::of(finished, says("ordered"));
    let kept = folder.join("aged.db");
    let folder = tempfile::tempdir_in(folder).unwrap();
    let (empty, aged) = (folder.path().join("empty.db"), if kept.exists() { kept } else { folder.path().join("aged.db") });
    let began = Instant::now();
    let last = if aged.exists() { next_of(&aged) } else { fill(&aged, finished, waiting, mix) };
    println!("{finished} finished and {waiting} waiting messages made in {:.0} s", began.elapsed().as_secs_f64());
    println!("journal {:.0} MB", std::fs::metadata(&aged).unwrap().len() as f64 / 1e6);
    let none = fill(&empty, 0, 0, mix);
    let (mut empty, mut old) = (Journal { path: empty, next: none, mix }, Journal { path: aged.clone(), next: last, mix });
    let mut promises = Promises::default();
    starts(&aged, mix, &mut promises);
    println!("                              empty        aged");
    let (one, other) = (empty.take_and_settle(), old.take_and_settle());
    println!("take in and settle     {one:>9.0}/s {other:>9.0}/s   {:.2}", other / one);
    claims(&mut empty, &mut old, &mut promises);
    questions::of_a_console(&aged, &mut promises);
    questions::of_the_hot_record(&aged, &mut promises);
    forget(&aged);
    verdict(&promises, says("--assert"))
}

/// The start after the life that was cut off, and two more, each of which was cut off in turn.
fn starts(path: &Path, mix: Mix, promises: &mut Promises) {
    let mut times = [0; ROUNDS].map(|_| project::start(path, Moment(60 * DAY + 1_000_000), mix.ordered).as_secs_f64() * 1e3);
    let first = times[0];
    times.sort_by(f64::total_cmp);
    let (middle, most) = (times[ROUNDS / 2], times[ROUNDS - 1]);
    let verdict = promises.at_most("a start until it listens", middle, START_MILLIS_MOST);
    println!("a start until it listens {middle:.1} ms in the middle, {first:.1} the first, {most:.1} at most   {verdict}");
}

/// In turn, and the round in the middle counts: one that others disturbed says nothing.
fn claims(empty: &mut Journal, old: &mut Journal, promises: &mut Promises) {
    let mut rounds = [0; ROUNDS].map(|_| (empty.claim(), old.claim()));
    rounds.sort_by(|one, other| (one.1 / one.0).total_cmp(&(other.1 / other.0)));
    let (one, other) = rounds[ROUNDS / 2];
    let verdict = promises.at_least("claims", other / one, CLAIMS_LEAST);
    println!("claim what is due      {one:>9.0}/s {other:>9.0}/s   {:.2}   {verdict}", other / one);
}

fn verdict(promises: &Promises, is_asserted: bool) -> ExitCode {
    for broken in &promises.broken {
        eprintln!("a promise is broken: {broken}");
    }
    if is_asserted && !promises.broken.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn millis(work: impl FnOnce()) -> f64 {
    let began = Instant::now();
    work();
    began.elapsed().as_secs_f64() * 1e3
}

/// A journal, and the number of its next message.
struct Journal {
    path: PathBuf,
    next: u64,
    mix: Mix,
}

impl Journal {
    fn take(&mut self, keep: &mut Keep, many: u64) -> Vec<RunId> {
        let taken: Vec<Fact> = (self.next..self.next + many).map(|n| self.mix.took(n, 60 * DAY)).collect();
        self.next += many;
        runs(&keep.commit(&taken).unwrap()).collect()
    }

    fn end(&self, keep: &mut Keep, runs: impl IntoIterator<Item = RunId>) {
        keep.commit(&runs.into_iter().flat_map(|run| self.mix.ended(run, 60 * DAY)).collect::<Vec<_>>()).unwrap();
    }

    /// Messages a second, in chunks of 200.
    fn take_and_settle(&mut self) -> f64 {
        let mut keep = Keep::open(&self.path, code_of).unwrap();
        let began = Instant::now();
        for _ in 0..TIMED / 200 {
            let runs = self.take(&mut keep, 200);
            self.end(&mut keep, runs);
        }
        TIMED as f64 / began.elapsed().as_secs_f64()
    }

    /// Parked runs that are due, fetched, settled and ended: runs a second.
    fn claim(&mut self) -> f64 {
        let mut keep = Keep::open(&self.path, code_of).unwrap();
        let now = Moment(60 * DAY - 1);
        for _ in 0..TIMED / 500 {
            let runs = self.take(&mut keep, 500);
            keep.commit(&runs.into_iter().flat_map(|run| self.mix.waits(run, now)).collect::<Vec<_>>()).unwrap();
        }
        // What they were taken in with goes from the log into the journal now, and not while the time is taken.
        drop(keep);
        let mut keep = Keep::open(&self.path, code_of).unwrap();
        let (began, mut claimed) = (Instant::now(), 0);
        for queue in ["customers.crm", "records.crm"] {
            loop {
                let (found, _) = keep.due(queue, Turn::first_of(Moment(0)), now, 500).unwrap();
                if found.is_empty() {
                    break;
                }
                claimed += found.len() as u32;
                self.end(&mut keep, found.iter().map(|file| file.run));
            }
        }
        f64::from(claimed) / began.elapsed().as_secs_f64()
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
