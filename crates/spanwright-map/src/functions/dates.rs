//! Dates and times, as texts. There is no clock: the same record always gives the same.
//!
//! Zones are those of the tz database that is built in, so a map does not differ by machine. A local time that a zone
//! has twice (clocks go back) is the first of the two; one that it has not (clocks go forward) moves on by the gap:
//! `02:30` becomes `03:30`, as RFC 5545 section 3.3.5 has it.

use std::fmt::Write;

use jiff::{
    Timestamp, civil,
    tz::{Offset, TimeZone},
};
use spanwright_shape::{shape::Zone, value::Value};

use super::{Asked, Function, Makes, Nulls, Prepared, Result, Types, types::nothing};
use crate::{
    codes,
    lower::{Lowering, Place},
    op::{Literal, Op, OpKind},
    run::{Kinds, Outcome, Stop, What},
};

/// `zoned`
pub static ZONED: Function = Function {
    name: "zoned",
    takes: &["", "\"zone\""],
    about: "A local date-time with the offset of a zone (RFC 3339); one that has an offset stays as it is. Without a zone: the one that its system declares. A time that is there twice is the first of the two; one in the gap moves on by the gap.",
    example: [r#"zoned("Europe/Berlin")"#, r#""2026-07-01T08:00:00""#, r#""2026-07-01T08:00:00+02:00""#],
    ours: true,
    makes: Makes::Value {
        run: zoned,
        prepare: zone,
        types: Types {
            dot: Kinds::TEXT,
            nulls: Nulls::Fail,
            arguments: Kinds::TEXT,
            gives: Result::Of(|checker, _, _| checker.date_time(Zone::Must)),
            can_fail: true,
        },
    },
};

/// `date`
pub static DATE: Function = Function {
    name: "date",
    takes: &[""],
    about: "The date of a date-time or a date, as it is written there: no zone is changed.",
    example: ["date", r#""2026-07-01T08:00:00+02:00""#, r#""2026-07-01""#],
    ours: true,
    makes: Makes::Value {
        run: |asked| {
            let text = asked.text()?;
            let valid = parts(text).is_some() || date_only(text).is_some();
            if valid { Ok(Value::Text(&text[..10])) } else { Err(asked.stop(What::NotADate)) }
        },
        prepare: nothing,
        types: Types {
            dot: Kinds::TEXT,
            nulls: Nulls::Fail,
            arguments: Kinds::NONE,
            gives: Result::Of(|checker, _, _| checker.date(Zone::Never)),
            can_fail: true,
        },
    },
};

/// `utc`
pub static UTC: Function = Function {
    name: "utc",
    takes: &[""],
    about: "A date-time with an offset as the same moment in UTC; one without an offset fails: say `zoned(..)` first.",
    example: ["utc", r#""2026-07-01T08:00:00+02:00""#, r#""2026-07-01T06:00:00Z""#],
    ours: true,
    makes: Makes::Value {
        run: |asked| {
            let text = asked.text()?;
            let at: Timestamp = parts(text)
                .filter(|parts| !parts.offset.is_empty())
                .and_then(|_| text.parse().ok())
                .ok_or_else(|| asked.stop(What::NotADate))?;
            asked.made_text(&at.to_string())
        },
        prepare: nothing,
        types: Types {
            dot: Kinds::TEXT,
            nulls: Nulls::Fail,
            arguments: Kinds::NONE,
            gives: Result::Of(|checker, _, _| checker.date_time(Zone::Must)),
            can_fail: true,
        },
    },
};

/// `in_zone`
pub static IN_ZONE: Function = Function {
    name: "in_zone",
    takes: &["\"zone\""],
    about: "A date-time with an offset as the same moment in a zone, with the offset that it has there then; one without an offset fails: say `zoned(..)` first.",
    example: [r#"in_zone("Asia/Tokyo")"#, r#""2026-07-01T08:00:00+02:00""#, r#""2026-07-01T15:00:00+09:00""#],
    ours: true,
    makes: Makes::Value {
        run: |asked| {
            let text = asked.text()?;
            let Prepared::Zone(zone) = asked.prepared else { return Err(asked.stop(What::NotADate)) };
            let at = parts(text).filter(|parts| !parts.offset.is_empty()).and_then(|_| text.parse::<Timestamp>().ok());
            let at = at.ok_or_else(|| asked.stop(What::NotADate))?;
            let offset = zone.to_offset(at);
            asked.made_text(&format!("{}{}", offset.to_datetime(at), offset_text(offset)))
        },
        prepare: zone,
        types: Types::of(Kinds::TEXT, Result::Of(|checker, _, _| checker.date_time(Zone::Must))).with(Kinds::TEXT).can_fail(),
    },
};

/// `+02:00`
pub(super) fn offset_text(offset: Offset) -> String {
    let minutes = offset.seconds() / 60;
    if minutes == 0 {
        return "Z".to_string();
    }
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

/// The local date-time that the input spells, or midnight of its date, and the offset where it has one.
pub(super) fn moment(asked: &Asked<'_, '_>) -> std::result::Result<(civil::DateTime, Option<Offset>), Stop> {
    let text = asked.text()?;
    if let Some(date) = date_only(text) {
        return Ok((date.to_datetime(civil::Time::midnight()), None));
    }
    let parts = parts(text).ok_or_else(|| asked.stop(What::NotADate))?;
    let fraction = &text[19..text.len() - parts.offset.len()];
    let local = format!("{}{fraction}", &text[..19]).parse().map_err(|_| asked.stop(What::NotADate))?;
    Ok((local, parts.offset()))
}

fn zone(lowering: &mut Lowering<'_>, at: Place, arguments: &[Op]) -> Prepared {
    let name = match arguments {
        [] => match lowering.zone {
            Some(zone) => zone.to_string(),
            None => {
                let says = "`zoned` has no zone here: the source declares none";
                lowering.fault(
                    &codes::ZONE,
                    at,
                    says,
                    "write `zoned(\"Europe/Berlin\")`, or `zone: Europe/Berlin` in the system's file".to_string(),
                );
                return Prepared::Nothing;
            }
        },
        [Op { kind: OpKind::Literal(Literal::Text(name)), .. }, ..] => name.to_string(),
        _ => {
            lowering.fault(&codes::ZONE, at, "the zone is written out here", "write `zoned(\"Europe/Berlin\")`".to_string());
            return Prepared::Nothing;
        }
    };
    match TimeZone::get(&name) {
        Ok(zone) => Prepared::Zone(zone),
        Err(_) => {
            lowering.fault(
                &codes::ZONE,
                at,
                format!("there is no time zone `{name}`"),
                "names are those of the tz database: `Europe/Berlin`, `UTC`".to_string(),
            );
            Prepared::Nothing
        }
    }
}

fn zoned<'a>(asked: &Asked<'a, '_>) -> Outcome<'a> {
    let text = asked.text()?;
    let parts = parts(text).ok_or_else(|| asked.stop(What::NotADate))?;
    if !parts.offset.is_empty() {
        return Ok(asked.dot);
    }
    let Prepared::Zone(zone) = asked.prepared else { return Err(asked.stop(What::NotADate)) };
    let timestamp = zone.to_ambiguous_timestamp(parts.local).compatible().map_err(|_| asked.stop(What::NotADate))?;
    let offset = zone.to_offset(timestamp);
    let shown = offset.to_datetime(timestamp);
    let (hour, minute) = (shown.hour(), shown.minute());
    let minutes = offset.seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.abs();
    asked.run.take_text(text.len() + 16, asked.site)?;
    let mut made = bumpalo::collections::String::with_capacity_in(text.len() + 16, asked.run.room().bump());
    // Only a time in the gap has moved, and with it perhaps the day; else all stays as it was written.
    let written =
        if shown == parts.local { write!(made, "{text}") } else { write!(made, "{}T{hour:02}:{minute:02}{}", shown.date(), &text[16..]) };
    let offset = write!(made, "{sign}{:02}:{:02}", minutes / 60, minutes % 60);
    written.and(offset).map_err(|_| asked.stop(What::NotADate))?;
    Ok(Value::Text(made.into_bump_str()))
}

pub(super) struct Parts<'t> {
    pub(super) local: civil::DateTime,
    /// `Z`, `+02:00` or nothing.
    pub(super) offset: &'t str,
}

/// `2026-07-01T08:00:00`, with a fraction and an offset if it likes.
pub(super) fn parts(text: &str) -> Option<Parts<'_>> {
    if !text.is_ascii() || text.len() < 19 {
        return None;
    }
    let (clock, rest) = text.split_at(19);
    let local = civil(clock)?;
    let fraction = rest.strip_prefix('.').map_or(0, |digits| 1 + digits.bytes().take_while(u8::is_ascii_digit).count());
    let offset = &rest[fraction..];
    (fraction != 1 && is_offset(offset)).then_some(Parts { local, offset })
}

fn civil(clock: &str) -> Option<civil::DateTime> {
    let bytes = clock.as_bytes();
    let signs = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if signs.iter().any(|(at, sign)| bytes[*at] != *sign) {
        return None;
    }
    let number = |from: usize, to: usize| {
        clock.get(from..to).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit())).and_then(|digits| digits.parse::<i16>().ok())
    };
    let small = |from: usize| number(from, from + 2).and_then(|n| i8::try_from(n).ok());
    civil::DateTime::new(number(0, 4)?, small(5)?, small(8)?, small(11)?, small(14)?, small(17)?, 0).ok()
}

fn is_offset(text: &str) -> bool {
    match text.as_bytes() {
        [] | [b'Z'] => true,
        [b'+' | b'-', a, b, b':', c, d] => [a, b, c, d].iter().all(|digit| digit.is_ascii_digit()),
        _ => false,
    }
}

pub(super) fn date_only(text: &str) -> Option<civil::Date> {
    let date = text.get(..10)?;
    (text.is_ascii() && is_offset(&text[10..])).then(|| date.parse().ok())?
}
