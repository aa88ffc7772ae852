//! What people did: set aside, acknowledged, sent once more. Each leaves a line in the trail of its message.

use rusqlite::{OptionalExtension, Result};
use spanwright_core::fact::{EffectKey, Moment, Receipt, Resent, RunId};

use super::{Pen, took::IS_THERE};
use crate::keep::ask;

/// The kinds of a line of the trail.
pub const REPLAYED: i64 = 0;
pub const DISCARDED: i64 = 1;
pub const ACKNOWLEDGED: i64 = 2;
/// On the new message, with the id of the old one.
pub const MADE_OF: i64 = 3;
/// On the old message, with the id of the new one.
pub const MADE_INTO: i64 = 4;
/// Of an open message: the step, and how.
pub const UNDONE: i64 = 5;

const DISCARD: &str = "UPDATE run SET state = 6, changed = ?2 WHERE id = ?1 AND state IN (4, 5)";
const ACKNOWLEDGE: &str = "UPDATE run SET acknowledged = ?2 WHERE id = ?1 AND state IN (4, 5)";
const TRAIL: &str = "INSERT INTO trail (message, n, at, kind, by, words)
    SELECT id, 1 + coalesce((SELECT max(n) FROM trail WHERE trail.message = run.id), 0), ?2, ?3, ?4, coalesce(?5, words, '')
    FROM run WHERE id = ?1";
/// Of what is over, of what was undone meanwhile, and of what is not on its way back the word comes too late: a replay has another undo.
const UNDONE_BY_HAND: &str = "INSERT OR IGNORE INTO undone (run, node, item) SELECT ?1, ?2, ?3 FROM run
    WHERE id = ?1 AND state IN (0, 1) AND EXISTS (SELECT 1 FROM effect WHERE run = ?1 AND (way = 1 OR way = 0 AND state IN (5, 6)))
    AND NOT EXISTS (SELECT 1 FROM effect WHERE run = ?1 AND node = ?2 AND item = ?3 AND way = 1 AND state = 2)";
const PARENT: &str = "UPDATE message SET parent = ?2 WHERE seq = ?1";
const MESSAGE_ID: &str = "SELECT id FROM message WHERE seq = ?1";

impl Pen<'_> {
    pub(super) fn discarded(&mut self, run: RunId, at: Moment, by: &str, reason: &str) -> Result<()> {
        match self.rare(DISCARD)?.execute((run.0, at.0))? {
            0 => Ok(()),
            _ => self.trail(run, at, DISCARDED, by, Some(reason)),
        }
    }

    pub(super) fn acknowledged(&mut self, run: RunId, at: Moment, by: &str, words: &str) -> Result<()> {
        match self.rare(ACKNOWLEDGE)?.execute((run.0, at.0))? {
            0 => Ok(()),
            _ => self.trail(run, at, ACKNOWLEDGED, by, Some(words)),
        }
    }

    pub(super) fn undone(&mut self, undo: &EffectKey, at: Moment, by: &str, words: &str) -> Result<()> {
        let node = self.number(&undo.node)?;
        self.rare(UNDONE_BY_HAND)?.execute((undo.run.0, node, &undo.item))?;
        let item = if undo.item.is_empty() { String::new() } else { format!(" [{}]", undo.item) };
        self.trail(undo.run, at, UNDONE, by, Some(&format!("{}{item}: {words}", undo.node)))
    }

    pub(super) fn resent(&mut self, resent: &Resent) -> Result<Receipt> {
        if self.comes_late(resent)? {
            return Ok(Receipt::Late);
        }
        let receipt = self.took(&resent.took)?;
        let Receipt::Taken(new) = receipt else { return Ok(receipt) };
        let (at, by, words) = (resent.took.at, &*resent.by, &*resent.words);
        let old = self.rare(MESSAGE_ID)?.query_row([resent.of.0], |row| row.get(0)).optional()?;
        if let Some(id) = old {
            self.rare(PARENT)?.execute((new.0, resent.of.0))?;
            self.trail(new, at, MADE_OF, by, Some(&linked(u128::from_be_bytes(id), words)))?;
            self.trail(resent.of, at, MADE_INTO, by, Some(&linked(resent.took.message, words)))?;
        }
        if resent.instead {
            self.discarded(resent.of, at, by, words)?;
        }
        Ok(receipt)
    }

    /// What was true when a person looked may not be when it is written. What is there already was made in time.
    fn comes_late(&self, resent: &Resent) -> Result<bool> {
        if self.rare(IS_THERE)?.exists([resent.took.message.to_be_bytes()])? {
            return Ok(false);
        }
        let goes_again = resent.instead && !self.rare(ask::IS_STOPPED)?.exists([resent.of.0])?;
        Ok(goes_again || !resent.over_newer && ask::overtaken(self.connection, Some(self.loose()), resent.of)?)
    }

    // Without words of its own the entry keeps what the run had stopped with.
    pub(super) fn trail(&mut self, run: RunId, at: Moment, kind: i64, by: &str, words: Option<&str>) -> Result<()> {
        self.rare(TRAIL)?.execute((run.0, at.0, kind, by, words))?;
        Ok(())
    }
}

/// The id of the other message, and why.
fn linked(message: u128, words: &str) -> String {
    format!("{message:032x} {words}")
}
