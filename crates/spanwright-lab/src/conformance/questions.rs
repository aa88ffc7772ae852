//! Every question whose answer the facts so far could have changed.

use std::sync::Arc;

use spanwright_core::fact::{Moment, RunId};

use super::{
    Both,
    facts::{FLOWS, Facts, KEYS, QUEUES, SCOPES},
};

/// Asks both.
pub fn ask_all(both: &mut Both<'_>, facts: &Facts) {
    for flow in FLOWS {
        for (after, most) in [(0, 100), (facts.runs / 2, 3)] {
            both.ask("active", |store| store.active(flow, RunId(after), most));
        }
    }
    for queue in QUEUES {
        for (now, most) in [(25, 1), (25, 3), (1000, 100)] {
            both.ask("due", |store| store.due(queue, Moment(now), most));
        }
    }
    // One more than there are, and from the end to the beginning.
    let runs: Vec<RunId> = (1..=facts.runs + 1).rev().map(RunId).collect();
    both.ask("runs", |store| store.runs(&runs));
    both.ask("newer", |store| runs.iter().map(|&run| store.newer(run)).collect::<Result<Vec<_>, _>>());
    let keys: Vec<(Arc<str>, Arc<str>)> =
        SCOPES.iter().flat_map(|&scope| KEYS.iter().map(move |&key| (scope.into(), key.into()))).collect();
    both.ask("sent", |store| store.sent(&keys));
}
