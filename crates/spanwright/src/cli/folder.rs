//! The project folder: which of its files are the project, and where its journal lies.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::Args;
use spanwright_shape::text::Bundle;

/// Bytes that the files of a project may have together.
pub const PROJECT_BYTES_MOST: u64 = 64 << 20;
/// Folders inside each other that are looked into.
const FOLDERS_DEEP_MOST: usize = 8;
/// The folders of which every file belongs to the project. Of others only YAML is read, so that a misspelt name is noticed.
const FOLDERS: [&str; 8] = ["environments", "systems", "apis", "flows", "maps", "links", "schemas", "tests"];
/// Where a run keeps what is its own.
const STATE_FOLDER: &str = ".spanwright";

/// The argument that every command about a project has.
#[derive(Args, Clone, Debug)]
pub struct Folder {
    /// The project's folder
    #[arg(value_name = "FOLDER", default_value = ".", value_hint = clap::ValueHint::DirPath)]
    pub folder: PathBuf,
}

impl Folder {
    /// A folder that is known already.
    pub fn at(folder: &Path) -> Folder {
        Folder { folder: folder.to_owned() }
    }

    /// Reads the project's files.
    ///
    /// # Errors
    /// The folder or a file cannot be read, or they are too many.
    pub fn bundle(&self) -> anyhow::Result<Bundle> {
        if !self.folder.is_dir() {
            bail!("there is no folder `{}`", self.folder.display());
        }
        let mut files = Vec::new();
        let mut room = PROJECT_BYTES_MOST;
        gather(&self.folder, "", 0, &mut room, &mut files)?;
        Ok(Bundle::new(files))
    }

    /// The journal of this project.
    pub fn journal(&self) -> PathBuf {
        self.state().join("journal.db")
    }

    /// Where a run keeps what is its own; not part of the project.
    pub fn state(&self) -> PathBuf {
        self.folder.join(STATE_FOLDER)
    }

    /// Makes the state folder, with a note that keeps it out of version control.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn make_state(&self) -> anyhow::Result<PathBuf> {
        let state = self.state();
        let doing = || format!("making `{}`", state.display());
        fs::create_dir_all(&state).with_context(doing)?;
        let ignore = state.join(".gitignore");
        if !ignore.exists() {
            fs::write(&ignore, "# What a run keeps: never part of the project.\n*\n").with_context(doing)?;
        }
        Ok(state)
    }
}

fn gather(folder: &Path, path: &str, deep: usize, room: &mut u64, files: &mut Vec<(String, Vec<u8>)>) -> anyhow::Result<()> {
    let reading = || format!("reading `{}`", folder.display());
    for entry in fs::read_dir(folder).with_context(reading)? {
        let entry = entry.with_context(reading)?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') {
            continue;
        }
        let inside = if path.is_empty() { name } else { format!("{path}/{name}") };
        // Others write beside the project, and what they had there is gone. A link that leads nowhere is not.
        let is_a_link = || fs::symlink_metadata(entry.path()).is_ok_and(|entry| entry.is_symlink());
        let is_gone = |error: &std::io::Error| error.kind() == ErrorKind::NotFound && !is_a_link();
        // Follows links: a schema may be one.
        let kind = match fs::metadata(entry.path()) {
            Err(error) if is_gone(&error) => continue,
            kind => kind.with_context(|| format!("reading `{inside}`"))?,
        };
        if kind.is_dir() && is_looked_into(&inside, deep) {
            gather(&entry.path(), &inside, deep + 1, room, files)?;
        } else if kind.is_file() && belongs(&inside) {
            match read(&entry.path(), &inside, kind.len(), room) {
                Err(error) if error.downcast_ref().is_some_and(is_gone) => {}
                bytes => files.push((inside, bytes?)),
            }
        }
    }
    Ok(())
}

fn read(file: &Path, path: &str, bytes: u64, room: &mut u64) -> anyhow::Result<Vec<u8>> {
    let Some(left) = room.checked_sub(bytes) else {
        bail!("the project's files have more than {} MiB together, `{path}` among them", PROJECT_BYTES_MOST >> 20);
    };
    *room = left;
    fs::read(file).with_context(|| format!("reading `{path}`"))
}

fn top(path: &str) -> &str {
    path.split_once('/').map_or(path, |(top, _)| top)
}

fn is_looked_into(path: &str, deep: usize) -> bool {
    (deep == 0 || FOLDERS.contains(&top(path))) && deep < FOLDERS_DEEP_MOST && path != "docs"
}

fn belongs(path: &str) -> bool {
    let is_yaml = [".yaml", ".yml"].iter().any(|ending| path.to_ascii_lowercase().ends_with(ending));
    is_yaml || (path.contains('/') && FOLDERS.contains(&top(path)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_project_is_what_the_grammar_names_and_yaml_that_is_misplaced() {
        let folder = tempfile::tempdir().unwrap();
        let files = [
            "spanwright.yaml",
            "README.md",
            "flows/a.yaml",
            "flow/b.yaml",
            "flow/deep/c.yaml",
            "schemas/x/y.xsd",
            ".spanwright/journal.db",
            "docs/z.yaml",
            "other/note.txt",
        ];
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        let bundle = Folder::at(folder.path()).bundle().unwrap();
        let paths: Vec<&str> = bundle.iter().map(|(_, path, _)| path).collect();
        assert_eq!(paths, ["flow/b.yaml", "flows/a.yaml", "schemas/x/y.xsd", "spanwright.yaml"]);
    }

    #[test]
    fn files_that_come_and_go_beside_the_project_are_no_fault() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("data")).unwrap();
        let (file, over) = (folder.path().join("data/a.csv"), std::sync::atomic::AtomicBool::new(false));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(std::sync::atomic::Ordering::Relaxed) {
                    fs::write(&file, "id").unwrap();
                    fs::remove_file(&file).unwrap();
                }
            });
            let faults: Vec<_> = (0..2_000).filter_map(|_| Folder::at(folder.path()).bundle().err()).collect();
            over.store(true, std::sync::atomic::Ordering::Relaxed);
            assert!(faults.is_empty(), "{faults:?}");
        });
        #[cfg(unix)]
        std::os::unix::fs::symlink("nowhere", folder.path().join("data/b.csv")).unwrap();
        #[cfg(unix)]
        assert!(Folder::at(folder.path()).bundle().unwrap_err().to_string().contains("data/b.csv"), "a link that leads nowhere is told");
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = Folder::at(Path::new("no/such")).bundle().unwrap_err();
        assert_eq!(error.to_string(), "there is no folder `no/such`");
    }
}
