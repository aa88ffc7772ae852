//! An answer that is never in memory as a whole.

#![allow(clippy::unwrap_used)]

use std::{process::Stdio, time::Duration};

use spanwright_world::{Flood, World, WorldSettings};

use crate::project::Project;

/// 20 MB of XML, which decoded would be three times as much beside them.
const CUSTOMERS: u64 = 17_000;
/// What a flow may have in hand is 16 MB, the journal's cache is 8 MiB, and the rest is what any engine has. Pages of the program
/// itself do not count: an unoptimised one alone maps more than 30 MB, how many of them depends on what the machine has read before.
/// 25 to 28 MB in 37 runs, of which 30 were six at a time.
const OWN_MOST_BYTES: u64 = 40_000_000;

#[test]
fn twenty_megabytes_in_one_answer_are_never_in_memory_at_once() {
    let (project, ledgers) = (Project::example(), tempfile::tempdir().unwrap());
    let world = World::start(WorldSettings::quiet(ledgers.path(), 0)).unwrap();
    let flood = Flood::start(CUSTOMERS, None).unwrap();
    let mut command = project.command(&world, &["--once", "--format", "json", "--log", "json", "--level", "warn"]);
    let mut child = command.env("ERP_URL", flood.url()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        most = most.max(own(&std::fs::read_to_string(&status).unwrap_or_default()).unwrap_or(0));
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    let summary: serde_json::Value = serde_json::from_str(out.trim()).unwrap();
    assert_eq!((&summary["taken"], &summary["delivered"]), (&CUSTOMERS.into(), &CUSTOMERS.into()));
    assert_eq!(world.tally(&[]).unwrap().applied, CUSTOMERS);
    let bytes = flood.flooded()[0].bytes;
    assert!(bytes > 20_000_000 && most > 0 && most < OWN_MOST_BYTES, "{most} bytes at most, for an answer of {bytes}");
}

/// `RssAnon` of Linux, in bytes: resident, and no file's.
fn own(status: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with("RssAnon:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}
