//! The content of a request's element: the body, with the parameters of `with:` put into it. And those that are header blocks.

use spanwright_core::connector::Call;
use spanwright_shape::{json, room::Room, text::Failure, value::Value, xsd::ElementId};

use super::codes;
use super::system::SoapOperation;

/// The value of the request's element. A parameter takes the place of a field of the same name in the body.
pub(super) fn content<'a>(operation: &SoapOperation, call: &Call<'a>, room: &'a Room) -> Result<Value<'a>, Failure> {
    let body = match call.body {
        Some(bytes) => {
            json::read(bytes, room).map_err(|fault| Failure::new(&codes::CONTENT, format!("the body is no JSON: {}", fault.says)))?
        }
        None => Value::Record(&[]),
    };
    let is_block = |name: &str| operation.headers.iter().any(|(block, _)| **block == *name);
    let with: Vec<_> = parameters(call).iter().filter(|(name, _)| !is_block(name)).copied().collect();
    if with.is_empty() && operation.key.is_none() {
        return Ok(body);
    }
    let Value::Record(own) = body else {
        return Err(Failure::new(&codes::CONTENT, "`with:` names fields, and the request's element has none"));
    };
    let mut fields: Vec<(&'a str, Value<'a>)> =
        own.iter().filter(|(name, _)| !with.iter().any(|(other, _)| other == name)).copied().collect();
    fields.extend_from_slice(&with);
    if let Some(key) = &operation.key
        && !fields.iter().any(|(name, _)| **name == **key)
    {
        fields.push((room.text(key), Value::Text(call.key)));
    }
    Ok(Value::Record(room.bump().alloc_slice_copy(&fields)))
}

/// The header blocks that the parameters of `with:` carry.
pub(super) fn blocks<'a>(operation: &SoapOperation, call: &Call<'a>) -> Vec<(ElementId, Value<'a>)> {
    let given = |name: &str| parameters(call).iter().find(|(have, _)| *have == name).map(|(_, value)| *value);
    operation.headers.iter().filter_map(|(name, block)| Some((*block, given(name)?))).collect()
}

fn parameters<'a>(call: &Call<'a>) -> &'a [(&'a str, Value<'a>)] {
    match call.with {
        Value::Record(fields) => fields,
        _ => &[],
    }
}
