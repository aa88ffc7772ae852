//! The same declarations as a page for people.

use super::{Built, Choice, Form, Key, Kind, Need};

/// A Markdown reference of these forms and of all that they name.
pub fn reference(title: &str, roots: &[&'static Form]) -> String {
    let mut out = format!("# {title}\n");
    for form in Form::reachable(roots) {
        out += &format!("\n## `{}`\n\n{}\n", form.name, form.about);
        out += &table(form.keys.iter(), "");
        for choice in form.choices() {
            out += &part(choice, "");
        }
    }
    out
}

/// The part of a reference about one choice; `page` is where the forms that it names stand.
pub fn part(choice: &'static Choice, page: &str) -> String {
    format!("\n### `{}:`\n\n{}\n{}", choice.key.name, sentence(&choice.key), table(choice.with.iter(), page))
}

fn table(keys: impl Iterator<Item = &'static Key>, page: &str) -> String {
    let rows: String = keys.map(|key| row(key, page)).collect();
    match rows.is_empty() {
        true => rows,
        false => format!("\n| key | value | |\n|---|---|---|\n{rows}"),
    }
}

fn row(key: &'static Key, page: &str) -> String {
    let mark = match key.need {
        Need::Must => "",
        Need::May => "?",
    };
    let value = match key.built {
        Built::Now => value(&key.kind, page),
        Built::NotYet => String::new(),
    };
    format!("| `{}`{mark} | {} | {} |\n", key.name, value.replace('|', "\\|"), sentence(key).replace('|', "\\|"))
}

fn sentence(key: &Key) -> String {
    match key.built {
        Built::Now => key.about.to_string(),
        Built::NotYet => format!("*Not built yet.* {}", key.about),
    }
}

fn value(kind: &Kind, page: &str) -> String {
    match kind {
        Kind::Form(form) => format!("[`{0}`]({page}#{0})", form.name),
        Kind::List(inner) => format!("a list of: {}", value(inner, page)),
        Kind::Map(_, inner) => format!("names, and for each: {}", value(inner, page)),
        Kind::Either(kinds) => kinds.iter().map(|kind| value(kind, page)).collect::<Vec<_>>().join(", or "),
        leaf => leaf.noun(),
    }
}
