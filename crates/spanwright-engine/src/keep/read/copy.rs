//! A copy of the journal while it is written, and whether a journal is whole.
//!
//! A copy says that it is one: whoever goes on with it does not know what was done since.
//!
//! A copy is of one moment: SQLite copies pages under one read transaction, also beside a running engine. It counts as
//! made once it was read back and found whole.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, backup::Backup};
use spanwright_core::fact::StoreFault;

use super::Look;
use crate::keep::{
    OpenFault,
    fault::words_of,
    lock::Lock,
    place::{beside, folder_of},
    schema, wal,
};

/// Faults of the pages that are told.
const FAULTS_MOST: u32 = 20;

/// What must be nowhere: each a sentence, and how many rows break it.
const BROKEN: [(&str, &str); 12] = [
    ("a run without its message", "SELECT count(*) FROM run WHERE NOT EXISTS (SELECT 1 FROM message WHERE message.seq = run.id)"),
    ("a message without a run", "SELECT count(*) FROM message WHERE NOT EXISTS (SELECT 1 FROM run WHERE run.id = message.seq)"),
    ("a run that names the message of another", "SELECT count(*) FROM run WHERE message <> id"),
    ("a message without its body", "SELECT count(*) FROM message WHERE NOT EXISTS (SELECT 1 FROM body WHERE body.id = message.body)"),
    (
        "an event that is not found by its name",
        "SELECT count(*) FROM event WHERE seq <= coalesce((SELECT value FROM meta WHERE name = 'filed'), 0)
        AND NOT EXISTS (SELECT 1 FROM event_name WHERE event_name.front = event.front AND event_name.seq = event.seq)",
    ),
    (
        "a message that is not found by its key",
        "SELECT (SELECT count(*) FROM record WHERE seq <= coalesce((SELECT value FROM meta WHERE name = 'filed records'), 0)
            AND NOT EXISTS (SELECT 1 FROM record_key WHERE record_key.front = record.front AND record_key.seq = record.seq))
        + (SELECT count(*) FROM message WHERE found_by = 2 AND NOT EXISTS (SELECT 1 FROM record WHERE record.seq = message.seq))",
    ),
    ("an effect without its run", "SELECT count(*) FROM effect WHERE NOT EXISTS (SELECT 1 FROM run WHERE run.id = effect.run)"),
    (
        "an effect without its answer",
        "SELECT count(*) FROM effect WHERE result IS NOT NULL AND NOT EXISTS (SELECT 1 FROM body WHERE body.id = effect.result)",
    ),
    (
        "a body that nothing names",
        "SELECT count(*) FROM body WHERE id NOT IN (SELECT body FROM message UNION ALL SELECT result FROM effect WHERE result IS NOT NULL)",
    ),
    (
        "a run that is done and owes something",
        "SELECT count(*) FROM run JOIN effect ON effect.run = run.id WHERE run.state = 2 AND effect.state = 0",
    ),
    (
        "a run that waits for nothing",
        "SELECT count(*) FROM run INDEXED BY run_parked WHERE run.state = 1
        AND NOT EXISTS (SELECT 1 FROM effect WHERE effect.run = run.id AND effect.state IN (0, 1))",
    ),
    (
        "an open run without its plan",
        "SELECT count(*) FROM run WHERE state IN (0, 1) AND NOT EXISTS (SELECT 1 FROM plan WHERE plan.id = run.plan)",
    ),
];

/// The other one may go on, whatever it was doing: that it rested says nothing of what this one finds when it is put in its place.
const IS_A_COPY: &str = "DELETE FROM meta WHERE name = 'rested';
    INSERT OR REPLACE INTO meta (name, value) VALUES ('copied at', NULL),
        ('copied upto', (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name IN ('message', 'run')))";

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Messages in it; not counted where it is damaged.
    pub messages: u64,
    /// What is wrong, in words; nothing where it is whole.
    pub faults: Vec<String>,
}

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum CopyFault {
    /// Something has its name already.
    #[error("`{}` is there already: a backup never takes the place of another file", .0.display())]
    Taken(PathBuf),
    /// The journal or the copy cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenFault),
    /// It could not be read or written.
    #[error("copying to `{}`: {why}", path.display())]
    Failed {
        /// Where to.
        path: PathBuf,
        /// What SQLite or the system said.
        why: String,
    },
    /// The copy is not whole.
    #[error("the copy `{}` is not whole: {}", path.display(), faults.join("; "))]
    NotWhole {
        /// Where it is.
        path: PathBuf,
        /// What is wrong.
        faults: Vec<String>,
    },
}

impl Look {
    /// Copies the journal as it is at this moment, and verifies the copy. It has its name only once it is whole and on the disk.
    ///
    /// # Errors
    /// [`CopyFault`]; nothing has the name then.
    pub fn copy(&self, to: &Path) -> Result<Verified, CopyFault> {
        if to.exists() {
            return Err(CopyFault::Taken(to.into()));
        }
        self.assert_all_is_seen()?;
        let draft = beside(to, ".part");
        let copied = self.copy_to(&draft).and_then(|verified| {
            let failed = |error: std::io::Error| CopyFault::Failed { path: to.into(), why: error.to_string() };
            File::open(&draft).and_then(|file| file.sync_all()).map_err(failed)?;
            std::fs::rename(&draft, to).map_err(failed)?;
            sync_folder(to).map_err(failed)?;
            Ok(verified)
        });
        if copied.is_err() {
            remove_draft(&draft);
        }
        copied
    }

    /// A running engine knows what lies behind a damaged frame of the log; without one it is not seen, and the copy would be short.
    fn assert_all_is_seen(&self) -> Result<(), CopyFault> {
        match schema::assert_log_whole(&self.path) {
            Err(_) if Lock::is_held(&self.path) => Ok(()),
            told => told.map_err(CopyFault::Open),
        }
    }

    fn copy_to(&self, draft: &Path) -> Result<Verified, CopyFault> {
        let failed = |error: rusqlite::Error| CopyFault::Failed { path: draft.into(), why: words_of(&error) };
        remove_draft(draft);
        let mut copy = schema::open_empty(draft)?;
        Backup::new(&self.connection, &mut copy).and_then(|backup| backup.step(-1)).map_err(failed)?;
        // Of a copy nobody wants a log beside it.
        copy.execute_batch("PRAGMA journal_mode = DELETE").map_err(failed)?;
        copy.execute_batch(IS_A_COPY).map_err(failed)?;
        drop(copy);
        let verified = Look::open(draft, self.code_of)?.verify().map_err(|fault| match fault {
            StoreFault::Full => CopyFault::Failed { path: draft.into(), why: "the disk is full".into() },
            StoreFault::Broken(why) => CopyFault::Failed { path: draft.into(), why },
        })?;
        match verified.faults.is_empty() {
            true => Ok(verified),
            false => Err(CopyFault::NotWhole { path: draft.into(), faults: verified.faults }),
        }
    }

    /// Reads every page and looks whether everything that is named is there. Takes as long as the file is large.
    ///
    /// # Errors
    /// [`StoreFault`], where it cannot even be read.
    pub fn verify(&self) -> Result<Verified, StoreFault> {
        // What lies behind a damaged frame of the log is not there for SQLite, and all the rest is whole.
        let log = wal::damage(&self.path).map_err(|error| StoreFault::Broken(format!("reading its write-ahead log: {error}")))?;
        match self.at_one_moment(|ask| verify(ask.connection)) {
            // So damaged that it cannot even be looked through.
            Err(StoreFault::Broken(words)) => Ok(Verified { messages: 0, faults: vec![words] }),
            Ok(verified) => Ok(verified.and(log)),
            Err(full) => Err(full),
        }
    }
}

impl Verified {
    fn and(mut self, log: Option<wal::Damage>) -> Verified {
        if let Some(log) = log {
            self.faults.push(log.to_string());
            self.messages = 0;
        }
        self
    }
}

fn verify(connection: &Connection) -> rusqlite::Result<Verified> {
    let mut statement = connection.prepare(&format!("PRAGMA integrity_check({FAULTS_MOST})"))?;
    let said = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut faults: Vec<String> = said.into_iter().filter(|line| line != "ok").collect();
    if faults.is_empty() {
        for (sentence, count) in BROKEN {
            let rows: i64 = connection.query_row(count, [], |row| row.get(0))?;
            if rows > 0 {
                faults.push(format!("{sentence}, {rows} times"));
            }
        }
    }
    if !faults.is_empty() {
        return Ok(Verified { messages: 0, faults });
    }
    let messages: i64 = connection.query_row("SELECT count(*) FROM message", [], |row| row.get(0))?;
    Ok(Verified { messages: messages.cast_unsigned(), faults })
}

/// With what SQLite has beside it while it is written.
fn remove_draft(draft: &Path) {
    ["", "-journal", "-wal", "-shm"].iter().for_each(|end| drop(std::fs::remove_file(beside(draft, end))));
}

/// A new name is on the disk when its folder is. Fails where folders cannot be opened, as on Windows, which needs no such thing.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    if cfg!(unix) { File::open(folder_of(path))?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::{
        sync::atomic::{AtomicBool, Ordering},
        time::Duration,
    };

    use spanwright_core::fact::{Copied, CutOff, Fact, Moment, PlanBundle, RunId, Store};
    use spanwright_lab::conformance::code_of;

    use super::*;
    use crate::keep::{Keep, tests::took};

    fn plan() -> PlanBundle {
        PlanBundle { hash: [1; 32], bundle: [0].as_slice().into(), language: 1 }
    }

    #[test]
    fn a_copy_made_while_it_is_written_is_whole_and_of_one_moment() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let mut keep = Keep::open(&path, code_of).unwrap();
        keep.plan(&plan()).unwrap();
        keep.commit(&[took(0, 700), took(1, 700)]).unwrap();
        let (over, look) = (AtomicBool::new(false), Look::open(&path, code_of).unwrap());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for n in (2..4_000).step_by(2).take_while(|_| !over.load(Ordering::Relaxed)) {
                    keep.commit(&[took(n, 700), took(n + 1, 700)]).unwrap();
                }
            });
            for n in 0..8 {
                let to = folder.path().join(format!("copy-{n}.db"));
                let verified = look.copy(&to).unwrap();
                assert!(verified.messages > 0 && verified.messages % 2 == 0, "half a commit was copied: {verified:?}");
                let runs = Keep::open(&to, code_of).unwrap().active("in", RunId(0), 1_000_000).unwrap();
                assert_eq!(runs.len() as u64, verified.messages, "the copy works");
            }
            over.store(true, Ordering::Relaxed);
        });
    }

    #[test]
    fn who_goes_on_with_a_copy_knows_that_it_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let (path, to) = (folder.path().join("journal.db"), folder.path().join("copy.db"));
        let mut keep = Keep::open(&path, code_of).unwrap();
        keep.plan(&plan()).unwrap();
        keep.commit(&[took(0, 7), took(1, 7)]).unwrap();
        let boot = keep.opening().unwrap().boot;
        keep.commit(&[Fact::Rested { boot }]).unwrap();
        Look::open(&path, code_of).unwrap().copy(&to).unwrap();
        keep.commit(&[took(2, 7)]).unwrap();
        assert_eq!((keep.opening().unwrap().copied, keep.opening().unwrap().boot), (None, boot + 2));
        let mut copy = Keep::open(&to, code_of).unwrap();
        let copied = |at: Option<i64>| Some(Copied { upto: RunId(2), at: at.map(Moment) });
        // Who looks in between, and asks nobody, leaves it as it is.
        for _ in 0..2 {
            let opening = copy.opening().unwrap();
            assert_eq!((opening.rested, opening.copied), (false, copied(None)));
        }
        let cut_off = |at| Fact::CutOff(CutOff { at: Moment(at), upto: RunId(2) });
        copy.commit(&[cut_off(70), Fact::Rested { boot: boot + 2 }]).unwrap();
        let opening = copy.opening().unwrap();
        assert_eq!((opening.rested, opening.copied), (true, copied(Some(70))));
        copy.commit(&[cut_off(90), Fact::SetBack { by: Duration::from_micros(30) }]).unwrap();
        assert_eq!(copy.opening().unwrap().copied, copied(Some(40)), "when it began stays");
    }

    #[test]
    fn a_copy_takes_no_other_files_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        drop(Keep::open(&path, code_of).unwrap());
        assert!(matches!(Look::open(&path, code_of).unwrap().copy(&path), Err(CopyFault::Taken(_))));
    }

    #[test]
    fn what_is_damaged_or_missing_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let mut keep = Keep::open(&path, code_of).unwrap();
        keep.plan(&plan()).unwrap();
        let facts: Vec<Fact> = (0..40).map(|n| took(n, 3000)).collect();
        keep.commit(&facts).unwrap();
        let verified = || Look::open(&path, code_of).unwrap().verify().unwrap();
        assert_eq!(verified(), Verified { messages: 40, faults: vec![] });
        let broken = "DELETE FROM body WHERE id = 3; DELETE FROM run WHERE id = 5; INSERT INTO body VALUES (99, 0, x'31')";
        keep.connection.execute_batch(broken).unwrap();
        let faults = ["a message without a run, 1 times", "a message without its body, 1 times", "a body that nothing names, 1 times"];
        assert_eq!(verified().faults, faults);
        drop(keep);
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle..middle + 4000].fill(0x5a);
        std::fs::write(&path, bytes).unwrap();
        assert!(!verified().faults.is_empty(), "a damaged page");
        let to = folder.path().join("copy.db");
        assert!(Look::open(&path, code_of).unwrap().copy(&to).is_err());
        let left = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        assert_eq!(left.filter(|name| name.starts_with("copy")).collect::<Vec<_>>(), Vec::<String>::new(), "nothing is left of it");
    }
}
