//! Dates and times in other spellings, read and written by a format that stands in the expression (`%d.%m.%Y`).
//!
//! The signs are those of `strftime`, names of months and days are English. A format is tried when the expression is
//! checked, so that a sign that there is not is found before anything runs.

use jiff::{civil, fmt::strtime::BrokenDownTime, tz::Offset};
use spanwright_shape::shape::Zone;

use super::{
    Asked, Function, Makes, Prepared, Result, Types,
    dates::{self, Parts},
};
use crate::{
    codes,
    lower::{Lowering, Place},
    op::{Literal, Op, OpKind},
    run::{Kinds, What},
};

/// `read_date`
pub static READ_DATE: Function = Function {
    name: "read_date",
    takes: &["\"format\""],
    about: "The date that a text spells in a format, as `2026-07-01`: `%d` day, `%m` month, `%Y` year, `%y` year of two digits (69 to 99 are 1969 to 1999), `%b` and `%B` month names, `%j` day of the year.",
    example: [r#"read_date("%d.%m.%Y")"#, r#""01.07.2026""#, r#""2026-07-01""#],
    ours: true,
    makes: Makes::Value {
        run: |asked| {
            let date = read(asked)?.to_date().map_err(|_| asked.stop(What::NotADate))?;
            asked.made_text(&date.to_string())
        },
        prepare: |lowering, at, arguments| format(lowering, at, arguments, Wanted::Date),
        types: Types::of(Kinds::TEXT, Result::Of(|checker, _, _| checker.date(Zone::Never))).with(Kinds::TEXT).can_fail(),
    },
};

/// `read_time`
pub static READ_TIME: Function = Function {
    name: "read_time",
    takes: &["\"format\""],
    about: "The date-time that a text spells in a format: beside the signs of `read_date`, `%H` hour, `%M` minute, `%S` second, `%I` and `%p` hour of twelve, `%f` fraction, `%z` offset. It has an offset where the format has one; else `zoned(..)` gives it one.",
    example: [r#"read_time("%d.%m.%Y %H:%M")"#, r#""01.07.2026 08:30""#, r#""2026-07-01T08:30:00""#],
    ours: true,
    makes: Makes::Value {
        run: |asked| {
            let read = read(asked)?;
            let local = read.to_datetime().map_err(|_| asked.stop(What::NotADate))?;
            let offset = read.offset().map(dates::offset_text).unwrap_or_default();
            asked.made_text(&format!("{local}{offset}"))
        },
        prepare: |lowering, at, arguments| format(lowering, at, arguments, Wanted::Time),
        types: Types::of(Kinds::TEXT, Result::Of(|checker, _, arguments| checker.time_read(arguments))).with(Kinds::TEXT).can_fail(),
    },
};

/// `write_time`
pub static WRITE_TIME: Function = Function {
    name: "write_time",
    takes: &["\"format\""],
    about: "A date or date-time in another format, as it stands there: no zone is changed (`in_zone(..)` does). The signs are those of `read_time`, and `%A`, `%a` day names, `%V` ISO week, `%G` its year.",
    example: [r#"write_time("%d.%m.%Y %H:%M")"#, r#""2026-07-01T08:30:00+02:00""#, r#""01.07.2026 08:30""#],
    ours: true,
    makes: Makes::Value {
        run: |asked| {
            let (local, offset) = dates::moment(asked)?;
            let Prepared::Format(format) = asked.prepared else { return Err(asked.stop(What::NotADate)) };
            let written = broken_down(local, offset).to_string(&**format).map_err(|_| asked.stop(What::NotADate))?;
            asked.made_text(&written)
        },
        prepare: |lowering, at, arguments| format(lowering, at, arguments, Wanted::Text),
        types: Types::of(Kinds::TEXT, Result::Text).with(Kinds::TEXT).can_fail(),
    },
};

/// What a format must be good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Date,
    Time,
    Text,
}

fn read(asked: &Asked<'_, '_>) -> std::result::Result<BrokenDownTime, crate::run::Stop> {
    let text = asked.text()?;
    asked.run.take_text(text.len(), asked.site)?;
    let Prepared::Format(format) = asked.prepared else { return Err(asked.stop(What::NotADate)) };
    BrokenDownTime::parse(&**format, text).map_err(|_| asked.stop(What::NotADate))
}

fn broken_down(local: civil::DateTime, offset: Option<Offset>) -> BrokenDownTime {
    let mut time = BrokenDownTime::from(local);
    time.set_offset(offset);
    time
}

fn format(lowering: &mut Lowering<'_>, at: Place, arguments: &[Op], wanted: Wanted) -> Prepared {
    let [Op { kind: OpKind::Literal(Literal::Text(format)), .. }] = arguments else {
        lowering.fault(&codes::FORMAT, at, "the format is written out here", "write `read_date(\"%d.%m.%Y\")`".to_string());
        return Prepared::Nothing;
    };
    match tried(format, wanted) {
        Ok(()) => Prepared::Format(format.clone()),
        Err(says) => {
            let help = "signs are those of strftime: `%d.%m.%Y %H:%M:%S`; a percent sign itself is `%%`".to_string();
            lowering.fault(&codes::FORMAT, at, format!("this format {says}"), help);
            Prepared::Nothing
        }
    }
}

/// Writes a sample and, where it is to be read, reads it again.
fn tried(format: &str, wanted: Wanted) -> std::result::Result<(), String> {
    let sample = civil::date(2026, 7, 1).at(8, 30, 15, 0);
    let cannot = |fault: jiff::Error| format!("is not understood: {fault}");
    let written = broken_down(sample, Some(Offset::UTC)).to_string(format).map_err(cannot)?;
    if wanted == Wanted::Text {
        return Ok(());
    }
    let read = BrokenDownTime::parse(format, &written).map_err(cannot)?;
    match wanted {
        Wanted::Time if read.to_datetime().is_err() || read.hour().is_none() => Err("names no whole date and time".to_string()),
        Wanted::Date if read.to_date().is_err() => Err("names no whole date".to_string()),
        Wanted::Date | Wanted::Time | Wanted::Text => Ok(()),
    }
}

/// Whether what a format reads carries an offset.
pub(crate) fn reads_offset(format: &str) -> bool {
    format.contains("%z") || format.contains("%:z")
}

impl Parts<'_> {
    /// The offset, where there is one.
    pub(super) fn offset(&self) -> Option<Offset> {
        match self.offset.as_bytes() {
            [b'Z'] => Some(Offset::UTC),
            [sign, ..] => {
                let number = |from: usize| self.offset.get(from..from + 2)?.parse::<i32>().ok();
                let seconds = number(1)? * 3600 + number(4)? * 60;
                Offset::from_seconds(if *sign == b'-' { -seconds } else { seconds }).ok()
            }
            [] => None,
        }
    }
}
