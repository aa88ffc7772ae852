//! What was seen of a story: every request, what became of every message, and the trail of the journal.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use spanwright_core::{
    alert::{Cause, Notice},
    door::{HttpAnswer, Reply},
    fact::{Breaker, Ending, Fact, OutcomeKind, Phase, RunId, SkipReason, StopKind, Stopped, Took, Way},
};
use spanwright_shape::json;

/// All that was seen.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// Requests of effects, in order.
    pub requests: Vec<Sent>,
    /// Requests of polls, in order.
    pub polls: Vec<Sent>,
    /// What each sender was told, in the order of the requests; `None`: it heard nothing.
    pub replies: Vec<Option<Heard>>,
    /// Every run of the flow, in the order taken, and what became of it.
    pub runs: Vec<(RunId, Became)>,
    /// How far the source has read, JSON.
    pub cursor: Option<Arc<[u8]>>,
    /// Breakers that are not simply closed.
    pub breakers: BTreeMap<Arc<str>, &'static str>,
    /// What people were told, in order.
    pub alerts: Vec<Alert>,
    /// The journal's trail, a line each.
    pub trail: Vec<String>,
}

/// An alert, and the channels that were told of it at once.
#[derive(Clone, Debug)]
pub struct Alert {
    /// Since the case began.
    pub after: Duration,
    /// What was said.
    pub notice: Notice,
    /// To whom.
    pub to: Vec<Arc<str>>,
}

impl Alert {
    /// `raised dead_letters of orders, R2005, 3 messages, to ops, pager`
    pub fn words(&self) -> String {
        let Cause { kind, of, code } = &self.notice.cause;
        let mut words = format!("{} {}", self.notice.state.word(), kind.word());
        words += &if of.is_empty() { String::new() } else { format!(" of {of}") };
        words += &if code.is_empty() { String::new() } else { format!(", {code}") };
        words += &if self.notice.count > 0 { format!(", {} messages", self.notice.count) } else { String::new() };
        words + ", to " + &self.to.join(", ")
    }
}

/// What a sender was told.
#[derive(Clone, Debug)]
pub struct Heard {
    /// As it goes out.
    pub answer: HttpAnswer,
    /// What the flow replied, where it is that.
    pub reply: Option<Reply>,
}

impl Heard {
    /// Its body as JSON: of another protocol, what the flow replied.
    pub fn json(&self) -> Vec<u8> {
        let is_json = self.header("content-type").is_some_and(|media| String::from_utf8_lossy(media).contains("json"));
        match &self.reply {
            Some(reply) if !is_json && !reply.body.is_empty() => reply.body.clone(),
            _ if self.answer.body.is_empty() => b"null".to_vec(),
            _ => self.answer.body.clone(),
        }
    }

    /// The first header of a name.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.answer.headers.iter().find(|(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_slice())
    }
}

/// What became of a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Became {
    /// Nothing yet.
    Open,
    /// It is over.
    Ended(Ending),
    /// A person set it aside.
    Discarded,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Since the case began.
    pub after: Duration,
    /// `crm.upsertContacts`
    pub to: String,
    /// `POST`
    pub method: String,
    /// Where it went.
    pub url: String,
    /// Headers, names in lower case.
    pub headers: Vec<(Arc<str>, Vec<u8>)>,
    /// The bytes that were sent.
    pub bytes: Vec<u8>,
    /// Parameters of the first call, JSON.
    pub with: Vec<u8>,
    /// The bodies of its calls, JSON.
    pub bodies: Vec<Option<Vec<u8>>>,
    /// The idempotency key of the whole.
    pub key: String,
    /// Why it could not be written; then nothing was sent.
    pub refused: Option<String>,
}

impl Became {
    /// What a run is when it is taken: one that broke its schema is a dead letter at once.
    pub(super) fn at_first(took: &Took) -> Became {
        match took.fault.clone() {
            Some(failure) => {
                Became::Ended(Ending::Stopped(Stopped { kind: StopKind::Dead, node: "source".into(), failure, undone: false }))
            }
            None => Became::Open,
        }
    }

    /// The word of tests for it.
    pub fn word(&self) -> &'static str {
        match self {
            Became::Open => "open",
            Became::Discarded | Became::Ended(Ending::SetAside(_)) => "discarded",
            Became::Ended(Ending::Done) => "done",
            Became::Ended(Ending::Skipped(_)) => "skipped",
            Became::Ended(Ending::Stopped(stopped)) => match stopped.kind {
                StopKind::Dead => "dead",
                StopKind::Uncertain => "uncertain",
            },
        }
    }

    /// The dead letter.
    pub fn stopped(&self) -> Option<&Stopped> {
        match self {
            Became::Ended(Ending::Stopped(stopped)) => Some(stopped),
            _ => None,
        }
    }
}

impl Sent {
    /// Its body: of a batch the list of its items.
    pub fn body(&self) -> Vec<u8> {
        let none = || b"null".to_vec();
        match self.bodies.as_slice() {
            [] => none(),
            [one] => one.clone().unwrap_or_else(none),
            many => {
                let mut out = vec![b'['];
                for (n, body) in many.iter().enumerate() {
                    if n > 0 {
                        out.push(b',');
                    }
                    out.extend(body.clone().unwrap_or_else(none));
                }
                out.push(b']');
                out
            }
        }
    }
}

impl Observed {
    /// All that a snapshot holds, as JSON: no id, no time of the clock.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut out = b"{\"outcomes\":{".to_vec();
        for (n, (word, count)) in self.counts().iter().enumerate() {
            out.extend(format!("{}\"{word}\":{count}", if n > 0 { "," } else { "" }).bytes());
        }
        out.extend(b"},\"requests\":[");
        for (n, sent) in self.requests.iter().enumerate() {
            if n > 0 {
                out.push(b',');
            }
            out.extend(b"{\"to\":");
            json::write_text(&sent.to, &mut out);
            out.extend(b",\"with\":");
            out.extend(&sent.with);
            out.extend(b",\"body\":");
            out.extend(sent.body());
            out.push(b'}');
        }
        if !self.replies.is_empty() {
            out.extend(b"],\"replies\":[");
            for (n, heard) in self.replies.iter().enumerate() {
                let status = heard.as_ref().map_or(0, |heard| heard.answer.status);
                out.extend(format!("{}{status}", if n > 0 { "," } else { "" }).bytes());
            }
        }
        if !self.alerts.is_empty() {
            out.extend(b"],\"alerts\":[");
            for (n, alert) in self.alerts.iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                json::write_text(&alert.words(), &mut out);
            }
        }
        out.extend(b"],\"trail\":[");
        for (n, line) in self.trail.iter().enumerate() {
            if n > 0 {
                out.push(b',');
            }
            json::write_text(line, &mut out);
        }
        out.extend(b"]}");
        out
    }

    /// How many messages ended how.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        let mut counts = BTreeMap::new();
        self.runs.iter().for_each(|(_, became)| *counts.entry(became.word()).or_default() += 1);
        counts
    }

    /// Takes in what a journal holds.
    pub(super) fn tell<'f>(&mut self, facts: impl Iterator<Item = &'f Fact>, taken: &[(RunId, Became)], flow: &str) {
        let mut runs: BTreeMap<RunId, Became> = taken.iter().cloned().collect();
        for fact in facts {
            match fact {
                Fact::Ended { run, ending, .. } => drop(runs.insert(*run, Became::Ended(ending.clone()))),
                Fact::Reopened { run, .. } => drop(runs.insert(*run, Became::Open)),
                Fact::Discarded { run, .. } => drop(runs.insert(*run, Became::Discarded)),
                Fact::Moved(moved) if moved.cursor.is_some() && moved.source.starts_with(flow) => self.cursor = moved.cursor.clone(),
                Fact::Gated(gate) => drop(self.breakers.insert(gate.system.clone(), breaker(gate.breaker))),
                _ => {}
            }
            self.trail.extend(line(fact));
        }
        self.runs = taken.iter().filter_map(|(run, _)| Some((*run, runs.remove(run)?))).collect();
    }
}

fn breaker(breaker: Breaker) -> &'static str {
    match breaker {
        Breaker::Closed => "closed",
        Breaker::Open { .. } => "open",
        Breaker::HalfOpen => "half-open",
    }
}

/// A line of the trail; nothing for what only the engine cares for.
fn line(fact: &Fact) -> Option<String> {
    let many = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    Some(match fact {
        Fact::Took(took) => {
            let fault = took.fault.as_ref().map(|fault| format!(", broken {}", fault.code.id)).unwrap_or_default();
            format!("taken {}{fault}", took.key.as_deref().unwrap_or("without a key"))
        }
        Fact::Started { effect, .. } => format!("{} is about to be asked", effect.node),
        Fact::Exchanged(exchanged) => {
            let status = if exchanged.status == 0 { "no answer".to_string() } else { exchanged.status.to_string() };
            format!("asked {}.{}: {status}, {}", exchanged.system, exchanged.operation, many(exchanged.calls as usize, "call"))
        }
        Fact::Settled(settled) => {
            let undo = if settled.effect.way == Way::Undo { "undo of " } else { "" };
            let item = if settled.effect.item.is_empty() { String::new() } else { format!(" of item {}", settled.effect.item) };
            let why = settled
                .attempt
                .as_ref()
                .and_then(|attempt| attempt.says.as_ref())
                .map(|why| format!(" {}", why.code.id))
                .unwrap_or_default();
            let what = match (&settled.state.phase, settled.attempt.as_ref().map(|attempt| attempt.outcome)) {
                (Phase::Done(_), _) => "delivered".to_string(),
                (Phase::Unchanged, _) => "unchanged, not sent".to_string(),
                (Phase::Superseded, _) => "superseded, not sent".to_string(),
                (Phase::Uncertain(_), _) => format!("uncertain{why}"),
                (Phase::Dead(_), _) => format!("dead{why}"),
                (Phase::Started { .. }, _) => "started".to_string(),
                (Phase::Owed { .. }, Some(OutcomeKind::Unknown)) => format!("unknown{why}, again"),
                (Phase::Owed { .. }, Some(_)) => format!("not now{why}, again"),
                (Phase::Owed { .. }, None) => "owed".to_string(),
            };
            format!("{undo}{}{item}: {what}", settled.effect.node)
        }
        Fact::Ended { ending, .. } => match ending {
            Ending::Done => "done".to_string(),
            Ending::Skipped(reason) => match reason {
                SkipReason::Filtered => "skipped: filtered".to_string(),
                SkipReason::Unchanged => "skipped: unchanged".to_string(),
                SkipReason::Superseded => "skipped: superseded".to_string(),
            },
            Ending::SetAside(stopped) => {
                format!("set aside at {}: {}{}", stopped.node, stopped.failure.code.id, if stopped.undone { ", undone" } else { "" })
            }
            Ending::Stopped(stopped) => {
                let kind = if stopped.kind == StopKind::Dead { "dead" } else { "uncertain" };
                format!("{kind} at {}: {}{}", stopped.node, stopped.failure.code.id, if stopped.undone { ", undone" } else { "" })
            }
        },
        Fact::Reopened { .. } => "replayed".to_string(),
        Fact::Discarded { .. } => "discarded".to_string(),
        Fact::Undone { undo, .. } => format!("undo of {} done by hand", undo.node),
        Fact::Gated(gate) => format!("breaker of {}: {}", gate.system, breaker(gate.breaker)),
        Fact::Resent(_) => "resent as another message".to_string(),
        Fact::Alerted(row) => {
            let over = if row.told.is_none() { "over, " } else { "" };
            format!("{} is told: {over}{} of {}", row.channel, row.cause.kind.word(), row.cause.of)
        }
        Fact::Acknowledged { .. } => "acknowledged".to_string(),
        Fact::Bundled(_)
        | Fact::Moved(_)
        | Fact::Parked { .. }
        | Fact::Sent { .. }
        | Fact::Chore(_)
        | Fact::Forgot { .. }
        | Fact::Adopted { .. }
        | Fact::Rested { .. }
        | Fact::CutOff(_)
        | Fact::SetBack { .. } => return None,
    })
}
