//! What a person wants of a journal that a running engine has: left as a file beside it, and taken up by that engine.
//!
//! A file is written whole under its name or not at all, and is removed once the engine was told. An engine that ends
//! in between finds it at its next start; told twice, a replay or a discard changes nothing.

use std::{
    fs, io,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use spanwright_core::{
    desk::Order,
    fact::{Fact, Moment, PlanId, RunId},
};

use super::folder::Folder;

/// How long is waited for the engine to take it up.
const PATIENCE: Duration = Duration::from_secs(5);
/// Runs that one order names.
pub const RUNS_MOST: usize = 10_000;
/// Bytes of a file that is taken for an order.
const BYTES_MOST: u64 = 1 << 20;

/// What is to become of stopped runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errand {
    /// Which.
    pub runs: Vec<RunId>,
    /// Who wants it.
    pub by: String,
    /// What.
    pub what: What,
}

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// They go on under today's plan.
    Replay,
    /// They are set aside, for this reason.
    Discard(String),
}

impl Errand {
    /// As the desk is told.
    pub fn order(self) -> Order {
        let (runs, by) = (self.runs, self.by.into());
        match self.what {
            What::Replay => Order::Replay { runs, by },
            What::Discard(reason) => Order::Discard { runs, by, reason: reason.into() },
        }
    }

    /// As it is written where no engine has the journal.
    pub fn facts(&self, plan: PlanId, at: Moment) -> Vec<Fact> {
        let by: std::sync::Arc<str> = self.by.as_str().into();
        let fact = |run: &RunId| match &self.what {
            What::Replay => Fact::Reopened { run: *run, plan, at, by: by.clone(), over_newer: false },
            What::Discard(reason) => Fact::Discarded { run: *run, at, by: by.clone(), reason: reason.as_str().into() },
        };
        self.runs.iter().map(fact).collect()
    }

    fn text(&self) -> String {
        let runs: Vec<String> = self.runs.iter().map(|run| run.0.to_string()).collect();
        let line = |text: &str| text.replace(['\n', '\r'], " ");
        let (word, reason) = match &self.what {
            What::Replay => ("replay", String::new()),
            What::Discard(reason) => ("discard", line(reason)),
        };
        format!("{word}\n{}\n{}\n{reason}\n", line(&self.by), runs.join(" "))
    }

    fn parse(text: &str) -> Option<Errand> {
        let mut lines = text.lines();
        let (word, by, runs) = (lines.next()?, lines.next()?.to_string(), lines.next()?);
        let runs = runs.split(' ').map(|run| run.parse().ok().map(RunId)).collect::<Option<Vec<_>>>()?;
        let what = match word {
            "replay" => What::Replay,
            "discard" => What::Discard(lines.next()?.to_string()),
            _ => return None,
        };
        Some(Errand { runs, by, what })
    }
}

/// Leaves it for the engine that has the journal, and waits until it was taken up.
///
/// # Errors
/// It cannot be written, or nobody takes it up.
pub fn leave(folder: &Folder, errand: &Errand) -> anyhow::Result<()> {
    let orders = place(folder);
    fs::create_dir_all(&orders).with_context(|| format!("making `{}`", orders.display()))?;
    let name = format!("{}-{}", super::journal::now().0, std::process::id());
    let (draft, path) = (orders.join(format!("{name}.draft")), orders.join(format!("{name}.order")));
    fs::write(&draft, errand.text()).and_then(|()| fs::rename(&draft, &path)).with_context(|| format!("writing `{}`", path.display()))?;
    let began = Instant::now();
    while path.exists() {
        if began.elapsed() > PATIENCE {
            fs::remove_file(&path).ok();
            bail!("another process has the journal, and does not take up orders: is it stopped, or a `spanwright demo`?");
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// What was left since the last time. A file that is no order is set aside with another ending, and named.
///
/// # Errors
/// The folder cannot be read.
pub fn take(folder: &Folder) -> io::Result<Vec<Errand>> {
    let entries = match fs::read_dir(place(folder)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "order"));
    paths.sort();
    let mut errands = Vec::new();
    for path in paths {
        let small = fs::metadata(&path)?.len() <= BYTES_MOST;
        match Errand::parse(&if small { fs::read_to_string(&path).unwrap_or_default() } else { String::new() }) {
            Some(errand) => {
                errands.push(errand);
                fs::remove_file(&path)?;
            }
            None => fs::rename(&path, path.with_extension("refused"))?,
        }
    }
    Ok(errands)
}

fn place(folder: &Folder) -> PathBuf {
    folder.state().join("orders")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(what: What) {
        let errand = Errand { runs: vec![RunId(1), RunId(42)], by: "ada".into(), what };
        assert_eq!(Errand::parse(&errand.text()), Some(errand));
    }

    #[test]
    fn an_errand_comes_back_from_its_file() {
        check(What::Replay);
        check(What::Discard("a test record, see ticket 7".into()));
    }

    #[test]
    fn what_is_left_is_taken_once_and_what_is_no_order_is_set_aside() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::at(temporary.path());
        fs::create_dir_all(place(&folder)).unwrap();
        let errand = Errand { runs: vec![RunId(7)], by: "ada".into(), what: What::Replay };
        fs::write(place(&folder).join("1.order"), errand.text()).unwrap();
        fs::write(place(&folder).join("2.order"), "dance\n").unwrap();
        assert_eq!(take(&folder).unwrap(), [errand]);
        assert_eq!(take(&folder).unwrap(), []);
        assert!(place(&folder).join("2.refused").exists());
    }
}
