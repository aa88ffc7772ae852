//! Threads for what takes time to think: evaluating flows, writing requests, reading answers. As many as there are cores.
//!
//! Each has one [`Room`] of its own, cleared after each job, so that values cost no allocation of their own. What waits
//! here is bounded by what the desk has in hand.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
};

use spanwright_shape::room::Room;

/// Threads at most, however many cores there are.
const WORKERS_MOST: usize = 32;

type Job = Box<dyn FnOnce(&mut Room) + Send>;

/// Which jobs go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rank {
    /// Somebody waits on the wire.
    Wire,
    /// Everything else.
    Flow,
}

#[derive(Default)]
struct Waiting {
    wire: VecDeque<Job>,
    flow: VecDeque<Job>,
    closed: bool,
}

#[derive(Default)]
struct Bench {
    waiting: Mutex<Waiting>,
    came: Condvar,
}

impl Bench {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next job; `None` when it is over.
    fn next(&self) -> Option<Job> {
        let mut waiting = self.waiting();
        loop {
            if waiting.closed {
                return None;
            }
            if let Some(job) = waiting.wire.pop_front().or_else(|| waiting.flow.pop_front()) {
                return Some(job);
            }
            waiting = self.came.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Hands jobs to the workers; cheap to clone.
#[derive(Clone)]
pub(crate) struct Hands {
    bench: Arc<Bench>,
}

impl Hands {
    /// Does this on some worker. What waits when they end is not done.
    pub(crate) fn give(&self, rank: Rank, job: impl FnOnce(&mut Room) + Send + 'static) {
        let mut waiting = self.bench.waiting();
        match rank {
            Rank::Wire => waiting.wire.push_back(Box::new(job)),
            Rank::Flow => waiting.flow.push_back(Box::new(job)),
        }
        drop(waiting);
        self.bench.came.notify_one();
    }
}

/// The threads. Dropped, they end after the job that each is at.
pub(super) struct Workers {
    hands: Hands,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    pub(super) fn start() -> std::io::Result<Workers> {
        let bench = Arc::new(Bench::default());
        let count = thread::available_parallelism().map_or(1, usize::from).min(WORKERS_MOST);
        let threads = (0..count)
            .map(|n| {
                let bench = bench.clone();
                thread::Builder::new().name(format!("worker-{n}")).spawn(move || work(&bench))
            })
            .collect::<std::io::Result<_>>()?;
        Ok(Workers { hands: Hands { bench }, threads })
    }

    pub(super) fn hands(&self) -> Hands {
        self.hands.clone()
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.threads.len()
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.hands.bench.waiting().closed = true;
        self.hands.bench.came.notify_all();
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

fn work(bench: &Bench) {
    let mut room = Room::new();
    while let Some(job) = bench.next() {
        // Jobs answer for themselves (see `guarded`); this keeps the thread where one does not.
        drop(catch_unwind(AssertUnwindSafe(|| job(&mut room))));
        room.clear();
    }
}

/// Does something that may end in a panic, which is a fault of ours: `None` then, and only this message suffers.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn a_job_that_panics_takes_no_worker_with_it() {
        let workers = Workers::start().unwrap();
        let (done, answers) = channel();
        for n in 0..workers.count() * 4 {
            let done = done.clone();
            workers.hands().give(Rank::Flow, move |_| {
                assert!(n % 2 == 0, "planted");
                done.send(n).unwrap();
            });
        }
        drop(done);
        assert_eq!(answers.iter().count(), workers.count() * 2);
    }

    #[test]
    fn what_waits_for_the_wire_goes_first() {
        let bench = Arc::new(Bench::default());
        let hands = Hands { bench: bench.clone() };
        let (done, answers) = channel();
        for (rank, name) in [(Rank::Flow, "flow"), (Rank::Wire, "wire")] {
            let done = done.clone();
            hands.give(rank, move |_| done.send(name).unwrap());
        }
        let mut room = Room::new();
        (0..2).for_each(|_| bench.next().unwrap()(&mut room));
        drop((done, hands));
        assert_eq!(answers.try_iter().collect::<Vec<_>>(), ["wire", "flow"]);
    }
}
