//! Names that come in no order are put into their order later, with many others.
//!
//! An index that takes each of them at once writes a page a message, however many share a commit; here most of the pages of
//! a commit were such ones. So a name lies in a table in the order in which it came, and waits in memory until [`LOOSE_MOST`]
//! others do. Then names are filed, [`FILED_AT_ONCE`] neighbours at a time, on a walk that goes around all names: a page of
//! the index takes as many of them as it can. What waits is read again at a start, from the last name on that surely is filed.

use std::{collections::BTreeSet, ops::Bound};

use rusqlite::{Connection, Result};

/// Names of one kind that wait in memory: some 3 MB.
pub const LOOSE_MOST: usize = 128 << 10;
/// Names that one commit files, or twice as many as it brings.
pub const FILED_AT_ONCE: usize = 256;

/// The first half of a name, and the number of its message.
type Entry = (i64, i64);
const LEAST: Entry = (i64::MIN, i64::MIN);

/// How names of one kind lie in the file.
#[derive(Debug)]
pub struct Cabinet {
    /// Asks for the last message up to which all are filed.
    pub filed: &'static str,
    /// Notes it.
    pub note_filed: &'static str,
    /// Asks for what came behind a message: half a name, and the number of its message.
    pub loose: &'static str,
    /// Files one.
    pub file: &'static str,
}

/// Eight bytes of a digest, from this one on.
pub fn half_of(digest: &blake3::Hash, from: usize) -> i64 {
    digest.as_bytes()[from..from + 8].iter().fold(0, |half, byte| half << 8 | i64::from(*byte))
}

/// The names of one kind that are not filed, and where the walk is.
#[derive(Debug)]
pub struct Filing {
    cabinet: &'static Cabinet,
    loose: BTreeSet<Entry>,
    walk: Walk,
    // Of the running transaction: taken back with it.
    added: Vec<Entry>,
    filed: Vec<Entry>,
    before: Walk,
}

/// A walk around all names.
#[derive(Clone, Copy, Debug)]
struct Walk {
    /// The last that was filed.
    at: Entry,
    /// The last message that was there when this round began: with its end, all up to it are filed.
    began: i64,
    /// The last that came.
    last: i64,
}

impl Filing {
    /// As the file has them.
    pub fn load(cabinet: &'static Cabinet, connection: &Connection) -> Result<Filing> {
        let filed: i64 = connection.query_row(cabinet.filed, [], |row| row.get(0))?;
        let mut statement = connection.prepare(cabinet.loose)?;
        let loose = statement.query_map([filed], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<BTreeSet<Entry>>>()?;
        let last = loose.iter().map(|(_, seq)| *seq).max().unwrap_or(filed);
        let walk = Walk { at: LEAST, began: last, last };
        Ok(Filing { cabinet, loose, walk, added: Vec::new(), filed: Vec::new(), before: walk })
    }

    /// A name came, with this message.
    pub fn came(&mut self, front: i64, message: i64) {
        let entry = (front, message);
        self.loose.insert(entry);
        self.added.push(entry);
        self.walk.last = message;
    }

    /// Files some, where many wait: more than came. At the end of a transaction.
    pub fn file(&mut self, connection: &Connection) -> Result<()> {
        if self.loose.len() < LOOSE_MOST + FILED_AT_ONCE {
            return Ok(());
        }
        let some = FILED_AT_ONCE.max(2 * self.added.len());
        let mut file = connection.prepare_cached(self.cabinet.file)?;
        for entry in self.loose.range((Bound::Excluded(self.walk.at), Bound::Unbounded)).take(some) {
            file.execute(*entry)?;
            self.filed.push(*entry);
        }
        for entry in &self.filed {
            self.loose.remove(entry);
        }
        match self.filed.last() {
            Some(last) if self.filed.len() == some => self.walk.at = *last,
            _ => {
                connection.prepare_cached(self.cabinet.note_filed)?.execute([self.walk.began])?;
                self.walk = Walk { at: LEAST, began: self.walk.last, ..self.walk };
            }
        }
        Ok(())
    }

    /// The transaction was kept.
    pub fn keep(&mut self) {
        self.added.clear();
        self.filed.clear();
        self.before = self.walk;
    }

    /// The transaction was taken back.
    pub fn forget(&mut self) {
        self.loose.extend(self.filed.drain(..));
        for entry in self.added.drain(..) {
            self.loose.remove(&entry);
        }
        self.walk = self.before;
    }

    /// Messages that may have this name, in the order in which they came.
    pub fn loose_of(&self, front: i64) -> impl DoubleEndedIterator<Item = i64> {
        self.loose.range((front, i64::MIN)..=(front, i64::MAX)).map(|(_, seq)| *seq)
    }

    /// Names that wait.
    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        self.loose.len()
    }
}
