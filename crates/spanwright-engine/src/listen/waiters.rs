//! Whoever waits for the desk's word.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use spanwright_core::desk::{WaiterId, Word};
use tokio::sync::oneshot;

/// Everybody who waits.
#[derive(Default)]
pub(crate) struct Waiters {
    waiting: Mutex<HashMap<WaiterId, oneshot::Sender<Word>>>,
    last: AtomicU64,
    connections: AtomicUsize,
}

/// Somebody who waits; dropped, it does no more.
pub(super) struct Waiting {
    pub id: WaiterId,
    pub word: oneshot::Receiver<Word>,
    waiters: Arc<Waiters>,
}

impl Waiters {
    pub(super) fn wait(self: &Arc<Self>) -> Waiting {
        let id = WaiterId(self.last.fetch_add(1, Ordering::Relaxed) + 1);
        let (to, word) = oneshot::channel();
        self.waiting().insert(id, to);
        Waiting { id, word, waiters: self.clone() }
    }

    /// Tells a waiter; one who has gone away hears nothing.
    pub(crate) fn answer(&self, id: WaiterId, word: Word) {
        let to = self.waiting().remove(&id);
        if let Some(to) = to {
            let _gone = to.send(word);
        }
    }

    /// Connections that are open.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Acquire)
    }

    pub(super) fn connected(&self) -> Connected<'_> {
        self.connections.fetch_add(1, Ordering::AcqRel);
        Connected(self)
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<WaiterId, oneshot::Sender<Word>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.waiters.waiting().remove(&self.id);
    }
}

/// A connection, counted while it is open.
pub(super) struct Connected<'w>(&'w Waiters);

impl Drop for Connected<'_> {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::AcqRel);
    }
}
