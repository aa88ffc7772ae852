//! Writes facts, within one transaction.
//!
//! The statements of the happy path (took, exchanged, settled, ended) are fetched once a transaction and used for all
//! of its facts; what is rare is fetched where it is used.

use rusqlite::{CachedStatement, Connection, Result};
use spanwright_core::fact::{Bundled, Ending, Exchanged, Fact, GateRow, Moment, Moved, Print, Receipt, RunId, StopKind};
use spanwright_shape::text::Failure;
use std::{collections::HashSet, sync::Arc};

use super::{
    events::{Asked, Events},
    memory::{Loose, Memory},
    names::Names,
    numbers::{self, RunState},
    records::{self, Records},
};

/// Attempts that lie in the rows of these effects get rows of their own.
macro_rules! keep_attempts {
    ($of:literal) => {
        concat!(
            "INSERT OR REPLACE INTO attempt (run, node, item, way, at, n, generation, exchange, outcome, reason, words)
            SELECT run, node, item, way, at, n, generation, exchange, outcome, reason, words FROM effect WHERE outcome IS NOT NULL AND ",
            $of
        )
    };
}

pub mod alert;
pub mod chore;
pub mod forgot;
pub mod people;
mod reopened;
mod settled;
mod took;

/// The next free row numbers, so that a row can name another before it is written.
#[derive(Clone, Copy, Debug)]
pub struct Next {
    body: i64,
    /// Of a message, and of its run.
    message: i64,
}

impl Next {
    /// As the file has it. `sqlite_sequence` remembers what was purged.
    pub fn load(connection: &Connection) -> Result<Next> {
        let next = |sql| connection.query_row(sql, [], |row| row.get(0));
        Ok(Next { body: next(NEXT_BODY)?, message: next(NEXT_MESSAGE)? })
    }
}

/// Writes facts into one transaction.
pub struct Pen<'t> {
    connection: &'t Connection,
    names: &'t mut Names,
    next: &'t mut Next,
    events: &'t mut Events,
    records: &'t mut Records,
    new_record: CachedStatement<'t>,
    asked: Asked<'t>,
    seen_record: CachedStatement<'t>,
    body: CachedStatement<'t>,
    message: CachedStatement<'t>,
    run: CachedStatement<'t>,
    effect: CachedStatement<'t>,
    ended: CachedStatement<'t>,
    exchange: CachedStatement<'t>,
    print: CachedStatement<'t>,
    /// Of the runs that are opened again just now, those that stay after all.
    stay: HashSet<RunId>,
}

const NEXT_BODY: &str = "SELECT coalesce(max(id), 0) + 1 FROM body";
pub const NEXT_MESSAGE: &str = "SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence WHERE name IN ('message', 'run')";
const BODY: &str = "INSERT INTO body (id, coding, data) VALUES (?1, 0, ?2)";
const EXCHANGE: &str =
    "INSERT INTO exchange (id, system, operation, at, micros, status, calls, sent, got) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
    ON CONFLICT (id) DO UPDATE SET at = excluded.at, micros = excluded.micros, status = excluded.status, calls = excluded.calls,
        sent = excluded.sent, got = excluded.got, queue = NULL, members = NULL";
const BUNDLED: &str = "INSERT OR REPLACE INTO exchange (id, system, operation, at, micros, status, calls, sent, got, queue, members)
    VALUES (?1, ?2, ?3, ?4, 0, 0, ?5, 0, 0, ?6, ?7)";
const ENDED: &str =
    "UPDATE run SET state = ?2, reason = ?3, node = ?4, words = ?5, undone = ?6, changed = ?7 WHERE id = ?1 AND state IN (0, 1)";
const ADOPTED: &str = "UPDATE run SET plan = ?2 WHERE id > ?3 AND flow = ?1 AND state = 0
    AND NOT EXISTS (SELECT 1 FROM effect WHERE effect.run = run.id)";
const RESTED: &str = "INSERT OR REPLACE INTO meta (name, value) VALUES ('rested', ?1)";
const CUT_OFF: &str = "INSERT INTO cut_off (at, upto) VALUES (?1, ?2)";
/// Of the first life on a copy.
const BEGAN_AS_A_COPY: &str = "UPDATE meta SET value = ?1 WHERE name = 'copied at' AND value IS NULL";
const PARKED: &str = "UPDATE run SET state = ?2 WHERE id = ?1 AND state IN (0, 1)";
const MOVED: &str = "INSERT INTO cursor (source, value, due, changed) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (source) DO UPDATE SET value = coalesce(excluded.value, value), due = excluded.due, changed = excluded.changed";
const GATED: &str =
    "INSERT OR REPLACE INTO gate (system, state, since, until, opens, paused_until, held, held_until, held_by, held_because,
        day_until, day_calls, refused)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
const PRINT: &str = "INSERT INTO seen (scope, key, print, until) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (scope, key) DO UPDATE SET print = excluded.print, until = excluded.until";

impl<'t> Pen<'t> {
    /// For this transaction.
    pub fn take(connection: &'t Connection, memory: &'t mut Memory) -> Result<Pen<'t>> {
        let Memory { names, next, events, records, .. } = memory;
        Ok(Pen {
            asked: Asked::take(connection)?,
            new_record: connection.prepare_cached(records::NEW)?,
            seen_record: connection.prepare_cached(took::SEEN_RECORD)?,
            body: connection.prepare_cached(BODY)?,
            message: connection.prepare_cached(took::MESSAGE)?,
            run: connection.prepare_cached(took::RUN)?,
            effect: connection.prepare_cached(settled::EFFECT)?,
            ended: connection.prepare_cached(ENDED)?,
            exchange: connection.prepare_cached(EXCHANGE)?,
            print: connection.prepare_cached(PRINT)?,
            stay: HashSet::new(),
            connection,
            names,
            next,
            events,
            records,
        })
    }

    fn loose(&self) -> Loose<'_> {
        Loose { events: self.events, records: self.records }
    }

    /// Writes one; a receipt for a message.
    pub fn write(&mut self, fact: &Fact) -> Result<Option<Receipt>> {
        match fact {
            Fact::Took(took) => return self.took(took).map(Some),
            Fact::Moved(moved) => self.moved(moved)?,
            Fact::Started { effect, boot, generation, of_item } => self.started(effect, *boot, (*generation, *of_item))?,
            Fact::Bundled(bundled) => self.bundled(bundled)?,
            Fact::Exchanged(exchanged) => self.exchanged(exchanged)?,
            Fact::Settled(settled) => self.settled(settled)?,
            Fact::Parked { run, parked } => self.parked(*run, *parked)?,
            Fact::Ended { run, ending, at } => self.ended(*run, ending, *at)?,
            Fact::Resent(resent) => return self.resent(resent).map(Some),
            Fact::Reopened { run, plan, at, by, over_newer, apart } => self.reopened((*run, *plan), *at, by, (*over_newer, *apart))?,
            Fact::Acknowledged { run, at, by, words } => self.acknowledged(*run, *at, by, words)?,
            Fact::Chore(chore) => self.chore(chore)?,
            Fact::Forgot { run, what } => self.forgot(*run, *what)?,
            Fact::SetBack { by } => self.set_back(*by)?,
            Fact::Adopted { flow, plan, after } => {
                let flow = self.number(flow)?;
                self.rare(ADOPTED)?.execute((flow, plan.0, after.0))?;
            }
            Fact::Rested { boot } => drop(self.rare(RESTED)?.execute([boot])?),
            Fact::CutOff(cut_off) => {
                self.rare(CUT_OFF)?.execute((cut_off.at.0, cut_off.upto.0))?;
                self.rare(BEGAN_AS_A_COPY)?.execute([cut_off.at.0])?;
            }
            Fact::Undone { undo, at, by, words } => self.undone(undo, *at, by, words)?,
            Fact::Discarded { run, at, by, reason } => self.discarded(*run, *at, by, reason)?,
            Fact::Alerted(row) => self.alerted(row)?,
            Fact::Gated(gate) => self.gated(gate)?,
            Fact::Sent { scope, key, print, until } => self.sent(scope, key, print, *until)?,
        }
        Ok(None)
    }

    fn moved(&mut self, moved: &Moved) -> Result<()> {
        let source = self.number(&moved.source)?;
        self.rare(MOVED)?.execute((source, &moved.cursor, moved.due.0, moved.at.0))?;
        Ok(())
    }

    fn bundled(&mut self, bundled: &Bundled) -> Result<()> {
        let (system, operation) = (self.number(&bundled.system)?, self.number(&bundled.operation)?);
        let queue = self.number(&bundled.queue)?;
        let members = numbers::members_text(&bundled.members);
        let calls = i64::try_from(bundled.members.len()).unwrap_or(i64::MAX);
        self.rare(BUNDLED)?.execute((bundled.id.0, system, operation, bundled.at.0, calls, queue, members))?;
        Ok(())
    }

    fn exchanged(&mut self, exchanged: &Exchanged) -> Result<()> {
        let system = self.number(&exchanged.system)?;
        let operation = self.number(&exchanged.operation)?;
        let micros = i64::try_from(exchanged.took.as_micros()).unwrap_or(i64::MAX);
        let (sent, got) = (exchanged.sent.cast_signed(), exchanged.got.cast_signed());
        self.exchange.execute((exchanged.id.0, system, operation, exchanged.at.0, micros, exchanged.status, exchanged.calls, sent, got))?;
        Ok(())
    }

    // A run that is over stays as it ended: only `Reopened` brings it back.
    fn parked(&mut self, run: RunId, parked: bool) -> Result<()> {
        let state = if parked { RunState::Parked } else { RunState::Active };
        self.rare(PARKED)?.execute((run.0, state.number()))?;
        Ok(())
    }

    fn ended(&mut self, run: RunId, ending: &Ending, at: Moment) -> Result<()> {
        let none = None::<i64>;
        match ending {
            Ending::Done => self.ended.execute((run.0, RunState::Done.number(), none, none, None::<&str>, none, at.0))?,
            Ending::Skipped(reason) => {
                self.ended.execute((run.0, RunState::Skipped.number(), none, none, numbers::skipped(*reason), none, at.0))?
            }
            Ending::Stopped(stopped) | Ending::SetAside(stopped) => {
                let (reason, node) = (self.code(&stopped.failure)?, self.number(&stopped.node)?);
                let state = match ending {
                    Ending::SetAside(_) => RunState::Discarded,
                    _ => numbers::stopped(stopped.kind),
                };
                self.ended.execute((run.0, state.number(), reason, node, &stopped.failure.says, stopped.undone, at.0))?
            }
        };
        Ok(())
    }

    fn gated(&mut self, gate: &GateRow) -> Result<()> {
        let system = self.number(&gate.system)?;
        let (state, until) = numbers::breaker(gate.breaker);
        let (hold, spent) = (gate.hold.as_ref(), gate.spent.as_ref());
        self.rare(GATED)?.execute(rusqlite::params![
            system,
            state,
            gate.since.0,
            until,
            gate.opens,
            gate.paused_until.map(|moment| moment.0),
            hold.map(|hold| hold.since.0),
            hold.and_then(|hold| hold.until).map(|until| until.0),
            hold.map(|hold| &*hold.by),
            hold.map(|hold| &*hold.because),
            spent.map(|spent| spent.until.0),
            spent.map(|spent| spent.calls.cast_signed()),
            gate.refused,
        ])?;
        Ok(())
    }

    fn sent(&mut self, scope: &Arc<str>, key: &str, print: &Print, until: Moment) -> Result<()> {
        let scope = self.number(scope)?;
        self.print.execute((scope, key, print, until.0))?;
        Ok(())
    }

    fn new_body(&mut self, data: &[u8]) -> Result<i64> {
        let id = self.next.body;
        self.body.execute((id, data))?;
        self.next.body += 1;
        Ok(id)
    }

    fn number(&mut self, text: &Arc<str>) -> Result<i64> {
        self.names.number(self.connection, text)
    }

    fn code(&mut self, failure: &Failure) -> Result<i64> {
        match self.names.known(failure.code.id) {
            Some(number) => Ok(number),
            None => self.number(&failure.code.id.into()),
        }
    }

    fn rare(&self, sql: &str) -> Result<CachedStatement<'t>> {
        self.connection.prepare_cached(sql)
    }
}

/// The state of a message that cannot be used as it is.
const UNUSABLE: StopKind = StopKind::Dead;
/// The step at which it stopped.
const AT_SOURCE: &str = "source";
