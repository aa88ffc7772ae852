//! Whether polls, as they are configured, ask a system more often than it can bear.
//!
//! The gate would keep the limit all the same; but then polls take the room of everything else that is asked there. So
//! it is said before it runs, with the interval at which it would not be so. What is counted is one request a poll: how
//! many pages there will be, nobody knows.

use std::time::Duration;

use spanwright_shape::text::{Problems, Span, form::Filled};

use super::{codes, system::Systems};
use crate::{
    plan::{Flow, Poll, Source},
    settings::{Limits, Rate},
};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A poll, and where its interval stands.
struct Asks<'p> {
    poll: &'p Poll,
    at: Span,
}

pub(super) fn check<'p>(flows: impl Iterator<Item = (&'p Filled<'p>, &'p Flow)>, systems: &Systems<'_>, to: &mut Problems) {
    let mut all: Vec<Asks<'_>> = Vec::new();
    for (form, flow) in flows {
        let poll = flow.source.as_ref().and_then(Source::poll);
        let at = form.form("from").and_then(|from| Some(from.scalar("every")?.span));
        all.extend(poll.zip(at).map(|(poll, at)| Asks { poll, at }));
    }
    while let Some(system) = all.first().map(|asks| asks.poll.system) {
        let (here, others) = all.into_iter().partition(|asks: &Asks<'_>| asks.poll.system == system);
        all = others;
        let checked = systems.get(system);
        if let Some(rate) = bears(&checked.limits) {
            one(checked.name, &here, rate, to);
        }
    }
}

/// The stricter of what is said of a while and of a day.
fn bears(limits: &Limits) -> Option<Rate> {
    let day = limits.per_day.map(|most| Rate { most: u32::try_from(most).unwrap_or(u32::MAX), per: DAY });
    limits.rate.into_iter().chain(day).min_by(|a, b| a_second(*a).total_cmp(&a_second(*b)))
}

fn a_second(rate: Rate) -> f64 {
    f64::from(rate.most) / rate.per.as_secs_f64().max(f64::MIN_POSITIVE)
}

/// The polls of one system together.
fn one(system: &str, polls: &[Asks<'_>], rate: Rate, to: &mut Problems) {
    let asked: f64 = polls.iter().map(|asks| 1.0 / asks.poll.every.as_secs_f64().max(f64::MIN_POSITIVE)).sum();
    let borne = a_second(rate);
    if asked <= borne * (1.0 + 1e-9) {
        return;
    }
    let enough = whole_seconds(polls.len() as f64 / borne);
    let (among, each) = match polls.len() {
        1 => (String::new(), ""),
        many => (format!(" (its {many} polls together)"), " at each of them"),
    };
    for asks in polls.iter().filter(|asks| asks.poll.every < enough) {
        let says = format!(
            "`{system}` bears {} requests in {}, and this asks it {} times in that time{among}: nothing else would get through",
            rate.most,
            words(rate.per),
            times(asked * rate.per.as_secs_f64()),
        );
        to.warning(
            &codes::POLL_RATE,
            asks.at,
            says,
            format!("`every: {}`{each} stays within the limit, without a second page", words(enough)),
        );
    }
}

fn times(count: f64) -> String {
    if count >= 10.0 { format!("{count:.0}") } else { format!("{count:.1}") }
}

/// Up to the next whole second, or below one to the next millisecond.
fn whole_seconds(seconds: f64) -> Duration {
    match seconds {
        seconds if seconds < 1.0 => Duration::from_millis((seconds * 1000.0).ceil() as u64),
        seconds => Duration::from_secs(seconds.ceil() as u64),
    }
}

/// As it is written in a project.
fn words(time: Duration) -> String {
    let (seconds, millis) = (time.as_secs(), time.subsec_millis());
    match (seconds, millis) {
        (0, millis) => format!("{millis}ms"),
        (seconds, _) if seconds % 3600 == 0 => format!("{}h", seconds / 3600),
        (seconds, _) if seconds % 60 == 0 => format!("{}m", seconds / 60),
        (seconds, _) => format!("{seconds}s"),
    }
}
