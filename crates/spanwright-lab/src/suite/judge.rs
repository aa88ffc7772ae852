//! What was observed against what must follow: each difference is a problem at the place of the expectation.

use std::{collections::BTreeMap, sync::Arc};

use spanwright_shape::{
    json,
    room::Room,
    text::{Failure, Problems, Span},
};

use super::{
    case::{Dead, Notice, Record, Then, Told, Wanted},
    compare::{Extent, differences, shortened, words},
    observed::{Alert, Became, Heard, Observed, Sent},
};
use crate::codes;

/// Judges a story.
pub(super) fn story(then: &Then, observed: &Observed, to: &mut Problems) {
    outcomes(then, observed, to);
    if let Some(wanted) = &then.dead {
        dead(wanted, observed, to);
    }
    if let Some((at, wanted)) = &then.requests {
        requests(*at, wanted, &observed.requests, to);
    }
    if let Some((at, wanted)) = &then.polls {
        requests(*at, wanted, &observed.polls, to);
    }
    replies(then, observed, to);
    if let Some((at, wanted)) = &then.alerts {
        alerts(*at, wanted, &observed.alerts, to);
    }
    state(then, observed, to);
    if let Some((at, lines)) = &then.trail
        && *lines != observed.trail
    {
        let first =
            lines.iter().zip(&observed.trail).position(|(wanted, got)| wanted != got).unwrap_or(lines.len().min(observed.trail.len()));
        let shown = |lines: &[String]| lines.get(first).map_or("nothing more".to_string(), |line| format!("`{line}`"));
        let says = format!("line {} of the trail is {}, and should be {}", first + 1, shown(&observed.trail), shown(lines));
        to.error(&codes::TRAIL, *at, says, None);
    }
}

fn outcomes(then: &Then, observed: &Observed, to: &mut Problems) {
    let counts = observed.counts();
    let got = || match counts.is_empty() {
        true => format!("no message was taken{}", refused(observed)),
        false => counts.iter().map(|(word, count)| format!("{count} {word}")).collect::<Vec<_>>().join(", "),
    };
    if let Some((at, wanted)) = &then.outcome {
        let all = match wanted.as_str() {
            "nothing" => counts.is_empty(),
            word => !counts.is_empty() && counts.keys().all(|have| *have == word),
        };
        if !all {
            to.error(&codes::OUTCOME, *at, format!("{}, and the test says `{wanted}`{}", got(), why(observed)), None);
        }
    }
    if let Some((at, wanted)) = &then.outcomes {
        let wanted: BTreeMap<&str, u64> =
            wanted.iter().filter(|(_, count)| **count > 0).map(|(word, count)| (word.as_str(), *count)).collect();
        if wanted != counts {
            to.error(&codes::OUTCOME, *at, format!("{}, and the test says otherwise{}", got(), why(observed)), None);
        }
    }
}

/// What the first sender was told who was refused.
fn refused(observed: &Observed) -> String {
    let heard = observed.replies.iter().flatten().find(|heard| heard.answer.status >= 400);
    heard.map(|heard| format!(", and the sender was told {}", in_words(heard))).unwrap_or_default()
}

fn in_words(heard: &Heard) -> String {
    format!("{} {}", heard.answer.status, shortened(&String::from_utf8_lossy(&heard.answer.body))).trim_end().to_string()
}

fn replies(then: &Then, observed: &Observed, to: &mut Problems) {
    if let Some(wanted) = &then.reply {
        reply(wanted, observed.replies.first(), to);
    }
    if let Some((at, wanted)) = &then.replies {
        if wanted.len() != observed.replies.len() {
            let says = format!("{} senders were told something; the test names {}", observed.replies.len(), wanted.len());
            to.error(&codes::REPLY, *at, says, None);
        }
        wanted.iter().enumerate().for_each(|(n, wanted)| reply(wanted, observed.replies.get(n), to));
    }
}

fn reply(wanted: &Told, heard: Option<&Option<Heard>>, to: &mut Problems) {
    let mut differs = |at: Span, says: String| to.error(&codes::REPLY, at, says, None);
    let heard = match heard {
        None => return differs(wanted.at, "no sender asked anything".to_string()),
        Some(None) => return differs(wanted.at, "the sender was told nothing".to_string()),
        Some(Some(heard)) => heard,
    };
    if let Some((at, status)) = wanted.status.filter(|(_, status)| *status != u64::from(heard.answer.status)) {
        differs(at, format!("it is {}, and should be {status}", in_words(heard)));
    }
    for (wanted, extent) in [(&wanted.body, Extent::Whole), (&wanted.has, Extent::Named)] {
        let found = wanted.as_ref().map(|wanted| (wanted.at, differences(&wanted.bytes, &heard.json(), extent)));
        if let Some((at, found)) = found.filter(|(_, found)| !found.is_empty()) {
            differs(at, format!("in the reply: {}", words(&found)));
        }
    }
    for (at, name, value) in &wanted.headers {
        let got = heard.header(name).map(String::from_utf8_lossy);
        if got.as_deref() != Some(value) {
            differs(*at, got.map_or("it has no such header".to_string(), |got| format!("it is `{got}`")));
        }
    }
    let text = String::from_utf8_lossy(&heard.answer.body);
    if let Some((at, _)) = wanted.contains.as_ref().filter(|(_, part)| !text.contains(part.as_str())) {
        differs(*at, format!("it is not in what the sender was told: {}", shortened(&text)));
    }
    let fault = heard.reply.as_ref().and_then(|reply| reply.fault.as_deref());
    if let Some((at, _)) = wanted.fault.as_ref().filter(|(_, name)| fault != Some(name.as_str())) {
        differs(*at, fault.map_or("it is no declared fault".to_string(), |fault| format!("it is the fault `{fault}`")));
    }
}

/// The reason of the first dead letter, behind an outcome that was not expected.
fn why(observed: &Observed) -> String {
    let stopped = observed.runs.iter().find_map(|(_, became)| became.stopped());
    stopped.map(|stopped| format!(": {} {}", stopped.failure.code.id, stopped.failure.says)).unwrap_or_default()
}

fn dead(wanted: &Dead, observed: &Observed, to: &mut Problems) {
    let Some(stopped) = observed.runs.iter().find_map(|(_, became)| Became::stopped(became)) else {
        to.error(&codes::DEAD, wanted.at, "no message stopped", None);
        return;
    };
    let failure = &stopped.failure;
    let mut differs = |what: &str, got: &str, wanted_text: &str| {
        to.error(&codes::DEAD, wanted.at, format!("its {what} is `{got}`, and should be `{wanted_text}`"), None);
    };
    if let Some(code) = wanted.code.as_deref().filter(|code| *code != failure.code.id) {
        differs("code", &format!("{} {}", failure.code.id, failure.says), code);
    }
    if let Some(step) = wanted.step.as_deref().filter(|step| **step != *stopped.node) {
        differs("step", &stopped.node, step);
    }
    if let Some(says) = wanted.says.as_deref().filter(|says| !failure.says.contains(*says)) {
        differs("reason", &failure.says, says);
    }
    if let Some(undone) = wanted.undone.filter(|undone| *undone != stopped.undone) {
        differs("`undone`", &stopped.undone.to_string(), &undone.to_string());
    }
}

fn requests(at: Span, wanted: &[Wanted], sent: &[Sent], to: &mut Problems) {
    if wanted.len() != sent.len() {
        let list = sent.iter().map(|sent| sent.to.as_str()).collect::<Vec<_>>().join(", ");
        let got = if sent.is_empty() { "none was sent".to_string() } else { format!("{} were sent: {list}", sent.len()) };
        to.error(&codes::REQUESTS, at, format!("{got}; the test names {}", wanted.len()), None);
    }
    let mut keys: BTreeMap<&str, &str> = BTreeMap::new();
    for (wanted, sent) in wanted.iter().zip(sent) {
        request(wanted, sent, to);
        if let Some((at, name)) = &wanted.key {
            key(*at, name, &sent.key, &mut keys, to);
        }
    }
}

fn key<'k>(at: Span, name: &'k str, key: &'k str, keys: &mut BTreeMap<&'k str, &'k str>, to: &mut Problems) {
    let other = keys.iter().find(|(have, used)| **have != name && **used == key).map(|(have, _)| *have);
    if let Some(other) = other {
        to.error(&codes::REQUESTS, at, format!("it carries the key of `{other}`"), None);
    }
    if keys.get(name).is_some_and(|have| *have != key) {
        to.error(&codes::REQUESTS, at, format!("it carries another key than the first `{name}`"), None);
    }
    keys.entry(name).or_insert(key);
}

fn request(wanted: &Wanted, sent: &Sent, to: &mut Problems) {
    let mut differs = |at: Span, says: String| to.error(&codes::REQUESTS, at, says, None);
    if wanted.to != sent.to {
        differs(wanted.at, format!("it went to {}", sent.to));
        return;
    }
    if let Some(why) = &sent.refused {
        differs(wanted.at, format!("it could not be written: {why}"));
    }
    let mut json = |wanted: &Option<super::case::Json>, got: &[u8], extent, what: &str| {
        if let Some(wanted) = wanted {
            let found = differences(&wanted.bytes, got, extent);
            if !found.is_empty() {
                differs(wanted.at, format!("in its {what}: {}", words(&found)));
            }
        }
    };
    json(&wanted.with, &sent.with, Extent::Named, "parameters");
    json(&wanted.body, &sent.body(), Extent::Whole, "body");
    json(&wanted.has, &sent.body(), Extent::Named, "body");
    json(&wanted.sent, &sent.bytes, Extent::Whole, "bytes");
    if let Some((at, items)) = &wanted.items
        && *items != sent.bodies.len() as u64
    {
        differs(*at, format!("it has {} items", sent.bodies.len()));
    }
    for (at, name, value) in &wanted.headers {
        let got = sent.headers.iter().find(|(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| String::from_utf8_lossy(value));
        if got.as_deref() != Some(value) {
            differs(*at, got.map_or("it has no such header".to_string(), |got| format!("it is `{got}`")));
        }
    }
    if let Some((at, ending)) = wanted.url.as_ref().filter(|(_, ending)| !sent.url.ends_with(ending.as_str())) {
        differs(*at, format!("it went to `{}`, which does not end with `{ending}`", sent.url));
    }
    let text = String::from_utf8_lossy(&sent.bytes);
    if let Some((at, _)) = wanted.contains.as_ref().filter(|(_, part)| !text.contains(part.as_str())) {
        differs(*at, format!("it is not in what was sent: {}", shortened(&text)));
    }
    if let Some((at, _)) = wanted.not_before.filter(|(_, time)| sent.after < *time) {
        differs(at, format!("it was sent after {:?}", sent.after));
    }
    if let Some((at, _)) = wanted.not_after.filter(|(_, time)| sent.after > *time) {
        differs(at, format!("it was sent after {:?}", sent.after));
    }
}

fn alerts(at: Span, wanted: &[Notice], told: &[Alert], to: &mut Problems) {
    if wanted.len() != told.len() {
        let list = told.iter().map(Alert::words).collect::<Vec<_>>().join("; ");
        let got = if told.is_empty() { "nobody was told anything".to_string() } else { format!("people were told: {list}") };
        to.error(&codes::ALERTS, at, format!("{got}; the test names {}", wanted.len()), None);
    }
    wanted.iter().zip(told).for_each(|(wanted, told)| alert(wanted, told, to));
}

fn alert(wanted: &Notice, told: &Alert, to: &mut Problems) {
    let words = told.words();
    let mut differs = |at: Span| to.error(&codes::ALERTS, at, format!("they were told: {words}"), None);
    let (notice, cause) = (&told.notice, &told.notice.cause);
    if wanted.cause != cause.kind.word() {
        return differs(wanted.at);
    }
    let other = |wanted: &Option<(Span, String)>, got: &str| wanted.as_ref().filter(|(_, word)| word != got).map(|(at, _)| *at);
    let places = [
        other(&wanted.state, notice.state.word()),
        other(&wanted.of, cause.of.trim_start_matches("flow:")),
        other(&wanted.code, &cause.code),
        other(&wanted.severity, notice.severity().word()),
        wanted.count.filter(|(_, count)| *count != notice.count).map(|(at, _)| at),
        wanted.says.as_ref().filter(|(_, part)| !notice.words().contains(part.as_str())).map(|(at, _)| *at),
        wanted.to.as_ref().filter(|(_, channels)| !are_same(channels, &told.to)).map(|(at, _)| *at),
    ];
    places.into_iter().flatten().for_each(&mut differs);
    let early = wanted.not_before.filter(|(_, time)| told.after < *time);
    let late = wanted.not_after.filter(|(_, time)| told.after > *time);
    for (at, _) in [early, late].into_iter().flatten() {
        to.error(&codes::ALERTS, at, format!("they were told after {:?}", told.after), None);
    }
}

fn are_same(wanted: &[String], got: &[Arc<str>]) -> bool {
    wanted.len() == got.len() && wanted.iter().all(|name| got.iter().any(|have| **have == **name))
}

fn state(then: &Then, observed: &Observed, to: &mut Problems) {
    if let Some(wanted) = &then.cursor {
        let found = differences(&wanted.bytes, observed.cursor.as_deref().unwrap_or(b"null"), Extent::Whole);
        if !found.is_empty() {
            to.error(&codes::STATE, wanted.at, format!("the cursor: {}", words(&found)), None);
        }
    }
    for (at, system, wanted) in &then.breakers {
        let got = observed.breakers.get(system.as_str()).copied().unwrap_or("closed");
        if got != wanted {
            to.error(&codes::STATE, *at, format!("the breaker of `{system}` is {got}"), None);
        }
    }
}

/// Judges what a map made of a record.
pub(super) fn record(record: &Record, made: &Result<Arc<[u8]>, Failure>, to: &mut Problems) {
    let made = match (made, &record.fails) {
        (Ok(made), None) => made,
        (Ok(_), Some(fails)) => {
            to.error(&codes::FIELDS, fails.at, "it does not fail", None);
            return;
        }
        (Err(failure), None) => {
            to.error(&codes::FIELDS, record.at, format!("it fails: {} {}", failure.code.id, failure.says), None);
            return;
        }
        (Err(failure), Some(fails)) => {
            let other_code = fails.code.as_deref().is_some_and(|code| code != failure.code.id);
            if other_code || fails.says.as_deref().is_some_and(|says| !failure.says.contains(says)) {
                to.error(&codes::FIELDS, fails.at, format!("it fails otherwise: {} {}", failure.code.id, failure.says), None);
            }
            return;
        }
    };
    for (wanted, extent) in [(&record.has, Extent::Named), (&record.exactly, Extent::Whole)] {
        let Some(wanted) = wanted else { continue };
        let found = differences(&wanted.bytes, made, extent);
        if !found.is_empty() {
            to.error(&codes::FIELDS, wanted.at, words(&found), None);
        }
    }
    let room = Room::new();
    for (at, field) in &record.lacks {
        let value = json::read(made, &room).ok().and_then(|value| field.split('.').try_fold(value, |value, step| value.get(step)));
        if value.is_some() {
            to.error(&codes::FIELDS, *at, format!("`{field}` is there"), None);
        }
    }
}
