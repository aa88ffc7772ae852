//! A Postman collection (v2.1) that asserts: each request was made by a test of the project, and what a caller may rely on in its
//! answer is checked: the status, the media type, and that each field is there with the kind of value that it had.

use std::collections::BTreeMap;

use spanwright_core::door::{Proof, Visit};

use super::{Endpoint, SERVER, openapi};
use crate::{
    book::{Book, DoorSpeaks},
    tree::{Tree, record, text, texts},
};

/// The form that it is written in.
const SCHEMA: &str = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";
/// A JSON body that is none.
const TORN: &str = "{\"torn\":";

/// The collection.
pub fn collection(book: &Book, endpoints: &[Endpoint<'_>]) -> Tree {
    let mut variables = BTreeMap::from([("baseUrl".to_string(), SERVER.to_string())]);
    for client in endpoints.iter().flat_map(|endpoint| &endpoint.door.clients) {
        for (_, variable) in proof(&client.proof) {
            variables.insert(variable, String::new());
        }
    }
    let folders = endpoints.iter().map(|endpoint| {
        let folder = record([("name", text(format!("{} {}", endpoint.method, endpoint.path))), ("item", Tree::List(items(endpoint)))]);
        folder.with("description", endpoint.door.about.clone().map(text))
    });
    let variables = variables.into_iter().map(|(key, value)| record([("key", text(key)), ("value", text(value))]));
    record([
        (
            "info",
            record([
                ("name", text(book.project.clone())),
                (
                    "description",
                    text("Written by `spanwright docs` from the project that runs; each request was made by one of its tests."),
                ),
                ("schema", text(SCHEMA)),
            ]),
        ),
        ("item", Tree::List(folders.collect())),
        ("variable", Tree::List(variables.collect())),
    ])
}

/// Headers of a proof, each with the collection's variable that holds its value.
fn proof(proof: &Proof) -> Vec<(String, String)> {
    match (proof, openapi::scheme(proof)) {
        (Proof::ApiKey { header, .. }, Some((name, _))) => vec![(header.to_string(), name)],
        (Proof::Basic { .. } | Proof::Jwt(_), Some((name, _))) => vec![("authorization".to_string(), name)],
        _ => Vec::new(),
    }
}

fn items(endpoint: &Endpoint<'_>) -> Vec<Tree> {
    // A webhook is signed over its bytes and the time: a collection cannot make one again.
    if matches!(endpoint.door.kind, DoorSpeaks::Webhook) {
        return Vec::new();
    }
    let mut all: Vec<Tree> = endpoint.shown().map(|visit| item(endpoint, visit)).collect();
    if endpoint.has_body() {
        let lines = [status(400), problem("R0022")].concat();
        all.push(made("what is no JSON is refused", endpoint, endpoint.shown().next(), Some(TORN.to_string()), true, lines));
    }
    if !endpoint.door.clients.is_empty() {
        let lines = [status(401), problem("R0035")].concat();
        all.push(made("nobody comes in without a proof", endpoint, endpoint.shown().next(), None, false, lines));
    }
    all
}

fn item(endpoint: &Endpoint<'_>, visit: &Visit) -> Tree {
    let mut lines = status(visit.answer.status);
    let media = visit.answer.headers.iter().find(|(name, _)| &**name == "content-type").map(|(_, value)| openapi::media(Some(value)));
    if let Some(media) = media {
        lines.push(test(&media, &format!("pm.expect(pm.response.headers.get('Content-Type')).to.include({});", quoted(&media))));
    }
    if let Some(body) = Tree::read(&visit.answer.body) {
        kinds(&body, "body", &mut lines);
    }
    let body = std::str::from_utf8(&visit.asked.body).ok().filter(|body| !body.is_empty()).map(str::to_string);
    let told = record([
        ("name", text(&*visit.case)),
        ("status", text(visit.answer.status.to_string())),
        ("code", Tree::Number(visit.answer.status.to_string())),
        ("body", text(String::from_utf8_lossy(&visit.answer.body))),
    ]);
    made(&visit.case, endpoint, Some(visit), body, true, lines).with("response", Tree::List(vec![told]))
}

fn made(name: &str, endpoint: &Endpoint<'_>, visit: Option<&Visit>, body: Option<String>, proven: bool, lines: Vec<String>) -> Tree {
    let mut headers: Vec<(String, String)> = Vec::new();
    if proven && let Some(client) = endpoint.door.clients.first() {
        headers.extend(proof(&client.proof).into_iter().map(|(header, variable)| (header, format!("{{{{{variable}}}}}"))));
    }
    if body.is_some() {
        let media = visit.map(|visit| openapi::media(visit.asked.header("content-type"))).filter(|media| !media.is_empty());
        headers.push(("content-type".to_string(), media.unwrap_or_else(|| "application/json".to_string())));
    }
    let given =
        visit.into_iter().flat_map(|visit| &visit.asked.headers).filter(|(name, _)| name != "content-type" && name != "idempotency-key");
    headers.extend(given.map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into_owned())));
    headers.push(("idempotency-key".to_string(), "{{$guid}}".to_string()));
    let headers = headers.into_iter().map(|(key, value)| record([("key", text(key)), ("value", text(value))]));
    let request = record([("method", text(endpoint.method)), ("url", url(endpoint, visit)), ("header", Tree::List(headers.collect()))]);
    let raw = |body: String| record([("mode", text("raw")), ("raw", text(body))]);
    let script = record([("type", text("text/javascript")), ("exec", texts(lines))]);
    record([
        ("name", text(name)),
        ("request", request.with("body", body.map(raw))),
        ("event", Tree::List(vec![record([("listen", text("test")), ("script", script)])])),
    ])
}

fn url(endpoint: &Endpoint<'_>, visit: Option<&Visit>) -> Tree {
    // Without a test there is still a path to ask.
    let path = visit.map_or_else(|| endpoint.path.replace(['{', '}'], ""), |visit| visit.asked.path.clone());
    let query = visit.map(|visit| visit.asked.query.clone()).filter(|query| !query.is_empty());
    let raw = format!("{{{{baseUrl}}}}{path}{}", query.as_ref().map(|query| format!("?{query}")).unwrap_or_default());
    let pairs = query.as_deref().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    let pairs: Vec<Tree> = pairs.map(|(key, value)| record([("key", text(key)), ("value", text(value))])).collect();
    let made = record([
        ("raw", text(raw)),
        ("host", texts(["{{baseUrl}}"])),
        ("path", texts(path.split('/').filter(|segment| !segment.is_empty()))),
    ]);
    made.with("query", (!pairs.is_empty()).then_some(Tree::List(pairs)))
}

fn status(status: u16) -> Vec<String> {
    vec![test(&format!("the status is {status}"), &format!("pm.response.to.have.status({status});"))]
}

fn problem(code: &str) -> Vec<String> {
    vec![test(&format!("the problem is {code}"), &format!("pm.expect(pm.response.json().code).to.eql('{code}');"))]
}

/// Each field is there, and of the kind that it was.
fn kinds(body: &Tree, at: &str, lines: &mut Vec<String>) {
    let expect = |what: &str| test(&format!("{at} is {what}"), &format!("const body = pm.response.json(); pm.expect({at}).to.be.{what};"));
    match body {
        Tree::Null => {}
        Tree::Flag(_) => lines.push(expect("a('boolean')")),
        Tree::Number(_) => lines.push(expect("a('number')")),
        Tree::Text(_) => lines.push(expect("a('string')")),
        Tree::List(_) => lines.push(expect("an('array')")),
        Tree::Record(fields) => {
            lines.push(expect("an('object')"));
            for (name, inside) in fields {
                kinds(inside, &format!("{at}[{}]", quoted(name)), lines);
            }
        }
    }
}

fn test(name: &str, code: &str) -> String {
    format!("pm.test({}, () => {{ {code} }});", quoted(name))
}

/// A JavaScript string.
fn quoted(words: &str) -> String {
    text(words).line()
}
