//! What a stand-in saw and did, one JSON object a line, in the order in which it happened. Only ever appended to.
//!
//! A line says `what` happened, `at` which millisecond of the Unix epoch and in which `call` of this stand-in.

use std::{
    fmt::Write as _,
    fs::File,
    io::{self, BufWriter, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

/// Whether each line is on its way to the disk at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flush {
    /// After each append, and it waits until the disk has it: for who is believed after a crash.
    Disk,
    /// After each append: another process may read along.
    Each,
    /// When the buffer is full and at the end: for benches.
    Full,
}

/// An open ledger.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    file: Mutex<Writer>,
    flush: Flush,
    /// The same file, to be synced while others write on, and how many appends the disk has.
    disk: Mutex<(File, u64)>,
}

#[derive(Debug)]
struct Writer {
    file: BufWriter<File>,
    /// Appends so far.
    appends: u64,
}

impl Ledger {
    /// Starts a new ledger; one that is there is continued.
    ///
    /// # Errors
    /// The file cannot be opened for appending.
    pub fn open(path: &Path, flush: Flush) -> io::Result<Ledger> {
        let file = File::options().create(true).append(true).open(path)?;
        let disk = Mutex::new((file.try_clone()?, 0));
        let file = Mutex::new(Writer { file: BufWriter::with_capacity(1 << 16, file), appends: 0 });
        Ok(Ledger { path: path.to_owned(), file, flush, disk })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends lines that belong together.
    ///
    /// A stand-in that cannot write its ledger can no longer be believed, so it stops the test.
    pub fn append(&self, lines: &Lines) {
        let upto = self.write(lines);
        self.keep(upto);
    }

    /// The same, and waits for no disk: the number of the append, for [`Ledger::keep`].
    pub fn write(&self, lines: &Lines) -> u64 {
        let mut writer = self.lock();
        writer.file.write_all(lines.text.as_bytes()).expect("the ledger can be written");
        if self.flush != Flush::Full {
            writer.file.flush().expect("the ledger can be written");
        }
        writer.appends += 1;
        writer.appends
    }

    /// Waits until the disk has this append, where it is to have each; one sync serves all who wait meanwhile.
    pub fn keep(&self, append: u64) {
        if self.flush != Flush::Disk {
            return;
        }
        let mut disk = self.disk.lock().unwrap_or_else(PoisonError::into_inner);
        if disk.1 < append {
            let written = self.lock().appends;
            disk.0.sync_data().expect("the ledger can be written");
            disk.1 = written;
        }
    }

    /// Hands everything to the operating system.
    pub fn flush(&self) {
        self.lock().file.flush().expect("the ledger can be written");
    }

    fn lock(&self) -> MutexGuard<'_, Writer> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lines in the making.
#[derive(Debug)]
pub struct Lines {
    text: String,
    at: u128,
    call: u64,
}

impl Lines {
    /// Lines about one call; all carry the time of now.
    pub fn of_call(call: u64) -> Lines {
        let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        Lines { text: String::new(), at, call }
    }

    /// Begins a line.
    pub fn line(&mut self, what: &str) -> Line<'_> {
        write!(self.text, r#"{{"what":"{what}","at":{},"call":{}"#, self.at, self.call).expect("writing into a String cannot fail");
        Line { text: &mut self.text }
    }
}

/// One line in the making; it ends when it is dropped.
#[derive(Debug)]
pub struct Line<'l> {
    text: &'l mut String,
}

impl Line<'_> {
    /// Adds a text.
    #[must_use]
    pub fn text(self, name: &str, value: &str) -> Self {
        self.text.push_str(",\"");
        self.text.push_str(name);
        self.text.push_str("\":");
        quote(value, self.text);
        self
    }

    /// Adds a number.
    #[must_use]
    pub fn number(self, name: &str, value: u64) -> Self {
        write!(self.text, r#","{name}":{value}"#).expect("writing into a String cannot fail");
        self
    }

    /// Ends the line.
    pub fn end(self) {
        self.text.push_str("}\n");
    }
}

/// Writes a JSON string.
pub(crate) fn quote(value: &str, out: &mut String) {
    out.push('"');
    if value.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        out.push_str(value);
    } else {
        value.chars().for_each(|character| quote_character(character, out));
    }
    out.push('"');
}

fn quote_character(character: char, out: &mut String) {
    match character {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        control if control < ' ' => write!(out, "\\u{:04x}", u32::from(control)).expect("writing into a String cannot fail"),
        other => out.push(other),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_line_is_json_whatever_its_texts_are() {
        let mut lines = Lines::of_call(7);
        lines.line("refused").text("why", "a \"b\" \\ \n ü").number("status", 422).end();
        let read: serde_json::Value = serde_json::from_str(&lines.text).unwrap();
        assert_eq!((&read["why"], &read["status"], &read["call"]), (&"a \"b\" \\ \n ü".into(), &422.into(), &7.into()));
    }

    #[test]
    fn a_ledger_that_is_there_is_continued() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("erp.jsonl");
        for call in 1..=2 {
            let mut lines = Lines::of_call(call);
            lines.line("asked").end();
            Ledger::open(&path, Flush::Each).unwrap().append(&lines);
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2);
    }
}
