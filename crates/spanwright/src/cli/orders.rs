//! What a person wants of a journal that a running engine has: left as a file beside it, and taken up by that engine.
//!
//! A file is written whole under its name or not at all, and is removed once the engine has on disk what it says. An engine
//! that ends in between finds it at its next start, and to be told twice does no harm. It names the project that its author
//! saw: an engine that runs another one sets it aside, since what would be sent is not what was shown.

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

/// How long is waited for the engine to take it up.
const PATIENCE: Duration = Duration::from_secs(5);
/// A clock that runs ahead by less than this was not set back.
const AHEAD_LEAST: Duration = Duration::from_secs(1);
/// Bytes of a file that is taken for an order: a message's body may be in it.
const BYTES_MOST: u64 = 40 << 20;

/// The print of a project's files.
pub type Hash = [u8; 32];

/// Leaves it for the engine that has the journal, and waits until it was taken up.
///
/// # Errors
/// It cannot be written, nobody takes it up, or the engine runs another project than `project`.
pub fn leave(folder: &Folder, order: &Order, project: Option<Hash>) -> anyhow::Result<()> {
    let orders = place(folder);
    fs::create_dir_all(&orders).with_context(|| format!("making `{}`", orders.display()))?;
    let name = format!("{}-{}", super::journal::now().0, std::process::id());
    let path = orders.join(format!("{name}.order"));
    write(&orders.join(format!("{name}.draft")), &path, &paper::text(order, project))?;
    let began = Instant::now();
    while path.exists() {
        if began.elapsed() > PATIENCE {
            fs::remove_file(&path).ok();
            bail!("another process has the journal, and does not take up orders: is it stopped, or a `spanwright demo`?");
        }
        thread::sleep(Duration::from_millis(20));
    }
    let refused = refused(&path);
    if refused.exists() {
        fs::remove_file(&refused).ok();
        bail!("the running engine was started with another project than the folder holds now: restart it, then say it again");
    }
    Ok(())
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
    /// The folder cannot be read.
    pub fn go_on(&mut self, folder: &Folder, running: &Hash, kept: u64, mut tell: impl FnMut(Order)) -> io::Result<()> {
        self.taken_up(kept)?;
        for (path, order) in left(folder, running, &self.files)? {
            tell(order);
            self.files.push_back(path);
        }
        Ok(())
    }

    /// Removes what is on disk: `kept` of all that were told.
    ///
    /// # Errors
    /// A file cannot be removed.
    pub fn taken_up(&mut self, kept: u64) -> io::Result<()> {
        let more = usize::try_from(kept.saturating_sub(self.kept)).unwrap_or(usize::MAX).min(self.files.len());
        for path in self.files.drain(..more) {
            fs::remove_file(&path)?;
        }
        self.kept = self.kept.max(kept);
        Ok(())
    }
}

/// What was left and is not among the `known`. A file that is no order, or means another project than `running`, is set aside
/// with another ending.
///
/// # Errors
/// The folder cannot be read.
fn left(folder: &Folder, running: &Hash, known: &VecDeque<PathBuf>) -> io::Result<Vec<(PathBuf, Order)>> {
    let entries = match fs::read_dir(place(folder)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "order") && !known.contains(path));
    paths.sort();
    let mut orders = Vec::new();
    for path in paths {
        let small = fs::metadata(&path)?.len() <= BYTES_MOST;
        match paper::order(&if small { fs::read_to_string(&path).unwrap_or_default() } else { String::new() }) {
            Some((order, project)) if project.is_none_or(|project| project == *running) => {
                orders.push((path, order));
            }
            Some(_) | None => fs::rename(&path, refused(&path))?,
        }
    }
    Ok(orders)
}

fn refused(path: &Path) -> PathBuf {
    path.with_extension("refused")
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
        assert!(["1", "4"].iter().all(|name| place(&folder).join(format!("{name}.order")).exists()), "until it is on disk");
        assert_eq!(go_on(1), 2);
        assert!(!place(&folder).join("1.order").exists() && place(&folder).join("4.order").exists());
        assert_eq!(go_on(2), 2);
        assert!(!place(&folder).join("4.order").exists());
        assert!(["2", "3"].iter().all(|name| place(&folder).join(format!("{name}.refused")).exists()));
    }
}
