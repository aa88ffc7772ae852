//! What XML Schema lets a text look like (Part 2, the lexical spaces): pure looks at bytes, no calendar.

use crate::xml::is_name;

/// How the built-in types of text are spelt that have no kind of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lexis {
    Name,
    NcName,
    NmToken,
    Language,
    Duration,
    Year,
    YearMonth,
    Month,
    MonthDay,
    Day,
}

impl Lexis {
    /// Whether a text is spelt so.
    pub(super) fn holds(self, text: &str) -> bool {
        let bytes = text.as_bytes();
        match self {
            Lexis::Name => {
                !text.is_empty() && text.split(':').all(|part| part.is_empty() || is_name(&format!("a{part}"))) && !starts_wrongly(text)
            }
            Lexis::NcName => is_name(text),
            Lexis::NmToken => !text.is_empty() && text.split(':').all(|part| part.is_empty() || is_name(&format!("a{part}"))),
            Lexis::Language => is_language(text),
            Lexis::Duration => is_duration(text),
            Lexis::Year => year(bytes).is_some_and(is_zone),
            Lexis::YearMonth => year(bytes).and_then(|rest| two(rest.strip_prefix(b"-")?, 1, 12)).is_some_and(is_zone),
            Lexis::Month => bytes
                .strip_prefix(b"--")
                .and_then(|rest| two(rest, 1, 12))
                .is_some_and(|rest| is_zone(rest.strip_prefix(b"--").unwrap_or(rest))),
            Lexis::MonthDay => {
                let month = bytes.strip_prefix(b"--").and_then(|rest| two(rest, 1, 12)?.strip_prefix(b"-"));
                month.and_then(|rest| two(rest, 1, 31)).is_some_and(is_zone)
            }
            Lexis::Day => bytes.strip_prefix(b"---").and_then(|rest| two(rest, 1, 31)).is_some_and(is_zone),
        }
    }

    /// What messages call it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Lexis::Name | Lexis::NcName => "a name",
            Lexis::NmToken => "a name token",
            Lexis::Language => "a language",
            Lexis::Duration => "a duration",
            Lexis::Year => "a year",
            Lexis::YearMonth => "a year and month",
            Lexis::Month => "a month",
            Lexis::MonthDay => "a month and day",
            Lexis::Day => "a day of the month",
        }
    }
}

fn starts_wrongly(text: &str) -> bool {
    let first: String = text.chars().take(1).collect();
    first != ":" && !is_name(&first)
}

fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let sized = |part: &str| (1..=8).contains(&part.len());
    parts.next().is_some_and(|first| sized(first) && first.bytes().all(|byte| byte.is_ascii_alphabetic()))
        && parts.all(|part| sized(part) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// `[-]PnYnMnDTnHnMn.nS`, at least one of them.
fn is_duration(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let Some(text) = text.strip_prefix('P') else { return false };
    let (date, time) = text.split_once('T').map_or((text, None), |(date, time)| (date, Some(time)));
    let dated = counted(date, "YMD", false);
    let timed = time.map_or(Some(0), |time| counted(time, "HMS", true).filter(|count| *count > 0));
    matches!((dated, timed), (Some(a), Some(b)) if a + b > 0)
}

/// How many numbers with units in this order a text has; `None` where it has something else. Seconds may have a fraction.
fn counted(mut text: &str, units: &str, fraction: bool) -> Option<usize> {
    let (mut from, mut count) = (0, 0);
    while !text.is_empty() {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, rest) = text.split_at(end);
        let unit = rest.chars().next()?;
        let at = units.find(unit).filter(|at| *at >= from)?;
        let (whole, part) = number.split_once('.').map_or((number, None), |(whole, part)| (whole, Some(part)));
        if whole.is_empty() || part.is_some_and(|part| part.is_empty() || part.contains('.') || !fraction || unit != 'S') {
            return None;
        }
        (from, count) = (at + 1, count + 1);
        text = &rest[1..];
    }
    Some(count)
}

/// A decimal or whole number as a JSON number token; `None` where it is none. Borrowed where it is one already.
pub(super) fn number(text: &str) -> Option<std::borrow::Cow<'_, str>> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(whole) || !plain(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let trimmed = whole.trim_start_matches('0');
    let whole_now = if trimmed.is_empty() { "0" } else { trimmed };
    let point = if fraction.is_empty() { "" } else { "." };
    if sign.len() + whole_now.len() + point.len() + fraction.len() == text.len() {
        return Some(text.into());
    }
    Some(format!("{sign}{whole_now}{point}{fraction}").into())
}

/// A float or double as a JSON number token; `None` where it is none or has no number (`NaN`, `INF`).
pub(super) fn double(text: &str) -> Option<std::borrow::Cow<'_, str>> {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return number(text) };
    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    number(mantissa).map(|mantissa| format!("{mantissa}e{exponent}").into())
}

/// `true`, `false`, `1` or `0`.
pub(super) fn flag(text: &str) -> Option<bool> {
    match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// `[-]YYYY-MM-DD[zone]`.
pub(super) fn is_date(text: &str) -> bool {
    date(text.as_bytes()).is_some_and(is_zone)
}

/// `hh:mm:ss[.f][zone]`.
pub(super) fn is_time(text: &str) -> bool {
    time(text.as_bytes()).is_some_and(is_zone)
}

/// A date, `T` and a time.
pub(super) fn is_date_time(text: &str) -> bool {
    date(text.as_bytes()).and_then(|rest| rest.strip_prefix(b"T")).and_then(time).is_some_and(is_zone)
}

fn year(text: &[u8]) -> Option<&[u8]> {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (digits >= 4).then(|| &text[digits..])
}

fn date(text: &[u8]) -> Option<&[u8]> {
    let rest = year(text)?.strip_prefix(b"-")?;
    let rest = two(rest, 1, 12)?.strip_prefix(b"-")?;
    two(rest, 1, 31)
}

fn time(text: &[u8]) -> Option<&[u8]> {
    let rest = two(text, 0, 24)?.strip_prefix(b":")?;
    let rest = two(rest, 0, 59)?.strip_prefix(b":")?;
    let rest = two(rest, 0, 60)?;
    let Some(fraction) = rest.strip_prefix(b".") else { return Some(rest) };
    let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (digits > 0).then(|| &fraction[digits..])
}

fn is_zone(text: &[u8]) -> bool {
    match text {
        [] | b"Z" => true,
        [b'+' | b'-', rest @ ..] => {
            two(rest, 0, 14).and_then(|rest| rest.strip_prefix(b":")).and_then(|rest| two(rest, 0, 59)).is_some_and(<[u8]>::is_empty)
        }
        _ => false,
    }
}

/// Two digits between two numbers; what stands behind them.
fn two(text: &[u8], least: u8, most: u8) -> Option<&[u8]> {
    let [tens @ b'0'..=b'9', ones @ b'0'..=b'9', rest @ ..] = text else { return None };
    let value = (tens - b'0') * 10 + (ones - b'0');
    (least..=most).contains(&value).then_some(rest)
}

/// Whether bytes without blanks are base64 (RFC 4648 section 4, padded).
pub(super) fn is_base64(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    text.len().is_multiple_of(4)
        && text.len() - body.len() <= 2
        && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}

/// Whether bytes are pairs of hexadecimal digits.
pub(super) fn is_hex(text: &str) -> bool {
    text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_json_tokens_and_nothing_else_does() {
        for (text, expected) in [
            ("12.50", Some("12.50")),
            ("+12", Some("12")),
            ("-007.10", Some("-7.10")),
            (".5", Some("0.5")),
            ("5.", Some("5")),
            ("000", Some("0")),
            ("12,50", None),
            ("", None),
            (".", None),
            ("-", None),
            ("1e3", None),
            ("1 000", None),
        ] {
            assert_eq!(number(text).as_deref(), expected, "{text}");
        }
        assert_eq!(double("1.E5").as_deref(), Some("1e5"));
        assert_eq!(double("1e").as_deref(), None);
    }

    #[test]
    fn durations_and_parts_of_dates_are_spelt_as_xml_schema_says() {
        for (lexis, good, bad) in [
            (Lexis::Duration, &["P1Y2M3DT4H5M6.7S", "-P1D", "PT0S", "P10M"][..], &["P", "PT", "P1", "1Y", "P1M2Y", "PT1.5H", "P1DT"][..]),
            (Lexis::Year, &["2026", "-0044Z", "12026"], &["26", "2026-"]),
            (Lexis::YearMonth, &["2026-11", "2026-11+01:00"], &["2026-13"]),
            (Lexis::Month, &["--11", "--11Z"], &["-11"]),
            (Lexis::MonthDay, &["--11-30"], &["--11-32", "11-30"]),
            (Lexis::Day, &["---31", "---01Z"], &["--1"]),
            (Lexis::Language, &["de", "en-GB", "x-klingon"], &["", "de_DE", "123", "toolonglanguage"]),
            (Lexis::NcName, &["a", "_b-1.c"], &["", "1a", "a:b", "a b"]),
            (Lexis::NmToken, &["1a", "a:b", "-"], &["", "a b"]),
            (Lexis::Name, &["a:b", ":a"], &["", "1a", "a b"]),
        ] {
            good.iter().for_each(|text| assert!(lexis.holds(text), "{lexis:?} {text}"));
            bad.iter().for_each(|text| assert!(!lexis.holds(text), "{lexis:?} {text}"));
        }
    }

    #[test]
    fn dates_and_times_may_have_a_zone() {
        for text in ["2026-11-22", "2001-02-03+02:00", "-0044-03-15Z"] {
            assert!(is_date(text), "{text}");
        }
        for text in ["22.11.2026", "2026-13-01", "2026-1-1", "2026-11-22T08:00:00", "2026-11-22+2"] {
            assert!(!is_date(text), "{text}");
        }
        for text in ["2026-11-22T08:00:00", "2026-11-22T08:00:00.123+02:00", "2026-11-22T24:00:00Z"] {
            assert!(is_date_time(text), "{text}");
        }
        for text in ["2026-11-22 08:00:00", "2026-11-22T08:00", "2026-11-22T08:00:00.", "2026-11-22T08:61:00"] {
            assert!(!is_date_time(text), "{text}");
        }
        assert!(is_time("08:00:00-05:00") && !is_time("8:00"));
    }
}
