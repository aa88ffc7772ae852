//! What earlier looks at folders saw of the files that nobody may read yet.
//!
//! The idea: a share has a clock of its own, which may be behind ours or ahead of it. So whether somebody still writes a file
//! is not read from the times on it: we look twice. Whoever wrote in between has left another stamp, and how far the two looks
//! are apart is counted by this process, whatever any clock is set to.
//!
//! What always holds: a file is remembered while it is listed, and no longer. This is in memory alone: after a restart the
//! first look at each file is one again, and it is read that much later.

use std::{
    collections::HashMap,
    ffi::{OsStr, OsString},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// What was seen, by folder and by the names that are read there: as many as the project has sources of files.
#[derive(Default)]
pub(crate) struct Looks {
    folders: Mutex<HashMap<(String, String), Arc<Folder>>>,
}

/// What was seen of one folder: no more files than one look lists ([`super::NAMES_MOST`]).
#[derive(Default)]
pub(super) struct Folder {
    files: Mutex<HashMap<OsString, First>>,
}

/// The first look at a file as it is now.
struct First {
    stamp: String,
    /// What was counted when it had been looked at.
    at: Duration,
}

/// What the looks say of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    /// Nobody wrote it for as long as was wanted.
    Still,
    /// Nobody did since it was seen first, and that is not long enough ago yet: so much is left.
    NotYet(Duration),
    /// It was another one at the last look.
    Written,
}

impl Looks {
    /// What was seen of this folder, where these names are read.
    pub(super) fn of(&self, folder: &str, matches: &str) -> Arc<Folder> {
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        folders.entry((folder.to_string(), matches.to_string())).or_default().clone()
    }
}

impl Folder {
    /// Forgets what is not listed any more. The names are sorted.
    pub(super) fn keep_only(&self, names: &[OsString]) {
        self.files().retain(|name, _| names.binary_search(name).is_ok());
    }

    /// One more look at a file. `began` was counted before it, `at` behind it: both make the time between two looks shorter
    /// than it was, and never longer.
    pub(super) fn look(&self, name: &OsStr, stamp: &str, settle: Duration, began: Duration, at: Duration) -> Stands {
        let mut files = self.files();
        if let Some(first) = files.get(name).filter(|first| first.stamp == stamp) {
            let left = settle.saturating_sub(began.saturating_sub(first.at));
            return if left.is_zero() { Stands::Still } else { Stands::NotYet(left) };
        }
        match files.insert(name.to_os_string(), First { stamp: stamp.to_string(), at }) {
            Some(_) => Stands::Written,
            None => Stands::NotYet(settle),
        }
    }

    fn files(&self) -> MutexGuard<'_, HashMap<OsString, First>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTLE: Duration = Duration::from_secs(10);

    /// Looks at one file one after the other: when each is (in seconds), the stamp that it sees, and what follows.
    fn check(looks: &[(u64, &str, Stands)]) {
        let folder = Folder::default();
        for (n, (at, stamp, expected)) in looks.iter().enumerate() {
            let at = Duration::from_secs(*at);
            assert_eq!(folder.look(OsStr::new("a"), stamp, SETTLE, at, at), *expected, "look {n} of {}", looks.len());
        }
    }

    fn not_yet(seconds: u64) -> Stands {
        Stands::NotYet(Duration::from_secs(seconds))
    }

    #[test]
    fn a_file_that_two_looks_see_alike_stands_still_when_they_are_far_enough_apart() {
        check(&[(5, "1", not_yet(10)), (14, "1", not_yet(1)), (15, "1", Stands::Still), (90, "1", Stands::Still)]);
    }

    #[test]
    fn a_file_that_was_written_between_two_looks_begins_anew() {
        check(&[(0, "1", not_yet(10)), (10, "2", Stands::Written), (19, "2", not_yet(1)), (20, "2", Stands::Still)]);
        check(&[(0, "1", not_yet(10)), (10, "1", Stands::Still), (11, "2", Stands::Written), (12, "1", Stands::Written)]);
    }

    /// A look at many files takes long: the first one ends late, and the second one begins early.
    #[test]
    fn the_time_that_looks_take_does_not_count() {
        let (folder, seconds) = (Folder::default(), Duration::from_secs);
        let look = |began, at| folder.look(OsStr::new("a"), "1", SETTLE, seconds(began), seconds(at));
        assert_eq!((look(0, 8), look(12, 30), look(18, 18)), (not_yet(10), not_yet(6), Stands::Still));
    }

    #[test]
    fn a_file_that_is_not_listed_any_more_is_forgotten() {
        let folder = Folder::default();
        let look = |name: &str| folder.look(OsStr::new(name), "1", SETTLE, SETTLE, Duration::ZERO);
        assert_eq!((look("a"), look("b")), (not_yet(10), not_yet(10)));
        folder.keep_only(&["b".into(), "c".into()]);
        assert_eq!((look("a"), look("b")), (not_yet(10), Stands::Still));
    }

    #[test]
    fn what_one_source_reads_is_not_forgotten_by_another_one_of_the_same_folder() {
        let looks = Looks::default();
        let look = |matches: &str| looks.of("in", matches).look(OsStr::new("a.csv"), "1", SETTLE, SETTLE, Duration::ZERO);
        assert_eq!(look("*.csv"), not_yet(10));
        looks.of("in", "*.xml").keep_only(&[]);
        assert_eq!((look("*.csv"), look("*.xml")), (Stands::Still, not_yet(10)));
    }
}
