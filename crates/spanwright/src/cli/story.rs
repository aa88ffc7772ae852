//! What a person at a terminal is told while an engine runs: one line for what a hundred happenings have in common.
//!
//! A log has a line an attempt, a story a line a turn of events: the CRM is away, five hundred wait, it is back, they
//! are delivered. Told on the desk's own thread, so it only counts and makes text.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use spanwright_core::{
    deliver::GateChange,
    desk::{Happening, Report},
    fact::{Ending, Moment, SkipReason, StopKind, Stopped},
    plan::Plan,
};
use spanwright_engine::observe::{chore_words, resent_late_words};
use spanwright_shape::text::Failure;

/// Words of a failure that are shown; all of them are in `messages`.
const WORDS_CHARS_MOST: usize = 160;

/// What has been told so far.
pub struct Story {
    /// System and operation of each effect: polls and sign-ins are told otherwise.
    effects: HashSet<(Arc<str>, Arc<str>)>,
    /// The round that a source is in.
    rounds: HashMap<Arc<str>, Round>,
    /// The last answer of an operation.
    answers: HashMap<Arc<str>, u16>,
}

#[derive(Default)]
struct Round {
    items: u64,
    pages: u64,
    /// Its last page is here; its items may be on their way to the disk.
    read: bool,
    taken: u64,
    /// Seen before.
    seen: u64,
}

impl Round {
    /// All is known of it.
    fn is_over(&self) -> bool {
        self.read && self.taken + self.seen >= self.items
    }
}

impl Story {
    /// The story of a plan that runs.
    pub fn of(plan: &Plan) -> Story {
        let effects = plan.flows.iter().flat_map(|flow| &flow.effects).filter_map(|effect| {
            let system = plan.systems.get(effect.system)?;
            let operation = system.system.interface().operations.get(effect.operation)?;
            Some((system.name.clone(), operation.name.clone()))
        });
        Story { effects: effects.collect(), rounds: HashMap::new(), answers: HashMap::new() }
    }

    /// The line for a happening, where it has one.
    pub fn line(&mut self, happening: &Happening, now: Moment) -> Option<String> {
        match happening {
            Happening::Taken { took, .. } => self.round(&took.source, |round| round.taken += 1),
            Happening::Duplicate { source } => self.round(source, |round| round.seen += 1),
            Happening::Polled { source, items, last } => self.round(source, |round| {
                (round.items, round.pages, round.read) = (round.items + u64::from(*items), round.pages + 1, *last);
            }),
            Happening::PollFailed { source, why, again, given_up } => Some(poll_failed(source, why, again.since(now), *given_up)),
            Happening::Exchanged { system, operation, calls, report } => self.exchanged(system, operation, *calls, report),
            Happening::Gate { system, change } => Some(gate(system, change, now)),
            Happening::SignedIn { system } => Some(format!("{system}: signed in, one token for all calls")),
            Happening::Chore(chore) => Some(chore_words(chore)),
            Happening::ResentLate(resent) => Some(resent_late_words(resent)),
            Happening::Alert(note) => Some(match &note.failed {
                None => format!("{} was told: {}", note.channel, note.notice.words()),
                Some((why, _)) => format!("{} could not be told: {}", note.channel, words(why)),
            }),
            Happening::Split { queue, calls, .. } => {
                Some(format!("{queue}: a batch of {calls} was refused as a whole; it is split to find the bad one"))
            }
            Happening::Ended { key, flow, ending, .. } => ended(key.as_deref().unwrap_or(flow), ending),
            Happening::Blocked { flow, run, behind } => {
                Some(format!("{flow}: the dead letter {} keeps {behind} waiting, and what comes after it", run.0))
            }
            Happening::Stuck { flow, node, tries, why, .. } => {
                Some(format!("{flow}: the undo of {node} does not get through after {tries} tries: {}; it is tried on", words(why)))
            }
            Happening::Attempt(_) | Happening::AnsweredAtOnce { .. } | Happening::LeftOut { .. } => None,
        }
    }

    /// A round is told when it is over and had news.
    fn round(&mut self, source: &Arc<str>, change: impl FnOnce(&mut Round)) -> Option<String> {
        let round = self.rounds.entry(source.clone()).or_default();
        change(round);
        if !round.is_over() {
            return None;
        }
        let Round { pages, taken, seen, .. } = std::mem::take(round);
        let seen = if seen > 0 { format!(", {} seen before", thousands(seen)) } else { String::new() };
        (taken > 0).then(|| format!("{source}: {} taken from {}{seen}", count(taken, "record"), count(pages, "page")))
    }

    /// An answer is told when it differs from the one before, and so is each call that was taken.
    fn exchanged(&mut self, system: &Arc<str>, operation: &Arc<str>, calls: u32, report: &Report) -> Option<String> {
        if !self.effects.contains(&(system.clone(), operation.clone())) {
            return None;
        }
        let name = format!("{system}.{operation}");
        let before = self.answers.insert(name.as_str().into(), report.status);
        let (records, waiting) = (count(u64::from(calls), "record"), waiting(u64::from(calls)));
        match report.status {
            200..300 => Some(format!("{name}: took {records} in one call ({} ms)", report.took.as_millis())),
            status if before == Some(status) => None,
            0 => Some(format!("{name}: the connection ended without an answer; the same {records} go again under the same key")),
            429 => Some(format!("{name}: answers 429, too many calls; {waiting}")),
            401 => Some(format!("{name}: answers 401, the token is no longer good; no try is spent")),
            status => Some(format!("{name}: answers {status}; {waiting}")),
        }
    }
}

fn waiting(calls: u64) -> String {
    format!("{} {}", count(calls, "record"), if calls == 1 { "waits" } else { "wait" })
}

fn poll_failed(source: &str, why: &Failure, again: Duration, given_up: bool) -> String {
    let again = seconds(again);
    match given_up {
        false => format!("{source}: {}; asked again in {again}", words(why)),
        true => format!("{source}: {}; this round is given up, the next begins in {again}", words(why)),
    }
}

fn gate(system: &str, change: &GateChange, now: Moment) -> String {
    match change {
        GateChange::Opened(until) => {
            format!("{system}: held for {}, since it is sick; what waits spends no tries", seconds(until.since(now)))
        }
        GateChange::Probing => format!("{system}: tried with one call"),
        GateChange::Closed => format!("{system}: well again"),
        GateChange::Paused(until) => format!("{system}: asked us to wait, so nothing is sent for {}", seconds(until.since(now))),
        GateChange::CredentialsRefused(why) => format!("{system}: refuses our credentials, a person must act: {}", words(why)),
        GateChange::Held(hold) => {
            let until =
                hold.until.map_or_else(|| "until somebody resumes it".to_string(), |until| format!("for {}", seconds(until.since(now))));
            format!("{system}: held {until} by {}: {}", hold.by, hold.because)
        }
        GateChange::Resumed(by) => format!("{system}: goes on, {by} says so"),
        GateChange::CredentialsGood => format!("{system}: takes our credentials again"),
    }
}

fn ended(who: &str, ending: &Ending) -> Option<String> {
    match ending {
        Ending::Done | Ending::Skipped(SkipReason::Filtered | SkipReason::Unchanged) => None,
        Ending::Skipped(SkipReason::Superseded) => Some(format!("{who}: an older state waited; the newer one took its place")),
        Ending::SetAside(Stopped { failure, undone, .. }) => {
            let undone = if *undone { ", and what had been done was undone" } else { "" };
            Some(format!("{who}: failed{undone}: {}", words(failure)))
        }
        Ending::Stopped(Stopped { kind: StopKind::Dead, failure, .. }) => Some(format!("{who}: a dead letter: {}", words(failure))),
        Ending::Stopped(Stopped { kind: StopKind::Uncertain, failure, .. }) => {
            Some(format!("{who}: nobody knows whether it happened: {}", words(failure)))
        }
    }
}

/// A failure in one line of bearable length.
pub fn words(failure: &Failure) -> String {
    let says = failure.says.split_whitespace().collect::<Vec<_>>().join(" ");
    match says.char_indices().nth(WORDS_CHARS_MOST) {
        Some((cut, _)) => format!("{} {}…", failure.code.id, &says[..cut]),
        None => format!("{} {says}", failure.code.id),
    }
}

/// `1,204 records`
pub fn count(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", thousands(number), if number == 1 { "" } else { "s" })
}

/// `1,204`
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1.5 s`
pub fn seconds(time: Duration) -> String {
    match time.as_millis() {
        millis @ 0..10_000 => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
        millis => format!("{} s", thousands((millis / 1_000) as u64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spanwright_core::fact::{PlanId, Root, RunId, Took};

    const NOW: Moment = Moment(1_000_000);

    fn polled(items: u32, last: bool) -> Happening {
        Happening::Polled { source: "customers.source".into(), items, last }
    }

    fn seen() -> Happening {
        Happening::Duplicate { source: "customers.source".into() }
    }

    fn taken() -> Happening {
        let took = Took {
            message: 1,
            source: "customers.source".into(),
            correlation: "c".into(),
            at: NOW,
            key: None,
            version: None,
            body: (*b"{}").into(),
            beside: None,
            flow: "customers".into(),
            root: Root(0),
            plan: PlanId(1),
            seen: None,
            about: None,
            fault: None,
        };
        Happening::Taken { took: Box::new(took), run: RunId(1) }
    }

    fn answered(status: u16, calls: u32) -> Happening {
        let report = Report { at: NOW, took: Duration::from_millis(7), status, sent: 1, got: 1, budget: None, drift: 0 };
        Happening::Exchanged { system: "crm".into(), operation: "upsert".into(), calls, report }
    }

    fn check(happenings: &[Happening], expected: &[&str]) {
        let effects = [("crm".into(), "upsert".into())].into();
        let mut story = Story { effects, rounds: HashMap::new(), answers: HashMap::new() };
        let lines: Vec<String> = happenings.iter().filter_map(|happening| story.line(happening, NOW)).collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn an_outage_is_told_once_and_a_return_too() {
        let outage = [answered(503, 500), answered(503, 500), answered(503, 1), answered(200, 500)];
        check(&outage, &["crm.upsert: answers 503; 500 records wait", "crm.upsert: took 500 records in one call (7 ms)"]);
    }

    #[test]
    fn a_cut_call_goes_again_under_its_key() {
        let expected = "crm.upsert: the connection ended without an answer; the same 500 records go again under the same key";
        check(&[answered(0, 500)], &[expected]);
    }

    #[test]
    fn a_round_without_news_is_not_told() {
        check(&[polled(1, false), seen(), polled(1, true), seen()], &[]);
    }

    #[test]
    fn a_round_is_told_when_its_last_item_is_known() {
        check(&[polled(1, false), polled(1, true), taken(), seen()], &["customers.source: 1 record taken from 2 pages, 1 seen before"]);
    }

    #[test]
    fn numbers_and_times_are_for_people() {
        assert_eq!((thousands(7), thousands(1_204), thousands(1_000_000)), ("7".into(), "1,204".into(), "1,000,000".into()));
        assert_eq!((seconds(Duration::from_millis(1_550)), seconds(Duration::from_secs(61))), ("1.5 s".into(), "61 s".into()));
    }
}
