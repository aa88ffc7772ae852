//! What we may touch, and who may come in: what is not named is not read, not written, not asked for, and a refusal is seen.

use std::collections::BTreeMap;

use spanwright_engine::keep::turned_away;
use spanwright_world::{Answer, Hostile};

use crate::{
    doors::Client,
    trial::{Trial, read_folder, until, wait},
};

const SCHEMA: &str = "openapi: 3.0.3
info: { title: shop, version: '1' }
paths:
  /people:
    get:
      operationId: people
      responses: { '200': { description: ok, content: { application/json: { schema: { type: array, items: { $ref: '#/components/schemas/Person' } } } } } }
    post:
      operationId: putPerson
      requestBody: { content: { application/json: { schema: { $ref: '#/components/schemas/Person' } } } }
      responses: { '200': { description: ok } }
components:
  schemas:
    Person:
      type: object
      required: [id, name]
      properties: { id: { type: string }, name: { type: string }, pin: { type: string } }
      additionalProperties: { type: string }
";

const SHOP: &str = "system: shop
rest: schemas/shop.yaml
url: \"${SHOP_URL}\"
retry: { tries: 1 }
may: { call: [people, putPerson], read: [Person.id, Person.name], write: [Person.id, Person.name] }
operations: { people: { safe: true } }
";

/// Every person is put back as it was read, with a key that only shows when it runs.
const COPIES: &str = "flow: copies
from: { poll: shop.people, every: 1h, each: '.', key: .id }
steps:
  - { send: shop.putPerson, body: '. + { (.name): \"1\" }' }
";

fn trial(shop: &Hostile, flows: &[(&str, &str)]) -> Trial {
    let project = "project: rights\nlisten: { http: \"127.0.0.1:0\" }\nvars: { SHOP_URL: { about: the shop }, KEY: { about: a key, secret: true } }\n";
    let mut files = BTreeMap::from([
        ("spanwright.yaml".to_string(), project.as_bytes().to_vec()),
        ("systems/shop.yaml".into(), SHOP.as_bytes().to_vec()),
        ("schemas/shop.yaml".into(), SCHEMA.as_bytes().to_vec()),
    ]);
    files.extend(flows.iter().map(|(name, text)| (format!("flows/{name}.yaml"), text.as_bytes().to_vec())));
    let mut trial = Trial::of(files);
    trial.variables.extend([("SHOP_URL".into(), shop.url()), ("KEY".into(), "a-key-of-somebody".into())]);
    trial
}

fn everything_kept(trial: &Trial) -> Vec<u8> {
    let mut files = BTreeMap::new();
    read_folder(trial.folder.path(), trial.folder.path(), &mut files);
    files.into_values().flatten().chain(trial.log_text().into_bytes()).collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn what_may_not_be_read_is_nowhere_and_what_may_not_be_written_is_not_sent() {
    let people = r#"[{"id":"1","name":"name","pin":"4711-of-ada"},{"id":"2","name":"salary","pin":"0815-of-bob","extra":"spare"}]"#;
    let shop = Hostile::start(vec![Answer::json(200, people), Answer::json(200, "{}")]);
    let trial = trial(&shop, &[("copies", COPIES)]);
    let ended = trial.once();
    assert_eq!((ended.state.counters.delivered, ended.state.counters.dead.clone()), (1, BTreeMap::from([("R0039", 1)])));
    let sent: Vec<String> = shop.received().iter().filter(|request| request.method == "POST").map(|request| request.text()).collect();
    assert_eq!(sent, [r#"{"id":"1","name":"1"}"#], "the other one was sent to nobody");
    let kept = everything_kept(&trial);
    assert!(holds(&kept, "putPerson.salary") && holds(&kept, "may not be written at `shop`"), "the refusal is seen, with its field");
    for withheld in ["4711-of-ada", "0815-of-bob", "spare"] {
        assert!(!holds(&kept, withheld), "{withheld} was kept");
    }
}

#[test]
fn who_is_not_let_in_is_seen_with_the_reason_and_neither_body_nor_secret_is_kept() {
    let shop = Hostile::start(vec![Answer::json(200, "{}")]);
    let flow = "flow: orders
from:
  http: POST /orders
  clients:
    a: { basic: { user: a, password: \"${KEY}\" } }
    b: { basic: { user: b, password: \"${KEY}\" }, ip: [ 10.0.0.0/8 ] }
    c: { basic: { user: c, password: \"${KEY}\" }, rate: 1/h }
steps: [ { fail: '\"never\"' } ]
";
    let trial = trial(&shop, &[("orders", flow)]);
    let running = trial.start(false);
    let client = Client { to: running.address().unwrap() };
    let (body, basic) =
        (r#"{"card":"4012-8888"}"#, ["YTphLWtleS1vZi1zb21lYm9keQ==", "YjphLWtleS1vZi1zb21lYm9keQ==", "YzphLWtleS1vZi1zb21lYm9keQ=="]);
    let ask = |user: usize| client.post("/orders", &[&format!("authorization: Basic {}", basic[user])], body).status;
    assert_eq!(client.post("/orders", &["authorization: Basic bm9ib2R5Om5vdGhpbmc="], body).status, 401);
    assert_eq!((ask(1), ask(2), ask(2)), (403, 202, 429));
    assert_eq!(client.post("/a-key-of-somebody", &[], body).status, 404);
    assert!(client.raw(b"POST /orders HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999999\r\n\r\n").contains(" 413 "));
    assert!(client.raw(b"POST /orders HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}").contains(" 400 "));
    until(&running, "the one that came in is over", |state| state.standing.open == 0 && state.counters.taken == 1);
    running.stop();
    wait(running);
    let kept = turned_away(&trial.store_path()).unwrap();
    let mut seen: Vec<(&str, &str, u16)> = kept.iter().map(|one| (one.door.as_str(), one.code.as_str(), one.status)).collect();
    seen.sort_unstable();
    let orders = |code, status| ("orders", code, status);
    let expected =
        [("", "R0020", 404), ("", "R0022", 400), orders("R0024", 413), orders("R0035", 401), orders("R0036", 403), orders("R0037", 429)];
    assert_eq!(seen, expected);
    let refused = kept.iter().find(|one| one.code == "R0036").unwrap();
    assert_eq!((refused.asked.as_str(), refused.from.as_str()), ("POST /orders", "127.0.0.1"));
    assert_eq!(refused.body.as_ref().map(|(bytes, _)| *bytes), Some(body.len() as u64));
    assert_eq!(trial.lines("request-refused").len(), 6);
    let files = std::fs::read(trial.folder.path().join("journal.db.refused")).unwrap();
    for secret in ["4012-8888", "a-key-of-somebody", basic[1]] {
        assert!(!holds(&files, secret) && !holds(trial.log_text().as_bytes(), secret), "{secret}");
    }
}
