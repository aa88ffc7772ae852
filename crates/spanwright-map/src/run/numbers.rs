//! Exact arithmetic: a word where it fits, big integers with a scale beyond.
//!
//! Sums, differences and products are exact. A quotient has at most [`QUOTIENT_DIGITS`] significant digits, rounded
//! half to even. A computed number has no needless zeros behind its point (`1.50 + 1.50` is `3`), as jq prints it;
//! a number that is only copied stays as it was written. Digits and exponent are bounded after each operation:
//! `1e1000 * 1e1000` is a failure and not a memory bomb.

use std::borrow::Cow;

use num_bigint::{BigInt, Sign};
use spanwright_shape::number::{NUMBER_DIGITS_MOST, NUMBER_EXPONENT_MOST, Number};

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

/// `10^n`, bounded by what two numbers at their bounds can be apart.
fn power(n: i64) -> Result<BigInt> {
    let most = 2 * i64::from(NUMBER_EXPONENT_MOST) + 2 * NUMBER_DIGITS_MOST as i64;
    if n > most { Err(What::NumberTooLong) } else { Ok(BigInt::from(10u8).pow(u32::try_from(n).unwrap_or(0))) }
}

/// `digits * 10^-scale`
struct Big {
    digits: BigInt,
    scale: i64,
}

impl Big {
    fn of(number: &Number<'_>) -> Big {
        let text = match number {
            Number::Small { digits, scale } => return Big { digits: (*digits).into(), scale: i64::from(*scale) },
            Number::Exact(text) => *text,
        };
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let exponent: i64 = exponent.trim_start_matches('+').parse().unwrap_or(0);
        let digits = format!("{whole}{fraction}").parse().unwrap_or_default();
        Big { digits, scale: fraction.len() as i64 - exponent }
    }

    fn is_zero(&self) -> bool {
        self.digits.sign() == Sign::NoSign
    }

    fn length(&self) -> i64 {
        self.digits.magnitude().to_string().len() as i64
    }

    fn scaled(&self, scale: i64) -> Result<BigInt> {
        Ok(&self.digits * power(scale - self.scale)?)
    }

    /// Cut to a whole number.
    fn whole(self) -> Result<BigInt> {
        if self.scale <= 0 { self.scaled(0) } else { Ok(self.digits / power(self.scale)?) }
    }

    /// `sticky`: something not zero was cut off already.
    fn rounded_to_digits(self, most: usize, sticky: bool) -> Result<Big> {
        let over = self.length() - most as i64;
        if over <= 0 {
            return Ok(self);
        }
        let unit = power(over)?;
        let (cut, rest) = (&self.digits / &unit, &self.digits % &unit);
        let twice = rest.magnitude() * 2u32;
        let odd = cut.bit(0);
        let up = twice > *unit.magnitude() || (twice == *unit.magnitude() && (sticky || odd));
        let away = if self.digits.sign() == Sign::Minus { BigInt::from(-1) } else { BigInt::from(1) };
        Ok(Big { digits: if up { cut + away } else { cut }, scale: self.scale - over })
    }

    /// As a token: plain where it has at most [`NUMBER_DIGITS_MOST`] digits, else with an exponent.
    fn computed(self) -> Result<Computed> {
        let text = self.digits.magnitude().to_string();
        let kept = text.trim_end_matches('0').len().max(1);
        let zeros = if self.is_zero() { self.scale.max(0) } else { ((text.len() - kept) as i64).min(self.scale.max(0)) };
        let scale = if self.is_zero() { 0 } else { self.scale - zeros };
        let digits = &text[..text.len() - usize::try_from(zeros).unwrap_or(0).min(text.len() - 1)];
        let sign = if self.digits.sign() == Sign::Minus { "-" } else { "" };
        if digits.len() <= SMALL_DIGITS as usize && (0..=i64::from(SMALL_DIGITS)).contains(&scale) {
            let short: i64 = digits.parse().map_err(|_| What::NumberTooLong)?;
            return Ok(Computed::Small(if sign.is_empty() { short } else { -short }, u8::try_from(scale).unwrap_or(0)));
        }
        plain(sign, digits, scale).or_else(|| scientific(sign, digits, scale)).map(Computed::Exact).ok_or(What::NumberTooLong)
    }
}

fn plain(sign: &str, digits: &str, scale: i64) -> Option<String> {
    let most = NUMBER_DIGITS_MOST as i64;
    let length = digits.len() as i64;
    if scale <= 0 {
        let zeros = usize::try_from(-scale).ok()?;
        return (length - scale <= most).then(|| format!("{sign}{digits}{}", "0".repeat(zeros)));
    }
    if scale >= length {
        let zeros = usize::try_from(scale - length).ok()?;
        return (scale < most).then(|| format!("{sign}0.{}{digits}", "0".repeat(zeros)));
    }
    let point = usize::try_from(length - scale).ok()?;
    (length <= most).then(|| format!("{sign}{}.{}", &digits[..point], &digits[point..]))
}

fn scientific(sign: &str, digits: &str, scale: i64) -> Option<String> {
    let exponent = digits.len() as i64 - 1 - scale;
    let digits = digits.trim_end_matches('0');
    let (first, rest) = digits.split_at_checked(1)?;
    let point = if rest.is_empty() { "" } else { "." };
    (digits.len() <= NUMBER_DIGITS_MOST && exponent.abs() <= i64::from(NUMBER_EXPONENT_MOST))
        .then(|| format!("{sign}{first}{point}{rest}e{exponent}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn shown(computed: Result<Computed>) -> String {
        match computed {
            Ok(Computed::Small(digits, scale)) => Number::Small { digits, scale }.to_string(),
            Ok(Computed::Exact(text)) => text,
            Err(what) => format!("{what:?}"),
        }
    }

    fn check(operation: fn(&Number<'_>, &Number<'_>) -> Result<Computed>, left: &str, right: &str, expected: &str) {
        assert_eq!(shown(operation(&Number::parse(left).unwrap(), &Number::parse(right).unwrap())), expected, "{left} {right}");
    }

    #[test]
    fn sums_of_money_are_exact() {
        check(add, "0.1", "0.2", "0.3");
        check(add, "12.50", "0.50", "13");
        check(add, "9223372036854775807", "1", "9223372036854775808");
        check(subtract, "999999999999999999", "-1", "1000000000000000000");
        check(subtract, "1e20", "1", "99999999999999999999");
    }

    #[test]
    fn products_are_exact() {
        check(multiply, "1.10", "1.10", "1.21");
        check(multiply, "999999999999999999", "999999999999999999", "999999999999999998000000000000000001");
        check(multiply, "0.000000000000000001", "0.000000000000000001", "0.000000000000000000000000000000000001");
    }

    #[test]
    fn a_quotient_has_34_digits_half_to_even() {
        check(divide, "1", "3", "0.3333333333333333333333333333333333");
        check(divide, "2", "3", "0.6666666666666666666666666666666667");
        check(divide, "1", "8", "0.125");
        check(divide, "10", "2", "5");
        check(divide, "-7", "2", "-3.5");
        check(divide, "1000000000000000000000", "10", "100000000000000000000");
        check(divide, "1", "0", "Zero");
    }

    #[test]
    fn a_remainder_cuts_to_whole_numbers_and_has_the_sign_of_the_left() {
        check(remainder, "5.7", "3.2", "2");
        check(remainder, "-5", "3", "-2");
        check(remainder, "5", "-3", "2");
        check(remainder, "5", "0.5", "Zero");
    }

    #[test]
    fn what_would_grow_without_end_is_refused() {
        check(multiply, "1e1000", "1e1000", "NumberTooLong");
        check(add, "1e1000", "1e-1000", "NumberTooLong");
        check(multiply, "1e500", "10", &format!("1{}", "0".repeat(501)));
        check(multiply, "1e999", "10", "1e1000");
    }

    #[test]
    fn commercial_rounding_goes_away_from_zero_at_the_half() {
        let round2 = |text: &str| shown(round(&Number::parse(text).unwrap(), 2, Rounding::HalfUp));
        assert_eq!(round2("2.675"), "2.68");
        assert_eq!(round2("-2.675"), "-2.68");
        assert_eq!(round2("2.674999"), "2.67");
        assert_eq!(round2("0.994999999999999999999"), "0.99");
        assert_eq!(round2("3.10"), "3.1");
    }

    #[test]
    fn what_people_write_for_numbers_is_read_as_jq_reads_it() {
        assert_eq!(token("00501").as_deref(), Some("501"));
        assert_eq!(token("-007.50").as_deref(), Some("-7.50"));
        assert_eq!(token(".5").as_deref(), Some("0.5"));
        assert_eq!(token("1.").as_deref(), Some("1"));
        for text in ["", "-", ".", " 1", "1 ", "0x10", "1,5", "nan", "1e"] {
            assert_eq!(token(text), None, "{text}");
        }
    }
}
