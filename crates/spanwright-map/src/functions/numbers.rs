//! Numbers out of texts, and rounding.

use std::borrow::Cow;

use spanwright_shape::{number::Number, value::Value};

use super::{Asked, Function, Makes, Nulls, Result, Types, types::nothing};
use crate::run::{
    Kinds, Outcome, What,
    numbers::{self, Rounding},
};

/// `tonumber`
pub static TONUMBER: Function = Function {
    name: "tonumber",
    takes: &[""],
    about: "The number that a text spells, exact: `\"12.50\"` is `12.50`. Leading zeros are dropped; white space and commas are no number.",
    example: ["tonumber", r#""12.50""#, "12.50"],
    ours: false,
    makes: Makes::Value {
        run: |asked| match asked.dot {
            Value::Number(_) => Ok(asked.dot),
            _ => spelt(asked),
        },
        prepare: nothing,
        types: Types {
            dot: Kinds::TEXT.or(Kinds::NUMBER),
            nulls: Nulls::Fail,
            arguments: Kinds::NONE,
            gives: Result::Number,
            can_fail: true,
        },
    },
};

/// `toint`
pub static TOINT: Function = Function {
    name: "toint",
    takes: &[""],
    about: "The whole number that a text spells or a number is; `\"0000100042\"` is `100042`, `\"12.00\"` is `12`, and a fraction fails.",
    example: ["toint", r#""0000100042""#, "100042"],
    ours: true,
    makes: Makes::Value {
        run: |asked| {
            let number = match asked.dot {
                Value::Number(number) => number,
                _ => match spelt(asked)? {
                    Value::Number(number) => number,
                    _ => return Err(asked.stop(What::NotANumber)),
                },
            };
            whole(asked, &number)
        },
        prepare: nothing,
        types: Types {
            dot: Kinds::TEXT.or(Kinds::NUMBER),
            nulls: Nulls::Fail,
            arguments: Kinds::NONE,
            gives: Result::Whole,
            can_fail: true,
        },
    },
};

/// `round`
pub static ROUND: Function = Function {
    name: "round",
    takes: &["", "places"],
    about: "Rounded to a whole number, or to so many places, half away from zero as in commerce: `2.675 | round(2)` is `2.68`. Exact: no binary fraction is in between. `round(places)` is ours.",
    example: ["round(2)", "2.675", "2.68"],
    ours: false,
    makes: Makes::Value {
        run: |asked| rounded(asked, Rounding::HalfUp),
        prepare: nothing,
        types: Types { dot: Kinds::NUMBER, nulls: Nulls::Fail, arguments: Kinds::NUMBER, gives: Result::Number, can_fail: false },
    },
};

/// `floor`
pub static FLOOR: Function = Function {
    name: "floor",
    takes: &[""],
    about: "The next whole number below.",
    example: ["floor", "-2.5", "-3"],
    ours: false,
    makes: Makes::Value {
        run: |asked| rounded(asked, Rounding::Down),
        prepare: nothing,
        types: Types { dot: Kinds::NUMBER, nulls: Nulls::Fail, arguments: Kinds::NONE, gives: Result::Whole, can_fail: false },
    },
};

/// `ceil`
pub static CEIL: Function = Function {
    name: "ceil",
    takes: &[""],
    about: "The next whole number above.",
    example: ["ceil", "2.1", "3"],
    ours: false,
    makes: Makes::Value {
        run: |asked| rounded(asked, Rounding::Up),
        prepare: nothing,
        types: Types { dot: Kinds::NUMBER, nulls: Nulls::Fail, arguments: Kinds::NONE, gives: Result::Whole, can_fail: false },
    },
};

/// `trunc`
pub static TRUNC: Function = Function {
    name: "trunc",
    takes: &[""],
    about: "The number without what is behind its point.",
    example: ["map(trunc)", "[2.7, -2.7]", "[2,-2]"],
    ours: false,
    makes: Makes::Value {
        run: |asked| {
            let below = asked.number()?.compare(&Number::int(0)) == std::cmp::Ordering::Less;
            rounded(asked, if below { Rounding::Up } else { Rounding::Down })
        },
        prepare: nothing,
        types: Types::of(Kinds::NUMBER, Result::Whole),
    },
};

/// `abs`
pub static ABS: Function = Function {
    name: "abs",
    takes: &[""],
    about: "The number without its sign.",
    example: ["abs", "-12.50", "12.50"],
    ours: false,
    makes: Makes::Value {
        run: |asked| {
            // jq asks whether it is below zero in its order of all values: texts and lists are not, null and flags are.
            match asked.dot {
                Value::Number(number) if number.compare(&Number::int(0)) == std::cmp::Ordering::Less => {
                    asked.run.number(numbers::negate(&number), asked.site)
                }
                Value::Null | Value::Bool(_) => Err(asked.wants(Kinds::NUMBER)),
                _ => Ok(asked.dot),
            }
        },
        prepare: nothing,
        types: Types { dot: Kinds::NUMBER, nulls: Nulls::Fail, arguments: Kinds::NONE, gives: Result::Number, can_fail: false },
    },
};

/// Places that `round` takes.
const PLACES_MOST: i64 = 100;

fn spelt<'a>(asked: &Asked<'a, '_>) -> Outcome<'a> {
    let Value::Text(text) = asked.dot else { return Err(asked.wants(Kinds::TEXT.or(Kinds::NUMBER))) };
    let token = numbers::token(text).ok_or_else(|| asked.stop(What::NotANumber))?;
    let kept = match token {
        Cow::Borrowed(_) => text,
        Cow::Owned(tidy) => asked.run.text(&tidy, asked.site)?,
    };
    Number::parse(kept).map(Value::Number).map_err(|_| asked.stop(What::NotANumber))
}

/// The number without zeros behind its point.
pub(super) fn whole<'a>(asked: &Asked<'a, '_>, number: &Number<'_>) -> Outcome<'a> {
    match numbers::round(number, 0, Rounding::Down) {
        Ok(down) => {
            let made = asked.run.number(Ok(down), asked.site)?;
            match made {
                Value::Number(made) if made.same(number) => Ok(Value::Number(made)),
                _ => Err(asked.stop(What::NotWhole)),
            }
        }
        Err(what) => Err(asked.stop(what)),
    }
}

pub(super) fn rounded<'a>(asked: &Asked<'a, '_>, rounding: Rounding) -> Outcome<'a> {
    let number = asked.number()?;
    let places = match asked.arguments {
        [] => 0,
        [Value::Number(places), ..] => places
            .as_i64()
            .filter(|places| (0..=PLACES_MOST).contains(places))
            .ok_or_else(|| asked.stop(What::Argument("a number is rounded to 0 to 100 places")))?,
        [other, ..] => return Err(asked.stop(What::Kind { who: asked.who, wants: Kinds::NUMBER, got: other.kind() })),
    };
    asked.run.number(numbers::round(&number, places, rounding), asked.site)
}
