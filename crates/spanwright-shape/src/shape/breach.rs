//! Whether a value is one of a shape: the check when it runs, for what could not be told before.
//!
//! It refuses only what the schema refuses for certain. Patterns, formats other than dates and times, and residue are
//! left to the other side: to refuse a good record is worse than to let it judge. Words name the path and what is
//! wanted, never the value.

use std::cmp::Ordering;

use super::{Field, Format, NumberFacets, NumberKind, Presence, RecordShape, Shape, ShapeId, Shapes, TextFacets, Zone};
use crate::{
    number::Number,
    value::{Kind, Value},
};

/// Values of an enumeration that a message names.
const VALUES_NAMED_MOST: usize = 8;

/// Where a value leaves its shape, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// From the record: `.addresses[2].zip`; empty where it is the value itself.
    pub path: String,
    /// What is wrong: "it is required, and missing".
    pub says: String,
}

impl std::fmt::Display for Breach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.path.is_empty() {
            true => f.write_str(&self.says),
            false => write!(f, "`{}`: {}", self.path, self.says),
        }
    }
}

/// The first place where a value leaves a shape; `None` where it does not.
pub fn breach(shapes: &Shapes, id: ShapeId, value: &Value<'_>) -> Option<Breach> {
    match (shapes.get(id), value) {
        (Shape::Any, _) | (Shape::Null, Value::Null) | (Shape::Flag, Value::Bool(_)) => None,
        (Shape::Number(facets), Value::Number(number)) => of_number(facets, number).map(here),
        (Shape::Text(facets), Value::Text(text)) => of_text(facets, text).map(here),
        (Shape::List(item, counts), Value::List(items)) => of_list(shapes, *item, *counts, items),
        (Shape::Record(record), Value::Record(fields)) => of_record(shapes, record, fields),
        (Shape::OneOf(arms), _) => of_union(shapes, arms, value),
        (shape, _) => Some(here(format!("{} is wanted, and it is {}", wanted(shape), value.kind().word()))),
    }
}

fn here(says: String) -> Breach {
    Breach { path: String::new(), says }
}

fn below(step: String, breach: Breach) -> Breach {
    Breach { path: step + &breach.path, says: breach.says }
}

fn wanted(shape: &Shape) -> &'static str {
    match shape {
        Shape::Any => "anything",
        Shape::Never => "nothing at all",
        Shape::Null => Kind::Null.word(),
        Shape::Flag => Kind::Flag.word(),
        Shape::Number(_) => Kind::Number.word(),
        Shape::Text(_) => Kind::Text.word(),
        Shape::List(..) => Kind::List.word(),
        Shape::Record(_) => Kind::Record.word(),
        Shape::OneOf(_) => "another kind",
    }
}

/// Some alternative must take it; else the one of its own kind says why not.
fn of_union(shapes: &Shapes, arms: &[ShapeId], value: &Value<'_>) -> Option<Breach> {
    let mut first = None;
    for arm in arms {
        let breach = breach(shapes, *arm, value)?;
        let same_kind = wanted(shapes.get(*arm)) == value.kind().word();
        if same_kind || first.is_none() {
            first = Some(breach);
        }
    }
    first.or_else(|| Some(here("nothing is allowed here".into())))
}

fn of_list(shapes: &Shapes, item: ShapeId, (least, most): (u32, Option<u32>), items: &[Value<'_>]) -> Option<Breach> {
    let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
    if count < least {
        return Some(here(format!("it has {count} items, and at least {least} are wanted")));
    }
    if let Some(most) = most.filter(|most| count > *most) {
        return Some(here(format!("it has {count} items, and at most {most} are allowed")));
    }
    items.iter().enumerate().find_map(|(n, value)| breach(shapes, item, value).map(|breach| below(format!("[{n}]"), breach)))
}

fn of_record(shapes: &Shapes, record: &RecordShape, fields: &[(&str, Value<'_>)]) -> Option<Breach> {
    let mut next = 0;
    for (name, value) in fields {
        let shape = match find(&record.fields, name, &mut next) {
            Some(field) => field.shape,
            None => match record.rest {
                Some(rest) => rest,
                None => return Some(below(step(name), here("there is no such field".into()))),
            },
        };
        if let Some(breach) = breach(shapes, shape, value) {
            return Some(below(step(name), breach));
        }
    }
    let (mut next, has) = (0, |wanted: &Field, next: &mut usize| find_name(fields, &wanted.name, next));
    let missing = record.fields.iter().find(|field| field.presence == Presence::Always && !has(field, &mut next));
    missing.map(|field| below(step(&field.name), here("it is required, and missing".into())))
}

/// Looks first where the last one was left: records mostly come in the order of their schema.
fn find<'r>(fields: &'r [Field], name: &str, next: &mut usize) -> Option<&'r Field> {
    let after = fields.iter().enumerate().skip(*next);
    let (place, field) = after.chain(fields.iter().enumerate().take(*next)).find(|(_, field)| &*field.name == name)?;
    *next = place + 1;
    Some(field)
}

fn find_name(fields: &[(&str, Value<'_>)], name: &str, next: &mut usize) -> bool {
    let after = fields.iter().enumerate().skip(*next);
    let found = after.chain(fields.iter().enumerate().take(*next)).find(|(_, (have, _))| *have == name);
    *next = found.map_or(*next, |(place, _)| place + 1);
    found.is_some()
}

fn step(name: &str) -> String {
    format!(".{name}")
}

fn of_number(facets: &NumberFacets, number: &Number<'_>) -> Option<String> {
    let whole = matches!(facets.kind, NumberKind::Integer { .. }) || facets.fraction == Some(0);
    if whole && !is_whole(number) {
        return Some("a whole number is wanted, and it has a fraction".into());
    }
    if facets.least.is_none() && facets.most.is_none() && fits_width(facets.kind, number) {
        return None;
    }
    let (least, most) = facets.range();
    let against = |bound: &str| Number::parse(bound).ok().map(|bound| number.compare(&bound));
    if let Some(least) = least.filter(|least| against(least) == Some(Ordering::Less)) {
        return Some(format!("it is less than {least}"));
    }
    if let Some(most) = most.filter(|most| against(most) == Some(Ordering::Greater)) {
        return Some(format!("it is more than {most}"));
    }
    None
}

/// Whether a number is certainly within the width of its kind.
fn fits_width(kind: NumberKind, number: &Number<'_>) -> bool {
    match (kind, number.as_i64()) {
        (NumberKind::Integer { bits: 0 } | NumberKind::Decimal | NumberKind::Double, _) => true,
        (NumberKind::Integer { bits: bits @ 1..=63 }, Some(whole)) => whole >> (bits - 1) == whole >> 63,
        (NumberKind::Integer { .. }, whole) => whole.is_some(),
    }
}

fn is_whole(number: &Number<'_>) -> bool {
    match number {
        Number::Small { scale: 0, .. } => true,
        Number::Small { .. } => number.as_i64().is_some(),
        // Beyond 64 bits nobody looks at the digits behind the point unless there are some.
        Number::Exact(text) => number.as_i64().is_some() || !text.contains(['.', 'e', 'E']),
    }
}

fn of_text(facets: &TextFacets, text: &str) -> Option<String> {
    if let Some(allowed) = &facets.one_of {
        return (!allowed.iter().any(|value| &**value == text)).then(|| {
            let named: Vec<String> = allowed.iter().take(VALUES_NAMED_MOST).map(|value| format!("`{value}`")).collect();
            let more = if allowed.len() > VALUES_NAMED_MOST { ", ..." } else { "" };
            format!("it is none of {}{more}", named.join(", "))
        });
    }
    lengths(facets, text).or_else(|| spelling(facets.format, text))
}

fn lengths(facets: &TextFacets, text: &str) -> Option<String> {
    // A text has at most as many characters as bytes, so most need no counting.
    let short_enough = facets.longest.is_none_or(|longest| text.len() <= longest as usize);
    if short_enough && facets.shortest.is_none_or(|shortest| shortest == 0) {
        return None;
    }
    let count = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    if let Some(longest) = facets.longest.filter(|longest| count > *longest) {
        return Some(format!("it has {count} characters, and at most {longest} are allowed"));
    }
    let short = facets.shortest.filter(|shortest| count < *shortest)?;
    Some(format!("it has {count} characters, and at least {short} are wanted"))
}

fn spelling(format: Format, text: &str) -> Option<String> {
    let (spelled, rest, what) = match format {
        Format::Date(zone) => (zone, date(text), "a date such as `2026-11-22`"),
        Format::Time(zone) => (zone, time(text), "a time such as `08:00:00`"),
        Format::DateTime(zone) => {
            let clock = date(text).and_then(|rest| rest.strip_prefix(['T', 't', ' '])).and_then(time);
            (zone, clock, "a date-time such as `2026-11-22T08:00:00`")
        }
        Format::Plain | Format::Email | Format::Uri | Format::Uuid | Format::Base64 => return None,
    };
    let zoned = match rest {
        Some("") => false,
        Some(zone) if is_zone(zone) => true,
        Some(_) | None => return Some(format!("it is not {what}")),
    };
    match (spelled, zoned) {
        (Zone::Must, false) => Some(format!("it has no zone: {what} with `Z` or `+01:00` is wanted")),
        (Zone::Never, true) => Some(format!("it has a zone: {what} without one is wanted")),
        (Zone::Must, true) | (Zone::Never, false) | (Zone::May, _) => None,
    }
}

/// What stands behind `YYYY-MM-DD`.
fn date(text: &str) -> Option<&str> {
    let (date, rest) = text.split_at_checked(10)?;
    let number = |from: usize, to: usize| digits(date.get(from..to)?);
    let fits = date.is_ascii() && &date[4..5] == "-" && &date[7..8] == "-";
    let real = number(0, 4).is_some() && (1..=12).contains(&number(5, 7)?) && (1..=31).contains(&number(8, 10)?);
    (fits && real).then_some(rest)
}

/// What stands behind `HH:MM:SS` and its fraction.
fn time(text: &str) -> Option<&str> {
    let (clock, rest) = text.split_at_checked(8)?;
    let number = |from: usize, to: usize| digits(clock.get(from..to)?);
    let fits = clock.is_ascii() && &clock[2..3] == ":" && &clock[5..6] == ":";
    let real = number(0, 2)? <= 24 && number(3, 5)? <= 59 && number(6, 8)? <= 60;
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    (fits && real).then_some(rest)
}

fn is_zone(text: &str) -> bool {
    let offset = |rest: &str| rest.len() == 5 && &rest[2..3] == ":" && digits(&rest[..2]).is_some() && digits(&rest[3..]).is_some();
    text == "Z" || text == "z" || text.strip_prefix(['+', '-']).is_some_and(|rest| rest.is_ascii() && offset(rest))
}

fn digits(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests;
