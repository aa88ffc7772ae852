//! `spanwright demo nightly-sync`: the same records one by one and in batches, to the same API.

use std::{path::Path, time::Duration};

use anyhow::{Context, bail};
use spanwright_engine::shell::Why;
use spanwright_world::{Depot, DepotSettings, SyncTally};

use super::{Demo, fixed, ledgers};
use crate::cli::{
    Ended, embedded,
    folder::Folder,
    out::{Format, Object, Out},
    progress::{self, Show},
    run::Project,
    story::{seconds, thousands},
};

/// Records of the database where nothing is said.
const RECORDS: u64 = 10_000;
/// How far away the API is.
const LATENCY: Duration = Duration::from_millis(20);

pub(super) fn run(path: &Path, folder: &Folder, demo: &Demo, out: &mut Out) -> anyhow::Result<Ended> {
    let records = demo.size.unwrap_or(RECORDS);
    embedded::write(embedded::NIGHTLY_SYNC, path)?;
    let ledger = ledgers(folder)?.join("depot.jsonl");
    let depot = Depot::start(DepotSettings { ledger, records, latency: LATENCY }).context("starting the stand-ins on loopback")?;
    out.aside(&format!(
        "A database with {} records and an API that is {} ms away and bears two calls at once run on loopback.\n\
         The project is in {}: see the two flows, which differ in one line.\n",
        thousands(records),
        LATENCY.as_millis(),
        path.display()
    ));
    let mut ways = Vec::new();
    for (environment, what) in [("one-by-one", "one"), ("in-batches", "bulk")] {
        out.aside(&format!("{environment} ..."));
        let project = Project::open(folder.clone(), Some(environment), out)?;
        let begun = project.start(fixed(depot.variables()), true, None)?;
        // A line a call is no story.
        let ended = progress::follow(begun, &Show::Nothing, out, |_| false);
        if !matches!(ended.why, Why::Drained) {
            bail!("{environment}: {}", ended.why);
        }
        ways.push(depot.tally(what)?);
    }
    depot.stop();
    let [one, bulk] = [ways[0], ways[1]];
    match demo.format {
        Format::Human => out.data(&human(&one, &bulk))?,
        Format::Json => out.line(&json(&one, &bulk))?,
    }
    let whole = [one, bulk].iter().all(|way| way.records == records);
    Ok(if whole { Ended::Fine } else { Ended::Problems })
}

fn ratio(one: u128, other: u128) -> u128 {
    one / other.max(1)
}

fn human(one: &SyncTally, bulk: &SyncTally) -> String {
    let row = |name: &str, way: &SyncTally| {
        format!("  {name:<12} {:>9} calls {:>9} records {:>10}\n", thousands(way.calls), thousands(way.records), seconds(way.time))
    };
    let mut text = String::from("\nBy the API's own ledger, from the first call to the last:\n");
    text += &row("one by one", one);
    text += &row("in batches", bulk);
    text += &format!(
        "  {:<12} {:>7}:1 calls {:>21}:1 time\n",
        "ratio",
        ratio(one.calls.into(), bulk.calls.into()),
        ratio(one.time.as_millis(), bulk.time.as_millis())
    );
    text
}

fn json(one: &SyncTally, bulk: &SyncTally) -> String {
    Object::new()
        .number("one_calls", one.calls)
        .number("one_records", one.records)
        .number("one_milliseconds", one.time.as_millis() as u64)
        .number("bulk_calls", bulk.calls)
        .number("bulk_records", bulk.records)
        .number("bulk_milliseconds", bulk.time.as_millis() as u64)
        .end()
}
