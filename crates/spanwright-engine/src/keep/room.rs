//! How much room is left on the disk beneath the journal, and how much of it is set aside for what is open already.
//!
//! What was taken in must come to its end also on a disk that others fill: outcomes are written too. So before the disk is full, nothing
//! more is taken in. The reserve is a share of the disk, and no more than [`RESERVE_BYTES_MOST`]; what the open messages will still need
//! and what is on its way to the disk come on top. What lies in the write-ahead log needs room a second time, when it is brought home:
//! where it finds none, nothing can be written for good. So the log counts as taken, at the length that it may grow to.

use std::path::{Path, PathBuf};

use super::{
    checkpoints,
    place::{beside, folder_of},
    schema,
};

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

    /// How many bytes may be taken in, beside those that are owed to what was; `None` where the system does not tell. Once there are
    /// none, it stays so until there is a quarter of the reserve.
    pub fn to_spare(&self, owed: u64, was_low: bool) -> Option<u64> {
        let log = std::fs::metadata(&self.log).map_or(0, |log| log.len());
        look(&self.folder).map(|there| there.to_spare(log, owed, was_low))
    }

    /// How large the disk is; `None` where the system does not tell.
    pub fn whole_bytes(&self) -> Option<u64> {
        look(&self.folder).map(|there| there.whole)
    }
}

impl FileSystem {
    fn to_spare(self, log: u64, owed: u64, was_low: bool) -> u64 {
        let reserve = (self.whole / 100 * RESERVE_PERCENT).min(RESERVE_BYTES_MOST);
        let log = log.max(checkpoints::log_bytes_most(schema::checkpoint_pages_of(self.whole)));
        let spare = [log, owed, reserve].iter().fold(self.free, |free, taken| free.saturating_sub(*taken));
        if was_low && spare < reserve / 4 { 0 } else { spare }
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
        // The log of a disk of 32 MiB is a MiB at its longest, and that of a large one 125.
        for (free, whole, was_low, low) in [
            (3 * MIB, 32 * MIB, false, false),
            (2 * MIB, 32 * MIB, false, true),
            (2 * MIB + MIB * 3 / 4, 32 * MIB, true, true),
            (3 * MIB + MIB / 8, 32 * MIB, true, false),
            (2 << 30, 1 << 42, false, false),
            (1 << 29, 1 << 42, false, true),
        ] {
            assert_eq!(FileSystem { free, whole }.to_spare(0, 0, was_low) == 0, low, "{free} of {whole}");
        }
    }

    #[test]
    fn what_is_owed_and_what_a_long_log_takes_is_not_to_spare() {
        let disk = FileSystem { free: 20 * MIB, whole: 32 * MIB };
        let all = disk.to_spare(0, 0, false);
        assert_eq!(all - disk.to_spare(0, 3 * MIB, false), 3 * MIB);
        assert_eq!(disk.to_spare(0, 0, false), disk.to_spare(MIB / 2, 0, false), "it may grow to as much");
        assert_eq!(all - disk.to_spare(5 * MIB, 0, false), 5 * MIB - checkpoints::log_bytes_most(32));
        assert_eq!(disk.to_spare(0, 30 * MIB, false), 0);
    }

    #[test]
    fn the_system_tells_of_the_folder_that_the_journal_is_in() {
        let folder = std::env::temp_dir();
        assert_eq!(Room::of(&folder.join("journal.db")).whole_bytes().is_some(), cfg!(unix));
    }
}
