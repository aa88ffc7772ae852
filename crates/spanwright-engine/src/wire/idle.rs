//! Connections that wait for their next request.
//!
//! Servers close idle connections, most after 5 s or more, and a request that crosses such a close has been sent and
//! never answered: nobody knows whether it happened. So a connection is used again only within [`IDLE_TIME_MOST`].

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::SendRequest;
use spanwright_core::fact::Moment;

use super::{connect::Origin, counted::Count};

/// A connection that was idle for longer is not used again.
pub(super) const IDLE_TIME_MOST: Duration = Duration::from_secs(4);
/// Idle connections that are kept for one origin.
const IDLE_MOST: usize = 32;

/// An open connection.
pub(super) struct Line {
    pub(super) sender: SendRequest<Full<Bytes>>,
    pub(super) count: Arc<Count>,
}

/// The connections that wait.
#[derive(Default)]
pub(super) struct Idle {
    waiting: Mutex<HashMap<Origin, Vec<(Line, Moment)>>>,
}

impl Idle {
    /// The one that waited least; the old ones are closed.
    pub(super) fn take(&self, origin: &Origin, now: Moment) -> Option<Line> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = waiting.get_mut(origin)?;
        lines.retain(|(line, since)| !line.sender.is_closed() && now.since(*since) < IDLE_TIME_MOST);
        lines.pop().map(|(line, _)| line)
    }

    /// Keeps one for the next request, where there are not enough.
    pub(super) fn put(&self, origin: Origin, line: Line, now: Moment) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = waiting.entry(origin).or_default();
        lines.retain(|(line, since)| !line.sender.is_closed() && now.since(*since) < IDLE_TIME_MOST);
        if lines.len() < IDLE_MOST && !line.sender.is_closed() {
            lines.push((line, now));
        }
    }
}
