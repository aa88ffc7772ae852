//! One SOAP answer of hundreds of megabytes, cut in the first try and whole in the second, mapped, journaled, delivered.
//!
//! `cargo bench -p spanwright-proof -- large [MB [CUT_AT_MB]]`; the world is another process, so that the memory is ours.

use std::{io, time::Instant};

use spanwright_engine::variables::Variables;
use spanwright_proof::{
    apart::{Apart, Weather},
    journal,
    project::Project,
    usage,
};

/// Bytes of a customer's element.
const CUSTOMER_BYTES: u64 = 1_190;

/// Measures and prints.
pub fn figures(counts: &[u64]) -> io::Result<()> {
    let [megabytes, cut] = usage::given(counts, [200, 150]);
    let folder = tempfile::tempdir_in(std::env::current_dir()?)?;
    let customers = megabytes * 1_000_000 / CUSTOMER_BYTES;
    let world = Apart::start(folder.path(), customers, Weather::Flood { cut_bytes: cut * 1_000_000 })?;
    let before = usage::memory()?;
    let (began, path) = (Instant::now(), folder.path().join("journal.db"));
    let running = Project::example()?.start(&path, Variables::fixed(world.variables.clone()), None, true)?;
    let ended = running.wait();
    let (seconds, memory, counters) = (began.elapsed().as_secs_f64(), usage::memory()?, &ended.state.counters);
    println!("{customers} customers in one answer of about {megabytes} MB, cut at {cut} MB in the first try; it ended: {}", ended.why);
    println!("taken {}, known from before the cut {}, polls failed {}", counters.taken, counters.duplicates, counters.polls_failed);
    println!("done {} in {seconds:.1} s: {:.1} MB/s of XML, both tries", counters.done, (megabytes + cut) as f64 / seconds);
    let (most, idle) = (usage::megabytes(memory.most_bytes), usage::megabytes(before.resident_bytes));
    println!("{most} MB resident at most; {idle} MB before the engine was started");
    println!("journal {} MB", usage::megabytes(journal::count(&path)?.file_bytes));
    println!("the world's ledgers: {}", world.tally()?);
    Ok(())
}
