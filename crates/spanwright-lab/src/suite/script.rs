//! What systems answer: the script of a case, then that of its file, each answer so often as it says.

use std::{
    io::{self, BufReader, Read},
    sync::Arc,
    time::Duration,
};

use spanwright_core::{
    connector::{Heard, Pretended, Reached, Said, System},
    plan::Plan,
};
use spanwright_map::Env;
use spanwright_shape::{json, room::Room, text::Problems, value::Value};

use super::case::{Answer, Says};
use crate::codes;

/// A channel that steps tell something has one thing to answer, whoever says what.
pub(super) const CHANNEL_OPERATION: usize = 0;

/// The answers of a case, and how often each may still be used.
pub(super) struct Script<'s> {
    answers: Vec<(&'s Answer, Option<u64>)>,
}

/// What is asked, as answers see it.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub system: usize,
    /// `None`: the token endpoint.
    pub operation: Option<usize>,
    /// `{ with, body, items }`
    pub sight: Value<'a>,
}

/// An answer on its way.
#[derive(Debug)]
pub(super) struct Reply {
    pub takes: Duration,
    pub kind: Kind,
}

/// What comes.
#[derive(Debug)]
pub(super) enum Kind {
    Said(Said),
    /// Its body ends too early.
    Torn(Said),
    Broken(Reached, String),
    /// Nothing before the time-out.
    Late,
}

impl<'s> Script<'s> {
    pub fn of(case: &'s [Answer], file: &'s [Answer]) -> Script<'s> {
        Script { answers: case.iter().chain(file).map(|answer| (answer, answer.times)).collect() }
    }

    /// Whether an answer that is used so many times is left for an operation.
    pub fn is_left(&self, system: usize, operation: usize) -> bool {
        self.answers
            .iter()
            .any(|(answer, left)| answer.system == system && answer.operation == Some(operation) && left.is_some_and(|left| left > 0))
    }

    /// The answer to a request; `None` where nobody says.
    pub fn answer(&mut self, asked: &Asked<'_>, plan: &Plan, to: &mut Problems) -> Option<Reply> {
        let room = Room::new();
        let suits = |answer: &Answer| {
            answer.system == asked.system
                && answer.operation == asked.operation
                && answer.asked.as_ref().is_none_or(|asks| {
                    matches!(asks.one(&Env { dot: asked.sight, names: &[] }, &room), Ok(Some(value)) if !matches!(value, Value::Null | Value::Bool(false)))
                })
        };
        let (answer, left) = self.answers.iter_mut().find(|(answer, left)| *left != Some(0) && suits(answer))?;
        if let Some(left) = left {
            *left -= 1;
        }
        let mut kind = said(answer, asked, plan).unwrap_or_else(|says| {
            to.error(&codes::PRETEND, answer.at, format!("the system could not answer this: {says}"), None);
            Kind::Broken(Reached::No, "the test has no answer".to_string())
        });
        if let Kind::Said(said) = &mut kind {
            said.headers.extend(answer.beside.iter().cloned());
        }
        Some(Reply { takes: answer.after, kind })
    }
}

fn said(answer: &Answer, asked: &Asked<'_>, plan: &Plan) -> Result<Kind, String> {
    let room = Room::new();
    let system = &plan.systems[asked.system].system;
    let (speaker, operation): (&dyn System, usize) = match asked.operation {
        Some(operation) => (&**system, operation),
        None => (system.sign_in().ok_or("it has no token endpoint")?, 0),
    };
    let value = |bytes| json::read(bytes, &room).map_err(|fault| fault.says.to_string());
    Ok(match &answer.says {
        Says::Gives(bytes) => Kind::Said(speaker.pretend(operation, &Pretended::Gives(value(bytes)?))?),
        Says::Makes(program) => {
            let made = program.one(&Env { dot: asked.sight, names: &[] }, &room).map_err(|fault| fault.failure.says)?;
            Kind::Said(speaker.pretend(operation, &Pretended::Gives(made.unwrap_or(Value::Null)))?)
        }
        Says::Fault { name, detail, reason } => {
            Kind::Said(speaker.pretend(operation, &Pretended::Fault { name, detail: value(detail)?, reason })?)
        }
        Says::Http { status, headers, body } => Kind::Said(Said { status: *status, headers: headers.clone(), body: body.clone() }),
        Says::CutBefore => Kind::Broken(Reached::No, "the connection was cut before the request was read".to_string()),
        Says::CutAfter => Kind::Broken(Reached::Maybe, "the connection was cut after the request was read".to_string()),
        Says::CutInside => {
            let half =
                Said { status: 200, headers: vec![("content-type".into(), b"application/json".to_vec())], body: b"{\"half".to_vec() };
            Kind::Torn(half)
        }
        Says::Late => Kind::Late,
    })
}

/// A token, where a test says nothing of sign-ins.
pub(super) fn token(plan: &Plan, system: usize) -> Option<Reply> {
    let said = plan.systems[system].system.sign_in()?.pretend(0, &Pretended::Gives(Value::Null)).ok()?;
    Some(Reply { takes: Duration::from_millis(20), kind: Kind::Said(said) })
}

impl Kind {
    /// The HTTP status, 0 where none came.
    pub fn status(&self) -> u16 {
        match self {
            Kind::Said(said) | Kind::Torn(said) => said.status,
            Kind::Broken(..) | Kind::Late => 0,
        }
    }

    /// Lets it be heard.
    pub fn hear<T>(&self, timeout: Duration, with: impl FnOnce(Heard<'_>) -> T) -> T {
        match self {
            Kind::Said(Said { status, headers, body }) => with(Heard::Http { status: *status, headers, body: &mut body.as_slice() }),
            Kind::Torn(Said { status, headers, body }) => {
                let mut torn = BufReader::new(body.as_slice().chain(Cut));
                with(Heard::Http { status: *status, headers, body: &mut torn })
            }
            Kind::Broken(reached, why) => with(Heard::Broken { reached: *reached, why: why.clone() }),
            Kind::Late => with(Heard::Broken { reached: Reached::Maybe, why: format!("no answer within {timeout:?}") }),
        }
    }
}

/// The end of a connection that was cut.
struct Cut;

impl Read for Cut {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::new(io::ErrorKind::ConnectionReset, "the connection was cut"))
    }
}

/// `{ with, body, items }` of some calls, as answers and expectations see them.
pub(super) fn sight<'a>(calls: &[(&'a [u8], Option<&'a [u8]>)], room: &'a Room) -> Value<'a> {
    let read = |bytes: &'a [u8]| json::read(bytes, room).unwrap_or(Value::Null);
    let bodies: Vec<Value<'a>> = calls.iter().map(|(_, body)| body.map_or(Value::Null, read)).collect();
    let items = Value::List(room.bump().alloc_slice_copy(&bodies));
    let first = calls.first().map_or(Value::Null, |(with, _)| read(with));
    let body = bodies.first().copied().unwrap_or(Value::Null);
    Value::Record(room.bump().alloc_slice_copy(&[("with", first), ("body", body), ("items", items)]))
}

/// The name that a person knows an operation by.
pub(super) fn name(plan: &Plan, system: usize, operation: usize) -> String {
    let of = &plan.systems[system];
    let operation: Arc<str> = of.system.interface().operations[operation].name.clone();
    format!("{}.{operation}", of.name)
}
