//! Arithmetic with dates and times. Periods are ISO 8601 (`P1M`, `PT90M`); calendar units are counted on the calendar:
//! a month after January 31 is the last day of February.

use jiff::{SignedDuration, Span, Timestamp, civil};
use spanwright_shape::{number::Number, shape::Zone, value::Value};

use super::{
    Asked, Function, Makes, Prepared, Result, Types,
    dates::{date_only, moment, offset_text, parts},
    types::nothing,
};
use crate::{
    codes,
    lower::{Lowering, Place},
    op::{Literal, Op, OpKind},
    run::{Kinds, Outcome, Stop, What, numbers},
};

const MOVED: Types = Types::of(Kinds::TEXT, Result::Of(|checker, dot, _| checker.same_time(dot))).with(Kinds::TEXT).can_fail();
const TO_DATE: Types = Types::of(Kinds::TEXT, Result::Of(|checker, _, _| checker.date(Zone::Never))).can_fail();

/// `plus`
pub static PLUS: Function = Function {
    name: "plus",
    takes: &["\"period\""],
    about: "A date or date-time a period later: `P14D`, `P1M`, `P1Y2M`, `PT36H`. The offset stays as it is; behind `in_zone(..)` it is right again.",
    example: [r#"plus("P1M")"#, r#""2026-01-31""#, r#""2026-02-28""#],
    ours: true,
    makes: Makes::Value { run: |asked| moved(asked, 1), prepare: period, types: MOVED },
};

/// `minus`
pub static MINUS: Function = Function {
    name: "minus",
    takes: &["\"period\""],
    about: "A date or date-time a period earlier.",
    example: [r#"minus("PT1H")"#, r#""2026-07-01T00:30:00Z""#, r#""2026-06-30T23:30:00Z""#],
    ours: true,
    makes: Makes::Value { run: |asked| moved(asked, -1), prepare: period, types: MOVED },
};

/// `days_to`
pub static DAYS_TO: Function = Function {
    name: "days_to",
    takes: &["other"],
    about: "Days from the date of the input to the date of another, as they are written; negative where the other is earlier.",
    example: [r#"days_to("2026-07-15")"#, r#""2026-07-01""#, "14"],
    ours: true,
    makes: Makes::Value {
        run: |asked| {
            let (from, to) = (day(asked, asked.text()?)?, day(asked, asked.argument_text(0)?)?);
            Ok(Value::Number(Number::int(i64::from((to - from).get_days()))))
        },
        prepare: nothing,
        types: Types::of(Kinds::TEXT, Result::Whole).with(Kinds::TEXT).can_fail(),
    },
};

/// `seconds_to`
pub static SECONDS_TO: Function = Function {
    name: "seconds_to",
    takes: &["other"],
    about: "Seconds from a date-time to another; both have an offset, or both have none.",
    example: [r#"seconds_to("2026-07-01T08:00:00+02:00")"#, r#""2026-07-01T05:59:30Z""#, "30"],
    ours: true,
    makes: Makes::Value {
        run: |asked| {
            let (one, other) = (instant(asked, asked.text()?)?, instant(asked, asked.argument_text(0)?)?);
            if one.1 != other.1 {
                return Err(asked.stop(What::Argument("one of the times has an offset and the other has none")));
            }
            seconds(asked, other.0.duration_since(one.0))
        },
        prepare: nothing,
        types: Types::of(Kinds::TEXT, Result::Number).with(Kinds::TEXT).can_fail(),
    },
};

/// `weekday`
pub static WEEKDAY: Function = Function {
    name: "weekday",
    takes: &[""],
    about: "The day of the week, Monday is 1 and Sunday 7 (ISO 8601).",
    example: ["weekday", r#""2026-07-01""#, "3"],
    ours: true,
    makes: Makes::Value {
        run: |asked| Ok(Value::Number(Number::int(i64::from(day(asked, asked.text()?)?.weekday().to_monday_one_offset())))),
        prepare: nothing,
        types: Types::of(Kinds::TEXT, Result::Whole).can_fail(),
    },
};

/// `month_start`
pub static MONTH_START: Function = Function {
    name: "month_start",
    takes: &[""],
    about: "The first day of the month.",
    example: ["month_start", r#""2026-02-14""#, r#""2026-02-01""#],
    ours: true,
    makes: Makes::Value {
        run: |asked| asked.made_text(&day(asked, asked.text()?)?.first_of_month().to_string()),
        prepare: nothing,
        types: TO_DATE,
    },
};

/// `month_end`
pub static MONTH_END: Function = Function {
    name: "month_end",
    takes: &[""],
    about: "The last day of the month.",
    example: ["month_end", r#""2028-02-14""#, r#""2028-02-29""#],
    ours: true,
    makes: Makes::Value {
        run: |asked| asked.made_text(&day(asked, asked.text()?)?.last_of_month().to_string()),
        prepare: nothing,
        types: TO_DATE,
    },
};

/// `epoch`
pub static EPOCH: Function = Function {
    name: "epoch",
    takes: &[""],
    about: "Seconds since 1970 in UTC of a date-time with an offset; a fraction stays. In milliseconds: `epoch * 1000`.",
    example: ["epoch", r#""2026-07-01T06:00:00Z""#, "1782885600"],
    ours: true,
    makes: Makes::Value {
        run: |asked| match instant(asked, asked.text()?)? {
            (at, true) => seconds(asked, at.duration_since(Timestamp::UNIX_EPOCH)),
            (_, false) => Err(asked.stop(What::Argument("the time carries no offset: say `zoned(..)` first"))),
        },
        prepare: nothing,
        types: Types::of(Kinds::TEXT, Result::Number).can_fail(),
    },
};

/// `from_epoch`
pub static FROM_EPOCH: Function = Function {
    name: "from_epoch",
    takes: &[""],
    about: "The date-time in UTC of so many seconds since 1970; of milliseconds: `. / 1000 | from_epoch`.",
    example: ["from_epoch", "1782885600.5", r#""2026-07-01T06:00:00.5Z""#],
    ours: true,
    makes: Makes::Value {
        run: |asked| {
            let nanoseconds = numbers::multiply(&asked.number()?, &Number::int(1_000_000_000));
            let nanoseconds = match asked.run.number(nanoseconds, asked.site)? {
                Value::Number(nanoseconds) => numbers::floor_i64(&nanoseconds),
                _ => None,
            };
            let at = nanoseconds.and_then(|n| Timestamp::from_nanosecond(i128::from(n)).ok());
            let at = at.ok_or_else(|| asked.stop(What::Argument("the moment is beyond what a time may be")))?;
            asked.made_text(&at.to_string())
        },
        prepare: nothing,
        types: Types::of(Kinds::NUMBER, Result::Of(|checker, _, _| checker.date_time(Zone::Must))).can_fail(),
    },
};

fn day(asked: &Asked<'_, '_>, text: &str) -> std::result::Result<civil::Date, Stop> {
    let date = parts(text).map(|parts| parts.local.date()).or_else(|| date_only(text));
    date.ok_or_else(|| asked.stop(What::NotADate))
}

/// The moment, and whether an offset said which; without one as if it were UTC.
fn instant(asked: &Asked<'_, '_>, text: &str) -> std::result::Result<(Timestamp, bool), Stop> {
    let parts = parts(text).ok_or_else(|| asked.stop(What::NotADate))?;
    let zoned = if parts.offset.is_empty() { format!("{text}Z").parse() } else { text.parse() };
    zoned.map(|at| (at, !parts.offset.is_empty())).map_err(|_| asked.stop(What::NotADate))
}

fn seconds<'a>(asked: &Asked<'a, '_>, duration: SignedDuration) -> Outcome<'a> {
    let whole = numbers::multiply(&Number::int(duration.as_secs()), &Number::int(1));
    let Value::Number(whole) = asked.run.number(whole, asked.site)? else { return Ok(Value::Null) };
    let fraction = Number::Small { digits: i64::from(duration.subsec_nanos()), scale: 9 };
    asked.run.number(numbers::add(&whole, &fraction), asked.site)
}

fn period(lowering: &mut Lowering<'_>, at: Place, arguments: &[Op]) -> Prepared {
    let [Op { kind: OpKind::Literal(Literal::Text(text)), .. }] = arguments else { return Prepared::Nothing };
    match span(text) {
        Some(span) => Prepared::Period(Box::new(span)),
        None => {
            let help = "periods are ISO 8601: `P14D`, `P1M`, `P1Y2M3D`, `PT36H`".to_string();
            lowering.fault(&codes::FORMAT, at, format!("`{text}` is no period"), help);
            Prepared::Nothing
        }
    }
}

/// ISO 8601 only: the library would also read `1 day`.
fn span(text: &str) -> Option<Span> {
    text.strip_prefix('-').unwrap_or(text).starts_with('P').then(|| text.parse().ok())?
}

fn moved<'a>(asked: &Asked<'a, '_>, sign: i64) -> Outcome<'a> {
    let span = match asked.prepared {
        Prepared::Period(span) => **span,
        _ => span(asked.argument_text(0)?).ok_or_else(|| asked.stop(What::Argument("the argument is no period: `P14D`, `PT36H`")))?,
    };
    let beyond = |_| asked.stop(What::Argument("the moment is beyond what a time may be"));
    let span = if sign < 0 { span.negate() } else { span };
    let text = asked.text()?;
    if let Some(date) = date_only(text) {
        if span.get_hours() != 0 || span.get_minutes() != 0 || span.get_seconds() != 0 {
            return Err(asked.stop(What::Argument("a date has no hours to be moved by")));
        }
        let moved = date.checked_add(span).map_err(beyond)?;
        return asked.made_text(&format!("{moved}{}", &text[10..]));
    }
    let (local, offset) = moment(asked)?;
    let moved = local.checked_add(span).map_err(beyond)?;
    asked.made_text(&format!("{moved}{}", offset.map(offset_text).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::{Env, Program};
    use spanwright_shape::{json, room::Room};

    fn check(program: &str, input: &str, expected: &str) {
        let (room, work) = (Room::new(), Room::new());
        let env = Env { dot: json::read(input.as_bytes(), &room).unwrap(), names: &[] };
        let program = Program::of(program).unwrap_or_else(|| panic!("{program} is refused"));
        let shown = match program.one(&env, &work) {
            Ok(Some(value)) => {
                let mut out = Vec::new();
                json::write(&value, &mut out);
                String::from_utf8(out).unwrap()
            }
            Ok(None) => String::new(),
            Err(fault) => fault.failure.code.id.to_string(),
        };
        assert_eq!(shown, expected, "{program:?} of {input}", program = program.text());
    }

    #[test]
    fn a_calendar_period_stays_on_the_calendar() {
        check(r#"plus("P1M")"#, r#""2026-01-31""#, r#""2026-02-28""#);
        check(r#"plus("P1Y")"#, r#""2028-02-29""#, r#""2029-02-28""#);
        check(r#"minus("P1D")"#, r#""2026-03-01T10:00:00.25+01:00""#, r#""2026-02-28T10:00:00.25+01:00""#);
        check(r#"plus("PT90M")"#, r#""2026-12-31T23:00:00""#, r#""2027-01-01T00:30:00""#);
        check(r#"plus("P\(1 + 1)D")"#, r#""2026-12-31""#, r#""2027-01-02""#);
    }

    #[test]
    fn what_cannot_be_moved_fails() {
        check(r#"plus("PT1H")"#, r#""2026-01-31""#, "R1005");
        check(r#"plus("P9999Y")"#, r#""2026-01-31""#, "R1005");
        check(r#"plus("P1D")"#, r#""tomorrow""#, "R1004");
        check("plus(.)", r#""2026-01-31""#, "R1005");
        check("epoch", r#""2026-01-31T00:00:00""#, "R1005");
        check("from_epoch", "1e300", "R1005");
    }

    #[test]
    fn seconds_are_exact() {
        check("epoch", r#""1969-12-31T23:59:59.75Z""#, "-0.25");
        check("epoch", r#""2026-07-01T08:00:00.123+02:00""#, "1782885600.123");
        check("epoch | from_epoch", r#""2026-07-01T08:00:00+02:00""#, r#""2026-07-01T06:00:00Z""#);
        check(r#"seconds_to("2026-03-29T03:00:00")"#, r#""2026-03-29T01:00:00""#, "7200");
        check(r#"seconds_to("2026-03-29T03:00:00Z")"#, r#""2026-03-29T01:00:00""#, "R1005");
        check(r#"days_to("2025-12-31")"#, r#""2026-01-01T23:00:00-08:00""#, "-1");
    }

    #[test]
    fn other_spellings_are_read_and_written() {
        check(r#"read_date("%d.%m.%y")"#, r#""01.07.69""#, r#""1969-07-01""#);
        check(r#"read_date("%d %b %Y")"#, r#""1 Jul 2026""#, r#""2026-07-01""#);
        check(r#"read_date("%Y%m%d")"#, r#""20260230""#, "R1004");
        check(r#"read_time("%m/%d/%Y %I:%M %p")"#, r#""07/01/2026 08:30 PM""#, r#""2026-07-01T20:30:00""#);
        check(r#"read_time("%Y-%m-%d %H:%M:%S %z")"#, r#""2026-07-01 08:30:00 +0530""#, r#""2026-07-01T08:30:00+05:30""#);
        check(r#"write_time("%A, %d %B %Y")"#, r#""2026-07-01""#, r#""Wednesday, 01 July 2026""#);
        check(r#"write_time("%G-W%V")"#, r#""2027-01-01""#, r#""2026-W53""#);
        check(r#"write_time("%Y%m%dT%H%M%S%z")"#, r#""2026-07-01T08:30:00-03:30""#, r#""20260701T083000-0330""#);
        check(r#"in_zone("America/New_York")"#, r#""2026-07-01T08:30:00+02:00""#, r#""2026-07-01T02:30:00-04:00""#);
        check(r#"in_zone("America/New_York")"#, r#""2026-07-01T08:30:00""#, "R1004");
    }

    #[test]
    fn a_format_or_period_that_is_none_is_found_before_it_runs() {
        for program in [r#"read_date("%J")"#, r#"read_date("%H:%M")"#, r#"read_time("%d.%m.%Y")"#, "read_date(.)", r#"plus("1 day")"#] {
            assert!(Program::of(program).is_none(), "{program}");
        }
    }
}
