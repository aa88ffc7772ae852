//! Whether the write-ahead log is damaged, which SQLite does not tell: what lies behind a frame that it cannot read is to
//! it a log that ended there, and messages that were answered for are gone without a word.
//!
//! A power cut tears the log too, and that is no damage: what it tears was never answered for. The two are told apart by
//! the order of things: the next commit is written only when the one before is on the disk. So where a commit, and behind
//! it a frame that was written as its successor, follow a frame that cannot be read, that one had been readable. The log's
//! frames are a chain (<https://sqlite.org/fileformat2.html#walformat>): the sum of each begins with the sum of the one
//! before, so what is left of a longer commit, or of an earlier round of the log, is nobody's successor.
//!
//! What it cannot tell: a damaged frame of the very last commit looks as if the power had been cut in it, and so does one of
//! the commit before, where the head of that one's last frame lies across two sectors.
#![allow(clippy::disallowed_methods)] // the log lies beside the journal

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek},
    path::{Path, PathBuf},
};

use super::{place::beside, schema::PAGE_BYTES};

/// Bytes of it that are read at once.
const READ_AT_ONCE_BYTES: usize = 1 << 20;
/// While somebody writes to it, it is read so many times at most: who looks must see the same damage twice.
const LOOKS_MOST: usize = 8;

const HEAD_BYTES: usize = 32;
const FRAME_HEAD_BYTES: usize = 24;
/// What a disk writes whole or not at all.
const SECTOR_BYTES: u64 = 512;
/// The last bit says in which order the bytes of a word are summed: 1 is the greatest first.
const MAGIC: u32 = 0x377f_0682;

/// Where the log of a journal cannot be read though it goes on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "its write-ahead log `{log}` cannot be read from byte {at} on, and {commits} commits lie behind it",
    log = log.display()
)]
pub struct Damage {
    log: PathBuf,
    /// The first byte of what cannot be read.
    at: u64,
    /// Commits from there on, as far as they can be told.
    commits: u64,
}

impl Damage {
    /// What a person does about it.
    pub fn words(&self, journal: &Path) -> String {
        let (journal, log) = (journal.display(), self.log.display());
        format!(
            "it is damaged: {self}. Nothing was changed. The way back: keep `{journal}` and what lies beside it (`{journal}*`) elsewhere, put the newest \
            backup in its place (`spanwright backup` makes them), start again. Without a backup: keep a copy of them, then move `{log}` \
            away. Everything in it is lost then, and its senders were told that it is kept; `spanwright verify` says whether the rest is whole"
        )
    }
}

/// Looks through the log of this journal; `None` where it is whole, torn by a power cut, or not there.
///
/// # Errors
/// It cannot be read.
pub fn damage(journal: &Path) -> io::Result<Option<Damage>> {
    let log = beside(journal, "-wal");
    let mut file = match File::open(&log) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut before = None;
    for _ in 0..LOOKS_MOST {
        let Some(found) = look(&mut file)? else { return Ok(None) };
        // A process that writes to it may have been overtaken, or have begun the log anew. Then the next look finds more.
        if before.as_ref() == Some(&found) {
            return Ok(Some(Damage { log, at: found.at, commits: found.commits }));
        }
        before = Some(found);
    }
    Ok(None)
}

/// What a killed process had written and not synced is on the disk before a commit follows it, as any commit before another is.
///
/// # Errors
/// The system's.
pub fn settle(journal: &Path) -> io::Result<()> {
    match File::options().read(true).write(true).open(beside(journal, "-wal")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        log => log?.sync_all(),
    }
}

#[derive(PartialEq, Eq)]
struct Found {
    head: [u8; HEAD_BYTES],
    at: u64,
    commits: u64,
}

type Sum = [u32; 2];

/// A frame without its page.
struct Frame {
    page: u32,
    /// It ends a commit.
    commits: bool,
    salts: [u32; 2],
    /// As it stands in the frame.
    sum: Sum,
}

/// The head of the log, or what can still be told of a damaged one.
struct Head {
    greatest_first: bool,
    salts: [u32; 2],
    sum: Sum,
    is_whole: bool,
}

/// One walk over the log.
fn look(file: &mut File) -> io::Result<Option<Found>> {
    file.rewind()?;
    let mut log = BufReader::with_capacity(READ_AT_ONCE_BYTES, file);
    let mut bytes = [0; HEAD_BYTES];
    if !fill(&mut log, &mut bytes)? {
        return Ok(None);
    }
    let mut first = vec![0; FRAME_HEAD_BYTES + page_bytes(&bytes)];
    if !fill(&mut log, &mut first)? {
        return Ok(None);
    }
    let Some(head) = Head::read(&bytes, &first) else { return Ok(None) };
    let mut walk = Walk { at: (!head.is_whole).then_some(0), chain: head.sum, ..Walk::default() };
    let (mut frame, mut offset) = (first, HEAD_BYTES as u64);
    loop {
        walk.step(&head, &frame, offset);
        offset += frame.len() as u64;
        if !fill(&mut log, &mut frame)? {
            break;
        }
    }
    Ok(walk.found().map(|(at, commits)| Found { head: bytes, at, commits }))
}

/// What a walk has seen.
#[derive(Default)]
struct Walk {
    /// The sum with which the next frame begins: of what SQLite reads, and behind it as it stands in the frame before.
    chain: Sum,
    /// From where on it reads nothing.
    at: Option<u64>,
    /// Sums with which a successor of the frame before may begin, where that one ends a commit.
    successor_of: Option<[Sum; 2]>,
    /// Commits from there on.
    commits: u64,
    /// A commit was followed by another one.
    went_on: bool,
}

impl Walk {
    fn step(&mut self, head: &Head, bytes: &[u8], offset: u64) {
        let frame = Frame::read(bytes);
        let is_of_this_round = frame.salts == head.salts && frame.page != 0;
        match self.at {
            None if is_of_this_round && summed(bytes, self.chain, head.greatest_first) == frame.sum => {
                self.chain = frame.sum;
                return;
            }
            None => self.at = Some(offset),
            Some(_) if is_of_this_round => {
                self.went_on |= self.successor_of.iter().flatten().any(|sum| summed(bytes, *sum, head.greatest_first) == frame.sum);
            }
            Some(_) => {}
        }
        self.commits += u64::from(is_of_this_round && frame.commits);
        self.successor_of = frame.commits.then(|| {
            // Where the damage is in the sum itself, the next one begins with the right one.
            let sum = summed(bytes, self.chain, head.greatest_first);
            [if is_in_one_sector(offset) { frame.sum } else { sum }, sum]
        });
        self.chain = frame.sum;
    }

    fn found(&self) -> Option<(u64, u64)> {
        self.at.filter(|at| self.went_on || (*at == 0 && self.commits > 0)).map(|at| (at, self.commits))
    }
}

/// Whether the head of the frame there is written whole or not at all. One that is not may be torn, and have the commit of an earlier
/// round beside the sum of this one: it counts with the sum alone that is made of its bytes.
fn is_in_one_sector(offset: u64) -> bool {
    offset % SECTOR_BYTES + FRAME_HEAD_BYTES as u64 <= SECTOR_BYTES
}

impl Head {
    /// `None` where the log is one that SQLite begins anew, rightly.
    fn read(bytes: &[u8; HEAD_BYTES], first: &[u8]) -> Option<Head> {
        let (magic, frame) = (word(bytes, 0), Frame::read(first));
        let (salts, stored) = ([word(bytes, 16), word(bytes, 20)], [word(bytes, 24), word(bytes, 28)]);
        let sum_of = |greatest_first| sum(&bytes[..24], [0, 0], greatest_first);
        if magic & !1 == MAGIC && sum_of(magic & 1 == 1) == stored {
            return Some(Head { greatest_first: magic & 1 == 1, salts, sum: stored, is_whole: true });
        }
        // The head is on the disk before any frame is: where the first frame follows it, it had been whole.
        let follows = |greatest_first| {
            let sums = [stored, sum_of(greatest_first)];
            let sum = sums.into_iter().find(|sum| summed(first, *sum, greatest_first) == frame.sum)?;
            Some(Head { greatest_first, salts: frame.salts, sum, is_whole: false })
        };
        (frame.page != 0).then(|| follows(false).or_else(|| follows(true))).flatten()
    }
}

impl Frame {
    fn read(bytes: &[u8]) -> Frame {
        Frame {
            page: word(bytes, 0),
            commits: word(bytes, 4) != 0,
            salts: [word(bytes, 8), word(bytes, 12)],
            sum: [word(bytes, 16), word(bytes, 20)],
        }
    }
}

/// As the head says; ours where that cannot be.
fn page_bytes(head: &[u8; HEAD_BYTES]) -> usize {
    match word(head, 8) {
        1 => 65_536,
        bytes if bytes.is_power_of_two() && (512..=32_768).contains(&bytes) => bytes as usize,
        _ => PAGE_BYTES as usize,
    }
}

/// The sum of a frame: of its page's number, its commit and its page.
fn summed(frame: &[u8], from: Sum, greatest_first: bool) -> Sum {
    sum(&frame[FRAME_HEAD_BYTES..], sum(&frame[..8], from, greatest_first), greatest_first)
}

fn sum(bytes: &[u8], from: Sum, greatest_first: bool) -> Sum {
    let read = if greatest_first { u32::from_be_bytes } else { u32::from_le_bytes };
    bytes.as_chunks::<4>().0.as_chunks::<2>().0.iter().fold(from, |[one, two], [first, second]| {
        let one = one.wrapping_add(read(*first)).wrapping_add(two);
        [one, two.wrapping_add(read(*second)).wrapping_add(one)]
    })
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes[at..].first_chunk().map_or(0, |word| u32::from_be_bytes(*word))
}

/// Whether there was enough to fill it.
fn fill(log: &mut impl Read, bytes: &mut [u8]) -> io::Result<bool> {
    match log.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
