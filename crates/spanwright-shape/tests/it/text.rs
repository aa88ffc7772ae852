//! A case for each code of text and forms: `cases/S0203.yaml` and, beside it, what a person sees.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use spanwright_shape::text::{
    Bundle, Code, FileId, Problems, codes,
    form::{Choice, Form, Key, Kind, MapKey, OneOf},
    render::{self, Look},
    yaml,
};

static LIMITS: Form = Form::of(
    "limits",
    "What a system can bear.",
    &[
        Key::may("rate", Kind::Rate, "So many in a time."),
        Key::may("concurrency", Kind::Number, "So many at once."),
        Key::may("timeout", Kind::Time, "For one exchange."),
        Key::not_yet("per_day", "So many a day."),
    ],
);
static BASIC: Form =
    Form::of("basic", "RFC 7617.", &[Key::must("user", Kind::Text, "The user."), Key::must("password", Kind::Secret, "The password.")]);
static CALL: Form = Form::of("may", "What may be done.", &[Key::may("call", Kind::List(&Kind::Word), "These operations.")]);
static SYSTEM: Form = Form {
    name: "system",
    about: "A system, cut down to what the cases need.",
    keys: &[
        Key::must("system", Kind::Name, "Its name."),
        Key::may("url", Kind::Text, "Where it is."),
        Key::may("basic", Kind::Form(&BASIC), "Who we are."),
        Key::may("limits", Kind::Form(&LIMITS), "What it can bear."),
        Key::may("may", Kind::Form(&CALL), "What may be done."),
        Key::may("outcomes", Kind::Map(MapKey::Any, &Kind::Words(&["none", "delivered", "later", "never"])), "What answers mean."),
        Key::may("login", Kind::Op, "Where we sign in."),
        Key::may("take", Kind::Expr, "The token in the answer."),
    ],
    one_of: OneOf::Must(&[Choice::of("soap", Kind::File, "A WSDL.", &[]), Choice::of("rest", Kind::File, "An OpenAPI.", &[])]),
};

/// Limits that no file of a person reaches; tests beside the reader reach them.
const WITHOUT_A_CASE: [&str; 2] = ["S0110", "S0112"];

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

fn rendered(code: &Code) -> String {
    let path = format!("{}.yaml", code.id);
    let bytes = std::fs::read(cases().join(&path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let bundle = Bundle::new([(path, bytes)]);
    let mut problems = Problems::new();
    if let Some(node) = yaml::read(&bundle, FileId(0), &mut problems) {
        SYSTEM.read(&node, &mut problems);
    }
    render::human(&problems, &bundle, Look::Plain)
}

#[test]
fn every_code_has_a_case_that_shows_it_and_is_rendered_as_the_file_beside_it() {
    for code in codes::ALL.iter().filter(|code| !WITHOUT_A_CASE.contains(&code.id)) {
        let (text, beside) = (rendered(code), cases().join(format!("{}.txt", code.id)));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&beside, &text).unwrap();
        }
        assert!(text.contains(&format!("[{}]", code.id)), "{} does not show:\n{text}", code.id);
        assert_eq!(text, std::fs::read_to_string(&beside).unwrap_or_default(), "{}", beside.display());
    }
}

#[test]
fn every_code_has_a_page_with_its_title() {
    for code in spanwright_shape::codes::all() {
        assert_eq!(code.page.lines().next(), Some(format!("# {} {}", code.id, code.title).as_str()));
        assert!(code.page.lines().count() >= 5, "{} says too little", code.id);
    }
}

#[test]
fn no_code_is_given_twice() {
    let mut ids: Vec<&str> = spanwright_shape::codes::all().into_iter().map(|code| code.id).collect();
    ids.sort_unstable();
    let all = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), all);
}
