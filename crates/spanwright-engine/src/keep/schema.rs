//! How a journal file is set up, and what makes this program refuse one.
//!
//! A file written by a later edition is refused in words, never guessed at; one of an earlier edition is brought to
//! today's schema in one transaction, before anything else is done with it. The settings that make a commit survive
//! a power cut are set at every open and read back: SQLite keeps most of them per connection, not in the file.
#![allow(clippy::disallowed_methods)] // the one place that opens a journal

use std::time::Duration;

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{
    OpenFault, Room,
    fault::{unusable, words_of},
    place::beside,
    wal,
};

/// The schema that this program writes.
pub const SCHEMA: i64 = 13;
/// A connection is used by one thread at a time, which Rust sees to: SQLite need not lock it at every call.
const OURS_ALONE: OpenFlags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
const WRITES: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_CREATE).union(OURS_ALONE);
/// Before 3.51.3 two connections could lose committed transactions when the write-ahead log was reset.
pub const SQLITE_LEAST: i32 = 3_051_003;
/// Pages of the write-ahead log between two checkpoints, at most: 32 MiB.
const CHECKPOINT_PAGES_MOST: u32 = 4000;
/// And no more than this share of a small disk: the log at its longest is a 32nd of it, within the reserve.
const CHECKPOINT_OF_DISK: u64 = 128;
pub const PAGE_BYTES: u32 = 8192;
/// Pages of the journal that its writer has in memory, in KiB; a reader has a quarter of it.
pub const CACHE_KIB_MOST: u32 = 8_192;
/// Another connection that writes is waited for so long.
pub const BUSY_TIME_MOST: Duration = Duration::from_secs(5);

/// A journal up to this size is looked through at each start; a larger one by `verify`, and where a damaged page is read.
const CHECKED_AT_START_BYTES_MOST: u64 = 32 << 20;

/// What lies beside a journal only once it is made and on the disk; its lock is there before.
const AFTER_THE_FIRST_COMMIT: [&str; 5] = ["-wal", ".hand", ".suspects", ".refused", ".refused.1"];

/// Tables of a file of another program that are named.
const FOREIGN_TABLES_SHOWN_MOST: usize = 3;

/// Of every connection that writes. Checkpoints are made by who asks for one.
const DURABLE: &str = "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON; PRAGMA wal_autocheckpoint = 0;";

const TABLES: &str = include_str!("schema.sql");
/// What brings a file from the schema before to the one of that number, the oldest first.
const STEPS: [(i64, &str); 12] = [
    (2, include_str!("schema/2.sql")),
    (3, include_str!("schema/3.sql")),
    (4, include_str!("schema/4.sql")),
    (5, include_str!("schema/5.sql")),
    (6, include_str!("schema/6.sql")),
    (7, include_str!("schema/7.sql")),
    (8, include_str!("schema/8.sql")),
    (9, include_str!("schema/9.sql")),
    (10, include_str!("schema/10.sql")),
    (11, include_str!("schema/11.sql")),
    (12, include_str!("schema/12.sql")),
    (13, include_str!("schema/13.sql")),
];

/// Opens the file for the one writer; makes it where it is new.
pub fn open_writer(path: &std::path::Path) -> Result<Connection, OpenFault> {
    assert_version(rusqlite::version_number())?;
    assert_not_gone(path)?;
    assert_log_whole(path)?;
    assert_ours(path)?;
    wal::settle(path)
        .map_err(|error| OpenFault::Unusable { path: path.into(), why: format!("its write-ahead log cannot be synced: {error}") })?;
    let fault = |error: rusqlite::Error| unusable(path, &error);
    let connection = Connection::open_with_flags(path, WRITES).map_err(fault)?;
    set_up(&connection).map_err(fault)?;
    assert_durable(&connection, path)?;
    make_tables(&connection).map_err(fault)?;
    assert_whole(&connection, path)?;
    let schema = schema_of(&connection).map_err(fault)?;
    STEPS.iter().filter(|(to, _)| *to > schema).try_for_each(|(to, step)| upgrade(&connection, *to, step)).map_err(fault)?;
    assert_schema(&connection, path)?;
    Ok(connection)
}

/// Nobody deletes a journal in passing: where another one had been, a new one would forget all that it knew.
fn assert_not_gone(path: &std::path::Path) -> Result<(), OpenFault> {
    let bytes = |path: &std::path::Path| std::fs::metadata(path).map_or(0, |file| file.len());
    if bytes(path) > 0 {
        return Ok(());
    }
    let left = AFTER_THE_FIRST_COMMIT.iter().map(|ending| beside(path, ending)).filter(|left| bytes(left) > 0);
    let left: Vec<_> = left.map(|left| format!("`{}`", left.display())).collect();
    if left.is_empty() { Ok(()) } else { Err(OpenFault::Gone { path: path.into(), beside: left.join(", ") }) }
}

/// Before SQLite sees it: its recovery leaves out what it cannot read, and the next commit is written over the rest.
pub fn assert_log_whole(path: &std::path::Path) -> Result<(), OpenFault> {
    let unusable = |why: String| OpenFault::Unusable { path: path.into(), why };
    match wal::damage(path) {
        Ok(None) => Ok(()),
        Ok(Some(damage)) => Err(unusable(damage.words(path))),
        Err(error) => Err(unusable(format!("its write-ahead log cannot be read: {error}"))),
    }
}

/// A file of another program is not even set up: the settings of a connection that writes are written into the file.
fn assert_ours(path: &std::path::Path) -> Result<(), OpenFault> {
    if std::fs::metadata(path).map_or(true, |file| file.len() == 0) {
        return Ok(());
    }
    match seen_with(path, OpenFlags::SQLITE_OPEN_READ_ONLY) {
        // A power cut in the first moments left something to be rolled back, which only a writer may do.
        Err(OpenFault::Unusable { .. } | OpenFault::Damaged { .. }) => seen_with(path, OpenFlags::SQLITE_OPEN_READ_WRITE),
        seen => seen,
    }
}

fn seen_with(path: &std::path::Path, flags: OpenFlags) -> Result<(), OpenFault> {
    let fault = |error: rusqlite::Error| unusable(path, &error);
    assert_no_other(&Connection::open_with_flags(path, flags).map_err(fault)?, path)
}

fn assert_no_other(connection: &Connection, path: &std::path::Path) -> Result<(), OpenFault> {
    let fault = |error: rusqlite::Error| unusable(path, &error);
    let mut statement = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name")
        .map_err(fault)?;
    let tables = statement.query_map([], |row| row.get::<_, String>(0)).and_then(Iterator::collect).map_err(fault)?;
    let tables: Vec<String> = tables;
    let is_ours = ["meta", "run", "effect"].iter().all(|ours| tables.iter().any(|table| table == ours));
    if is_ours || tables.is_empty() {
        return Ok(());
    }
    let some = tables.iter().take(FOREIGN_TABLES_SHOWN_MOST).map(|table| format!("`{table}`")).collect::<Vec<_>>().join(", ");
    Err(OpenFault::Foreign { path: path.into(), tables: some })
}

fn assert_whole(connection: &Connection, path: &std::path::Path) -> Result<(), OpenFault> {
    if std::fs::metadata(path).is_ok_and(|file| file.len() > CHECKED_AT_START_BYTES_MOST) {
        return Ok(());
    }
    let fault = |error: rusqlite::Error| unusable(path, &error);
    let said: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(fault)?;
    if said == "ok" { Ok(()) } else { Err(OpenFault::Damaged { path: path.into(), what: super::fault::damaged(&said) }) }
}

// A crash in between leaves the schema before.
fn upgrade(connection: &Connection, to: i64, step: &str) -> rusqlite::Result<()> {
    connection.execute_batch(&format!("BEGIN IMMEDIATE; {step} UPDATE meta SET value = {to} WHERE name = 'schema'; COMMIT;"))
}

/// Opens the file for looking, beside a writer in another process or without one.
pub fn open_reader(path: &std::path::Path) -> Result<Connection, OpenFault> {
    match open_made(path) {
        // Only while it is made it has a rollback journal; whoever was killed then left one that only a writer may roll back.
        Err(OpenFault::Unusable { .. }) if beside(path, "-journal").exists() => Err(OpenFault::Absent { path: path.into() }),
        opened => opened,
    }
}

fn open_made(path: &std::path::Path) -> Result<Connection, OpenFault> {
    assert_version(rusqlite::version_number())?;
    // Even who only looks makes SQLite delete the log of an empty file.
    assert_not_gone(path)?;
    if !path.exists() {
        return Err(OpenFault::Absent { path: path.into() });
    }
    let fault = |error: rusqlite::Error| unusable(path, &error);
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY.union(OURS_ALONE)).map_err(fault)?;
    connection
        .busy_timeout(BUSY_TIME_MOST)
        .and_then(|()| {
            connection.execute_batch(&format!(
                "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -{};",
                CACHE_KIB_MOST / 4
            ))
        })
        .map_err(fault)?;
    assert_no_other(&connection, path)?;
    // Another process is just making it.
    if !is_made(&connection).map_err(fault)? {
        assert_log_whole(path)?;
        return Err(OpenFault::Absent { path: path.into() });
    }
    assert_schema(&connection, path)?;
    Ok(connection)
}

/// Opens the file a second time beside its writer, to bring home what lies in the write-ahead log.
pub fn open_beside(path: &std::path::Path) -> Result<Connection, OpenFault> {
    let fault = |error: rusqlite::Error| unusable(path, &error);
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE.union(OURS_ALONE)).map_err(fault)?;
    connection.execute_batch(DURABLE).map_err(fault)?;
    Ok(connection)
}

/// At how many pages the write-ahead log of this file is brought home.
pub fn checkpoint_pages(path: &std::path::Path) -> u32 {
    checkpoint_pages_of(Room::of(path).whole_bytes().unwrap_or(u64::MAX))
}

/// The same on a disk of so many bytes.
pub fn checkpoint_pages_of(whole: u64) -> u32 {
    let share = u32::try_from(whole / CHECKPOINT_OF_DISK / u64::from(PAGE_BYTES)).unwrap_or(u32::MAX);
    share.clamp(1, CHECKPOINT_PAGES_MOST)
}

/// Opens an empty file for a copy to be written into.
pub fn open_empty(path: &std::path::Path) -> Result<Connection, OpenFault> {
    let fault = |error: rusqlite::Error| unusable(path, &error);
    Connection::open_with_flags(path, WRITES).map_err(fault)
}

fn assert_version(version: i32) -> Result<(), OpenFault> {
    if version < SQLITE_LEAST {
        return Err(OpenFault::OldSqlite { version });
    }
    Ok(())
}

fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    // page_size and auto_vacuum count only before the first table, journal_mode stays in the file; the rest is this connection's.
    connection.busy_timeout(BUSY_TIME_MOST)?;
    connection.execute_batch(&format!(
        "PRAGMA page_size = {PAGE_BYTES};
         PRAGMA auto_vacuum = INCREMENTAL;
         PRAGMA journal_mode = WAL;
         {DURABLE}
         PRAGMA cache_size = -{CACHE_KIB_MOST};
         PRAGMA temp_store = MEMORY;
         PRAGMA foreign_keys = OFF;
         PRAGMA cell_size_check = ON;
         PRAGMA trusted_schema = OFF;"
    ))?;
    connection.set_prepared_statement_cache_capacity(64);
    // Plans must not depend on bound values: SQLite would otherwise compile a statement anew at almost every binding.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

// Some file systems have no shared memory, and so no write-ahead log: SQLite then silently keeps another mode.
fn assert_durable(connection: &Connection, path: &std::path::Path) -> Result<(), OpenFault> {
    let unfit = |why: String| OpenFault::Unusable { path: path.into(), why };
    let durable: i64 = connection.query_row("PRAGMA synchronous", [], |row| row.get(0)).map_err(|error| unfit(words_of(&error)))?;
    let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).map_err(|error| unfit(words_of(&error)))?;
    match (durable, mode.as_str()) {
        (2, "wal") => Ok(()),
        (_, _) => Err(unfit("its file system cannot hold a write-ahead log (is it a network drive?)".into())),
    }
}

fn make_tables(connection: &Connection) -> rusqlite::Result<()> {
    if is_made(connection)? {
        return Ok(());
    }
    connection.execute_batch(&format!(
        "BEGIN IMMEDIATE;
         {TABLES}
         INSERT INTO meta VALUES ('schema', {SCHEMA}), ('boot', 0);
         COMMIT;"
    ))
}

fn is_made(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'meta')", [], |row| row.get(0))
}

fn assert_schema(connection: &Connection, path: &std::path::Path) -> Result<(), OpenFault> {
    match schema_of(connection).map_err(|error| unusable(path, &error))? {
        SCHEMA => Ok(()),
        schema if schema < SCHEMA => Err(OpenFault::OlderSchema { path: path.into(), schema }),
        schema => Err(OpenFault::OtherSchema { path: path.into(), schema }),
    }
}

fn schema_of(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT value FROM meta WHERE name = 'schema'", [], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use spanwright_core::fact::Store as _;

    #[test]
    fn an_sqlite_that_loses_commits_is_refused() {
        let words = assert_version(3_051_001).unwrap_err().to_string();
        assert_eq!(words, "SQLite 3.51.1 can lose committed data (fixed in 3.51.3): this program was built against the wrong one");
        assert_version(rusqlite::version_number()).unwrap();
    }

    #[test]
    fn a_journal_that_is_just_being_made_is_not_there_yet() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        std::fs::write(&path, []).unwrap();
        assert!(matches!(open_reader(&path), Err(OpenFault::Absent { .. })));
    }

    /// Whoever was killed in its first moments left something that only a writer may roll back.
    #[test]
    fn a_journal_whose_maker_was_killed_is_not_there_yet_and_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let (half, path) = (folder.path().join("half.db"), folder.path().join("journal.db"));
        let maker = Connection::open(&half).unwrap();
        maker
            .execute_batch("PRAGMA cache_size = 1; BEGIN; CREATE TABLE half (body); INSERT INTO half VALUES (zeroblob(1000000));")
            .unwrap();
        for ending in ["", "-journal"] {
            std::fs::copy(beside(&half, ending), beside(&path, ending)).unwrap();
        }
        let told = open_reader(&path).map(drop);
        assert!(matches!(told, Err(OpenFault::Absent { .. })), "{told:?}");
        open_writer(&path).unwrap();
        open_reader(&path).unwrap();
    }

    #[test]
    fn a_commit_is_synced_and_the_settings_are_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let connection = open_writer(&folder.path().join("journal.db")).unwrap();
        for (pragma, expected) in [
            ("page_size", 8192),
            ("auto_vacuum", 2),
            ("synchronous", 2),
            ("wal_autocheckpoint", 0),
            ("cell_size_check", 1),
            ("trusted_schema", 0),
        ] {
            let found: i64 = connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0)).unwrap();
            assert_eq!(found, expected, "{pragma}");
        }
    }

    /// What the tables and indexes of a journal are, without comments and spaces.
    fn made(connection: &Connection) -> Vec<(String, String)> {
        let mut statement =
            connection.prepare("SELECT name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name").unwrap();
        let plain = |sql: String| {
            let lines = sql.lines().map(|line| line.split("--").next().unwrap_or_default());
            lines.collect::<String>().split_whitespace().collect::<String>()
        };
        statement.query_map([], |row| Ok((row.get(0)?, plain(row.get(1)?)))).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn an_upgraded_journal_is_made_as_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let new = made(&open_writer(&folder.path().join("new.db")).unwrap());
        for (schema, rows) in [(1, include_str!("tests/schema-1.sql")), (2, include_str!("tests/schema-2.sql"))] {
            let old = folder.path().join(format!("{schema}.db"));
            Connection::open(&old).unwrap().execute_batch(rows).unwrap();
            assert!(matches!(open_reader(&old), Err(OpenFault::OlderSchema { schema: have, .. }) if have == schema));
            assert_eq!(made(&open_writer(&old).unwrap()), new, "schema {schema}");
            open_reader(&old).unwrap();
        }
    }

    /// A journal as schema 2 had it, with which this was done.
    fn of_schema_2(sql: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let old = folder.path().join("journal.db");
        Connection::open(&old).unwrap().execute_batch(&format!("{}{sql}", include_str!("tests/schema-2.sql"))).unwrap();
        (folder, old)
    }

    #[test]
    fn what_was_known_of_a_gate_is_known_after_an_upgrade() {
        let (_folder, old) = of_schema_2("");
        let opening = crate::keep::Keep::open(&old, spanwright_lab::conformance::code_of).unwrap().opening().unwrap();
        let gates: Vec<_> = opening.gates.iter().map(|gate| (&*gate.system, gate.opens, gate.hold.is_some())).collect();
        assert_eq!(gates, [("crm", 2, false)]);
        assert_eq!(opening.backlog.iter().map(|backlog| backlog.parked).sum::<u64>(), 1);
    }

    #[test]
    fn what_may_have_been_asked_is_known_after_an_upgrade() {
        let cut = "INSERT INTO meta (name, value) VALUES ('cut off', 4711), ('cut off run', 12)";
        let (_folder, old) = of_schema_2(cut);
        let opening = crate::keep::Keep::open(&old, spanwright_lab::conformance::code_of).unwrap().opening().unwrap();
        assert_eq!(opening.cut_off.map(|cut_off| (cut_off.at.0, cut_off.upto.0)), Some((4711, 12)));
    }

    #[test]
    fn a_message_of_an_older_journal_is_found_by_its_correlation_id() {
        let named = "UPDATE message SET correlation = 'shop-4711' WHERE seq = 301";
        let (_folder, old) = of_schema_2(named);
        drop(open_writer(&old).unwrap());
        let look = crate::keep::Look::open(&old, spanwright_lab::conformance::code_of).unwrap();
        for (correlation, run) in [("01a2163a4caf752cb98c8f5b39dc96e9", 1), ("shop-4711", 301)] {
            let shown = look.show(&crate::keep::Which::Correlation(correlation.into())).unwrap();
            let lines: Vec<_> = shown.iter().map(|shown| (shown.line.run.0, &*shown.line.correlation)).collect();
            assert_eq!(lines, [(run, correlation)]);
        }
    }

    /// Earlier editions left answers whose place another state had taken.
    #[test]
    fn bodies_that_nothing_names_are_gone_after_an_upgrade() {
        let (_folder, old) = of_schema_2("INSERT INTO body (id, coding, data) VALUES (4711, 0, x'31');");
        let connection = open_writer(&old).unwrap();
        let is_there =
            |id: i64| connection.query_row("SELECT EXISTS (SELECT 1 FROM body WHERE id = ?1)", [id], |row| row.get::<_, bool>(0));
        assert_eq!((is_there(4711), is_there(1)), (Ok(false), Ok(true)));
    }

    /// No edition numbered messages and their runs apart; a file that was put together by hand may.
    #[test]
    fn a_message_whose_run_has_another_number_takes_it() {
        let apart = "UPDATE run SET id = -id; UPDATE run SET id = 2 - id WHERE id < -1; UPDATE run SET id = 1 WHERE id = -1;
            UPDATE effect SET run = run + 2 WHERE run > 1; UPDATE attempt SET run = run + 2 WHERE run > 1;
            UPDATE message SET parent = 3 WHERE seq = 601;
            INSERT INTO trail VALUES (3, 1, 5, 2, 'ann', 'of 3'), (301, 1, 5, 2, 'ann', 'of 301'), (301, 2, 5, 2, 'ann', 'again');
            INSERT INTO meta VALUES ('set back', 301);";
        let (_folder, old) = of_schema_2(apart);
        let connection = open_writer(&old).unwrap();
        let all = |sql: &str| -> Vec<String> {
            let mut statement = connection.prepare(sql).unwrap();
            statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        assert_eq!(all("SELECT id || ' ' || message FROM run"), ["1 1", "4 4", "5 5", "303 303", "603 603"]);
        assert_eq!(all("SELECT seq || ' ' || body FROM message"), ["1 1", "4 2", "5 3", "303 301", "603 601"]);
        assert_eq!(all("SELECT message || ' ' || key FROM seen"), ["1 100001", "4 100002", "5 100003", "303 100301", "603 100601"]);
        assert_eq!(all("SELECT message || ' ' || words FROM trail"), ["5 of 3", "303 of 301", "303 again"]);
        assert_eq!(all("SELECT seq || ' ' || parent FROM message WHERE parent IS NOT NULL"), ["603 5"]);
        assert_eq!(all("SELECT value || '' FROM meta WHERE name = 'set back'"), ["303"]);
        drop(connection);
        assert_eq!(crate::keep::Look::open(&old, spanwright_lab::conformance::code_of).unwrap().verify().unwrap().faults, [""; 0]);
    }

    #[test]
    fn an_sqlite_file_of_another_program_is_refused_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE moz_places (url TEXT); CREATE TABLE meta (a)").unwrap();
        let before = std::fs::read(&path).unwrap();
        for words in [open_writer(&path).unwrap_err().to_string(), open_reader(&path).unwrap_err().to_string()] {
            assert!(words.starts_with("R0109: ") && words.contains("`meta`, `moz_places`"), "{words}");
        }
        assert_eq!(std::fs::read(&path).unwrap(), before);
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["journal.db"]);
    }

    #[test]
    fn a_journal_of_a_later_edition_is_refused_in_words() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        open_writer(&path).unwrap().execute("UPDATE meta SET value = 99 WHERE name = 'schema'", []).unwrap();
        let words = open_writer(&path).unwrap_err().to_string();
        assert!(words.contains("schema 99") && words.contains(&format!("schema {SCHEMA}")), "{words}");
    }
}
