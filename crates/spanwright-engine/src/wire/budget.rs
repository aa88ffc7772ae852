//! What a server says is left of its limit: `RateLimit` (draft-ietf-httpapi-ratelimit-headers: `"default";r=50;t=30`, of several
//! policies the one that leaves least, and its older form `limit=100, remaining=50, reset=5`), `RateLimit-Remaining` and `-Reset`, and
//! `X-RateLimit-Remaining` and `-Reset`.

use std::{cmp::Reverse, sync::Arc, time::Duration};

use spanwright_core::{connector::Budget, fact::Moment};

/// No limit is believed to last longer.
const RESET_MOST: Duration = Duration::from_secs(24 * 3600);
/// A number greater than this is a time of day and not a number of seconds.
const SECONDS_MOST: i64 = 1_000_000_000;
/// One greater than this counts milliseconds.
const TIME_OF_DAY_MOST: i64 = 1_000_000_000_000;

/// What the headers of an answer say, where they say it.
pub fn budget(headers: &[(Arc<str>, Vec<u8>)], now: Moment) -> Option<Budget> {
    let text = |name: &str| {
        let (_, value) = headers.iter().find(|(have, _)| **have == *name)?;
        std::str::from_utf8(value).ok()
    };
    let pair = |left: &str, reset: &str| Some((number(text(left)?)?, number(text(reset)?)?));
    let policies = headers.iter().filter(|(name, _)| &**name == "ratelimit").filter_map(|(_, value)| std::str::from_utf8(value).ok());
    let (left, reset) = policies
        .filter_map(structured)
        .min_by_key(scarcest)
        .or_else(|| pair("ratelimit-remaining", "ratelimit-reset"))
        .or_else(|| pair("x-ratelimit-remaining", "x-ratelimit-reset"))?;
    let reset = if reset > TIME_OF_DAY_MOST { reset / 1_000 } else { reset };
    let seconds = if reset > SECONDS_MOST { reset - now.0 / 1_000_000 } else { reset };
    let reset = Duration::from_secs(u64::try_from(seconds).ok()?).min(RESET_MOST);
    Some(Budget { left: u32::try_from(left.max(0)).unwrap_or(u32::MAX), reset })
}

/// `"burst";r=9;t=1, "daily";r=50;t=3600`, of which one must do, or `limit=100, remaining=50, reset=5`.
fn structured(text: &str) -> Option<(i64, i64)> {
    let policies = text.split(',').filter_map(|policy| Some((part(policy, "r")?, part(policy, "t")?)));
    policies.min_by_key(scarcest).or_else(|| Some((part(text, "remaining")?, part(text, "reset")?)))
}

fn part(text: &str, wanted: &str) -> Option<i64> {
    text.split([';', ',']).find_map(|part| {
        let (name, value) = part.trim().split_once('=')?;
        (name == wanted).then(|| number(value)).flatten()
    })
}

/// What leaves least comes first; of two that leave as much, the one that lasts longer.
fn scarcest((left, reset): &(i64, i64)) -> (i64, Reverse<i64>) {
    (*left, Reverse(*reset))
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
        check(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1800000042000")], Some((0, 42)));
    }

    #[test]
    fn of_several_policies_the_one_that_leaves_least_counts() {
        check(&[("ratelimit", "\"burst\";r=9;t=1, \"daily\";r=0;t=3600")], Some((0, 3600)));
        check(&[("ratelimit", "\"burst\";r=0;t=1, \"daily\";r=0;t=3600")], Some((0, 3600)));
        check(&[("ratelimit", "\"burst\";r=9;t=1"), ("ratelimit", "\"daily\";r=3;t=60;pk=:eA==:")], Some((3, 60)));
        check(&[("ratelimit", "\"unknown\", \"default\";r=5;t=9")], Some((5, 9)));
    }

    #[test]
    fn what_is_not_said_is_not_guessed() {
        check(&[], None);
        check(&[("x-ratelimit-remaining", "12")], None);
        check(&[("ratelimit", "a lot")], None);
        check(&[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", "1700000000")], None);
    }
}
