//! Where a journal lies: its folder, and the files that stand beside it under its name.

use std::path::{Path, PathBuf};

/// The file beside another that has its name and an ending: `journal.db` and `.lock` give `journal.db.lock`.
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// The folder that a file is in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The files that a journal was opened with: what is written to one that is not there any more, nobody finds again.
pub struct Place {
    files: [(PathBuf, Option<FileId>); 2],
}

type FileId = (u64, u64);

impl Place {
    /// As the files are now.
    pub fn of(journal: &Path) -> Place {
        let file = |path: PathBuf| {
            let id = id_of(&path);
            (path, id)
        };
        Place { files: [file(journal.into()), file(beside(journal, "-wal"))] }
    }

    /// The one that is not the same any more, or not there.
    pub fn gone(&self) -> Option<&Path> {
        self.files.iter().find(|(path, id)| id.is_some() && id_of(path) != *id).map(|(path, _)| &**path)
    }
}

/// Where files can be removed while they are open.
#[cfg(unix)]
fn id_of(path: &Path) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

#[cfg(not(unix))]
fn id_of(_: &Path) -> Option<FileId> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_folder_is_in_this_one() {
        assert_eq!(folder_of(Path::new("journal.db")), Path::new("."));
        assert_eq!(folder_of(Path::new("shop/journal.db")), Path::new("shop"));
        assert_eq!(beside(Path::new("shop/journal.db"), ".lock"), Path::new("shop/journal.db.lock"));
    }
}
