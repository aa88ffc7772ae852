//! Times in the texts of others: compared, and moved back by an overlap, in the form they came in.

use std::{cmp::Ordering, time::Duration};

use jiff::{SignedDuration, Timestamp, civil::DateTime};

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

/// Compares two cursors or versions: by time where both are times with offsets, else by text.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let time = |text: &str| offset_of(text).and(text.parse::<Timestamp>().ok());
    match (time(a), time(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => a.cmp(b),
    }
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
        assert_eq!(compare("7", "8"), Ordering::Less);
    }

    #[test]
    fn moments_are_written_in_utc() {
        assert_eq!(rfc3339(Moment(0)), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(Moment(1_500_000)), "1970-01-01T00:00:01.5Z");
    }
}
