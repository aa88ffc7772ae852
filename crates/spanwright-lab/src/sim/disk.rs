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
            // The model's disk has no faults: it loses what was not synced, and answers.
            DiskJob::Fetch(fetch) => fetch.answered(store).unwrap_or(Event::Wake),
        }
    }
}
