//! Answers that are larger than the memory that one may take: read in pieces, and what was read is kept whatever comes.

use spanwright_engine::shell::Why;
use spanwright_world::{Flood, World, WorldSettings};

use crate::trial::{Trial, until, wait};

const CUSTOMERS: u64 = 8_000;

fn trial(world: &World, flood: &Flood) -> Trial {
    let mut trial = Trial::within(world);
    trial.variables.insert("ERP_URL".into(), flood.url());
    trial.edit("systems/erp.yaml", "first: 250ms", "first: 20ms");
    trial
}

/// The `ChangedSince` of a request.
fn since(request: &str) -> &str {
    request.split("ChangedSince>").nth(1).and_then(|rest| rest.split('<').next()).unwrap_or_default()
}

#[test]
fn a_page_that_is_cut_in_the_middle_is_kept_up_to_the_cut_and_read_again_from_the_old_cursor() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(WorldSettings::quiet(folder.path(), 0)).unwrap();
    let flood = Flood::start(CUSTOMERS, Some(7_000_000)).unwrap();
    let trial = trial(&world, &flood);
    let ended = trial.once();
    assert_eq!(ended.why, Why::Drained, "{}", trial.log_text());
    let flooded = flood.flooded();
    let [cut, whole] = flooded.as_slice() else { panic!("{flooded:?}") };
    assert!(cut.bytes == 7_000_000 && whole.bytes > 8_000_000 && whole.customers == CUSTOMERS, "{flooded:?}");
    let counters = &ended.state.counters;
    assert_eq!((counters.taken, counters.duplicates, counters.polls_failed), (CUSTOMERS, cut.customers, 1), "{:?}", cut.customers);
    assert_eq!((counters.done, counters.dead_letters()), (CUSTOMERS, 0));
    assert_eq!(since(&cut.request), since(&whole.request), "the cursor has not moved");
    // What nobody served is not in the tally; what was applied is.
    assert_eq!(world.tally(&[]).unwrap().applied, CUSTOMERS);
    let failed = &trial.lines("poll-failed")[0];
    assert!(failed.to_string().contains("the connection broke inside the answer"), "{failed}");
}

#[test]
fn the_cursor_moves_behind_a_page_that_was_read_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(WorldSettings::quiet(folder.path(), 0)).unwrap();
    let flood = Flood::start(CUSTOMERS, None).unwrap();
    let trial = trial(&world, &flood);
    trial.once();
    trial.once();
    let flooded = flood.flooded();
    assert!(since(&flooded[0].request) < since(&flooded[1].request), "{} {}", since(&flooded[0].request), since(&flooded[1].request));
}

#[test]
fn a_stop_breaks_a_large_page_off_and_the_next_start_reads_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(WorldSettings::quiet(folder.path(), 0)).unwrap();
    let flood = Flood::start(CUSTOMERS * 2, None).unwrap();
    let trial = trial(&world, &flood);
    let running = trial.start(false);
    until(&running, "something of it is on disk", |state| state.counters.taken > 0);
    running.stop();
    let stopped = wait(running);
    assert!(stopped.state.counters.taken < CUSTOMERS * 2, "it was not read to its end: {}", stopped.state.counters.taken);
    let ended = trial.once();
    assert_eq!(ended.why, Why::Drained, "{}", trial.log_text());
    assert_eq!(stopped.state.counters.taken + ended.state.counters.taken, CUSTOMERS * 2);
    assert_eq!(world.tally(&[]).unwrap().applied, CUSTOMERS * 2);
}
