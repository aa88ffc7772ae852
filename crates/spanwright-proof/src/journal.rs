//! What a journal holds after a run, counted in the file itself.

use std::{io, path::Path};

use rusqlite::{Connection, OpenFlags};

/// Its rows and bytes.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    /// Rows of all tables.
    pub rows: u64,
    /// Bytes of a message's body as it was taken in, on average.
    pub body_bytes: u64,
    /// Bytes of the file.
    pub file_bytes: u64,
}

const TABLES: [&str; 8] = ["body", "message", "run", "effect", "exchange", "attempt", "seen", "cursor"];

/// Counts.
///
/// # Errors
/// The file is no journal.
pub fn count(journal: &Path) -> io::Result<Counted> {
    let connection = Connection::open_with_flags(journal, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(io::Error::other)?;
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs).map_err(io::Error::other);
    let mut rows = 0;
    for table in TABLES {
        rows += number(&format!("SELECT count(*) FROM {table}"))?;
    }
    let body_bytes = number("SELECT coalesce(CAST(avg(length(data)) AS INTEGER), 0) FROM (SELECT data FROM body LIMIT 1000)")?;
    Ok(Counted { rows, body_bytes, file_bytes: std::fs::metadata(journal)?.len() })
}
