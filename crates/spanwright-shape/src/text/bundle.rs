//! All bytes of a project, read before the first check. Its hash pins a run to what it was accepted under.

use std::sync::{Arc, OnceLock};

/// A file of a [`Bundle`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A place: bytes `from..to` of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub from: u32,
    /// One behind the last byte.
    pub to: u32,
}

/// The files of a project by path (with `/`, relative to its folder), in path order.
#[derive(Clone, Debug, Default)]
pub struct Bundle {
    files: Vec<File>,
}

#[derive(Clone, Debug)]
struct File {
    path: Arc<str>,
    bytes: Arc<[u8]>,
    /// Where each line begins, for whoever first asks for one.
    lines: OnceLock<Arc<[u32]>>,
}

impl File {
    fn lines(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            let breaks = self.bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
            [0].into_iter().chain(breaks.map(|(at, _)| at as u32 + 1)).collect()
        })
    }
}

impl Bundle {
    /// A bundle of these files; sorted here, the last of two equal paths stays.
    pub fn new(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Bundle {
        let sorted: std::collections::BTreeMap<String, Vec<u8>> = files.into_iter().collect();
        let file = |(path, bytes): (String, Vec<u8>)| File { path: path.into(), bytes: bytes.into(), lines: OnceLock::new() };
        Bundle { files: sorted.into_iter().map(file).collect() }
    }

    /// Every file, in path order.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &str, &[u8])> {
        self.files.iter().enumerate().map(|(n, file)| (FileId(n as u32), &*file.path, &*file.bytes))
    }

    /// The file at a path.
    pub fn find(&self, path: &str) -> Option<FileId> {
        self.files.binary_search_by(|file| (*file.path).cmp(path)).ok().map(|n| FileId(n as u32))
    }

    /// A file's path.
    pub fn path(&self, file: FileId) -> &str {
        &self.files[file.0 as usize].path
    }

    /// A file's bytes.
    pub fn bytes(&self, file: FileId) -> &[u8] {
        &self.files[file.0 as usize].bytes
    }

    /// A file's text; invalid UTF-8 is shown as U+FFFD.
    pub fn text(&self, file: FileId) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.bytes(file))
    }

    /// Line and column, both from 1, columns in characters.
    pub fn line_column(&self, file: FileId, byte: u32) -> (u32, u32) {
        let bytes = self.bytes(file);
        let byte = (byte as usize).min(bytes.len());
        let lines = self.files[file.0 as usize].lines();
        let line = lines.partition_point(|start| *start as usize <= byte);
        let start = lines.get(line.wrapping_sub(1)).map_or(0, |start| *start as usize);
        (line as u32, String::from_utf8_lossy(&bytes[start..byte]).chars().count() as u32 + 1)
    }
}
