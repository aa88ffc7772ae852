//! From an answer to a verdict.

use std::{io::BufRead, sync::Arc, time::Duration};

use spanwright_core::{
    connector::{Answers, Beside, Blame, Call, Heard, Outcome, Reached, Validator, Verdict, With, Word, is_condition},
    interface::Repeat,
    settings::OutcomeWord,
};
use spanwright_shape::{
    json,
    room::Room,
    text::{Code, Failure},
    value::Value,
};

use super::{
    RestSystem,
    operation::{Promise, RestOperation},
};
use crate::{
    auth,
    bulk::{self, Speaker},
    codes,
    http::{
        NO_HTTP,
        answer::{self, ANSWER_BYTES_MOST, REFUSAL_BYTES_MOST},
        elsewhere, excerpt, link,
        outcomes::Judgement,
        retry_after,
        status::{self, Meaning},
    },
};

type Headers = [(Arc<str>, Vec<u8>)];

pub(super) fn hear(
    system: &RestSystem,
    operation: &RestOperation,
    calls: &[Call<'_>],
    heard: Heard<'_>,
    with: &With<'_>,
    answers: Answers<'_>,
) -> Verdict {
    match heard {
        Heard::Broken { reached, why } => broken(operation, calls.len(), reached, &why),
        Heard::Files(_) | Heard::Queue(_) => broken(operation, calls.len(), Reached::Maybe, NO_HTTP),
        Heard::Http { status, headers, body } => {
            let hearing = Hearing { system, operation, calls, status, headers, with };
            if hearing.is_unchanged() {
                let verdict = Verdict::all(calls.len(), Outcome::Delivered(None));
                return Verdict { beside: Some(Box::new(Beside { unchanged: true, ..Beside::default() })), ..verdict };
            }
            let verdict = hearing.verdict(body, answers);
            Verdict { beside: beside(headers), ..verdict }
        }
    }
}

/// What stands beside an answer for whoever reads on.
fn beside(headers: &Headers) -> Option<Box<Beside>> {
    let text = |name: &str| answer::header(headers, name).and_then(|value| std::str::from_utf8(value).ok()).map(Arc::from);
    let (tag, modified) = (text("etag"), text("last-modified"));
    let validator = (tag.is_some() || modified.is_some()).then(|| Arc::new(Validator { tag, modified }));
    let next = link::next(headers);
    (next.is_some() || validator.is_some()).then(|| Box::new(Beside { next, validator, ..Beside::default() }))
}

fn broken(operation: &RestOperation, calls: usize, reached: Reached, why: &str) -> Verdict {
    let why = excerpt::bounded(why);
    match reached {
        Reached::No => {
            let failure = Failure::new(&codes::NOT_REACHED, format!("{}: the system was not reached: {why}", operation.name));
            Verdict::all(calls, Outcome::Later { why: failure, after: None, blame: Blame::System })
        }
        Reached::Maybe => {
            let says = format!("{}: the request was sent and no answer came: {why}", operation.name);
            Verdict::all(calls, Outcome::Unknown(Failure::new(&codes::UNKNOWN, says)))
        }
    }
}

/// One answer, while it is listened to.
struct Hearing<'h> {
    system: &'h RestSystem,
    operation: &'h RestOperation,
    calls: &'h [Call<'h>],
    status: u16,
    headers: &'h Headers,
    with: &'h With<'h>,
}

impl Hearing<'_> {
    fn verdict(&self, body: &mut dyn BufRead, answers: Answers<'_>) -> Verdict {
        match self.judgement() {
            Judgement::Said(OutcomeWord::Delivered) | Judgement::Meant(Meaning::Delivered) => self.happened(body, answers),
            Judgement::Said(OutcomeWord::None) => Verdict::all(self.calls.len(), keep(&Value::Null, answers)),
            Judgement::Said(OutcomeWord::Later) if status::is_about_one(self.status) => self.refused(Meaning::LaterThis, body),
            Judgement::Said(OutcomeWord::Later) => self.refused(Meaning::Later, body),
            Judgement::Said(OutcomeWord::Unknown) => self.refused(Meaning::Unknown, body),
            Judgement::Said(OutcomeWord::Never) => self.refused(Meaning::Never, body),
            Judgement::Meant(meaning) => self.refused(self.of_this_operation(meaning), body),
        }
    }

    /// Nothing new since what we have: only where we said what that is.
    fn is_unchanged(&self) -> bool {
        self.status == 304 && self.with.validator.is_some() && self.operation.method == "GET"
    }

    /// By what the step says, then by what the operation says, then by RFC.
    fn judgement(&self) -> Judgement {
        let of_operation = || self.operation.outcomes.of_status(self.status, self.repeat());
        status::said(self.with.outcomes, self.status).map_or_else(of_operation, Judgement::Said)
    }

    /// What a status means here: a 410 of one record is a refusal, not the end of the endpoint; a 409 under a key that says when to
    /// come back says that the first request with it is still at work (draft-ietf-httpapi-idempotency-key-header).
    fn of_this_operation(&self, meaning: Meaning) -> Meaning {
        match (meaning, self.status) {
            (Meaning::Gone, _) if self.operation.is_about_one() => Meaning::Never,
            // Another record of the same server: the address of the system is right.
            (Meaning::Moved | Meaning::Elsewhere, _) if self.operation.is_about_one() && self.stays_here() => Meaning::Never,
            // What was posted may be done, and this says where to look at it (RFC 9110, section 15.4.4).
            (Meaning::Elsewhere, 302 | 303) if self.repeat() == Repeat::Never => Meaning::Unknown,
            // This one waits, and nobody else.
            (_, 409) if self.operation.key.is_some() && self.pause().is_some() => Meaning::LaterThis,
            // RFC 9110, section 15.5.14: with a Retry-After it is too large only now.
            (_, 413) if self.pause().is_some() => Meaning::Later,
            (meaning, _) => meaning,
        }
    }

    /// What a server that broke down in it leaves open: a condition that it fulfilled does not hold a second time.
    fn repeat(&self) -> Repeat {
        match self.operation.repeat {
            Repeat::Idempotent if self.calls.iter().any(|call| is_conditional(&call.with)) => Repeat::Never,
            repeat => repeat,
        }
    }

    fn pause(&self) -> Option<Duration> {
        answer::header(self.headers, "retry-after").and_then(|value| retry_after::read(value, self.with.now))
    }

    fn refused(&self, meaning: Meaning, body: &mut dyn BufRead) -> Verdict {
        let (calls, after) = (self.calls.len(), self.pause());
        let later = |why: Failure, blame| Verdict::all(calls, Outcome::Later { why, after, blame });
        let verdict = match meaning {
            Meaning::Later => later(self.failure(&codes::NOT_NOW, body), status::blame(self.status)),
            Meaning::LaterThis => later(self.failure(&codes::NOT_NOW, body), Blame::Message),
            Meaning::Elsewhere => later(self.failure(&codes::REDIRECT, body), Blame::System),
            Meaning::Credentials => {
                let why = self.failure(&codes::CREDENTIALS, body);
                later(why.clone(), Blame::System).and(Word::Credentials(why))
            }
            Meaning::Gone | Meaning::Moved => {
                let why = self.failure(if self.status == 410 { &codes::GONE } else { &codes::REDIRECT }, body);
                later(why.clone(), Blame::System).and(Word::Gone(why))
            }
            Meaning::Unknown => Verdict::all(calls, Outcome::Unknown(self.failure(&codes::UNKNOWN, body))),
            Meaning::Never | Meaning::Delivered => {
                let said = said_in(body);
                let code = match self.status {
                    412 | 428 => &codes::PRECONDITION,
                    status if elsewhere::is_redirect(status) => &codes::REDIRECT,
                    status if self.is_meant_under_a_key() => status::refusal_under_a_key(status, said.is_some()),
                    _ => &codes::REFUSED,
                };
                let verdict = Verdict::all(calls, Outcome::Never(self.failure_saying(code, said)));
                Verdict { refused_whole: self.speaks_of_items(), ..verdict }
            }
        };
        // An unknown outcome has no time of its own.
        let pauses = meaning == Meaning::Unknown || meaning == Meaning::Later && matches!(self.status, 429 | 503);
        verdict.and_pause(after.filter(|_| pauses))
    }

    /// Whether a batch was refused for what is in it: then a part of it may be taken.
    fn speaks_of_items(&self) -> bool {
        self.operation.bulk.is_some() && self.calls.len() > 1 && matches!(self.status, 400 | 409 | 413 | 422)
    }

    /// Whether the request had a key, and nobody but the RFC says what this status means.
    fn is_meant_under_a_key(&self) -> bool {
        self.operation.key.is_some() && matches!(self.judgement(), Judgement::Meant(_))
    }

    fn failure(&self, code: &'static Code, body: &mut dyn BufRead) -> Failure {
        self.failure_saying(code, said_in(body))
    }

    fn failure_saying(&self, code: &'static Code, said: Option<String>) -> Failure {
        let said = said.map(|said| format!(": {said}")).unwrap_or_default();
        let elsewhere = elsewhere::words(self.status, self.headers);
        Failure::new(code, format!("{} answered {}{elsewhere}{said}", self.operation.name, status::words(self.status)))
    }

    /// Whether it sends us to another address of the same server.
    fn stays_here(&self) -> bool {
        auth::fill(&self.system.url, self.with).is_ok_and(|url| elsewhere::stays(self.headers, &url))
    }

    fn happened(&self, body: &mut dyn BufRead, answers: Answers<'_>) -> Verdict {
        let calls = self.calls.len();
        let each = self.operation.bulk.as_ref().is_some_and(|bulk| bulk.answers.are_read());
        if !each && self.operation.promise == Promise::Nothing {
            return Verdict::all(calls, keep(&Value::Null, answers));
        }
        let bytes = match answer::read_body(body, ANSWER_BYTES_MOST) {
            Ok(bytes) => bytes,
            Err(_) if !each && matches!(answers, Answers::Drop) => return Verdict::all(calls, Outcome::Delivered(None)),
            Err(fault) => return self.lost(&codes::CUT, format!("the answer of {} {}", self.operation.name, fault.words())),
        };
        let room = Room::new();
        match (self.document(&bytes, &room), &self.operation.bulk) {
            (Err(says), _) => self.lost(&codes::NOT_JSON, says),
            (Ok(document), Some(bulk)) => bulk::hear(&bulk.answers, &self.speaker(), self.calls, &document, answers, &room),
            (Ok(document), None) => Verdict::all(calls, keep(&document, answers)),
        }
    }

    fn speaker(&self) -> Speaker<'_> {
        let RestOperation { name, outcomes, repeat, .. } = self.operation;
        Speaker { name, outcomes, repeat: *repeat, step: self.with.outcomes }
    }

    /// The JSON document of the answer; null where nothing came and nothing had to.
    fn document<'a>(&self, bytes: &'a [u8], room: &'a Room) -> Result<Value<'a>, String> {
        let user_said = matches!(self.judgement(), Judgement::Said(_));
        let may_be_empty = user_said || matches!(self.status, 204 | 205) || self.operation.promise != Promise::Json;
        if bytes.iter().all(u8::is_ascii_whitespace) && may_be_empty {
            return Ok(Value::Null);
        }
        match json::read(bytes, room) {
            Ok(document) => Ok(document),
            Err(_) if user_said => Ok(Value::Null),
            Err(fault) => {
                let (name, status, kind) = (&self.operation.name, status::words(self.status), answer::media_type(self.headers));
                let size = if bytes.is_empty() { "an empty body".to_string() } else { format!("{kind}, {} bytes", bytes.len()) };
                Err(format!("{name} answered {status} with {size}, which is no JSON (byte {}: {})", fault.at, fault.says))
            }
        }
    }

    /// The status said that it happened and the answer is of no use: a read is tried again, of anything else nobody knows enough.
    fn lost(&self, code: &'static Code, says: String) -> Verdict {
        let why = Failure::new(code, says);
        let outcome = match self.operation.repeat {
            Repeat::Safe => Outcome::Later { why, after: self.pause(), blame: Blame::Either },
            Repeat::Idempotent | Repeat::Keyed | Repeat::Never => Outcome::Unknown(why),
        };
        Verdict::all(self.calls.len(), outcome)
    }
}

/// The words of a refusal, where it has any.
fn said_in(body: &mut dyn BufRead) -> Option<String> {
    let room = Room::new();
    let bytes = answer::read_body(body, REFUSAL_BYTES_MOST).unwrap_or_default();
    json::read(&bytes, &room).ok().and_then(|document| excerpt::of_document(&document))
}

/// Whether a call names the state that the record must be in (RFC 9110, section 13.1).
fn is_conditional(with: &Value<'_>) -> bool {
    matches!(with, Value::Record(fields) if fields.iter().any(|(name, value)| is_condition(name) && !matches!(value, Value::Null)))
}

/// A delivered call, with its answer where it is wanted.
pub(crate) fn keep(answer: &Value<'_>, answers: Answers<'_>) -> Outcome {
    match answers {
        Answers::Drop => Outcome::Delivered(None),
        Answers::Keep => {
            let mut bytes = Vec::new();
            json::write(answer, &mut bytes);
            Outcome::Delivered(Some(bytes))
        }
        Answers::Show(show) => {
            show(answer);
            Outcome::Delivered(None)
        }
    }
}
