//! The disk of the simulated world: one job after the other, each all or nothing.

use std::sync::Arc;

use spanwright_core::{
    desk::{CallId, Event, Fetch, Ticket},
    fact::{Fact, Store as _},
};

use super::receipts_of;
use crate::model::ModelStore;

pub(crate) enum DiskJob {
    Commit { ticket: Ticket, write: Vec<Fact>, kept: Vec<Fact> },
    Fetch(Fetch),
    Look(CallId, Vec<(Arc<str>, Arc<str>)>),
}

impl DiskJob {
    /// Does it, now, and says what the desk hears.
    pub fn done(self, store: &mut ModelStore) -> Event {
        match self {
            DiskJob::Commit { ticket, write, kept } => Event::Kept { ticket, receipts: receipts_of(store, &write), facts: kept },
            DiskJob::Look(call, keys) => Event::Looked { call, prints: store.sent(&keys).unwrap_or_default() },
            DiskJob::Fetch(Fetch::Stopped { chore, filter, after, upto, most }) => {
                Event::FoundStopped { chore, runs: store.stopped(&filter, after, upto, most).unwrap_or_default() }
            }
            DiskJob::Fetch(Fetch::Troubles { stuck, most }) => Event::FoundTroubles(store.troubles(stuck, most).unwrap_or_default()),
            DiskJob::Fetch(Fetch::Tally { call, flow, upto }) => {
                Event::FoundTally { call, tally: store.tally(&flow, upto).unwrap_or_default() }
            }
            DiskJob::Fetch(fetch) => {
                let (runs, next) = match &fetch {
                    Fetch::Active { flow, after, most } => (store.active(flow, *after, *most).unwrap_or_default(), None),
                    Fetch::Due { queue, now, most } => store.due(queue, *now, *most).unwrap_or_default(),
                    Fetch::Runs(runs) => (store.runs(runs).unwrap_or_default(), None),
                    Fetch::Stopped { .. } | Fetch::Troubles { .. } | Fetch::Tally { .. } => (Vec::new(), None),
                    Fetch::Answer { run, .. } => (store.runs(&[*run]).unwrap_or_default(), None),
                };
                Event::Found { fetch, runs, next }
            }
        }
    }
}
