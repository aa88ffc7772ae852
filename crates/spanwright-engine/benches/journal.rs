//! How many records a second the journal takes and settles, with what it costs: commits, syncs and rows a record.
//!
//! `cargo bench -p spanwright-engine --bench journal [-- FOLDER [RECORDS]]`. Each record is a different 1 kB body with a
//! key, a version and a print; it is taken in a chunk, settled in a batch of the same size and ended in the same commit.
//! The last line is the same disk's plain write-and-sync, for comparison.

// A bench reads the clock of the machine: it measures that machine.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)]

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

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
    println!("chunk   records/s   commits   syncs/record   rows/record   MB on disk");
    for chunk in [1, 200, 1000] {
        let records = if chunk == 1 { records.min(5000) } else { records };
        let journal = tempfile::tempdir_in(&folder).unwrap();
        measure(journal.path(), chunk, records);
    }
    println!("{:.0} appends of 4 KiB a second, each synced", plain_syncs(&folder));
}

fn measure(folder: &Path, chunk: u64, records: u64) {
    let path = folder.join("journal.db");
    let mut keep = Keep::open(&path, code_of).unwrap();
    keep.opening().unwrap();
    let names = Names::new();
    let began = Instant::now();
    let mut commits = 0;
    for first in (0..records).step_by(chunk as usize) {
        let mut taken: Vec<Fact> = (first..first + chunk).map(|n| names.took(n)).collect();
        taken.push(names.moved(first));
        let receipts = keep.commit(&taken).unwrap();
        keep.commit(&names.settled(&receipts, first)).unwrap();
        commits += 2;
    }
    let rate = records as f64 / began.elapsed().as_secs_f64();
    // seen, body, message, run, effect, and the run once more; one exchange and one cursor a chunk.
    let rows = 6.0 + 2.0 / chunk as f64;
    let megabytes = std::fs::metadata(&path).unwrap().len() as f64 / 1e6;
    // One sync a commit; a checkpoint each 4,000 pages has two more.
    println!("{chunk:>5}   {rate:>9.0}   {commits:>7}   {:>12.4}   {rows:>11.3}   {megabytes:>10.1}", commits as f64 / records as f64);
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
            Receipt::Duplicate | Receipt::Known { .. } => None,
        });
        let at = Moment(first as i64);
        let settled = runs.clone().map(|run| self.done(run, exchange, at));
        let ended = runs.map(|run| Fact::Ended { run, ending: Ending::Done, at });
        std::iter::once(self.exchanged(exchange, at)).chain(settled).chain(ended).collect()
    }

    fn done(&self, run: RunId, exchange: ExchangeId, at: Moment) -> Fact {
        Fact::Settled(Box::new(Settled {
            effect: EffectKey { run, node: self.node.clone(), item: no_item(), way: Way::Do },
            state: EffectState { phase: Phase::Done(None), generation: 0, tries: 1, first: Some(at), glued: None, sent: None },
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
