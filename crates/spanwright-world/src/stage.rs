//! What the two stand-ins know of each other: one customer is to change twice just while the CRM is away.

use std::sync::atomic::{AtomicBool, Ordering};

/// Shared by an ERP and a CRM that play together.
#[derive(Debug, Default)]
pub(crate) struct Stage {
    crm_is_away: AtomicBool,
    changed_twice: AtomicBool,
}

impl Stage {
    pub fn set_away(&self, away: bool) {
        self.crm_is_away.store(away, Ordering::SeqCst);
    }

    pub fn crm_is_away(&self) -> bool {
        self.crm_is_away.load(Ordering::SeqCst)
    }

    /// The ERP has served the second change.
    pub fn set_changed_twice(&self) {
        self.changed_twice.store(true, Ordering::SeqCst);
    }

    pub fn changed_twice(&self) -> bool {
        self.changed_twice.load(Ordering::SeqCst)
    }
}
