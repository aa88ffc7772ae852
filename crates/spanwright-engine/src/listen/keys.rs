//! Published key sets of token issuers: fetched where a token needs one, kept, and fetched again no sooner than it may be.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use spanwright_core::{connector::HttpRequest, door::Keys, fact::Moment};

use crate::{clock::Clock, wire::Http};

/// A set is fetched again no sooner: whoever makes tokens up must not make us ask for ever.
pub const AGAIN_LEAST: Duration = Duration::from_secs(30);
/// A set is fetched again at the latest.
pub const KEPT_MOST: Duration = Duration::from_secs(3600);
/// Bytes of a set.
pub const SET_BYTES_MOST: usize = 1 << 20;
/// Time for one fetch.
const FETCH_TIME_MOST: Duration = Duration::from_secs(10);

/// The sets, by their address.
pub(super) struct KeySets {
    wire: Arc<Http>,
    clock: Arc<Clock>,
    sets: Mutex<HashMap<String, Set>>,
    /// One fetch of a set at a time: whoever comes meanwhile finds its result. An issuer that is slow keeps nobody else's
    /// senders waiting.
    fetching: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

#[derive(Clone)]
struct Set {
    /// The last good one.
    text: Option<Arc<str>>,
    asked: Moment,
}

impl KeySets {
    pub(super) fn new(wire: Arc<Http>, clock: Arc<Clock>) -> KeySets {
        KeySets { wire, clock, sets: Mutex::default(), fetching: Mutex::default() }
    }

    /// Fetches a set, unless that was done just now. A fetch that fails leaves the last good one.
    pub(super) async fn fetch(&self, url: &str) {
        let alone = self.fetching.lock().unwrap_or_else(PoisonError::into_inner).entry(url.to_string()).or_default().clone();
        let _alone = alone.lock().await;
        if !self.may_be_asked_again(url) {
            return;
        }
        let accept = (Arc::from("accept"), b"application/jwk-set+json, application/json".to_vec());
        let request = HttpRequest { headers: vec![accept], ..HttpRequest::new("GET", url) };
        let mut reply = self.wire.exchange(request, FETCH_TIME_MOST).await;
        let text = match reply.heard() {
            spanwright_core::connector::Heard::Http { status: 200, body, .. } => {
                let mut text = String::new();
                let read = std::io::Read::read_to_string(&mut std::io::Read::take(body, SET_BYTES_MOST as u64), &mut text);
                read.is_ok().then(|| Arc::from(text))
            }
            _ => None,
        };
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        let set = sets.entry(url.to_string()).or_insert(Set { text: None, asked: Moment(0) });
        set.asked = self.clock.now();
        set.text = text.or(set.text.take());
    }

    fn known(&self, url: &str) -> Option<Set> {
        self.sets.lock().unwrap_or_else(PoisonError::into_inner).get(url).cloned()
    }
}

impl Keys for KeySets {
    fn set(&self, url: &str) -> Option<Arc<str>> {
        let set = self.known(url)?;
        let old = self.clock.now().since(set.asked) > KEPT_MOST;
        set.text.filter(|_| !old)
    }

    fn may_be_asked_again(&self, url: &str) -> bool {
        self.known(url).is_none_or(|set| self.clock.now().since(set.asked) >= AGAIN_LEAST)
    }
}
