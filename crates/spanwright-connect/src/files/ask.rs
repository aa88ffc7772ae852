//! From calls to what is to be done with a folder.

use std::time::Duration;

use spanwright_core::connector::{Call, FilesRequest, Finished, Refusal, With};
use spanwright_shape::{
    json,
    room::Room,
    shape::{Shapes, breach},
    text::Failure,
    value::Value,
};

use super::{codes, compile::Folder, text_of, write};
use crate::auth;

/// The next file to be read, and what becomes of the one before it.
pub(super) fn take(folder: &Folder, root: String, call: &Call<'_>, with: &With<'_>) -> Result<FilesRequest, Refusal> {
    let millis = match call.with.get("settle") {
        Some(Value::Number(millis)) => millis.as_i64().and_then(|millis| u64::try_from(millis).ok()).unwrap_or_default(),
        _ => 0,
    };
    let finished = call.with.get("finished").map(|finished| Finished {
        name: text_of(&finished, "name").into(),
        digest: text_of(&finished, "digest").into(),
        stamp: text_of(&finished, "stamp").into(),
        failed: text_of(&finished, "to") == "failed",
    });
    Ok(FilesRequest::Take {
        folder: under(folder, root, with)?,
        matches: folder.matches.clone(),
        settle: Duration::from_millis(millis),
        done: text_of(&call.with, "done").to_string(),
        failed: text_of(&call.with, "failed").to_string(),
        finished,
    })
}

/// One file with these rows.
pub(super) fn put(folder: &Folder, shapes: &Shapes, root: String, calls: &[Call<'_>], with: &With<'_>) -> Result<FilesRequest, Refusal> {
    let room = Room::new();
    let mut rows = Vec::with_capacity(calls.len());
    for (n, call) in calls.iter().enumerate() {
        rows.push(row(folder, shapes, call, &room).map_err(|why| Refusal::Call(n, why))?);
    }
    let bytes = write::write(folder, shapes, &rows).map_err(|(n, why)| Refusal::Call(n, why))?;
    let key: String = key(calls, with).chars().map(|character| if character.is_ascii_alphanumeric() { character } else { '-' }).collect();
    let name = auth::fill(&folder.writes, with).map_err(Refusal::System)?.replace("{key}", &key);
    Ok(FilesRequest::Put { folder: under(folder, root, with)?, name, key, bytes })
}

/// Of one message its own key, of several that of their request.
fn key<'a>(calls: &[Call<'a>], with: &With<'a>) -> &'a str {
    match calls {
        [one] => one.key,
        _ => with.request_key,
    }
}

fn row<'r>(folder: &Folder, shapes: &Shapes, call: &Call<'r>, room: &'r Room) -> Result<Value<'r>, Failure> {
    let fault = |says: String| Failure::new(&codes::CELL, format!("{}: {says}", folder.name));
    let body = call.body.unwrap_or(b"null");
    let value = json::read(body, room).map_err(|why| fault(format!("the row is no JSON (byte {}: {})", why.at, why.says)))?;
    match folder.row.and_then(|shape| breach(shapes, shape, &value)) {
        Some(wrong) => Err(fault(format!("the schema does not allow this row: {wrong}"))),
        None => Ok(value),
    }
}

fn under(folder: &Folder, root: String, with: &With<'_>) -> Result<String, Refusal> {
    let inside = auth::fill(&folder.folder, with).map_err(Refusal::System)?;
    if inside.starts_with('/') || inside.split('/').any(|part| part == "..") {
        return Err(Refusal::System(Failure::new(&codes::FOLDER, format!("{}: `{inside}` leads out of the system's folder", folder.name))));
    }
    Ok(format!("{}/{inside}", root.trim_end_matches('/')))
}
