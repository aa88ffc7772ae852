//! One message with everything that happened to it, put together from rows that were written for other reasons.

use rusqlite::{Result, Row};
use spanwright_core::fact::{Listed, Moment, RunId, Shown, Way};

use super::{Entry, SHOWN_MOST, Which};
use crate::keep::{
    ask::{self, Ask},
    numbers::{self, RunState},
    pen::people,
};

const RUN: &str = "SELECT message.received, message.source, run.state, run.changed, run.words, run.undone, body.coding, body.data
    FROM run JOIN message ON message.seq = run.id JOIN body ON body.id = message.body WHERE run.id = ?1";
const ATTEMPTS: &str =
    "SELECT attempt.at, attempt.node, attempt.item, attempt.way, attempt.n, attempt.outcome, attempt.reason, attempt.words,
        exchange.status, exchange.micros
    FROM attempt LEFT JOIN exchange ON exchange.id = attempt.exchange WHERE attempt.run = ?1
    UNION ALL SELECT effect.at, effect.node, effect.item, effect.way, effect.n, effect.outcome, effect.reason, effect.words,
        exchange.status, exchange.micros
    FROM effect LEFT JOIN exchange ON exchange.id = effect.exchange WHERE effect.run = ?1 AND effect.outcome IS NOT NULL";
// What was begun the first time has no time of its own: it is told of where its message is.
const STANDS: &str = "SELECT coalesce(at, (SELECT changed FROM run WHERE id = ?1)), node, item, way, state, due, reason, words
    FROM effect WHERE run = ?1 AND outcome IS NULL";
const ANSWERS: &str = "SELECT 0, effect.node, effect.item, effect.way, body.coding, body.data
    FROM effect JOIN body ON body.id = effect.result WHERE effect.run = ?1";
// Lives that were cut off while it was open.
const CUT_OFF: &str = "SELECT cut_off.at FROM cut_off, run JOIN message ON message.seq = run.id
    WHERE run.id = ?1 AND cut_off.upto >= run.id AND cut_off.at >= message.received AND (run.state IN (0, 1) OR cut_off.at <= run.changed)
        AND EXISTS (SELECT 1 FROM effect WHERE effect.run = run.id)";
const PEOPLE: &str = "SELECT at, kind, by, words FROM trail WHERE message = ?1 ORDER BY n";

const BY_PERSON: &str = "SELECT EXISTS (SELECT 1 FROM run JOIN trail ON trail.message = run.id
    WHERE run.id = ?1 AND trail.kind = 1 AND trail.at >= run.changed)";

impl Ask<'_> {
    pub fn show(self, which: &Which) -> Result<Vec<Shown>> {
        self.lines_of(which, SHOWN_MOST)?.into_iter().map(|line| self.with_trail(line)).collect()
    }

    fn with_trail(self, line: Listed) -> Result<Shown> {
        let run = [line.run.0];
        let (body, mut trail) = self.ready(RUN)?.query_row(run, |row| Ok((ask::body(row, 6)?, self.ends(&line, row)?)))?;
        trail.extend(self.ready(ATTEMPTS)?.query_map(run, |row| self.attempt(row))?.collect::<Result<Vec<_>>>()?);
        trail.extend(self.ready(STANDS)?.query_map(run, |row| self.stands(row))?.collect::<Result<Vec<_>>>()?.into_iter().flatten());
        trail.extend(self.ready(CUT_OFF)?.query_map(run, |row| Ok(cut_off(Moment(row.get(0)?))))?.collect::<Result<Vec<_>>>()?);
        trail.extend(self.ready(PEOPLE)?.query_map(run, by_people)?.collect::<Result<Vec<_>>>()?);
        // Stable: of what has the same time, taking in comes first and the ending last.
        trail.sort_by_key(|(at, kind, _)| (*at, rank(kind)));
        let answer = |row: &Row<'_>| Ok((self.effect_name(row)?, ask::body(row, 4)?));
        let answers = self.ready(ANSWERS)?.query_map(run, answer)?.collect::<Result<Vec<_>>>()?;
        Ok(Shown { line, body, trail, answers })
    }

    /// How it came, and how it ended.
    fn ends(self, line: &Listed, row: &Row<'_>) -> Result<Vec<Entry>> {
        let mut entries = vec![(Moment(row.get(0)?), "taken", format!("from {}", self.names.text(row.get(1)?)))];
        let state = RunState::of(row.get(2)?);
        let words = match (&line.stopped, row.get::<_, Option<String>>(4)?) {
            (Some((node, failure, _)), _) => {
                let undone = if row.get::<_, Option<bool>>(5)?.unwrap_or(false) { "; what had been done was undone" } else { "" };
                format!("at {node}: {} {}{undone}", failure.code.id, failure.says)
            }
            (None, words) => words.unwrap_or_default(),
        };
        match state {
            RunState::Active | RunState::Parked => {}
            // A person who discards leaves an entry of their own.
            RunState::Discarded if !self.set_aside(&line.run)? => {}
            RunState::Discarded => entries.push((Moment(row.get(3)?), "set aside", format!("by the flow's `if_dead`: {words}"))),
            RunState::Done | RunState::Skipped | RunState::Dead | RunState::Uncertain => {
                entries.push((Moment(row.get(3)?), state.word(), words));
            }
        }
        Ok(entries)
    }

    /// Whether no person discarded it since it last stopped.
    fn set_aside(self, run: &RunId) -> Result<bool> {
        self.ready(BY_PERSON)?.query_row([run.0], |row| row.get::<_, bool>(0)).map(|by_person| !by_person)
    }

    fn attempt(self, row: &Row<'_>) -> Result<Entry> {
        let outcome = numbers::outcome_word(row.get(5)?);
        let wire = match (row.get::<_, Option<i64>>(8)?, row.get::<_, Option<i64>>(9)?) {
            (Some(0), Some(micros)) => format!(", no answer in {} ms", micros / 1000),
            (Some(status), Some(micros)) => format!(", status {status} in {} ms", micros / 1000),
            (_, _) => String::new(),
        };
        let says = self.says(row, 6)?;
        let words = format!("{}: try {} {outcome}{wire}{says}", self.effect_name(row)?, row.get::<_, i64>(4)?);
        Ok((Moment(row.get(0)?), "attempt", words))
    }

    /// An effect whose state no attempt of its own tells.
    fn stands(self, row: &Row<'_>) -> Result<Option<Entry>> {
        let at = Moment(row.get::<_, Option<i64>>(0)?.unwrap_or(0));
        let name = self.effect_name(row)?;
        let says = self.says(row, 6)?;
        Ok(match row.get::<_, i64>(4)? {
            0 => Some((Moment(row.get(5)?), "due", name)),
            1 => Some((at, "started", format!("{name}: begun, and no answer is known"))),
            3 => Some((at, "unchanged", format!("{name}: the same as was sent last"))),
            4 => Some((at, "superseded", format!("{name}: a newer state of the record followed"))),
            5 => Some((at, "uncertain", format!("{name}{says}"))),
            6 => Some((at, "gave up", format!("{name}{says}"))),
            _ => None,
        })
    }

    fn effect_name(self, row: &Row<'_>) -> Result<String> {
        let (node, item) = (self.names.text(row.get(1)?), row.get::<_, String>(2)?);
        let item = if item.is_empty() { String::new() } else { format!(" [{item}]") };
        let way = match numbers::way_of(row.get(3)?) {
            Way::Do => "",
            Way::Undo => "undo of ",
            Way::Ask => "question about ",
        };
        Ok(format!("{way}{node}{item}"))
    }

    fn says(self, row: &Row<'_>, column: usize) -> Result<String> {
        Ok(match row.get::<_, Option<i64>>(column)? {
            Some(code) => {
                let failure = self.failure(code, row.get(column + 1)?);
                format!(": {} {}", failure.code.id, failure.says)
            }
            None => String::new(),
        })
    }
}

/// A try that was on its way left no row: the system may have been asked once more than the trail has tries.
fn cut_off(at: Moment) -> Entry {
    (at, "cut off", "the engine had ended without a word and began again: of a try that was on its way then nothing is known".into())
}

fn by_people(row: &Row<'_>) -> Result<Entry> {
    let (at, by, words) = (Moment(row.get(0)?), row.get::<_, String>(2)?, row.get::<_, String>(3)?);
    let told = |before: &str| if words.is_empty() { String::new() } else { format!("{before}{words}") };
    Ok(match row.get::<_, i64>(1)? {
        people::REPLAYED => (at, "replayed", format!("by {by}{}", told("; it had stopped: "))),
        people::ACKNOWLEDGED => (at, "acknowledged", format!("by {by}{}", told(": "))),
        people::UNDONE => (at, "undone", format!("by {by}, by hand, {words}")),
        people::MADE_OF => (at, "made", format!("by {by}, of message {words}")),
        people::MADE_INTO => (at, "made anew", format!("by {by}, as message {words}")),
        _ => (at, "discarded", format!("by {by}{}", told(": "))),
    })
}

fn rank(kind: &str) -> u8 {
    match kind {
        "taken" => 0,
        "done" | "skipped" | "dead" | "uncertain" | "set aside" => 2,
        _ => 1,
    }
}
