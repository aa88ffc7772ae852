//! Names as numbers: flows, steps, queues, systems, sources and codes come from a small closed vocabulary (the
//! project's files), so rows carry a number and memory holds each text once.

use std::{collections::HashMap, sync::Arc};

use rusqlite::{Connection, Result};
use spanwright_core::fact::APART;

/// Both ways, whole in memory.
#[derive(Debug, Default)]
pub struct Names {
    numbers: HashMap<Arc<str>, i64>,
    texts: HashMap<i64, Arc<str>>,
    // What the running transaction added: taken back with it.
    added: Vec<(Arc<str>, i64)>,
}

impl Names {
    /// All that the file has.
    pub fn load(connection: &Connection) -> Result<Names> {
        let mut names = Names::default();
        let mut statement = connection.prepare("SELECT id, text FROM name")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            names.learn(row.get_ref(1)?.as_str()?.into(), row.get(0)?);
        }
        Ok(names)
    }

    /// The number of a name that the file may not have yet. Within a transaction.
    pub fn number(&mut self, connection: &Connection, text: &Arc<str>) -> Result<i64> {
        if let Some(&number) = self.numbers.get(text) {
            return Ok(number);
        }
        connection.prepare_cached("INSERT INTO name (text) VALUES (?1)")?.execute([text])?;
        let number = connection.last_insert_rowid();
        self.learn(text.clone(), number);
        self.added.push((text.clone(), number));
        Ok(number)
    }

    /// The number of a name, where the file has it.
    pub fn known(&self, text: &str) -> Option<i64> {
        self.numbers.get(text).copied()
    }

    /// The reasons for which what went under one key does not go again as it went; 0 for one that no row has.
    pub fn apart(&self) -> [i64; 2] {
        APART.map(|code| self.known(code).unwrap_or(0))
    }

    /// The name of a number; empty for a number that was never given.
    pub fn text(&self, number: i64) -> Arc<str> {
        self.texts.get(&number).cloned().unwrap_or_default()
    }

    /// The transaction was kept.
    pub fn keep(&mut self) {
        self.added.clear();
    }

    /// The transaction was taken back, and its numbers with it.
    pub fn forget(&mut self) {
        for (text, number) in self.added.drain(..) {
            self.numbers.remove(&text);
            self.texts.remove(&number);
        }
    }

    fn learn(&mut self, text: Arc<str>, number: i64) {
        self.texts.insert(number, text.clone());
        self.numbers.insert(text, number);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_name_of_a_transaction_that_was_taken_back_is_forgotten() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE name (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT UNIQUE); BEGIN;").unwrap();
        let mut names = Names::default();
        names.number(&connection, &"crm".into()).unwrap();
        connection.execute_batch("ROLLBACK").unwrap();
        names.forget();
        assert_eq!(names.known("crm"), None);
        names.number(&connection, &"erp".into()).unwrap();
        assert_eq!(Names::load(&connection).unwrap().known("erp"), names.known("erp"));
    }
}
