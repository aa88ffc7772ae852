//! Memory while records pass, many of them held by an open breaker: the CRM is away until so many wait.
//!
//! `cargo bench -p spanwright-proof -- memory [RECORDS [HELD]]`; the million of docs/performance.md is `memory 1000000 200000`.

use std::{
    collections::BTreeMap,
    io,
    path::Path,
    time::{Duration, Instant},
};

use spanwright_engine::{
    shell::{Running, State},
    variables::{Declared, Variables},
};
use spanwright_proof::{
    apart::{Apart, CRM_BACK, Weather},
    journal,
    project::Project,
    usage,
};

/// Between two looks at how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Measures and prints.
pub fn figures(counts: &[u64]) -> io::Result<()> {
    let [records, held] = usage::given(counts, [100_000, 20_000]);
    let folder = tempfile::tempdir_in(std::env::current_dir()?)?;
    let world = Apart::start(folder.path(), records, Weather::Away)?;
    let project = Project::example()?.with("flows/customers.yaml", "most: 500", "most: 1000");
    let address = folder.path().join("crm-url");
    std::fs::write(&address, &world.variables["CRM_URL"])?;
    let (began, path) = (Instant::now(), folder.path().join("journal.db"));
    let running = project.start(&path, variables(&world, &address), None, false)?;
    let away = until(&running, |state| state.standing.open >= held);
    println!("{} records wait after {:.1} s, held: {}; {}", away.standing.open, began.elapsed().as_secs_f64(), holds(&away), resident()?);
    std::fs::write(&address, &world.variables[CRM_BACK])?;
    let all = until(&running, |state| state.counters.done >= records);
    let seconds = began.elapsed().as_secs_f64();
    println!("{} records passed in {seconds:.1} s with {} commits; {}", all.counters.done, all.commits, resident()?);
    running.stop();
    running.wait();
    let counted = journal::count(&path)?;
    println!("bodies of {} bytes, journal {} MB", counted.body_bytes, usage::megabytes(counted.file_bytes));
    println!("the world's ledgers: {}", world.tally()?);
    Ok(())
}

/// Where the CRM is stands in a file, which is read for each request.
fn variables(world: &Apart, address: &Path) -> Variables {
    let chosen: BTreeMap<String, String> =
        world.variables.iter().filter(|(name, _)| *name != "CRM_URL").map(|(n, v)| (n.clone(), v.clone())).collect();
    let declared = Declared { file: Some(address.into()), ..Declared::default() };
    Variables::of_process([("CRM_URL".to_owned(), declared)].into(), chosen)
}

fn until(running: &Running, is_so: impl Fn(&State) -> bool) -> State {
    loop {
        let state = running.state();
        if is_so(&state) {
            return state;
        }
        assert!(!running.is_over(), "it ended before: {state:#?}");
        std::thread::sleep(LOOK_EVERY);
    }
}

fn holds(state: &State) -> String {
    let holds: Vec<String> = state.standing.held.iter().map(|(system, why)| format!("{system} ({why:?})")).collect();
    if holds.is_empty() { "nobody".into() } else { holds.join(", ") }
}

fn resident() -> io::Result<String> {
    let memory = usage::memory()?;
    Ok(format!("{} MB resident, {} MB at most", usage::megabytes(memory.resident_bytes), usage::megabytes(memory.most_bytes)))
}
