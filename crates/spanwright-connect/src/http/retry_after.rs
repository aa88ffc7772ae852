//! `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date in one of HTTP's three spellings.

use std::time::Duration;

use spanwright_core::fact::Moment;

/// The longest that a server may make us wait; a longer wish is taken as this one.
pub const RETRY_AFTER_MOST: Duration = Duration::from_secs(24 * 3600);

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// How long a server asks us to wait. `None`: it does not say, it cannot be read, or the time has passed.
pub fn read(value: &[u8], now: Moment) -> Option<Duration> {
    let text = std::str::from_utf8(value).ok()?.trim();
    let wait = match text.parse::<f64>() {
        // Some servers send fractions, which the grammar does not have.
        Ok(seconds) if seconds.is_finite() && seconds >= 0.0 => Duration::from_secs_f64(seconds.min(RETRY_AFTER_MOST.as_secs_f64())),
        Ok(_) => return None,
        Err(_) => date(text)?.checked_sub(now.0 / 1_000_000).and_then(|wait| u64::try_from(wait).ok()).map(Duration::from_secs)?,
    };
    (!wait.is_zero()).then_some(wait.min(RETRY_AFTER_MOST))
}

/// Seconds since 1970 of an HTTP date.
fn date(text: &str) -> Option<i64> {
    let words: Vec<&str> = text.split([' ', '-']).filter(|word| !word.is_empty()).collect();
    let (day, month, year, time) = match words.as_slice() {
        // Sun, 06 Nov 1994 08:49:37 GMT and Sunday, 06-Nov-94 08:49:37 GMT
        [name, day, month, year, time, "GMT"] if name.ends_with(',') => (day, month, full_year(year)?, time),
        // Sun Nov  6 08:49:37 1994
        [_, month, day, time, year] => (day, month, year.parse().ok()?, time),
        _ => return None,
    };
    let month = MONTHS.iter().position(|name| name == month)?;
    let mut parts = time.split(':').map(str::parse::<i64>);
    let (Some(Ok(hour)), Some(Ok(minute)), Some(Ok(second)), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return None;
    };
    let day: i64 = day.parse().ok().filter(|day| (1..=31).contains(day))?;
    Some(days(year, month as i64 + 1, day) * 86_400 + hour * 3_600 + minute * 60 + second)
}

/// Two digits mean the nearest century that is not more than 50 years ahead of 2000 (RFC 9110, section 5.6.7).
fn full_year(text: &str) -> Option<i64> {
    let year: i64 = text.parse().ok()?;
    Some(match text.len() {
        2 if year < 70 => 2000 + year,
        2 => 1900 + year,
        4 => year,
        _ => return None,
    })
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar, counted in years that begin in March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-22T15:00:00Z
    const NOW: Moment = Moment(1_795_359_600_000_000);

    fn check(value: &str, seconds: Option<u64>) {
        assert_eq!(read(value.as_bytes(), NOW), seconds.map(Duration::from_secs), "{value}");
    }

    #[test]
    fn seconds() {
        check("120", Some(120));
        check(" 7 ", Some(7));
        check("0", None);
        check("-5", None);
        check("soon", None);
        check("NaN", None);
        check("", None);
        check("99999999999", Some(86_400));
        assert_eq!(read(b"1.5", NOW), Some(Duration::from_millis(1_500)));
    }

    #[test]
    fn dates_in_three_spellings() {
        check("Sun, 22 Nov 2026 15:01:00 GMT", Some(60));
        check("Sunday, 22-Nov-26 15:01:00 GMT", Some(60));
        check("Sun Nov 22 15:01:00 2026", Some(60));
        check("Mon, 01 Mar 2027 00:00:00 GMT", Some(86_400));
    }

    #[test]
    fn a_date_that_has_passed_is_no_wish() {
        check("Sun, 22 Nov 2026 14:59:59 GMT", None);
        check("Sun, 06 Nov 1994 08:49:37 GMT", None);
        check("Sunday, 06-Nov-94 08:49:37 GMT", None);
    }

    #[test]
    fn what_is_no_date_is_no_wish() {
        check("Sun, 22 Nov 2026 15:01 GMT", None);
        check("Sun, 99 Nov 2026 15:01:00 GMT", None);
        check("Sun, 22 Brumaire 2026 15:01:00 GMT", None);
        check("2026-11-22T15:01:00Z", None);
    }

    #[test]
    fn days_are_counted_as_the_calendar_does() {
        assert_eq!(days(1970, 1, 1), 0);
        assert_eq!(days(2000, 2, 29), 11_016);
        assert_eq!(days(2026, 11, 22), 20_779);
    }
}
