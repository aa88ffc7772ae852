//! What a server says is left of its limit: `RateLimit` (draft-ietf-httpapi-ratelimit-headers: `"default";r=50;t=30`, and
//! its older form `limit=100, remaining=50, reset=5`), `RateLimit-Remaining` and `-Reset`, and `X-RateLimit-Remaining` and `-Reset`.

use std::{sync::Arc, time::Duration};

use spanwright_core::{connector::Budget, fact::Moment};

/// No limit is believed to last longer.
const RESET_MOST: Duration = Duration::from_secs(24 * 3600);
/// A number greater than this is a time of day and not a number of seconds.
const SECONDS_MOST: i64 = 1_000_000_000;

/// What the headers of an answer say, where they say it.
pub fn budget(headers: &[(Arc<str>, Vec<u8>)], now: Moment) -> Option<Budget> {
    let text = |name: &str| {
        let (_, value) = headers.iter().find(|(have, _)| **have == *name)?;
        std::str::from_utf8(value).ok()
    };
    let pair = |left: &str, reset: &str| Some((number(text(left)?)?, number(text(reset)?)?));
    let (left, reset) = text("ratelimit")
        .and_then(structured)
        .or_else(|| pair("ratelimit-remaining", "ratelimit-reset"))
        .or_else(|| pair("x-ratelimit-remaining", "x-ratelimit-reset"))?;
    let seconds = if reset > SECONDS_MOST { reset - now.0 / 1_000_000 } else { reset };
    let reset = Duration::from_secs(u64::try_from(seconds).ok()?).min(RESET_MOST);
    Some(Budget { left: u32::try_from(left.max(0)).unwrap_or(u32::MAX), reset })
}

/// `"default";r=50;t=30` or `limit=100, remaining=50, reset=5`.
fn structured(text: &str) -> Option<(i64, i64)> {
    let part = |names: [&str; 2]| {
        text.split([';', ',']).find_map(|part| {
            let (name, value) = part.trim().split_once('=')?;
            names.contains(&name).then(|| number(value)).flatten()
        })
    };
    Some((part(["r", "remaining"])?, part(["t", "reset"])?))
}

fn number(text: &str) -> Option<i64> {
    text.trim().split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(&str, &str)], expected: Option<(u32, u64)>) {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (Arc::from(*name), value.as_bytes().to_vec())).collect();
        let found = budget(&headers, Moment(1_800_000_000_000_000)).map(|budget| (budget.left, budget.reset.as_secs()));
        assert_eq!(found, expected, "{headers:?}");
    }

    #[test]
    fn each_spelling_is_read() {
        check(&[("ratelimit", "\"default\";r=50;t=30")], Some((50, 30)));
        check(&[("ratelimit", "limit=100, remaining=7, reset=5")], Some((7, 5)));
        check(&[("ratelimit-remaining", "3"), ("ratelimit-reset", "9")], Some((3, 9)));
        check(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1800000042")], Some((0, 42)));
        check(&[("x-ratelimit-remaining", "12"), ("x-ratelimit-reset", "1.5")], Some((12, 1)));
    }

    #[test]
    fn what_is_not_said_is_not_guessed() {
        check(&[], None);
        check(&[("x-ratelimit-remaining", "12")], None);
        check(&[("ratelimit", "a lot")], None);
        check(&[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", "1700000000")], None);
    }
}
