//! What became of an effect.
//!
//! The row of an effect holds its state and its last attempt; an attempt that another one follows has a row of its
//! own. So an effect that works at the first try is one row, never inserted waiting and updated later. The body of an answer that another
//! state takes the place of goes with it: a trigger of the table sees to that, so that nothing is asked where there is none.

use rusqlite::Result;
use spanwright_core::fact::{Attempt, EffectKey, Phase, Print, Settled, Way};
use spanwright_shape::text::Failure;

use super::Pen;
use crate::keep::numbers;

pub const EFFECT: &str = "INSERT INTO effect (run, node, item, way, generation, queue, lane, state, due, tries, first, boot, glued, sent, reason, words,
        result, n, exchange, outcome, at, failed, own_failures, of_item)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24)
    ON CONFLICT (run, node, item, way) DO UPDATE SET generation = excluded.generation, queue = excluded.queue, lane = excluded.lane,
        state = excluded.state, due = excluded.due, tries = excluded.tries, first = excluded.first, boot = excluded.boot, glued = excluded.glued,
        sent = excluded.sent, reason = excluded.reason, words = excluded.words, result = excluded.result, n = excluded.n,
        exchange = excluded.exchange, outcome = excluded.outcome, at = excluded.at, failed = excluded.failed, own_failures = excluded.own_failures,
        of_item = excluded.of_item";
const STARTED: &str =
    "INSERT INTO effect (run, node, item, way, generation, lane, state, tries, boot, of_item) VALUES (?1, ?2, ?3, ?4, ?5, 0, 1, 0, ?6, ?7)
    ON CONFLICT (run, node, item, way) DO UPDATE SET state = 1, boot = excluded.boot, generation = excluded.generation,
        of_item = excluded.of_item, due = NULL";
const ATTEMPT: &str = "INSERT OR REPLACE INTO attempt (run, node, item, way, at, n, generation, exchange, outcome, reason, words)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";

/// What a person's word was for.
const IS_UNDONE: &str = "DELETE FROM undone WHERE run = ?1 AND node = ?2 AND item = ?3";
const KEEP_ATTEMPT: &str = keep_attempts!("run = ?1 AND node = ?2 AND item = ?3 AND way = ?4");

impl Pen<'_> {
    pub(super) fn started(&mut self, effect: &EffectKey, boot: u32, (generation, of_item): (u32, Option<Print>)) -> Result<()> {
        let node = self.number(&effect.node)?;
        self.rare(STARTED)?.execute((effect.run.0, node, &effect.item, numbers::way(effect.way), generation, boot, of_item))?;
        Ok(())
    }

    pub(super) fn settled(&mut self, settled: &Settled) -> Result<()> {
        let last = match &settled.attempt {
            Some(attempt) if lies_in_effect(settled, attempt) => Some(attempt),
            Some(attempt) => {
                self.attempt(settled, attempt)?;
                None
            }
            None => {
                self.keep_attempt(settled)?;
                None
            }
        };
        if settled.effect.way == Way::Undo && matches!(settled.state.phase, Phase::Done(_)) {
            let EffectKey { run, node, item, .. } = &settled.effect;
            let node = self.number(node)?;
            self.rare(IS_UNDONE)?.execute((run.0, node, item))?;
        }
        self.effect(settled, last)
    }

    /// What a question or a walk says of an effect that was over takes the place of what its last attempt came to.
    fn keep_attempt(&mut self, settled: &Settled) -> Result<()> {
        if matches!(settled.state.phase, Phase::Unchanged | Phase::Superseded) {
            // These were owed, and such a row holds none.
            return Ok(());
        }
        let key = &settled.effect;
        let node = self.number(&key.node)?;
        self.rare(KEEP_ATTEMPT)?.execute((key.run.0, node, &key.item, numbers::way(key.way)))?;
        Ok(())
    }

    fn effect(&mut self, settled: &Settled, last: Option<&Attempt>) -> Result<()> {
        let (key, state) = (&settled.effect, &settled.state);
        let (node, queue) = (self.number(&key.node)?, self.number(&settled.queue)?);
        let result = if let Phase::Done(Some(answer)) = &state.phase { Some(self.new_body(answer)?) } else { None };
        let says = said_by(&state.phase).or_else(|| last.and_then(|attempt| attempt.says.as_ref()));
        let reason = says.map(|failure| self.code(failure)).transpose()?;
        let (due, boot) = times(&state.phase);
        self.effect.execute(rusqlite::params![
            key.run.0,
            node,
            key.item,
            numbers::way(key.way),
            state.generation,
            queue,
            settled.lane.cast_signed(),
            numbers::phase(&state.phase),
            due,
            state.tries,
            state.first.map(|moment| moment.0),
            boot,
            state.glued.map(|exchange| exchange.0),
            state.sent,
            reason,
            says.map(|failure| &failure.says),
            result,
            last.map(|attempt| attempt.n),
            last.and_then(|attempt| attempt.exchange).map(|exchange| exchange.0),
            last.map(|attempt| numbers::outcome(attempt.outcome)),
            settled.at.0,
            state.failed.map(|moment| moment.0),
            state.own_failures,
            state.of_item,
        ])?;
        Ok(())
    }

    fn attempt(&mut self, settled: &Settled, attempt: &Attempt) -> Result<()> {
        let key = &settled.effect;
        let node = self.number(&key.node)?;
        let reason = attempt.says.as_ref().map(|failure| self.code(failure)).transpose()?;
        self.rare(ATTEMPT)?.execute(rusqlite::params![
            key.run.0,
            node,
            key.item,
            numbers::way(key.way),
            settled.at.0,
            attempt.n,
            settled.state.generation,
            attempt.exchange.map(|exchange| exchange.0),
            numbers::outcome(attempt.outcome),
            reason,
            attempt.says.as_ref().map(|failure| &failure.says),
        ])?;
        Ok(())
    }
}

/// Whether the effect's row can hold its attempt: no other follows, and there are not two different things to say.
fn lies_in_effect(settled: &Settled, attempt: &Attempt) -> bool {
    match &settled.state.phase {
        Phase::Owed { .. } | Phase::Started { .. } => false,
        Phase::Done(_) | Phase::Unchanged | Phase::Superseded => true,
        Phase::Uncertain(failure) | Phase::Dead(failure) => attempt.says.as_ref().is_none_or(|says| says == failure),
    }
}

fn said_by(phase: &Phase) -> Option<&Failure> {
    match phase {
        Phase::Uncertain(failure) | Phase::Dead(failure) => Some(failure),
        Phase::Owed { .. } | Phase::Started { .. } | Phase::Done(_) | Phase::Unchanged | Phase::Superseded => None,
    }
}

fn times(phase: &Phase) -> (Option<i64>, Option<u32>) {
    match phase {
        Phase::Owed { due } => (Some(due.0), None),
        Phase::Started { boot } => (None, Some(*boot)),
        Phase::Done(_) | Phase::Unchanged | Phase::Superseded | Phase::Uncertain(_) | Phase::Dead(_) => (None, None),
    }
}
