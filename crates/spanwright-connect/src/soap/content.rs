//! The content of a request's element: the body, with the parameters of `with:` put into it. And those that are header blocks.

use std::sync::Arc;

use spanwright_core::connector::{Call, Refusal, With};
use spanwright_shape::{json, room::Room, text::Failure, value::Value, xsd::ElementId};

use super::bulk::SoapBulk;
use super::codes;
use super::system::SoapOperation;
use crate::{bulk as batch, codes as shared};

/// Fields of a record that is being made.
type Fields<'a> = Vec<(&'a str, Value<'a>)>;

/// The value of the request's element. A parameter takes the place of a field of the same name in the body.
pub(super) fn content<'a>(operation: &SoapOperation, call: &Call<'a>, room: &'a Room) -> Result<Value<'a>, Failure> {
    let body = match call.body {
        Some(bytes) => read(bytes, room)?,
        None => Value::Record(&[]),
    };
    let with = fields(operation, &call.with);
    if with.is_empty() && operation.key.is_none() {
        return Ok(body);
    }
    let Value::Record(own) = body else {
        return Err(Failure::new(&codes::CONTENT, "`with:` names fields, and the request's element has none"));
    };
    let mut fields: Fields<'a> = own.iter().filter(|(name, _)| !with.iter().any(|(other, _)| other == name)).copied().collect();
    fields.extend_from_slice(&with);
    if let Some(key) = &operation.key
        && !fields.iter().any(|(name, _)| **name == **key)
    {
        fields.push((room.text(key), Value::Text(call.key)));
    }
    Ok(Value::Record(room.bump().alloc_slice_copy(&fields)))
}

/// The value of the request's element with the items of a batch in its list; beside that stand the parameters, which all of them share.
/// `name`: `erp.createOrders`, for messages.
pub(super) fn of_batch<'a>(
    operation: &SoapOperation,
    bulk: &'a SoapBulk,
    name: &str,
    calls: &[Call<'a>],
    with: &With<'a>,
    room: &'a Room,
) -> Result<Value<'a>, Refusal> {
    let mut beside = fields(operation, &batch::parameters(name, calls)?);
    if let Some(key) = &operation.key {
        set_key(&mut beside, room.text(key), with.request_key);
    }
    let item = |(n, call): (usize, &Call<'a>)| item(bulk, name, call, room).map_err(|failure| Refusal::Call(n, failure));
    let items: Vec<Value<'a>> = calls.iter().enumerate().map(item).collect::<Result<_, _>>()?;
    Ok(put(&beside, &bulk.path, Value::List(room.bump().alloc_slice_copy(&items)), room))
}

/// One item, with its key where the operation has it there.
fn item<'a>(bulk: &SoapBulk, name: &str, call: &Call<'a>, room: &'a Room) -> Result<Value<'a>, Failure> {
    let bytes = call.body.ok_or_else(|| Failure::new(&shared::BODY, format!("{name} needs a body")))?;
    let item = read(bytes, room)?;
    match (&bulk.key, item) {
        (None, item) => Ok(item),
        (Some(key), Value::Record(own)) => {
            let mut fields = own.to_vec();
            set_key(&mut fields, room.text(key), call.key);
            Ok(Value::Record(room.bump().alloc_slice_copy(&fields)))
        }
        (Some(key), _) => Err(Failure::new(&codes::CONTENT, format!("{name}: an item without fields has none for the key `{key}`"))),
    }
}

/// The key is the engine's, whatever stood there.
fn set_key<'a>(fields: &mut Fields<'a>, name: &'a str, key: &'a str) {
    fields.retain(|(have, _)| *have != name);
    fields.push((name, Value::Text(key)));
}

/// A record with a list at the end of a path; what is beside it on the way stays.
fn put<'a>(fields: &[(&'a str, Value<'a>)], path: &'a [Arc<str>], list: Value<'a>, room: &'a Room) -> Value<'a> {
    let [key, below @ ..] = path else { return list };
    let inside: &[_] = match fields.iter().find(|(name, _)| **name == **key) {
        Some((_, Value::Record(inside))) => inside,
        Some(_) | None => &[],
    };
    let value = put(inside, below, list, room);
    let others = fields.iter().filter(|(name, _)| **name != **key).copied();
    let all: Fields<'a> = others.chain([(&**key, value)]).collect();
    Value::Record(room.bump().alloc_slice_copy(&all))
}

fn read<'a>(bytes: &'a [u8], room: &'a Room) -> Result<Value<'a>, Failure> {
    json::read(bytes, room).map_err(|fault| Failure::new(&codes::CONTENT, format!("the body is no JSON: {}", fault.says)))
}

/// The parameters that are fields of the request's element.
fn fields<'a>(operation: &SoapOperation, with: &Value<'a>) -> Fields<'a> {
    let is_block = |name: &str| operation.headers.iter().any(|(block, _)| **block == *name);
    parameters(with).iter().filter(|(name, _)| !is_block(name)).copied().collect()
}

/// The header blocks that the parameters of `with:` carry.
pub(super) fn blocks<'a>(operation: &SoapOperation, call: &Call<'a>) -> Vec<(ElementId, Value<'a>)> {
    let given = |name: &str| parameters(&call.with).iter().find(|(have, _)| *have == name).map(|(_, value)| *value);
    operation.headers.iter().filter_map(|(name, block)| Some((*block, given(name)?))).collect()
}

fn parameters<'a>(with: &Value<'a>) -> &'a [(&'a str, Value<'a>)] {
    match with {
        Value::Record(fields) => fields,
        _ => &[],
    }
}
