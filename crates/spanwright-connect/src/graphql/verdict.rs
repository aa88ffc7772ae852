//! What an answer means: `data` and `errors` first, its status where it is no GraphQL answer.
//!
//! | what came | a query | a mutation |
//! | --- | --- | --- |
//! | `data`, no `errors` | delivered | delivered |
//! | `errors`, no `data`: nothing ran | never; not now where a code says so | the same |
//! | `data` with `errors`: a part failed | never; not now where a code says so | unknown: a part of it happened |
//! | `data: null` with `errors`: it ran | the same | unknown; never where each code says that it was refused |
//! | no GraphQL answer | by the status | by the status |
//!
//! With `application/graphql-response+json` the body counts whatever the status is; with `application/json` a status
//! other than 2xx may be a proxy's (GraphQL over HTTP, section 6.4).

use std::{io::BufRead, time::Duration};

use spanwright_core::{
    connector::{Answers, Blame, Heard, Outcome, Reached, Verdict, With, Word},
    interface::Repeat,
    settings::OutcomeWord,
};
use spanwright_shape::{
    json,
    room::Room,
    text::{Code, Failure},
    value::Value,
};

use super::Document;
use crate::{
    codes,
    http::{
        NO_HTTP,
        answer::{self, ANSWER_BYTES_MOST},
        elsewhere, excerpt, retry_after,
        status::{self, Meaning},
    },
};

/// Codes that servers give where it may be better soon.
const NOT_NOW: [&str; 8] = [
    "THROTTLED",
    "RATE_LIMITED",
    "RATE_LIMIT_EXCEEDED",
    "TOO_MANY_REQUESTS",
    "SERVICE_UNAVAILABLE",
    "INTERNAL_SERVER_ERROR",
    "TIMEOUT",
    "DOWNSTREAM_SERVICE_ERROR",
];
/// Codes by which a request was refused before anything was done for it.
const REFUSED: [&str; 9] = [
    "BAD_USER_INPUT",
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
    "OPERATION_RESOLUTION_FAILURE",
    "PERSISTED_QUERY_NOT_FOUND",
    "BAD_REQUEST",
    "FORBIDDEN",
    "NOT_FOUND",
    "MAX_COST_EXCEEDED",
];
/// Codes that say that we are not known.
const CREDENTIALS: [&str; 2] = ["UNAUTHENTICATED", "UNAUTHORIZED"];
/// What `outcomes:` calls an answer with data and errors.
const PARTIAL: &str = "partial";

pub(super) fn hear(document: &Document, calls: usize, heard: Heard<'_>, with: &With<'_>, answers: Answers<'_>) -> Verdict {
    match heard {
        Heard::Broken { reached, why } => Verdict::all(calls, broken(document, reached, &why)),
        Heard::Files(_) | Heard::Queue(_) => Verdict::all(calls, broken(document, Reached::Maybe, NO_HTTP)),
        Heard::Http { status, headers, body } => {
            let after = answer::header(headers, "retry-after").and_then(|value| retry_after::read(value, with.now));
            let own_type = answer::media_type(headers) == "application/graphql-response+json";
            let elsewhere = elsewhere::words(status, headers);
            Hearing { document, calls, status, own_type, after, elsewhere, with }.verdict(body, answers)
        }
    }
}

fn broken(document: &Document, reached: Reached, why: &str) -> Outcome {
    let why = excerpt::bounded(why);
    match reached {
        Reached::No => {
            let why = Failure::new(&codes::NOT_REACHED, format!("{}: the system was not reached: {why}", document.name));
            Outcome::Later { why, after: None, blame: Blame::System }
        }
        Reached::Maybe => {
            let says = format!("{}: the request was sent and no answer came: {why}", document.name);
            Outcome::Unknown(Failure::new(&codes::UNKNOWN, says))
        }
    }
}

struct Hearing<'h> {
    document: &'h Document,
    calls: usize,
    status: u16,
    own_type: bool,
    after: Option<Duration>,
    /// Where it sends us, in words.
    elsewhere: String,
    with: &'h With<'h>,
}

impl Hearing<'_> {
    fn verdict(&self, body: &mut dyn BufRead, answers: Answers<'_>) -> Verdict {
        let good_status = (200..300).contains(&self.status);
        let bytes = match answer::read_body(body, ANSWER_BYTES_MOST) {
            Ok(bytes) => bytes,
            Err(fault) if good_status => {
                return self.lost(&codes::CUT, format!("the answer of {} {}", self.document.name, fault.words()));
            }
            Err(_) => Vec::new(),
        };
        let room = Room::new();
        let said = json::read(&bytes, &room).ok().filter(|said| said.get("data").is_some() || said.get("errors").is_some());
        match said {
            Some(said) if good_status || self.own_type => self.said(&said, answers),
            Some(said) => self.by_status(Some(&said), answers),
            None if good_status => {
                let says = format!("{} answered {} with what is no GraphQL answer", self.document.name, status::words(self.status));
                self.lost(&codes::NOT_JSON, says)
            }
            None => self.by_status(json::read(&bytes, &room).ok().as_ref(), answers),
        }
    }

    /// By `data` and `errors`.
    fn said(&self, said: &Value<'_>, answers: Answers<'_>) -> Verdict {
        let told = said.get("errors");
        // A list by the specification; whoever says one thing instead says that it failed.
        let errors = match &told {
            None | Some(Value::Null | Value::Bool(false) | Value::Text("")) => &[][..],
            Some(Value::List(errors)) => errors,
            Some(one) => std::slice::from_ref(one),
        };
        let data = said.get("data");
        let codes: Vec<&str> = errors.iter().map(code).collect();
        match (data, errors.is_empty()) {
            (Some(data @ Value::Record(_)), true) => self.delivered(&data, answers),
            (_, true) => self.lost(&codes::NOT_JSON, format!("{} answered without data and without errors", self.document.name)),
            (Some(data @ Value::Record(_)), false) if self.told(PARTIAL).is_some() && self.by_code(&codes).is_none() => {
                self.word(self.told(PARTIAL), &data, errors, answers)
            }
            (data, false) => match self.by_code(&codes) {
                Some(word) => self.word(Some(word), &data.unwrap_or(Value::Null), errors, answers),
                None => self.failed(data.as_ref(), errors, &codes),
            },
        }
    }

    /// What `outcomes:` say of a code of each error: only where all agree.
    fn by_code(&self, codes: &[&str]) -> Option<OutcomeWord> {
        let first = self.told(codes.first().filter(|code| !code.is_empty())?)?;
        codes.iter().all(|code| self.told(code) == Some(first)).then_some(first)
    }

    fn told(&self, name: &str) -> Option<OutcomeWord> {
        self.document.outcomes.iter().find(|(have, _)| **have == *name).map(|(_, word)| *word)
    }

    fn word(&self, word: Option<OutcomeWord>, data: &Value<'_>, errors: &[Value<'_>], answers: Answers<'_>) -> Verdict {
        let why = || self.failure(&codes::GRAPHQL, errors);
        match word {
            Some(OutcomeWord::Delivered) => self.delivered(data, answers),
            Some(OutcomeWord::None) => self.delivered(&Value::Null, answers),
            Some(OutcomeWord::Later) => self.later(why(), Blame::Message),
            Some(OutcomeWord::Unknown) => self.unknown(why()),
            Some(OutcomeWord::Never) | None => Verdict::all(self.calls, Outcome::Never(why())),
        }
    }

    fn failed(&self, data: Option<&Value<'_>>, errors: &[Value<'_>], codes: &[&str]) -> Verdict {
        let all = |known: &[&str]| codes.iter().all(|code| known.contains(code));
        let nothing_there = match data {
            None | Some(Value::Null) => true,
            Some(Value::Record(fields)) => fields.iter().all(|(_, value)| matches!(value, Value::Null)),
            Some(_) => false,
        };
        if all(&CREDENTIALS) {
            let why = self.failure(&codes::CREDENTIALS, errors);
            return self.later(why.clone(), Blame::System).and(Word::Credentials(why));
        }
        // It was executed: whatever stands in its errors, a part of it may have been done.
        if self.document.repeat != Repeat::Safe && data.is_some() && !(nothing_there && all(&REFUSED)) {
            return self.unknown(self.failure(&codes::UNKNOWN, errors));
        }
        if codes.iter().any(|code| NOT_NOW.contains(code)) || self.status >= 500 || self.status == 429 {
            return self.paused(self.later(self.failure(&codes::NOT_NOW, errors), status::blame(self.status)), codes);
        }
        Verdict::all(self.calls, Outcome::Never(self.failure(&codes::GRAPHQL, errors)))
    }

    fn paused(&self, verdict: Verdict, codes: &[&str]) -> Verdict {
        let pauses = matches!(self.status, 429 | 503) || codes.iter().any(|code| NOT_NOW[..4].contains(code));
        verdict.and_pause(self.after.filter(|_| pauses))
    }

    fn later(&self, why: Failure, blame: Blame) -> Verdict {
        Verdict::all(self.calls, Outcome::Later { why, after: self.after, blame })
    }

    /// It is no GraphQL answer, or a proxy's.
    fn by_status(&self, said: Option<&Value<'_>>, answers: Answers<'_>) -> Verdict {
        let words = said.and_then(excerpt::of_document).map(|words| format!(": {words}")).unwrap_or_default();
        let failure = |code: &'static Code| {
            Failure::new(code, format!("{} answered {}{}{words}", self.document.name, status::words(self.status), self.elsewhere))
        };
        let told = status::said(self.with.outcomes, self.status).or_else(|| status::said(&self.document.outcomes, self.status));
        if let Some(word) = told {
            return self.word(Some(word), &Value::Null, &[], answers);
        }
        match status::meaning(self.status, self.document.repeat) {
            Meaning::Elsewhere => self.later(failure(&codes::REDIRECT), Blame::System),
            Meaning::Later => {
                let verdict = self.later(failure(&codes::NOT_NOW), status::blame(self.status));
                self.paused(verdict, &[])
            }
            Meaning::LaterThis => self.later(failure(&codes::NOT_NOW), Blame::Message),
            Meaning::Credentials => {
                let why = failure(&codes::CREDENTIALS);
                self.later(why.clone(), Blame::System).and(Word::Credentials(why))
            }
            Meaning::Gone | Meaning::Moved => {
                let why = failure(if self.status == 410 { &codes::GONE } else { &codes::REDIRECT });
                self.later(why.clone(), Blame::System).and(Word::Gone(why))
            }
            Meaning::Unknown => self.unknown(failure(&codes::UNKNOWN)),
            Meaning::Never | Meaning::Delivered => Verdict::all(self.calls, Outcome::Never(failure(&codes::REFUSED))),
        }
    }

    fn delivered(&self, data: &Value<'_>, answers: Answers<'_>) -> Verdict {
        Verdict::all(self.calls, crate::rest::keep(data, answers))
    }

    /// It may have happened, and what came is of no use.
    fn lost(&self, code: &'static Code, says: String) -> Verdict {
        let why = Failure::new(code, says);
        match self.document.repeat {
            Repeat::Safe => self.later(why, Blame::Either),
            Repeat::Idempotent | Repeat::Keyed | Repeat::Never => self.unknown(why),
        }
    }

    /// An unknown outcome has no time of its own: the system's pause is obeyed.
    fn unknown(&self, why: Failure) -> Verdict {
        Verdict::all(self.calls, Outcome::Unknown(why)).and_pause(self.after)
    }

    /// The first error in its words, with its place in the answer, and how many more there are.
    fn failure(&self, code: &'static Code, errors: &[Value<'_>]) -> Failure {
        let kind = if self.document.is_mutation { "mutation" } else { "query" };
        let Some(first) = errors.first() else {
            return Failure::new(code, format!("{} answered {}", self.document.name, status::words(self.status)));
        };
        let message = first.get("message").and_then(|message| message.text()).unwrap_or("no reason was given");
        let at = path(first).map(|path| format!(" at {path}")).unwrap_or_default();
        let own = match self::code(first) {
            "" => String::new(),
            code => format!(" ({code})"),
        };
        let more = if errors.len() > 1 { format!(", and {} more", errors.len() - 1) } else { String::new() };
        Failure::new(code, format!("the {kind} {} failed{at}: {}{own}{more}", self.document.name, excerpt::bounded(message)))
    }
}

/// `extensions.code` of an error; empty where it has none.
fn code<'a>(error: &Value<'a>) -> &'a str {
    error.get("extensions").and_then(|extensions| extensions.get("code")?.text()).unwrap_or_default()
}

/// `orders.nodes[2].total`
fn path(error: &Value<'_>) -> Option<String> {
    let mut text = String::new();
    for part in error.get("path")?.list()? {
        match part {
            Value::Text(name) if text.is_empty() => text.push_str(name),
            Value::Text(name) => text.push_str(&format!(".{name}")),
            Value::Number(n) => text.push_str(&format!("[{n}]")),
            _ => {}
        }
    }
    (!text.is_empty()).then(|| excerpt::bounded(&text))
}
