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
