//! The correlation id of a message, as it lies in the journal.
//!
//! Where the sender named none it is the message's own id in hexadecimal digits, which its row has anyway: then the
//! column is empty, and no index has an entry for it. Editions up to schema 4 wrote the digits out; both are read alike.
//! What a sender names is never empty.

use std::sync::Arc;

/// Digits of a message's id.
const DIGITS: usize = 32;

/// What is stored for it.
pub fn stored(correlation: &str, message: u128) -> &str {
    if message_of(correlation) == Some(message) { "" } else { correlation }
}

/// What was stored as it.
pub fn read(stored: &str, message: u128) -> Arc<str> {
    if stored.is_empty() { format!("{message:032x}").into() } else { stored.into() }
}

/// The message whose own id it is, where it has the form of one.
pub fn message_of(correlation: &str) -> Option<u128> {
    let is_digits = correlation.len() == DIGITS && correlation.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if is_digits { u128::from_str_radix(correlation, 16).ok() } else { None }
}

/// The condition that a row of `message` has the correlation id of this parameter; the other one is the id of
/// [`message_of`], NULL where there is none. Names its index, which SQLite would not see through the two ways.
pub fn condition(correlation: usize, message: usize) -> String {
    format!(
        "message.seq IN (SELECT seq FROM message INDEXED BY message_correlation
            WHERE correlation = ?{correlation} AND correlation <> '' AND correlation <> lower(hex(id))
        UNION ALL SELECT seq FROM message WHERE id = ?{message} AND correlation IN ('', ?{correlation}))"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: u128 = 0x0190_0000_0000_7000_8000_0000_0000_00ab;

    #[track_caller]
    fn check(correlation: &str, expected: &str) {
        assert_eq!(stored(correlation, ID), expected);
        assert_eq!(&*read(expected, ID), correlation, "as it was");
        assert_eq!(&*read(correlation, ID), correlation, "as earlier editions wrote it");
    }

    #[test]
    fn only_the_own_id_is_left_out() {
        check("019000000000700080000000000000ab", "");
        for other in
            ["shop-4711", "019000000000700080000000000000AB", "+19000000000700080000000000000ab", "019000000000700080000000000000ac"]
        {
            check(other, other);
        }
    }
}
