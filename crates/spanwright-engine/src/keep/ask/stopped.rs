//! Stopped runs that a chore means, and whether a newer state of their record went on.
//!
//! A record may have very many states, and versions come in no order, so where none is newer all of them are looked at. That is done
//! once an answer ([`Fronts`]), however many of its states it is about; of states without versions only those that came later are looked at.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Params, Result, Row, ToSql};
use spanwright_core::fact::{Letter, Moment, RunId, StoppedFilter, StoppedRun, is_newer};

use super::{Ask, list_of};
use crate::keep::{correlation, events, memory::Loose, records};

pub const STOPPED: &str =
    "SELECT run.id, run.flow, run.changed FROM run INDEXED BY run_stopped_id CROSS JOIN message ON message.seq = run.id
    WHERE run.state IN (4, 5) AND run.id > ?1 AND run.id <= ?2";
pub const BY_ID: &str = "SELECT run.id, run.state IN (4, 5) FROM message CROSS JOIN run ON run.id = message.seq
    WHERE message.id = ?1";
// A message, and another one of its record and flow that went on: the last first, since what is newer is mostly found at once.
macro_rules! another_went_on {
    ($other:literal, $seq:literal) => {
        another_went_on!($other, $seq, "0, 1, 2, 3", "")
    };
    ($other:literal, $seq:literal, $states:literal, $and:literal) => {
        concat!(
            "SELECT mine.version, mine.seq, other.version, other.seq FROM run CROSS JOIN message AS mine ON mine.seq = run.id CROSS JOIN ",
            $other,
            " AND other.key = mine.key AND other.source = mine.source
            CROSS JOIN run AS its ON its.id = other.seq AND its.flow = run.flow
            WHERE run.id = ?1 AND (its.state IN (",
            $states,
            ")
                OR EXISTS (SELECT 1 FROM effect WHERE effect.run = its.id AND effect.way = 0 AND effect.state IN (1, 2, 3, 5))) ",
            $and,
            "
            ORDER BY ",
            $seq,
            " DESC"
        )
    };
}
// The same, and it is over.
macro_rules! another_is_done {
    ($other:literal, $seq:literal) => {
        another_went_on!($other, $seq, "2, 3", "AND its.state NOT IN (0, 1)")
    };
}
/// One that is named.
pub const THIS: &str = another_went_on!("message AS other ON other.seq = ?2", "other.seq");
/// Some of which the numbers are known, as a JSON list. By these alone: SQLite would rather walk over all that their source ever brought.
pub const THESE: &str = another_went_on!("message AS other NOT INDEXED ON other.seq IN (SELECT value FROM json_each(?2))", "other.seq");
/// Those whose keys are filed, behind a number. The index ends with it.
pub const FILED: &str = another_went_on!(
    "record_key ON record_key.front = ?2 AND record_key.seq > ?3 CROSS JOIN message AS other ON other.seq = record_key.seq",
    "record_key.seq"
);
/// Those of earlier schemas, behind a number.
pub const INDEXED: &str =
    another_went_on!("message AS other INDEXED BY message_key ON other.found_by IS NULL AND other.seq > ?2", "other.seq");
/// The same, of those that are over.
pub const THESE_DONE: &str =
    another_is_done!("message AS other NOT INDEXED ON other.seq IN (SELECT value FROM json_each(?2))", "other.seq");
pub const FILED_DONE: &str = another_is_done!(
    "record_key ON record_key.front = ?2 AND record_key.seq > ?3 CROSS JOIN message AS other ON other.seq = record_key.seq",
    "record_key.seq"
);
pub const INDEXED_DONE: &str =
    another_is_done!("message AS other INDEXED BY message_key ON other.found_by IS NULL AND other.seq > ?2", "other.seq");
/// Stopped runs of a record: of those that are known by number, those whose keys are filed, and those of earlier schemas.
pub const STOPPED_AMONG: &str = "SELECT id FROM run WHERE id IN (SELECT value FROM json_each(?1)) AND state IN (4, 5)";
pub const STOPPED_FILED: &str = "SELECT record_key.seq FROM record_key CROSS JOIN run ON run.id = record_key.seq
    WHERE record_key.front = ?1 AND run.state IN (4, 5)";
pub const STOPPED_INDEXED: &str = "SELECT message.seq FROM message INDEXED BY message_key CROSS JOIN run ON run.id = message.seq
    WHERE message.key = ?1 AND message.found_by IS NULL AND run.state IN (4, 5)";
pub const ANY_STOPPED: &str = "SELECT 1 FROM run INDEXED BY run_stopped_id WHERE state IN (4, 5)";
pub const IS_STOPPED: &str = "SELECT 1 FROM run WHERE id = ?1 AND state IN (4, 5)";
pub const DEATHS: &str = "SELECT changed FROM run INDEXED BY run_stopped WHERE state IN (4, 5) AND flow = ?1 AND changed >= ?2
    ORDER BY changed DESC LIMIT ?3";
/// Of which record a message is, in which flow, and in which version.
pub const MINE: &str = "SELECT message.source, name.text, message.key, run.flow, message.version FROM message
    CROSS JOIN run ON run.id = message.seq CROSS JOIN name ON name.id = message.source
    WHERE message.seq = ?1 AND message.key IS NOT NULL";
/// Of the states that are known by number so many are looked at first: mostly the newest one went on.
const LOOKED_AT_FIRST: usize = 16;
/// States that are looked at at once.
const LOOKED_AT_MOST: usize = 4096;

impl Ask<'_> {
    pub fn stopped(self, filter: &StoppedFilter, after: RunId, upto: RunId, most: usize) -> Result<Vec<StoppedRun>> {
        let named = |name: &Option<std::sync::Arc<str>>| name.as_ref().map(|name| self.names.known(name).unwrap_or(0));
        let (flow, node, reason) = (named(&filter.flow), named(&filter.node), named(&filter.reason));
        let own = filter.correlation.as_deref().and_then(correlation::message_of).map(u128::to_be_bytes);
        let conditions: [(&str, Option<&dyn ToSql>); 4] = [
            ("run.flow", flow.as_ref().map(|value| value as _)),
            ("run.node", node.as_ref().map(|value| value as _)),
            ("run.reason", reason.as_ref().map(|value| value as _)),
            ("message.key", filter.key.as_ref().map(|value| value as _)),
        ];
        let (mut sql, mut bound) = (STOPPED.to_string(), vec![&after.0 as &dyn ToSql, &upto.0]);
        for (column, value) in conditions {
            if let Some(value) = value {
                bound.push(value);
                sql += &format!(" AND {column} = ?{}", bound.len());
            }
        }
        if let Some(id) = &filter.correlation {
            bound.extend([id as &dyn ToSql, &own]);
            sql += &format!(" AND {}", correlation::condition(bound.len() - 1, bound.len()));
        }
        sql += &format!(" ORDER BY run.id LIMIT {most}");
        let mut statement = self.ready(&sql)?;
        let found = statement.query_map(&*bound, |row| Ok((RunId(row.get(0)?), row.get(1)?, Moment(row.get(2)?))))?;
        let mut fronts = Fronts::default();
        found
            .map(|found| {
                let (run, flow, at) = found?;
                let overtaken = fronts.overtaken(self.connection, self.loose, run)?;
                Ok(StoppedRun { run, flow: self.names.text(flow), at, overtaken })
            })
            .collect()
    }

    pub fn deaths(self, flow: &str, since: Moment, most: usize) -> Result<Vec<Moment>> {
        let mut statement = self.ready(DEATHS)?;
        let values = (self.names.known(flow).unwrap_or(0), since.0, i64::try_from(most).unwrap_or(i64::MAX));
        let mut deaths = statement.query_map(values, |row| row.get(0).map(Moment))?.collect::<Result<Vec<_>>>()?;
        deaths.reverse();
        Ok(deaths)
    }

    pub fn overtaken(self, run: RunId) -> Result<bool> {
        overtaken(self.connection, self.loose, run)
    }

    /// A message by its id; see [`spanwright_core::fact::Store::letter`].
    pub fn letter(self, message: u128) -> Result<Option<Letter>> {
        let row = self.ready(BY_ID)?.query_row([message.to_be_bytes()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let Some((run, stopped)) = row.map(|(run, stopped)| (RunId(run), stopped)) else { return Ok(None) };
        let Some(file) = self.files([run].into_iter())?.pop() else { return Ok(None) };
        let bundle = if stopped { self.bundles(&[run])?.pop() } else { None };
        Ok(Some(Letter { file, stopped, overtaken: self.overtaken(run)?, bundle }))
    }
}

/// Whether a newer state of its record went on; see [`spanwright_core::fact::Store::overtaken`].
pub fn overtaken(connection: &Connection, loose: Option<Loose<'_>>, run: RunId) -> Result<bool> {
    Fronts::default().overtaken(connection, loose, run)
}

/// Whether a dead letter of its record is kept from going over what it did by this run alone: no newer state of the record is done.
pub fn overtakes_a_dead_letter(connection: &Connection, loose: Option<Loose<'_>>, run: RunId) -> Result<bool> {
    if !connection.prepare_cached(ANY_STOPPED)?.exists([])? {
        return Ok(false);
    }
    let Some(record) = Record::of(connection, run)? else { return Ok(false) };
    // Newest first: of a record with many states only one is looked at further. What is open may still come to nothing.
    let named = record.named(connection, loose)?;
    if record.has_newer(connection, &named, [THESE_DONE, FILED_DONE, INDEXED_DONE], &mut Front::default())? {
        return Ok(false);
    }
    let ids = |sql, bound: &dyn ToSql| connection.prepare_cached(sql)?.query_map([bound], |row| row.get(0))?.collect::<Result<Vec<i64>>>();
    let mut dead = ids(STOPPED_AMONG, &list_of(&named))?;
    dead.extend(ids(STOPPED_FILED, &records::front_of(&record.key))?);
    dead.extend(ids(STOPPED_INDEXED, &record.key)?);
    for dead in dead.into_iter().filter(|dead| *dead != run.0) {
        if is_older(connection, (dead, run.0))? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_older(connection: &Connection, bound: (i64, i64)) -> Result<bool> {
    let newer = |row: &Row<'_>| {
        let version = |column| row.get_ref(column)?.as_str_or_null().map_err(rusqlite::Error::from);
        Ok(is_newer((version(2)?, row.get(3)?), (version(0)?, row.get(1)?)))
    };
    Ok(connection.prepare_cached(THIS)?.query_row(bound, newer).optional()?.unwrap_or(false))
}

/// What was found within one answer of the records that it is about: by source, flow and key.
#[derive(Default)]
pub struct Fronts(BTreeMap<(i64, i64, String), Front>);

impl Fronts {
    /// As [`overtaken`].
    pub fn overtaken(&mut self, connection: &Connection, loose: Option<Loose<'_>>, run: RunId) -> Result<bool> {
        let Some(record) = Record::of(connection, run)? else { return Ok(false) };
        let front = self.0.entry((record.source.0, record.flow, record.key.clone())).or_default();
        if front.is_newer_than(&record.state) {
            return Ok(true);
        }
        if front.whole_behind.is_some_and(|behind| behind <= record.behind()) {
            return Ok(false);
        }
        record.has_newer(connection, &record.named(connection, loose)?, [THESE, FILED, INDEXED], front)
    }
}

/// A version, if it has one, and the number.
type State = (Option<String>, i64);

/// States of one record that went on. Where any is newer than another state, so is the last that came, or the last of those without a
/// version, or the one with the highest version: each of these three is the newest among those that are compared in one way.
#[derive(Default)]
struct Front {
    last: Option<State>,
    last_bare: Option<State>,
    highest: Option<State>,
    /// All behind this number were met.
    whole_behind: Option<i64>,
}

impl Front {
    fn is_newer_than(&self, than: &State) -> bool {
        [&self.last, &self.last_bare, &self.highest].into_iter().flatten().any(|state| is_newer(of(state), of(than)))
    }

    fn meet(&mut self, state: State) {
        let place = if state.0.is_some() { &mut self.highest } else { &mut self.last_bare };
        if place.as_ref().is_none_or(|known| is_newer(of(&state), of(known))) {
            *place = Some(state.clone());
        }
        if self.last.as_ref().is_none_or(|last| last.1 < state.1) {
            self.last = Some(state);
        }
    }

    /// Meets those that are found, until one is newer than this.
    fn walk(&mut self, connection: &Connection, sql: &str, bound: impl Params, than: &State) -> Result<bool> {
        let mut statement = connection.prepare_cached(sql)?;
        let mut others = statement.query(bound)?;
        while let Some(row) = others.next()? {
            let state = (row.get(2)?, row.get(3)?);
            let found = is_newer(of(&state), of(than));
            self.meet(state);
            if found {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn of((version, came): &State) -> (Option<&str>, i64) {
    (version.as_deref(), *came)
}

/// The record of a message, and which state of it that is.
struct Record {
    source: (i64, String),
    key: String,
    flow: i64,
    state: State,
}

impl Record {
    fn of(connection: &Connection, run: RunId) -> Result<Option<Record>> {
        let record = |row: &Row<'_>| {
            let state = (row.get(4)?, run.0);
            Ok(Record { source: (row.get(0)?, row.get(1)?), key: row.get(2)?, flow: row.get(3)?, state })
        };
        connection.prepare_cached(MINE)?.query_row([run.0], record).optional()
    }

    /// What is newer has a greater number than this.
    fn behind(&self) -> i64 {
        if self.state.0.is_some() { 0 } else { self.state.1 }
    }

    /// Whether a newer one of it went on: one of the `named`, of those whose keys are filed, or of those of earlier schemas.
    fn has_newer(&self, connection: &Connection, named: &[i64], [these, filed, indexed]: [&str; 3], front: &mut Front) -> Result<bool> {
        let (run, behind) = (self.state.1, self.behind());
        let (mut rest, mut many) = (&named[named.partition_point(|other| *other <= behind)..], LOOKED_AT_FIRST);
        while !rest.is_empty() {
            let (others, some) = rest.split_at(rest.len().saturating_sub(many));
            if front.walk(connection, these, (run, list_of(some)), &self.state)? {
                return Ok(true);
            }
            (rest, many) = (others, LOOKED_AT_MOST.min(2 * many));
        }
        let found = front.walk(connection, filed, (run, records::front_of(&self.key), behind), &self.state)?
            || front.walk(connection, indexed, (run, behind), &self.state)?;
        front.whole_behind = (!found).then_some(behind);
        Ok(found)
    }

    /// Its messages that are found by name, ascending: some may be found by an event of its name, and others by the record.
    fn named(&self, connection: &Connection, loose: Option<Loose<'_>>) -> Result<Vec<i64>> {
        let mut named = records::loose_of(connection, loose.map(|loose| loose.records), &self.key)?;
        named.extend(events::messages_of(connection, loose.map(|loose| loose.events), (self.source.0, &self.source.1), &self.key)?);
        named.sort_unstable();
        named.dedup();
        Ok(named)
    }
}
