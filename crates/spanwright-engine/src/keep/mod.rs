//! The journal on SQLite: what is in here survives a power cut, and nothing is answered before it is.
//!
//! One file, one writer, one commit is one transaction and one sync. [`Keep`] is the [`Store`]: [`pen`] writes facts,
//! [`ask`] answers the engine's questions. [`Writer`] is the thread that owns it and lets waiting commits share a
//! sync; [`Checkpoints`] brings home beside it what it wrote, and [`Memory`] is what it need not ask the file for.
//! [`Look`] reads the same file for a person, beside a running engine. SQL is written in this folder only.
//!
//! What always holds:
//! - Every question is a range of an index or a look-up by number, also with ten million finished runs in the file.
//! - A log that was damaged, and a journal that is gone, are told before SQLite opens the file: it would begin anew.
//! - A full disk takes nothing back and loses nothing; any other fault below SQL ends the process.
//! - Ids are never used again where they are named outside of their row.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior, config::DbConfig};
use spanwright_core::alert::Trouble;
use spanwright_core::fact::{
    Fact, Forget, InLine, Letter, Moment, Old, Opening, PlanBundle, PlanId, Print, Receipt, RunFile, RunId, StoppedBundle, StoppedFilter,
    StoppedRun, Store, StoreFault, Tally, Turn,
};
use spanwright_shape::text::Code;
use std::sync::Arc;

mod ask;
mod checkpoints;
mod correlation;
mod events;
mod fault;
mod filing;
#[cfg(unix)]
mod largest_file;
mod lock;
mod marks;
mod memory;
mod names;
mod numbers;
mod pen;
mod place;
mod read;
mod records;
mod room;
mod schema;
#[cfg(test)]
mod tests;
mod tidy;
mod turned_away;
mod wal;
mod writer;

pub use fault::OpenFault;
pub use marks::{CRASHES_MOST, Hand, Marks, RUNS_AT_ONCE_MOST, Suspects, UNMARKED_BYTES_MOST};
#[cfg(test)]
pub(crate) use place::beside;
pub use read::{Cause, CopyFault, Counts, Look, Verified, Which};
pub use room::{RESERVE_BYTES_MOST, RESERVE_PERCENT, Room};
pub(crate) use turned_away::append;
pub use turned_away::{TURNED_AWAY_BYTES_MOST, TurnedAway, turned_away};
pub use writer::{Doubt, FULL_RETRY, Hurry, Kept, Retention, WRITER_JOBS_MOST, Word, Writer, WriterHandle, Written};

use checkpoints::Checkpoints;
use fault::fault_of;
use lock::Lock;
use memory::Memory;
use pen::Pen;
use place::Place;

/// The code of an id that lies in the journal; a general one for an id that this edition does not know.
pub type CodeOf = fn(&str) -> &'static Code;

/// The store on SQLite.
pub struct Keep {
    // Goes before the connection beside which it works.
    checkpoints: Checkpoints,
    connection: Connection,
    memory: Memory,
    code_of: CodeOf,
    broom: tidy::Broom,
    place: Place,
    /// It failed for another reason than want of room.
    is_broken: bool,
    _lock: Lock,
}

impl Keep {
    /// Opens the journal at this path for this process alone; makes it where there is none.
    ///
    /// # Errors
    /// [`OpenFault`], in words.
    pub fn open(path: &Path, code_of: CodeOf) -> Result<Keep, OpenFault> {
        Keep::open_with(path, code_of, schema::checkpoint_pages(path))
    }

    fn open_with(path: &Path, code_of: CodeOf, checkpoint_pages: u32) -> Result<Keep, OpenFault> {
        #[cfg(unix)]
        largest_file::is_outlived();
        let lock = Lock::take(path)?;
        let mut connection = schema::open_writer(path)?;
        let unusable = |error: rusqlite::Error| fault::unusable(path, &error);
        let memory = Memory::load(&connection).map_err(unusable)?;
        let checkpoints = Checkpoints::start(path, &mut connection, checkpoint_pages)?;
        let place = Place::of(path);
        Ok(Keep { checkpoints, connection, memory, code_of, broom: tidy::Broom::default(), place, is_broken: false, _lock: lock })
    }

    /// Notes the environment that runs on it; empty where that is none.
    ///
    /// # Errors
    /// [`StoreFault`]
    pub fn runs_in(&mut self, environment: &str) -> Result<(), StoreFault> {
        if self.asked(|ask| ask.environment())?.as_deref() == Some(environment) {
            return Ok(());
        }
        let note = "INSERT OR REPLACE INTO meta (name, value) VALUES ('environment', ?1)";
        self.written(|connection, _| connection.execute(note, [environment]).map(drop))
    }

    fn written<T>(&mut self, write: impl FnOnce(&Connection, &mut Memory) -> rusqlite::Result<T>) -> Result<T, StoreFault> {
        self.is_trusted()?;
        // What failed is sorted before the transaction is taken back.
        let kept: Result<T, StoreFault> = (|| {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fault_of)?;
            let answer = write(&transaction, &mut self.memory).map_err(fault_of)?;
            transaction.commit().map_err(fault_of)?;
            Ok(answer)
        })();
        match &kept {
            Ok(_) => self.memory.keep(),
            Err(_) => self.memory.forget(),
        }
        if let (Ok(_), Some(gone)) = (&kept, self.place.gone()) {
            return Err(StoreFault::Broken(format!(
                "`{}` was removed or replaced while it was in use: what is written to it now, nobody finds again. What was kept before is in \
                 the file that was taken away; put it back, or a backup (`spanwright backup` makes them), and start again",
                gone.display()
            )));
        }
        if matches!(kept, Err(StoreFault::Full)) {
            self.checkpoints.bring_home(&self.connection);
        }
        let kept = self.is_trusted().and(kept);
        self.is_broken |= matches!(kept, Err(StoreFault::Broken(_)));
        kept
    }

    /// Of a log that could not be brought home nothing more is: the next process does it, from its beginning.
    fn is_trusted(&self) -> Result<(), StoreFault> {
        self.checkpoints.fault().map_or(Ok(()), |fault| Err(StoreFault::Broken(fault.into())))
    }

    fn asked<T>(&self, ask: impl FnOnce(ask::Ask<'_>) -> rusqlite::Result<T>) -> Result<T, StoreFault> {
        ask(ask::Ask { connection: &self.connection, names: &self.memory.names, loose: Some(self.memory.loose()), code_of: self.code_of })
            .map_err(fault_of)
    }
}

impl Drop for Keep {
    fn drop(&mut self) {
        if self.is_broken || self.is_trusted().is_err() {
            // Whoever closes the file last would bring the rest of the log home, and take it away.
            let _stays = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        }
    }
}

impl Store for Keep {
    fn commit(&mut self, facts: &[Fact]) -> Result<Vec<Receipt>, StoreFault> {
        if facts.is_empty() {
            return Ok(Vec::new());
        }
        self.written(|connection, memory| {
            let mut pen = Pen::take(connection, memory)?;
            let mut receipts = Vec::new();
            for (at, fact) in facts.iter().enumerate() {
                pen.comes_to(facts, at)?;
                receipts.extend(pen.write(fact)?);
            }
            drop(pen);
            memory.file(connection)?;
            Ok(receipts)
        })
    }

    fn opening(&mut self) -> Result<Opening, StoreFault> {
        let boot = self.written(|connection, _| {
            connection.query_row("UPDATE meta SET value = value + 1 WHERE name = 'boot' RETURNING value", [], |row| row.get(0))
        })?;
        self.asked(|ask| ask.opening(boot))
    }

    fn plan(&mut self, plan: &PlanBundle) -> Result<PlanId, StoreFault> {
        if let Some(known) = self.asked(|ask| ask.plan(&plan.hash))? {
            return Ok(known);
        }
        self.written(|connection, _| {
            connection
                .execute("INSERT INTO plan (hash, bundle, language) VALUES (?1, ?2, ?3)", (plan.hash, &plan.bundle, plan.language))?;
            Ok(PlanId(connection.last_insert_rowid()))
        })
    }

    fn plan_bundle(&mut self, plan: PlanId) -> Result<Option<PlanBundle>, StoreFault> {
        self.asked(|ask| ask.plan_bundle(plan))
    }

    fn active(&mut self, flow: &str, after: RunId, most: usize) -> Result<Vec<RunFile>, StoreFault> {
        self.asked(|ask| ask.active(flow, after, most))
    }

    fn due(&mut self, queue: &str, from: Turn, now: Moment, most: usize) -> Result<(Vec<RunFile>, Option<Turn>), StoreFault> {
        self.asked(|ask| ask.due(queue, from, now, most))
    }

    fn runs(&mut self, runs: &[RunId]) -> Result<Vec<RunFile>, StoreFault> {
        self.asked(|ask| ask.files(runs.iter().copied()))
    }

    fn sent(&mut self, keys: &[(Arc<str>, Arc<str>)]) -> Result<Vec<Option<Print>>, StoreFault> {
        self.asked(|ask| ask.sent(keys))
    }

    fn overtaken(&mut self, run: RunId) -> Result<bool, StoreFault> {
        self.asked(|ask| ask.overtaken(run))
    }

    fn letter(&mut self, message: u128) -> Result<Option<Letter>, StoreFault> {
        self.asked(|ask| ask.letter(message))
    }

    fn deaths(&mut self, flow: &str, since: Moment, most: usize) -> Result<Vec<Moment>, StoreFault> {
        self.asked(|ask| ask.deaths(flow, since, most))
    }

    fn is_within_a_round(&mut self, flow: &str) -> Result<bool, StoreFault> {
        self.asked(|ask| ask.is_within_a_round(flow))
    }

    fn in_line(&mut self, flow: &str) -> Result<Vec<InLine>, StoreFault> {
        self.asked(|ask| ask.in_line(flow))
    }

    fn stopped(&mut self, filter: &StoppedFilter, after: RunId, upto: RunId, most: usize) -> Result<Vec<StoppedRun>, StoreFault> {
        self.asked(|ask| ask.stopped(filter, after, upto, most))
    }

    fn bundles(&mut self, runs: &[RunId]) -> Result<Vec<StoppedBundle>, StoreFault> {
        self.asked(|ask| ask.bundles(runs))
    }

    fn troubles(&mut self, stuck: u32, most: usize) -> Result<Vec<Trouble>, StoreFault> {
        self.asked(|ask| ask.troubles(stuck, most))
    }

    fn tally(&mut self, flow: &str, upto: RunId) -> Result<Option<Tally>, StoreFault> {
        self.asked(|ask| ask.tally(flow, upto))
    }

    fn old(&mut self, what: Forget, after: RunId, before: Moment, window: usize) -> Result<Old, StoreFault> {
        self.asked(|ask| ask.old(what, after, before, window))
    }

    fn tidy(&mut self, now: Moment, before: Moment) -> Result<bool, StoreFault> {
        let mut broom = std::mem::take(&mut self.broom);
        let swept = self.written(|connection, _| broom.sweep(connection, now, before));
        self.broom = broom;
        let more = swept?;
        // Outside of the transaction: giving pages back is one of its own.
        Ok(tidy::give_back(&self.connection).map_err(fault_of)? || more)
    }

    fn give_room(&mut self) {
        self.checkpoints.shorten(&self.connection);
    }
}
