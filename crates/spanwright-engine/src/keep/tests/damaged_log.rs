//! A log that was damaged, one that a power cut tore, and one that is being written.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use spanwright_core::fact::{RunId, Store};
use spanwright_lab::conformance::code_of;
use tempfile::TempDir;

use super::{in_memory, took};
use crate::keep::{Keep, Look, schema::PAGE_BYTES, wal};

const HEAD: usize = 32;
const FRAME: usize = PAGE_BYTES as usize + 24;
/// Commits, of a message each.
const COMMITS: u128 = 20;

/// What a killed process leaves: all of it in the log.
fn killed() -> (TempDir, PathBuf, Vec<u8>) {
    let (folder, killed) = (in_memory(), in_memory());
    let mut keep = Keep::open(&folder.path().join("journal.db"), code_of).unwrap();
    for n in 0..COMMITS {
        keep.commit(&[took(n, 20_000)]).unwrap();
    }
    let at = |folder: &TempDir, name: &str| folder.path().join(name);
    fs::copy(at(&folder, "journal.db"), at(&killed, "journal.db")).unwrap();
    let log = fs::read(at(&folder, "journal.db-wal")).unwrap();
    let path = at(&killed, "journal.db");
    (killed, path, log)
}

/// How many messages are there with this log.
fn messages(path: &Path, log: &[u8]) -> Result<usize, String> {
    fs::write(path.with_extension("db-wal"), log).unwrap();
    let copy = in_memory();
    let at = copy.path().join("journal.db");
    fs::copy(path, &at).unwrap();
    fs::write(at.with_extension("db-wal"), log).unwrap();
    let mut keep = Keep::open(&at, code_of).map_err(|fault| fault.to_string())?;
    Ok(keep.active("in", RunId(0), 1_000).unwrap().len())
}

fn frames(log: &[u8]) -> usize {
    (log.len() - HEAD) / FRAME
}

/// Of its frames, those that end a commit.
fn ends(log: &[u8]) -> Vec<usize> {
    let frame = |n: usize| &log[HEAD + n * FRAME..];
    (0..frames(log)).filter(|n| frame(*n)[4..8] != [0; 4] && frame(*n)[8..16] == log[16..24]).collect()
}

#[test]
fn one_damaged_bit_in_the_middle_of_the_log_is_told_wherever_it_is() {
    let (_folder, path, log) = killed();
    assert_eq!(messages(&path, &log), Ok(COMMITS as usize));
    let ends = ends(&log);
    let frame = |n: usize| HEAD + n * FRAME;
    // Of one whose head lies across two sectors it is not told apart from a torn one, where but one commit follows.
    let is_in_one_sector = |n: usize| frame(n) % 512 + 24 <= 512;
    let middle = ends[ends.len() / 2];
    let last_but_one = ends.iter().rev().copied().skip(1).find(|n| is_in_one_sector(*n)).unwrap();
    let in_frame = [0, 8, 13, 16, 20, 24, 4_000].map(|at| frame(middle) + at).into_iter();
    let first_of_commit = frame(ends[ends.len() / 2 - 1] + 1) + 77;
    let in_head = [0, 3, 4, 8, 13, 16, 20, 24, 30].into_iter();
    for at in in_frame.chain(in_head).chain([first_of_commit, frame(0) + 3, frame(last_but_one) + 999]) {
        let mut damaged = log.clone();
        damaged[at] ^= 0x10;
        let words = messages(&path, &damaged).expect_err(&format!("byte {at} of {}", log.len()));
        assert!(words.contains("journal.db-wal` cannot be read from byte ") && words.contains("The way back"), "{at}: {words}");
        let told = match Look::open(&path, code_of) {
            Ok(look) => {
                assert!(look.copy(&path.with_extension("copy")).is_err(), "no short copy is made");
                look.verify().unwrap().faults.join("; ")
            }
            Err(fault) => fault.to_string(),
        };
        assert!(told.contains("cannot be read from byte"), "{at}: {told}");
    }
}

#[test]
fn a_region_that_was_overwritten_is_told_and_how_many_commits_lie_behind_it() {
    let (_folder, path, mut log) = killed();
    let ends = ends(&log);
    let gone = HEAD + (ends[3] + 1) * FRAME..HEAD + ends[7] * FRAME;
    log[gone.clone()].fill(0);
    let words = messages(&path, &log).unwrap_err();
    let behind = ends.len() - 7;
    assert!(words.contains(&format!("from byte {} on, and {behind} commits lie behind", gone.start)), "{words}");
}

/// The last commit was not answered for: any part of it may be there.
#[test]
fn whatever_a_power_cut_leaves_of_the_last_commit_the_journal_opens() {
    let (_folder, path, log) = killed();
    let ends = ends(&log);
    let (first, end) = (ends[ends.len() - 2] + 1, ends[ends.len() - 1]);
    assert!(end > first + 1, "a commit of some frames");
    for n in first..=end {
        let mut torn = log.clone();
        torn[HEAD + n * FRAME..][..FRAME].fill(0);
        assert_eq!(messages(&path, &torn), Ok(COMMITS as usize - 1), "without frame {n}");
        let mut half = log.clone();
        half[HEAD + n * FRAME + 4096..][..512].iter_mut().for_each(|byte| *byte = !*byte);
        assert_eq!(messages(&path, &half), Ok(COMMITS as usize - 1), "without a sector of frame {n}");
        let cut = &log[..HEAD + n * FRAME + 100];
        assert_eq!(messages(&path, cut), Ok(COMMITS as usize - 1), "cut in frame {n}");
    }
}

/// The head of a frame across two sectors is torn as well: the commit of an earlier round stands beside the sum of this one.
#[test]
fn a_head_of_which_one_sector_is_of_an_earlier_round_is_no_commit() {
    let (_folder, path, log) = killed();
    let ends = ends(&log);
    let mut torn_heads = 0;
    for n in 0..frames(&log) {
        let at = HEAD + n * FRAME;
        let in_first = 512 - at % 512;
        let Some(commit) = ends.iter().position(|end| *end >= n).filter(|commit| in_first < 24 && ends[*commit] != n) else { continue };
        let mut torn = log[..HEAD + (ends[commit] + 1) * FRAME].to_vec();
        if commit == 0 || ends[commit - 1] + 1 < n {
            torn[at - 9] ^= 0x10;
        }
        torn[at + 4..at + 8].fill(7);
        torn[at + 8..at + in_first].iter_mut().for_each(|byte| *byte = !*byte);
        // The first commits make the journal.
        let messages_before = commit.saturating_sub(ends.len() - COMMITS as usize);
        assert_eq!(messages(&path, &torn), Ok(messages_before), "frame {n}");
        torn_heads += 1;
    }
    assert!(torn_heads > 0, "of {} frames", frames(&log));
}

/// What is left of a commit that was torn lies behind the commits of the next life, under the same salts.
#[test]
fn what_is_left_of_a_longer_torn_commit_is_no_damage() {
    let (folder, path, log) = killed();
    let ends = ends(&log);
    let mut torn = log.clone();
    torn[HEAD + (ends[2] + 1) * FRAME..][..FRAME].fill(0);
    // As if all behind the third commit were one long one.
    for end in &ends[3..ends.len() - 1] {
        torn[HEAD + end * FRAME + 4..][..4].fill(0);
    }
    fs::write(path.with_extension("db-wal"), &torn).unwrap();
    let mut keep = Keep::open(&path, code_of).unwrap();
    keep.commit(&[took(100, 100)]).unwrap();
    let mut log = fs::read(path.with_extension("db-wal")).unwrap();
    assert_eq!(log.len(), torn.len(), "it is written over the old one");
    let copy = in_copy(&folder, &path);
    let kept = messages(&copy, &log).unwrap();
    // The power is cut in this one too: a commit of an earlier life lies behind it.
    log[HEAD + (ends[2] + 1) * FRAME..][..FRAME].fill(0);
    assert_eq!(messages(&copy, &log), Ok(kept - 1));
}

fn in_copy(folder: &TempDir, path: &Path) -> PathBuf {
    let copy = folder.path().join("copy.db");
    fs::copy(path, &copy).unwrap();
    copy
}

#[test]
fn a_log_that_is_being_written_and_begun_anew_is_never_called_damaged() {
    let folder = in_memory();
    let path = folder.path().join("journal.db");
    let mut keep = Keep::open_with(&path, code_of, 60).unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..1_500 {
                keep.commit(&[took(n, 9_000)]).unwrap();
            }
            over.store(true, Ordering::Relaxed);
        });
        while !over.load(Ordering::Relaxed) {
            assert_eq!(wal::damage(&path).unwrap(), None);
        }
    });
}
