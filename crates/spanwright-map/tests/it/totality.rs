//! Every evaluation ends, soon and in a problem: nothing that an expression says can take a worker with it.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use spanwright_map::{Env, Program};
use spanwright_shape::{json, room::Room};

/// How an expression fails: the code, and how long that took.
fn fails(program: &str, input: &str) -> (&'static str, Duration) {
    let program = Program::of(program).unwrap_or_else(|| panic!("{program} is refused"));
    let (room, work) = (Room::new(), Room::new());
    let env = Env { dot: json::read(input.as_bytes(), &room).unwrap(), names: &[] };
    let begin = Instant::now();
    let end = program.each(&env, &work, &mut |_| ());
    (end.err().map_or("", |fault| fault.failure.code.id), begin.elapsed())
}

/// Debug builds are an order of magnitude slower than what ships; the bound is that of a release build.
fn most() -> Duration {
    Duration::from_millis(if cfg!(debug_assertions) { 2_000 } else { 100 })
}

#[test]
fn what_would_never_end_or_never_fit_ends_in_a_problem_soon() {
    let nested = "1e999".to_string();
    let cases = [
        ("\"x\" * 1000000000", "null", "R1006"),
        ("[range(1000000000)]", "null", "R1006"),
        ("[range(1000000000) | range(1000000000)]", "null", "R1006"),
        ("reduce range(1000000000) as $x (0; . + 1)", "null", "R1006"),
        ("reduce range(100) as $x (\"x\"; . + .)", "null", "R1006"),
        ("reduce range(100) as $x ([1]; . + .)", "null", "R1006"),
        ("reduce range(100000) as $x (0; [.])", "null", "R1006"),
        ("reduce range(100000) as $x ({}; {a: ., b: .})", "null", "R1006"),
        ("reduce range(64) as $x ([]; [., .]) | tojson", "null", "R1006"),
        ("reduce range(64) as $x ([]; [., .]) | . == .", "null", "R1006"),
        ("reduce range(64) as $x ([]; [., .]) | flatten", "null", "R1006"),
        ("[range(2000)] as $a | [range(2000)] as $b | [$a[] as $x | $b[] as $y | $x * $y]", "null", "R1006"),
        ("[{(range(2000) | tostring): range(2000)}]", "null", "R1006"),
        ("[\"\\(range(2000))\\(range(2000))\"]", "null", "R1006"),
        ("1e1000 * 1e1000", "null", "R1003"),
        ("reduce range(100) as $x (2; . * .)", "null", "R1003"),
        ("1e1000 + 1e-1000", "null", "R1003"),
        ("1 / 0", "null", "R1003"),
        (nested.as_str(), "null", ""),
        ("[range(300000)] | sort_by(-.) | group_by(.)", "null", "R1006"),
    ];
    for (program, input, code) in cases {
        let (found, took) = fails(program, input);
        assert_eq!(found, code, "{program}");
        assert!(took < most(), "{program} took {took:?}");
    }
}

#[test]
fn nesting_and_chains_of_the_text_are_bounded() {
    for deep in [
        "(".repeat(100_000),
        "[".repeat(100_000),
        "-".repeat(100_000),
        format!("{}1", "1+".repeat(8_000)),
        ".a".repeat(8_000),
        "if ".repeat(9_000),
    ] {
        assert!(Program::of(&deep).is_none());
    }
    assert!(Program::of(&"x".repeat(100_000)).is_none());
}

/// Pieces of the language, to be put behind one another at random.
const PIECES: &[&str] = &[
    ".",
    ".a",
    ".b",
    ".[0]",
    ".[]",
    ".[1:]",
    "?",
    "|",
    ",",
    "//",
    "+",
    "-",
    "*",
    "/",
    "%",
    "==",
    "!=",
    "<",
    "and",
    "or",
    "not",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "a:",
    "\"x\"",
    "\"\\(.a)\"",
    "1",
    "0",
    "2.50",
    "1e400",
    "null",
    "true",
    "false",
    "if",
    "then",
    "elif",
    "else",
    "end",
    "reduce",
    "as $x",
    "$x",
    ";",
    "map(",
    "select(",
    "first(",
    "range(3)",
    "length",
    "add",
    "tostring",
    "tonumber",
    "sort",
    "keys",
    "join(\",\")",
    "empty",
    "to_entries",
    "gsub(\"a\"; \"b\")",
    "zoned(\"UTC\")",
    "text",
    "round(2)",
    "limit(2;",
    "any",
    "flatten",
    "unique",
    "min",
    "ä",
    "@x",
    "..",
    "def",
    "\\",
    "\"",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,80}") {
        let _ = Program::of(&text);
    }

    #[test]
    fn pieces_of_the_language_are_read_and_run_to_an_end(picks in proptest::collection::vec(0..PIECES.len(), 1..14)) {
        let text = picks.iter().map(|pick| PIECES[*pick]).collect::<Vec<_>>().join(" ");
        if let Some(program) = Program::of(&text) {
            for input in ["null", r#"{"a":[1,"x",null,{"b":2.50}],"b":"a"}"#, "[3,1,2]", "\"aXa\"", "1e300"] {
                let (room, work) = (Room::new(), Room::new());
                let env = Env { dot: json::read(input.as_bytes(), &room).unwrap(), names: &[] };
                let _ = program.each(&env, &work, &mut |_| ());
                let _ = program.one(&env, &work);
            }
        }
    }
}
