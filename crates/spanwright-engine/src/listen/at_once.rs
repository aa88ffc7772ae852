//! What is answered without the journal: how often, and which flow somebody holds.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use spanwright_core::{fact::Moment, plan::Plan};

use crate::observe::{Level, Line, Log};

/// Counts what is answered at once.
pub(crate) struct AtOnce {
    flows: Vec<OfFlow>,
    log: Option<Arc<Log>>,
}

struct OfFlow {
    name: Arc<str>,
    held: AtomicBool,
    answered: AtomicU64,
}

impl AtOnce {
    /// Of a plan.
    pub(crate) fn of(plan: &Plan, log: Option<Arc<Log>>) -> AtOnce {
        let of_flow = |name: &Arc<str>| OfFlow { name: name.clone(), held: AtomicBool::new(false), answered: AtomicU64::new(0) };
        AtOnce { flows: plan.flows.iter().map(|flow| of_flow(&flow.name)).collect(), log }
    }

    /// Which flows somebody holds: theirs go the way of every message, and wait in the journal.
    pub(crate) fn hold(&self, holds: impl Fn(&str) -> bool) {
        for flow in &self.flows {
            flow.held.store(holds(&flow.name), Ordering::Relaxed);
        }
    }

    pub(super) fn is_held(&self, flow: usize) -> bool {
        self.flows[flow].held.load(Ordering::Relaxed)
    }

    /// A flow has answered.
    pub(super) fn answered(&self, flow: usize, correlation: Option<&str>, now: Moment) {
        let flow = &self.flows[flow];
        flow.answered.fetch_add(1, Ordering::Relaxed);
        if let Some(log) = self.log.as_ref().filter(|log| log.wants(Level::Debug)) {
            log.write(Line::answered_at_once(now, &flow.name, correlation));
        }
    }

    /// How many were answered since the process began.
    pub(crate) fn count(&self) -> u64 {
        self.flows.iter().map(|flow| flow.answered.load(Ordering::Relaxed)).sum()
    }
}
