//! Texts: what they spell, the values of an enumeration, and how long they are.

use std::sync::Arc;

use super::Fit;
use crate::shape::{Format, TextFacets, Zone};

/// Values of an enumeration that a message names.
const VALUES_NAMED_MOST: usize = 5;

pub(super) fn fit(given: &TextFacets, wanted: &TextFacets) -> Fit {
    match &wanted.one_of {
        // An enumeration says all there is to say: its values have a length and a spelling.
        Some(allowed) => values(given, allowed),
        None => spelling(given, wanted.format).worse(lengths(given, wanted)).worse(pattern(given, wanted)),
    }
}

pub(super) fn words(facets: &TextFacets) -> String {
    match &facets.one_of {
        Some(values) => format!("one of {}", list(values)),
        None => facets.format.words().into(),
    }
}

fn values(given: &TextFacets, allowed: &[Arc<str>]) -> Fit {
    let Some(have) = &given.one_of else {
        return Fit::Perhaps(format!("{} into one of {}", given.format.words(), list(allowed)));
    };
    let lost: Vec<Arc<str>> = have.iter().filter(|value| !allowed.contains(value)).cloned().collect();
    match lost.len() {
        0 => Fit::Fits,
        all if all == have.len() => Fit::Never(format!("none of {} is one of {}: write a `table`", list(have), list(allowed))),
        1 => Fit::Narrows(format!("{} is not one of {}: write a `table`", list(&lost), list(allowed))),
        _ => Fit::Narrows(format!("{} are not among {}: write a `table`", list(&lost), list(allowed))),
    }
}

fn list(values: &[Arc<str>]) -> String {
    let named: Vec<String> = values.iter().take(VALUES_NAMED_MOST).map(|value| format!("`{value}`")).collect();
    let more = values.len().saturating_sub(VALUES_NAMED_MOST);
    if more > 0 { format!("{} and {more} more", named.join(", ")) } else { named.join(", ") }
}

fn spelling(given: &TextFacets, wanted: Format) -> Fit {
    let into = || format!("{} into {}", words(given), wanted.words());
    match (given.format, wanted) {
        (_, Format::Plain) => Fit::Fits,
        (Format::Plain, _) => Fit::Perhaps(into()),
        (Format::Date(have), Format::Date(want)) => zones(have, want, "a date", "`.[0:10]`"),
        (Format::Time(have), Format::Time(want)) => zones(have, want, "a time of day", "the part before it"),
        (Format::DateTime(have), Format::DateTime(want)) => zones(have, want, "a date-time", "`.[0:19]`"),
        (Format::Date(_), Format::DateTime(_)) => Fit::Never(format!("{}: write `. + \"T00:00:00\" | zoned(\"Europe/Berlin\")`", into())),
        (Format::DateTime(_), Format::Date(_)) => Fit::Never(format!("{}: write `.[0:10]`", into())),
        (Format::DateTime(_), Format::Time(_)) => Fit::Never(format!("{}: write `.[11:]`", into())),
        (Format::Email | Format::Uri | Format::Uuid | Format::Base64, Format::Email | Format::Uri | Format::Uuid | Format::Base64) => {
            if given.format == wanted {
                Fit::Fits
            } else {
                Fit::Perhaps(into())
            }
        }
        (Format::Date(_) | Format::Time(_) | Format::DateTime(_) | Format::Email | Format::Uri | Format::Uuid | Format::Base64, _) => {
            Fit::Never(into())
        }
    }
}

/// The zone of a given time against that of a wanted one. `cut`: how to leave the zone.
fn zones(given: Zone, wanted: Zone, what: &str, cut: &str) -> Fit {
    let missing = || format!("{what} without a zone, and one is wanted: write `zoned(\"Europe/Berlin\")` with its zone");
    match (given, wanted) {
        (_, Zone::May) | (Zone::Must, Zone::Must) | (Zone::Never, Zone::Never) => Fit::Fits,
        (Zone::Never, Zone::Must) => Fit::Never(missing()),
        (Zone::May, Zone::Must) => Fit::Narrows(format!("it may be {}", missing())),
        (Zone::Must, Zone::Never) => Fit::Never(format!("{what} with a zone, and none is wanted: write {cut}")),
        (Zone::May, Zone::Never) => Fit::Perhaps(format!("{what} that may carry a zone, and none is wanted")),
    }
}

fn lengths(given: &TextFacets, wanted: &TextFacets) -> Fit {
    let (shortest, longest) = given.one_of.as_ref().map_or((given.shortest.unwrap_or(0), given.longest), |values| {
        let counts = || values.iter().map(|value| value.chars().count() as u32);
        (counts().min().unwrap_or(0), counts().max())
    });
    let upper = wanted.longest.map_or(Fit::Fits, |limit| match longest {
        _ if shortest > limit => Fit::Never(format!("text of at least {shortest} characters into {limit}")),
        Some(longest) if longest <= limit => Fit::Fits,
        Some(longest) => Fit::Narrows(format!("text of up to {longest} characters into {limit}")),
        None => Fit::Perhaps(format!("text of any length into {limit} characters")),
    });
    let lower = wanted.shortest.map_or(Fit::Fits, |least| match longest {
        Some(longest) if longest < least => Fit::Never(format!("text of up to {longest} characters, and at least {least} are wanted")),
        _ if shortest >= least => Fit::Fits,
        _ if least == 1 => Fit::Perhaps("it may be empty, which is not allowed there".into()),
        _ => Fit::Perhaps(format!("at least {least} characters are wanted")),
    });
    upper.worse(lower)
}

fn pattern(given: &TextFacets, wanted: &TextFacets) -> Fit {
    match &wanted.pattern {
        Some(pattern) if given.pattern.as_ref() != Some(pattern) => Fit::Perhaps(format!("text into text like `{pattern}`")),
        Some(_) | None => Fit::Fits,
    }
}
