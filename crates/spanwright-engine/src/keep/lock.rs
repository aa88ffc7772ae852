//! One process a journal: an exclusive lock on a file beside it, held until the process is gone, however it goes.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    path::Path,
};

use super::{OpenFault, place::beside};

/// The lock; given back when it is dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Drop for Lock {
    // Closing alone would not do: a child that is just being started still has our file until it becomes its program.
    fn drop(&mut self) {
        let _gone = self.file.unlock();
    }
}

impl Lock {
    /// Takes the lock of this journal.
    pub fn take(journal: &Path) -> Result<Lock, OpenFault> {
        let path = beside(journal, ".lock");
        let unusable = |error: std::io::Error| OpenFault::Unusable { path: journal.into(), why: format!("`{}`: {error}", path.display()) };
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenFault::InUse { path: journal.into(), pid: holder(&mut file) }),
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        sign(&mut file).map_err(unusable)?;
        Ok(Lock { file })
    }

    /// Whether a process has this journal now.
    pub fn is_held(journal: &Path) -> bool {
        let Ok(file) = File::open(beside(journal, ".lock")) else { return false };
        let held = matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
        let _mine = file.unlock();
        held
    }
}

// The number is a courtesy for the person who is refused; the lock itself is the kernel's.
fn sign(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    match file.take(32).read_to_string(&mut text) {
        Ok(_) if !text.trim().is_empty() => format!(" (process {})", text.trim()),
        Ok(_) | Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_second_one_is_told_who_has_it_and_a_dropped_one_gives_way() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.db");
        let held = Lock::take(&journal).unwrap();
        let words = Lock::take(&journal).unwrap_err().to_string();
        assert!(words.contains(&format!("in use by another process (process {})", std::process::id())), "{words}");
        assert!(Lock::is_held(&journal));
        drop(held);
        assert!(!Lock::is_held(&journal));
        Lock::take(&journal).unwrap();
    }
}
