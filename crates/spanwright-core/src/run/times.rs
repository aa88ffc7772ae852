//! Times in the texts of others: compared, and moved back by an overlap, in the form they came in.

use std::{cmp::Ordering, time::Duration};

use jiff::{SignedDuration, Timestamp, civil::DateTime};

use spanwright_shape::number::Number;

use crate::fact::Moment;

/// RFC 3339 in UTC, with microseconds where there are any.
pub fn rfc3339(at: Moment) -> String {
    Timestamp::from_microsecond(at.0).map_or_else(|_| at.0.to_string(), |time| time.to_string())
}

/// The moment that an RFC 3339 text names.
pub fn moment(text: &str) -> Option<Moment> {
    text.parse::<Timestamp>().ok().map(|time| Moment(time.as_microsecond()))
}

/// The time so much earlier, in the form of `text` (with its offset, or zone-less); `None` where it is no time.
pub(super) fn earlier(text: &str, by: Duration) -> Option<String> {
    let by = SignedDuration::try_from(by).ok()?;
    match offset_of(text) {
        Some(offset) => {
            let time: Timestamp = text.parse::<Timestamp>().ok()?.checked_sub(by).ok()?;
            Some(if text.ends_with('Z') { time.to_string() } else { time.display_with_offset(offset).to_string() })
        }
        None => Some(text.parse::<DateTime>().ok()?.checked_sub(by).ok()?.to_string()),
    }
}

/// Compares two cursors or versions: as numbers where both are decimal numbers, as times where both are ISO 8601 times with an
/// offset or both without one, else as text.
pub fn compare(a: &str, b: &str) -> Ordering {
    fn both<T: Ord>(a: Option<T>, b: impl FnOnce() -> Option<T>) -> Option<Ordering> {
        Some(a?.cmp(&b()?))
    }
    if a == b {
        return Ordering::Equal;
    }
    if let (Some(a), Some(b)) = (number(a), number(b)) {
        return a.compare(&b);
    }
    let instant = |text: &str| offset_of(text).and(text.parse::<Timestamp>().ok());
    let civil = |text: &str| text.parse::<DateTime>().ok().filter(|_| offset_of(text).is_none());
    both(instant(a), || instant(b)).or_else(|| both(civil(a), || civil(b))).unwrap_or_else(|| a.cmp(b))
}

/// A decimal number, also one that counts up with zeros before it (`007`).
fn number(text: &str) -> Option<Number<'_>> {
    let zeros = text.len() - text.trim_start_matches('0').len();
    let is_last = !text.as_bytes().get(zeros).is_some_and(u8::is_ascii_digit);
    Number::parse(&text[zeros.saturating_sub(usize::from(is_last))..]).ok()
}

fn offset_of(text: &str) -> Option<jiff::tz::Offset> {
    let pieces = jiff::fmt::temporal::DateTimeParser::new();
    let parsed = pieces.parse_zoned(text).ok().map(|zoned| zoned.offset());
    parsed.or_else(|| {
        let pieces = jiff::fmt::temporal::Pieces::parse(text).ok()?;
        pieces.to_numeric_offset()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overlap_keeps_the_form_of_the_time() {
        let two_hours = Duration::from_secs(7200);
        assert_eq!(earlier("2026-01-01T01:00:00", two_hours).as_deref(), Some("2025-12-31T23:00:00"));
        assert_eq!(earlier("2026-01-01T01:00:00Z", two_hours).as_deref(), Some("2025-12-31T23:00:00Z"));
        assert_eq!(earlier("2026-01-01T01:00:00+02:00", two_hours).as_deref(), Some("2025-12-31T23:00:00+02:00"));
        assert_eq!(earlier("yesterday", two_hours), None);
    }

    #[test]
    fn times_with_offsets_are_compared_as_times() {
        assert_eq!(compare("2026-01-01T01:00:00+02:00", "2026-01-01T00:00:00Z"), Ordering::Less);
        assert_eq!(compare("2026-01-01T01:00:00", "2026-01-01T00:59:59"), Ordering::Greater);
        assert_eq!(compare("2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00Z"), Ordering::Greater);
        assert_eq!(compare("2026-01-01T00:00:00.12Z", "2026-01-01T00:00:00.123Z"), Ordering::Less);
        assert_eq!(compare("2026-01-01T02:00:00+02:00", "2026-01-01T00:00:00.000Z"), Ordering::Equal);
        assert_eq!(compare("2026-01-01", "2025-12-31T23:00:00"), Ordering::Greater);
        assert_eq!(compare("2026-01-01 09:00:00", "2026-01-01T08:00:00"), Ordering::Greater);
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        let rising = ["-10", "-9.5", "-0.25", "0", "0.05", "0.5", "007", "9.25", "9.5", "10", "10.5", "184467440737095516160"];
        for (at, less) in rising.iter().enumerate() {
            assert_eq!(compare(less, less), Ordering::Equal);
            for greater in &rising[at + 1..] {
                assert_eq!((compare(less, greater), compare(greater, less)), (Ordering::Less, Ordering::Greater), "{less} {greater}");
            }
        }
        assert_eq!((compare("7", "007.0"), compare("-0", "0")), (Ordering::Equal, Ordering::Equal));
    }

    #[test]
    fn everything_else_is_compared_as_text() {
        assert_eq!(compare("v10", "v9"), Ordering::Less);
        assert_eq!(compare("1.2.10", "1.2.9"), Ordering::Less);
        assert_eq!(compare("2026-01-01T01:00:00", "2026-01-01T00:00:00Z"), Ordering::Greater, "of one nobody knows the zone");
    }

    #[test]
    fn moments_are_written_in_utc() {
        assert_eq!(rfc3339(Moment(0)), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(Moment(1_500_000)), "1970-01-01T00:00:01.5Z");
    }
}
