#![allow(clippy::unwrap_used)]

use super::*;
use crate::text::{Bundle, FileId, Node, Problems, yaml};

static LIMITS: Form = Form::of(
    "limits",
    "What a system can bear.",
    &[
        Key::may("rate", Kind::Rate, "So many in a time."),
        Key::may("timeout", Kind::Time, "For one exchange."),
        Key::not_yet("per_day", "So many a day."),
    ],
);
static BASIC: Form =
    Form::of("basic", "RFC 7617.", &[Key::must("user", Kind::Text, "The user."), Key::must("password", Kind::Secret, "The password.")]);
static SYSTEM: Form = Form {
    name: "system",
    about: "One system.",
    keys: &[
        Key::must("system", Kind::Name, "Its name."),
        Key::may("limits", Kind::Form(&LIMITS), "What it can bear."),
        Key::may("basic", Kind::Form(&BASIC), "Who we are."),
        Key::may("may", Kind::List(&Kind::Word), "What we may call."),
        Key::may("outcomes", Kind::Map(MapKey::Any, &Kind::Words(&["none", "later"])), "What answers mean."),
        Key::may("match", Kind::Either(&[Kind::Words(&["position"]), Kind::Expr]), "How answers find their items."),
    ],
    one_of: OneOf::Must(&[
        Choice::of("soap", Kind::File, "A WSDL.", &[Key::may("port", Kind::Word, "Which port.")]),
        Choice::of("rest", Kind::File, "An OpenAPI.", &[Key::must("base", Kind::Text, "Where.")]),
        Choice::not_yet("amqp", "A broker."),
    ]),
};

fn node(text: &str) -> (Bundle, Node) {
    let bundle = Bundle::new([("f.yaml".to_string(), text.as_bytes().to_vec())]);
    let mut problems = Problems::new();
    let node = yaml::read(&bundle, FileId(0), &mut problems).unwrap();
    assert!(problems.is_empty(), "{problems:?}");
    (bundle, node)
}

/// `CODE line:column says` of each problem.
fn faults(text: &str) -> Vec<String> {
    let (bundle, node) = node(text);
    let mut problems = Problems::new();
    SYSTEM.read(&node, &mut problems);
    let place = |at: crate::text::Span| bundle.line_column(at.file, at.from);
    let show = |problem: &crate::text::Problem| {
        let (line, column) = place(problem.at.unwrap());
        format!("{} {line}:{column} {}", problem.code.id, problem.says)
    };
    problems.iter().map(show).collect()
}

#[test]
fn a_filled_form_gives_typed_values() {
    let (_, node) = node("system: erp\nsoap: a.wsdl\nlimits: { rate: 20/s, timeout: \"${ERP_TIMEOUT}\" }\nmay: [a, b]");
    let mut problems = Problems::new();
    let filled = SYSTEM.read(&node, &mut problems).unwrap();
    assert!(problems.is_empty(), "{problems:?}");
    let limits = filled.form("limits").unwrap();
    assert_eq!(limits.rate("rate"), Some(Given::Is((20, std::time::Duration::from_secs(1)))));
    assert_eq!(limits.time("timeout"), Some(Given::Variable("ERP_TIMEOUT")));
    assert_eq!(filled.named().map(|(kind, _, _)| kind), Some("soap"));
    assert_eq!(filled.items("may").len(), 2);
    assert_eq!(filled.text("port"), None);
}

#[test]
fn three_mistakes_in_one_block_are_three_problems() {
    let expected = [
        "S0203 2:11 `limits` has no key `rat`",
        "S0206 2:31 `timeout` wants a time such as `2s`, `15m` or `72h`",
        "S0204 2:35 `per_day:` is not built yet",
    ];
    assert_eq!(faults("{system: erp, soap: a.wsdl,\nlimits: { rat: 20/s, timeout: 10, per_day: 3 }}"), expected);
}

#[test]
fn a_missing_key_is_told_where_its_block_is_named() {
    assert_eq!(faults("system: erp\nsoap: a\nbasic: { password: \"${P}\" }"), ["S0202 3:1 `basic` needs `user`"]);
}

#[test]
fn an_option_of_another_kind_is_told_as_such() {
    assert_eq!(faults("system: erp\nrest: a\nbase: b\nport: x"), ["S0203 4:1 `port` is no option of this `rest` system"]);
}

#[test]
fn an_option_that_a_kind_needs_is_told_at_the_kind() {
    assert_eq!(faults("system: erp\nrest: a"), ["S0202 2:1 `rest` needs `base`"]);
}

#[test]
fn a_misspelt_kind_is_one_problem() {
    assert_eq!(faults("system: erp\nsop: a"), ["S0203 2:1 `system` has no key `sop`"]);
}

#[test]
fn no_kind_and_two_kinds_are_refused() {
    assert_eq!(faults("system: erp"), ["S0211 1:1 nothing here says what this `system` is"]);
    assert_eq!(faults("system: erp\nsoap: a\nrest: b\nbase: c"), ["S0211 3:1 `soap` and `rest` stand together"]);
}

#[test]
fn a_kind_that_is_not_built_is_all_that_is_said() {
    assert_eq!(faults("system: erp\namqp: { url: x }\nheartbeat: 3"), ["S0204 2:1 `amqp:` is not built yet"]);
}

#[test]
fn a_secret_that_is_written_out_is_not_repeated() {
    assert_eq!(
        faults("system: e\nsoap: a\nbasic: { user: u, password: hunter2 }"),
        ["S0205 3:29 `password` is a secret, and is written out here"]
    );
}

#[test]
fn a_variable_in_an_expression_is_told_at_the_variable() {
    assert_eq!(faults("system: e\nsoap: a\nmatch: '.x + \"${ERP}\"'"), ["S0210 3:15 an expression sees no `${..}`"]);
}

#[test]
fn a_word_is_one_of_its_words_or_an_expression() {
    assert_eq!(faults("system: e\nsoap: a\nmatch: positon"), [] as [&str; 0]);
    assert_eq!(faults("system: e\nsoap: a\noutcomes: { 404: nonee }"), ["S0209 3:18 `404` knows no `nonee`"]);
}

#[test]
fn a_value_of_the_wrong_kind_is_told() {
    let expected = [
        "S0201 3:7 `limits` wants a mapping with the keys of `limits`, and has no value",
        "S0201 4:6 `may` wants a list, each item a word, and is one value",
    ];
    assert_eq!(faults("system: e\nsoap: a\nlimits: \nmay: x"), expected);
}

#[test]
fn the_schema_closes_each_choice() {
    let schema: serde_json::Value = serde_json::from_str(&schema("test", &[&SYSTEM])).unwrap();
    let system = &schema["$defs"]["system"];
    assert_eq!(system["oneOf"][1]["required"], serde_json::json!(["rest", "base", "system"]));
    assert_eq!(system["oneOf"][0]["additionalProperties"], false);
    assert_eq!(schema["$defs"]["limits"]["properties"]["per_day"]["not"], serde_json::json!({}));
}

#[test]
fn the_reference_says_what_is_not_built() {
    let page = reference("Systems", &[&SYSTEM]);
    assert!(page.contains("| `per_day`? |  | *Not built yet.* So many a day. |"), "{page}");
    assert!(page.contains("| `limits`? | [`limits`](#limits) | What it can bear. |"), "{page}");
}
