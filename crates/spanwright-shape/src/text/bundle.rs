//! All bytes of a project, read before the first check. Its hash pins a run to what it was accepted under.

use std::sync::Arc;

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
    files: Vec<(Arc<str>, Arc<[u8]>)>,
}

impl Bundle {
    /// A bundle of these files; sorted here, the last of two equal paths stays.
    pub fn new(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Bundle {
        let sorted: std::collections::BTreeMap<String, Vec<u8>> = files.into_iter().collect();
        Bundle { files: sorted.into_iter().map(|(path, bytes)| (path.into(), bytes.into())).collect() }
    }

    /// Every file, in path order.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &str, &[u8])> {
        self.files.iter().enumerate().map(|(n, (path, bytes))| (FileId(n as u32), &**path, &**bytes))
    }

    /// The file at a path.
    pub fn find(&self, path: &str) -> Option<FileId> {
        self.files.binary_search_by(|(have, _)| (**have).cmp(path)).ok().map(|n| FileId(n as u32))
    }

    /// A file's path.
    pub fn path(&self, file: FileId) -> &str {
        &self.files[file.0 as usize].0
    }

    /// A file's bytes.
    pub fn bytes(&self, file: FileId) -> &[u8] {
        &self.files[file.0 as usize].1
    }

    /// A file's text; invalid UTF-8 is shown as U+FFFD.
    pub fn text(&self, file: FileId) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.bytes(file))
    }

    /// Line and column, both from 1, columns in characters.
    pub fn line_column(&self, file: FileId, byte: u32) -> (u32, u32) {
        let bytes = self.bytes(file);
        let before = &bytes[..(byte as usize).min(bytes.len())];
        let line = before.iter().filter(|b| **b == b'\n').count() as u32 + 1;
        let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1);
        (line, String::from_utf8_lossy(&before[start..]).chars().count() as u32 + 1)
    }
}
