//! What is no longer wanted goes: bodies first, later the whole run. Open runs and dead letters stay, whatever is asked,
//! and so does the end of a round that tells where the next one begins.

use rusqlite::{OptionalExtension, Result};
use spanwright_core::{
    desk::round::follows_rounds,
    fact::{ANSWER, Forget, RunId},
};
use std::time::Duration;

use super::Pen;
use crate::keep::{
    ask,
    numbers::{GONE, RunState},
};

const RUN: &str = "SELECT run.state, message.body, run.flow FROM run JOIN message ON message.seq = run.id WHERE run.id = ?1";
/// The next message of the same source, and what became of it.
pub const NEXT_OF_SOURCE: &str = "SELECT run.state FROM message AS mine CROSS JOIN message AS next INDEXED BY message_source
    ON next.source = mine.source AND (next.received, next.seq) > (mine.received, mine.seq) CROSS JOIN run ON run.id = next.seq
    WHERE mine.seq = ?1 ORDER BY next.received, next.seq LIMIT 1";
const EMPTY_BODY: &str = "UPDATE body SET coding = ?2, data = x'' WHERE id = ?1 AND coding <> ?2";
// What its sender was answered stays as long as the trail: asked again under the same key, it hears the same.
const EMPTY_RESULTS: &str = "UPDATE body SET coding = ?2, data = x'' WHERE coding <> ?2
    AND id IN (SELECT result FROM effect WHERE run = ?1 AND result IS NOT NULL AND item <> ?3)";
const DROP_RESULTS: &str = "DELETE FROM body WHERE id IN (SELECT result FROM effect WHERE run = ?1 AND result IS NOT NULL)";
const DROP_EFFECTS: &str = "DELETE FROM effect WHERE run = ?1";
const DROP_ATTEMPTS: &str = "DELETE FROM attempt WHERE run = ?1";
const DROP_WORDS: &str = "DELETE FROM undone WHERE run = ?1";
const DROP_RUN: &str = "DELETE FROM run WHERE id = ?1";
const DROP_TRAIL: &str = "DELETE FROM trail WHERE message = ?1";
const DROP_MESSAGE: &str = "DELETE FROM message WHERE seq = ?1";
const DROP_RECORD: &str = "DELETE FROM record WHERE seq = ?1";
const DROP_BODY: &str = "DELETE FROM body WHERE id = ?1";

/// What waits is due this much earlier: effects, sources, breakers, pauses and the ends of days. Messages keep the time that they were
/// given, so it is noted which of them say nothing of the clock any more.
const SET_BACK: [&str; 6] = [
    "UPDATE effect SET due = due - ?1 WHERE state = 0",
    "UPDATE cursor SET due = due - ?1, changed = changed - ?1",
    "UPDATE gate SET since = since - ?1, until = until - ?1, paused_until = paused_until - ?1, held = held - ?1, held_until = held_until - ?1,
        day_until = day_until - ?1",
    "UPDATE cut_off SET at = at - ?1 WHERE n = (SELECT max(n) FROM cut_off)",
    "UPDATE alert SET since = since - ?1, told = told - ?1",
    "UPDATE meta SET value = value - ?1 WHERE name = 'copied at' AND value IS NOT NULL",
];

const NOTE_SET_BACK: &str = "INSERT OR REPLACE INTO meta (name, value)
    VALUES ('set back', coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'message'), 0))";

impl Pen<'_> {
    pub(super) fn forgot(&mut self, run: RunId, what: Forget) -> Result<()> {
        let row = self.rare(RUN)?.query_row([run.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
        let Some((state, body, flow)) = row else { return Ok(()) };
        let _: (i64, i64, i64) = (state, body, flow);
        match (RunState::of(state).is_finished(), what) {
            (false, _) => Ok(()),
            (true, Forget::Bodies) => {
                self.rare(EMPTY_BODY)?.execute((body, GONE))?;
                self.rare(EMPTY_RESULTS)?.execute((run.0, GONE, ANSWER))?;
                Ok(())
            }
            // Without it a dead letter of its record would go over what it did.
            (true, Forget::All) if ask::overtakes_a_dead_letter(self.connection, Some(self.loose()), run)? => Ok(()),
            (true, Forget::All) if follows_rounds(&self.names.text(flow)) && self.bounds_a_round(run)? => Ok(()),
            (true, Forget::All) => self.drop_run(run, body),
        }
    }

    /// The round behind this end of one has not been counted: without it all that is left of its source would be of that round.
    fn bounds_a_round(&mut self, end: RunId) -> Result<bool> {
        let next: Option<i64> = self.rare(NEXT_OF_SOURCE)?.query_row([end.0], |row| row.get(0)).optional()?;
        Ok(!next.is_some_and(|state| RunState::of(state).is_finished()))
    }

    fn drop_run(&mut self, run: RunId, body: i64) -> Result<()> {
        for sql in [DROP_RESULTS, DROP_EFFECTS, DROP_ATTEMPTS, DROP_RUN, DROP_TRAIL, DROP_MESSAGE, DROP_RECORD, DROP_WORDS] {
            self.rare(sql)?.execute([run.0])?;
        }
        self.rare(DROP_BODY)?.execute([body])?;
        Ok(())
    }

    // Rare, and so without a shortcut: every row that waits is written.
    pub(super) fn set_back(&mut self, by: Duration) -> Result<()> {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.rare(NOTE_SET_BACK)?.execute([])?;
        SET_BACK.iter().try_for_each(|sql| self.rare(sql)?.execute([micros]).map(drop))
    }
}
