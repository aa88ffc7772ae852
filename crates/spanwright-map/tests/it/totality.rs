//! Every evaluation ends, soon and in a problem: nothing that an expression says can take a worker with it.

use proptest::prelude::*;
use spanwright_map::{Env, Program};
use spanwright_shape::{json, room::Room};

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
