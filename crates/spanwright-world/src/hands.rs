//! A wall clock whose hands are turned while a process looks at it: a small library that is put between the process and the kernel.
//!
//! The monotonic clock goes on as it does: that is what a machine shows whose time is set by a person, by NTP, or by a
//! hypervisor that wakes it up. It is written in C for the reason of [`crate::disk`].

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::Command,
};

const SOURCE: &str = include_str!("hands/shim.c");

/// The hands of a clock.
#[derive(Debug)]
pub struct Hands {
    library: PathBuf,
    shown: PathBuf,
    file: File,
}

impl Hands {
    /// Builds the library in a folder; the clock is right.
    ///
    /// # Errors
    /// There is no C compiler, or it is not Linux.
    pub fn build(folder: &Path) -> io::Result<Hands> {
        let (source, library, shown) = (folder.join("hands.c"), folder.join("hands.so"), folder.join("hands"));
        std::fs::write(&source, SOURCE)?;
        std::fs::write(&shown, 0_i64.to_ne_bytes())?;
        let built = Command::new("cc").args(["-shared", "-fPIC", "-O2", "-o"]).arg(&library).arg(&source).arg("-ldl").output()?;
        if !built.status.success() {
            return Err(io::Error::other(String::from_utf8_lossy(&built.stderr).into_owned()));
        }
        let file = OpenOptions::new().write(true).open(&shown)?;
        Ok(Hands { library, shown, file })
    }

    /// This process will look at it.
    pub fn shown_to<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.env("LD_PRELOAD", &self.library).env("HANDS", &self.shown)
    }

    /// From now on it shows so many seconds too many.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn turn(&self, seconds: i64) -> io::Result<()> {
        self.file.write_all_at(&seconds.to_ne_bytes(), 0)
    }
}
