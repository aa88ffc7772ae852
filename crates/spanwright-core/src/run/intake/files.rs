//! Rows of a file as arrivals: each is an event, named by the file's content and its number.
//!
//! So the same file again, after a crash or under another name, is taken once; and two rows of one file that say the
//! same are two. What `once:` says of itself counts in its place.

use std::{num::NonZeroU32, sync::Arc};

use spanwright_shape::{
    number::Number,
    room::Room,
    text::{Code, Failure},
    value::Value,
};

use super::{Arrival, Page, bytes, named};
use crate::{codes, plan::Source};

/// A file, as a piece of it says.
struct File<'v> {
    name: &'v str,
    digest: &'v str,
}

impl<'v> File<'v> {
    fn of(piece: &Value<'v>) -> Option<File<'v>> {
        let text = |name| piece.get(name).and_then(|value| value.text());
        Some(File { name: text("name")?, digest: text("digest")? })
    }

    fn event(&self, row: &str) -> String {
        format!("{}:{row}", self.digest)
    }
}

/// The rows in a piece.
pub(super) fn rows(source: &Source, piece: &Value<'_>) -> Page {
    let mut page = Page::default();
    let Some(file) = File::of(piece) else { return page };
    let mut room = Room::new();
    for row in piece.get("rows").and_then(|rows| rows.list()).unwrap_or_default() {
        room.clear();
        match arrival(source, &file, row, &room) {
            Some(arrival) => page.arrivals.push(arrival),
            None => page.left_out += 1,
        }
    }
    page
}

/// What is behind the rows: whether the file is as it should be, and where it goes; of no file, when one may be there.
pub(super) fn end(piece: &Value<'_>, page: &mut Page) {
    let Some(file) = File::of(piece) else {
        page.again = again(piece);
        return;
    };
    let failed = piece.get("failed").and_then(|why| why.text());
    if let Some(why) = failed {
        page.arrivals.push(dead(&file, "file", beside(&file, None, None), &Value::Null, &codes::BAD_FILE, why));
    }
    let stamp = piece.get("stamp").unwrap_or(Value::Null);
    let to = Value::Text(if failed.is_some() { "failed" } else { "done" });
    page.next = Some(bytes(&Value::Record(&[
        ("name", Value::Text(file.name)),
        ("digest", Value::Text(file.digest)),
        ("stamp", stamp),
        ("to", to),
    ])));
}

fn again(piece: &Value<'_>) -> Option<NonZeroU32> {
    match piece.get("again") {
        Some(Value::Number(millis)) => NonZeroU32::new(u32::try_from(millis.as_i64()?.max(1)).unwrap_or(u32::MAX)),
        _ => None,
    }
}

/// A row, as if a file had held it.
pub(super) fn row(source: &Source, value: &Value<'_>, n: u64) -> Page {
    let n = Value::Number(Number::int(i64::try_from(n).unwrap_or(i64::MAX)));
    let row = Value::Record(&[("line", n), ("row", n), ("value", *value)]);
    rows(source, &Value::Record(&[("name", Value::Text("test")), ("digest", Value::Text("test")), ("rows", Value::List(&[row]))]))
}

fn arrival<'r>(source: &'r Source, file: &'r File<'r>, row: &'r Value<'r>, room: &'r Room) -> Option<Arrival> {
    let (line, number) = (row.get("line"), row.get("row"));
    let n = match number {
        Some(Value::Number(number)) => number.to_string(),
        _ => return None,
    };
    let event = file.event(&n);
    if let Some(why) = row.get("fault").and_then(|why| why.text()) {
        let raw = row.get("raw").unwrap_or(Value::Null);
        return Some(dead(file, &n, beside(file, line, number), &raw, &codes::BAD_ROW, why));
    }
    let value = row.get("value")?;
    let seen = Value::Record(room.bump().alloc_slice_copy(&[
        ("name", Value::Text(file.name)),
        ("row", number.unwrap_or(Value::Null)),
        ("line", line.unwrap_or(Value::Null)),
    ]));
    let names = room.bump().alloc_slice_copy(&[("file", seen)]);
    match named(source, &value, names, Some(&event), room) {
        Ok(arrival) => arrival.map(|arrival| {
            let beside = beside_as(file, line, number, arrival.once.as_deref());
            Arrival { beside, ..arrival }
        }),
        Err(why) => {
            let beside = beside(file, line, number);
            Some(Arrival { beside, ..Arrival::new(bytes(&value), None, None, Some(event.into()), Some(why)) })
        }
    }
}

/// What will never be a message as it is.
fn dead(file: &File<'_>, row: &str, beside: Option<Arc<[u8]>>, raw: &Value<'_>, code: &'static Code, why: &str) -> Arrival {
    let event = file.event(row);
    Arrival { beside, ..Arrival::new(bytes(raw), None, None, Some(event.into()), Some(Failure::new(code, why))) }
}

/// What `$file` and `$meta.once` will say.
fn beside(file: &File<'_>, line: Option<Value<'_>>, row: Option<Value<'_>>) -> Option<Arc<[u8]>> {
    beside_as(file, line, row, None)
}

fn beside_as(file: &File<'_>, line: Option<Value<'_>>, row: Option<Value<'_>>, once: Option<&str>) -> Option<Arc<[u8]>> {
    let (row, line) = (row.unwrap_or(Value::Null), line.unwrap_or(Value::Null));
    let seen = [("name", Value::Text(file.name)), ("row", row), ("line", line)];
    let mut fields = vec![("file", Value::Record(&seen))];
    fields.extend(once.map(|once| ("once", Value::Text(once))));
    Some(bytes(&Value::Record(&fields)))
}
