//! Pages of the write-ahead log are brought home beside the commits, not between them.
//!
//! SQLite would do it at the end of a commit, and everybody would wait for some four thousand pages. Here a thread does it
//! on a connection of its own while commits go on. What they wrote meanwhile is little; the writer brings it home itself,
//! between two commits, since the log begins anew only where nothing is left in it.
//!
//! A page whose write or sync failed may be on the disk or not, and no later sync tells of it. So the log must not begin anew
//! behind it: the process ends, and the next one brings all of the log home once more.

use std::{
    path::Path,
    sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, hooks::Wal};

use super::{
    OpenFault,
    fault::{lacks_room, words_of},
    schema,
};

/// The log may grow to so many times the pages at which it is brought home; then commits wait.
pub const LOG_TIMES_MOST: u32 = 4;
/// How often the thread goes over the log: the second time over what came during the first.
const ROUNDS: u32 = 2;
/// A page in the log, with its head.
const FRAME_BYTES: u32 = schema::PAGE_BYTES + 24;
const BRING_HOME: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// The thread. Dropped, it ends; it must be before the writer's connection is closed.
pub struct Checkpoints {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    stage: Mutex<Stage>,
    changed: Condvar,
    /// Why the file cannot be trusted any more.
    fault: OnceLock<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// The log is short.
    #[default]
    Idle,
    /// The thread is at it, or will be at once.
    Asked,
    /// It was; the rest is the writer's.
    Done,
    End,
}

impl Checkpoints {
    /// Starts it for this writer of the file, whose log is brought home at so many pages.
    ///
    /// # Errors
    /// [`OpenFault`], where the file cannot be opened a second time or the system has no thread left.
    pub fn start(path: &Path, writer: &mut Connection, pages: u32) -> Result<Checkpoints, OpenFault> {
        let unusable = |why: String| OpenFault::Unusable { path: path.into(), why };
        let connection = schema::open_beside(path)?;
        let shared = Arc::new(Shared::default());
        let at_commit = shared.clone();
        let hook = move |wal: &mut Wal, frames: std::ffi::c_int| {
            at_commit.committed(wal, frames.unsigned_abs(), pages);
            Ok(())
        };
        writer.wal_hook(Some(hook)).map_err(|error| unusable(words_of(&error)))?;
        writer
            .pragma_update(None, "journal_size_limit", log_bytes_most(pages).cast_signed())
            .map_err(|error| unusable(words_of(&error)))?;
        let work = shared.clone();
        let thread = thread::Builder::new().name("checkpoints".into()).spawn(move || work.go_on(&connection));
        Ok(Checkpoints { shared, thread: Some(thread.map_err(|error| unusable(error.to_string()))?) })
    }
}

/// How long the log grows that is brought home at so many pages, unless somebody reads in it for long.
pub fn log_bytes_most(pages: u32) -> u64 {
    u64::from(pages) * u64::from(LOG_TIMES_MOST) * u64::from(FRAME_BYTES)
}

impl Checkpoints {
    /// Why the file cannot be trusted any more, where bringing the log home failed for another reason than want of room.
    pub fn fault(&self) -> Option<&str> {
        self.shared.fault.get().map(String::as_str)
    }

    /// Brings home what it can: where the log finds no room to grow, it may begin anew.
    pub fn bring_home(&self, connection: &Connection) {
        self.shared.bring_home(connection, BRING_HOME);
    }

    /// Brings all of it home and leaves a log of no length, unless somebody reads in it now.
    pub fn shorten(&self, connection: &Connection) {
        // Nobody is waited for: commits would wait too.
        let _as_it_was = connection.busy_timeout(Duration::ZERO);
        self.shared.bring_home(connection, "PRAGMA wal_checkpoint(TRUNCATE)");
        let _as_it_was = connection.busy_timeout(schema::BUSY_TIME_MOST);
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.shared.go(Stage::End);
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

impl Shared {
    /// A commit left so many frames in the log.
    fn committed(&self, wal: &mut Wal, frames: u32, pages: u32) {
        let mut stage = self.stage();
        while *stage == Stage::Asked && frames >= pages.saturating_mul(LOG_TIMES_MOST) {
            stage = self.changed.wait(stage).unwrap_or_else(PoisonError::into_inner);
        }
        match *stage {
            Stage::Idle if frames >= pages => *stage = Stage::Asked,
            Stage::Done => {
                self.heed(|| wal.checkpoint());
                *stage = Stage::Idle;
            }
            Stage::Idle | Stage::Asked | Stage::End => return,
        }
        self.changed.notify_all();
    }

    /// What could not be brought home for want of room, or since somebody reads, stays in the log, where it is safe, and is tried again.
    /// Behind a fault nothing more is brought home.
    fn heed(&self, bring: impl FnOnce() -> rusqlite::Result<()>) {
        if self.fault.get().is_some() {
            return;
        }
        let Err(error) = bring() else { return };
        if lacks_room(&error) {
            return;
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {}
            Some(_) | None => drop(self.fault.set(format!("its write-ahead log cannot be brought home: {}", words_of(&error)))),
        }
    }

    fn bring_home(&self, connection: &Connection, pragma: &str) {
        self.heed(|| connection.query_row(pragma, [], |_| Ok(())));
    }

    /// The thread's work.
    fn go_on(&self, connection: &Connection) {
        let _over = Over(self);
        loop {
            let mut stage = self.stage();
            while !matches!(*stage, Stage::Asked | Stage::End) {
                stage = self.changed.wait(stage).unwrap_or_else(PoisonError::into_inner);
            }
            if *stage == Stage::End {
                return;
            }
            drop(stage);
            for _ in 0..ROUNDS {
                self.bring_home(connection, BRING_HOME);
            }
            let mut stage = self.stage();
            if *stage == Stage::Asked {
                *stage = Stage::Done;
            }
            self.changed.notify_all();
        }
    }

    fn go(&self, to: Stage) {
        *self.stage() = to;
        self.changed.notify_all();
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// However the thread ends, nobody waits for it.
struct Over<'s>(&'s Shared);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let _first = self.0.fault.set("the thread that brings its write-ahead log home has panicked".into());
        }
        self.0.go(Stage::End);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use spanwright_core::fact::Store;
    use spanwright_lab::conformance::code_of;

    use crate::keep::{
        Keep,
        tests::{in_memory, took},
    };

    const PAGES: u32 = 60;

    /// It begins anew: otherwise it would be as long as all that was ever written.
    #[test]
    fn the_log_stays_short_while_commits_go_on() {
        let folder = in_memory();
        let path = folder.path().join("journal.db");
        let mut keep = Keep::open_with(&path, code_of, PAGES).unwrap();
        for n in 0..1_500 {
            keep.commit(&[took(n, 7_000)]).unwrap();
        }
        // A frame has a head of 24 bytes; what a commit adds comes on top of the bound.
        let log = std::fs::metadata(folder.path().join("journal.db-wal")).unwrap().len();
        let most = u64::from((super::LOG_TIMES_MOST + 1) * PAGES * super::FRAME_BYTES);
        assert!(log < most, "{log} bytes of log, {most} at most");
        let home = std::fs::metadata(&path).unwrap().len();
        assert!(home > 8_000_000, "{home} bytes are home");
    }

    #[test]
    fn a_reader_that_looks_for_long_holds_up_no_commit() {
        let folder = in_memory();
        let path = folder.path().join("journal.db");
        let mut keep = Keep::open_with(&path, code_of, PAGES).unwrap();
        keep.commit(&[took(0, 700)]).unwrap();
        let reader = crate::keep::schema::open_reader(&path).unwrap();
        let looks = reader.unchecked_transaction().unwrap();
        let count = |sql: &str| looks.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(count("SELECT count(*) FROM message"), 1);
        for n in 1..400 {
            keep.commit(&[took(n, 7_000)]).unwrap();
        }
        assert_eq!(count("SELECT count(*) FROM message"), 1, "it sees its moment");
        drop(looks);
        let before = std::fs::metadata(folder.path().join("journal.db-wal")).unwrap().len();
        for n in 400..800 {
            keep.commit(&[took(n, 7_000)]).unwrap();
        }
        let after = std::fs::metadata(folder.path().join("journal.db-wal")).unwrap().len();
        assert!(after <= before + u64::from(PAGES) * 9_000, "{before} and {after} bytes of log");
    }
}
