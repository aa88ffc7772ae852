//! What a sender can be told, by status: what replies say, and what holds for every way in.

use std::collections::BTreeMap;

use spanwright_core::codes;
use spanwright_shape::text::Code;

use super::{Endpoint, schema};
use crate::{
    book::DoorSpeaks,
    tree::{Tree, record, text},
};

/// One status.
#[derive(Default)]
pub struct Response {
    /// What it means.
    pub says: Vec<String>,
    /// Bodies that it may have; none: no content.
    pub bodies: Vec<Tree>,
    /// It is a problem (RFC 9457).
    pub problem: bool,
    /// It may come without a body.
    pub empty: bool,
    /// Headers.
    pub headers: Vec<String>,
}

/// Every status of an endpoint.
pub fn of(endpoint: &Endpoint<'_>) -> BTreeMap<u16, Response> {
    let mut all = BTreeMap::new();
    replies(endpoint, &mut all);
    kept(endpoint, &mut all);
    problems(endpoint, &mut all);
    for response in all.range_mut(..400).map(|(_, response)| response) {
        response.headers.push("x-correlation-id".to_string());
    }
    all
}

fn replies(endpoint: &Endpoint<'_>, all: &mut BTreeMap<u16, Response>) {
    for reply in &endpoint.served.replies {
        let nullable = schema::may_be_null(&reply.gives);
        let status = reply.status.unwrap_or(200);
        let response: &mut Response = all.entry(status).or_default();
        response.says.push("what the flow replies".to_string());
        response.bodies.push(schema::of(&reply.gives));
        response.headers.extend(reply.headers.iter().filter(|name| *name != "content-type").cloned());
        response.empty |= nullable && reply.status.is_some();
        if nullable && reply.status.is_none() {
            add(all, 204, "the flow replies nothing");
        }
    }
}

fn add<'a>(all: &'a mut BTreeMap<u16, Response>, status: u16, says: &str) -> &'a mut Response {
    let response = all.entry(status).or_default();
    if !response.says.iter().any(|have| have == says) {
        response.says.push(says.to_string());
    }
    response
}

/// What is told where no reply is.
fn kept(endpoint: &Endpoint<'_>, all: &mut BTreeMap<u16, Response>) {
    let served = endpoint.served;
    let reference = |name: &str| record([("$ref", text(format!("#/components/schemas/{name}")))]);
    if !served.waits || !served.late {
        let says =
            if served.waits { "the flow has not replied in time; the message is kept" } else { "the message is kept, and will be seen to" };
        let response = add(all, 202, says);
        response.bodies.push(reference("Accepted"));
        response.headers.push("location".to_string());
    }
    if served.waits {
        add(all, 200, "the flow ended without a reply").bodies.push(reference("Finished"));
    }
    add(all, 200, "the same event was taken before").bodies.push(reference("Repeated"));
    if served.leaves_out {
        add(all, 204, "no flow takes such a message");
    }
}

fn problems(endpoint: &Endpoint<'_>, all: &mut BTreeMap<u16, Response>) {
    let served = endpoint.served;
    let mut problem = |status: u16, code: &Code| {
        let response = add(all, status, &format!("{} {}", code.id, code.title));
        response.problem = true;
        if matches!(status, 409 | 429 | 503 | 507) && !response.headers.iter().any(|name| name == "retry-after") {
            response.headers.push("retry-after".to_string());
        }
    };
    problem(400, &codes::UNREADABLE);
    problem(400, &codes::EXPRESSION);
    if !served.always.is_empty() {
        problem(400, &codes::NO_KEY);
    }
    if matches!(endpoint.door.kind, DoorSpeaks::Webhook) {
        problem(401, &codes::SIGNATURE);
    }
    if !endpoint.door.clients.is_empty() {
        problem(401, &codes::WHO);
        problem(403, &codes::NOT_ALLOWED);
    }
    if endpoint.door.clients.iter().any(|client| client.rate.is_some()) {
        problem(429, &codes::TOO_OFTEN);
    }
    problem(408, &codes::TOO_SLOW);
    problem(413, &codes::TOO_LARGE);
    problem(415, &codes::BODY_TYPE);
    if !matches!(endpoint.door.kind, DoorSpeaks::Webhook) {
        problem(422, &codes::KEY_REUSED);
        problem(409, &codes::IN_PROGRESS);
    }
    problem(503, &codes::NO_ROOM);
    problem(503, &codes::STOPPING);
    problem(503, &codes::NOT_KEPT_IN_TIME);
    problem(507, &codes::NO_ROOM);
    if served.waits {
        problem(502, &codes::FLOW_STOPPED);
    }
    if served.waits && served.late {
        problem(504, &codes::NO_REPLY_IN_TIME);
    }
    if served.replies.iter().any(|reply| !reply.headers.is_empty()) {
        problem(500, &codes::UNANSWERABLE);
    }
}
