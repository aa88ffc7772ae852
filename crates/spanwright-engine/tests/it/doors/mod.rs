//! What is brought to us over HTTP: kept before it is answered, taken once, replied to, and refused in words.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use spanwright_connect::webhook::{preset, scheme::Encoding};
use spanwright_engine::shell::{Running, Why};
use spanwright_world::{Answer, Hostile};

use crate::trial::{LONG, Trial, until, wait};

mod asked;
mod beneath;
mod hooks;
mod hostile;
mod streams;
mod tls;

pub use hooks::signed;

const PROJECT: &str = "project: shop
listen: { http: \"127.0.0.1:0\" }
vars: { SHOP_URL: { about: the shop } }
";
const SHOP: &str = "system: shop
rest: schemas/shop.yaml
url: \"${SHOP_URL}\"
retry: { tries: 1, first: 10ms, longest: 10ms }
operations:
  place: { post: /orders, key: Idempotency-Key }
";
const SCHEMA: &str = "openapi: 3.0.3\ninfo: { title: shop, version: '1' }\npaths: {}\n";

const HOOKS: &str = "http:
webhooks: { preset: standard, path: /in/pay, secret: [ \"${NEW}\", \"${OLD}\" ] }
";

/// A project with these flows and the system `shop`.
pub fn project(flows: &[(&str, &str)], shop: &Hostile) -> Trial {
    let mut files = BTreeMap::from([
        ("spanwright.yaml".to_string(), PROJECT.as_bytes().to_vec()),
        ("systems/shop.yaml".into(), SHOP.as_bytes().to_vec()),
        ("schemas/shop.yaml".into(), SCHEMA.as_bytes().to_vec()),
    ]);
    files.extend(flows.iter().map(|(name, text)| (format!("flows/{name}.yaml"), text.as_bytes().to_vec())));
    let mut trial = Trial::of(files);
    trial.variables.insert("SHOP_URL".into(), shop.url());
    trial
}

const ORDERS: &str = "flow: orders
from: { http: POST /orders, key: .orderId }
steps:
  - { send: shop.place }
";

const PRICES: &str = "flow: prices
from: { http: \"GET /prices/{sku}\", reply_within: 5s }
steps:
  - reply: { fields: { sku: $path.sku, currency: '$query.currency // \"EUR\"', tenant: '$headers[\"x-tenant\"] // \"none\"' } }
    headers: { x-flow: $meta.flow }
";

const ASKED: &str = "flow: asked
from: { http: POST /asked, once: .id, reply_within: 5s, late: 504 }
steps:
  - { call: shop.place, as: placed }
  - { reply: { fields: { got: $placed.number } }, status: 201 }
";

/// As [`project`], with the secrets of a provider's webhooks.
fn with_hooks(hooks: &str, flows: &[(&str, &str)], shop: &Hostile) -> Trial {
    let mut trial = project(flows, shop);
    trial.edit("spanwright.yaml", "the shop }", "the shop }, NEW: { about: new, secret: true }, OLD: { about: old, secret: true }");
    trial.write("systems/pay.yaml", &format!("system: pay\n{hooks}"));
    trial.variables.extend([("NEW", NEW), ("OLD", OLD)].map(|(name, value)| (name.to_string(), value.to_string())));
    trial
}

const NEW: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const OLD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// One request, one answer, one connection.
pub struct Client {
    pub to: SocketAddr,
}

pub struct Got {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Got {
    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|why| panic!("{why}: {}", self.body))
    }

    /// The problem's code, where the answer is one.
    fn code_if_any(&self) -> String {
        if self.status < 400 { String::new() } else { self.code() }
    }

    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_string()
    }
}

impl Client {
    pub fn of(running: &Running) -> Client {
        Client { to: running.address().expect("it listens") }
    }

    fn open(&self) -> TcpStream {
        let stream = TcpStream::connect(self.to).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream
    }

    /// Sends these bytes and reads to the end.
    pub fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = self.open();
        // Where the server has had enough it may close before it has read all.
        let _closed = stream.write_all(bytes);
        let mut out = Vec::new();
        let _reset = stream.read_to_end(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    pub fn ask(&self, line: &str, headers: &[&str], body: &str) -> Got {
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let length = body.len();
        let text = self
            .raw(format!("{line} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}").as_bytes());
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
        Got { status, head: head.to_ascii_lowercase(), body: body.to_string() }
    }

    pub fn post(&self, path: &str, headers: &[&str], body: &str) -> Got {
        let headers = [&["content-type: application/json"], headers].concat();
        self.ask(&format!("POST {path}"), &headers, body)
    }
}

pub fn stopped(running: Running) {
    running.stop();
    assert_eq!(wait(running).why, Why::Stopped { unheard: 0 });
}
