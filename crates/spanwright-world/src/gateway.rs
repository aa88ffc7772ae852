//! The other side of `examples/flash-sale`: a shop with payments to be made, and a payment gateway that has a bad hour.
//!
//! The gateway honours idempotency keys. In the sale it first limits the rate (429), then is overloaded (503), then dies for a while:
//! connections end without an answer, and half of what was asked then had been done before. Its ledger has a line a charge (`charged`) and
//! a line an answer (`answered`, status 0 where there was none); [`tally`] reads from it alone who was charged how often.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{
    ledger::{Flush, Ledger, Lines},
    server::{Answers, Asked, Reply, Server},
};

const JSON: &str = "application/json";
/// Payments of a page of the shop.
const PAGE: u64 = 500;
/// Answers of each kind, at most: a gateway that is held is asked one payment at a time, so each of them takes seconds.
const REFUSALS_MOST: u64 = 40;

/// How a gateway starts.
#[derive(Clone, Debug)]
pub struct GatewaySettings {
    /// Where what happened is written.
    pub ledger: PathBuf,
    /// Payments that the shop has.
    pub payments: u64,
    /// How long it is dead.
    pub dead_for: Duration,
}

/// A running gateway and its shop; dropped, they stop.
pub struct Gateway {
    /// The base URL.
    pub url: String,
    state: Arc<State>,
    server: Server,
}

struct State {
    settings: GatewaySettings,
    ledger: Ledger,
    now: Mutex<Now>,
}

#[derive(Default)]
struct Now {
    calls: u64,
    /// Answers by key.
    answers: HashMap<String, Bytes>,
    limited: u64,
    overloaded: u64,
    dead_until: Option<Instant>,
}

impl Gateway {
    /// Starts on a port of loopback.
    ///
    /// # Errors
    /// The ledger cannot be opened, or there is no port.
    pub fn start(settings: GatewaySettings) -> io::Result<Gateway> {
        let ledger = Ledger::open(&settings.ledger, Flush::Full)?;
        let state = Arc::new(State { settings, ledger, now: Mutex::default() });
        let server = Server::start("gateway", Arc::clone(&state) as Arc<dyn Answers>)?;
        Ok(Gateway { url: server.url(), state, server })
    }

    /// The variables of the project `flash-sale` that lead to this gateway.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        vec![("SHOP_URL", format!("{}/shop", self.url)), ("GATEWAY_URL", format!("{}/gateway", self.url))]
    }

    /// What the ledger says so far.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn tally(&self) -> io::Result<SaleTally> {
        self.state.ledger.flush();
        tally(self.state.ledger.path(), self.state.settings.payments)
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
            ("GET", "/shop/payments") => self.payments(asked),
            ("POST", "/gateway/payments") => self.pay(asked),
            ("POST", "/shop/alerts") => Reply::new(200, JSON, "{}".to_string()),
            _ => Reply::new(404, JSON, json!({ "title": "there is no such thing here" }).to_string()),
        }
    }
}

impl State {
    fn payments(&self, asked: &Asked) -> Reply {
        let (ids, next) = asked.page(PAGE, self.settings.payments);
        let payment = |n| json!({ "id": format!("p{n}"), "customer": format!("c{n}"), "cents": 1_000 + n % 5_000 });
        let payments: Vec<Value> = ids.map(payment).collect();
        Reply::new(200, JSON, json!({ "payments": payments, "next": next }).to_string())
    }

    fn pay(&self, asked: &Asked) -> Reply {
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or(Value::Null);
        let (customer, key) = (body["customer"].as_str().unwrap_or_default(), asked.header("idempotency-key").unwrap_or_default());
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        now.calls += 1;
        let mut lines = Lines::of_call(now.calls);
        let reply = match self.mood(&mut now) {
            Mood::Limited => Reply { retry_after_seconds: Some(1), ..said(429, "too many payments at once") },
            Mood::Overloaded => said(503, "overloaded"),
            Mood::Dead { after_it_was_done } => {
                if after_it_was_done {
                    charge(key, customer, &mut now, &mut lines);
                }
                Reply { cut: true, ..said(500, "dead") }
            }
            Mood::Well => charge(key, customer, &mut now, &mut lines),
        };
        let status = if reply.cut { 0 } else { reply.status };
        lines.line("answered").text("customer", customer).number("status", u64::from(status)).end();
        self.ledger.append(&lines);
        reply
    }

    /// A sale of ten parts: limited from the second on, overloaded from the fourth, dead from the sixth.
    fn mood(&self, now: &mut Now) -> Mood {
        let tenth = (self.settings.payments / 10).max(1);
        let refusals = (tenth / 4).min(REFUSALS_MOST);
        let charged = now.answers.len() as u64;
        if charged >= tenth && now.limited < refusals {
            now.limited += 1;
            return Mood::Limited;
        }
        if charged >= 3 * tenth && now.overloaded < refusals {
            now.overloaded += 1;
            return Mood::Overloaded;
        }
        if charged >= 5 * tenth {
            let until = *now.dead_until.get_or_insert_with(|| Instant::now() + self.settings.dead_for);
            if Instant::now() < until {
                return Mood::Dead { after_it_was_done: now.calls.is_multiple_of(2) };
            }
        }
        Mood::Well
    }
}

enum Mood {
    Well,
    Limited,
    Overloaded,
    Dead { after_it_was_done: bool },
}

fn said(status: u16, title: &str) -> Reply {
    Reply::new(status, JSON, json!({ "title": title }).to_string())
}

/// The same key is charged once, and gets the same answer.
fn charge(key: &str, customer: &str, now: &mut Now, lines: &mut Lines) -> Reply {
    let charges = now.answers.len() + 1;
    if let Some(answer) = now.answers.get(key) {
        return Reply::new(201, JSON, answer.clone());
    }
    lines.line("charged").text("customer", customer).end();
    let answer = Bytes::from(json!({ "charge": format!("ch-{charges}") }).to_string());
    now.answers.insert(key.to_owned(), answer.clone());
    Reply::new(201, JSON, answer)
}

/// What the ledger says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SaleTally {
    /// Customers who were charged exactly once.
    pub once: u64,
    /// Customers who were charged more than once.
    pub twice: u64,
    /// Customers who were not charged.
    pub missing: u64,
    /// Customers of whom at least one payment was not taken at the first try.
    pub failed: u64,
    /// Of those, the ones that were charged in the end.
    pub recovered: u64,
    /// Calls by what was answered; 0 where there was no answer.
    pub answers: BTreeMap<u64, u64>,
}

/// Reads a ledger.
///
/// # Errors
/// It cannot be read, or has a line that is no JSON.
pub fn tally(ledger: &Path, payments: u64) -> io::Result<SaleTally> {
    let mut customers: HashMap<String, (u64, bool)> = HashMap::new();
    let mut tally = SaleTally::default();
    for line in BufReader::new(File::open(ledger)?).lines() {
        let line: Value = serde_json::from_str(&line?)?;
        let customer = customers.entry(line["customer"].as_str().unwrap_or_default().to_owned()).or_default();
        if line["what"] == "charged" {
            customer.0 += 1;
        } else {
            let status = line["status"].as_u64().unwrap_or_default();
            *tally.answers.entry(status).or_default() += 1;
            customer.1 |= status != 201;
        }
    }
    for (charges, failed) in customers.values() {
        tally.once += u64::from(*charges == 1);
        tally.twice += u64::from(*charges > 1);
        tally.failed += u64::from(*failed);
        tally.recovered += u64::from(*failed && *charges == 1);
    }
    tally.missing = payments.saturating_sub(tally.once + tally.twice);
    Ok(tally)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_second_charge_and_a_missing_one_are_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gateway.jsonl");
        let ledger = Ledger::open(&path, Flush::Each).unwrap();
        let mut lines = Lines::of_call(1);
        for (customer, status) in [("c1", 503), ("c1", 201), ("c2", 201), ("c3", 0)] {
            if status == 201 {
                lines.line("charged").text("customer", customer).end();
            }
            lines.line("answered").text("customer", customer).number("status", status).end();
        }
        lines.line("charged").text("customer", "c2").end();
        ledger.append(&lines);
        let tally = tally(&path, 3).unwrap();
        assert_eq!((tally.once, tally.twice, tally.missing, tally.failed, tally.recovered), (1, 1, 1, 2, 1));
    }
}
