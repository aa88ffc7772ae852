//! A person brings a stopped run back: the rules are [`spanwright_core::fact::owed_again`], here as SQL.
//!
//! A run that was undone cannot simply go on: what was undone, or may have been, is owed again in its next generation,
//! and the undo rows go, so that it can be undone once more. Whoever does must take the generation of the effect for
//! its undo, or the peer would remember the first one. An undo that never happened leaves its effect done.
//! Questions stay, of no attempt that there is: where one was asked before, it is asked anew before its effect is.

use rusqlite::Result;
use spanwright_core::fact::{Fact, Moment, OF_NO_ATTEMPT, PlanId, Reopening, RunId, that_stay};

use super::{Pen, people};
use crate::keep::ask;

const KEEP_ATTEMPTS: &str = keep_attempts!("run = ?1");
const CLEAR_ATTEMPTS: &str = "UPDATE effect SET n = NULL, exchange = NULL, outcome = NULL WHERE run = ?1";
const OWE_AGAIN: &str =
    "UPDATE effect SET state = 0, due = ?2, tries = 0, first = NULL, failed = NULL, own_failures = 0, boot = NULL, generation = generation + 1, glued = NULL,
        sent = NULL, of_item = NULL, reason = NULL, words = NULL, result = NULL
    WHERE run = ?1 AND way = 0 AND ((state = 6 AND sent IS NULL) OR EXISTS (SELECT 1 FROM effect AS undo
        WHERE undo.run = effect.run AND undo.node = effect.node AND undo.item = effect.item AND undo.way = 1 AND undo.state IN (1, 2, 5)))";
const OWE_THE_SAME: &str = "UPDATE effect SET state = 0, due = ?2, tries = 0, first = NULL, failed = NULL, own_failures = 0, boot = NULL,
        glued = CASE WHEN ?5 OR reason IN (?3, ?4) THEN NULL ELSE glued END, reason = NULL, words = NULL
    WHERE run = ?1 AND way = 0 AND state IN (5, 6)";
const ASK_ANEW: &str = "UPDATE effect SET generation = ?2 WHERE run = ?1 AND way = 2";
/// They were of the undos before.
const DROP_WORDS: &str = "DELETE FROM undone WHERE run = ?1";
const DROP_ANSWERS_OF_UNDOS: &str =
    "DELETE FROM body WHERE id IN (SELECT result FROM effect WHERE run = ?1 AND way = 1 AND result IS NOT NULL)";
const DROP_UNDOS: &str = "DELETE FROM effect WHERE run = ?1 AND way = 1";
const REOPEN: &str =
    "UPDATE run SET state = 0, plan = ?2, reason = NULL, node = NULL, words = NULL, undone = NULL, changed = ?3, acknowledged = NULL
    WHERE id = ?1";

impl Pen<'_> {
    /// Where some are opened again: whatever of it stays is found before the first of them is.
    pub fn comes_to(&mut self, facts: &[Fact], at: usize) -> Result<()> {
        let opens_one = |fact: &Fact| matches!(fact, Fact::Reopened { .. });
        if !opens_one(&facts[at]) || at > 0 && opens_one(&facts[at - 1]) {
            return Ok(());
        }
        let mut opens = Vec::new();
        for fact in &facts[at..] {
            let Fact::Reopened { run, over_newer, apart, .. } = fact else { break };
            let stays = !self.may_be_reopened(*run, *over_newer)?;
            let glues = self.rare(ask::GLUES)?.query_map([run.0], |row| row.get(0))?.collect::<Result<_>>()?;
            opens.push(Reopening { run: *run, apart: *apart, stays, glues });
        }
        self.stay = that_stay(&opens);
        Ok(())
    }

    fn may_be_reopened(&self, run: RunId, over_newer: bool) -> Result<bool> {
        let is_stopped = self.rare(ask::IS_STOPPED)?.exists([run.0])?;
        Ok(is_stopped && (over_newer || !ask::overtaken(self.connection, Some(self.loose()), run)?))
    }

    // Of a run that is no dead letter any more nothing changes: it was asked for twice, or somebody has seen to it.
    pub(super) fn reopened(&mut self, (run, plan): (RunId, PlanId), at: Moment, by: &str, (over_newer, alone): (bool, bool)) -> Result<()> {
        // Opened once by this commit, it is open.
        if self.stay.contains(&run) || !self.may_be_reopened(run, over_newer)? {
            return Ok(());
        }
        self.rare(KEEP_ATTEMPTS)?.execute([run.0])?;
        self.rare(CLEAR_ATTEMPTS)?.execute([run.0])?;
        self.rare(OWE_AGAIN)?.execute((run.0, at.0))?;
        let [apart, left] = self.names.apart();
        self.rare(OWE_THE_SAME)?.execute((run.0, at.0, apart, left, alone))?;
        self.rare(ASK_ANEW)?.execute((run.0, OF_NO_ATTEMPT))?;
        self.rare(DROP_WORDS)?.execute([run.0])?;
        self.rare(DROP_ANSWERS_OF_UNDOS)?.execute([run.0])?;
        self.rare(DROP_UNDOS)?.execute([run.0])?;
        self.trail(run, at, people::REPLAYED, by, None)?;
        self.rare(REOPEN)?.execute((run.0, plan.0, at.0))?;
        Ok(())
    }
}
