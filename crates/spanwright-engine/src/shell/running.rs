//! A running engine, held by whoever started it.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::Receiver,
    },
    thread::JoinHandle,
};

use spanwright_core::desk::{Event, Order};

use super::{
    clerk::{Inbox, Word},
    over::{STOP_TIME_MOST, Why},
    state::{Shared, State},
    workers::Workers,
};
use crate::{
    clock::Clock,
    keep::{Hurry, Writer},
};

/// How the engine is told to stop; a signal pulls it too. Pulled twice, nobody waits any more.
///
/// On a full disk the clerk may be held up by the journal's line, and hears nothing. So the journal is told as well until when room
/// is waited for: then it lets go of the clerk.
#[derive(Clone)]
pub(super) struct Brake {
    inbox: Inbox,
    journal: Hurry,
    clock: Arc<Clock>,
    pulls: Arc<AtomicUsize>,
}

impl Brake {
    pub(super) fn new(inbox: Inbox, journal: Hurry, clock: Arc<Clock>) -> Brake {
        Brake { inbox, journal, clock, pulls: Arc::new(AtomicUsize::new(0)) }
    }

    pub(super) fn pull(&self) {
        self.pulls.fetch_add(1, Ordering::AcqRel);
        self.inbox.say(Word::Stop);
        let (pulls, clock, by) = (self.pulls.clone(), self.clock.clone(), self.clock.now().after(STOP_TIME_MOST));
        self.journal.wait_while(move || pulls.load(Ordering::Acquire) < 2 && clock.now() < by);
    }
}

/// A running engine. Dropped, it ends at once, as if killed: the journal knows what to do next.
pub struct Running {
    pub(super) inbox: Inbox,
    pub(super) shared: Arc<Shared>,
    pub(super) brake: Brake,
    pub(super) address: Option<SocketAddr>,
    pub(super) ended: Receiver<Why>,
    pub(super) clerk: Option<JoinHandle<()>>,
    pub(super) writer: Option<Writer>,
    pub(super) workers: Option<Workers>,
    pub(super) reactor: Option<tokio::runtime::Runtime>,
}

/// How it ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Why.
    pub why: Why,
    /// How everything stood then.
    pub state: State,
}

impl Running {
    /// Where others reach us.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// How everything stands.
    pub fn state(&self) -> State {
        self.shared.state()
    }

    /// Finishes what is in flight and ends, within [`super::STOP_TIME_MOST`]. Said again, it ends at once.
    pub fn stop(&self) {
        self.brake.pull();
    }

    /// Ends at once.
    pub fn stop_now(&self) {
        self.brake.pull();
        self.brake.pull();
    }

    /// Passes on what a person said: poll now, replay, discard.
    pub fn tell(&self, order: Order) {
        self.inbox.tell(Event::Told(order));
    }

    /// Whether it has ended; [`Running::wait`] returns at once then.
    pub fn is_over(&self) -> bool {
        self.clerk.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Ended {
        self.end()
    }

    fn end(&mut self) -> Ended {
        let why = self.ended.recv();
        let why = why.unwrap_or_else(|_| Why::Broken("the desk's thread ended in a panic, which standard error has".into()));
        self.shut();
        Ended { why, state: self.shared.state() }
    }

    fn shut(&mut self) {
        if let Some(clerk) = self.clerk.take() {
            drop(clerk.join());
        }
        if let Some(reactor) = self.reactor.take() {
            reactor.shutdown_background();
        }
        self.workers = None;
        self.writer = None;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.clerk.is_some() {
            self.stop_now();
            self.end();
        }
    }
}
