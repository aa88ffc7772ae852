//! What the expressions of a flow see: the body that is carried, and the names beside it.

use spanwright_shape::{json, room::Room, text::Failure, value::Value};

use super::{
    advance::AdvanceJob,
    head::{ANSWERS, Answer},
};
use crate::{
    codes,
    fact::StopKind,
    plan::{EffectPlan, Plan},
};

/// The body between two steps: bytes until somebody looks into it.
#[derive(Clone, Copy)]
pub(super) enum Carried<'a> {
    /// JSON.
    Bytes(&'a [u8]),
    /// Looked into.
    Value(Value<'a>),
}

impl<'a> Carried<'a> {
    pub(super) fn bytes(bytes: &'a [u8]) -> Carried<'a> {
        Carried::Bytes(bytes)
    }

    pub(super) fn value(&self, room: &'a Room) -> Result<Value<'a>, Failure> {
        match self {
            Carried::Value(value) => Ok(*value),
            Carried::Bytes(bytes) => json::read(bytes, room)
                .map_err(|fault| Failure::new(&codes::EXPRESSION, format!("the body is no JSON at byte {}: {}", fault.at, fault.says))),
        }
    }

    pub(super) fn to_bytes(self) -> Vec<u8> {
        match self {
            Carried::Bytes(bytes) => bytes.to_vec(),
            Carried::Value(value) => {
                let mut out = Vec::new();
                json::write(&value, &mut out);
                out
            }
        }
    }
}

/// The names that expressions see: `$in`, `$meta`, answers of calls, and what an `each` adds.
#[derive(Clone)]
pub(super) struct Names<'a> {
    all: Vec<(&'a str, Value<'a>)>,
}

impl<'a> Names<'a> {
    pub(super) fn first(whole: Value<'a>, job: &'a AdvanceJob, room: &'a Room) -> Names<'a> {
        let beside = beside(job, room);
        let mut all = vec![("in", whole), ("meta", meta(job, beside, room)), ("vars", vars(job, room))];
        all.extend(beside.iter().filter(|(name, _)| !OF_META.contains(name)));
        if job.plan.flows[job.flow].effects.iter().any(|effect| effect.head.is_some()) {
            all.push((ANSWERS, Value::Record(&[])));
        }
        Names { all }
    }

    /// The answer of a call, under the name that the plan gives it.
    pub(super) fn answer(&mut self, effect: &'a EffectPlan, answer: Answer<'a>, room: &'a Room) {
        let Some(name) = &effect.saved_as else { return };
        self.all.push((name, answer.body));
        if effect.head.is_some() {
            self.head(name, answer.head, room);
        }
    }

    /// `$answers.NAME`
    fn head(&mut self, name: &'a str, head: Value<'a>, room: &'a Room) {
        let before = self.all.iter().rposition(|(have, _)| *have == ANSWERS);
        let before = before.map(|at| self.all.remove(at).1);
        let others = match before {
            Some(Value::Record(fields)) => fields,
            _ => &[],
        };
        let fields: Vec<_> = others.iter().copied().filter(|(have, _)| *have != name).chain([(name, head)]).collect();
        self.all.push((ANSWERS, Value::Record(room.bump().alloc_slice_copy(&fields))));
    }

    /// Inside the `n`th item of an `each` over a part of `whole`.
    pub(super) fn inside(&self, whole: Value<'a>, n: usize) -> Names<'a> {
        let mut all = self.all.clone();
        if !all.iter().any(|(name, _)| *name == "root") {
            all.push(("root", whole));
        }
        let index = spanwright_shape::number::Number::int(i64::try_from(n).unwrap_or(i64::MAX));
        all.extend([("parent", whole), ("index", Value::Number(index))]);
        Names { all }
    }

    /// Seen by what an effect asks: `$delivery`.
    pub(super) fn delivery(&self, id: &str, room: &'a Room) -> Names<'a> {
        let fields = room.bump().alloc_slice_copy(&[("id", Value::Text(room.text(id)))]);
        self.and("delivery", Value::Record(fields))
    }

    /// Seen by what follows from an effect's failure: `$error`.
    pub(super) fn error(&self, failed: &EffectPlan, plan: &'a Plan, why: (StopKind, &Failure, u32), room: &'a Room) -> Names<'a> {
        self.error_at(&failed.node, Some(failed), plan, why, room)
    }

    /// Seen by what follows from a failure of some step: `$error`.
    pub(super) fn error_at(
        &self,
        step: &str,
        failed: Option<&EffectPlan>,
        plan: &'a Plan,
        (kind, why, tries): (StopKind, &Failure, u32),
        room: &'a Room,
    ) -> Names<'a> {
        let text = |text: &str| Value::Text(room.text(text));
        let system = failed.and_then(|failed| plan.systems.get(failed.system));
        let outcome = match kind {
            StopKind::Dead => "never",
            StopKind::Uncertain => "unknown",
        };
        let fields = [
            ("step", text(step)),
            ("system", system.map_or(Value::Null, |system| text(&system.name))),
            ("outcome", text(outcome)),
            ("code", text(why.code.id)),
            ("reason", text(&why.says)),
            ("tries", Value::Number(spanwright_shape::number::Number::int(i64::from(tries)))),
        ];
        self.and("error", Value::Record(room.bump().alloc_slice_copy(&fields)))
    }

    fn and(&self, name: &'a str, value: Value<'a>) -> Names<'a> {
        let mut all = self.all.clone();
        all.push((name, value));
        Names { all }
    }

    pub(super) fn in_room(&self, room: &'a Room) -> &'a [(&'a str, Value<'a>)] {
        room.bump().alloc_slice_copy(&self.all)
    }
}

/// What comes beside a body and is seen in `$meta`.
const OF_META: [&str; 3] = ["once", "due", "previous"];

/// What came beside the body: `$headers`, `$query`, `$path`, and `once`.
fn beside<'a>(job: &'a AdvanceJob, room: &'a Room) -> &'a [(&'a str, Value<'a>)] {
    match job.message.beside.as_deref().and_then(|bytes| json::read(bytes, room).ok()) {
        Some(Value::Record(fields)) => fields,
        _ => &[],
    }
}

/// `$meta`: who this message is. Nothing in it changes between two walks.
fn meta<'a>(job: &'a AdvanceJob, beside: &[(&str, Value<'a>)], room: &'a Room) -> Value<'a> {
    let told = |wanted: &str| beside.iter().find(|(name, _)| *name == wanted).map_or(Value::Null, |(_, value)| *value);
    let text = |text: &str| Value::Text(room.text(text));
    let maybe = |value: &Option<std::sync::Arc<str>>| value.as_ref().map_or(Value::Null, |value| text(value));
    let message = &job.message;
    let fields = [
        ("id", text(&message_id(message.id))),
        ("correlation", text(&message.correlation)),
        ("once", told("once")),
        ("key", maybe(&message.key)),
        ("version", maybe(&message.version)),
        ("flow", text(&job.plan.flows[job.flow].name)),
        ("environment", maybe(&job.plan.environment)),
        ("received", text(&super::times::rfc3339(message.received))),
        ("due", told("due")),
        ("previous", told("previous")),
    ];
    Value::Record(room.bump().alloc_slice_copy(&fields))
}

/// `$vars`: declared variables that are no secrets, with the values that the plan pins (their defaults).
fn vars<'a>(job: &'a AdvanceJob, room: &'a Room) -> Value<'a> {
    let fields = job.plan.vars.iter().map(|(name, value)| (&**name, value.as_ref().map_or(Value::Null, |value| Value::Text(value))));
    Value::Record(room.bump().alloc_slice_fill_iter(fields.collect::<Vec<_>>()))
}

/// A message's id as people see it: a UUID.
pub fn message_id(id: u128) -> String {
    let hex = format!("{id:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
