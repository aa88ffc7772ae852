//! The real binary is killed again and again under load, over HTTP and a poll. Who judges then links nothing of the engine.
//!
//! `KILLS=260` raises the number of kills, `KILLS_SEED` makes other moments of them, `LIFE=1500` gives each life so many
//! milliseconds more, `SENDERS=8` brings less: what was brought is all delivered before it is judged.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // what was judged is told with --nocapture

use std::{
    fs,
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use spanwright_world::crashes::{Case, Judged, PROJECT, Senders, SendersSettings, Till, TillSettings, judge, kept_so_far, over_and_open};

use crate::project::spanwright;

/// Kills where nothing is said.
const KILLS: u64 = 200;
/// Who bring at once, where nothing is said.
const SENDERS: u64 = 64;
/// As many bring so many between two kills: 100,000 in all.
const ACCEPTED_A_KILL: u64 = 500;
/// Each so manieth life goes on until that is so; the others end when they end.
const LONGER_EACH: u64 = 5;
/// But for no longer than this. Of a machine on which that is not enough it is told, and half of them are enough.
const LONGER_MOST: Duration = Duration::from_secs(10);
/// After so many another journal is begun: they are many lives of one, and not the growth of its file.
const KILLS_A_JOURNAL: u64 = 100;
/// Changes of the poll for each kill.
const CHANGES_A_KILL: u64 = 60;
/// What waits is delivered one by one, however much it is: only where nothing more is done it has come to rest.
const PATIENCE: Duration = Duration::from_secs(60);
/// The log before a checkpoint, with room for a transaction more.
const LOG_BYTES_MOST: u64 = 128 << 20;
/// Of the process, built without optimisation.
const MEMORY_KB_MOST: u64 = 400_000;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// The project of the crash tests in a folder.
pub struct Place {
    pub folder: tempfile::TempDir,
    pub address: SocketAddr,
    pub till: Till,
}

impl Place {
    pub fn new(changes: u64, changes_within: Duration) -> Place {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in PROJECT {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        // Free a moment ago: the engine takes it, and takes it again after each kill.
        let address = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
        let ledger = folder.path().join("till.jsonl");
        let till = Till::start(TillSettings { ledger, changes, changes_within, busy_each: 41, cut_each: 97 }).unwrap();
        Place { folder, address, till }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn journal(&self) -> PathBuf {
        self.path().join(".spanwright/journal.db")
    }

    pub fn settings(&self, senders: u64) -> SendersSettings {
        let (to, history) = (self.address, self.path().join("senders.jsonl"));
        SendersSettings { to, history, senders, padding: 900, malformed_each: 50, given_up_each: 9, pairs_each: 8 }
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = spanwright();
        command.args(arguments).arg(self.path()).env("ADDRESS", self.address.to_string()).env("TILL_URL", &self.till.url);
        command.stdout(Stdio::null());
        command
    }

    /// Starts the engine, and gives it when it listens.
    pub fn start(&self) -> Child {
        self.start_seeing(|_| {})
    }

    /// The same, in a world that `changed` makes of it.
    pub fn start_seeing(&self, changed: impl Fn(&mut Command)) -> Child {
        let mut command = self.command(&["run", "--log", "json", "--level", "info"]);
        changed(&mut command);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut said = Vec::new();
        let listens = lines.by_ref().any(|line| {
            said.push(line.clone());
            line.contains("\"listening\"")
        });
        assert!(listens, "it does not start: {said:?}");
        thread::spawn(move || lines.for_each(drop));
        child
    }

    /// What is judged in the end.
    pub fn case(&self, kills: u64, changes: u64) -> Case {
        Case {
            history: self.path().join("senders.jsonl"),
            ledger: self.path().join("till.jsonl"),
            journal: self.journal(),
            kills,
            changes,
            clock_turned: false,
        }
    }
}

/// Judged when all is done that comes to be done by itself, or nothing more was done in this time.
pub fn comes_to_rest(case: &Case, patience: Duration) -> Judged {
    let (mut began, mut done) = (Instant::now(), 0);
    // To judge is to read all that was written: not before there is nothing more to be done.
    while began.elapsed() < patience {
        match over_and_open(&case.journal).unwrap() {
            (_, 0) => break,
            (over, _) if over > done => (began, done) = (Instant::now(), over),
            _ => {}
        }
        thread::sleep(Duration::from_millis(200));
    }
    (began, done) = (Instant::now(), 0);
    loop {
        let judged = judge(case).unwrap();
        if judged.effects > done {
            (began, done) = (Instant::now(), judged.effects);
        }
        if began.elapsed() >= patience || !judged.broken.iter().any(|broken| is_not_yet(broken)) {
            return judged;
        }
        thread::sleep(Duration::from_millis(300));
    }
}

/// Its memory at most so far.
fn memory_kb(child: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[test]
fn killed_under_load_nothing_accepted_is_lost_and_nothing_is_done_twice() {
    let (all, mut roll) = (number("KILLS", KILLS), number("KILLS_SEED", 1));
    let (mut left, mut accepted, mut is_slow) = (all, 0, false);
    while left > 0 {
        let kills = left.min(KILLS_A_JOURNAL);
        println!("KILLS={kills} KILLS_SEED={roll}");
        let of_it = kill_one_journal(kills, &mut roll);
        (accepted, is_slow, left) = (accepted + of_it.accepted, is_slow || of_it.is_slow, left - kills);
    }
    let at_least = match (number("SENDERS", SENDERS) < SENDERS, is_slow) {
        (true, _) => all,
        (false, true) => all * ACCEPTED_A_KILL / 2,
        (false, false) => all * ACCEPTED_A_KILL,
    };
    println!("{accepted} accepted in {all} kills{}", if is_slow { ", on a machine that is too slow for more" } else { "" });
    assert!(accepted >= at_least, "{accepted} were accepted in {all} kills, and not {at_least}");
}

/// What was brought to a journal.
struct OfOne {
    accepted: u64,
    /// A life had to be longer than it may be.
    is_slow: bool,
}

/// Waits until as many were brought as is to be at this kill; false where that takes too long.
fn enough_is_brought(senders: &Senders, kill: u64) -> bool {
    let began = Instant::now();
    while senders.sent().accepted < kill * ACCEPTED_A_KILL {
        if began.elapsed() > LONGER_MOST {
            return false;
        }
        thread::sleep(Duration::from_millis(5));
    }
    true
}

/// A journal of its own, judged in the end.
fn kill_one_journal(kills: u64, roll: &mut u64) -> OfOne {
    let (began, longer, changes) = (Instant::now(), number("LIFE", 0), kills * CHANGES_A_KILL);
    let place = Place::new(changes, Duration::from_millis((300 + longer) * kills));
    let senders_count = number("SENDERS", SENDERS);
    let senders = Senders::start(place.settings(senders_count)).unwrap();
    let (mut memory, mut log, mut slowest, mut is_slow) = (0, 0, Duration::ZERO, false);
    for kill in 1..=kills {
        let starts = Instant::now();
        let mut running = place.start();
        slowest = slowest.max(starts.elapsed());
        kept_so_far(&place.journal()).unwrap();
        *roll = roll.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if senders_count >= SENDERS && (kill % LONGER_EACH == 0 || kill == kills) {
            is_slow |= !enough_is_brought(&senders, kill);
        }
        // Not when they have come: at a moment of its own behind that.
        thread::sleep(Duration::from_millis(100 + (*roll >> 33) % 700 + longer));
        memory = memory.max(memory_kb(&running));
        log = log.max(fs::metadata(place.journal().with_extension("db-wal")).map_or(0, |file| file.len()));
        // SIGKILL: no handler, no farewell.
        running.kill().unwrap();
        running.wait().unwrap();
    }
    let mut running = place.start();
    let sent = senders.stop();
    let case = place.case(kills, changes);
    comes_to_rest(&case, PATIENCE);
    running.kill().unwrap();
    running.wait().unwrap();
    let judged = judge(&case).unwrap();
    println!(
        "{kills} kills in {:.0} s: {} accepted, {} polled, {} given up; {} done, {} asked again, {} undone; slowest start {} ms, {} MB, log {} MB",
        began.elapsed().as_secs_f64(),
        judged.accepted,
        judged.polled,
        judged.unheard,
        judged.effects,
        judged.repeats,
        judged.undone,
        slowest.as_millis(),
        memory / 1000,
        log / 1_000_000
    );
    assert_eq!(judged.broken, Vec::<String>::new());
    assert!(judged.accepted == sent.accepted && judged.polled == changes && judged.undone > 0, "{judged:?}");
    // I8: bounded, whatever was brought.
    assert!(memory < MEMORY_KB_MOST && log < LOG_BYTES_MOST, "{memory} kB, a log of {log} bytes");
    OfOne { accepted: judged.accepted, is_slow }
}

/// What comes true by itself.
fn is_not_yet(broken: &str) -> bool {
    broken.starts_with("I9") || broken.starts_with("I5") || broken.starts_with("I7")
}

/// A judge who finds nothing wrong would prove nothing.
#[test]
fn the_judge_sees_what_is_lost_done_twice_or_out_of_order() {
    let place = Place::new(20, Duration::from_millis(100));
    let mut running = place.start();
    let senders = Senders::start(place.settings(4)).unwrap();
    let began = Instant::now();
    while senders.sent().accepted < 60 && began.elapsed() < Duration::from_secs(30) {
        thread::sleep(Duration::from_millis(20));
    }
    senders.stop();
    thread::sleep(Duration::from_secs(2));
    running.kill().unwrap();
    running.wait().unwrap();
    let case = place.case(1, 20);
    assert_eq!(judge(&case).unwrap().broken, Vec::<String>::new());
    let (history, ledger) = (fs::read_to_string(&case.history).unwrap(), fs::read_to_string(&case.ledger).unwrap());
    let sees = |sentence: &str| judge(&case).unwrap().broken.iter().any(|broken| broken.starts_with(sentence));
    fs::write(
        &case.history,
        format!("{history}{{\"what\":\"sends\",\"id\":\"s9-9\"}}\n{{\"what\":\"accepted\",\"id\":\"s9-9\",\"message\":\"x\"}}\n"),
    )
    .unwrap();
    assert!(sees("I1"), "a message that was accepted and is gone");
    fs::write(&case.history, &history).unwrap();
    let did: Vec<&str> =
        ledger.lines().filter(|line| line.contains("\"did\"") && line.contains("\"take\"") && line.contains("\"a1\"")).collect();
    fs::write(&case.ledger, format!("{ledger}{}\n", did[0])).unwrap();
    assert!(sees("I2") && sees("I4"), "done twice, and after a later one");
    fs::write(&case.ledger, ledger.replace(did[0], &did[0].replace("\"id\":\"s1", "\"id\":\"s77"))).unwrap();
    assert!(sees("I3") && sees("I1"), "something else was done in its place");
    let asked = ledger.lines().find(|line| line.contains("\"asked\"") && line.contains("\"take\"")).unwrap();
    fs::write(&case.ledger, format!("{ledger}{asked}\n")).unwrap();
    assert!(sees("I6"), "a request that is in no trail");
    let pair = ledger.lines().find(|line| line.contains("\"did\"") && line.contains("\"release\"")).unwrap();
    fs::write(&case.ledger, ledger.replace(pair, &pair.replace("release", "confirm"))).unwrap();
    assert!(sees("I7"), "a pair that was to be undone, and was done");
    fs::write(&case.ledger, &ledger).unwrap();
    let accepted = history.lines().find(|line| line.contains("\"accepted\"")).unwrap();
    fs::write(&case.history, history.replace(&format!("{accepted}\n"), "")).unwrap();
    assert!(sees("I9"), "a message that nobody brought");
    fs::write(&case.history, &history).unwrap();
    let further = judge(&Case { changes: 21, ..case.clone() }).unwrap();
    assert!(further.broken.iter().any(|broken| broken.starts_with("I5")), "a change that was not taken");
}
