//! What came from a queue and was not taken yet: bounded in bytes and in time.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, Sender},
    },
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use super::{super::frame::Properties, Ended, Fault};

/// Bytes of messages that lie here until somebody takes them: then nothing more is read, and the broker waits.
pub const HELD_BYTES_MOST: usize = 32 << 20;
/// How long messages lie here that nobody takes, until they are given back (looked at at each sign of life).
pub const HELD_TIME_MOST: Duration = Duration::from_secs(60);
/// Bytes of a message that it has beside its body.
const BESIDE_BYTES: usize = 512;

/// A message that came.
#[derive(Debug)]
pub struct Delivery {
    pub tag: u64,
    pub redelivered: bool,
    pub exchange: String,
    pub routing_key: String,
    pub properties: Properties,
    /// `None`: it was longer than may be, and was not kept.
    pub body: Option<Vec<u8>>,
    /// What tells it from others then.
    pub print: Option<String>,
}

/// What comes from a queue, for a thread that waits: never more than the prefetch, nor many more bytes than
/// [`HELD_BYTES_MOST`].
pub struct Deliveries {
    pub(super) come: Receiver<Delivery>,
    pub(super) ended: Ended,
    pub(super) held: Arc<Held>,
}

/// Where messages of a queue go.
pub(super) struct Incoming {
    pub to: Sender<Delivery>,
    pub body_bytes_most: u64,
    pub held: Arc<Held>,
}

/// What came and was not taken yet.
pub(super) struct Held {
    /// How long it may lie here.
    most: Duration,
    /// Bytes, and when one was taken last (or the first came).
    state: Mutex<(usize, Instant)>,
    pub taken: Notify,
}

impl Held {
    pub fn nothing(most: Duration) -> Held {
        Held { most, state: Mutex::new((0, Instant::now())), taken: Notify::new() }
    }

    pub fn came(&self, bytes: usize) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.0 == 0 {
            state.1 = Instant::now();
        }
        state.0 += bytes;
    }

    fn took(&self, bytes: usize) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = (state.0.saturating_sub(bytes), Instant::now());
        self.taken.notify_one();
    }

    pub fn bytes(&self) -> usize {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    /// Nobody has taken any for too long.
    pub fn is_forgotten(&self) -> bool {
        let (bytes, last) = *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        bytes > 0 && last.elapsed() > self.most
    }
}

impl Delivery {
    pub(super) fn weight(&self) -> usize {
        self.body.as_ref().map_or(0, Vec::len) + BESIDE_BYTES
    }
}

impl Deliveries {
    /// The next one; `None` where nothing came for so long.
    pub fn next(&mut self, patience: Duration) -> Result<Option<Delivery>, Fault> {
        match self.come.recv_timeout(patience) {
            Ok(delivery) => Ok(Some(self.took(delivery))),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => {
                let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner).clone();
                Err(ended.unwrap_or_else(|| Fault::Broken("the connection was closed".to_string())))
            }
        }
    }

    /// One that is there already.
    pub fn at_hand(&mut self) -> Option<Delivery> {
        let delivery = self.come.try_recv().ok()?;
        Some(self.took(delivery))
    }

    fn took(&self, delivery: Delivery) -> Delivery {
        self.held.took(delivery.weight());
        delivery
    }
}
