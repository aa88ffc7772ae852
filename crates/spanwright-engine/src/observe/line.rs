//! One line of the log, before it has a form: what happened, to whom, how it came out.

use std::{borrow::Cow, sync::Arc, time::Duration};

use spanwright_core::{
    deliver::GateChange,
    desk::{AlertNote, AttemptNote, Happening},
    fact::{Chore, ChoreKind, ChorePhase, Ending, Hold, Moment, OutcomeKind, Resent, SkipReason, StopKind},
};
use spanwright_shape::text::{Code, Failure};

/// How much a person wants to know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Every step.
    Debug,
    /// Every attempt.
    Info,
    /// Something is tried again or held.
    Warn,
    /// A person must look.
    Error,
}

impl Level {
    /// The greatest level that a line of this kind has: what nobody wants to read is not made.
    pub fn of(happening: &Happening) -> Level {
        match happening {
            Happening::Taken { .. } | Happening::Duplicate { .. } | Happening::Exchanged { .. } | Happening::AnsweredAtOnce { .. } => {
                Level::Debug
            }
            Happening::Ended { ending: Ending::Done | Ending::Skipped(_), .. } => Level::Debug,
            Happening::Ended { ending: Ending::Stopped(_), .. } => Level::Error,
            Happening::Ended { ending: Ending::SetAside(_), .. } => Level::Warn,
            Happening::Attempt(_) | Happening::Gate { .. } | Happening::PollFailed { .. } | Happening::Stuck { .. } => Level::Error,
            Happening::Polled { .. } | Happening::SignedIn { .. } | Happening::Chore(_) => Level::Info,
            Happening::Alert(note) if note.failed.is_some() => Level::Error,
            Happening::Alert(_) => Level::Info,
            Happening::LeftOut { brought: false, .. } => Level::Debug,
            Happening::LeftOut { brought: true, .. } => Level::Info,
            Happening::Split { .. } | Happening::Blocked { .. } | Happening::ResentLate(_) => Level::Warn,
        }
    }

    /// In lower case, as ECS wants it.
    pub fn word(self) -> &'static str {
        match self {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        }
    }
}

/// One line.
#[derive(Clone, Debug)]
pub struct Line {
    /// When.
    pub at: Moment,
    /// How bad.
    pub level: Level,
    /// ECS `event.action`.
    pub action: &'static str,
    /// ECS `event.outcome`: `success`, `failure`, `unknown`.
    pub outcome: Option<&'static str>,
    /// For a person.
    pub message: String,
    /// How long it took.
    pub took: Option<Duration>,
    /// The message's id: the trace's id too.
    pub id: Option<u128>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// Why not.
    pub failure: Option<Failure>,
    /// `labels.*`, in order.
    pub labels: Vec<(&'static str, Arc<str>)>,
}

impl Line {
    /// A line about the engine itself.
    pub fn new(at: Moment, level: Level, action: &'static str, message: impl Into<String>) -> Line {
        Line {
            at,
            level,
            action,
            outcome: None,
            message: message.into(),
            took: None,
            id: None,
            status: None,
            failure: None,
            labels: Vec::new(),
        }
    }

    /// A flow has answered, and nothing of it is kept.
    pub(crate) fn answered_at_once(at: Moment, flow: &Arc<str>, correlation: Option<&str>) -> Line {
        let words = format!("flow {flow} has answered {} at once", correlation.unwrap_or("a request"));
        Line::new(at, Level::Debug, "answered-at-once", words).label("flow", flow)
    }

    /// With a label.
    pub fn label(mut self, name: &'static str, value: &Arc<str>) -> Line {
        self.labels.push((name, value.clone()));
        self
    }

    /// With the code of its reason.
    pub fn because_of(mut self, code: &'static Code) -> Line {
        self.failure = Some(Failure::new(code, code.title));
        self
    }

    fn maybe(self, name: &'static str, value: Option<&Arc<str>>) -> Line {
        match value {
            Some(value) => self.label(name, value),
            None => self,
        }
    }

    fn about(mut self, id: u128, correlation: &Arc<str>) -> Line {
        self.id = Some(id);
        self.label("correlation_id", correlation)
    }

    fn because(mut self, failure: Option<&Failure>) -> Line {
        self.failure = failure.cloned();
        self
    }

    fn came_out(mut self, outcome: &'static str) -> Line {
        self.outcome = Some(outcome);
        self
    }

    /// The line that tells of a happening.
    pub fn of(happening: &Happening, at: Moment) -> Line {
        match happening {
            Happening::Taken { took, .. } => Line::new(at, Level::Debug, "message-taken", format!("taken from {}", took.source))
                .about(took.message, &took.correlation)
                .label("flow", &took.flow)
                .maybe("key", took.key.as_ref())
                .because(took.fault.as_ref()),
            Happening::Duplicate { source } => {
                Line::new(at, Level::Debug, "message-duplicate", format!("an item of {source} was taken before")).label("source", source)
            }
            Happening::LeftOut { source, items, .. } => {
                let words = format!("{source}: its `when` left out {}, and nothing is kept of that", plural((*items).into(), "item"));
                Line::new(at, Level::of(happening), "item-left-out", words).label("source", source)
            }
            Happening::ResentLate(resent) => {
                let line = Line::new(at, Level::Warn, "resent-late", resent_late_words(resent))
                    .about(resent.took.message, &resent.took.correlation);
                line.label("flow", &resent.took.flow).label("by", &resent.by)
            }
            Happening::Attempt(note) => attempt(note, at),
            Happening::Ended { message, correlation, flow, key, ending, .. } => {
                ended(ending, at).about(*message, correlation).label("flow", flow).maybe("key", key.as_ref())
            }
            Happening::AnsweredAtOnce { message, correlation, flow } => {
                Line::answered_at_once(at, flow, Some(correlation)).about(*message, correlation)
            }
            Happening::Gate { system, change } => gate(system, change, at).label("system", system),
            Happening::Polled { source, items, last } => polled(source, *items, *last, at).label("source", source),
            Happening::PollFailed { source, why, again, given_up } => {
                poll_failed(source, why, *again, *given_up, at).label("source", source)
            }
            Happening::SignedIn { system } => {
                Line::new(at, Level::Info, "signed-in", format!("signed in at {system}")).came_out("success").label("system", system)
            }
            Happening::Exchanged { system, operation, calls, report } => {
                let drift = match report.drift {
                    0 => String::new(),
                    fields => format!("; the answer has {} that the schema does not", plural(fields.into(), "field")),
                };
                let words = format!("{system}.{operation}: {} in one request{drift}", plural(u64::from(*calls), "call"));
                let mut line = Line::new(at, Level::Debug, "exchange", words).label("system", system);
                (line.took, line.status) = (Some(report.took), (report.status > 0).then_some(report.status));
                line
            }
            Happening::Alert(note) => alert(note, at).label("channel", &note.channel),
            Happening::Chore(chore) => Line::new(at, Level::Info, "chore", chore_words(chore)).label("by", &chore.by),
            Happening::Blocked { flow, run, behind } => {
                let words =
                    format!("{flow}: the dead letter {} keeps {behind} waiting, and what comes after it: replay or discard it", run.0);
                Line::new(at, Level::Warn, "line-blocked", words).label("flow", flow)
            }
            Happening::Stuck { message, correlation, flow, node, tries, why } => {
                let words = format!("the undo of {node} does not get through after {tries} tries; it is tried on");
                let line = Line::new(at, Level::Error, "undo-stuck", words).came_out("failure").about(*message, correlation);
                line.label("flow", flow).label("node", node).because(Some(why))
            }
            Happening::Split { queue, calls, why } => {
                let words = format!("{queue}: a batch of {calls} was refused as a whole and is split to find the bad one");
                Line::new(at, Level::Warn, "batch-split", words).because(why.as_ref())
            }
        }
    }
}

/// `ada's new message of run 7 was not taken: ..`
pub fn resent_late_words(resent: &Resent) -> String {
    let Resent { by, of, .. } = resent;
    format!("{by}'s new message of run {0} was not taken: run {0} is no dead letter any more, or a newer state of its record went on", of.0)
}

/// `replay by ada: ended, 120 done, 3 left since a newer state of their record went on`
pub fn chore_words(chore: &Chore) -> String {
    let what = match &chore.what {
        ChoreKind::Replay { .. } => "replay",
        ChoreKind::Discard { .. } => "discard",
    };
    let stands = match chore.phase {
        ChorePhase::Open => "under way",
        ChorePhase::Done => "ended",
        ChorePhase::Cancelled => "cancelled",
    };
    let left = match chore.left {
        0 => String::new(),
        left => format!(", {left} left since a newer state of their record went on"),
    };
    format!("{what} by {}: {stands}, {} done{left}", chore.by, chore.done)
}

fn attempt(note: &AttemptNote, at: Moment) -> Line {
    let (level, outcome, word) = match (note.outcome, note.again) {
        (OutcomeKind::Delivered, _) => (Level::Info, "success", "delivered to"),
        (OutcomeKind::Later, Some(_)) => (Level::Warn, "failure", "not now at"),
        (OutcomeKind::Later, None) => (Level::Error, "failure", "given up at"),
        (OutcomeKind::Unknown, Some(_)) => (Level::Warn, "unknown", "unknown whether it happened at"),
        (OutcomeKind::Unknown, None) => (Level::Error, "unknown", "nobody knows whether it happened at"),
        (OutcomeKind::Never, _) => (Level::Error, "failure", "refused by"),
    };
    let mut words = format!("{word} {}, try {}", note.system, note.n);
    if let Some(again) = note.again {
        words.push_str(&format!(", again in {}", short(again.since(at))));
    }
    let mut line = Line::new(at, level, "attempt", words)
        .came_out(outcome)
        .about(note.message, &note.correlation)
        .label("flow", &note.flow)
        .label("node", &note.node)
        .label("system", &note.system)
        .maybe("key", note.key.as_ref())
        .because(note.why.as_ref());
    (line.took, line.status) = (Some(note.took), (note.status > 0).then_some(note.status));
    line
}

fn ended(ending: &Ending, at: Moment) -> Line {
    let done = |words: &str| Line::new(at, Level::Debug, "run-ended", words).came_out("success");
    match ending {
        Ending::Done => done("done"),
        Ending::Skipped(SkipReason::Filtered) => done("skipped: `only` was not true"),
        Ending::Skipped(SkipReason::Unchanged) => done("skipped: nothing had changed since the last time"),
        Ending::Skipped(SkipReason::Superseded) => done("skipped: a newer state of the record came"),
        Ending::SetAside(stopped) => {
            let words = format!("failed at {}; the flow's `if_dead` has dealt with it", stopped.node);
            Line::new(at, Level::Warn, "run-ended", words).came_out("failure").label("node", &stopped.node).because(Some(&stopped.failure))
        }
        Ending::Stopped(stopped) => {
            let (words, outcome) = match stopped.kind {
                StopKind::Dead => (format!("a dead letter, stopped at {}", stopped.node), "failure"),
                StopKind::Uncertain => (format!("uncertain: nobody knows whether {} happened", stopped.node), "unknown"),
            };
            Line::new(at, Level::Error, "run-ended", words).came_out(outcome).label("node", &stopped.node).because(Some(&stopped.failure))
        }
    }
}

fn gate(system: &str, change: &GateChange, at: Moment) -> Line {
    let wait = |until: Moment| short(until.since(at));
    match change {
        GateChange::Opened(until) => {
            Line::new(at, Level::Warn, "breaker-opened", format!("{system} is sick: held for {}, nothing is spent", wait(*until)))
        }
        GateChange::Probing => Line::new(at, Level::Info, "breaker-probing", format!("{system} is tried, one request at a time")),
        GateChange::Closed => Line::new(at, Level::Info, "breaker-closed", format!("{system} is well again")),
        GateChange::Paused(until) => Line::new(at, Level::Warn, "paused", format!("{system} asks for a pause of {}", wait(*until))),
        GateChange::CredentialsRefused(why) => {
            Line::new(at, Level::Error, "credentials-refused", format!("{system} refuses our credentials: held until a person acts"))
                .because(Some(why))
        }
        GateChange::Held(hold) => {
            let until = hold.until.map_or_else(|| "until somebody resumes it".to_string(), |until| format!("for {}", wait(until)));
            let level = if &*hold.by == Hold::ENGINE { Level::Error } else { Level::Warn };
            Line::new(at, level, "held", format!("{system} is held {until} by {}: {}", hold.by, hold.because))
        }
        GateChange::Resumed(by) => Line::new(at, Level::Info, "resumed", format!("{system} goes on: {by} says so")),
        GateChange::CredentialsGood => Line::new(at, Level::Info, "credentials-good", format!("{system} takes our credentials again")),
    }
}

fn alert(note: &AlertNote, at: Moment) -> Line {
    let words = note.notice.words();
    match &note.failed {
        None => Line::new(at, Level::Info, "alert-sent", words).came_out("success"),
        Some((why, again)) => {
            let words = format!("nobody was told, again in {}: {words}", short(again.since(at)));
            Line::new(at, Level::Error, "alert-failed", words).came_out("failure").because(Some(why))
        }
    }
}

fn polled(source: &str, items: u32, last: bool, at: Moment) -> Line {
    let level = if items == 0 { Level::Debug } else { Level::Info };
    let end = if last { "" } else { ", more to come" };
    Line::new(at, level, "polled", format!("{source}: {} in the page{end}", plural(u64::from(items), "item"))).came_out("success")
}

fn poll_failed(source: &str, why: &Failure, again: Moment, given_up: bool, at: Moment) -> Line {
    let (level, word) = if given_up { (Level::Error, "this round is given up, next") } else { (Level::Warn, "again") };
    let words = format!("{source}: the poll failed; {word} in {}", short(again.since(at)));
    Line::new(at, level, "poll-failed", words).came_out("failure").because(Some(why))
}

/// A time as a person says it.
pub(crate) fn short(time: Duration) -> Cow<'static, str> {
    match time.as_millis() {
        0 => "0 s".into(),
        millis @ 1..1_000 => format!("{millis} ms").into(),
        millis @ 1_000..10_000 => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100).into(),
        millis @ 10_000..120_000 => format!("{} s", millis / 1_000).into(),
        millis @ 120_000..7_200_000 => format!("{} min", millis / 60_000).into(),
        millis => format!("{} h", millis / 3_600_000).into(),
    }
}

fn plural(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
