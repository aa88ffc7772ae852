//! Exact decimal numbers: 18 digits in a word, longer ones as their text.
//!
//! `12.50` stays `12.50` and 2^63-1 stays exact. Two numbers that are equal may print differently
//! (`12.5`, `12.50`); [`Number::same`] compares by value. Arithmetic beyond a word lives with the language.

use std::{cmp::Ordering, fmt};

/// Digits that one number may have. Longer ones are refused at the door: arithmetic on them is a memory bomb.
pub const NUMBER_DIGITS_MOST: usize = 1_000;
/// The largest exponent, either way, that one number may carry.
pub const NUMBER_EXPONENT_MOST: i32 = 1_000;

/// Digits behind the point that are written out; a number with more is written with an exponent.
const SCALE_WRITTEN_OUT_MOST: usize = 20;

/// A decimal number as it was written.
#[derive(Clone, Copy, Debug)]
pub enum Number<'a> {
    /// `digits * 10^-scale`; at most 18 digits.
    Small {
        /// All digits, with the sign.
        digits: i64,
        /// How many of them stand behind the point.
        scale: u8,
    },
    /// A JSON number token (RFC 8259 section 6) that does not fit above: many digits or an exponent.
    Exact(&'a str),
}

/// Why a text is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberFault {
    /// Not a JSON number.
    NotANumber,
    /// More than [`NUMBER_DIGITS_MOST`] digits or an exponent beyond [`NUMBER_EXPONENT_MOST`].
    TooLong,
}

impl Number<'static> {
    /// A whole number.
    pub fn int(n: i64) -> Self {
        Number::Small { digits: n, scale: 0 }
    }
}

impl<'a> Number<'a> {
    /// Reads a JSON number token.
    ///
    /// # Errors
    /// [`NumberFault`] where it is none, or beyond the bounds.
    pub fn parse(text: &'a str) -> Result<Number<'a>, NumberFault> {
        let bytes = text.as_bytes();
        let (negative, rest) = match bytes.first() {
            Some(b'-') => (true, &bytes[1..]),
            _ => (false, bytes),
        };
        if rest.first() == Some(&b'0') && rest.get(1).is_some_and(u8::is_ascii_digit) {
            return Err(NumberFault::NotANumber);
        }
        if rest.is_empty() || rest.len() > 19 {
            return Self::parse_long(text, rest);
        }
        let (mut digits, mut scale, mut count, mut point) = (0i64, 0u8, 0u8, false);
        for (n, byte) in rest.iter().enumerate() {
            match byte {
                b'0'..=b'9' if count < 18 => {
                    digits = digits * 10 + i64::from(byte - b'0');
                    count += 1;
                    scale += u8::from(point);
                }
                b'.' if !point && n > 0 && n + 1 < rest.len() => point = true,
                _ => return Self::parse_long(text, rest),
            }
        }
        Ok(Number::Small { digits: if negative { -digits } else { digits }, scale })
    }

    fn parse_long(text: &'a str, rest: &[u8]) -> Result<Number<'a>, NumberFault> {
        let split = rest.iter().position(|b| matches!(b, b'e' | b'E'));
        let (mantissa, exponent) = match split {
            Some(n) => (&rest[..n], Some(&rest[n + 1..])),
            None => (rest, None),
        };
        let whole = mantissa.iter().take_while(|b| b.is_ascii_digit()).count();
        let fraction = match mantissa.get(whole) {
            None => 0,
            Some(b'.') if mantissa.len() > whole + 1 && mantissa[whole + 1..].iter().all(u8::is_ascii_digit) => mantissa.len() - whole - 1,
            Some(_) => return Err(NumberFault::NotANumber),
        };
        if whole == 0 {
            return Err(NumberFault::NotANumber);
        }
        if let Some(exponent) = exponent {
            let digits = exponent.strip_prefix(b"+").or_else(|| exponent.strip_prefix(b"-")).unwrap_or(exponent);
            if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
                return Err(NumberFault::NotANumber);
            }
            let value = digits.iter().try_fold(0i32, |sum, b| sum.checked_mul(10)?.checked_add(i32::from(b - b'0')));
            if value.is_none_or(|n| n > NUMBER_EXPONENT_MOST) {
                return Err(NumberFault::TooLong);
            }
        }
        if whole + fraction > NUMBER_DIGITS_MOST { Err(NumberFault::TooLong) } else { Ok(Number::Exact(text)) }
    }

    /// The whole number, where this is one and fits.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Number::Small { digits, scale } => {
                let power = 10i64.checked_pow(u32::from(*scale))?;
                (digits % power == 0).then_some(digits / power)
            }
            Number::Exact(text) => {
                if let Ok(whole) = text.parse() {
                    return Some(whole);
                }
                let plain = Plain::of(text);
                if plain.fraction().is_empty() { plain.signed_whole() } else { None }
            }
        }
    }

    /// Shows its token: what was read, digit for digit.
    pub fn with_digits<T>(&self, show: impl FnOnce(&str) -> T) -> T {
        match self {
            Number::Exact(text) => show(text),
            Number::Small { digits, scale } if usize::from(*scale) > SCALE_WRITTEN_OUT_MOST => show(&format!("{digits}e-{scale}")),
            Number::Small { digits, scale } => show(written(*digits, usize::from(*scale), &mut [0; SCALE_WRITTEN_OUT_MOST + 3])),
        }
    }

    /// Equal by value: `12.5` and `12.50` are the same.
    pub fn same(&self, other: &Number<'_>) -> bool {
        self.compare(other) == Ordering::Equal
    }

    /// Compared by value, exactly.
    pub fn compare(&self, other: &Number<'_>) -> Ordering {
        match (self, other) {
            (Number::Small { digits: a, scale: s }, Number::Small { digits: b, scale: t }) => {
                let wide = |n: i64, up: u8| i128::from(n) * 10i128.pow(u32::from(up));
                wide(*a, t.saturating_sub(*s)).cmp(&wide(*b, s.saturating_sub(*t)))
            }
            _ => Plain::of(&self.to_string()).cmp(&Plain::of(&other.to_string())),
        }
    }
}

impl fmt::Display for Number<'_> {
    /// A JSON number token; what was read comes out again digit for digit.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_digits(|digits| f.write_str(digits))
    }
}

/// `digits * 10^-scale` from the right, into the end of a buffer; at least one digit stands before the point.
fn written(digits: i64, scale: usize, buffer: &mut [u8; SCALE_WRITTEN_OUT_MOST + 3]) -> &str {
    let (mut at, mut left, mut count) = (buffer.len(), digits.unsigned_abs(), 0);
    while left > 0 || count <= scale {
        if count == scale && scale > 0 {
            at -= 1;
            buffer[at] = b'.';
        }
        at -= 1;
        buffer[at] = b'0' + (left % 10) as u8;
        left /= 10;
        count += 1;
    }
    if digits < 0 {
        at -= 1;
        buffer[at] = b'-';
    }
    std::str::from_utf8(&buffer[at..]).unwrap_or_default()
}

/// A number token taken apart, without its exponent: sign, significant digits, and where the point stands.
#[derive(Debug, PartialEq, Eq)]
struct Plain {
    negative: bool,
    /// Without leading or trailing zeros; empty for zero.
    digits: String,
    /// The value is `0.digits * 10^point`.
    point: i64,
}

impl Plain {
    fn of(text: &str) -> Plain {
        let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let leading = all.len() - all.trim_start_matches('0').len();
        let digits = all.trim_matches('0').to_string();
        let exponent: i64 = exponent.trim_start_matches('+').parse().unwrap_or(0);
        let point = if digits.is_empty() { 0 } else { whole.len() as i64 - leading as i64 + exponent };
        Plain { negative: negative && !digits.is_empty(), digits, point }
    }

    fn fraction(&self) -> &str {
        let point = self.point.clamp(0, self.digits.len() as i64) as usize;
        &self.digits[point..]
    }

    fn signed_whole(&self) -> Option<i64> {
        if self.point > 19 {
            return None;
        }
        let zeros = (self.point - self.digits.len() as i64).max(0) as usize;
        let sign = if self.negative { "-" } else { "" };
        format!("{sign}{}{}", self.digits, "0".repeat(zeros)).parse().ok().or((self.digits.is_empty()).then_some(0))
    }
}

impl PartialOrd for Plain {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Plain {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |plain: &Plain| {
            if plain.digits.is_empty() {
                0
            } else if plain.negative {
                -1
            } else {
                1
            }
        };
        let size = || match self.point.cmp(&other.point) {
            Ordering::Equal => self.digits.cmp(&other.digits),
            unequal => unequal,
        };
        match sign(self).cmp(&sign(other)) {
            Ordering::Equal if sign(self) < 0 => size().reverse(),
            Ordering::Equal if sign(self) > 0 => size(),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_out_as_they_went_in() {
        for text in
            ["0", "-0.5", "12.50", "999999999999999999", "9223372036854775807", "1e3", "12345678901234567890.123", "0.000000000000000001"]
        {
            assert_eq!(Number::parse(text).map(|n| n.to_string()).as_deref(), Ok(text));
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "-", "00501", "1.", ".5", "+1", "1e", "0x10", "NaN", "1 ", "--1", "1.2.3"] {
            assert_eq!(Number::parse(text).err(), Some(NumberFault::NotANumber), "{text}");
        }
        assert_eq!(Number::parse("1e999999999").err(), Some(NumberFault::TooLong));
        assert_eq!(Number::parse(&"9".repeat(NUMBER_DIGITS_MOST + 1)).err(), Some(NumberFault::TooLong));
    }

    #[test]
    fn equality_and_order_are_by_value() {
        let compare = |a, b| Number::parse(a).expect("a number").compare(&Number::parse(b).expect("a number"));
        assert_eq!(compare("12.5", "12.50"), Ordering::Equal);
        assert_eq!(compare("1e3", "1000"), Ordering::Equal);
        assert_eq!(compare("-0", "0"), Ordering::Equal);
        assert_eq!(compare("9223372036854775807", "9223372036854775808"), Ordering::Less);
        assert_eq!(compare("-1e30", "-2"), Ordering::Less);
        assert_eq!(compare("0.1", "1e-2"), Ordering::Greater);
    }

    #[test]
    fn whole_numbers_are_seen_through_their_spelling() {
        let whole = |text| Number::parse(text).expect("a number").as_i64();
        assert_eq!(whole("12.00"), Some(12));
        assert_eq!(whole("12.5"), None);
        assert_eq!(whole("1e3"), Some(1000));
        assert_eq!(whole("9223372036854775807"), Some(i64::MAX));
        assert_eq!(whole("9223372036854775808"), None);
        assert_eq!(whole("0e5"), Some(0));
    }
}
