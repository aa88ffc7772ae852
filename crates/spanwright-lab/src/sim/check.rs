//! The invariants, each a sentence beside its check.

use std::collections::BTreeMap;

use spanwright_core::fact::{Ending, Fact, Store as _};

use super::world::{Effected, ORDERS, World};
use crate::model::ModelStore;

type Checked = Result<(), String>;

/// All of them.
pub(super) fn check(world: &World, store: &mut ModelStore) -> Checked {
    if let Some(broken) = &world.broken {
        return Err(broken.clone());
    }
    let endings = endings(store)?;
    nothing_is_left_open(store)?;
    every_order_is_taken_once(&endings)?;
    for (id, ending) in &endings {
        if id.starts_with('o') {
            order(id, ending, world)?;
        }
    }
    records(world)
}

/// I1: what was taken is done, skipped or stopped; never absent, never open.
fn nothing_is_left_open(store: &mut ModelStore) -> Checked {
    let opening = store.opening().map_err(|fault| format!("{fault:?}"))?;
    match opening.backlog.as_slice() {
        [] => Ok(()),
        open => Err(format!("runs are left open: {open:?}")),
    }
}

fn endings(store: &ModelStore) -> Result<BTreeMap<String, Vec<Ending>>, String> {
    let mut endings: BTreeMap<String, Vec<Ending>> = BTreeMap::new();
    let (mut run, mut ids) = (0, BTreeMap::new());
    let mut seen = BTreeMap::new();
    for fact in store.facts() {
        match fact {
            Fact::Took(took) => {
                let id = took.key.as_deref().unwrap_or_default().to_string();
                // The same record in the same state is a duplicate, and has no run.
                if seen.insert((took.source.clone(), id.clone()), took.body.clone()).is_some_and(|body| body == took.body) {
                    continue;
                }
                run += 1;
                endings.entry(id.clone()).or_default();
                ids.insert(run, id);
            }
            Fact::Ended { run, ending, .. } => {
                let id = ids.get(&run.0).ok_or_else(|| format!("run {run:?} ended and was never taken"))?;
                endings.entry(id.clone()).or_default().push(ending.clone());
            }
            _ => {}
        }
    }
    Ok(endings)
}

/// I2: each order is taken, and ends, exactly once.
fn every_order_is_taken_once(endings: &BTreeMap<String, Vec<Ending>>) -> Checked {
    for n in 0..ORDERS {
        match endings.get(&format!("o{n}")).map(Vec::len) {
            Some(1) => {}
            other => return Err(format!("order o{n} ended {other:?} times")),
        }
    }
    Ok(())
}

fn order(id: &str, endings: &[Ending], world: &World) -> Checked {
    let of_it: Vec<&Effected> = world.ledger.iter().filter(|effected| effected.id == id).collect();
    let count = |operation: &str| of_it.iter().filter(|effected| &*effected.operation == operation).count();
    // I3: nothing is done twice, whatever was cut.
    for operation in ["reserve", "release", "charge", "refund", "ship", "tell"] {
        if count(operation) > 1 {
            return Err(format!("{id}: {operation} happened {} times", count(operation)));
        }
    }
    let mut logged: Vec<i64> = of_it.iter().filter(|effected| &*effected.operation == "log").map(|effected| effected.item).collect();
    logged.sort_unstable();
    if logged.windows(2).any(|two| two[0] == two[1]) {
        return Err(format!("{id}: an item was logged twice"));
    }
    undone_in_reverse_and_last(id, &of_it)?;
    match endings.first() {
        // I4: done means that all of it was done.
        Some(Ending::Done) => match ["reserve", "charge", "ship", "tell"].iter().find(|operation| count(operation) == 0) {
            Some(missing) => Err(format!("{id}: done without {missing}")),
            None if count("refund") + count("release") > 0 => Err(format!("{id}: done and undone")),
            None => Ok(()),
        },
        // I5: stopped means that whatever was done, or may have been, was undone.
        Some(Ending::Stopped(_)) => {
            match [("reserve", "release"), ("charge", "refund")].iter().find(|(did, undid)| count(did) > count(undid)) {
                Some((did, _)) => Err(format!("{id}: stopped, and {did} was not undone")),
                None => Ok(()),
            }
        }
        Some(Ending::Skipped(reason)) => Err(format!("{id}: skipped ({reason:?})")),
        None => Err(format!("{id}: no ending")),
    }
}

/// I6: undo goes in reverse. I7: nothing is done after the first undo: all siblings had settled.
fn undone_in_reverse_and_last(id: &str, of_it: &[&Effected]) -> Checked {
    let at = |operation: &str| of_it.iter().position(|effected| &*effected.operation == operation);
    if let (Some(refund), Some(release)) = (at("refund"), at("release"))
        && release < refund
    {
        return Err(format!("{id}: released before it was refunded"));
    }
    let first_undo = of_it.iter().position(|effected| matches!(&*effected.operation, "refund" | "release"));
    let last_do = of_it.iter().rposition(|effected| !matches!(&*effected.operation, "refund" | "release"));
    match (first_undo, last_do) {
        (Some(undo), Some(done)) if done > undo => Err(format!("{id}: {} after the undo had begun", of_it[done].operation)),
        _ => Ok(()),
    }
}

/// I8: each record ends in its last state, and no older state was ever written over a newer one.
fn records(world: &World) -> Checked {
    let mut states: BTreeMap<&str, i64> = BTreeMap::new();
    for effected in world.ledger.iter().filter(|effected| &*effected.operation == "upsert") {
        let last = states.insert(&effected.id, effected.item).unwrap_or(0);
        if effected.item <= last {
            return Err(format!("record {}: state {} was written after state {last}", effected.id, effected.item));
        }
    }
    for (id, wanted) in world.last_states() {
        if states.get(id.as_str()) != Some(&wanted) {
            return Err(format!("record {id}: ended in state {:?} and not in {wanted}", states.get(id.as_str())));
        }
    }
    Ok(())
}
