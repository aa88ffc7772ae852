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
        covers: |_, _, ours, theirs| theirs == "?" && (ours == "ERROR" || ours.is_empty()),
    },
    Exception {
        name: "Base64 of bytes that are no UTF-8",
        why: "each bad byte becomes U+FFFD, as Unicode recommends; jq also drops good bytes behind a bad one",
        covers: |program, _, ours, theirs| program.contains("@base64d") && theirs.contains('\u{fffd}') && ours.contains('\u{fffd}'),
    },
    Exception {
        name: "Empty matches in a text beyond ASCII",
        why: "they are found once a character; jq finds them once a byte",
        covers: |program, input, _, _| {
            let any = |words: &[&str]| words.iter().any(|word| program.contains(word));
            let searches = any(&["split", "scan", "match", "capture", "sub("]);
            let may_be_empty = any(&["\"\"", "*", "?", "^", "$\"", "\\b"]);
            searches && may_be_empty && !(program.is_ascii() && input.is_ascii())
        },
    },
    Exception {
        name: "A count that is no number",
        why: "it fails also where nothing is counted; jq looks at it with the first result",
        covers: |program, _, ours, _| (program.contains("skip(") || program.contains("limit(")) && ours.ends_with("ERROR"),
    },
    Exception {
        name: "Whether false is inside true",
        why: "it is not; jq takes the two for different kinds and fails",
        covers: |program, _, _, theirs| (program.contains("inside(") || program.contains("contains(")) && theirs.ends_with("ERROR"),
    },
];
