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
