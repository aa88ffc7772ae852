//! What a person at a terminal is told while an engine runs: one line for what a hundred happenings have in common.
//!
//! A log has a line an attempt, a story a line a turn of events: the CRM is away, five hundred wait, it is back, they
//! are delivered. Told on the desk's own thread, so it only counts and makes text.

use std::{collections::HashMap, sync::Arc, time::Duration};

use spanwright_core::{
    deliver::GateChange,
    desk::{Happening, Report},
    fact::{Ending, Moment, SkipReason, StopKind, Stopped},
};
use spanwright_shape::text::Failure;

/// Words of a failure that are shown; all of them are in `messages`.
const WORDS_CHARS_MOST: usize = 160;

/// What has been told so far.
#[derive(Default)]
pub struct Story {
    /// Items and pages of the round that a source is in.
    rounds: HashMap<Arc<str>, Round>,
    /// How often the same answer came from an operation, in a row.
    answers: HashMap<Arc<str>, (u16, u32)>,
}

#[derive(Default)]
struct Round {
    items: u64,
    pages: u64,
    /// Of them taken: the others were seen before.
    taken: u64,
}

impl Story {
    /// The line for a happening, where it has one.
    pub fn line(&mut self, happening: &Happening, now: Moment) -> Option<String> {
        match happening {
            Happening::Taken { took, .. } => {
                self.rounds.entry(took.source.clone()).or_default().taken += 1;
                None
            }
            Happening::Polled { source, items, last } => self.polled(source, *items, *last),
            Happening::PollFailed { source, why, again, given_up } => Some(poll_failed(source, why, again.since(now), *given_up)),
            Happening::Exchanged { system, operation, calls, report } => self.exchanged(system, operation, *calls, report),
            Happening::Gate { system, change } => Some(gate(system, change, now)),
            Happening::SignedIn { system } => Some(format!("{system}: signed in, one token for all calls")),
            Happening::Split { queue, calls, .. } => {
                Some(format!("{queue}: a batch of {calls} was refused as a whole; it is split to find the bad one"))
            }
            Happening::Ended { key, flow, ending, .. } => ended(key.as_deref().unwrap_or(flow), ending),
            Happening::Duplicate { .. } | Happening::Attempt(_) => None,
        }
    }

    fn polled(&mut self, source: &Arc<str>, items: u32, last: bool) -> Option<String> {
        let round = self.rounds.entry(source.clone()).or_default();
        (round.items, round.pages) = (round.items + u64::from(items), round.pages + 1);
        if !last {
            return None;
        }
        let Round { items, pages, taken } = std::mem::take(round);
        (taken > 0).then(|| match items - taken.min(items) {
            0 => format!("{source}: {} taken from {}", count(taken, "record"), count(pages, "page")),
            seen => format!("{source}: {} taken from {}, {seen} were seen before", count(taken, "record"), count(pages, "page")),
        })
    }

    /// An answer is told when it differs from the one before, and each batch that is taken.
    fn exchanged(&mut self, system: &Arc<str>, operation: &Arc<str>, calls: u32, report: &Report) -> Option<String> {
        let name = format!("{system}.{operation}");
        let (status, times) = self.answers.entry(name.as_str().into()).or_insert((200, 0));
        let again = *status == report.status;
        (*status, *times) = (report.status, if again { *times + 1 } else { 1 });
        let (delivered, waiting) = (count(u64::from(calls), "record"), waiting(u64::from(calls)));
        match report.status {
            200..300 if calls > 0 => Some(format!("{name}: took {delivered} in one call ({} ms)", report.took.as_millis())),
            200..300 => None,
            0 => Some(format!("{name}: the connection ended without an answer; the same batch goes again under the same key")),
            429 => Some(format!("{name}: 429, too many calls; {waiting}")),
            401 => Some(format!("{name}: 401, the token is no longer good; it is renewed, no try is spent")),
            status if !again => Some(format!("{name}: answers {status}; {waiting}")),
            _ => None,
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
        GateChange::CredentialsGood => format!("{system}: takes our credentials again"),
    }
}

fn ended(who: &str, ending: &Ending) -> Option<String> {
    match ending {
        Ending::Done | Ending::Skipped(SkipReason::Filtered | SkipReason::Unchanged) => None,
        Ending::Skipped(SkipReason::Superseded) => Some(format!("{who}: an older state waited; the newer one took its place")),
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

    const NOW: Moment = Moment(1_000_000);

    fn polled(items: u32, last: bool) -> Happening {
        Happening::Polled { source: "customers.source".into(), items, last }
    }

    fn answered(status: u16, calls: u32) -> Happening {
        let report = Report { at: NOW, took: Duration::from_millis(7), status, sent: 1, got: 1 };
        Happening::Exchanged { system: "crm".into(), operation: "upsert".into(), calls, report }
    }

    fn check(happenings: &[Happening], expected: &[&str]) {
        let mut story = Story::default();
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
        let expected = "crm.upsert: the connection ended without an answer; the same batch goes again under the same key";
        check(&[answered(0, 1)], &[expected]);
    }

    #[test]
    fn a_round_without_news_is_not_told() {
        check(&[polled(100, false), polled(30, true)], &[]);
    }

    #[test]
    fn numbers_and_times_are_for_people() {
        assert_eq!((thousands(7), thousands(1_204), thousands(1_000_000)), ("7".into(), "1,204".into(), "1,000,000".into()));
        assert_eq!((seconds(Duration::from_millis(1_550)), seconds(Duration::from_secs(61))), ("1.5 s".into(), "61 s".into()));
    }
}
