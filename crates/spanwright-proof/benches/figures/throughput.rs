//! Poll to delivered: a SOAP ERP's customers in a REST CRM, through a journal on disk, in batches of 1,000; beside plain Node.js.
//!
//! `cargo bench -p spanwright-proof -- throughput [RECORDS [RECORDS_OF_NODE]]`. The world runs in a process of its own.

use std::{
    io,
    path::Path,
    time::{Duration, Instant},
};

use spanwright_engine::{observe::LogSettings, shell::Why, variables::Variables};
use spanwright_proof::{
    apart::{Apart, Weather},
    journal, node,
    project::{Project, log_to},
    usage,
};

/// How often the threads' time is read: to read it all the while took a twentieth of the processor from what is measured.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Measures and prints.
pub fn figures(counts: &[u64]) -> io::Result<()> {
    let [records, by_node] = usage::given(counts, [100_000, 5_000]);
    let quiet = ours(records, "no log", |_| None)?;
    let logged = ours(records, "ECS log in a file", |folder| Some(log_to(std::fs::File::create(folder.join("log")).ok()?)))?;
    let one = plain(by_node, 1)?;
    let batched = plain(records, 1000)?;
    println!("\nratios, by the clock / by the processor: this program's records a second over Node.js's");
    for (name, node) in [("one call a record", &one), ("batches of 1,000", &batched)] {
        for (ours, log) in [(&quiet, "no log"), (&logged, "log")] {
            println!(
                "  Node.js {name}, ours with {log}: {:.1} / {:.1}",
                ours.by_clock / node.by_clock,
                ours.by_processor / node.by_processor
            );
        }
    }
    Ok(())
}

/// Records a second.
struct Pace {
    by_clock: f64,
    by_processor: f64,
}

fn ours(records: u64, name: &str, log: impl Fn(&Path) -> Option<LogSettings>) -> io::Result<Pace> {
    let folder = tempfile::tempdir_in(std::env::current_dir()?)?;
    let world = Apart::start(folder.path(), records, Weather::Fair)?;
    let project = Project::example()?.with("flows/customers.yaml", "most: 500", "most: 1000");
    let (began, spent) = (Instant::now(), usage::processor()?);
    let path = folder.path().join("journal.db");
    let running = project.start(&path, Variables::fixed(world.variables.clone()), log(folder.path()), true)?;
    let (mut threads, mut looked) = (Vec::new(), began);
    while !running.is_over() {
        if looked.elapsed() >= LOOK_EVERY {
            (threads, looked) = (usage::threads()?, Instant::now());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let seconds = began.elapsed().as_secs_f64();
    let processor = (usage::processor()? - spent).as_secs_f64();
    let ended = running.wait();
    assert_eq!(ended.why, Why::Drained);
    let counted = journal::count(&path)?;
    let tally = world.tally()?;
    let (all, state) = (records as f64, &ended.state);
    println!("spanwright, {name}: {records} records of {} bytes in {seconds:.2} s, {processor:.2} s of processor", counted.body_bytes);
    println!("  {:.0} records/s by the clock, {:.0} by the processor", all / seconds, all / processor);
    println!(
        "  {} commits, one sync each: {:.5} a record; {:.2} facts and {:.2} rows a record; journal {} MB",
        state.commits,
        state.commits as f64 / all,
        state.facts as f64 / all,
        counted.rows as f64 / all,
        usage::megabytes(counted.file_bytes)
    );
    println!("  {} MB resident at most; the world's ledgers: {tally}", usage::megabytes(usage::memory()?.most_bytes));
    let threads: Vec<String> = threads.iter().take(8).map(|(name, spent)| format!("{name} {:.2}", spent.as_secs_f64())).collect();
    println!("  seconds of processor by thread: {}", threads.join(", "));
    assert_eq!((tally["right"].as_u64(), tally["lost"].as_u64(), tally["duplicates"].as_u64()), (Some(records), Some(0), Some(0)));
    Ok(Pace { by_clock: all / seconds, by_processor: all / processor })
}

fn plain(records: u64, batch: u64) -> io::Result<Pace> {
    let folder = tempfile::tempdir()?;
    let world = Apart::start(folder.path(), records, Weather::Fair)?;
    let variables: Vec<(String, String)> = world.variables.clone().into_iter().collect();
    let measured = node::run("poll.mjs", &[batch.to_string(), "4".into()], &variables)?;
    let (by_clock, by_processor) = (node::figure(&measured, "records_per_second"), node::figure(&measured, "records_per_cpu_second"));
    println!(
        "Node.js without a journal, batches of {batch}: {records} records, {by_clock:.0} records/s by the clock, {by_processor:.0} by the processor"
    );
    Ok(Pace { by_clock, by_processor })
}
