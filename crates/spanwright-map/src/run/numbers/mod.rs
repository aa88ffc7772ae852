//! Exact arithmetic: a word where it fits, big integers with a scale beyond.
//!
//! Sums, differences and products are exact. A quotient has at most [`QUOTIENT_DIGITS`] significant digits, rounded
//! half to even. A computed number has no needless zeros behind its point (`1.50 + 1.50` is `3`), as jq prints it;
//! a number that is only copied stays as it was written. Digits and exponent are bounded after each operation:
//! `1e1000 * 1e1000` is a failure and not a memory bomb.

mod big;

use std::borrow::Cow;

use num_bigint::{BigInt, Sign};
use spanwright_shape::number::{NUMBER_DIGITS_MOST, Number};

use self::big::{Big, power};
use super::What;

/// Significant digits of a quotient that has no end: those of IEEE 754 decimal128.
pub const QUOTIENT_DIGITS: usize = 34;
/// Digits that a short number may have.
const SMALL_DIGITS: u32 = 18;
/// One more than the largest short number.
const SMALL_MOST: i128 = 10i128.pow(SMALL_DIGITS);

/// The result of an operation, not yet in a room.
#[derive(Clone, Debug, PartialEq)]
pub enum Computed {
    /// At most 18 digits and their scale.
    Small(i64, u8),
    /// A JSON number token.
    Exact(String),
}

type Result<T> = std::result::Result<T, What>;

/// `left + right`
pub fn add(left: &Number<'_>, right: &Number<'_>) -> Result<Computed> {
    if let (Number::Small { digits: a, scale: s }, Number::Small { digits: b, scale: t }) = (left, right) {
        let (a, b, scale) = aligned(*a, *s, *b, *t);
        if let Some(sum) = a.checked_add(b) {
            return small(sum, scale);
        }
    }
    let (left, right) = (Big::of(left), Big::of(right));
    let scale = left.scale.max(right.scale);
    Big { digits: left.scaled(scale)? + right.scaled(scale)?, scale }.computed()
}

/// `left - right`
pub fn subtract(left: &Number<'_>, right: &Number<'_>) -> Result<Computed> {
    match negate(right)? {
        Computed::Small(digits, scale) => add(left, &Number::Small { digits, scale }),
        Computed::Exact(text) => add(left, &Number::Exact(&text)),
    }
}

/// `-number`; only its sign changes, the zeros behind its point stay.
pub fn negate(number: &Number<'_>) -> Result<Computed> {
    Ok(match number {
        Number::Small { digits, scale } => Computed::Small(-digits, *scale),
        Number::Exact(text) => Computed::Exact(text.strip_prefix('-').map_or_else(|| format!("-{text}"), str::to_string)),
    })
}

/// `left * right`
pub fn multiply(left: &Number<'_>, right: &Number<'_>) -> Result<Computed> {
    if let (Number::Small { digits: a, scale: s }, Number::Small { digits: b, scale: t }) = (left, right) {
        return small(i128::from(*a) * i128::from(*b), s + t);
    }
    let (left, right) = (Big::of(left), Big::of(right));
    Big { digits: left.digits * right.digits, scale: left.scale + right.scale }.computed()
}

/// `left / right`, with at most [`QUOTIENT_DIGITS`] digits, half to even.
pub fn divide(left: &Number<'_>, right: &Number<'_>) -> Result<Computed> {
    let (left, right) = (Big::of(left), Big::of(right));
    if right.is_zero() {
        return Err(What::Zero);
    }
    let wanted = QUOTIENT_DIGITS as i64 + 1 + right.length() - left.length();
    let shift = wanted.max(0);
    let numerator = &left.digits * power(shift)?;
    let quotient = &numerator / &right.digits;
    let sticky = &quotient * &right.digits != numerator;
    Big { digits: quotient, scale: left.scale - right.scale + shift }.rounded_to_digits(QUOTIENT_DIGITS, sticky)?.computed()
}

/// `left % right`: both cut to whole numbers, the sign of the left, as jq has it.
pub fn remainder(left: &Number<'_>, right: &Number<'_>) -> Result<Computed> {
    let (left, right) = (Big::of(left).whole()?, Big::of(right).whole()?);
    if right.sign() == Sign::NoSign {
        return Err(What::Zero);
    }
    Big { digits: left % right, scale: 0 }.computed()
}

/// How a number is cut to fewer digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Half away from zero: commercial rounding.
    HalfUp,
    /// Half to the even digit.
    HalfEven,
    /// Towards minus infinity.
    Down,
    /// Towards plus infinity.
    Up,
}

/// Rounded to so many digits behind the point; a number with fewer stays as it is.
pub fn round(number: &Number<'_>, places: i64, rounding: Rounding) -> Result<Computed> {
    if let Number::Small { digits, scale } = number
        && let Ok(places) = u8::try_from(places)
    {
        return if *scale <= places { small(i128::from(*digits), *scale) } else { round_small(*digits, *scale, places, rounding) };
    }
    let big = Big::of(number);
    if big.scale <= places {
        return big.computed();
    }
    let unit = power(big.scale - places)?;
    let (cut, rest) = (&big.digits / &unit, &big.digits % &unit);
    let up = match rounding {
        Rounding::HalfUp => rest.magnitude() * 2u32 >= *unit.magnitude(),
        Rounding::HalfEven => match (rest.magnitude() * 2u32).cmp(unit.magnitude()) {
            std::cmp::Ordering::Equal => cut.bit(0),
            order => order.is_gt(),
        },
        Rounding::Down => rest.sign() == Sign::Minus,
        Rounding::Up => rest.sign() == Sign::Plus,
    };
    let away = if rest.sign() == Sign::Minus { BigInt::from(-1) } else { BigInt::from(1) };
    let digits = if up { cut + away } else { cut };
    Big { digits, scale: places }.computed()
}

/// The same within a word: `places` are fewer than `scale`, which is 18 at most.
fn round_small(digits: i64, scale: u8, places: u8, rounding: Rounding) -> Result<Computed> {
    let unit = 10i64.pow(u32::from(scale - places));
    let (cut, rest) = (digits / unit, digits % unit);
    let up = match rounding {
        Rounding::HalfUp => rest.unsigned_abs() * 2 >= unit.unsigned_abs(),
        Rounding::HalfEven => match (rest.unsigned_abs() * 2).cmp(&unit.unsigned_abs()) {
            std::cmp::Ordering::Equal => cut % 2 != 0,
            order => order.is_gt(),
        },
        Rounding::Down => rest < 0,
        Rounding::Up => rest > 0,
    };
    small(i128::from(if up { cut + rest.signum() } else { cut }), places)
}

/// Rounded down to a whole number, where it fits a word.
pub fn floor_i64(number: &Number<'_>) -> Option<i64> {
    match number {
        Number::Small { digits, scale } => Some(digits.div_euclid(10i64.checked_pow(u32::from(*scale))?)),
        Number::Exact(_) => match round(number, 0, Rounding::Down).ok()? {
            Computed::Small(digits, 0) => Some(digits),
            Computed::Small(..) => None,
            Computed::Exact(text) => text.parse().ok(),
        },
    }
}

/// How often `"x" * number` repeats: nothing below zero; a fraction counts as jq 1.8.2 counts it.
pub fn repetitions(number: &Number<'_>) -> Option<usize> {
    if number.compare(&Number::int(0)) == std::cmp::Ordering::Less {
        return None;
    }
    Some(floor_i64(number).and_then(|whole| usize::try_from(whole).ok()).unwrap_or(usize::MAX))
}

/// Text that a number token, or what people write for one, stands in: leading zeros and a bare point are taken, as jq's `tonumber` does.
pub fn token(text: &str) -> Option<Cow<'_, str>> {
    if text.len() > NUMBER_DIGITS_MOST * 2 {
        return None;
    }
    match Number::parse(text) {
        Ok(_) => return Some(Cow::Borrowed(text)),
        Err(spanwright_shape::number::NumberFault::TooLong) => return None,
        Err(spanwright_shape::number::NumberFault::NotANumber) => (),
    }
    let (sign, rest) = text.strip_prefix('-').map_or(("", text.strip_prefix('+').unwrap_or(text)), |rest| ("-", rest));
    let (mantissa, exponent) = rest.find(['e', 'E']).map_or((rest, ""), |at| rest.split_at(at));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let trimmed = whole.trim_start_matches('0');
    let whole = if trimmed.is_empty() { "0" } else { trimmed };
    let point = if fraction.is_empty() { "" } else { "." };
    let tidy = format!("{sign}{whole}{point}{fraction}{exponent}");
    Number::parse(&tidy).ok()?;
    Some(Cow::Owned(tidy))
}

fn aligned(a: i64, s: u8, b: i64, t: u8) -> (i128, i128, u8) {
    let up = |n: i64, by: u8| i128::from(n) * 10i128.pow(u32::from(by));
    (up(a, t.saturating_sub(s)), up(b, s.saturating_sub(t)), s.max(t))
}

/// Without needless zeros; short where it fits. Nearly always within a word, whose division is far cheaper.
fn small(digits: i128, mut scale: u8) -> Result<Computed> {
    let Ok(mut short) = i64::try_from(digits) else { return Big { digits: digits.into(), scale: i64::from(scale) }.computed() };
    while scale > 0 && short % 10 == 0 {
        short /= 10;
        scale -= 1;
    }
    if i128::from(short).abs() < SMALL_MOST && u32::from(scale) <= SMALL_DIGITS {
        return Ok(Computed::Small(short, scale));
    }
    Big { digits: short.into(), scale: i64::from(scale) }.computed()
}

#[cfg(test)]
mod tests;
