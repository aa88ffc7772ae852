//! Readers of large pages wait here until the desk has what they read on disk.

use std::{
    collections::HashMap,
    ops::ControlFlow,
    sync::{
        Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
};

use spanwright_core::desk::CallId;

/// Who waits, and the way to each.
#[derive(Default)]
pub(super) struct Readers {
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    waiting: HashMap<CallId, Sender<ControlFlow<()>>>,
    /// The clerk has gone: nobody will say anything any more.
    closed: bool,
}

/// One reader; dropped, it has read.
pub(super) struct Reader<'r> {
    readers: &'r Readers,
    call: CallId,
    way: Receiver<ControlFlow<()>>,
}

impl Readers {
    pub(super) fn enter(&self, call: CallId) -> Reader<'_> {
        let (sender, way) = channel();
        let mut inside = self.inside();
        if !inside.closed {
            inside.waiting.insert(call, sender);
        }
        drop(inside);
        Reader { readers: self, call, way }
    }

    /// Tells a reader to go on, or to break off.
    pub(super) fn tell(&self, call: CallId, way: ControlFlow<()>) {
        if let Some(reader) = self.inside().waiting.get(&call) {
            // A reader who is gone needs no answer.
            let _ = reader.send(way);
        }
    }

    /// Whether somebody is in the middle of a page of which a piece was shown: what is on disk may still have to be said to the
    /// other side.
    pub(super) fn is_reading(&self) -> bool {
        !self.inside().waiting.is_empty()
    }

    /// Everybody breaks off, and whoever comes later does.
    pub(super) fn let_go(&self) {
        let mut inside = self.inside();
        (inside.closed, inside.waiting) = (true, HashMap::new());
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader<'_> {
    /// Waits until what was read is on disk, or nobody is there who would say so.
    pub(super) fn wait(&self) -> ControlFlow<()> {
        self.way.recv().unwrap_or(ControlFlow::Break(()))
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        self.readers.inside().waiting.remove(&self.call);
    }
}
