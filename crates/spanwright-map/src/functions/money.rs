//! Amounts: exact decimals, minor units, and parts that add up. `round(2)` is commercial rounding.

use spanwright_shape::{number::Number, value::Value};

use super::{Asked, Function, Makes, Result, Types, numbers::rounded, types::nothing};
use crate::run::{
    Kinds, Outcome, Stop, What,
    numbers::{self, Rounding},
};

/// Places of a currency that a minor unit may have; four in ISO 4217 (CLF), and some to spare.
const MINOR_PLACES_MOST: i64 = 9;
/// Parts that an amount is split into.
const SHARES_MOST: i64 = 1_000;

const WITH_PLACES: Types = Types::of(Kinds::NUMBER, Result::Number).with(Kinds::NUMBER).can_fail();

/// `round_even`
pub static ROUND_EVEN: Function = Function {
    name: "round_even",
    takes: &["", "places"],
    about: "Rounded to a whole number or to so many places, half to the even digit, as statisticians and some banks do: `2.675` and `2.685` are `2.68`.",
    example: ["map(round_even(2))", "[2.675, 2.685]", "[2.68,2.68]"],
    ours: true,
    makes: Makes::Value { run: |asked| rounded(asked, Rounding::HalfEven), prepare: nothing, types: WITH_PLACES },
};

/// `decimals`
pub static DECIMALS: Function = Function {
    name: "decimals",
    takes: &["places"],
    about: "The number as text with exactly so many places, rounded commercially: `12.5 | decimals(2)` is `\"12.50\"`.",
    example: ["decimals(2)", "12.5", r#""12.50""#],
    ours: true,
    makes: Makes::Value { run: decimals, prepare: nothing, types: Types::of(Kinds::NUMBER, Result::Text).with(Kinds::NUMBER).can_fail() },
};

/// `to_minor`
pub static TO_MINOR: Function = Function {
    name: "to_minor",
    takes: &["places"],
    about: "The amount in minor units: with 2 places `12.34` is `1234`. What is finer than a unit fails: round first.",
    example: ["to_minor(2)", "12.34", "1234"],
    ours: true,
    makes: Makes::Value {
        run: |asked| {
            let factor = Number::int(10i64.pow(places(asked)?));
            let made = asked.run.number(numbers::multiply(&asked.number()?, &factor), asked.site)?;
            super::numbers::whole(asked, &number_of(asked, made)?)
        },
        prepare: nothing,
        types: Types::of(Kinds::NUMBER, Result::Whole).with(Kinds::NUMBER).can_fail(),
    },
};

/// `from_minor`
pub static FROM_MINOR: Function = Function {
    name: "from_minor",
    takes: &["places"],
    about: "The amount of so many minor units: with 2 places `1234` is `12.34`.",
    example: ["from_minor(2)", "1234", "12.34"],
    ours: true,
    makes: Makes::Value {
        run: |asked| {
            let factor = Number::Small { digits: 1, scale: u8::try_from(places(asked)?).unwrap_or(0) };
            asked.run.number(numbers::multiply(&asked.number()?, &factor), asked.site)
        },
        prepare: nothing,
        types: WITH_PLACES,
    },
};

/// `shares`
pub static SHARES: Function = Function {
    name: "shares",
    takes: &["parts; places"],
    about: "The amount in so many parts that differ by one minor unit at most and add up to it; the larger ones come first.",
    example: ["shares(3; 2)", "100", "[33.34,33.33,33.33]"],
    ours: true,
    makes: Makes::Value {
        run: shares,
        prepare: nothing,
        types: Types::of(Kinds::NUMBER, Result::Of(|checker, _, _| checker.numbers())).with(Kinds::NUMBER).can_fail(),
    },
};

fn number_of<'a>(asked: &Asked<'a, '_>, value: Value<'a>) -> std::result::Result<Number<'a>, Stop> {
    match value {
        Value::Number(number) => Ok(number),
        other => Err(asked.stop(What::Kind { who: asked.who, wants: Kinds::NUMBER, got: other.kind() })),
    }
}

/// The last argument: places of the currency.
fn places(asked: &Asked<'_, '_>) -> std::result::Result<u32, Stop> {
    let last = asked.arguments.len().saturating_sub(1);
    let places = number_of(asked, asked.argument(last))?;
    let within = places.as_i64().filter(|places| (0..=MINOR_PLACES_MOST).contains(places));
    let within = within.and_then(|places| u32::try_from(places).ok());
    within.ok_or_else(|| asked.stop(What::Argument("a minor unit has 0 to 9 places")))
}

fn decimals<'a>(asked: &Asked<'a, '_>) -> Outcome<'a> {
    let places = number_of(asked, asked.argument(0))?.as_i64().and_then(|places| usize::try_from(places).ok());
    let text = match rounded(asked, Rounding::HalfUp)? {
        Value::Number(number) => asked.run.text(&number.to_string(), asked.site)?,
        _ => "",
    };
    if text.contains(['e', 'E']) {
        return Err(asked.stop(What::NumberTooLong));
    }
    let places = places.unwrap_or(0);
    let have = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let point = if have == 0 && places > 0 { "." } else { "" };
    let zeros = "0".repeat(places.saturating_sub(have));
    asked.run.joined(&[text, point, &zeros], asked.site)
}

fn shares<'a>(asked: &Asked<'a, '_>) -> Outcome<'a> {
    let parts = number_of(asked, asked.argument(0))?.as_i64().filter(|parts| (1..=SHARES_MOST).contains(parts));
    let parts = parts.ok_or_else(|| asked.stop(What::Argument("an amount has 1 to 1000 parts")))?;
    let places = places(asked)?;
    let unit = Number::int(10i64.pow(places));
    let total = asked.run.number(numbers::multiply(&asked.number()?, &unit), asked.site)?;
    let total = number_of(asked, total)?.as_i64().ok_or_else(|| asked.stop(What::NotWhole))?;
    let (each, rest) = (total / parts, total % parts);
    let scale = u8::try_from(places).unwrap_or(0);
    let mut made = Vec::new();
    for n in 0..parts {
        let more = if n < rest.abs() { rest.signum() } else { 0 };
        let amount = Number::Small { digits: each + more, scale };
        made.push(asked.run.number(numbers::round(&amount, i64::from(scale), Rounding::Down), asked.site)?);
    }
    asked.run.list(&made, asked.site)
}
