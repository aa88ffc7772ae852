//! Silence: when something must have come, and whether it did.
//!
//! The commonest outage says nothing. A source that says `expect:` is watched from outside of what it does: only what was
//! taken in counts, not that a poll went well and found nothing new.

use std::{sync::Arc, time::Duration};

use spanwright_shape::text::form;

use crate::{fact::Moment, run::rfc3339, schedule::Schedule};

/// What came so long before a time of the day is what was expected then: what came late yesterday is not today's.
const BEFORE: Duration = Duration::from_secs(12 * 3600);
/// After a start a source may say what it has before it is called silent.
const GRACE: Duration = Duration::from_secs(60);
/// The longest way back to the last time at which something was due: a weekend, and a day that the clocks shorten.
const BACK: Duration = Duration::from_secs(5 * 24 * 3600);
/// How it is written.
pub const FORMS: &str = "`every 15m`, `daily by 02:30` or `weekdays by 18:00 Europe/Berlin`";

/// `expect:`
#[derive(Clone, Debug)]
pub struct Expect {
    /// As it was written.
    pub text: Arc<str>,
    when: When,
}

#[derive(Clone, Debug)]
enum When {
    Every(Duration),
    By(Schedule),
}

impl Expect {
    /// Reads one.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Expect, String> {
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let when = match words.as_slice() {
            ["every", time] => {
                let time = form::time(time).filter(|time| !time.is_zero()).ok_or_else(|| format!("`{time}` is no time, as `15m`"))?;
                When::Every(time)
            }
            [days @ ("daily" | "weekdays"), "by", at] => When::By(by(days, at, "UTC")?),
            [days @ ("daily" | "weekdays"), "by", at, zone] => When::By(by(days, at, zone)?),
            _ => return Err(format!("it is none of {FORMS}")),
        };
        Ok(Expect { text: text.into(), when })
    }
}

fn by(days: &str, at: &str, zone: &str) -> Result<Schedule, String> {
    let no_time = || format!("`{at}` is no time of the day, as `02:30`");
    let (hour, minute) = at.split_once(':').ok_or_else(no_time)?;
    let digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hour) || !digits(minute) || hour > "23" || minute > "59" {
        return Err(no_time());
    }
    let on = if days == "weekdays" { "1-5" } else { "*" };
    Schedule::parse(&format!("{minute} {hour} * * {on}"), zone)
}

/// One source that is watched.
#[derive(Debug)]
pub struct Watch {
    /// `flow.source`
    pub source: Arc<str>,
    /// Its flow.
    pub flow: Arc<str>,
    expect: Expect,
    /// Since when it is watched.
    from: Moment,
    /// When something came last.
    came: Option<Moment>,
}

impl Watch {
    /// From now on. `came`: when something came last from each source, as the journal has it.
    pub fn new(source: &Arc<str>, flow: &Arc<str>, expect: &Expect, came: &[(Arc<str>, Moment)], now: Moment) -> Watch {
        let came = came.iter().find(|(of, _)| of == source).map(|(_, at)| *at);
        Watch { source: source.clone(), flow: flow.clone(), expect: expect.clone(), from: now, came }
    }

    /// It was silent before, and was called so.
    pub fn was_silent(&mut self) {
        self.from = self.came.unwrap_or(Moment(0));
    }

    /// Something was taken in.
    pub fn heard(&mut self, now: Moment) {
        self.came = Some(now);
    }

    /// Why it is silent, in words; `None`: it is not.
    pub fn silent(&self, now: Moment) -> Option<String> {
        let silent = match &self.expect.when {
            When::Every(time) => now > self.since().after(*time),
            When::By(schedule) => {
                let due = schedule.last(now.before(BACK), now)?;
                match self.came {
                    None => due >= self.from,
                    Some(came) => came <= due.before(BEFORE) && now >= self.from.after(GRACE),
                }
            }
        };
        silent.then(|| match self.came {
            Some(came) => format!("since {}; something is expected {}", rfc3339(came), self.expect.text),
            None => format!("so far; something is expected {}", self.expect.text),
        })
    }

    /// When that may change by itself.
    pub fn changes(&self, now: Moment) -> Option<Moment> {
        let just_behind = |at: Moment| Moment(at.0 + 1);
        match &self.expect.when {
            When::Every(time) => Some(just_behind(self.since().after(*time))).filter(|at| *at > now),
            When::By(schedule) => {
                let grace = Some(self.from.after(GRACE)).filter(|at| *at > now);
                grace.into_iter().chain(schedule.next(now)).min()
            }
        }
    }

    fn since(&self) -> Moment {
        self.came.map_or(self.from, |came| came.max(self.from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::moment;

    fn at(text: &str) -> Moment {
        moment(text).unwrap_or_else(|| panic!("{text} is no moment"))
    }

    /// Watched from `from`, with something that came at `came`.
    fn watch(expect: &str, from: &str, came: &str) -> Watch {
        let expect = Expect::parse(expect).unwrap_or_else(|why| panic!("{why}"));
        let came = (!came.is_empty()).then(|| at(came));
        Watch { source: "f.source".into(), flow: "f".into(), expect, from: at(from), came }
    }

    fn check(expect: &str, from: &str, came: &str, now: &str, silent: bool) {
        let watch = watch(expect, from, came);
        assert_eq!(watch.silent(at(now)).is_some(), silent, "{watch:?} at {now}");
    }

    #[test]
    fn every_no_time_at_all_is_no_time() {
        assert_eq!(Expect::parse("every 0s").err().as_deref(), Some("`0s` is no time, as `15m`"));
        assert!(Expect::parse("every 1s").is_ok());
    }

    #[test]
    fn what_must_come_so_often_is_missed_when_it_does_not() {
        let from = "2026-03-02T08:00:00Z";
        check("every 15m", from, "", "2026-03-02T08:15:00Z", false);
        check("every 15m", from, "", "2026-03-02T08:15:01Z", true);
        check("every 15m", from, "2026-03-02T08:10:00Z", "2026-03-02T08:25:00Z", false);
        check("every 15m", from, "2026-03-02T08:10:00Z", "2026-03-02T08:26:00Z", true);
        // What came before the engine was stopped says nothing of now.
        check("every 15m", from, "2026-03-01T08:10:00Z", "2026-03-02T08:14:00Z", false);
    }

    #[test]
    fn what_must_come_by_a_time_of_the_day_is_missed_from_then_on() {
        let from = "2026-03-01T12:00:00Z";
        check("daily by 02:30", from, "", "2026-03-02T02:29:59Z", false);
        check("daily by 02:30", from, "", "2026-03-02T02:30:00Z", true);
        check("daily by 02:30", from, "2026-03-02T01:00:00Z", "2026-03-02T02:30:00Z", false);
        // Late: over from then on, and not what is expected the next night.
        check("daily by 02:30", from, "2026-03-02T03:30:00Z", "2026-03-02T03:31:00Z", false);
        check("daily by 02:30", from, "2026-03-02T03:30:00Z", "2026-03-03T02:30:00Z", true);
        // It is two o'clock in Berlin at one o'clock.
        check("daily by 02:00 Europe/Berlin", from, "", "2026-03-02T01:00:00Z", true);
    }

    #[test]
    fn nothing_is_expected_at_the_weekend() {
        let friday = "2026-03-06T17:00:00Z";
        check("weekdays by 18:00", "2026-03-02T00:00:00Z", friday, "2026-03-08T23:00:00Z", false);
        check("weekdays by 18:00", "2026-03-02T00:00:00Z", friday, "2026-03-09T17:59:00Z", false);
        check("weekdays by 18:00", "2026-03-02T00:00:00Z", friday, "2026-03-09T18:00:00Z", true);
    }

    #[test]
    fn after_a_start_a_source_may_speak_first() {
        let (from, came) = ("2026-03-02T09:00:00Z", "2026-02-28T01:00:00Z");
        check("daily by 02:30", from, came, "2026-03-02T09:00:30Z", false);
        check("daily by 02:30", from, came, "2026-03-02T09:01:00Z", true);
        let mut watch = watch("daily by 02:30", from, came);
        assert_eq!(watch.changes(at(from)), Some(at("2026-03-02T09:01:00Z")));
        watch.was_silent();
        assert!(watch.silent(at(from)).is_some(), "who was called silent stays so over a restart");
        watch.heard(at(from));
        assert_eq!((watch.silent(at(from)), watch.changes(at(from))), (None, Some(at("2026-03-03T02:30:00Z"))));
    }

    #[test]
    fn what_is_no_expectation_is_refused_in_words() {
        for (text, says) in [
            ("often", "it is none of"),
            ("every day", "`day` is no time"),
            ("daily by noon", "`noon` is no time of the day"),
            ("daily by 2:30", "`2:30` is no time of the day"),
            ("daily by 24:00", "`24:00` is no time of the day"),
            ("daily by 02:30 Mars/Base", "there is no zone"),
        ] {
            let told = Expect::parse(text).err().unwrap_or_default();
            assert!(told.contains(says), "{text}: {told}");
        }
    }
}
