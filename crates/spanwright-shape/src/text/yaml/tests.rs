#![allow(clippy::unwrap_used)]

use super::*;
use crate::text::Plain;

fn bundle(text: &str) -> Bundle {
    Bundle::new([("f.yaml".to_string(), text.as_bytes().to_vec())])
}

fn node(text: &str) -> Node {
    let mut problems = Problems::new();
    let node = read(&bundle(text), FileId(0), &mut problems);
    assert!(problems.is_empty(), "{problems:?}");
    node.unwrap()
}

/// Codes with line:column.
fn faults(text: &str) -> Vec<String> {
    let (bundle, mut problems) = (bundle(text), Problems::new());
    read(&bundle, FileId(0), &mut problems);
    let place = |at: Span| bundle.line_column(at.file, at.from);
    problems
        .iter()
        .map(|problem| (problem.code.id, place(problem.at.unwrap())))
        .map(|(id, (line, column))| format!("{id} {line}:{column}"))
        .collect()
}

/// The place of `word`, which stands once in the value of `a`, must be where `word` stands in the file.
fn stands(text: &str, word: &str) {
    let node = node(text);
    let scalar = node.get("a").and_then(Node::scalar).unwrap();
    let from = scalar.text.find(word).unwrap();
    let span = scalar.place(from, from + word.len());
    assert_eq!(&text[span.from as usize..span.to as usize], word, "{scalar:?}");
}

#[test]
fn a_place_in_a_plain_scalar() {
    stands("a: .x | .Nmber", ".Nmber");
}

#[test]
fn a_place_in_a_plain_scalar_of_two_lines() {
    stands("a: .x |\n   .Nmber // y\nb: 1", ".Nmber");
}

#[test]
fn a_place_behind_letters_of_many_bytes() {
    stands("é: ü\na: '\"größe\" + .Nmber'", ".Nmber");
}

#[test]
fn a_place_behind_a_doubled_quote() {
    stands("a: 'it''s .Nmber'", ".Nmber");
}

#[test]
fn a_quoted_scalar_ends_with_its_quote_whatever_comes_behind() {
    for text in ["{ a: '\"x\" .Nmber' , b: 1 }", "a: \"'x' .Nmber\"  # it's \"so\"\n", "{ a: '\"it''s\" .Nmber' }"] {
        stands(text, ".Nmber");
        let node = node(text);
        let span = node.get("a").unwrap().span;
        assert!(text[..span.to as usize].ends_with(['"', '\'']), "{}", &text[span.from as usize..span.to as usize]);
    }
}

#[test]
fn a_place_behind_escapes() {
    stands("a: \"\\\"x\\u00e9\\L\\x41\\\" .Nmber\"", ".Nmber");
}

#[test]
fn a_place_behind_an_escaped_line_break() {
    stands("a: \"x \\\n     y .Nmber\"", ".Nmber");
}

#[test]
fn a_place_behind_an_empty_line_in_quotes() {
    stands("a: 'x\n\n  y .Nmber'", ".Nmber");
}

#[test]
fn a_place_in_a_literal_scalar() {
    stands("a: |\n  .x\n    | .y\n\n  | .Nmber\n", ".Nmber");
}

#[test]
fn a_place_in_a_literal_scalar_with_its_own_indentation() {
    stands("a: |2\n    .x\n  | .Nmber\n", ".Nmber");
}

#[test]
fn a_place_in_a_folded_scalar() {
    stands("a: >-\n  .x |\n  .y\n\n  | .Nmber\nb: 1", ".Nmber");
}

#[test]
fn a_place_in_a_folded_scalar_with_deeper_lines() {
    stands("a: >\n  if .x\n    then .y\n  else .Nmber end\n", ".Nmber");
}

#[test]
fn a_place_in_a_file_with_carriage_returns() {
    stands("\u{feff}b: x\r\na: |\r\n  .x\r\n  .Nmber\r\n", ".Nmber");
}

#[test]
fn every_character_of_a_literal_scalar_is_where_its_place_says() {
    let text = "a: |\n  .über\n    | .y[0]\n\n  | \"z\"\n";
    let node = node(text);
    let scalar = node.get("a").and_then(Node::scalar).unwrap();
    for (at, c) in scalar.text.trim_end().char_indices() {
        let span = scalar.place(at, at + c.len_utf8());
        assert!(text[span.from as usize..].starts_with(c), "{c:?} at {at}");
    }
}

#[test]
fn a_repeated_key_is_told_and_the_rest_is_read() {
    assert_eq!(faults("a: 1\nb: 2\na: 3\nb: 4"), ["S0103 3:1", "S0103 4:1"]);
}

#[test]
fn a_repeated_key_is_told_in_a_long_mapping_too() {
    let text: String = (0..100).map(|n| format!("k{}: x\n", n % 99)).collect();
    assert_eq!(faults(&text), ["S0103 100:1"]);
}

#[test]
fn each_thing_that_yaml_has_and_we_do_not_is_refused_by_name() {
    assert_eq!(faults("a: &x 1\nb: *x\nc: !!str 2\n<<: {d: 1}\n[e]: 3"), ["S0105 1:4", "S0105 2:4", "S0106 3:4", "S0104 4:1", "S0107 5:1"]);
}

#[test]
fn an_anchor_in_front_of_a_list_leaves_the_list_whole() {
    let mut problems = Problems::new();
    let read = read(&bundle("a: &x\n  - 1\nb: *x"), FileId(0), &mut problems).unwrap();
    assert!(matches!(&read.get("b").unwrap().kind, NodeKind::List(items) if items.len() == 1));
}

#[test]
fn a_second_document_is_refused_where_it_begins() {
    assert_eq!(faults("a: 1\n---\nb: 2"), ["S0109 2:1"]);
}

#[test]
fn a_tab_is_shown() {
    assert_eq!(faults("a:\n\tb: 1\n"), ["S0108 2:1"]);
}

#[test]
fn a_quoted_beginning_asks_for_quotes_around_the_whole() {
    assert_eq!(faults("f:\n  id: \"ERP-\" + .N\n"), ["S0102 2:7"]);
}

#[test]
fn a_list_with_something_behind_asks_for_quotes() {
    assert_eq!(faults("f: [.A, .B] | join(\" \")\n"), ["S0102 1:4"]);
}

#[test]
fn a_colon_inside_asks_for_quotes() {
    assert_eq!(faults("f: .x | {a: .b}\n"), ["S0102 1:4"]);
}

#[test]
fn an_expression_that_a_comma_or_a_comment_cuts_is_told() {
    assert_eq!(faults("a: { take: .x | test(\"a, b\"), c: 1 }\n"), ["S0102 1:12"]);
    assert_eq!(faults("a: .x | split(\" #\")\n"), ["S0102 1:4"]);
    assert_eq!(faults("a: { b: 19\" rack, c: d }\ne: 5\" pipe # the long one\n"), [] as [&str; 0]);
}

#[test]
fn an_open_quote_is_shown_where_it_opens() {
    assert_eq!(faults("a: 1\nb: \"x\nc: 2\n"), ["S0101 2:4"]);
}

#[test]
fn an_empty_file_is_told() {
    assert_eq!(faults("# nothing\n"), ["S0114 1:1"]);
}

#[test]
fn nesting_ends_at_its_limit() {
    assert_eq!(faults(&"[".repeat(DEPTH_MOST + 1)), [format!("S0111 1:{}", DEPTH_MOST + 1)]);
}

#[test]
fn bytes_that_are_no_utf8_are_told() {
    let bundle = Bundle::new([("f.yaml".to_string(), b"a: \xff".to_vec())]);
    let mut problems = Problems::new();
    assert!(read(&bundle, FileId(0), &mut problems).is_none());
    assert_eq!(problems.iter().next().unwrap().code.id, "S0113");
}

#[test]
fn json_is_read_as_it_is() {
    let node = node("{\n\t\"a\": [1, \"2\"],\n\t\"b\": null\n}");
    assert!(matches!(&node.get("a").unwrap().kind, NodeKind::List(items) if items.len() == 2));
}

#[test]
fn a_block_ends_with_its_last_value() {
    let text = "a:\n  b: 1\n  c: 2\n\nd: 3\n";
    let node = node(text);
    let span = node.get("a").unwrap().span;
    assert_eq!(&text[span.from as usize..span.to as usize], "b: 1\n  c: 2");
}

fn plain(text: &str, expected: Plain<'_>) {
    let node = node(&format!("a: {text}"));
    assert_eq!(node.get("a").and_then(Node::scalar).unwrap().plain(), expected, "{text}");
}

#[test]
fn only_json_spellings_are_more_than_text() {
    plain("NO", Plain::Text("NO"));
    plain("on", Plain::Text("on"));
    plain("01", Plain::Text("01"));
    plain("1e", Plain::Text("1e"));
    plain("1.", Plain::Text("1."));
    plain("\"1\"", Plain::Text("1"));
    plain("-12.50e+3", Plain::Number("-12.50e+3"));
    plain("0", Plain::Number("0"));
    plain("true", Plain::Flag(true));
    plain("~", Plain::Null);
    plain("", Plain::Null);
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 2_000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_text_makes_the_reader_panic_and_every_span_is_inside(text in "([a-z:\\[\\]{},'\"|>&*!# \\\\é-]|\n|\r\n|  ){0,40}") {
        let (bundle, mut problems) = (bundle(&text), Problems::new());
        if let Some(node) = read(&bundle, FileId(0), &mut problems) {
            inside(&node, &text);
        }
    }

    #[test]
    fn a_quoted_text_is_where_its_places_say(words in proptest::collection::vec("[a-zü.|$]{1,5}", 1..8), style in 0..3usize) {
        let quoted = match style {
            0 => format!("'{}'", words.join("''")),
            1 => format!("\"{}\"", words.join("\\n\\u00e9")),
            _ => format!("|\n  {}", words.join("\n  ")),
        };
        let text = format!("a: {quoted}\n");
        let node = node(&text);
        let scalar = node.get("a").and_then(Node::scalar).unwrap();
        let mut from = 0;
        for word in &words {
            let at = from + scalar.text[from..].find(word.as_str()).unwrap();
            let span = scalar.place(at, at + word.len());
            proptest::prop_assert_eq!(&text[span.from as usize..span.to as usize], word.as_str());
            from = at + word.len();
        }
    }
}

fn inside(node: &Node, text: &str) {
    assert!(text.get(node.span.from as usize..node.span.to as usize).is_some(), "{:?}", node.span);
    match &node.kind {
        NodeKind::Scalar(scalar) => {
            for (at, c) in scalar.text.char_indices() {
                let span = scalar.place(at, at + c.len_utf8());
                assert!(span.from <= span.to && span.to as usize <= text.len(), "{span:?}");
            }
        }
        NodeKind::List(items) => items.iter().for_each(|item| inside(item, text)),
        NodeKind::Map(pairs) => pairs.iter().for_each(|(_, value)| inside(value, text)),
    }
}
