//! What can be wrong with the file, sorted by what the caller does about it.
//!
//! A full disk is waited out, whether the disk itself, a quota or a bound on one file leaves no room; anything else that goes
//! wrong below SQL ends the process: after a failed sync nobody knows what the kernel kept, and SQLite itself would carry on.

use std::{
    io,
    path::{Path, PathBuf},
};

use rusqlite::{Error, ErrorCode, ffi};
use spanwright_core::fact::StoreFault;

/// Why the journal cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenFault {
    /// Another process has it.
    #[error("`{path}` is in use by another process{pid}: one process at a time runs a project. Stop that one first", path = path.display())]
    InUse {
        /// The journal.
        path: PathBuf,
        /// Who, where it is known: ` (process 4711)`.
        pid: String,
    },
    /// There is none yet.
    #[error("there is no journal at `{path}` yet: `spanwright run` makes it", path = path.display())]
    Absent {
        /// The journal.
        path: PathBuf,
    },
    /// There was one.
    #[error(
        "the journal `{path}` is gone (it is not there, or is empty), and what lies beside it says that there was one: {beside}. Begun anew, \
        all messages that are open and all that is known of those that came would be forgotten. Put the newest backup in its place \
        (`spanwright backup` makes them); or, to begin anew all the same, move these files away. Nothing was changed",
        path = path.display()
    )]
    Gone {
        /// The journal.
        path: PathBuf,
        /// What lies beside it.
        beside: String,
    },
    /// It is of an earlier edition, and is only looked at.
    #[error(
        "`{path}` has schema {schema} and this program reads schema {}: `spanwright run` brings it there (`spanwright backup` first)",
        super::schema::SCHEMA,
        path = path.display()
    )]
    OlderSchema {
        /// The journal.
        path: PathBuf,
        /// Which it has.
        schema: i64,
    },
    /// It is of a later edition.
    #[error(
        "`{path}` has schema {schema}, this program writes schema {}: run it with the edition that wrote it, or a later one",
        super::schema::SCHEMA,
        path = path.display()
    )]
    OtherSchema {
        /// The journal.
        path: PathBuf,
        /// Which it has.
        schema: i64,
    },
    /// It is an SQLite file, and of another program.
    #[error("R0109: `{path}` is no journal of Spanwright: it is an SQLite file with the tables {tables}. Nothing was written to it. Move it away, and start again", path = path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Some of its tables.
        tables: String,
    },
    /// It cannot be read or written.
    #[error("the journal `{path}` cannot be used: {why}", path = path.display())]
    Unusable {
        /// The journal.
        path: PathBuf,
        /// What SQLite or the system said.
        why: String,
    },
    /// It is damaged, or no journal at all.
    #[error("the journal `{path}` cannot be used: {what}. {}", WAY_BACK, path = path.display())]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The program was linked with an SQLite that loses data.
    #[error(
        "SQLite {}.{}.{} can lose committed data (fixed in 3.51.3): this program was built against the wrong one",
        version / 1_000_000,
        version / 1000 % 1000,
        version % 1000
    )]
    OldSqlite {
        /// As SQLite counts it.
        version: i32,
    },
}

/// Sorts what SQLite said: at once, and on the thread that heard it, as [`lacks_room`] wants it.
pub fn fault_of(error: Error) -> StoreFault {
    if lacks_room(&error) { StoreFault::Full } else { StoreFault::Broken(words_of(&error)) }
}

/// Whether something failed for want of room alone. To be asked at once, and on the thread on which it failed.
pub fn lacks_room(error: &Error) -> bool {
    // SQLite knows one of the system's errors that leave no room, and calls the others a failed write. What more it would tell
    // (`sqlite3_system_errno`) is `errno` of this thread, and nothing where a commit failed. Behind the write that failed it only takes
    // back and unlocks, which does not fail and leaves `errno` as it is. Were another error found there, the process would end.
    lacks_room_by(error, io::Error::last_os_error().kind())
}

/// The same, of what the system has said last.
fn lacks_room_by(error: &Error, system: io::ErrorKind) -> bool {
    match error.sqlite_error() {
        Some(ffi::Error { code: ErrorCode::DiskFull, .. }) => true,
        // The index of the write-ahead log could not grow: no room either.
        Some(ffi::Error { extended_code: ffi::SQLITE_IOERR_SHMSIZE, .. }) => true,
        // Nothing was written. Of a sync that fails for want of room nobody knows that: it is not among these.
        Some(ffi::Error { extended_code: ffi::SQLITE_IOERR_WRITE, .. }) => {
            matches!(system, io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
        }
        Some(_) | None => false,
    }
}

/// What a person does about a journal that cannot be read.
const WAY_BACK: &str = "The way back: keep it and what lies beside it (`journal.db*`) elsewhere, put the newest backup in its place \
    (`spanwright backup` makes them), start again. `spanwright verify` tells what is damaged";

/// What is wrong with a damaged one, in one line.
pub fn damaged(what: &str) -> String {
    format!("it is damaged: {}", what.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Why a journal cannot be opened, sorted by whether it is damaged.
pub fn unusable(path: &Path, error: &Error) -> OpenFault {
    match damage_of(error) {
        Some(what) => OpenFault::Damaged { path: path.into(), what },
        None => OpenFault::Unusable { path: path.into(), why: words_of(error) },
    }
}

fn damage_of(error: &Error) -> Option<String> {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => Some("it is not a journal (not an SQLite file), or its beginning was overwritten".into()),
        Some(ErrorCode::DatabaseCorrupt) => Some(damaged(&error.to_string())),
        Some(_) | None => None,
    }
}

/// What SQLite said, for a person.
pub fn words_of(error: &Error) -> String {
    if let Some(what) = damage_of(error) {
        return format!("{what}. {WAY_BACK}");
    }
    match error.sqlite_error_code() {
        _ if lacks_room(error) => "the disk is full, or a quota or the largest file that is allowed leaves no room".into(),
        Some(ErrorCode::SystemIoFailure) => format!("the disk failed: {error}"),
        Some(ErrorCode::DatabaseBusy) => "another program is writing to it".into(),
        Some(ErrorCode::CannotOpen) => format!("it cannot be opened (does its folder exist, may this user write there?): {error}"),
        Some(_) | None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(extended: i32) -> Error {
        Error::SqliteFailure(ffi::Error::new(extended), None)
    }

    fn sorted(extended: i32) -> StoreFault {
        fault_of(failed(extended))
    }

    #[test]
    fn a_full_disk_is_waited_out() {
        assert_eq!(sorted(ffi::SQLITE_FULL), StoreFault::Full);
        assert_eq!(sorted(ffi::SQLITE_IOERR_SHMSIZE), StoreFault::Full);
    }

    #[test]
    fn a_failed_sync_and_a_damaged_page_end_the_process() {
        for code in [ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB] {
            assert!(matches!(sorted(code), StoreFault::Broken(_)), "{code}");
        }
    }

    #[test]
    fn a_write_that_a_quota_or_a_bound_on_the_file_refuses_lacks_room_and_a_sync_never_does() {
        for (system, lacks) in [
            (io::ErrorKind::QuotaExceeded, true),
            (io::ErrorKind::FileTooLarge, true),
            (io::ErrorKind::Other, false),
            (io::ErrorKind::PermissionDenied, false),
        ] {
            assert_eq!(lacks_room_by(&failed(ffi::SQLITE_IOERR_WRITE), system), lacks, "{system:?}");
            for code in [ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR_READ, ffi::SQLITE_IOERR_TRUNCATE, ffi::SQLITE_CORRUPT] {
                assert!(!lacks_room_by(&failed(code), system), "{code}, {system:?}");
            }
        }
    }

    /// What the system says of a quota and of a file that may not grow.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_errors_of_a_quota_and_of_a_largest_file_are_known() {
        let kinds = [122, 27].map(|errno| io::Error::from_raw_os_error(errno).kind());
        assert_eq!(kinds, [io::ErrorKind::QuotaExceeded, io::ErrorKind::FileTooLarge]);
    }
}
