//! The thread that owns the store.
//!
//! Commits that wait while another one syncs share the next sync: the group forms by itself. Only what nobody waits for
//! ([`Haste::WithTheNext`]) has no sync of its own, unless nothing else comes for a moment. Questions go through the same
//! line, so an answer always knows of the commits that were handed in before it. A full disk is retried until there is
//! room, and nothing is told of a commit meanwhile, unless somebody has said until when that is waited for ([`Hurry`]); of a
//! broken store nothing is told any more but that.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle, Thread},
    time::Duration,
};

use spanwright_core::{
    desk::{Haste, Ticket},
    fact::{Fact, Receipt, Store, StoreFault},
};

use crate::clock::Patience;

mod job;
mod retention;
#[cfg(test)]
mod tests;

pub use job::Kept;
use job::{Group, Job, Question};
pub use retention::{Doubt, Retention};

/// Jobs that may wait; whoever brings one more is held up.
pub const WRITER_JOBS_MOST: usize = 1024;
/// Facts that share a sync: more would keep the first of them waiting.
pub const GROUP_FACTS_MOST: usize = 4096;
/// How long what nobody waits for stays without a sync, at most.
pub const LINGER_MOST: Duration = Duration::from_millis(10);
/// Between two tries while the disk is full.
pub const FULL_RETRY: Duration = Duration::from_secs(1);

/// What the writer tells of itself.
#[derive(Debug)]
pub enum Word {
    /// These commits, which shared a sync, are durable.
    Kept(Vec<Kept>),
    /// There is no room; told again with each try that fails.
    Full,
    /// There is room again.
    Room,
    /// What is old is not told by the clock for now.
    Doubts(Doubt),
    /// Room is waited for no longer: what is not kept by now, and what comes behind it, is not kept in this life.
    GaveUp,
    /// It cannot be trusted any more: end the process.
    Broken(String),
}

/// How much was written.
#[derive(Debug, Default)]
pub struct Written {
    /// Commits that succeeded; each is one sync.
    pub commits: AtomicU64,
    /// Facts in them.
    pub facts: AtomicU64,
}

/// The thread. Dropped or stopped, it ends once what was handed in is done.
pub struct Writer {
    hand: WriterHandle,
    hurry: Hurry,
    thread: Option<JoinHandle<()>>,
}

/// Whether room is waited for on a full disk.
type Waits = Mutex<Box<dyn Fn() -> bool + Send>>;

/// Says until when the writer waits for room on a full disk; cheap to clone.
#[derive(Clone)]
pub struct Hurry {
    waits: Arc<Waits>,
    thread: Thread,
}

impl Hurry {
    /// From now on room is waited for only while this is so. It is looked at before each wait, and now.
    pub fn wait_while(&self, is_so: impl Fn() -> bool + Send + 'static) {
        *self.waits.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(is_so);
        self.thread.unpark();
    }
}

/// Hands jobs to the writer; cheap to clone.
#[derive(Clone)]
pub struct WriterHandle {
    jobs: SyncSender<Job>,
    written: Arc<Written>,
}

impl Writer {
    /// Starts it. `tell` is called on the writer's thread. Without a `retention` nothing is ever forgotten.
    ///
    /// # Errors
    /// Where the system has no thread left.
    pub fn start(
        store: Box<dyn Store>,
        full_retry: Duration,
        retention: Option<Retention>,
        tell: impl FnMut(Word) + Send + 'static,
    ) -> std::io::Result<Writer> {
        let (jobs, line) = sync_channel(WRITER_JOBS_MOST);
        let (waits, written): (Arc<Waits>, _) = (Arc::new(Mutex::new(Box::new(|| true))), Arc::new(Written::default()));
        let owner = Owner {
            store,
            broken: None,
            waits: waits.clone(),
            gave_up: false,
            written: written.clone(),
            full_retry,
            retention,
            tell: Box::new(tell),
        };
        let thread = thread::Builder::new().name("journal".into()).spawn(move || owner.work(&line))?;
        let hurry = Hurry { waits, thread: thread.thread().clone() };
        Ok(Writer { hand: WriterHandle { jobs, written }, hurry, thread: Some(thread) })
    }

    /// A way to hand in jobs.
    pub fn handle(&self) -> WriterHandle {
        self.hand.clone()
    }

    /// A way to say until when room is waited for.
    pub fn hurry(&self) -> Hurry {
        self.hurry.clone()
    }

    /// Does what was handed in before, then ends. While the disk is full it gives up instead of waiting.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.hurry.wait_while(|| false);
            // Fails only where the thread is gone already.
            let _gone = self.hand.jobs.send(Job::End);
            let _panicked = thread.join();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.end();
    }
}

impl WriterHandle {
    /// Commits these facts, together or not at all, and gives them back as [`Word::Kept`] once they are durable; of what
    /// cannot be kept nothing is told but [`Word::Broken`] or [`Word::GaveUp`]. Waits while [`WRITER_JOBS_MOST`] jobs are in the line.
    pub fn commit(&self, ticket: Ticket, facts: Vec<Fact>, haste: Haste) {
        // Where the writer has ended, so has whoever would hear of it.
        let _gone = self.jobs.send(Job::Commit(ticket, facts, haste));
    }

    /// Asks the store, after everything that was handed in before.
    pub fn ask(&self, question: impl FnOnce(Result<&mut dyn Store, StoreFault>) + Send + 'static) {
        let _gone = self.jobs.send(Job::Ask(Question::new(question)));
    }

    /// How much was written so far.
    pub fn written(&self) -> &Written {
        &self.written
    }
}

/// The writer on its own thread.
struct Owner {
    store: Box<dyn Store>,
    broken: Option<StoreFault>,
    waits: Arc<Waits>,
    gave_up: bool,
    written: Arc<Written>,
    full_retry: Duration,
    retention: Option<Retention>,
    tell: Box<dyn FnMut(Word) + Send>,
}

impl Owner {
    fn work(mut self, line: &Receiver<Job>) {
        let mut next = None;
        while let Some(job) = next.take().or_else(|| self.wait(line)) {
            match job {
                Job::Commit(ticket, facts, haste) => {
                    let mut group = Group::of(ticket, facts, haste);
                    next = gather(line, &mut group);
                    self.commit(group);
                    self.forget(false);
                }
                Job::Ask(question) => question.ask(self.trusted()),
                Job::End => return,
            }
        }
    }

    /// The next job. While nobody hands one in, what is old is forgotten.
    fn wait(&mut self, line: &Receiver<Job>) -> Option<Job> {
        loop {
            let Some(retention) = self.retention.as_ref().filter(|_| self.broken.is_none()) else { return line.recv().ok() };
            match line.recv_timeout(retention.wait()) {
                Ok(job) => return Some(job),
                Err(RecvTimeoutError::Timeout) => self.forget(true),
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    /// A step of the retention, where one may be done now. On a full disk it is tried again later.
    fn forget(&mut self, is_idle: bool) {
        let Some(mut retention) = self.retention.take_if(|retention| retention.wait().is_zero()) else { return };
        match self.trusted().and_then(|store| retention.step(store, is_idle)) {
            Ok(doubt) => doubt.into_iter().for_each(|doubt| (self.tell)(Word::Doubts(doubt))),
            Err(StoreFault::Full) => retention.rest(self.full_retry),
            Err(fault @ StoreFault::Broken(_)) => drop(self.distrust(fault)),
        }
        self.retention = Some(retention);
    }

    fn commit(&mut self, group: Group) {
        // The fault has been told, and ends the process; or it was given up, and what is not kept did not happen.
        let Ok(receipts) = self.durable(&group.facts) else { return };
        self.written.commits.fetch_add(1, Ordering::Relaxed);
        self.written.facts.fetch_add(group.facts.len() as u64, Ordering::Relaxed);
        (self.tell)(Word::Kept(group.kept(receipts)));
    }

    // Tries until there is room, as long as that is waited for. Behind what was given up nothing is kept, since it may rest on that.
    fn durable(&mut self, facts: &[Fact]) -> Result<Vec<Receipt>, StoreFault> {
        let mut was_full = false;
        while !self.gave_up {
            match self.trusted().and_then(|store| store.commit(facts)) {
                Ok(receipts) => {
                    if was_full {
                        (self.tell)(Word::Room);
                    }
                    return Ok(receipts);
                }
                Err(StoreFault::Full) if self.waits() => {
                    was_full = true;
                    (self.tell)(Word::Full);
                    thread::park_timeout(self.full_retry);
                }
                Err(StoreFault::Full) => {
                    self.gave_up = true;
                    (self.tell)(Word::GaveUp);
                }
                Err(fault @ StoreFault::Broken(_)) => return Err(self.distrust(fault)),
            }
        }
        Err(StoreFault::Full)
    }

    fn waits(&self) -> bool {
        let waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        (*waits)()
    }

    fn trusted(&mut self) -> Result<&mut dyn Store, StoreFault> {
        match &self.broken {
            Some(fault) => Err(fault.clone()),
            None => Ok(&mut *self.store),
        }
    }

    // Told once; from then on the store is not touched.
    fn distrust(&mut self, fault: StoreFault) -> StoreFault {
        if let (None, StoreFault::Broken(words)) = (&self.broken, &fault) {
            (self.tell)(Word::Broken(words.clone()));
            self.broken = Some(fault.clone());
        }
        fault
    }
}

/// Adds the commits that wait, up to the first job of another kind, which comes back. Where nobody waits for any of them,
/// it waits a moment for one that somebody waits for.
fn gather(line: &Receiver<Job>, group: &mut Group) -> Option<Job> {
    let mut lingers = None;
    while group.facts.len() < GROUP_FACTS_MOST {
        let job = match line.try_recv() {
            Ok(job) => job,
            Err(_) if group.haste == Haste::Now => return None,
            Err(_) => {
                let lingers = lingers.get_or_insert_with(|| Patience::of(LINGER_MOST));
                line.recv_timeout(lingers.left()).ok()?
            }
        };
        match job {
            Job::Commit(ticket, facts, haste) => group.add(ticket, facts, haste),
            other @ (Job::Ask(_) | Job::End) => return Some(other),
        }
    }
    None
}
