//! Where an accepted program gives another answer than jq 1.8.2, and why. The oracle lets through what a row covers,
//! and nothing else; `docs/reference/jq.md` prints the rows.

use regex::Regex;

/// A kind of difference.
pub struct Exception {
    /// What differs.
    pub name: &'static str,
    /// Why.
    pub why: &'static str,
    /// Whether a difference is of this kind.
    pub covers: fn(&Difference<'_>) -> bool,
}

/// A program and an input to which jq answers something else.
pub struct Difference<'d> {
    pub program: &'d str,
    pub input: &'d str,
    pub ours: &'d str,
    pub theirs: &'d str,
}

pub const ALL: &[Exception] = &[
    Exception {
        name: "A constant that can be no key",
        why: "jq computes with constants when it reads a program, and refuses `{(1 | .): 2}`; here the same failure shows when it runs",
        covers: |it| {
            let reason = it.theirs.strip_prefix("? jq: error: Cannot use ");
            reason.is_some_and(|reason| reason.contains(") as object key at ")) && (it.ours.ends_with("ERROR") || it.ours.is_empty())
        },
    },
    Exception {
        name: "Empty matches in a text beyond ASCII",
        why: "they are found once a character; jq finds them once a byte",
        covers: |it| {
            // It finds more, never fewer.
            let more = it.theirs.len() > it.ours.len();
            more && !(it.program.is_ascii() && it.input.is_ascii()) && searched_for(it.program).any(may_be_empty)
        },
    },
];

/// The patterns of what finds every match in a text.
fn searched_for(program: &str) -> impl Iterator<Item = &str> {
    let calls = ["split(", "splits(", "scan(", "match(", "capture(", "sub("];
    let behind = calls.into_iter().flat_map(move |call| program.match_indices(call).map(move |(at, call)| &program[at + call.len()..]));
    behind.filter_map(|text| text.strip_prefix('"')?.split_once('"').map(|(pattern, _)| pattern))
}

/// Whether a pattern of JSON text matches the empty text too, with or without the flag `x`.
fn may_be_empty(pattern: &str) -> bool {
    let pattern = pattern.replace("\\\\", "\\");
    ["", "(?x)"].iter().any(|flags| Regex::new(&format!("{flags}{pattern}")).is_ok_and(|pattern| pattern.is_match("")))
}
