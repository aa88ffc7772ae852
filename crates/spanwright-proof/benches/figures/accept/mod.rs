//! Messages accepted over HTTP, each on the disk before its 202, from many who wait each and from one who has as many on their way over one
//! connection (HTTP/2): as a share of what SQLite can do on this disk at all, and beside RabbitMQ's quorum queue with confirms, its many and
//! its one alike, and Restate's durable send. Then accepted to delivered, at half of what goes through.
//!
//! `cargo build --release && cargo bench -p spanwright-proof -- accept [SECONDS]`. The engine is the release binary in a process of its
//! own; who sends, and who is delivered to, share the two processors with it. Restate is installed by `npm ci` in `benches/restate`;
//! where RabbitMQ or Restate is not there, it is said.

pub mod load;
mod rabbit;
mod restate;
mod sqlite;
mod window;

use std::{
    io,
    path::Path,
    time::{Duration, Instant},
};

use spanwright_proof::usage;

use super::ours::Ours;
pub use super::ours::free_address;
use load::{Load, Sink};

/// Bytes of a body.
pub const BODY_BYTES: usize = 1024;
/// Senders at once.
const SENDERS: [usize; 2] = [64, 256];

/// It is waited for the last delivery so many times as long as messages are brought.
const PATIENCE: u32 = 10;

const PROJECT: [(&str, &str); 4] = [
    (
        "spanwright.yaml",
        "project: accept\nlisten: { http: \"${ADDRESS}\" }\nvars: { ADDRESS: { about: ours }, SINK_URL: { about: theirs } }\n",
    ),
    (
        "systems/sink.yaml",
        "system: sink\nrest: schemas/sink.yaml\nurl: \"${SINK_URL}\"\nlimits: { concurrency: 32 }\noperations:\n  take: { post: /take, key: Idempotency-Key }\n",
    ),
    ("schemas/sink.yaml", "openapi: 3.0.3\ninfo: { title: sink, version: '1' }\npaths: {}\n"),
    ("flows/kept.yaml", "flow: kept\nfrom: { http: POST /kept }\nsteps:\n  - { only: \".id == null\" }\n  - { send: sink.take }\n"),
];
const SENT: &str = "flow: sent\nfrom: { http: POST /sent }\nsteps:\n  - { send: sink.take }\n";

/// Measures and prints.
pub fn figures(counts: &[u64]) -> io::Result<()> {
    let [seconds] = usage::given(counts, [5]);
    let time = Duration::from_secs(seconds);
    let mut most = f64::MAX;
    for senders in SENDERS {
        let folder = tempfile::tempdir_in(std::env::current_dir()?)?;
        let sink = Sink::start()?;
        let ours = start(folder.path(), &sink)?;
        // Before and behind ours: what a shared machine can do changes from second to second.
        let bare = || sqlite::messages_a_second(tempfile::tempdir_in(folder.path())?.path(), senders, time);
        let before = bare()?;
        let kept = load::bring(ours.address, "/kept", senders, time, None, None)?;
        let behind = bare()?;
        let bare = (before + behind) / 2.0;
        println!("{senders} senders, {BODY_BYTES} bytes a message");
        println!("  SQLite alone, one sync a group:         {bare:>8.0}/s, {before:.0} before and {behind:.0} behind ours");
        said("accepted, flow ends at once:", &kept, bare);
        let mut one = Vec::new();
        for window in rabbit::windows(senders) {
            let rates = window::messages_a_second(ours.address, "/kept", window, time)?;
            let said = |what: &str, rate: f64| println!("  {what:<38}  {rate:>8.0}/s, {:.0} % of SQLite alone", 100.0 * rate / bare);
            said(&format!("accepted from one, HTTP/2, windows of {window}:"), rates.windows);
            said(&format!("one, HTTP/2, {window} unanswered:"), rates.sliding);
            one.push(rates);
        }
        let began = Instant::now();
        let sent = load::bring(ours.address, "/sent", senders, time, None, None)?;
        said("accepted, while it is delivered:", &sent, bare);
        println!("    of them delivered meanwhile: {:.0} %", 100.0 * sink.took() as f64 / sent.count() as f64);
        let through = through(&sink, sent.count(), began, time * PATIENCE);
        println!("    until the last of them is delivered:  {through:>8.0}/s");
        drop(ours);
        match rabbit::messages_a_second(folder.path(), senders, time) {
            Ok(theirs) => {
                let said = |what: &str, rate: f64| println!("  RabbitMQ, {what:<29} {rate:>8.0}/s; ours is {:.2} of it", kept.rate / rate);
                said(&format!("{senders} who wait each:"), theirs.many);
                let like = |what: &str, rate: f64, ours: f64| {
                    println!(
                        "  RabbitMQ, {what:<29} {rate:>8.0}/s; ours is {:.2} of it by one over HTTP/2, {:.2} by {senders} who wait each",
                        ours / rate,
                        kept.rate / rate
                    );
                };
                for ((window, theirs), ours) in theirs.one.into_iter().zip(&one) {
                    like(&format!("one, windows of {window}:"), theirs.windows, ours.windows);
                    like(&format!("one with {window} unconfirmed:"), theirs.sliding, ours.sliding);
                }
            }
            Err(error) => println!("  RabbitMQ was not measured: {error}"),
        }
        match restate::send(folder.path(), senders, time) {
            Ok(theirs) => println!(
                "  Restate, durable send:                  {:>8.0}/s; ours is {:.2} of it, {:.2} while it is delivered",
                theirs.rate,
                kept.rate / theirs.rate,
                sent.rate / theirs.rate
            ),
            Err(error) => println!("  Restate was not measured: {error}"),
        }
        most = most.min(through);
    }
    delivered(most / 2.0, time)
}

/// What goes through, from the first that is sent to the last that is delivered: what is accepted faster than that waits.
fn through(sink: &Sink, count: usize, began: Instant, patience: Duration) -> f64 {
    while sink.took() < count && began.elapsed() < patience {
        std::thread::sleep(Duration::from_millis(5));
    }
    sink.took() as f64 / began.elapsed().as_secs_f64()
}

fn said(what: &str, load: &Load, bare: f64) {
    println!(
        "  {what:<38}  {:>8.0}/s, {:.0} % of SQLite alone; answered after {:.1} ms in the middle, {:.1} ms at 99 %",
        load.rate,
        100.0 * load.rate / bare,
        millis(load.answered_after(50)),
        millis(load.answered_after(99))
    );
}

/// Accepted to delivered at a steady pace.
fn delivered(pace: f64, time: Duration) -> io::Result<()> {
    let folder = tempfile::tempdir_in(std::env::current_dir()?)?;
    let sink = Sink::start()?;
    let ours = start(folder.path(), &sink)?;
    let load = load::bring(ours.address, "/sent", 64, time, Some(pace), None)?;
    std::thread::sleep(Duration::from_millis(500));
    println!(
        "at {:.0} messages a second: sent to accepted {:.1} ms in the middle, {:.1} ms at 99 %; sent to delivered {:.1} ms in the middle, {:.1} ms at 99 %; {} of {} delivered",
        load.rate,
        millis(load.answered_after(50)),
        millis(load.answered_after(99)),
        millis(sink.after(50)),
        millis(sink.after(99)),
        sink.took(),
        load.count()
    );
    Ok(())
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// With both flows.
fn start(folder: &Path, sink: &Sink) -> io::Result<Ours> {
    let files = PROJECT.into_iter().chain([("flows/sent.yaml", SENT)]).map(|(name, text)| (name, text.into()));
    Ours::start(folder, files, [("SINK_URL".to_string(), sink.url())])
}
