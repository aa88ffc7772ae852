//! What nobody asks for any more: marks past their time, exchanges of forgotten runs, pages that hold nothing.
//!
//! Each sweep is a window of rows and no more, so that no commit of others waits for it; the broom remembers where it
//! was. A walk over a whole table is a walk in windows.

use rusqlite::{Connection, OptionalExtension, Result};
use spanwright_core::fact::Moment;

/// Rows that one sweep looks at.
pub const SWEEP_ROWS_MOST: i64 = 500;
/// Pages that one sweep gives back to the file system.
pub const SWEEP_PAGES_MOST: i64 = 64;

const SEEN_END: &str = "SELECT scope, key FROM seen WHERE (scope, key) > (?1, ?2) ORDER BY scope, key LIMIT 1 OFFSET ?3";
const SEEN_GONE: &str = "DELETE FROM seen WHERE (scope, key) > (?1, ?2) AND (scope, key) <= (?3, ?4) AND until < ?5";
const SEEN_REST: &str = "DELETE FROM seen WHERE (scope, key) > (?1, ?2) AND until < ?3";
const EXCHANGES: &str = "DELETE FROM exchange WHERE id IN (SELECT id FROM exchange ORDER BY id LIMIT ?2) AND at < ?1 AND members IS NULL";

/// Where the last sweep left off.
#[derive(Debug, Default)]
pub struct Broom {
    seen: Option<(i64, String)>,
}

impl Broom {
    /// One sweep; whether there is more to sweep at once.
    pub fn sweep(&mut self, connection: &Connection, now: Moment, before: Moment) -> Result<bool> {
        let gone = connection.prepare_cached(EXCHANGES)?.execute((before.0, SWEEP_ROWS_MOST))?;
        self.sweep_seen(connection, now)?;
        Ok(self.seen.is_some() || gone as i64 == SWEEP_ROWS_MOST)
    }

    fn sweep_seen(&mut self, connection: &Connection, now: Moment) -> Result<()> {
        let (scope, key) = self.seen.take().unwrap_or((i64::MIN, String::new()));
        let end = connection.prepare_cached(SEEN_END)?.query_row((scope, &key, SWEEP_ROWS_MOST - 1), |row| Ok((row.get(0)?, row.get(1)?)));
        match end.optional()? {
            Some(end) => {
                let _: &(i64, String) = &end;
                connection.prepare_cached(SEEN_GONE)?.execute((scope, &key, end.0, &end.1, now.0))?;
                self.seen = Some(end);
            }
            None => drop(connection.prepare_cached(SEEN_REST)?.execute((scope, &key, now.0))?),
        }
        Ok(())
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
