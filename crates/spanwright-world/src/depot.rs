//! The other side of `examples/nightly-sync`: a database with many records behind pages, and an API far away that takes them one by one
//! or many at once. Each of its answers takes a while, however much was in the request: that is the way there and back.
//!
//! Its ledger has a line a call: when it came, by which endpoint, how many records were in it, and how many of them had not come before.

use std::{
    collections::HashSet,
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    ledger::{Flush, Ledger, Lines},
    server::{Answers, Asked, Reply, Server},
};

const JSON: &str = "application/json";
/// Records of a page of the database.
const PAGE: u64 = 1_000;
/// Records of one bulk request, at most.
const BULK_MOST: usize = 1_000;

/// How a depot starts.
#[derive(Clone, Debug)]
pub struct DepotSettings {
    /// Where what happened is written.
    pub ledger: PathBuf,
    /// Records that the database has.
    pub records: u64,
    /// How long the API's answers take.
    pub latency: Duration,
}

/// A running depot; dropped, it stops.
pub struct Depot {
    /// The base URL.
    pub url: String,
    state: Arc<State>,
    server: Server,
}

struct State {
    settings: DepotSettings,
    ledger: Ledger,
    calls: AtomicU64,
    /// The records that came, by each way.
    seen: Mutex<HashSet<(&'static str, String)>>,
}

impl Depot {
    /// Starts on a port of loopback.
    ///
    /// # Errors
    /// The ledger cannot be opened, or there is no port.
    pub fn start(settings: DepotSettings) -> io::Result<Depot> {
        let ledger = Ledger::open(&settings.ledger, Flush::Full)?;
        let state = Arc::new(State { settings, ledger, calls: AtomicU64::new(0), seen: Mutex::default() });
        let server = Server::start("depot", Arc::clone(&state) as Arc<dyn Answers>)?;
        Ok(Depot { url: server.url(), state, server })
    }

    /// The variables of the project `nightly-sync` that lead to this depot.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        vec![("DATABASE_URL", format!("{}/database", self.url)), ("API_URL", format!("{}/api", self.url))]
    }

    /// What the ledger says so far of one way of sending: `one` or `bulk`.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn tally(&self, what: &str) -> io::Result<SyncTally> {
        self.state.ledger.flush();
        tally(self.state.ledger.path(), what)
    }

    /// Stops it and closes the ledger.
    pub fn stop(self) {
        drop(self.server);
        self.state.ledger.flush();
    }
}

impl Answers for State {
    fn answer(&self, asked: &Asked) -> Reply {
        match (asked.method.as_str(), asked.path.as_str()) {
            ("GET", "/database/records") => self.page(asked),
            ("POST", "/api/records/bulk") => self.bulk(asked),
            (method, path) => match path.strip_prefix("/api/records/").filter(|_| method == "PUT") {
                Some(id) => {
                    self.took("one", &[id.to_string()]);
                    self.late(Reply::new(200, JSON, "{}"))
                }
                None => Reply::new(404, JSON, json!({ "title": "there is no such thing here" }).to_string()),
            },
        }
    }
}

impl State {
    fn page(&self, asked: &Asked) -> Reply {
        let (ids, next) = asked.page(PAGE, self.settings.records);
        let record = |n| json!({ "id": format!("r{n}"), "name": format!("Record number {n}"), "stock": n % 97, "price": (n % 1_000) + 1 });
        let records: Vec<Value> = ids.map(record).collect();
        Reply::new(200, JSON, json!({ "records": records, "next": next }).to_string())
    }

    fn bulk(&self, asked: &Asked) -> Reply {
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or(Value::Null);
        let ids = body["records"].as_array().into_iter().flatten().map(|record| record["id"].as_str().unwrap_or_default().to_string());
        let ids: Vec<String> = ids.collect();
        let count = ids.len();
        if count == 0 || count > BULK_MOST {
            return self.late(Reply::new(422, JSON, json!({ "title": "1 to 1,000 records" }).to_string()));
        }
        self.took("bulk", &ids);
        let results = vec![json!({ "status": 200 }); count];
        self.late(Reply::new(200, JSON, json!({ "results": results }).to_string()))
    }

    fn late(&self, reply: Reply) -> Reply {
        Reply { after: self.settings.latency, ..reply }
    }

    fn took(&self, what: &'static str, ids: &[String]) {
        let new = {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            ids.iter().filter(|id| seen.insert((what, (*id).clone()))).count()
        };
        let mut lines = Lines::of_call(self.calls.fetch_add(1, Ordering::Relaxed) + 1);
        lines.line(what).number("records", ids.len() as u64).number("new", new as u64).end();
        self.ledger.append(&lines);
    }
}

/// What the ledger says of one way of sending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SyncTally {
    /// Calls.
    pub calls: u64,
    /// Records that came in them, each once however often it came.
    pub records: u64,
    /// From the first call to the last.
    pub time: Duration,
}

/// Reads a ledger.
///
/// # Errors
/// It cannot be read, or has a line that is no JSON.
pub fn tally(ledger: &Path, what: &str) -> io::Result<SyncTally> {
    let (mut tally, mut times) = (SyncTally::default(), Vec::new());
    for line in BufReader::new(File::open(ledger)?).lines() {
        let line: Value = serde_json::from_str(&line?)?;
        if line["what"] == what {
            tally.calls += 1;
            tally.records += line["new"].as_u64().unwrap_or_default();
            times.extend(line["at"].as_u64());
        }
    }
    let first_and_last = times.iter().min().zip(times.iter().max());
    tally.time = first_and_last.map_or(Duration::ZERO, |(first, last)| Duration::from_millis(last - first));
    Ok(tally)
}
