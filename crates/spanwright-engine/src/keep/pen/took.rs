//! A message comes in: once, with its run.

use rusqlite::{OptionalExtension, Result};
use spanwright_core::fact::{Receipt, RunId, STATES_LOOKED_AT_MOST, Seen, Took, is_other_state};

use super::{AT_SOURCE, Pen, UNUSABLE};
use crate::keep::{
    correlation,
    events::{Known, LET_GO, Name},
    numbers::{self, RunState},
    records,
};

// No row, or one of an earlier message, is the answer "seen before".
pub const SEEN_RECORD: &str = "INSERT INTO seen (scope, key, message, until, print) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (scope, key) DO UPDATE SET message = iif(print IS excluded.print, message, excluded.message), until = excluded.until,
        print = excluded.print WHERE print IS NOT excluded.print OR until <= ?6 RETURNING message";
const RENEW_EVENT: &str = "UPDATE event SET until = ?2 WHERE seq = ?1";
const RENEW_SEEN: &str = "UPDATE seen SET until = ?3 WHERE scope = ?1 AND key = ?2";
pub const MESSAGE: &str = "INSERT INTO message (seq, id, source, correlation, received, key, version, body, beside, found_by)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
/// How a message is found by its key.
const BY_EVENT: i64 = 1;
const BY_RECORD: i64 = 2;
pub(super) const IS_THERE: &str = "SELECT 1 FROM message WHERE id = ?1";
const HAS_RUN: &str = "SELECT 1 FROM run WHERE id = ?1";
pub const RUN: &str = "INSERT INTO run (id, root, message, flow, plan, state, reason, node, words, changed)
    VALUES (?1, ?2, ?1, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

impl Pen<'_> {
    pub(super) fn took(&mut self, took: &Took) -> Result<Receipt> {
        if let Some(about) = took.about
            && !self.rare(IS_THERE)?.exists([about.to_be_bytes()])?
        {
            return Ok(Receipt::Duplicate);
        }
        if let Some(seen) = &took.seen {
            if self.is_earlier_state(took, seen)? {
                return Ok(Receipt::Duplicate);
            }
            if let Some(receipt) = self.seen_before(seen)? {
                return Ok(receipt);
            }
        }
        self.message(took)?;
        self.run(took)
    }

    /// Whether the last state of its record is another one by its version, and this one was taken before: a listing that has both is
    /// read twice.
    fn is_earlier_state(&mut self, took: &Took, seen: &Seen) -> Result<bool> {
        let (Some(print), Some(key), Some(version)) = (&seen.print, &took.key, &took.version) else { return Ok(false) };
        let scope = self.number(&seen.scope)?;
        let last: Option<Option<String>> =
            self.rare(records::LAST_STATE)?.query_row((scope, &seen.key, print), |row| row.get(0)).optional()?;
        if !last.flatten().is_some_and(|last| is_other_state(&last, version)) {
            return Ok(false);
        }
        let source = self.number(&took.source)?;
        let states = records::newest_of(self.connection, self.records, key, STATES_LOOKED_AT_MOST)?;
        let mut is_state = self.rare(records::IS_STATE)?;
        for state in states {
            if is_state.exists((state, source, key, version, &*took.body))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The answer to what came before; else it is noted that it came with the next message.
    fn seen_before(&mut self, seen: &Seen) -> Result<Option<Receipt>> {
        let (scope, message) = (self.number(&seen.scope)?, self.next.message);
        if let Some(print) = &seen.print {
            let values = (scope, &seen.key, message, seen.until.0, print, seen.renews_upto().0);
            let brought_by: Option<Option<i64>> = self.seen_record.query_row(values, |row| row.get(0)).optional()?;
            return Ok((brought_by != Some(Some(message))).then_some(Receipt::Duplicate));
        }
        let name = Name::of(&seen.scope, &seen.key);
        match self.events.known(&mut self.asked, scope, seen, name)? {
            Some(known) if known.until > LET_GO => {
                if known.until <= seen.renews_upto() {
                    self.rare(RENEW_EVENT)?.execute((known.message, seen.until.0))?;
                    self.rare(RENEW_SEEN)?.execute((scope, &seen.key, seen.until.0))?;
                }
                self.answer(seen, known).map(Some)
            }
            _ => self.events.came(&mut self.asked, message, seen, name).map(|()| None),
        }
    }

    /// What is told of an event that comes again.
    fn answer(&mut self, seen: &Seen, known: Known) -> Result<Receipt> {
        let (Some(held), Some(run)) = (&seen.held, known.message) else { return Ok(Receipt::Duplicate) };
        let (same, is_other) = (known.held.as_ref() == Some(held), known.held.as_ref().is_some_and(|before| before != held));
        // Its message may have been purged: all that is left is that it was there, and what it held.
        if is_other || self.rare(HAS_RUN)?.exists([run])? {
            return Ok(Receipt::Known { run: RunId(run), same });
        }
        Ok(Receipt::Duplicate)
    }

    fn message(&mut self, took: &Took) -> Result<()> {
        let body = self.new_body(&took.body)?;
        let source = self.number(&took.source)?;
        let id = took.message.to_be_bytes();
        let found_by = took.key.as_ref().map(|_| if is_named_by_its_event(took) { BY_EVENT } else { BY_RECORD });
        self.message.execute((
            self.next.message,
            id,
            source,
            correlation::stored(&took.correlation, took.message),
            took.at.0,
            &took.key,
            &took.version,
            body,
            &took.beside,
            found_by,
        ))?;
        match &took.key {
            Some(key) if found_by == Some(BY_RECORD) => self.records.came(&mut self.new_record, self.next.message, key),
            _ => Ok(()),
        }
    }

    fn run(&mut self, took: &Took) -> Result<Receipt> {
        let flow = self.number(&took.flow)?;
        let (id, root) = (self.next.message, took.root.0.to_be_bytes());
        match &took.fault {
            None => {
                let none = None::<i64>;
                self.run.execute((id, root, flow, took.plan.0, RunState::Active.number(), none, none, None::<&str>, took.at.0))?
            }
            Some(fault) => {
                let (reason, node) = (self.code(fault)?, self.number(&AT_SOURCE.into())?);
                let state = numbers::stopped(UNUSABLE).number();
                self.run.execute((id, root, flow, took.plan.0, state, reason, node, &fault.says, took.at.0))?
            }
        };
        self.next.message += 1;
        Ok(Receipt::Taken(RunId(id)))
    }
}

/// Whether the message has no key but the name of its event: that is an event, under its source.
fn is_named_by_its_event(took: &Took) -> bool {
    took.seen.as_ref().is_some_and(|seen| seen.print.is_none() && seen.scope == took.source && took.key.as_ref() == Some(&seen.key))
}
