//! The other side of `examples/order-saga`: a shop that has orders, a warehouse, a bank and a carrier, in one server.
//!
//! The warehouse and the carrier honour idempotency keys, the bank's charges know none: whoever asks it twice has paid twice. The
//! carrier refuses some orders for good. Each writes into one honest ledger what it did, and [`tally`] reads from that alone whether each
//! order was either shipped and paid once, or paid back and released once, in this order.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    ledger::{Flush, Ledger, Lines},
    memory::{Known, Memory, print},
    server::{Answers, Asked, Reply, Server},
};

const JSON: &str = "application/json";

/// How a market starts.
#[derive(Clone, Debug)]
pub struct MarketSettings {
    /// Where what happened is written.
    pub ledger: PathBuf,
    /// Orders that the shop has.
    pub orders: u64,
    /// The carrier refuses each so manieth order for good.
    pub refused_each: u64,
    /// After this charge the bank's connection ends without an answer.
    pub cut_at_charge: Option<u64>,
    /// Answers are sent so long after all was done.
    pub answers_after: Duration,
}

impl MarketSettings {
    /// Each third order is refused, one charge is cut; `folder` gets the ledger.
    pub fn lively(folder: &Path, orders: u64) -> MarketSettings {
        let ledger = folder.join("market.jsonl");
        MarketSettings { ledger, orders, refused_each: 3, cut_at_charge: Some(2), answers_after: Duration::from_millis(30) }
    }
}

/// A running market; dropped, it stops.
pub struct Market {
    /// Its base URL.
    pub url: String,
    state: Arc<State>,
    server: Server,
}

struct State {
    settings: MarketSettings,
    ledger: Ledger,
    now: Mutex<Now>,
}

#[derive(Default)]
struct Now {
    calls: u64,
    charges: HashMap<String, u64>,
    charged: u64,
    reserved: HashMap<String, bool>,
    memory: Memory,
}

impl Market {
    /// Starts on a port of loopback.
    ///
    /// # Errors
    /// The ledger cannot be opened, or there is no port.
    pub fn start(settings: MarketSettings) -> io::Result<Market> {
        let ledger = Ledger::open(&settings.ledger, Flush::Each)?;
        let state = Arc::new(State { settings, ledger, now: Mutex::default() });
        let server = Server::start("market", Arc::clone(&state) as Arc<dyn Answers>)?;
        Ok(Market { url: server.url(), state, server })
    }

    /// The variables of the project `order-saga` that lead to this market.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        ["SHOP", "STOCK", "PAY", "CARRIER"]
            .iter()
            .zip(["SHOP_URL", "STOCK_URL", "PAY_URL", "CARRIER_URL"])
            .map(|(part, name)| (name, format!("{}/{}", self.url, part.to_lowercase())))
            .collect()
    }

    /// The file of the ledger.
    pub fn ledger(&self) -> &Path {
        self.state.ledger.path()
    }

    /// What the ledger says so far.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn tally(&self) -> io::Result<MarketTally> {
        tally(self.ledger(), self.state.settings.orders)
    }

    /// Stops it and closes the ledger.
    pub fn stop(self) {
        drop(self.server);
        self.state.ledger.flush();
    }
}

impl Answers for State {
    fn answer(&self, asked: &Asked) -> Reply {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        now.calls += 1;
        let mut lines = Lines::of_call(now.calls);
        let reply = self.route(asked, &mut now, &mut lines);
        // Still under the lock: the ledger has things in the order in which they happened.
        self.ledger.append(&lines);
        Reply { after: self.settings.answers_after, ..reply }
    }
}

impl State {
    fn route(&self, asked: &Asked, now: &mut Now, lines: &mut Lines) -> Reply {
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or(Value::Null);
        let order = body["order"].as_str().unwrap_or_default().to_string();
        match (asked.method.as_str(), asked.path.as_str()) {
            ("GET", "/shop/orders") => self.orders(),
            ("POST", "/stock/reservations") => keyed(asked, now, |now| {
                now.reserved.insert(order.clone(), true);
                lines.line("reserved").text("order", &order).end();
                made(&json!({ "order": order, "shelf": "A7" }))
            }),
            ("DELETE", path) if path.starts_with("/stock/reservations/") => {
                let order = path.rsplit('/').next().unwrap_or_default();
                if now.reserved.insert(order.to_string(), false) == Some(true) {
                    lines.line("released").text("order", order).end();
                }
                Reply::new(204, JSON, "")
            }
            ("POST", "/pay/charges") => self.charge(&order, now, lines),
            ("GET", path) if path.starts_with("/pay/charges/") => {
                let order = path.rsplit('/').next().unwrap_or_default();
                lines.line("asked").text("order", order).end();
                match now.charges.get(order) {
                    Some(id) => Reply::new(200, JSON, json!({ "charge": { "id": format!("ch-{id}") } }).to_string()),
                    None => Reply::new(404, JSON, json!({ "title": "no such charge" }).to_string()),
                }
            }
            ("POST", "/pay/refunds") => keyed(asked, now, |_| {
                lines.line("refunded").text("order", &order).end();
                made(&json!({ "order": order }))
            }),
            ("POST", "/carrier/shipments") => keyed(asked, now, |_| self.ship(&order, lines)),
            ("POST", path) if path.starts_with("/shop/orders/") => keyed(asked, now, |_| {
                let status = body["status"].as_str().unwrap_or_default();
                lines.line("told").text("order", path.split('/').nth(3).unwrap_or_default()).text("status", status).end();
                Reply::new(200, JSON, "{}")
            }),
            _ => Reply::new(404, JSON, json!({ "title": "there is no such thing here" }).to_string()),
        }
    }

    fn orders(&self) -> Reply {
        let order = |n| json!({ "id": format!("o{n}"), "sku": format!("sku-{}", n % 7), "quantity": 1 + n % 3, "cents": 990 + n });
        let orders: Vec<Value> = (1..=self.settings.orders).map(order).collect();
        Reply::new(200, JSON, json!({ "orders": orders }).to_string())
    }

    /// Each call is a charge of its own: this bank knows no keys.
    fn charge(&self, order: &str, now: &mut Now, lines: &mut Lines) -> Reply {
        now.charged += 1;
        now.charges.insert(order.to_string(), now.charged);
        lines.line("charged").text("order", order).end();
        let cut = self.settings.cut_at_charge == Some(now.charged);
        Reply { cut, ..made(&json!({ "charge": { "id": format!("ch-{}", now.charged) } })) }
    }

    fn ship(&self, order: &str, lines: &mut Lines) -> Reply {
        let number: u64 = order.trim_start_matches('o').parse().unwrap_or(0);
        if number.is_multiple_of(self.settings.refused_each) {
            lines.line("refused").text("order", order).end();
            return Reply::new(422, JSON, json!({ "title": "we do not deliver to this address" }).to_string());
        }
        lines.line("shipped").text("order", order).end();
        made(&json!({ "tracking": format!("T{number:06}") }))
    }
}

fn made(answer: &Value) -> Reply {
    Reply::new(201, JSON, answer.to_string())
}

/// The same key with the same body gets the same answer, and nothing happens again.
fn keyed(asked: &Asked, now: &mut Now, act: impl FnOnce(&mut Now) -> Reply) -> Reply {
    let Some(key) = asked.header("idempotency-key").map(str::to_owned) else {
        return Reply::new(400, JSON, json!({ "title": "Idempotency-Key is missing" }).to_string());
    };
    let print = print(&asked.body);
    match now.memory.recall(&key, print) {
        Known::Answered(answer) => Reply::new(201, JSON, answer),
        Known::OtherBody => Reply::new(422, JSON, json!({ "title": "this Idempotency-Key came with another body before" }).to_string()),
        Known::New => {
            let reply = act(now);
            if reply.status < 300 {
                now.memory.remember(&key, print, reply.body.clone());
            }
            reply
        }
    }
}

/// What the ledger says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MarketTally {
    /// Orders that were reserved, charged and shipped, each once, and nothing undone.
    pub shipped: u64,
    /// Orders that were reserved and charged, then refunded and released, each once and in this order.
    pub undone: u64,
    /// All others, each with what happened.
    pub wrong: Vec<String>,
    /// Questions after charges whose outcome nobody knew.
    pub asked: u64,
}

/// Reads a ledger: what became of each of so many orders.
///
/// # Errors
/// It cannot be read, or has a line that is no JSON.
pub fn tally(ledger: &Path, orders: u64) -> io::Result<MarketTally> {
    let mut happened: BTreeMap<u64, Vec<String>> = (1..=orders).map(|n| (n, Vec::new())).collect();
    let mut tally = MarketTally::default();
    for line in BufReader::new(File::open(ledger)?).lines() {
        let line: Value = serde_json::from_str(&line?)?;
        let what = line["what"].as_str().unwrap_or_default();
        match what {
            "asked" => tally.asked += 1,
            "refused" | "told" => {}
            what => {
                let number = line["order"].as_str().and_then(|order| order.trim_start_matches('o').parse().ok()).unwrap_or(0);
                happened.entry(number).or_default().push(what.to_owned());
            }
        }
    }
    for (number, what) in happened {
        match what.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["reserved", "charged", "shipped"] => tally.shipped += 1,
            ["reserved", "charged", "refunded", "released"] => tally.undone += 1,
            _ => tally.wrong.push(format!("o{number}: {}", if what.is_empty() { "nothing".to_owned() } else { what.join(", ") })),
        }
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn told(lines: &[(&str, &str)]) -> MarketTally {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("market.jsonl");
        let ledger = Ledger::open(&path, Flush::Each).unwrap();
        for (what, order) in lines {
            let mut out = Lines::of_call(1);
            out.line(what).text("order", order).end();
            ledger.append(&out);
        }
        tally(&path, 1).unwrap()
    }

    #[test]
    fn one_line_too_many_or_too_few_is_wrong() {
        let whole = [("reserved", "o1"), ("charged", "o1"), ("refunded", "o1"), ("released", "o1")];
        assert_eq!(told(&whole), MarketTally { undone: 1, ..MarketTally::default() });
        for without in 0..4 {
            let mut lines = whole.to_vec();
            lines.remove(without);
            assert_eq!(told(&lines).wrong.len(), 1, "{lines:?}");
            let mut twice = whole.to_vec();
            twice.push(whole[without]);
            assert_eq!(told(&twice).wrong.len(), 1, "{twice:?}");
        }
    }

    #[test]
    fn the_order_of_undoing_counts() {
        let swapped = [("reserved", "o1"), ("charged", "o1"), ("released", "o1"), ("refunded", "o1")];
        assert_eq!(told(&swapped).wrong, ["o1: reserved, charged, released, refunded"]);
    }
}
