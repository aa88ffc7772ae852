//! From calls to one request.

use spanwright_core::connector::{Call, HttpRequest, Refusal, Validator, With, is_condition};
use spanwright_shape::{json, jsonschema::openapi::Place, room::Room, shape::breach, text::Failure};

use super::{
    RestSystem,
    operation::{BulkPlan, RestBody, RestOperation},
    parameters,
};
use crate::{
    auth::{self, add_header},
    bulk, codes,
    http::url,
};

/// What we can read, refusals included.
const ACCEPT: &str = "application/json, application/problem+json;q=0.9";

pub(super) fn ask(system: &RestSystem, operation: &RestOperation, calls: &[Call<'_>], with: &With<'_>) -> Result<HttpRequest, Refusal> {
    if calls.len() > 1 && operation.bulk.is_none() {
        let says = format!("{} carries one item a request, and {} were to go in one", operation.name, calls.len());
        return Err(Refusal::System(Failure::new(&codes::BODY, says)));
    }
    let address = address(system, with).map_err(Refusal::System)?;
    let mut request = HttpRequest::new(operation.method, address);
    let given = bulk::parameters(&operation.name, calls)?;
    parameters::write(operation, &given, &mut request).map_err(|failure| Refusal::Call(0, failure))?;
    let header = |request: &mut HttpRequest, name: &str, value: &str| add_header(request, name, value).map_err(Refusal::System);
    header(&mut request, "accept", ACCEPT)?;
    if let Some(body) = &operation.body {
        allowed(system, operation, body, calls)?;
        request.body = write_body(operation, body, calls)?;
        if !request.body.is_empty() {
            header(&mut request, "content-type", &body.content_type)?;
        }
    }
    header(&mut request, &system.correlation, bulk::correlation(calls, with))?;
    if let Some(trace) = calls.first().map(|call| call.trace).filter(|trace| !trace.is_empty()) {
        header(&mut request, "traceparent", trace)?;
    }
    let has_condition = request.headers.iter().any(|(name, _)| is_condition(name));
    if let Some(validator) = with.validator.filter(|_| operation.method == "GET" && !has_condition) {
        conditional(validator, &mut request).map_err(Refusal::System)?;
    }
    write_key(operation, calls, with, &mut request)?;
    auth::sign(&system.auth, with, &mut request).map_err(Refusal::System)?;
    Ok(request)
}

/// What we have is not wanted again (RFC 9110, section 13.1).
fn conditional(have: &Validator, request: &mut HttpRequest) -> Result<(), Failure> {
    match (&have.tag, &have.modified) {
        (Some(tag), _) => add_header(request, "if-none-match", &**tag),
        (None, Some(modified)) => add_header(request, "if-modified-since", &**modified),
        (None, None) => Ok(()),
    }
}

/// Where the system is, without a slash at the end.
fn address(system: &RestSystem, with: &With<'_>) -> Result<String, Failure> {
    let url = auth::fill(&system.url, with)?;
    if url::origin(&url).is_none() || url.contains(['?', '#']) {
        return Err(Failure::new(&codes::ADDRESS, "the system's `url` is no http:// or https:// address without `?` and `#`"));
    }
    Ok(url.trim_end_matches('/').to_string())
}

/// What could only be told now: whether each body is what the document allows. It is read for that and sent as it is;
/// one that a map is proved to have made so is not read again.
fn allowed(system: &RestSystem, operation: &RestOperation, body: &RestBody, calls: &[Call<'_>]) -> Result<(), Refusal> {
    let Some(shape) = body.shape else { return Ok(()) };
    let mut room = Room::new();
    for (n, bytes) in calls.iter().enumerate().filter(|(_, call)| !call.proved).filter_map(|(n, call)| Some((n, call.body?))) {
        room.clear();
        let wrong = match json::read(bytes, &room) {
            Ok(value) => breach(&system.interface.shapes, shape, &value).map(|breach| breach.to_string()),
            Err(fault) => Some(format!("it is no JSON (byte {}: {})", fault.at, fault.says)),
        };
        if let Some(wrong) = wrong {
            let says = format!("{}: the document does not allow this body: {wrong}", operation.name);
            return Err(Refusal::Call(n, Failure::new(&codes::BODY_NOT_ALLOWED, says)));
        }
    }
    Ok(())
}

/// The bytes that the map wrote, as they are; of a batch with brackets and commas around them.
fn write_body(operation: &RestOperation, body: &RestBody, calls: &[Call<'_>]) -> Result<Vec<u8>, Refusal> {
    let missing = |n: usize| Refusal::Call(n, Failure::new(&codes::BODY, format!("{} needs a body", operation.name)));
    match (&operation.bulk, calls.first().and_then(|call| call.body)) {
        (Some(plan), _) => splice(plan, calls).map_err(missing),
        (None, Some(bytes)) => Ok(bytes.to_vec()),
        (None, None) if body.required => Err(missing(0)),
        (None, None) => Ok(Vec::new()),
    }
}

/// On a fault: which call has no body.
fn splice(plan: &BulkPlan, calls: &[Call<'_>]) -> Result<Vec<u8>, usize> {
    let size: usize = calls.iter().filter_map(|call| call.body).map(|body| body.len() + 1).sum();
    let mut bytes = Vec::with_capacity(size + plan.before.len() + plan.behind.len());
    bytes.extend_from_slice(plan.before.as_bytes());
    for (n, call) in calls.iter().enumerate() {
        if n > 0 {
            bytes.push(b',');
        }
        bytes.extend_from_slice(call.body.ok_or(n)?);
    }
    bytes.extend_from_slice(plan.behind.as_bytes());
    Ok(bytes)
}

fn write_key(operation: &RestOperation, calls: &[Call<'_>], with: &With<'_>, request: &mut HttpRequest) -> Result<(), Refusal> {
    let key = match (&operation.bulk, calls.first()) {
        (None, Some(call)) => call.key,
        (Some(_), _) | (None, None) => with.request_key,
    };
    match &operation.key {
        Some((Place::Query, name)) => url::add_query(&mut request.url, name, key),
        Some((Place::Header | Place::Path, name)) => add_header(request, name, key).map_err(Refusal::System)?,
        None => {}
    }
    Ok(())
}
