//! Numbers: families first, then what their bounds promise.

use std::{cmp::Ordering, sync::Arc};

use super::{Fit, number_words};
use crate::{
    number::Number,
    shape::{NumberFacets, NumberKind},
};

/// Decimal digits that a double keeps for certain (IEEE 754 binary64).
const DOUBLE_DIGITS: u16 = 15;

pub(super) fn fit(given: &NumberFacets, wanted: &NumberFacets) -> Fit {
    family(given, wanted).worse(bounds(given, wanted)).worse(digits(given, wanted))
}

fn family(given: &NumberFacets, wanted: &NumberFacets) -> Fit {
    let into = || format!("{} into {}", number_words(given), number_words(wanted));
    match (given.kind, wanted.kind) {
        (NumberKind::Integer { .. }, NumberKind::Integer { .. } | NumberKind::Decimal) => Fit::Fits,
        (NumberKind::Decimal, NumberKind::Decimal) | (NumberKind::Double, NumberKind::Double | NumberKind::Decimal) => Fit::Fits,
        (NumberKind::Decimal, NumberKind::Integer { .. }) if given.fraction == Some(0) => Fit::Fits,
        (NumberKind::Decimal | NumberKind::Double, NumberKind::Integer { .. }) => {
            Fit::Narrows(format!("{}: one with a fraction is refused; `round`, `floor` or `ceil` it", into()))
        }
        (NumberKind::Integer { .. } | NumberKind::Decimal, NumberKind::Double)
            if digits_most(given).is_some_and(|most| most <= DOUBLE_DIGITS) =>
        {
            Fit::Fits
        }
        (NumberKind::Integer { .. } | NumberKind::Decimal, NumberKind::Double) => {
            Fit::Narrows(format!("{}: digits beyond the {DOUBLE_DIGITS}th may be lost", into()))
        }
    }
}

/// Digits that a given number has at most, where its type or its bounds say so.
fn digits_most(facets: &NumberFacets) -> Option<u16> {
    let count = |bound: &str| bound.bytes().filter(u8::is_ascii_digit).count() as u16;
    match (facets.digits, facets.kind, facets.range()) {
        (Some(digits), _, _) => Some(digits),
        (None, NumberKind::Integer { .. }, (Some(least), Some(most))) if !least.contains(['e', 'E']) && !most.contains(['e', 'E']) => {
            Some(count(&least).max(count(&most)))
        }
        (None, NumberKind::Integer { .. } | NumberKind::Decimal | NumberKind::Double, _) => None,
    }
}

fn bounds(given: &NumberFacets, wanted: &NumberFacets) -> Fit {
    let ((have_least, have_most), (want_least, want_most)) = (given.range(), wanted.range());
    let reaches = |have: &Option<Arc<str>>, want: &Arc<str>| have.as_ref().map(|have| order(have, want));
    if let (Some(have), Some(want)) = (&have_least, &want_most)
        && order(have, want) == Ordering::Greater
    {
        return Fit::Never(format!("{have} and more into at most {want}"));
    }
    if let (Some(have), Some(want)) = (&have_most, &want_least)
        && order(have, want) == Ordering::Less
    {
        return Fit::Never(format!("{have} and less into at least {want}"));
    }
    let upper = want_most.as_ref().map_or(Fit::Fits, |want| match reaches(&have_most, want) {
        Some(Ordering::Greater) => Fit::Narrows(format!("up to {} into at most {want}", have_most.as_deref().unwrap_or_default())),
        Some(Ordering::Less | Ordering::Equal) => Fit::Fits,
        None => Fit::Perhaps(format!("any number into at most {want}")),
    });
    let lower = want_least.as_ref().map_or(Fit::Fits, |want| match reaches(&have_least, want) {
        Some(Ordering::Less) => Fit::Narrows(format!("from {} on into at least {want}", have_least.as_deref().unwrap_or_default())),
        Some(Ordering::Greater | Ordering::Equal) => Fit::Fits,
        None => Fit::Perhaps(format!("any number into at least {want}")),
    });
    upper.worse(lower)
}

fn order(one: &str, other: &str) -> Ordering {
    match (Number::parse(one), Number::parse(other)) {
        (Ok(one), Ok(other)) => one.compare(&other),
        // A bound that is no number bounds nothing; the schema's reader has said so.
        (Err(_), _) | (_, Err(_)) => Ordering::Equal,
    }
}

fn digits(given: &NumberFacets, wanted: &NumberFacets) -> Fit {
    let fraction = wanted.fraction.map_or(Fit::Fits, |want| match (given.kind, given.fraction) {
        (NumberKind::Integer { .. }, _) => Fit::Fits,
        (_, Some(have)) if have <= want => Fit::Fits,
        (_, Some(have)) => Fit::Narrows(format!("{have} digits behind the point into {want}: round it")),
        (_, None) => Fit::Perhaps(format!("at most {want} digits behind the point are wanted")),
    });
    let all = wanted.digits.map_or(Fit::Fits, |want| match digits_most(given) {
        Some(have) if have <= want => Fit::Fits,
        Some(have) => Fit::Narrows(format!("a number of up to {have} digits into {want}")),
        None => Fit::Perhaps(format!("at most {want} digits are wanted")),
    });
    fraction.worse(all)
}
