//! Numbers beyond a word: an integer of any length and a scale.

use num_bigint::{BigInt, Sign};
use spanwright_shape::number::{NUMBER_DIGITS_MOST, NUMBER_EXPONENT_MOST, Number};

use super::{Computed, Result, SMALL_DIGITS, What};

/// `10^n`, bounded by what two numbers at their bounds can be apart.
pub(super) fn power(n: i64) -> Result<BigInt> {
    let most = 2 * i64::from(NUMBER_EXPONENT_MOST) + 2 * NUMBER_DIGITS_MOST as i64;
    if n > most { Err(What::NumberTooLong) } else { Ok(BigInt::from(10u8).pow(u32::try_from(n).unwrap_or(0))) }
}

/// `digits * 10^-scale`
pub(super) struct Big {
    pub(super) digits: BigInt,
    pub(super) scale: i64,
}

impl Big {
    pub(super) fn of(number: &Number<'_>) -> Big {
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

    pub(super) fn is_zero(&self) -> bool {
        self.digits.sign() == Sign::NoSign
    }

    pub(super) fn length(&self) -> i64 {
        self.digits.magnitude().to_string().len() as i64
    }

    pub(super) fn scaled(&self, scale: i64) -> Result<BigInt> {
        Ok(&self.digits * power(scale - self.scale)?)
    }

    /// Cut to a whole number.
    pub(super) fn whole(self) -> Result<BigInt> {
        if self.scale <= 0 { self.scaled(0) } else { Ok(self.digits / power(self.scale)?) }
    }

    /// `sticky`: something not zero was cut off already.
    pub(super) fn rounded_to_digits(self, most: usize, sticky: bool) -> Result<Big> {
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
    pub(super) fn computed(self) -> Result<Computed> {
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
