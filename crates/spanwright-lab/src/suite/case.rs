//! A test as it is read: what is given, what happens, and what must follow, each with its place.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use spanwright_core::fact::Moment;
use spanwright_map::Program;
use spanwright_shape::text::Span;

/// JSON, and where it was written.
#[derive(Clone, Debug)]
pub struct Json {
    /// Where.
    pub at: Span,
    /// The bytes.
    pub bytes: Arc<[u8]>,
}

/// One file of tests.
#[derive(Debug)]
pub struct Test {
    /// Its name.
    pub name: Arc<str>,
    /// What it tries.
    pub subject: Subject,
    /// Its cases.
    pub cases: Vec<Case>,
    /// When each case begins.
    pub(super) begins: Moment,
    /// Values of variables.
    pub(super) vars: BTreeMap<String, String>,
    /// What systems answer where a case says nothing.
    pub(super) answers: Vec<Answer>,
}

/// What a test tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A flow, by its number in the plan.
    Flow(usize),
    /// A map, by its number in the plan.
    Map(usize),
}

/// One case.
#[derive(Debug)]
pub struct Case {
    /// Unique in its file.
    pub name: Arc<str>,
    /// Where it stands.
    pub at: Span,
    pub(super) what: What,
}

/// What a case is.
#[derive(Debug)]
pub(super) enum What {
    /// Of a flow.
    Story(Box<Story>),
    /// Of a map.
    Record(Box<Record>),
}

/// A case of a flow.
#[derive(Debug)]
pub(super) struct Story {
    pub messages: Vec<Json>,
    pub knocks: Vec<Knock>,
    pub answers: Vec<Answer>,
    pub when: Vec<Happens>,
    pub until: Option<Duration>,
    pub then: Then,
}

/// A request that a sender makes to us.
#[derive(Clone, Debug)]
pub(super) struct Knock {
    pub at: Span,
    pub path: Vec<(String, String)>,
    pub query: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    pub body: Content,
    pub client: Option<Arc<str>>,
}

/// Its body.
#[derive(Clone, Debug)]
pub(super) enum Content {
    Nothing,
    Json(Arc<[u8]>),
    Bytes(Arc<[u8]>),
}

/// What a sender must have been told.
#[derive(Debug)]
pub(super) struct Told {
    pub at: Span,
    pub status: Option<(Span, u64)>,
    pub body: Option<Json>,
    pub has: Option<Json>,
    pub headers: Vec<(Span, String, String)>,
    pub contains: Option<(Span, String)>,
    pub fault: Option<(Span, String)>,
}

/// What a system answers.
#[derive(Debug)]
pub(super) struct Answer {
    pub at: Span,
    pub system: usize,
    /// `None`: the token endpoint.
    pub operation: Option<usize>,
    pub asked: Option<Program>,
    pub after: Duration,
    /// `None`: always.
    pub times: Option<u64>,
    pub says: Says,
    /// Headers beside those that its system writes.
    pub beside: Vec<(Arc<str>, Vec<u8>)>,
}

/// What it says.
#[derive(Debug)]
pub(super) enum Says {
    Gives(Arc<[u8]>),
    Makes(Program),
    Fault { name: String, detail: Arc<[u8]>, reason: String },
    Http { status: u16, headers: Vec<(Arc<str>, Vec<u8>)>, body: Vec<u8> },
    CutBefore,
    CutAfter,
    CutInside,
    Late,
}

/// Something that happens.
#[derive(Debug)]
pub(super) struct Happens {
    pub at: Option<Duration>,
    pub what: Happening,
}

/// What happens.
#[derive(Clone, Debug)]
pub(super) enum Happening {
    Message(Json),
    Request(Box<Knock>),
    Poll,
    Replay,
    Discard(Arc<str>),
    Crash,
}

/// What must follow.
#[derive(Debug, Default)]
pub(super) struct Then {
    pub outcome: Option<(Span, String)>,
    pub outcomes: Option<(Span, BTreeMap<String, u64>)>,
    pub dead: Option<Dead>,
    pub requests: Option<(Span, Vec<Wanted>)>,
    pub polls: Option<(Span, Vec<Wanted>)>,
    pub reply: Option<Told>,
    pub replies: Option<(Span, Vec<Told>)>,
    pub cursor: Option<Json>,
    pub breakers: Vec<(Span, String, String)>,
    pub alerts: Option<(Span, Vec<Notice>)>,
    pub trail: Option<(Span, Vec<String>)>,
    pub snapshot: Option<Span>,
}

/// A dead letter that must be there.
#[derive(Debug)]
pub(super) struct Dead {
    pub at: Span,
    pub code: Option<String>,
    pub step: Option<String>,
    pub says: Option<String>,
    pub undone: Option<bool>,
}

/// An alert that people must have been told.
#[derive(Debug)]
pub(super) struct Notice {
    pub at: Span,
    pub cause: String,
    pub state: Option<(Span, String)>,
    pub of: Option<(Span, String)>,
    pub code: Option<(Span, String)>,
    pub count: Option<(Span, u64)>,
    pub severity: Option<(Span, String)>,
    pub says: Option<(Span, String)>,
    pub to: Option<(Span, Vec<String>)>,
    pub not_before: Option<(Span, Duration)>,
    pub not_after: Option<(Span, Duration)>,
}

/// A request that must have been sent.
#[derive(Debug)]
pub(super) struct Wanted {
    pub at: Span,
    /// `crm.upsertContacts`
    pub to: String,
    pub with: Option<Json>,
    pub body: Option<Json>,
    pub has: Option<Json>,
    pub items: Option<(Span, u64)>,
    pub headers: Vec<(Span, String, String)>,
    pub url: Option<(Span, String)>,
    pub sent: Option<Json>,
    pub contains: Option<(Span, String)>,
    pub key: Option<(Span, String)>,
    pub not_before: Option<(Span, Duration)>,
    pub not_after: Option<(Span, Duration)>,
}

/// A case of a map.
#[derive(Debug)]
pub(super) struct Record {
    pub given: Arc<[u8]>,
    pub at: Span,
    pub has: Option<Json>,
    pub lacks: Vec<(Span, String)>,
    pub exactly: Option<Json>,
    pub fails: Option<Fails>,
    pub snapshot: Option<Span>,
}

/// How a record must fail.
#[derive(Debug)]
pub(super) struct Fails {
    pub at: Span,
    pub code: Option<String>,
    pub says: Option<String>,
}
