//! What the items of one request have in common.

use spanwright_core::connector::{Call, Refusal, With};
use spanwright_shape::{json, text::Failure, value::Value};

use crate::codes;

/// The parameters of the request: of a batch those that all its items share. `name`: `crm.upsertContacts`, for messages.
pub(crate) fn parameters<'a>(name: &str, calls: &[Call<'a>]) -> Result<Value<'a>, Refusal> {
    let first = calls.first().map_or(Value::Record(&[]), |call| call.with);
    if calls.len() < 2 {
        return Ok(first);
    }
    let written = |value: &Value<'_>| {
        let mut bytes = Vec::new();
        json::write(value, &mut bytes);
        bytes
    };
    let shared = written(&first);
    match calls.iter().position(|call| written(&call.with) != shared) {
        Some(other) => {
            let says = format!("{name}: its parameters differ from those of the items beside it");
            Err(Refusal::Call(other, Failure::new(&codes::PARAMETER, says)))
        }
        None => Ok(first),
    }
}

/// The correlation id of the calls; where a batch has many, the key of the request, which the journal has beside each.
pub(crate) fn correlation<'a>(calls: &[Call<'a>], with: &With<'a>) -> &'a str {
    match calls {
        [first, rest @ ..] if rest.iter().all(|call| call.correlation == first.correlation) => first.correlation,
        _ => with.request_key,
    }
}
