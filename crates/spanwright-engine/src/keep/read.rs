//! The journal as a person looks at it: lists, one message with its whole trail, dead letters by cause, counts.
//!
//! Opens the file for reading only, also while an engine in another process writes it; each answer is of one moment.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, Result};
use spanwright_core::alert::AlertRow;
use spanwright_core::deploy::{Standing, source::Past};
use spanwright_core::fact::{
    Backlog, Chore, GateRow, ListFilter, Listed, Moment, PlanBundle, PlanId, Print, RunFile, RunId, Shown, StoppedBundle, StoppedFilter,
    StoppedRun, StoreFault,
};

use super::{CodeOf, OpenFault, ask::Ask, events::Events, fault::fault_of, memory::Loose, names::Names, records::Records, schema};

mod at_system;
mod causes;
mod copy;
mod deploy;
mod list;
mod newest;
mod show;
#[cfg(test)]
mod tests;

pub use causes::Cause;
pub use copy::{CopyFault, Verified};

/// Messages that one correlation id shows.
pub const SHOWN_MOST: usize = 100;

/// Looks at a journal.
pub struct Look {
    connection: Connection,
    path: PathBuf,
    code_of: CodeOf,
}

/// What to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// The message with this id.
    Message(u128),
    /// The run with this number.
    Run(RunId),
    /// All with this correlation id.
    Correlation(String),
}

/// Runs by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Somebody works on them.
    pub active: u64,
    /// They wait for a due time.
    pub held: u64,
    /// Done.
    pub done: u64,
    /// There was nothing to do.
    pub skipped: u64,
    /// Dead letters.
    pub dead: u64,
    /// Dead letters of which nobody knows whether they happened.
    pub uncertain: u64,
    /// Set aside by a person.
    pub discarded: u64,
}

impl Look {
    /// Opens the journal at this path for looking.
    ///
    /// # Errors
    /// [`OpenFault`], in words; [`OpenFault::Absent`] where there is none yet.
    pub fn open(path: &Path, code_of: CodeOf) -> std::result::Result<Look, OpenFault> {
        Ok(Look { connection: schema::open_reader(path)?, path: path.into(), code_of })
    }

    /// Runs that fit, newest first.
    ///
    /// # Errors
    /// [`StoreFault`]
    pub fn list(&self, filter: &ListFilter) -> std::result::Result<Vec<Listed>, StoreFault> {
        self.at_one_moment(|ask| ask.list(filter))
    }

    /// What is asked for with its trail, newest first, at most [`SHOWN_MOST`]; empty where there is none.
    ///
    /// # Errors
    /// [`StoreFault`]
    pub fn show(&self, which: &Which) -> std::result::Result<Vec<Shown>, StoreFault> {
        self.at_one_moment(|ask| ask.show(which))
    }

    /// Dead letters by cause, the most frequent first.
    ///
    /// # Errors
    /// [`StoreFault`]
    pub fn causes(&self, most: usize) -> std::result::Result<Vec<Cause>, StoreFault> {
        self.at_one_moment(|ask| ask.causes(most))
    }

    /// Stopped runs that fit, up to this one, ascending.
    ///
    /// # Errors
    /// [`StoreFault`]
    pub fn stopped(
        &self,
        filter: &StoppedFilter,
        after: RunId,
        upto: RunId,
        most: usize,
    ) -> std::result::Result<Vec<StoppedRun>, StoreFault> {
        self.at_one_moment_for_many(|ask| ask.stopped(filter, after, upto, most))
    }

    /// What of these stopped runs goes again together; see [`Store::bundles`](spanwright_core::fact::Store::bundles).
    ///
    /// # Errors
    /// [`StoreFault`]
    pub fn bundles(&self, runs: &[RunId]) -> std::result::Result<Vec<StoppedBundle>, StoreFault> {
        self.at_one_moment_for_many(|ask| ask.bundles(runs))
    }

    /// Whether a newer state of this run's record went on.
    ///
    /// # Errors
    /// [`StoreFault`]
    pub fn overtaken(&self, run: RunId) -> std::result::Result<bool, StoreFault> {
        self.at_one_moment(|ask| ask.overtaken(run))
    }

    /// Some runs with all that is known of them.
    ///
    /// # Errors
    /// [`StoreFault`]
    pub fn files(&self, runs: &[RunId]) -> std::result::Result<Vec<RunFile>, StoreFault> {
        self.at_one_moment(|ask| ask.files(runs.iter().copied()))
    }

    /// A pinned project.
    ///
    /// # Errors
    /// [`StoreFault`]
    pub fn plan_bundle(&self, plan: PlanId) -> std::result::Result<Option<PlanBundle>, StoreFault> {
        self.at_one_moment(|ask| ask.plan_bundle(plan))
    }

    /// Which plans open messages and dead letters are pinned to.
    ///
    /// # Errors
    /// [`StoreFault`]
    pub fn standing(&self) -> std::result::Result<Vec<Standing>, StoreFault> {
        self.at_one_moment(|ask| ask.standing())
    }

    /// Flows with open messages, and the plans that these are pinned to.
    ///
    /// # Errors
    /// [`StoreFault`]
    pub fn open_under(&self) -> std::result::Result<Vec<(Arc<str>, PlanId)>, StoreFault> {
        self.at_one_moment(|ask| ask.open_under())
    }

    /// What the source of each flow has left.
    ///
    /// # Errors
    /// [`StoreFault`]
    pub fn pasts(&self) -> std::result::Result<Vec<Past>, StoreFault> {
        self.at_one_moment(|ask| ask.pasts())
    }

    /// The environment that ran on it last, empty where that was none; `None` where nobody noted it.
    ///
    /// # Errors
    /// [`StoreFault`]
    pub fn environment(&self) -> std::result::Result<Option<Arc<str>>, StoreFault> {
        self.at_one_moment(|ask| ask.environment())
    }

    /// The highest number of a pinned project; 0 where there is none.
    ///
    /// # Errors
    /// [`StoreFault`]
    pub fn last_plan(&self) -> std::result::Result<PlanId, StoreFault> {
        self.at_one_moment(|ask| ask.last_plan())
    }

    /// The number of a pinned project; `None` where the journal has never seen it.
    ///
    /// # Errors
    /// [`StoreFault`]
    pub fn plan_of(&self, hash: &Print) -> std::result::Result<Option<PlanId>, StoreFault> {
        self.at_one_moment(|ask| ask.plan(hash))
    }

    /// The newest chores, under way or over.
    ///
    /// # Errors
    /// [`StoreFault`]
    pub fn chores(&self, most: usize) -> std::result::Result<Vec<Chore>, StoreFault> {
        self.at_one_moment(|ask| ask.chores(most))
    }

    /// Systems, and flows, that are held, sick, or asked us to wait, as the journal knows them.
    ///
    /// # Errors
    /// [`StoreFault`]
    pub fn gates(&self) -> std::result::Result<Vec<GateRow>, StoreFault> {
        self.at_one_moment(|ask| ask.gates())
    }

    /// What channels were told and that is not over.
    ///
    /// # Errors
    /// [`StoreFault`]
    pub fn alerts(&self) -> std::result::Result<Vec<AlertRow>, StoreFault> {
        self.at_one_moment(|ask| ask.alerts())
    }

    /// How many messages each flow has open.
    ///
    /// # Errors
    /// [`StoreFault`]
    pub fn backlog(&self) -> std::result::Result<Vec<Backlog>, StoreFault> {
        self.at_one_moment(|ask| ask.backlog())
    }

    /// How many there are of each state. Walks over all runs.
    ///
    /// # Errors
    /// [`StoreFault`]
    pub fn counts(&self) -> std::result::Result<Counts, StoreFault> {
        self.at_one_moment(|ask| ask.counts())
    }

    // One read transaction an answer, with the names as they are in it: the writer goes on adding some.
    fn at_one_moment<T>(&self, look: impl FnOnce(Ask<'_>) -> Result<T>) -> std::result::Result<T, StoreFault> {
        let answer = || {
            let moment = self.connection.unchecked_transaction()?;
            let names = Names::load(&moment)?;
            look(Ask { connection: &moment, names: &names, loose: None, code_of: self.code_of })
        };
        answer().map_err(fault_of)
    }

    // Of each of many runs is asked whether it was overtaken: what no index has yet is read once for all of them.
    fn at_one_moment_for_many<T>(&self, look: impl FnOnce(Ask<'_>) -> Result<T>) -> std::result::Result<T, StoreFault> {
        self.at_one_moment(|ask| {
            let (events, records) = (Events::load(ask.connection)?, Records::load(ask.connection)?);
            look(Ask { loose: Some(Loose { events: &events, records: &records }), ..ask })
        })
    }
}

/// A point of a trail: when, what kind, and words.
type Entry = (Moment, &'static str, String);
