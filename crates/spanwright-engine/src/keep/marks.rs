//! Which messages are in hand at this very moment, where the next life of the process finds it.
//!
//! A message that ends the process (a stack that overflows, memory that runs out) would do so again after each start.
//! So each worker writes the numbers of the runs that it is about to evaluate into its place of a small file: no sync, since
//! the kernel keeps what a dead process wrote, and a power cut is nobody's fault. What is found there at three starts in a
//! row is set aside. An innocent one that three kills happen to hit is set aside too, and can be replayed.
//!
//! A request is written and an answer is read by workers, too, and takes memory as what is evaluated does. Where it is large, the runs that
//! asked are marked meanwhile; of a small one nobody runs out of memory, and it costs nothing.
//!
//! A worker writes down all runs of a job at once, which makes each of them a suspect where the process ends. A run that is
//! suspected since the last life is marked alone while it is evaluated, so that its neighbours are cleared.
#![allow(clippy::disallowed_methods)] // its files lie beside the journal

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{File, OpenOptions},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use spanwright_core::fact::RunId;

use super::place::beside;

/// Starts in a row that find a message in hand before it is set aside.
pub const CRASHES_MOST: u32 = 3;
/// Places of the file: more jobs than this at once are not marked.
const PLACES_MOST: usize = 64;
/// Of these, exchanges leave so many to the flows.
const PLACES_OF_FLOWS: usize = 32;
/// A request or an answer of so many bytes is read or written without a mark: it takes as much memory as many others do.
pub const UNMARKED_BYTES_MOST: usize = 256 << 10;
/// Runs that one worker evaluates in one job, and that a place holds: more would keep the wire waiting.
pub const RUNS_AT_ONCE_MOST: usize = 128;
/// Bytes of a run's number.
const RUN_BYTES: usize = 8;
/// Bytes of a place: its runs, and a zero behind the last.
const PLACE_BYTES: usize = (RUNS_AT_ONCE_MOST + 1) * RUN_BYTES;

/// The file, and its free places.
pub struct Marks {
    file: File,
    free: Mutex<Vec<usize>>,
    /// What the last life had in hand when it ended.
    suspects: BTreeSet<i64>,
    /// Held by an exchange of suspects.
    exchanges: Mutex<()>,
}

/// A place of the file, held while a worker has messages in hand. Dropped, it is empty.
pub struct Hand {
    marks: Option<(Arc<Marks>, usize)>,
    runs: Vec<i64>,
    /// A suspect stands there alone.
    alone: bool,
}

impl Marks {
    /// Opens the file beside a journal for this life of the process.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn open(journal: &Path) -> io::Result<Marks> {
        let suspects = suspects(&beside(journal, ".suspects"))?.into_keys().collect();
        let file = OpenOptions::new().create(true).truncate(true).write(true).open(beside(journal, ".hand"))?;
        file.set_len((PLACES_MOST * PLACE_BYTES) as u64)?;
        Ok(Marks { file, free: Mutex::new((0..PLACES_MOST).rev().collect()), suspects, exchanges: Mutex::default() })
    }

    /// Takes a place for these runs, which are evaluated one after the other. One that passes is in no journal, and comes
    /// back by nobody but its sender.
    pub fn hand(marks: Option<&Arc<Marks>>, runs: impl Iterator<Item = RunId>) -> Hand {
        let place = |marks: &Arc<Marks>| Some((marks.clone(), marks.free.lock().unwrap_or_else(PoisonError::into_inner).pop()?));
        let Some(marks) = marks.and_then(place) else { return Hand { marks: None, runs: Vec::new(), alone: false } };
        let runs: Vec<i64> = runs.filter(|run| !run.passes()).map(|run| run.0).take(RUNS_AT_ONCE_MOST).collect();
        if !runs.is_empty() {
            marks.0.write(marks.1, &runs);
        }
        Hand { marks: Some(marks), runs, alone: false }
    }

    /// The same for those that asked for what is read or written now: of a batch the first, as many as a place holds.
    pub fn hand_of_exchange(marks: &Arc<Marks>, runs: &[RunId]) -> Option<Hand> {
        let has_place = marks.free.lock().unwrap_or_else(PoisonError::into_inner).len() > PLACES_OF_FLOWS;
        (has_place && !runs.is_empty()).then(|| Marks::hand(Some(marks), runs.iter().copied()))
    }

    /// Where one of them is suspected since the last life, exchanges of suspects are written and read one after the other: else those that
    /// are always under way beside the guilty one would be found beside it each time.
    pub fn one_by_one(&self, runs: &[RunId]) -> Option<MutexGuard<'_, ()>> {
        let is_suspected = runs.iter().any(|run| self.suspects.contains(&run.0));
        is_suspected.then(|| self.exchanges.lock().unwrap_or_else(PoisonError::into_inner))
    }

    // A mark that cannot be written protects nobody, and stops nobody.
    fn write(&self, place: usize, runs: &[i64]) {
        let bytes: Vec<u8> = runs.iter().chain(&[0]).flat_map(|run| run.to_le_bytes()).collect();
        drop(write_at(&self.file, &bytes, (place * PLACE_BYTES) as u64));
    }
}

impl Hand {
    /// This run is evaluated now. A suspect stands alone meanwhile; behind it stand all that are still to come.
    pub fn walks(&mut self, run: RunId) {
        let Some((marks, place)) = &self.marks else { return };
        let is_suspect = marks.suspects.contains(&run.0);
        if is_suspect {
            marks.write(*place, &[run.0]);
        } else if self.alone {
            let rest = self.runs.iter().position(|have| *have == run.0).map_or(&[][..], |at| &self.runs[at..]);
            marks.write(*place, rest);
        }
        self.alone = is_suspect;
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        if let Some((marks, place)) = self.marks.take() {
            if !self.runs.is_empty() {
                marks.write(place, &[]);
            }
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

/// What the last life had in hand when it ended, counted. A run that was not in hand this time is no suspect any more.
pub struct Suspects {
    /// The runs that were in hand at [`CRASHES_MOST`] ends in a row.
    pub guilty: Vec<RunId>,
    path: PathBuf,
    /// The others, one a line.
    others: Option<String>,
}

impl Suspects {
    /// Counts them.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn count(journal: &Path) -> io::Result<Suspects> {
        let (found, path) = (in_hand(journal)?, beside(journal, ".suspects"));
        let before = suspects(&path)?;
        let now: BTreeMap<i64, u32> = found.into_iter().map(|run| (run, 1 + before.get(&run).copied().unwrap_or(0))).collect();
        let guilty = now.iter().filter(|(_, count)| **count >= CRASHES_MOST).map(|(run, _)| RunId(*run)).collect();
        let others = now.iter().filter(|(_, count)| **count < CRASHES_MOST);
        let others = (!now.is_empty() || !before.is_empty()).then(|| others.map(|(run, count)| format!("{run} {count}\n")).collect());
        Ok(Suspects { guilty, path, others })
    }

    /// The guilty are set aside, in the journal: the count goes on without them.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn are_judged(self) -> io::Result<Vec<RunId>> {
        if let Some(others) = self.others {
            std::fs::write(self.path, others)?;
        }
        Ok(self.guilty)
    }
}

fn in_hand(journal: &Path) -> io::Result<Vec<i64>> {
    let mut bytes = Vec::new();
    match File::open(beside(journal, ".hand")) {
        Ok(file) => file.take((PLACES_MOST * PLACE_BYTES) as u64).read_to_end(&mut bytes)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let held = |place: &[u8]| {
        let runs = place.as_chunks::<RUN_BYTES>().0.iter().map(|run| i64::from_le_bytes(*run));
        runs.take_while(|run| *run != 0).collect::<Vec<_>>()
    };
    Ok(bytes.chunks(PLACE_BYTES).flat_map(held).collect())
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

    /// A life: the jobs that were under way when it ended, each with its runs and the one that was just evaluated.
    type Life = &'static [(&'static [i64], i64)];

    /// Such lives, and whom the start behind each finds guilty.
    fn check(lives: &[(Life, &[i64])]) {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.db");
        for (life, guilty) in lives {
            let marks = Some(Arc::new(Marks::open(&journal).unwrap()));
            let hands: Vec<Hand> = life.iter().map(|(runs, at)| held(marks.as_ref(), runs, *at)).collect();
            drop(held(marks.as_ref(), &[99], 99));
            // It ends as a killed process does: nobody empties a place.
            hands.into_iter().for_each(std::mem::forget);
            let found: Vec<i64> = Suspects::count(&journal).unwrap().are_judged().unwrap().into_iter().map(|run| run.0).collect();
            assert_eq!(found, *guilty, "{life:?}");
        }
    }

    fn held(marks: Option<&Arc<Marks>>, runs: &[i64], at: i64) -> Hand {
        let mut hand = Marks::hand(marks, runs.iter().map(|run| RunId(*run)));
        runs.iter().take_while(|run| **run != at).chain([&at]).for_each(|run| hand.walks(RunId(*run)));
        hand
    }

    #[test]
    fn who_is_in_hand_at_three_ends_in_a_row_is_found() {
        check(&[
            (&[(&[7], 7), (&[8], 8)], &[]),
            (&[(&[7], 7), (&[9], 9)], &[]),
            (&[(&[9], 9), (&[7], 7)], &[7]),
            (&[(&[9], 9)], &[9]),
            (&[(&[7], 7)], &[]),
        ]);
    }

    #[test]
    fn an_end_without_it_in_hand_clears_it() {
        let with: Life = &[(&[7], 7)];
        check(&[(with, &[]), (with, &[]), (&[], &[]), (with, &[]), (with, &[]), (with, &[7])]);
    }

    #[test]
    fn of_a_job_only_the_guilty_one_is_set_aside() {
        let job: Life = &[(&[1, 2, 3, 4], 3)];
        check(&[(job, &[]), (job, &[]), (job, &[3]), (&[(&[1, 2, 4], 2)], &[])]);
    }

    #[test]
    fn who_was_no_suspect_is_marked_behind_one_too() {
        check(&[(&[(&[1, 2], 1)], &[]), (&[(&[1, 5, 6], 5)], &[]), (&[(&[5, 6], 5)], &[]), (&[(&[5, 6], 5)], &[5])]);
    }

    #[test]
    fn exchanges_leave_places_to_the_flows() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.db");
        let marks = Some(Arc::new(Marks::open(&journal).unwrap()));
        let of_exchange = |run| Marks::hand_of_exchange(marks.as_ref().unwrap(), &[RunId(run)]);
        let held: Vec<Hand> = (1..=100).filter_map(of_exchange).collect();
        assert_eq!(in_hand(&journal).unwrap(), (1..=(PLACES_MOST - PLACES_OF_FLOWS) as i64).collect::<Vec<_>>());
        let _walked = self::held(marks.as_ref(), &[200], 200);
        assert!(in_hand(&journal).unwrap().contains(&200));
        drop(held);
        let all: Vec<RunId> = (1..=1_000).map(RunId).collect();
        let _batch = Marks::hand_of_exchange(marks.as_ref().unwrap(), &all);
        assert_eq!(in_hand(&journal).unwrap().len(), 1 + RUNS_AT_ONCE_MOST, "of a large batch as many as a place holds");
    }

    #[test]
    fn a_place_that_is_given_back_is_empty_and_what_passes_is_not_marked() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.db");
        let marks = Some(Arc::new(Marks::open(&journal).unwrap()));
        drop(held(marks.as_ref(), &[7], 7));
        assert!(in_hand(&journal).unwrap().is_empty());
        let passing = held(marks.as_ref(), &[-1, 8], -1);
        assert_eq!(in_hand(&journal).unwrap(), [8]);
        drop(passing);
        let more: Vec<Hand> = (0..PLACES_MOST).map(|_| held(marks.as_ref(), &[], 0)).collect();
        let _without = held(marks.as_ref(), &[1], 1);
        assert!(in_hand(&journal).unwrap().is_empty(), "without a place nothing is marked");
        drop(more);
    }
}
