//! A till that does what it is asked once a key. Its ledger is on the disk before it answers.
//!
//! A line `asked` for each request that it read, a line `did` for what it did. Now and then it is busy, or cuts the connection
//! behind what it did: whoever asked then knows nothing. `GET /changes` tells numbers that grow with the time.

use std::{
    collections::HashSet,
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::REFUSED_EACH;
use crate::{
    ledger::{Flush, Ledger, Lines},
    server::{Answers, Asked, Reply, Server},
};

const JSON: &str = "application/json";
/// Changes of one answer.
const PAGE: u64 = 200;

/// How a till starts.
#[derive(Clone, Debug)]
pub struct TillSettings {
    /// Where what happened is written.
    pub ledger: PathBuf,
    /// Changes that it tells in the end.
    pub changes: u64,
    /// All of them have happened after this time.
    pub changes_within: Duration,
    /// It is busy at each so manieth request.
    pub busy_each: u64,
    /// It cuts each so manieth request behind what it did.
    pub cut_each: u64,
}

/// A running till; dropped, it stops.
pub struct Till {
    /// The base URL.
    pub url: String,
    state: Arc<State>,
    _server: Server,
}

struct State {
    settings: TillSettings,
    ledger: Ledger,
    began: Instant,
    away: AtomicBool,
    now: Mutex<Now>,
}

#[derive(Default)]
struct Now {
    calls: u64,
    keys: HashSet<String>,
}

impl Till {
    /// Starts on a port of loopback.
    ///
    /// # Errors
    /// The ledger cannot be opened, or there is no port.
    pub fn start(settings: TillSettings) -> io::Result<Till> {
        let ledger = Ledger::open(&settings.ledger, Flush::Disk)?;
        let state = Arc::new(State { settings, ledger, began: Instant::now(), away: AtomicBool::new(false), now: Mutex::default() });
        let server = Server::start("till", Arc::clone(&state) as Arc<dyn Answers>)?;
        Ok(Till { url: server.url(), state, _server: server })
    }

    /// Answers 503 to everything, or no longer.
    pub fn be_away(&self, away: bool) {
        self.state.away.store(away, Ordering::Release);
    }
}

impl Answers for State {
    fn answer(&self, asked: &Asked) -> Reply {
        if self.away.load(Ordering::Acquire) {
            return said(503, "away");
        }
        match (asked.method.as_str(), asked.path.trim_start_matches('/')) {
            ("GET", "changes") => self.changes(asked),
            ("POST", operation @ ("take" | "reserve" | "confirm" | "release")) => self.post(operation, asked),
            _ => said(404, "there is no such thing here"),
        }
    }
}

impl State {
    fn changes(&self, asked: &Asked) -> Reply {
        let since: u64 = asked.query.split('&').find_map(|pair| pair.strip_prefix("since=")?.parse().ok()).unwrap_or(0);
        let share = self.began.elapsed().as_secs_f64() / self.settings.changes_within.as_secs_f64().max(0.001);
        let there = (self.settings.changes as f64 * share.min(1.0)) as u64;
        let item = |n| json!({ "id": format!("change-{n}"), "account": "changes", "n": n });
        let items: Vec<Value> = (since + 1..=there.min(since + PAGE)).map(item).collect();
        Reply::new(200, JSON, json!({ "items": items }).to_string())
    }

    fn post(&self, operation: &str, asked: &Asked) -> Reply {
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or(Value::Null);
        let (id, key) = (body["id"].as_str().unwrap_or_default(), asked.header("idempotency-key").unwrap_or_default());
        let (account, n) = (body["account"].as_str().unwrap_or_default(), body["n"].as_u64().unwrap_or_default());
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        now.calls += 1;
        let calls = now.calls;
        let mut lines = Lines::of_call(calls);
        lines.line("asked").text("operation", operation).text("id", id).text("key", key).end();
        let busy = calls.is_multiple_of(self.settings.busy_each);
        let refused = operation == "confirm" && n.is_multiple_of(REFUSED_EACH);
        if !busy && !refused && now.keys.insert(format!("{operation} {key}")) {
            lines.line("did").text("operation", operation).text("id", id).text("account", account).number("n", n).end();
        }
        // Under the lock: the ledger has things in the order in which they happened. Answered when it is on the disk.
        let append = self.ledger.write(&lines);
        drop(now);
        self.ledger.keep(append);
        match (busy, refused) {
            (true, _) => said(503, "busy"),
            (false, true) => said(422, "it is not confirmed"),
            (false, false) => Reply { cut: calls.is_multiple_of(self.settings.cut_each), ..Reply::new(200, JSON, "{}") },
        }
    }
}

fn said(status: u16, title: &str) -> Reply {
    Reply::new(status, JSON, json!({ "title": title }).to_string())
}
