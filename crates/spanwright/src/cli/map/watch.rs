//! `--watch`: does something again whenever a file is another one than before. It looks a few times a second, which
//! every file system can; it ends with the process.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, SystemTime},
};

use super::super::{Ended, out::Out};

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Folders inside each other that are looked into.
const FOLDERS_DEEP_MOST: usize = 8;

/// Does it now and after each change; what could not be done is said, and waits for the next change.
///
/// # Errors
/// Only where nobody reads any more.
pub fn each_time(watched: &[PathBuf], out: &mut Out, mut act: impl FnMut(&mut Out) -> anyhow::Result<Ended>) -> anyhow::Result<Ended> {
    loop {
        let before = state_of(watched);
        match act(out) {
            Ok(_) => {}
            Err(error) if error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe) => {
                return Err(error);
            }
            Err(error) => out.aside(&format!("{error:#}")),
        }
        out.end()?;
        out.aside("-- waiting for a change; Ctrl-C ends it --");
        while state_of(watched) == before {
            thread::sleep(LOOK_EVERY);
        }
    }
}

/// Each file with its length and the time of its last change.
type State = Vec<(PathBuf, u64, Option<SystemTime>)>;

fn state_of(watched: &[PathBuf]) -> State {
    let mut state = State::new();
    watched.iter().for_each(|path| gather(path, 0, &mut state));
    state.sort();
    state
}

fn gather(path: &Path, deep: usize, state: &mut State) {
    let Ok(about) = fs::metadata(path) else { return };
    if !about.is_dir() {
        state.push((path.to_owned(), about.len(), about.modified().ok()));
        return;
    }
    let Ok(entries) = fs::read_dir(path) else { return };
    let hidden = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with('.');
    let entries = entries.filter_map(Result::ok).filter(|entry| deep < FOLDERS_DEEP_MOST && !hidden(&entry.file_name()));
    entries.for_each(|entry| gather(&entry.path(), deep + 1, state));
}
