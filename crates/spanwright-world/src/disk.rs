//! A disk that is watched, full or broken: a small library that is put between a process and the kernel.
//!
//! It is written in C since a process takes it before its first own line (`LD_PRELOAD`); whoever can build SQLite can
//! build it. What a process wrote and synced is recorded in order, so that a test can cut the power at any point of it.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    process::Command,
};

const SOURCE: &str = include_str!("disk/shim.c");

/// The library, built in a folder.
#[derive(Clone, Debug)]
pub struct BadDisk {
    library: PathBuf,
}

impl BadDisk {
    /// Builds it.
    ///
    /// # Errors
    /// There is no C compiler, or it is not Linux.
    pub fn build(folder: &Path) -> io::Result<BadDisk> {
        let (source, library) = (folder.join("shim.c"), folder.join("shim.so"));
        std::fs::write(&source, SOURCE)?;
        let built =
            Command::new("cc").args(["-shared", "-fPIC", "-O2", "-o"]).arg(&library).arg(&source).args(["-ldl", "-lpthread"]).output()?;
        match built.status.success() {
            true => Ok(BadDisk { library }),
            false => Err(io::Error::other(String::from_utf8_lossy(&built.stderr).into_owned())),
        }
    }

    /// What this process writes and syncs is recorded in a file.
    pub fn record<'c>(&self, command: &'c mut Command, log: &Path) -> &'c mut Command {
        command.env("LD_PRELOAD", &self.library).env("SHIM_LOG", log)
    }

    /// The n-th sync of this process fails, from 1, and every one behind it.
    pub fn fail_sync<'c>(&self, command: &'c mut Command, n: u32) -> &'c mut Command {
        command.env("LD_PRELOAD", &self.library).env("SHIM_FAIL", n.to_string())
    }

    /// The n-th sync of this process fails, from 1, and no other one: the kernel tells once of what it could not write.
    pub fn fail_one_sync<'c>(&self, command: &'c mut Command, n: u32) -> &'c mut Command {
        self.fail_sync(command, n).env("SHIM_FAIL_ONE", "1")
    }

    /// Each sync of this process takes so many milliseconds longer.
    pub fn slow<'c>(&self, command: &'c mut Command, milliseconds: u32) -> &'c mut Command {
        command.env("LD_PRELOAD", &self.library).env("SHIM_SLOW", milliseconds.to_string())
    }

    /// No file of this process's journal grows beyond so many bytes, until the file `ends` is there.
    pub fn fill<'c>(&self, command: &'c mut Command, bytes: u64, ends: &Path) -> &'c mut Command {
        command.env("LD_PRELOAD", &self.library).env("SHIM_ROOM", bytes.to_string()).env("SHIM_ROOM_ENDS", ends)
    }

    /// The same, and the system says so with this error: 122 is that of a quota, 27 that of a file that may not grow.
    pub fn fill_saying<'c>(&self, command: &'c mut Command, bytes: u64, ends: &Path, errno: u32) -> &'c mut Command {
        self.fill(command, bytes, ends).env("SHIM_ROOM_ERRNO", errno.to_string())
    }

    /// Nothing can be written into files with this text in their path, until the file `ends` is there.
    pub fn fill_elsewhere<'c>(&self, command: &'c mut Command, path: &str, ends: &Path) -> &'c mut Command {
        command.env("LD_PRELOAD", &self.library).env("SHIM_FULL", path).env("SHIM_FULL_ENDS", ends)
    }
}

/// One thing that a process did to its disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Wrote bytes into a file.
    Write {
        /// Its name.
        file: String,
        /// Where.
        at: usize,
        /// What.
        bytes: Vec<u8>,
    },
    /// Made a file so long.
    Truncate {
        /// Its name.
        file: String,
        /// How long.
        length: usize,
    },
    /// Waited until a file was on the disk.
    Sync {
        /// Its name.
        file: String,
    },
    /// Took a file away.
    Unlink {
        /// Its name.
        file: String,
    },
    /// Said something on its standard output.
    Said(String),
}

/// What was recorded, in order. A last record that is not whole is left out.
///
/// # Errors
/// The file cannot be read.
pub fn recorded(log: &Path) -> io::Result<Vec<Op>> {
    let bytes = std::fs::read(log)?;
    let (mut ops, mut rest) = (Vec::new(), &bytes[..]);
    while let Some((op, behind)) = op(rest) {
        ops.push(op);
        rest = behind;
    }
    Ok(ops)
}

fn op(bytes: &[u8]) -> Option<(Op, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut words = head.split(' ');
    let (what, file) = (words.next()?, words.next()?.to_string());
    let (at, length): (usize, usize) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let (data, behind) = bytes[end + 1..].split_at_checked(length)?;
    let op = match what {
        "W" => Op::Write { file, at, bytes: data.to_vec() },
        "T" => Op::Truncate { file, length: at },
        "S" => Op::Sync { file },
        "U" => Op::Unlink { file },
        _ => Op::Said(String::from_utf8_lossy(data).into_owned()),
    };
    Some((op, behind))
}

/// Files as a disk holds them: what was synced, and what may or may not be there after a power cut.
#[derive(Clone, Debug, Default)]
pub struct Platter {
    files: BTreeMap<String, File>,
}

#[derive(Clone, Debug, Default)]
struct File {
    durable: Vec<u8>,
    pending: Vec<Op>,
}

/// Bytes that a disk writes whole or not at all.
pub const SECTOR: usize = 512;

impl Platter {
    /// Does one op.
    pub fn apply(&mut self, op: &Op) {
        match op {
            Op::Write { file, .. } | Op::Truncate { file, .. } => self.files.entry(file.clone()).or_default().pending.push(op.clone()),
            Op::Sync { file } => {
                let file = self.files.entry(file.clone()).or_default();
                for op in std::mem::take(&mut file.pending) {
                    file.write(&op, &mut |_| true);
                }
            }
            Op::Unlink { file } => drop(self.files.remove(file)),
            Op::Said(_) => {}
        }
    }

    /// The power is cut: what was not synced is there, or not, or in some of its sectors, as `roll` has it. Writes what is
    /// left into a folder.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn cut(&self, folder: &Path, roll: &mut impl FnMut() -> u64) -> io::Result<()> {
        for (name, file) in &self.files {
            let mut left = File { durable: file.durable.clone(), pending: Vec::new() };
            for op in &file.pending {
                match roll() % 3 {
                    0 => {}
                    1 => left.write(op, &mut |_| true),
                    _ => left.write(op, &mut |_| roll().is_multiple_of(2)),
                }
            }
            std::fs::write(folder.join(name), &left.durable)?;
        }
        Ok(())
    }
}

impl File {
    /// Those sectors of a write that are `kept`; a truncation is whole.
    fn write(&mut self, op: &Op, kept: &mut impl FnMut(usize) -> bool) {
        match op {
            Op::Write { at, bytes, .. } => {
                let mut from = 0;
                while from < bytes.len() {
                    let to = (from + SECTOR - (at + from) % SECTOR).min(bytes.len());
                    if kept(from) {
                        let end = at + to;
                        if self.durable.len() < end {
                            self.durable.resize(end, 0);
                        }
                        self.durable[at + from..end].copy_from_slice(&bytes[from..to]);
                    }
                    from = to;
                }
            }
            Op::Truncate { length, .. } => self.durable.resize(*length, 0),
            Op::Sync { .. } | Op::Unlink { .. } | Op::Said(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn write(at: usize, byte: u8, length: usize) -> Op {
        Op::Write { file: "a".into(), at, bytes: vec![byte; length] }
    }

    #[test]
    fn what_was_synced_stays_and_what_was_not_may_be_torn() {
        let mut platter = Platter::default();
        [write(0, 1, 2000), Op::Sync { file: "a".into() }, write(500, 2, 1000)].iter().for_each(|op| platter.apply(op));
        let folder = tempfile::tempdir().unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..200_u64 {
            let mut roll = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            platter
                .cut(folder.path(), &mut || {
                    roll = roll.rotate_left(23).wrapping_mul(0xd134_2543_de82_ef95) + 1;
                    roll >> 7
                })
                .unwrap();
            let left = std::fs::read(folder.path().join("a")).unwrap();
            assert!(left.len() == 2000 && left[..500].iter().chain(&left[1500..]).all(|byte| *byte == 1));
            seen.insert(left);
        }
        assert!(seen.len() > 4, "whole, absent and torn in several ways: {}", seen.len());
    }
}
