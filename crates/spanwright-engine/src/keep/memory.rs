//! What of the file is in memory too: each part goes back with a transaction that is taken back.

use rusqlite::{Connection, Result};

use super::{events::Events, names::Names, pen::Next, records::Records};

/// Changed within a transaction; then either kept or not.
pub struct Memory {
    /// Names as numbers.
    pub names: Names,
    /// Names of events that are not filed.
    pub events: Events,
    /// Keys of records that are not filed.
    pub records: Records,
    /// The next free row numbers.
    pub next: Next,
    next_before: Next,
}

/// Names that no index has yet, for who asks.
#[derive(Clone, Copy)]
pub struct Loose<'m> {
    /// Of events.
    pub events: &'m Events,
    /// Of records.
    pub records: &'m Records,
}

impl Memory {
    /// As the file has it.
    pub fn load(connection: &Connection) -> Result<Memory> {
        let next = Next::load(connection)?;
        let (events, records) = (Events::load(connection)?, Records::load(connection)?);
        Ok(Memory { names: Names::load(connection)?, events, records, next, next_before: next })
    }

    /// What is in it and not yet in an index.
    pub fn loose(&self) -> Loose<'_> {
        Loose { events: &self.events, records: &self.records }
    }

    /// At the end of a transaction.
    pub fn file(&mut self, connection: &Connection) -> Result<()> {
        self.events.filing.file(connection)?;
        self.records.filing.file(connection)
    }

    /// The transaction was kept.
    pub fn keep(&mut self) {
        self.names.keep();
        self.events.filing.keep();
        self.records.filing.keep();
        self.next_before = self.next;
    }

    /// The transaction was taken back.
    pub fn forget(&mut self) {
        self.names.forget();
        self.events.filing.forget();
        self.records.filing.forget();
        self.next = self.next_before;
    }
}
