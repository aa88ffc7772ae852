//! How much room is left on the disk beneath the journal, and how much of it is set aside for what is open already.
//!
//! What was taken in must come to its end also on a disk that others fill: outcomes are written too. So before the disk is full, nothing
//! more is taken in. The reserve is a share of the disk, and no more than [`RESERVE_BYTES_MOST`]. What lies in the write-ahead log
//! needs room a second time, when it is brought home: where it finds none, nothing can be written for good. So it counts as taken.

use std::path::{Path, PathBuf};

use super::place::{beside, folder_of};

/// Set aside at most.
pub const RESERVE_BYTES_MOST: u64 = 1 << 30;
/// Set aside of the disk, in percent.
pub const RESERVE_PERCENT: u64 = 5;

/// The room beneath a journal.
#[derive(Clone, Debug)]
pub struct Room {
    folder: PathBuf,
    log: PathBuf,
}

/// A file system, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileSystem {
    free: u64,
    whole: u64,
}

impl Room {
    /// Beneath the journal at this path.
    pub fn of(journal: &Path) -> Room {
        Room { folder: folder_of(journal).into(), log: beside(journal, "-wal") }
    }

    /// Whether nothing more should be taken in. Once it is so, it stays so until there is a quarter more than the reserve.
    pub fn is_low(&self, was_low: bool) -> bool {
        let log = std::fs::metadata(&self.log).map_or(0, |log| log.len());
        look(&self.folder).is_some_and(|there| there.less(log).is_low(was_low))
    }

    /// How large the disk is; `None` where the system does not tell.
    pub fn whole_bytes(&self) -> Option<u64> {
        look(&self.folder).map(|there| there.whole)
    }
}

impl FileSystem {
    fn less(self, log: u64) -> FileSystem {
        FileSystem { free: self.free.saturating_sub(log), ..self }
    }

    fn is_low(self, was_low: bool) -> bool {
        let reserve = (self.whole / 100 * RESERVE_PERCENT).min(RESERVE_BYTES_MOST);
        self.free < if was_low { reserve + reserve / 4 } else { reserve }
    }
}

#[cfg(unix)]
fn look(folder: &Path) -> Option<FileSystem> {
    let there = rustix::fs::statvfs(folder).ok()?;
    Some(FileSystem { free: there.f_bavail.saturating_mul(there.f_frsize), whole: there.f_blocks.saturating_mul(there.f_frsize) })
}

/// Elsewhere a full disk is met where it is written to.
#[cfg(not(unix))]
fn look(_: &Path) -> Option<FileSystem> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn the_reserve_is_a_share_of_a_small_disk_and_a_gibibyte_of_a_large_one() {
        for (free, whole, was_low, low) in [
            (2 * MIB, 32 * MIB, false, false),
            (MIB, 32 * MIB, false, true),
            (MIB + MIB * 3 / 4, 32 * MIB, true, true),
            (2 * MIB + MIB / 8, 32 * MIB, true, false),
            (2 << 30, 1 << 42, false, false),
            (1 << 29, 1 << 42, false, true),
        ] {
            assert_eq!(FileSystem { free, whole }.is_low(was_low), low, "{free} of {whole}");
        }
    }

    #[test]
    fn the_system_tells_of_the_folder_that_the_journal_is_in() {
        let folder = std::env::temp_dir();
        assert_eq!(Room::of(&folder.join("journal.db")).whole_bytes().is_some(), cfg!(unix));
    }
}
