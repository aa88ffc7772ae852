//! What of the file is in memory too: each part goes back with a transaction that is taken back.

use rusqlite::{Connection, Result};

use super::{events::Events, names::Names, pen::Next};

/// Changed within a transaction; then either kept or not.
pub struct Memory {
    /// Names as numbers.
    pub names: Names,
    /// Names of events that are not filed.
    pub events: Events,
    /// The next free row numbers.
    pub next: Next,
    next_before: Next,
}

impl Memory {
    /// As the file has it.
    pub fn load(connection: &Connection) -> Result<Memory> {
        let next = Next::load(connection)?;
        Ok(Memory { names: Names::load(connection)?, events: Events::load(connection)?, next, next_before: next })
    }

    /// The transaction was kept.
    pub fn keep(&mut self) {
        self.names.keep();
        self.events.keep();
        self.next_before = self.next;
    }

    /// The transaction was taken back.
    pub fn forget(&mut self) {
        self.names.forget();
        self.events.forget();
        self.next = self.next_before;
    }
}
