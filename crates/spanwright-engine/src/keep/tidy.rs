//! What nobody asks for any more: marks and events past their time, exchanges of forgotten runs, pages that hold nothing.
//!
//! Each sweep is a window of rows and no more, so that no commit of others waits for it; the broom remembers where it
//! was. A walk over a whole table is a walk in windows.

use rusqlite::{Connection, OptionalExtension, Result, params_from_iter, types::Value};
use spanwright_core::fact::Moment;

/// Rows that one sweep looks at.
pub const SWEEP_ROWS_MOST: usize = 500;
/// Pages that one sweep gives back to the file system.
pub const SWEEP_PAGES_MOST: i64 = 64;

/// What was not answered stays with those that went in it: by it is told whether all that went together is here.
const EXCHANGES: &str = "DELETE FROM exchange WHERE at < ?1 AND id IN (SELECT id FROM exchange WHERE members IS NULL
    AND NOT EXISTS (SELECT 1 FROM effect INDEXED BY effect_apart WHERE effect.state > 4 AND effect.glued = exchange.id)
    AND NOT EXISTS (SELECT 1 FROM effect INDEXED BY effect_glued WHERE effect.state = 0 AND effect.glued IS NOT NULL AND effect.glued = exchange.id)
    ORDER BY id LIMIT ?2)";

/// The last one says what may have been asked; the others are told of in the trails of messages that are there yet.
const CUT_OFF: &str = "DELETE FROM cut_off WHERE at < ?1 AND n < (SELECT max(n) FROM cut_off)";

/// A table that is walked through in the order of its key, and what goes of it.
struct Walk {
    table: &'static str,
    key: &'static str,
    gone: &'static str,
    /// What is noted of the others, where it is.
    stays: Option<&'static str>,
}

const PAST_ITS_TIME: &str = "until < ?1";
/// Its name is that of a record, too: by it is told whether a newer state of the record went on, as long as the message is there.
const NAMES_NO_RECORD: &str = "until < ?1 AND NOT EXISTS (SELECT 1 FROM message WHERE message.seq = event.seq AND message.found_by = 1)";
/// As an event it is new again (`LET_GO` in `events.rs`).
const LETS_GO: &str = "until = -9223372036854775808 WHERE until < ?1 AND until > -9223372036854775808";
const WALKS: [Walk; 4] = [
    Walk { table: "seen", key: "scope, key", gone: PAST_ITS_TIME, stays: None },
    Walk { table: "event", key: "seq", gone: NAMES_NO_RECORD, stays: Some(LETS_GO) },
    // The time is not used in these two: it stands here for the same number of values.
    Walk {
        table: "event_name",
        key: "front, seq",
        gone: "?1 IS NOT NULL AND NOT EXISTS (SELECT 1 FROM event WHERE event.seq = event_name.seq)",
        stays: None,
    },
    Walk {
        table: "record_key",
        key: "front, seq",
        gone: "?1 IS NOT NULL AND NOT EXISTS (SELECT 1 FROM record WHERE record.seq = record_key.seq)",
        stays: None,
    },
];

/// Where the last sweep left off: on which walk, and behind which row.
#[derive(Debug, Default)]
pub struct Broom {
    walk: usize,
    behind: Option<Vec<Value>>,
}

impl Broom {
    /// One sweep; whether there is more to sweep at once.
    pub fn sweep(&mut self, connection: &Connection, now: Moment, before: Moment) -> Result<bool> {
        let gone = connection.prepare_cached(EXCHANGES)?.execute((before.0, SWEEP_ROWS_MOST.cast_signed()))?;
        connection.prepare_cached(CUT_OFF)?.execute([before.0])?;
        self.behind = WALKS[self.walk].step(connection, now, self.behind.as_deref())?;
        if self.behind.is_none() {
            self.walk = (self.walk + 1) % WALKS.len();
        }
        Ok(self.walk > 0 || self.behind.is_some() || gone == SWEEP_ROWS_MOST)
    }
}

impl Walk {
    /// Goes on behind this row, and tells where it stopped; nothing at the end of the table.
    fn step(&self, connection: &Connection, now: Moment, behind: Option<&[Value]>) -> Result<Option<Vec<Value>>> {
        let Walk { table, key, gone, stays } = self;
        let (from, size) = (behind.unwrap_or_default(), key.split(", ").count());
        let marks = |first: usize| (first..first + size).map(|n| format!("?{n}")).collect::<Vec<_>>().join(", ");
        let start = if behind.is_some() { format!("({key}) > ({})", marks(2)) } else { "TRUE".into() };
        let end =
            format!("SELECT {key} FROM {table} WHERE {start} AND ?1 IS NOT NULL ORDER BY {key} LIMIT 1 OFFSET {}", SWEEP_ROWS_MOST - 1);
        let bound = || std::iter::once(Value::Integer(now.0)).chain(from.iter().cloned());
        let row = |row: &rusqlite::Row<'_>| (0..size).map(|column| row.get(column)).collect();
        let end: Option<Vec<Value>> = connection.prepare_cached(&end)?.query_row(params_from_iter(bound()), row).optional()?;
        let stop = end.as_ref().map_or(String::new(), |_| format!("AND ({key}) <= ({})", marks(2 + from.len())));
        let delete = format!("DELETE FROM {table} WHERE {start} {stop} AND {gone}");
        let note = stays.map(|noted| format!("UPDATE {table} SET {noted} AND {start} {stop}"));
        for sql in [Some(delete), note].into_iter().flatten() {
            connection.prepare_cached(&sql)?.execute(params_from_iter(bound().chain(end.iter().flatten().cloned())))?;
        }
        Ok(end)
    }
}

/// Gives pages that hold nothing back to the file system; whether there are more.
pub fn give_back(connection: &Connection) -> Result<bool> {
    let free: i64 = connection.query_row("PRAGMA freelist_count", [], |row| row.get(0))?;
    if free > 0 {
        connection.execute_batch(&format!("PRAGMA incremental_vacuum({SWEEP_PAGES_MOST})"))?;
    }
    Ok(free > SWEEP_PAGES_MOST)
}
