//! A message comes in: once, with its run.

use rusqlite::{OptionalExtension, Result};
use spanwright_core::fact::{Moment, Print, Receipt, RunId, Seen, Took};

use super::{AT_SOURCE, Pen, UNUSABLE};
use crate::keep::{
    correlation,
    numbers::{self, RunState},
};

// Zero rows changed is the answer "seen before".
pub const SEEN_EVENT: &str = "INSERT INTO seen (scope, key, message, until, print) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (scope, key) DO UPDATE SET message = excluded.message, until = excluded.until, print = excluded.print
    WHERE until <= ?6";
pub const SEEN_RECORD: &str = "INSERT INTO seen (scope, key, message, until, print) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (scope, key) DO UPDATE SET message = excluded.message, until = excluded.until, print = excluded.print
    WHERE print IS NOT excluded.print";
pub const MESSAGE: &str = "INSERT INTO message (seq, id, source, correlation, received, key, version, body, beside, event)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
const IS_THERE: &str = "SELECT 1 FROM message WHERE id = ?1";
// What was taken under a key, and what it held.
const KNOWN: &str = "SELECT run.id, seen.print FROM seen JOIN run ON run.id = seen.message
    WHERE seen.scope = ?1 AND seen.key = ?2";
pub const RUN: &str = "INSERT INTO run (id, root, message, flow, plan, state, reason, node, words, changed)
    VALUES (?1, ?2, ?1, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

impl Pen<'_> {
    pub(super) fn took(&mut self, took: &Took) -> Result<Receipt> {
        if let Some(about) = took.about
            && !self.rare(IS_THERE)?.exists([about.to_be_bytes()])?
        {
            return Ok(Receipt::Duplicate);
        }
        if let Some(seen) = &took.seen
            && !self.is_new(seen, took.at)?
        {
            return self.known(seen);
        }
        self.message(took)?;
        self.run(took)
    }

    /// What is told of an event that comes again.
    fn known(&mut self, seen: &Seen) -> Result<Receipt> {
        let Some(held) = &seen.held else { return Ok(Receipt::Duplicate) };
        let scope = self.number(&seen.scope)?;
        let known = self.rare(KNOWN)?.query_row((scope, &seen.key), |row| {
            let print: Option<Print> = row.get(1)?;
            Ok(Receipt::Known { run: RunId(row.get(0)?), same: print.as_ref() == Some(held) })
        });
        // Its message may have been purged: all that is left is that it was there.
        Ok(known.optional()?.unwrap_or(Receipt::Duplicate))
    }

    fn is_new(&mut self, seen: &Seen, at: Moment) -> Result<bool> {
        let scope = self.number(&seen.scope)?;
        let message = self.next.message;
        let changed = match &seen.print {
            Some(print) => self.seen_record.execute((scope, &seen.key, message, seen.until.0, print))?,
            None => self.seen_event.execute((scope, &seen.key, message, seen.until.0, &seen.held, at.0))?,
        };
        Ok(changed > 0)
    }

    fn message(&mut self, took: &Took) -> Result<()> {
        let body = self.new_body(&took.body)?;
        let source = self.number(&took.source)?;
        let id = took.message.to_be_bytes();
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
            is_named_by_its_event(took).then_some(1),
        ))?;
        Ok(())
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

/// Whether the message has no key but the name of its event: that is in `seen`, under its source.
fn is_named_by_its_event(took: &Took) -> bool {
    took.seen.as_ref().is_some_and(|seen| seen.print.is_none() && seen.scope == took.source && took.key.as_ref() == Some(&seen.key))
}
