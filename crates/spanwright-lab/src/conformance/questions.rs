//! Every question whose answer the facts so far could have changed.

use std::sync::Arc;

use spanwright_core::fact::{Forget, Moment, RunId, StoppedFilter, Turn};

use super::{
    Both,
    facts::{FLOWS, Facts, KEYS, QUEUES, SENT},
};

/// Asks both.
pub fn ask_all(both: &mut Both<'_>, facts: &mut Facts) {
    for flow in FLOWS {
        for (after, most) in [(0, 100), (facts.runs / 2, 3)] {
            both.ask("in_line", |store| store.in_line(flow));
            both.ask("active", |store| store.active(flow, RunId(after), most));
        }
    }
    for queue in QUEUES {
        for (from, now, most) in [(0, 25, 1), (0, 25, 3), (0, 1000, 100), (20, 1000, 3)] {
            let from = Turn { due: Moment(from), run: RunId(from / 10) };
            both.ask("due", |store| store.due(queue, from, Moment(now), most));
        }
    }
    // One more than there are, and from the end to the beginning.
    let runs: Vec<RunId> = (1..=facts.runs + 1).rev().map(RunId).collect();
    both.ask("runs", |store| store.runs(&runs));
    both.ask("deaths", |store| FLOWS.iter().map(|flow| store.deaths(flow, Moment(9), 3)).collect::<Result<Vec<_>, _>>());
    both.ask("within a round", |store| FLOWS.iter().map(|flow| store.is_within_a_round(flow)).collect::<Result<Vec<_>, _>>());
    both.ask("overtaken", |store| runs.iter().map(|&run| store.overtaken(run)).collect::<Result<Vec<_>, _>>());
    let ids = facts.ids.clone();
    both.ask("letter", |store| ids.iter().map(|id| store.letter(*id)).collect::<Result<Vec<_>, _>>());
    let filter = facts.filter();
    for (filter, after, most) in [(&StoppedFilter::default(), 0, 100), (&filter, 0, 100), (&filter, facts.runs / 3, 2)] {
        both.ask("stopped", |store| store.stopped(filter, RunId(after), RunId(facts.runs), most));
        let runs: Vec<RunId> = (after..facts.runs).map(|run| RunId(run + 1)).collect();
        both.ask("bundles", |store| store.bundles(&runs));
    }
    for (stuck, most) in [(0, 100), (3, 2)] {
        both.ask("troubles", |store| store.troubles(stuck, most));
    }
    for upto in [1, facts.runs / 2, facts.runs] {
        both.ask("tally", |store| store.tally("customers", RunId(upto)));
    }
    for (what, after, window) in [(Forget::Bodies, 0, 100), (Forget::All, facts.runs / 2, 3)] {
        both.ask("old", |store| store.old(what, RunId(after), Moment(25), window));
    }
    let keys: Vec<(Arc<str>, Arc<str>)> = SENT.iter().flat_map(|&scope| KEYS.iter().map(move |&key| (scope.into(), key.into()))).collect();
    both.ask("sent", |store| store.sent(&keys));
}
