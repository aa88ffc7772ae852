//! What was heard, judged. The order is the one of the module's essay; the first rule that speaks decides.

use std::{borrow::Cow, io::BufRead, sync::Arc, time::Duration};

use spanwright_core::{
    connector::{Answers, Blame, Call, Heard, Outcome, Part, Reached, Show, Verdict, With, Word, whole},
    interface::Repeat,
    settings::OutcomeWord,
};
use spanwright_shape::{
    room::Room,
    text::{Code, Failure},
    value::Value,
    xml,
};

use crate::{
    bulk::{self, Speaker},
    codes as shared,
    http::{
        NO_HTTP,
        answer::{ANSWER_BYTES_MOST, BodyFault, header, media_type, read_body},
        elsewhere, excerpt,
        outcomes::Judgement,
        retry_after,
        status::{self, Meaning},
    },
    rest::keep,
};

use super::answer::{self, Answer, Strange};
use super::class::{self, Class};
use super::codes;
use super::fault::Fault;
use super::pieces::{Cut, Cutter};
use super::system::{SoapOperation, SoapSystem};

/// The verdict on one exchange.
pub(super) fn verdict(
    system: &SoapSystem,
    operation: usize,
    calls: &[Call<'_>],
    heard: Heard<'_>,
    with: &With<'_>,
    answers: Answers<'_>,
) -> Verdict {
    let mut judging = Judging::of(system, operation, calls);
    judging.said = with.outcomes;
    match heard {
        Heard::Broken { reached, why } => judging.broken(reached, &why),
        Heard::Files(_) | Heard::Queue(_) => judging.broken(Reached::Maybe, NO_HTTP),
        Heard::Http { status, headers, body } => {
            judging.head(status, headers, with);
            judging.whole(&mut *body, headers, answers)
        }
    }
}

/// The verdict on an answer that is read in pieces: what is no success is small, and read whole.
pub(super) fn in_pieces(
    system: &SoapSystem,
    operation: usize,
    call: Call<'_>,
    heard: Heard<'_>,
    with: &With<'_>,
    list: &[&str],
    show: Show<'_>,
) -> Verdict {
    let mut judging = Judging::of(system, operation, std::slice::from_ref(&call));
    let (status, headers, body) = match heard {
        Heard::Broken { reached, why } => return judging.broken(reached, &why),
        Heard::Files(_) | Heard::Queue(_) => return judging.broken(Reached::Maybe, NO_HTTP),
        Heard::Http { status, headers, body } => (status, headers, body),
    };
    judging.head(status, headers, with);
    let mut cutter = Cutter::new(&mut *body, list);
    match cutter.can_cut() {
        Err(fault) => judging.cut(&fault),
        Ok(true) if (200..300).contains(&status) && !is_multipart(&media_type(headers)) => judging.pieces(&mut cutter, headers, show),
        Ok(_) => {
            let mut body = cutter.uncut();
            judging.whole(&mut body, headers, Answers::Show(&mut whole(show)))
        }
    }
}

/// One exchange and what is known of it.
struct Judging<'s> {
    system: &'s SoapSystem,
    soap: &'s SoapOperation,
    /// `erp.ListCustomers`
    name: String,
    repeat: Repeat,
    calls: &'s [Call<'s>],
    status: u16,
    /// `Retry-After`
    pause: Option<Duration>,
    /// Where it sends us, in words.
    elsewhere: String,
    /// What the step says that answers mean.
    said: &'s [(std::sync::Arc<str>, OutcomeWord)],
}

impl<'s> Judging<'s> {
    fn of(system: &'s SoapSystem, operation: usize, calls: &'s [Call<'s>]) -> Judging<'s> {
        let declared = &system.interface.operations[operation];
        let name = format!("{}.{}", system.name, declared.name);
        Judging {
            system,
            soap: &system.operations[operation],
            name,
            repeat: declared.repeat,
            calls,
            status: 0,
            pause: None,
            elsewhere: String::new(),
            said: &[],
        }
    }

    fn head(&mut self, status: u16, headers: &[(Arc<str>, Vec<u8>)], with: &With<'_>) {
        self.status = status;
        self.pause = header(headers, "retry-after").and_then(|value| retry_after::read(value, with.now));
        self.elsewhere = elsewhere::words(status, headers);
    }

    fn whole(&self, body: &mut dyn BufRead, headers: &[(Arc<str>, Vec<u8>)], answers: Answers<'_>) -> Verdict {
        match read_body(body, ANSWER_BYTES_MOST) {
            Ok(bytes) => self.answered(&bytes, &content_type(headers), &media_type(headers), answers),
            Err(fault) => self.cut(&fault),
        }
    }

    /// What was shown is taken, whatever the rest turns out to be: it was there, and the cursor has not moved.
    fn pieces(&self, cutter: &mut Cutter<'_, '_>, headers: &[(Arc<str>, Vec<u8>)], show: Show<'_>) -> Verdict {
        let (content_type, media, mut room) = (content_type(headers), media_type(headers), Room::new());
        let (charset, mut drift) = (xml::charset_of(&content_type), 0);
        loop {
            let document = match cutter.next() {
                Ok(Cut::Items(document)) => document,
                Ok(Cut::Rest(document)) => {
                    let answers = Answers::Show(&mut whole(show));
                    return self.answered(&document, &content_type, &media, answers).drifted(drift);
                }
                Err(fault) => return self.cut(&fault),
            };
            let strange = match answer::read(&document, charset, &self.system.graph, self.soap.output, &self.soap.output_headers, &room) {
                Ok(Answer::Content(value, extra)) if show(&value, Part::Items).is_continue() => {
                    drift += extra;
                    None
                }
                Ok(Answer::Content(..)) => return self.again(self.failure(&shared::CUT, "was not read to its end: we were stopped"), None),
                Ok(Answer::Fault(_) | Answer::Nothing) => Some(Strange::Unexpected("items outside of its content".to_string())),
                Err(strange) => Some(strange),
            };
            if let Some(strange) = strange {
                return self.strange(&strange, &media, Answers::Drop);
            }
            room.clear();
        }
    }

    fn answered(&self, bytes: &[u8], content_type: &str, media: &str, answers: Answers<'_>) -> Verdict {
        if matches!(status::meaning(self.status, self.repeat), Meaning::Credentials) && self.wished(&[]).is_none() {
            return self.credentials(self.failure(&shared::CREDENTIALS, &format!("answered {}", self.words())));
        }
        if is_multipart(media) && (200..300).contains(&self.status) {
            return self.attachments();
        }
        // A one-way operation is done with an empty 200 or 202.
        if self.soap.output.is_none() && (200..300).contains(&self.status) && bytes.is_empty() {
            return self.delivered(&Value::Null, answers);
        }
        let room = Room::new();
        let charset = xml::charset_of(content_type);
        match answer::read(bytes, charset, &self.system.graph, self.soap.output, &self.soap.output_headers, &room) {
            Ok(Answer::Fault(fault)) => self.fault(&fault, answers),
            Ok(Answer::Content(value, extra)) if (200..300).contains(&self.status) => self.happened(&value, answers, &room).drifted(extra),
            Ok(Answer::Nothing) if (200..300).contains(&self.status) && self.soap.output.is_none() => self.delivered(&Value::Null, answers),
            Ok(Answer::Nothing) if (200..300).contains(&self.status) => {
                self.strange(&Strange::Unexpected("an empty Body".to_string()), media, answers)
            }
            Ok(Answer::Content(..) | Answer::Nothing) => self.by_status(None, answers),
            Err(strange) => self.strange(&strange, media, answers),
        }
    }

    /// No envelope that we understand: with a status that says more than "fine" the status decides.
    fn strange(&self, strange: &Strange, media: &str, answers: Answers<'_>) -> Verdict {
        if !(200..300).contains(&self.status) {
            return self.by_status(Some(media), answers);
        }
        let (code, says) = match strange {
            Strange::NotSoap(what) => (&codes::NOT_SOAP, format!("answered {} with {media}, which is no SOAP: {what}", self.words())),
            Strange::Truncated => (&codes::TRUNCATED, format!("answered {} with an envelope that ends too early", self.words())),
            Strange::Unexpected(what) | Strange::NotUnderstood(what) => {
                (&codes::UNEXPECTED, format!("answered {} with {what}", self.words()))
            }
        };
        // A login page or a notice of maintenance is what every message would have got; what it makes of one message alone, others show.
        self.again(self.failure(code, &says), None)
    }

    /// The next answer to the same question has them too; whether what was asked happened is in what we do not read.
    fn attachments(&self) -> Verdict {
        let says = format!("answered {} with attachments (MTOM or SOAP with Attachments), which are not read", self.words());
        let why = self.failure(&codes::ATTACHMENTS, &says);
        self.all(if self.repeat == Repeat::Safe { Outcome::Never(why) } else { Outcome::Unknown(why) })
    }

    fn by_status(&self, media: Option<&str>, answers: Answers<'_>) -> Verdict {
        let with = media.map(|media| format!(" with {media}")).unwrap_or_default();
        let told = |code: &'static Code| self.failure(code, &format!("answered {}{}{with}", self.words(), self.elsewhere));
        if let Some(word) = self.wished(&[]) {
            return self.by_user(word, told(&shared::REFUSED), self.pause, answers);
        }
        match status::meaning(self.status, self.repeat) {
            Meaning::Later => self.later(told(&shared::NOT_NOW), self.pause, status::blame(self.status)),
            Meaning::LaterThis => self.later(told(&shared::NOT_NOW), self.pause, Blame::Message),
            Meaning::Unknown => self.all(Outcome::Unknown(told(&shared::UNKNOWN))),
            Meaning::Credentials => self.credentials(told(&shared::CREDENTIALS)),
            Meaning::Gone | Meaning::Moved => {
                let why = told(if self.status == 410 { &shared::GONE } else { &shared::REDIRECT });
                self.later(why.clone(), self.pause, Blame::System).and(Word::Gone(why))
            }
            Meaning::Elsewhere => self.later(told(&shared::REDIRECT), self.pause, Blame::System),
            // Under this key the first try is still under way.
            Meaning::Never if self.status == 409 && self.soap.key.is_some() && self.pause.is_some() => {
                self.later(told(&shared::NOT_NOW), self.pause, Blame::Message)
            }
            Meaning::Never if matches!(self.status, 400 | 409 | 413 | 422) => self.refused(told(self.refusal())),
            // Content with a status that is no success, which only `outcomes:` could explain.
            Meaning::Delivered | Meaning::Never => self.all(Outcome::Never(told(self.refusal()))),
        }
    }

    fn fault(&self, fault: &Fault, answers: Answers<'_>) -> Verdict {
        let declared = self.declared(fault);
        let names: Vec<&str> = declared.iter().flat_map(|(name, local)| [*name, *local]).collect();
        let said = |code: &'static Code| self.failure(code, &self.told(fault, declared));
        let wait = self.pause.or(fault.wait);
        if let Some(word) = self.wished(&names) {
            let code = if declared.is_some() { &codes::DECLARED_FAULT } else { &codes::SERVER_FAULT };
            return self.by_user(word, said(code), wait, answers);
        }
        match self.class(fault, declared.is_some()) {
            Class::Auth => self.credentials(said(&shared::CREDENTIALS)),
            Class::Protocol => self.all(Outcome::Never(said(&codes::PROTOCOL_FAULT))),
            Class::Permanent => self.refused(said(&codes::DECLARED_FAULT)),
            Class::Client => self.refused(said(&codes::CLIENT_FAULT)),
            Class::Transient => self.later(said(&codes::SERVER_FAULT), wait, Blame::System),
            Class::Server if matches!(self.status, 429 | 503) => self.later(said(&codes::SERVER_FAULT), wait, Blame::System),
            Class::Server => self.again(said(&codes::SERVER_FAULT), wait),
        }
    }

    /// What follows from a fault of which the user says nothing.
    fn class(&self, fault: &Fault, declared: bool) -> Class {
        let codes: Vec<&str> = std::iter::once(fault.code.as_str()).chain(fault.subcodes.iter().map(String::as_str)).collect();
        class::classify(&class::Seen { codes: &codes, reason: &fault.reason, declared, rules: &self.system.rules })
    }

    /// The declared fault that this is: its name and its element's. By expanded name first; then by what sloppy
    /// servers leave right: the local name alone, or the last part of the code.
    fn declared(&self, fault: &Fault) -> Option<(&str, &str)> {
        let graph = &self.system.graph;
        let exact = |space: &str, local: &str, element: &spanwright_shape::xsd::Element| {
            *element.local == *local && **graph.uri(element.space) == *space
        };
        let all = || self.soap.faults.iter().map(|(name, id)| (&**name, graph.element(*id)));
        let by_name = all().find(|(_, element)| fault.details.iter().any(|(space, local)| exact(space, local, element)));
        let by_local = || all().find(|(_, element)| fault.details.iter().any(|(_, local)| *element.local == **local));
        let by_code = || all().find(|(name, element)| fault.subcodes.iter().any(|code| **code == **name || *element.local == **code));
        by_name.or_else(by_local).or_else(by_code).map(|(name, element)| (name, &*element.local))
    }

    /// What the user says of a declared fault or of this status.
    fn wished(&self, names: &[&str]) -> Option<OutcomeWord> {
        let by_step = names.iter().find_map(|name| self.said.iter().find(|(have, _)| **have == **name).map(|(_, word)| *word));
        if let Some(word) = by_step.or_else(|| status::said(self.said, self.status)) {
            return Some(word);
        }
        let by_name = names.iter().find_map(|name| self.soap.outcomes.of_text(name));
        by_name.or_else(|| match self.soap.outcomes.of_status(self.status, self.repeat) {
            Judgement::Said(word) => Some(word),
            Judgement::Meant(_) => None,
        })
    }

    fn by_user(&self, word: OutcomeWord, why: Failure, wait: Option<Duration>, answers: Answers<'_>) -> Verdict {
        match word {
            OutcomeWord::Delivered | OutcomeWord::None => self.delivered(&Value::Null, answers),
            // A fault that means "later" is the system's: month-end closing must not spend the tries of ten thousand messages.
            OutcomeWord::Later => self.later(why, wait, Blame::System),
            OutcomeWord::Unknown => self.all(Outcome::Unknown(why)),
            OutcomeWord::Never => self.refused(why),
        }
    }

    fn told(&self, fault: &Fault, declared: Option<(&str, &str)>) -> String {
        let which = declared.map(|(_, local)| format!(" {local}")).unwrap_or_default();
        let reason = if fault.reason.is_empty() { String::new() } else { format!(": {}", fault.reason) };
        format!("answered {} with the fault{which} ({}){reason}", self.words(), fault.full_code())
    }

    fn delivered(&self, value: &Value<'_>, answers: Answers<'_>) -> Verdict {
        self.all(keep(value, answers))
    }

    /// The answer of a batch has a word for each of its items, where the project says where that is.
    fn happened<'a>(&'a self, value: &Value<'a>, answers: Answers<'_>, room: &'a Room) -> Verdict {
        let Some(bulk) = &self.soap.bulk else { return self.delivered(value, answers) };
        let speaker = Speaker { name: &self.name, outcomes: &self.soap.outcomes, repeat: self.repeat, step: self.said };
        bulk::hear(&bulk.answers, &speaker, self.calls, value, answers, room)
    }

    fn all(&self, outcome: Outcome) -> Verdict {
        Verdict::all(self.calls.len(), outcome)
    }

    /// The code of a refusal without an envelope.
    fn refusal(&self) -> &'static Code {
        match &self.soap.key {
            Some(_) => status::refusal_under_a_key(self.status, false),
            None => &shared::REFUSED,
        }
    }

    /// Refused for what is in it: of a batch a part may be taken.
    fn refused(&self, why: Failure) -> Verdict {
        Verdict { refused_whole: self.soap.bulk.is_some() && self.calls.len() > 1, ..self.all(Outcome::Never(why)) }
    }

    fn credentials(&self, why: Failure) -> Verdict {
        self.later(why.clone(), None, Blame::System).and(Word::Credentials(why))
    }

    fn later(&self, why: Failure, after: Option<Duration>, blame: Blame) -> Verdict {
        let pause = self.pause.filter(|_| blame != Blame::Message);
        self.all(Outcome::Later { why, after, blame }).and_pause(pause)
    }

    /// Nothing says that it did not happen: again where twice is harmless, else nobody knows.
    fn again(&self, why: Failure, after: Option<Duration>) -> Verdict {
        match self.repeat {
            Repeat::Safe => self.later(why, after, Blame::Either),
            // An unknown outcome has no time of its own.
            Repeat::Idempotent | Repeat::Keyed | Repeat::Never => self.all(Outcome::Unknown(why)).and_pause(after),
        }
    }

    fn broken(&self, reached: Reached, why: &str) -> Verdict {
        let why = excerpt::bounded(why);
        match reached {
            Reached::No => self.later(self.failure(&shared::NOT_REACHED, &format!("was not reached: {why}")), None, Blame::System),
            Reached::Maybe => self.again(self.failure(&shared::UNKNOWN, &format!("gave no answer: {why}")), None),
        }
    }

    fn cut(&self, fault: &BodyFault) -> Verdict {
        let why = self.failure(&shared::CUT, &format!("answered {}, and the answer {}", self.words(), fault.words()));
        match (fault, self.repeat) {
            // The next answer to the same question is as large.
            (BodyFault::TooLarge(_), Repeat::Safe) => self.all(Outcome::Never(why)),
            (BodyFault::TooLarge(_) | BodyFault::Cut(..), _) => self.again(why, None),
        }
    }

    fn words(&self) -> String {
        status::words(self.status)
    }

    fn failure(&self, code: &'static Code, says: &str) -> Failure {
        Failure::new(code, format!("{} {says}", self.name))
    }
}

fn is_multipart(media: &str) -> bool {
    media.starts_with("multipart/")
}

fn content_type(headers: &[(Arc<str>, Vec<u8>)]) -> Cow<'_, str> {
    header(headers, "content-type").map(String::from_utf8_lossy).unwrap_or_default()
}
