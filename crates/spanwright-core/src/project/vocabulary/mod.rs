//! Every word of the grammar, declared once.
//!
//! `check` reads by these forms, `schema` prints them for editors, the reference prints them for people. What is not
//! built yet is declared too, so that it is refused by name and never ignored.

use spanwright_shape::text::form::{self, Form, Key, Kind};

mod api;
mod client;
mod flow;
mod map;
mod project;
mod steps;
mod system;
mod test;

pub use api::{API, OFFERED};
pub use client::CLIENT;
pub use flow::FLOW;
pub use map::MAP;
pub use project::{ALERT, ENVIRONMENT, PROJECT, VAR};
pub(super) use steps::{BRANCH, STEP};
pub use system::{OPERATION, SYSTEM};
pub use test::TEST;

/// The forms of whole files.
pub static FILES: &[&Form] = &[&PROJECT, &ENVIRONMENT, &SYSTEM, &API, &FLOW, &MAP, &TEST];

/// The JSON Schema for editors, of every file of a project.
pub fn schema() -> String {
    form::schema("A file of a Spanwright project", FILES)
}

/// Folders of the grammar whose files are not read yet, and the key that names such a file.
pub const NOT_BUILT_FOLDERS: [(&str, &str); 1] = [("links", "links")];

/// What several forms have.
const ABOUT: Key = Key::may("about", Kind::Text, "What it is for, in a sentence; goes into the documents.");
const OWNER: Key = Key::may("owner", Kind::Text, "Who is asked when it stops.");

static RETRY: Form = Form::of(
    "retry",
    "How something is tried again: after a random wait that grows with each try. A system that is down is waited for by time, a message that alone fails by tries.",
    &[
        Key::may("tries", Kind::Number, "Tries of a message that fails while others fare better. 8 where nothing is said."),
        Key::may("first", Kind::Time, "The first wait is a random time up to this. 1s where nothing is said."),
        Key::may("factor", Kind::Decimal, "Each wait is longer by this factor. 2 where nothing is said."),
        Key::may("longest", Kind::Time, "No wait is longer. 15m where nothing is said."),
        Key::may("give_up_after", Kind::Time, "A system that is down is waited for so long. 72h where nothing is said."),
    ],
);

static BREAKER: Form = Form::of(
    "breaker",
    "When a system is left alone. Messages then wait, and no try of theirs is spent.",
    &[
        Key::may("failures", Kind::Percent, "It opens when so many of the last calls failed. 50% where nothing is said."),
        Key::may("of", Kind::Number, "How many calls are looked at; fewer never open it. 10 where nothing is said."),
        Key::may(
            "hold",
            Kind::Time,
            "How long it stays open the first time; doubled each time until a call succeeds. 30s where nothing is said.",
        ),
        Key::may("longest", Kind::Time, "But no longer than this. 10m where nothing is said."),
        Key::may(
            "within",
            Kind::Time,
            "The calls of so long are looked at, `of` of them at least. Left out: the last `of` calls, however old.",
        ),
        Key::may("slow", Kind::Time, "A call that takes longer is slow. 10s where nothing is said."),
        Key::may("slow_calls", Kind::Percent, "It opens when so many calls were slow. Left out: slow calls do not open it."),
        Key::may(
            "probes",
            Kind::Number,
            "Calls in a row that must succeed, one at a time, before it closes again. 3 where nothing is said.",
        ),
    ],
);

/// What a user can say that an answer means.
static OUTCOME_WORDS: Kind = Kind::Words(&["none", "delivered", "later", "unknown", "never"]);

/// `EXPR | { map: NAME } | { fields: FIELDS }`
const BODY: Kind = Kind::Either(&[Kind::Form(&MADE_BODY), Kind::Expr]);

static MADE_BODY: Form = Form {
    name: "body",
    about: "A body that a map makes.",
    keys: &[],
    one_of: spanwright_shape::text::form::OneOf::Must(&[
        spanwright_shape::text::form::Choice::of("map", Kind::Name, "A map of the project makes it.", &[]),
        spanwright_shape::text::form::Choice::of("fields", Kind::Fields, "These fields make it.", &[]),
    ]),
};

#[cfg(test)]
mod tests {
    use super::FILES;
    use spanwright_shape::text::form::Form;

    #[test]
    fn every_form_has_a_name_of_its_own() {
        let mut names: Vec<&str> = Form::reachable(FILES).iter().map(|form| form.name).collect();
        names.sort_unstable();
        let all = names.clone();
        names.dedup();
        assert_eq!(names, all);
    }
}
