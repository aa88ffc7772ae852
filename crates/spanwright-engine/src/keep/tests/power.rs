//! The power is cut at random points of what a process wrote, unsynced sectors are there or not, and the journal is
//! opened again: everything that was acknowledged must be in it, every commit whole.
//!
//! A kill cannot show a missing sync, since the kernel keeps what was written. So the writes themselves are recorded, and
//! two faulty engines must be caught: one that does not wait for the disk, and one that answers before it has written.
//! `POINTS=50000` raises the number of cuts, `SEED=2` makes others of them.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use spanwright_core::fact::{RunId, Store, StoreFault};
use spanwright_lab::conformance::{self, code_of};
use spanwright_world::disk::{BadDisk, Op, Platter, recorded};

use super::{in_memory, took};
use crate::keep::Keep;

const CHILD: &str = "SPANWRIGHT_TEST_POWER";
const FAULT: &str = "SPANWRIGHT_TEST_FAULT";
/// Messages in one commit.
const CHUNK: u128 = 3;
/// Commits that are recorded.
const COMMITS: u128 = 150;
/// Syncs with which a file is made, before its first table.
const MADE_WITH_SYNCS: u32 = 6;
/// Commits of a history of every kind of fact, and of the points one in so many is of it.
const HISTORY_COMMITS: usize = 120;
const HISTORY_ONE_IN: u64 = 4;
const HISTORY: &str = "no_power_cut_takes_back_a_fact_of_any_kind";
/// Of the points, one in so many is checked page by page too.
const CHECKED_ONE_IN: u64 = 40;

/// An engine with a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    /// Does not wait for the disk.
    NoSync,
    /// Says so before it is so.
    AnswersBefore,
}

/// What a series of cuts showed.
#[derive(Debug, Default)]
struct Cuts {
    points: u64,
    /// Points at which something was missing that had been acknowledged.
    lost: u64,
    /// Points at which the journal could not be opened, or held half a commit.
    torn: u64,
    /// What the first of these was.
    first: Option<String>,
}

#[test]
fn no_power_cut_takes_back_what_was_acknowledged() {
    if let Some(path) = std::env::var_os(CHILD) {
        commit(Path::new(&path));
    }
    let points = std::env::var("POINTS").ok().and_then(|points| points.parse().ok()).unwrap_or(2_000);
    let seed = seed();
    let cuts = cut(Fault::None, points, seed);
    assert_eq!((cuts.lost, cuts.torn), (0, 0), "seed {seed}: {cuts:?}");
    assert!(cuts.points >= points, "{cuts:?}");
}

#[test]
fn an_engine_that_does_not_wait_for_the_disk_is_caught() {
    let cuts = cut(Fault::NoSync, 150, 2);
    assert!(cuts.lost > 20, "{cuts:?}");
}

#[test]
fn an_engine_that_answers_before_it_has_written_is_caught() {
    let cuts = cut(Fault::AnswersBefore, 150, 3);
    assert!(cuts.lost > 20, "{cuts:?}");
}

/// The same of every kind of fact: what was begun, what was heard, where a source stands, what a person said.
#[test]
fn no_power_cut_takes_back_a_fact_of_any_kind() {
    if let Some(path) = std::env::var_os(CHILD) {
        commit_history(Path::new(&path));
    }
    let points: u64 = std::env::var("POINTS").ok().and_then(|points| points.parse().ok()).unwrap_or(2_000) / HISTORY_ONE_IN;
    let seed = seed();
    let cuts = cut_history(Fault::None, points, seed);
    assert_eq!((cuts.lost, cuts.torn), (0, 0), "seed {seed}: {cuts:?}");
    assert!(cuts.points >= points, "{cuts:?}");
    let cuts = cut_history(Fault::NoSync, 100, seed);
    assert!(cuts.torn > 20, "an engine that does not wait for the disk is caught: {cuts:?}");
}

fn cut_history(fault: Fault, points: u64, seed: u64) -> Cuts {
    let folder = in_memory();
    let ops = recorded_of(&mut child_of(HISTORY, &folder.path().join("journal.db"), fault), folder.path());
    let history = conformance::history(seed, HISTORY_COMMITS);
    let look = |path: PathBuf, acknowledged: u128, _: bool| {
        let acknowledged = acknowledged as usize;
        // The one after it may be on the disk and not told of. Each look is a life of the journal, so there are two of it.
        let again = in_memory();
        for name in ["journal.db", "journal.db-wal"] {
            drop(std::fs::copy(path.with_file_name(name), again.path().join(name)));
        }
        let differs = |path: &Path, commits: usize| {
            let mut keep = Keep::open(path, code_of).map_err(|fault| fault.to_string())?;
            let these = history.get(..commits).ok_or("it said too much")?;
            Ok::<_, String>(conformance::differs_behind(&mut keep, these))
        };
        match differs(&path, acknowledged)? {
            None => Ok(acknowledged as u128),
            Some(why) => match differs(&again.path().join("journal.db"), acknowledged + 1) {
                Ok(None) => Ok(acknowledged as u128 + 1),
                _ => Err(why.chars().take(2_000).collect()),
            },
        }
    };
    // Until it is prepared there is no history.
    let begins = ops.iter().position(|op| matches!(op, Op::Said(words) if words.contains("kept 0"))).unwrap();
    let at: Vec<usize> = at(&ops[begins..], points, seed).into_iter().map(|at| begins + at).collect();
    walk(&ops, &at, &mut roll_of(seed), look)
}

/// In the child.
fn commit_history(path: &Path) -> ! {
    let mut keep = Keep::open_with(path, code_of, 60).unwrap();
    conformance::prepared(&mut keep);
    say(0);
    if std::env::var(FAULT).is_ok_and(|fault| fault == "NoSync") {
        keep.connection.execute_batch("PRAGMA synchronous = NORMAL").unwrap();
    }
    for (n, written) in conformance::history(seed(), HISTORY_COMMITS).iter().enumerate() {
        keep.commit(written).unwrap();
        say(n as u128 + 1);
    }
    std::process::exit(0)
}

fn seed() -> u64 {
    std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1)
}

/// In the child.
fn commit(path: &Path) -> ! {
    let fault = std::env::var(FAULT).unwrap_or_default();
    // Checkpoints often: they are the hard part.
    let mut keep = Keep::open_with(path, code_of, 60).unwrap();
    if fault == "NoSync" {
        keep.connection.execute_batch("PRAGMA synchronous = NORMAL").unwrap();
    }
    for first in (0..COMMITS * CHUNK).step_by(CHUNK as usize) {
        let chunk: Vec<_> = (first..first + CHUNK).map(|n| took(n, 700)).collect();
        if fault == "AnswersBefore" {
            say(first + CHUNK);
        }
        match keep.commit(&chunk) {
            Ok(_) => say(first + CHUNK),
            Err(StoreFault::Broken(_)) => {
                drop(keep);
                std::process::exit(2)
            }
            Err(StoreFault::Full) => std::process::exit(3),
        }
    }
    std::process::exit(0)
}

fn say(kept: u128) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "kept {kept}").and_then(|()| out.flush()).unwrap();
}

/// The child, to be run on a journal.
fn child(path: &Path, fault: Fault) -> Command {
    child_of("no_power_cut_takes_back_what_was_acknowledged", path, fault)
}

fn child_of(test: &str, path: &Path, fault: Fault) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([&format!("keep::tests::power::{test}"), "--exact", "--nocapture"]).env(CHILD, path).env(FAULT, format!("{fault:?}"));
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// Records the child, and cuts the power at so many points of it.
fn cut(fault: Fault, points: u64, seed: u64) -> Cuts {
    let folder = in_memory();
    let ops = recorded_of(&mut child(&folder.path().join("journal.db"), fault), folder.path());
    walk(&ops, &at(&ops, points, seed), &mut roll_of(seed), |path, _, thoroughly| look(path, thoroughly))
}

fn recorded_of(child: &mut Command, folder: &Path) -> Vec<Op> {
    let log = folder.join("log");
    let ended = BadDisk::build(folder).unwrap().record(child, &log).output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    recorded(&log).unwrap()
}

fn roll_of(seed: u64) -> impl FnMut() -> u64 {
    let mut roll = seed;
    move || {
        roll = roll.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (roll ^ (roll >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)) >> 11
    }
}

/// Points of what was written, ascending.
fn at(ops: &[Op], points: u64, seed: u64) -> Vec<usize> {
    let mut roll = roll_of(seed);
    let mut at: Vec<usize> = (0..points).map(|_| (roll() % ops.len() as u64) as usize).collect();
    at.sort_unstable();
    at
}

/// Goes through the ops once, and looks at what a cut at each of these points leaves: how much of what is acknowledged by then.
fn walk(ops: &[Op], points: &[usize], roll: &mut impl FnMut() -> u64, look: impl Fn(PathBuf, u128, bool) -> Result<u128, String>) -> Cuts {
    let (mut cuts, mut platter, mut acknowledged, mut points) = (Cuts::default(), Platter::default(), 0, points.iter().peekable());
    let left = in_memory();
    for (at, op) in ops.iter().enumerate() {
        platter.apply(op);
        if let Op::Said(words) = op {
            let told = words.lines().filter_map(|line| line.strip_prefix("kept ")?.parse().ok());
            acknowledged = told.max().unwrap_or(acknowledged);
        }
        while points.next_if(|point| **point == at).is_some() {
            cuts.points += 1;
            for name in ["journal.db", "journal.db-wal", "journal.db-shm", "journal.db-journal"] {
                drop(std::fs::remove_file(left.path().join(name)));
            }
            platter.cut(left.path(), roll).unwrap();
            match look(left.path().join("journal.db"), acknowledged, roll().is_multiple_of(CHECKED_ONE_IN)) {
                Ok(kept) if kept < acknowledged => {
                    cuts.lost += 1;
                    cuts.first.get_or_insert_with(|| format!("behind op {at}: {acknowledged} acknowledged, {kept} kept"));
                }
                Ok(_) => {}
                Err(why) => {
                    cuts.torn += 1;
                    cuts.lost += u64::from(acknowledged > 0);
                    cuts.first.get_or_insert_with(|| {
                        format!("behind op {at}, {}: {why}", format!("{op:?}").chars().take(100).collect::<String>())
                    });
                }
            }
        }
    }
    cuts
}

/// How many messages are there; why not, where it cannot be opened or a commit is not whole.
fn look(path: PathBuf, thoroughly: bool) -> Result<u128, String> {
    let mut keep = Keep::open(&path, code_of).map_err(|fault| fault.to_string())?;
    let runs = keep.active("in", RunId(0), 1_000_000).map_err(|fault| format!("{fault:?}"))?;
    if thoroughly {
        let verdict: String =
            keep.connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).map_err(|error| error.to_string())?;
        (verdict == "ok").then_some(()).ok_or(verdict)?;
    }
    let whole = runs.iter().enumerate().all(|(at, file)| file.message.id == at as u128 && file.message.body.len() == 700);
    let kept = runs.len() as u128;
    (whole && kept.is_multiple_of(CHUNK)).then_some(kept).ok_or_else(|| format!("{kept} messages, which are no whole commits"))
}

/// `SYNCS=1000` raises the number.
#[test]
fn a_failed_sync_ends_the_process_and_loses_nothing_whichever_it_is() {
    let folder = in_memory();
    let disk = BadDisk::build(folder.path()).unwrap();
    let most: u32 = std::env::var("SYNCS").ok().and_then(|most| most.parse().ok()).unwrap_or(200);
    for n in 1..=most {
        let path = folder.path().join(format!("{n}-journal.db"));
        let ended = disk.fail_sync(&mut child(&path, Fault::None), n).output().unwrap();
        let words = String::from_utf8(ended.stdout).unwrap();
        let acknowledged: usize = words.lines().filter_map(|line| line.strip_prefix("kept ")?.parse().ok()).max().unwrap_or(0);
        // In the very first ones the journal is not even made; behind the last one nothing fails.
        assert!(matches!(ended.status.code(), Some(0 | 2 | 101)), "sync {n}: {:?}", ended.status);
        if ended.status.code() == Some(0) {
            assert_eq!(acknowledged as u128, COMMITS * CHUNK, "sync {n}: it went on behind a failed sync");
        }
        let kept = Keep::open(&path, code_of).unwrap().active("in", RunId(0), 1_000_000).unwrap().len();
        assert!(kept >= acknowledged, "sync {n}: {acknowledged} acknowledged, {kept} kept");
        for ending in ["", "-wal", "-shm", ".lock"] {
            drop(std::fs::remove_file(folder.path().join(format!("{n}-journal.db{ending}"))));
        }
    }
}

/// What the kernel could not write it tells of once, and forgets: a later sync goes well over pages that are not on the disk. So each failed
/// sync ends the process, of the log as of the file.
#[test]
fn a_sync_that_fails_once_ends_the_process_whichever_it_is() {
    let folder = in_memory();
    let disk = BadDisk::build(folder.path()).unwrap();
    // Until it is made nothing is kept; and no commit is left behind the last ones that would tell.
    for n in MADE_WITH_SYNCS + 1..=COMMITS as u32 - 30 {
        let path = folder.path().join(format!("{n}-journal.db"));
        let ended = disk.fail_one_sync(&mut child(&path, Fault::None), n).output().unwrap();
        assert!(matches!(ended.status.code(), Some(2 | 101)), "sync {n}: {:?}", ended.status);
        let words = String::from_utf8(ended.stdout).unwrap();
        let acknowledged: usize = words.lines().filter_map(|line| line.strip_prefix("kept ")?.parse().ok()).max().unwrap_or(0);
        let log = std::fs::metadata(folder.path().join(format!("{n}-journal.db-wal"))).map_or(0, |log| log.len());
        assert!(acknowledged == 0 || log > 0, "sync {n}: its log is gone, and with it what the disk may not have");
        for ending in ["", "-wal", "-shm", ".lock"] {
            drop(std::fs::remove_file(folder.path().join(format!("{n}-journal.db{ending}"))));
        }
    }
}
