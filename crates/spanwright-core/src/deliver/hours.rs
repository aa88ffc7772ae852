//! Hours at which a system is closed (`closed: [ "Sun 02:00-04:00", "daily 23:30-00:15" ]`), in its own zone, and midnights.
//!
//! A window may pass midnight; it belongs to the day on which it begins. An hour that is there twice in autumn is closed
//! both times, one that is not there in spring closes nothing.

use std::time::Duration;

use jiff::{
    Timestamp, Zoned,
    civil::{Time, Weekday},
    tz::TimeZone,
};

use crate::fact::Moment;

/// A window in which a system is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    /// The days on which it begins, Monday first.
    days: [bool; 7],
    from: Time,
    to: Time,
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

impl Hours {
    /// `Sun 02:00-04:00`, `Mon-Fri 22:00-06:00`, `daily 00:00-00:30`.
    pub fn parse(text: &str) -> Option<Hours> {
        let (days, times) = text.trim().split_once(' ')?;
        let (from, to) = times.trim().split_once('-')?;
        // The end of a day is the midnight behind it, and a window that ends where it began lasts a day.
        let (from, ends_with_day) = (time(from)?, to.trim() == DAY_END);
        let to = if ends_with_day { Time::midnight() } else { time(to)? };
        (from != to || ends_with_day).then_some(Hours { days: days_of(days)?, from, to })
    }

    /// Until when it is closed at this time, where it is.
    fn until(&self, now: &Zoned) -> Option<Zoned> {
        // A window that passes midnight may have begun yesterday.
        [now.yesterday().ok(), Some(now.clone())].into_iter().flatten().find_map(|day| {
            let begins = self.days[day_of(day.weekday())];
            let from = day.date().to_datetime(self.from).to_zoned(now.time_zone().clone()).ok()?;
            let last = if self.to > self.from { day.date() } else { day.date().tomorrow().ok()? };
            let to = last.to_datetime(self.to).to_zoned(now.time_zone().clone()).ok()?;
            (begins && from <= *now && *now < to).then_some(to)
        })
    }
}

/// Until when a system is closed by these windows; of windows that touch, until the end of the last.
pub fn closed_until(hours: &[Hours], zone: Option<&str>, now: Moment) -> Option<Moment> {
    let mut at = zoned(now, zone)?;
    let mut closed = None;
    while let Some(until) = hours.iter().find_map(|hours| hours.until(&at)).filter(|_| closed.is_none_or(|until| until < now.after(WEEK))) {
        closed = Some(Moment(until.timestamp().as_microsecond()));
        at = until;
    }
    closed
}

/// Whether these windows leave no minute of a week: closed at one moment, it is so for ever.
pub fn never_opens(hours: &[Hours]) -> bool {
    let at = Moment(0);
    closed_until(hours, None, at).is_some_and(|until| until >= at.after(WEEK))
}

/// The end of a day, as a window may name it.
const DAY_END: &str = "24:00";

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

/// The next midnight of a zone.
pub fn midnight_after(now: Moment, zone: Option<&str>) -> Moment {
    let midnight = zoned(now, zone).and_then(|now| now.tomorrow().ok()?.start_of_day().ok());
    midnight.map_or_else(|| now.after(Duration::from_secs(24 * 3600)), |midnight| Moment(midnight.timestamp().as_microsecond()))
}

fn zoned(now: Moment, zone: Option<&str>) -> Option<Zoned> {
    let zone = match zone {
        Some(zone) => jiff::tz::db().get(zone).ok()?,
        None => TimeZone::UTC,
    };
    Some(Timestamp::from_microsecond(now.0).ok()?.to_zoned(zone))
}

fn day_of(day: Weekday) -> usize {
    usize::try_from(day.to_monday_zero_offset()).unwrap_or(0)
}

fn days_of(text: &str) -> Option<[bool; 7]> {
    let place = |name: &str| DAYS.iter().position(|day| day.eq_ignore_ascii_case(name));
    let mut days = [false; 7];
    if text.eq_ignore_ascii_case("daily") {
        return Some([true; 7]);
    }
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (place(first)?, place(last)?);
        (0..7).filter(|day| (day + 7 - first) % 7 <= (last + 7 - first) % 7).for_each(|day| days[day] = true);
    }
    Some(days)
}

fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.trim().split_once(':')?;
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(window: &str, zone: &str, now: &str, expected: Option<&str>) {
        let hours = Hours::parse(window).into_iter().collect::<Vec<_>>();
        let now: Timestamp = now.parse().unwrap_or_default();
        let until = closed_until(&hours, Some(zone), Moment(now.as_microsecond()));
        let expected = expected.map(|text| Moment(text.parse::<Timestamp>().unwrap_or_default().as_microsecond()));
        assert_eq!(until, expected, "{window} {zone} {now}");
    }

    #[test]
    fn a_window_closes_in_the_zone_of_its_system() {
        check("Sun 02:00-04:00", "Europe/Berlin", "2026-11-29T01:30:00Z", Some("2026-11-29T03:00:00Z"));
        check("Sun 02:00-04:00", "Europe/Berlin", "2026-11-29T03:00:00Z", None);
        check("Sun 02:00-04:00", "Europe/Berlin", "2026-11-28T01:30:00Z", None);
        check("Mon-Fri 22:00-06:00", "UTC", "2026-11-28T05:59:00Z", Some("2026-11-28T06:00:00Z"));
        check("Mon-Fri 22:00-06:00", "UTC", "2026-11-29T05:59:00Z", None);
        check("Sat-Sun 00:00-24:00", "UTC", "2026-11-28T12:00:00Z", Some("2026-11-30T00:00:00Z"));
        check("Sat 22:00-24:00", "UTC", "2026-11-28T22:00:00Z", Some("2026-11-29T00:00:00Z"));
        check("Sat-Sun 00:00-24:00", "UTC", "2026-11-30T00:00:00Z", None);
        check("daily 00:00-00:30", "UTC", "2026-11-26T00:10:00Z", Some("2026-11-26T00:30:00Z"));
    }

    #[test]
    fn an_hour_that_is_there_twice_is_closed_both_times() {
        check("Sun 02:00-03:00", "Europe/Berlin", "2026-10-25T00:30:00Z", Some("2026-10-25T02:00:00Z"));
        check("Sun 02:00-03:00", "Europe/Berlin", "2026-10-25T01:30:00Z", Some("2026-10-25T02:00:00Z"));
        check("Sun 02:00-03:00", "Europe/Berlin", "2026-03-29T01:00:00Z", None);
    }

    #[test]
    fn windows_are_days_and_times() {
        for bad in ["", "Sun", "Sun 02:00", "Sunday 02:00-04:00", "Sun 2-4", "Sun 02:00-02:00", "Sun 25:00-26:00", "Sun 24:00-02:00"] {
            assert_eq!(Hours::parse(bad), None, "{bad}");
        }
        assert!(Hours::parse("Sat,Sun 02:00-04:00").is_some() && Hours::parse("Sat-Mon 02:00-04:00").is_some());
    }

    #[test]
    fn hours_that_leave_no_minute_of_a_week_are_seen() {
        for (windows, expected) in [
            (&["daily 00:00-24:00"][..], true),
            (&["Mon-Fri 00:00-24:00", "Sat 00:00-24:00", "Sun 00:00-23:59"], false),
            (&["Mon-Fri 00:00-24:00", "Sat 00:00-24:00", "Sun 00:00-24:00"], true),
            (&["daily 08:00-20:00", "daily 20:00-08:00"], true),
            (&["daily 08:00-20:00", "Mon-Sat 20:00-08:00"], false),
            (&[], false),
        ] {
            let hours: Vec<Hours> = windows.iter().filter_map(|window| Hours::parse(window)).collect();
            assert_eq!(never_opens(&hours), expected, "{windows:?}");
        }
    }

    #[test]
    fn windows_that_touch_are_one() {
        let hours: Vec<Hours> = ["Sat 22:00-00:00", "Sun 00:00-02:00"].into_iter().filter_map(Hours::parse).collect();
        let now: Timestamp = "2026-11-28T23:00:00Z".parse().unwrap_or_default();
        let until: Timestamp = "2026-11-29T02:00:00Z".parse().unwrap_or_default();
        assert_eq!(closed_until(&hours, None, Moment(now.as_microsecond())), Some(Moment(until.as_microsecond())));
    }
}
