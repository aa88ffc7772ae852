//! How times, rates, sizes and numbers are spelled.

use std::time::Duration;

/// Characters that a name may have.
pub const NAME_CHARS_MOST: usize = 64;
/// No time is longer than this: ten years.
pub const TIME_MOST: Duration = Duration::from_secs(10 * 366 * 24 * 3600);

/// `500ms`, `2s`, `15m`, `72h`, `7d`.
pub fn time(text: &str) -> Option<Duration> {
    let (count, unit) = counted(text)?;
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    let time = Duration::from_millis(count.checked_mul(milliseconds)?);
    (time <= TIME_MOST).then_some(time)
}

/// `20/s`, `300/m`, `1000/h`, `5/10s`: how many, in which time.
pub fn rate(text: &str) -> Option<(u32, Duration)> {
    let (count, per) = text.split_once('/')?;
    let per = match per.as_bytes().first()? {
        b'0'..=b'9' => time(per)?,
        _ => time(&format!("1{per}"))?,
    };
    let count = count.parse().ok().filter(|count| *count > 0)?;
    (!per.is_zero()).then_some((count, per))
}

/// `800B`, `512KB`, `4MB`, `1GB`; a KB has 1024 bytes.
pub fn size(text: &str) -> Option<u64> {
    let (count, unit) = counted(text)?;
    let bytes = match unit {
        "B" => 1,
        "KB" => 1 << 10,
        "MB" => 1 << 20,
        "GB" => 1 << 30,
        _ => return None,
    };
    count.checked_mul(bytes)
}

/// `50%`, up to 100.
pub fn percent(text: &str) -> Option<u32> {
    counted(text).filter(|(_, unit)| *unit == "%").and_then(|(count, _)| u32::try_from(count).ok()).filter(|count| *count <= 100)
}

/// A whole number.
pub fn number(text: &str) -> Option<u64> {
    counted(text).filter(|(_, unit)| unit.is_empty()).map(|(count, _)| count)
}

/// A number with or without a point, in hundredths.
pub fn decimal(text: &str) -> Option<u32> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let hundredths = match fraction.len() {
        1 => number(fraction)? * 10,
        2 => number(fraction)?,
        _ => return None,
    };
    number(whole)?.checked_mul(100)?.checked_add(hundredths)?.try_into().ok()
}

/// `true` or `false`.
pub fn flag(text: &str) -> Option<bool> {
    text.parse().ok()
}

/// Letters, digits, `-` and `_`, a letter first.
pub fn is_name(text: &str) -> bool {
    let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    first && text.len() <= NAME_CHARS_MOST && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn counted(text: &str) -> Option<(u64, &str)> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (count, unit) = text.split_at(digits);
    let padded = count.len() > 1 && count.starts_with('0');
    count.parse().ok().filter(|_| !padded).map(|count| (count, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_carry_their_unit() {
        assert_eq!(time("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(time("15m"), Some(Duration::from_secs(900)));
        assert_eq!(time("7d"), Some(Duration::from_secs(604_800)));
        assert_eq!(["15", "m", "15 m", "-1s", "1y", "015m", "99999999999999999999s", "9999999d"].map(time), [None; 8]);
    }

    #[test]
    fn rates_are_so_many_in_a_time() {
        assert_eq!(rate("20/s"), Some((20, Duration::from_secs(1))));
        assert_eq!(rate("5/10s"), Some((5, Duration::from_secs(10))));
        assert_eq!(["0/s", "20", "20/", "/s", "20/0s", "x/s"].map(rate), [None; 6]);
    }

    #[test]
    fn sizes_and_percentages() {
        assert_eq!(size("4MB"), Some(4 << 20));
        assert_eq!(["4", "4mb", "MB"].map(size), [None; 3]);
        assert_eq!(percent("50%"), Some(50));
        assert_eq!(["101%", "50", "%"].map(percent), [None; 3]);
    }

    #[test]
    fn factors_are_hundredths() {
        assert_eq!(decimal("2"), Some(200));
        assert_eq!(decimal("1.5"), Some(150));
        assert_eq!(["", ".", "1.", "1.234", "-1"].map(decimal), [None; 5]);
    }

    #[test]
    fn names_begin_with_a_letter() {
        assert!(is_name("customer-to-contact") && is_name("a"));
        assert!(![" a", "1a", "", "a b", "ä", "a.b"].iter().any(|name| is_name(name)));
    }
}
