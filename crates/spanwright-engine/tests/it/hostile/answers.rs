//! Servers that answer badly: what an answer means, to what may be asked again and to what may not, and that nothing is lost.
//!
//! One engine, and for each kind of system and each behaviour two systems that behave so once and then well: one that a
//! flow sends something to that must not happen twice, one that a flow polls. Webhooks are pushed only, and carry an id, so
//! that the same one may be sent again.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use spanwright_world::{Answer, Hostile, hostile::page};

use crate::{
    doors::Client,
    trial::{Trial, until, wait},
};

const KINDS: [&str; 4] = ["rest", "soap", "graphql", PUSHED];
/// Webhooks out: nobody polls them.
const PUSHED: &str = "webhook";
const GRAPHQL: &str = "type Query { things: [Thing!]! }\ntype Thing { id: ID! }\ntype Mutation { put(id: ID!): Thing! }\n";

/// What a well-behaved server of a kind says.
fn good(kind: &str, polled: bool) -> Answer {
    match (kind, polled) {
        ("rest" | PUSHED, false) => Answer::json(200, r#"{"id":"1"}"#),
        ("rest" | PUSHED, true) => Answer::json(200, r#"[{"id":"1"}]"#),
        ("graphql", false) => Answer::json(200, r#"{"data":{"put":{"id":"1"}}}"#),
        ("graphql", true) => Answer::json(200, r#"{"data":{"things":[{"id":"1"}]}}"#),
        (_, true) => Answer::customers(1),
        (_, false) => edited(Answer::customers(1), |text| text.replace("ListCustomersResponse", "GetCustomerResponse")),
    }
}

fn edited(answer: Answer, edit: impl Fn(String) -> String) -> Answer {
    match answer {
        Answer::Whole { status, headers, body } => {
            Answer::Whole { status, headers, body: edit(String::from_utf8(body).unwrap()).into_bytes() }
        }
        other => other,
    }
}

/// The good answer, otherwise said.
fn said(answer: Answer, status: u16, content_type: &str) -> Answer {
    match answer {
        Answer::Whole { body, .. } => Answer::of(status, content_type, body),
        other => other,
    }
}

fn bytes(answer: &Answer) -> usize {
    match answer {
        Answer::Whole { body, .. } => body.len(),
        _ => 0,
    }
}

/// What a server may do, by name, in the order of the table.
const BEHAVIOURS: [&str; 28] = [
    "no answer",
    "connection cut after the request",
    "answer cut in its body",
    "answer slow, and whole",
    "no body",
    "204",
    "HTML with 200",
    "right content as text/plain",
    "right content as octet-stream",
    "invalid UTF-8",
    "half a document",
    "content behind the document",
    "two lengths",
    "length and chunks",
    "a header of 2 MB",
    "300 headers",
    "redirect",
    "401",
    "403",
    "404",
    "408",
    "409",
    "410",
    "429 with retry-after",
    "500",
    "503 with retry-after",
    "504",
    "599",
];

fn behaves(name: &str, good: Answer) -> Answer {
    let size = bytes(&good);
    let status = |status: u16| Answer::of(status, "text/plain", "go away");
    match name {
        "no answer" => Answer::HangAfterReading,
        "connection cut after the request" => Answer::CutAfterReading,
        "answer cut in its body" => Answer::CutInAnswer(Box::new(good), size / 2),
        "answer slow, and whole" => Answer::Slow(Box::new(good), Duration::from_millis(150)),
        "no body" => edited(good, |_| String::new()),
        "204" => Answer::Whole { status: 204, headers: Vec::new(), body: Vec::new() },
        "HTML with 200" => Answer::html_200(),
        "right content as text/plain" => said(good, 200, "text/plain"),
        "right content as octet-stream" => said(good, 200, "application/octet-stream"),
        "invalid UTF-8" => match good {
            Answer::Whole { status, headers, mut body } => {
                let at = body.iter().rposition(|byte| *byte == b'1').unwrap_or(0);
                body[at] = 0xff;
                Answer::Whole { status, headers, body }
            }
            other => other,
        },
        "half a document" => edited(good, |text| text[..text.len() / 2].to_string()),
        "content behind the document" => edited(good, |text| format!("{text}{text}")),
        "two lengths" => good.with("content-length", "3"),
        "length and chunks" => good.with("transfer-encoding", "chunked"),
        "a header of 2 MB" => good.with("x-large", &"x".repeat(2 << 20)),
        "300 headers" => (0..300).fold(good, |answer, n| answer.with(&format!("x-{n}"), "y")),
        "redirect" => status(302).with("location", "http://127.0.0.1:1/elsewhere"),
        "429 with retry-after" => Answer::retry_after(429, 1),
        "503 with retry-after" => Answer::retry_after(503, 1),
        number => status(number.parse().expect("a status")),
    }
}

/// One server for all: the first segment of a path says which system it is, and so how it behaves the first time.
fn servers() -> Hostile {
    let known = Mutex::new(BTreeSet::new());
    Hostile::start(vec![Answer::By(Arc::new(move |asked| {
        let name = asked.path.split('/').nth(1).unwrap_or_default().to_string();
        let (kind, n, side) = match *name.split('-').collect::<Vec<_>>() {
            [kind, n, side] => (kind.to_string(), n.parse::<usize>().unwrap(), side.to_string()),
            _ => return Answer::status(404),
        };
        let (good, first) = (good(&kind, side == "from"), known.lock().unwrap().insert(name));
        if first { behaves(BEHAVIOURS[n], good) } else { good }
    }))])
}

/// The file of a system. Whoever gets no answer waits for it no longer than it must.
fn system(kind: &str, name: &str, behaviour: &str) -> String {
    let timeout = if behaviour == "no answer" { "400ms" } else { "30s" };
    let signed = if kind == PUSHED { "auth: { hmac: { secret: \"${SECRET}\" } }\n" } else { "" };
    let shared =
        format!("limits: {{ timeout: {timeout} }}\n{signed}retry: {{ tries: 3, first: 20ms, longest: 20ms }}\nbreaker: {{ of: 1000 }}\n");
    let (made_by, operations) = match kind {
        "rest" | PUSHED => ("http:", "put: { post: /put }\n  read: { get: /read, safe: true }"),
        "graphql" => ("graphql: schemas/things.graphql", "put: { query: schemas/put.graphql }\n  read: { query: schemas/read.graphql }"),
        _ => ("soap: schemas/erp.wsdl", "ListCustomers: { safe: true }"),
    };
    format!("system: {name}\n{made_by}\nurl: \"${{URL}}/{name}\"\nzone: Europe/Berlin\n{shared}operations:\n  {operations}\n")
}

fn flows(kind: &str, name: &str) -> [(String, String); 2] {
    let (put, body, read, each, key) = match kind {
        "rest" | PUSHED => ("put", "body: .", "read", "'.'", ".id"),
        "graphql" => ("put", "with: { id: '.id | tostring' }", "read", ".things", ".id"),
        _ => ("GetCustomer", "body: { fields: { Number: '.id | tostring' } }", "ListCustomers", ".Customer", ".Number"),
    };
    let with = if kind == "soap" { "\n  with: { ChangedSince: '\"2026-01-01T00:00:00\"' }" } else { "" };
    [
        (
            format!("to-{name}"),
            format!("flow: to-{name}\nfrom: {{ http: POST /to/{name} }}\nsteps: [ {{ send: {name}-to.{put}, {body} }} ]\n"),
        ),
        (
            format!("from-{name}"),
            format!(
                "flow: from-{name}\nfrom:\n  poll: {name}-from.{read}\n  every: 2s\n  each: {each}\n  key: {key}{with}\nsteps: [ {{ only: 'false' }} ]\n"
            ),
        ),
    ]
}

/// `rest-7`: the kind, and the number of the behaviour.
fn named(kind: &str, n: usize) -> String {
    format!("{kind}-{n}")
}

fn trial(servers: &Hostile) -> Trial {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/erp-to-crm/schemas");
    let mut files = BTreeMap::new();
    for file in ["erp.wsdl", "erp-types.xsd"] {
        files.insert(format!("schemas/{file}"), fs::read(example.join(file)).unwrap());
    }
    files.insert("schemas/things.graphql".into(), GRAPHQL.into());
    files.insert("schemas/put.graphql".into(), b"mutation Put($id: ID!) { put(id: $id) { id } }\n".to_vec());
    files.insert("schemas/read.graphql".into(), b"query Read { things { id } }\n".to_vec());
    files.insert(
        "spanwright.yaml".into(),
        b"project: hostile\nlisten: { http: \"127.0.0.1:0\" }\nvars: { URL: { about: all of them }, SECRET: { about: signs webhooks, secret: true } }\n".to_vec(),
    );
    for (kind, n, behaviour) in
        KINDS.iter().flat_map(|kind| BEHAVIOURS.iter().enumerate().map(move |(n, behaviour)| (*kind, n, *behaviour)))
    {
        let name = named(kind, n);
        for side in ["to", "from"] {
            let system_name = format!("{name}-{side}");
            files.insert(format!("systems/{system_name}.yaml"), system(kind, &system_name, behaviour).into_bytes());
        }
        let flows = flows(kind, &name).into_iter().filter(|(flow, _)| kind != PUSHED || flow.starts_with("to-"));
        files.extend(flows.map(|(flow, text)| (format!("flows/{flow}.yaml"), text.into_bytes())));
    }
    let mut trial = Trial::of(files);
    trial.variables.insert("URL".into(), servers.url());
    trial.variables.insert("SECRET".into(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into());
    trial
}

/// What became of a flow, in words.
struct Told {
    lines: Vec<serde_json::Value>,
}

impl Told {
    fn of<'t>(&'t self, action: &'t str, label: &'t str, value: &'t str) -> impl Iterator<Item = &'t serde_json::Value> {
        let is = move |line: &&serde_json::Value| line["event.action"] == action && line["labels"][label] == value;
        self.lines.iter().filter(is)
    }

    /// Whether our credentials were refused there, or it is gone: held, and tried again by itself only much later.
    fn held(&self, system: &str) -> bool {
        ["credentials-refused", "held"].iter().any(|action| self.of(action, "system", system).next().is_some())
    }

    fn sent(&self, name: &str) -> String {
        if self.held(&format!("{name}-to")) {
            return format!("-: {HELD}");
        }
        let flow = format!("to-{name}");
        let attempts: Vec<String> = self.of("attempt", "flow", &flow).map(outcome).collect();
        let end = self.of("run-ended", "flow", &flow).map(ending).next().unwrap_or("LOST");
        format!("{}: {end}", attempts.join(", "))
    }

    fn polled(&self, name: &str) -> String {
        let source = format!("from-{name}.source");
        let mut failed: Vec<&str> = self.of("poll-failed", "source", &source).map(code).collect();
        // A slow machine fails more than once in the same way.
        failed.dedup();
        let taken = self.of("message-taken", "flow", &format!("from-{name}")).count();
        let end = match (self.held(&format!("{name}-from")), taken) {
            (true, _) => HELD.to_string(),
            (false, 1) => "taken once".to_string(),
            (false, taken) => format!("TAKEN {taken} TIMES"),
        };
        format!("{}: {end}", if failed.is_empty() { "-".to_string() } else { failed.join(", ") })
    }
}

/// Who is refused waits, with all that was to go there.
const HELD: &str = "held for a person";

pub fn code(line: &serde_json::Value) -> &str {
    line["error.code"].as_str().unwrap_or("-")
}

/// `later R2004`
pub fn outcome(line: &serde_json::Value) -> String {
    let words = line["message"].as_str().unwrap_or_default();
    let outcome = match words {
        words if words.starts_with("delivered") => return "delivered".to_string(),
        words if words.starts_with("refused") => "never",
        words if words.contains("whether it happened") => "unknown",
        _ => "later",
    };
    format!("{outcome} {}", code(line))
}

pub fn ending(line: &serde_json::Value) -> &str {
    match line["message"].as_str().unwrap_or_default() {
        words if words.starts_with("a dead letter") => "a dead letter",
        words if words.starts_with("uncertain") => "uncertain, for a person",
        words => words,
    }
}

#[test]
fn every_connector_bears_every_peer_and_nothing_is_lost() {
    let servers = servers();
    let trial = trial(&servers);
    let running = trial.start(false);
    let client = Client { to: running.address().unwrap() };
    let names: Vec<(String, &str)> =
        KINDS.iter().flat_map(|kind| BEHAVIOURS.iter().enumerate().map(|(n, behaviour)| (named(kind, n), *behaviour))).collect();
    for (name, _) in &names {
        assert_eq!(client.post(&format!("/to/{name}"), &[], r#"{"id":"1"}"#).status, 202, "{name}");
    }
    // Whoever was refused for our credentials waits for a person, with what was to go there.
    let settled = |trial: &Trial| {
        let told = Told { lines: trial.log_text().lines().filter_map(|line| serde_json::from_str(line).ok()).collect() };
        let all = names
            .iter()
            .all(|(name, _)| !told.sent(name).contains("LOST") && (name.starts_with(PUSHED) || !told.polled(name).contains("TIMES")));
        all.then_some(told)
    };
    until(&running, "each is taken and settled, or held", |_| {
        std::thread::sleep(Duration::from_millis(200));
        settled(&trial).is_some()
    });
    running.stop();
    wait(running);
    let told = settled(&trial).unwrap();
    let row = |(n, behaviour): (usize, &&str)| {
        let of = |kind: &&str| {
            let name = named(kind, n);
            let sent = told.sent(&name);
            if *kind == PUSHED { vec![sent] } else { vec![sent, told.polled(&name)] }
        };
        [behaviour.to_string()].into_iter().chain(KINDS.iter().flat_map(of)).collect::<Vec<_>>()
    };
    let rows: Vec<Vec<String>> = BEHAVIOURS.iter().enumerate().map(row).collect();
    let head = ["the first answer", "REST: sent", "REST: polled", "SOAP: sent", "SOAP: polled", "GraphQL: sent", "GraphQL: polled"];
    page::check("Answers to what we ask", &[&head[..], &["webhook: pushed"]].concat(), &rows);
    for (name, _) in names.iter().filter(|(name, _)| !name.starts_with(PUSHED)) {
        let sent = told.sent(name);
        // What may have happened is asked for once, and never again by itself; but a webhook has an id.
        assert!(!sent.contains("unknown") || sent.contains("uncertain"), "{name}: {sent}");
    }
}
