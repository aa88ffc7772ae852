//! What a sender is told, as JSON.

use std::sync::Arc;

use spanwright_core::door::{HttpAnswer, Reply, Said};
use spanwright_shape::json;

/// What is said, as JSON; refusals as `application/problem+json`.
pub fn json(said: &Said<'_>) -> HttpAnswer {
    match said {
        Said::Accepted { id, at } => {
            let mut answer = object(202, &[("id", id), ("status", at)]);
            answer.headers.push(("location".into(), at.as_bytes().to_vec()));
            answer
        }
        Said::Replied(reply) => replied(reply),
        Said::Finished { id } => object(200, &[("id", id)]),
        Said::Repeated => object(200, &[("result", "taken before")]),
        Said::LeftOut => HttpAnswer { status: 204, ..HttpAnswer::default() },
        Said::Refused(refused) => refused.problem(),
    }
}

/// A reply whose body is null has no content.
fn replied(reply: &Reply) -> HttpAnswer {
    let empty = reply.body.is_empty() || reply.body == b"null";
    let status = reply.status.unwrap_or(if empty { 204 } else { 200 });
    let own_type = reply.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let mut headers = Vec::new();
    if !empty && !own_type {
        headers.push((Arc::from("content-type"), b"application/json".to_vec()));
    }
    headers.extend(reply.headers.iter().map(|(name, value)| (Arc::from(name.to_ascii_lowercase()), value.as_bytes().to_vec())));
    HttpAnswer { status, headers, body: if empty { Vec::new() } else { reply.body.clone() } }
}

/// An answer with one JSON object of texts.
pub fn object(status: u16, fields: &[(&str, &str)]) -> HttpAnswer {
    let mut body = b"{".to_vec();
    for (n, (name, value)) in fields.iter().enumerate() {
        if n > 0 {
            body.push(b',');
        }
        json::write_text(name, &mut body);
        body.push(b':');
        json::write_text(value, &mut body);
    }
    body.push(b'}');
    HttpAnswer { status, headers: vec![("content-type".into(), b"application/json".to_vec())], body }
}
