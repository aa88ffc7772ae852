//! Work on many stopped runs at once that outlives a restart: replay, or discard.
//!
//! A chore is a filter and how far it has come, by run number. Each slice of it is one commit: what is done to the
//! runs, and the chore's new place. So a crash between two slices loses nothing and repeats nothing.

use std::{collections::HashSet, sync::Arc};

use super::{Moment, RunId};
use crate::settings::Rate;

/// Chores that are over and of which it is remembered that they were begun.
pub const CHORES_REMEMBERED_MOST: usize = 1_000;
/// Stopped runs that go again together, at most: all that shared a request under one key, or did with one of them.
pub const BUNDLE_RUNS_MOST: usize = 10_000;

/// A chore; its number is the moment at which it was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChoreId(pub i64);

/// A chore as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Chore {
    /// Its number.
    pub id: ChoreId,
    /// What is done to each run.
    pub what: ChoreKind,
    /// To which runs.
    pub filter: StoppedFilter,
    /// No run behind this one: what stops later is not meant.
    pub upto: RunId,
    /// How many in which time.
    pub rate: Rate,
    /// Who wants it.
    pub by: Arc<str>,
    /// Every run up to this one was seen to.
    pub at: RunId,
    /// Runs that it was done to.
    pub done: u64,
    /// Runs that were left as they are: a newer state of their record went on, their flow is gone, or they stopped after it was begun.
    pub left: u64,
    /// Where it stands.
    pub phase: ChorePhase,
}

/// What a chore does to each run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChoreKind {
    /// It goes on under the plan of the day.
    Replay {
        /// Also where a newer state of its record went on.
        over_newer: bool,
        /// Also without those that it went with under one key, where they cannot come along: it may be done twice.
        apart: bool,
    },
    /// It is set aside.
    Discard {
        /// Why.
        reason: Arc<str>,
    },
}

/// Where a chore stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChorePhase {
    /// Under way.
    Open,
    /// At its end.
    Done,
    /// A person cancelled it.
    Cancelled,
}

/// Which stopped runs; what is not said does not count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoppedFilter {
    /// Of this flow.
    pub flow: Option<Arc<str>>,
    /// At this step.
    pub node: Option<Arc<str>>,
    /// For this reason (a code).
    pub reason: Option<Arc<str>>,
    /// About this record.
    pub key: Option<Arc<str>>,
    /// With this correlation id.
    pub correlation: Option<Arc<str>>,
}

/// A stopped run, as a chore sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoppedRun {
    /// Which.
    pub run: RunId,
    /// Its flow.
    pub flow: Arc<str>,
    /// When it stopped.
    pub at: Moment,
    /// A newer state of its record went on, so this one may not go over it.
    pub overtaken: bool,
}

/// Stopped runs that went in one request under one key, or shared one with another of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoppedBundle {
    /// Those that are known, ascending.
    pub runs: Vec<StoppedRun>,
    /// All that went together has stopped, and is here: it can go again as it went.
    pub whole: bool,
}

/// Of stopped runs those that are opened again: each that may be, and with it the others of its bundle. What went in one request
/// under one key goes again as it went, or none of it does; `apart`: or each for itself, under another key.
///
/// The first are `runs`, in their order, and behind them the others that come along.
pub fn that_go<'s>(
    runs: &'s [StoppedRun],
    bundles: &'s [StoppedBundle],
    apart: bool,
    may: impl Fn(&StoppedRun) -> bool,
) -> Vec<Opened<'s>> {
    let mut known: HashSet<RunId> = runs.iter().map(|run| run.run).collect();
    let meant = bundles.iter().filter(|bundle| bundle.runs.iter().any(|run| known.contains(&run.run)));
    let (go, stay): (Vec<_>, Vec<_>) = meant.partition(|bundle| bundle.whole && bundle.runs.iter().all(&may));
    let stays: HashSet<RunId> = stay.into_iter().flat_map(|bundle| &bundle.runs).map(|run| run.run).collect();
    let each = runs.iter().map(|run| Opened { run, apart: stays.contains(&run.run) });
    let mut opened: Vec<Opened<'_>> = each.filter(|one| may(one.run) && (apart || !one.apart)).collect();
    let others: Vec<_> = go.into_iter().flat_map(|bundle| &bundle.runs).filter(|run| known.insert(run.run)).collect();
    opened.extend(others.into_iter().map(|run| Opened { run, apart: false }));
    opened
}

/// A stopped run that is opened again.
#[derive(Clone, Copy, Debug)]
pub struct Opened<'s> {
    /// Which.
    pub run: &'s StoppedRun,
    /// Without those that it went with under one key.
    pub apart: bool,
}

/// A run that a commit opens again, as its journal finds it.
#[derive(Clone, Debug)]
pub struct Reopening {
    /// Which.
    pub run: RunId,
    /// It goes without the others.
    pub apart: bool,
    /// It stays: it is open or was seen to, or a newer state went on meanwhile.
    pub stays: bool,
    /// What it went in with others.
    pub glues: Vec<i64>,
}

/// Which of those that one commit opens again stay after all. What was asked for together was whole when somebody looked; where one
/// of it stays, by what happened since, all of it does, and what else went with that.
pub fn that_stay(opens: &[Reopening]) -> HashSet<RunId> {
    let mut stay: HashSet<RunId> = opens.iter().filter(|one| one.stays).map(|one| one.run).collect();
    loop {
        let glues: HashSet<i64> = opens.iter().filter(|one| stay.contains(&one.run)).flat_map(|one| one.glues.iter().copied()).collect();
        let known = stay.len();
        stay.extend(opens.iter().filter(|one| !one.apart && one.glues.iter().any(|glue| glues.contains(glue))).map(|one| one.run));
        if stay.len() == known {
            return stay;
        }
    }
}

impl Chore {
    /// A chore that begins now.
    pub fn begin(what: ChoreKind, filter: StoppedFilter, upto: RunId, rate: Rate, by: Arc<str>, now: Moment) -> Chore {
        Chore { id: ChoreId(now.0), what, filter, upto, rate, by, at: RunId(0), done: 0, left: 0, phase: ChorePhase::Open }
    }

    /// Whether a person asked for one run only.
    pub fn is_of_one(&self) -> bool {
        self.upto.0 - self.at.0 <= 1
    }
}
