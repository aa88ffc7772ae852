//! What a person wants of a journal that a running engine has: left as a file beside it, and taken up by that engine.
//!
//! A file is written whole under its name or not at all. The engine that hears it gives it another ending, from then on it is no longer
//! its author's to take back, and removes it once it has on disk what it says. An engine that ends in between finds it at its next start,
//! and to be told twice does no harm. It names the project that its author saw: an engine that runs another one sets it aside, since
//! what would be sent is not what was shown.

use std::{
    collections::VecDeque,
    fs, io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use spanwright_core::{desk::Order, fact::Hold};
use spanwright_engine::clock::Clock;

use super::folder::Folder;

mod paper;

/// How long is waited for the engine to hear it, and then to write it down.
const PATIENCE: Duration = Duration::from_secs(5);
/// A clock that runs ahead by less than this was not set back.
const AHEAD_LEAST: Duration = Duration::from_secs(1);
/// Bytes of a file that is taken for an order: a message's body may be in it.
const BYTES_MOST: u64 = 40 << 20;

/// Endings of a file: as its author left it, once an engine was told, and where none will be.
const LEFT: &str = "order";
const TOLD: &str = "told";
const REFUSED: &str = "refused";

/// The print of a project's files.
pub type Hash = [u8; 32];

/// How far an order is that was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Taken {
    /// It is on disk.
    Kept,
    /// The engine was told, and does it as soon as it can write it down; so does its next start.
    Told,
}

impl Taken {
    /// What is said of it, where `kept` is once it is on disk.
    pub fn words(self, kept: &str) -> &str {
        match self {
            Taken::Kept => kept,
            Taken::Told => {
                "the running engine was told, and cannot write it down yet: it is done once there is room on its disk, by it or by its next start with the same project, and need not be said again"
            }
        }
    }
}

/// Leaves it for the engine that has the journal, and waits until it was taken up.
///
/// # Errors
/// It cannot be written, nobody takes it up, or the engine runs another project than `project`.
pub fn leave(folder: &Folder, order: &Order, project: Option<Hash>) -> anyhow::Result<Taken> {
    let orders = place(folder);
    fs::create_dir_all(&orders).with_context(|| format!("making `{}`", orders.display()))?;
    let name = format!("{}-{}", super::journal::now().0, std::process::id());
    let path = orders.join(format!("{name}.{LEFT}"));
    write(&orders.join(format!("{name}.draft")), &path, &paper::text(order, project))?;
    if !goes(&path) {
        match fs::remove_file(&path) {
            // It was heard in this very moment.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            _ => bail!("another process has the journal, and does not take up orders: is it stopped, or a `spanwright demo`?"),
        }
    }
    let taken = if goes(&path.with_extension(TOLD)) { Taken::Kept } else { Taken::Told };
    let refused = path.with_extension(REFUSED);
    if refused.exists() {
        fs::remove_file(&refused).ok();
        bail!("the running engine was started with another project than the folder holds now: restart it, then say it again");
    }
    Ok(taken)
}

/// Whether a file is gone before patience is.
fn goes(path: &Path) -> bool {
    let began = Instant::now();
    while path.exists() {
        if began.elapsed() > PATIENCE {
            return false;
        }
        thread::sleep(Duration::from_millis(20));
    }
    true
}

fn write(draft: &Path, path: &Path, text: &str) -> anyhow::Result<()> {
    let written = fs::File::create(draft).and_then(|mut file| {
        io::Write::write_all(&mut file, text.as_bytes())?;
        file.sync_all()?;
        fs::rename(draft, path)
    });
    written.with_context(|| format!("writing `{}`", path.display()))
}

/// An order as its author means it, by the clock of the engine: that runs ahead where the machine's was set back meanwhile.
pub fn by_clock_of(clock: &Clock, order: Order) -> Order {
    let ahead = clock.runs_ahead();
    match order {
        Order::Hold { what, hold } if ahead >= AHEAD_LEAST => {
            let (since, until) = (hold.since.after(ahead), hold.until.map(|until| until.after(ahead)));
            Order::Hold { what, hold: Hold { since, until, ..hold } }
        }
        order => order,
    }
}

/// Orders that a running engine was told, and whose files are still there.
#[derive(Default)]
pub struct Told {
    files: VecDeque<PathBuf>,
    kept: u64,
}

impl Told {
    /// Tells what was left since the last time, and removes what is on disk. `kept`: how many of all that were told are.
    ///
    /// # Errors
    /// The folder cannot be read, or a file not be renamed or removed.
    pub fn go_on(&mut self, folder: &Folder, running: &Hash, kept: u64, mut tell: impl FnMut(Order)) -> io::Result<()> {
        self.taken_up(kept)?;
        let mut unread = Ok(());
        for path in left(folder, &self.files)? {
            let (path, order) = match heard(&path, running) {
                Ok(Some(heard)) => heard,
                Ok(None) => continue,
                // Others are not kept waiting by one that cannot be read.
                Err(error) => {
                    unread = unread.and(Err(error));
                    continue;
                }
            };
            // Nothing of a stop is kept.
            if matches!(order, Order::Stop) {
                remove(&path)?;
            } else {
                self.files.push_back(path);
            }
            tell(order);
        }
        unread
    }

    /// Removes what is on disk: `kept` of all that were told. One that cannot be removed is not told again, and keeps its place.
    ///
    /// # Errors
    /// A file cannot be removed.
    pub fn taken_up(&mut self, kept: u64) -> io::Result<()> {
        while self.kept < kept {
            if let Some(path) = self.files.front() {
                remove(path)?;
            }
            self.files.pop_front();
            self.kept += 1;
        }
        Ok(())
    }
}

/// What was left and is not among the `known`, in the order in which it was.
///
/// # Errors
/// The folder cannot be read.
fn left(folder: &Folder, known: &VecDeque<PathBuf>) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(place(folder)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let is_order = |path: &PathBuf| path.extension().is_some_and(|ending| ending == LEFT || ending == TOLD);
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut paths: Vec<PathBuf> = paths.filter(|path| is_order(path) && !known.contains(path)).collect();
    paths.sort();
    Ok(paths)
}

/// What a file says, and under which name it waits until that is on disk; `None` where its author has taken it back. One that is no order,
/// or means another project than `running`, is set aside with another ending.
fn heard(path: &Path, running: &Hash) -> io::Result<Option<(PathBuf, Order)>> {
    let is_gone = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    let text = match fs::metadata(path) {
        Ok(about) if about.len() > BYTES_MOST => Ok(Vec::new()),
        Ok(_) => fs::read(path),
        Err(error) => Err(error),
    };
    let text = match text {
        Err(error) if is_gone(&error) => return Ok(None),
        text => text?,
    };
    let order = match paper::order(&String::from_utf8_lossy(&text)) {
        Some((order, project)) if project.is_none_or(|project| project == *running) => Some(order),
        Some(_) | None => None,
    };
    let to = path.with_extension(if order.is_some() { TOLD } else { REFUSED });
    match fs::rename(path, &to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        renamed => renamed.map(|()| Some((to, order?))),
    }
}

/// Removes a file, where there still is one.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn place(folder: &Folder) -> PathBuf {
    folder.state().join("orders")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use spanwright_core::fact::RunId;

    use super::*;

    /// Half an hour is half an hour, whatever the machine's clock says by now.
    #[test]
    fn a_hold_lasts_as_long_by_an_engine_whose_clock_runs_ahead() {
        use spanwright_core::fact::Moment;
        use spanwright_engine::clock::Reading;
        use std::sync::{
            Arc,
            atomic::{AtomicU64, Ordering},
        };
        let wall = Arc::new(AtomicU64::new(10_000));
        let read = wall.clone();
        let hands = move || Reading { counted: Duration::from_secs(5), wall: Duration::from_secs(read.load(Ordering::Relaxed)) };
        let clock = Clock::reading(hands);
        let now = clock.now();
        wall.store(10_000 - 3600, Ordering::Relaxed);
        let said = Moment(now.0 - 3_600_000_000);
        let half_an_hour = Duration::from_secs(1800);
        let hold = Hold { since: said, until: Some(said.after(half_an_hour)), by: "ann".into(), because: "quiet".into() };
        let Order::Hold { hold, .. } = by_clock_of(&clock, Order::Hold { what: "crm".into(), hold }) else { panic!() };
        assert_eq!((hold.since, hold.until), (now, Some(now.after(half_an_hour))));
    }

    fn discard() -> Order {
        Order::Discard { runs: vec![RunId(7)], by: "ada".into(), reason: "a test record".into() }
    }

    #[test]
    fn what_is_left_is_told_once_and_there_until_it_is_kept_and_what_is_no_order_or_means_another_project_is_set_aside() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::at(temporary.path());
        fs::create_dir_all(place(&folder)).unwrap();
        fs::write(place(&folder).join("1.order"), paper::text(&discard(), None)).unwrap();
        fs::write(place(&folder).join("2.order"), "dance\n").unwrap();
        fs::write(place(&folder).join("3.order"), paper::text(&discard(), Some([3; 32]))).unwrap();
        fs::write(place(&folder).join("4.order"), paper::text(&discard(), Some([4; 32]))).unwrap();
        let (mut told, mut heard) = (Told::default(), 0);
        let mut go_on = |kept| {
            told.go_on(&folder, &[4; 32], kept, |_| heard += 1).unwrap();
            heard
        };
        assert_eq!((go_on(0), go_on(0)), (2, 2), "each is told once");
        assert!(["1", "4"].iter().all(|name| place(&folder).join(format!("{name}.told")).exists()), "until it is on disk");
        assert!(["1", "4"].iter().all(|name| !place(&folder).join(format!("{name}.order")).exists()), "its author cannot take it back");
        assert_eq!(go_on(1), 2);
        assert!(!place(&folder).join("1.told").exists() && place(&folder).join("4.told").exists());
        assert_eq!(go_on(2), 2);
        assert!(!place(&folder).join("4.told").exists());
        assert!(["2", "3"].iter().all(|name| place(&folder).join(format!("{name}.refused")).exists()));
    }

    /// Somebody tidied up, and the engine was killed: each file counts for itself, and what is not on disk is told to the next one.
    #[test]
    fn a_file_that_is_gone_counts_for_itself_alone() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::at(temporary.path());
        fs::create_dir_all(place(&folder)).unwrap();
        let leave = |name: &str| fs::write(place(&folder).join(format!("{name}.order")), paper::text(&discard(), None)).unwrap();
        let is_told = |name: &str| place(&folder).join(format!("{name}.told")).exists();
        let (mut told, heard) = (Told::default(), std::cell::Cell::new(0));
        let go_on = |told: &mut Told, kept| {
            told.go_on(&folder, &[4; 32], kept, |_| heard.set(heard.get() + 1)).unwrap();
            heard.get()
        };
        ["1", "2", "3"].into_iter().for_each(leave);
        assert_eq!(go_on(&mut told, 0), 3);
        fs::remove_file(place(&folder).join("1.told")).unwrap();
        assert_eq!(go_on(&mut told, 2), 3, "none is told again");
        assert!(!is_told("2") && is_told("3"));
        leave("4");
        assert_eq!((go_on(&mut told, 2), go_on(&mut told, 2)), (4, 4));
        assert!(is_told("3") && is_told("4"), "until they are on disk");
        assert_eq!(go_on(&mut Told::default(), 0), 6, "the next engine hears them, too");
    }

    /// The engine has heard it, and its disk has no room.
    #[test]
    fn what_was_told_and_is_not_on_disk_is_not_taken_back() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::at(temporary.path());
        let mut told = Told::default();
        let taken = thread::scope(|scope| {
            let left = scope.spawn(|| leave(&folder, &discard(), None));
            while !left.is_finished() {
                told.go_on(&folder, &[4; 32], 0, |_| {}).unwrap();
                thread::sleep(Duration::from_millis(20));
            }
            left.join().unwrap()
        });
        assert_eq!(taken.unwrap(), Taken::Told);
        let is_there = |path: &PathBuf| path.exists();
        assert!(told.files.len() == 1 && told.files.iter().all(is_there), "{:?}", told.files);
        told.taken_up(1).unwrap();
        assert_eq!(fs::read_dir(place(&folder)).unwrap().count(), 0);
    }
}
