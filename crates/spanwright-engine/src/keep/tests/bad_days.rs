//! Kills, full disks, second processes and damaged files.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use spanwright_core::fact::{Fact, Receipt, RunFile, RunId, Store, StoreFault};
use spanwright_lab::conformance::code_of;

use super::took;
use crate::keep::{Keep, Look, OpenFault, Room};

const CHILD: &str = "SPANWRIGHT_TEST_JOURNAL";

fn open(path: &Path) -> Keep {
    Keep::open(path, code_of).unwrap()
}

fn runs(keep: &mut Keep) -> Vec<RunFile> {
    keep.active("in", RunId(0), 1_000_000).unwrap()
}

#[test]
fn every_acknowledged_message_outlives_a_kill() {
    if let Some(path) = std::env::var_os(CHILD) {
        commit_until_killed(Path::new(&path));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    for round in 0..6 {
        let acknowledged = killed_after(&path, 1 + round * 7);
        let mut keep = open(&path);
        let kept = runs(&mut keep);
        assert!(kept.len() >= acknowledged, "round {round}: {acknowledged} acknowledged, {} kept", kept.len());
        // No holes, nothing torn: chunks are there as a whole and in order.
        assert!(kept.iter().enumerate().all(|(at, file)| file.message.id == at as u128 && file.message.body.len() == 700));
        assert_eq!(kept.len() % 3, 0, "a part of a commit was kept");
        let again = keep.commit(&[took(0, 700)]).unwrap();
        assert_eq!(again, [Receipt::Duplicate]);
    }
}

/// In the child: commits three messages at a time and tells each number once it is durable.
fn commit_until_killed(path: &Path) -> ! {
    let mut keep = open(path);
    let mut next = runs(&mut keep).len() as u128;
    loop {
        let taken = [took(next, 700), took(next + 1, 700), took(next + 2, 700)];
        keep.commit(&taken).unwrap();
        next += 3;
        let mut out = std::io::stdout().lock();
        writeln!(out, "kept {next}").and_then(|()| out.flush()).unwrap();
    }
}

/// Runs this very test as a child, kills it after so many acknowledgements, and gives the last number it told.
fn killed_after(path: &Path, acknowledgements: usize) -> usize {
    let this = std::env::current_exe().unwrap();
    let name = "keep::tests::bad_days::every_acknowledged_message_outlives_a_kill";
    let mut child = Command::new(this).args([name, "--exact", "--nocapture"]).env(CHILD, path).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut told = lines.by_ref().map(Result::unwrap).filter_map(|line| line.strip_prefix("kept ")?.parse().ok());
    let at_kill: usize = told.by_ref().nth(acknowledgements - 1).unwrap();
    child.kill().unwrap();
    let last = told.last().unwrap_or(at_kill);
    child.wait().unwrap();
    last
}

#[test]
fn a_full_disk_keeps_nothing_of_the_commit_and_goes_on_once_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let mut keep = open(&folder.path().join("journal.db"));
    keep.connection.execute_batch("PRAGMA max_page_count = 60").unwrap();
    let before = fill(&mut keep);
    keep.connection.execute_batch("PRAGMA max_page_count = 6000").unwrap();
    goes_on(keep, before);
}

// The same on a real file system without room, where this user may mount one.
#[cfg(target_os = "linux")]
#[test]
fn a_file_system_without_room_is_waited_out_too() {
    let Some(disk) = SmallDisk::mount(3) else { return };
    let ballast = disk.folder.join("ballast");
    std::fs::write(&ballast, vec![0; 1_000_000]).unwrap();
    let mut keep = open(&disk.folder.join("journal.db"));
    let before = fill(&mut keep);
    std::fs::remove_file(ballast).unwrap();
    goes_on(keep, before);
}

/// What lies in the log needs room at home: with none there, nothing could ever be written again.
#[cfg(target_os = "linux")]
#[test]
fn a_long_log_counts_as_taken_so_that_the_reserve_is_there_for_what_is_open() {
    let Some((disk, mut keep, room, reader)) = a_log_that_grew() else { return };
    drop(reader);
    for _ in 0..4 * runs(&mut keep).len() {
        keep.written(|connection, _| connection.execute("UPDATE message SET received = received + 1 WHERE seq % 10 = 0", [])).unwrap();
    }
    assert!(!is_low(&room, false), "what the log took is free again");
    drop(disk);
}

/// While nothing is taken in nobody writes, and only a writer would shorten what a long reader had let grow.
#[cfg(target_os = "linux")]
#[test]
fn a_long_log_is_given_back_when_its_reader_has_gone_though_nobody_writes() {
    let Some((disk, mut keep, room, reader)) = a_log_that_grew() else { return };
    let (before, began) = (runs(&mut keep).len(), std::time::Instant::now());
    keep.give_room();
    assert!(began.elapsed() < crate::keep::schema::BUSY_TIME_MOST / 2, "who reads is not waited for");
    assert!(is_low(&room, true), "the reader needs the log");
    drop(reader);
    assert!(is_low(&room, true));
    keep.give_room();
    assert!(!is_low(&room, true), "the log needs no room");
    assert_eq!(runs(&mut keep).len(), before);
    drop(disk);
}

#[cfg(target_os = "linux")]
fn is_low(room: &Room, was_low: bool) -> bool {
    room.to_spare(0, was_low) == Some(0)
}

/// A small disk on which somebody looks at the journal for so long that its log has left no room.
#[cfg(target_os = "linux")]
fn a_log_that_grew() -> Option<(SmallDisk, Keep, Room, rusqlite::Connection)> {
    let disk = SmallDisk::mount(16)?;
    let path = disk.folder.join("journal.db");
    let (room, mut keep) = (Room::of(&path), open(&path));
    keep.commit(&pair(0)).unwrap();
    let reader = crate::keep::schema::open_reader(&path).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM message;").unwrap();
    let taken = (2..).step_by(2).take_while(|_| !is_low(&room, false)).map(|n| keep.commit(&pair(n)).unwrap()).count();
    assert!(taken > 30, "{taken} pairs were taken in");
    Some((disk, keep, room, reader))
}

#[cfg(target_os = "linux")]
#[test]
fn a_log_that_cannot_grow_is_brought_home_before_the_commit_is_tried_again() {
    let Some(disk) = SmallDisk::mount(3) else { return };
    let mut keep = Keep::open_with(&disk.folder.join("journal.db"), code_of, 4000).unwrap();
    keep.commit(&pair(0)).unwrap();
    keep.checkpoints.bring_home(&keep.connection);
    let mut write = || keep.written(|connection, _| connection.execute("UPDATE message SET received = received + 1", []));
    let full = (0..1000).position(|_| write().is_err()).unwrap();
    assert!(full > 50, "{full} commits went into the log");
    assert_eq!(write(), Ok(2));
}

/// Two messages, the second from a source that the journal has no number for yet.
fn pair(n: u128) -> [Fact; 2] {
    let mut second = took(n + 1, 5000);
    if let Fact::Took(took) = &mut second {
        took.source = format!("source-{n}").into();
    }
    [took(n, 5000), second]
}

/// Commits until there is no room; the number of runs before the commit that did not fit.
fn fill(keep: &mut Keep) -> u128 {
    for n in (0..1000).step_by(2) {
        if let Err(fault) = keep.commit(&pair(n)) {
            assert_eq!(fault, StoreFault::Full);
            assert_eq!(runs(keep).len() as u128, n);
            return n;
        }
    }
    panic!("the disk never filled");
}

/// The commit that did not fit is tried again, and is there as if it had been the first time.
fn goes_on(mut keep: Keep, before: u128) {
    let receipts = keep.commit(&pair(before)).unwrap();
    let next = before as i64 + 1;
    assert_eq!(receipts, [Receipt::Taken(RunId(next)), Receipt::Taken(RunId(next + 1))]);
    // The number of the source's name was taken back with the transaction: it must have been written again.
    let named = "SELECT name.text FROM message JOIN name ON name.id = message.source ORDER BY seq DESC LIMIT 1";
    let source: String = keep.connection.query_row(named, [], |row| row.get(0)).unwrap();
    assert_eq!(source, format!("source-{before}"));
}

/// Memory as a file system.
#[cfg(target_os = "linux")]
struct SmallDisk {
    folder: PathBuf,
    _parent: tempfile::TempDir,
}

#[cfg(target_os = "linux")]
impl SmallDisk {
    /// `None` where this user may mount nothing, which is said.
    fn mount(megabytes: u32) -> Option<SmallDisk> {
        let mounted = SmallDisk::mounted(megabytes);
        if mounted.is_none() {
            // Straight to standard error, which the test's own capture does not swallow.
            let _told = std::io::Write::write_all(&mut std::io::stderr(), b"NOT RUN: no tmpfs can be mounted here, so no disk is filled\n");
        }
        mounted
    }

    fn mounted(megabytes: u32) -> Option<SmallDisk> {
        let parent = tempfile::tempdir().ok()?;
        let folder = parent.path().join("disk");
        std::fs::create_dir(&folder).ok()?;
        let size = format!("size={megabytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "none"]).arg(&folder).stderr(Stdio::null()).status();
        mounted.is_ok_and(|status| status.success()).then_some(SmallDisk { folder, _parent: parent })
    }
}

#[cfg(target_os = "linux")]
impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the journal's files may still be open.
        let _mounted_for_the_rest_of_the_test = Command::new("umount").arg("-l").arg(&self.folder).status();
    }
}

#[test]
fn a_second_process_is_refused_in_words_and_may_come_once_the_first_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let first = open(&path);
    let refused = Keep::open(&path, code_of).err().unwrap();
    assert!(matches!(refused, OpenFault::InUse { .. }), "{refused}");
    drop(first);
    open(&path);
}

#[test]
fn a_journal_that_is_gone_is_not_begun_anew_without_a_word() {
    for empty in [false, true] {
        for left in ["-wal", ".hand", ".suspects", ".refused", ".refused.1"] {
            let folder = tempfile::tempdir().unwrap();
            let (path, left) = (folder.path().join("journal.db"), folder.path().join(format!("journal.db{left}")));
            std::fs::write(&left, "1").unwrap();
            if empty {
                std::fs::write(&path, "").unwrap();
            }
            let refused = Keep::open(&path, code_of).err().unwrap();
            assert!(matches!(refused, OpenFault::Gone { .. }) && refused.to_string().contains(&*left.to_string_lossy()), "{refused}");
            assert!(matches!(Look::open(&path, code_of), Err(OpenFault::Gone { .. })));
            std::fs::remove_file(left).unwrap();
            open(&path);
        }
    }
}

/// What the very first moments of a journal leave: a lock, and a file with nothing in it.
#[test]
fn a_journal_that_was_never_made_is_made_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    for ending in [".lock", "", "-wal"] {
        std::fs::write(folder.path().join(format!("journal.db{ending}")), "").unwrap();
    }
    open(&path);
}

#[test]
fn what_is_no_journal_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    std::fs::write(&path, "customers: 17, and a line that is longer than the header of a database file would be\n".repeat(20)).unwrap();
    let words = Keep::open(&path, code_of).err().unwrap().to_string();
    assert!(words.contains("cannot be used: it is not a journal"), "{words}");
}

#[test]
fn a_folder_that_is_not_there_is_told_in_words() {
    let words = Keep::open(Path::new("/nowhere/at/all/journal.db"), code_of).err().unwrap().to_string();
    assert!(words.contains("cannot be used") && words.contains("/nowhere/at/all/journal.db.lock"), "{words}");
}

/// What is kept in a file that has no name any more is lost with the process: it is not acknowledged.
#[cfg(unix)]
#[test]
fn a_journal_that_is_removed_or_replaced_while_it_is_in_use_acknowledges_nothing() {
    for ending in ["", "-wal"] {
        for replaced in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("journal.db");
            let mut keep = open(&path);
            keep.commit(&[took(0, 100)]).unwrap();
            let file = folder.path().join(format!("journal.db{ending}"));
            std::fs::rename(&file, folder.path().join("away")).unwrap();
            if replaced {
                std::fs::copy(folder.path().join("away"), &file).unwrap();
            }
            let Err(StoreFault::Broken(words)) = keep.commit(&[took(1, 100)]) else { panic!("{file:?}") };
            assert!(words.contains("was removed or replaced") && words.contains(file.to_str().unwrap()), "{words}");
        }
    }
}

#[test]
fn a_damaged_page_is_told_and_never_read_as_data() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    {
        let mut keep = open(&path);
        keep.commit(&(0..200).map(|n| took(n, 3000)).collect::<Vec<_>>()).unwrap();
    }
    let mut bytes = std::fs::read(&path).unwrap();
    // All but the first page, which holds the header and the tables' names.
    bytes[8192..].fill(0x5a);
    std::fs::write(&path, bytes).unwrap();
    let words = match Keep::open(&path, code_of) {
        Err(fault) => fault.to_string(),
        Ok(mut keep) => match keep.active("in", RunId(0), 10) {
            Err(StoreFault::Broken(words)) => words,
            other => panic!("a damaged file answered {other:?}"),
        },
    };
    assert!(words.contains("it is damaged"), "{words}");
}
