//! Where everything stands.

use std::sync::Arc;

use spanwright_shape::text::Failure;

use crate::{deliver::HoldReason, fact::Moment};

/// Where everything stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Open runs, in hand or not.
    pub open: u64,
    /// Of them in hand.
    pub in_hand: usize,
    /// Exchanges under way.
    pub flying: usize,
    /// Commits under way.
    pub committing: usize,
    /// Orders of people that are on the disk, in the order in which they were told: what a person was answered outlives a crash.
    pub orders_kept: u64,
    /// Senders who wait for an answer.
    pub waiting: usize,
    /// No source is reading or about to.
    pub sources_idle: bool,
    /// With `once`: when the last of the sources that wait for something to be there looks a second time.
    pub looks_again: Option<Moment>,
    /// Sources whose last round failed, and why.
    pub failed_sources: Vec<(Arc<str>, Failure)>,
    /// Alerts that nobody has tried to tell yet, or that are on their way.
    pub alerting: usize,
    /// Channels that could not be told, and why.
    pub failed_channels: Vec<(Arc<str>, Failure)>,
    /// The disk has no more than its reserve: nothing is taken in, and nothing is handed over.
    pub disk_low: bool,
    /// Gates that hold, and why.
    pub held: Vec<(Arc<str>, HoldReason)>,
}

impl Standing {
    /// Somebody holds this flow, or it holds itself.
    pub fn holds_flow(&self, flow: &str) -> bool {
        !self.held.is_empty() && self.held.iter().any(|(name, _)| *name == crate::fact::GateRow::of_flow(flow))
    }
}
