//! `0 6 * * 1-5` in a zone: the times at which something is due.
//!
//! Five fields as in a crontab (POSIX, with the names, steps and `@daily` of Vixie cron): where both the day of the
//! month and the day of the week say something, a day that fits one of them is due. Twice a year a zone's clock jumps.
//! An hour that is not there: what is due at a fixed hour is due as much later as the clock jumped, what is due in each
//! hour is not due in it. An hour that is there twice: a fixed hour is due the first time, each hour both times.

use std::sync::Arc;

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time},
    tz::{AmbiguousOffset, TimeZone},
};

use crate::fact::Moment;

/// Days that are looked at for the next time: 29 February may be eight years away.
const DAYS_MOST: usize = 366 * 9;

/// A crontab line and the zone that it counts in.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// As it was written.
    pub text: Arc<str>,
    /// An IANA name.
    pub zone_name: Arc<str>,
    zone: TimeZone,
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// A day that fits `days` or `weekdays` is due; else it fits both.
    either: bool,
    /// The hour is `*` or `*/n`: no hour is meant by its name.
    each_hour: bool,
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// One of the five fields: what it is called, from where to where it counts, and names from its first number on.
struct Part(&'static str, u32, u32, &'static [&'static str]);

const PARTS: [Part; 5] = [
    Part("minute", 0, 59, &[]),
    Part("hour", 0, 23, &[]),
    Part("day of the month", 1, 31, &[]),
    Part("month", 1, 12, &MONTHS),
    Part("day of the week", 0, 7, &WEEKDAYS),
];

impl Schedule {
    /// Reads a line in a zone.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str, zone_name: &str) -> Result<Schedule, String> {
        let zone = TimeZone::get(zone_name).map_err(|_| format!("there is no zone `{zone_name}`"))?;
        let line = named(text.trim());
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let &[minute, hour, day, month, weekday] = fields.as_slice() else {
            return Err(format!("it has {} fields and not five: minute, hour, day of the month, month, day of the week", fields.len()));
        };
        let [minutes, hours, days, months, weekdays] = [minute, hour, day, month, weekday];
        let set = |n: usize, field: &str| PARTS[n].read(field);
        let weekdays_set = set(4, weekdays)?;
        let schedule = Schedule {
            text: text.trim().into(),
            zone_name: zone_name.into(),
            zone,
            minutes: set(0, minutes)?,
            hours: set(1, hours)?,
            days: set(2, days)?,
            months: set(3, months)?,
            // 7 is Sunday too.
            weekdays: weekdays_set | weekdays_set >> 7,
            either: !days.starts_with('*') && !weekdays.starts_with('*'),
            each_hour: hours.starts_with('*'),
        };
        match schedule.next(Moment(0)) {
            Some(_) => Ok(schedule),
            None => Err("no day is ever like that".to_string()),
        }
    }

    /// The first time behind `after`; `None` where there is none within nine years.
    pub fn next(&self, after: Moment) -> Option<Moment> {
        // A jump over midnight may bring yesterday's last time into today.
        let mut date = self.date(after)?.yesterday().ok()?;
        for _ in 0..DAYS_MOST {
            if let Some(at) = self.of_day(date).into_iter().filter(|at| *at > after).min() {
                return Some(at);
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    /// The last time up to `at`, and not before `from`.
    pub fn last(&self, from: Moment, at: Moment) -> Option<Moment> {
        let (mut date, first) = (self.date(at)?.tomorrow().ok()?, self.date(from)?.yesterday().ok()?);
        while date >= first {
            if let Some(found) = self.of_day(date).into_iter().filter(|found| *found <= at && *found >= from).max() {
                return Some(found);
            }
            date = date.yesterday().ok()?;
        }
        None
    }

    fn date(&self, at: Moment) -> Option<Date> {
        Some(Timestamp::from_microsecond(at.0).ok()?.to_zoned(self.zone.clone()).date())
    }

    /// Every time of a day by the clock on the wall.
    fn of_day(&self, date: Date) -> Vec<Moment> {
        if !self.fits(date) {
            return Vec::new();
        }
        let hours = (0..24i8).filter(|hour| has(self.hours, *hour));
        let times = hours.flat_map(|hour| (0..60i8).filter(|minute| has(self.minutes, *minute)).map(move |minute| (hour, minute)));
        times
            .filter_map(|(hour, minute)| Time::new(hour, minute, 0, 0).ok())
            .flat_map(|time| self.moments(date.to_datetime(time)))
            .collect()
    }

    fn fits(&self, date: Date) -> bool {
        let day = has(self.days, date.day());
        let weekday = has(self.weekdays, date.weekday().to_sunday_zero_offset());
        has(self.months, date.month()) && if self.either { day || weekday } else { day && weekday }
    }

    /// When a clock on the wall shows this.
    fn moments(&self, shows: DateTime) -> Vec<Moment> {
        let found = self.zone.to_ambiguous_timestamp(shows);
        let times = match (found.offset(), self.each_hour) {
            (AmbiguousOffset::Gap { .. }, true) => Vec::new(),
            (AmbiguousOffset::Fold { .. }, true) => vec![found.earlier(), found.later()],
            (AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Gap { .. } | AmbiguousOffset::Fold { .. }, _) => {
                vec![found.compatible()]
            }
        };
        times.into_iter().flatten().map(|time| Moment(time.as_microsecond())).collect()
    }
}

fn has(set: u64, n: i8) -> bool {
    set >> n & 1 == 1
}

fn named(text: &str) -> &str {
    match text {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        other => other,
    }
}

impl Part {
    /// `*`, `*/15`, `1-5`, `1-10/3`, `MON,FRI`, as a set of bits.
    fn read(&self, field: &str) -> Result<u64, String> {
        field.split(',').try_fold(0, |set, range| Ok(set | self.range(range)?))
    }

    fn range(&self, text: &str) -> Result<u64, String> {
        let Part(name, first, last, _) = *self;
        let wrong = |says: &str| format!("{name} `{text}`: {says}");
        let (range, step) = text.split_once('/').map_or((text, None), |(range, step)| (range, Some(step)));
        let step = match step {
            None => 1,
            Some(step) => {
                step.parse().ok().filter(|step| (1..=last).contains(step)).ok_or_else(|| wrong("the step is no number of use"))?
            }
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (first, last),
            Some((from, to)) => (self.number(from)?, self.number(to)?),
            None if text.contains('/') => (self.number(range)?, last),
            None => (self.number(range)?, self.number(range)?),
        };
        if from > to {
            return Err(wrong("it ends before it begins"));
        }
        Ok((from..=to).step_by(step as usize).fold(0, |set, n| set | 1 << n))
    }

    fn number(&self, text: &str) -> Result<u32, String> {
        let Part(name, first, last, names) = *self;
        let by_name = names.iter().position(|have| have.eq_ignore_ascii_case(text)).and_then(|n| u32::try_from(n).ok());
        let number = by_name.map(|n| n + first).or_else(|| text.parse().ok());
        number.filter(|n| (first..=last).contains(n)).ok_or_else(|| format!("{name} `{text}`: it is none of {first} to {last}"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::run::{moment, rfc3339};

    /// The times behind `after`, in UTC.
    fn check(line: &str, zone: &str, after: &str, expected: &[&str]) {
        let schedule = Schedule::parse(line, zone).unwrap();
        let mut at = moment(after).unwrap();
        for expected in expected {
            let before = at;
            at = schedule.next(at).unwrap();
            assert_eq!(rfc3339(at), *expected, "{line} in {zone} after {after}");
            assert_eq!(schedule.last(before, at), Some(at), "{line}: looked at from behind");
        }
    }

    #[test]
    fn a_line_says_when() {
        check("0 6 * * 1-5", "UTC", "2026-01-02T06:00:00Z", &["2026-01-05T06:00:00Z", "2026-01-06T06:00:00Z"]);
        check("*/20 9-10 * * *", "UTC", "2026-01-01T09:39:59Z", &["2026-01-01T09:40:00Z", "2026-01-01T10:00:00Z"]);
        check("0 0 29 2 *", "UTC", "2096-03-01T00:00:00Z", &["2104-02-29T00:00:00Z"]);
        check("0 0 1,15 * MON", "UTC", "2026-01-01T00:00:00Z", &["2026-01-05T00:00:00Z", "2026-01-12T00:00:00Z", "2026-01-15T00:00:00Z"]);
        check("30 8 1-7/3 Jan 7", "UTC", "2026-01-01T00:00:00Z", &["2026-01-01T08:30:00Z", "2026-01-04T08:30:00Z"]);
        check("@daily", "America/New_York", "2026-01-01T00:00:00Z", &["2026-01-01T05:00:00Z"]);
        check("5/25 * * * *", "UTC", "2026-01-01T00:00:00Z", &["2026-01-01T00:05:00Z", "2026-01-01T00:30:00Z", "2026-01-01T00:55:00Z"]);
    }

    #[test]
    fn a_fixed_hour_that_is_not_there_is_due_later_and_one_that_is_there_twice_is_due_once() {
        // 29 March 2026, 02:00 to 03:00 is not there; 25 October, it is there twice.
        check("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", &["2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"]);
        check("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", &["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
    }

    #[test]
    fn each_hour_is_due_as_often_as_it_is_there() {
        check("0 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", &["2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"]);
        let fold = ["2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"];
        check("0 * * * *", "Europe/Berlin", "2026-10-24T23:00:00Z", &fold);
    }

    #[test]
    fn what_is_no_line_is_told() {
        let refuse = |line: &str, zone: &str, says: &str| {
            let told = Schedule::parse(line, zone).unwrap_err();
            assert!(told.contains(says), "{line}: {told}");
        };
        refuse("0 6 * *", "UTC", "4 fields");
        refuse("60 6 * * *", "UTC", "minute `60`: it is none of 0 to 59");
        refuse("0 6 * * mo", "UTC", "day of the week `mo`");
        refuse("0 6-4 * * *", "UTC", "ends before it begins");
        refuse("*/0 * * * *", "UTC", "step");
        refuse("0 0 31 2 *", "UTC", "no day is ever like that");
        refuse("0 6 * * *", "Europe/Berln", "no zone");
    }
}
