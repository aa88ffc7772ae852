//! What a page of a source holds: its items as arrivals, the token of the next page, and how far it has read.
//!
//! The items' bodies are their decoded JSON; a fragment of XML without its namespace declarations is no document, so
//! there are no "original bytes" of one polled record. An item that cannot be used is an arrival all the same: it is
//! kept, with its fault, and becomes a dead letter that a person can see.

use std::{cmp::Ordering, num::NonZeroU32, sync::Arc, time::Duration};

use spanwright_map::{Env, Program};
use spanwright_shape::{json, number::Number, room::Room, text::Failure, value::Value};

mod files;
mod queue;

use super::{pages, times};
use crate::{
    codes,
    door::Incoming,
    fact::{MessageFile, Print, print_of},
    plan::{FilesRule, Poll, Source},
};

/// The key that a decoder sets first in a record that breaks its schema.
pub const INVALID: &str = "$invalid";

/// One item of a page.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Of the body: made here, on a worker, since the desk compares it with the last one of its key.
    pub print: Print,
    /// JSON.
    pub body: Arc<[u8]>,
    /// Which record it is about.
    pub key: Option<Arc<str>>,
    /// Which state of it.
    pub version: Option<Arc<str>>,
    /// Which event it is, where the source says so.
    pub once: Option<Arc<str>>,
    /// It cannot be used as it is.
    pub fault: Option<Failure>,
    /// What came beside it: a JSON record.
    pub beside: Option<Arc<[u8]>>,
    /// The sender's correlation id.
    pub correlation: Option<Arc<str>>,
    /// Which client brought it: the events of one are not those of another.
    pub client: Option<Arc<str>>,
}

impl Arrival {
    /// An item with the print of its body.
    pub fn new(
        body: Arc<[u8]>,
        key: Option<Arc<str>>,
        version: Option<Arc<str>>,
        once: Option<Arc<str>>,
        fault: Option<Failure>,
    ) -> Arrival {
        Arrival { print: print_of(&[&body]), body, key, version, once, fault, beside: None, correlation: None, client: None }
    }
}

/// A page.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// In the page's order.
    pub arrivals: Vec<Arrival>,
    /// The token of the next page, JSON.
    pub next: Option<Arc<[u8]>>,
    /// The greatest cursor in it, JSON.
    pub cursor: Option<Arc<[u8]>>,
    /// Items that `when` left out.
    pub left_out: u32,
    /// A print of those, in their order, where pages may be the same.
    pub left_prints: u64,
    /// There is more that may be taken when so many milliseconds have passed: a look is worth it then.
    pub again: Option<NonZeroU32>,
}

/// Takes a decoded page apart; `asked` is its own token.
///
/// # Errors
/// An expression about the page itself (`each`, `pages.take`) failed: the page is not what the flow expects.
pub fn page(source: &Source, asked: Option<&[u8]>, answer: &Value<'_>) -> Result<Page, Failure> {
    let mut page = items(source, answer)?;
    if source.files().is_some() {
        files::end(answer, &mut page);
        return Ok(page);
    }
    if source.reads_queue() {
        queue::end(answer, &mut page);
        return Ok(page);
    }
    if let Some(pages) = source.poll().and_then(|poll| poll.pages.as_ref()) {
        let items = page.arrivals.len() as u64 + u64::from(page.left_out);
        page.next = pages::next(pages, asked, items, answer)?;
    }
    Ok(page)
}

/// Takes some items of a page apart, where the rest of it is still to come.
///
/// # Errors
/// `each` failed.
pub fn items(source: &Source, answer: &Value<'_>) -> Result<Page, Failure> {
    if source.files().is_some() {
        return Ok(files::rows(source, answer));
    }
    if source.reads_queue() {
        return Ok(queue::messages(source, answer));
    }
    let mut page = Page::default();
    let mut room = Room::new();
    let whole = Room::new();
    let items: &[Value<'_>] = match source.poll().and_then(|poll| poll.each.as_ref()) {
        None => std::slice::from_ref(answer),
        Some(each) => match value(each, answer, &whole)? {
            None | Some(Value::Null) => &[],
            Some(Value::List(items)) => items,
            Some(other) => {
                return Err(Failure::new(&codes::EXPRESSION, format!("`each` of the source wants a list and got {}", other.kind().word())));
            }
        },
    };
    for item in items {
        take(source, item, &mut page, &room);
        room.clear();
    }
    Ok(page)
}

/// One item, as if a page had held it.
pub fn item(source: &Source, item: &Value<'_>) -> Page {
    let mut page = Page::default();
    take(source, item, &mut page, &Room::new());
    page
}

/// One item as a test gives it: of a source that reads files, the `n`th row of one.
pub fn given(source: &Source, given: &Value<'_>, n: u64) -> Page {
    match source.files() {
        Some(_) => files::row(source, given, n),
        None if source.reads_queue() => queue::message(source, given),
        None => item(source, given),
    }
}

fn take(source: &Source, item: &Value<'_>, page: &mut Page, room: &Room) {
    let invalid = match item {
        Value::Record(fields) => fields.first().filter(|(key, _)| *key == INVALID).and_then(|(_, says)| says.text()),
        _ => None,
    };
    let arrival = match invalid {
        Some(says) => Ok(Some(faulty(source, item, Failure::new(&codes::BREAKS_SCHEMA, says), room))),
        None => arrival(source, item, page, room),
    };
    match arrival {
        Ok(Some(arrival)) => page.arrivals.push(arrival),
        Ok(None) => {
            page.left_out += 1;
            if source.poll().is_some_and(|poll| poll.pages.is_some()) {
                page.left_prints = page.left_prints.rotate_left(1) ^ short(&print_of(&[&bytes(item)]));
            }
        }
        Err(failure) => page.arrivals.push(faulty(source, item, failure, room)),
    }
}

/// Enough of a print to tell two of a page apart.
pub fn short(print: &Print) -> u64 {
    print.first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
}

fn arrival(source: &Source, item: &Value<'_>, page: &mut Page, room: &Room) -> Result<Option<Arrival>, Failure> {
    if let Some(rule) = source.poll().and_then(|poll| poll.cursor.as_ref())
        && let Some(cursor) = value(&rule.take, item, room)?.filter(|cursor| !is_empty(cursor))
    {
        further(&mut page.cursor, &cursor);
    }
    named(source, item, &[], None, room)
}

/// One item with its names; `None` where `when` leaves it out. `given` is what the sender itself calls the event.
fn named<'a>(
    source: &'a Source,
    item: &Value<'a>,
    names: &'a [(&'a str, Value<'a>)],
    given: Option<&str>,
    room: &'a Room,
) -> Result<Option<Arrival>, Failure> {
    let env = Env { dot: *item, names };
    if let Some(when) = &source.when
        && matches!(one(when, &env, room)?, None | Some(Value::Null | Value::Bool(false)))
    {
        return Ok(None);
    }
    let (key, version, once) = identity(source, &env, room)?;
    if source.once.is_some() && once.is_none() && source.served().is_some() {
        return Err(Failure::new(&codes::NO_KEY, "`once` of the source gave nothing"));
    }
    let once = once.or_else(|| given.map(Arc::from));
    if once.is_none() && source.served().is_some_and(|served| served.wants_key) {
        let says = "it has no `Idempotency-Key`: send one of your own, the same whenever you send this request again";
        return Err(Failure::new(&codes::NO_KEY, says));
    }
    let key = key.or_else(|| once.clone());
    Ok(Some(Arrival::new(bytes(item), key, version, once, None)))
}

type Text = Option<Arc<str>>;

/// Which record one is about, which state of it, and which event it is.
fn identity<'a>(source: &'a Source, env: &Env<'a>, room: &'a Room) -> Result<(Text, Text, Text), Failure> {
    let text = |program: Option<&'a Program>| program.map_or(Ok(None), |program| Ok(plain_text(one(program, env, room)?)));
    let key = text(source.key.as_ref())?;
    if source.key.is_some() && key.is_none() {
        return Err(Failure::new(&codes::NO_KEY, "`key` of the source gave nothing"));
    }
    Ok((key, text(source.version.as_ref())?, text(source.once.as_ref())?))
}

/// A message that was brought to us; `None` where `when` leaves it out.
///
/// # Errors
/// An expression of the source failed, or gave no key.
pub fn brought(source: &Source, incoming: &Incoming<'_>, room: &Room) -> Result<Option<Arrival>, Failure> {
    let names = match incoming.beside {
        Value::Record(fields) => fields,
        _ => &[],
    };
    let arrival = named(source, &incoming.body, names, incoming.once.as_deref(), room)?;
    let correlation = incoming.correlation.as_deref().map(Arc::from);
    Ok(arrival.map(|arrival| {
        let (print, beside) = (asked_print(&arrival, names), beside(incoming, arrival.once.as_deref()));
        Arrival { print, beside, correlation, ..arrival }
    }))
}

/// Which record a message whose body was edited is about, and which state of it; as it was where `source` is not that by which it came.
///
/// # Errors
/// The body is no JSON, or an expression of the source failed or gave no key.
pub fn edited(source: Option<&Source>, old: &MessageFile, body: &[u8]) -> Result<(Text, Text), Failure> {
    let Some(source) = source.filter(|source| source.name == old.source) else { return Ok((old.key.clone(), old.version.clone())) };
    let room = Room::new();
    let read = |bytes| json::read(bytes, &room).map_err(|fault| Failure::new(&codes::NO_KEY, format!("no JSON: {}", fault.says)));
    let (item, beside) = (read(body)?, old.beside.as_deref().map(read).transpose()?);
    let names = match beside {
        Some(Value::Record(fields)) => fields,
        _ => &[],
    };
    let env = Env { dot: item, names };
    let (key, version, once) = identity(source, &env, &room)?;
    let given = || names.iter().find(|(name, _)| *name == "once").and_then(|(_, once)| once.text()).map(Arc::from);
    Ok((key.or(once).or_else(given), version))
}

/// By what a request that comes again under its key is known: its body, and what its path and query say.
fn asked_print(arrival: &Arrival, names: &[(&str, Value<'_>)]) -> Print {
    let asked = names.iter().filter(|(name, value)| WHAT_IS_ASKED.contains(name) && says_something(value));
    let asked: Vec<_> = asked.map(|(name, value)| (*name, bytes(value))).collect();
    if asked.is_empty() {
        // So it was before path and query counted: what is in a journal from then is known by it.
        return arrival.print;
    }
    let beside = asked.iter().flat_map(|(name, value)| [name.as_bytes(), value]);
    print_of(&[&[&*arrival.body][..], &beside.collect::<Vec<_>>()].concat())
}

/// What a sender asks by beside the body. Its headers change from one try to the next.
const WHAT_IS_ASKED: [&str; 2] = ["query", "path"];

fn says_something(value: &Value<'_>) -> bool {
    !matches!(value, Value::Null | Value::Record([]))
}

/// What came beside the body, and which event it is: what `$headers`, `$query`, `$path` and `$meta.once` will say.
fn beside(incoming: &Incoming<'_>, once: Option<&str>) -> Option<Arc<[u8]>> {
    let mut fields = match incoming.beside {
        Value::Record(fields) => fields.to_vec(),
        _ => Vec::new(),
    };
    fields.extend(once.map(|once| ("once", Value::Text(once))));
    (!fields.is_empty()).then(|| bytes(&Value::Record(&fields)))
}

/// A broken item, with what can still be told about it.
fn faulty(source: &Source, item: &Value<'_>, fault: Failure, room: &Room) -> Arrival {
    let told = |program: Option<&Program>| text(program, item, room).ok().flatten();
    Arrival::new(bytes(item), told(source.key.as_ref()), told(source.version.as_ref()), None, Some(fault))
}

/// The parameters of the next request of a source: its own, the cursor and the page's token.
///
/// # Errors
/// `with:` failed.
pub fn parameters(source: &Poll, cursor: Option<&[u8]>, token: Option<&[u8]>) -> Result<Vec<u8>, Failure> {
    let room = Room::new();
    let mut own = Vec::new();
    if let Some(with) = &source.with {
        with.write(&Env { dot: Value::Null, names: &[] }, &room, &mut own).map_err(|fault| fault.failure)?;
    }
    let read = |bytes| json::read(bytes, &room).ok();
    let mut fields = match read(&own) {
        Some(Value::Record(fields)) => fields.to_vec(),
        _ => Vec::new(),
    };
    if let Some(FilesRule { settle, done, failed }) = &source.files {
        let settle = Number::int(i64::try_from(settle.as_millis()).unwrap_or(i64::MAX));
        fields.extend([("settle", Value::Number(settle)), ("done", Value::Text(done)), ("failed", Value::Text(failed))]);
        fields.extend(token.and_then(|token| Some(("finished", json::read(token, &room).ok()?))));
    }
    if let Some(prefetch) = source.queue {
        fields.push(("prefetch", Value::Number(Number::int(prefetch.into()))));
    }
    if let Some(rule) = &source.cursor {
        let from = match cursor {
            Some(cursor) => back(cursor, rule.overlap),
            None => rule.start.to_vec(),
        };
        let from = room.bump().alloc_slice_copy(&from);
        fields.push((&rule.into, json::read(from, &room).unwrap_or(Value::Null)));
    }
    fields.extend(source.pages.as_ref().and_then(|pages| pages::parameter(pages, token, &room)));
    Ok(bytes(&Value::Record(&fields)).to_vec())
}

/// The cursor, an overlap earlier. Numbers count seconds.
fn back(cursor: &[u8], overlap: Duration) -> Vec<u8> {
    let room = Room::new();
    match json::read(cursor, &room) {
        Ok(Value::Text(text)) => match times::earlier(text, overlap) {
            Some(earlier) => bytes(&Value::Text(&earlier)).to_vec(),
            None => cursor.to_vec(),
        },
        Ok(Value::Number(number)) => match number.as_i64() {
            Some(n) => (n - i64::try_from(overlap.as_secs()).unwrap_or(0)).to_string().into_bytes(),
            None => cursor.to_vec(),
        },
        _ => cursor.to_vec(),
    }
}

/// Keeps the greater of two cursors.
pub fn further(have: &mut Option<Arc<[u8]>>, new: &Value<'_>) {
    let room = Room::new();
    let old = have.clone();
    let greater = match old.as_deref().and_then(|old| json::read(old, &room).ok()) {
        None => true,
        Some(Value::Number(old)) => matches!(new, Value::Number(new) if new.compare(&old) == Ordering::Greater),
        Some(Value::Text(old)) => matches!(new, Value::Text(new) if times::compare(new, old) == Ordering::Greater),
        Some(_) => false,
    };
    if greater {
        *have = Some(bytes(new));
    }
}

/// Keeps the greater of two cursors, the new one as JSON.
pub fn further_bytes(have: &mut Option<Arc<[u8]>>, new: &[u8]) {
    let room = Room::new();
    if let Ok(new) = json::read(new, &room) {
        further(have, &new);
    }
}

pub(super) fn value<'a>(program: &'a Program, dot: &Value<'a>, room: &'a Room) -> Result<Option<Value<'a>>, Failure> {
    one(program, &Env { dot: *dot, names: &[] }, room)
}

fn one<'a>(program: &'a Program, env: &Env<'a>, room: &'a Room) -> Result<Option<Value<'a>>, Failure> {
    program.one(env, room).map_err(|fault| fault.failure)
}

/// A key's or version's text: text as it is, a number as it is written; nothing where it is absent, null or "".
fn text(program: Option<&Program>, item: &Value<'_>, room: &Room) -> Result<Option<Arc<str>>, Failure> {
    let Some(program) = program else { return Ok(None) };
    Ok(plain_text(value(program, item, room)?))
}

fn plain_text(value: Option<Value<'_>>) -> Option<Arc<str>> {
    match value {
        Some(Value::Text(text)) if !text.is_empty() => Some(text.into()),
        Some(Value::Number(number)) => Some(plain(&number).into()),
        _ => None,
    }
}

fn plain(number: &Number<'_>) -> String {
    number.to_string()
}

pub(super) fn is_empty(value: &Value<'_>) -> bool {
    matches!(value, Value::Null | Value::Text("") | Value::Bool(false))
}

pub(super) fn bytes(value: &Value<'_>) -> Arc<[u8]> {
    let mut out = Vec::new();
    json::write(value, &mut out);
    out.into()
}
