//! How many records a second the journal takes and settles, and what that costs: processor time, bytes written, bytes on disk.
//!
//! `cargo bench -p spanwright-engine --bench journal [-- FOLDER [RECORDS]]`. Each record is a different 1 kB body with a
//! key, a version and a print; it is taken in a chunk, settled in a batch of the same size and ended in the same commit.
//! Beside it stands bare SQLite, which keeps such a message in three tables (its key, its body, its row) and does nothing else.
//! Processor time is this thread's, bytes are those handed to the system to be written: on a shared machine they say more than
//! the clock. The last line is the same disk's plain write-and-sync.

// A bench reads the clock of the machine: it measures that machine.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)]

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use rusqlite::{Connection, TransactionBehavior};
use spanwright_core::fact::{
    Attempt, EffectKey, EffectState, Ending, ExchangeId, Exchanged, Fact, Moment, Moved, OutcomeKind, Phase, PlanId, Receipt, Root, RunId,
    Seen, Settled, Store, Took, Way, no_item, print_of,
};
use spanwright_engine::keep::Keep;
use spanwright_lab::conformance::code_of;

const BODY_BYTES: usize = 1000;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let folder = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let records: u64 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    println!(
        "        ------------- taken in ------------   ------------- settled -------------   ------- bare SQLite ------    bytes on disk"
    );
    println!(
        "chunk   records/s  µs processor   kB written   records/s  µs processor  kB written   µs processor    kB written    ours     bare"
    );
    for chunk in [1, 200, 1000] {
        let records = if chunk == 1 { records.min(5000) } else { records };
        let journal = tempfile::tempdir_in(&folder).unwrap();
        measure(journal.path(), chunk, records);
    }
    println!("{:.0} appends of 4 KiB a second, each synced", plain_syncs(&folder));
}

/// What some work cost.
#[derive(Clone, Copy, Default)]
struct Cost {
    time: Duration,
    processor: Duration,
    written: u64,
}

impl Cost {
    fn of<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let (began, processor, written) = (Instant::now(), processor(), written());
        let done = work();
        self.time += began.elapsed();
        self.processor += processor_since(processor);
        self.written += self::written() - written;
        done
    }

    fn micros(self, records: u64) -> f64 {
        self.processor.as_secs_f64() * 1e6 / records as f64
    }

    fn kilobytes(self, records: u64) -> f64 {
        self.written as f64 / 1e3 / records as f64
    }

    fn rate(self, records: u64) -> f64 {
        records as f64 / self.time.as_secs_f64()
    }
}

/// Processor time of this thread, as Linux counts it; nothing elsewhere.
fn processor() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split_whitespace().next().and_then(|field| field.parse().ok()).unwrap_or(0))
}

fn processor_since(before: Duration) -> Duration {
    processor().saturating_sub(before)
}

/// Bytes that this process has handed over to be written.
fn written() -> u64 {
    let text = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    text.lines().find_map(|line| line.strip_prefix("wchar: ")?.parse().ok()).unwrap_or(0)
}

fn measure(folder: &Path, chunk: u64, records: u64) {
    let path = folder.join("journal.db");
    let mut keep = Keep::open(&path, code_of).unwrap();
    keep.opening().unwrap();
    let names = Names::new();
    let (mut taking, mut settling) = (Cost::default(), Cost::default());
    for first in (0..records).step_by(chunk as usize) {
        let mut taken: Vec<Fact> = (first..first + chunk).map(|n| names.took(n)).collect();
        taken.push(names.moved(first));
        let receipts = taking.of(|| keep.commit(&taken).unwrap());
        let settled = names.settled(&receipts, first);
        settling.of(|| keep.commit(&settled).unwrap());
    }
    let bare = bare(&folder.join("bare.db"), &names, chunk, records);
    // Closed, all of it is in the file.
    drop(keep);
    let on_disk = |name: &str| std::fs::metadata(folder.join(name)).unwrap().len() / records;
    let of = |cost: Cost| (cost.micros(records), cost.kilobytes(records));
    let (taken, settled, bare) = ((taking.rate(records), of(taking)), (settling.rate(records), of(settling)), of(bare));
    println!(
        "{chunk:>5}   {:>9.0}  {:>12.1}   {:>10.2}   {:>9.0}  {:>12.1}  {:>10.2}   {:>12.1}    {:>10.2}   {:>5}    {:>5}",
        taken.0,
        taken.1.0,
        taken.1.1,
        settled.0,
        settled.1.0,
        settled.1.1,
        bare.0,
        bare.1,
        on_disk("journal.db"),
        on_disk("bare.db"),
    );
}

/// The same messages with their keys, bodies and prints, and nothing to find or go on with them by.
fn bare(path: &Path, names: &Names, chunk: u64, records: u64) -> Cost {
    let mut connection = Connection::open(path).unwrap();
    connection
        .execute_batch(
            "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -8192;
             CREATE TABLE body (id INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
             CREATE TABLE message (seq INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, received INTEGER NOT NULL, body INTEGER NOT NULL) STRICT;
             CREATE TABLE seen (key TEXT PRIMARY KEY, print BLOB NOT NULL, message INTEGER NOT NULL) WITHOUT ROWID, STRICT;",
        )
        .unwrap();
    let mut cost = Cost::default();
    for first in (0..records).step_by(chunk as usize) {
        let taken: Vec<Fact> = (first..first + chunk).map(|n| names.took(n)).collect();
        cost.of(|| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
            {
                let mut bodies = transaction.prepare_cached("INSERT INTO body VALUES (?1, ?2)").unwrap();
                let mut messages = transaction.prepare_cached("INSERT INTO message VALUES (?1, ?2, ?3, ?1)").unwrap();
                let mut seen = transaction.prepare_cached("INSERT INTO seen VALUES (?1, ?2, ?3)").unwrap();
                for (fact, n) in taken.iter().zip(first as i64 + 1..) {
                    let Fact::Took(took) = fact else { continue };
                    let arrived = took.seen.as_ref().unwrap();
                    bodies.execute((n, &took.body)).unwrap();
                    messages.execute((n, took.message.to_be_bytes(), took.at.0)).unwrap();
                    seen.execute((&arrived.key, arrived.print, n)).unwrap();
                }
            }
            transaction.commit().unwrap();
        });
    }
    cost
}

struct Names {
    source: Arc<str>,
    flow: Arc<str>,
    node: Arc<str>,
    queue: Arc<str>,
    system: Arc<str>,
    filler: String,
}

impl Names {
    fn new() -> Names {
        Names {
            source: "customers.poll".into(),
            flow: "customers".into(),
            node: "crm.upsertContacts".into(),
            queue: "customers.crm.upsertContacts".into(),
            system: "crm".into(),
            filler: "a customer of an ERP, with names and numbers; ".repeat(BODY_BYTES / 46),
        }
    }

    fn took(&self, n: u64) -> Fact {
        // Keys in no order, as records come.
        let key: Arc<str> = format!("C{:08x}", (n as u32).wrapping_mul(2_654_435_761)).into();
        let body = format!("{{\"Number\":\"{key}\",\"Note\":\"{}\"}}", self.filler).into_bytes();
        let id = 0x0190_0000_0000_7000_8000_0000_0000_0000 | u128::from(n) << 80;
        let print = Some(print_of(&[&body]));
        Fact::Took(Box::new(Took {
            message: id,
            source: self.source.clone(),
            correlation: format!("{id:032x}").into(),
            at: Moment(n as i64),
            key: Some(key.clone()),
            version: Some("2026-11-22T10:00:00Z".into()),
            body: body.into(),
            beside: None,
            flow: self.flow.clone(),
            root: Root(id),
            plan: PlanId(1),
            seen: Some(Seen { scope: self.source.clone(), key, print, held: None, until: Moment(i64::MAX) }),
            about: None,
            fault: None,
        }))
    }

    fn moved(&self, n: u64) -> Fact {
        let cursor = Some(format!("\"{n}\"").into_bytes().into());
        Fact::Moved(Moved { source: self.source.clone(), cursor, due: Moment(0), at: Moment(n as i64) })
    }

    fn settled(&self, receipts: &[Receipt], first: u64) -> Vec<Fact> {
        let exchange = ExchangeId(first as i64 + 1);
        let runs = receipts.iter().filter_map(|receipt| match receipt {
            Receipt::Taken(run) => Some(*run),
            Receipt::Duplicate | Receipt::Known { .. } | Receipt::Late => None,
        });
        let at = Moment(first as i64);
        let settled = runs.clone().map(|run| self.done(run, exchange, at));
        let ended = runs.map(|run| Fact::Ended { run, ending: Ending::Done, at });
        std::iter::once(self.exchanged(exchange, at)).chain(settled).chain(ended).collect()
    }

    fn done(&self, run: RunId, exchange: ExchangeId, at: Moment) -> Fact {
        Fact::Settled(Box::new(Settled {
            effect: EffectKey { run, node: self.node.clone(), item: no_item(), way: Way::Do },
            state: EffectState { tries: 1, first: Some(at), ..EffectState::new(Phase::Done(None)) },
            queue: self.queue.clone(),
            lane: run.0.cast_unsigned(),
            attempt: Some(Attempt { n: 1, exchange: Some(exchange), outcome: OutcomeKind::Delivered, says: None }),
            at,
        }))
    }

    fn exchanged(&self, id: ExchangeId, at: Moment) -> Fact {
        let (system, operation) = (self.system.clone(), self.node.clone());
        Fact::Exchanged(Exchanged { id, system, operation, at, took: Duration::ZERO, status: 200, calls: 1000, sent: 1_000_000, got: 1000 })
    }
}

fn plain_syncs(folder: &Path) -> f64 {
    let mut file = tempfile_in(folder);
    let began = Instant::now();
    for _ in 0..500 {
        file.write_all(&[7; 4096]).unwrap();
        file.sync_data().unwrap();
    }
    500.0 / began.elapsed().as_secs_f64()
}

fn tempfile_in(folder: &Path) -> File {
    tempfile::tempfile_in(folder).unwrap()
}
