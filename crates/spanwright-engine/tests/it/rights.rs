//! What we may touch, and who may come in: what is not named is not read, not written, not asked for, and a refusal is seen.

use std::collections::BTreeMap;

use spanwright_engine::keep::turned_away;
use spanwright_world::{Answer, Hostile};

use crate::{
    doors::{Client, signed},
    hostile::broker::{Given, greets_a_reader, greets_a_sender, is_sent_one, linger, say, serve},
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

/// What nobody here may see.
const WITHHELD: [&str; 4] = ["4711-of-ada", "0815-of-bob", "0333-of-cat", "0444-of-dan"];

/// Two systems of files and two of queues, each with one field that may be read and one that may be written, and webhooks.
fn beyond_http(shop: &Hostile, broker_that_gives: u16, broker_that_takes: u16) -> Trial {
    let may = |operation: &str| format!("may: {{ call: [{operation}], read: [{operation}.id], write: [{operation}.id] }}\n");
    let systems = [
        (
            "folder",
            format!(
                "files:\nurl: \"${{ROOT}}\"\n{}operations: {{ in: {{ folder: in, format: csv, rows: schemas/row.json }} }}\n",
                may("in")
            ),
        ),
        ("shelf", format!("files:\nurl: \"${{ROOT}}\"\n{}operations: {{ out: {{ folder: out, format: jsonl }} }}\n", may("out"))),
        (
            "gives",
            format!(
                "amqp:\nurl: \"amqp://127.0.0.1:{broker_that_gives}\"\n{}operations: {{ jobs: {{ queue: jobs, schema: schemas/row.json }} }}\n",
                may("jobs")
            ),
        ),
        (
            "takes",
            format!("amqp:\nurl: \"amqp://127.0.0.1:{broker_that_takes}\"\n{}operations: {{ jobs: {{ queue: jobs }} }}\n", may("jobs")),
        ),
        (
            "hook",
            format!(
                "http:\nurl: \"${{SHOP_URL}}\"\nauth: {{ hmac: {{ secret: \"${{KEY}}\" }} }}\n{}operations: {{ push: {{ post: /push }} }}\n",
                may("push")
            ),
        ),
        (
            "pay",
            "http:\nwebhooks: { preset: standard, path: /in/pay, secret: \"${KEY}\" }\nmay: { read: [event.id, event.name] }\n".to_string(),
        ),
    ];
    // What comes is sent on to each, with a key that only shows when it runs.
    let sends = |targets: &[&str]| -> String {
        targets.iter().map(|to| format!("  - {{ send: {to}, body: '. + {{ (.name // \"id\"): .id }}' }}\n")).collect()
    };
    let flows = [
        ("rows", "from: { files: folder.in, every: 50ms, settle: 0s }\nsteps: [ { send: shelf.out } ]\n".to_string()),
        ("jobs", "from: { queue: gives.jobs }\nsteps: [ { send: shelf.out } ]\n".to_string()),
        ("paid", format!("from: {{ webhook: pay }}\nsteps:\n{}", sends(&["shelf.out", "takes.jobs", "hook.push"]))),
    ];
    let row = r#"{ "type": "object", "required": ["id"], "properties": { "id": { "type": "string", "maxLength": 3 }, "pin": { "type": "string" } } }"#;
    let project = "project: rights\nlisten: { http: \"127.0.0.1:0\" }\nvars: { SHOP_URL: { about: the shop }, ROOT: { about: folders }, KEY: { about: a key, secret: true } }\n";
    let mut files = BTreeMap::from([("spanwright.yaml".to_string(), project.as_bytes().to_vec()), ("schemas/row.json".into(), row.into())]);
    let quick = "retry: { tries: 1 }\n";
    files.extend(systems.map(|(name, text)| (format!("systems/{name}.yaml"), format!("system: {name}\n{quick}{text}").into_bytes())));
    files.extend(flows.map(|(name, text)| (format!("flows/{name}.yaml"), format!("flow: {name}\n{text}").into_bytes())));
    let mut trial = Trial::of(files);
    let root = trial.folder.path().join("root");
    std::fs::create_dir_all(root.join("in")).unwrap();
    std::fs::create_dir_all(root.join("out")).unwrap();
    trial.variables.extend([
        ("SHOP_URL".into(), shop.url()),
        ("KEY".into(), HOOK_SECRET.into()),
        ("ROOT".into(), root.to_str().unwrap().into()),
    ]);
    trial
}

const HOOK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[test]
fn files_queues_and_webhooks_are_read_and_written_no_further_than_we_may() {
    let shop = Hostile::start(vec![Answer::json(200, "{}")]);
    // One as it should be, and one that breaks its schema: the fault and the raw body quote it.
    let given = [(1, "j-1", &br#"{"id":"3","pin":"0333-of-cat"}"#[..]), (2, "j-2", &br#"{"id":"too long","pin":"0444-of-dan"}"#[..])];
    let given: Vec<u8> = given.iter().flat_map(|(tag, id, body)| Given { tag: *tag, id, body, ..Given::default() }.bytes()).collect();
    let gives = serve(
        Box::new(move |stream| {
            say(stream, &[greets_a_reader(), given].concat());
            linger(stream);
        }),
        linger,
    );
    let sent = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = sent.clone();
    let takes = serve(
        Box::new(move |stream| {
            say(stream, &greets_a_sender());
            while is_sent_one(stream) {
                let n = counted.fetch_add(1, std::sync::atomic::Ordering::AcqRel) + 1;
                say(stream, &crate::hostile::broker::confirms(80, u8::try_from(n).unwrap()));
            }
        }),
        linger,
    );
    let trial = beyond_http(&shop, gives, takes);
    let root = trial.folder.path().join("root");
    std::fs::write(root.join("in/a.csv"), "id,pin\n1,4711-of-ada\n2222,0815-of-bob\n").unwrap();
    let running = trial.start(false);
    let (client, now) = (Client { to: running.address().unwrap() }, trial.clock.now().0 / 1_000_000);
    // One with a name that becomes a key which nobody may write, and one without.
    for (id, body) in [("w-1", r#"{"id":"5","pin":"4711-of-ada"}"#), ("w-2", r#"{"id":"6","name":"salary","pin":"0815-of-bob"}"#)] {
        let headers = signed(HOOK_SECRET, id, now, body);
        assert_eq!(client.post("/in/pay", &headers.iter().map(String::as_str).collect::<Vec<_>>(), body).status, 202);
    }
    // Of files and queues one row each and one bad one; of two webhooks, three sends each.
    until(&running, "all have ended", |state| state.counters.taken == 6 && state.standing.open == 0);
    running.stop();
    let counters = wait(running).state.counters;
    assert_eq!(counters.dead, BTreeMap::from([("R0013", 1), ("R0015", 1), ("R0039", 1)]), "{}", trial.log_text());
    // What may be written went out, once to each; the other webhook to none of the three.
    let pushed: Vec<String> = shop.received().iter().map(|request| request.text()).collect();
    assert_eq!((pushed, sent.load(std::sync::atomic::Ordering::Acquire)), (vec![r#"{"id":"5"}"#.to_string()], 1));
    let mut written = BTreeMap::new();
    read_folder(&root.join("out"), &root, &mut written);
    let rows: Vec<u8> = written.iter().filter(|(name, _)| name.ends_with(".jsonl")).flat_map(|(_, bytes)| bytes.clone()).collect();
    assert_eq!(rows.iter().filter(|byte| **byte == b'\n').count(), 3, "{}", String::from_utf8_lossy(&rows));
    let kept: Vec<u8> = {
        std::fs::remove_dir_all(root.join("in")).unwrap();
        everything_kept(&trial)
    };
    for system in ["shelf", "takes", "hook"] {
        assert!(holds(&kept, &format!("may not be written at `{system}`")), "the refusal is seen, at {system}");
    }
    for withheld in WITHHELD {
        assert!(!holds(&kept, withheld), "{withheld} was kept");
    }
}
