//! Each kind of call behind a proxy that misbehaves: whatever was heard of a call, the other side has done each once, and it ends.
//!
//! The batches of a CRM behind it are in the engine's own tests. A queue's connection is one for all that it carries, and has breaks
//! of its own (`queues.rs`).

#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Stdio,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use spanwright_world::{
    Answer, Hostile, Received,
    chaos::{Chaos, Mishap},
};

use crate::project::{Begun, Project, spanwright};

const ORDERS: usize = 8;
/// However it went: a black hole and a slow answer cost a timeout each.
const ENDS_WITHIN: Duration = Duration::from_secs(30);

/// What becomes of every third connection: a call and its question do not meet it in turn for ever.
const MISHAPS: [Mishap; 7] = [
    Mishap::Latency(Duration::from_millis(80)),
    Mishap::Reset,
    Mishap::BlackHole,
    Mishap::CutAfterRequest,
    Mishap::CutInsideAnswer(20),
    Mishap::CutInsideAnswer(100),
    Mishap::SlowLoris(Duration::from_millis(5)),
];

const PROJECT: &str = "project: chaos
vars: { FOLDER: { about: where it reads }, PEER: { about: behind the proxy }, TILL: { about: before no proxy } }
";
const FILES: &str = "from: { files: nas.drops, key: .id, settle: 0s, every: 50ms }\n";
/// An answer is waited for less long than one drips; what fails each third time is no sick message.
const PATIENCE: &str = "url: \"${PEER}\"
limits: { concurrency: 4, timeout: 250ms }
retry: { tries: 100, first: 10ms, longest: 50ms }
breaker: { hold: 50ms, longest: 100ms }
";

/// A kind of call.
struct Kind {
    /// What the peer is, and its operations.
    peer: (&'static str, &'static str),
    /// Where its messages come from, and what is done with each.
    flow: (&'static str, &'static str),
    /// The record that a request does something for, and the key that makes a second one of it no second deed.
    deed: fn(&Received) -> Option<(String, String)>,
    /// What the peer answers, which knows for which records it did something.
    answer: fn(&Received, &BTreeSet<String>) -> Answer,
}

const REST: Kind = Kind {
    peer: ("http:", "{ take: { post: /take, key: Idempotency-Key } }"),
    flow: (FILES, "{ send: peer.take, body: { fields: { id: .id } } }"),
    deed: |request| Some((json_text(request, "/id"), request.header("idempotency-key")?.into())),
    answer: |request, _| Answer::json(200, &format!("{{\"taken\":\"{}\",\"padding\":\"{:>100}\"}}", json_text(request, "/id"), "")),
};

/// A bank that knows no keys: each request to charge charges. It can be asked.
const QUESTION: Kind = Kind {
    peer: (
        "http:",
        "{ charge: { post: /charges, if_unknown: { call: peer.find, with: { id: .id }, take: .id, wait: 300ms } }, \
         find: { get: '/charges/{id}', outcomes: { 404: none } } }",
    ),
    flow: (FILES, "{ send: peer.charge, body: { fields: { id: .id } } }"),
    deed: |request| (request.method == "POST").then(|| (json_text(request, "/id"), format!("{:?}", Instant::now()))),
    answer: |request, done| match request.path.strip_prefix("/charges/") {
        Some(id) if !done.contains(id) => Answer::json(404, "{}"),
        Some(id) => Answer::json(200, &format!("{{\"id\":\"{id}\",\"padding\":\"{:>100}\"}}", "")),
        None => Answer::json(200, &format!("{{\"padding\":\"{:>100}\"}}", "")),
    },
};

const SOAP: Kind = Kind {
    peer: ("soap: schemas/take.wsdl", "{ Take: { key: Key } }"),
    flow: (FILES, "{ call: peer.Take, with: { Id: .id } }"),
    deed: |request| Some((element(request, "Id"), element(request, "Key"))),
    answer: |request, _| {
        let id = element(request, "Id");
        Answer::xml(
            200,
            &format!(
                "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>\
                 <TakeResponse xmlns=\"urn:example:till\"><Id>{id}</Id></TakeResponse></s:Body></s:Envelope>"
            ),
        )
    },
};

const GRAPHQL: Kind = Kind {
    peer: ("graphql: schemas/shop.graphql", "{ create: { query: schemas/create.graphql, key: key } }"),
    flow: (FILES, "{ send: peer.create, with: { sku: .id } }"),
    deed: |request| Some((json_text(request, "/variables/sku"), json_text(request, "/variables/key"))),
    answer: |request, _| {
        let id = json_text(request, "/variables/sku");
        Answer::json(200, &format!("{{\"data\":{{\"createOrder\":{{\"id\":\"{id}\"}}}},\"extensions\":{{\"p\":\"{:>100}\"}}}}", ""))
    },
};

/// What is read comes in pages, each of two; what is done with it is done at a till that no proxy stands before.
const READ: Kind = Kind {
    peer: ("http:", "{ changes: { get: /changes }, look: { get: '/details/{id}' } }"),
    flow: (
        "from: { poll: peer.changes, every: 1h, each: .items, key: .id, pages: { take: .next, into: page } }\n",
        "{ call: peer.look, with: { id: .id }, as: details }\n  - { send: till.take, body: { fields: { id: $details.id } } }",
    ),
    deed: REST.deed,
    answer: |request, _| match request.path.strip_prefix("/details/") {
        Some(id) => Answer::json(200, &format!("{{\"id\":\"{id}\",\"padding\":\"{:>100}\"}}", "")),
        None => page(request.path.split_once("page=").map_or(0, |(_, page)| page.parse().unwrap())),
    },
};

fn page(page: usize) -> Answer {
    let next = if 2 * page + 2 < ORDERS { format!("\"{}\"", page + 1) } else { "null".into() };
    Answer::json(
        200,
        &format!("{{\"items\":[{{\"id\":\"{}\"}},{{\"id\":\"{}\"}}],\"next\":{next},\"p\":\"{:>100}\"}}", 2 * page, 2 * page + 1, ""),
    )
}

fn json_text(request: &Received, pointer: &str) -> String {
    let json: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    json.pointer(pointer).and_then(|value| value.as_str()).unwrap().to_string()
}

/// The text of an element, whatever its prefix.
fn element(request: &Received, name: &str) -> String {
    let text = request.text();
    let (_, behind) = text.split_once(&format!("{name}>")).unwrap();
    behind.split('<').next().unwrap().to_string()
}

/// What was done, by record: each key once, however often it came.
type Ledger = Arc<Mutex<BTreeMap<String, BTreeSet<String>>>>;

fn peer(kind: &Kind, ledger: Option<&Ledger>) -> Hostile {
    let (deed, answer, ledger) = (kind.deed, kind.answer, ledger.cloned());
    Hostile::start(vec![Answer::By(Arc::new(move |request: &Received| {
        let Some(ledger) = &ledger else { return answer(request, &BTreeSet::new()) };
        let mut ledger = ledger.lock().unwrap();
        if let Some((id, key)) = deed(request) {
            ledger.entry(id).or_default().insert(key);
        }
        answer(request, &ledger.keys().cloned().collect())
    }))])
}

fn project(kind: &Kind) -> Project {
    let project = Project::empty();
    for folder in ["systems", "flows", "schemas", "data/in"] {
        fs::create_dir_all(project.path().join(folder)).unwrap();
    }
    let ((is, operations), (from, step)) = (kind.peer, kind.flow);
    project.write("spanwright.yaml", PROJECT);
    let nas = "system: nas\nfiles:\nurl: \"${FOLDER}\"\noperations:\n  drops: { folder: in, match: \"*.jsonl\", format: jsonl }\n";
    project.write("systems/nas.yaml", nas);
    project
        .write("systems/till.yaml", "system: till\nhttp:\nurl: \"${TILL}\"\noperations: { take: { post: /take, key: Idempotency-Key } }\n");
    project.write("systems/peer.yaml", &format!("system: peer\n{is}\n{PATIENCE}operations: {operations}\n"));
    project.write("flows/orders.yaml", &format!("flow: orders\n{from}steps:\n  - {step}\n"));
    project.write("schemas/take.wsdl", include_str!("chaos/take.wsdl"));
    project.write("schemas/shop.graphql", include_str!("guide/graphql/schemas/shop.graphql"));
    project.write("schemas/create.graphql", include_str!("guide/graphql/schemas/create.graphql"));
    project.write("data/in/orders.jsonl", &(0..ORDERS).map(|id| format!("{{\"id\":\"{id}\"}}\n")).collect::<String>());
    project
}

/// A day on which every third connection meets this mishap.
fn meets(kind: &Kind, reads: bool, mishap: Mishap) {
    let (ledger, project) = (Ledger::default(), project(kind));
    let (peer, till) = (peer(kind, (!reads).then_some(&ledger)), peer(&REST, Some(&ledger)));
    let chaos = Chaos::start(peer.url().trim_start_matches("http://").parse().unwrap(), vec![mishap, Mishap::None, Mishap::None]);
    let mut command = spanwright();
    command.args(["run", "--once", "--level", "error"]).arg(project.path()).stdout(Stdio::null()).stderr(Stdio::null());
    command.env("FOLDER", project.path().join("data")).env("PEER", chaos.url()).env("TILL", till.url());
    let (began, mut running) = (Instant::now(), Begun { child: command.spawn().unwrap() });
    let ended = loop {
        match running.child.try_wait().unwrap() {
            Some(ended) => break ended,
            None => assert!(began.elapsed() < ENDS_WITHIN, "{mishap:?} does not end"),
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let listed = project.run(&["messages", "--format", "json"]).out;
    let expected: BTreeMap<String, usize> = (0..ORDERS).map(|id| (id.to_string(), 1)).collect();
    let done: BTreeMap<String, usize> = ledger.lock().unwrap().iter().map(|(id, keys)| (id.clone(), keys.len())).collect();
    assert_eq!((ended.code(), done), (Some(0), expected), "{mishap:?}\n{listed}");
    assert!(chaos.met() >= ORDERS / 2, "{} connections met {mishap:?}", chaos.met());
}

fn each(kind: &Kind) {
    MISHAPS.into_iter().for_each(|mishap| meets(kind, false, mishap));
}

#[test]
fn a_rest_call_under_a_key_is_done_once_whatever_becomes_of_its_connection() {
    each(&REST);
}

#[test]
fn a_rest_call_without_a_key_is_asked_about_and_done_once_whatever_becomes_of_its_connection() {
    each(&QUESTION);
}

#[test]
fn a_soap_call_under_a_key_is_done_once_whatever_becomes_of_its_connection() {
    each(&SOAP);
}

#[test]
fn a_graphql_mutation_under_a_key_is_done_once_whatever_becomes_of_its_connection() {
    each(&GRAPHQL);
}

#[test]
fn what_is_polled_and_looked_up_is_read_whole_and_taken_in_once_whatever_becomes_of_its_connection() {
    MISHAPS.into_iter().for_each(|mishap| meets(&READ, true, mishap));
}
