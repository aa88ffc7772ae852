//! Whoever waits for the desk's word. Words that are said together go together to the threads that serve those who wait, so
//! that each thread is woken once and not once a word.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use spanwright_core::desk::{WaiterId, Word};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::lanes::Hands;

/// Everybody who waits.
#[derive(Default)]
pub(crate) struct Waiters {
    waiting: Mutex<HashMap<WaiterId, Ear>>,
    /// The threads that serve them.
    lanes: OnceLock<Hands>,
    last: AtomicU64,
    connections: AtomicUsize,
}

/// Where a word is heard: the thread, and who waits there.
struct Ear {
    lane: usize,
    /// `None` once nobody waits there any more.
    to: Option<oneshot::Sender<Word>>,
    /// What the message takes up of the room for bodies, until its word is said: by then it is on the disk.
    place: Option<OwnedSemaphorePermit>,
}

/// A word on its way to who waits for it.
pub(super) struct Said {
    to: oneshot::Sender<Word>,
    word: Word,
}

impl Said {
    /// One who has gone away hears nothing.
    pub(super) fn tell(self) {
        let _gone = self.to.send(self.word);
    }
}

/// Somebody who waits; dropped, it does no more.
pub(super) struct Waiting {
    pub id: WaiterId,
    pub word: oneshot::Receiver<Word>,
    waiters: Arc<Waiters>,
}

impl Waiters {
    /// From now on they are served by these threads.
    pub(super) fn served_by(&self, lanes: Hands) {
        let _again = self.lanes.set(lanes);
    }

    /// Somebody waits, who is served by this thread of the lanes.
    pub(super) fn wait(self: &Arc<Self>, lane: usize, place: Option<OwnedSemaphorePermit>) -> Waiting {
        let id = WaiterId(self.last.fetch_add(1, Ordering::Relaxed) + 1);
        let (to, word) = oneshot::channel();
        self.waiting().insert(id, Ear { lane, to: Some(to), place });
        Waiting { id, word, waiters: self.clone() }
    }

    /// Tells each its word.
    pub(crate) fn answer(&self, words: Vec<(WaiterId, Word)>) {
        let Some(lanes) = self.lanes.get().filter(|_| !words.is_empty()) else { return };
        let mut said: Vec<Vec<Said>> = lanes.each().map(|_| Vec::new()).collect();
        let mut waiting = self.waiting();
        for (id, word) in words {
            if let Some(Ear { lane, to: Some(to), .. }) = waiting.remove(&id) {
                said[lane].push(Said { to, word });
            }
        }
        drop(waiting);
        said.into_iter().enumerate().filter(|(_, said)| !said.is_empty()).for_each(|(lane, said)| lanes.tell(lane, said));
    }

    /// Connections that are open.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Acquire)
    }

    pub(super) fn connected(&self) -> Connected<'_> {
        self.connections.fetch_add(1, Ordering::AcqRel);
        Connected(self)
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<WaiterId, Ear>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut waiting = self.waiters.waiting();
        // Of who has gone away the message is here yet.
        match waiting.get_mut(&self.id) {
            Some(ear) if ear.place.is_some() => ear.to = None,
            Some(_) => drop(waiting.remove(&self.id)),
            None => {}
        }
    }
}

/// A connection, counted while it is open.
pub(super) struct Connected<'w>(&'w Waiters);

impl Drop for Connected<'_> {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::AcqRel);
    }
}
