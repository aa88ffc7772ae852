//! Where an accepted program gives another answer than jq 1.8.2, and why. The oracle lets through what a row covers,
//! and nothing else; `docs/reference/jq.md` prints the rows.

/// A kind of difference.
pub struct Exception {
    /// What differs.
    pub name: &'static str,
    /// Why.
    pub why: &'static str,
    /// Program, input, ours, jq's: whether a difference is of this kind.
    pub covers: fn(&str, &str, &str, &str) -> bool,
}

pub const ALL: &[Exception] = &[
    Exception {
        name: "A constant that jq cannot use",
        why: "jq computes with constants when it reads a program, and refuses it; here the same failure shows when it runs",
        covers: |_, _, ours, theirs| theirs == "?" && ours == "ERROR",
    },
    Exception {
        name: "Base64 of bytes that are no UTF-8",
        why: "each bad byte becomes U+FFFD, as Unicode recommends; jq also drops good bytes behind a bad one",
        covers: |program, _, ours, theirs| program.contains("@base64d") && theirs.contains('\u{fffd}') && ours.contains('\u{fffd}'),
    },
];
