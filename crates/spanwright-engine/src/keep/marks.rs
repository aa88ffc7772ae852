//! Which messages are in hand at this very moment, where the next life of the process finds it.
//!
//! A message that ends the process (a stack that overflows, memory that runs out) would do so again after each start.
//! So each worker writes the number of the run that it is about to evaluate into its place of a small file: no sync, since
//! the kernel keeps what a dead process wrote, and a power cut is nobody's fault. What is found there at three starts in a
//! row is set aside. An innocent one that three kills happen to hit is set aside too, and can be replayed.
#![allow(clippy::disallowed_methods)] // its files lie beside the journal

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{self, Read},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use spanwright_core::fact::RunId;

use super::place::beside;

/// Starts in a row that find a message in hand before it is set aside.
pub const CRASHES_MOST: u32 = 3;
/// Places of the file: more jobs than this at once are not marked.
const PLACES_MOST: usize = 64;
/// Bytes of a place.
const PLACE_BYTES: usize = 8;

/// The file, and its free places.
pub struct Marks {
    file: File,
    free: Mutex<Vec<usize>>,
}

/// A place of the file, held while a worker has messages in hand. Dropped, it is empty.
pub struct Hand {
    marks: Option<(Arc<Marks>, usize)>,
}

impl Marks {
    /// Opens the file beside a journal for this life of the process.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn open(journal: &Path) -> io::Result<Marks> {
        let file = OpenOptions::new().create(true).truncate(true).write(true).open(beside(journal, ".hand"))?;
        file.set_len((PLACES_MOST * PLACE_BYTES) as u64)?;
        Ok(Marks { file, free: Mutex::new((0..PLACES_MOST).rev().collect()) })
    }

    /// Takes a place.
    pub fn hand(marks: Option<&Arc<Marks>>) -> Hand {
        let place = |marks: &Arc<Marks>| Some((marks.clone(), marks.free.lock().unwrap_or_else(PoisonError::into_inner).pop()?));
        Hand { marks: marks.and_then(place) }
    }

    // A mark that cannot be written protects nobody, and stops nobody.
    fn write(&self, place: usize, run: i64) {
        drop(write_at(&self.file, &run.to_le_bytes(), (place * PLACE_BYTES) as u64));
    }
}

impl Hand {
    /// This run is in hand from now on, and no other of this hand. One that passes is in no journal, and comes back by
    /// nobody but its sender.
    pub fn holds(&self, run: RunId) {
        if let Some((marks, place)) = &self.marks {
            marks.write(*place, run.0.max(0));
        }
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        if let Some((marks, place)) = self.marks.take() {
            marks.write(place, 0);
            marks.free.lock().unwrap_or_else(PoisonError::into_inner).push(place);
        }
    }
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

#[cfg(windows)]
fn write_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    std::os::windows::fs::FileExt::seek_write(file, bytes, at).map(drop)
}

/// Counts what the last life had in hand when it ended, and gives the runs that were in hand at [`CRASHES_MOST`] ends in a
/// row. A run that was not in hand this time is no suspect any more.
///
/// # Errors
/// A file cannot be read or written.
pub fn count_suspects(journal: &Path) -> io::Result<Vec<RunId>> {
    let (found, path) = (in_hand(journal)?, beside(journal, ".suspects"));
    let before = suspects(&path)?;
    let now: BTreeMap<i64, u32> = found.into_iter().map(|run| (run, 1 + before.get(&run).copied().unwrap_or(0))).collect();
    let guilty = now.iter().filter(|(_, count)| **count >= CRASHES_MOST).map(|(run, _)| RunId(*run)).collect();
    if now.is_empty() && before.is_empty() {
        return Ok(guilty);
    }
    let left = now.iter().filter(|(_, count)| **count < CRASHES_MOST);
    std::fs::write(path, left.map(|(run, count)| format!("{run} {count}\n")).collect::<String>())?;
    Ok(guilty)
}

fn in_hand(journal: &Path) -> io::Result<Vec<i64>> {
    let mut bytes = Vec::new();
    match File::open(beside(journal, ".hand")) {
        Ok(file) => file.take((PLACES_MOST * PLACE_BYTES) as u64).read_to_end(&mut bytes)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    Ok(bytes.as_chunks::<PLACE_BYTES>().0.iter().map(|place| i64::from_le_bytes(*place)).filter(|run| *run != 0).collect())
}

fn suspects(path: &Path) -> io::Result<BTreeMap<i64, u32>> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        text => text?,
    };
    let suspect = |line: &str| line.split_once(' ').and_then(|(run, count)| Some((run.parse().ok()?, count.parse().ok()?)));
    Ok(text.lines().filter_map(suspect).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Lives that end with these runs in hand, and what the start behind each finds guilty.
    fn check(lives: &[(&[i64], &[i64])]) {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.db");
        for (held, guilty) in lives {
            let marks = Some(Arc::new(Marks::open(&journal).unwrap()));
            let hands: Vec<Hand> = held.iter().map(|_| Marks::hand(marks.as_ref())).collect();
            hands.iter().zip(*held).for_each(|(hand, run)| hand.holds(RunId(*run)));
            drop(Marks::hand(marks.as_ref()));
            // It ends as a killed process does: nobody empties a place.
            hands.into_iter().for_each(std::mem::forget);
            let found: Vec<i64> = count_suspects(&journal).unwrap().into_iter().map(|run| run.0).collect();
            assert_eq!(found, *guilty);
        }
    }

    #[test]
    fn who_is_in_hand_at_three_ends_in_a_row_is_found() {
        check(&[(&[7, 8], &[]), (&[7, 9], &[]), (&[9, 7], &[7]), (&[9], &[9]), (&[7], &[])]);
    }

    #[test]
    fn an_end_without_it_in_hand_clears_it() {
        check(&[(&[7], &[]), (&[7], &[]), (&[], &[]), (&[7], &[]), (&[7], &[]), (&[7], &[7])]);
    }

    #[test]
    fn a_place_that_is_given_back_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.db");
        let marks = Some(Arc::new(Marks::open(&journal).unwrap()));
        Marks::hand(marks.as_ref()).holds(RunId(7));
        assert!(in_hand(&journal).unwrap().is_empty());
        let more: Vec<Hand> = (0..PLACES_MOST + 2).map(|_| Marks::hand(marks.as_ref())).collect();
        more.last().unwrap().holds(RunId(1));
        assert!(in_hand(&journal).unwrap().is_empty(), "without a place nothing is marked");
    }
}
